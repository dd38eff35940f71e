//! The doctor: what is wrong with bars, by row.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use barloom_bars::{BarFault, MaxGap, PRICE_COLUMNS, TradeFault};
use serde::Serialize;

use crate::bars::{Fault, RawSeries};
use crate::table::NO_TIME;
use crate::{Bars, Joined};

mod files;

/// Places shown of a finding.
const SHOWN: usize = 10;

/// Whether something must be mended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The bar is unusable: building refuses or drops it.
    Error,
    /// Worth knowing.
    Warning,
}

/// Where something was found.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Place {
    /// The file.
    pub file: String,
    /// Line of a text file, row of another; from 1.
    pub row: u32,
    /// The symbol.
    pub symbol: String,
    /// The bar's time, UTC; none if it has none.
    pub time: Option<String>,
    /// What is there.
    pub what: String,
}

impl Place {
    pub(crate) fn new(file: &str, row: u32, symbol: &str, ts: i64, what: String) -> Self {
        Self { file: file.to_owned(), row, symbol: symbol.to_owned(), time: time(ts), what }
    }
}

/// How often something was found, and where first.
#[derive(Clone, Debug, Default)]
pub(crate) struct Places {
    pub(crate) count: u64,
    first: Vec<Place>,
}

impl Places {
    pub(crate) fn add(&mut self, place: impl FnOnce() -> Place) {
        self.count += 1;
        if self.first.len() < SHOWN {
            self.first.push(place());
        }
    }
}

/// One kind of thing that was found.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Finding {
    /// Its name: `high_below_low`, `zero_volume`, `gap`, ...
    pub kind: String,
    /// Whether it must be mended.
    pub severity: Severity,
    /// How often it was found.
    pub count: u64,
    /// The first ten places.
    pub places: Vec<Place>,
}

/// One symbol's bars.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SeriesReport {
    /// The symbol.
    pub symbol: String,
    /// Its bars.
    pub rows: u64,
    /// Open time of the first bar, UTC.
    pub first: Option<String>,
    /// Open time of the last bar, UTC.
    pub last: Option<String>,
    /// Median step between bars, ns.
    pub median_step_ns: i64,
}

/// What was found in bars.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Report {
    /// The files read.
    pub files: Vec<String>,
    /// Bars in all.
    pub rows: u64,
    /// The columns beside the time and the symbol.
    pub columns: Vec<String>,
    /// Each symbol.
    pub series: Vec<SeriesReport>,
    /// What was found: errors first, then by name.
    pub findings: Vec<Finding>,
    /// Files that were joined into one series though their names differ by more than dates.
    pub joined: Vec<Joined>,
    /// What was done while reading, and what is good to know.
    pub notes: Vec<String>,
}

impl Report {
    /// How many bars are unusable.
    #[must_use]
    pub fn errors(&self) -> u64 {
        let errors = self.findings.iter().filter(|f| f.severity == Severity::Error);
        errors.map(|f| f.count).sum()
    }
}

impl Bars {
    /// Everything that is wrong with the bars, by row.
    ///
    /// Errors: no time, out of order, a repeated time, and every
    /// [`BarFault`](barloom_bars::BarFault). Warnings: zero volume, a missing value in another
    /// column, gaps (steps above what [`MaxGap::Auto`] spans), a change of the unit of epoch times,
    /// epochs before 1973, a jump of the price from one file of a series to the next.
    #[must_use]
    pub fn check(&self) -> Report {
        let mut found = Found::default();
        for (fault, places) in &self.bad_trades.by_fault {
            found.entry(Severity::Error, fault.name()).clone_from(places);
        }
        for raw in &self.series {
            for (row, fault) in raw.faults() {
                let what = raw.describe(row, fault);
                found.add(self, Severity::Error, fault.name(), raw, row, || what);
            }
            self.find_zero_volume(raw, &mut found);
            self.find_missing(raw, &mut found);
            self.find_gaps(raw, &mut found);
            self.find_unit_jumps_between_files(raw, &mut found);
            self.find_price_jumps_between_files(raw, &mut found);
            self.find_early_times(raw, &mut found);
        }
        for (origin, before, now) in &self.unit_jumps {
            let file = &self.files[origin.file as usize].name;
            let what = format!("times change from {before} to {now} here");
            let place = || Place::new(file, origin.row, "", NO_TIME, what);
            found.entry(Severity::Warning, "time_unit_jump").add(place);
        }
        let series: Vec<SeriesReport> = self.series.iter().map(SeriesReport::new).collect();
        let mut columns: Vec<String> = Vec::new();
        let mut known = BTreeSet::new();
        for column in self.series.iter().flat_map(|s| &s.columns) {
            if known.insert(&column.name) {
                columns.push(column.name.clone());
            }
        }
        Report {
            files: self.files.iter().map(|f| f.name.clone()).collect(),
            rows: series.iter().map(|s| s.rows).sum(),
            columns,
            series,
            findings: found.findings(),
            joined: self.joined(),
            notes: self.notes.iter().cloned().chain(self.volume_note()).collect(),
        }
    }

    fn find_zero_volume(&self, raw: &RawSeries, found: &mut Found) {
        for (row, volume) in raw.column("volume").unwrap_or_default().iter().enumerate() {
            if *volume == 0.0 {
                let what = || "volume is 0".to_owned();
                found.add(self, Severity::Warning, "zero_volume", raw, row, what);
            }
        }
    }

