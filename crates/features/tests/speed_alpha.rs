//! The time of a value of alpha158 and the memory it takes, to be run by hand in a release build:
//! `cargo test --release -p barloom-features --test speed_alpha -- --ignored --nocapture`

mod common;

use barloom_features::{Attributes, Features, Options, preset};
use common::{MARCH, MINUTE, market, series};

const ROWS: usize = 1_000_000;

/// A line of the status of this process, in MB.
fn memory(line: &str) -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let of = status.lines().find(|text| text.starts_with(line))?;
    let kilobytes: f64 = of.split_whitespace().nth(1)?.parse().ok()?;
    Some(kilobytes * 1024.0 / 1e6)
}

/// Seconds of processor time that this process took.
fn processor() -> Option<f64> {
    let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
    let (_, rest) = stat.rsplit_once(')')?;
    let ticks = rest.split_whitespace().skip(11).take(2).map(|ticks| ticks.parse::<f64>().ok());
    // A tick is 10 ms on Linux.
    ticks.sum::<Option<f64>>().map(|ticks| ticks / 100.0)
}

#[test]
#[ignore = "it measures time"]
#[expect(clippy::disallowed_methods, reason = "it measures time")]
fn alpha158() {
    let rows = std::env::var("ROWS").ok().and_then(|rows| rows.parse().ok()).unwrap_or(ROWS);
    let pool = rayon::ThreadPoolBuilder::new().num_threads(2).build().expect("two threads");
    let ts: Vec<i64> = (0..rows as i64).map(|row| MARCH + row * MINUTE).collect();
    let market = market(&[series("A", &ts, 1)], MINUTE);
    drop(ts);
    let preset = preset("alpha158", |_| false).expect("it is known");
    let features = Features::new(preset.features, Options::default()).expect("they are right");
    let before = memory("VmRSS");
    for run in 0..5 {
        let start = std::time::Instant::now();
        let processor_before = processor();
        let columns =
            pool.install(|| features.evaluate(&market, &Attributes::default())).expect("values");
        let seconds = start.elapsed().as_secs_f64();
        let values = columns.iter().map(|column| column.values.len()).sum::<usize>() as f64;
        let processor = processor_before.zip(processor()).map_or(f64::NAN, |(from, to)| to - from);
        println!(
            "alpha158: {:.2} ns a value, {:.2} ns of processor time",
            seconds * 1e9 / values,
            processor * 1e9 / values
        );
        if let (0, Some(before), Some(peak)) = (run, before, memory("VmHWM")) {
            let result = values * 8.0 / 1e6;
            println!("result {result:.0} MB, peak beyond it {:.0} MB", peak - before - result);
        }
    }
}
