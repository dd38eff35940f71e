//! The account of features: lost bars, advice, room and verification.

use std::fmt::Write;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use barloom_bars::{Market, MarketColumn};
use barloom_engine::{
    BackendChoice, Dataset, Error, ErrorKind, FeaturesVerified, Inspection, Job, Loaded, LostBars,
    Source, Verification, Verified, Watch, load, lost_bars, read_bars, read_options,
};
use barloom_features::FUNCTIONS_VERSION;
use barloom_market_data::read_bytes;
use barloom_recipe::Recipe;

/// Hourly bars in segments of these lengths, with ten days between them.
fn csv(segments: &[i64]) -> String {
    let mut text = String::from("time,open,high,low,close,volume\n");
    let (mut time, mut bar) = (1_700_002_800, 0);
    for bars in segments {
        for _ in 0..*bars {
            let price = 100 + bar * 7_919 % 97;
            writeln!(text, "{time},{price},{},{},{price},{bar}", price + 1, price - 1).unwrap();
            (time, bar) = (time + 3_600, bar + 1);
        }
        time += 10 * 86_400;
    }
    text
}

/// A recipe with features of which samples hold those in `channels`.
fn recipe(channels: &[&str], features: &str, more: &str) -> Recipe {
    let scaling: String = channels.iter().map(|name| format!("{name} = \"none\"\n")).collect();
    let text = format!(
        "dataset = {{ samples = 50, lookback = 8, forward = 4 }}\n[data]\n\
         channels = {channels:?}\n{more}\n[scaling]\n{scaling}\n[features]\n{features}\n"
    );
    Recipe::from_toml(&text, "test").unwrap_or_else(|error| panic!("{error}\n{text}"))
}

fn loaded(recipe: &Recipe, csv: &str) -> Result<Loaded, Error> {
    let bars = read_bytes("ACME.csv", csv.as_bytes(), &read_options(recipe)).unwrap();
    load(recipe, Source::Bars(bars))
}

fn build(loaded: &Loaded, out: &Path) {
    let job = Job { backend: BackendChoice::Cpu, ..Job::new(out) };
    job.prepare(loaded).unwrap().run(&Watch::default()).unwrap();
}

const THREE: &str = "early = \"lag(close, 5)\"\n\
                     holes = \"log(lag(volume - 150, 1) + 100)\"\n\
                     whole = \"close * 2\"\nunused = \"lag(close, 50)\"";

#[test]
fn lost_bars_are_counted_by_feature() {
    let channels = ["close", "early", "holes", "whole"];
    let lost = |loaded: &Loaded| {
        let features = loaded.features.clone().unwrap();
        assert_eq!(features.bars, 200);
        let names: Vec<&str> = features.lost.keys().map(String::as_str).collect();
        assert_eq!(names, ["early", "holes", "whole"], "those that samples hold");
        features.lost.into_values().map(|l| [l.warm_up, l.other]).collect::<Vec<_>>()
    };
    // The logarithm has no value up to a volume of 50, which is one row before; lag has none for
    // the first row of a segment.
    let segments = loaded(&recipe(&channels, THREE, ""), &csv(&[40, 160])).unwrap();
    assert_eq!(lost(&segments), [[10, 0], [40 + 12, 0], [0, 0]]);
    let more = "feature_history = \"series\"";
    let series = loaded(&recipe(&channels, THREE, more), &csv(&[40, 160])).unwrap();
    assert_eq!(lost(&series), [[5, 0], [52, 0], [0, 0]]);
    let holes = THREE.replace("volume - 150, 1) + 100", "abs(volume - 150), 1) - 20");
    let holed = loaded(&recipe(&channels, &holes, ""), &csv(&[40, 160])).unwrap();
    assert_eq!(lost(&holed)[1], [2, 41], "volumes of 130 to 170 are between others");
    let note = "bars without a value: holes 43 (2 warm-up), early 10 (10 warm-up) of 200";
    assert_eq!(holed.notes, [note]);
}

