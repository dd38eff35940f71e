//! The order of columns in text without a header, by what its rows hold.
//!
//! Without a header columns are taken for those that most files have: time, open, high, low, close,
//! volume. That is a guess, so rows must not contradict it. Three rules tell columns apart: the
//! high is the greatest price of a row and the low the least; the open is near the close of the row
//! before; the volume is neither a price nor negative. Where another order breaks fewer of them,
//! the text is not read; it is an order to propose only if every other one breaks them clearly.

use super::clock::Clock;
use super::sample::Sample;
use crate::MarketDataError;
use crate::number::Numbers;
use crate::roles::{Roles, roles};
use crate::table::Kind;

mod find;
mod volume;

pub(super) use find::{Order, find};

/// The most columns whose order can be found.
const COLUMNS: usize = 12;
/// Prices that differ less, relative to their size, are equal.
const SLACK: f64 = 1e-9;
/// A high above its low by more than this ratio, on average, is no price.
const WIDEST: f64 = 2.0;

/// Columns of open, high, low and close.
pub(super) type Bar = [usize; 4];

/// Columns of numbers, and which rows follow each other.
pub(super) struct Columns<'s> {
    sample: &'s Sample,
    /// The numbers of each column, if it holds nothing else.
    values: Vec<Option<Vec<f64>>>,
    times: Option<Vec<i64>>,
    steps: Vec<(usize, usize)>,
}

impl<'s> Columns<'s> {
    /// The columns of rows at these times, if the times are known.
    pub(super) fn of(sample: &'s Sample, numbers: Numbers, times: Option<Vec<i64>>) -> Self {
        let values = (0..sample.width()).map(|at| sample.numbers(at, numbers)).collect();
        let steps = sample.steps(times.as_deref());
        Self { sample, values, times, steps }
    }

    fn rows(&self) -> usize {
        self.sample.len()
    }

    fn column(&self, at: usize) -> &[f64] {
        self.values.get(at).and_then(Option::as_deref).unwrap_or_default()
    }

    /// Columns with at least one number and nothing else.
    fn numeric(&self) -> Vec<usize> {
        let is_one = |at: &usize| self.column(*at).iter().any(|x| !x.is_nan());
        (0..self.values.len()).filter(is_one).collect()
    }

    /// A column that holds something else than numbers.
    fn is_text(&self, at: usize) -> bool {
        self.values[at].is_none()
    }

    /// A column as times, if it holds nothing else.
    fn times_of(&self, at: usize) -> Option<Vec<i64>> {
        self.sample.times(at, None, &Clock::Told)
    }

    /// Tells whether each of the first times is before that of the same row, by two steps at most.
    fn are_beside(&self, first: &[i64], second: &[i64]) -> bool {
        let step = |(a, b): &(usize, usize)| second[*a].abs_diff(second[*b]) as i64;
        let mut steps: Vec<i64> = self.steps.iter().map(step).collect();
        steps.sort_unstable();
        let Some(step) = steps.get(steps.len() / 2) else { return false };
        let is_before = |(first, second): (&i64, &i64)| {
            let apart = second.saturating_sub(*first);
            apart > 0 && apart <= step.saturating_mul(2)
        };
        first.iter().zip(second).all(is_before)
    }

    /// The rows whose high is not the greatest price or whose low is not the least, counted until
    /// they are more than `most`.
    fn broken(&self, [open, high, low, close]: Bar, most: usize) -> usize {
        let [open, high, low, close] = [open, high, low, close].map(|at| self.column(at));
        let mut broken = 0;
        for row in 0..self.rows() {
            let slack = SLACK * high[row].abs();
            let (top, bottom) = (high[row] + slack, low[row] - slack);
            let is_broken = open[row].max(close[row]).max(low[row]) > top
                || open[row].min(close[row]).min(high[row]) < bottom;
            broken += usize::from(is_broken);
            if broken > most {
                break;
            }
        }
        broken
    }

