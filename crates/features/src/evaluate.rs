//! The values of features over a market.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::ops::Range;
use std::sync::Arc;

use barloom_bars::{Anchor, Market};
use barloom_memory::Column;
use rayon::prelude::*;

use crate::fused::{self, Group};
use crate::graph::{ClockId, Graph, Node, NodeId, Op, Since};
use crate::join::Join;
use crate::recursive::Recursive;
use crate::rolling::{self, Rolling, Window};
use crate::rows::Rows;
use crate::tape::{Span, Tape};

/// Rows of a task, at least.
pub(crate) const CHUNK: usize = 1 << 14;

/// Nodes that are computed at the same time, at most: more take more memory.
const BATCH: usize = 8;

/// Nodes that are passed over in the search for those that share work with a full batch.
const LOOK_AHEAD: usize = 256;

/// The values of a node: a column for each output.
type Values = Vec<Arc<Column<f64>>>;

/// A column of so many values, in huge pages where the system has them.
pub(crate) fn room(rows: usize) -> Column<f64> {
    let mut column = Column::with_capacity(rows);
    column.set_len(rows);
    column
}

/// A piece of work that writes to memory of its own.
pub(crate) type Task<'a> = Box<dyn FnOnce() + Send + 'a>;

/// The groups of symbols for `by=`: of each attribute, a number for each series of the market; none
/// for a symbol without that attribute.
pub(crate) type Groups = BTreeMap<String, Vec<Option<usize>>>;

/// The input of an evaluation beside the graph.
pub(crate) struct Context<'a> {
    pub(crate) market: &'a Market,
    pub(crate) rows: &'a [Rows],
    pub(crate) anchor: Anchor,
    /// Takes away the values of functions with memory until what came before them weighs little.
    pub(crate) stable: bool,
    pub(crate) groups: &'a Groups,
    /// The joins whose columns the market has.
    pub(crate) joins: &'a [Join],
}

/// The values of `roots`, one column each, on the rows of the market.
pub(crate) fn evaluate(graph: &Graph, roots: &[NodeId], context: &Context<'_>) -> Vec<Column<f64>> {
    let mut groups: VecDeque<Group> = fused::groups(graph, roots).into();
    let plan = Plan::new(graph, roots, &groups);
    let mut values: Vec<Option<Values>> = vec![None; graph.nodes.len()];
    let mut left = plan.uses.clone();
    let mut waiting: VecDeque<NodeId> = plan.order.iter().copied().collect();
    let mut used = |needs: &[NodeId], values: &mut [Option<Values>]| {
        for need in needs {
            left[*need] -= 1;
            if left[*need] == 0 {
                values[*need] = None;
            }
        }
    };
    while !waiting.is_empty() || !groups.is_empty() {
        let is_there = |id: &NodeId| values[*id].is_some();
        if groups.front().is_some_and(|group| group.needs.iter().all(is_there))
            && let Some(group) = groups.pop_front()
        {
            let made = group.compute(|need| column(&values, need), context);
            for (id, made) in group.outputs.iter().zip(made) {
                values[*id] = Some(vec![made]);
            }
            used(&group.needs, &mut values);
            continue;
        }
        let is_ready = |id: &NodeId| plan.needs[*id].iter().all(is_there);
        let batch = batch(graph, &mut waiting, is_ready);
        let made = compute(graph, &plan, &batch, &values, context);
        for (id, made) in batch.iter().zip(made) {
            values[*id] = Some(made);
            used(&plan.needs[*id], &mut values);
        }
    }
    let mut column = |root: &NodeId| {
        left[*root] -= 1;
        let values = if left[*root] == 0 { values[*root].take() } else { values[*root].clone() };
        let column =
            values.and_then(|mut values| values.pop()).unwrap_or_else(|| Arc::new(room(0)));
        Arc::try_unwrap(column).unwrap_or_else(|shared| Column::from(&shared[..]))
    };
    roots.iter().map(&mut column).collect()
}

/// The nodes that are computed outside of groups, in their order, with their needs.
struct Plan {
    /// Nodes whose values are kept as columns, each after those it needs.
    order: Vec<NodeId>,
    /// The columns that a node needs.
    needs: Vec<Vec<NodeId>>,
    /// For each node the number of nodes that need it, and of roots that it is.
    uses: Vec<usize>,
    /// The tapes of nodes that are chains of functions of one row.
    tapes: BTreeMap<NodeId, Tape>,
}

