//! Bars as they were read, for those that judge them.

use barloom_bars::{BarSpec, Interval};

use super::{Bars, SourceFile, Unreadable};
use crate::RawSeries;
use crate::origins::Origin;
use crate::places::Places;
use crate::table::NO_TIME;
use crate::time::is_early;

impl Bars {
    /// The files that were read, in their order; [`Origin::file`] is an index of them.
    #[must_use]
    pub fn files(&self) -> &[SourceFile] {
        &self.files
    }

    /// The bars of each symbol, in order of appearance.
    #[must_use]
    pub fn series(&self) -> &[RawSeries] {
        &self.series
    }

    /// Notes on the reading of the files.
    #[must_use]
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// The files that [`read_readable`](crate::read_readable) could not read.
    #[must_use]
    pub fn unreadable(&self) -> &[Unreadable] {
        &self.unreadable
    }

    /// The length of bars, if it was given.
    #[must_use]
    pub fn interval(&self) -> Option<Interval> {
        self.interval
    }

    /// Returns true if the bars of a series follow each other in time, and not by ticks, volume or
    /// dollars.
    #[must_use]
    pub fn is_of_time(&self, raw: &RawSeries) -> bool {
        let made_of = self.aggregate.map(|(aggregate, _)| aggregate.spec);
        made_of.is_none_or(|spec| !raw.of_trades || matches!(spec, BarSpec::Time(_)))
    }

    /// Trades that no bar was made of, by the name of their fault.
    pub fn bad_trades(&self) -> impl Iterator<Item = (&'static str, &Places)> {
        self.bad_trades.by_fault.iter().map(|(fault, places)| (fault.name(), places))
    }

    /// Rows whose epoch times have another unit than those above them in the same file, with the
    /// unit before and the unit from there on.
    #[must_use]
    pub fn unit_changes(&self) -> &[(Origin, &'static str, &'static str)] {
        &self.unit_jumps
    }

    /// Last lines that look cut, and the reason.
    #[must_use]
    pub fn cut_rows(&self) -> &[(Origin, String)] {
        &self.cut
    }

    /// The bars whose times are numbers so small that they rather count something else.
    pub fn early_rows(&self, raw: &RawSeries) -> impl Iterator<Item = usize> {
        let is_one = |row: &usize| {
            let is_number = || self.files[raw.origins.get(*row).file as usize].time_unit.is_some();
            raw.ts[*row] != NO_TIME && is_early(raw.ts[*row]) && is_number()
        };
        (0..raw.ts.len()).filter(is_one)
    }
}
