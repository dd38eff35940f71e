//! Backtests of decisions, of targets and of rules: from tables and features to orders, and from an
//! account to tables.

mod against;
mod orders;
mod rules;
mod tables;

use std::sync::Arc;

use arrow::array::RecordBatch;
use barloom_backtest::{Outcome, Overlap, Settings, Size, Statistics, Trade, TradeStatistics, run};
use barloom_bars::Market;
use barloom_recipe::Recipe;

use crate::decisions::with_times;
use crate::features::Evaluated;
use crate::{Bars, Error, KnownAt, Loaded, OwnColumns};

pub use rules::Rule;

/// What the rows of a table want.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Wanted {
    /// Positions to open: a direction and a size.
    #[default]
    Decisions,
    /// Positions to have: a weight of the equity, below 0 for a short.
    Targets,
}

/// The rules of a backtest beside those of the recipe's `[reward]`.
#[derive(Clone, Debug)]
pub struct BacktestOptions {
    /// The equity at the begin, dollars.
    pub cash: f64,
    /// The size of decisions that have none of their own.
    pub size: Size,
    /// What a decision does where its symbol has a position. Targets are net.
    pub overlap: Overlap,
    /// The limit of the notional, of the equity.
    pub leverage: f64,
    /// True to cut a decision to what is left of the limit.
    pub partial: bool,
    /// When decisions were known, which their bar or time alone does not say.
    pub known_at: Option<KnownAt>,
}

impl Default for BacktestOptions {
    fn default() -> Self {
        Self {
            cash: 100_000.0,
            size: Size::Fraction(1.0),
            overlap: Overlap::Ignore,
            leverage: 1.0,
            partial: true,
            known_at: None,
        }
    }
}

/// A backtest.
#[derive(Clone, Debug)]
pub struct Backtest {
    market: Arc<Market>,
    /// The equity at the begin, dollars.
    pub cash: f64,
    /// What became of the account.
    pub outcome: Outcome,
    /// Times of the clock a year.
    pub times_a_year: f64,
    /// Statistics of the equity.
    pub statistics: Statistics,
    /// Statistics of the trades.
    pub trades: TradeStatistics,
    /// Share of the times at which there was a position, the exit's included.
    pub exposure: f64,
    /// The notional of both sides of all trades, over the mean equity, a year.
    pub turnover: Option<f64>,
    /// The costs of a side, in basis points, at which the profit would be gone.
    pub break_even_bps: Option<f64>,
    /// Covariance of the returns with those of buying and holding, over their variance.
    pub beta: Option<f64>,
    /// The return a year that holding beta of it does not explain.
    pub alpha: Option<f64>,
    /// The longest time from a peak of the equity to its recovery, or to the end, in days.
    pub drawdown_days: f64,
    /// Rows of the table without a bar, a direction or a weight; of rules the bars that were both
    /// long and short, which are neither.
    pub unplaced: u64,
}

impl Backtest {
    /// Trades what a table wants on the bars, by the fills of the recipe's `[reward]`.
    ///
    /// Columns are those of decisions that are [priced](crate::DecisionPricer::price): `bar` or
    /// `ts`, `symbol`, `direction`, `stop`, `target`; and
    /// - `dollars`, `fraction` of the equity, or `units`: the size; without any, the options' size;
    /// - `hold`: bars after which the position closes, none where it is null.
    ///
    /// Targets have `weight` in place of these: the position that is wanted, as a fraction of the
    /// equity. A row that is null keeps the position, and 0 closes it.
    ///
    /// # Errors
    /// A column is missing or wrong, or an option is.
    pub fn new(
        loaded: &Loaded,
        table: &RecordBatch,
        wanted: Wanted,
        options: &BacktestOptions,
    ) -> Result<Self, Error> {
        let market = &loaded.market;
        let mut fills = loaded.recipe.reward_settings(market)?;
        fills.metrics.clear();
        let overlap = match wanted {
            Wanted::Decisions => options.overlap,
            Wanted::Targets => Overlap::Net,
        };
        let BacktestOptions { cash, leverage, partial, .. } = *options;
        let settings = Settings { cash, overlap, leverage, partial, fills };
        let (table, _) = with_times(table, &loaded.recipe.data.timezone)?;
        let (orders, rows) = orders::read(market, &table, wanted, options)?;
        let mut outcome = run(market, &settings, &orders)?;
        let row = |trade: &mut Trade| trade.order = rows[trade.order as usize];
        outcome.trades.iter_mut().for_each(row);
        let unplaced = (table.num_rows() - rows.len()) as u64;
        Ok(Self::of(market, &settings, outcome, unplaced))
    }

