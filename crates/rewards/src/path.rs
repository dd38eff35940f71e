//! Metrics over a trade's path, v1: steps of profit per unit of notional over the whole horizon.
//!
//! The step of bar k is `s * (p_k - p_(k-1)) / E`, less the costs that fall on k: the entry's on
//! the first live bar, the exit's and the carry on the exit bar; after it steps are 0. Between
//! the first and the exit bar a step is `s / E` times the change of the close, so summaries of
//! changes serve every trade.

use crate::index::MarketIndex;
use crate::settings::{Metric, RewardSettings};
use crate::tables::Tables;
use crate::trade::{Action, Trade};
use crate::tree::{Moments, Summary, Tree, lanes};

/// Changes of the close: moments, and the squares of falls and of rises.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Changes {
    moments: Moments,
    falls2: f64,
    rises2: f64,
}

impl Summary for Changes {
    const EMPTY: Self = Self { moments: Moments::EMPTY, falls2: 0.0, rises2: 0.0 };

    type Numbers = [f64; 7];

    fn numbers(self) -> [f64; 7] {
        let [n, sum, m2, min, max] = self.moments.numbers();
        [n, sum, m2, min, max, self.falls2, self.rises2]
    }

    #[inline(always)]
    fn of_numbers([n, sum, m2, min, max, falls2, rises2]: [f64; 7]) -> Self {
        Self { moments: Moments { n, sum, m2, min, max }, falls2, rises2 }
    }

    #[inline]
    fn merge(self, right: Self) -> Self {
        Self {
            moments: self.moments.merge(right.moments),
            falls2: self.falls2 + right.falls2,
            rises2: self.rises2 + right.rises2,
        }
    }
}

/// Closes: extremes, and the largest fall and rise from an earlier row to a later one. Exact.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Levels {
    min: f64,
    max: f64,
    fall: f64,
    rise: f64,
}

impl Summary for Levels {
    const EMPTY: Self = Self { min: f64::INFINITY, max: f64::NEG_INFINITY, fall: 0.0, rise: 0.0 };

    type Numbers = [f64; 4];

    fn numbers(self) -> [f64; 4] {
        [self.min, self.max, self.fall, self.rise]
    }

    #[inline(always)]
    fn of_numbers([min, max, fall, rise]: [f64; 4]) -> Self {
        Self { min, max, fall, rise }
    }

    #[inline]
    fn merge(self, right: Self) -> Self {
        Self {
            min: self.min.min(right.min),
            max: self.max.max(right.max),
            fall: self.fall.max(right.fall).max(self.max - right.min),
            rise: self.rise.max(right.rise).max(right.max - self.min),
        }
    }
}

impl Changes {
    pub(crate) fn tree(close: &[f64]) -> Tree<Self> {
        Tree::new(close.len(), |a, b| changes_of(close, a, b))
    }
}

impl Levels {
    pub(crate) fn tree(close: &[f64]) -> Tree<Self> {
        Tree::new(close.len(), |a, b| levels_of(close, a, b))
    }
}

/// Block summaries of a market's closes, as far as the metrics need them.
#[derive(Debug)]
pub(crate) struct PathTrees {
    changes: Option<Tree<Changes>>,
    levels: Option<Tree<Levels>>,
}

impl PathTrees {
    pub(crate) fn new(index: &MarketIndex, settings: &RewardSettings) -> Self {
        let asks = |metric| settings.metrics.contains(&metric);
        let changes = asks(Metric::Sharpe) || asks(Metric::Sortino);
        Self {
            changes: changes.then(|| index.changes().clone()),
            levels: asks(Metric::Calmar).then(|| index.levels().clone()),
        }
    }

    pub(crate) fn tables<'a>(&'a self, tables: &mut Tables<'a>) {
        tables.changes = self.changes.as_ref().map(Tree::table).unwrap_or_default();
        tables.extremes = self.levels.as_ref().map(Tree::table).unwrap_or_default();
    }

    /// Sharpe, sortino or calmar of a trade at row t; 0 for other metrics.
    #[inline]
    pub(crate) fn metric(
        &self,
        close: &[f64],
        settings: &RewardSettings,
        t: usize,
        action: &Action,
        trade: &Trade,
        metric: Metric,
    ) -> f64 {
        let path = Path::new(close, settings, t, action, trade);
        let m = settings.steps() as f64;
        let mean = trade.unit_return / m;
        let year = settings.bars_per_year.at(t);
        match (metric, &self.changes, &self.levels) {
            (Metric::Sharpe, Some(changes), _) => {
                mean / (path.std(changes, m) + settings.eps) * year.sqrt()
            }
            (Metric::Sortino, Some(changes), _) => {
                mean / (path.downside(changes, m) + settings.eps) * year.sqrt()
            }
            (Metric::Calmar, _, Some(levels)) => {
                trade.unit_return * year
                    / m
                    / (path.drawdown(levels, trade.unit_return) + settings.eps)
            }
            _ => 0.0,
        }
    }
}

