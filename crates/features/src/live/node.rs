//! The state of a computation for one symbol.

use barloom_bars::{Anchor, Grid};

use crate::graph::{Graph, NodeId, Op, Since};
use crate::map::finite;
use crate::recursive::{Recursive, State};

/// A row that arrives.
pub(super) struct Row<'a> {
    /// Its open time.
    pub(super) open: i64,
    /// True if it is the first of a segment.
    pub(super) starts: bool,
    /// True if it lies in no segment.
    pub(super) outside: bool,
    /// The columns.
    pub(super) column: &'a dyn Fn(&str) -> f64,
}

/// The state of a node: its last values, and what it remembers.
#[derive(Clone, Debug)]
pub(super) struct NodeState {
    /// The value of the last row; missing if that row lies outside of runs.
    last: f64,
    /// The last values of the run, at least as many as the nodes that use it need.
    values: Vec<f64>,
    keep: usize,
    machine: Machine,
}

/// The memory of a node beside its last values.
#[derive(Clone, Debug)]
enum Machine {
    /// Nothing.
    None,
    /// The state of a function with memory.
    Recursive { of: Recursive, state: State, unstable: Option<Unstable> },
    /// Sums since a start.
    Since { segment: bool, grid: Option<Grid>, period: std::ops::Range<i64>, sums: [State; 2] },
    /// The state of an indicator, with its last outputs.
    #[cfg(feature = "ta")]
    Indicator(Box<IndicatorState>),
}

/// The state of an indicator.
#[cfg(feature = "ta")]
#[derive(Clone, Debug)]
struct IndicatorState {
    indicator: &'static crate::ta::Indicator,
    parameters: Vec<f64>,
    stream: crate::ta::Stream,
    outputs: Vec<f64>,
    warm_up: usize,
    since: usize,
}

/// The rows since a function with memory began, until it is stable.
#[derive(Clone, Copy, Debug)]
struct Unstable {
    warm_up: usize,
    restarts: bool,
    since: Option<usize>,
}

impl Unstable {
    /// True if the value of this row is not stable.
    fn is_at(&mut self, x: f64) -> bool {
        self.since = match (x.is_nan(), self.since) {
            (true, _) if self.restarts => None,
            (true, since) => since.map(|rows| rows + 1),
            (false, since) => Some(since.map_or(0, |rows| rows + 1)),
        };
        self.since.is_none_or(|rows| rows < self.warm_up)
    }
}

/// The number of last values that each node keeps.
pub(super) fn kept(graph: &Graph) -> Vec<usize> {
    let mut keep = vec![1; graph.nodes.len()];
    for node in &graph.nodes {
        let rows = match &node.op {
            Op::Lag(rows) => rows + 1,
            Op::Rolling(_, window) => window.rows(),
            _ => 1,
        };
        for input in &node.inputs {
            keep[*input] = rows.max(keep[*input]);
        }
    }
    keep
}

impl NodeState {
    pub(super) fn new(
        graph: &Graph,
        id: NodeId,
        keep: usize,
        stable: bool,
        anchor: Anchor,
    ) -> Self {
        let machine = match &graph.nodes[id].op {
            Op::Recursive(of) => Machine::Recursive {
                of: *of,
                state: of.start(),
                unstable: of.warm_up().filter(|_| stable).map(|warm_up| Unstable {
                    warm_up,
                    restarts: matches!(of, Recursive::Ema { .. }),
                    since: None,
                }),
            },
            Op::CumSum(since) | Op::Vwap(since) => Machine::Since {
                segment: *since == Since::Segment,
                grid: match since {
                    Since::Segment => None,
                    Since::Period(interval) => Some(Grid::new(*interval, anchor)),
                },
                period: 0..0,
                sums: [Recursive::CumSum.start(), Recursive::CumSum.start()],
            },
            #[cfg(feature = "ta")]
            Op::Indicator(indicator, parameters) => {
                let warm_up = match indicator.warm_up(parameters) {
                    crate::ta::WarmUp::Recursive { rows } if stable => rows,
                    _ => 0,
                };
                Machine::Indicator(Box::new(IndicatorState {
                    indicator,
                    parameters: parameters.clone(),
                    stream: indicator.stream(parameters),
                    outputs: vec![f64::NAN; indicator.outputs().len()],
                    warm_up,
                    since: 0,
                }))
            }
            _ => Machine::None,
        };
        Self { last: f64::NAN, values: Vec::new(), keep, machine }
    }

    /// Forgets all rows.
    pub(super) fn clear(&mut self) {
        self.values.clear();
        self.last = f64::NAN;
        match &mut self.machine {
            Machine::None => (),
            Machine::Recursive { of, state, unstable } => {
                *state = of.start();
                if let Some(unstable) = unstable {
                    unstable.since = None;
                }
            }
            Machine::Since { period, sums, .. } => {
                *period = 0..0;
                *sums = [Recursive::CumSum.start(), Recursive::CumSum.start()];
            }
            #[cfg(feature = "ta")]
            Machine::Indicator(state) => {
                state.stream = state.indicator.stream(&state.parameters);
                state.outputs.fill(f64::NAN);
                state.since = 0;
            }
        }
    }

