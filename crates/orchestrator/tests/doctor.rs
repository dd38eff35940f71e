//! Reports of `check` and `build` on bars with faults.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

/// A command's standard output and then its standard error, if it gives this exit code
/// and says all of this.
#[track_caller]
fn run(dir: &Path, args: &str, code: i32, says: &[&str]) -> String {
    let got = Command::new(env!("CARGO_BIN_EXE_barloom"))
        .args(args.split_whitespace())
        .current_dir(dir)
        .env("XDG_CACHE_HOME", dir.join(".cache"))
        .env_remove("BARLOOM_LOG")
        .output()
        .expect("barloom starts");
    let said = [got.stdout, got.stderr].map(|text| String::from_utf8_lossy(&text).into_owned());
    let said = said.concat();
    assert_eq!(got.status.code(), Some(code), "{said}");
    for part in says {
        assert!(said.contains(part), "{part:?} is not in: {said}");
    }
    said
}

/// Minute bars, each with a volume, `wrong` ones with prices ten times as high, and an empty
/// column.
fn bars(dir: &Path, wrong: &[usize]) {
    let mut csv = String::from("time,open,high,low,close,volume,note\n");
    for i in 0..400 {
        let price = 100.0 + (i * 37 % 11) as f64;
        let price = if wrong.contains(&i) { 10.0 * price } else { price };
        let (time, high, low) = (1_700_000_000 + 60 * i, 1.05 * price, 0.95 * price);
        csv += &format!("{time},{price},{high},{low},{price},{},\n", i % 50);
    }
    fs::write(dir.join("bars.csv"), csv).expect("bars");
}

fn json(said: &str) -> Value {
    serde_json::from_str(said).unwrap_or_else(|e| panic!("{e}: {said}"))
}

#[test]
fn strict_fails_on_warnings_and_counts_them() {
    let dir = tempfile::tempdir().expect("a folder");
    let dir = dir.path();
    bars(dir, &[100, 200, 300]);
    let says = ["warning: zero_volume (8)", "warning: price_scale (3)", "bars.csv:102 bars "];
    let ran = run(dir, "check bars.csv", 0, &says);
    let order = ["zero_volume (8)", "price_scale (3)", "empty_column (1)"];
    let places = order.map(|kind| ran.find(kind).expect(kind));
    assert!(places.is_sorted(), "those found most often come first: {ran}");
    let strict = "error: 12 warnings of 3 kinds, which --strict treats as errors";
    run(dir, "check --strict bars.csv", 3, &[strict]);
    let report = json(&run(dir, "check --json bars.csv", 0, &[]));
    assert_eq!((&report["errors"], &report["warnings"]), (&0.into(), &12.into()));
    assert_eq!(report["findings"][1]["kind"], "price_scale");
    assert_eq!(report["series"][0]["share"], 1.0);
    assert_eq!(report["series"][0]["missing_share"], 0.0);

    let good = "time,open,high,low,close\n1700000000,1,2,1,2\n1700000060,2,3,2,3\n";
    fs::write(dir.join("good.csv"), good).expect("bars");
    run(dir, "check --strict good.csv", 0, &["nothing is wrong with them"]);
    run(
        dir,
        "check good.csv --aggregate 1s",
        3,
        &["nothing is wrong with them", "beyond the end of"],
    );
    let bad = good.replace("2,3,2,3", "2,1,2,3");
    fs::write(dir.join("bad.csv"), bad).expect("bars");
    run(dir, "check --strict bad.csv", 3, &["1 bar is unusable"]);
}