/// A trade's path in terms of rows.
struct Path<'a> {
    close: &'a [f64],
    s: f64,
    entry: f64,
    entry_cost: f64,
    /// First live row, whose step is `first`.
    start: usize,
    first: f64,
    /// Row of the exit, whose step is `last` unless it is the first.
    exit: usize,
    last: f64,
    steps: usize,
}

impl<'a> Path<'a> {
    #[inline]
    fn new(
        close: &'a [f64],
        settings: &RewardSettings,
        t: usize,
        action: &Action,
        trade: &Trade,
    ) -> Self {
        let s = f64::from(action.direction);
        let (entry, x) = (trade.entry_price, trade.exit_price);
        let c = settings.side_cost();
        let exit_cost = if settings.pays_once() { 0.0 } else { c * (x / entry) };
        let exit_cost = exit_cost + settings.carry() * f64::from(trade.held_bars);
        let start = if settings.enters_at_open() { t } else { t + 1 };
        let exit = t + trade.held_bars as usize;
        let alone = exit == start;
        let reached = if alone { x } else { close[start] };
        let first = s * (reached - entry) / entry - c;
        Self {
            close,
            s,
            entry,
            entry_cost: c,
            start,
            first: if alone { first - exit_cost } else { first },
            exit,
            last: if alone { 0.0 } else { s * (x - close[exit - 1]) / entry - exit_cost },
            steps: settings.steps(),
        }
    }

    /// Returns true if the trade ends on its first live bar.
    #[inline]
    fn is_single(&self) -> bool {
        self.exit == self.start
    }

    #[inline]
    fn between(&self, changes: &Tree<Changes>) -> Changes {
        let close = self.close;
        changes.range(self.start + 1, self.exit, |a, b| changes_of(close, a, b))
    }

    #[inline]
    fn std(&self, changes: &Tree<Changes>, m: f64) -> f64 {
        let mut all = Moments::one(self.first);
        if !self.is_single() {
            let between = self.between(changes).moments.scaled(self.s / self.entry);
            all = all.merge(between).merge(Moments::one(self.last));
        }
        let after = self.steps - (self.exit - self.start + 1);
        all.merge(Moments::zeros(after)).std(m)
    }

    #[inline]
    fn downside(&self, changes: &Tree<Changes>, m: f64) -> f64 {
        let squared = |step: f64| step.min(0.0) * step.min(0.0);
        let mut sum = squared(self.first);
        if !self.is_single() {
            let between = self.between(changes);
            let squares = if self.s > 0.0 { between.falls2 } else { between.rises2 };
            let g = self.s / self.entry;
            sum = sum + squares * g * g + squared(self.last);
        }
        (sum / m).sqrt()
    }

    /// The maximum drawdown of the cumulative profit, which starts at 0 and ends at u.
    #[inline]
    fn drawdown(&self, levels: &Tree<Levels>, u: f64) -> f64 {
        if self.is_single() {
            return (0.0 - u).max(0.0);
        }
        let close = self.close;
        let between = levels.range(self.start, self.exit, |a, b| levels_of(close, a, b));
        let (best, worst, against) = if self.s > 0.0 {
            (between.max, between.min, between.fall)
        } else {
            (between.min, between.max, between.rise)
        };
        let profit = |price: f64| self.s * (price - self.entry) / self.entry - self.entry_cost;
        let (high, low) = (profit(best), profit(worst));
        (0.0 - low).max(against / self.entry).max(high.max(0.0) - u).max(0.0)
    }
}

/// Changes of rows `[start, end)` of a leaf; that of row 0 is 0 and in no trade.
#[inline]
fn changes_of(close: &[f64], start: usize, end: usize) -> Changes {
    let change = |row: usize| if row == 0 { 0.0 } else { close[row] - close[row - 1] };
    Changes {
        moments: Moments::of(start, end, change, |_| true),
        falls2: lanes(start, end, |row| change(row).min(0.0) * change(row).min(0.0)),
        rises2: lanes(start, end, |row| change(row).max(0.0) * change(row).max(0.0)),
    }
}

#[inline]
fn levels_of(close: &[f64], start: usize, end: usize) -> Levels {
    close[start..end].iter().fold(Levels::EMPTY, |all, price| {
        all.merge(Levels { min: *price, max: *price, fall: 0.0, rise: 0.0 })
    })
}