impl Plan {
    fn new(graph: &Graph, roots: &[NodeId], groups: &VecDeque<Group>) -> Self {
        let count = graph.nodes.len();
        let made: BTreeSet<NodeId> =
            groups.iter().flat_map(|group| &group.outputs).copied().collect();
        // A function of one row is part of the only function of one row that uses it. Earlier rows
        // of a column are read where they lie.
        let mut users: Vec<Vec<NodeId>> = vec![Vec::new(); count];
        for (id, node) in graph.nodes.iter().enumerate() {
            node.inputs.iter().for_each(|input| users[*input].push(id));
        }
        let into_map = |user: &NodeId| matches!(graph.nodes[*user].op, Op::Map(_));
        let is_inline = |id: NodeId| match graph.nodes[id].op {
            _ if made.contains(&id) => false,
            Op::Constant(_) | Op::Lag(_) => true,
            Op::Map(_) => {
                !roots.contains(&id) && matches!(&users[id][..], [user] if into_map(user))
            }
            _ => false,
        };
        let mut needs = vec![Vec::new(); count];
        let mut tapes = BTreeMap::new();
        let mut wanted: Vec<NodeId> = roots.to_vec();
        let mut seen = vec![false; count];
        let mut order = Vec::new();
        let mut uses = vec![0; count];
        roots.iter().for_each(|root| uses[*root] += 1);
        for need in groups.iter().flat_map(|group| &group.needs) {
            uses[*need] += 1;
            wanted.push(*need);
        }
        while let Some(id) = wanted.pop() {
            if made.contains(&id) || std::mem::replace(&mut seen[id], true) {
                continue;
            }
            order.push(id);
            let node = &graph.nodes[id];
            if matches!(node.op, Op::Map(_) | Op::Lag(_) | Op::Constant(_)) {
                let tape = Tape::of(graph, id, &is_inline);
                needs[id].clone_from(&tape.columns);
                tapes.insert(id, tape);
            } else {
                needs[id].clone_from(&node.inputs);
                needs[id].sort_unstable();
                needs[id].dedup();
            }
            for need in &needs[id] {
                uses[*need] += 1;
                wanted.push(*need);
            }
        }
        // Nodes use those before them, and features are made one after the other.
        order.sort_unstable();
        Self { order, needs, uses, tapes }
    }
}

/// Takes nodes to compute together: the first that are ready, and with a rolling function those of
/// the same inputs, which share work.
///
/// The search ends soon after the batch is full, so that recipes with very many nodes take a time
/// that is linear in their number.
fn batch(
    graph: &Graph,
    waiting: &mut VecDeque<NodeId>,
    is_ready: impl Fn(&NodeId) -> bool,
) -> Vec<NodeId> {
    let mut batch: Vec<NodeId> = Vec::new();
    let is_rolling = |id: NodeId| matches!(graph.nodes[id].op, Op::Rolling(..));
    let mut passed = Vec::new();
    while let Some(id) = waiting.pop_front() {
        let shares = is_rolling(id)
            && batch.iter().any(|other| {
                is_rolling(*other) && graph.nodes[*other].inputs == graph.nodes[id].inputs
            });
        let has_room = batch.len() < BATCH || shares && batch.len() < 3 * BATCH;
        if has_room && is_ready(&id) {
            batch.push(id);
        } else {
            passed.push(id);
        }
        if batch.len() >= BATCH && passed.len() >= LOOK_AHEAD {
            break;
        }
    }
    passed.into_iter().rev().for_each(|id| waiting.push_front(id));
    batch
}

