//! The account of features: lost bars, advice, room and verification.

use std::fmt::Write;
use std::path::Path;

use barloom_engine::{BackendChoice, Dataset, Error, Job, Loaded, LostBars, Source, Watch, load};
use barloom_engine::{Inspection, lost_bars, read_options};
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
    let stored = barloom_engine::read_bars(&again, None, &Watch::default()).unwrap();
    build(&load(&again, stored).unwrap(), &other);
    let text = |dir: &Path| std::fs::read_to_string(dir.join("manifest.json")).unwrap();
    assert_eq!(text(&out), text(&other));
    let plain = folder.path().join("plain");
    build(&loaded(&recipe(&["close"], THREE, ""), &csv(&[200])).unwrap(), &plain);
    assert!(!text(&plain).contains("\"warm_up\""), "{}", text(&plain));
}
