//! `verify` finds any changed bit of any file, and lies whose checksums are right.

mod kit;

use std::fs;
use std::path::{Path, PathBuf};

use barloom_backend_cpu::CpuBackend;
use barloom_dataset::{Dataset, Manifest, MarketRecord, Rows, Verify};
use barloom_files::Watch;
use barloom_recipe::Recipe;
use kit::{Random, csv, files, run};
use sha2::{Digest, Sha256};

/// Samples of the datasets here: three shards.
const SAMPLES: u64 = 10_000;

const FORMATS: [(&str, &str); 5] = [
    ("parquet", "format = \"parquet\""),
    ("zstd", "compression = \"zstd\"\nbyte_stream_split = true"),
    ("arrow", "format = \"arrow\""),
    ("npy", "format = \"npy\""),
    ("virtual", "format = \"virtual\""),
];

/// A folder with a dataset `d`, and one of another seed.
fn folder(output: &str) -> tempfile::TempDir {
    let dir = tempfile::tempdir().expect("a folder");
    fs::write(dir.path().join("bars.csv"), csv(&[("AA", 300), ("BB", 200)])).expect("bars");
    let recipe = format!(
        "[data]\nbars = [\"bars.csv\"]\nchannels = [\"close\", \"volume\"]\n\
         [dataset]\nsamples = {SAMPLES}\nlookback = 3\nforward = 4\n\
         [output]\nshard_rows = 4096\n{output}\n"
    );
    fs::write(dir.path().join("r.toml"), recipe).expect("a recipe");
    let build = "build --config r.toml --quiet --digest --out";
    run(dir.path(), &format!("{build} d")).expect(0, &[]);
    run(dir.path(), &format!("{build} other --seed 7")).expect(0, &[]);
    dir
}

const ALL_BY_COUNT: Rows = Rows::Some { count: SAMPLES, seed: 0 };

/// Faults of a dataset. `verify` makes exit code 5 of all of them.
#[track_caller]
fn problems(dir: &Path, rows: Rows) -> Vec<String> {
    let dataset = match Dataset::open(dir) {
        Err(error) if error.is_of_dataset() => return vec![error.to_string()],
        dataset => dataset.expect("a dataset"),
    };
    let backend = CpuBackend::default();
    let watch = Watch::default();
    let verify = Verify { dataset: &dataset, backend: &backend, rows, threads: 2, watch };
    let verified = verify.run().expect("nothing but the dataset is wrong");
    verified.problems.iter().map(ToString::to_string).collect()
}

/// Checks that one problem is found, which names all of this.
#[track_caller]
fn found(dir: &Path, rows: Rows, says: &[&str]) {
    let problems = problems(dir, rows);
    let [problem] = &problems[..] else { panic!("one problem: {says:?}, found {problems:?}") };
    for part in says {
        assert!(problem.contains(part), "{part:?} is not in: {problem}");
    }
}

#[test]
fn every_flipped_bit_is_found_and_its_file_named() {
    for (seed, (format, output)) in FORMATS.into_iter().enumerate() {
        let dir = folder(output);
        let d = dir.path().join("d");
        assert_eq!(problems(&d, Rows::All), [""; 0], "{format}");
        let whole = files(&d);
        let names: Vec<&String> = whole.keys().collect();
        let mut random = Random(seed as u64);
        for flip in 0..64 {
            // Each file of the smaller ones, whatever their share of the bytes.
            let name = names[random.below(names.len())];
            let mut bytes = whole[name].clone();
            let (at, bit) = (random.below(bytes.len()), random.below(8));
            bytes[at] ^= 1 << bit;
            fs::write(d.join(name), bytes).expect("it is written");
            let what = format!("{format}: bit {bit} of byte {at} of {name}");
            let problems = problems(&d, Rows::None);
            assert!(problems.iter().any(|p| p.contains(&**name)), "{what}: {problems:?}");
            if flip % 16 == 0 {
                run(dir.path(), "verify d").expect(5, &[name, "failed verification"]);
            }
            fs::write(d.join(name), &whole[name]).expect("it is written");
        }
        assert_eq!(problems(&d, ALL_BY_COUNT), [""; 0], "{format}: all bits are back");
    }
}

