//! Features as nodes: each distinct computation once.

use std::collections::BTreeMap;

use barloom_bars::{Across, Interval};

use crate::calendar::{Calendar, Hours};
use crate::map::Map;
use crate::recursive::Recursive;
use crate::rolling::{Rolling, Window};

/// The index of a node; nodes it uses have smaller ones.
pub(crate) type NodeId = usize;

/// The index of a clock.
pub(crate) type ClockId = usize;

/// The rows on which a node has values.
#[derive(Clone, Debug, PartialEq, Default)]
pub(crate) struct Clock {
    /// The rows of this symbol; none for those of all symbols.
    pub(crate) symbol: Option<String>,
    /// Bars of this length; none for the market's own.
    pub(crate) interval: Option<Interval>,
}

/// The start of a sum.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Since {
    /// That of the segment.
    Segment,
    /// That of the period, counted from the anchor of the data.
    Period(Interval),
}

/// A computation.
#[derive(Clone, Debug)]
pub(crate) enum Op {
    /// A column of the bars.
    Column(String),
    Constant(f64),
    Map(Map),
    Lag(usize),
    Rolling(Rolling, Window),
    Recursive(Recursive),
    CumSum(Since),
    /// The inputs are high, low, close and volume.
    Vwap(Since),
    Calendar(Calendar, barloom_bars::Zone),
    Hours(Hours, barloom_bars::Session),
    Cross(Across, Option<String>),
    #[cfg(feature = "ta")]
    Indicator(&'static crate::ta::Indicator, Vec<f64>),
    /// An output of an indicator.
    #[cfg_attr(not(feature = "ta"), expect(dead_code, reason = "only indicators have several"))]
    Output(usize),
    /// The last value of a node of another clock; for another symbol, at most so old in ns.
    From(Option<i64>),
    /// The rows of one symbol, of a node on those of all.
    Only,
}

/// A node of the graph.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub(crate) op: Op,
    pub(crate) inputs: Vec<NodeId>,
    pub(crate) clock: ClockId,
}

/// The computations of all features.
#[derive(Clone, Debug, Default)]
pub(crate) struct Graph {
    pub(crate) nodes: Vec<Node>,
    pub(crate) clocks: Vec<Clock>,
    known: BTreeMap<String, NodeId>,
}

impl Graph {
    /// The place of a clock.
    pub(crate) fn clock(&mut self, clock: Clock) -> ClockId {
        match self.clocks.iter().position(|known| *known == clock) {
            Some(place) => place,
            None => {
                self.clocks.push(clock);
                self.clocks.len() - 1
            }
        }
    }

    /// The node of a computation: the one that exists, or a new one.
    pub(crate) fn node(&mut self, op: Op, inputs: Vec<NodeId>, clock: ClockId) -> NodeId {
        let key = match &op {
            // -0.0 and 0.0 are different constants, and so are the kinds of NaN.
            Op::Constant(x) => format!("{:x}", x.to_bits()),
            #[cfg(feature = "ta")]
            Op::Indicator(of, parameters) => format!("{} {parameters:?}", of.name()),
            op => format!("{op:?}"),
        };
        // A constant is the same on all clocks, but its rows are not.
        let key = format!("{key} {inputs:?} {clock}");
        let next = self.nodes.len();
        let id = *self.known.entry(key).or_insert(next);
        if id == next {
            self.nodes.push(Node { op, inputs, clock });
        }
        id
    }

    /// The value of a constant node.
    pub(crate) fn constant(&self, id: NodeId) -> Option<f64> {
        match self.nodes[id].op {
            Op::Constant(x) => Some(x),
            _ => None,
        }
    }
}
