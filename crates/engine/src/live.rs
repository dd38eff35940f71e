//! The input of a model in production: windows and snapshots of bars that arrive one by one.

mod error;
mod joins;
mod recent;
mod saved;
mod start;

use std::collections::BTreeMap;
use std::sync::Arc;

use barloom_backend::Program;
use barloom_bars::{Interval, bar_fault, is_gap, is_missing};
use barloom_features::live::{Live as Features, LiveBar, LiveError as FeatureFault, Place as At};
use barloom_market_data::{Bars, ReadOptions, listed};
use barloom_reading::{OnBadBar, Stamp};
use barloom_recipe::Recipe;

pub use error::LiveError;
use joins::{LiveJoins, Value};
use recent::{Held, Recent};

use crate::{Error, SampleSet, read_options};

/// The history and settings that a [`Live`] starts with, beside a dataset.
#[derive(Clone, Debug, Default)]
pub struct LiveOptions {
    /// Bars in place of those of the dataset.
    pub history: Option<Bars>,
    /// Files of joins by their names, with the records that bars of the past and the first bars to
    /// come take. Without them, bars of the dataset have their values.
    pub joins: BTreeMap<String, Vec<String>>,
    /// The file of the attributes of symbols, for features with `by=`.
    pub attributes: Option<String>,
}

/// Windows and snapshots of bars that are pushed, to the bit those of a dataset that has the same
/// bars. The cost of a push does not depend on the number of bars before it.
///
/// If features use other symbols (`cs_rank`, `symbol`), the bars of a time are needed together.
/// They wait until all symbols have one, a later time begins, or [`close`](Self::close) ends the
/// time. Until then, no symbol of that time is ready.
///
/// An error leaves the state as it was.
#[derive(Clone, Debug)]
pub struct Live {
    fixed: Arc<Fixed>,
    state: State,
    /// All that was pushed, as [`Live::state`] saves it.
    journal: Vec<u8>,
}

/// The part that no bar changes.
#[derive(Debug)]
struct Fixed {
    recipe: Arc<Recipe>,
    program: Arc<Program>,
    held: Held,
    /// The columns of a bar.
    columns: Vec<String>,
    /// The columns without which a bar is in no segment.
    splitting: Vec<usize>,
    /// The columns of features, in their order.
    inputs: Vec<Input>,
    /// True if bars of a time are needed together.
    waits: bool,
    symbols: Vec<Symbol>,
    /// The last bar of each symbol at the start.
    start: Vec<Option<i64>>,
}

/// The place of a column of features.
#[derive(Clone, Copy, Debug)]
enum Input {
    /// A column of a bar.
    Bar(usize),
    /// A value of a join.
    Join(Value),
}

#[derive(Debug)]
struct Symbol {
    name: String,
    /// The length of its bars.
    length: Option<Interval>,
    /// The longest step inside a segment, ns.
    limit: Option<i64>,
}

#[derive(Clone, Debug)]
struct State {
    features: Option<Features>,
    joins: LiveJoins,
    symbols: Vec<Known>,
    /// Bars of a time that has not ended.
    pending: Vec<Bar>,
    /// The last time that has ended, if bars of a time are needed together.
    ended: Option<i64>,
}

/// The bars that are known of a symbol.
#[derive(Clone, Debug)]
struct Known {
    /// The open time of its last bar, also of one that waits.
    last: Option<i64>,
    /// The close of its last bar that does not wait.
    close: Option<i64>,
    /// True if its last bar lies in a segment.
    inside: bool,
    recent: Recent,
}

#[derive(Clone, Debug)]
struct Bar {
    symbol: usize,
    ts: i64,
    place: At,
    values: Vec<f64>,
    /// Values of features' inputs that are known otherwise; `None` to look them up.
    inputs: Option<Vec<f64>>,
}

/// The inputs of a model for all symbols, in their order.
#[derive(Clone, Debug, PartialEq)]
pub struct LiveBatch {
    /// `[S, C, L]`, NaN for symbols that are not ready.
    pub windows: Vec<f32>,
    /// `[S, K]`, NaN for symbols that are not ready.
    pub snapshot: Vec<f32>,
    /// True for symbols that are ready.
    pub ready: Vec<bool>,
    /// The open time of the last bar of each symbol, ns; `i64::MIN` without one.
    pub last: Vec<i64>,
}

impl Live {
    /// Starts from the bars of a dataset, or from others.
    ///
    /// # Errors
    /// Prices are adjusted; features need a history of joins, or attributes, that are not given;
    /// the bars of a history are unusable or are of other symbols.
    pub fn new(set: &SampleSet, options: LiveOptions) -> Result<Self, Error> {
        start::start(set, options)
    }

