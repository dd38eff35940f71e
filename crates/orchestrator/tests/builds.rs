//! Whole builds through the command: the demo, determinism, splits, dropped bars.

#[expect(dead_code, reason = "each test uses some of it")]
mod kit;

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

fn barloom(dir: &Path, args: &[&str]) -> (String, String) {
    let got = Command::new(env!("CARGO_BIN_EXE_barloom"))
        .args(args)
        .current_dir(dir)
        .env("XDG_CACHE_HOME", dir.join(".cache"))
        .env_remove("BARLOOM_LOG")
        .output()
        .expect("barloom starts");
    let (out, err) =
        (String::from_utf8_lossy(&got.stdout).into(), String::from_utf8_lossy(&got.stderr).into());
    assert!(got.status.success(), "{args:?}: {err}");
    (out, err)
}

/// The exit code and the message of a command that fails.
fn fails(dir: &Path, args: &[&str]) -> (Option<i32>, String) {
    let got = Command::new(env!("CARGO_BIN_EXE_barloom"))
        .args(args)
        .current_dir(dir)
        .env("XDG_CACHE_HOME", dir.join(".cache"))
        .env_remove("BARLOOM_LOG")
        .output()
        .expect("barloom starts");
    assert!(!got.status.success(), "{args:?} should fail");
    (got.status.code(), String::from_utf8_lossy(&got.stderr).into())
}

fn fixture() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/spy_1h.parquet");
    path.to_string_lossy().into_owned()
}

fn manifest(dir: &Path) -> Value {
    let text = fs::read_to_string(dir.join("manifest.json")).expect("a manifest");
    serde_json::from_str(&text).expect("JSON")
}

fn files(dir: &Path) -> Vec<(String, Vec<u8>)> {
    kit::files(dir).into_iter().collect()
}

#[test]
fn the_bare_command_builds_the_demo_again_and_again() {
    let dir = tempfile::tempdir().expect("a folder");
    fs::create_dir(dir.path().join("barloom-demo")).expect("an empty folder is no hindrance");
    let (text, _) = barloom(dir.path(), &[]);
    for part in [
        "40,832",
        "SPY",
        " a second): barloom-demo\n",
        "MiB",
        "actions",
        "exits",
        "reward",
        "files",
        "next:",
    ] {
        assert!(text.contains(part), "{part:?} is not in:\n{text}");
    }
    assert!(
        text.starts_with("Built 100,000 samples in "),
        "what, how many, how fast, where: {text}"
    );
    let digest = text.find("xxh3-128:").expect("a digest");
    assert!(digest > text.find("files ").expect("the files"), "digests come last: {text}");
    let first = files(&dir.path().join("barloom-demo"));
    barloom(dir.path(), &[]);
    assert!(first == files(&dir.path().join("barloom-demo")));
    let (sample, _) =
        barloom(dir.path(), &["inspect", "barloom-demo", "--sample", "99999", "--json"]);
    let sample: Value = serde_json::from_str(&sample).expect("JSON");
    assert_eq!(sample["sample"], 99_999);
    assert_eq!(sample["close"].as_array().expect("a window").last(), Some(&Value::from(1.0)));
}

#[test]
fn the_bare_command_replaces_nothing_but_the_demo() {
    let refused = |dir: &Path, says: &str| {
        let (code, said) = fails(dir, &[]);
        assert_eq!(code, Some(4), "{said}");
        assert!(said.contains(says) && said.contains("nothing was changed"), "{said}");
    };
    let dir = tempfile::tempdir().expect("a folder");
    let demo = dir.path().join("barloom-demo");
    fs::create_dir(&demo).expect("a folder");
    fs::write(demo.join("thesis.txt"), "years of work").expect("a file");
    refused(dir.path(), "the demo");
    assert_eq!(files(&demo).len(), 1);

    fs::remove_dir_all(&demo).expect("it goes");
    let bars = fixture();
    let build = ["build", "--bars", &bars, "--samples", "100", "--out", "barloom-demo"];
    barloom(dir.path(), &build);
    refused(dir.path(), "the demo");

    fs::remove_dir_all(&demo).expect("it goes");
    barloom(dir.path(), &[]);
    fs::write(demo.join("note.txt"), "mine").expect("a file");
    refused(dir.path(), "note.txt");
    assert_eq!(fs::read_to_string(demo.join("note.txt")).expect("the note"), "mine");
}