    fn find_missing(&self, raw: &RawSeries, found: &mut Found) {
        for column in raw.columns.iter().filter(|c| !PRICE_COLUMNS.contains(&c.name.as_str())) {
            for (row, value) in column.values.iter().enumerate() {
                // An infinite volume is a fault of the bar already.
                if value.is_nan() || value.is_infinite() && column.name != "volume" {
                    let what = || format!("{} is {value}", column.name);
                    found.add(self, Severity::Warning, "missing_value", raw, row, what);
                }
            }
        }
    }

    fn find_gaps(&self, raw: &RawSeries, found: &mut Found) {
        let times: Vec<i64> = raw.ts.iter().copied().filter(|t| *t != NO_TIME).collect();
        let limit = MaxGap::Auto.limit_ns(&times).unwrap_or(i64::MAX);
        for row in 1..raw.ts.len() {
            let (before, now) = (raw.ts[row - 1], raw.ts[row]);
            if before != NO_TIME && now != NO_TIME && now.saturating_sub(before) > limit {
                let what =
                    || format!("{} after the bar before it", hours(now.saturating_sub(before)));
                found.add(self, Severity::Warning, "gap", raw, row, what);
            }
        }
    }
}

#[derive(Default)]
struct Found(BTreeMap<(Severity, String), Places>);

impl Found {
    fn add(
        &mut self,
        bars: &Bars,
        severity: Severity,
        kind: &str,
        raw: &RawSeries,
        row: usize,
        what: impl FnOnce() -> String,
    ) {
        self.entry(severity, kind).add(|| {
            let origin = raw.origins[row];
            let file = &bars.files[origin.file as usize].name;
            Place::new(file, origin.row, &raw.symbol, raw.ts[row], what())
        });
    }

    fn entry(&mut self, severity: Severity, kind: &str) -> &mut Places {
        self.0.entry((severity, kind.to_owned())).or_default()
    }

    fn findings(self) -> Vec<Finding> {
        let finding = |((severity, kind), places): ((Severity, String), Places)| Finding {
            kind,
            severity,
            count: places.count,
            places: places.first,
        };
        self.0.into_iter().map(finding).collect()
    }
}

impl SeriesReport {
    fn new(raw: &RawSeries) -> Self {
        let times = || raw.ts.iter().copied().filter(|t| *t != NO_TIME);
        Self {
            symbol: raw.symbol.clone(),
            rows: raw.ts.len() as u64,
            first: times().min().and_then(time),
            last: times().max().and_then(time),
            median_step_ns: raw.median_step(),
        }
    }
}

fn time(ns: i64) -> Option<String> {
    let stamp = chrono::DateTime::from_timestamp_nanos(ns);
    (ns != NO_TIME).then(|| stamp.format("%Y-%m-%d %H:%M:%S").to_string())
}

/// A step as days, hours, minutes and seconds.
fn hours(ns: i64) -> String {
    let seconds = ns / 1_000_000_000;
    let (days, seconds) = (seconds / 86_400, seconds % 86_400);
    let clock = format!("{:02}:{:02}:{:02}", seconds / 3_600, seconds / 60 % 60, seconds % 60);
    if days > 0 { format!("{days} days {clock}") } else { clock }
}

/// `1 bar`, `2 bars`.
fn counted(n: u64, what: &str) -> String {
    format!("{n} {what}{}", if n == 1 { "" } else { "s" })
}

/// What a finding means.
fn meaning(kind: &str) -> String {
    match kind {
        "zero_volume" => "bars without volume".into(),
        "missing_value" => {
            "values missing in other columns; where such a column is a channel, a segment ends"
                .into()
        }
        "gap" => "steps longer than a segment spans".into(),
        "time_unit_jump" => "the unit of time changes; each is read by its magnitude".into(),
        "price_jump" => {
            "the price jumps from one file of a series to the next; are they one instrument?".into()
        }
        "early_time" => "epochs before 1973; is this column one of times?".into(),
        _ => BarFault::ALL
            .into_iter()
            .map(Fault::Bar)
            .chain([Fault::NoTime, Fault::OutOfOrder, Fault::Duplicate])
            .chain(TradeFault::ALL.into_iter().map(Fault::Trade))
            .find(|fault| fault.name() == kind)
            .map_or_else(String::new, Fault::text),
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
        for series in self.series.iter().take(20) {
            let (first, last) = (series.first.as_deref(), series.last.as_deref());
            writeln!(
                f,
                "  {}: {}, {} to {} UTC, median step {}",
                series.symbol,
                counted(series.rows, "bar"),
                first.unwrap_or("?"),
                last.unwrap_or("?"),
                hours(series.median_step_ns),
            )?;
        }
        if self.series.len() > 20 {
            writeln!(f, "  ... and {} more symbols", self.series.len() - 20)?;
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
            writeln!(
                f,
                "{severity}: {} ({}): {}",
                finding.kind,
                finding.count,
                meaning(&finding.kind)
            )?;
            for place in &finding.places {
                let time = place.time.as_deref().unwrap_or("no time");
                writeln!(
                    f,
                    "  {}:{} {} {time}: {}",
                    place.file, place.row, place.symbol, place.what
                )?;
            }
            if finding.count > finding.places.len() as u64 {
                writeln!(f, "  ... {} more", finding.count - finding.places.len() as u64)?;
            }
        }
        Ok(())
    }
}
