//! Datasets built in pieces by many processes: joined they are the dataset of one build, and what
//! does not belong together is refused.

mod kit;

use std::fs;
use std::path::Path;

use kit::{Ran, Random, csv, files, run};

const PARTS: &str = "[split]\nembargo = 5\n[[split.part]]\nname = \"train\"\nfraction = 0.9\n\
                     [[split.part]]\nname = \"test\"\nfraction = 0.1\n";

/// A folder with bars and a recipe of small shards.
fn folder(samples: u64, format: &str, more: &str) -> tempfile::TempDir {
    let dir = tempfile::tempdir().expect("a folder");
    fs::write(dir.path().join("bars.csv"), csv(&[("AA", 1_500), ("BB", 900)])).expect("bars");
    let recipe = format!(
        "[data]\nbars = [\"bars.csv\"]\nchannels = [\"close\", \"volume\"]\n\
         [dataset]\nsamples = {samples}\nlookback = 3\nforward = 6\nactions_per_state = 3\n\
         [reward]\nmetric = [\"return\", \"sharpe\"]\n\
         [output]\nformat = \"{format}\"\nshard_rows = 4096\n{more}"
    );
    fs::write(dir.path().join("r.toml"), recipe).expect("a recipe");
    dir
}

fn build(dir: &Path, args: &str) -> Ran {
    run(dir, &format!("build --config r.toml --quiet --out {args}"))
}

fn shuffled(random: &mut Random, count: usize) -> Vec<usize> {
    let mut order: Vec<usize> = (0..count).collect();
    for last in (1..count).rev() {
        order.swap(last, random.below(last + 1));
    }
    order
}

/// Sixteen pieces, built in any order in any way, joined in several orders.
fn pieces_make_the_whole(format: &str, more: &str, seed: u64) {
    let dir = folder(100_000, format, more);
    let dir = dir.path();
    build(dir, "whole --threads 2").expect(0, &[]);
    let mut random = Random(seed);
    for piece in shuffled(&mut random, 16) {
        let (threads, chunk) = (1 + random.below(3), [1, 4_096, 9_000, 50_000][random.below(4)]);
        let args = format!("p{piece} --shard {piece}/16 --threads {threads} --chunk-rows {chunk}");
        let says = [&format!("piece {piece}/16"), "piece.json", "barloom merge PIECE... --out DIR"];
        let ran = build(dir, &args).expect(0, &says);
        assert!(!ran.said.contains("manifest.json") && !ran.said.contains("content"));
    }
    let whole = files(&dir.join("whole"));
    let parts = if more.is_empty() { 1 } else { 2 };
    assert_eq!(whole.keys().filter(|name| name.ends_with("manifest.json")).count(), parts);
    let before = files(dir);
    for (out, keep) in [("merged", "--keep"), ("again", "")] {
        let order = shuffled(&mut random, 16);
        let named: Vec<String> = order.iter().map(|piece| format!("p{piece}")).collect();
        run(dir, &format!("merge {} --out {out} {keep}", named.join(" "))).expect(0, &[]);
        let merged = files(&dir.join(out));
        assert!(whole.keys().eq(merged.keys()), "{:?}", merged.keys());
        for (name, bytes) in &whole {
            assert!(merged[name] == *bytes, "{out}/{name} differs");
        }
        let there = files(dir);
        let pieces = || before.iter().filter(|(name, _)| name.starts_with('p'));
        let (kept, gone) = match keep {
            "" => (0, pieces().count()),
            _ => (pieces().count(), 0),
        };
        assert_eq!(pieces().filter(|(name, bytes)| there.get(*name) == Some(bytes)).count(), kept);
        assert_eq!(pieces().filter(|(name, _)| !there.contains_key(*name)).count(), gone);
    }
    run(dir, "verify merged --rows 200").expect(0, &["right to the bit"]);
}

#[test]
fn sixteen_pieces_make_the_whole_in_parquet() {
    pieces_make_the_whole("parquet", "", 1);
}

#[test]
fn sixteen_pieces_make_the_whole_in_arrow() {
    pieces_make_the_whole("arrow", "", 2);
}

