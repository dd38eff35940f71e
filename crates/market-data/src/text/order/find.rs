//! The order of columns that rows alone tell.

use super::volume::is_unknown_text;
use super::{Bar, Columns, WIDEST, bars};
use crate::number::Numbers;
use crate::text::clock::Clock;
use crate::text::sample::Sample;

/// Steps that a decision between open and close needs.
const STEPS: usize = 9;
/// Rows that a decision needs.
const ROWS: usize = 5;

/// Names of columns in their order.
#[derive(Debug, PartialEq)]
pub(in crate::text) enum Order {
    /// The only one that rows allow; an empty name is of a column that is passed over.
    Certain(Vec<String>),
    /// Either of two orders: rows do not tell the open from the close.
    Either(Vec<String>),
}

/// Finds the order of columns, if the rows tell it.
pub(in crate::text) fn find(sample: &Sample, clock: &Clock, numbers: Numbers) -> Option<Order> {
    if sample.len() < ROWS || sample.width() > super::COLUMNS {
        return None;
    }
    let (time, time_of_day, times) = find_time(sample, clock)?;
    let columns = Columns::of(sample, numbers, Some(times));
    let is_known = |at: usize| at == time || Some(at) == time_of_day;
    if (0..sample.width()).any(|at| !is_known(at) && is_unknown_text(&columns, at)) {
        // It may be symbols, or anything.
        return None;
    }
    let numeric: Vec<usize> = columns.numeric().into_iter().filter(|at| !is_known(*at)).collect();
    let (bar, is_certain) = find_bar(&columns, &numeric)?;
    let rest: Vec<usize> = numeric.iter().copied().filter(|at| !bar.contains(at)).collect();
    let volume = find_volume(&columns, bar, &rest)?;
    let mut names = vec![String::new(); sample.width()];
    let mut name = |at: usize, name: &str| names[at] = name.to_owned();
    match time_of_day {
        None => name(time, "time"),
        Some(at) => {
            name(time, "date");
            name(at, "time");
        }
    }
    for (at, role) in bar.into_iter().zip(barloom_bars::PRICE_COLUMNS) {
        name(at, role);
    }
    volume.into_iter().for_each(|at| name(at, "volume"));
    let adjusted = |at: &&usize| Some(**at) != volume && columns.is_adjusted(**at, bar);
    let mut adjusted = rest.iter().filter(adjusted);
    if let (Some(at), None) = (adjusted.next(), adjusted.next()) {
        name(*at, "adj_close");
    }
    Some(if is_certain { Order::Certain(names) } else { Order::Either(names) })
}

type Time = (usize, Option<usize>, Vec<i64>);

/// The only column of times, or the only pair of a date and a time of day. Of two columns the one
/// that is before the other in every row, as times of opening are before those of closing.
fn find_time(sample: &Sample, clock: &Clock) -> Option<Time> {
    let all: Vec<usize> = (0..sample.width()).collect();
    let of = |at: usize| {
        let times = sample.times(at, None, clock)?;
        sample.is_monotone(&times).then_some((at, None, times))
    };
    let mut found: Vec<Time> = all.iter().filter_map(|at| of(*at)).collect();
    if found.is_empty() {
        let is_clock = |at: &usize| sample.fields(*at).all(|field| field.contains(':'));
        let clocks = all.iter().copied().filter(is_clock);
        for of_day in clocks {
            let pair = |date: &usize| {
                let times = sample.times(*date, Some(of_day), clock)?;
                sample.is_monotone(&times).then_some((*date, Some(of_day), times))
            };
            found.extend(all.iter().filter(|at| **at != of_day).filter_map(pair));
        }
    }
    match &mut found[..] {
        [one] => Some(std::mem::take(one)),
        [one, other] => {
            let columns =
                Columns::of(sample, Numbers::of(&Default::default()), Some(one.2.clone()));
            if columns.are_beside(&one.2, &other.2) {
                Some(std::mem::take(one))
            } else if columns.are_beside(&other.2, &one.2) {
                Some(std::mem::take(other))
            } else {
                None
            }
        }
        _ => None,
    }
}

/// Open, high, low and close, and whether it is certain which is the open and which the close.
fn find_bar(columns: &Columns<'_>, numeric: &[usize]) -> Option<(Bar, bool)> {
    let is_one = |bar: &Bar| {
        let spread = columns.spread(*bar);
        columns.broken(*bar, 0) == 0 && spread > 0.0 && spread <= libm::log(WIDEST)
    };
    let fitting: Vec<Bar> = bars(numeric).into_iter().filter(is_one).collect();
    let first = *fitting.first()?;
    let same = |a: usize, b: usize| columns.are_same(a, b);
    if !fitting.iter().all(|bar| same(bar[1], first[1]) && same(bar[2], first[2])) {
        return None;
    }
    // Of columns with the same values it does not matter which is taken.
    let is_other = |bar: &Bar, than: &Bar| !same(bar[0], than[0]) || !same(bar[3], than[3]);
    let beats = |one: &Bar, other: &Bar| {
        let (wins, losses) = columns.nearer((one[0], one[3]), (other[0], other[3]));
        let steps = wins + losses;
        steps >= STEPS && wins as f64 - losses as f64 >= 3.0 * (steps as f64).sqrt()
    };
    let beats_all = |one: &&Bar| {
        fitting.iter().filter(|other| is_other(other, one)).all(|other| beats(one, other))
    };
    if let Some(best) = fitting.iter().find(beats_all) {
        return Some((*best, true));
    }
    let inner: Vec<usize> = fitting.iter().map(|bar| bar[0]).collect();
    let pair = |bar: &Bar| (bar[0].min(bar[3]), bar[0].max(bar[3]));
    let alone = fitting.iter().all(|bar| pair(bar) == pair(&first));
    let open = inner.into_iter().min()?;
    let bar = fitting.iter().find(|bar| bar[0] == open)?;
    alone.then_some((*bar, false))
}

/// The column of volumes, if there is one; none at all if it may be one of several.
fn find_volume(columns: &Columns<'_>, bar: Bar, rest: &[usize]) -> Option<Option<usize>> {
    let volumes = columns.volumes(rest, bar);
    match volumes[..] {
        [] => Some(None),
        [one] => Some(Some(one)),
        _ => {
            let is_one = |at: &&usize| {
                let mut others = volumes.iter().filter(|other| *other != *at);
                others.all(|other| columns.is_volume_beside(**at, *other, bar))
            };
            let mut found = volumes.iter().filter(is_one);
            match (found.next(), found.next()) {
                (Some(one), None) => Some(Some(*one)),
                _ => None,
            }
        }
    }
}
