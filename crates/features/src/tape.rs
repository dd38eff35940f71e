//! Functions of one row's values, chained: blocks of rows go through all of them in the cache.

use std::ops::Range;

use crate::graph::{Graph, NodeId, Op};
use crate::map::Map;

/// Rows of a block: its values fit in the first-level cache with those of a few operands.
const BLOCK: usize = 512;

/// A step of a tape, on a stack of blocks.
#[derive(Clone, Copy, Debug)]
enum Step {
    /// Pushes the values of a column so many rows before.
    Load { column: usize, lag: usize },
    /// Pushes a constant.
    Constant(f64),
    /// Takes operands and pushes the values of a function.
    Apply(Map),
}

/// A chain of functions of one row's values, over columns.
#[derive(Debug)]
pub(crate) struct Tape {
    steps: Vec<Step>,
    /// The nodes that are its columns.
    pub(crate) columns: Vec<NodeId>,
    deepest: usize,
}

impl Tape {
    /// The tape of a node: what `is_inline` holds for is computed in it.
    pub(crate) fn of(graph: &Graph, node: NodeId, is_inline: &impl Fn(NodeId) -> bool) -> Self {
        let mut tape = Self { steps: Vec::new(), columns: Vec::new(), deepest: 0 };
        tape.push(graph, node, is_inline, 0, true);
        tape
    }

    fn push(
        &mut self,
        graph: &Graph,
        id: NodeId,
        is_inline: &impl Fn(NodeId) -> bool,
        depth: usize,
        outermost: bool,
    ) {
        self.deepest = self.deepest.max(depth + 1);
        let node = &graph.nodes[id];
        match node.op {
            Op::Constant(x) => self.steps.push(Step::Constant(x)),
            Op::Lag(lag) if outermost || is_inline(id) => self.load(node.inputs[0], lag),
            Op::Map(map) if outermost || is_inline(id) => {
                for (place, input) in node.inputs.iter().enumerate() {
                    self.push(graph, *input, is_inline, depth + place, false);
                }
                self.steps.push(Step::Apply(map));
            }
            _ => self.load(id, 0),
        }
    }

    fn load(&mut self, node: NodeId, lag: usize) {
        let column = self.columns.iter().position(|known| *known == node);
        let column = column.unwrap_or_else(|| {
            self.columns.push(node);
            self.columns.len() - 1
        });
        self.steps.push(Step::Load { column, lag });
    }

    /// The values of `rows`, which lie in a run that begins at `start`; values before it are
    /// missing. The columns have the rows of the node's clock.
    pub(crate) fn run(
        &self,
        columns: &[&[f64]],
        start: usize,
        rows: Range<usize>,
        out: &mut [f64],
    ) {
        let mut stack = vec![[0.0; BLOCK]; self.deepest + 1];
        for (block, out) in out.chunks_mut(BLOCK).enumerate() {
            let first = rows.start + block * BLOCK;
            self.block(columns, start, first, &mut stack, out);
        }
    }

    fn block(
        &self,
        columns: &[&[f64]],
        start: usize,
        first: usize,
        stack: &mut [[f64; BLOCK]],
        out: &mut [f64],
    ) {
        let count = out.len();
        let mut top = 0;
        for (place, step) in self.steps.iter().enumerate() {
            match *step {
                Step::Constant(x) => {
                    stack[top][..count].fill(x);
                    top += 1;
                }
                Step::Load { column, lag } => {
                    let into = &mut stack[top][..count];
                    let missing = (start + lag).saturating_sub(first).min(count);
                    into[..missing].fill(f64::NAN);
                    if missing < count {
                        let from = first + missing - lag;
                        into[missing..]
                            .copy_from_slice(&columns[column][from..from + count - missing]);
                    }
                    top += 1;
                }
                Step::Apply(map) => {
                    let operands = map.operands();
                    top -= operands;
                    let last = place + 1 == self.steps.len();
                    let (below, above) = stack.split_at_mut(top + operands);
                    let of = |i: usize| &below[top + i.min(operands - 1)][..count];
                    if last {
                        map.apply([of(0), of(1), of(2)], out);
                        return;
                    }
                    let into = &mut above[0][..count];
                    map.apply([of(0), of(1), of(2)], into);
                    stack.swap(top, top + operands);
                    top += 1;
                }
            }
        }
        out.copy_from_slice(&stack[0][..count]);
    }
}
