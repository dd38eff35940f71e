//! Columns that labels, weights and conditions need beside those of samples: loaded, stored with
//! the bars, read back.

use std::fmt::Write;
use std::fs;
use std::path::Path;

use barloom_engine::{BackendChoice, Job, Loaded, Source, Verification, Watch, load, read_bars};
use barloom_recipe::Recipe;

/// Hourly bars with a column of sides and one of weights.
fn bars(from: i64) -> String {
    let mut text = String::from("time,open,high,low,close,Primary Side,w\n");
    for bar in 0..80_i64 {
        let price = 100 + (bar * 7 + from) % 11;
        let (ts, high, low) = (1_700_002_800 + 3_600 * bar, price + 1, price - 1);
        let (side, weight) = (bar % 3 - 1, 1 + bar % 2);
        writeln!(text, "{ts},{price},{high},{low},{},{side},{weight}", price + bar % 2).unwrap();
    }
    text
}

const PLAIN: &str = "channels = [\"ret\", \"close\"]\n\
     [features]\nret = \"log(close / lag(close, 1))\"\nscale = \"std(ret, 5)\"\nof = \"mean(ret, 3)\"\n\
     met = \"close > open\"\nheavy = \"abs(ret)\"\n\
     [scaling]\nret = \"none\"\n\
     [dataset]\nsamples = 20\nlookback = 4\nforward = 2\n";

const LABELS: &str = "where = \"close > open\"\n\
     [weights]\nkind = [\"column:w\", \"column:heavy\"]\n\
     [[label]]\nname = \"tb\"\nkind = \"triple_barrier\"\nhorizon = 3\nup = 2\ndown = 1\n\
     scale = \"std(ret, 5)\"\nside = \"Primary Side\"\n\
     [[label]]\nname = \"phase\"\nkind = \"expression\"\nof = \"mean(ret, 3)\"\n\
     [[label]]\nname = \"vol\"\nkind = \"expression\"\nof = \"scale\"\n";

fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("A.csv"), bars(0)).unwrap();
    fs::write(folder.path().join("B.csv"), bars(5)).unwrap();
    folder
}

fn recipe(folder: &Path, more: &str) -> Recipe {
    let shown = folder.display();
    let text = format!("[data]\nbars = [\"{shown}/A.csv\", \"{shown}/B.csv\"]\n{PLAIN}{more}");
    Recipe::from_toml(&text, "test").unwrap_or_else(|error| panic!("{error}\n{text}"))
}

fn loaded(recipe: &Recipe) -> Loaded {
    load(recipe, read_bars(recipe, None, &Watch::default()).unwrap()).unwrap()
}

fn bits(loaded: &Loaded, name: &str) -> Vec<u64> {
    let column = loaded.market.column(name).unwrap_or_else(|| panic!("there is no {name}"));
    // Missing values are equal.
    column.iter().map(|x| if x.is_nan() { u64::MAX } else { x.to_bits() }).collect()
}

/// The hidden features, each with an expression of the same values.
const HIDDEN: [(&str, &str); 4] = [
    ("label.tb.scale", "scale"),
    ("label.phase.of", "of"),
    ("label.vol.of", "scale"),
    ("dataset.where", "met"),
];

#[test]
fn hidden_features_are_columns_of_the_market_and_of_no_sample() {
    let folder = folder();
    let mut shown = recipe(folder.path(), "");
    let all = ["scale", "of", "met", "heavy", "w", "Primary Side"];
    shown.data.snapshot = all.map(str::to_owned).to_vec();
    for name in all {
        let none = Recipe::from_toml("[scaling]\nprice = \"none\"\n", "r").unwrap();
        shown.scaling.channels.insert(name.to_owned(), none.scaling.price.unwrap().into());
    }
    let plain = loaded(&recipe(folder.path(), ""));
    let (shown, hidden) = (loaded(&shown), loaded(&recipe(folder.path(), LABELS)));
    for (name, visible) in HIDDEN {
        assert!(bits(&hidden, name).iter().any(|bits| *bits != u64::MAX), "{name}");
        assert_eq!(bits(&hidden, name), bits(&shown, visible), "{name}");
        assert!(plain.market.column(name).is_none(), "{name}");
    }
    // Columns of bars have the names that the bars have.
    assert_eq!(hidden.recipe.labels[0].side(), Some("primary_side"));
    for name in ["primary_side", "w", "heavy"] {
        assert_eq!(bits(&hidden, name), bits(&shown, name), "{name}");
    }
    assert_eq!(hidden.recipe.data.columns(), plain.recipe.data.columns());
    assert_eq!(hidden.market.segments(), plain.market.segments(), "they bar no row");
    let record = hidden.features.as_ref().unwrap();
    assert!(record.functions_version.is_some());
    assert!(record.lost.contains_key("label.tb.scale") && record.lost.contains_key("heavy"));
    // A recipe without labels is as it was.
    let names = plain.features.unwrap().lost;
    assert_eq!(names.keys().collect::<Vec<_>>(), ["ret"]);
}

