//! Rows on which a sample's inputs are missing, and the decisions that they bar.

use std::ops::Range;

use barloom_bars::{Market, PRICE_COLUMNS, is_missing};

/// Values that are scanned at once.
const LOT: usize = 1_024;

/// Rows of segments on which an input is [missing](is_missing).
///
/// The channels of bars end a segment there, so it concerns other columns: such a row is in no
/// window, and no decision whose snapshot would hold it is taken. Labels may cross it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MissingRows {
    /// Rows that no window may hold, ascending and apart.
    windows: Vec<Range<usize>>,
    /// Rows that no snapshot may hold, ascending and apart.
    snapshot: Vec<Range<usize>>,
    /// The column with the most missing rows.
    worst: Option<MissingColumn>,
}

/// A column with missing values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MissingColumn {
    /// Its name.
    pub column: String,
    /// The number of rows in segments that have no value.
    pub rows: usize,
}

impl MissingRows {
    /// Finds the rows for windows and a snapshot of these columns. A column that the market lacks
    /// has none.
    #[must_use]
    pub fn new<'a>(
        market: &Market,
        windows: impl IntoIterator<Item = &'a str>,
        snapshot: impl IntoIterator<Item = &'a str>,
    ) -> Self {
        let mut worst: Option<MissingColumn> = None;
        let mut of = |columns: &mut dyn Iterator<Item = &'a str>| {
            let mut all = Vec::new();
            // Prices are never missing in a segment.
            for name in columns.filter(|name| !PRICE_COLUMNS.contains(name)) {
                let Some(values) = market.column(name) else { continue };
                let runs = missing_runs(market, values);
                let rows = runs.iter().map(Range::len).sum();
                if rows > worst.as_ref().map_or(0, |worst| worst.rows) {
                    worst = Some(MissingColumn { column: name.to_owned(), rows });
                }
                all.extend(runs);
            }
            united(all)
        };
        let windows = of(&mut windows.into_iter());
        let snapshot = of(&mut snapshot.into_iter());
        Self { windows, snapshot, worst }
    }

    /// True if no row is missing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.windows.is_empty() && self.snapshot.is_empty()
    }

    /// The column with the most missing rows, the first of equals.
    #[must_use]
    pub fn worst(&self) -> Option<&MissingColumn> {
        self.worst.as_ref()
    }

    /// True if the inputs of a decision at this row are all there: the window `[row - L, row)` and
    /// the snapshot of row - 1.
    #[must_use]
    pub fn allows(&self, row: usize, lookback: usize) -> bool {
        let free = |runs: &[Range<usize>], from: usize| {
            let at = runs.partition_point(|run| run.end <= from);
            runs.get(at).is_none_or(|run| run.start >= row)
        };
        free(&self.windows, row.saturating_sub(lookback))
            && free(&self.snapshot, row.saturating_sub(1))
    }

    /// The rows at which no decision may be taken, ascending and apart. Some are beyond the segment
    /// of the missing row, where a decision has no window either.
    pub(crate) fn barred(&self, lookback: usize) -> Vec<Range<usize>> {
        let after = |run: &Range<usize>, reach: usize| run.start + 1..run.end.saturating_add(reach);
        let windows = self.windows.iter().map(|run| after(run, lookback));
        united(windows.chain(self.snapshot.iter().map(|run| after(run, 1))).collect())
    }
}

/// The rows of segments on which a column is missing, ascending and apart.
fn missing_runs(market: &Market, values: &[f64]) -> Vec<Range<usize>> {
    let mut runs: Vec<Range<usize>> = Vec::new();
    for segment in market.segments() {
        let lots = values[segment.start..segment.end].chunks(LOT).enumerate();
        for (lot, values) in lots {
            if !values.iter().fold(false, |any, value| any | is_missing(*value)) {
                continue;
            }
            let first = segment.start + lot * LOT;
            for (row, _) in (first..).zip(values).filter(|(_, value)| is_missing(**value)) {
                match runs.last_mut() {
                    Some(run) if run.end == row => run.end += 1,
                    _ => runs.push(row..row + 1),
                }
            }
        }
    }
    runs
}

/// The union of ranges that are not empty, ascending and apart.
fn united(mut ranges: Vec<Range<usize>>) -> Vec<Range<usize>> {
    ranges.sort_unstable_by_key(|range| range.start);
    let mut apart: Vec<Range<usize>> = Vec::new();
    for range in ranges {
        match apart.last_mut() {
            Some(last) if range.start <= last.end => last.end = last.end.max(range.end),
            _ => apart.push(range),
        }
    }
    apart
}

/// The parts of a range that are in one of these, which are ascending and disjoint. Ranges that end
/// before it are dropped from the list, so ascending ranges take one pass.
pub(crate) fn within(
    range: Range<usize>,
    taken: &mut &[Range<usize>],
    mut part: impl FnMut(Range<usize>),
) {
    while let Some((_, rest)) = taken.split_first().filter(|(one, _)| one.end <= range.start) {
        *taken = rest;
    }
    for one in taken.iter().take_while(|one| one.start < range.end) {
        part(one.start.max(range.start)..one.end.min(range.end));
    }
}

/// The parts of a range that are in none of these, which are ascending and apart. Ranges that end
/// before it are dropped from the list, so ascending ranges take one pass.
pub(crate) fn without(
    range: Range<usize>,
    barred: &mut &[Range<usize>],
    mut part: impl FnMut(Range<usize>),
) {
    while let Some((_, rest)) = barred.split_first().filter(|(one, _)| one.end <= range.start) {
        *barred = rest;
    }
    let mut from = range.start;
    for one in barred.iter().take_while(|one| one.start < range.end) {
        if from < one.start {
            part(from..one.start);
        }
        from = one.end;
    }
    if from < range.end {
        part(from..range.end);
    }
}
