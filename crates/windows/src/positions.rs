//! The valid positions of a market, numbered.

use std::ops::Range;

use barloom_bars::{Market, Segment};
use barloom_splits::Part;

use crate::copies::{self, copies};
use crate::missing::{within, without};
use crate::{MissingRows, NearestRun, WindowsError};

/// A run of valid positions: one segment's, or those between missing rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PositionRange {
    /// The series, an index into [`Market::series`].
    pub series: u32,
    /// The series' first arena row.
    pub series_start: usize,
    /// The first rank of the first position here.
    pub first_rank: u64,
    /// The number of ranks of each position here, at least 1.
    pub copies: u64,
    /// Arena row of the first position.
    pub start: usize,
    /// The arena row after the last position.
    pub end: usize,
}

/// The position of a sample.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    /// The arena row of bar t. The lookback ends before it, labels begin on it.
    pub row: usize,
    /// The series, an index into [`Market::series`].
    pub series: u32,
    /// t counted from 0 within its series.
    pub bar: u64,
}

/// The valid positions of a market for one L and F, numbered from 0 in (symbol, segment, bar)
/// order.
///
/// The numbers are ranks, `[0, V)`: whoever draws one, each with the same chance, draws a position.
/// A position has one rank, and V is their number P; [with weights](Self::weighted) all positions
/// of a series have as many as give the series its share of the ranks.
///
/// Of each, `[t, t + F)` lies in one segment and, with a part, on the part's
/// [label rows](Part::label_rows); `[t - L, t)` lies in that segment and, unless the part's
/// lookback may come from history, on those rows too. No input of a position is
/// [missing](MissingRows).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Positions {
    ranges: Vec<PositionRange>,
    count: u64,
    ranks: u64,
    /// True if a position has more than one rank.
    copied: bool,
    /// Ranks of a bucket are those alike above this bit.
    bucket_bits: u32,
    /// The range of each bucket's first rank, and the last range.
    buckets: Vec<u32>,
}

/// Buckets take at most twice this many entries.
const BUCKETS: u64 = 2_048;

/// The positions that are wanted of a market.
#[derive(Clone, Copy, Debug)]
pub struct Wanted<'a> {
    /// L in bars.
    pub lookback: usize,
    /// F in bars.
    pub forward: usize,
    /// The part of a split; none for the whole market.
    pub part: Option<&'a Part>,
    /// A weight of each series; none where each position has one rank.
    pub weights: Option<&'a [f64]>,
    /// Rows on which an input is missing.
    pub missing: &'a MissingRows,
    /// The only arena rows that may be positions, ascending and disjoint; none where all may.
    pub rows: Option<&'a [Range<usize>]>,
}

impl Positions {
    /// Finds the positions for a lookback of L and a forward of F bars, of one part of a split or,
    /// without one, of the whole market. There is at least one, and each has one rank.
    ///
    /// # Errors
    /// L or F is 0, or they fit nowhere: the error names the longest run of bars and says what
    /// would help.
    pub fn new(
        market: &Market,
        lookback: usize,
        forward: usize,
        part: Option<&Part>,
    ) -> Result<Self, WindowsError> {
        let (weights, missing, rows) = (None, &MissingRows::default(), None);
        Self::find(market, Wanted { lookback, forward, part, weights, missing, rows })
    }

    /// As [`new`](Self::new), with ranks shared out by weights, one of each series: a series that
    /// has positions has `weight / sum of the weights of such series` of the ranks, whatever its
    /// length, within a millionth of that. A series with a weight of 0 has no positions here.
    ///
    /// With x the weight over the greatest one of a series with positions, and X the sum of x over
    /// these series in order, in f64, each of the series' p positions has `floor(x / X * 2^61 / p)`
    /// ranks, divided by the greatest common divisor of these numbers. So V is about 2^61 at most,
    /// and equal weights of series as long give every position one rank.
    ///
    /// # Errors
    /// As [`new`](Self::new). There are not as many weights as series; one is negative or not
    /// finite, or all are 0; one is so small beside the others that its share would not be exact.
    pub fn weighted(
        market: &Market,
        lookback: usize,
        forward: usize,
        part: Option<&Part>,
        weights: &[f64],
    ) -> Result<Self, WindowsError> {
        let (weights, missing, rows) = (Some(weights), &MissingRows::default(), None);
        Self::find(market, Wanted { lookback, forward, part, weights, missing, rows })
    }

