//! Prices decisions that somebody else took, as the rewards of samples are priced.

use std::num::NonZero;
use std::sync::Arc;
use std::thread;

use arrow::array::{
    Array, ArrayRef, AsArray, DictionaryArray, Float64Array, Int32Array, Int64Array, RecordBatch,
    StringArray, TimestampNanosecondArray,
};
use arrow::compute::{CastOptions, cast_with_options};
use arrow::datatypes::{DataType, Field, Float64Type, Int32Type, Int64Type, Schema, TimeUnit};
use arrow::error::ArrowError;
use barloom_backend::prices;
use barloom_bars::Market;
use barloom_rewards::{Actions, Metric, Pricer, RewardSettings, RewardsMut, Trades, TradesMut};

use crate::{Error, Loaded};

/// Equity where the decisions name none, dollars.
const EQUITY: f64 = 10_000.0;

/// Decisions that are not worth a thread of their own.
const LEAST_CHUNK: usize = 16_384;

const REASONS: [&str; 4] = ["none", "stop", "target", "horizon"];

/// The names of a column: the first is what errors call it.
type Names = &'static [&'static str];

const SYMBOL: Names = &["symbol"];
const BAR: Names = &["bar"];
const TIME: Names = &["ts", "time", "timestamp"];
const DIRECTION: Names = &["direction", "act_dir"];
const DOLLARS: Names = &["dollars", "act_dollar"];
const STOP: Names = &["stop", "act_sl"];
const TARGET: Names = &["target", "act_tp"];
const OWN_EQUITY: Names = &["equity"];

/// Prices decisions by the recipe's `[reward]` and `dataset.forward` on its bars: the same trades
/// and rewards that samples of the recipe have.
///
/// Columns of `decisions`, one row a decision:
/// - `bar`, bar t within its series from 0 (of the bars that are used: dropped ones are not
///   counted), or `ts` (also `time`), a time: t is then the first bar of the series that opens at it
///   or later. A time without a zone is in the recipe's `data.timezone`;
/// - `symbol`, needed where there are several;
/// - `direction`: 1 long, -1 short, 0 hold;
/// - `dollars`: the notional;
/// - `stop`, `target`: distances as fractions of the entry price; none where they are null, NaN or
///   not there;
/// - `equity`: dollars, 10,000 where it is not there; `return` is measured by it.
///
/// The result has a row for each: `bar`, `ts` (open time of bar t), `symbol`, `entry_price`,
/// `exit_price`, `pnl`, `held_bars`, `exit_reason`, `reward` and `reward_<metric>` for each further
/// metric, as datasets have them. What can't be priced is null: a decision whose bar, time or
/// direction is null, that comes after the last bar, or whose `forward` bars from t on are not
/// all in one segment.
///
/// # Errors
/// A column is missing or of another type, or a value can't be; the error names column and row.
pub fn price(loaded: &Loaded, decisions: &RecordBatch) -> Result<RecordBatch, Error> {
    let market = &*loaded.market;
    let settings = loaded.recipe.reward_settings(market.bars_per_year())?;
    let pricer = Pricer::new(prices(market), settings.clone())
        .map_err(barloom_backend::BackendError::from)?;
    let wanted = Wanted::read(market, decisions, &loaded.recipe.data.timezone)?;
    if settings.metrics.contains(&Metric::RMultiple) {
        wanted.check_stops()?;
    }
    let rows: Vec<usize> = (0..wanted.at.len())
        .filter(|i| wanted.at[*i].is_some_and(|row| has_horizon(market, row, settings.forward)))
        .collect();
    let priced = wanted.price(market, &pricer, &settings, &rows);
    priced.table(market, &wanted, &settings, &rows).map_err(|e| problem("the result", e))
}

fn problem(column: &str, problem: impl std::fmt::Display) -> Error {
    Error::Decisions { column: column.to_owned(), problem: problem.to_string() }
}

/// Whether `[row, row + forward)` is in one segment.
fn has_horizon(market: &Market, row: usize, forward: usize) -> bool {
    let segments = market.segments();
    let at = segments.partition_point(|segment| segment.end <= row);
    segments.get(at).is_some_and(|s| s.start <= row && forward <= s.end - row)
}