#[test]
fn overwriting_takes_nothing_foreign_with_it() {
    let dir = tempfile::tempdir().expect("a folder");
    let bars = fixture();
    fs::write(
        dir.path().join("r.toml"),
        "[dataset]\nsamples = 1_000\n[[split.part]]\nname = \"train\"\nfraction = 0.7\n\
         [[split.part]]\nname = \"test\"\nfraction = 0.3\n",
    )
    .expect("a recipe");
    let out = |out| {
        ["build", "--config", "r.toml", "--bars", &bars, "--overwrite", "--out", out]
            .map(str::to_owned)
    };
    let build = |to| barloom(dir.path(), &out(to).each_ref().map(String::as_str));
    let refuse = |to| fails(dir.path(), &out(to).each_ref().map(String::as_str));
    build("exp/run1");
    fs::create_dir(dir.path().join("exp/code")).expect("a folder");
    let (code, said) = refuse("exp");
    assert!(code == Some(4) && said.contains("code/, run1/"), "{said}");
    build("exp/run1");
    fs::write(dir.path().join("exp/run1/train/notes.md"), "mine").expect("a note");
    let (code, said) = refuse("exp/run1");
    assert!(code == Some(4) && said.contains("train/notes.md"), "{said}");
    fs::remove_file(dir.path().join("exp/run1/train/notes.md")).expect("it goes");
    build("exp/run1");
    let (code, said) = fails(dir.path(), &["inspect", "exp/run1", "--sample", "0"]);
    assert!(code == Some(2) && said.contains("exp/run1/train, exp/run1/test"), "{said}");
}

#[test]
fn threads_and_chunks_do_not_change_a_byte() {
    let dir = tempfile::tempdir().expect("a folder");
    let bars = fixture();
    fs::write(
        dir.path().join("recipe.toml"),
        "[dataset]\nsamples = 30_001\nlookback = 32\nactions_per_state = 3\n\
         [reward]\nmetric = [\"return\", \"sharpe\", \"barrier\"]\n\
         [output]\nshard_rows = 8192\n",
    )
    .expect("a recipe");
    let mut built = Vec::new();
    for (out, threads, chunk) in
        [("a", "1", "4096"), ("b", "2", "4096"), ("c", "2", "20000"), ("d", "1", "8192")]
    {
        barloom(
            dir.path(),
            &[
                "build",
                "--config",
                "recipe.toml",
                "--bars",
                &bars,
                "--out",
                out,
                "--threads",
                threads,
                "--chunk-rows",
                chunk,
            ],
        );
        built.push(files(&dir.path().join(out)));
    }
    assert_eq!(built[0].len(), 4 + 4, "four shards, manifest, recipe, scaler, bars");
    for other in &built[1..] {
        assert!(*other == built[0]);
    }
}

#[test]
fn shards_do_not_change_the_content() {
    let dir = tempfile::tempdir().expect("a folder");
    let bars = fixture();
    let mut digests = Vec::new();
    for rows in [4_096, 65_536] {
        let out = format!("d{rows}");
        fs::write(
            dir.path().join("r.toml"),
            format!("[dataset]\nsamples = 10_000\n[output]\nshard_rows = {rows}\n"),
        )
        .expect("a recipe");
        barloom(dir.path(), &["build", "--config", "r.toml", "--bars", &bars, "--out", &out]);
        let manifest = manifest(&dir.path().join(&out));
        digests.push((
            manifest["content_digest"].clone(),
            manifest["summary"].clone(),
            manifest["recipe_digest"].clone(),
        ));
    }
    assert_eq!(digests[0], digests[1]);
}

