//! Builds that are killed, or whose writes fail: at every call that changes a file in turn, and at
//! random moments. `interposer/faults.c` stands before the C library for that.
#![cfg(target_os = "linux")]

#[expect(dead_code, reason = "each test uses some of it")]
mod kit;

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use tempfile::TempDir;

const FORMATS: [&str; 4] = ["parquet", "arrow", "npy", "virtual"];
const EIO: &str = "5";
const ENOSPC: &str = "28";

/// A folder with the interposer and a recipe of several shards.
struct Place {
    dir: TempDir,
    /// Not in memory, from where programs may not be run.
    interposer: TempDir,
}

impl Place {
    fn new(samples: u32) -> Self {
        // In memory, where there is such a place: thousands of builds wait for their disk otherwise.
        let memory = Path::new("/dev/shm");
        let dir = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() };
        let interposer = tempfile::tempdir().expect("a folder");
        let place = Self { dir: dir.expect("a folder"), interposer };
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/interposer/faults.c");
        let compiled = Command::new(std::env::var("CC").unwrap_or_else(|_| "cc".into()))
            .args(["-shared", "-fPIC", "-O1", "-w", "-o"])
            .arg(place.interposer.path().join("faults.so"))
            .arg(source)
            .arg("-ldl")
            .output()
            .expect("a C compiler, cc, as the crates need");
        assert!(compiled.status.success(), "{}", String::from_utf8_lossy(&compiled.stderr));
        let mut bars = "time,open,high,low,close,volume\n".to_owned();
        for (minute, close) in (0..600).zip(numbers(0).map(|n| 10.0 + (n % 97) as f64 / 50.0)) {
            let time = 1_700_000_000 + 60 * minute;
            bars += &format!("{time},{close},{},{},{close},{minute}\n", close + 1.0, close - 1.0);
        }
        fs::write(place.path("bars.csv"), bars).expect("bars");
        let recipe = format!(
            "data = {{ bars = [\"bars.csv\"] }}\n\
             dataset = {{ samples = {samples}, lookback = 4, forward = 4 }}\n\
             output = {{ shard_rows = 4096 }}\n"
        );
        fs::write(place.path("r.toml"), recipe).expect("a recipe");
        place
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn command(&self, format: &str, out: &str, more: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_barloom"));
        command
            .args(["build", "--config", "r.toml", "--backend", "cpu", "--format", format])
            .args(["--out", out, "--threads", "2", "--quiet", "--no-cache"])
            .args(more)
            .current_dir(self.dir.path());
        command
    }

    fn build(&self, format: &str, out: &str, more: &[&str]) -> Output {
        self.command(format, out, more).output().expect("barloom starts")
    }

    /// Builds with the interposer.
    fn broken(&self, format: &str, out: &str, more: &[&str], variables: &[(&str, &str)]) -> Output {
        self.with_faults(self.command(format, out, more), variables)
    }

    /// Runs a command with the interposer.
    fn with_faults(&self, mut command: Command, variables: &[(&str, &str)]) -> Output {
        command
            .env("LD_PRELOAD", self.interposer.path().join("faults.so"))
            .envs(variables.iter().copied());
        command.output().expect("barloom starts")
    }

    /// A command of words that are parted by spaces.
    fn words(&self, args: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_barloom"));
        command
            .args(args.split_whitespace())
            .current_dir(self.dir.path())
            .env("XDG_CACHE_HOME", self.path(".cache"));
        command
    }

    /// Number of calls of a command that change files.
    fn calls_of(&self, args: &str) -> u32 {
        let count = self.path("count");
        let variable = [("BARLOOM_FAULT_COUNT", count.to_str().expect("a path"))];
        let output = self.with_faults(self.words(args), &variable);
        assert!(output.status.success(), "{}", told(&output));
        let calls = fs::read_to_string(&count).expect("a count").parse().expect("a number");
        fs::remove_file(count).expect("it goes");
        calls
    }

    /// Names in the folder that begin so.
    fn names(&self, begin: &str) -> Vec<String> {
        let entries = fs::read_dir(self.dir.path()).expect("a folder");
        let names = entries.map(|entry| entry.expect("an entry").file_name());
        let names = names.map(|name| name.to_string_lossy().into_owned());
        let mut names: Vec<String> = names.filter(|name| name.starts_with(begin)).collect();
        names.sort();
        names
    }

