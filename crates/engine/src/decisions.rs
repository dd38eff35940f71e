//! Decisions as tables bring them.

use std::str::FromStr;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Int64Array, RecordBatch};
use arrow::compute::{CastOptions, cast_with_options};
use arrow::datatypes::{DataType, Field, Float64Type, Int64Type, Schema};
use barloom_bars::Market;
use barloom_market_data::{ReadOptions, read_times};

use crate::Error;

/// Equity where the decisions name none, dollars.
const EQUITY: f64 = 10_000.0;

/// When a decision was known, which its bar or time alone does not say.
///
/// It says which bar is bar t; the recipe's `entry` says at which of its prices a trade enters: its
/// open, or with `next_close` and the formulas `frel-v1` its close.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum KnownAt {
    /// At the open of its bar: it enters at that bar. A time between opens enters at the next bar.
    #[default]
    Open,
    /// At the close of its bar, as a signal of a table of bars is: it enters at the next bar.
    Close,
}

impl FromStr for KnownAt {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "open" => Ok(Self::Open),
            "close" => Ok(Self::Close),
            other => Err(format!("known_at: expected \"open\" or \"close\", got {other:?}")),
        }
    }
}

/// The share of times on bars' opens from which on they look like times of bars.
const MOSTLY: f64 = 0.9;

/// The names of a column, in any case: the first is what errors call it.
pub(crate) type Names = &'static [&'static str];

pub(crate) const SYMBOL: Names = &["symbol"];
pub(crate) const BAR: Names = &["bar"];
const TIME: Names = &["ts", "time", "timestamp", "datetime", "date"];
const DIRECTION: Names = &["direction", "side", "act_dir"];
pub(crate) const DOLLARS: Names = &["dollars", "act_dollar"];
pub(crate) const STOP: Names = &["stop", "act_sl"];
pub(crate) const TARGET: Names = &["target", "act_tp"];
const OWN_EQUITY: Names = &["equity"];

/// Decisions as columns of the types that are priced.
pub(crate) struct Decisions {
    /// The series of each; none where the symbol is null.
    pub(crate) series: Vec<Option<u32>>,
    /// The market's row of bar t; none where there is no such bar or no direction.
    pub(crate) at: Vec<Option<usize>>,
    pub(crate) direction: Vec<i8>,
    pub(crate) dollars: Vec<f64>,
    pub(crate) stop: Vec<f64>,
    pub(crate) target: Vec<f64>,
    pub(crate) equity: Vec<f64>,
}

impl Decisions {
    pub(crate) fn read(
        market: &Market,
        batch: &RecordBatch,
        known_at: KnownAt,
    ) -> Result<Self, Error> {
        let rows = batch.num_rows();
        let series = series(market, batch)?;
        let direction = directions(batch)?;
        let mut at = rows_of(market, batch, &series, known_at)?;
        for (at, direction) in at.iter_mut().zip(&direction) {
            *at = at.filter(|_| direction.is_some());
        }
        let direction: Vec<i8> = direction.into_iter().map(|d| d.unwrap_or(0)).collect();
        let holds = |i: usize| direction[i] == 0;
        let dollars = required(batch, DOLLARS)?;
        let dollars =
            floats(batch, DOLLARS, &dollars, |i, x| holds(i) || x.is_finite() && x >= 0.0)?;
        let barrier = |names: Names| -> Result<Vec<f64>, Error> {
            let Some(array) = column(batch, names) else { return Ok(vec![f64::INFINITY; rows]) };
            let mut values = floats(batch, names, &array, |_, x| x.is_nan() || x > 0.0)?;
            // Never reached.
            values.iter_mut().filter(|x| x.is_nan()).for_each(|x| *x = f64::INFINITY);
            Ok(values)
        };
        let equity = match column(batch, OWN_EQUITY) {
            None => vec![EQUITY; rows],
            Some(array) => floats(batch, OWN_EQUITY, &array, |_, x| x.is_finite() && x > 0.0)?,
        };
        Ok(Self {
            series,
            at,
            // What samples hold where they hold: no notional.
            dollars: (0..rows).map(|i| if holds(i) { 0.0 } else { dollars[i] }).collect(),
            stop: barrier(STOP)?,
            target: barrier(TARGET)?,
            equity,
            direction,
        })
    }

    /// Refuses decisions whose profit cannot be measured by their stop.
    pub(crate) fn check_stops(&self) -> Result<(), Error> {
        let without = |i: &usize| self.direction[*i] != 0 && self.stop[*i] == f64::INFINITY;
        match (0..self.stop.len()).find(without) {
            Some(row) => Err(problem(STOP[0], Some(row), "r_multiple needs a stop")),
            None => Ok(()),
        }
    }
}

