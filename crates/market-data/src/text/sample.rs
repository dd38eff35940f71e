//! Some rows of a text, taken from all over it, with their columns as numbers and times.

use super::clock::Clock;
use super::layout::reader;
use crate::number::Numbers;
use crate::table::NO_TIME;
use crate::time::{Written, of_slashed};

/// Text up to this many bytes is looked at whole.
const WHOLE: usize = 64 << 10;
/// Places of a longer text that are looked at, and rows from each.
const PIECES: usize = 8;
const ROWS: usize = 64;

/// Rows of a text, all of one width.
#[derive(Default)]
pub(super) struct Sample {
    rows: Vec<csv::StringRecord>,
    /// True if a row stands right below the one before it.
    follows: Vec<bool>,
    width: usize,
}

impl Sample {
    /// Takes rows of so many fields; others are left out.
    pub(super) fn of(text: &[u8], separator: u8, width: usize) -> Self {
        let mut sample = Self { width, ..Self::default() };
        if text.len() <= WHOLE {
            sample.add(text, separator, usize::MAX);
            return sample;
        }
        for piece in 0..PIECES {
            let from = piece * (text.len() / PIECES);
            let line = match piece {
                0 => 0,
                _ => memchr::memchr(b'\n', &text[from..]).map_or(text.len(), |at| from + at + 1),
            };
            sample.add(&text[line..], separator, ROWS);
        }
        sample
    }

    /// Takes rows that are split into fields, in their order.
    pub(super) fn of_rows(rows: &[csv::StringRecord], width: usize) -> Self {
        let mut sample = Self { width, ..Self::default() };
        rows.iter().for_each(|row| sample.push(row.clone(), true));
        sample
    }

    fn add(&mut self, text: &[u8], separator: u8, most: usize) {
        let records = reader(text, separator).into_byte_records();
        let records = records.map_while(Result::ok).take(most);
        let mut follows = false;
        for record in records {
            self.push(csv::StringRecord::from_byte_record_lossy(record), follows);
            follows = true;
        }
    }

    fn push(&mut self, row: csv::StringRecord, follows: bool) {
        if row.len() == self.width {
            self.follows.push(follows && !self.rows.is_empty());
            self.rows.push(row);
        }
    }

    pub(super) fn len(&self) -> usize {
        self.rows.len()
    }

    pub(super) fn width(&self) -> usize {
        self.width
    }

    pub(super) fn fields(&self, column: usize) -> impl Iterator<Item = &str> {
        self.rows.iter().map(move |row| &row[column])
    }

    /// Pairs of a row and the one below it.
    pub(super) fn pairs(&self) -> impl Iterator<Item = (usize, usize)> {
        (1..self.rows.len()).filter(|row| self.follows[*row]).map(|row| (row - 1, row))
    }

    /// A column as numbers, missing ones as NaN; none if it holds anything else.
    pub(super) fn numbers(&self, column: usize, numbers: Numbers) -> Option<Vec<f64>> {
        self.fields(column).map(|field| numbers.read(field.as_bytes())).collect()
    }

    /// Reads a column of times, or a date and a time of day, as ns in their zone, missing ones as
    /// [`NO_TIME`]. None if it holds anything else, or numbers too small for epochs.
    pub(super) fn times(
        &self,
        column: usize,
        time_of_day: Option<usize>,
        clock: &Clock,
    ) -> Option<Vec<i64>> {
        let text = |row: &csv::StringRecord| match time_of_day {
            Some(at) => format!("{} {}", &row[column], &row[at]),
            None => row[column].to_owned(),
        };
        let written: Option<Vec<Written>> =
            self.rows.iter().map(|row| clock.read(&text(row))).collect();
        let written = written?;
        let day_first = written.iter().any(|time| matches!(time, Written::Slashed(13.., ..)));
        let ns = |time: &Written| match time {
            Written::Missing => NO_TIME,
            Written::Instant(ns) | Written::Epoch(ns, _) | Written::Local(ns) => *ns,
            Written::Slashed(a, b, year, ns) | Written::SlashedInstant(a, b, year, ns) => {
                of_slashed(*a, *b, *year, *ns, day_first).unwrap_or(NO_TIME)
            }
        };
        let plausible = written.iter().all(Written::is_plausible);
        let some = written.iter().any(|time| *time != Written::Missing);
        (plausible && some).then(|| written.iter().map(ns).collect())
    }

    /// Pairs of a row and the one after it in time, whichever stands first in the text.
    pub(super) fn steps(&self, times: Option<&[i64]>) -> Vec<(usize, usize)> {
        let Some(times) = times else { return self.pairs().collect() };
        let known = |row: usize| times[row] != NO_TIME;
        let step = |(a, b): (usize, usize)| match times[a].cmp(&times[b]) {
            _ if !known(a) || !known(b) => None,
            std::cmp::Ordering::Less => Some((a, b)),
            std::cmp::Ordering::Equal => None,
            std::cmp::Ordering::Greater => Some((b, a)),
        };
        self.pairs().filter_map(step).collect()
    }

    /// Tells whether times rise, or fall, from every row to the one below it.
    pub(super) fn is_monotone(&self, times: &[i64]) -> bool {
        let mut pairs = self.pairs().peekable();
        let Some((a, b)) = pairs.peek().copied() else { return true };
        let rises = times[b] > times[a];
        pairs.all(|(a, b)| {
            times[a] != NO_TIME
                && times[b] != NO_TIME
                && times[a] != times[b]
                && (times[b] > times[a]) == rises
        })
    }
}