#[test]
fn a_virtual_dataset_gives_the_samples_of_a_stored_one() {
    let dir = tempfile::tempdir().expect("a folder");
    let bars = fixture();
    for format in ["parquet", "virtual"] {
        barloom(
            dir.path(),
            &["build", "--bars", &bars, "--samples", "5000", "--out", format, "--format", format],
        );
    }
    assert_eq!(files(&dir.path().join("virtual")).len(), 4);
    for sample in ["0", "4095", "4999"] {
        let show = |set| barloom(dir.path(), &["inspect", set, "--sample", sample, "--json"]).0;
        assert_eq!(show("parquet"), show("virtual"));
    }
    let big = [
        "build",
        "--bars",
        &bars,
        "--samples",
        "1000000000000",
        "--out",
        "big",
        "--format",
        "virtual",
    ];
    barloom(dir.path(), &big);
    barloom(dir.path(), &["inspect", "big", "--sample", "999999999999"]);
}

#[test]
fn a_split_makes_a_dataset_a_part() {
    let dir = tempfile::tempdir().expect("a folder");
    let bars = fixture();
    fs::write(
        dir.path().join("r.toml"),
        "[dataset]\nsamples = 10_000\n[split]\nembargo = 10\n\
         [[split.part]]\nname = \"train\"\nfraction = 0.7\n\
         [[split.part]]\nname = \"test\"\nfraction = 0.3\n",
    )
    .expect("a recipe");
    barloom(dir.path(), &["build", "--config", "r.toml", "--bars", &bars, "--out", "d"]);
    let (train, test) =
        (manifest(&dir.path().join("d/train")), manifest(&dir.path().join("d/test")));
    assert_eq!((&train["samples"], &test["samples"]), (&Value::from(7_000), &Value::from(3_000)));
    assert_eq!(train["part"]["end_ns"], test["part"]["start_ns"]);
    assert_ne!(train["content_digest"], test["content_digest"]);
    let (text, _) = barloom(dir.path(), &["inspect", "d"]);
    let places = ["d/train", "d/test"].map(|part| text.find(part).expect("both parts"));
    assert!(places[0] < places[1], "in time order: {text}");
    for want in ["train: from the first bar until 20", "test: from 20", "embargo 10 bars"] {
        assert!(text.contains(want), "{want}: {text}");
    }
}

#[test]
fn dropped_bars_are_counted_and_end_segments() {
    let dir = tempfile::tempdir().expect("a folder");
    let mut csv = String::from("Date,Open,High,Low,Close,Volume\n");
    for i in 0..400 {
        let high = if i == 200 { 1 } else { 12 };
        csv += &format!("{},10,{high},9,11,100\n", 1_700_000_000 + 60 * i);
    }
    fs::write(dir.path().join("bars.csv"), csv).expect("bars");
    fs::write(
        dir.path().join("r.toml"),
        "[data]\nbars = [\"bars.csv\"]\non_bad_bar = \"drop\"\n[dataset]\nsamples = 100\n",
    )
    .expect("a recipe");
    barloom(dir.path(), &["build", "--config", "r.toml", "--out", "d"]);
    let manifest = manifest(&dir.path().join("d"));
    assert_eq!(manifest["market"]["bars"], 399);
    assert_eq!(manifest["market"]["segments"], 2);
    assert_eq!(manifest["market"]["dropped"]["high_below_low"], 1);
}

#[test]
fn init_writes_recipes_that_build() {
    let dir = tempfile::tempdir().expect("a folder");
    let bars = fixture();
    for formulas in ["v1", "frel-v1"] {
        let recipe = format!("{formulas}.toml");
        barloom(dir.path(), &["init", &recipe, "--formulas", formulas]);
        barloom(
            dir.path(),
            &["build", "--config", &recipe, "--bars", &bars, "--samples", "500", "--out", formulas],
        );
    }
}