/// Decisions as columns of the types that are priced.
struct Wanted {
    /// The series of each; none where the symbol is null.
    series: Vec<Option<u32>>,
    /// The market's row of bar t; none where there is no such bar or no direction.
    at: Vec<Option<usize>>,
    direction: Vec<i8>,
    dollars: Vec<f64>,
    stop: Vec<f64>,
    target: Vec<f64>,
    equity: Vec<f64>,
}

impl Wanted {
    fn read(market: &Market, batch: &RecordBatch, timezone: &str) -> Result<Self, Error> {
        let rows = batch.num_rows();
        let series = series(market, batch)?;
        let direction = directions(batch)?;
        let mut at = rows_of(market, batch, &series, timezone)?;
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

    /// Refuses decisions whose profit can't be measured by their stop.
    fn check_stops(&self) -> Result<(), Error> {
        let without = |i: &usize| self.direction[*i] != 0 && self.stop[*i] == f64::INFINITY;
        match (0..self.stop.len()).find(without) {
            Some(row) => Err(problem(STOP[0], format!("row {row}: r_multiple needs a stop"))),
            None => Ok(()),
        }
    }

    /// Prices these rows, in pieces on all processors.
    fn price(
        &self,
        market: &Market,
        pricer: &Pricer,
        settings: &RewardSettings,
        rows: &[usize],
    ) -> Priced {
        let threads = thread::available_parallelism().map_or(1, NonZero::get);
        let chunk = rows.len().div_ceil(threads).max(LEAST_CHUNK);
        let one = |rows: &[usize]| self.price_some(market, pricer, settings, rows);
        let pieces: Vec<Priced> = thread::scope(|scope| {
            let others: Vec<_> =
                rows.chunks(chunk).skip(1).map(|rows| scope.spawn(move || one(rows))).collect();
            let first = one(&rows[..rows.len().min(chunk)]);
            let others = others
                .into_iter()
                .map(|piece| piece.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
            std::iter::once(first).chain(others).collect()
        });
        Priced::joined(pieces, settings.metrics.len())
    }

    fn price_some(
        &self,
        market: &Market,
        pricer: &Pricer,
        settings: &RewardSettings,
        rows: &[usize],
    ) -> Priced {
        let picked = |values: &[f64]| rows.iter().map(|i| values[*i]).collect::<Vec<_>>();
        let at: Vec<usize> = rows.iter().filter_map(|i| self.at[*i]).collect();
        let direction: Vec<i8> = rows.iter().map(|i| self.direction[*i]).collect();
        let (notional, stop, target) =
            (picked(&self.dollars), picked(&self.stop), picked(&self.target));
        let equity = picked(&self.equity);
        let actions = Actions {
            row: &at,
            direction: &direction,
            notional: &notional,
            stop: &stop,
            target: &target,
        };
        let count = rows.len();
        let mut priced = Priced::zeroed(count, settings.metrics.len());
        let mut unit_return = vec![0.0; count];
        let prices = prices(market);
        let mut out = TradesMut {
            entry_price: &mut priced.entry_price,
            exit_price: &mut priced.exit_price,
            held_bars: &mut priced.held_bars,
            exit_reason: &mut priced.exit_reason,
            unit_return: &mut unit_return,
        };
        pricer.trades(prices, actions, |_| (), &mut out);
        for ((pnl, notional), u) in priced.pnl.iter_mut().zip(&notional).zip(&unit_return) {
            *pnl = notional * u;
        }
        let trades = Trades {
            entry_price: &priced.entry_price,
            exit_price: &priced.exit_price,
            held_bars: &priced.held_bars,
            exit_reason: &priced.exit_reason,
            unit_return: &unit_return,
        };
        let mut clipped = vec![0; count];
        for (metric, value) in settings.metrics.iter().zip(&mut priced.rewards) {
            let mut out = RewardsMut { value, clipped: &mut clipped };
            pricer.rewards(prices, actions, &equity, trades, *metric, &mut out);
        }
        priced
    }
}

/// Trades and rewards, column by column.
struct Priced {
    entry_price: Vec<f64>,
    exit_price: Vec<f64>,
    pnl: Vec<f64>,
    held_bars: Vec<i32>,
    exit_reason: Vec<u8>,
    rewards: Vec<Vec<f64>>,
}

impl Priced {
    fn zeroed(count: usize, metrics: usize) -> Self {
        Self {
            entry_price: vec![0.0; count],
            exit_price: vec![0.0; count],
            pnl: vec![0.0; count],
            held_bars: vec![0; count],
            exit_reason: vec![0; count],
            rewards: vec![vec![0.0; count]; metrics],
        }
    }

    fn joined(pieces: Vec<Self>, metrics: usize) -> Self {
        let mut all = Self::zeroed(0, metrics);
        for piece in pieces {
            all.entry_price.extend(piece.entry_price);
            all.exit_price.extend(piece.exit_price);
            all.pnl.extend(piece.pnl);
            all.held_bars.extend(piece.held_bars);
            all.exit_reason.extend(piece.exit_reason);
            for (all, one) in all.rewards.iter_mut().zip(piece.rewards) {
                all.extend(one);
            }
        }
        all
    }

    /// The result for all decisions, of which `rows` were priced.
    fn table(
        &self,
        market: &Market,
        wanted: &Wanted,
        settings: &RewardSettings,
        rows: &[usize],
    ) -> Result<RecordBatch, ArrowError> {
        let count = wanted.at.len();
        fn spread<T: Copy>(count: usize, rows: &[usize], values: &[T]) -> Vec<Option<T>> {
            let mut all = vec![None; count];
            rows.iter().zip(values).for_each(|(row, value)| all[*row] = Some(*value));
            all
        }
        let doubles = |values: &[f64]| -> ArrayRef {
            Arc::new(Float64Array::from(spread(count, rows, values)))
        };
        let bar = |i: usize| {
            let (at, series) = (wanted.at[i]?, wanted.series[i]?);
            Some((at - market.series()[series as usize].start) as i64)
        };
        let ts: TimestampNanosecondArray =
            wanted.at.iter().map(|at| at.map(|row| market.ts()[row])).collect();
        let symbols = wanted.series.iter().map(|series| series.map(|code| code as i32));
        let names = market.series().iter().map(|span| span.symbol.as_str());
        let reasons: Vec<Option<i32>> = spread(count, rows, &self.exit_reason)
            .into_iter()
            .map(|reason| reason.map(i32::from))
            .collect();
        let mut columns: Vec<(String, ArrayRef)> = vec![
            ("bar".into(), Arc::new((0..count).map(bar).collect::<Int64Array>())),
            ("ts".into(), Arc::new(ts.with_timezone("UTC"))),
            ("symbol".into(), dictionary(symbols.collect(), names.collect())?),
            ("entry_price".into(), doubles(&self.entry_price)),
            ("exit_price".into(), doubles(&self.exit_price)),
            ("pnl".into(), doubles(&self.pnl)),
            ("held_bars".into(), Arc::new(Int32Array::from(spread(count, rows, &self.held_bars)))),
            ("exit_reason".into(), dictionary(reasons, REASONS.to_vec())?),
        ];
        for (number, (metric, values)) in settings.metrics.iter().zip(&self.rewards).enumerate() {
            let name = match number {
                0 => "reward".to_owned(),
                _ => format!("reward_{}", metric.name()),
            };
            columns.push((name, doubles(values)));
        }
        let fields: Vec<Field> = columns
            .iter()
            .map(|(name, array)| Field::new(name, array.data_type().clone(), true))
            .collect();
        let arrays = columns.into_iter().map(|(_, array)| array).collect();
        RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays)
    }
}

fn dictionary(codes: Vec<Option<i32>>, names: Vec<&str>) -> Result<ArrayRef, ArrowError> {
    let names = Arc::new(StringArray::from(names));
    Ok(Arc::new(DictionaryArray::<Int32Type>::try_new(Int32Array::from(codes), names)?))
}

/// The column by the first of its names that there is.
fn column(batch: &RecordBatch, names: Names) -> Option<ArrayRef> {
    names.iter().find_map(|name| batch.column_by_name(name).cloned())
}

fn required(batch: &RecordBatch, names: Names) -> Result<ArrayRef, Error> {
    column(batch, names).ok_or_else(|| {
        let schema = batch.schema();
        let there: Vec<&str> = schema.fields().iter().map(|f| f.name().as_str()).collect();
        problem(names[0], format!("it is missing; the decisions have {}", there.join(", ")))
    })
}

/// The values as another type; one that can't be is an error, and none is rounded.
fn cast_to(names: Names, array: &ArrayRef, to: &DataType) -> Result<ArrayRef, Error> {
    let options = CastOptions { safe: false, ..CastOptions::default() };
    let cast = |array: &ArrayRef, to: &DataType| {
        cast_with_options(array, to, &options)
            .map_err(|e| problem(names[0], format!("expected {to}: {e}")))
    };
    if array.data_type().is_floating() && to.is_integer() {
        let floats = cast(array, &DataType::Float64)?;
        let values = floats.as_primitive::<Float64Type>().iter().enumerate();
        let is_whole = |x: &f64| x.fract() == 0.0;
        let part = values.filter_map(|(row, x)| Some((row, x.filter(|x| !is_whole(x))?))).next();
        if let Some((row, x)) = part {
            let expected = format!("row {row}: expected a whole number, got {x}");
            return Err(problem(names[0], expected));
        }
    }
    cast(array, to)
}

/// The values as f64, NaN where they are null, each of which must be `usable` in its row.
fn floats(
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
            STOP | TARGET => "a fraction above 0, or null for none",
            OWN_EQUITY => "dollars above 0",
            _ => "dollars, 0 or more",
        };
        return Err(problem(
            names[0],
            format!("row {row}: expected {expected}, got {}", values[row]),
        ));
    }
    Ok(values)
}

