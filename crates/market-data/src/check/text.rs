//! The report for people.

use std::cmp::Reverse;
use std::fmt;

use barloom_bars::{BarFault, TradeFault};

use super::{Finding, Place, Report, SeriesReport, Severity};
use crate::bars::Fault;

/// Symbols shown: those with the most bars.
const SYMBOLS: usize = 20;

/// A step as days, hours, minutes and seconds.
pub(super) fn hours(ns: i64) -> String {
    let seconds = ns / 1_000_000_000;
    let (days, seconds) = (seconds / 86_400, seconds % 86_400);
    let clock = format!("{:02}:{:02}:{:02}", seconds / 3_600, seconds / 60 % 60, seconds % 60);
    if days > 0 { format!("{days} days {clock}") } else { clock }
}

/// `1 bar`, `2 bars`.
pub(super) fn counted(n: u64, what: &str) -> String {
    format!("{n} {what}{}", if n == 1 { "" } else { "s" })
}

/// What a finding means.
fn meaning(kind: &str) -> String {
    let text = match kind {
        "overlap" => "files of a series overlap; their bars are errors below",
        "early_time" => {
            "epochs before 1973; is this column one of times? ms_of_day = true under [data.csv] \
             reads ms since midnight"
        }
        "zero_volume" => "bars without volume",
        "missing_value" => {
            "values missing in other columns; where such a column is a channel, a segment ends"
        }
        "empty_column" => "columns without any value; as a channel such a one leaves no bar",
        "constant_column" => "columns with one value in all rows; as a channel it tells nothing",
        "gap" => "steps longer than a segment spans",
        "time_unit_jump" => "the unit of time changes; each is read by its magnitude",
        "clock_change" => {
            "an hour is missing or there twice where clocks change; are times local? timezone \
             under [data] says whose"
        }
        "price_jump" => {
            "the price jumps from one file of a series to the next; are they one instrument?"
        }
        "price_scale" => "prices off by a power of ten against those around them",
        "price_spike" => "prices far off those around them for one bar",
        "volume_scale" => "volumes change their level for good; another unit?",
        "stale_run" => "the same bar many times in a row",
        "same_bars" => "symbols with the same bars; is a file there under two names?",
        _ => "",
    };
    if !text.is_empty() {
        return text.to_owned();
    }
    BarFault::ALL
        .into_iter()
        .map(Fault::Bar)
        .chain([Fault::NoTime, Fault::OutOfOrder, Fault::Duplicate])
        .chain(TradeFault::ALL.into_iter().map(Fault::Trade))
        .find(|fault| fault.name() == kind)
        .map_or_else(String::new, Fault::text)
}

impl fmt::Display for Place {
    /// `x.csv:7 ES 2024-01-31 14:30:00: volume is 0`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.file, self.row)?;
        if !self.symbol.is_empty() {
            write!(f, " {}", self.symbol)?;
        }
        write!(f, " {}: {}", self.time.as_deref().unwrap_or("no time"), self.what)
    }
}

impl fmt::Display for Finding {
    /// One line: the kind, how often, what it means, the first place.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kind, count, .. } = self;
        write!(f, "{kind}: {}, {}", counted(*count, "time"), meaning(kind))?;
        self.places.first().map_or(Ok(()), |place| write!(f, "; first {place}"))
    }
}

impl fmt::Display for SeriesReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}: {} ({:.1}%), {} to {} UTC, interval {}, median step {}, longest {}, max_gap {}",
            self.symbol,
            counted(self.rows, "bar"),
            100.0 * self.share,
            self.first.as_deref().unwrap_or("?"),
            self.last.as_deref().unwrap_or("?"),
            self.interval.as_deref().unwrap_or("?"),
            hours(self.median_step_ns),
            hours(self.longest_step_ns),
            hours(self.max_gap_ns),
        )?;
        let missing = 100.0 * self.missing_share.unwrap_or_default();
        if missing > 0.0 {
            write!(f, ", {missing:.1}% of intervals have no bar")?;
        }
        Ok(())
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{} of {} in {}",
            counted(self.rows, "bar"),
            counted(self.series.len() as u64, "symbol"),
            counted(self.files.len() as u64, "file")
        )?;
        writeln!(f, "columns: {}", self.columns.join(", "))?;
        let mut series: Vec<&SeriesReport> = self.series.iter().collect();
        series.sort_by_key(|series| Reverse(series.rows));
        for series in series.iter().take(SYMBOLS) {
            writeln!(f, "  {series}")?;
        }
        if let Some(more) = series.len().checked_sub(SYMBOLS).filter(|more| *more > 0) {
            writeln!(f, "  ... and {} with fewer bars", counted(more as u64, "symbol"))?;
        }
        for joined in &self.joined {
            writeln!(f, "joined  {joined}; other instruments need other names or a symbol column")?;
        }
        for note in &self.notes {
            writeln!(f, "note: {note}")?;
        }
        if self.findings.is_empty() {
            return writeln!(f, "nothing is wrong with them");
        }
        for finding in &self.findings {
            let severity = if finding.severity == Severity::Error { "error" } else { "warning" };
            let Finding { kind, count, places, .. } = finding;
            writeln!(f, "{severity}: {kind} ({count}): {}", meaning(kind))?;
            for place in places {
                writeln!(f, "  {place}")?;
            }
            if *count > places.len() as u64 {
                writeln!(f, "  ... {} more", count - places.len() as u64)?;
            }
        }
        Ok(())
    }
}