#[test]
fn check_and_convert_read_what_they_write() {
    let dir = tempfile::tempdir().expect("a folder");
    let bars = fixture();
    let mut digests = Vec::new();
    for name in ["spy.csv", "spy.parquet", "spy.arrow"] {
        barloom(dir.path(), &["convert", &bars, name]);
        let (report, _) = barloom(dir.path(), &["check", name, "--json"]);
        let report: Value = serde_json::from_str(&report).expect("JSON");
        assert_eq!(report["rows"], 40_832, "{name}");
        barloom(
            dir.path(),
            &["build", "--bars", name, "--samples", "100", "--out", &format!("{name}.d")],
        );
        digests.push(manifest(&dir.path().join(format!("{name}.d")))["content_digest"].clone());
    }
    assert!(digests.iter().all(|d| *d == digests[0]), "{digests:?}");
}

#[test]
fn a_channel_may_be_spelled_as_in_the_file() {
    let dir = tempfile::tempdir().expect("a folder");
    let mut csv = String::from("Date,Open,High,Low,Close,Adj Close\n");
    for i in 0..400 {
        csv += &format!("{},10,12,9,11,{}\n", 1_700_000_000 + 60 * i, 5 + i % 3);
    }
    fs::write(dir.path().join("asset_1.csv"), csv).expect("bars");
    let csv = "Date,Open,High,Low,Close,Adj Close\n1700024000,10,12,9,11,7\n";
    fs::write(dir.path().join("asset_2.csv"), csv).expect("bars");
    fs::write(
        dir.path().join("r.toml"),
        "[data]\nbars = [\"asset_*.csv\"]\nchannels = [\"close\", \"Adj Close\"]\n\
         [scaling]\n\"Adj Close\" = \"zscore\"\n",
    )
    .expect("a recipe");
    fs::create_dir(dir.path().join("d.incomplete")).expect("a folder");
    fs::write(dir.path().join("d.incomplete/.lock"), "").expect("a lock that no one holds");
    fs::write(dir.path().join("d.incomplete/recipe.toml"), "").expect("what a build began");
    let build =
        ["build", "--config", "r.toml", "--samples", "1e2", "--out", "d", "--format", "virtual"];
    let (text, logs) = barloom(dir.path(), &build);
    assert!(logs.contains("a stopped build") && !logs.contains('\u{1b}'), "{logs:?}");
    assert!(text.contains("joined       asset: 2 files (asset_1.csv, asset_2.csv)"), "{text}");
    assert!(
        text.starts_with("Wrote d: 100 samples; samples are made when they are read."),
        "{text}"
    );
    let manifest = manifest(&dir.path().join("d"));
    assert_eq!(manifest["recipe"]["data"]["channels"][1], "adj_close");
    assert_eq!(manifest["recipe"]["scaling"]["adj_close"], "zscore");
    let (sample, _) = barloom(dir.path(), &["inspect", "d", "--sample", "99", "--quiet"]);
    assert!(sample.contains("adj_close"), "quiet keeps the result: {sample}");
}

/// Minute bars without volume, some of them unusable.
fn bars_without_volume(dir: &Path, unusable: &[usize]) {
    let mut csv = String::from("time,open,high,low,close\n");
    for i in 0..400 {
        let high = if unusable.contains(&i) { 8 } else { 12 };
        csv += &format!("{},10,{high},9,11\n", 1_700_000_000 + 60 * i);
    }
    fs::write(dir.join("bars.csv"), csv).expect("bars");
}

