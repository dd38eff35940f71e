//! Tables of a backtest.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, Float64Array, Int8Array, Int64Array, RecordBatch, TimestampNanosecondArray,
};
use arrow::datatypes::{Field, Schema};
use arrow::error::ArrowError;
use barloom_backtest::{ExitCause, Outcome, Trade};
use barloom_bars::Market;

use crate::Error;
use crate::decisions::problem;
use crate::pricing::dictionary;

const CAUSES: [ExitCause; 6] = [
    ExitCause::Stop,
    ExitCause::Target,
    ExitCause::Hold,
    ExitCause::Order,
    ExitCause::End,
    ExitCause::Ruin,
];

pub(super) fn refused(error: ArrowError) -> Error {
    problem("the result", None, error)
}

/// A table of columns by their names.
fn table(columns: Vec<(&str, ArrayRef)>) -> Result<RecordBatch, ArrowError> {
    let field = |(name, array): &(&str, ArrayRef)| {
        Field::new(*name, array.data_type().clone(), array.is_nullable())
    };
    let schema = Schema::new(columns.iter().map(field).collect::<Vec<_>>());
    RecordBatch::try_new(Arc::new(schema), columns.into_iter().map(|(_, array)| array).collect())
}

pub(super) fn equity(outcome: &Outcome) -> Result<RecordBatch, ArrowError> {
    table(vec![
        ("ts", times(outcome.times.iter().copied())),
        ("equity", Arc::new(Float64Array::from(outcome.equity.clone()))),
    ])
}

fn times(ns: impl Iterator<Item = i64>) -> ArrayRef {
    let times: TimestampNanosecondArray = ns.map(Some).collect();
    Arc::new(times.with_timezone("UTC"))
}

pub(super) fn trades(market: &Market, outcome: &Outcome) -> Result<RecordBatch, ArrowError> {
    let trades = &outcome.trades;
    let series = market.series();
    let bars = |row: fn(&Trade) -> usize| -> ArrayRef {
        let bar = |trade: &Trade| (row(trade) - series[trade.series as usize].start) as i64;
        Arc::new(trades.iter().map(bar).collect::<Int64Array>())
    };
    let opens = |row: fn(&Trade) -> usize| times(trades.iter().map(|one| market.ts()[row(one)]));
    let reals = |of: fn(&Trade) -> f64| -> ArrayRef {
        Arc::new(trades.iter().map(of).collect::<Float64Array>())
    };
    let names = series.iter().map(|span| span.symbol.as_str()).collect();
    let codes = trades.iter().map(|trade| i32::try_from(trade.series).ok()).collect();
    let causes = trades.iter().map(|trade| {
        let cause = trade.cause?;
        CAUSES.iter().position(|one| *one == cause).and_then(|at| i32::try_from(at).ok())
    });
    let directions = trades.iter().map(|trade| trade.side.sign() as i8);
    let held = trades.iter().map(|trade| trade.held_bars() as i64);
    let rows = trades.iter().map(|trade| i64::from(trade.order));
    table(vec![
        ("symbol", dictionary(codes, names)?),
        ("direction", Arc::new(directions.collect::<Int8Array>())),
        ("entry_bar", bars(|trade| trade.entry_row)),
        ("entry_ts", opens(|trade| trade.entry_row)),
        ("exit_bar", bars(|trade| trade.exit_row)),
        ("exit_ts", opens(|trade| trade.exit_row)),
        ("entry_price", reals(|trade| trade.entry_price)),
        ("exit_price", reals(|trade| trade.exit_price)),
        ("dollars", reals(|trade| trade.dollars)),
        ("units", reals(|trade| trade.side.sign() * trade.dollars / trade.entry_price)),
        ("pnl", reals(|trade| trade.pnl)),
        ("held_bars", Arc::new(held.collect::<Int64Array>())),
        ("cause", dictionary(causes.collect(), CAUSES.map(ExitCause::name).to_vec())?),
        ("row", Arc::new(rows.collect::<Int64Array>())),
    ])
}
