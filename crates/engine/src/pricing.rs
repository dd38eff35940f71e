//! Prices decisions of your own, as the rewards of samples are priced.

use std::fmt;
use std::num::NonZero;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use arrow::array::{
    ArrayRef, DictionaryArray, Float64Array, Int32Array, Int64Array, RecordBatch, StringArray,
    TimestampNanosecondArray,
};
use arrow::datatypes::{Field, Int32Type, Schema};
use arrow::error::ArrowError;
use barloom_backend::{Backend, BackendError, PreparedMarket, PricedBlock, Program, Threads};
use barloom_bars::Market;
use barloom_dataset::DatasetError;
use barloom_rewards::{Metric, RewardSettings};
use barloom_schema::{EXIT_REASONS, Slice, reward_names};

use crate::decisions::{self, Decisions, KnownAt, problem};
use crate::{Error, Loaded, Watch};

/// Decisions that are read, priced and told of at a time.
const PIECE: usize = 131_072;

/// A market made ready for pricing decisions, as often as wanted: the bars are read and the tables
/// of rewards are made once.
///
/// Trades and rewards are those that samples of the recipe have: by its `[reward]` and
/// `dataset.forward`, on its bars, by any backend.
pub struct DecisionPricer {
    market: Arc<Market>,
    prepared: Arc<dyn PreparedMarket>,
    settings: RewardSettings,
    timezone: String,
}

impl fmt::Debug for DecisionPricer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DecisionPricer").field("settings", &self.settings).finish_non_exhaustive()
    }
}

/// Decisions with their rewards.
#[derive(Debug)]
pub struct PricedDecisions {
    /// The rows, in pieces, of which there is at least one.
    pub pieces: Vec<RecordBatch>,
    /// Likely mistakes in the decisions, for people.
    pub warnings: Vec<String>,
}

impl DecisionPricer {
    /// Loads the bars on a backend, for prices alone.
    ///
    /// # Errors
    /// The `[reward]` table is wrong, or the backend fails.
    pub fn new(loaded: &Loaded, backend: &dyn Backend) -> Result<Self, Error> {
        let market = Arc::clone(&loaded.market);
        let settings = loaded.recipe.reward_settings(&market)?;
        let program = Arc::new(Program::of_prices(settings.clone()));
        let prepared = backend.load(Arc::clone(&market), program)?;
        let timezone = loaded.recipe.data.timezone.clone();
        Ok(Self { market, prepared, settings, timezone })
    }

    /// Prices decisions.
    ///
    /// Columns of `decisions`, one row a decision:
    /// - `bar`, bar t within its series from 0 (of the bars that are used: dropped ones are not
    ///   counted), or `ts` (also `time`, `timestamp`), a time of any form that times of bars may
    ///   have. By `known_at` it means the first bar of the series that opens at it or later, or the
    ///   first that opens after it. There is none before the first bar of a segment, as in a gap
    ///   beyond `max_gap`. Where there are `bar` and `ts`, they must mean the same bar;
    /// - `symbol`, needed where there are several;
    /// - `direction` (also `side`): 1 long, -1 short, 0 hold; or `long`, `short`, `hold`, `buy`,
    ///   `sell`, in any case;
    /// - `dollars`: the notional;
    /// - `stop`, `target`: distances as fractions of the entry price; none where they are null, NaN
    ///   or missing;
    /// - `equity`: dollars, 10,000 where it is missing; `return` is measured by it.
    ///
    /// The result has a row for each: `bar`, `ts` (open time of bar t), `symbol`, `entry_price`,
    /// `exit_price`, `pnl`, `held_bars`, `exit_reason`, `mfe`, `mae`, `reward` and `reward_<metric>` for each
    /// further metric, as datasets have them. What cannot be priced is null: a decision whose bar,
    /// time or direction is null, that comes after the last bar, or whose `forward` bars from t on
    /// are not all in one segment.
    ///
    /// Columns of other names are not used; a warning names them. Without `known_at`, times that
    /// nearly all are those of bars' opens get a warning too, as they look like signals that know
    /// the bar that they enter at. So do times without a zone that hardly ever are the opens of
    /// bars.
    ///
    /// # Errors
    /// A column is missing or of another type, or a value is invalid: the error names column and
    /// row. Or it was stopped, or the backend failed.
    pub fn price(
        &self,
        decisions: &RecordBatch,
        known_at: Option<KnownAt>,
        watch: &Watch,
    ) -> Result<PricedDecisions, Error> {
        decisions::warn_of_others(decisions);
        // From the whole column, because all values decide their meaning.
        let (decisions, naive) = &decisions::with_times(decisions, &self.timezone)?;
        let mut warnings = Vec::new();
        let looks = known_at.is_none() && self.settings.enters_at_open();
        if looks || *naive {
            let opens = decisions::opens(&self.market, decisions)?;
            warnings.extend(opens.look_ahead().filter(|_| looks));
            warnings.extend(opens.other_zone().filter(|_| *naive));
        }
        let pieces = self.pieces(decisions, known_at.unwrap_or_default(), watch)?;
        Ok(PricedDecisions { pieces, warnings })
    }