/// Computes nodes whose needs are there.
fn compute(
    graph: &Graph,
    plan: &Plan,
    batch: &[NodeId],
    values: &[Option<Values>],
    context: &Context<'_>,
) -> Vec<Values> {
    let mut made: Vec<Vec<Column<f64>>> = batch
        .iter()
        .map(|id| {
            let rows = &context.rows[graph.nodes[*id].clock];
            (0..outputs(&graph.nodes[*id])).map(|_| room(rows.len())).collect()
        })
        .collect();
    let mut ready: Vec<(NodeId, Values)> = Vec::new();
    {
        let mut tasks: Vec<Task<'_>> = Vec::new();
        // Rolling functions of the same inputs are one piece of work.
        let mut rolls: BTreeMap<(&[NodeId], ClockId), Vec<RollingInto<'_>>> = BTreeMap::new();
        for (id, outs) in batch.iter().zip(&mut made) {
            let node = &graph.nodes[*id];
            let rows = &context.rows[node.clock];
            let input = |place: usize| column(values, node.inputs[place]);
            match &node.op {
                Op::Rolling(rolling, window) => rolls
                    .entry((&node.inputs, node.clock))
                    .or_default()
                    .push((*rolling, *window, &mut outs[0])),
                Op::Map(_) | Op::Lag(_) | Op::Constant(_) => {
                    let tape = &plan.tapes[id];
                    let columns: Vec<&[f64]> =
                        tape.columns.iter().map(|need| column(values, *need)).collect();
                    map_tasks(tape, columns, rows, &mut outs[0], &mut tasks);
                }
                Op::Column(name) => {
                    let of = context.market.column(name).unwrap_or(&[]);
                    let out = &mut outs[0];
                    let joins = context.joins.iter();
                    let join = joins.filter_map(|join| Some((join, join.place(name)?))).next();
                    tasks.push(Box::new(move || {
                        match join.filter(|_| rows.are_coarse()) {
                            None => rows.column(name, of, out),
                            // As of the end of the coarser bar, whose last bar may be missing.
                            Some((join, place)) => {
                                for (series, rows_of) in &rows.series {
                                    let closes = &rows.closes()[rows_of.clone()];
                                    join.take(place, *series, closes, &mut out[rows_of.clone()]);
                                }
                            }
                        }
                        missing_outside(out, &rows.runs);
                    }));
                }
                Op::Recursive(recursive) => {
                    let (x, recursive, stable) = (input(0), *recursive, context.stable);
                    for (run, out) in pieces(&mut outs[0], &rows.runs) {
                        let x = &x[run];
                        tasks.push(Box::new(move || {
                            recursive.apply(x, out);
                            if stable {
                                take_unstable(recursive, x, out);
                            }
                        }));
                    }
                }
                Op::CumSum(since) => {
                    let x = input(0);
                    let periods = periods(rows, *since, context.anchor);
                    for (run, out) in pieces(&mut outs[0], &periods) {
                        tasks.push(Box::new(move || Recursive::CumSum.apply(&x[run], out)));
                    }
                }
                Op::Vwap(since) => {
                    let inputs = [0, 1, 2, 3].map(input);
                    let periods = periods(rows, *since, context.anchor);
                    for (run, out) in pieces(&mut outs[0], &periods) {
                        tasks.push(Box::new(move || vwap(inputs.map(|x| &x[run.clone()]), out)));
                    }
                }
                Op::Calendar(calendar, zone) => {
                    let (calendar, zone) = (*calendar, *zone);
                    for (_, range, out) in chunked(&mut outs[0], &rows.runs, CHUNK) {
                        let opens = &rows.opens[range];
                        tasks.push(Box::new(move || calendar.apply(zone, opens, out)));
                    }
                }
                Op::Hours(hours, session) => {
                    let (hours, session) = (*hours, *session);
                    for (_, range, out) in chunked(&mut outs[0], &rows.runs, CHUNK) {
                        let opens = &rows.opens[range];
                        tasks.push(Box::new(move || hours.apply(session, opens, out)));
                    }
                }
                Op::Cross(cross, by) => {
                    let (x, out) = (input(0), &mut outs[0]);
                    let by = by.as_ref().and_then(|by| context.groups.get(by));
                    tasks.push(Box::new(move || crossed(*cross, by, rows, x, out)));
                }
                Op::From(max_age) => {
                    let there = &context.rows[graph.nodes[node.inputs[0]].clock];
                    let (x, out) = (input(0), &mut outs[0]);
                    tasks.push(Box::new(move || {
                        let taken = rows.rows_of(there, *max_age);
                        for (out, from) in out.iter_mut().zip(taken) {
                            *out = x.get(from as usize).copied().unwrap_or(f64::NAN);
                        }
                        missing_outside(out, &rows.runs);
                    }));
                }
                Op::Only => {
                    let all = &context.rows[graph.nodes[node.inputs[0]].clock];
                    let place = rows.series.first().map(|(index, _)| *index);
                    let of = all.series.iter().find(|(index, _)| Some(*index) == place);
                    let (x, out) = (input(0), &mut outs[0]);
                    if let Some((_, range)) = of {
                        let x = &x[range.clone()];
                        tasks.push(Box::new(move || out.copy_from_slice(x)));
                    }
                }
                Op::Output(output) => {
                    let of = values[node.inputs[0]].as_ref();
                    let one = of.map(|of| Arc::clone(&of[*output]));
                    ready.push((*id, one.into_iter().collect()));
                }
                #[cfg(feature = "ta")]
                Op::Indicator(indicator, parameters) => {
                    let inputs: Vec<&[f64]> = (0..node.inputs.len()).map(input).collect();
                    crate::indicators::tasks(
                        indicator,
                        parameters,
                        inputs,
                        context.stable,
                        rows,
                        outs,
                        &mut tasks,
                    );
                }
            }
        }
        for ((inputs, clock), wanted) in rolls {
            let inputs = inputs.iter().map(|input| column(values, *input)).collect();
            rolling_tasks(inputs, &context.rows[clock], wanted, &mut tasks);
        }
        tasks.into_par_iter().for_each(|task| task());
    }
    let mut all: Vec<Values> =
        made.into_iter().map(|outs| outs.into_iter().map(Arc::new).collect()).collect();
    for (id, values) in ready {
        if let Some(place) = batch.iter().position(|other| *other == id) {
            all[place] = values;
        }
    }
    all
}

