//! Arguments of calls: bound to a function's, and read as constants.

use barloom_bars::Interval;

use crate::error::nearest;
use crate::functions::{Argument, OWN, Takes};
use crate::graph::Since;
use crate::syntax::{Call, Expr, Kind};

use super::{Bound, Made, fault};

/// The arguments of a call in the order of a function's, each with its expressions.
///
/// # Errors
/// Too many, too few, an unknown name, one given twice.
pub(crate) fn bind<'c>(
    signature: &str,
    arguments: &[Argument],
    call: &'c Call,
    at: usize,
) -> Made<Bound<'c>> {
    let mut bound: Bound<'c> = vec![Vec::new(); arguments.len()];
    let mut place = 0;
    for given in &call.arguments {
        let to = match &given.name {
            Some(name) => match arguments.iter().position(|known| known.name == *name) {
                Some(to) => to,
                None => {
                    let names = arguments.iter().map(|known| known.name);
                    let hint = nearest(name, names);
                    let problem = format!("`{signature}` has no argument `{name}`{hint}");
                    return fault(given.value.at, problem);
                }
            },
            None => {
                let to = place;
                let many = arguments.get(to).is_some_and(|known| known.takes == Takes::Columns);
                place += usize::from(!many);
                to
            }
        };
        let Some(known) = arguments.get(to) else {
            let problem = format!("too many arguments for `{signature}`");
            return fault(given.value.at, problem);
        };
        if !bound[to].is_empty() && known.takes != Takes::Columns {
            return fault(given.value.at, format!("`{}` is given twice", known.name));
        }
        bound[to].push(&given.value);
    }
    let missing = arguments.iter().zip(&bound).find(|(known, of)| !known.optional && of.is_empty());
    if let Some((known, _)) = missing {
        let problem = format!("`{}` is missing in `{signature}`", known.name);
        return fault(at, problem);
    }
    Ok(bound)
}

pub(super) fn text(expr: &Expr) -> Made<&str> {
    match &expr.kind {
        Kind::Text(text) => Ok(text),
        _ => fault(expr.at, "expected a string in quotes"),
    }
}

pub(super) fn interval(expr: &Expr) -> Made<Interval> {
    let text = text(expr)?;
    text.parse().or_else(|_| {
        fault(expr.at, format!("'{text}' is no length of bars; expected {}", Interval::EXPECTED))
    })
}

pub(super) fn since(expr: &Expr) -> Made<Since> {
    match text(expr)? {
        "segment" => Ok(Since::Segment),
        other => match other.parse() {
            Ok(interval) => Ok(Since::Period(interval)),
            Err(_) => fault(
                expr.at,
                format!(
                    "'{other}' is no start of a sum; expected 'segment', or a period such as '1d'"
                ),
            ),
        },
    }
}

/// The message for a function that does not exist.
pub(super) fn unknown(name: &str) -> String {
    let instead = match name {
        "shift" | "Ref" | "ref" | "delay" => Some("lag(x, n)"),
        "diff" => Some("delta(x, n)"),
        "ln" => Some("log(x)"),
        "max" | "maximum" => Some("max(x, n) over rows, greatest(a, b) of two values"),
        "minimum" => Some("least(a, b)"),
        "sma" | "ma" | "Mean" | "rolling_mean" => Some("mean(x, n)"),
        "stddev" | "stdev" => Some("std(x, n)"),
        "if" | "iif" | "If" | "np.where" => Some("where(condition, a, b)"),
        "ewm" | "ewma" => Some("ewm_mean(x, span=n)"),
        "fillna" | "nvl" => Some("coalesce(x, y)"),
        "pow" | "power" => Some("x ** y"),
        "hour" | "minute" => Some("time_of_day()"),
        "weekday" | "dayofweek" => Some("day_of_week()"),
        _ => None,
    };
    if let Some(instead) = instead {
        return format!("there is no function `{name}`; use `{instead}`");
    }
    #[cfg(feature = "ta")]
    if crate::ta::find(name).is_some() {
        return format!("there is no function `{name}`; TA-Lib's is `ta.{name}`");
    }
    let hint = nearest(name, OWN.iter().map(|function| function.name));
    format!("there is no function `{name}`{hint}")
}
