//! Triple barriers and uniqueness against mlfinpy 0.1.2 on real bars; `goldens/events.py` made the
//! values.
//!
//! Known faults of mlfinpy 0.1.2, which the comparison leaves out:
//!
//! - Without sides the lower barrier has the multiple of the upper one. The goldens have equal
//!   ones.
//! - The class compares the log return with `log(1 + target) * multiple`, where the barrier is
//!   `target * multiple`. So some events that touch a barrier have the class 0. The test counts
//!   them, and knows each by its return.
//! - A return that equals the barrier's touches nothing.

use std::sync::Arc;

use barloom_bars::{Column, Market, MaxGap, PRICE_COLUMNS, Series};
use barloom_labels::{
    Context, Kind, Label, Scale, Table, Touch, TripleBarrier, Vertical, uniqueness,
};
use barloom_rewards::{Entry, MarketIndex, Prices, SameBar};

/// Bars between t and the vertical barrier.
const HELD: usize = 16;

struct Golden {
    has_sides: bool,
    up: f64,
    down: f64,
    /// Close, target, side.
    bars: Vec<[f64; 3]>,
    /// Bars held, simple return, class, uniqueness.
    events: Vec<Option<[f64; 4]>>,
}

fn goldens() -> Vec<Golden> {
    let mut all: Vec<Golden> = Vec::new();
    for line in include_str!("goldens/events.txt").lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        let number = |at: usize| words[at].parse::<f64>().expect("a number");
        if words[0] == "market" {
            let has_sides = words[2] == "sides";
            let (up, down) = (number(3), number(4));
            all.push(Golden { has_sides, up, down, bars: Vec::new(), events: Vec::new() });
            continue;
        }
        let golden = all.last_mut().expect("a market comes first");
        golden.bars.push([number(0), number(1), number(2)]);
        let has_event = words[3] != "-";
        golden.events.push(has_event.then(|| [number(3), number(4), number(5), number(6)]));
    }
    all
}

fn market(golden: &Golden) -> Market {
    let close: Vec<f64> = golden.bars.iter().map(|bar| bar[0]).collect();
    // A label of t takes the values of t-1; mlfinpy those of t.
    let before = |at: usize| {
        let later = golden.bars.iter().skip(1).map(|bar| bar[at]);
        later.chain([f64::NAN]).collect::<Vec<f64>>()
    };
    let mut columns: Vec<Column> =
        PRICE_COLUMNS.iter().map(|name| Column::new(*name, close.clone())).collect();
    columns.extend([Column::new("target", before(1)), Column::new("side", before(2))]);
    let series = Series::new("A", (0..close.len() as i64).collect(), columns).expect("a series");
    let inputs = ["target".to_owned(), "side".to_owned()];
    Market::with_inputs(&[series], &[], &inputs, MaxGap::None).expect("a market")
}

fn table(golden: &Golden, market: &Market) -> Table {
    let index = Arc::new(MarketIndex::new(Prices::from(market.prices())).expect("an index"));
    let context = Context { market, index: &index, entry: Entry::NextClose };
    let kind = Kind::TripleBarrier(TripleBarrier {
        horizon: HELD + 1,
        up: golden.up,
        down: golden.down,
        scale: Scale::Column("target".to_owned()),
        touch: Touch::Close,
        same_bar: SameBar::StopFirst,
        vertical: Vertical::Zero,
        side: golden.has_sides.then(|| "side".to_owned()),
    });
    Label { name: "tb".to_owned(), kind }.table(&context).expect("a table")
}

#[test]
fn triple_barriers_and_uniqueness_are_those_of_mlfinpy() {
    let goldens = goldens();
    assert_eq!(goldens.len(), 10);
    let (mut compared, mut faults) = (0, 0);
    for golden in &goldens {
        let market = market(golden);
        let table = table(golden, &market);
        let [class, log_return, held, _] = &table.columns[..] else { panic!("four columns") };
        let rows: Vec<_> =
            (0..market.len()).filter(|row| table.life[*row] > 0).map(|row| row..row + 1).collect();
        let weights = uniqueness(&market, &rows, &table.life);
        for (row, event) in golden.events.iter().enumerate() {
            let Some([bars, simple, bin, unique]) = event else {
                assert_eq!(table.life[row], 0, "row {row}");
                continue;
            };
            compared += 1;
            assert_eq!(held.values.number(row), *bars, "row {row}");
            let found = log_return.values.number(row);
            assert!((libm::expm1(found) - simple).abs() < 1e-12, "row {row}: {found} {simple}");
            assert!((weights[row] - unique).abs() < 1e-12, "row {row}: {} {unique}", weights[row]);
            let class = class.values.number(row);
            if class != *bin {
                // The return says which barrier was touched; the class of mlfinpy follows from its
                // rule.
                let target = golden.bars[row][1];
                let touched = if *simple > golden.up * target {
                    1.0
                } else if *simple < -golden.down * target && !golden.has_sides {
                    -1.0
                } else {
                    0.0
                };
                let beyond = |multiple: f64| libm::log1p(target) * multiple;
                let of_mlfinpy = if found > beyond(golden.up) {
                    1.0
                } else if found < -beyond(golden.down) && !golden.has_sides {
                    -1.0
                } else {
                    0.0
                };
                assert_eq!((class, *bin), (touched, of_mlfinpy), "row {row}");
                faults += 1;
            }
        }
    }
    assert_eq!((compared, faults), (2_639, 9));
}