/// A rolling function with its window and its output.
type RollingInto<'a> = (Rolling, Window, &'a mut [f64]);

/// The number of columns that a node gives.
fn outputs(node: &Node) -> usize {
    match &node.op {
        #[cfg(feature = "ta")]
        Op::Indicator(indicator, _) => indicator.outputs().len(),
        // That of the node before it is passed on.
        Op::Output(_) => 0,
        _ => 1,
    }
}

/// The only column of a node.
fn column(values: &[Option<Values>], node: NodeId) -> &[f64] {
    values[node].as_ref().and_then(|values| values.first()).map_or(&[], |column| column)
}

/// Cuts a column at ascending ranges; the rows outside of them become missing.
pub(crate) fn pieces<'o>(
    mut out: &'o mut [f64],
    ranges: &[Range<usize>],
) -> Vec<(Range<usize>, &'o mut [f64])> {
    let mut pieces = Vec::with_capacity(ranges.len());
    let mut done = 0;
    for range in ranges {
        let (between, rest) = out.split_at_mut(range.start - done);
        between.fill(f64::NAN);
        let (piece, rest) = rest.split_at_mut(range.len());
        pieces.push((range.clone(), piece));
        (out, done) = (rest, range.end);
    }
    out.fill(f64::NAN);
    pieces
}

/// Cuts a column at runs, and these into pieces of so many rows; each with the start of its run.
pub(crate) fn chunked<'o>(
    out: &'o mut [f64],
    runs: &[Range<usize>],
    chunk: usize,
) -> Vec<(usize, Range<usize>, &'o mut [f64])> {
    let mut all = Vec::new();
    for (run, out) in pieces(out, runs) {
        let mut start = run.start;
        for out in out.chunks_mut(chunk) {
            let rows = start..start + out.len();
            start = rows.end;
            all.push((run.start, rows, out));
        }
    }
    all
}

fn missing_outside(out: &mut [f64], runs: &[Range<usize>]) {
    drop(pieces(out, runs));
}

