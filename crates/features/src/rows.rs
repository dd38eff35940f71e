//! Rows on which features have values: those of a market, of one symbol, of coarser bars.

use std::ops::Range;
use std::sync::OnceLock;

use barloom_bars::{Anchor, Grid, Interval, Market, close_times, coarser_value};
use barloom_memory::SharedColumn;
use rayon::prelude::*;

use crate::graph::Clock;

const HOUR: i64 = 3_600_000_000_000;

/// The rows of a clock.
#[derive(Debug)]
pub(crate) struct Rows {
    /// Bar open times, ns since 1970 UTC.
    pub(crate) opens: SharedColumn<i64>,
    /// Bar close times, once they are asked for.
    closes: OnceLock<Vec<i64>>,
    /// The rows of each series, with its index in the market.
    pub(crate) series: Vec<(usize, Range<usize>)>,
    /// The ranges of rows that functions with memory see as one, ascending. Rows outside have no
    /// values.
    pub(crate) runs: Vec<Range<usize>>,
    /// The segments, ascending.
    pub(crate) segments: Vec<Range<usize>>,
    /// The length of the bars of each series, once it is asked for.
    lengths: OnceLock<Vec<Option<Interval>>>,
    origin: Origin,
}

/// The origin of rows.
#[derive(Debug)]
enum Origin {
    /// They are rows of the market from this one on.
    Market(usize),
    /// They are groups of rows of other rows, which are rows of the market from the first number on.
    Groups(usize, Vec<Range<usize>>),
}

/// Coarser bars cannot be made of a series.
#[derive(Debug)]
pub(crate) enum NoCoarser {
    /// Its bars are longer.
    Finer { symbol: String, bars: Interval },
    /// Its bars do not end where the coarser ones do.
    Straddles { symbol: String, bars: Interval },
    /// A time is so far away that the end of its coarser bar is no time.
    EndOfTime { symbol: String },
}

impl Rows {
    /// The rows of a market, or of one of its symbols; none if there is no such symbol.
    pub(crate) fn of(market: &Market, symbol: Option<&str>, whole: bool) -> Option<Self> {
        let spans = market.series();
        let chosen: Vec<usize> = match symbol {
            None => (0..spans.len()).collect(),
            Some(symbol) => vec![spans.iter().position(|span| span.symbol == *symbol)?],
        };
        let offset = spans[chosen[0]].start;
        let end = spans[chosen[chosen.len() - 1]].end;
        let opens = market.shared_ts().part(offset..end);
        let series: Vec<_> = chosen
            .iter()
            .map(|&index| (index, spans[index].start - offset..spans[index].end - offset))
            .collect();
        let segments: Vec<Range<usize>> = market
            .segments()
            .iter()
            .filter(|segment| chosen.contains(&(segment.series as usize)))
            .map(|segment| segment.start - offset..segment.end - offset)
            .collect();
        let runs = match whole {
            true => series.iter().map(|(_, rows)| rows.clone()).collect(),
            false => segments.clone(),
        };
        let (closes, lengths) = (OnceLock::new(), OnceLock::new());
        let origin = Origin::Market(offset);
        Some(Self { opens, closes, series, runs, segments, lengths, origin })
    }

