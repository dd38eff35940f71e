//! Datasets and pieces that somebody, or a copy that broke off, has put together wrongly.

mod kit;

use std::fs;
use std::path::Path;

use kit::{csv, files, run};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

fn folder() -> tempfile::TempDir {
    let dir = tempfile::tempdir().expect("a folder");
    fs::write(dir.path().join("bars.csv"), csv(&[("A", 2_000)])).expect("bars");
    let recipe = "data = { bars = [\"bars.csv\"] }\n\
                  dataset = { samples = 10_000, lookback = 4, forward = 4 }\n\
                  output = { shard_rows = 4096 }\n";
    fs::write(dir.path().join("r.toml"), recipe).expect("a recipe");
    dir
}

fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|b| format!("{b:02x}")).collect()
}

/// Changes a document that holds the sha256 of its own text under `digest`, and puts in the one
/// that it then has.
fn reseal(path: &Path, digest: &str, change: impl FnOnce(&mut Value)) {
    let text = fs::read_to_string(path).expect("a document");
    let mut value: Value = serde_json::from_str(&text).expect("JSON");
    change(&mut value);
    value.as_object_mut().expect("an object").remove(digest);
    let mut body = value.to_string();
    body.pop();
    let text = |sum: &str| format!("{body},\"{digest}\":\"{sum}\"}}\n");
    let sum = format!("sha256:{}", sha256(text("").as_bytes()));
    fs::write(path, text(&sum)).expect("it is written");
}

fn pieces(dir: &Path) {
    for piece in 0..2 {
        run(dir, &format!("build --config r.toml --shard {piece}/2 --out p{piece}")).expect(0, &[]);
    }
}

#[test]
fn names_that_lead_elsewhere_touch_nothing() {
    let dir = folder();
    let dir = dir.path();
    pieces(dir);
    let outside = dir.join("thesis.txt");
    fs::write(&outside, "years of work").expect("a file");
    let sum = sha256(b"years of work");
    let file = |name: &str| json!({ "name": name, "bytes": 13, "sha256": sum });
    let (absolute, above) = (outside.to_str().expect("a path"), "../thesis.txt");
    let part = |name: &str| json!({ "index": 0, "name": name, "start_ns": null, "end_ns": null });
    let changes: [(&str, Value); 7] = [
        ("/manifest/files/0", file(absolute)),
        ("/manifest/files/0", file(above)),
        ("/manifest/files/0", file("meta_scaler.json")),
        ("/manifest/part", part("../../escaped")),
        ("/piece/count", json!(0)),
        ("/piece/index", json!(u64::MAX)),
        ("/manifest/samples", json!(1_u64 << 63)),
    ];
    for (place, value) in changes {
        let before = files(dir);
        let kept = [0, 1].map(|p| fs::read(dir.join(format!("p{p}/piece.json"))).expect("a piece"));
        for piece in ["p0", "p1"] {
            reseal(&dir.join(piece).join("piece.json"), "digest", |document| {
                *document.pointer_mut(place).expect("a place") = value.clone();
            });
        }
        let ran = run(dir, "merge p0 p1 --out out");
        assert!(ran.code == Some(2) || ran.code == Some(3), "{place} = {value}: {}", ran.said);
        assert!(!ran.said.contains("panicked"), "{}", ran.said);
        for (piece, bytes) in [0, 1].into_iter().zip(kept) {
            fs::write(dir.join(format!("p{piece}/piece.json")), bytes).expect("it is written");
        }
        assert!(files(dir) == before, "{place} = {value}: something changed");
    }
    run(dir, "merge p0 p1 --out out").expect(0, &[]);
    for (place, value) in [
        ("/shards/0/files/0/name", json!(absolute)),
        ("/shards/1/first", json!(u64::MAX)),
        ("/shards/1/rows", json!(u64::MAX)),
        ("/samples", json!(1_u64 << 63)),
    ] {
        let manifest = dir.join("out/manifest.json");
        let before = fs::read(&manifest).expect("a manifest");
        reseal(&manifest, "manifest_digest", |document| {
            *document.pointer_mut(place).expect("a place") = value.clone();
        });
        for command in ["inspect out --sample 5000", "inspect out", "verify out --full"] {
            let ran = run(dir, command);
            let code = if command.starts_with("verify") { 5 } else { 3 };
            ran.expect(code, &["manifest.json"]);
        }
        fs::write(&manifest, before).expect("it is written");
    }
    assert_eq!(fs::read_to_string(outside).expect("a file"), "years of work");
}

/// A copy of a piece over an older one, which broke off before it reached the shards.
#[test]
fn shards_of_another_recipe_are_not_taken_over() {
    let dir = folder();
    let dir = dir.path();
    pieces(dir);
    for piece in 0..2 {
        let args = format!("build --config r.toml --seed 7 --shard {piece}/2 --out q{piece}");
        run(dir, &args).expect(0, &[]);
        for name in ["piece.json", "recipe.toml", "meta_scaler.json", "bars.arrow"] {
            let to = dir.join(format!("p{piece}/{name}"));
            fs::copy(dir.join(format!("q{piece}/{name}")), to).expect("a copy");
        }
    }
    run(dir, "merge p0 p1 --out out").expect(3, &["p0/shard-00000.json", "of another dataset"]);
    run(dir, "merge q0 q1 --out out").expect(0, &[]);
    run(dir, "verify out --full").expect(0, &["all right to the bit"]);
}

/// `--resume` of what is there looks at its files, and takes away nothing but what a build left.
#[test]
fn what_is_whole_already_is_looked_at_and_left_as_it_is() {
    let dir = folder();
    let dir = dir.path();
    let build = "build --config r.toml --out d --resume";
    run(dir, build).expect(0, &[]);
    fs::create_dir(dir.join("d/exp")).expect("a folder");
    for note in ["d/build.json", "d/exp/build.json", "d/exp/.lock"] {
        fs::write(dir.join(note), "mine").expect("a file");
    }
    let before = files(&dir.join("d"));
    run(dir, build).expect(0, &["d is whole already"]);
    assert!(files(&dir.join("d")) == before);
    fs::remove_file(dir.join("d/samples-00001.parquet")).expect("it goes");
    run(dir, build).expect(3, &["d/samples-00001.parquet", "not there"]);
}

/// What is built can't be told where `build.json` is damaged, so nothing is cleared.
#[test]
fn whole_shards_are_not_cleared_where_it_is_unknown_what_they_are_of() {
    let dir = folder();
    let dir = dir.path();
    run(dir, "build --config r.toml --shard 0/1 --out d").expect(0, &[]);
    fs::rename(dir.join("d"), dir.join("d.incomplete")).expect("a name");
    fs::remove_file(dir.join("d.incomplete/piece.json")).expect("it goes");
    fs::write(dir.join("d.incomplete/build.json"), "{").expect("a file");
    let before = files(dir);
    for more in ["", "--resume"] {
        let ran = run(dir, &format!("build --config r.toml --out d {more}"));
        ran.expect(3, &["d.incomplete/build.json", "not what a build wrote"]);
    }
    let lock = "d.incomplete/.lock".to_owned();
    assert!(files(dir).into_iter().filter(|(name, _)| *name != lock).eq(before));
    run(dir, "build --config r.toml --out d --overwrite").expect(0, &[]);
}