    /// Counts the calls of a build that change files.
    fn calls(&self, format: &str, more: &[&str]) -> u32 {
        let count = self.path("count");
        let variable = [("BARLOOM_FAULT_COUNT", count.to_str().expect("a path"))];
        let output = self.broken(format, "counted", more, &variable);
        assert!(output.status.success(), "{}", told(&output));
        fs::read_to_string(count).expect("a count").parse().expect("a number")
    }

    fn files(&self, folder: &str) -> BTreeMap<String, Vec<u8>> {
        kit::files(&self.path(folder))
    }

    /// Shards that are whole in the folder that is built in.
    fn records(&self) -> usize {
        let entries = fs::read_dir(self.path("out.incomplete")).expect("a folder");
        let names = entries.map(|entry| entry.expect("an entry").file_name());
        let is_record = |name: &str| name.starts_with("shard-") && name.ends_with(".json");
        names.filter(|name| name.to_str().is_some_and(is_record)).count()
    }

    /// Resumes a build, which must end in the very files of one that was never broken.
    fn resume(&self, format: &str, context: &str) {
        let output = self.build(format, "out", &["--resume"]);
        assert!(output.status.success(), "{context}: {}", told(&output));
        self.is_whole(format, context);
        assert!(!self.path("out.incomplete").exists(), "{context}");
        fs::remove_dir_all(self.path("out")).expect("a dataset");
    }

    /// `out` is, file by file, what was built in `<format>`.
    fn is_whole(&self, format: &str, context: &str) {
        let (expected, got) = (self.files(format), self.files("out"));
        let names = |files: &BTreeMap<String, Vec<u8>>| files.keys().cloned().collect::<Vec<_>>();
        assert_eq!(names(&got), names(&expected), "{context}");
        let other = expected.keys().find(|name| got[*name] != expected[*name]);
        assert_eq!(other, None, "{context}");
    }
}

fn told(output: &Output) -> String {
    format!("{:?}: {}", output.status, String::from_utf8_lossy(&output.stderr))
}

/// Numbers that look random, the same in every run.
fn numbers(seed: u64) -> impl Iterator<Item = u64> {
    (1..).map(move |i: u64| {
        let mut z = (seed << 32 | i).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z ^ (z >> 31)
    })
}

/// A write that fails, and a disk that is full from one call on, for every call of a build.
#[test]
fn a_failing_write_leaves_no_dataset_and_what_is_whole_is_gone_on_with() {
    let place = Place::new(6_000);
    for format in FORMATS {
        assert!(place.build(format, format, &[]).status.success());
        let calls = place.calls(format, &[]);
        assert!(calls > 15, "{format}: {calls} calls: is the interposer there?");
        let mut failed = 0;
        for at in 1..=calls {
            let (at, full) = (at.to_string(), at % 2 == 0);
            let context = format!("{format}, call {at} of {calls}, full: {full}");
            let mut variables = vec![("BARLOOM_FAULT_AT", &*at)];
            variables.push(("BARLOOM_FAULT", if full { ENOSPC } else { EIO }));
            variables.extend(full.then_some(("BARLOOM_FAULT_STAYS", "1")));
            let output = place.broken(format, "out", &[], &variables);
            if output.status.success() {
                // What fails after the dataset has its name only leaves traces.
                assert!(place.path("out/manifest.json").exists(), "{context}");
            } else {
                failed += 1;
                assert_eq!(output.status.code(), Some(4), "{context}: {}", told(&output));
                let cause = if full { "No space left on device" } else { "Input/output error" };
                let count = told(&output).matches(cause).count();
                assert_eq!(count, 1, "{context}: {}", told(&output));
                assert!(!place.path("out").exists(), "{context}: {}", told(&output));
            }
            place.resume(format, &context);
        }
        assert!(failed > calls / 2, "{format}: {failed} of {calls} calls matter");
        fs::remove_dir_all(place.path("counted")).expect("a dataset");
    }
}