#[test]
fn the_manifest_has_the_lost_bars() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out");
    let channels = ["close", "early", "whole"];
    let made = loaded(&recipe(&channels, THREE, ""), &csv(&[40, 160])).unwrap();
    build(&made, &out);
    let manifest = Dataset::open(&out).unwrap().manifest().clone();
    let features = manifest.features.unwrap();
    assert_eq!(features.lost["early"], LostBars { warm_up: 10, other: 0 });
    assert_eq!(features.lost["whole"].bars(), 0);
    let inspected = Inspection::of(&out).unwrap().manifests.remove(0).features;
    assert_eq!(inspected.as_ref().and_then(lost_bars).unwrap(), "early 10 (10 warm-up) of 200");
    // Built again of its own bars it is the same, and without features there is no field.
    let (mut again, other) = (made.recipe.clone(), folder.path().join("again"));
    again.data.bars = vec![out.join("bars.arrow").to_string_lossy().into_owned()];
    let stored = read_bars(&again, None, &Watch::default()).unwrap();
    build(&load(&again, stored).unwrap(), &other);
    let text = |dir: &Path| fs::read_to_string(dir.join("manifest.json")).unwrap();
    assert_eq!(text(&out), text(&other));
    let plain = folder.path().join("plain");
    build(&loaded(&recipe(&["close"], THREE, ""), &csv(&[200])).unwrap(), &plain);
    assert!(!text(&plain).contains("\"warm_up\""), "{}", text(&plain));
}

/// Asserts that a build of these bars fails, and that the settings it names leave samples.
fn advised(feature: &str, segments: &[i64], helping: &[&str]) {
    let (series, defined) = ("feature_history = \"series\"", "feature_warmup = \"defined\"");
    let features = format!("x = \"{feature}\"");
    let of =
        |more: &str| loaded(&recipe(&["close", "x"], &features, more), &csv(segments)).unwrap();
    let error = of("").sets().unwrap_err();
    let told = error.message();
    assert_eq!(error.kind(), ErrorKind::Data, "{told}");
    assert!(told.contains("x is missing most often"), "{told}");
    assert_eq!(of("").plan(None).unwrap_err().message(), told);
    let both = format!("{series}\n{defined}");
    for (way, more) in [("series", series), ("defined", defined), ("together", &both)] {
        let helps = helping.contains(&way);
        assert_eq!(of(more).sets().is_ok(), helps || helping == ["series", "defined"], "{way}");
    }
    let words = match helping {
        ["series", "defined"] => {
            format!(". With data.{series}, or with data.{defined}, samples are left")
        }
        ["series", "together"] => format!(". With data.{series} samples are left"),
        ["defined", "together"] => format!(". With data.{defined} samples are left"),
        ["together"] => {
            format!(". With data.{series} and data.{defined} together samples are left")
        }
        _ => "or more bars".to_owned(),
    };
    assert!(told.ends_with(&words), "{told}");
}

#[test]
fn settings_that_leave_samples_are_advised() {
    advised("ema(close, 20)", &[60; 10], &["series", "defined"]);
    advised("lag(close, 70)", &[60; 10], &["series", "together"]);
    advised("ema(close, 20)", &[120], &["defined", "together"]);
    advised("lag(ema(close, 20), 50)", &[60; 3], &["together"]);
    advised("lag(close, 500)", &[60; 3], &[]);
}

#[test]
fn stored_features_stay_as_they_are_so_nothing_is_advised() {
    let mut recipe = recipe(&["close", "early"], THREE, "");
    let made = loaded(&recipe, &csv(&[40, 40])).unwrap();
    assert_eq!(made.features.as_ref().unwrap().functions_version, Some(FUNCTIONS_VERSION));
    let bars = made.sets().unwrap()[0].stored_bars().unwrap();
    recipe.dataset.lookback = 34;
    let fresh = loaded(&recipe, &csv(&[40, 40])).unwrap().sets().unwrap_err().message();
    assert!(fresh.contains("early is missing most often"), "{fresh}");
    assert!(fresh.contains("With data.feature_history = \"series\""), "{fresh}");
    let stored = Loaded::of_stored(&recipe, bars).unwrap();
    assert_eq!(stored.features.as_ref().unwrap().functions_version, None);
    let told = stored.sets().unwrap_err().message();
    assert!(told.contains("early is missing most often") && !told.contains("With"), "{told}");
}