#[test]
fn a_build_tells_in_a_few_lines() {
    let dir = tempfile::tempdir().expect("a folder");
    let dir = dir.path();
    bars(dir, &[100]);
    let build = "build --bars bars.csv --samples 100 --format virtual --overwrite";
    let ran = run(dir, build, 0, &[]);
    let warnings: Vec<&str> = ran.lines().filter(|line| line.contains("WARN")).collect();
    assert_eq!(warnings.len(), 3, "{warnings:#?}");
    let volume = "zero_volume: 8 times, bars without volume; first bars.csv:2 bars 2023-11-14";
    assert!(warnings[0].contains(volume), "{}", warnings[0]);
    assert!(warnings[1].contains("price_scale: 1 time, "), "{}", warnings[1]);
    assert!(warnings[2].ends_with("barloom check bars.csv lists them"), "{}", warnings[2]);

    let quiet = run(dir, &format!("{build} --quiet"), 0, &["dataset "]);
    assert!(!quiet.contains("zero_volume"), "{quiet}");
    let told = json(&run(dir, &format!("{build} --quiet --json"), 0, &[]));
    let kinds: Vec<&str> = told["warnings"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|w| w["kind"].as_str().unwrap())
        .collect();
    assert_eq!(kinds, ["zero_volume", "price_scale"]);
    bars(dir, &[]);
    let csv = fs::read_to_string(dir.join("bars.csv")).expect("bars").replace(",0,\n", ",1,\n");
    fs::write(dir.join("bars.csv"), csv).expect("bars");
    let good = run(dir, build, 0, &[]);
    assert!(!good.contains("WARN"), "{good}");
}

#[test]
fn a_build_says_how_many_windows_differ() {
    let dir = tempfile::tempdir().expect("a folder");
    let dir = dir.path();
    bars(dir, &[]);
    let build = "build --bars bars.csv --format virtual --overwrite --samples";
    // 400 bars less 64 before and 64 after leave 273 positions.
    let told = "1000000 samples of 273 positions have about 273 distinct windows, each drawn about \
                3663 times";
    run(dir, &format!("{build} 1e6"), 0, &[told]);
    let few = run(dir, &format!("{build} 1000"), 0, &[]);
    assert!(!few.contains("distinct"), "{few}");
}

/// Every file of a folder is looked at, also behind one that cannot be read.
#[test]
fn a_folder_is_looked_at_to_its_end() {
    let dir = tempfile::tempdir().expect("a folder");
    let dir = dir.path();
    fs::create_dir(dir.join("bars")).expect("a folder");
    let good = "time,open,high,low,close\n1700000000,1,2,1,2\n1700000060,2,3,2,3\n";
    for (name, text) in [
        ("a.csv", "time,open\n1,2\n"),
        ("b.csv", good),
        ("c.parquet", "no Parquet"),
        ("d.csv", &good.replace("2,3,2,3", "2,1,2,3")),
        ("e.csv", &good.replace("2,3,2,3\n", "2,3")),
    ] {
        fs::write(dir.join("bars").join(name), text).expect("a file");
    }
    let says = [
        "4 bars of 2 symbols in 2 files",
        "error: unreadable (3)",
        "bars/a.csv: ",
        "bars/c.parquet: ",
        "bars/e.csv: line 3, the last, is cut",
        "error: high_below_low (1)",
        "d.csv:3",
        "error: 3 files cannot be read",
    ];
    run(dir, "check bars", 3, &says);
    let said = run(dir, "check bars --json", 3, &[]);
    // The error follows on standard error.
    let report = serde_json::Deserializer::from_str(&said).into_iter::<Value>().next();
    let report = report.expect("a report").expect("JSON");
    assert_eq!(report["unreadable"].as_array().map(Vec::len), Some(3));
    assert_eq!(report["unreadable"][1]["file"], "bars/c.parquet");
    run(dir, "check bars/b.csv bars/d.csv", 3, &["1 bar is unusable"]);
    run(dir, "check bars/a.csv", 3, &["error: bars/a.csv: "]);
    run(
        dir,
        "check bars/a.csv bars/c.parquet",
        3,
        &["0 bars of 0 symbols", "2 files cannot be read"],
    );
    run(dir, "build --bars bars", 3, &["bars/a.csv"]);
}

