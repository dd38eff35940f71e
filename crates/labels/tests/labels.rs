//! Labels against plain scans on generated markets, and what they depend on.

use std::sync::Arc;

use barloom_bars::{Column, Market, MaxGap, PRICE_COLUMNS, Segment, Series};
use barloom_labels::{
    Context, Kind, Label, MISSING_BARS, MISSING_CLASS, Scale, Table, Touch, TripleBarrier, Values,
    Vertical,
};
use barloom_rewards::{Entry, MarketIndex, Prices, SameBar};
use proptest::prelude::*;

/// The platform's logarithm; labels take that of libm.
#[expect(clippy::disallowed_methods, reason = "the test is plain")]
fn log(x: f64) -> f64 {
    x.ln()
}

const MINUTE: i64 = 60_000_000_000;

/// Bars of several symbols: prices in steps of 0.25, so that equal prices and exact touches occur.
#[derive(Clone, Debug)]
struct Bars {
    market: Market,
    entry: Entry,
}

fn market(rows: &[Vec<[i8; 6]>]) -> Market {
    let series = rows.iter().enumerate().map(|(number, rows)| {
        let mut columns: [Vec<f64>; 6] = Default::default();
        let mut ts = Vec::new();
        let (mut at, mut close) = (0, 100.0_f64);
        for [gap, open, high, low, step, side] in rows {
            at += if *gap > 100 { 60 * MINUTE } else { MINUTE };
            ts.push(at);
            let open = (close + f64::from(*open / 64) * 0.25).max(1.0);
            close = (close + f64::from(*step / 32) * 0.25).max(1.0);
            let high = open.max(close) + f64::from(high.unsigned_abs() / 64) * 0.25;
            let low = (open.min(close) - f64::from(low.unsigned_abs() / 64) * 0.25).max(0.5);
            let scale = f64::from(step.unsigned_abs()) / 4_000.0;
            let side = f64::from((side / 43).signum());
            let values = [open, high, low, close, scale, side];
            columns.iter_mut().zip(values).for_each(|(column, value)| column.push(value));
        }
        let names = PRICE_COLUMNS.into_iter().chain(["scale", "side"]);
        let columns = names.zip(columns).map(|(name, values)| Column::new(name, values)).collect();
        Series::new(format!("S{number}"), ts, columns).expect("a series")
    });
    let inputs = ["scale".to_owned(), "side".to_owned()];
    let series: Vec<Series> = series.collect();
    Market::with_inputs(&series, &[], &inputs, MaxGap::Limit(10 * MINUTE)).expect("a market")
}

fn bars() -> impl Strategy<Value = Bars> {
    let row = prop::array::uniform6(any::<i8>());
    let rows = prop::collection::vec(prop::collection::vec(row, 1..80), 1..3);
    let entry = prop_oneof![Just(Entry::NextOpen), Just(Entry::NextClose)];
    (rows, entry).prop_map(|(rows, entry)| Bars { market: market(&rows), entry })
}

impl Bars {
    fn table(&self, kind: &Kind) -> Table {
        let prices = Prices::from(self.market.prices());
        let index = Arc::new(MarketIndex::new(prices).expect("an index"));
        let context = Context { market: &self.market, index: &index, entry: self.entry };
        let label = Label { name: "x".to_owned(), kind: kind.clone() };
        label.table(&context).expect("a table")
    }

    fn segment(&self, row: usize) -> Segment {
        let holds = |segment: &&Segment| (segment.start..segment.end).contains(&row);
        *self.market.segments().iter().find(holds).expect("a segment")
    }

    fn entry(&self, row: usize) -> f64 {
        match self.entry {
            Entry::NextOpen => self.market.open()[row],
            Entry::NextClose => self.market.close()[row],
        }
    }