fn verified(path: &Path) -> Verified {
    let verification = Verification { backend: BackendChoice::Cpu, ..Verification::new(path) };
    verification.run(&Watch::default()).unwrap().remove(0).1
}

/// The market with another value in one row of a column.
fn changed(market: &Market, name: &str, row: usize, value: f64) -> Arc<Market> {
    let mut values = market.column(name).unwrap().to_vec();
    values[row] = value;
    let columns = vec![MarketColumn { name: name.to_owned(), values: values.into() }];
    Arc::new(market.clone().without(|column| column == name).with_columns(columns).unwrap())
}

#[test]
fn verify_computes_features_again() {
    let folder = tempfile::tempdir().unwrap();
    let made =
        || loaded(&recipe(&["close", "early", "whole"], THREE, ""), &csv(&[40, 160])).unwrap();
    let (right, wrong) = (folder.path().join("right"), folder.path().join("wrong"));
    build(&made(), &right);
    let found = verified(&right);
    assert!(found.problems.is_empty(), "{:?}", found.problems);
    let all = FeaturesVerified { compared: 2, skipped: Vec::new(), because: None };
    assert_eq!(found.features, Some(all));
    // A dataset that is right but for one value of a feature.
    let mut other = made();
    let value = other.market.column("early").unwrap()[77];
    other.market = changed(&other.market, "early", 77, f64::from_bits(value.to_bits() + 1));
    build(&other, &wrong);
    let found = verified(&wrong);
    let [problem] = &found.problems[..] else { panic!("{:?}", found.problems) };
    let problem = problem.to_string();
    for part in ["bars.arrow", "the feature early is ", " in bar 77 of ACME, and the bars give "] {
        assert!(problem.contains(part), "{problem}");
    }
    // Built again of these bars, it is right.
    let mut again = other.recipe.clone();
    again.data.bars = vec![wrong.join("bars.arrow").to_string_lossy().into_owned()];
    let out = folder.path().join("again");
    let stored = read_bars(&again, None, &Watch::default()).unwrap();
    build(&load(&again, stored).unwrap(), &out);
    assert!(verified(&out).problems.is_empty());
    let manifests = [&right, &out].map(|dir| Dataset::open(dir).unwrap().manifest().clone());
    assert_eq!(manifests[0], manifests[1]);
}

#[test]
fn features_of_another_version_or_of_more_than_the_bars_are_not_compared() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("later");
    let mut made = loaded(&recipe(&["close", "early"], THREE, ""), &csv(&[100])).unwrap();
    made.features.as_mut().unwrap().functions_version = Some(9);
    build(&made, &out);
    let found = verified(&out);
    assert!(found.problems.is_empty(), "{:?}", found.problems);
    let features = found.features.unwrap();
    assert_eq!((features.compared, &features.skipped[..]), (0, &["early".to_owned()][..]));
    assert!(features.because.unwrap().starts_with("functions of version 9 computed them"));

    let (sectors, rates) = (folder.path().join("sectors.csv"), folder.path().join("rates.csv"));
    fs::write(&sectors, "symbol,sector\nACME,tech\n").unwrap();
    fs::write(&rates, "ts,rate\n1700002800,1\n1700100000,2\n").unwrap();
    let more = format!(
        "attributes = {sectors:?}\n[[data.join]]\nname = \"slow\"\nfiles = {rates:?}\ntime = \"ts\"\n"
    );
    let features = "plain = \"join.slow.rate + close\"\n\
                    coarse = \"at('4h', join.slow.rate)\"\n\
                    sector = \"coalesce(cs_rank(close, by=sector), 0)\"";
    let recipe = recipe(&["close", "plain", "coarse", "sector"], features, &more);
    let out = folder.path().join("more");
    build(&loaded(&recipe, &csv(&[100])).unwrap(), &out);
    let found = verified(&out);
    assert!(found.problems.is_empty(), "{:?}", found.problems);
    let features = found.features.unwrap();
    let skipped = ["coarse".to_owned(), "sector".to_owned()];
    assert_eq!((features.compared, &features.skipped[..]), (1, &skipped[..]));
}