    /// The symbols, in the order of the dataset.
    pub fn symbols(&self) -> impl ExactSizeIterator<Item = &str> {
        self.fixed.symbols.iter().map(|symbol| symbol.name.as_str())
    }

    /// The columns that a bar has.
    #[must_use]
    pub fn columns(&self) -> &[String] {
        &self.fixed.columns
    }

    /// The settings of the samples.
    #[must_use]
    pub fn program(&self) -> &Program {
        &self.fixed.program
    }

    /// The options for reading tables of bars that are pushed: `ts` is the open of a bar, and
    /// nothing is aggregated.
    #[must_use]
    pub fn read_options(&self) -> ReadOptions {
        let columns = Some(self.fixed.columns.clone());
        let options = read_options(&self.fixed.recipe);
        ReadOptions { columns, aggregate: None, stamp: Stamp::Open, ..options }
    }

    /// Takes the next bar of a symbol, its open time in ns since 1970 UTC, and its values by the
    /// names of their columns; others than [`columns`](Self::columns) are ignored.
    ///
    /// # Errors
    /// The bar lacks a column, is unusable, late, or there already; there is no such symbol.
    pub fn push(&mut self, symbol: &str, ts: i64, values: &[(&str, f64)]) -> Result<(), LiveError> {
        let symbol = self.fixed.symbol(symbol)?;
        let find = |name: &str| values.iter().find(|(known, _)| *known == name).map(|of| of.1);
        let value = |name: &String| find(name).ok_or_else(|| self.fixed.lacks(symbol, name));
        let values = self.fixed.columns.iter().map(value).collect::<Result<Vec<f64>, _>>()?;
        let bar = start::Bar { symbol, ts, values, volume: find("volume"), broken: false };
        self.take(&bar)
    }

    /// Takes bars of any symbols and times, read with [`read_options`](Self::read_options), in the
    /// order of their closes. On an error none is taken.
    ///
    /// # Errors
    /// As [`push`](Self::push).
    pub fn push_bars(&mut self, bars: Bars) -> Result<(), Error> {
        let series = bars.into_market_series(OnBadBar::Error)?.series;
        let (state, saved) = (self.state.clone(), self.journal.len());
        let all = self.fixed.in_order(&series)?;
        all.iter().try_for_each(|bar| self.take(bar)).map_err(|error| {
            self.state = state;
            self.journal.truncate(saved);
            error.into()
        })
    }

    fn take(&mut self, bar: &start::Bar) -> Result<(), LiveError> {
        let waiting = self.state.pending.len();
        let taken = self.state.accept(&self.fixed, bar);
        match &taken {
            Ok(()) => saved::bar(&mut self.journal, bar.symbol, bar.ts, &bar.values),
            // The bar ended the time before it all the same.
            Err(_) if self.state.pending.len() < waiting => saved::close(&mut self.journal),
            Err(_) => (),
        }
        taken
    }

    /// Ends the time of the bars that opened at `ts`, or of all bars so far: there are no others of
    /// it.
    ///
    /// # Errors
    /// A bar is refused by a feature.
    pub fn close(&mut self, ts: Option<i64>) -> Result<(), LiveError> {
        let is_over = |bar: &Bar| ts.is_none_or(|ts| bar.ts <= ts);
        if !self.state.pending.is_empty() && self.state.pending.iter().all(is_over) {
            self.state.end(&self.fixed)?;
            saved::close(&mut self.journal);
        }
        Ok(())
    }

    /// Takes a record of a slower series, known at `ts` and the delay of the join, and its values
    /// by the names of their columns. Bars that close later take it. Before the first bar is
    /// pushed, records of the past may be pushed too.
    ///
    /// # Errors
    /// No feature uses such a join; a value or the symbol is missing; a bar has closed that would
    /// have taken the record.
    pub fn push_join(
        &mut self,
        name: &str,
        ts: i64,
        symbol: Option<&str>,
        values: &[(&str, f64)],
    ) -> Result<(), LiveError> {
        let symbol = symbol.map(|symbol| self.fixed.symbol(symbol)).transpose()?;
        let closes: Vec<Option<i64>> = self.state.symbols.iter().map(|one| one.close).collect();
        self.state.joins.push(name, ts, symbol, values, &closes)?;
        saved::record(&mut self.journal, name, ts, symbol, values);
        Ok(())
    }

    /// True if a symbol has a window and a snapshot: its last L bars lie in one segment, no value
    /// is missing, and the time of its last bar has ended.
    ///
    /// # Errors
    /// There is no such symbol.
    pub fn ready(&self, symbol: &str) -> Result<bool, LiveError> {
        Ok(self.lacks(self.fixed.symbol(symbol)?).is_none())
    }