    /// Live rows of a horizon that stays in its segment.
    fn live(&self, row: usize, horizon: usize) -> Option<std::ops::Range<usize>> {
        let first = if self.entry == Entry::NextOpen { row } else { row + 1 };
        (row + horizon <= self.segment(row).end).then_some(first..row + horizon)
    }
}

fn number(table: &Table, column: &str, row: usize) -> f64 {
    let found = table.columns.iter().find(|one| one.name == column).expect("the column");
    found.values.number(row)
}

fn near(a: f64, b: f64) -> bool {
    (a.is_nan() && b.is_nan()) || (a - b).abs() <= 1e-9 * a.abs().max(b.abs()).max(1e-3)
}

/// The t-value of the slope of a regression on 0, 1, 2, ...
fn t_value(y: &[f64]) -> f64 {
    let n = y.len() as f64;
    let mean = y.iter().sum::<f64>() / n;
    let x = |i: usize| i as f64 - (n - 1.0) / 2.0;
    let xx: f64 = (0..y.len()).map(|i| x(i) * x(i)).sum();
    let slope = (0..y.len()).map(|i| x(i) * (y[i] - mean)).sum::<f64>() / xx;
    let rest = |i: usize| y[i] - mean - slope * x(i);
    let residual: f64 = (0..y.len()).map(|i| rest(i) * rest(i)).sum();
    slope / (residual / (n - 2.0) / xx).sqrt()
}

fn barrier() -> impl Strategy<Value = TripleBarrier> {
    let distance = prop_oneof![Just(0.0), Just(1.0), Just(2.0), 0.1..3.0];
    let scale = prop_oneof![Just(Scale::Fixed(0.0025)), Just(Scale::Column("scale".to_owned()))];
    let touch = prop_oneof![Just(Touch::HighLow), Just(Touch::Close)];
    let same_bar = prop_oneof![Just(SameBar::StopFirst), Just(SameBar::TargetFirst)];
    let vertical = prop_oneof![Just(Vertical::Zero), Just(Vertical::Sign)];
    let side = prop::option::of(Just("side".to_owned()));
    (1..20_usize, distance.clone(), distance, scale, touch, same_bar, vertical, side).prop_map(
        |(horizon, up, down, scale, touch, same_bar, vertical, side)| TripleBarrier {
            horizon,
            up,
            down,
            scale,
            touch,
            same_bar,
            vertical,
            side,
        },
    )
}