    /// The value of the last row.
    pub(super) fn last(&self) -> f64 {
        self.last
    }

    /// The row lies outside of runs: it has no value, and is no row of the run.
    pub(super) fn outside(&mut self) {
        self.last = f64::NAN;
    }

    /// Takes the value of a row.
    pub(super) fn give(&mut self, value: f64) {
        self.last = value;
        if self.values.len() >= 2 * self.keep {
            self.values.drain(..=self.values.len() - self.keep);
        }
        self.values.push(value);
    }

    /// The last values of the run, so many or all.
    fn tail(&self, rows: usize) -> &[f64] {
        &self.values[self.values.len().saturating_sub(rows)..]
    }

    /// Computes the value of a row; the inputs have theirs already.
    pub(super) fn step(&mut self, op: &Op, inputs: &[&NodeState], row: &Row<'_>) {
        let x = |place: usize| inputs[place].last();
        let value = match op {
            Op::Column(name) => finite((row.column)(name)),
            Op::Constant(value) => *value,
            Op::Map(map) => {
                let mut operands = [f64::NAN; 3];
                for (operand, input) in operands.iter_mut().zip(inputs) {
                    *operand = input.last();
                }
                map.once(operands)
            }
            Op::Lag(rows) => {
                let tail = inputs[0].tail(rows + 1);
                if tail.len() == rows + 1 { tail[0] } else { f64::NAN }
            }
            Op::Rolling(rolling, window) => {
                let tails: Vec<&[f64]> =
                    inputs.iter().map(|input| input.tail(window.rows())).collect();
                let mut out = [f64::NAN];
                rolling.apply(&tails, *window, &mut out);
                out[0]
            }
            Op::Calendar(calendar, zone) => {
                let mut out = [f64::NAN];
                calendar.apply(*zone, &[row.open], &mut out);
                out[0]
            }
            Op::Hours(hours, session) => {
                let mut out = [f64::NAN];
                hours.apply(*session, &[row.open], &mut out);
                out[0]
            }
            Op::Recursive(_) => match &mut self.machine {
                Machine::Recursive { state, unstable, .. } => {
                    let value = state.push(x(0));
                    let hidden = unstable.as_mut().is_some_and(|unstable| unstable.is_at(x(0)));
                    if hidden { f64::NAN } else { value }
                }
                _ => f64::NAN,
            },
            Op::CumSum(_) => {
                self.since(row);
                match &mut self.machine {
                    Machine::Since { segment: true, .. } if row.outside => f64::NAN,
                    Machine::Since { sums, .. } => sums[0].push(x(0)),
                    _ => f64::NAN,
                }
            }
            Op::Vwap(_) => {
                self.since(row);
                match &mut self.machine {
                    Machine::Since { segment: true, .. } if row.outside => f64::NAN,
                    Machine::Since { sums: [money, weight], .. } => {
                        let price = (x(0) + x(1) + x(2)) / 3.0;
                        let (money, weight) = (money.push(price * x(3)), weight.push(x(3)));
                        finite(money / weight)
                    }
                    _ => f64::NAN,
                }
            }
            #[cfg(feature = "ta")]
            Op::Indicator(..) => {
                self.indicator(inputs);
                return;
            }
            #[cfg(feature = "ta")]
            Op::Output(output) => match &inputs[0].machine {
                Machine::Indicator(state) => state.outputs[*output],
                _ => f64::NAN,
            },
            // Computed by the caller, which knows the other rows.
            _ => f64::NAN,
        };
        self.give(value);
    }

    /// Begins sums anew where a row begins a period.
    fn since(&mut self, row: &Row<'_>) {
        let Machine::Since { segment, grid, period, sums } = &mut self.machine else { return };
        let begins = match grid {
            None => *segment && row.starts,
            Some(_) if period.contains(&row.open) => false,
            Some(grid) => {
                *period = grid.at(row.open).unwrap_or(row.open..i64::MAX);
                true
            }
        };
        if begins {
            *sums = [Recursive::CumSum.start(), Recursive::CumSum.start()];
        }
    }

    #[cfg(feature = "ta")]
    fn indicator(&mut self, inputs: &[&NodeState]) {
        let Machine::Indicator(state) = &mut self.machine else { return };
        let x: Vec<f64> = inputs.iter().map(|input| input.last()).collect();
        // A run of more rows than TA-Lib counts has no values.
        if state.stream.push(&x, &mut state.outputs).is_err() {
            state.outputs.fill(f64::NAN);
        }
        let present = x.iter().all(|x| x.abs() <= crate::ta::LARGEST_INPUT);
        state.since = if present { state.since + 1 } else { 0 };
        if state.since <= state.warm_up {
            state.outputs.fill(f64::NAN);
        }
    }
}