    /// The window of a symbol after its last bar, `[C, L]`, oldest bar first, scaled as in the
    /// dataset.
    ///
    /// # Errors
    /// The symbol is not ready.
    pub fn window(&self, symbol: &str) -> Result<Vec<f32>, LiveError> {
        let recent = self.recent(symbol)?;
        let mut window = vec![0.0; self.window_values()];
        recent.window(&self.fixed.program, &mut window);
        Ok(window)
    }

    /// The snapshot of a symbol at its last bar, `[K]`.
    ///
    /// # Errors
    /// The symbol is not ready.
    pub fn snapshot(&self, symbol: &str) -> Result<Vec<f32>, LiveError> {
        Ok(self.recent(symbol)?.snapshot().to_vec())
    }

    /// The windows and snapshots of all symbols.
    #[must_use]
    pub fn batch(&self) -> LiveBatch {
        let (program, count) = (&*self.fixed.program, self.fixed.symbols.len());
        let (values, columns) = (self.window_values(), program.snapshot.len());
        let mut batch = LiveBatch {
            windows: vec![f32::NAN; count * values],
            snapshot: vec![f32::NAN; count * columns],
            ready: vec![false; count],
            last: Vec::with_capacity(count),
        };
        for (at, known) in self.state.symbols.iter().enumerate() {
            batch.last.push(known.last.unwrap_or(i64::MIN));
            if self.lacks(at).is_none() {
                batch.ready[at] = true;
                known.recent.window(program, &mut batch.windows[at * values..(at + 1) * values]);
                batch.snapshot[at * columns..(at + 1) * columns]
                    .copy_from_slice(known.recent.snapshot());
            }
        }
        batch
    }

    /// The number of values of a window, C times L.
    fn window_values(&self) -> usize {
        self.fixed.program.channels.len() * self.fixed.program.lookback
    }

    fn recent(&self, symbol: &str) -> Result<&Recent, LiveError> {
        let at = self.fixed.symbol(symbol)?;
        match self.lacks(at) {
            None => Ok(&self.state.symbols[at].recent),
            Some(why) => Err(LiveError::NotReady { symbol: symbol.to_owned(), why }),
        }
    }

    /// The reason why a symbol is not ready.
    fn lacks(&self, symbol: usize) -> Option<String> {
        if self.state.pending.iter().any(|bar| bar.symbol == symbol) {
            return Some(
                "features use the bars of all symbols, and the time of its last bar has not ended; \
                 push the others or call close"
                    .into(),
            );
        }
        self.state.symbols[symbol].recent.lacks(&self.fixed.program)
    }
}

impl Fixed {
    fn symbol(&self, name: &str) -> Result<usize, LiveError> {
        self.symbols.iter().position(|symbol| symbol.name == name).ok_or_else(|| {
            let known = listed(self.symbols.iter().map(|symbol| symbol.name.as_str()));
            LiveError::NoSymbol { symbol: name.to_owned(), known }
        })
    }

    fn lacks(&self, symbol: usize, column: &str) -> LiveError {
        let symbol = self.symbols[symbol].name.clone();
        let needed = self.columns.join(", ");
        LiveError::NoColumn { symbol, column: column.to_owned(), needed }
    }

    fn close_of(&self, symbol: usize, ts: i64) -> i64 {
        barloom_bars::close_of(self.symbols[symbol].length, ts)
    }

    /// The place of the next bar of a symbol among segments: the rule of a market.
    fn place(&self, known: &Known, bar: &start::Bar) -> At {
        let limit = self.symbols[bar.symbol].limit;
        let gap = known.last.is_some_and(|last| is_gap(last, bar.ts, limit));
        if self.splitting.iter().any(|place| is_missing(bar.values[*place])) {
            At::Outside
        } else if bar.broken || gap || !known.inside {
            At::Starts
        } else {
            At::Continues
        }
    }
}

