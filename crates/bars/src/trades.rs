//! Bars of trades.

use std::collections::BTreeMap;
use std::ops::Range;

use crate::sum::{Sum, mean_price};
use crate::{Anchor, BarSpec, Column, Grid};

/// A trade of an exchange's stream may be told this much late, ns: a minute.
const LATE: i64 = 60_000_000_000;

/// The columns of bars that are made of trades, in this order.
///
/// - `quote_volume` is the sum of price times size, `count` the number of trades.
/// - `vwap` is `quote_volume / volume`, rounded once more and never outside low and high. It is
///   missing where all sizes are zero.
/// - `trade_variance` is the realized variance of the trades, the sum of squared log returns
///   between consecutive trades of the bar. The return to the bar's first trade belongs to no bar.
///   It is missing for a time bar with a trade that is earlier than one before it.
/// - `buy_volume` is the size of trades whose aggressor is the buyer. It is missing where no trade
///   of the bar has a side.
pub const TRADE_BAR_COLUMNS: [&str; 10] = [
    "open",
    "high",
    "low",
    "close",
    "volume",
    "quote_volume",
    "count",
    "vwap",
    "trade_variance",
    "buy_volume",
];

/// The aggressor of a trade: who took the other's resting order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Aggressor {
    /// The buyer.
    Buyer,
    /// The seller.
    Seller,
    /// Unknown, or neither, as in an auction.
    #[default]
    Unknown,
}

/// Faults that make a trade unusable.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
pub enum TradeFault {
    /// The price is NaN (missing), infinite, zero or negative.
    #[error("the price of a trade is missing, infinite or not positive")]
    BadPrice,
    /// The size is NaN (missing), infinite or negative.
    #[error("the size of a trade is missing, infinite or negative")]
    BadSize,
    /// The time is more than a minute before that of a trade above it, which bars that are no time
    /// bars can't bear.
    #[error(
        "its time is more than a minute before that of a trade above it; sort the trades (time bars take any order)"
    )]
    OutOfOrder,
    /// The interval of a time bar ends after the last time that 64 bits hold.
    #[error("its interval ends after 2262-04-11 23:47:16, the last time that can be stored")]
    EndOfTime,
}

impl TradeFault {
    /// Every fault, in the order in which they are looked for.
    pub const ALL: [Self; 4] = [Self::BadPrice, Self::BadSize, Self::OutOfOrder, Self::EndOfTime];

    /// A short stable name, for reports and manifests.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::BadPrice => "bad_trade_price",
            Self::BadSize => "bad_trade_size",
            Self::OutOfOrder => "trade_out_of_order",
            Self::EndOfTime => "trade_at_end_of_time",
        }
    }
}

#[derive(Clone, Debug)]
struct Bar<T> {
    first: i64,
    last: i64,
    open: f64,
    high: f64,
    low: f64,
    close: f64,
    volume: Sum,
    quote: Sum,
    count: u64,
    variance: Sum,
    bought: Sum,
    has_side: bool,
    tag: T,
}

/// A usable trade.
#[derive(Clone, Copy, Debug)]
struct Trade {
    ts: i64,
    price: f64,
    size: f64,
    aggressor: Aggressor,
}

impl<T: Copy> Bar<T> {
    fn new(trade: Trade, tag: T) -> Self {
        let Trade { ts, price, .. } = trade;
        let mut bar = Self {
            first: ts,
            last: ts,
            open: price,
            high: price,
            low: price,
            close: price,
            volume: Sum::default(),
            quote: Sum::default(),
            count: 0,
            variance: Sum::default(),
            bought: Sum::default(),
            has_side: false,
            tag,
        };
        // It has no return.
        bar.add(trade, tag, false);
        bar
    }

