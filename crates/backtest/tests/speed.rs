//! The speed of an account on 1,000,000 bars, to be run by hand in a release build:
//! `cargo test --release -p barloom-backtest --test speed -- --ignored --nocapture`
#![expect(clippy::disallowed_methods, reason = "it measures time")]

use std::time::Instant;

use barloom_backtest::{Order, Overlap, Settings, Side, Size, run};
use barloom_bars::{Column, Market, MaxGap, Series};
use barloom_rewards::RewardSettings;

const BARS: usize = 1_000_000;

fn market() -> Market {
    let mut state = 1_u64;
    let mut unit = move || {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 11) as f64 / (1_u64 << 53) as f64
    };
    let mut columns: [Vec<f64>; 4] = Default::default();
    let mut open = 100.0_f64;
    for _ in 0..BARS {
        let close = open * (1.0 + 0.002 * (unit() - 0.5));
        let high = open.max(close) * (1.0 + 0.0005 * unit());
        let low = open.min(close) * (1.0 - 0.0005 * unit());
        columns.iter_mut().zip([open, high, low, close]).for_each(|(c, value)| c.push(value));
        open = close;
    }
    let names = ["open", "high", "low", "close"];
    let columns = names.iter().zip(columns).map(|(name, c)| Column::new(*name, c)).collect();
    let series = Series::new("A", (0..BARS as i64).collect(), columns).expect("a series");
    Market::new(&[series], &[], MaxGap::None).expect("a market")
}

#[test]
#[ignore = "it measures time"]
fn bars_a_second() {
    let market = market();
    let settings = Settings { overlap: Overlap::Flip, ..Settings::new(1e9, RewardSettings::v1(1)) };
    for every in [10, 100, 1_000] {
        let order = |row: usize| {
            let side = if (row / every).is_multiple_of(2) { Side::Long } else { Side::Short };
            Order { stop: 0.02, ..Order::market(row, side, Size::Dollars(1_000.0)) }
        };
        let orders: Vec<Order> = (0..BARS).step_by(every).map(order).collect();
        let mut best = f64::INFINITY;
        let mut statistics = f64::INFINITY;
        let mut trades = 0;
        for _ in 0..5 {
            let start = Instant::now();
            let outcome = run(&market, &settings, &orders).expect("a run");
            best = best.min(start.elapsed().as_secs_f64());
            let start = Instant::now();
            assert!(outcome.statistics(1e9, 252.0).volatility.is_some());
            statistics = statistics.min(start.elapsed().as_secs_f64());
            trades = outcome.trades.len();
        }
        println!(
            "an order every {every} bars ({trades} trades): {:.0} M bars/s, statistics {:.0} ms",
            BARS as f64 / best / 1e6,
            statistics * 1e3
        );
    }
}
