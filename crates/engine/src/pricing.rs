//! Prices decisions that somebody else took, as the rewards of samples are priced.

use std::num::NonZero;
use std::sync::Arc;
use std::thread;

use arrow::array::{
    ArrayRef, DictionaryArray, Float64Array, Int32Array, Int64Array, RecordBatch, StringArray,
    TimestampNanosecondArray,
};
use arrow::datatypes::{Field, Int32Type, Schema};
use arrow::error::ArrowError;
use barloom_backend::{BackendError, prices};
use barloom_bars::Market;
use barloom_dataset::{DatasetError, EXIT_REASONS, reward_names};
use barloom_rewards::{Actions, Metric, Pricer, RewardSettings, RewardsMut, Trades, TradesMut};

use crate::decisions::{Decisions, problem};
use crate::{Error, Loaded, Watch};

/// Decisions that are not worth a thread of their own.
const LEAST_CHUNK: usize = 16_384;

/// Decisions after which a thread asks whether to stop.
const PIECE: usize = 65_536;

/// Prices decisions by the recipe's `[reward]` and `dataset.forward` on its bars: the same trades
/// and rewards that samples of the recipe have.
///
/// Columns of `decisions`, one row a decision:
/// - `bar`, bar t within its series from 0 (of the bars that are used: dropped ones are not
///   counted), or `ts` (also `time`), a time: t is then the first bar of the series that opens at it
///   or later. A time without a zone is in the recipe's `data.timezone`. Where there are both, they
///   must mean the same bar;
/// - `symbol`, needed where there are several;
/// - `direction`: 1 long, -1 short, 0 hold; or these words;
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
/// Columns of other names are not used; a warning names them.
///
/// # Errors
/// A column is missing or of another type, or a value can't be: the error names column and row. Or
/// it was stopped.
pub fn price(
    loaded: &Loaded,
    decisions: &RecordBatch,
    watch: &Watch<'_>,
) -> Result<RecordBatch, Error> {
    let market = &*loaded.market;
    let settings = loaded.recipe.reward_settings(market.bars_per_year())?;
    let pricer = Pricer::new(prices(market), settings.clone()).map_err(BackendError::from)?;
    let wanted = Decisions::read(market, decisions, &loaded.recipe.data.timezone)?;
    if settings.metrics.contains(&Metric::RMultiple) {
        wanted.check_stops()?;
    }
    let rows: Vec<usize> = (0..wanted.at.len())
        .filter(|i| wanted.at[*i].is_some_and(|row| has_horizon(market, row, settings.forward)))
        .collect();
    (watch.total)(rows.len() as u64);
    let priced = wanted.price(market, &pricer, &settings, &rows, watch)?;
    priced.table(market, &wanted, &settings, &rows).map_err(|e| problem("the result", e))
}

/// Whether `[row, row + forward)` is in one segment.
fn has_horizon(market: &Market, row: usize, forward: usize) -> bool {
    let segments = market.segments();
    let at = segments.partition_point(|segment| segment.end <= row);
    segments.get(at).is_some_and(|s| s.start <= row && forward <= s.end - row)
}

impl Decisions {
    /// Prices these rows, in pieces on all processors.
    fn price(
        &self,
        market: &Market,
        pricer: &Pricer,
        settings: &RewardSettings,
        rows: &[usize],
        watch: &Watch<'_>,
    ) -> Result<Priced, Error> {
        let threads = thread::available_parallelism().map_or(1, NonZero::get);
        let chunk = rows.len().div_ceil(threads).max(LEAST_CHUNK);
        let one = |rows: &[usize]| {
            let mut pieces = Vec::new();
            for rows in rows.chunks(PIECE) {
                if (watch.stop)() {
                    return Err(DatasetError::Stopped.into());
                }
                pieces.push(self.price_some(market, pricer, settings, rows));
                (watch.progress)(rows.len() as u64);
            }
            Ok(pieces)
        };
        let pieces: Result<Vec<Vec<Priced>>, Error> = thread::scope(|scope| {
            let others: Vec<_> =
                rows.chunks(chunk).skip(1).map(|rows| scope.spawn(move || one(rows))).collect();
            let first = one(&rows[..rows.len().min(chunk)]);
            let others = others
                .into_iter()
                .map(|piece| piece.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
            std::iter::once(first).chain(others).collect()
        });
        Ok(Priced::joined(pieces?.into_iter().flatten(), settings.metrics.len()))
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

    fn joined(pieces: impl Iterator<Item = Self>, metrics: usize) -> Self {
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
        wanted: &Decisions,
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
            ("exit_reason".into(), dictionary(reasons, EXIT_REASONS.to_vec())?),
        ];
        let metrics: Vec<&str> = settings.metrics.iter().map(|metric| metric.name()).collect();
        let rewards = self.rewards.iter().map(|values| doubles(values));
        columns.extend(reward_names(&metrics).into_iter().zip(rewards));
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
