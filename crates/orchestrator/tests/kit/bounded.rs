//! A command that may take so much memory and time, and no more.

use std::path::Path;
use std::process::Command;

/// Bounds of a command.
#[derive(Clone, Copy)]
pub(crate) struct Bounds {
    /// Its address space, MiB: its memory is less.
    pub(crate) mib: u32,
    /// Its processor time, s: a command that takes more is killed.
    pub(crate) seconds: u32,
}

impl Bounds {
    /// Bounds of a command that is given a file made to do harm.
    pub(crate) const ATTACK: Self = Self { mib: 1 << 10, seconds: 2 };
}

/// Runs a command on two threads: its exit code and both outputs.
#[track_caller]
pub(crate) fn bounded(dir: &Path, args: &[&str], Bounds { mib, seconds }: Bounds) -> (i32, String) {
    let limits = format!("ulimit -v {} && ulimit -t {seconds}", u64::from(mib) << 10);
    let got = Command::new("sh")
        .args(["-c", &format!("{limits} && exec \"$0\" \"$@\"")])
        .arg(env!("CARGO_BIN_EXE_barloom"))
        .args(args)
        .current_dir(dir)
        .env("XDG_CACHE_HOME", dir.join(".cache"))
        // Arenas and stacks of many threads take addresses, though no memory.
        .env("MALLOC_ARENA_MAX", "2")
        .env("RAYON_NUM_THREADS", "2")
        .env_remove("BARLOOM_LOG")
        .output()
        .expect("barloom starts");
    let said = [got.stdout, got.stderr].map(|text| String::from_utf8_lossy(&text).into_owned());
    let said = said.concat();
    assert!(!said.contains("panicked"), "{said}");
    let Some(code) = got.status.code() else {
        panic!("{args:?}: it was killed, {:?}: {said}", got.status)
    };
    (code, said)
}