fn directions(batch: &RecordBatch) -> Result<Vec<Option<i8>>, Error> {
    let array = cast_to(DIRECTION, &required(batch, DIRECTION)?, &DataType::Float64)?;
    let one = |(row, value): (usize, Option<f64>)| match value {
        None => Ok(None),
        Some(x) if x.is_nan() => Ok(None),
        Some(x) if [-1.0, 0.0, 1.0].contains(&x) => Ok(Some(x as i8)),
        Some(x) => Err(problem(
            DIRECTION[0],
            format!("row {row}: expected 1 (long), -1 (short) or 0 (hold), got {x}"),
        )),
    };
    array.as_primitive::<Float64Type>().iter().enumerate().map(one).collect()
}

/// The series of each decision.
fn series(market: &Market, batch: &RecordBatch) -> Result<Vec<Option<u32>>, Error> {
    let spans = market.series();
    let Some(array) = column(batch, SYMBOL) else {
        if spans.len() > 1 {
            let problem_is = format!("it is missing, and the bars have {} symbols", spans.len());
            return Err(problem(SYMBOL[0], problem_is));
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
            Err(_) => Err(problem(SYMBOL[0], format!("row {row}: the bars have no {symbol:?}"))),
        }
    };
    array.as_string::<i32>().iter().enumerate().map(one).collect()
}

