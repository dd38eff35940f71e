//! The places of an epoch's order that each step of each rank takes.

use std::ops::Range;

/// The steps of one rank.
///
/// Step s of all ranks together takes the next `world_size * batch_size` places, rank after rank.
/// At the end, where fewer are left, the ranks share them evenly, so that all make as many steps
/// (but for those that find fewer places than ranks). Joined step by step, rank by rank, the
/// places are `start..count` in order, for any number of ranks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Schedule {
    /// Places of the epoch.
    pub(crate) count: u64,
    /// The place that step 0 of rank 0 begins at.
    pub(crate) start: u64,
    pub(crate) batch_size: u64,
    pub(crate) rank: u64,
    pub(crate) world_size: u64,
    pub(crate) drop_last: bool,
}

impl Schedule {
    /// Places of a step of all ranks.
    fn step_places(&self) -> u64 {
        self.batch_size.saturating_mul(self.world_size)
    }

    fn left(&self) -> u64 {
        self.count.saturating_sub(self.start)
    }

    /// Number of steps that this rank makes.
    pub(crate) fn steps(&self) -> u64 {
        let (whole, rest) = (self.left() / self.step_places(), self.left() % self.step_places());
        let has_more = !self.drop_last && !self.share(rest).is_empty();
        whole + u64::from(has_more)
    }

    /// The part of this rank in the last places.
    fn share(&self, rest: u64) -> Range<u64> {
        let (each, more) = (rest / self.world_size, rest % self.world_size);
        let before = |rank: u64| rank * each + rank.min(more);
        before(self.rank)..before(self.rank + 1)
    }

    /// The places of a step; none past the last one.
    pub(crate) fn places(&self, step: u64) -> Range<u64> {
        let passed = step.saturating_mul(self.step_places());
        let left = self.left().saturating_sub(passed);
        let first = self.start + passed.min(self.left());
        let places = if left >= self.step_places() {
            let begin = self.rank * self.batch_size;
            begin..begin + self.batch_size
        } else if self.drop_last {
            0..0
        } else {
            self.share(left)
        };
        first + places.start..first + places.end
    }

    /// The place at which all ranks are after so many steps.
    pub(crate) fn position(&self, steps: u64) -> u64 {
        self.start + steps.saturating_mul(self.step_places()).min(self.left())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn schedule(count: u64, start: u64, batch_size: u64, rank: u64, world_size: u64) -> Schedule {
        Schedule { count, start, batch_size, rank, world_size, drop_last: false }
    }

    #[test]
    fn the_last_places_are_shared() {
        let places = |rank, step| schedule(19, 0, 4, rank, 2).places(step);
        assert_eq!([places(0, 0), places(1, 0)], [0..4, 4..8]);
        assert_eq!([places(0, 2), places(1, 2)], [16..18, 18..19]);
        assert_eq!([places(0, 3), places(1, 3)], [19..19, 19..19]);
        assert_eq!(schedule(19, 0, 4, 1, 2).steps(), 3);
        assert_eq!(schedule(17, 0, 4, 0, 2).steps(), 3, "the one place that is left");
        assert_eq!(schedule(17, 0, 4, 1, 2).steps(), 2);
        let dropped = Schedule { drop_last: true, ..schedule(19, 0, 4, 1, 2) };
        assert_eq!((dropped.steps(), dropped.places(2)), (2, 16..16));
    }

    proptest! {
        #[test]
        fn joined_they_are_all_places_in_order(
            count in 0..500_u64,
            start in 0..500_u64,
            batch_size in 1..20_u64,
            world_size in 1..9_u64,
        ) {
            let ranks: Vec<Schedule> =
                (0..world_size).map(|r| schedule(count, start, batch_size, r, world_size)).collect();
            let most = ranks.iter().map(Schedule::steps).max().unwrap();
            let least = ranks.iter().map(Schedule::steps).min().unwrap();
            prop_assert!(most - least <= 1);
            let mut next = start;
            for step in 0..most {
                prop_assert_eq!(ranks[0].position(step), next);
                let mut sizes = Vec::new();
                for rank in &ranks {
                    let places = rank.places(step);
                    prop_assert_eq!(step < rank.steps(), !places.is_empty());
                    prop_assert_eq!(places.start, next);
                    next = places.end;
                    sizes.push(places.end - places.start);
                }
                prop_assert!(sizes.iter().max().unwrap() - sizes.iter().min().unwrap() <= 1);
            }
            prop_assert_eq!(next, count.max(start));
        }
    }
}
