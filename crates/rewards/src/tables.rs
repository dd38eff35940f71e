//! A pricer's tables, for backends that price by themselves.

use crate::pricer::{PathKind, Pricer};

/// Tables of a market for a [`Pricer`](crate::Pricer), as plain numbers. Tables that the settings
/// do not need are empty.
#[derive(Clone, Debug, Default)]
pub struct Tables<'a> {
    /// `[rows, 4]`: the entry price and the close of the horizon's last bar; then the lowest low
    /// and the highest high of the live bars where barriers are honoured, else u of a short and u
    /// of a long.
    pub starts: &'a [[f64; 4]],
    /// Levels of the horizon index, the bars first: `[blocks, 2, 8]`, lows and highs of nodes.
    pub horizon: Vec<&'a [[[f64; 8]; 2]]>,
    /// Changes of the close, `[nodes, 7]` a level: count, sum, squares about the mean, least,
    /// greatest, squares of falls, squares of rises.
    pub changes: TreeTable<'a>,
    /// Closes, `[nodes, 4]` a level: least, greatest, largest fall, largest rise.
    pub extremes: TreeTable<'a>,
    /// Returns a bar, `[nodes, 5]` a level: moments as of the changes.
    pub returns: TreeTable<'a>,
    /// Negative steps of shorts and of longs, likewise.
    pub losses: [TreeTable<'a>; 2],
    /// Cumulative steps of shorts and of longs, `[nodes, 4]` a level: sum, greatest and least sum
    /// from the left, largest fall.
    pub cumulative: [TreeTable<'a>; 2],
}

/// The levels of a tree of summaries: leaves of 64 rows first, then of 8 nodes each.
pub type TreeTable<'a> = Vec<&'a [f64]>;

impl Pricer {
    /// Its tables.
    #[must_use]
    pub fn tables(&self) -> Tables<'_> {
        let (starts, horizon) = (self.starts.records(), self.horizon.levels().collect());
        let mut tables = Tables { starts, horizon, ..Tables::default() };
        match &self.path {
            PathKind::V1(trees) => trees.tables(&mut tables),
            PathKind::Frel(trees) => trees.tables(&mut tables),
        }
        tables
    }
}