    /// Adds a trade. The first given of several with one time opens, the last given closes.
    fn add(&mut self, trade: Trade, tag: T, with_variance: bool) {
        let Trade { ts, price, size, aggressor } = trade;
        if ts < self.first {
            (self.first, self.open, self.tag) = (ts, price, tag);
        }
        if with_variance {
            // The trade before a late one is not known any more.
            let squared = if ts < self.last { f64::NAN } else { squared_return(self.close, price) };
            self.variance.add(squared);
        }
        if ts >= self.last {
            (self.last, self.close) = (ts, price);
        }
        self.high = self.high.max(price);
        self.low = self.low.min(price);
        self.volume.add(size);
        self.quote.add(price * size);
        self.count += 1;
        if aggressor == Aggressor::Buyer {
            self.bought.add(size);
        }
        self.has_side |= aggressor != Aggressor::Unknown;
    }

    /// The mean price, weighted by size; missing where all sizes are zero.
    fn vwap(&self) -> f64 {
        mean_price(self.quote.value(), self.volume.value(), self.low, self.high)
    }

    fn buy_volume(&self) -> f64 {
        if self.has_side { self.bought.value() } else { f64::NAN }
    }
}

/// The square of `ln(price / before)`.
fn squared_return(before: f64, price: f64) -> f64 {
    // Of prices that are close to each other, the difference is exact and the ratio is not.
    let is_close = price <= 2.0 * before && before <= 2.0 * price;
    let log = match is_close {
        true => libm::log1p((price - before) / before),
        false => libm::log(price) - libm::log(before),
    };
    log * log
}

/// Makes bars of trades in one pass; memory is that of the bars.
///
/// Time bars take trades in any order: the earliest opens, the latest closes, of several with one
/// time in the order given. Tick, volume and dollar bars take trades in their order, which may be
/// late by a minute at most; a trade is never split, and each bar has the time of its first trade,
/// or one ns more than the bar before it where that is not later. Intervals without a trade have
/// no bar.
///
/// `T` marks a bar by its first trade: where that stood, say.
///
/// ```
/// use barloom_bars::{BarSpec, TradeBars};
///
/// let mut bars = TradeBars::new("1m".parse()?);
/// let second = 1_000_000_000;
/// for (ts, price, size) in [(1, 10.0, 2.0), (30 * second, 12.0, 1.0), (61 * second, 11.0, 1.0)] {
///     bars.push(ts, price, size, ())?;
/// }
/// let bars = bars.finish(true);
/// assert_eq!(bars.ts, [0, 60 * second]);
/// assert_eq!(bars.columns[3].values, [12.0, 11.0], "close");
/// assert_eq!(bars.columns[4].values, [3.0, 1.0], "volume");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct TradeBars<T = ()> {
    spec: BarSpec,
    /// The intervals of time bars.
    grid: Option<Grid>,
    /// The interval of the current time bar.
    interval: Range<i64>,
    /// The bar that the last trade was of, and its key among the others.
    current: Option<(i64, Bar<T>)>,
    /// The other bars: by their interval's begin, or numbered from 0.
    others: BTreeMap<i64, Bar<T>>,
    latest: i64,
    with_variance: bool,
}

/// Bars that were made of trades.
#[derive(Clone, Debug)]
pub struct Aggregated<T> {
    /// Bar open times, ns since 1970 UTC, strictly ascending.
    pub ts: Vec<i64>,
    /// [`TRADE_BAR_COLUMNS`], one value a bar; `buy_volume` only if a trade has a side.
    pub columns: Vec<Column>,
    /// The mark of each bar's first trade.
    pub tags: Vec<T>,
}

impl<T: Copy> TradeBars<T> {
    /// No trade yet. Time bars are counted from midnight UTC.
    #[must_use]
    pub fn new(spec: BarSpec) -> Self {
        Self::anchored(spec, Anchor::UTC)
    }

    /// No trade yet. Time bars are counted from the anchor, which other bars do not use.
    #[must_use]
    pub fn anchored(spec: BarSpec, anchor: Anchor) -> Self {
        let grid = match spec {
            BarSpec::Time(interval) => Some(Grid::new(interval, anchor)),
            _ => None,
        };
        let (current, others) = (None, BTreeMap::new());
        let with_variance = true;
        Self { spec, grid, interval: 0..0, current, others, latest: i64::MIN, with_variance }
    }

    /// Leaves out `trade_variance`, which takes a logarithm for each trade.
    #[must_use]
    pub fn without_variance(mut self) -> Self {
        self.with_variance = false;
        self
    }

