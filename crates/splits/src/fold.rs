//! Folds as sets of time intervals.

use std::ops::Range;

/// The use of a bar in a fold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// Bars to train on.
    Train,
    /// Bars to choose a model with, and to stop training.
    Validation,
    /// Bars to judge a model on.
    Test,
}

impl Role {
    /// All roles, in time order where folds walk forward.
    pub const ALL: [Self; 3] = [Self::Train, Self::Validation, Self::Test];

    /// The name, also of its folder in a dataset.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Train => "train",
            Self::Validation => "validation",
            Self::Test => "test",
        }
    }

    /// The number, from 0.
    #[must_use]
    pub fn index(self) -> u32 {
        match self {
            Self::Train => 0,
            Self::Validation => 1,
            Self::Test => 2,
        }
    }
}

/// A fold: the time intervals of its roles, `[start, end)` in ns since 1970 UTC, ascending and
/// apart. They hold the opens of bars, of all symbols.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fold {
    /// Its number, from 0.
    pub index: u32,
    /// Intervals of bars to train on.
    pub train: Vec<Range<i64>>,
    /// Intervals of bars to validate with; none in most schemes.
    pub validation: Vec<Range<i64>>,
    /// Intervals of bars to test on.
    pub test: Vec<Range<i64>>,
    /// The numbers of its test intervals among all that the scheme tests: for walk-forward and
    /// k-fold the fold's own number, for CPCV those of its groups.
    pub groups: Vec<usize>,
    /// The interval of each of these groups: those of `test`, which holds intervals that touch as
    /// one.
    pub group_times: Vec<Range<i64>>,
    /// True if training bars come before all others, so that a gap is kept before these.
    pub(crate) forward: bool,
}

impl Fold {
    /// The intervals of a role.
    #[must_use]
    pub fn times(&self, role: Role) -> &[Range<i64>] {
        match role {
            Role::Train => &self.train,
            Role::Validation => &self.validation,
            Role::Test => &self.test,
        }
    }

    /// The number of the random stream that draws samples of a role: three a fold.
    #[must_use]
    pub fn stream(&self, role: Role) -> u32 {
        3 * self.index + role.index()
    }
}

/// Whole histories of tests: for each path the fold that tests each group, in the order of groups.
///
/// Folds that each test one interval make one path. For CPCV, path p takes for each group the p-th
/// fold that tests it, so each test of each fold is in exactly one path.
///
/// ```
/// use barloom_splits::{Scheme, paths};
/// # use barloom_bars::{Column, Market, MaxGap, PRICE_COLUMNS, Series, Zone};
/// # let columns = PRICE_COLUMNS.iter().map(|name| Column::new(*name, vec![100.0; 60])).collect();
/// # let series = Series::new("SPY", (0..60).collect(), columns).unwrap();
/// # let market = Market::new(&[series], &[], MaxGap::None).unwrap();
/// let folds = Scheme::Cpcv { groups: 6, tested: 2 }.folds(&market, Zone::UTC).unwrap();
/// let paths = paths(&folds);
/// assert_eq!((folds.len(), paths.len()), (15, 5));
/// assert_eq!(paths[0], [0, 0, 1, 2, 3, 4]); // fold 0 tests groups 0 and 1
/// ```
#[must_use]
pub fn paths(folds: &[Fold]) -> Vec<Vec<usize>> {
    let groups = folds.iter().flat_map(|fold| &fold.groups).max().map_or(0, |last| last + 1);
    let mut of_group = vec![Vec::new(); groups];
    for (number, fold) in folds.iter().enumerate() {
        fold.groups.iter().for_each(|group| of_group[*group].push(number));
    }
    let count = of_group.iter().map(Vec::len).min().unwrap_or(0);
    (0..count).map(|path| of_group.iter().map(|folds| folds[path]).collect()).collect()
}
