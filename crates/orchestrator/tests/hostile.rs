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
    let file =
        |name: &str| json!({ "name": name, "bytes": 13, "checksum": format!("sha256:{sum}") });
    let (absolute, above) = (outside.to_str().expect("a path"), "../thesis.txt");
    let part = |name: &str| json!({ "index": 0, "name": name, "start_ns": null, "end_ns": null });
    let changes: [(&str, Value); 7] = [
        ("/manifest/files/0", file(absolute)),
        ("/manifest/files/0", file(above)),
        ("/manifest/files/0", file("scalers.json")),
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
        for name in ["piece.json", "recipe.toml", "scalers.json", "bars.arrow"] {
            let to = dir.join(format!("p{piece}/{name}"));
            fs::copy(dir.join(format!("q{piece}/{name}")), to).expect("a copy");
        }
    }
    run(dir, "merge p0 p1 --out out")
        .expect(3, &["p0/shard-00000.json", "belongs to another dataset"]);
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
    fs::remove_file(dir.join("d/samples/00001.parquet")).expect("it goes");
    run(dir, build).expect(3, &["d/samples/00001.parquet", "not there"]);
}

/// A damaged `build.json` names no build, so nothing is cleared.
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
        ran.expect(3, &["d.incomplete/build.json", "not a file of a build"]);
    }
    let lock = "d.incomplete/.lock".to_owned();
    assert!(files(dir).into_iter().filter(|(name, _)| *name != lock).eq(before));
    run(dir, "build --config r.toml --out d --overwrite").expect(0, &[]);
}

/// Runs `barloom` in 1 GiB of memory; it must end within two seconds of its own.
#[cfg(target_os = "linux")]
#[expect(clippy::disallowed_methods, reason = "how long it takes is what is tested")]
fn bounded(dir: &Path, args: &str) -> kit::Ran {
    let start = std::time::Instant::now();
    let got = std::process::Command::new("sh")
        .args(["-c", "ulimit -d 1048576; exec \"$0\" \"$@\"", env!("CARGO_BIN_EXE_barloom")])
        .args(args.split_whitespace())
        .current_dir(dir)
        .env("XDG_CACHE_HOME", dir.join(".cache"))
        .env_remove("BARLOOM_LOG")
        .output()
        .expect("sh starts");
    let taken = start.elapsed();
    let said = [got.stdout, got.stderr].map(|text| String::from_utf8_lossy(&text).into_owned());
    assert!(taken.as_secs() < 2, "{args}: {taken:?}");
    kit::Ran { code: got.status.code(), said: said.concat() }
}

/// A dataset `d` of 300 samples in one shard, whose bytes are changed; the manifest believes them.
#[cfg(target_os = "linux")]
fn with_shard(output: &str, change: impl FnOnce(Vec<u8>) -> Vec<u8>) -> tempfile::TempDir {
    let dir = folder();
    let recipe = "data = { bars = [\"bars.csv\"] }\n\
                  dataset = { samples = 300, lookback = 4, forward = 4 }\n";
    fs::write(dir.path().join("s.toml"), format!("{recipe}output = {{ {output} }}\n"))
        .expect("a recipe");
    run(dir.path(), "build --config s.toml --out d").expect(0, &[]);
    let d = dir.path().join("d");
    let manifest = d.join("manifest.json");
    let read: Value =
        serde_json::from_slice(&fs::read(&manifest).expect("a manifest")).expect("JSON");
    let shard = d.join(read["shards"][0]["files"][0]["name"].as_str().expect("a name"));
    let bytes = change(fs::read(&shard).expect("a shard"));
    reseal(&manifest, "manifest_digest", |manifest| {
        let file = &mut manifest["shards"][0]["files"][0];
        file["bytes"] = json!(bytes.len());
        file["checksum"] = json!(format!("sha256:{}", sha256(&bytes)));
    });
    fs::write(shard, bytes).expect("it is written");
    dir
}

/// Reading and verifying the dataset are errors that name the shard and say this.
#[cfg(target_os = "linux")]
#[track_caller]
fn shard_is_refused(dir: &Path, shard: &str, says: &str) {
    bounded(dir, "inspect d --sample 7").expect(3, &[shard, says]);
    bounded(dir, "verify d --full").expect(5, &[shard, says]);
}

