//! Functions of a bounded number of earlier rows, chained: a chunk of rows goes through all of them,
//! and the values between them stay in the cache.
//!
//! A function of the last n rows is one of its window alone, to the bit. So a chunk needs a few rows
//! before its own, which are computed once more.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::Arc;

use barloom_memory::Column;
use rayon::prelude::*;

use crate::evaluate::{Context, chunked, room};
use crate::graph::{Graph, NodeId, Op};
use crate::rolling::{self, Rolling, Window};
use crate::tape::{Span, Tape};

/// Rows of a chunk, at least: some dozens of columns of that length fit in the cache of a core.
const CHUNK: usize = 1 << 12;

/// The most rows before a chunk that are computed for it.
const MOST_BEFORE: usize = 1 << 12;

/// Functions that are computed chunk by chunk, and need only columns that are there.
#[derive(Debug)]
pub(crate) struct Group {
    steps: Vec<Step>,
    /// The nodes that have columns afterwards.
    pub(crate) outputs: Vec<NodeId>,
    /// The columns of other nodes that it needs.
    pub(crate) needs: Vec<NodeId>,
    /// The rows before a chunk for which each node is computed.
    before: BTreeMap<NodeId, usize>,
}

/// A step of a group.
#[derive(Debug)]
struct Step {
    work: Work,
    /// The nodes that it computes, for the same rows.
    makes: Vec<NodeId>,
    /// The nodes whose values no later step reads.
    last_use: Vec<NodeId>,
}

#[derive(Debug)]
enum Work {
    /// A column of the bars.
    Load(String),
    Tape(Tape),
    /// Functions of the same inputs share work.
    Rolling(Vec<NodeId>, Vec<(Rolling, Window)>),
}

/// The rows before its own on whose inputs a value depends; none for a function that is not
/// computed in chunks.
fn before(op: &Op) -> Option<usize> {
    match op {
        Op::Column(_) | Op::Constant(_) | Op::Map(_) => Some(0),
        Op::Lag(rows) => Some(*rows),
        Op::Rolling(_, window) => Some(window.rows() - 1),
        _ => None,
    }
}

/// The groups of the nodes that roots need, in an order such that each needs only groups before it
/// and functions that are in none.
///
/// A function that only others than these use is in no group: memory for all such columns at once
/// could be large.
pub(crate) fn groups(graph: &Graph, roots: &[NodeId]) -> Vec<Group> {
    let count = graph.nodes.len();
    // The number of other functions on the way to a node, and rows that it sees since the last one.
    let (mut level, mut sees) = (vec![0; count], vec![None; count]);
    for (id, node) in graph.nodes.iter().enumerate() {
        let own = before(&node.op).filter(|_| node.clock == 0);
        level[id] = node.inputs.iter().map(|input| level[*input]).max().unwrap_or(0);
        if let Some(own) = own {
            let above = |input: &NodeId| level[*input] + usize::from(sees[*input].is_none());
            let above = node.inputs.iter().map(above).max().unwrap_or(0);
            let inputs = node.inputs.iter().filter(|input| level[**input] == above);
            let rows = own + inputs.filter_map(|input| sees[*input]).max().unwrap_or(0);
            if rows <= MOST_BEFORE {
                (level[id], sees[id]) = (above, Some(rows));
            }
        }
    }
    // What roots need, up to functions that are in no group. Columns of bars that are roots have
    // rows outside of runs too.
    let is_leaf = |id: NodeId| matches!(graph.nodes[id].op, Op::Column(_) | Op::Constant(_));
    let mut member = vec![false; count];
    let mut wanted: Vec<NodeId> = roots.to_vec();
    wanted.retain(|root| sees[*root].is_some() && !is_leaf(*root));
    while let Some(id) = wanted.pop() {
        if sees[id].is_some() && !std::mem::replace(&mut member[id], true) {
            wanted.extend(&graph.nodes[id].inputs);
        }
    }
    let mut users: Vec<Vec<NodeId>> = vec![Vec::new(); count];
    for (id, node) in graph.nodes.iter().enumerate() {
        node.inputs.iter().for_each(|input| users[*input].push(id));
    }
    let root: BTreeSet<NodeId> = roots.iter().copied().collect();
    let levels: BTreeSet<usize> = (0..count).filter(|id| member[*id]).map(|id| level[id]).collect();
    let group = |of: usize| {
        let is_in = |id: NodeId| member[id] && (level[id] == of || is_leaf(id));
        let is_output = |id: &NodeId| {
            let outside = || users[*id].iter().any(|user| !is_in(*user));
            is_in(*id) && !is_leaf(*id) && (root.contains(id) || outside())
        };
        let outputs: BTreeSet<NodeId> = (0..count).filter(is_output).collect();
        let is_inline = |id: NodeId| match graph.nodes[id].op {
            Op::Constant(_) | Op::Lag(_) => is_in(id) && !outputs.contains(&id),
            Op::Map(_) => match &users[id][..] {
                [user] => {
                    let map = matches!(graph.nodes[*user].op, Op::Map(_));
                    map && is_in(id) && is_in(*user) && !outputs.contains(&id)
                }
                _ => false,
            },
            _ => false,
        };
        Group::new(graph, &outputs, &is_in, &is_inline)
    };
    levels.into_iter().map(group).filter(|group| !group.outputs.is_empty()).collect()
}

