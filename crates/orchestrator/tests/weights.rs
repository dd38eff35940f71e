//! `dataset.symbol_weights` from the command line.

mod kit;

use std::fs;
use std::path::Path;

use kit::{csv, files, run};

const BARS: &[(&str, usize)] = &[("AA", 700), ("BRK.B", 90), ("CC", 300)];

fn build(dir: &Path, out: &str, weights: &str, more: &str) -> kit::Ran {
    fs::write(dir.join("bars.csv"), csv(BARS)).expect("bars");
    let recipe = format!(
        "[data]\nbars = [\"bars.csv\"]\n[dataset]\nsamples = 9000\nlookback = 9\nforward = 5\n\
         symbol_weights = {weights}\n{more}"
    );
    fs::write(dir.join("r.toml"), recipe).expect("a recipe");
    run(dir, &format!("build --config r.toml --out {out}"))
}

fn manifest(dir: &Path) -> serde_json::Value {
    let text = fs::read_to_string(dir.join("manifest.json")).expect("a manifest");
    serde_json::from_str(&text).expect("JSON")
}

/// The samples never change. That they are what format.md says, the tests of
/// `docs/read_dataset.py` show (tests/python.rs).
#[test]
fn weighted_datasets_build_verify_and_stay_the_same() {
    let dir = tempfile::tempdir().expect("a folder");
    let dir = dir.path();
    for (out, weights, digest, told) in [
        ("length", "\"length\"", LENGTH, None),
        ("equal", "\"equal\"", EQUAL, Some("weights      each symbol the same")),
        (
            "given",
            "{ \"BRK.B\" = 2.5, AA = 0, \"*\" = 1 }",
            GIVEN,
            Some("weights      BRK.B 2.5, each other 1, AA 0"),
        ),
    ] {
        let built = build(dir, out, weights, "");
        let built = built.expect(0, &told.map_or_else(Vec::new, |told| vec![told]));
        assert_eq!(built.said.contains("weights "), told.is_some(), "{}", built.said);
        run(dir, &format!("inspect {out}")).expect(0, &told.map_or_else(Vec::new, |t| vec![t]));
        run(dir, &format!("verify {out} --full")).expect(0, &[]);
        let manifest = manifest(&dir.join(out));
        assert_eq!(manifest["content_digest"], digest, "{out}");
        let places: usize = BARS.iter().map(|(_, bars)| bars - 13).sum();
        let left_out = if out == "given" { 700 - 13 } else { 0 };
        assert_eq!(manifest["positions"], places - left_out, "{out}");
        // A dataset's own recipe and bars build it again.
        run(&dir.join(out), "build --config recipe.toml --quiet --out ../again").expect(0, &[]);
        assert_eq!(files(&dir.join(out)), files(&dir.join("again")), "{out}");
        fs::remove_dir_all(dir.join("again")).expect("it is removed");
    }
    let recipes = ["length", "equal", "given"].map(|out| manifest(&dir.join(out)));
    assert!(recipes[0]["recipe"]["dataset"].get("symbol_weights").is_none());
    assert_ne!(recipes[0]["recipe_digest"], recipes[1]["recipe_digest"]);
}

const LENGTH: &str = "xxh3-128:f29e269e9d59f0c457d2385c620c2c9d";
const EQUAL: &str = "xxh3-128:dcfdf0566edc118bb2ff33d46ee84285";
const GIVEN: &str = "xxh3-128:c5e8baeba0b3a6797d78d077c1247e78";

#[test]
fn a_symbol_without_room_is_warned_of_and_wrong_names_build_nothing() {
    let dir = tempfile::tempdir().expect("a folder");
    let dir = dir.path();
    let split = "[split]\n[[split.part]]\nname = \"train\"\nfraction = 0.6\n\
                 [[split.part]]\nname = \"test\"\nfraction = 0.4\n";
    build(dir, "split", "\"equal\"", split).expect(
        0,
        &[
            "part test: dataset.symbol_weights: symbol BRK.B has a weight and no position",
            "so it gets no sample",
        ],
    );
    for (weights, says) in [
        ("{ AA = 1 }", "symbol BRK.B and 1 more have no weight"),
        (
            "{ aa = 1, \"*\" = 1 }",
            "dataset.symbol_weights.aa: the bars have no such symbol; did you mean AA?",
        ),
        ("{ BRK.B = 1, \"*\" = 1 }", "quote a name with a dot"),
        ("{ AA = 1e-15, \"*\" = 1 }", "symbol AA would get 5.000e-16 of the samples"),
    ] {
        build(dir, "none", weights, "").expect(2, &["dataset.symbol_weights", says]);
        assert!(!dir.join("none").exists(), "{weights}");
    }
}