/// A number as Thrift writes it.
#[cfg(target_os = "linux")]
fn varint(number: u32) -> Vec<u8> {
    let mut folded = u64::from(number) << 1;
    let mut bytes = Vec::new();
    while folded > 0x7f {
        bytes.push(folded as u8 | 0x80);
        folded >>= 7;
    }
    bytes.push(folded as u8);
    bytes
}

/// Attack 02: a footer with lists that say they have 2^31 booleans, each of which a reader skips.
#[cfg(target_os = "linux")]
#[test]
fn a_shard_whose_footer_has_no_end() {
    let dir = with_shard("format = \"parquet\"", |bytes| {
        let (body, length) = bytes[..bytes.len() - 4].split_at(bytes.len() - 8);
        let length = u32::from_le_bytes(length.try_into().expect("4 bytes")) as usize;
        let (body, footer) = body.split_at(body.len() - length);
        // The footer ends with a 0, before which goes an unknown field.
        let list = [0x09, 0x90, 0x03, 0xf1, 0xff, 0xff, 0xff, 0xff, 0x07].repeat(20);
        let footer = [&footer[..length - 1], &list, &[0]].concat();
        [body, &footer, &(footer.len() as u32).to_le_bytes(), b"PAR1"].concat()
    });
    shard_is_refused(dir.path(), "samples/00000.parquet", "its footer is damaged");
}

/// Attack 02: pages and dictionaries that declare 2^31 - 1 bytes or values.
#[cfg(target_os = "linux")]
#[test]
fn a_shard_whose_pages_declare_gigabytes() {
    use parquet::file::reader::{FileReader, SerializedFileReader};

    const MOST: u32 = i32::MAX as u32;
    /// Puts other numbers into the header of the first page of a column, and takes as many bytes
    /// off its end: `header` is the type, bytes unpacked and packed, and what follows.
    fn page(bytes: &[u8], column: &str, header: impl Fn(u32, u32, u32) -> Vec<u8>) -> Vec<u8> {
        let file =
            SerializedFileReader::new(bytes::Bytes::copy_from_slice(bytes)).expect("Parquet");
        let chunks = file.metadata().row_group(0).columns();
        let chunk = chunks.iter().find(|c| c.column_path().parts()[0] == column).expect("a column");
        let data = chunk.data_page_offset() as usize;
        let start = chunk.dictionary_page_offset().map_or(data, |at| at as usize);
        let end = start + chunk.compressed_size() as usize;
        let end = if start < data { data } else { end };
        let mut at = start;
        let mut number = || {
            assert_eq!(bytes[at], 0x15, "an integer");
            let (mut value, mut shift) = (0_u32, 0);
            loop {
                at += 1;
                value |= u32::from(bytes[at] & 0x7f) << shift;
                shift += 7;
                if bytes[at] & 0x80 == 0 {
                    at += 1;
                    return value >> 1;
                }
            }
        };
        let (kind, unpacked, packed) = (number(), number(), number());
        let mut rest = at;
        if start < data {
            // The number of values in the dictionary.
            rest += 1 + varint(u32::from(bytes[at + 2]) >> 1).len() + 1;
        }
        let longer = header(kind, unpacked, packed).len() - (rest - start);
        let new = header(kind, unpacked, packed - longer as u32);
        assert_eq!(new.len(), rest - start + longer);
        [&bytes[..start], &new, &bytes[rest..end - longer], &bytes[end..]].concat()
    }
    let integers = |numbers: &[u32]| -> Vec<u8> {
        numbers.iter().flat_map(|number| [vec![0x15], varint(*number)].concat()).collect()
    };
    for packing in ["snappy", "zstd"] {
        let output = format!("compression = \"{packing}\"");
        let dir = with_shard(&output, |bytes| {
            page(&bytes, "pnl", |kind, _, packed| integers(&[kind, MOST, packed]))
        });
        shard_is_refused(dir.path(), "samples/00000.parquet", "cannot decompress to 2147483647");
    }
    let dir = with_shard("compression = \"none\"", |bytes| {
        page(&bytes, "exit_reason", |kind, _, packed| {
            [integers(&[kind, packed, packed]), vec![0x4c], integers(&[MOST])].concat()
        })
    });
    shard_is_refused(dir.path(), "samples/00000.parquet", "too few for 2147483647 values");
}