    /// Coarser bars of these rows.
    ///
    /// Bars of one segment make no bar with those of another. The first bar of a segment is left
    /// out if it begins before the segment.
    pub(crate) fn coarser(
        &self,
        market: &Market,
        interval: Interval,
        anchor: Anchor,
        whole: bool,
    ) -> Result<Self, NoCoarser> {
        let Origin::Market(offset) = self.origin else { unreachable!("bars of a market") };
        let grid = Grid::new(interval, anchor);
        let (mut opens, mut closes, mut groups) = (Vec::new(), Vec::new(), Vec::new());
        let (mut series, mut segments, mut lengths) = (Vec::new(), Vec::new(), Vec::new());
        let own_closes = self.closes();
        for ((index, rows), length) in self.series.iter().zip(self.lengths()) {
            let symbol = || market.series()[*index].symbol.clone();
            let bars = length.unwrap_or(Interval::Fixed(1));
            if bars.shortest_ns() > interval.longest_ns() {
                return Err(NoCoarser::Finer { symbol: symbol(), bars });
            }
            let slack = if bars.shortest_ns() >= 23 * HOUR { HOUR } else { 0 };
            let (first, first_group) = (opens.len(), groups.len());
            let mut over = 0;
            let within = |segment: &&Range<usize>| rows.contains(&segment.start);
            for segment in self.segments.iter().filter(within) {
                let begin = opens.len();
                let mut current = 0..0;
                // The group that a segment begins within is left out.
                let mut left_out = false;
                for row in segment.clone() {
                    let open = self.opens[row];
                    if row == segment.start || !current.contains(&open) {
                        current = grid
                            .at(open)
                            .ok_or_else(|| NoCoarser::EndOfTime { symbol: symbol() })?;
                        left_out = row == segment.start && open != current.start;
                        if !left_out {
                            opens.push(current.start);
                            closes.push(current.end);
                            groups.push(row..row);
                        }
                    }
                    over += usize::from(own_closes[row].saturating_sub(slack) > current.end);
                    if !left_out && let Some(group) = groups.last_mut() {
                        group.end = row + 1;
                    }
                }
                if opens.len() > begin {
                    segments.push(begin..opens.len());
                }
            }
            // Bars of a fixed time that last over half of the ends are of a length that does not
            // divide the coarser one. Bars of trades may end at any time.
            let many = 2 * over >= groups.len() - first_group && over > 0;
            if many && is_regular(&self.opens[rows.clone()], bars) {
                return Err(NoCoarser::Straddles { symbol: symbol(), bars });
            }
            series.push((*index, first..opens.len()));
            lengths.push(Some(interval));
        }
        let runs = match whole {
            true => series.iter().map(|(_, rows)| rows.clone()).collect(),
            false => segments.clone(),
        };
        let origin = Origin::Groups(offset, groups);
        let (opens, closes, lengths) = (opens.into(), closes.into(), lengths.into());
        Ok(Self { opens, closes, series, runs, segments, lengths, origin })
    }

    /// Bar close times: open plus the length of bars, at most the next open of the series.
    pub(crate) fn closes(&self) -> &[i64] {
        self.closes.get_or_init(|| {
            let mut closes = vec![0; self.opens.len()];
            for ((_, rows), length) in self.series.iter().zip(self.lengths()) {
                close_times(*length, &self.opens[rows.clone()], &mut closes[rows.clone()]);
            }
            closes
        })
    }

    /// The length of the bars of each series.
    pub(crate) fn lengths(&self) -> &[Option<Interval>] {
        self.lengths.get_or_init(|| {
            let of = |(_, rows): &(usize, Range<usize>)| {
                Interval::most_frequent(&self.opens[rows.clone()])
            };
            self.series.iter().map(of).collect()
        })
    }

    /// The number of rows.
    pub(crate) fn len(&self) -> usize {
        self.opens.len()
    }

    /// True for coarser bars of other rows.
    pub(crate) fn are_coarse(&self) -> bool {
        matches!(self.origin, Origin::Groups(..))
    }

    /// A column of the market on these rows. A coarser bar has the sum of a column that adds up,
    /// the first open, the highest high, the lowest low, and the last value of any other column.
    pub(crate) fn column(&self, name: &str, values: &[f64], out: &mut [f64]) {
        match &self.origin {
            Origin::Market(_) => self.load(values, 0..self.len(), out),
            Origin::Groups(offset, groups) => {
                let values = &values[*offset..];
                groups.par_iter().zip(out).for_each(|(rows, out)| {
                    *out = crate::map::finite(coarser_value(name, &values[rows.clone()]));
                });
            }
        }
    }

    /// The values of a column of the market for some of these rows, which are bars of the market.
    pub(crate) fn load(&self, values: &[f64], rows: Range<usize>, out: &mut [f64]) {
        let Origin::Market(offset) = self.origin else { unreachable!("bars of a market") };
        let values = &values[offset + rows.start..offset + rows.end];
        values.iter().zip(out).for_each(|(x, out)| *out = crate::map::finite(*x));
    }

