//! Features of bars that arrive one after the other, as in production.

mod coarse;
mod node;

use std::collections::BTreeMap;

use barloom_bars::{Across, Interval, Market};

use crate::evaluate::Groups;
use crate::features::{Attributes, Features, History, WarmUp};
use crate::graph::{Clock, ClockId, Graph, NodeId, Op};
use coarse::{Coarse, CoarseRow};
use node::{NodeState, Row};

/// A bar that has closed.
#[derive(Clone, Copy, Debug)]
pub struct LiveBar<'a> {
    /// The symbol, an index into those given to [`Live::new`].
    pub symbol: usize,
    /// The open time, ns since 1970 UTC.
    pub ts: i64,
    /// The place of the bar among segments.
    pub place: Place,
    /// A value for each of [`Live::columns`], in their order. NaN means missing.
    pub values: &'a [f64],
}

/// The value of a join at the end of a coarser bar: of a symbol by its index, a column by its name,
/// and a time in ns.
pub type JoinAt<'a> = &'a dyn Fn(usize, &str, i64) -> f64;

/// The place of a bar among segments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// The first bar of a segment.
    Starts,
    /// A later bar of the segment.
    Continues,
    /// A bar in no segment, as a channel lacks a value there.
    Outside,
}

/// A bar was refused; nothing has changed.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LiveError {
    /// There is no such symbol.
    #[error("symbol {symbol} of {symbols}: there is no such symbol")]
    NoSymbol {
        /// The symbol's index.
        symbol: usize,
        /// The number of symbols.
        symbols: usize,
    },
    /// There is not one value a column.
    #[error("{symbol}: {got} values for {expected} columns")]
    Values {
        /// The symbol.
        symbol: String,
        /// The number of values.
        got: usize,
        /// The number of columns.
        expected: usize,
    },
    /// The bar does not come after the last one of its symbol.
    #[error(
        "{symbol}: a bar at {ts} comes after one at {last}; bars are pushed in time order, each once"
    )]
    NotAfter {
        /// The symbol.
        symbol: String,
        /// Its open time, ns.
        ts: i64,
        /// The open time of the last bar, ns.
        last: i64,
    },
    /// Bars of one push close at different times.
    #[error(
        "{symbol}: a bar closes at {close}, others of this push at {other}; push each time by itself"
    )]
    Closes {
        /// The symbol.
        symbol: String,
        /// The close of the bar, ns.
        close: i64,
        /// The close of the first bar of the push, ns.
        other: i64,
    },
    /// The bar lies in a period of a feature that has ended already.
    #[error(
        "{symbol}: a bar at {ts} lies in a period of {interval} that an earlier bar has closed"
    )]
    Ended {
        /// The symbol.
        symbol: String,
        /// The open time of the bar, ns.
        ts: i64,
        /// The length of the period.
        interval: Interval,
    },
    /// The period of a bar ends at no time that can be represented.
    #[error("{symbol}: a bar at {ts} is so far away that its {interval} ends at no time")]
    EndOfTime {
        /// The symbol.
        symbol: String,
        /// The open time of the bar, ns.
        ts: i64,
        /// The length of the period.
        interval: Interval,
    },
}

/// Features of bars that are pushed one time after the other.
///
/// The values are those of [`Features::evaluate`] over all bars pushed so far, to the bit. The cost
/// of a push does not depend on the number of bars before it.
///
/// The bars of all symbols that close at one time are pushed together: functions across symbols
/// need all of them. Symbols without a bar at that time are left out.
///
/// Values of joins are columns of a bar, as of its close. Inside `at` they are as of the end of the
/// coarser bar: [`push_joined`](Self::push_joined) asks for these. [`push`](Self::push) takes them
/// as of the last bar in it.
#[derive(Clone, Debug)]
pub struct Live {
    graph: Graph,
    roots: Vec<NodeId>,
    columns: Vec<String>,
    symbols: Vec<Symbol>,
    groups: Groups,
    whole: bool,
    /// The states of nodes on each clock, by symbol; none on clocks of another symbol.
    tracks: Vec<Vec<Option<Track>>>,
    /// The nodes of each clock, in order.
    nodes: Vec<Vec<NodeId>>,
    /// The nodes on bars as they are, of all clocks, in order.
    base: Vec<NodeId>,
}

/// The bars that are known of a symbol.
#[derive(Clone, Debug)]
struct Symbol {
    name: String,
    length: Option<Interval>,
    last: Option<i64>,
}