/// pandas and others read all data in the folder, so a shard of another dataset would be samples.
#[test]
fn data_among_the_samples_that_no_manifest_lists_is_a_fault() {
    for (format, output) in FORMATS {
        let dir = folder(output);
        let d = dir.path().join("d");
        fs::create_dir_all(d.join("samples")).expect("a folder");
        for name in ["samples/99999.parquet", "samples/x.ARROW", "samples/close.npy"] {
            fs::write(d.join(name), "PAR1").expect("it is written");
            found(&d, Rows::None, &[name, "the manifest does not list it"]);
            run(dir.path(), "verify d").expect(5, &[name, "move it elsewhere"]);
            fs::remove_file(d.join(name)).expect("it is there");
        }
        // Other files are nobody's samples.
        for name in ["samples/notes.md", "99999.parquet"] {
            fs::write(d.join(name), "x").expect("it is written");
        }
        assert_eq!(problems(&d, Rows::None), [""; 0], "{format}");
    }
}

#[test]
fn bits_of_text_files_that_are_no_text_any_more_are_found() {
    let dir = folder(FORMATS[4].1);
    let d = dir.path().join("d");
    for name in ["manifest.json", "recipe.toml", "scalers.json"] {
        let whole = fs::read(d.join(name)).expect("a file");
        let mut bytes = whole.clone();
        bytes[20] ^= 0x80;
        fs::write(d.join(name), bytes).expect("it is written");
        found(&d, Rows::None, &[name]);
        run(dir.path(), "verify d").expect(5, &[name]);
        fs::write(d.join(name), whole).expect("it is written");
    }
}

fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Makes the manifest tell of the files as they are, changes it, and gives it its digest.
fn seal(d: &Path, change: impl FnOnce(&mut Manifest)) {
    let path = d.join("manifest.json");
    let text = fs::read_to_string(&path).expect("a manifest");
    let mut manifest: Manifest = serde_json::from_str(&text).expect("a manifest");
    let shards = manifest.shards.iter_mut().flat_map(|shard| &mut shard.files);
    for file in manifest.files.iter_mut().chain(shards) {
        let bytes = fs::read(d.join(&file.name)).expect("a file");
        file.bytes = bytes.len() as u64;
        file.checksum = format!("sha256:{}", sha256(&bytes));
    }
    change(&mut manifest);
    manifest.manifest_digest.clear();
    let text = serde_json::to_string_pretty(&manifest).expect("JSON") + "\n";
    write_sealed(&path, &text);
}

/// Writes a manifest with an empty digest, and its digest in it.
fn write_sealed(path: &Path, text: &str) {
    let digest = format!("\"manifest_digest\": \"sha256:{}\"", sha256(text.as_bytes()));
    fs::write(path, text.replace("\"manifest_digest\": \"\"", &digest)).expect("it is written");
}

/// Makes of a manifest what barloom wrote before manifests had semantics.
fn make_old(d: &Path) {
    let path = d.join("manifest.json");
    let text = fs::read_to_string(&path).expect("a manifest");
    let mut manifest: Manifest = serde_json::from_str(&text).expect("a manifest");
    manifest.manifest_digest.clear();
    let text = serde_json::to_string_pretty(&manifest).expect("JSON") + "\n";
    assert!(text.contains("  \"semantics\": 2,\n"), "{text}");
    write_sealed(&path, &text.replace("  \"semantics\": 2,\n", ""));
}

/// Changes bytes of a file.
fn change(path: &Path, change: impl FnOnce(&mut Vec<u8>)) {
    let mut bytes = fs::read(path).expect("a file");
    change(&mut bytes);
    fs::write(path, bytes).expect("it is written");
}

/// Puts back what a dataset was.
struct Undo(PathBuf, std::collections::BTreeMap<String, Vec<u8>>);