    /// Prices decisions a piece at a time, on all processors.
    fn pieces(
        &self,
        decisions: &RecordBatch,
        known_at: KnownAt,
        watch: &Watch,
    ) -> Result<Vec<RecordBatch>, Error> {
        let rows = decisions.num_rows();
        (watch.total)(rows as u64);
        let count = rows.div_ceil(PIECE).max(1);
        let next = AtomicUsize::new(0);
        // Pieces are begun in order, so all before one that fails are done: the first error is the
        // same for any number of threads.
        let work = || {
            let mut done = Vec::new();
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                if number >= count {
                    return done;
                }
                let begin = number * PIECE;
                let piece = decisions.slice(begin, PIECE.min(rows - begin));
                let result = match (watch.stop)() {
                    true => Err(DatasetError::Stopped.into()),
                    false => self.piece(&piece, known_at).map_err(|error| error.after_row(begin)),
                };
                (watch.progress)(piece.num_rows() as u64);
                if result.is_err() {
                    next.store(count, Ordering::Relaxed);
                }
                done.push((number, result));
            }
        };
        let mut pieces: Vec<_> = thread::scope(|scope| {
            let threads = thread::available_parallelism().map_or(1, NonZero::get).min(count);
            let others: Vec<_> = (1..threads).map(|_| scope.spawn(work)).collect();
            let mut pieces = work();
            for other in others {
                pieces
                    .extend(other.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
            }
            pieces
        });
        pieces.sort_unstable_by_key(|(number, _)| *number);
        pieces.into_iter().map(|(_, piece)| piece).collect()
    }

    fn piece(&self, decisions: &RecordBatch, known_at: KnownAt) -> Result<RecordBatch, Error> {
        let market = &*self.market;
        let decisions = Decisions::read(market, decisions, known_at)?;
        if self.settings.metrics.contains(&Metric::RMultiple) {
            decisions.check_stops()?;
        }
        let forward = self.settings.forward;
        let can_be =
            |i: &usize| decisions.at[*i].is_some_and(|row| has_horizon(market, row, forward));
        let rows: Vec<usize> = (0..decisions.at.len()).filter(can_be).collect();
        let priced = self.priced(&decisions, &rows)?;
        let metrics: Vec<&str> = self.settings.metrics.iter().map(|m| m.name()).collect();
        table(market, &decisions, &metrics, &rows, &priced)
            .map_err(|e| problem("the result", None, e))
    }