    /// Finds the positions as [`new`](Self::new) does, or [`weighted`](Self::weighted), less those
    /// of which an input is missing, or that are not among the rows.
    ///
    /// # Errors
    /// As these; an input of each position is missing; no position is among the rows.
    pub fn find(market: &Market, wanted: Wanted<'_>) -> Result<Self, WindowsError> {
        let Wanted { lookback, forward, part, weights, missing, rows } = wanted;
        weights.map_or(Ok(()), |weights| copies::check(weights, market.series().len()))?;
        for (field, bars) in [("lookback", lookback), ("forward", forward)] {
            if bars == 0 {
                return Err(WindowsError::NoBars { field });
            }
        }
        let taken = |series: u32| weights.is_none_or(|weights| weights[series as usize] > 0.0);
        let mut ranges = Vec::new();
        let (mut has_room, mut has_inputs) = (false, false);
        let mut taken_rows = rows;
        let barred = missing.barred(lookback);
        let mut barred = &barred[..];
        for segment in market.segments().iter().filter(|segment| taken(segment.series)) {
            let room = Room::new(market, segment, part);
            let (start, end) = room.positions(lookback, forward);
            if start < end {
                has_room = true;
                let series_start = market.series()[segment.series as usize].start;
                let (series, first_rank, copies) = (segment.series, 0, 1);
                let mut push = |Range { start, end }: Range<usize>| {
                    ranges.push(PositionRange {
                        series,
                        series_start,
                        first_rank,
                        copies,
                        start,
                        end,
                    });
                };
                without(start..end, &mut barred, |free| {
                    has_inputs = true;
                    match &mut taken_rows {
                        None => push(free),
                        Some(rows) => within(free, rows, &mut push),
                    }
                });
            }
        }
        if ranges.is_empty() {
            let part_name = part.map(|p| p.name.clone());
            if has_inputs {
                return Err(WindowsError::NoRows { lookback, forward, part: part_name });
            }
            if let (true, Some(worst)) = (has_room, missing.worst()) {
                return Err(WindowsError::AllMissing {
                    lookback,
                    forward,
                    part: part_name,
                    column: worst.column.clone(),
                    rows: worst.rows,
                });
            }
            let nearest = nearest_run(market, lookback, forward, part, &taken);
            return Err(WindowsError::NoPositions { lookback, forward, part: part_name, nearest });
        }
        if let Some(weights) = weights {
            let mut counts = vec![0; market.series().len()];
            ranges.iter().for_each(|range| counts[range.series as usize] += range.len());
            let copies = copies(market, &counts, weights)?;
            ranges.iter_mut().for_each(|range| range.copies = copies[range.series as usize]);
        }
        let (mut count, mut ranks) = (0, 0);
        for range in &mut ranges {
            range.first_rank = ranks;
            count += range.len();
            ranks += range.len() * range.copies;
        }
        let bucket_bits = (ranks / BUCKETS).max(1).ilog2();
        let range_of = |bucket: u64| range_of(&ranges, bucket << bucket_bits) as u32;
        let mut buckets: Vec<u32> = (0..=(ranks - 1) >> bucket_bits).map(range_of).collect();
        buckets.push(ranges.len() as u32 - 1);
        let copied = ranks > count;
        Ok(Self { ranges, count, ranks, copied, bucket_bits, buckets })
    }

    /// No positions: those of a part that nothing is drawn from.
    #[must_use]
    pub fn none() -> Self {
        let (ranges, buckets) = (Vec::new(), Vec::new());
        Self { ranges, count: 0, ranks: 0, copied: false, bucket_bits: 0, buckets }
    }

