//! Texts of symbols from a file: groups of functions across symbols.

use std::fmt::Write;
use std::fs;
use std::path::Path;

use barloom_engine::{BackendChoice, Dataset, Error, Job, Loaded, Watch, load, read_bars};
use barloom_recipe::Recipe;

/// A folder with hourly bars of four symbols whose closes are 101, 102, 103 and 104.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (symbol, price) in ["A", "B", "C", "D"].iter().zip(101..) {
        let mut text = String::from("time,open,high,low,close\n");
        for bar in 0..60 {
            let time = 1_700_002_800 + 3_600 * bar;
            writeln!(text, "{time},{price},{price},{price},{price}").unwrap();
        }
        fs::write(folder.path().join(format!("{symbol}.csv")), text).unwrap();
    }
    folder
}

fn recipe(folder: &Path, feature: &str) -> Recipe {
    let shown = folder.display();
    let text = format!(
        "[data]\nbars = \"{shown}/?.csv\"\nattributes = \"{shown}/sectors.csv\"\n\
         channels = [\"close\", \"x\"]\n[features]\nx = \"{feature}\"\n[scaling]\nx = \"none\"\n\
         [dataset]\nsamples = 20\nlookback = 4\nforward = 2\n"
    );
    Recipe::from_toml(&text, "test").unwrap_or_else(|error| panic!("{error}\n{text}"))
}

fn loaded(recipe: &Recipe) -> Result<Loaded, Error> {
    load(recipe, read_bars(recipe, None, &Watch::default())?)
}

#[test]
fn symbols_are_compared_within_their_group() {
    let folder = folder();
    let sectors = "Symbol;Sector;Land\nA;tech;x\nB;oil;x\nC;tech;y\nD; oil ;\n";
    fs::write(folder.path().join("sectors.csv"), sectors).unwrap();
    let first = |feature: &str| -> Vec<f64> {
        let loaded = loaded(&recipe(folder.path(), feature)).unwrap();
        let values = loaded.market.column("x").unwrap();
        loaded.market.series().iter().map(|span| values[span.start]).collect()
    };
    assert_eq!(first("cs_demean(close, by=sector)"), [-1.0, -1.0, 1.0, 1.0]);
    assert_eq!(first("cs_rank(close)"), [0.25, 0.5, 0.75, 1.0]);
    let land = first("cs_demean(close, by='land')");
    assert_eq!(land[..2], [-0.5, 0.5]);
    assert!(land[2..].iter().all(|x| x.is_nan()), "one alone, and one without a text");
}

#[test]
fn a_dataset_needs_no_file_of_attributes() {
    let folder = folder();
    let path = folder.path().join("sectors.csv");
    fs::write(&path, "symbol,sector\nA,t\nB,o\nC,t\n").unwrap();
    let built = loaded(&recipe(folder.path(), "cs_demean(close, by=sector)")).unwrap();
    assert!(built.notes.iter().any(|note| note.contains("has nothing of D")), "{:?}", built.notes);
    let out = folder.path().join("out");
    let job = Job { backend: BackendChoice::Cpu, ..Job::new(&out) };
    job.prepare(&built).unwrap().run(&Watch::default()).unwrap();
    fs::remove_file(&path).unwrap();
    let dataset = Dataset::open(&out).unwrap();
    assert_eq!(
        dataset.market().unwrap().column("x").unwrap()[..60],
        built.market.column("x").unwrap()[..60]
    );
    let text = fs::read_to_string(out.join("recipe.toml")).unwrap();
    assert!(text.contains("by=sector") && !text.contains("sectors.csv"), "{text}");
}

#[test]
fn wrong_attributes_are_told() {
    let folder = folder();
    let path = folder.path().join("sectors.csv");
    let by = "cs_rank(close, by=sector)";
    for (text, says) in [
        ("name,sector\nA,t\n", &["sectors.csv: it has no column symbol", "name, sector"][..]),
        ("symbol\nA\n", &["no column beside symbol"]),
        ("symbol,sector\nA,t\nA,o\n", &["symbol A is there twice with different texts"]),
        ("symbol,sector\nA\n", &["sectors.csv"]),
        ("symbol,sectors\nA,t\n", &["no attribute `sector`", "did you mean `sectors`?"]),
    ] {
        fs::write(&path, text).unwrap();
        let error = loaded(&recipe(folder.path(), by)).unwrap_err().message();
        for part in says {
            assert!(error.contains(part), "{part:?} is not in {error:?}");
        }
    }
    fs::remove_file(&path).unwrap();
    let error = loaded(&recipe(folder.path(), by)).unwrap_err().message();
    assert!(error.contains("sectors.csv: can't read"), "{error}");
    let mut none = recipe(folder.path(), by);
    none.data.attributes = None;
    let error = loaded(&none).unwrap_err().message();
    assert!(error.contains("as `attributes` under [data]"), "{error}");
    let unused = loaded(&recipe(folder.path(), "close / 2")).unwrap();
    assert!(unused.notes.iter().any(|note| note.contains("was not read")), "{:?}", unused.notes);
}