    /// Prices these rows.
    fn priced(&self, decisions: &Decisions, rows: &[usize]) -> Result<PricedBlock, BackendError> {
        let picked = |values: &[f64]| rows.iter().map(|i| values[*i]).collect::<Vec<_>>();
        let row: Vec<usize> = rows.iter().filter_map(|i| decisions.at[*i]).collect();
        let direction: Vec<i8> = rows.iter().map(|i| decisions.direction[*i]).collect();
        let [dollars, stop, target, equity] = [
            picked(&decisions.dollars),
            picked(&decisions.stop),
            picked(&decisions.target),
            picked(&decisions.equity),
        ];
        let chosen = barloom_backend::Decisions {
            row: &row,
            direction: &direction,
            dollars: &dollars,
            stop: &stop,
            target: &target,
            equity: &equity,
        };
        let mut block = self.prepared.allocate_priced(rows.len())?;
        self.prepared.price(chosen, Threads::Calling, &mut block)?;
        Ok(block)
    }
}

/// Tells whether `[row, row + forward)` is in one segment.
fn has_horizon(market: &Market, row: usize, forward: usize) -> bool {
    let segments = market.segments();
    let at = segments.partition_point(|segment| segment.end <= row);
    segments.get(at).is_some_and(|s| s.start <= row && forward <= s.end - row)
}

/// The result for all decisions, of which `rows` were priced.
fn table(
    market: &Market,
    decisions: &Decisions,
    metrics: &[&str],
    rows: &[usize],
    priced: &PricedBlock,
) -> Result<RecordBatch, ArrowError> {
    let count = decisions.at.len();
    let doubles =
        |values: &[f64]| -> ArrayRef { Arc::new(Float64Array::from(spread(count, rows, values))) };
    let bar = |i: usize| {
        let (at, series) = (decisions.at[i]?, decisions.series[i]?);
        Some((at - market.series()[series as usize].start) as i64)
    };
    let ts: TimestampNanosecondArray =
        decisions.at.iter().map(|at| at.map(|row| market.ts()[row])).collect();
    let symbols = decisions.series.iter().map(|series| series.map(|code| code as i32));
    let names = market.series().iter().map(|span| span.symbol.as_str());
    let mut columns: Vec<(String, ArrayRef)> = vec![
        ("bar".into(), Arc::new((0..count).map(bar).collect::<Int64Array>())),
        ("ts".into(), Arc::new(ts.with_timezone("UTC"))),
        ("symbol".into(), dictionary(symbols.collect(), names.collect())?),
    ];
    for (name, values) in priced.outcomes() {
        columns.push((name.to_owned(), outcome(name, count, rows, values)?));
    }
    let rewards = priced.rewards().iter().map(|values| doubles(values));
    columns.extend(reward_names(metrics).into_iter().zip(rewards));
    let fields: Vec<Field> = columns
        .iter()
        .map(|(name, array)| Field::new(name, array.data_type().clone(), true))
        .collect();
    let arrays = columns.into_iter().map(|(_, array)| array).collect();
    RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays)
}

/// Values of rows among so many, the others missing.
fn spread<T: Copy>(count: usize, rows: &[usize], values: &[T]) -> Vec<Option<T>> {
    let mut all = vec![None; count];
    rows.iter().zip(values).for_each(|(row, value)| all[*row] = Some(*value));
    all
}

/// An outcome of these rows among so many as a column.
fn outcome(
    name: &str,
    count: usize,
    rows: &[usize],
    values: Slice<'_>,
) -> Result<ArrayRef, ArrowError> {
    Ok(match values {
        Slice::F64(values) => Arc::new(Float64Array::from(spread(count, rows, values))),
        Slice::I32(values) => Arc::new(Int32Array::from(spread(count, rows, values))),
        Slice::U8(codes) => {
            let codes = spread(count, rows, codes).into_iter().map(|code| code.map(i32::from));
            dictionary(codes.collect(), EXIT_REASONS.to_vec())?
        }
        other => {
            let problem = format!("the outcome {name} has values of the type {}", other.dtype());
            return Err(ArrowError::SchemaError(problem));
        }
    })
}

pub(crate) fn dictionary(
    codes: Vec<Option<i32>>,
    names: Vec<&str>,
) -> Result<ArrayRef, ArrowError> {
    let names = Arc::new(StringArray::from(names));
    Ok(Arc::new(DictionaryArray::<Int32Type>::try_new(Int32Array::from(codes), names)?))
}
