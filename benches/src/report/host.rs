//! The machine and the code that were measured.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use serde::{Deserialize, Serialize};

/// The machine.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Host {
    /// The processor's name.
    pub cpu: String,
    /// Threads that run at once.
    pub cores: usize,
    /// Bytes of memory.
    pub memory_bytes: Option<u64>,
    /// Operating system and architecture.
    pub os: String,
    /// Vector instructions that were found.
    pub instructions: Vec<String>,
    /// Processes that wanted to run when the run began, over the last minute: above 0 by much,
    /// something else was running.
    pub load: Option<f64>,
    /// The file systems that were written to.
    pub file_systems: BTreeMap<String, String>,
}

impl Host {
    /// This machine.
    #[must_use]
    pub fn this() -> Self {
        Self {
            cpu: cpu(),
            cores: std::thread::available_parallelism().map_or(1, usize::from),
            memory_bytes: memory("MemTotal:"),
            os: format!("{} {}", std::env::consts::OS, std::env::consts::ARCH),
            instructions: instructions(),
            load: read("/proc/loadavg").split_whitespace().next().and_then(|l| l.parse().ok()),
            file_systems: BTreeMap::new(),
        }
    }
}

/// Bytes that a program can still have, where the system tells.
#[must_use]
pub fn available_memory() -> Option<u64> {
    memory("MemAvailable:")
}

/// The kind of file system that a folder is on, such as `tmpfs`; empty where it is not known.
#[must_use]
pub fn file_system(folder: &Path) -> String {
    let mounts = read("/proc/mounts");
    let lines = mounts.lines().filter_map(|line| {
        let mut words = line.split(' ').skip(1);
        Some((words.next()?, words.next()?))
    });
    let on = lines.filter(|(mount, _)| folder.starts_with(mount));
    on.max_by_key(|(mount, _)| mount.len()).map_or_else(String::new, |(_, kind)| kind.to_owned())
}

/// Versions: the commit with a mark where files were changed, rustc, Barloom.
#[must_use]
pub fn versions(root: &Path) -> BTreeMap<String, String> {
    let run = |program: &str, arguments: &[&str]| {
        let output = Command::new(program).args(arguments).current_dir(root).output().ok()?;
        Some(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    };
    let unknown = || "unknown".to_owned();
    let commit = run("git", &["rev-parse", "HEAD"]).unwrap_or_else(unknown);
    let dirty = run("git", &["status", "--porcelain"]).is_some_and(|changes| !changes.is_empty());
    let versions = [
        ("commit", commit),
        ("dirty", dirty.to_string()),
        ("rustc", run("rustc", &["--version"]).unwrap_or_else(unknown)),
        ("barloom", env!("CARGO_PKG_VERSION").to_owned()),
    ];
    versions.map(|(name, version)| (name.to_owned(), version)).into()
}

fn read(path: &str) -> String {
    std::fs::read_to_string(path).unwrap_or_default()
}

fn cpu() -> String {
    let text = read("/proc/cpuinfo");
    let line = text.lines().find_map(|line| line.strip_prefix("model name"));
    line.and_then(|line| line.split(": ").nth(1)).unwrap_or("unknown").to_owned()
}

fn memory(key: &str) -> Option<u64> {
    let text = read("/proc/meminfo");
    let line = text.lines().find_map(|line| line.strip_prefix(key))?;
    Some(line.split_whitespace().next()?.parse::<u64>().ok()? * 1024)
}

#[cfg(target_arch = "x86_64")]
fn instructions() -> Vec<String> {
    let found = [
        ("avx2", std::arch::is_x86_feature_detected!("avx2")),
        ("fma", std::arch::is_x86_feature_detected!("fma")),
        ("avx512f", std::arch::is_x86_feature_detected!("avx512f")),
        ("avx512vl", std::arch::is_x86_feature_detected!("avx512vl")),
    ];
    found.iter().filter(|(_, there)| *there).map(|(name, _)| (*name).to_owned()).collect()
}

#[cfg(not(target_arch = "x86_64"))]
fn instructions() -> Vec<String> {
    Vec::new()
}