impl Undo {
    fn of(d: &Path) -> Self {
        Self(d.to_owned(), files(d))
    }

    fn undo(&self) {
        self.1.iter().for_each(|(name, bytes)| fs::write(self.0.join(name), bytes).expect("back"));
        assert_eq!(problems(&self.0, Rows::All), [""; 0]);
    }
}

/// The bytes of a value from the end of a column's file, in which each row has so many bytes.
fn place(bytes: &[u8], rows: usize, row_bytes: usize, row: usize) -> usize {
    bytes.len() - (rows - row) * row_bytes
}

#[test]
fn a_value_whose_checksums_are_right_is_told_with_what_it_should_be() {
    let dir = folder(FORMATS[3].1);
    let d = dir.path().join("d");
    let undo = Undo::of(&d);
    // Two lies: the first is told, whatever is compared at once.
    for row in [1_500, 77] {
        change(&d.join("samples/00001.equity.npy"), |bytes| {
            let at = place(bytes, 4_096, 8, row);
            bytes[at..at + 8].copy_from_slice(&12.5_f64.to_le_bytes());
        });
    }
    seal(&d, |_| ());
    assert_eq!(problems(&d, Rows::None), [""; 0], "checksums alone do not tell");
    let told = ["00001.equity.npy", "sample 4173, equity: 12.5 is stored", "recipe and bars give"];
    for rows in [Rows::All, ALL_BY_COUNT] {
        found(&d, rows, &told);
    }
    run(dir.path(), "verify d --full").expect(5, &told);
    run(dir.path(), "verify d --rows 10000").expect(5, &told);
    run(dir.path(), "verify d --rows 0").expect(0, &["none was made again"]);
    undo.undo();

    // One bit of a window, of a meta vector, of whole numbers.
    let lies: [(&str, usize, usize, &str); 6] = [
        ("samples/00002.windows.npy", 24, 12, "sample 8200, volume:"),
        ("samples/00002.meta.npy", 36, 32, "sample 8200, meta:"),
        ("samples/00002.bar.npy", 8, 0, "sample 8200, bar:"),
        ("samples/00002.symbol.npy", 4, 0, "sample 8200, symbol:"),
        ("samples/00002.exit_reason.npy", 1, 0, "sample 8200, exit_reason:"),
        ("samples/00002.ts.npy", 8, 0, "sample 8200, ts:"),
    ];
    for (file, row_bytes, offset, told) in lies {
        change(&d.join(file), |bytes| {
            let at = place(bytes, 10_000 - 8_192, row_bytes, 8) + offset;
            bytes[at] ^= 1;
        });
        seal(&d, |_| ());
        for rows in [Rows::All, ALL_BY_COUNT] {
            found(&d, rows, &[file, told, "is stored, but recipe and bars give"]);
        }
        undo.undo();
    }
    // Codes of nothing.
    for (file, row_bytes) in [("samples/00000.symbol.npy", 4), ("samples/00000.exit_reason.npy", 1)]
    {
        change(&d.join(file), |bytes| {
            let at = place(bytes, 4_096, row_bytes, 5);
            bytes[at] = 0x77;
        });
        seal(&d, |_| ());
        found(&d, Rows::All, &[file]);
        undo.undo();
    }
}

#[test]
fn every_part_of_a_split_is_checked() {
    let dir = folder(
        "[split]\n[[split.part]]\nname = \"train\"\nfraction = 0.6\n\
         [[split.part]]\nname = \"test\"\nfraction = 0.4\n",
    );
    let d = dir.path().join("d");
    run(dir.path(), "verify d --full").expect(0, &["d/train", "d/test"]);
    assert_eq!(problems(&d.join("test"), Rows::All), [""; 0]);
    let lies: [fn(&mut Manifest); 3] = [
        |m| m.part.as_mut().expect("a part").end_ns = Some(5),
        |m| m.part.as_mut().expect("a part").start_ns = None,
        |m| m.part.as_mut().expect("a part").index = 0,
    ];
    let undo = Undo::of(&d.join("test"));
    for lie in lies {
        seal(&d.join("test"), lie);
        let problems = problems(&d.join("test"), Rows::All);
        assert_eq!(problems.len(), 1, "{problems:?}");
        undo.undo();
    }
    change(&d.join("test/samples/00000.parquet"), |bytes| bytes[5_000] ^= 1);
    run(dir.path(), "verify d").expect(5, &["test/samples/00000.parquet", "1 problem"]);
    fs::remove_dir_all(d.join("test")).expect("it goes");
    run(dir.path(), "verify d").expect(5, &["d/test: this part of the split is missing"]);
}

