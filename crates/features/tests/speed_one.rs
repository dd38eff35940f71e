//! The time of a value where a single feature is evaluated, to be run by hand in a release build:
//! `cargo test --release -p barloom-features --test speed_one -- --ignored --nocapture`

mod common;

use barloom_features::{Attributes, Features, Options};
use common::{MARCH, MINUTE, market, series};

const ROWS: usize = 1_000_000;

#[test]
#[ignore = "it measures time"]
#[expect(clippy::disallowed_methods, reason = "it measures time")]
fn single() {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(2).build().expect("two threads");
    let ts: Vec<i64> = (0..ROWS as i64).map(|row| MARCH + row * MINUTE).collect();
    let market = market(&[series("A", &ts, 1)], MINUTE);
    for text in [
        "close",
        "close / open",
        "mean(close, 20)",
        "std(close, 20)",
        "max(high, 20)",
        "corr(close, volume, 20)",
        "rank(close, 20)",
        "std(log(close / lag(close, 1)), 20)",
        "ema(close, 20)",
    ] {
        let features = vec![("x".to_owned(), text.to_owned())];
        let features = Features::new(features, Options::default()).expect("it is right");
        let once = || {
            let start = std::time::Instant::now();
            let columns = pool.install(|| features.evaluate(&market, &Attributes::default()));
            std::hint::black_box(columns.expect("values"));
            start.elapsed().as_secs_f64() * 1e9 / ROWS as f64
        };
        let first = once();
        let best = (0..9).map(|_| once()).fold(f64::INFINITY, f64::min);
        println!("{text}: first {first:.2}, least {best:.2} ns a value");
    }
}