/// Class, log return, bars, ambiguous of a bar by a plain scan.
fn plain(bars: &Bars, spec: &TripleBarrier, row: usize) -> Option<(i8, f64, usize, bool)> {
    let market = &bars.market;
    let before = |name: &str| {
        let column = market.column(name).expect("the column");
        if row > bars.segment(row).start { column[row - 1] } else { f64::NAN }
    };
    let scale = match &spec.scale {
        Scale::Fixed(scale) => *scale,
        Scale::Column(name) => before(name),
    };
    let side = spec.side.as_ref().map_or(1.0, |name| before(name));
    let live = bars.live(row, spec.horizon)?;
    if scale.is_nan() || scale <= 0.0 || side.is_nan() || side == 0.0 {
        return None;
    }
    let entry = bars.entry(row);
    // 2^-40 of a barrier's price is near enough.
    let near = 1.0 / (1_u64 << 40) as f64;
    let profit = entry * (1.0 + side * spec.up * scale);
    let loss = entry * (1.0 - side * spec.down * scale);
    let wins = |price: f64| {
        spec.up > 0.0
            && if side > 0.0 {
                price >= profit * (1.0 - near)
            } else {
                price <= profit * (1.0 + near)
            }
    };
    let loses = |price: f64| {
        spec.down > 0.0
            && if side > 0.0 { price <= loss * (1.0 + near) } else { price >= loss * (1.0 - near) }
    };
    let outcome = |won: bool| match (&spec.side, won) {
        (_, true) => 1,
        (Some(_), false) => 0,
        (None, false) => -1,
    };
    for at in live {
        let [open, high, low, close] = market.prices().map(|column| column[at]);
        let result = |won: bool, price: f64, ambiguous: bool| {
            Some((outcome(won), side * log(price / entry), at - row, ambiguous))
        };
        if spec.touch == Touch::Close {
            if loses(close) {
                return result(false, close, false);
            }
            if wins(close) {
                return result(true, close, false);
            }
            continue;
        }
        if loses(open) || wins(open) {
            return result(!loses(open), open, false);
        }
        let (best, worst) = if side > 0.0 { (high, low) } else { (low, high) };
        match (wins(best), loses(worst)) {
            (false, false) => {}
            (true, false) => return result(true, profit, false),
            (false, true) => return result(false, loss, false),
            (true, true) if spec.same_bar == SameBar::TargetFirst => {
                return result(true, profit, true);
            }
            (true, true) => return result(false, loss, true),
        }
    }
    let last = row + spec.horizon - 1;
    let price = market.close()[last];
    let class = match (&spec.side, spec.vertical) {
        (Some(_), _) | (None, Vertical::Zero) => 0,
        (None, Vertical::Sign) => i8::from(price > entry) - i8::from(price < entry),
    };
    Some((class, side * log(price / entry), last - row, false))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// About 30,000 labelled bars.
    #[test]
    fn triple_barriers_are_those_of_a_scan(bars in bars(), spec in barrier()) {
        let table = bars.table(&Kind::TripleBarrier(spec.clone()));
        for row in 0..bars.market.len() {
            let found = (
                number(&table, "x", row),
                number(&table, "x_return", row),
                number(&table, "x_bars", row),
                number(&table, "x_ambiguous", row),
            );
            match plain(&bars, &spec, row) {
                None => {
                    prop_assert!(found.0.is_nan() && found.1.is_nan() && found.2.is_nan());
                    prop_assert_eq!((found.3, table.life[row]), (0.0, 0));
                }
                Some((class, log_return, held, ambiguous)) => {
                    let exact = (f64::from(class), held as f64, f64::from(u8::from(ambiguous)));
                    prop_assert_eq!((found.0, found.2, found.3), exact, "row {} {:?}", row, spec);
                    prop_assert!(near(found.1, log_return), "row {}: {} {}", row, found.1, log_return);
                    prop_assert_eq!(table.life[row] as usize, held + 1);
                }
            }
        }
    }

    #[test]
    fn other_kinds_are_those_of_a_scan(bars in bars(), horizon in 1..12_usize, more in 0..9_usize) {
        let market = &bars.market;
        let close = market.close();
        let returns = bars.table(&Kind::Return { horizons: vec![horizon, horizon + more + 1] });
        let excursion = bars.table(&Kind::Excursion { horizon });
        let path = bars.table(&Kind::Path { horizon });
        let volatility = bars.table(&Kind::Volatility { horizon: horizon + 1 });
        let trend = bars.table(&Kind::Trend { least: 3, most: 3 + more });
        let feature = bars.table(&Kind::Feature { column: "scale".to_owned() });
        let mut values = vec![0.0_f32; horizon];
        for row in 0..market.len() {
            let entry = bars.entry(row);
            let of = |bars_: usize, value: &dyn Fn(std::ops::Range<usize>) -> f64| {
                bars.live(row, bars_).map_or(f64::NAN, value)
            };
            for bars_ in [horizon, horizon + more + 1] {
                let expected = of(bars_, &|_| log(close[row + bars_ - 1] / entry));
                let found = number(&returns, &format!("x_{bars_}"), row);
                prop_assert!(near(found, expected), "{} {}", found, expected);
            }
            let most = [horizon + more + 1, horizon].into_iter().find(|h| bars.live(row, *h).is_some());
            prop_assert_eq!(returns.life[row] as usize, most.unwrap_or(0));
            let extreme = |column: &[f64], rows: std::ops::Range<usize>, high: bool| {
                let pick = if high { f64::max } else { f64::min };
                column[rows].iter().copied().reduce(pick).map_or(f64::NAN, |price| price / entry - 1.0)
            };
            let up = of(horizon, &|rows| extreme(market.high(), rows, true));
            let down = of(horizon, &|rows| extreme(market.low(), rows, false));
            prop_assert!(near(number(&excursion, "x_up", row), up));
            prop_assert!(near(number(&excursion, "x_down", row), down));
            path.columns[0].values.path(row, &mut values);
            for (k, value) in values.iter().enumerate() {
                let expected = of(horizon, &|_| log(close[row + k] / entry));
                prop_assert!(near((f64::from(*value) * 1e4).round(), (expected * 1e4).round()));
            }
            let std = of(horizon + 1, &|rows| {
                let mut last = entry;
                let steps: Vec<f64> = rows
                    .map(|at| log(close[at] / std::mem::replace(&mut last, close[at])))
                    .collect();
                let mean = steps.iter().sum::<f64>() / steps.len() as f64;
                let squares: f64 = steps.iter().map(|step| (step - mean) * (step - mean)).sum();
                if steps.len() < 2 { f64::NAN } else { (squares / (steps.len() as f64 - 1.0)).sqrt() }
            });
            prop_assert!(near(number(&volatility, "x", row), std));
            let expected = if row > bars.segment(row).start {
                market.column("scale").expect("it is there")[row - 1]
            } else {
                f64::NAN
            };
            prop_assert!(near(number(&feature, "x", row), expected));
            let has_trend = row + 3 + more <= bars.segment(row).end;
            prop_assert_eq!(!number(&trend, "x", row).is_nan(), has_trend);
            if has_trend {
                let best = (3..=3 + more)
                    .map(|n| t_value(&close[row..row + n]))
                    .filter(|t| t.is_finite())
                    .fold(0.0, |best: f64, t| if t.abs() > best.abs() { t } else { best });
                let found = number(&trend, "x", row);
                // A line without residuals has a t-value that rounding makes.
                let exact = found.abs().max(best.abs()) > 1e6;
                prop_assert!(exact || (found.abs() - best.abs()).abs() < 1e-6 * best.abs().max(1e-3));
            }
        }
    }

    /// Bars outside of `[t, t + life)` and rows before t change nothing but through a scale, a side
    /// or a feature at t-1.
    #[test]
    fn labels_depend_on_their_life_alone(
        rows in prop::collection::vec(prop::array::uniform6(any::<i8>()), 30..60),
        spec in barrier(),
        at in 0..60_usize,
        entry in prop_oneof![Just(Entry::NextOpen), Just(Entry::NextClose)],
    ) {
        let whole: Vec<[i8; 6]> = rows.iter().map(|[_, rest @ ..]| {
            let [open, high, low, step, side] = *rest;
            [0, open, high, low, step, side]
        }).collect();
        let at = at % whole.len();
        let kinds = [
            Kind::Return { horizons: vec![1, 7] },
            Kind::Volatility { horizon: 6 },
            Kind::Excursion { horizon: 5 },
            Kind::Trend { least: 4, most: 9 },
            Kind::TripleBarrier(spec),
        ];
        let before = Bars { market: market(std::slice::from_ref(&whole)), entry };
        // Every price from `at` on is another; the columns keep their values.
        let prices: Vec<Column> = before.market.columns().iter().map(|column| {
            let is_price = PRICE_COLUMNS.contains(&&*column.name);
            let scaled = column.values.iter().enumerate();
            let scaled = scaled.map(|(row, x)| if is_price && row >= at { x * 1.5 } else { *x });
            Column::new(&*column.name, scaled.collect())
        }).collect();
        let series = Series::new("S0", before.market.ts().to_vec(), prices).expect("a series");
        let inputs = ["scale".to_owned(), "side".to_owned()];
        let after = Market::with_inputs(&[series], &[], &inputs, MaxGap::None).expect("a market");
        let after = Bars { market: after, entry };
        for kind in kinds {
            let (old, new) = (before.table(&kind), after.table(&kind));
            for row in (0..at).filter(|row| row + old.life[*row] as usize <= at) {
                for (a, b) in old.columns.iter().zip(&new.columns) {
                    let (a, b) = (a.values.number(row), b.values.number(row));
                    prop_assert_eq!(a.to_bits(), b.to_bits(), "{:?} row {}", kind, row);
                }
            }
        }
    }
}