pub(crate) fn problem(column: &str, row: Option<usize>, problem: impl std::fmt::Display) -> Error {
    Error::Decisions { column: column.to_owned(), row, problem: problem.to_string() }
}

/// Tells of columns that no decision has.
pub(crate) fn warn_of_others(batch: &RecordBatch) {
    let roles = [SYMBOL, BAR, time_names(batch), DIRECTION, DOLLARS, STOP, TARGET, OWN_EQUITY];
    let used: Vec<usize> = roles.iter().filter_map(|names| place(batch, names)).collect();
    let schema = batch.schema();
    let names = schema.fields().iter().map(|field| field.name().as_str()).enumerate();
    let others: Vec<&str> =
        names.filter(|(at, _)| !used.contains(at)).map(|(_, name)| name).collect();
    if !others.is_empty() {
        let others = others.join(", ");
        tracing::warn!("decisions: unused columns: {others}");
    }
}

/// The place of the column by the first of its names that there is: as it is written here, or else
/// in another case.
fn place(batch: &RecordBatch, names: Names) -> Option<usize> {
    let schema = batch.schema();
    let fields = schema.fields();
    let written = |name: &&str| fields.iter().position(|field| field.name() == name);
    let in_any_case =
        |name: &&str| fields.iter().position(|field| field.name().eq_ignore_ascii_case(name));
    names.iter().find_map(written).or_else(|| names.iter().find_map(in_any_case))
}

/// The column by the first of its names that there is.
pub(crate) fn column(batch: &RecordBatch, names: Names) -> Option<ArrayRef> {
    place(batch, names).map(|at| Arc::clone(batch.column(at)))
}

pub(crate) fn required(batch: &RecordBatch, names: Names) -> Result<ArrayRef, Error> {
    column(batch, names).ok_or_else(|| {
        let schema = batch.schema();
        let there: Vec<&str> = schema.fields().iter().map(|f| f.name().as_str()).collect();
        let help = match names {
            DOLLARS => ". Add the column, or pass dollars=1000 for all decisions",
            _ => "",
        };
        let there = there.join(", ");
        problem(names[0], None, format!("the column is missing; the decisions have {there}{help}"))
    })
}

/// The values as another type; one that cannot be is an error, and none is rounded.
pub(crate) fn cast_to(names: Names, array: &ArrayRef, to: &DataType) -> Result<ArrayRef, Error> {
    let options = CastOptions { safe: false, ..CastOptions::default() };
    let cast = |array: &ArrayRef, to: &DataType| {
        cast_with_options(array, to, &options)
            .map_err(|e| problem(names[0], None, format!("expected {to}: {e}")))
    };
    if array.data_type().is_floating() && to.is_integer() {
        let floats = cast(array, &DataType::Float64)?;
        let values = floats.as_primitive::<Float64Type>().iter().enumerate();
        let is_whole = |x: &f64| x.fract() == 0.0;
        let part = values.filter_map(|(row, x)| Some((row, x.filter(|x| !is_whole(x))?))).next();
        if let Some((row, x)) = part {
            let expected = format!("expected a whole number, got {x}");
            return Err(problem(names[0], Some(row), expected));
        }
    }
    cast(array, to)
}

/// The values as f64, NaN where they are null, each of which must be `usable` in its row.
pub(crate) fn floats(
    batch: &RecordBatch,
    names: Names,
    array: &ArrayRef,
    usable: impl Fn(usize, f64) -> bool,
) -> Result<Vec<f64>, Error> {
    let array = cast_to(names, array, &DataType::Float64)?;
    let values: Vec<f64> =
        array.as_primitive::<Float64Type>().iter().map(|x| x.unwrap_or(f64::NAN)).collect();
    if let Some(row) = (0..batch.num_rows()).find(|row| !usable(*row, values[*row])) {
        let expected = match names {
            STOP | TARGET => "a fraction above 0, or null",
            OWN_EQUITY => "dollars above 0",
            _ => "dollars, 0 or more",
        };
        return Err(problem(
            names[0],
            Some(row),
            format!("expected {expected}, got {}", values[row]),
        ));
    }
    Ok(values)
}

pub(crate) fn directions(batch: &RecordBatch) -> Result<Vec<Option<i8>>, Error> {
    let array = required(batch, DIRECTION)?;
    let kind = match array.data_type() {
        DataType::Dictionary(_, values) => values,
        kind => kind,
    };
    if let DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View = kind {
        return named_directions(&cast_to(DIRECTION, &array, &DataType::Utf8)?);
    }
    let array = cast_to(DIRECTION, &array, &DataType::Float64)?;
    let one = |(row, value): (usize, Option<f64>)| match value {
        None => Ok(None),
        Some(x) if x.is_nan() => Ok(None),
        Some(x) if [-1.0, 0.0, 1.0].contains(&x) => Ok(Some(x as i8)),
        Some(x) => Err(problem(
            DIRECTION[0],
            Some(row),
            format!("expected 1 (long), -1 (short) or 0 (hold), got {x}"),
        )),
    };
    array.as_primitive::<Float64Type>().iter().enumerate().map(one).collect()
}