    /// The mean of ln(high / low); infinite if prices are not positive.
    fn spread(&self, [_, high, low, _]: Bar) -> f64 {
        let rows = self.column(high).iter().zip(self.column(low));
        let rows: Vec<f64> = rows
            .filter(|(high, low)| !high.is_nan() && !low.is_nan())
            .map(|(high, low)| if *low > 0.0 { libm::log(high / low) } else { f64::INFINITY })
            .collect();
        rows.iter().sum::<f64>() / rows.len().max(1) as f64
    }

    /// Tells whether two columns hold the same numbers.
    fn are_same(&self, a: usize, b: usize) -> bool {
        let same =
            |(a, b): (&f64, &f64)| (a - b).abs() <= SLACK * a.abs() || a.is_nan() && b.is_nan();
        a == b || self.column(a).iter().zip(self.column(b)).all(same)
    }

    /// In how many steps the open is nearer to the close before with the first pair of open and
    /// close than with the second; and in how many with the second than with the first.
    fn nearer(&self, one: (usize, usize), other: (usize, usize)) -> (usize, usize) {
        let jump = |(open, close): (usize, usize), (before, after): (usize, usize)| {
            (self.column(open)[after] - self.column(close)[before]).abs()
        };
        let (mut first, mut second) = (0, 0);
        for step in &self.steps {
            let (a, b) = (jump(one, *step), jump(other, *step));
            let slack = SLACK * self.column(one.0)[step.1].abs();
            first += usize::from(a + slack < b);
            second += usize::from(b + slack < a);
        }
        (first, second)
    }
}

/// Checks that rows do not contradict what columns are taken for.
///
/// # Errors
/// They do: the error says why, and in what order the columns are if the rows tell it.
pub(super) fn check(
    file: &str,
    header: &[String],
    sample: &Sample,
    clock: &Clock,
    numbers: Numbers,
) -> Result<(), MarketDataError> {
    let roles = roles(header);
    let times = roles.time.and_then(|time| sample.times(time, roles.time_of_day, clock));
    let columns = Columns::of(sample, numbers, times);
    let Some(why) = contradiction(&columns, &roles) else { return Ok(()) };
    let order = match find(sample, clock, numbers) {
        Some(Order::Certain(names)) => {
            format!("By its rows they are {}", listed(&names))
        }
        Some(Order::Either(names)) => format!(
            "By its rows they are {}, or close stands before open, which they do not tell",
            listed(&names)
        ),
        None => "Its rows do not tell the order".into(),
    };
    let problem = format!(
        "it has no header, and its columns are not {}: {why}. {order}. Name the columns: \
         csv.names = [...], or put a header above the rows",
        header.join(", ")
    );
    Err(MarketDataError::file(file, problem))
}

/// `time, open, -, close`.
fn listed(names: &[String]) -> String {
    let shown: Vec<&str> =
        names.iter().map(|name| if name.is_empty() { "-" } else { name }).collect();
    shown.join(", ")
}

/// Tells why columns are not what they are taken for; none if rows do not contradict it.
fn contradiction(columns: &Columns<'_>, roles: &Roles) -> Option<String> {
    if columns.rows() == 0 {
        return None;
    }
    if columns.sample.width() > COLUMNS {
        return Some(format!("it has {} columns", columns.sample.width()));
    }
    if roles.kind == Kind::Trades {
        return volume::contradicts_trades(columns, roles);
    }
    let at = |role: &str| roles.values.iter().find(|(_, name)| name == role).map(|(at, _)| *at);
    let bar = [at("open")?, at("high")?, at("low")?, at("close")?];
    if bar.iter().any(|at| columns.is_text(*at)) {
        // The error of the cell says more.
        return None;
    }
    let known = [roles.time, roles.time_of_day, roles.symbol];
    let others: Vec<usize> = (0..columns.sample.width())
        .filter(|at| !bar.contains(at) && !known.contains(&Some(*at)))
        .collect();
    contradicts_times(columns, roles.time, &others)
        .or_else(|| contradicts_bar(columns, bar, &others))
        .or_else(|| volume::contradicts(columns, bar, (at("volume"), at("close_time")), &others))
        .or_else(|| volume::contradicts_klines(columns, bar, roles))
}