/// The market's row of bar t of each decision; none where there is none.
fn rows_of(
    market: &Market,
    batch: &RecordBatch,
    series: &[Option<u32>],
    timezone: &str,
) -> Result<Vec<Option<usize>>, Error> {
    let span = |code: u32| &market.series()[code as usize];
    if let Some(array) = column(batch, BAR) {
        let array = cast_to(BAR, &array, &DataType::Int64)?;
        let one = |(row, bar): (usize, Option<i64>)| {
            let (Some(bar), Some(code)) = (bar, series[row]) else { return Ok(None) };
            let span = span(code);
            let bars = span.end - span.start;
            match usize::try_from(bar).ok().filter(|bar| *bar < bars) {
                Some(bar) => Ok(Some(span.start + bar)),
                None => Err(problem(
                    BAR[0],
                    format!("row {row}: expected a bar below {bars}, got {bar}"),
                )),
            }
        };
        return array.as_primitive::<Int64Type>().iter().enumerate().map(one).collect();
    }
    let Some(array) = column(batch, TIME) else {
        let why = "it is missing, and so is ts: when were the decisions taken?";
        return Err(problem(BAR[0], why));
    };
    let array = match array.data_type() {
        // Numbers are ns since 1970, as the bars' are.
        DataType::Int64 => array,
        _ => {
            // A time without a zone is one of the zone, as the bars' are.
            let to = DataType::Timestamp(TimeUnit::Nanosecond, Some(timezone.into()));
            cast_to(TIME, &cast_to(TIME, &array, &to)?, &DataType::Int64)?
        }
    };
    let one = |(row, time): (usize, Option<i64>)| {
        let span = span(series[row]?);
        let times = &market.ts()[span.start..span.end];
        let bar = times.partition_point(|ts| Some(*ts) < time);
        time.filter(|_| bar < times.len()).map(|_| span.start + bar)
    };
    Ok(array.as_primitive::<Int64Type>().iter().enumerate().map(one).collect())
}