/// Attack 02: Arrow buffers that say they unpack to 2^40 bytes, and columns of another type.
#[cfg(target_os = "linux")]
#[test]
fn an_arrow_shard_whose_buffers_declare_terabytes() {
    use arrow::ipc::reader::FileReader;
    use arrow::ipc::writer::{FileWriter, IpcWriteOptions};

    let packed = |bytes: &[u8], project: Option<&[usize]>| -> Vec<u8> {
        let file = FileReader::try_new(std::io::Cursor::new(bytes), None).expect("Arrow");
        let batches: Vec<_> = file.map(|batch| batch.expect("a batch")).collect();
        let batches = batches.iter().map(|batch| match project {
            None => batch.clone(),
            Some(columns) => batch.project(columns).expect("columns"),
        });
        let batches: Vec<_> = batches.collect();
        let lz4 = Some(arrow::ipc::CompressionType::LZ4_FRAME);
        let options = IpcWriteOptions::default().try_with_compression(lz4).expect("LZ4");
        let mut writer =
            FileWriter::try_new_with_options(Vec::new(), &batches[0].schema(), options)
                .expect("a writer");
        batches.iter().for_each(|batch| writer.write(batch).expect("written"));
        writer.finish().expect("written");
        writer.into_inner().expect("bytes")
    };
    // Packed it is no less a shard.
    let dir = with_shard("format = \"arrow\"", |bytes| packed(&bytes, None));
    bounded(dir.path(), "verify d --full").expect(0, &["all right to the bit"]);
    for declared in [1_i64 << 40, 100 << 20] {
        let dir = with_shard("format = \"arrow\"", |bytes| {
            let mut bytes = packed(&bytes, None);
            let at = bytes.windows(8).position(|at| at == 2_400_i64.to_le_bytes());
            let at = at.expect("a column of 300 doubles");
            bytes[at..at + 8].copy_from_slice(&declared.to_le_bytes());
            bytes
        });
        shard_is_refused(dir.path(), "samples/00000.arrow", "a batch decompresses to");
    }
    let dir = with_shard("format = \"arrow\"", |bytes| packed(&bytes, Some(&[0, 1, 2])));
    shard_is_refused(dir.path(), "samples/00000.arrow", "not those of the dataset");
}

/// Attack 14: a virtual dataset of more samples than what is known of each has memory for.
#[cfg(target_os = "linux")]
#[test]
fn verifying_a_quadrillion_samples_is_refused_at_once() {
    let dir = folder();
    let dir = dir.path();
    let build = "build --config r.toml --format virtual --samples 1000000000000000 --out d";
    bounded(dir, build).expect(0, &[]);
    bounded(dir, "verify d --full").expect(2, &["1000000000000000 samples", "--rows N"]);
    bounded(dir, "verify d --rows 900000000000000").expect(0, &[]);
    bounded(dir, "inspect d --sample 999999999999999").expect(0, &[]);
}

/// Attack 10: whatever a dataset, a piece or shards are called, no build clears them.
#[test]
fn a_dataset_that_has_the_name_of_a_leftover_is_never_cleared() {
    let dir = folder();
    let dir = dir.path();
    let parts = "[split]\n[[split.part]]\nname = \"train\"\nfraction = 0.6\n\
                 [[split.part]]\nname = \"test\"\nfraction = 0.4\n";
    let recipe = fs::read_to_string(dir.join("r.toml")).expect("a recipe");
    fs::write(dir.join("parts.toml"), format!("{recipe}{parts}")).expect("a recipe");
    pieces(dir);
    run(dir, "build --config r.toml --out whole").expect(0, &[]);
    run(dir, "build --config parts.toml --out split").expect(0, &[]);
    run(dir, "build --config r.toml --format virtual --out virtual").expect(0, &[]);
    run(dir, "build --config r.toml --shard 0/2 --out shards").expect(0, &[]);
    for file in ["piece.json", "shard-00002.json"] {
        fs::remove_file(dir.join("shards").join(file)).expect("it goes");
    }
    run(dir, "build --config r.toml --out samples").expect(0, &[]);
    fs::remove_file(dir.join("samples/manifest.json")).expect("it goes");
    for name in ["whole", "split", "virtual", "p0", "shards", "samples"] {
        fs::rename(dir.join(name), dir.join("x.incomplete")).expect("a name");
        let before = files(dir);
        for args in [
            "build --config r.toml --out x",
            "build --config r.toml --out x --overwrite",
            "build --config r.toml --out x --resume",
            "build --config r.toml --out x --seed 7 --format npy --resume --overwrite",
            "build --config r.toml --out x --shard 1/2",
            "build --config parts.toml --out x --overwrite",
        ] {
            let told = ["x.incomplete: this folder holds a dataset", "rename the folder"];
            run(dir, args).expect(4, &told);
            assert!(files(dir) == before, "{name}: {args}");
        }
        if name != "p0" {
            let merge = "merge p0 p1 --out x --overwrite";
            run(dir, merge).expect(4, &["x.incomplete: this folder holds a dataset"]);
            assert!(files(dir) == before, "{name}: {merge}");
        }
        fs::rename(dir.join("x.incomplete"), dir.join(name)).expect("a name");
    }
    run(dir, "verify whole --full").expect(0, &["all right to the bit"]);
}

