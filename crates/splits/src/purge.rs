//! The bars of each role of a fold.

use std::ops::Range;

use barloom_bars::{Market, Zone};

use crate::clock::Clock;
use crate::{Fold, Lives, LookbackFrom, Role, SplitsError};

/// The time after a test or validation bar's life within which no train bar may begin.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Embargo {
    /// So many distinct times of bars.
    Bars(u64),
    /// A duration in ns.
    Time(i64),
    /// This share of all distinct times of bars, rounded down.
    Fraction(f64),
}

/// The rules by which bars of a fold are left out.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Purge {
    /// The embargo after each test or validation bar; where folds walk forward also the gap before
    /// them.
    pub embargo: Embargo,
    /// True if every life is taken to be as long as the longest; false for each sample's own.
    pub by_horizon: bool,
    /// Rows in which the inputs of a sample may lie.
    pub lookback_from: LookbackFrom,
    /// Rows before its own that a sample's inputs reach; only [`LookbackFrom::Part`] asks for it.
    pub reach: usize,
}

impl Default for Purge {
    fn default() -> Self {
        let (lookback_from, reach) = (LookbackFrom::History, 0);
        Self { embargo: Embargo::Bars(0), by_horizon: false, lookback_from, reach }
    }
}

/// The rows of each role of a fold on which samples may stand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Roles {
    rows: [Vec<Range<usize>>; 3],
    purged: [u64; 3],
    embargoed: [u64; 3],
}

impl Roles {
    /// The arena rows of a role, ascending and disjoint, each range of one series.
    #[must_use]
    pub fn rows(&self, role: Role) -> &[Range<usize>] {
        &self.rows[role.index() as usize]
    }

    /// The number of rows of a role.
    #[must_use]
    pub fn count(&self, role: Role) -> usize {
        self.rows(role).iter().map(Range::len).sum()
    }

    /// Labelled bars of the role's intervals that were left out as their life meets that of a bar
    /// that is validated with or tested on.
    #[must_use]
    pub fn purged(&self, role: Role) -> u64 {
        self.purged[role.index() as usize]
    }

    /// Labelled bars of the role's intervals that were left out by the embargo alone.
    #[must_use]
    pub fn embargoed(&self, role: Role) -> u64 {
        self.embargoed[role.index() as usize]
    }
}

impl Purge {
    /// Checks what can be checked without a market.
    ///
    /// # Errors
    /// The embargo is negative, not finite, or all of the bars.
    pub fn check(&self) -> Result<(), SplitsError> {
        let problem = match self.embargo {
            Embargo::Time(ns) if ns < 0 => Some(format!("{ns} ns: expected at least 0")),
            Embargo::Fraction(share) if !(0.0..1.0).contains(&share) => {
                Some(format!("{share}: expected a fraction of at least 0 and below 1"))
            }
            _ => None,
        };
        problem.map_or(Ok(()), |problem| Err(SplitsError::setting("embargo", problem)))
    }

    /// The rows of each role of a fold.
    ///
    /// # Errors
    /// As [`check`](Self::check).
    pub fn roles(&self, market: &Market, fold: &Fold, lives: &Lives) -> Result<Roles, SplitsError> {
        self.check()?;
        let clock = Clock::new(market, Zone::UTC);
        self.roles_by(&clock, market, fold, lives)
    }

    /// The rows of each role of each fold: as [`roles`](Self::roles), without finding the times of
    /// the market anew for each.
    ///
    /// # Errors
    /// As [`check`](Self::check).
    pub fn all_roles(
        &self,
        market: &Market,
        folds: &[Fold],
        lives: &Lives,
    ) -> Result<Vec<Roles>, SplitsError> {
        self.check()?;
        let clock = Clock::new(market, Zone::UTC);
        folds.iter().map(|fold| self.roles_by(&clock, market, fold, lives)).collect()
    }

    fn roles_by(
        &self,
        clock: &Clock,
        market: &Market,
        fold: &Fold,
        lives: &Lives,
    ) -> Result<Roles, SplitsError> {
        let margin = Margin::new(self.embargo, clock, fold.forward);
        let pick = Pick { purge: self, market, lives };
        let mut roles = Roles { rows: Default::default(), purged: [0; 3], embargoed: [0; 3] };
        let mut forbidden: Vec<Range<i64>> = Vec::new();
        // A role is purged of the lives of those that come after it in importance.
        for role in [Role::Test, Role::Validation, Role::Train] {
            let at = role.index() as usize;
            let bars = Bars::new(&forbidden, &margin);
            let (rows, purged, embargoed) = pick.rows(fold.times(role), &bars);
            if role != Role::Train {
                forbidden = united(forbidden, pick.spans(&rows));
            }
            roles.rows[at] = rows;
            (roles.purged[at], roles.embargoed[at]) = (purged, embargoed);
        }
        Ok(roles)
    }
}

/// The embargo as times.
struct Margin<'a> {
    embargo: Embargo,
    clock: &'a Clock,
    /// True if there is one before lives too.
    before: bool,
}

impl<'a> Margin<'a> {
    fn new(embargo: Embargo, clock: &'a Clock, before: bool) -> Self {
        let embargo = match embargo {
            Embargo::Fraction(share) => {
                Embargo::Bars((share * clock.times().len() as f64).floor() as u64)
            }
            other => other,
        };
        Self { embargo, clock, before }
    }