impl Group {
    fn new(
        graph: &Graph,
        outputs: &BTreeSet<NodeId>,
        is_in: &impl Fn(NodeId) -> bool,
        is_inline: &impl Fn(NodeId) -> bool,
    ) -> Self {
        // Nodes use those before them: the last one is seen first.
        let mut left = outputs.clone();
        let mut before: BTreeMap<NodeId, usize> = BTreeMap::new();
        let mut needs = Vec::new();
        let mut works: BTreeMap<NodeId, (Work, Vec<NodeId>)> = BTreeMap::new();
        // The first node of the functions of the same inputs for the same rows.
        let mut shared: BTreeMap<(&[NodeId], usize), NodeId> = BTreeMap::new();
        while let Some(id) = left.pop_last() {
            if !is_in(id) {
                needs.push(id);
                continue;
            }
            let node = &graph.nodes[id];
            let rows = *before.entry(id).or_insert(0);
            let mut reads = |input: NodeId, reach: usize| {
                left.insert(input);
                let known = before.entry(input).or_insert(0);
                *known = (*known).max(rows + reach);
            };
            let mut makes = vec![id];
            let work = match &node.op {
                Op::Column(name) => Work::Load(name.clone()),
                Op::Rolling(rolling, window) => {
                    node.inputs.iter().for_each(|input| reads(*input, window.rows() - 1));
                    let mut all = vec![(*rolling, *window)];
                    if let Some(other) = shared.insert((&node.inputs, rows), id)
                        && let Some((Work::Rolling(_, others), made)) = works.remove(&other)
                    {
                        all.extend(others);
                        makes.extend(made);
                    }
                    Work::Rolling(node.inputs.clone(), all)
                }
                _ => {
                    let tape = Tape::of(graph, id, is_inline);
                    for (place, column) in tape.columns.iter().enumerate() {
                        reads(*column, tape.reach(place));
                    }
                    Work::Tape(tape)
                }
            };
            works.insert(id, (work, makes));
        }
        let mut used = BTreeSet::new();
        let mut steps: Vec<Step> = Vec::new();
        for (_, (work, makes)) in works.into_iter().rev() {
            let reads = match &work {
                Work::Load(_) => &[][..],
                Work::Tape(tape) => &tape.columns,
                Work::Rolling(inputs, _) => inputs,
            };
            let reads: BTreeSet<NodeId> = reads.iter().copied().collect();
            let last_use = reads.into_iter().filter(|read| used.insert(*read)).collect();
            steps.push(Step { work, makes, last_use });
        }
        steps.reverse();
        Self { steps, outputs: outputs.iter().copied().collect(), needs, before }
    }