#[test]
fn the_command_line_says_the_shape_of_a_dataset() {
    let dir = tempfile::tempdir().expect("a folder");
    let dir = dir.path();
    bars_without_volume(dir, &[]);
    let build = "build bars.csv --out d --samples 1e3 --lookback 8 --forward 4 --format npy \
                 --channels close,open=zscore --metric barrier,return --split train=0.75,test=0.25";
    let (text, _) = barloom(dir, &build.split_whitespace().collect::<Vec<_>>());
    assert!(
        text.starts_with("Built 1,000 samples in ") && text.contains(" a second): d\n"),
        "{text}"
    );
    let recipe = &manifest(&dir.join("d/train"))["recipe"];
    assert_eq!(recipe["dataset"]["lookback"], 8);
    assert_eq!(recipe["dataset"]["forward"], 4);
    assert_eq!(recipe["data"]["channels"], json!(["close", "open"]));
    assert_eq!(recipe["scaling"], json!({ "price": "last_close", "open": "zscore" }));
    assert_eq!(recipe["reward"]["metric"], json!(["barrier", "return"]));
    let parts =
        json!([{ "name": "train", "fraction": 0.75 }, { "name": "test", "fraction": 0.25 }]);
    assert_eq!(recipe["split"]["part"], parts);
    assert_eq!(manifest(&dir.join("d/test"))["samples"], 250);

    // What the command line says goes before the recipe, whose other keys stay.
    let keys = "[data]\nchannels = [\"high\", \"low\"]\n[scaling]\nprice = \"minmax\"\nhigh = \"none\"\n\
                [dataset]\nsamples = 100\nlookback = 9\nforward = 5\n\
                [split]\nembargo = 3\n[[split.part]]\nname = \"all\"\nfraction = 1.0\n";
    fs::write(dir.join("r.toml"), keys).expect("a recipe");
    let build = "build bars.csv --config r.toml --out e --forward 6 --channels close \
                 --split a=2023-11-15,b=2023-11-16";
    barloom(dir, &build.split_whitespace().collect::<Vec<_>>());
    let recipe = &manifest(&dir.join("e/a"))["recipe"];
    assert_eq!(
        (&recipe["dataset"]["lookback"], &recipe["dataset"]["forward"]),
        (&9.into(), &6.into())
    );
    assert_eq!(recipe["scaling"], json!({ "price": "minmax" }));
    assert_eq!(recipe["split"]["embargo"], 3);
    assert_eq!(recipe["split"]["part"][1]["name"], "b");

    // Names of channels have spaces around them, and any case; what does not apply any more goes.
    let more = "[reward]\nmetric = \"sharpe\"\nclip = [-9.0, 9.0]\n";
    fs::write(dir.join("r.toml"), format!("{keys}{more}")).expect("a recipe");
    let build =
        ["build", "bars.csv", "--config", "r.toml", "--out", "f", "--metric", "return, pnl"];
    barloom(dir, &[&build[..], &["--channels", "Close, HIGH , open=zscore"]].concat());
    let recipe = &manifest(&dir.join("f/all"))["recipe"];
    assert_eq!(recipe["data"]["channels"], json!(["close", "high", "open"]));
    let scaling = json!({ "price": "minmax", "high": "none", "open": "zscore" });
    assert_eq!(recipe["scaling"], scaling);
    assert_eq!(recipe["reward"].get("clip"), None);
}

#[test]
fn bars_without_volume_need_no_recipe() {
    let dir = tempfile::tempdir().expect("a folder");
    let dir = dir.path();
    bars_without_volume(dir, &[]);
    let (text, _) = barloom(dir, &["build", "bars.csv", "--out", "d", "--samples", "100"]);
    assert!(text.contains("note         bars has no volume column"), "{text}");
    let prices = json!(["open", "high", "low", "close"]);
    assert_eq!(manifest(&dir.join("d"))["recipe"]["data"]["channels"], prices);
    // The commented recipe is the same, and so are the bars that the dataset holds.
    barloom(dir, &["init", "r.toml"]);
    for (bars, out) in [("bars.csv", "e"), ("d/bars.arrow", "f")] {
        let build = ["build", bars, "--config", "r.toml", "--out", out, "--samples", "100"];
        barloom(dir, &build);
        let digest = |out: &str| manifest(&dir.join(out))["content_digest"].clone();
        assert_eq!(digest(out), digest("d"), "{bars}");
    }
    barloom(dir, &["verify", "d", "--full"]);
    // A recipe that names it is meant.
    let (code, said) =
        fails(dir, &["build", "bars.csv", "--out", "g", "--channels", "close,volume"]);
    assert_eq!(code, Some(3), "{said}");
    assert!(said.contains("no column volume"), "{said}");
}