/// The states of the nodes of a clock for one symbol.
#[derive(Clone, Debug)]
struct Track {
    /// By the place of a node on its clock.
    states: Vec<NodeState>,
    /// Coarser bars, on a clock that has them.
    coarse: Option<Coarse>,
    /// The close of the last row, ns.
    close: Option<i64>,
}

impl Live {
    /// No bar yet. `symbols` are those of the market in its order, with the length of their bars.
    ///
    /// # Panics
    /// A symbol that a feature names is not there: [`Features::evaluate`] refuses it with an error,
    /// so features that were evaluated over a market of these symbols are fine.
    #[must_use]
    pub fn new(
        features: &Features,
        symbols: &[(String, Option<Interval>)],
        attributes: &Attributes,
    ) -> Self {
        let parts = features.parts();
        let graph = parts.graph.clone();
        let count = graph.clocks.len();
        let mut nodes: Vec<Vec<NodeId>> = vec![Vec::new(); count];
        let mut places = vec![0; graph.nodes.len()];
        for (id, node) in graph.nodes.iter().enumerate() {
            places[id] = nodes[node.clock].len();
            nodes[node.clock].push(id);
        }
        let keep = node::kept(&graph);
        let stable = parts.options.warm_up == WarmUp::Stable;
        let anchor = parts.options.anchor;
        let track = |clock: &Clock, id: ClockId, symbol: &str| {
            if clock.symbol.as_deref().is_some_and(|only| only != symbol) {
                return None;
            }
            let state = |node: &NodeId| NodeState::new(&graph, *node, keep[*node], stable, anchor);
            let states = nodes[id].iter().map(state).collect();
            let columns = nodes[id].iter().filter_map(|node| match &graph.nodes[*node].op {
                Op::Column(name) => Some(name.clone()),
                _ => None,
            });
            let coarse =
                clock.interval.map(|interval| Coarse::new(interval, anchor, columns.collect()));
            Some(Track { states, coarse, close: None })
        };
        let tracks = graph.clocks.iter().enumerate().map(|(id, clock)| {
            symbols.iter().map(|(symbol, _)| track(clock, id, symbol)).collect()
        });
        let tracks = tracks.collect();
        let is_base = |id: &NodeId| graph.clocks[graph.nodes[*id].clock].interval.is_none();
        let base = (0..graph.nodes.len()).filter(is_base).collect();
        let names: Vec<&str> = symbols.iter().map(|(name, _)| name.as_str()).collect();
        let symbols = symbols
            .iter()
            .map(|(name, length)| Symbol { name: name.clone(), length: *length, last: None })
            .collect();
        Self {
            roots: parts.roots.to_vec(),
            columns: features.columns().map(str::to_owned).collect(),
            groups: features.groups_of(&names, attributes),
            whole: parts.options.history == History::Series,
            symbols,
            tracks,
            nodes,
            base,
            graph,
        }
    }

    /// The columns of a bar, in the order of [`LiveBar::values`].
    #[must_use]
    pub fn columns(&self) -> &[String] {
        &self.columns
    }

    /// The close of a bar: its open and the length of bars of its symbol.
    #[must_use]
    pub fn close_of(&self, symbol: usize, ts: i64) -> i64 {
        barloom_bars::close_of(self.symbols[symbol].length, ts)
    }