    /// The time from which on bars may begin again after a life that ends at one.
    fn after(&self, end: i64) -> i64 {
        match self.embargo {
            Embargo::Bars(0) => end,
            // The first bars from the end on, as many as the embargo has.
            Embargo::Bars(bars) => {
                let index = self
                    .clock
                    .before(end)
                    .saturating_add(usize::try_from(bars).unwrap_or(usize::MAX));
                self.clock.time(index)
            }
            Embargo::Time(ns) => end.saturating_add(ns),
            Embargo::Fraction(_) => end,
        }
    }

    /// The time before which lives must have ended, so that they do not meet one that begins at
    /// `start`.
    fn before(&self, start: i64) -> i64 {
        match self.embargo {
            _ if !self.before => start,
            Embargo::Bars(bars) => {
                let index = self.clock.before(start);
                let back = usize::try_from(bars).unwrap_or(usize::MAX);
                index.checked_sub(back).map_or(i64::MIN, |index| self.clock.time(index))
            }
            Embargo::Time(ns) => start.saturating_sub(ns),
            Embargo::Fraction(_) => start,
        }
    }
}

/// Lives that others must not meet, ascending and apart.
struct Bars {
    /// Each with the times of its margin: nothing may live in `[before, after)`.
    lives: Vec<Forbidden>,
}

struct Forbidden {
    life: Range<i64>,
    before: i64,
    after: i64,
}

impl Bars {
    fn new(lives: &[Range<i64>], margin: &Margin<'_>) -> Self {
        let with = |life: &Range<i64>| Forbidden {
            life: life.clone(),
            before: margin.before(life.start),
            after: margin.after(life.end),
        };
        Self { lives: lives.iter().map(with).collect() }
    }
}

/// The verdict on a bar.
#[derive(PartialEq, Eq)]
enum Verdict {
    Taken,
    Purged,
    Embargoed,
}

/// Picks rows of roles.
struct Pick<'a> {
    purge: &'a Purge,
    market: &'a Market,
    lives: &'a Lives,
}

impl Pick<'_> {
    /// The rows of these intervals that stay clear of other lives, and how many were purged, and
    /// left out by the embargo.
    fn rows(&self, times: &[Range<i64>], bars: &Bars) -> (Vec<Range<usize>>, u64, u64) {
        let mut rows: Vec<Range<usize>> = Vec::new();
        let (mut purged, mut embargoed) = (0, 0);
        for span in self.market.series() {
            let ts = &self.market.ts()[span.start..span.end];
            let mut ahead = &bars.lives[..];
            for interval in times {
                let first = span.start + ts.partition_point(|t| *t < interval.start);
                let end = span.start + ts.partition_point(|t| *t < interval.end);
                let begin = match self.purge.lookback_from {
                    LookbackFrom::History => first,
                    LookbackFrom::Part => first.saturating_add(self.purge.reach),
                };
                for row in begin..end {
                    if !self.lives.is_labelled(row) {
                        continue;
                    }
                    let open = self.market.ts()[row];
                    let close = self.lives.end(row, span.end, self.purge.by_horizon);
                    match verdict(&mut ahead, open, close) {
                        Verdict::Purged => purged += 1,
                        Verdict::Embargoed => embargoed += 1,
                        Verdict::Taken => match rows.last_mut() {
                            Some(last) if last.end == row && row > span.start => last.end += 1,
                            _ => rows.push(row..row + 1),
                        },
                    }
                }
            }
        }
        (rows, purged, embargoed)
    }

    /// The lives of rows, ascending and apart.
    fn spans(&self, rows: &[Range<usize>]) -> Vec<Range<i64>> {
        let mut all: Vec<Range<i64>> = Vec::new();
        let mut series = self.market.series().iter();
        let mut span = series.next();
        for range in rows {
            while span.is_some_and(|one| one.end <= range.start) {
                span = series.next();
            }
            let end = span.map_or(range.end, |one| one.end);
            for row in range.clone() {
                let open = self.market.ts()[row];
                let close = self.lives.end(row, end, self.purge.by_horizon);
                match all.last_mut() {
                    // Of one series, so it begins later than the last.
                    Some(last) if last.start <= open && open <= last.end => {
                        last.end = last.end.max(close);
                    }
                    _ => all.push(open..close),
                }
            }
        }
        united(all, Vec::new())
    }
}

/// The verdict on a life, given the lives that it must not meet, ascending. Those that no later bar
/// of the series can meet are dropped.
fn verdict(ahead: &mut &[Forbidden], open: i64, close: i64) -> Verdict {
    while let Some((first, rest)) = ahead.split_first()
        && first.after <= open
    {
        *ahead = rest;
    }
    let Some(next) = ahead.first() else { return Verdict::Taken };
    if next.before >= close {
        return Verdict::Taken;
    }
    // The margins may overlap, so the life that it meets need not be the first.
    let meets =
        ahead.iter().take_while(|one| one.life.start < close).any(|one| open < one.life.end);
    if meets { Verdict::Purged } else { Verdict::Embargoed }
}

/// The union of intervals, ascending and apart.
fn united(mut all: Vec<Range<i64>>, more: Vec<Range<i64>>) -> Vec<Range<i64>> {
    all.extend(more);
    all.sort_unstable_by_key(|one| one.start);
    let mut apart: Vec<Range<i64>> = Vec::new();
    for one in all {
        match apart.last_mut() {
            Some(last) if one.start <= last.end => last.end = last.end.max(one.end),
            _ => apart.push(one),
        }
    }
    apart
}
