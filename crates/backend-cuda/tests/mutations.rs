//! Any one operation of a kernel that is changed fails the conformance suite.
//!
//! Each change is made to a copy of the kernels, compiled into a driver of its own, and given to a
//! process that runs the suite on it. docs/testing.md lists the changes.
#![cfg(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64")))]

mod emulator;

use std::fs;
use std::path::Path;
use std::process::Command;
use std::thread;

use emulator::cases::compare;

/// Files, what stands there once, and what it becomes.
const CHANGES: &[(&str, &str, &str)] = &[
    ("draw.cuh", "rotated(g.s0 + g.s3, 23)", "rotated(g.s0 + g.s3, 24)"),
    ("draw.cuh", "(f64)(u >> 11)", "(f64)(u >> 12 << 1)"),
    ("draw.cuh", "draws.first_rank[first + half] <= rank", "draws.first_rank[first + half] < rank"),
    ("draw.cuh", "for (i32 k = 0; k < 6; ++k) next(g);", "for (i32 k = 0; k < 5; ++k) next(g);"),
    ("draw.cuh", "out.listed[thread]", "out.listed[thread ^ 1]"),
    ("draw.cuh", "out.first + thread", "out.first ^ thread"),
    ("draw.cuh", "after / draws.copies[range]", "after / draws.copies[0]"),
    (
        "draw.cuh",
        "after / draws.copies[range] : after",
        "(after + 1) / draws.copies[range] : after",
    ),
    ("draw.cuh", "below(u, draws.ranks)", "below(u, (u32)draws.ranks)"),
    ("trade.cuh", "block[lane] <= down", "block[lane] < down"),
    ("trade.cuh", "block[FAN + lane] >= up", "block[FAN + lane] > up"),
    ("trade.cuh", "low <= at.down", "low < at.down"),
    ("trade.cuh", "high >= at.up", "high > at.up"),
    ("trade.cuh", "* (1.0 + touch)", "* 1.0"),
    ("trade.cuh", "* (1.0 - touch)", "* (1.0 - 2.0 * touch)"),
    ("trade.cuh", "if (stopped || reached) {\n        *reason", "if (stopped) {\n        *reason"),
    ("trade.cuh", "reached_by(at, open, open,", "reached_by(at, low, open,"),
    ("trade.cuh", "- costs - carry;", "- (costs + carry);"),
    ("trade.cuh", "(!reached || !trading.target_first)", "(!reached || trading.target_first)"),
    ("trade.cuh", "node = block + 1;", "node = block + 2;"),
    ("tree.cuh", "delta * delta * (n * right.n / all)", "delta * (delta * (n * right.n / all))"),
    ("tree.cuh", "lane[row % 8] += x", "lane[row % 4] += x"),
    ("tree.cuh", "row % (run * FAN) == 0", "row % run == 0"),
    ("tree.cuh", "max - (sum + right.min)", "max - right.min"),
    ("reward.cuh", "greatest(high, 0.0) - u", "high - u"),
    ("reward.cuh", "bars_per_year[in.symbol[thread]]", "bars_per_year[0 * in.symbol[thread]]"),
    ("reward.cuh", "u * year / m / (", "u * (year / m) / ("),
    ("reward.cuh", "d * (s * (all.sum / m) - h)", "d * (s * (all.sum / m)) - d * h"),
    ("reward.cuh", "value < metric.clip_lo || value > metric.clip_hi", "value < metric.clip_lo"),
    ("libm.cuh", "const f64 r = t2 + t1;", "const f64 r = t2 - t1;"),
    ("libm.cuh", "ss * ss;", "ss * s_h;"),
    ("window.cuh", "const f32 by = channel.over[t - 1];", "const f32 by = channel.over[t];"),
    ("window.cuh", "from[0] / by", "from[0] * (1.0f / by)"),
    ("window.cuh", "(x - mean) * (x - mean)", "(x - mean) * x"),
    ("window.cuh", "x > hi[lane] ? x : hi[lane]", "x < hi[lane] ? x : hi[lane]"),
    ("window.cuh", "window * channel.rows_per_window]", "window + 0 * channel.rows_per_window]"),
    ("window.cuh", "channel.shift[window])", "channel.shift[window * channel.rows_per_window])"),
    ("window.cuh", "window * channel.stride", "window * channel.lookback"),
    ("window.cuh", "k * channel.step", "k"),
    ("window.cuh", "if (channel.step == 1 && ", "if ("),
];

#[test]
#[cfg_attr(not(has_cxx), ignore = "needs a C++ compiler: c++, or CXX")]
fn every_change_is_found() {
    let unfound_of = |changes: &[(&str, &str, &str)]| -> Vec<String> {
        let unfound =
            changes.iter().filter(|(file, from, to)| suite_passes(&changed(file, from, to)));
        unfound.map(|(file, from, to)| format!("{file}: {from} -> {to}")).collect()
    };
    let unfound: Vec<String> = thread::scope(|scope| {
        let halves = CHANGES.chunks(CHANGES.len().div_ceil(2));
        let halves: Vec<_> = halves.map(|half| scope.spawn(|| unfound_of(half))).collect();
        halves.into_iter().flat_map(|half| half.join().unwrap()).collect()
    });
    assert!(unfound.is_empty(), "the suite passes with: {unfound:#?}");
}

#[test]
#[cfg_attr(not(has_cxx), ignore = "needs a C++ compiler: c++, or CXX")]
fn the_suite_passes_without_a_change() {
    assert!(suite_passes(&emulator::compile(&emulator::here().join("kernels")).unwrap()));
}

/// Run by the tests above in processes of their own: one process has one driver.
#[test]
#[ignore = "it is what the other tests run"]
fn suite_on_the_given_driver() {
    let backend = emulator::backend();
    barloom_conformance::check(&backend).unwrap();
    emulator::cases::cases().iter().try_for_each(|case| compare(&backend, case)).unwrap();
}

fn suite_passes(library: &emulator::Library) -> bool {
    let this = std::env::current_exe().unwrap();
    let mut suite = Command::new(this);
    suite.args(["--ignored", "--exact", "suite_on_the_given_driver"]);
    suite.env("BARLOOM_FAKE_DRIVER", &library.path).output().unwrap().status.success()
}

fn changed(file: &str, from: &str, to: &str) -> emulator::Library {
    let folder = tempfile::tempdir().unwrap();
    for entry in fs::read_dir(emulator::here().join("kernels")).unwrap() {
        let path = entry.unwrap().path();
        fs::copy(&path, folder.path().join(path.file_name().unwrap())).unwrap();
    }
    let path: &Path = &folder.path().join(file);
    let text = fs::read_to_string(path).unwrap();
    assert_eq!(text.matches(from).count(), 1, "{file} holds once: {from}");
    fs::write(path, text.replace(from, to)).unwrap();
    emulator::compile(folder.path()).unwrap()
}