/// An overwritten dataset stays until the new one has its name.
#[test]
fn a_failing_write_leaves_the_dataset_that_was_there() {
    let place = Place::new(6_000);
    assert!(place.build("parquet", "parquet", &[]).status.success());
    assert!(place.build("virtual", "virtual", &[]).status.success());
    assert!(place.build("parquet", "counted", &[]).status.success());
    let calls = place.calls("virtual", &["--overwrite"]);
    for at in 1..=calls {
        assert!(place.build("parquet", "out", &[]).status.success());
        let at = at.to_string();
        let variables = [("BARLOOM_FAULT_AT", &*at), ("BARLOOM_FAULT", EIO)];
        let output = place.broken("virtual", "out", &["--overwrite"], &variables);
        let context = format!("call {at} of {calls}: {}", told(&output));
        if !output.status.success() {
            assert_eq!(output.status.code(), Some(4), "{context}");
            place.is_whole("parquet", &context);
        } else if !place.path("out.replaced").exists() {
            let again = place.build("virtual", "out", &["--resume"]);
            assert!(again.status.success(), "{context}: {}", told(&again));
            place.is_whole("virtual", &context);
        }
        for left in ["out", "out.replaced", "out.incomplete"] {
            let _ = fs::remove_dir_all(place.path(left));
        }
    }
}

/// Attack 17: an overwrite that is killed at any call leaves the old dataset or the new one there,
/// and the next one succeeds.
#[test]
fn an_overwrite_has_no_moment_without_a_dataset() {
    let place = Place::new(300);
    let build = |out: &str, more: &[&str]| {
        let output = place.build("npy", out, more);
        assert!(output.status.success(), "{}", told(&output));
    };
    build("npy", &[]);
    build("old", &["--seed", "7"]);
    build("out", &["--seed", "7"]);
    let calls = place.calls("npy", &[]);
    let count = place.path("count");
    let variable = [("BARLOOM_FAULT_COUNT", count.to_str().expect("a path"))];
    place.broken("npy", "out", &["--overwrite"], &variable);
    let calls = calls.max(fs::read_to_string(count).expect("a count").parse().expect("a number"));
    let (mut old, mut new) = (0, 0);
    // All calls near the end, where names change; of those before it some.
    for at in (1..=calls).filter(|at| at + 60 > calls || at % 9 == 0) {
        let _ = fs::remove_dir_all(place.path("out"));
        build("out", &["--seed", "7"]);
        let text = at.to_string();
        let variables = [("BARLOOM_FAULT_AT", &*text), ("BARLOOM_FAULT", "kill")];
        let output = place.broken("npy", "out", &["--overwrite"], &variables);
        let context = format!("call {at} of {calls}: {}", told(&output));
        let is = |name: &str| {
            let (expected, got) = (place.files(name), place.files("out"));
            expected.iter().all(|(name, bytes)| got.get(name) == Some(bytes))
        };
        assert!(place.path("out/manifest.json").exists(), "{context}");
        match (is("old"), is("npy")) {
            (true, false) => old += 1,
            (false, true) => new += 1,
            which => panic!("{context}: {which:?}"),
        }
        build("out", &["--overwrite"]);
        place.is_whole("npy", &context);
        for left in place.names("out.") {
            // What was moved aside stays; a build's folder does not.
            assert!(left.starts_with("out.replaced"), "{context}: {left}");
            fs::remove_dir_all(place.path(&left)).expect("it goes");
        }
    }
    assert!(old > 20 && new > 5, "{old} kills before the exchange, {new} after it");
}

/// Attack 13: a conversion that is killed at any call leaves the old folder or the new one there,
/// and the next one succeeds and leaves nothing else.
#[test]
fn a_killed_conversion_is_cleared_by_the_next() {
    let place = Place::new(300);
    let run = |args: &str| {
        let output = place.words(args).output().expect("barloom starts");
        assert!(output.status.success(), "{args}: {}", told(&output));
    };
    let csv = fs::read_to_string(place.path("bars.csv")).expect("bars");
    let first: String = csv.lines().take(300).map(|line| format!("{line}\n")).collect();
    fs::write(place.path("few.csv"), first).expect("bars");
    let convert = "convert bars.csv out --overwrite --format csv --no-cache --quiet";
    run("convert few.csv out --format csv --no-cache --quiet");
    let text = |name: &str| {
        let file = |name: &str| place.path(name).join("symbol=bars/bars.csv");
        fs::read_to_string(file(name))
            .or_else(|_| fs::read_to_string(place.path(name).join("symbol=few/few.csv")))
    };
    let old = text("out").expect("the old bars");
    let calls = place.calls_of(convert);
    let new = text("out").expect("the new bars");
    assert_ne!(old, new);
    for at in 1..=calls {
        fs::remove_dir_all(place.path("out")).expect("it goes");
        run("convert few.csv out --format csv --no-cache --quiet");
        let number = at.to_string();
        let variables = [("BARLOOM_FAULT_AT", &*number), ("BARLOOM_FAULT", "kill")];
        let output = place.with_faults(place.words(convert), &variables);
        let context = format!("call {at} of {calls}: {}", told(&output));
        let is = text("out").unwrap_or_else(|e| panic!("{context}: {e}"));
        assert!(is == old || is == new, "{context}");
        run(convert);
        assert!(text("out").is_ok_and(|is| is == new), "{context}");
        assert_eq!(place.names("out"), ["out"], "{context}");
        let inside: Vec<_> = fs::read_dir(place.path("out")).expect("a folder").collect();
        assert_eq!(inside.len(), 1, "{context}: {inside:?}");
    }
}