    /// Takes a trade without a side: its time in ns since 1970 UTC, its price, and how much was
    /// traded.
    ///
    /// # Errors
    /// The trade is unusable; nothing has changed then.
    pub fn push(&mut self, ts: i64, price: f64, size: f64, tag: T) -> Result<(), TradeFault> {
        self.push_sided(ts, price, size, Aggressor::Unknown, tag)
    }

    /// Takes a trade with its aggressor.
    ///
    /// # Errors
    /// The trade is unusable; nothing has changed then.
    pub fn push_sided(
        &mut self,
        ts: i64,
        price: f64,
        size: f64,
        aggressor: Aggressor,
        tag: T,
    ) -> Result<(), TradeFault> {
        if !(price.is_finite() && price > 0.0) {
            return Err(TradeFault::BadPrice);
        }
        if !(size.is_finite() && size >= 0.0) {
            return Err(TradeFault::BadSize);
        }
        let trade = Trade { ts, price, size, aggressor };
        let with_variance = self.with_variance;
        match self.grid {
            Some(grid) => match &mut self.current {
                Some((_, bar)) if self.interval.contains(&ts) => {
                    bar.add(trade, tag, with_variance);
                }
                current => {
                    let interval = grid.at(ts).ok_or(TradeFault::EndOfTime)?;
                    if let Some((at, bar)) = current.take() {
                        self.others.insert(at, bar);
                    }
                    let bar = match self.others.remove(&interval.start) {
                        Some(mut bar) => {
                            bar.add(trade, tag, with_variance);
                            bar
                        }
                        None => Bar::new(trade, tag),
                    };
                    *current = Some((interval.start, bar));
                    self.interval = interval;
                }
            },
            None => {
                if ts < self.latest.saturating_sub(LATE) {
                    return Err(TradeFault::OutOfOrder);
                }
                match &mut self.current {
                    // A late trade is the newest all the same.
                    Some((_, bar)) => {
                        let trade = Trade { ts: ts.max(bar.last), ..trade };
                        bar.add(trade, tag, with_variance);
                    }
                    none => *none = Some((self.others.len() as i64, Bar::new(trade, tag))),
                }
                if self.current.as_ref().is_some_and(|(_, bar)| is_full(self.spec, bar)) {
                    self.others.extend(self.current.take());
                }
            }
        }
        self.latest = self.latest.max(ts);
        Ok(())
    }

    /// The bars, in time order.
    ///
    /// The last one may be partial: trades of its interval, or up to its number, volume or dollars,
    /// may be missing. That a time bar is whole cannot be seen, so without `keep_partial` the last
    /// one is always left out.
    #[must_use]
    pub fn finish(mut self, keep_partial: bool) -> Aggregated<T> {
        self.others.extend(self.current.take());
        let has_side = self.others.values().any(|bar| bar.has_side);
        let is_partial = |bar: &Bar<T>| !is_full(self.spec, bar);
        if !keep_partial && self.others.last_key_value().is_some_and(|(_, bar)| is_partial(bar)) {
            self.others.pop_last();
        }
        let mut made = Aggregated { ts: Vec::new(), columns: Vec::new(), tags: Vec::new() };
        let is_made = |name: &str| match name {
            "trade_variance" => self.with_variance,
            "buy_volume" => has_side,
            _ => true,
        };
        let mut values = TRADE_BAR_COLUMNS.map(|_| Vec::with_capacity(self.others.len()));
        for (key, bar) in self.others {
            let ts = match (self.spec, made.ts.last()) {
                (BarSpec::Time(_), _) => key,
                (_, Some(before)) => bar.first.max(i64::saturating_add(*before, 1)),
                (_, None) => bar.first,
            };
            made.ts.push(ts);
            made.tags.push(bar.tag);
            let of_bar = [
                bar.open,
                bar.high,
                bar.low,
                bar.close,
                bar.volume.value(),
                bar.quote.value(),
                bar.count as f64,
                bar.vwap(),
                bar.variance.value(),
                bar.buy_volume(),
            ];
            values.iter_mut().zip(of_bar).for_each(|(column, value)| column.push(value));
        }
        let columns = TRADE_BAR_COLUMNS.iter().zip(values).filter(|(name, _)| is_made(name));
        made.columns = columns.map(|(name, values)| Column::new(*name, values)).collect();
        made
    }
}