#[test]
fn samples_of_another_seed_are_told() {
    for (format, output) in &FORMATS[..3] {
        let dir = folder(output);
        let [d, other] = ["d", "other"].map(|name| dir.path().join(name));
        let extension = if *format == "arrow" { "arrow" } else { "parquet" };
        let shard = format!("samples/00001.{extension}");
        fs::copy(other.join(&shard), d.join(&shard)).expect("a copy");
        found(&d, Rows::None, &[&shard]);
        seal(&d, |_| ());
        for rows in [Rows::All, ALL_BY_COUNT] {
            found(&d, rows, &[&shard, "sample 4096, ", "is stored"]);
        }
    }
}

#[test]
fn files_beside_the_samples_are_compared_with_recipe_and_bars() {
    for format in ["arrow", "npy", "virtual"] {
        let dir = folder(&format!("format = \"{format}\""));
        let d = dir.path().join("d");
        let undo = Undo::of(&d);
        let text = |name: &str, from: &str, to: &str| {
            let text = fs::read_to_string(d.join(name)).expect("text");
            assert!(text.contains(from), "{from} is in {text}");
            fs::write(d.join(name), text.replacen(from, to, 1)).expect("it is written");
        };

        text("scalers.json", "\"max\": ", "\"max\": 1");
        seal(&d, |_| ());
        found(&d, Rows::None, &["scalers.json", "scalers do not match the recipe"]);
        undo.undo();

        text("recipe.toml", "seed = 42", "seed = 43");
        found(&d, Rows::None, &["recipe.toml"]);
        seal(&d, |_| ());
        found(&d, Rows::None, &["recipe.toml", "digest"]);
        let recipe = fs::read_to_string(d.join("recipe.toml")).expect("a recipe");
        let recipe = Recipe::from_toml(&recipe, "recipe.toml").expect("a recipe");
        seal(&d, |m| m.recipe_digest = recipe.digest());
        found(&d, Rows::None, &["recipe.toml", "not the recipe of the manifest"]);
        // The manifest of another dataset, all in all: its samples are not these.
        seal(&d, |m| m.recipe = recipe.to_json());
        let told = if format == "virtual" { "content_digest" } else { "sample 0, " };
        found(&d, Rows::All, &[told]);
        undo.undo();

        // What the digest of a recipe leaves out.
        text("recipe.toml", "shard_rows = 4096", "shard_rows = 8192");
        seal(&d, |_| ());
        found(&d, Rows::None, &["recipe.toml"]);
        undo.undo();

        let close = Dataset::open(&d).expect("a dataset").market().expect("bars").close()[250];
        change(&d.join("bars.arrow"), |bytes| {
            let old = close.to_le_bytes();
            let at = bytes.windows(8).rposition(|at| at == old).expect("the close is in it");
            bytes[at..at + 8].copy_from_slice(&(close * (1.0 + 1e-9)).to_le_bytes());
        });
        seal(&d, |_| ());
        found(&d, Rows::None, &["bars.arrow", "not the market of the manifest"]);
        let market = Dataset::open(&d).expect("a dataset").market().expect("bars");
        seal(&d, |m| m.market = MarketRecord::new(&market, &m.market.dropped, m.market.widened));
        assert_eq!(problems(&d, Rows::None), [""; 0]);
        let told = if format == "virtual" { "content_digest" } else { "is stored" };
        found(&d, Rows::All, &[told]);
        undo.undo();
    }
}