/// Attack 15: on a full disk, and killed at any call, `init` leaves a whole recipe or none.
#[test]
fn init_is_whole_or_nothing() {
    let place = Place::new(300);
    let calls = place.calls_of("init i.toml");
    let whole = fs::read(place.path("i.toml")).expect("a recipe");
    for at in 1..=calls {
        for what in [ENOSPC, EIO, "kill"] {
            for (args, old) in [("init i.toml", None), ("init i.toml --overwrite", Some("old"))] {
                let _ = fs::remove_file(place.path("i.toml"));
                if let Some(old) = old {
                    fs::write(place.path("i.toml"), old).expect("a file");
                }
                let number = at.to_string();
                let mut variables = vec![("BARLOOM_FAULT_AT", &*number), ("BARLOOM_FAULT", what)];
                variables.extend((what == ENOSPC).then_some(("BARLOOM_FAULT_STAYS", "1")));
                let output = place.with_faults(place.words(args), &variables);
                let context = format!("{args}, call {at} of {calls}, {what}: {}", told(&output));
                match fs::read(place.path("i.toml")) {
                    Ok(found) => {
                        let is_old = old.is_some_and(|old| found == old.as_bytes());
                        assert!(is_old || found == whole, "{context}");
                        assert!(!output.status.success() || found == whole, "{context}");
                    }
                    Err(_) => assert!(old.is_none() && !output.status.success(), "{context}"),
                }
                if what != "kill" && !output.status.success() {
                    assert_eq!(place.names("i.toml.").len(), 0, "{context}");
                    let cause = if what == EIO { "Input/output error" } else { "No space left" };
                    assert_eq!(told(&output).matches(cause).count(), 1, "{context}");
                }
                let again = place.words("init i.toml --overwrite").output().expect("it starts");
                assert!(again.status.success(), "{context}: {}", told(&again));
                for left in place.names("i.toml.") {
                    fs::remove_file(place.path(&left)).expect("it goes");
                }
            }
        }
    }
}

/// Attack 12: too few files that may be open, which shows once a shard is whole. Attack 11: files
/// that may not grow, where only the cache is written.
#[test]
fn limits_of_the_process_are_told_or_outlived() {
    let place = Place::new(30_000);
    let limited = |limit: &str, args: &str| {
        let mut shell = Command::new("sh");
        shell
            .args(["-c", &format!("ulimit {limit}; exec \"$0\" \"$@\"")])
            .arg(env!("CARGO_BIN_EXE_barloom"))
            .args(args.split_whitespace())
            .current_dir(place.dir.path())
            .env("XDG_CACHE_HOME", place.path(".cache"));
        shell.output().expect("sh starts")
    };
    let build = "build --config r.toml --format npy --threads 1 --no-cache --quiet --backend cpu";
    let mut resumable = 0;
    let mut failed = 0;
    // The limit at which a shard is whole before a file is missing depends on the system: it is looked
    // for from where nothing starts.
    for files in (8..64).step_by(4) {
        let output = limited(&format!("-n {files}"), &format!("{build} --out out"));
        if !output.status.success() {
            let told = told(&output);
            assert_eq!(output.status.code(), Some(4), "{files}: {told}");
            assert_eq!(told.matches("Too many open files").count(), 1, "{files}: {told}");
            failed += 1;
            resumable += usize::from(told.contains(" whole shard"));
        }
        for left in place.names("out") {
            fs::remove_dir_all(place.path(&left)).expect("it goes");
        }
    }
    assert!(failed > 0 && resumable > 0, "{failed} failed, {resumable} of them left whole shards");

    let csv = fs::read_to_string(place.path("bars.csv")).expect("bars");
    let mut long = csv.clone();
    let time = |minute: usize| 1_700_000_000 + 60 * minute;
    for minute in 600..20_000 {
        long += &format!("{},10,11,9,10,1\n", time(minute));
    }
    fs::write(place.path("long.csv"), &long).expect("bars");
    let open = place.words("check long.csv --json --no-cache").output().expect("it starts");
    let closed = limited("-f 8", "check long.csv --json");
    assert_eq!(closed.status, open.status, "{}", told(&closed));
    assert_eq!(closed.stdout, open.stdout);
    let output = limited("-f 8", &format!("{build} --out out"));
    assert_eq!(output.status.code(), Some(4), "{}", told(&output));
    assert_eq!(told(&output).matches("File too large").count(), 1, "{}", told(&output));
}

