//! The cost of a push, by
//! `cargo test --release -p barloom-features --test speed_live -- --ignored --nocapture`.

mod common;
#[path = "common/twenty.rs"]
mod twenty;

use std::time::Instant;

use barloom_features::live::{Live, LiveBar, Place};
use barloom_features::{Attributes, Features, Options, WarmUp};
use common::{MARCH, MINUTE, market, series};
use twenty::FEATURES;

#[test]
#[ignore = "it measures time"]
fn a_push_costs_the_same_after_many_bars() {
    let mut texts: Vec<String> = FEATURES.iter().map(|text| (*text).to_owned()).collect();
    if cfg!(not(feature = "ta")) {
        texts[4] = "min(low, 50) / close".into();
        texts[17] = "close / lag(close, 240) - 1".into();
        texts[19] = "cusum(log(close), 0.02)".into();
    }
    let features = texts.into_iter().enumerate().map(|(i, text)| (format!("f{i}"), text));
    let options = Options { warm_up: WarmUp::Defined, ..Options::default() };
    let features = Features::new(features.collect(), options).unwrap();
    let ts: Vec<i64> = (0..1_010_000).map(|row| MARCH + row * MINUTE).collect();
    let market = market(&[series("A", &ts, 1)], MINUTE);
    let mut live = Live::new(&features, &Live::symbols_of(&market), &Attributes::default());
    let columns: Vec<&[f64]> =
        live.columns().iter().map(|name| market.column(name).unwrap()).collect();
    let mut row = 0;
    let mut push = |count: usize| {
        #[expect(clippy::disallowed_methods, reason = "it measures time")]
        let start = Instant::now();
        for _ in 0..count {
            let values: Vec<f64> = columns.iter().map(|column| column[row]).collect();
            let place = if row == 0 { Place::Starts } else { Place::Continues };
            live.push(&[LiveBar { symbol: 0, ts: ts[row], place, values: &values }]).unwrap();
            std::hint::black_box(live.values(0));
            row += 1;
        }
        start.elapsed().as_secs_f64() * 1e6 / count as f64
    };
    push(10_000);
    let early = push(10_000);
    push(980_000);
    let late = push(10_000);
    println!(
        "a push of 20 features: {early:.1} us after 10,000 bars, {late:.1} us after 1,000,000"
    );
    assert!(late < 100.0, "{late} us");
    assert!(late < 2.0 * early, "{late} us after many bars, {early} us after few");
}