    /// The number of positions, P: at least one, unless there are [none](Self::none).
    #[must_use]
    pub fn count(&self) -> u64 {
        self.count
    }

    /// The number of ranks, V: [`count`](Self::count) if each position has one, otherwise below
    /// 2^62.
    #[must_use]
    pub fn ranks(&self) -> u64 {
        self.ranks
    }

    /// The position of this rank, from 0.
    ///
    /// # Panics
    /// `rank` is not below [`ranks`](Self::ranks).
    #[inline(always)]
    #[must_use]
    pub fn locate(&self, rank: u64) -> Position {
        assert!(rank < self.ranks, "position {rank} of {}", self.ranks);
        let bucket = (rank >> self.bucket_bits) as usize;
        let (first, last) = (self.buckets[bucket] as usize, self.buckets[bucket + 1] as usize);
        // Most buckets lie in one range.
        let place =
            if first == last { first } else { first + range_of(&self.ranges[first..=last], rank) };
        let range = &self.ranges[place];
        let after = rank - range.first_rank;
        let row = range.start + if self.copied { after / range.copies } else { after } as usize;
        Position { row, series: range.series, bar: (row - range.series_start) as u64 }
    }

    /// The runs of positions, ascending and disjoint in rank and in row.
    #[must_use]
    pub fn ranges(&self) -> &[PositionRange] {
        &self.ranges
    }
}

impl PositionRange {
    /// The number of positions.
    fn len(&self) -> u64 {
        (self.end - self.start) as u64
    }
}

/// The range that a rank is in.
fn range_of(ranges: &[PositionRange], rank: u64) -> usize {
    ranges.partition_point(|range| range.first_rank <= rank) - 1
}

/// The arena rows of one segment that samples may use.
struct Room {
    /// Inputs from here on.
    start: usize,
    /// Labels from here on.
    labels: usize,
    /// Both before here.
    end: usize,
}

impl Room {
    fn new(market: &Market, segment: &Segment, part: Option<&Part>) -> Self {
        let Some(part) = part else {
            return Self { start: segment.start, labels: segment.start, end: segment.end };
        };
        let rows = part.label_rows(market, segment.series as usize);
        let labels = segment.start.max(rows.start);
        let start = if part.reaches_back() { segment.start } else { labels };
        Self { start, labels, end: segment.end.min(rows.end) }
    }

    /// The first row that can be t and one past the last; nothing if the first is not below.
    fn positions(&self, lookback: usize, forward: usize) -> (usize, usize) {
        let first = self.start.saturating_add(lookback).max(self.labels);
        // t + F may be the end itself: the last bar is a label too.
        let end = self.end.checked_sub(forward).map_or(0, |last| last + 1);
        (first, end)
    }

    /// The number of bars that are missing for one position.
    fn shortage(&self, lookback: usize, forward: usize) -> usize {
        let bars = lookback.saturating_add(forward).saturating_sub(self.end - self.start);
        bars.max(forward.saturating_sub(self.end - self.labels))
    }
}

/// The run of bars, of series that are taken, to which the fewest are wanting, the first of equals.
fn nearest_run(
    market: &Market,
    lookback: usize,
    forward: usize,
    part: Option<&Part>,
    taken: &impl Fn(u32) -> bool,
) -> Option<NearestRun> {
    let segments = market.segments().iter().filter(|segment| taken(segment.series));
    let rooms = segments.map(|s| (s.series, Room::new(market, s, part)));
    let (series, room) = rooms
        .filter(|(_, room)| room.labels < room.end)
        .min_by_key(|(_, room)| room.shortage(lookback, forward))?;
    Some(NearestRun {
        symbol: market.series()[series as usize].symbol.clone(),
        bars: room.end - room.start,
        label_bars: room.end - room.labels,
        reaches_back: part.is_some_and(Part::reaches_back),
        from_ns: market.ts()[room.start],
        to_ns: market.ts()[room.end - 1],
    })
}