    /// The columns of its outputs.
    pub(crate) fn compute<'c>(
        &self,
        column: impl Fn(NodeId) -> &'c [f64],
        context: &Context<'_>,
    ) -> Vec<Arc<Column<f64>>> {
        let rows = &context.rows[0];
        let needs: BTreeMap<NodeId, Span<'_>> = self
            .needs
            .iter()
            .map(|need| (*need, Span { values: column(*need), first: 0 }))
            .collect();
        let most = self.before.values().copied().max().unwrap_or(0);
        let chunk = CHUNK.max(4 * most);
        let mut made: Vec<Column<f64>> = self.outputs.iter().map(|_| room(rows.len())).collect();
        let mut chunks: Vec<Chunk<'_>> = Vec::new();
        for out in &mut made {
            for (place, (start, range, out)) in
                chunked(out, &rows.runs, chunk).into_iter().enumerate()
            {
                if chunks.len() == place {
                    chunks.push(Chunk { start, rows: range, outs: Vec::new() });
                }
                chunks[place].outs.push(out);
            }
        }
        chunks
            .into_par_iter()
            .for_each_init(Vec::new, |spare, chunk| self.chunk(chunk, &needs, context, spare));
        made.into_iter().map(Arc::new).collect()
    }

    fn chunk(
        &self,
        chunk: Chunk<'_>,
        needs: &BTreeMap<NodeId, Span<'_>>,
        context: &Context<'_>,
        spare: &mut Vec<Vec<f64>>,
    ) {
        let Chunk { start, rows, outs } = chunk;
        let mut outs: BTreeMap<NodeId, &mut [f64]> =
            self.outputs.iter().copied().zip(outs).collect();
        let mut there: BTreeMap<NodeId, Made<'_>> = BTreeMap::new();
        for step in &self.steps {
            let before = self.before[&step.makes[0]];
            let first = start.max(rows.start.saturating_sub(before));
            let own = first..rows.end;
            let mut makes: Vec<Made<'_>> = step
                .makes
                .iter()
                .map(|id| match outs.remove(id) {
                    Some(out) if first == rows.start => Made { first, values: Place::Out(out) },
                    out => {
                        let mut values = spare.pop().unwrap_or_default();
                        values.resize(own.len(), 0.0);
                        Made { first, values: Place::Between(values, out) }
                    }
                })
                .collect();
            let span = |id: &NodeId| match there.get(id) {
                Some(made) => Span { values: made.values(), first: made.first },
                None => needs[id],
            };
            match &step.work {
                Work::Load(name) => {
                    let values = context.market.column(name).unwrap_or(&[]);
                    context.rows[0].load(values, own, makes[0].values_mut());
                }
                Work::Tape(tape) => {
                    let columns: Vec<Span<'_>> = tape.columns.iter().map(span).collect();
                    tape.run(&columns, start, own, makes[0].values_mut());
                }
                Work::Rolling(inputs, functions) => {
                    let longest = functions.iter().map(|(_, window)| window.rows()).max();
                    let from = start.max((first + 1).saturating_sub(longest.unwrap_or(1)));
                    let inputs: Vec<&[f64]> =
                        inputs.iter().map(|input| span(input).of(from..rows.end)).collect();
                    let mut wanted: Vec<(Rolling, Window, &mut [f64])> = functions
                        .iter()
                        .zip(&mut makes)
                        .map(|((rolling, window), made)| (*rolling, *window, made.values_mut()))
                        .collect();
                    rolling::apply_many(&inputs, &mut wanted);
                }
            }
            for (id, mut made) in step.makes.iter().zip(makes) {
                if let Place::Between(values, out) = &mut made.values
                    && let Some(out) = out.take()
                {
                    out.copy_from_slice(&values[values.len() - out.len()..]);
                }
                there.insert(*id, made);
            }
            for id in &step.last_use {
                if let Some(Made { values: Place::Between(values, _), .. }) = there.remove(id) {
                    spare.push(values);
                }
            }
        }
        let left = there.into_values().filter_map(|made| match made.values {
            Place::Between(values, _) => Some(values),
            Place::Out(_) => None,
        });
        spare.extend(left);
    }
}

/// Rows of a run, which begins at `start`, with the parts of the outputs.
struct Chunk<'o> {
    start: usize,
    rows: Range<usize>,
    outs: Vec<&'o mut [f64]>,
}

/// The values of a node for a chunk, from the row `first` on.
struct Made<'o> {
    first: usize,
    values: Place<'o>,
}

/// The memory that values lie in.
enum Place<'o> {
    /// In an output.
    Out(&'o mut [f64]),
    /// In memory of the chunk; the last ones go into an output if there is one.
    Between(Vec<f64>, Option<&'o mut [f64]>),
}

impl Made<'_> {
    fn values(&self) -> &[f64] {
        match &self.values {
            Place::Out(out) => out,
            Place::Between(values, _) => values,
        }
    }

    fn values_mut(&mut self) -> &mut [f64] {
        match &mut self.values {
            Place::Out(out) => out,
            Place::Between(values, _) => values,
        }
    }
}
