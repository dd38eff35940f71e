//! The time that tables of 1,000,000 bars take, to be run by hand in a release build:
//! `cargo test --release -p barloom-labels --test speed -- --ignored --nocapture`

use std::sync::Arc;

use barloom_bars::{Column, Market, MaxGap, Series};
use barloom_labels::{Context, Kind, Label, Scale, Touch, TripleBarrier, Vertical};
use barloom_rewards::{Entry, MarketIndex, Prices, SameBar};

const ROWS: usize = 1_000_000;
const HORIZON: usize = 64;

fn market() -> Market {
    let mut state = 1_u64;
    let mut unit = move || {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 11) as f64 / (1_u64 << 53) as f64
    };
    let mut columns: [Vec<f64>; 4] = Default::default();
    let mut open = 100.0_f64;
    for _ in 0..ROWS {
        let close = open * (1.0 + 0.002 * (unit() - 0.5));
        let high = open.max(close) * (1.0 + 0.0005 * unit());
        let low = open.min(close) * (1.0 - 0.0005 * unit());
        columns.iter_mut().zip([open, high, low, close]).for_each(|(c, value)| c.push(value));
        open = close;
    }
    let names = ["open", "high", "low", "close"];
    let columns = names.iter().zip(columns).map(|(name, c)| Column::new(*name, c)).collect();
    let series = Series::new("A", (0..ROWS as i64).collect(), columns).expect("a series");
    Market::new(&[series], &[], MaxGap::None).expect("a market")
}

#[test]
#[ignore = "it measures time"]
#[expect(clippy::disallowed_methods, reason = "it measures time")]
fn kinds() {
    let market = market();
    let prices = Prices::from(market.prices());
    let index = Arc::new(MarketIndex::new(prices).expect("an index"));
    let context = Context { market: &market, index: &index, entry: Entry::NextOpen };
    let barrier = |touch| {
        Kind::TripleBarrier(TripleBarrier {
            horizon: HORIZON,
            up: 2.0,
            down: 1.0,
            scale: Scale::Fixed(0.002),
            touch,
            same_bar: SameBar::StopFirst,
            vertical: Vertical::Zero,
            side: None,
        })
    };
    for (name, kind) in [
        ("return", Kind::Return { horizons: vec![HORIZON] }),
        ("triple_barrier", barrier(Touch::HighLow)),
        ("triple_barrier, closes", barrier(Touch::Close)),
        ("volatility", Kind::Volatility { horizon: HORIZON }),
        ("excursion", Kind::Excursion { horizon: HORIZON }),
        ("trend", Kind::Trend { least: 16, most: HORIZON }),
        ("path", Kind::Path { horizon: HORIZON }),
    ] {
        let label = Label { name: name.to_owned(), kind };
        let start = std::time::Instant::now();
        let table = label.table(&context).expect("a table");
        println!("{name}: {:.3} s, {} columns", start.elapsed().as_secs_f64(), table.columns.len());
    }
}