#[test]
fn stored_bars_have_the_hidden_features() {
    let folder = folder();
    let first = loaded(&recipe(folder.path(), LABELS));
    let path = folder.path().join("bars.arrow");
    let mut bytes = Vec::new();
    barloom_market_data::write_market(&mut bytes, &first.market).unwrap();
    fs::write(&path, &bytes).unwrap();

    // As they are stored, for the processes of a loader.
    let again = Loaded::of_stored(&first.recipe, bytes).unwrap();
    assert_eq!(again.recipe, first.recipe);
    let columns = |loaded: &Loaded| -> Vec<String> {
        loaded.market.columns().iter().map(|column| column.name.clone()).collect()
    };
    for name in columns(&first) {
        assert_eq!(bits(&again, &name), bits(&first, &name), "{name}");
    }

    // As the bars of another recipe, which computes its own.
    let mut other = first.recipe.clone();
    other.data.bars = vec![path.display().to_string()];
    let source = read_bars(&other, None, &Watch::default()).unwrap();
    assert!(matches!(source, Source::Stored(..)));
    let same = load(&other, source).unwrap();
    for (name, _) in HIDDEN {
        assert_eq!(bits(&same, name), bits(&first, name), "{name}");
    }
    let expression = |of: &str| format!("kind = \"expression\"\nof = \"{of}\"");
    let text = other.to_toml();
    assert!(text.contains(&expression("mean(ret, 3)")), "{text}");
    let text = text.replace(&expression("mean(ret, 3)"), &expression("mean(ret, 4)"));
    let other = loaded(&Recipe::from_toml(&text, "other").unwrap());
    assert_ne!(bits(&other, "label.phase.of"), bits(&first, "label.phase.of"));
    assert_eq!(bits(&other, "label.tb.scale"), bits(&first, "label.tb.scale"));
}

#[test]
fn what_labels_name_is_missing() {
    let folder = folder();
    for (from, to, says) in [
        ("column:w\"", "column:v\"", "v"),
        ("Primary Side", "Secondary", "Secondary"),
        ("mean(ret, 3)\"\n[[", "mean(rat, 3)\"\n[[", "label.phase.of"),
        ("where = \"close > open\"", "where = \"close > opan\"", "dataset.where"),
    ] {
        let text = LABELS.replace(from, to);
        assert_ne!(text, LABELS);
        let recipe = recipe(folder.path(), &text);
        let bars = read_bars(&recipe, None, &Watch::default());
        let error = bars.and_then(|source| load(&recipe, source)).unwrap_err().to_string();
        assert!(error.contains(says), "{error}");
    }
}

#[test]
fn a_verification_computes_them_again() {
    let folder = folder();
    let built = loaded(&recipe(folder.path(), LABELS));
    let out = folder.path().join("out");
    let job = Job { backend: BackendChoice::Cpu, ..Job::new(&out) };
    job.prepare(&built).unwrap().run(&Watch::default()).unwrap();
    let verification = Verification { backend: BackendChoice::Cpu, ..Verification::new(&out) };
    let verified = verification.run(&Watch::default()).unwrap().remove(0).1;
    assert!(verified.problems.is_empty(), "{:?}", verified.problems);
    let features = verified.features.unwrap();
    assert_eq!((features.compared, features.skipped.len()), (6, 0), "ret, heavy and four hidden");
}
