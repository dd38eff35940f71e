//! The report for people.

use std::cmp::Reverse;
use std::fmt::{self, Write};

use barloom_bars::{BarFault, NEEDS_POSITIVE, TradeFault};
use barloom_market_data::{Fault, Unreadable, cut, listed, printable};

use super::{Finding, Report, SeriesReport, Severity};

/// Writes a line of a report.
fn write_line(f: &mut fmt::Formatter<'_>, line: &str) -> fmt::Result {
    f.write_str(&printable(line))?;
    f.write_char('\n')
}

/// Symbols shown: those with the most bars.
const SYMBOLS: usize = 20;

/// A step as days, hours, minutes and seconds.
pub(crate) fn hours(ns: i64) -> String {
    let seconds = ns / 1_000_000_000;
    let (days, seconds) = (seconds / 86_400, seconds % 86_400);
    let clock = format!("{:02}:{:02}:{:02}", seconds / 3_600, seconds / 60 % 60, seconds % 60);
    if days > 0 { format!("{days} days {clock}") } else { clock }
}

/// `1 bar`, `2 bars`.
pub(crate) fn counted(n: u64, what: &str) -> String {
    format!("{n} {what}{}", if n == 1 { "" } else { "s" })
}

/// The meaning of a kind of finding.
fn meaning(kind: &str) -> String {
    let text = match kind {
        "non_positive_price" => {
            return format!(
                "prices that are zero or negative; build refuses them, or drops them with \
                 on_bad_bar = \"drop\". {NEEDS_POSITIVE}"
            );
        }
        "open_outside_range" => {
            "the open is outside [low, high]; on_bad_bar = \"widen\" widens high and low to hold it"
        }
        "close_outside_range" => {
            "the close is outside [low, high]; on_bad_bar = \"widen\" widens high and low to hold it"
        }
        "level_shift" => {
            "closes change by 1.5 times or more from one bar to the next and stay; a split that is \
             not adjusted, or another unit?"
        }
        "cut_row" => {
            "the last line has no end and looks cut; is the download whole? A value may be wrong"
        }
        "copied_bars" => "the same run of bars at two times; were missing bars filled with copies?",
        "overlap" => "files of a series overlap; their bars are errors below",
        "early_time" => {
            "epochs before 1973; is this column one of times? csv.ms_of_day = true reads ms \
             since midnight"
        }
        "zero_volume" => "bars without volume",
        "missing_value" => {
            "values missing in other columns; where such a column is a channel, a segment ends"
        }
        "empty_column" => "columns without any value; such a channel leaves no bar",
        "constant_column" => {
            "columns with one value in all rows; such a channel carries no information"
        }
        "gap" => "steps that are too long for a segment",
        "time_unit_jump" => "the unit of times changes; each time is read by its magnitude",
        "clock_change" => {
            "an hour is missing or repeated where clocks change; are times local? Then set \
             timezone"
        }
        "price_jump" => {
            "the price jumps from one file of a series to the next; are they one instrument?"
        }
        "price_scale" => "prices off by a power of ten against those around them",
        "price_spike" => "prices far off those around them for one bar",
        "volume_scale" => "volumes change their level permanently; another unit?",
        "stale_run" => "the same bar many times in a row",
        "leak_copy" => {
            "columns that hold prices or returns of later bars: a model that reads them sees the \
             future. Shift them back to the row at whose close they are known, or use them as labels \
             alone"
        }
        "leak_correlation" => {
            "columns that say more of the next returns than chance and autocorrelation explain; are \
             they made of later bars? Look for shift(-1), centred windows, filled gaps and joins on a \
             time before the value was known"
        }
        "leak_scaler" => {
            "columns scaled by all rows: each value knows the later ones. Store them unscaled; \
             [scaling] with fit = \"train\" takes the rows of training alone"
        }
        "same_bars" => "symbols with the same bars; does one file have two names?",
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

impl fmt::Display for Finding {
    /// Writes the kind, the number, the meaning and the first place in one line.
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
            printable(&cut(&self.symbol)),
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
        write_line(f, &format!("columns: {}", listed(self.columns.iter().map(String::as_str))))?;
        let mut series: Vec<&SeriesReport> = self.series.iter().collect();
        series.sort_by_key(|series| Reverse(series.rows));
        for series in series.iter().take(SYMBOLS) {
            writeln!(f, "  {series}")?;
        }
        if let Some(more) = series.len().checked_sub(SYMBOLS).filter(|more| *more > 0) {
            writeln!(f, "  ... and {} with fewer bars", counted(more as u64, "symbol"))?;
        }
        for joined in &self.joined {
            let needs = "other instruments need other names or a symbol column";
            write_line(f, &format!("joined  {joined}; {needs}"))?;
        }
        for note in &self.notes {
            write_line(f, &format!("note: {note}"))?;
        }
        if !self.unreadable.is_empty() {
            let files = self.unreadable.len();
            writeln!(f, "error: unreadable ({files}): files that cannot be read")?;
            for Unreadable { problem, .. } in &self.unreadable {
                write_line(f, &format!("  {problem}"))?;
            }
        }
        if self.findings.is_empty() && self.unreadable.is_empty() {
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
