//! Rules: conditions that are seen at the close of a bar and act at the next one.

use std::collections::BTreeMap;

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{DataType, Float64Type, Int64Type};
use barloom_backtest::{Close, Order, Side, Size};
use barloom_bars::{Column, Market, is_missing};

use crate::Error;
use crate::decisions::{BAR, Names, SYMBOL, cast_to, column, problem, required};

/// The features that rules are, by what they say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rule {
    /// A long is opened.
    Long,
    /// A short is opened.
    Short,
    /// Longs are closed.
    CloseLong,
    /// Shorts are closed.
    CloseShort,
    /// The distance of the stop.
    Stop,
    /// The distance of the target.
    Target,
}

impl Rule {
    /// All rules.
    pub const ALL: [Self; 6] =
        [Self::Long, Self::Short, Self::CloseLong, Self::CloseShort, Self::Stop, Self::Target];

    /// The name of its feature in a recipe: `rule_long`.
    #[must_use]
    pub fn feature(self) -> &'static str {
        match self {
            Self::Long => "rule_long",
            Self::Short => "rule_short",
            Self::CloseLong => "rule_close_long",
            Self::CloseShort => "rule_close_short",
            Self::Stop => "rule_stop",
            Self::Target => "rule_target",
        }
    }
}

/// The orders of rules that are columns of a market, and the number of bars that were both long and
/// short, which are neither.
pub(super) fn orders(market: &Market, size: Size, hold: Option<u32>) -> (Vec<Order>, u64) {
    let of = |rule: Rule| market.column(rule.feature());
    let columns: BTreeMap<Rule, &[f64]> =
        Rule::ALL.into_iter().filter_map(|rule| Some((rule, of(rule)?))).collect();
    let value = |rule: Rule, row: usize| columns.get(&rule).map(|values| values[row]);
    let is = |rule: Rule, row: usize| value(rule, row).is_some_and(|x| x != 0.0 && !is_missing(x));
    let distance = |rule: Rule, row: usize| match value(rule, row) {
        None => Some(f64::INFINITY),
        // Without a distance there is no such position.
        Some(x) => (x > 0.0 && !is_missing(x)).then_some(x),
    };
    let (mut orders, mut both) = (Vec::new(), 0);
    for segment in market.segments() {
        for row in segment.start..segment.end.saturating_sub(1) {
            let close = match (is(Rule::CloseLong, row), is(Rule::CloseShort, row)) {
                (false, false) => Close::Nothing,
                (true, false) => Close::Side(Side::Long),
                (false, true) => Close::Side(Side::Short),
                (true, true) => Close::All,
            };
            // What is to be closed is not opened.
            let long = is(Rule::Long, row) && !is(Rule::CloseLong, row);
            let short = is(Rule::Short, row) && !is(Rule::CloseShort, row);
            both += u64::from(long && short);
            let side = match (long, short) {
                (true, false) => Some(Side::Long),
                (false, true) => Some(Side::Short),
                _ => None,
            };
            let distances = (distance(Rule::Stop, row), distance(Rule::Target, row));
            let (side, stop, target) = match (side, distances) {
                (Some(side), (Some(stop), Some(target))) => (Some(side), stop, target),
                _ => (None, f64::INFINITY, f64::INFINITY),
            };
            if side.is_some() || close != Close::Nothing {
                orders.push(Order { row: row + 1, close, side, size, stop, target, hold });
            }
        }
    }
    (orders, both)
}

const PREDICTIONS: &str = "predictions";

/// Columns of predictions that are no values.
const KEYS: [&str; 6] = ["symbol", "bar", "ts", "fold", "group", "sample"];

/// The columns of a table of predictions that hold values.
pub(super) fn columns_of(predictions: &RecordBatch) -> Vec<String> {
    let schema = predictions.schema();
    let names = schema.fields().iter().map(|field| field.name().clone());
    names.filter(|name| !KEYS.contains(&name.to_ascii_lowercase().as_str())).collect()
}

/// The values of predictions by the rows of a table of bars. That of decision bar t was made of
/// rows before t, so it stands at row t - 1, where a rule uses it to act at bar t.
///
/// # Errors
/// A column is missing or no number, a bar is not there, or is predicted twice.
pub(super) fn by_row(predictions: &RecordBatch, bars: &RecordBatch) -> Result<Vec<Column>, Error> {
    let symbols = spans(bars)?;
    let bar = cast_to(BAR, &required(predictions, BAR)?, &DataType::Int64)?;
    let bar = bar.as_primitive::<Int64Type>();
    let symbol = match column(predictions, SYMBOL) {
        Some(array) => Some(cast_to(SYMBOL, &array, &DataType::Utf8)?),
        None if symbols.len() == 1 => None,
        None => {
            let problem_is =
                format!("the column is missing, and the bars have {} symbols", symbols.len());
            return Err(problem(SYMBOL[0], None, problem_is));
        }
    };
    let only = symbols.values().next().cloned().unwrap_or_default();
    let mut rows = Vec::with_capacity(predictions.num_rows());
    let mut is_taken = vec![false; bars.num_rows()];
    for at in 0..predictions.num_rows() {
        let span = match &symbol {
            None => only.clone(),
            Some(names) => {
                let name = names.as_string::<i32>().value(at);
                let unknown = || problem(SYMBOL[0], Some(at), format!("the bars have no {name:?}"));
                symbols.get(name).cloned().ok_or_else(unknown)?
            }
        };
        let place = usize::try_from(bar.value(at)).ok().filter(|bar| *bar < span.len());
        let Some(place) = place.filter(|_| bar.is_valid(at)) else {
            let expected = format!("expected a bar below {}, got {}", span.len(), bar.value(at));
            return Err(problem(BAR[0], Some(at), expected));
        };
        if std::mem::replace(&mut is_taken[span.start + place], true) {
            let twice = format!(
                "bar {place} is predicted twice; choose one prediction a bar, such as a path of \
                 ds.paths({PREDICTIONS})"
            );
            return Err(problem(BAR[0], Some(at), twice));
        }
        // Nothing is known before the first bar.
        rows.push((place > 0).then(|| span.start + place - 1));
    }
    let names = columns_of(predictions);
    let value = |name: String| {
        let array = predictions
            .column_by_name(&name)
            .ok_or_else(|| problem(PREDICTIONS, None, format!("there is no column {name}")))?;
        const VALUE: Names = &["pred"];
        let array = cast_to(VALUE, array, &DataType::Float64)?;
        let array = array.as_primitive::<Float64Type>();
        let mut values = vec![f64::NAN; bars.num_rows()];
        for (at, row) in rows.iter().enumerate() {
            if let (Some(row), true) = (row, array.is_valid(at)) {
                values[*row] = array.value(at);
            }
        }
        Ok(Column::new(name, values))
    };
    names.into_iter().map(value).collect()
}

/// The rows of each symbol of a table of bars.
fn spans(bars: &RecordBatch) -> Result<BTreeMap<String, std::ops::Range<usize>>, Error> {
    let array = cast_to(SYMBOL, &required(bars, SYMBOL)?, &DataType::Utf8)?;
    let mut spans: BTreeMap<String, std::ops::Range<usize>> = BTreeMap::new();
    for (row, symbol) in array.as_string::<i32>().iter().enumerate() {
        let symbol = symbol.unwrap_or_default();
        match spans.get_mut(symbol) {
            Some(span) => span.end = row + 1,
            None => _ = spans.insert(symbol.to_owned(), row..row + 1),
        }
    }
    Ok(spans)
}