/// A manifest's texts stay in their lines, so that none can look like a line of its own.
#[test]
fn inspect_prints_no_lines_that_a_manifest_makes_up() {
    let dir = folder();
    let dir = dir.path();
    run(dir, "build --config r.toml --out d").expect(0, &[]);
    let forged = "x\nsamples      1,000 samples made again: right to the bit";
    let lines = run(dir, "inspect d").expect(0, &[]).said.lines().count();
    reseal(&dir.join("d/manifest.json"), "manifest_digest", |manifest| {
        manifest["barloom_version"] = json!(forged);
        manifest["market"]["symbols"][0]["symbol"] = json!(forged);
    });
    let told = run(dir, "inspect d").expect(0, &["written by   barloom x\\nsamples"]).said;
    assert_eq!(told.matches("x\\nsamples").count(), 2, "{told}");
    assert_eq!(told.lines().count(), lines, "{told}");
}

/// With `--json` the last line of standard error is an object, whatever goes wrong.
#[test]
fn errors_are_json_for_those_who_ask() {
    let dir = folder();
    let dir = dir.path();
    fs::write(dir.join("bad.csv"), "time,open,high,low,close\n1700000000,1,2,x,1\n").expect("bars");
    fs::write(dir.join("bad.toml"), "[dataset]\nsample = 3\n").expect("a recipe");
    run(dir, "build --config r.toml --out d").expect(0, &[]);
    let mut damaged = fs::read(dir.join("d/bars.arrow")).expect("bars");
    damaged[900] ^= 1;
    run(dir, "build --config r.toml --out e").expect(0, &[]);
    fs::write(dir.join("e/bars.arrow"), damaged).expect("it is written");
    for (args, kind, code, file, place) in [
        ("check bad.csv", "data", 3, Some("bad.csv"), Some("line 2")),
        ("check nowhere.csv", "io", 4, Some("nowhere.csv"), None),
        ("build --config bad.toml --out f", "usage", 2, Some("bad.toml"), Some("line 2")),
        ("build --config r.toml --out d", "io", 4, Some("d"), None),
        ("inspect nowhere", "io", 4, Some("nowhere"), None),
        ("verify e", "verification", 5, None, None),
        ("build --sampels 3", "usage", 2, None, None),
        ("weave", "usage", 2, None, None),
        ("build bars.csv --metric sharp --out f", "usage", 2, None, None),
        ("build bars.csv --channels close=zscor --out f", "usage", 2, None, None),
        ("build bars.csv --split train=0.8,test=0.3 --out f", "usage", 2, None, None),
        ("build bars.csv --lookback 0 --out f", "usage", 2, None, None),
    ] {
        let got = std::process::Command::new(env!("CARGO_BIN_EXE_barloom"))
            .arg("--json")
            .args(args.split_whitespace())
            .current_dir(dir)
            .env("XDG_CACHE_HOME", dir.join(".cache"))
            .output()
            .expect("barloom starts");
        let errors = String::from_utf8_lossy(&got.stderr).into_owned();
        let last = errors.lines().last().expect("a line");
        let told: Value = serde_json::from_str(last).unwrap_or_else(|e| panic!("{e}: {errors}"));
        assert_eq!(got.status.code(), Some(code), "{args}: {errors}");
        assert_eq!((&told["kind"], &told["exit_code"]), (&json!(kind), &json!(code)), "{args}");
        assert_eq!(told.get("file").and_then(Value::as_str), file, "{args}: {told}");
        assert_eq!(told.get("place").and_then(Value::as_str), place, "{args}: {told}");
        let message = told["message"].as_str().expect("a message");
        assert!(!message.is_empty() && !message.contains('\n'), "{args}: {message}");
        assert!(!message.starts_with("error"), "{args}: {message}");
        assert!(!message.contains("--help"), "{args}: {message}");
    }
    // What is asked for and given is no error.
    run(dir, "--json --help").expect(0, &["Usage"]);
}