fn contradicts_times(
    columns: &Columns<'_>,
    time: Option<usize>,
    others: &[usize],
) -> Option<String> {
    let time = time? + 1;
    for at in others {
        let Some(others) = columns.times_of(*at) else { continue };
        let at = at + 1;
        let Some(times) = &columns.times else {
            if columns.sample.is_monotone(&others) {
                return Some(format!("column {time} holds no times, column {at} does"));
            }
            continue;
        };
        if columns.are_beside(&others, times) {
            return Some(format!("the times of column {at} are before those of column {time}"));
        }
    }
    None
}

fn contradicts_bar(columns: &Columns<'_>, bar: Bar, others: &[usize]) -> Option<String> {
    let [open, high, low, close] = bar.map(|at| at + 1);
    let broken = columns.broken(bar, usize::MAX);
    let rows = columns.rows();
    let ranges = || {
        Some(format!(
            "in {broken} of {rows} rows column {high} is not the highest price or column {low} not \
             the lowest"
        ))
    };
    if 2 * broken >= rows {
        return ranges();
    }
    let spread = columns.spread(bar);
    if rows > 1 && spread > libm::log(WIDEST) && spread.is_finite() {
        return Some(format!("column {high} is far above column {low}"));
    }
    let numeric = columns.numeric();
    let prices: Vec<usize> =
        others.iter().copied().filter(|at| numeric.contains(at)).chain(bar).collect();
    for other in bars(&prices) {
        let breaks = columns.broken(other, broken);
        if other == bar || breaks > broken || columns.spread(other) > libm::log(WIDEST) {
            continue;
        }
        if breaks < broken {
            return ranges();
        }
        if rows < 2 {
            continue;
        }
        let [first, top, bottom, last] = other.map(|at| at + 1);
        if is_within(columns, other, bar) {
            return Some(format!("columns {top} and {bottom} are closer bounds of the prices"));
        }
        let bounds = columns.are_same(other[1], bar[1]) && columns.are_same(other[2], bar[2]);
        let (here, there) = columns.nearer((bar[0], bar[3]), (other[0], other[3]));
        if bounds && is_preferred(there, here) {
            return Some(format!(
                "in {there} of {} steps column {first} is nearer to column {last} of the row before \
                 than column {open} is to column {close}",
                there + here
            ));
        }
    }
    None
}

/// Tells whether one reading has more of the steps: few steps decide by their number, many only if
/// it is no chance.
fn is_preferred(one: usize, other: usize) -> bool {
    let steps = one + other;
    let margin = if steps <= 20 { 0.0 } else { 2.0 * (steps as f64).sqrt() };
    one as f64 > other as f64 + margin
}

/// Tells whether the range of one bar lies within that of another in every row, and is narrower.
fn is_within(columns: &Columns<'_>, one: Bar, other: Bar) -> bool {
    let [(high, low), (top, bottom)] =
        [one, other].map(|bar| (columns.column(bar[1]), columns.column(bar[2])));
    let mut narrower = 0;
    for row in 0..columns.rows() {
        let slack = SLACK * top[row].abs();
        if high[row] > top[row] + slack || low[row] < bottom[row] - slack {
            return false;
        }
        narrower += usize::from(top[row] - high[row] + low[row] - bottom[row] > 2.0 * slack);
    }
    narrower > 0
}

/// All bars that columns could make.
fn bars(columns: &[usize]) -> Vec<Bar> {
    let mut bars = Vec::new();
    for high in columns {
        for low in columns.iter().filter(|low| *low != high) {
            for open in columns.iter().filter(|open| ![high, low].contains(open)) {
                for close in columns.iter().filter(|close| ![high, low, open].contains(close)) {
                    bars.push([*open, *high, *low, *close]);
                }
            }
        }
    }
    bars
}
