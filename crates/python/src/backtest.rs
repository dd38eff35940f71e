//! Backtests of tables of decisions and of targets, and of rules.

use arrow::array::RecordBatch;
use barloom_engine::{
    Backtest, BacktestOptions, KnownAt, Overlap, Size, Statistics, TradeStatistics, Wanted,
};
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::arguments::whole_or_none;
use crate::jobs::watched;
use crate::recipe::of_any;
use crate::tables::{self, Table};
use crate::{bars, errors};

/// The columns that trades are filled by.
const PRICE_COLUMNS: [&str; 4] = ["open", "high", "low", "close"];

/// Runs a backtest: its statistics, the table of its trades and that of its equity.
#[expect(clippy::too_many_arguments, reason = "they are keywords in Python")]
#[pyfunction]
pub(crate) fn backtest<'py>(
    py: Python<'py>,
    cfg: Option<&Bound<'py, PyAny>>,
    given: Option<&Bound<'py, PyAny>>,
    table: &Bound<'py, PyAny>,
    targets: bool,
    cash: f64,
    size: (String, f64),
    overlap: &str,
    leverage: f64,
    partial: bool,
    known_at: Option<&str>,
    cache: bool,
) -> PyResult<(Bound<'py, PyDict>, Table, Table)> {
    let mut recipe = of_any(cfg)?;
    recipe.validate().map_err(errors::of)?;
    // Nothing else of the bars is looked at.
    recipe.data.channels = PRICE_COLUMNS.map(str::to_owned).to_vec().into();
    recipe.scaling = barloom_recipe::Recipe::default().scaling;
    let given = bars::given(given)?;
    let Some((schema, batches)) = tables::from_python(table)? else {
        return Err(errors::usage("what: expected a table"));
    };
    let options = BacktestOptions {
        cash,
        size: size_of(&size.0, size.1)?,
        overlap: overlap_of(overlap)?,
        leverage,
        partial,
        known_at: known_at.map(str::parse::<KnownAt>).transpose().map_err(errors::usage)?,
    };
    let wanted = if targets { Wanted::Targets } else { Wanted::Decisions };
    let done = watched(py, None, None, move |watch| {
        let loaded = bars::loaded(&mut recipe, given, None, bars::cache_if(cache), watch)?;
        let table = tables::joined(&schema, &batches)?;
        Backtest::new(&loaded, &table, wanted, &options).map_err(errors::of)
    })?;
    results(py, &done)
}

/// Runs a backtest of rules, which are features of the recipe.
#[expect(clippy::too_many_arguments, reason = "they are keywords in Python")]
#[pyfunction]
pub(crate) fn backtest_rules<'py>(
    py: Python<'py>,
    cfg: &Bound<'py, PyAny>,
    given: &Bound<'py, PyAny>,
    predictions: Option<&Bound<'py, PyAny>>,
    #[pyo3(from_py_with = whole_or_none)] hold: Option<u32>,
    cash: f64,
    size: (String, f64),
    overlap: &str,
    leverage: f64,
    partial: bool,
    cache: bool,
) -> PyResult<(Bound<'py, PyDict>, Table, Table)> {
    let recipe = of_any(Some(cfg))?;
    recipe.validate().map_err(errors::of)?;
    let given = bars::given(Some(given))?.ok_or_else(|| errors::usage("bars: there are none"))?;
    let predictions = match predictions {
        None => None,
        Some(table) => Some(tables::from_python(table)?.ok_or_else(|| {
            errors::usage("predictions: expected a table, such as that of cross_predict")
        })?),
    };
    let options = BacktestOptions {
        cash,
        size: size_of(&size.0, size.1)?,
        overlap: overlap_of(overlap)?,
        leverage,
        partial,
        known_at: None,
    };
    let done = watched(py, None, None, move |watch| {
        let mut read = barloom_engine::read_options(&recipe);
        read.cache = bars::cache_if(cache);
        read.watch = watch.clone();
        read.columns = Some(barloom_engine::FeatureTable::columns(&recipe).map_err(errors::of)?);
        let predictions =
            predictions.map(|(schema, batches)| tables::joined(&schema, &batches)).transpose()?;
        if let (Some(table), Some(columns)) = (&predictions, &mut read.columns) {
            let schema = table.schema();
            columns.retain(|name| schema.index_of(name).is_err());
        }
        let bars = given.read(&read)?;
        Backtest::of_rules(&recipe, bars, predictions.as_ref(), hold, &options).map_err(errors::of)
    })?;
    results(py, &done)
}

fn overlap_of(overlap: &str) -> PyResult<Overlap> {
    match overlap {
        "ignore" => Ok(Overlap::Ignore),
        "flip" => Ok(Overlap::Flip),
        "net" => Ok(Overlap::Net),
        "independent" => Ok(Overlap::Independent),
        other => Err(errors::usage(format!(
            "overlap: expected \"ignore\", \"flip\", \"net\" or \"independent\", got {other:?}"
        ))),
    }
}

/// The statistics, the table of trades and that of the equity.
fn results<'py>(py: Python<'py>, done: &Backtest) -> PyResult<(Bound<'py, PyDict>, Table, Table)> {
    let of = |table: Result<RecordBatch, barloom_engine::Error>| -> PyResult<Table> {
        let table = table.map_err(errors::of)?;
        Ok(Table::new(table.schema(), vec![table]))
    };
    Ok((stats(py, done)?, of(done.trade_table())?, of(done.equity_table())?))
}

fn size_of(kind: &str, value: f64) -> PyResult<Size> {
    match kind {
        "dollars" => Ok(Size::Dollars(value)),
        "fraction" => Ok(Size::Fraction(value)),
        "units" => Ok(Size::Units(value)),
        other => Err(errors::usage(format!(
            "size: expected a dict with \"dollars\", \"fraction\" or \"units\", got {other:?}"
        ))),
    }
}

/// All statistics by their names, None where one is undefined.
fn stats<'py>(py: Python<'py>, done: &Backtest) -> PyResult<Bound<'py, PyDict>> {
    let dict = PyDict::new(py);
    let outcome = &done.outcome;
    let last = outcome.equity.last().copied().unwrap_or(done.cash);
    dict.set_item("cash", done.cash)?;
    dict.set_item("equity", last)?;
    macro_rules! set {
        ($of:expr => $($name:ident),*) => { $(dict.set_item(stringify!($name), $of.$name)?;)* };
    }
    let Statistics { .. } = &done.statistics;
    set!(done.statistics => periods, total_return, cagr, volatility, sharpe, sortino, omega,
         max_drawdown, calmar, drawdown_bars, var, cvar, tail, skew, kurtosis, psr);
    let TradeStatistics { closed, open, .. } = done.trades;
    dict.set_item("trades", closed)?;
    dict.set_item("open_trades", open)?;
    set!(done.trades => win_rate, profit_factor, expectancy, sqn, mean_held_bars, best, worst);
    set!(done => beta, alpha, drawdown_days, exposure, turnover, break_even_bps, times_a_year, unplaced);
    set!(outcome.refused => overlapping, cut, no_room, ruined);
    dict.set_item("is_ruined", outcome.is_ruined)?;
    Ok(dict)
}