/// A build or merge that is killed when its dataset has its name leaves `build.json` in it. A build
/// that would be made in this folder leaves it as it is.
#[test]
fn a_dataset_whose_build_was_killed_at_its_end_is_no_leftover() {
    let place = Place::new(9_000);
    for piece in ["0/2", "1/2"] {
        let out = format!("p{}", &piece[..1]);
        assert!(place.build("parquet", &out, &["--shard", piece]).status.success());
    }
    let build =
        "build --config r.toml --backend cpu --threads 2 --quiet --no-cache --out x.incomplete";
    for command in [
        "merge p0 p1 --keep --quiet --out x.incomplete".to_owned(),
        format!("{build} --format parquet"),
        format!("{build} --format parquet --shard 0/2"),
        format!("{build} --format virtual"),
    ] {
        let calls = place.calls_of(&command);
        fs::remove_dir_all(place.path("x.incomplete")).expect("a dataset");
        let mut seen = 0;
        for at in calls - 12..=calls {
            let number = at.to_string();
            let variables = [("BARLOOM_FAULT_AT", &*number), ("BARLOOM_FAULT", "kill")];
            place.with_faults(place.words(&command), &variables);
            if place.path("x.incomplete/build.json").exists() {
                seen += 1;
                let before = place.files("x.incomplete");
                for format in ["parquet", "virtual"] {
                    for more in [&[][..], &["--overwrite"], &["--resume"]] {
                        let output = place.build(format, "x", more);
                        let context = format!("{command}, call {at}: {}", told(&output));
                        assert_eq!(output.status.code(), Some(4), "{context}");
                        assert!(context.contains("this folder holds a dataset"), "{context}");
                        assert!(place.files("x.incomplete") == before, "{context}");
                    }
                }
                assert!(!place.path("x").exists());
            }
            for left in place.names("x") {
                fs::remove_dir_all(place.path(&left)).expect("it goes");
            }
        }
        assert!(seen > 0, "{command}: the moment is not among the last of {calls} calls");
    }
}

/// SIGKILL at random calls, in the build and in the builds that go on with it.
#[test]
fn a_killed_build_goes_on_and_ends_in_the_same_bytes() {
    let place = Place::new(20_000);
    for (seed, format) in (1..).zip(FORMATS) {
        assert!(place.build(format, format, &[]).status.success());
        let calls = u64::from(place.calls(format, &[]));
        let mut moments = numbers(seed).map(|n| n % calls + 1);
        for _ in 0..12 {
            let mut context = format!("{format}, killed at calls");
            for again in [&[][..], &["--resume"], &["--resume"]] {
                let at = moments.next().expect("a number").to_string();
                context += &format!(" {at}");
                let variables = [("BARLOOM_FAULT_AT", &*at), ("BARLOOM_FAULT", "kill")];
                let output = place.broken(format, "out", again, &variables);
                // A build that goes on may end before so many calls.
                let killed = output.status.code().is_none();
                assert!(killed || output.status.success(), "{context}: {}", told(&output));
                if !killed {
                    break;
                }
                // A kill after the folder has its name leaves a whole dataset.
                let opens = place.path("out").exists();
                assert!(!opens || place.path("out/manifest.json").exists(), "{context}");
            }
            place.resume(format, &context);
        }
        fs::remove_dir_all(place.path("counted")).expect("a dataset");
    }
}

