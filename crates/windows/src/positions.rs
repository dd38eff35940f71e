//! The valid positions of a market, numbered.

use barloom_bars::{LookbackFrom, Market, Part, Segment};

use crate::{NearestRun, WindowsError};

/// A run of valid positions: one segment's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PositionRange {
    /// The series, an index into [`Market::series`].
    pub series: u32,
    /// The series' first arena row.
    pub series_start: usize,
    /// The number of the first position here.
    pub first_rank: u64,
    /// Arena row of the first position.
    pub start: usize,
    /// One past the arena row of the last position.
    pub end: usize,
}

/// Where a sample stands.
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
/// Of each, `[t, t + F)` lies in one segment and, with a part, on the part's
/// [label rows](Part::label_rows); `[t - L, t)` lies in that segment and, unless the part's
/// lookback may come from history, on those rows too.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Positions {
    ranges: Vec<PositionRange>,
    count: u64,
    /// Ranks of a bucket are those alike above this bit.
    bucket_bits: u32,
    /// The range of each bucket's first rank, and the last range.
    buckets: Vec<u32>,
}

/// Buckets take at most twice this many entries.
const BUCKETS: u64 = 2_048;

impl Positions {
    /// Finds the positions for a lookback of L and a forward of F bars, of one part of a split or,
    /// without one, of the whole market. There is at least one.
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
        for (key, bars) in [("dataset.lookback", lookback), ("dataset.forward", forward)] {
            if bars == 0 {
                return Err(WindowsError::NoBars { key });
            }
        }
        let mut ranges = Vec::new();
        let mut count = 0;
        for segment in market.segments() {
            let room = Room::new(market, segment, part);
            let (start, end) = room.positions(lookback, forward);
            if start < end {
                let series_start = market.series()[segment.series as usize].start;
                let series = segment.series;
                ranges.push(PositionRange { series, series_start, first_rank: count, start, end });
                count += (end - start) as u64;
            }
        }
        if ranges.is_empty() {
            let part_name = part.map(|p| p.name.clone());
            let nearest = nearest_run(market, lookback, forward, part);
            return Err(WindowsError::NoPositions { lookback, forward, part: part_name, nearest });
        }
        let bucket_bits = (count / BUCKETS).max(1).ilog2();
        let range_of = |bucket: u64| range_of(&ranges, bucket << bucket_bits) as u32;
        let mut buckets: Vec<u32> = (0..=(count - 1) >> bucket_bits).map(range_of).collect();
        buckets.push(ranges.len() as u32 - 1);
        Ok(Self { ranges, count, bucket_bits, buckets })
    }

    /// How many there are: at least one.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.count
    }

    /// The position of this number, from 0.
    ///
    /// # Panics
    /// `rank` is not below [`count`](Self::count).
    #[inline(always)]
    #[must_use]
    pub fn locate(&self, rank: u64) -> Position {
        assert!(rank < self.count, "position {rank} of {}", self.count);
        let bucket = (rank >> self.bucket_bits) as usize;
        let (first, last) = (self.buckets[bucket] as usize, self.buckets[bucket + 1] as usize);
        // Most buckets lie in one range.
        let place =
            if first == last { first } else { first + range_of(&self.ranges[first..=last], rank) };
        let range = &self.ranges[place];
        let row = range.start + (rank - range.first_rank) as usize;
        Position { row, series: range.series, bar: (row - range.series_start) as u64 }
    }

    /// The runs of positions, ascending and disjoint in rank and in row.
    #[must_use]
    pub fn ranges(&self) -> &[PositionRange] {
        &self.ranges
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
        let start = match part.lookback_from {
            LookbackFrom::Part => labels,
            LookbackFrom::History => segment.start,
        };
        Self { start, labels, end: segment.end.min(rows.end) }
    }

    /// The first row that can be t and one past the last; nothing if the first is not below.
    fn positions(&self, lookback: usize, forward: usize) -> (usize, usize) {
        let first = self.start.saturating_add(lookback).max(self.labels);
        // t + F may be the end itself: the last bar is a label too.
        let end = self.end.checked_sub(forward).map_or(0, |last| last + 1);
        (first, end)
    }

    /// How many bars are wanting for one position.
    fn shortage(&self, lookback: usize, forward: usize) -> usize {
        let bars = lookback.saturating_add(forward).saturating_sub(self.end - self.start);
        bars.max(forward.saturating_sub(self.end - self.labels))
    }
}

/// The run of bars to which the fewest are wanting, the first of equals.
fn nearest_run(
    market: &Market,
    lookback: usize,
    forward: usize,
    part: Option<&Part>,
) -> Option<NearestRun> {
    let rooms = market.segments().iter().map(|s| (s.series, Room::new(market, s, part)));
    let (series, room) = rooms
        .filter(|(_, room)| room.labels < room.end)
        .min_by_key(|(_, room)| room.shortage(lookback, forward))?;
    Some(NearestRun {
        symbol: market.series()[series as usize].symbol.clone(),
        bars: room.end - room.start,
        label_bars: room.end - room.labels,
        from_ns: market.ts()[room.start],
        to_ns: market.ts()[room.end - 1],
    })
}