#[test]
fn sixteen_pieces_make_the_whole_in_npy() {
    pieces_make_the_whole("npy", "", 3);
}

#[test]
fn sixteen_pieces_make_the_whole_of_a_split_where_some_have_no_shard() {
    pieces_make_the_whole("parquet", PARTS, 4);
}

/// Three pieces, `p0` to `p2`, of two shards and one and one.
fn three(format: &str, more: &str) -> tempfile::TempDir {
    let dir = folder(16_000, format, more);
    for piece in 0..3 {
        build(dir.path(), &format!("p{piece} --shard {piece}/3")).expect(0, &[]);
    }
    dir
}

/// Merging is refused, nothing comes of it and nothing changes.
#[track_caller]
fn refused(dir: &Path, pieces: &str, code: i32, says: &[&str]) {
    let before = files(dir);
    run(dir, &format!("merge {pieces} --out out")).expect(code, says);
    assert!(before == files(dir), "{pieces}: something was left or touched");
    assert!(!dir.join("out").exists() && !dir.join("out.incomplete").exists(), "{pieces}");
}

#[test]
fn pieces_that_do_not_belong_together_are_named() {
    let dir = three("parquet", "");
    let dir = dir.path();
    build(dir, "seed --shard 1/3 --seed 7").expect(0, &[]);
    build(dir, "samples --shard 1/3 --samples 15000").expect(0, &[]);
    build(dir, "four --shard 3/4").expect(0, &[]);
    build(dir, "arrow --shard 1/3 --format arrow").expect(0, &[]);
    build(dir, "whole").expect(0, &[]);
    fs::write(dir.join("other.csv"), csv(&[("AA", 1_500), ("BB", 901)])).expect("bars");
    build(dir, "bars --shard 1/3 --bars other.csv").expect(0, &[]);
    fs::create_dir(dir.join("empty")).expect("a folder");

    refused(dir, "p0 p2", 2, &["of 3 pieces", "missing", ": 1"]);
    refused(dir, "p1", 2, &["of 3 pieces", "missing", ": 0, 2"]);
    refused(dir, "p0 p1 p2 p1", 2, &["piece 1 of 3 was given twice", "p1 and p1"]);
    refused(dir, "p0 seed p2", 2, &["p0 and seed", "different", "seed is 42 there and 7 here"]);
    refused(dir, "seed p0 p2", 2, &["seed and p0", "seed is 7 there and 42 here"]);
    refused(dir, "p0 samples p2", 2, &["p0 and samples", "samples is 16000 there and 15000"]);
    refused(dir, "p0 bars p2", 2, &["p0 and bars", "different"]);
    refused(dir, "p0 four p2", 2, &["p0 is one of 3 pieces, and four one of 4"]);
    refused(dir, "p0 arrow p2", 2, &["p0 and arrow", "\"parquet\" there and \"arrow\" here"]);
    refused(dir, "p0 p1 whole p2", 2, &["whole is a complete dataset", "--shard"]);
    refused(dir, "p0 p1 p2 empty", 2, &["empty is neither a dataset nor a piece", "piece"]);
    refused(dir, "p0 p1 p2 nowhere", 4, &["nowhere"]);
    refused(dir, "", 2, &["<PIECE>"]);
}

#[test]
fn pieces_of_a_split_that_do_not_belong_together_are_named() {
    let dir = three("arrow", PARTS);
    let dir = dir.path();
    refused(dir, "p0 p2", 2, &["of part train", "missing", ": 1"]);
    refused(dir, "p0 p1 p2/train", 2, &["of part test", "missing", ": 2"]);
    refused(dir, "p0/train p1/train p2/train", 2, &["no piece of part test"]);
    refused(dir, "p0 p1 p2 p2/test", 2, &["piece 2 of 3 was given twice"]);
    build(dir, "seed --shard 1/3 --seed 7").expect(0, &[]);
    refused(dir, "p0 p1/test seed/train p2", 2, &["seed/train", "different"]);
    run(dir, "merge p1/test p0 p2/train p1/train p2/test --out out --keep")
        .expect(0, &["out/test"]);
    build(dir, "whole").expect(0, &[]);
    assert!(files(&dir.join("whole")) == files(&dir.join("out")));
    run(dir, "merge p0 p1 p2 --out out").expect(4, &["out already exists", "--overwrite"]);
    run(dir, "merge p0 p1 p2 --out out --overwrite").expect(0, &[]);
    assert!(files(&dir.join("whole")) == files(&dir.join("out")));
}