/// Oil on 2020-04-20: what was traded is checked and converted; what divides by it is not built.
#[test]
fn prices_below_zero_are_converted_and_not_built() {
    let dir = tempfile::tempdir().expect("a folder");
    let dir = dir.path();
    let text = "ts,open,high,low,close,volume\n2020-04-17,18.5,19.1,18.0,18.27,5\n\
                2020-04-20,17.73,17.85,-40.32,-37.63,6\n2020-04-21,-14.0,13.86,-16.74,10.01,7\n";
    fs::write(dir.join("CL.csv"), text).expect("bars");
    run(dir, "check CL.csv", 0, &["warning: non_positive_price (2)", "log_return"]);
    for args in ["", "--drop-bad-bars --overwrite", "--on-bad-bar drop --overwrite"] {
        run(dir, &format!("convert CL.csv o.csv {args}"), 0, &["3 bars", "0 dropped"]);
    }
    let written = fs::read_to_string(dir.join("o.csv")).expect("bars");
    assert!(written.contains(",17.73,17.85,-40.32,-37.63,6"), "{written}");
    run(dir, "convert o.csv o.parquet", 0, &[]);
    run(dir, "check o.parquet", 0, &["non_positive_price (2)"]);
    let says = ["CL.csv, line 3", "zero or negative", "every reward", "last_close, log1p_last"];
    for format in ["parquet", "virtual"] {
        run(dir, &format!("build --bars CL.csv --out d --format {format}"), 3, &says);
    }
    run(dir, "build --bars CL.csv --on-bad-bar drop", 3, &["no position"]);
}

#[test]
fn widening_is_asked_for_and_counted() {
    let dir = tempfile::tempdir().expect("a folder");
    let dir = dir.path();
    let mut csv = String::from("time,open,high,low,close,volume\n");
    for i in 0..400 {
        let (time, open) = (1_700_000_000 + 60 * i, if i % 100 == 5 { 11.5 } else { 10.5 });
        csv += &format!("{time},{open},11,10,10.{},{}\n", 1 + i % 8, i + 1);
    }
    fs::write(dir.join("bars.csv"), &csv).expect("bars");
    let told = ["error: open_outside_range (4)", "on_bad_bar = \"widen\"", "4 bars are unusable"];
    run(dir, "check bars.csv", 3, &told);
    let mended =
        ["mended: open_outside_range (4)", "widened: 4 bars", "4 of them by more than rounding"];
    let said = run(dir, "check bars.csv --on-bad-bar widen", 0, &mended);
    assert!(!said.contains("error:"), "{said}");
    let build = "build --bars bars.csv --samples 100 --out d";
    run(dir, build, 3, &["line 7", "4 such bars", "\"widen\""]);
    let built = run(dir, &format!("{build} --on-bad-bar widen"), 0, &["widened      4 bars"]);
    assert!(!built.contains("dropped"), "{built}");
    run(dir, "verify d --full", 0, &[]);
    let manifest = json(&fs::read_to_string(dir.join("d/manifest.json")).expect("a manifest"));
    assert_eq!(manifest["market"]["widened"], 4);
    assert_eq!(manifest["recipe"]["data"]["on_bad_bar"], "widen");
    run(
        dir,
        "convert bars.csv o.csv --on-bad-bar widen",
        0,
        &["400 bars", "0 dropped", "4 bars were widened", "by 4.545% of the price at most"],
    );
    run(dir, "check --strict o.csv", 0, &["nothing is wrong"]);
    // What it does not mend stays an error.
    fs::write(dir.join("bars.csv"), csv.replace("11,10,10.3", "9,10,10.3")).expect("bars");
    run(dir, &format!("{build} --on-bad-bar widen --overwrite"), 3, &["high is below low"]);
    run(dir, "check bars.csv --on-bad-bar widen", 3, &["high is below low"]);
}
