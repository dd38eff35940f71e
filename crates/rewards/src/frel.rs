//! Metrics over a trade's path by the FREL project's formulas.
//!
//! Steps are in dollars: `r = s * (p_k / p_(k-1) - 1) * D - (c + carry) * D` for the F-1 bars
//! after t. Per unit of notional they depend on bar and direction alone, so blocks are
//! summarised for each direction.

use std::sync::Arc;

use crate::index::MarketIndex;
use crate::settings::{Metric, RewardSettings};
use crate::tables::Tables;
use crate::trade::Action;
use crate::tree::{Moments, Summary, Tree};

/// Cumulative steps: their sum, the extremes of their sums from the left (of at least one), and
/// the largest fall from one such sum to itself or a later one.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cumulative {
    sum: f64,
    max: f64,
    min: f64,
    drawdown: f64,
}

impl Summary for Cumulative {
    const EMPTY: Self =
        Self { sum: 0.0, max: f64::NEG_INFINITY, min: f64::INFINITY, drawdown: 0.0 };

    type Numbers = [f64; 4];

    fn numbers(self) -> [f64; 4] {
        [self.sum, self.max, self.min, self.drawdown]
    }

    #[inline(always)]
    fn of_numbers([sum, max, min, drawdown]: [f64; 4]) -> Self {
        Self { sum, max, min, drawdown }
    }

    #[inline]
    fn merge(self, right: Self) -> Self {
        Self {
            sum: self.sum + right.sum,
            max: self.max.max(self.sum + right.max),
            min: self.min.min(self.sum + right.min),
            drawdown: self.drawdown.max(right.drawdown).max(self.max - (self.sum + right.min)),
        }
    }
}

/// Returns a bar.
pub(crate) fn returns(close: &[f64]) -> Tree<Moments> {
    Tree::new(close.len(), |a, b| returns_of(close, a, b))
}

/// Negative steps, of shorts and of longs.
#[derive(Debug)]
pub(crate) struct FrelLosses([Tree<Moments>; 2]);

impl FrelLosses {
    pub(crate) fn new(close: &[f64], cost: f64) -> Self {
        let tree = |s| Tree::new(close.len(), |a, b| losses_of(close, s, cost, a, b));
        Self([-1.0, 1.0].map(tree))
    }
}

/// Cumulative steps, of shorts and of longs.
#[derive(Debug)]
pub(crate) struct FrelSums([Tree<Cumulative>; 2]);

impl FrelSums {
    pub(crate) fn new(close: &[f64], cost: f64) -> Self {
        let tree = |s| Tree::new(close.len(), |a, b| cumulative_of(close, s, cost, a, b));
        Self([-1.0, 1.0].map(tree))
    }
}

/// Block summaries of returns per bar, as far as the metrics need them.
#[derive(Debug)]
pub(crate) struct FrelTrees {
    /// Costs and carry a bar.
    cost: f64,
    returns: Option<Tree<Moments>>,
    losses: Option<Arc<FrelLosses>>,
    sums: Option<Arc<FrelSums>>,
}

impl FrelTrees {
    pub(crate) fn new(index: &MarketIndex, settings: &RewardSettings) -> Self {
        let asks = |metric| settings.metrics.contains(&metric);
        let cost = settings.side_cost() + settings.carry();
        let returns = asks(Metric::Sharpe) || asks(Metric::Sortino);
        Self {
            cost,
            returns: returns.then(|| index.returns().clone()),
            losses: asks(Metric::Sortino).then(|| index.losses(cost)),
            sums: asks(Metric::Calmar).then(|| index.sums(cost)),
        }
    }

    pub(crate) fn tables<'a>(&'a self, tables: &mut Tables<'a>) {
        tables.returns = self.returns.as_ref().map(Tree::table).unwrap_or_default();
        if let Some(losses) = &self.losses {
            tables.losses = losses.0.each_ref().map(Tree::table);
        }
        if let Some(sums) = &self.sums {
            tables.cumulative = sums.0.each_ref().map(Tree::table);
        }
    }

    /// Sharpe, sortino or calmar of an action at row t; 0 for other metrics.
    #[inline]
    pub(crate) fn metric(
        &self,
        close: &[f64],
        settings: &RewardSettings,
        t: usize,
        action: &Action,
        metric: Metric,
    ) -> f64 {
        let (s, d, h) = (f64::from(action.direction), action.dollars, self.cost);
        let side = usize::from(action.direction > 0);
        let (start, end) = (t + 1, t + settings.forward);
        let m = settings.steps() as f64;
        let year = settings.bars_per_year.at(t);
        let returns = |tree: &Tree<Moments>| tree.range(start, end, |a, b| returns_of(close, a, b));
        match (metric, &self.returns, &self.losses, &self.sums) {
            (Metric::Sharpe, Some(tree), ..) => {
                let all = returns(tree);
                let mean = d * (s * (all.sum / m) - h);
                mean / (d * all.std(m) + settings.eps) * year.sqrt()
            }
            (Metric::Sortino, Some(tree), Some(losses), _) => {
                let mean = d * (s * (returns(tree).sum / m) - h);
                let losses = losses.0[side].range(start, end, |a, b| losses_of(close, s, h, a, b));
                mean / (d * losses.std(losses.n) + settings.eps) * year.sqrt()
            }
            (Metric::Calmar, .., Some(sums)) => {
                let all = sums.0[side].range(start, end, |a, b| cumulative_of(close, s, h, a, b));
                d * all.sum * year / m / (d * all.drawdown + settings.eps)
            }
            _ => 0.0,
        }
    }
}

/// The return of a row on the one before; that of row 0 is 0 and in no trade.
#[inline]
fn change(close: &[f64], row: usize) -> f64 {
    if row == 0 { 0.0 } else { close[row] / close[row - 1] - 1.0 }
}

#[inline]
fn returns_of(close: &[f64], start: usize, end: usize) -> Moments {
    Moments::of(start, end, |row| change(close, row), |_| true)
}

#[inline]
fn losses_of(close: &[f64], s: f64, cost: f64, start: usize, end: usize) -> Moments {
    Moments::of(start, end, |row| s * change(close, row) - cost, |step| step < 0.0)
}

#[inline]
fn cumulative_of(close: &[f64], s: f64, cost: f64, start: usize, end: usize) -> Cumulative {
    let mut all = Cumulative::EMPTY;
    for row in start..end {
        let step = s * change(close, row) - cost;
        all = all.merge(Cumulative { sum: step, max: step, min: step, drawdown: 0.0 });
    }
    all
}
