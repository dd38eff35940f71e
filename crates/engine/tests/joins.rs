//! Slower series from files to features, stored with the bars, and what is refused.

use std::fmt::Write;
use std::fs;
use std::path::Path;

use barloom_engine::{
    BackendChoice, Dataset, Error, ErrorKind, FeatureTable, Job, Loaded, Source, Watch, load,
    read_bars, read_files, read_options,
};
use barloom_recipe::Recipe;

const HOUR: i64 = 3_600;
const START: i64 = 1_700_002_800;

/// Hourly bars.
fn bars(count: i64) -> String {
    let mut text = String::from("time,open,high,low,close\n");
    for bar in 0..count {
        let price = 100 + bar % 7;
        writeln!(text, "{},{price},{},{},{price}", START + HOUR * bar, price + 1, price - 1)
            .unwrap();
    }
    text
}

/// A folder with bars of two symbols, `A.csv` and `B.csv`.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for name in ["A.csv", "B.csv"] {
        fs::write(folder.path().join(name), bars(60)).unwrap();
    }
    folder
}

/// A recipe of the bars in a folder, with a join of `slow.csv` there.
fn recipe(folder: &Path, join: &str) -> Recipe {
    let shown = folder.display();
    let text = format!(
        "[data]\nbars = [\"{shown}/A.csv\", \"{shown}/B.csv\"]\nchannels = [\"close\", \"x\"]\n\
         [[data.join]]\nname = \"slow\"\nfiles = \"{shown}/slow.csv\"\ntime = \"ts\"\n{join}\
         [features]\nx = \"join.slow.rate * 2\"\n[scaling]\nx = \"none\"\n\
         [dataset]\nsamples = 20\nlookback = 4\nforward = 2\n"
    );
    Recipe::from_toml(&text, "test").unwrap_or_else(|error| panic!("{error}\n{text}"))
}

fn loaded(recipe: &Recipe) -> Result<Loaded, Error> {
    load(recipe, read_bars(recipe, None, &Watch::default())?)
}

/// The values of a column for each symbol.
fn column(loaded: &Loaded, name: &str) -> [Vec<f64>; 2] {
    let values = loaded.market.column(name).unwrap_or_else(|| panic!("there is no {name}"));
    let spans = loaded.market.series();
    [0, 1].map(|place| values[spans[place].start..spans[place].end].to_vec())
}

#[test]
fn bars_take_the_last_record_known_before_their_close() {
    let folder = folder();
    // Known 30 minutes after the first open, as the third bar closes, and twice at one time.
    let times = [HOUR / 2, 3 * HOUR, 10 * HOUR, 10 * HOUR].map(|after| START + after);
    let rows = times.iter().zip([1, 2, 3, 4]).map(|(ts, rate)| format!("{ts},{rate},note\n"));
    fs::write(
        folder.path().join("slow.csv"),
        "ts,rate,text\n".to_owned() + &rows.collect::<String>(),
    )
    .unwrap();
    let [a, b] = column(&loaded(&recipe(folder.path(), "")).unwrap(), "x");
    assert_eq!(a[..5], [2.0, 2.0, 2.0, 4.0, 4.0], "at its close the third bar does not know it");
    assert_eq!((a[9], a[10], a[59], &a), (4.0, 8.0, 8.0, &b));
    let [at, _] = column(&loaded(&recipe(folder.path(), "ties = \"at\"\n")).unwrap(), "x");
    assert_eq!(at[..4], [2.0, 2.0, 4.0, 4.0]);
    let aged = "delay = \"1h\"\nmax_age = \"2h\"\n";
    let [aged, _] = column(&loaded(&recipe(folder.path(), aged)).unwrap(), "x");
    let missing: Vec<bool> = aged[..14].iter().map(|x| x.is_nan()).collect();
    let none = [0, 3, 6, 7, 8, 9, 10, 13];
    assert_eq!(missing, (0..14).map(|bar| none.contains(&bar)).collect::<Vec<_>>());
}