    /// Takes all bars that close at one time.
    ///
    /// # Errors
    /// A bar is wrong, late or there twice; nothing has changed then.
    pub fn push(&mut self, bars: &[LiveBar<'_>]) -> Result<(), LiveError> {
        self.push_joined(bars, None)
    }

    /// As [`push`](Self::push), with the values of joins at the ends of coarser bars. These ends
    /// are after the last close of the bar's symbol, and at most at the close of the bar.
    ///
    /// # Errors
    /// As [`push`](Self::push).
    pub fn push_joined(
        &mut self,
        bars: &[LiveBar<'_>],
        joins: Option<JoinAt<'_>>,
    ) -> Result<(), LiveError> {
        self.check(bars)?;
        for bar in bars {
            let close = self.close_of(bar.symbol, bar.ts);
            self.symbols[bar.symbol].last = Some(bar.ts);
            self.begin(bar, close, joins);
        }
        // Inputs are computed before what uses them, for all symbols.
        for at in 0..self.base.len() {
            let id = self.base[at];
            if let Op::Cross(cross, by) = self.graph.nodes[id].op.clone() {
                self.cross(id, cross, by.as_deref(), bars);
                continue;
            }
            for bar in bars {
                self.step(id, bar);
            }
        }
        for bar in bars {
            let close = self.close_of(bar.symbol, bar.ts);
            for (clock, tracks) in self.tracks.iter_mut().enumerate() {
                if let (None, Some(track)) =
                    (self.graph.clocks[clock].interval, &mut tracks[bar.symbol])
                {
                    track.close = Some(close);
                }
            }
        }
        Ok(())
    }

    /// The features of the last bar of a symbol, in the order of their names. All are missing
    /// before its first bar.
    #[must_use]
    pub fn values(&self, symbol: usize) -> Vec<f64> {
        self.roots.iter().map(|root| self.last(*root, symbol)).collect()
    }

    /// Refuses bars that [`push`](Self::push) would refuse.
    ///
    /// # Errors
    /// As [`push`](Self::push).
    pub fn check(&self, bars: &[LiveBar<'_>]) -> Result<(), LiveError> {
        let mut close = None;
        let mut seen = std::collections::BTreeSet::new();
        for bar in bars {
            let Some(symbol) = self.symbols.get(bar.symbol) else {
                let symbols = self.symbols.len();
                return Err(LiveError::NoSymbol { symbol: bar.symbol, symbols });
            };
            let name = || symbol.name.clone();
            let (got, expected) = (bar.values.len(), self.columns.len());
            if got != expected {
                return Err(LiveError::Values { symbol: name(), got, expected });
            }
            let last = if seen.insert(bar.symbol) { symbol.last } else { Some(bar.ts) };
            if let Some(last) = last
                && bar.ts <= last
            {
                return Err(LiveError::NotAfter { symbol: name(), ts: bar.ts, last });
            }
            let closes = self.close_of(bar.symbol, bar.ts);
            let other = *close.get_or_insert(closes);
            if closes != other {
                return Err(LiveError::Closes { symbol: name(), close: closes, other });
            }
            for tracks in &self.tracks {
                if let Some(Track { coarse: Some(coarse), .. }) = &tracks[bar.symbol] {
                    coarse.check(bar.ts, bar.place, &symbol.name)?;
                }
            }
        }
        Ok(())
    }

    /// Begins a bar: forgets what came before a segment, and makes the coarser bars that ended.
    fn begin(&mut self, bar: &LiveBar<'_>, close: i64, joins: Option<JoinAt<'_>>) {
        for clock in 0..self.tracks.len() {
            let Some(track) = &mut self.tracks[clock][bar.symbol] else { continue };
            if !self.whole && bar.place == Place::Starts {
                track.states.iter_mut().for_each(NodeState::clear);
                if let Some(coarse) = &mut track.coarse {
                    coarse.clear();
                }
            }
            let Some(coarse) = &mut track.coarse else { continue };
            let columns = &self.columns;
            let value = |name: &str| {
                columns.iter().position(|known| known == name).map_or(f64::NAN, |at| bar.values[at])
            };
            let ended = coarse.push(bar.ts, close, bar.place, value);
            for row in ended {
                self.coarse_row(clock, bar.symbol, &row, joins);
            }
        }
    }

    /// Computes all nodes of a clock for a coarser bar.
    fn coarse_row(
        &mut self,
        clock: ClockId,
        symbol: usize,
        row: &CoarseRow,
        joins: Option<JoinAt<'_>>,
    ) {
        let column = |name: &str| match joins {
            Some(at) if crate::join::parts(name).is_some() => at(symbol, name, row.end),
            _ => row.value(name),
        };
        let Some(track) = &mut self.tracks[clock][symbol] else { return };
        let graph = &self.graph;
        for (place, id) in self.nodes[clock].iter().enumerate() {
            let op = &graph.nodes[*id].op;
            let (before, at) = track.states.split_at_mut(place);
            let inputs = graph.nodes[*id].inputs.iter();
            let places = &self.nodes[clock];
            let inputs: Vec<&NodeState> =
                inputs.map(|input| &before[places.binary_search(input).unwrap_or(0)]).collect();
            let row = Row { open: row.start, starts: row.starts, outside: false, column: &column };
            at[0].step(op, &inputs, &row);
        }
        track.close = Some(row.end);
    }

    /// The state of a node for a symbol.
    fn state(&self, id: NodeId, symbol: usize) -> Option<&NodeState> {
        let clock = self.graph.nodes[id].clock;
        let place = self.nodes[clock].binary_search(&id).ok()?;
        self.tracks[clock][symbol].as_ref().map(|track| &track.states[place])
    }

    fn last(&self, id: NodeId, symbol: usize) -> f64 {
        self.state(id, symbol).map_or(f64::NAN, NodeState::last)
    }

    /// Computes a node on bars as they are.
    fn step(&mut self, id: NodeId, bar: &LiveBar<'_>) {
        let clock = self.graph.nodes[id].clock;
        let symbol = bar.symbol;
        if self.tracks[clock][symbol].is_none() {
            return;
        }
        let outside = !self.whole && bar.place == Place::Outside;
        let elsewhere = match &self.graph.nodes[id].op {
            Op::From(max_age) => Some(self.from(id, *max_age, bar)),
            Op::Only => Some(self.last(self.graph.nodes[id].inputs[0], symbol)),
            _ => None,
        };
        let Self { graph, tracks, nodes, columns, .. } = self;
        let Some(track) = &mut tracks[clock][symbol] else { return };
        let Ok(place) = nodes[clock].binary_search(&id) else { return };
        let (before, at) = track.states.split_at_mut(place);
        if outside {
            at[0].outside();
            return;
        }
        if let Some(value) = elsewhere {
            at[0].give(value);
            return;
        }
        let node = &graph.nodes[id];
        let inputs: Vec<&NodeState> = node
            .inputs
            .iter()
            .map(|input| &before[nodes[clock].binary_search(input).unwrap_or(0)])
            .collect();
        let column = |name: &str| {
            columns.iter().position(|known| known == name).map_or(f64::NAN, |at| bar.values[at])
        };
        let (starts, outside) = (bar.place == Place::Starts, bar.place == Place::Outside);
        let row = Row { open: bar.ts, starts, outside, column: &column };
        at[0].step(&node.op, &inputs, &row);
    }

    /// The value that a bar takes of a node on other rows.
    fn from(&self, id: NodeId, max_age: Option<i64>, bar: &LiveBar<'_>) -> f64 {
        let input = self.graph.nodes[id].inputs[0];
        let there = &self.graph.clocks[self.graph.nodes[input].clock];
        if there.interval.is_some() {
            return self.last(input, bar.symbol);
        }
        // The only symbol of that clock.
        let tracks = &self.tracks[self.graph.nodes[input].clock];
        let Some(other) = tracks.iter().position(Option::is_some) else { return f64::NAN };
        let close = self.close_of(bar.symbol, bar.ts);
        let now = self.symbols[other].last.map(|last| self.close_of(other, last));
        let longer = [self.symbols[bar.symbol].length, self.symbols[other].length];
        let longer = longer.into_iter().flatten().map(Interval::longest_ns).max().unwrap_or(0);
        match now {
            Some(now) if close.saturating_sub(now) <= max_age.unwrap_or(longer) => {
                self.last(input, other)
            }
            _ => f64::NAN,
        }
    }

    /// A function across the symbols of a push.
    fn cross(&mut self, id: NodeId, cross: Across, by: Option<&str>, bars: &[LiveBar<'_>]) {
        let input = self.graph.nodes[id].inputs[0];
        let mut groups: BTreeMap<usize, Vec<(usize, f64)>> = BTreeMap::new();
        let mut results: Vec<(usize, f64)> = Vec::new();
        for bar in bars {
            let group = match by {
                None => Some(0),
                Some(by) => self.groups.get(by).and_then(|of| of[bar.symbol]),
            };
            let outside = !self.whole && bar.place == Place::Outside;
            let value = if outside { f64::NAN } else { self.last(input, bar.symbol) };
            match group {
                Some(group) if !value.is_nan() => {
                    groups.entry(group).or_default().push((bar.symbol, value));
                }
                _ => results.push((bar.symbol, f64::NAN)),
            }
        }
        let mut spare = Vec::new();
        for members in groups.values_mut() {
            // The order of sums is that of the market.
            members.sort_unstable_by_key(|(symbol, _)| *symbol);
            let mut values: Vec<f64> = members.iter().map(|(_, value)| *value).collect();
            cross.apply(&mut values, &mut spare);
            results.extend(members.iter().zip(values).map(|((symbol, _), value)| (*symbol, value)));
        }
        let clock = self.graph.nodes[id].clock;
        let Ok(place) = self.nodes[clock].binary_search(&id) else { return };
        for (symbol, value) in results {
            if let Some(track) = &mut self.tracks[clock][symbol] {
                track.states[place].give(value);
            }
        }
    }

    /// The lengths of the bars of a market's symbols, for [`Live::new`].
    #[must_use]
    pub fn symbols_of(market: &Market) -> Vec<(String, Option<Interval>)> {
        let of = |span: &barloom_bars::SeriesSpan| {
            let ts = &market.ts()[span.start..span.end];
            (span.symbol.clone(), Interval::most_frequent(ts))
        };
        market.series().iter().map(of).collect()
    }
}