impl State {
    /// Takes a bar, or keeps it until its time ends.
    fn accept(&mut self, fixed: &Fixed, bar: &start::Bar) -> Result<(), LiveError> {
        let start::Bar { symbol, ts, values, volume, .. } = bar;
        let (symbol, ts) = (*symbol, *ts);
        let known = &self.symbols[symbol];
        let name = || fixed.symbols[symbol].name.clone();
        if let Some(last) = known.last.filter(|last| ts <= *last) {
            return Err(LiveError::NotAfter { symbol: name(), ts, last });
        }
        let [open, high, low, close] = [values[0], values[1], values[2], values[3]];
        if let Some(fault) = bar_fault(open, high, low, close, *volume) {
            return Err(LiveError::BadBar { symbol: name(), ts, fault: fault.to_string() });
        }
        if low <= 0.0 {
            let fault = barloom_bars::BarFault::NonPositivePrice.to_string();
            return Err(LiveError::BadBar { symbol: name(), ts, fault });
        }
        let closes = fixed.close_of(symbol, ts);
        let waiting = self.pending.first().map(|bar| fixed.close_of(bar.symbol, bar.ts));
        let reached = if fixed.waits { waiting.or(self.ended) } else { None };
        let is_late = match waiting {
            Some(waiting) => closes < waiting,
            None => reached.is_some_and(|ended| closes <= ended),
        };
        if is_late {
            return Err(LiveError::Ended { symbol: name(), ts, close: closes });
        }
        let mut place = self.place(fixed, bar)?;
        if fixed.waits && waiting.is_some_and(|waiting| waiting < closes) {
            self.end(fixed)?;
            place = self.place(fixed, bar)?;
        }
        let bar = Bar { symbol, ts, place, values: values.clone(), inputs: None };
        if !fixed.waits {
            return self.commit(fixed, vec![bar], false);
        }
        self.symbols[symbol].last = Some(ts);
        self.pending.push(bar);
        if self.pending.len() == fixed.symbols.len() { self.end(fixed) } else { Ok(()) }
    }

    /// The place of the next bar of a symbol, if features take the bar.
    fn place(&self, fixed: &Fixed, bar: &start::Bar) -> Result<At, LiveError> {
        let place = fixed.place(&self.symbols[bar.symbol], bar);
        if let Some(features) = &self.features {
            let values = &vec![f64::NAN; fixed.inputs.len()];
            let bar = LiveBar { symbol: bar.symbol, ts: bar.ts, place, values };
            features.check(&[bar]).map_err(refused)?;
        }
        Ok(place)
    }

    /// Ends the time of the bars that wait.
    fn end(&mut self, fixed: &Fixed) -> Result<(), LiveError> {
        let bars = std::mem::take(&mut self.pending);
        self.ended = bars.first().map(|bar| fixed.close_of(bar.symbol, bar.ts)).or(self.ended);
        self.commit(fixed, bars, false)
    }

    /// Computes bars that close at one time; `past` says that they are of the history.
    fn commit(&mut self, fixed: &Fixed, bars: Vec<Bar>, past: bool) -> Result<(), LiveError> {
        if let Some(features) = &mut self.features {
            let joins = &self.joins;
            let inputs = |bar: &Bar| -> Vec<f64> {
                let close = fixed.close_of(bar.symbol, bar.ts);
                let one = |(at, input): (usize, &Input)| match (*input, &bar.inputs) {
                    (Input::Bar(place), _) => bar.values[place],
                    (Input::Join(value), Some(known)) if !joins.were_read(value) => known[at],
                    (Input::Join(value), _) => joins.value(value, bar.symbol, close),
                };
                fixed.inputs.iter().enumerate().map(one).collect()
            };
            let inputs: Vec<Vec<f64>> = bars.iter().map(inputs).collect();
            let rows = bars.iter().zip(&inputs).map(|(bar, values)| LiveBar {
                symbol: bar.symbol,
                ts: bar.ts,
                place: bar.place,
                values,
            });
            let at = |symbol: usize, name: &str, end: i64| {
                joins.place(name).map_or(f64::NAN, |value| joins.value(value, symbol, end))
            };
            let joined: Option<barloom_features::live::JoinAt<'_>> =
                if joins.is_empty() { None } else { Some(&at) };
            features.push_joined(&rows.collect::<Vec<_>>(), joined).map_err(refused)?;
        }
        for bar in bars {
            let close = fixed.close_of(bar.symbol, bar.ts);
            self.joins.take(bar.symbol, close, past);
            let known = &mut self.symbols[bar.symbol];
            (known.last, known.close) = (Some(bar.ts), Some(close));
            known.inside = bar.place != At::Outside;
            if bar.place != At::Continues {
                known.recent.clear();
            }
            if known.inside {
                let of = self.features.as_ref().map(|features| features.values(bar.symbol));
                let features = of.unwrap_or_default();
                known.recent.push(&fixed.program, &fixed.held, &bar.values, &features);
            }
        }
        Ok(())
    }
}

/// The error of features, in the words for bars that are pushed.
fn refused(error: FeatureFault) -> LiveError {
    match error {
        FeatureFault::NotAfter { symbol, ts, last } => LiveError::NotAfter { symbol, ts, last },
        error => LiveError::Features(error),
    }
}