/// Barriers 1% above and below, over 5 bars.
fn plain_barrier() -> TripleBarrier {
    TripleBarrier {
        horizon: 5,
        up: 1.0,
        down: 1.0,
        scale: Scale::Fixed(0.01),
        touch: Touch::HighLow,
        same_bar: SameBar::StopFirst,
        vertical: Vertical::Zero,
        side: None,
    }
}

#[test]
fn missing_values_have_one_form() {
    let bars = Bars { market: market(&[vec![[0; 6]; 4]]), entry: Entry::NextOpen };
    let table = bars.table(&Kind::TripleBarrier(plain_barrier()));
    let [class, log_return, held, ambiguous] = &table.columns[..] else { panic!("four columns") };
    assert!(matches!(&class.values, Values::I8(values) if values[0] == MISSING_CLASS));
    assert!(matches!(&log_return.values, Values::F64(values) if values[0].is_nan()));
    assert!(matches!(&held.values, Values::I32(values) if values[0] == MISSING_BARS));
    assert!(matches!(&ambiguous.values, Values::U8(values) if values[0] == 0));
    assert_eq!(table.life, [0; 4]);
}

#[test]
fn impossible_settings_name_the_key() {
    let barrier = |change: &dyn Fn(&mut TripleBarrier)| {
        let mut spec = plain_barrier();
        change(&mut spec);
        Kind::TripleBarrier(spec)
    };
    let bars = Bars { market: market(&[vec![[0, 0, 0, 0, 100, 100]; 9]]), entry: Entry::NextOpen };
    let prices = Prices::from(bars.market.prices());
    let index = Arc::new(MarketIndex::new(prices).expect("an index"));
    let context = Context { market: &bars.market, index: &index, entry: bars.entry };
    for (kind, says) in [
        (Kind::Return { horizons: vec![] }, "horizon: expected at least one"),
        (Kind::Return { horizons: vec![3, 3] }, "horizon: expected at least one"),
        (Kind::Return { horizons: vec![0] }, "horizon: 0 bars: expected 1 to 1000000"),
        (Kind::Volatility { horizon: 1 }, "horizon: 1 bars: expected 2"),
        (Kind::Trend { least: 2, most: 9 }, "horizon: 2 bars: expected 3"),
        (Kind::Trend { least: 9, most: 5 }, "horizon: [9, 5]"),
        (Kind::Path { horizon: 70_000 }, "horizon: 70000 bars"),
        (Kind::Feature { column: "none".into() }, "of: the bars have no column none"),
        (barrier(&|spec| spec.up = -1.0), "up: -1"),
        (barrier(&|spec| spec.down = f64::NAN), "down: NaN"),
        (barrier(&|spec| spec.scale = Scale::Fixed(0.0)), "scale: 0"),
        (
            barrier(&|spec| spec.scale = Scale::Column("no".into())),
            "scale: the bars have no column",
        ),
        (barrier(&|spec| spec.side = Some("no".into())), "side: the bars have no column"),
        (barrier(&|spec| spec.side = Some("scale".into())), "side: scale is 0.025 in row 0"),
    ] {
        let label = Label { name: "x".to_owned(), kind };
        let error = label.table(&context).expect_err(says).to_string();
        assert!(error.starts_with(says), "{error}");
    }
}
