//! Builds that are killed, or whose writes fail: at every call that changes a file in turn, and at
//! random moments. `interposer/faults.c` stands before the C library for that.
#![cfg(target_os = "linux")]

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
        let mut command = self.command(format, out, more);
        command
            .env("LD_PRELOAD", self.interposer.path().join("faults.so"))
            .envs(variables.iter().copied());
        command.output().expect("barloom starts")
    }

    /// How many calls of a build change files.
    fn calls(&self, format: &str, more: &[&str]) -> u32 {
        let count = self.path("count");
        let variable = [("BARLOOM_FAULT_COUNT", count.to_str().expect("a path"))];
        let output = self.broken(format, "counted", more, &variable);
        assert!(output.status.success(), "{}", told(&output));
        fs::read_to_string(count).expect("a count").parse().expect("a number")
    }

    fn files(&self, folder: &str) -> BTreeMap<String, Vec<u8>> {
        let entries = fs::read_dir(self.path(folder)).expect("a dataset");
        let paths = entries.map(|entry| entry.expect("an entry").path());
        let name = |path: &Path| path.file_name().expect("a name").to_string_lossy().into_owned();
        paths.map(|path| (name(&path), fs::read(&path).expect("a file"))).collect()
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

/// One write that fails, and a disk that is full from one call on, for every call of a build.
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
                assert!(!place.path("out").exists(), "{context}: {}", told(&output));
            }
            place.resume(format, &context);
        }
        assert!(failed > calls / 2, "{format}: {failed} of {calls} calls matter");
        fs::remove_dir_all(place.path("counted")).expect("a dataset");
    }
}

/// What is overwritten stays until the new dataset has its name.
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
        for want in [&*format!("SIG{signal}"), "whole shards stay", "--resume"] {
            assert!(told(&output).contains(want), "{want}: {}", told(&output));
        }
        assert!(!place.path("out").exists());
        // Not by accident: without a word of it they are neither used nor lost.
        let refused = place.build("parquet", "out", &[]);
        assert_eq!(refused.status.code(), Some(4), "{}", told(&refused));
        assert!(told(&refused).contains("build --resume goes on"), "{}", told(&refused));
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
        let first = place.path("out.incomplete/samples-00000.parquet");
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