#[test]
fn unusable_bars_are_dropped_everywhere_if_that_is_said() {
    let dir = tempfile::tempdir().expect("a folder");
    let dir = dir.path();
    bars_without_volume(dir, &[7, 9]);
    for command in
        ["check bars.csv", "convert bars.csv out.csv", "build bars.csv --samples 10 --out d"]
    {
        let command: Vec<&str> = command.split_whitespace().collect();
        let (code, said) = fails(dir, &command);
        assert_eq!(code, Some(3), "{command:?}: {said}");
        let (text, _) = barloom(dir, &[&command[..], &["--drop-bad-bars"]].concat());
        assert!(
            text.contains("2 high_below_low") || text.contains("2 dropped"),
            "{command:?}: {text}"
        );
    }
    let (report, _) = barloom(dir, &["check", "bars.csv", "--drop-bad-bars", "--json"]);
    let report: Value = serde_json::from_str(&report).expect("JSON");
    assert_eq!(report["errors"], 2);
    assert_eq!(report["dropped"].as_object().expect("faults").len(), 1);
    // As the key of a recipe says it.
    fs::write(dir.join("r.toml"), "[data]\non_bad_bar = \"drop\"\n").expect("a recipe");
    barloom(dir, &["check", "bars.csv", "--config", "r.toml"]);
    barloom(dir, &["convert", "bars.csv", "two.csv", "--config", "r.toml"]);
    assert_eq!(fs::read(dir.join("out.csv")).unwrap(), fs::read(dir.join("two.csv")).unwrap());
}

#[test]
fn init_writes_to_standard_output() {
    let dir = tempfile::tempdir().expect("a folder");
    let (text, _) = barloom(dir.path(), &["init", "-"]);
    assert!(files(dir.path()).is_empty());
    barloom(dir.path(), &["init"]);
    assert_eq!(fs::read_to_string(dir.path().join("recipe.toml")).expect("a recipe"), text);
}

/// Clipping and bars without a trade spoil rewards in silence, so a build says so.
#[test]
fn a_build_warns_of_clipped_metrics_and_of_entries_on_filled_bars() {
    let dir = tempfile::tempdir().expect("a folder");
    let mut csv = String::from("time,open,high,low,close,volume\n");
    for minute in (0..900).filter(|minute| minute % 3 != 2) {
        let (time, price) = (1_700_000_040 + 60 * minute, 100 + minute * 7_919 % 13);
        csv += &format!("{time},{price},{},{},{price},5\n", price + 1, price - 1);
    }
    fs::write(dir.path().join("bars.csv"), csv).expect("bars");
    let build_with = |name: &str, data: &str, reward: &str, more: &[&str]| {
        let recipe = format!(
            "[data]\nbars = [\"bars.csv\"]\n{data}\n\
             [dataset]\nsamples = 500\nlookback = 4\nforward = 8\n[reward]\n{reward}\n"
        );
        let config = format!("{name}.toml");
        fs::write(dir.path().join(&config), recipe).expect("a recipe");
        let build = ["build", "--config", &config, "--out", name];
        barloom(dir.path(), &[&build, more].concat()).1
    };
    let build = |name: &str, data: &str, reward: &str| build_with(name, data, reward, &[]);
    let clips = "of the trades have a clipped sharpe (clip = [-5.0,5.0])";
    let fills = "of the samples enter at a bar that \"fill\" made";
    let told = build("clipped", "", "metric = \"sharpe\"\nclip = [-5.0, 5.0]");
    assert!(told.contains(clips) && !told.contains(fills), "{told}");
    let often = "metric = \"sharpe\"\nclip = [-5.0, 5.0]";
    for (name, more) in [
        ("virtual", ["--format", "virtual"]),
        ("p0", ["--shard", "0/2"]),
        ("p1", ["--shard", "1/2"]),
    ] {
        let told = build_with(name, "", often, &more);
        assert_eq!(told.matches(clips).count(), 1, "{more:?}: {told}");
    }
    let told = build_with("digested", "", often, &["--format", "virtual", "--digest"]);
    assert_eq!(told.matches(clips).count(), 1, "{told}");
    let told = barloom(dir.path(), &["merge", "p0", "p1", "--out", "merged"]).1;
    assert_eq!(told.matches(clips).count(), 1, "{told}");
    let told = build("filled", "aggregate = \"1m\"\nempty_bars = \"fill\"", "");
    assert!(told.contains("about 33% ") && told.contains(fills), "{told}");
    assert!(!told.contains("clipped"), "{told}");
    let told = build("neither", "aggregate = \"1m\"", "metric = \"sharpe\"\nclip = [-1e9, 1e9]");
    assert!(!told.contains("clipped") && !told.contains(fills), "{told}");
}