/// SIGKILL after random times, of a build that takes longer.
#[test]
fn a_build_killed_at_any_time_goes_on() {
    let place = Place::new(120_000);
    for (seed, format) in (11..).zip(["parquet", "npy"]) {
        assert!(place.build(format, format, &[]).status.success());
        for wait in numbers(seed).take(6) {
            let wait = Duration::from_millis(wait % 400);
            let mut command = place.command(format, "out", &[]);
            let mut child = command.stderr(Stdio::null()).spawn().expect("barloom starts");
            std::thread::sleep(wait);
            child.kill().expect("it can be killed");
            child.wait().expect("it ends");
            place.resume(format, &format!("{format}, killed after {wait:?}"));
        }
    }
}

/// SIGINT and SIGTERM end a build with their own exit codes, and it says how to go on.
#[test]
fn signals_stop_a_build_that_can_be_gone_on_with() {
    let place = Place::new(400_000);
    assert!(place.build("parquet", "parquet", &[]).status.success());
    for (signal, code) in [("INT", 130), ("TERM", 143)] {
        let mut command = place.command("parquet", "out", &["--chunk-rows", "1"]);
        let child = command.stderr(Stdio::piped()).spawn().expect("barloom starts");
        let record = place.path("out.incomplete/shard-00000.json");
        while !record.exists() && !place.path("out").exists() {
            std::thread::sleep(Duration::from_millis(1));
        }
        let kill = Command::new("kill").args(["-s", signal, &child.id().to_string()]).status();
        assert!(kill.expect("kill").success());
        let output = child.wait_with_output().expect("it ends");
        assert_eq!(output.status.code(), Some(code), "{}", told(&output));
        for want in [&*format!("SIG{signal}"), " whole shard", "--resume continues"] {
            assert!(told(&output).contains(want), "{want}: {}", told(&output));
        }
        assert!(!place.path("out").exists());
        // Not by accident: without a word of it they are neither used nor lost.
        let refused = place.build("parquet", "out", &[]);
        assert_eq!(refused.status.code(), Some(4), "{}", told(&refused));
        assert!(told(&refused).contains("--resume to continue"), "{}", told(&refused));
        // Whoever looks for it is told.
        for name in ["out", "out.incomplete"] {
            let mut inspect = Command::new(env!("CARGO_BIN_EXE_barloom"));
            let inspect = inspect.args(["inspect", name]).current_dir(place.dir.path()).output();
            let inspect = inspect.expect("barloom starts");
            assert!(told(&inspect).contains("out.incomplete holds "), "{}", told(&inspect));
        }
        // Another dataset is not mixed with it.
        let other = place.build("parquet", "out", &["--resume", "--seed", "7"]);
        assert_eq!(other.status.code(), Some(2), "{}", told(&other));
        assert!(
            told(&other).contains("recipe.dataset.seed is 42 there and 7 here"),
            "{}",
            told(&other)
        );
        // A build that goes on keeps what is whole when it is stopped itself, and its lock.
        let first = place.path("out.incomplete/samples/00000.parquet");
        let inode = || fs::metadata(&first).expect("a shard").ino();
        let (before, records) = (inode(), place.records());
        let mut command = place.command("parquet", "out", &["--chunk-rows", "1", "--resume"]);
        let mut again = command.stderr(Stdio::null()).spawn().expect("barloom starts");
        while place.records() < records + 2 {
            std::thread::sleep(Duration::from_millis(1));
        }
        for other in [&["--resume"][..], &["--overwrite"]] {
            let busy = place.build("parquet", "out", other);
            assert!(told(&busy).contains("another build is writing"), "{}", told(&busy));
        }
        let kill = Command::new("kill").args(["-s", signal, &again.id().to_string()]).status();
        assert!(kill.expect("kill").success());
        assert_eq!(again.wait().expect("it ends").code(), Some(code));
        assert!(place.records() >= records + 2 && inode() == before);
        // A shard that is not what was written is built again.
        let mut bytes = fs::read(&first).expect("a shard");
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        fs::write(&first, bytes).expect("a shard");
        place.resume("parquet", signal);
    }
}
