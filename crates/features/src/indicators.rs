//! Calls of TA-Lib's indicators as nodes, and their values.

use barloom_memory::Column;

use crate::error::nearest;
use crate::evaluate::{Task, chunked};
use crate::functions::{Argument, Takes};
use crate::graph::{ClockId, NodeId, Op};
use crate::lower::{Lower, Made, bind, fault};
use crate::rows::Rows;
use crate::syntax::{Call, Expr, Kind};
use crate::ta::{self, Indicator, Input, Parameter, WarmUp};

impl Lower<'_> {
    /// The node of a call of an indicator.
    pub(crate) fn indicator(
        &mut self,
        name: &str,
        call: &Call,
        output: Option<(&str, usize)>,
        at: usize,
        clock: ClockId,
    ) -> Made<NodeId> {
        let Some(indicator) = ta::find(name) else {
            return fault(at, unknown(name));
        };
        let columns = indicator.inputs().iter().filter_map(|input| match input {
            Input::Column(name) => Some(Argument { name, takes: Takes::Column, optional: false }),
            _ => None,
        });
        let parameters = indicator.parameters().iter();
        let parameters = parameters.map(|one| Argument {
            name: &one.name,
            takes: Takes::Number,
            optional: true,
        });
        let given = columns.clone().count();
        let arguments: Vec<Argument> = columns.chain(parameters).collect();
        let bound = bind(&signature(indicator), &arguments, call, at)?;
        let mut inputs = Vec::new();
        let mut columns = bound[..given].iter();
        for input in indicator.inputs() {
            inputs.push(match (input, columns.as_slice().first()) {
                (Input::Column(_), Some(of)) => {
                    columns.next();
                    self.expr(of[0], clock)?
                }
                (price, _) => self.column(price.name(), at, clock),
            });
        }
        let mut values = indicator.defaults();
        for ((value, parameter), of) in
            values.iter_mut().zip(indicator.parameters()).zip(&bound[given..])
        {
            if let Some(expr) = of.first() {
                *value = self.parameter(parameter, expr, clock)?;
            }
        }
        if let Err(error) = indicator.check(&values) {
            return fault(at, error.to_string());
        }
        let names = indicator.outputs();
        let place = match (output, names) {
            (None, [_]) => 0,
            (None, _) => {
                let problem = format!(
                    "`ta.{name}` has the outputs {}; name one: `ta.{name}(...).{}`",
                    names.join(", "),
                    names[0]
                );
                return fault(at, problem);
            }
            (Some((wanted, at)), _) => match names.iter().position(|known| known == wanted) {
                Some(place) => place,
                None => {
                    let hint = nearest(wanted, names.iter().map(String::as_str));
                    let problem = format!(
                        "`ta.{name}` has no output `{wanted}`{hint}{} It has {}",
                        if hint.is_empty() { "." } else { "" },
                        names.join(", ")
                    );
                    return fault(at, problem);
                }
            },
        };
        if self.indicated.is_none() {
            self.indicated = Some(self.used(at));
        }
        let node = self.graph.node(Op::Indicator(indicator, values), inputs, clock);
        Ok(self.graph.node(Op::Output(place), vec![node], clock))
    }

    fn parameter(&mut self, of: &Parameter, expr: &Expr, clock: ClockId) -> Made<f64> {
        if let Kind::Text(word) = &expr.kind {
            return of.word(word).map_or_else(
                || {
                    fault(
                        expr.at,
                        format!("{} is '{word}'; expected {}", of.name, of.allowed_text()),
                    )
                },
                Ok,
            );
        }
        self.number(expr, clock)
    }
}

/// The name of an indicator with its arguments: `ta.rsi(real, timeperiod=14)`.
pub(crate) fn signature(indicator: &Indicator) -> String {
    let columns = indicator.inputs().iter().filter_map(|input| match input {
        Input::Column(name) => Some(name.clone()),
        _ => None,
    });
    let parameters = indicator.parameters().iter();
    let parameters = parameters.map(|one| format!("{}={}", one.name, one.default));
    let arguments: Vec<String> = columns.chain(parameters).collect();
    format!("ta.{}({})", indicator.name(), arguments.join(", "))
}