fn named_directions(array: &ArrayRef) -> Result<Vec<Option<i8>>, Error> {
    let one = |(row, name): (usize, Option<&str>)| match name {
        None => Ok(None),
        Some("1") => Ok(Some(1)),
        Some("-1") => Ok(Some(-1)),
        Some("0") => Ok(Some(0)),
        Some(name) => match name.trim().to_ascii_lowercase().as_str() {
            "long" | "buy" => Ok(Some(1)),
            "short" | "sell" => Ok(Some(-1)),
            "hold" | "flat" => Ok(Some(0)),
            _ => {
                let expected =
                    format!("expected long or buy, short or sell, or hold, got {name:?}");
                Err(problem(DIRECTION[0], Some(row), expected))
            }
        },
    };
    array.as_string::<i32>().iter().enumerate().map(one).collect()
}

/// The series of each decision.
pub(crate) fn series(market: &Market, batch: &RecordBatch) -> Result<Vec<Option<u32>>, Error> {
    let spans = market.series();
    let Some(array) = column(batch, SYMBOL) else {
        if spans.len() > 1 {
            let problem_is =
                format!("the column is missing, and the bars have {} symbols", spans.len());
            return Err(problem(SYMBOL[0], None, problem_is));
        }
        return Ok(vec![Some(0); batch.num_rows()]);
    };
    let mut places: Vec<(&str, u32)> =
        (0..).zip(spans).map(|(code, span)| (span.symbol.as_str(), code)).collect();
    places.sort_unstable();
    let array = cast_to(SYMBOL, &array, &DataType::Utf8)?;
    let one = |(row, symbol): (usize, Option<&str>)| {
        let Some(symbol) = symbol else { return Ok(None) };
        match places.binary_search_by_key(&symbol, |(name, _)| name) {
            Ok(at) => Ok(Some(places[at].1)),
            Err(_) => Err(problem(SYMBOL[0], Some(row), format!("the bars have no {symbol:?}"))),
        }
    };
    array.as_string::<i32>().iter().enumerate().map(one).collect()
}

/// The decisions with their times, if they have any, in ns since 1970 UTC; and whether these had no
/// zone and were read as UTC.
pub(crate) fn with_times(
    batch: &RecordBatch,
    timezone: &str,
) -> Result<(RecordBatch, bool), Error> {
    let schema = batch.schema();
    let Some(at) = place(batch, time_names(batch)) else { return Ok((batch.clone(), false)) };
    let field = schema.field(at);
    let options = ReadOptions { timezone: timezone.to_owned(), ..ReadOptions::default() };
    let (times, naive) = read_times("decisions", field.name(), batch.column(at), &options)?;
    let mut columns = batch.columns().to_vec();
    columns[at] = Arc::new(Int64Array::from(times));
    let mut fields = schema.fields().to_vec();
    fields[at] = Arc::new(Field::new(field.name(), DataType::Int64, true));
    let error = |e| problem(field.name(), None, e);
    let batch = RecordBatch::try_new(Arc::new(Schema::new(fields)), columns).map_err(error)?;
    Ok((batch, naive))
}

/// The names by which a column is one of times: only the first beside a column of bars.
fn time_names(batch: &RecordBatch) -> &'static [&'static str] {
    if column(batch, BAR).is_some() { &TIME[..1] } else { TIME }
}

/// Times of decisions to trade, against the opens of bars.
pub(crate) struct Opens {
    all: u64,
    at_open: u64,
}

/// Counts the times of decisions to trade that are those at which bars open.
pub(crate) fn opens(market: &Market, batch: &RecordBatch) -> Result<Opens, Error> {
    let Some(times) = column(batch, time_names(batch)) else {
        return Ok(Opens { all: 0, at_open: 0 });
    };
    let (series, directions) = (series(market, batch)?, directions(batch)?);
    let times = times.as_primitive::<Int64Type>();
    let (mut all, mut at_open) = (0_u64, 0_u64);
    for ((time, series), direction) in times.iter().zip(series).zip(directions) {
        let (Some(time), Some(code), Some(1 | -1)) = (time, series, direction) else { continue };
        let span = &market.series()[code as usize];
        all += 1;
        at_open += u64::from(market.ts()[span.start..span.end].binary_search(&time).is_ok());
    }
    Ok(Opens { all, at_open })
}