    /// For each row the row of `there` whose value it takes; `u32::MAX` for none.
    ///
    /// Coarser bars of the same rows: the last one that ended at or before the row's close, all of
    /// whose bars are at or before the row; in the row's run. Rows of another symbol: the last
    /// that closed at or before the row's close, at most `max_age` ns ago.
    pub(crate) fn rows_of(&self, there: &Self, max_age: Option<i64>) -> Vec<u32> {
        let mut taken = vec![u32::MAX; self.len()];
        let (closes, closes_there) = (self.closes(), there.closes());
        match &there.origin {
            Origin::Groups(_, groups) => {
                for (run, of) in self.runs_with(there) {
                    let mut next = of.start;
                    for row in run {
                        while next < of.end
                            && groups[next].end <= row + 1
                            && closes_there[next] <= closes[row]
                        {
                            next += 1;
                        }
                        if next > of.start {
                            taken[row] = number(next - 1);
                        }
                    }
                }
            }
            Origin::Market(_) => {
                let Some((_, other)) = there.series.first() else { return taken };
                let other_length = there.lengths().first().copied().flatten();
                for ((_, rows), length) in self.series.iter().zip(self.lengths()) {
                    let longer = [*length, other_length].into_iter().flatten();
                    let longer = longer.map(Interval::longest_ns).max().unwrap_or(0);
                    let most = max_age.unwrap_or(longer);
                    let mut next = other.start;
                    for row in rows.clone() {
                        let close = closes[row];
                        while next < other.end && closes_there[next] <= close {
                            next += 1;
                        }
                        if next > other.start
                            && close.saturating_sub(closes_there[next - 1]) <= most
                        {
                            taken[row] = number(next - 1);
                        }
                    }
                }
            }
        }
        taken
    }

    /// The runs with the rows of `there`, coarser bars of these rows, that they see.
    fn runs_with<'a>(
        &'a self,
        there: &'a Self,
    ) -> impl Iterator<Item = (Range<usize>, Range<usize>)> + 'a {
        let Origin::Groups(_, groups) = &there.origin else { unreachable!("coarser bars") };
        self.runs.iter().map(move |run| {
            let first = groups.partition_point(|group| group.start < run.start);
            let end = groups.partition_point(|group| group.start < run.end);
            (run.clone(), first..end)
        })
    }

    /// The periods that rows of runs lie in: ranges of rows, cut at segments, and at the begins of
    /// periods if there are any.
    pub(crate) fn periods(&self, period: Option<(Interval, Anchor)>) -> Vec<Range<usize>> {
        let Some((interval, anchor)) = period else { return self.segments.clone() };
        let grid = Grid::new(interval, anchor);
        let mut periods = Vec::new();
        for run in &self.runs {
            let mut current = 0..0;
            for row in run.clone() {
                let open = self.opens[row];
                if row == run.start || !current.contains(&open) {
                    current = grid.at(open).unwrap_or(open..i64::MAX);
                    periods.push(row..row);
                }
                if let Some(last) = periods.last_mut() {
                    last.end = row + 1;
                }
            }
        }
        periods
    }
}

/// A row as a `u32`; markets have fewer rows than these hold, or the value is missing.
fn number(row: usize) -> u32 {
    u32::try_from(row).unwrap_or(u32::MAX)
}

/// True if at least half of the steps are as long as the bars.
fn is_regular(opens: &[i64], bars: Interval) -> bool {
    let is_step = |pair: &&[i64]| {
        let step = pair[1].saturating_sub(pair[0]);
        step >= bars.shortest_ns() && step <= bars.longest_ns()
    };
    2 * opens.windows(2).filter(is_step).count() + 2 >= opens.len()
}

/// The rows of all clocks of a graph.
///
/// # Errors
/// The clock whose rows cannot be made, and why; none for a symbol that is not there.
pub(crate) fn of_clocks(
    market: &Market,
    clocks: &[Clock],
    anchor: Anchor,
    whole: bool,
) -> Result<Vec<Rows>, (usize, Option<NoCoarser>)> {
    let of = |(place, clock): (usize, &Clock)| {
        let rows = Rows::of(market, clock.symbol.as_deref(), whole).ok_or((place, None))?;
        match clock.interval {
            None => Ok(rows),
            Some(interval) => {
                rows.coarser(market, interval, anchor, whole).map_err(|fault| (place, Some(fault)))
            }
        }
    };
    clocks.iter().enumerate().map(of).collect()
}