/// Returns true if no trade can be missing from a bar.
fn is_full<T>(spec: BarSpec, bar: &Bar<T>) -> bool {
    match spec {
        BarSpec::Time(_) => false,
        BarSpec::Ticks(ticks) => bar.count >= ticks,
        BarSpec::Volume(volume) => bar.volume.value() >= volume,
        BarSpec::Dollars(dollars) => bar.quote.value() >= dollars,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRADES: [(i64, f64, f64); 6] = [
        (10, 5.0, 1.0),
        (10, 6.0, 2.0),
        (25, 4.0, 1.0),
        (40, 8.0, 3.0),
        (41, 7.0, 0.0),
        (59, 9.0, 1.0),
    ];

    fn made(spec: &str, trades: &[(i64, f64, f64)], keep: bool) -> Aggregated<usize> {
        let mut bars = TradeBars::new(spec.parse().unwrap());
        for (at, (ts, price, size)) in trades.iter().enumerate() {
            bars.push(*ts, *price, *size, at).unwrap();
        }
        bars.finish(keep)
    }

    fn rows(bars: &Aggregated<usize>) -> Vec<(i64, Vec<f64>, usize)> {
        let row = |at: usize| bars.columns[..7].iter().map(|c| c.values[at]).collect();
        (0..bars.ts.len()).map(|at| (bars.ts[at], row(at), bars.tags[at])).collect()
    }

    #[test]
    fn time_bars_take_trades_in_any_order() {
        let expected = vec![
            (0, vec![5.0, 6.0, 5.0, 6.0, 3.0, 17.0, 2.0], 0),
            (20, vec![4.0, 4.0, 4.0, 4.0, 1.0, 4.0, 1.0], 2),
            (40, vec![8.0, 9.0, 7.0, 9.0, 4.0, 33.0, 3.0], 3),
        ];
        assert_eq!(rows(&made("20ns", &TRADES, true)), expected);
        assert_eq!(rows(&made("20ns", &TRADES, false)), expected[..2]);
        let mixed = [TRADES[5], TRADES[0], TRADES[3], TRADES[1], TRADES[4], TRADES[2]];
        let mixed: Vec<_> =
            rows(&made("20ns", &mixed, true)).into_iter().map(|(ts, row, _)| (ts, row)).collect();
        let expected: Vec<_> = expected.into_iter().map(|(ts, row, _)| (ts, row)).collect();
        assert_eq!(mixed, expected);
    }

    #[test]
    fn bars_by_ticks_volume_and_dollars() {
        let ticks = rows(&made("4 ticks", &TRADES, true));
        assert_eq!(ticks[0], (10, vec![5.0, 8.0, 4.0, 8.0, 7.0, 45.0, 4.0], 0));
        assert_eq!(ticks[1], (41, vec![7.0, 9.0, 7.0, 9.0, 1.0, 9.0, 2.0], 4));
        assert_eq!(made("4 ticks", &TRADES, false).ts, [10]);
        assert_eq!(made("3 ticks", &TRADES, false).ts, [10, 40], "the last one is whole");
        assert_eq!(made("3 volume", &TRADES, true).ts, [10, 25, 41]);
        assert_eq!(made("15 dollars", &TRADES, true).ts, [10, 25, 41]);
        assert_eq!(made("1 ticks", &TRADES, true).ts, [10, 11, 25, 40, 41, 59]);
    }

    #[test]
    fn unusable_trades_change_nothing() {
        let mut bars = TradeBars::new(BarSpec::Ticks(2));
        bars.push(2 * LATE, 5.0, 1.0, ()).unwrap();
        for (ts, price, size, fault) in [
            (2 * LATE, f64::NAN, 1.0, TradeFault::BadPrice),
            (2 * LATE, 0.0, 1.0, TradeFault::BadPrice),
            (2 * LATE, 5.0, -1.0, TradeFault::BadSize),
            (2 * LATE, 5.0, f64::INFINITY, TradeFault::BadSize),
            (LATE - 1, 5.0, 1.0, TradeFault::OutOfOrder),
        ] {
            assert_eq!(bars.push(ts, price, size, ()), Err(fault));
        }
        bars.push(LATE, 6.0, 1.0, ()).unwrap();
        let bars = bars.finish(false);
        assert_eq!((bars.ts, bars.columns[3].values.clone()), (vec![2 * LATE], vec![6.0]));
    }

    #[test]
    fn volume_weighted_means_stay_within_the_range() {
        let third = [(0, 0.1, 0.3), (1, 0.1, 0.7), (2, 0.1, 1.1)];
        let bars = made("1m", &third, true);
        assert_eq!(bars.columns[7].values, [0.1], "0.1 * 0.3 + ... rounds to another quotient");
        let none = made("20ns", &[(0, 5.0, 0.0), (30, 6.0, 2.0)], true);
        assert!(none.columns[7].values[0].is_nan());
        assert_eq!(none.columns[7].values[1], 6.0);
        let huge = made("1m", &[(0, 1e300, 1e300), (1, 1e300, 1.0)], true);
        assert!(huge.columns[7].values[0].is_nan(), "the sum is infinite");
    }

    #[test]
    fn variance_is_of_returns_within_a_bar() {
        let bars = made("20ns", &TRADES, true);
        let squared = |ratio: f64| libm::log(ratio) * libm::log(ratio);
        let expected = [squared(6.0 / 5.0), 0.0, squared(7.0 / 8.0) + squared(9.0 / 7.0)];
        assert_eq!(bars.columns[8].name, "trade_variance");
        for (got, expected) in bars.columns[8].values.iter().zip(expected) {
            assert!((got - expected).abs() <= 1e-15 * expected, "{got} {expected}");
        }
        // Returns far below rounding of a ratio keep their digits.
        let (price, step) = (1_048_576.0, 1.0 / 4_294_967_296.0);
        let tiny = made("1m", &[(0, price, 1.0), (1, price + step, 1.0)], true);
        let exact = step / price * (step / price);
        assert!((tiny.columns[8].values[0] / exact - 1.0).abs() < 1e-14);
        let wide = made("1m", &[(0, 1e-200, 1.0), (1, 1e200, 1.0)], true);
        assert!((wide.columns[8].values[0].sqrt() - 400.0 * libm::log(10.0)).abs() < 1e-9);
        // A late trade has no known neighbour in time bars; in others the order is that of the file.
        let late = [(0, 5.0, 1.0), (5, 6.0, 1.0), (3, 5.5, 1.0), (25, 5.0, 1.0), (26, 5.0, 1.0)];
        let bars = made("20ns", &late, true);
        assert!(bars.columns[8].values[0].is_nan());
        assert_eq!(bars.columns[8].values[1], 0.0);
        let ticks = made("3 ticks", &late, true).columns[8].values[0];
        assert!((ticks - squared(6.0 / 5.0) - squared(5.5 / 6.0)).abs() < 1e-15);
        let without = TradeBars::<()>::new("1m".parse().unwrap()).without_variance().finish(true);
        assert!(without.columns.iter().all(|column| column.name != "trade_variance"));
    }

    #[test]
    fn buyers_are_counted_where_a_side_is_known() {
        use Aggressor::{Buyer, Seller, Unknown};
        let mut bars = TradeBars::new("20ns".parse().unwrap());
        let sides = [Buyer, Seller, Unknown, Buyer, Unknown, Buyer];
        for ((ts, price, size), side) in TRADES.into_iter().zip(sides) {
            bars.push_sided(ts, price, size, side, ()).unwrap();
        }
        let bars = bars.finish(true);
        let bought = &bars.columns[9];
        assert_eq!((&*bought.name, bought.values[0], bought.values[2]), ("buy_volume", 1.0, 4.0));
        assert!(bought.values[1].is_nan(), "its only trade has no side");
        assert!(made("20ns", &TRADES, true).columns.len() == 9);
    }
}