impl Opens {
    /// A warning where nearly all times are those at which bars open: what a table of bars has as
    /// its times. Who computes signals from such a table knows the whole bar, and enters at its
    /// open.
    pub(crate) fn look_ahead(&self) -> Option<String> {
        let Self { all, at_open } = *self;
        (all > 0 && at_open as f64 >= MOSTLY * all as f64).then(|| {
            format!(
                "decisions.ts: {at_open} of {all} times are the opens of bars, and each decision \
                 enters at that open. Signals computed from the close of the bar with their time \
                 would look one bar ahead: pass known_at=\"close\" to enter at the next bar, or \
                 known_at=\"open\" if they were known before the bar opened"
            )
        })
    }

    /// A warning where times without a zone are hardly ever those at which bars open: the bars may
    /// be in another zone, and then a decision enters at a wrong bar.
    pub(crate) fn other_zone(&self) -> Option<String> {
        let Self { all, at_open } = *self;
        (all > 0 && at_open as f64 <= (1.0 - MOSTLY) * all as f64).then(|| {
            format!(
                "decisions.ts: {at_open} of {all} times are the opens of bars. They have no time zone \
                 and are read as UTC: if the bars are in another zone, they enter at wrong bars. Give \
                 the times their zone, or set data.timezone"
            )
        })
    }
}

/// The market's row of bar t of each decision; none where there is none.
pub(crate) fn rows_of(
    market: &Market,
    batch: &RecordBatch,
    series: &[Option<u32>],
    known_at: KnownAt,
) -> Result<Vec<Option<usize>>, Error> {
    let times = column(batch, time_names(batch));
    let by_bar = column(batch, BAR)
        .map(|array| rows_of_bars(market, &array, series, known_at))
        .transpose()?;
    let by_time = times.as_ref().map(|array| rows_of_times(market, array, series, known_at));
    match (by_bar, by_time) {
        (Some(rows), None) | (None, Some(rows)) => Ok(rows),
        (Some(bars), Some(at_times)) => {
            let given = |row: usize| times.as_ref().is_some_and(|times| times.is_valid(row));
            let apart =
                |row: &usize| bars[*row].is_some() && given(*row) && bars[*row] != at_times[*row];
            let Some(row) = (0..bars.len()).find(apart) else { return Ok(bars) };
            let told = |at: Option<usize>| {
                at.map_or("no bar".to_owned(), |at| format!("the bar at {} ns", market.ts()[at]))
            };
            let (bar, time) = (told(bars[row]), told(at_times[row]));
            let differ = format!("bar is {bar}, but ts means {time}; give only one of them");
            Err(problem(BAR[0], Some(row), differ))
        }
        (None, None) => {
            let why = "this column and ts are both missing; give one of them as the moment of \
                each decision";
            Err(problem(BAR[0], None, why))
        }
    }
}

fn rows_of_bars(
    market: &Market,
    array: &ArrayRef,
    series: &[Option<u32>],
    known_at: KnownAt,
) -> Result<Vec<Option<usize>>, Error> {
    let array = cast_to(BAR, array, &DataType::Int64)?;
    let one = |(row, bar): (usize, Option<i64>)| {
        let (Some(bar), Some(code)) = (bar, series[row]) else { return Ok(None) };
        let span = &market.series()[code as usize];
        let bars = span.end - span.start;
        match usize::try_from(bar).ok().filter(|bar| *bar < bars) {
            Some(bar) => Ok(match known_at {
                KnownAt::Open => Some(span.start + bar),
                KnownAt::Close => goes_on(market, span.start + bar + 1),
            }),
            None => {
                let expected = format!("expected a bar below {bars}, got {bar}");
                Err(problem(BAR[0], Some(row), expected))
            }
        }
    };
    array.as_primitive::<Int64Type>().iter().enumerate().map(one).collect()
}

/// The row, if the one before is in the same segment.
fn goes_on(market: &Market, row: usize) -> Option<usize> {
    let segments = market.segments();
    let segment = segments.get(segments.partition_point(|one| one.end <= row))?;
    (segment.start < row).then_some(row)
}

/// The first bar that opens at each time or later, or after it where it was known at a bar's close,
/// if that is in a segment that has begun by then.
fn rows_of_times(
    market: &Market,
    times: &ArrayRef,
    series: &[Option<u32>],
    known_at: KnownAt,
) -> Vec<Option<usize>> {
    let one = |(row, time): (usize, Option<i64>)| {
        let (time, span) = (time?, &market.series()[series[row]? as usize]);
        let bars = &market.ts()[span.start..span.end];
        let over = |ts: &i64| *ts < time || (*ts == time && known_at == KnownAt::Close);
        let at = span.start + bars.partition_point(over);
        let opens = *market.ts()[..span.end].get(at)?;
        let segments = market.segments();
        let segment = segments.get(segments.partition_point(|one| one.end <= at))?;
        (opens == time || segment.start < at).then_some(at)
    };
    times.as_primitive::<Int64Type>().iter().enumerate().map(one).collect()
}
