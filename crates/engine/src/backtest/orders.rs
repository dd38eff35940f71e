//! Orders from tables.

use arrow::array::{AsArray, RecordBatch};
use arrow::datatypes::{DataType, Int64Type};
use barloom_backtest::{Close, Order, Overlap, Side, Size};
use barloom_bars::Market;

use super::{BacktestOptions, Wanted};
use crate::Error;
use crate::decisions::{
    self, DOLLARS, Names, STOP, TARGET, cast_to, column, directions, floats, problem, required,
};

const FRACTION: Names = &["fraction"];
const UNITS: Names = &["units"];
const HOLD: Names = &["hold"];
const WEIGHT: Names = &["weight"];

/// The orders of a table, and the row of each; rows that want nothing or have no bar have none.
pub(super) fn read(
    market: &Market,
    table: &RecordBatch,
    wanted: Wanted,
    options: &BacktestOptions,
) -> Result<(Vec<Order>, Vec<u32>), Error> {
    let series = decisions::series(market, table)?;
    let known_at = options.known_at.unwrap_or_default();
    let rows = decisions::rows_of(market, table, &series, known_at)?;
    let orders = match wanted {
        Wanted::Decisions => of_decisions(table, &rows, options)?,
        Wanted::Targets => of_targets(table, &rows)?,
    };
    let placed = (0..).zip(orders).filter_map(|(row, order)| Some((order?, row)));
    Ok(placed.unzip())
}

/// An order for each row of decisions; none where it has no bar or no direction.
fn of_decisions(
    table: &RecordBatch,
    rows: &[Option<usize>],
    options: &BacktestOptions,
) -> Result<Vec<Option<Order>>, Error> {
    let directions = directions(table)?;
    let barrier = |names: Names| -> Result<Vec<f64>, Error> {
        let Some(array) = column(table, names) else {
            return Ok(vec![f64::INFINITY; table.num_rows()]);
        };
        let mut values = floats(table, names, &array, |_, x| x.is_nan() || x > 0.0)?;
        values.iter_mut().filter(|x| x.is_nan()).for_each(|x| *x = f64::INFINITY);
        Ok(values)
    };
    let (stop, target) = (barrier(STOP)?, barrier(TARGET)?);
    let sizes = sizes(table, &directions, options.size)?;
    let hold = holds(table)?;
    let one = |at: usize| {
        let (row, direction) = (rows[at]?, directions[at]?);
        let (side, close) = match direction {
            1 => (Some(Side::Long), Close::Nothing),
            -1 => (Some(Side::Short), Close::Nothing),
            // No position is wanted.
            _ if options.overlap == Overlap::Net => (None, Close::All),
            _ => (None, Close::Nothing),
        };
        let (size, hold) = (sizes[at], hold.as_ref().and_then(|hold| hold[at]));
        Some(Order { row, close, side, size, stop: stop[at], target: target[at], hold })
    };
    Ok((0..rows.len()).map(one).collect())
}

/// A kind of size.
type SizeOf = fn(f64) -> Size;

/// The size of each decision.
fn sizes(
    table: &RecordBatch,
    directions: &[Option<i8>],
    default: Size,
) -> Result<Vec<Size>, Error> {
    let of: [(Names, SizeOf); 3] =
        [(DOLLARS, Size::Dollars), (FRACTION, Size::Fraction), (UNITS, Size::Units)];
    let there: Vec<_> =
        of.into_iter().filter(|(names, _)| column(table, names).is_some()).collect();
    if let [(first, _), (second, _), ..] = there[..] {
        let problem_is = format!("the decisions have {} too; give one of them", first[0]);
        return Err(problem(second[0], None, problem_is));
    }
    let Some((names, size)) = there.first() else { return Ok(vec![default; table.num_rows()]) };
    let array = required(table, names)?;
    let trades = |row: usize| directions[row].is_some_and(|direction| direction != 0);
    let values = floats(table, names, &array, |row, x| !trades(row) || x.is_finite() && x >= 0.0)?;
    Ok(values.into_iter().map(|x| size(if x.is_finite() { x } else { 0.0 })).collect())
}

/// The number of bars of each position; none without the column.
fn holds(table: &RecordBatch) -> Result<Option<Vec<Option<u32>>>, Error> {
    let Some(array) = column(table, HOLD) else { return Ok(None) };
    let array = cast_to(HOLD, &array, &DataType::Int64)?;
    let one = |(row, bars): (usize, Option<i64>)| {
        bars.map(|bars| match u32::try_from(bars) {
            Ok(bars) if bars > 0 => Ok(bars),
            _ => Err(problem(HOLD[0], Some(row), format!("expected 1 bar or more, got {bars}"))),
        })
        .transpose()
    };
    array
        .as_primitive::<Int64Type>()
        .iter()
        .enumerate()
        .map(one)
        .collect::<Result<_, _>>()
        .map(Some)
}

/// An order for each row of targets; none where it has no bar or no weight.
fn of_targets(table: &RecordBatch, rows: &[Option<usize>]) -> Result<Vec<Option<Order>>, Error> {
    let array = required(table, WEIGHT)?;
    let weights = floats(table, WEIGHT, &array, |_, x| !x.is_infinite())?;
    let one = |(row, weight): (&Option<usize>, &f64)| {
        let (row, weight) = ((*row)?, *weight);
        let side = if weight > 0.0 { Side::Long } else { Side::Short };
        match weight {
            _ if weight.is_nan() => None,
            0.0 => Some(Order::exit(row, Close::All)),
            _ => Some(Order::market(row, side, Size::Fraction(weight.abs()))),
        }
    };
    Ok(rows.iter().zip(&weights).map(one).collect())
}