fn map_tasks<'a>(
    tape: &'a Tape,
    columns: Vec<&'a [f64]>,
    rows: &Rows,
    out: &'a mut [f64],
    tasks: &mut Vec<Task<'a>>,
) {
    let columns = columns.into_iter().map(|values| Span { values, first: 0 });
    let columns: Arc<[Span<'a>]> = columns.collect();
    for (start, range, out) in chunked(out, &rows.runs, CHUNK) {
        let columns = Arc::clone(&columns);
        tasks.push(Box::new(move || tape.run(&columns, start, range, out)));
    }
}

fn rolling_tasks<'a>(
    inputs: Vec<&'a [f64]>,
    rows: &Rows,
    mut wanted: Vec<RollingInto<'a>>,
    tasks: &mut Vec<Task<'a>>,
) {
    let inputs: Arc<[&'a [f64]]> = inputs.into();
    let longest = wanted.iter().map(|(_, window, _)| window.rows()).max().unwrap_or(1);
    let chunk = CHUNK.max(4 * longest);
    // The pieces of all outputs, chunk by chunk.
    let mut chunks: Vec<(usize, Range<usize>, Vec<RollingInto<'a>>)> = Vec::new();
    for (rolling, window, out) in wanted.drain(..) {
        for (place, (start, range, out)) in chunked(out, &rows.runs, chunk).into_iter().enumerate()
        {
            if chunks.len() == place {
                chunks.push((start, range, Vec::new()));
            }
            chunks[place].2.push((rolling, window, out));
        }
    }
    for (start, range, mut wanted) in chunks {
        let inputs = Arc::clone(&inputs);
        tasks.push(Box::new(move || {
            let first = start.max((range.start + 1).saturating_sub(longest));
            let inputs: Vec<&[f64]> = inputs.iter().map(|x| &x[first..range.end]).collect();
            rolling::apply_many(&inputs, &mut wanted);
        }));
    }
}

/// The rows that sums go over.
fn periods(rows: &Rows, since: Since, anchor: Anchor) -> Vec<Range<usize>> {
    rows.periods(match since {
        Since::Segment => None,
        Since::Period(interval) => Some((interval, anchor)),
    })
}

/// The mean price since the start of a period, weighted by volume.
fn vwap([high, low, close, volume]: [&[f64]; 4], out: &mut [f64]) {
    let (mut money, mut weight) = (Recursive::CumSum.start(), Recursive::CumSum.start());
    for (row, out) in out.iter_mut().enumerate() {
        let price = (high[row] + low[row] + close[row]) / 3.0;
        let (money, weight) = (money.push(price * volume[row]), weight.push(volume[row]));
        *out = crate::map::finite(money / weight);
    }
}

/// Takes away the values of a function with memory until what came before weighs little: after the
/// first present row, and, where a missing row makes it start again, after each of these.
fn take_unstable(recursive: Recursive, x: &[f64], out: &mut [f64]) {
    let Some(warm_up) = recursive.warm_up() else { return };
    let restarts = matches!(recursive, Recursive::Ema { .. });
    let mut since = None;
    for (x, out) in x.iter().zip(out) {
        since = match (x.is_nan(), since) {
            (true, _) if restarts => None,
            (true, since) => since.map(|rows: usize| rows + 1),
            (false, since) => Some(since.map_or(0, |rows| rows + 1)),
        };
        if since.is_none_or(|rows| rows < warm_up) {
            *out = f64::NAN;
        }
    }
}

/// Applies a function to the values that symbols have at equal closes.
fn crossed(
    cross: barloom_bars::Across,
    by: Option<&Vec<Option<usize>>>,
    rows: &Rows,
    x: &[f64],
    out: &mut [f64],
) {
    out.fill(f64::NAN);
    // Rows by their close, of one close by series, so that sums have one order.
    let mut all: Vec<(i64, Option<usize>, usize)> = Vec::new();
    for (index, range) in &rows.series {
        let group = match by {
            None => Some(0),
            Some(by) => by.get(*index).copied().flatten(),
        };
        if group.is_some() {
            let present = range.clone().filter(|row| !x[*row].is_nan());
            all.extend(present.map(|row| (rows.closes()[row], group, row)));
        }
    }
    all.par_sort_unstable();
    let (mut values, mut spare) = (Vec::new(), Vec::new());
    for same in all.chunk_by(|a, b| (a.0, a.1) == (b.0, b.1)) {
        values.clear();
        values.extend(same.iter().map(|(_, _, row)| x[*row]));
        cross.apply(&mut values, &mut spare);
        for ((_, _, row), value) in same.iter().zip(&values) {
            out[*row] = *value;
        }
    }
}