#[test]
fn a_dataset_has_the_values_and_needs_no_file() {
    let folder = folder();
    let slow = folder.path().join("slow.csv");
    fs::write(&slow, format!("ts,rate\n{},1\n{},2\n", START, START + 20 * HOUR)).unwrap();
    let recipe = recipe(folder.path(), "");
    let built = loaded(&recipe).unwrap();
    let out = folder.path().join("out");
    let job = Job { backend: BackendChoice::Cpu, ..Job::new(&out) };
    job.prepare(&built).unwrap().run(&Watch::default()).unwrap();
    fs::remove_file(slow).unwrap();
    let dataset = Dataset::open(&out).unwrap();
    let text = fs::read_to_string(out.join("recipe.toml")).unwrap();
    assert!(text.contains("name = \"slow\"") && !text.contains("slow.csv"), "{text}");
    assert_eq!(dataset.market().unwrap().column("x"), built.market.column("x"));
    // Other features of the stored bars take the values that are there.
    let mut again = recipe.clone();
    again.data.bars = vec![out.join("bars.arrow").to_string_lossy().into_owned()];
    again.data.join[0].files.clear();
    again.features.features[0].1 = "join.slow.rate * 3".into();
    let again = loaded(&again).unwrap();
    let by_three = column(&again, "x")[0][0];
    assert_eq!((by_three, column(&built, "x")[0][0]), (3.0, 2.0));
    let error = loaded(&Recipe {
        features: recipe.features.clone(),
        data: barloom_recipe::DataSettings {
            join: built.recipe.data.join.clone(),
            ..recipe.data.clone()
        },
        ..recipe.clone()
    });
    let error = error.unwrap_err().message();
    assert!(error.contains("the join slow has no files"), "{error}");
}

#[test]
fn symbols_have_records_of_their_own() {
    let folder = folder();
    let write = |text: String| fs::write(folder.path().join("slow.csv"), text).unwrap();
    write(format!("ts,symbol,rate\n{START},A,1\n{START},B,5\n"));
    let by = "by = \"symbol\"\n";
    let [a, b] = column(&loaded(&recipe(folder.path(), by)).unwrap(), "x");
    assert_eq!((a[0], b[0]), (2.0, 10.0));
    write(format!("ts,symbol,rate\n{START},A,1\n{START},C,5\n"));
    let error = loaded(&recipe(folder.path(), by)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Data);
    let message = error.message();
    for part in
        ["the join slow", "slow.csv", "no records of B", "those of A, C", "missing = \"allow\""]
    {
        assert!(message.contains(part), "{part:?} is not in {message:?}");
    }
    let allowed = loaded(&recipe(folder.path(), &format!("{by}missing = \"allow\"\n"))).unwrap();
    assert!(column(&allowed, "x")[1].iter().all(|x| x.is_nan()));
    let note = "the join slow has no records of B";
    assert!(allowed.notes.iter().any(|known| known == note), "{:?}", allowed.notes);
}

#[test]
fn wrong_joins_are_told() {
    let folder = folder();
    let slow = folder.path().join("slow.csv");
    let good = format!("ts,rate\n{START},1\n");
    for (text, says) in [
        (
            format!("time,rate\n{START},1\n"),
            &["`time` names is not there", "found: time, rate"][..],
        ),
        (format!("ts,other\n{START},1\n"), &["no column rate of numbers; those are other"]),
        (format!("ts,rate\n{START},high\n"), &["line 2", "column rate", "\"high\""]),
        (format!("ts,symbol,rate\n{START},A,1\n{START},B,1\n"), &["set by = \"symbol\""]),
        (format!("ts,rate\n{START},1\n,2\n"), &["line 3", "no time"]),
    ] {
        fs::write(&slow, text).unwrap();
        let error = loaded(&recipe(folder.path(), "")).unwrap_err();
        let message = error.message();
        for part in ["the join slow: ", "slow.csv"].iter().chain(says) {
            assert!(message.contains(part), "{part:?} is not in {message:?}");
        }
        assert_eq!(error.kind(), ErrorKind::Data, "{message}");
    }
    fs::remove_file(&slow).unwrap();
    let error = loaded(&recipe(folder.path(), "")).unwrap_err();
    assert!(error.message().contains("the join slow: "), "{}", error.message());
    assert_eq!(error.kind(), ErrorKind::Io);
    // What no feature uses is not read, and told.
    fs::write(&slow, &good).unwrap();
    let more = "[[data.join]]\nname = \"other\"\nfiles = \"nothing.csv\"\ntime = \"ts\"\n";
    let loaded = loaded(&recipe(folder.path(), more)).unwrap();
    assert!(
        loaded.notes.iter().any(|note| note.contains("uses the join other")),
        "{:?}",
        loaded.notes
    );
}

#[test]
fn a_table_of_features_has_joins_too() {
    let folder = folder();
    fs::write(folder.path().join("slow.csv"), format!("ts,rate\n{START},1\n")).unwrap();
    let recipe = recipe(folder.path(), "");
    let mut options = read_options(&recipe);
    options.columns = Some(FeatureTable::columns(&recipe).unwrap());
    let bars = read_files(&recipe.data.bars, &options).unwrap();
    let table = FeatureTable::new(&recipe, bars).unwrap();
    assert_eq!((table.rows(), &table.names[..]), (120, &["x".to_owned()][..]));
    let stored = Source::Bars(read_files(&recipe.data.bars, &options).unwrap());
    assert_eq!(column(&load(&recipe, stored).unwrap(), "x")[0], [2.0; 60]);
}
