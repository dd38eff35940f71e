//! Settings that make bars of trades, or of finer bars.

use barloom_bars::{Anchor, BarSpec};

/// Treatment of the last bar that is made of trades or of finer bars, of which some may be missing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PartialBar {
    /// It stays.
    #[default]
    Keep,
    /// It is left out.
    Drop,
}

/// Treatment of intervals without trades or bars.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum EmptyBars {
    /// They have no bar.
    #[default]
    Skip,
    /// They have one at the close before, without volume, where a segment spans them.
    Fill,
}

/// Settings that make bars of trades, or of finer bars.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Aggregate {
    /// The event that ends a bar. Bars become coarser time bars alone.
    pub spec: BarSpec,
    /// Treatment of the last bar of a symbol.
    pub partial: PartialBar,
    /// Treatment of empty intervals, which only time bars have.
    pub empty: EmptyBars,
    /// The time from which the intervals of time bars are counted. `None` is midnight UTC, but for
    /// bars of a day or more that begin at local midnights: their days are those.
    pub anchor: Option<Anchor>,
}

impl Aggregate {
    /// Bars that end so; partial ones stay, empty intervals have no bar, days begin at midnight
    /// UTC.
    #[must_use]
    pub fn new(spec: BarSpec) -> Self {
        Self { spec, partial: PartialBar::Keep, empty: EmptyBars::Skip, anchor: None }
    }

    /// Returns true if empty intervals get a bar.
    #[must_use]
    pub fn fills(&self) -> bool {
        self.empty == EmptyBars::Fill
    }
}