/// The message for an indicator that does not exist.
fn unknown(name: &str) -> String {
    let lower = name.to_lowercase();
    if let Some(reason) = ta::refusal(&lower) {
        return format!("`ta.{name}` is not offered: {reason}");
    }
    if ta::find(&lower).is_some() {
        return format!("there is no indicator `ta.{name}`; write `ta.{lower}`");
    }
    let hint = nearest(&lower, ta::all().iter().map(Indicator::name));
    format!("TA-Lib has no indicator `{name}`{hint}")
}

/// The begin of a run, rows of it, and the place of all outputs for these rows.
type Piece<'a> = (usize, std::ops::Range<usize>, Vec<&'a mut [f64]>);

/// The work of an indicator over runs. A function of the last rows is cut into pieces.
pub(crate) fn tasks<'a>(
    indicator: &'static Indicator,
    parameters: &'a [f64],
    inputs: Vec<&'a [f64]>,
    stable: bool,
    rows: &Rows,
    outs: &'a mut [Column<f64>],
    tasks: &mut Vec<Task<'a>>,
) {
    let inputs: std::sync::Arc<[&'a [f64]]> = inputs.into();
    let (chunk, history) = match indicator.warm_up(parameters) {
        WarmUp::Finite { rows } => (crate::evaluate::CHUNK.max(4 * rows), rows - 1),
        _ => (usize::MAX, 0),
    };
    let warm_up = match indicator.warm_up(parameters) {
        WarmUp::Recursive { rows } if stable => rows,
        _ => 0,
    };
    let mut all: Vec<Piece<'a>> = Vec::new();
    for out in outs {
        for (place, (start, range, out)) in chunked(out, &rows.runs, chunk).into_iter().enumerate()
        {
            if all.len() == place {
                all.push((start, range, Vec::new()));
            }
            all[place].2.push(out);
        }
    }
    for (start, range, mut outs) in all {
        let inputs = std::sync::Arc::clone(&inputs);
        tasks.push(Box::new(move || {
            let first = start.max(range.start.saturating_sub(history));
            let inputs: Vec<&[f64]> = inputs.iter().map(|x| &x[first..range.end]).collect();
            let before = range.start - first;
            let failed = if before == 0 {
                indicator.compute(parameters, &inputs, &mut outs).is_err()
            } else {
                let mut whole: Vec<Vec<f64>> =
                    outs.iter().map(|_| vec![0.0; range.end - first]).collect();
                let mut into: Vec<&mut [f64]> = whole.iter_mut().map(Vec::as_mut_slice).collect();
                let failed = indicator.compute(parameters, &inputs, &mut into).is_err();
                for (out, whole) in outs.iter_mut().zip(&whole) {
                    out.copy_from_slice(&whole[before..]);
                }
                failed
            };
            // Parameters were checked with the expression, and the length of runs before.
            debug_assert!(!failed, "{}", indicator.name());
            if failed {
                outs.iter_mut().for_each(|out| out.fill(f64::NAN));
            }
            if warm_up > 0 {
                take_unstable(&inputs, warm_up, &mut outs);
            }
        }));
    }
}

/// Takes away the first values after each row that is missing in an input, where an indicator
/// starts afresh.
fn take_unstable(inputs: &[&[f64]], warm_up: usize, outs: &mut [&mut [f64]]) {
    let mut since = 0;
    for row in 0..outs.first().map_or(0, |out| out.len()) {
        let present = inputs.iter().all(|x| x[row].abs() <= ta::LARGEST_INPUT);
        since = if present { since + 1 } else { 0 };
        if since <= warm_up {
            outs.iter_mut().for_each(|out| out[row] = f64::NAN);
        }
    }
}

/// The rows of a run that an indicator takes at most.
pub(crate) const LONGEST_RUN: usize = 100_000_001;
