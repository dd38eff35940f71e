//! Functions of one row's values, chained: blocks of rows go through all of them in the cache.

use std::ops::Range;

use crate::graph::{Graph, NodeId, Op};
use crate::map::Map;

/// Rows of a block: its values fit in the first-level cache with those of a few operands.
const BLOCK: usize = 512;

/// Values of some rows of a run or of a whole column.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Span<'a> {
    pub(crate) values: &'a [f64],
    /// The row of the first one.
    pub(crate) first: usize,
}

impl<'a> Span<'a> {
    /// The values of rows, all of which it has.
    pub(crate) fn of(self, rows: Range<usize>) -> &'a [f64] {
        &self.values[rows.start - self.first..rows.end - self.first]
    }
}

/// Values that a function takes.
#[derive(Clone, Copy, Debug)]
enum Operand {
    /// The values of a column so many rows before.
    Column { column: usize, lag: usize },
    /// A constant, by its place.
    Constant(usize),
    /// The values of an earlier step.
    Slot(usize),
}

/// A function of values, whose values are put in a slot.
#[derive(Clone, Copy, Debug)]
struct Step {
    map: Map,
    /// As many as the function has count.
    operands: [Operand; 3],
    into: usize,
}

/// A chain of functions of one row's values, over columns.
#[derive(Debug)]
pub(crate) struct Tape {
    steps: Vec<Step>,
    /// Its values: those of the last step, or of no function.
    value: Operand,
    constants: Vec<f64>,
    /// The nodes that are its columns.
    pub(crate) columns: Vec<NodeId>,
    slots: usize,
}

impl Tape {
    /// The tape of a node: what `is_inline` holds for is computed in it.
    pub(crate) fn of(graph: &Graph, node: NodeId, is_inline: &impl Fn(NodeId) -> bool) -> Self {
        let mut tape = Self {
            steps: Vec::new(),
            value: Operand::Slot(0),
            constants: Vec::new(),
            columns: Vec::new(),
            slots: 0,
        };
        let mut free = Vec::new();
        tape.value = tape.operand(graph, node, is_inline, &mut free, true);
        tape
    }

    fn operand(
        &mut self,
        graph: &Graph,
        id: NodeId,
        is_inline: &impl Fn(NodeId) -> bool,
        free: &mut Vec<usize>,
        outermost: bool,
    ) -> Operand {
        let node = &graph.nodes[id];
        match node.op {
            Op::Constant(x) => {
                self.constants.push(x);
                Operand::Constant(self.constants.len() - 1)
            }
            Op::Lag(lag) if outermost || is_inline(id) => self.column(node.inputs[0], lag),
            Op::Map(map) if outermost || is_inline(id) => {
                let mut operands = [Operand::Constant(0); 3];
                for (operand, input) in operands.iter_mut().zip(&node.inputs) {
                    *operand = self.operand(graph, *input, is_inline, free, false);
                }
                for place in node.inputs.len()..3 {
                    operands[place] = operands[0];
                }
                // Taken before those of the operands are free again: they are read meanwhile.
                let into = free.pop().unwrap_or_else(|| {
                    self.slots += 1;
                    self.slots - 1
                });
                for operand in &operands[..node.inputs.len()] {
                    if let Operand::Slot(slot) = operand {
                        free.push(*slot);
                    }
                }
                self.steps.push(Step { map, operands, into });
                Operand::Slot(into)
            }
            _ => self.column(id, 0),
        }
    }

    fn column(&mut self, node: NodeId, lag: usize) -> Operand {
        let column = self.columns.iter().position(|known| *known == node);
        let column = column.unwrap_or_else(|| {
            self.columns.push(node);
            self.columns.len() - 1
        });
        Operand::Column { column, lag }
    }

    /// The most rows before a row that it reads of a column.
    pub(crate) fn reach(&self, column: usize) -> usize {
        let operands = self.steps.iter().flat_map(|step| &step.operands).chain([&self.value]);
        let lag = |operand: &Operand| match operand {
            Operand::Column { column: of, lag } if *of == column => *lag,
            _ => 0,
        };
        operands.map(lag).max().unwrap_or(0)
    }

    /// The values of `rows`, which lie in a run that begins at `start`; values before it are
    /// missing. The columns have all other rows that are read.
    pub(crate) fn run(
        &self,
        columns: &[Span<'_>],
        start: usize,
        rows: Range<usize>,
        out: &mut [f64],
    ) {
        let length = BLOCK.min(out.len());
        let mut slots = vec![vec![0.0; length]; self.slots];
        let constants: Vec<Vec<f64>> = self.constants.iter().map(|x| vec![*x; length]).collect();
        // Columns whose first rows are missing.
        let mut padded = [const { Vec::new() }; 3];
        for (block, out) in out.chunks_mut(BLOCK).enumerate() {
            let first = rows.start + block * BLOCK;
            let count = out.len();
            let begins = |operand: Operand| match operand {
                Operand::Column { lag, .. } => first < start + lag,
                _ => false,
            };
            let last = self.steps.len().wrapping_sub(1);
            for (place, step) in self.steps.iter().enumerate() {
                let mut into = std::mem::take(&mut slots[step.into]);
                for (operand, padded) in step.operands.into_iter().zip(&mut padded) {
                    if begins(operand) {
                        pad(columns, operand, start, first..first + count, padded);
                    }
                }
                let of = |place: usize| match step.operands[place] {
                    operand if begins(operand) => &padded[place][..count],
                    Operand::Column { column, lag } => {
                        columns[column].of(first - lag..first - lag + count)
                    }
                    Operand::Constant(place) => &constants[place][..count],
                    Operand::Slot(slot) => &slots[slot][..count],
                };
                let operands = [of(0), of(1), of(2)];
                if place == last {
                    step.map.apply(operands, out);
                } else {
                    step.map.apply(operands, &mut into[..count]);
                }
                slots[step.into] = into;
            }
            if self.steps.is_empty() {
                match self.value {
                    Operand::Constant(place) => out.copy_from_slice(&constants[place][..count]),
                    value => {
                        pad(columns, value, start, first..first + count, &mut padded[0]);
                        out.copy_from_slice(&padded[0]);
                    }
                }
            }
        }
    }
}

/// The values of a column for rows, missing where they lie before the start of the run.
fn pad(
    columns: &[Span<'_>],
    operand: Operand,
    start: usize,
    rows: Range<usize>,
    into: &mut Vec<f64>,
) {
    let Operand::Column { column, lag } = operand else { return };
    into.clear();
    let missing = (start + lag).saturating_sub(rows.start).min(rows.len());
    into.resize(missing, f64::NAN);
    if missing < rows.len() {
        into.extend_from_slice(columns[column].of(rows.start + missing - lag..rows.end - lag));
    }
}