const FOLDS: &str = r#"
[data]
snapshot = ["vol"]
[features]
vol = "std(log(close / lag(close, 1)), 20)"
[dataset]
lookback = 16
where = "vol > 0.002"
[sampling]
actions = "none"
[scaling]
volume = { kind = "standard" }
snapshot = { vol = { kind = "quantile" } }
[[label]]
name = "tb"
kind = "triple_barrier"
horizon = 32
up = 2
down = 2
scale = "vol * 4"
[[label]]
name = "fwd"
kind = "return"
horizon = [1, 8]
classes = { quantiles = 3 }
[weights]
kind = ["uniqueness"]
of = "tb"
[split]
kind = "purged_kfold"
folds = 3
embargo = "2d"
"#;

#[test]
fn folds_are_built_told_verified_and_merged() {
    let dir = tempfile::tempdir().expect("a folder");
    let here = dir.path();
    fs::write(here.join("folds.toml"), FOLDS).expect("a recipe");
    let bars = fixture();
    let build = |out: &str, more: &[&str]| {
        let args = ["build", "--config", "folds.toml", "--bars", &bars, "--out", out];
        barloom(here, &[&args, more].concat()).0
    };
    let text = build("whole", &[]);
    for part in
        ["folds        3, purged_kfold", "fold  role", "in 6 parts", "fold-00-train --sample 0"]
    {
        assert!(text.contains(part), "{part}: {text}");
    }
    let (text, _) = barloom(here, &["inspect", "whole"]);
    assert!(
        text.contains("folds        3, purged_kfold") && text.contains("settings     lookback 16")
    );
    let roles = text.lines().filter(|line| line.contains("  train  ") || line.contains("  test  "));
    assert_eq!(roles.count(), 6, "{text}");
    let (text, _) = barloom(here, &["inspect", "whole/fold-02-test"]);
    assert!(text.starts_with("dataset      whole/fold-02-test, parquet\n"), "{text}");
    assert!(
        text.contains("fold-02-test: test of fold 2 of 3") && text.contains("label        tb: -1 ")
    );
    let (text, _) = barloom(here, &["verify", "whole", "--full"]);
    assert_eq!(text.matches("right to the bit").count(), 12, "samples and features: {text}");

    // Pieces, threads and chunks change no byte.
    let whole = files(&here.join("whole"));
    for piece in ["0/2", "1/2"] {
        let out = format!("piece-{}", &piece[..1]);
        build(&out, &["--shard", piece, "--threads", "1", "--chunk-rows", "1000"]);
    }
    barloom(here, &["merge", "piece-0", "piece-1", "--out", "merged"]);
    assert_eq!(files(&here.join("merged")), whole);

    // A sample that is altered is found.
    let shard = here.join("whole/fold-01-train/samples/00000.parquet");
    let mut bytes = fs::read(&shard).expect("a shard");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&shard, bytes).expect("a shard");
    let (code, error) = fails(here, &["verify", "whole"]);
    assert!(code == Some(5) && error.contains("failed verification: 1 problem"), "{error}");
}