/// Wrong values in a manifest, and the message for each.
type Lie = (&'static str, fn(&mut Manifest), &'static [&'static str]);

const LIES: [Lie; 17] = [
    (
        "content_digest",
        |m| m.content_digest = Some("xxh3-128:00000000000000000000000000000000".into()),
        &["manifest.json", "content_digest does not match the samples", "xxh3-128:"],
    ),
    (
        "summary",
        |m| m.summary.as_mut().expect("a summary").actions.hold += 1,
        &["manifest.json", "summary"],
    ),
    (
        "a quantile",
        |m| m.summary.as_mut().expect("a summary").rewards[0].p50 += 1e-12,
        &["manifest.json", "summary"],
    ),
    ("more samples", |m| m.samples += 1, &["manifest.json", "samples"]),
    ("fewer samples", |m| m.samples -= 5_000, &["manifest.json", "samples"]),
    ("positions", |m| m.positions += 1, &["manifest.json"]),
    ("a part", |m| m.part = parted(), &["recipe.toml", "no part x"]),
    ("the format", |m| m.format = "arrows".into(), &["manifest.json", "format"]),
    ("bars", |m| m.market.bars += 1, &["bars.arrow", "not the market"]),
    ("a symbol", |m| m.market.symbols[0].symbol = "ZZ".into(), &["bars.arrow", "not the market"]),
    ("a time", |m| m.market.last_ts += 1, &["bars.arrow", "not the market"]),
    ("no shards", |m| m.shards.clear(), &["manifest.json", "shards"]),
    ("no last shard", |m| drop(m.shards.pop()), &["manifest.json", "shards"]),
    ("a shard twice", |m| m.shards.insert(1, m.shards[0].clone()), &["manifest.json", "shards"]),
    ("swapped shards", |m| m.shards.swap(0, 1), &["manifest.json", "shards"]),
    ("rows of a shard", |m| m.shards[1].rows -= 1, &["manifest.json", "shards"]),
    ("no bars", |m| m.files.retain(|f| f.name != "bars.arrow"), &["manifest.json", "bars.arrow"]),
];

fn parted() -> Option<barloom_dataset::PartRecord> {
    let name = "x".to_owned();
    Some(barloom_dataset::PartRecord { index: 0, name, start_ns: None, end_ns: None, fold: None })
}

#[test]
fn what_a_manifest_says_wrongly_is_told() {
    for (format, output) in FORMATS {
        let dir = folder(output);
        let d = dir.path().join("d");
        let undo = Undo::of(&d);
        for (what, lie, told) in LIES {
            if format == "virtual" && what.contains("shard") {
                continue;
            }
            seal(&d, lie);
            let problems = problems(&d, Rows::All);
            let [problem] = &problems[..] else { panic!("{format}: {what}: found {problems:?}") };
            assert!(told.iter().all(|part| problem.contains(part)), "{format}, {what}: {problem}");
            undo.undo();
        }
        seal(&d, |m| m.format_version = 3);
        let newer = [
            "manifest.json",
            "format version 3 is newer",
            "up to version 2",
            "use a newer barloom",
        ];
        found(&d, Rows::All, &newer);
        run(dir.path(), "verify d").expect(5, &newer);
        run(dir.path(), "inspect d").expect(3, &newer);
    }
}

/// Samples from before a touch to the tick counted: verify does not call them damaged.
#[test]
fn an_older_dataset_is_called_old() {
    let old = ["old, not damaged", "semantics 1", "build --config d/recipe.toml"];
    for (format, output) in [FORMATS[0], FORMATS[4]] {
        let dir = folder(output);
        let d = dir.path().join("d");
        make_old(&d);
        for command in ["verify d", "verify d --rows 0", "verify d --full"] {
            let told = run(dir.path(), command).expect(3, &old);
            assert!(!told.said.contains("WRONG"), "{format}: {command}: {}", told.said);
        }
        let shown = run(dir.path(), "inspect d").expect(0, &old);
        assert!(shown.said.contains("written by   barloom 0.1.0, semantics 1"), "{}", shown.said);
        // Stored samples can be read; those of a virtual dataset would be others.
        let code = if format == "virtual" { 3 } else { 0 };
        run(dir.path(), "inspect d --sample 7").expect(code, &[]);
        run(dir.path(), "build --config r.toml --digest --out d --resume")
            .expect(2, &["semantics is 1 there and 2 here"]);
        // What is damaged is told first.
        change(&d.join("bars.arrow"), |bytes| bytes[100] ^= 1);
        run(dir.path(), "verify d").expect(5, &["bars.arrow"]);
        // What the message says to do, does it.
        change(&d.join("bars.arrow"), |bytes| bytes[100] ^= 1);
        run(&d, "build --config recipe.toml --out ../new").expect(0, &[]);
        run(dir.path(), "verify new").expect(0, &[]);
    }
}

/// Both versions of the semantics are the same where no barrier ends a trade.
#[test]
fn an_older_dataset_without_barriers_is_verified() {
    for reward in ["barriers = \"ignore\"", "formulas = \"frel-v1\""] {
        let dir = folder(&format!("{}\n[reward]\n{reward}", FORMATS[0].1));
        make_old(&dir.path().join("d"));
        run(dir.path(), "verify d --full").expect(0, &["right to the bit"]);
    }
}

#[test]
fn a_dataset_of_later_semantics_asks_for_a_newer_barloom() {
    let dir = folder(FORMATS[4].1);
    let d = dir.path().join("d");
    seal(&d, |m| m.semantics = 3);
    run(dir.path(), "verify d").expect(3, &["semantics 3", "up to 2", "newer barloom"]);
    seal(&d, |m| m.semantics = 0);
    run(dir.path(), "verify d").expect(5, &["semantics 0"]);
}

#[test]
fn a_dataset_of_format_1_says_how_it_is_built_again() {
    let dir = folder(FORMATS[0].1);
    let d = dir.path().join("d");
    seal(&d, |m| m.format_version = 1);
    let told = run(dir.path(), "verify d").expect(3, &["format 1", "old, not damaged"]).said;
    let command = told.split('`').nth(1).expect("a command in backticks");
    let args = command.strip_prefix("barloom ").expect("a command of barloom");
    run(dir.path(), &args.replace("NEW", "again")).expect(0, &[]);
    run(dir.path(), "verify again").expect(0, &[]);
    // It is a dataset all the same: another may take its place.
    let args = args.replace("NEW", "d") + " --overwrite --resume";
    run(dir.path(), &args).expect(0, &[]);
    run(dir.path(), "verify d").expect(0, &[]);
}

#[test]
fn files_that_are_cut_or_gone_are_named() {
    for (format, output) in &FORMATS[..4] {
        let dir = folder(output);
        let d = dir.path().join("d");
        let undo = Undo::of(&d);
        let shards = files(&d).into_keys().filter(|name| name.contains("/00001."));
        let shards: Vec<String> = shards.collect();
        assert_eq!(shards.len(), if *format == "npy" { 23 } else { 1 });
        for name in shards.iter().map(|name| &**name).chain(["bars.arrow", "scalers.json"]) {
            let path = d.join(name);
            for cut in [2, 900] {
                change(&path, |bytes| bytes.truncate(bytes.len().saturating_sub(cut)));
                found(&d, Rows::None, &[name, "bytes, and"]);
                // As if it had been written so.
                seal(&d, |_| ());
                found(&d, Rows::All, &[name]);
                undo.undo();
            }
            fs::remove_file(&path).expect("it goes");
            found(&d, Rows::None, &[name, "it is not there"]);
            undo.undo();
        }
        run(dir.path(), "verify d").expect(0, &["right to the bit"]);
        fs::remove_file(d.join("recipe.toml")).expect("it goes");
        run(dir.path(), "verify d").expect(5, &["recipe.toml"]);
    }
}