fn damage(path: &Path, what: &str) {
    let mut bytes = fs::read(path).expect("a file");
    let middle = bytes.len() / 2;
    match what {
        "a flipped bit" => bytes[middle] ^= 4,
        "a cut file" => drop(bytes.pop()),
        _ => return fs::remove_file(path).expect("it goes"),
    }
    fs::write(path, bytes).expect("it is written");
}

#[test]
fn damaged_pieces_are_named_and_nothing_comes_of_them() {
    for format in ["parquet", "arrow", "npy"] {
        let dir = three(format, "");
        let dir = dir.path();
        let shard = match format {
            "npy" => "p1/samples/00001.windows.npy".to_owned(),
            _ => format!("p1/samples/00001.{format}"),
        };
        // What is checked of each piece, and of one alone.
        for file in [&*shard, "p1/shard-00001.json", "p1/piece.json", "p0/bars.arrow"] {
            let path = dir.join(file);
            let whole = fs::read(&path).expect("a file");
            for what in ["a flipped bit", "a cut file", "no file"] {
                damage(&path, what);
                let (code, says) = match (what, file) {
                    ("no file", "p1/shard-00001.json") => (2, "shard-00001.json is missing"),
                    ("no file", "p1/piece.json") => (2, "p1 is neither a dataset nor a piece"),
                    _ => (3, file),
                };
                refused(dir, "p0 p1 p2", code, &[says]);
                fs::write(&path, &whole).expect("it is written");
            }
        }
        let stranger = dir.join("p1/shard-00002.json");
        fs::copy(dir.join("p2/shard-00002.json"), &stranger).expect("a copy");
        refused(dir, "p0 p1 p2", 2, &["shard-00002.json is of a shard of another piece"]);
        fs::remove_file(&stranger).expect("it goes");
        // What is not the piece's own stays where the piece was.
        fs::write(dir.join("p1/notes.md"), "mine").expect("a note");
        run(dir, "merge p0 p1 p2 --out out").expect(0, &["p1 could not be removed completely"]);
        assert!(!dir.join("p0").exists() && !dir.join("p2").exists());
        assert_eq!(files(&dir.join("p1")).into_keys().collect::<Vec<_>>(), ["notes.md"]);
    }
}

/// Attack 08: files of a piece that are links, as to a larger disk, become files of the dataset,
/// and what they point to stays.
#[cfg(unix)]
#[test]
fn what_links_in_a_piece_point_to_is_copied() {
    let dir = three("parquet", "");
    let dir = dir.path();
    build(dir, "whole").expect(0, &[]);
    fs::create_dir(dir.join("disk")).expect("a folder");
    for file in ["samples/00001.parquet", "bars.arrow"] {
        for piece in ["p0", "p1"] {
            let (path, elsewhere) = (
                dir.join(piece).join(file),
                dir.join(format!("disk/{piece}-{}", file.replace('/', "-"))),
            );
            if path.exists() {
                fs::rename(&path, &elsewhere).expect("it moves");
                std::os::unix::fs::symlink(&elsewhere, &path).expect("a link");
            }
        }
    }
    let disk = files(&dir.join("disk"));
    assert_eq!(disk.len(), 3);
    run(dir, "merge p0 p1 p2 --out out").expect(0, &[]);
    assert!(files(&dir.join("disk")) == disk, "what links pointed to stays");
    fs::remove_dir_all(dir.join("disk")).expect("it goes");
    assert!(files(&dir.join("out")) == files(&dir.join("whole")));
    run(dir, "verify out --full").expect(0, &["all right to the bit"]);
}

/// The dataset in the place of one of its pieces is not taken for the piece when these are removed.
#[test]
fn a_dataset_may_take_the_place_of_a_piece() {
    for more in ["", PARTS] {
        let dir = three("parquet", more);
        let dir = dir.path();
        build(dir, "whole").expect(0, &[]);
        run(dir, "merge p0 p1 p2 --out p1 --overwrite").expect(0, &[]);
        assert!(files(&dir.join("p1")) == files(&dir.join("whole")));
        assert!(!dir.join("p0").exists() && !dir.join("p2").exists());
    }
}