    /// Trades rules on bars: the features of the recipe that are called as [`Rule::feature`] says.
    ///
    /// A rule is seen at the close of row r and acts at bar r + 1, if that is in the same segment.
    /// `predictions` have `symbol` (if there are several), `bar`, and columns that rules may use by
    /// their names. The prediction of decision bar t is used with row t - 1 and acts at bar t. They
    /// are matched by symbol and bar, never by time.
    ///
    /// # Errors
    /// An expression is wrong; the bars or the predictions are; an option is.
    pub fn of_rules(
        recipe: &Recipe,
        bars: Bars,
        predictions: Option<&RecordBatch>,
        hold: Option<u32>,
        options: &BacktestOptions,
    ) -> Result<Self, Error> {
        let mut compute = |table: RecordBatch| match predictions {
            Some(predictions) => rules::by_row(predictions, &table),
            None => Ok(Vec::new()),
        };
        let names = predictions.map(rules::columns_of).unwrap_or_default();
        let mut own = OwnColumns { names, compute: &mut compute };
        let evaluated = Evaluated::new(recipe, bars, &[], Some(&mut own))?;
        let market = Arc::new(evaluated.market);
        let mut fills = recipe.reward_settings(&market)?;
        fills.metrics.clear();
        let BacktestOptions { cash, leverage, partial, overlap, size, .. } = *options;
        let settings = Settings { cash, overlap, leverage, partial, fills };
        let (orders, both) = rules::orders(&market, size, hold);
        let mut outcome = run(&market, &settings, &orders)?;
        // The row of a rule is that before its order.
        let start = |trade: &Trade| market.series()[trade.series as usize].start;
        for trade in &mut outcome.trades {
            let row = orders[trade.order as usize].row - 1 - start(trade);
            trade.order = u32::try_from(row).unwrap_or(u32::MAX);
        }
        Ok(Self::of(&market, &settings, outcome, both))
    }

    fn of(market: &Arc<Market>, settings: &Settings, outcome: Outcome, unplaced: u64) -> Self {
        let times_a_year = barloom_bars::bars_per_year(&outcome.times);
        let cash = settings.cash;
        let years = outcome.times.len() as f64 / times_a_year;
        let notional = |trade: &Trade| {
            let exit = trade.dollars * trade.exit_price / trade.entry_price;
            trade.dollars + if trade.cause.is_some() { exit } else { 0.0 }
        };
        let sides: f64 = outcome.trades.iter().map(notional).sum();
        let mean = outcome.equity.iter().sum::<f64>() / outcome.equity.len().max(1) as f64;
        let finite = |x: f64| x.is_finite().then_some(x);
        let profit: f64 = outcome.trades.iter().map(|trade| trade.pnl).sum();
        let paid = settings.fills.side_cost() * sides;
        let held = against::held_returns(market, &outcome.times);
        let own = Statistics::returns(cash, &outcome.equity);
        let beta = against::beta(&own, &held);
        Self {
            market: Arc::clone(market),
            cash,
            statistics: outcome.statistics(cash, times_a_year),
            trades: outcome.trade_statistics(),
            exposure: exposure(market, &outcome),
            turnover: finite(sides / mean / years),
            break_even_bps: finite((profit + paid) / sides * 1e4),
            alpha: beta.and_then(|beta| against::alpha(&own, &held, beta, times_a_year)),
            beta,
            drawdown_days: against::drawdown_days(&outcome.times, cash, &outcome.equity),
            times_a_year,
            outcome,
            unplaced,
        }
    }

    /// The trades: `symbol`, `direction`, `entry_bar`, `entry_ts`, `exit_bar`, `exit_ts`,
    /// `entry_price`, `exit_price`, `dollars`, `units`, `pnl`, `held_bars`, `cause` (null where it
    /// is open at the end) and `row`, the row of the table that opened it. Of rules `row` is the
    /// bar at whose close the rule was seen.
    ///
    /// # Errors
    /// There are more than 2^31 symbols.
    pub fn trade_table(&self) -> Result<RecordBatch, Error> {
        tables::trades(&self.market, &self.outcome).map_err(tables::refused)
    }

    /// The equity at the closes of each time of any bar: `ts`, the bar's open, and `equity`.
    ///
    /// # Errors
    /// None; it is a table of Arrow's.
    pub fn equity_table(&self) -> Result<RecordBatch, Error> {
        tables::equity(&self.outcome).map_err(tables::refused)
    }
}

/// Share of the times at which there was a position.
fn exposure(market: &Market, outcome: &Outcome) -> f64 {
    // One more at the entry, one less after the exit.
    let mut changes = vec![0_i32; outcome.times.len() + 1];
    let place = |row: usize| outcome.times.partition_point(|time| *time < market.ts()[row]);
    for trade in &outcome.trades {
        changes[place(trade.entry_row)] += 1;
        changes[place(trade.exit_row) + 1] -= 1;
    }
    let mut open = 0;
    let exposed = changes[..outcome.times.len()].iter().filter(|change| {
        open += **change;
        open > 0
    });
    exposed.count() as f64 / outcome.times.len().max(1) as f64
}