#[test]
fn a_piece_is_no_dataset() {
    let dir = three("parquet", "");
    let dir = dir.path();
    for command in ["inspect p2", "inspect p2 --sample 0", "verify p2", "verify p2 --full"] {
        run(dir, command).expect(2, &["p2 is piece 2 of 3", "barloom merge"]);
    }
    assert!(!dir.join("p2/manifest.json").exists());
}

#[test]
fn pieces_that_can_not_be_are_usage_errors() {
    let dir = folder(5_000, "parquet", "");
    let dir = dir.path();
    for wrong in ["5/5", "0/0", "x", "1", "-1/4", "1/4/2", "1.0/4", "/", "1/99999999999999999999"] {
        let ran = build(dir, &format!("d --shard={wrong}"));
        ran.expect(2, &["--shard", wrong, "K/N", "from 0 to N - 1"]);
    }
    build(dir, "d --shard 0/4 --format virtual").expect(2, &["--shard", "virtual", "no shards"]);
    assert_eq!(files(dir).len(), 2, "bars and recipe");
    // More pieces than shards, by far: most have none.
    build(dir, "last --shard 18446744073709551614/18446744073709551615").expect(0, &[]);
    refused(dir, "last", 2, &["of 18446744073709551615 pieces", "missing"]);
}

#[test]
fn a_piece_is_replaced_only_when_asked_and_never_with_what_is_foreign() {
    let dir = three("npy", "");
    let dir = dir.path();
    let before = files(dir);
    build(dir, "p1 --shard 1/3").expect(4, &["p1 already exists", "--overwrite"]);
    build(dir, "p1 --shard 1/3 --overwrite").expect(0, &[]);
    assert!(before == files(dir));
    for foreign in ["notes.md", "shard-00099.json", "manifest.json", "windows-00002.npy"] {
        let path = dir.join("p1").join(foreign);
        fs::write(&path, "mine").expect("a file");
        let ran = build(dir, "p1 --shard 1/3 --overwrite");
        ran.expect(
            4,
            &["p1 holds files that do not belong to the dataset", foreign, "nothing was changed"],
        );
        assert_eq!(fs::read_to_string(&path).expect("it is kept"), "mine");
        fs::remove_file(path).expect("it goes");
    }
    assert!(before == files(dir));
    // Another piece, or a whole dataset, may take its place when that is asked for.
    build(dir, "p1 --shard 2/3 --overwrite").expect(0, &[]);
    assert!(files(&dir.join("p1")) == files(&dir.join("p2")));
    build(dir, "p1 --overwrite").expect(0, &[]);
    run(dir, "verify p1").expect(0, &[]);
}

#[test]
fn resuming_a_piece_that_is_there_says_so() {
    let dir = three("arrow", "");
    let dir = dir.path();
    let before = files(dir);
    let resume = |args: &str| run(dir, &format!("build --config r.toml --resume --out {args}"));
    resume("p1 --shard 1/3").expect(0, &["p1 is whole already"]);
    resume("p1 --shard 2/3").expect(2, &["p1 belongs to another build", "piece"]);
    resume("p1 --shard 1/4").expect(2, &["p1 belongs to another build", "piece"]);
    resume("p1 --shard 1/3 --seed 7")
        .expect(2, &["p1 belongs to another build", "seed is 42 there and 7 here"]);
    resume("p1 --shard 1/3 --format npy").expect(2, &["p1 belongs to another build", "format"]);
    let whole = resume("p1");
    assert!(matches!(whole.code, Some(2 | 4)), "{}", whole.said);
    assert!(before == files(dir), "nothing was left or touched");
    build(dir, "whole").expect(0, &[]);
    let before = files(dir);
    resume("whole").expect(0, &["whole is whole already"]);
    let piece = resume("whole --shard 1/3");
    assert!(matches!(piece.code, Some(2 | 4)), "{}", piece.said);
    assert!(before == files(dir), "nothing was left or touched");
}
