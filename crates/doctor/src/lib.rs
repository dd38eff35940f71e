//! The doctor: judges bars that were read, and reports what is wrong with them, by row.
//!
//! [`check`] looks at [`Bars`] and gives a [`Report`]. Each check is a function in its own file. It
//! looks at one series and notes what it finds. All of them together cost little against reading:
//! each passes over the bars at most a few times, and they run side by side. The price of judging
//! after reading is that all bars are in memory. Unusable bars are errors here, but `market-data`
//! alone refuses or drops them.
//!
//! ```
//! use barloom_market_data::{ReadOptions, read_bytes};
//!
//! let csv = b"date,open,high,low,close\n2024-01-02,10,9,12,11\n";
//! let report = barloom_doctor::check(&read_bytes("ACME.csv", csv, &ReadOptions::default())?);
//! assert_eq!((report.errors(), report.findings[0].kind.as_str()), (1, "high_below_low"));
//! # Ok::<(), barloom_market_data::MarketDataError>(())
//! ```
#![forbid(unsafe_code)]

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use barloom_market_data::{Bars, Joined, Place, Places, RawSeries, Unreadable};
use rayon::prelude::*;
use serde::Serialize;

mod clock;
mod columns;
mod copies;
mod faults;
mod files;
mod leaks;
mod overlap;
mod prices;
mod rows;
mod same;
mod series;
mod shifts;
mod spikes;
mod stale;
#[cfg(test)]
mod tests;
mod text;
mod times;
mod volumes;

pub use series::SeriesReport;

/// The severity of a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The bar is unusable: it is refused or dropped.
    Error,
    /// Worth knowing.
    Warning,
}

/// A kind of fault, with its places.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Finding {
    /// Its name: `high_below_low`, `zero_volume`, `gap`, ...
    pub kind: String,
    /// The severity: errors must be repaired.
    pub severity: Severity,
    /// The number of times that it was found.
    pub count: u64,
    /// The first ten places.
    pub places: Vec<Place>,
}

/// The findings in bars.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Report {
    /// The files read.
    pub files: Vec<String>,
    /// Files that cannot be read.
    pub unreadable: Vec<Unreadable>,
    /// Bars in all.
    pub rows: u64,
    /// The columns beside the time and the symbol.
    pub columns: Vec<String>,
    /// Each symbol.
    pub series: Vec<SeriesReport>,
    /// The findings: errors first, overlapping files before other errors, then by count.
    pub findings: Vec<Finding>,
    /// Files that were joined into one series though their names differ by more than dates.
    pub joined: Vec<Joined>,
    /// Notes on the reading of the files.
    pub notes: Vec<String>,
}

impl Report {
    /// The number of unusable bars. Overlapping files are not counted, but their bars are.
    #[must_use]
    pub fn errors(&self) -> u64 {
        self.count(|f| f.severity == Severity::Error && f.kind != overlap::KIND)
    }

    /// The number of warnings.
    #[must_use]
    pub fn warnings(&self) -> u64 {
        self.count(|f| f.severity == Severity::Warning)
    }

    fn count(&self, is_one: impl Fn(&Finding) -> bool) -> u64 {
        self.findings.iter().filter(|f| is_one(f)).map(|f| f.count).sum()
    }
}

/// Everything that is looked for in a series.
const CHECKS: [fn(&Of<'_>, &mut Found); 17] = [
    faults::find,
    faults::find_non_positive,
    overlap::find,
    columns::find_zero_volume,
    columns::find_missing,
    columns::find_constant,
    times::find_gaps,
    times::find_early,
    clock::find,
    files::find_unit_jumps,
    files::find_price_jumps,
    prices::find,
    copies::find,
    volumes::find,
    stale::find,
    leaks::find,
    leaks::find_scaled,
];

/// Reports everything that is wrong with bars, by row.
///
/// Errors are bars that cannot be used: no time, out of order, a repeated time, epochs before 1973,
/// every [`BarFault`](barloom_bars::BarFault); and files of a series that overlap. Everything else
/// is a warning. docs/bars.md lists all kinds and their rules.
#[must_use]
pub fn check(bars: &Bars) -> Report {
    let mut found = Found::default();
    for (fault, places) in bars.bad_trades() {
        found.entry(Severity::Error, fault).clone_from(places);
    }
    let looked: Vec<(SeriesReport, Vec<Found>)> =
        bars.series().par_iter().map(|raw| look_at(bars, raw)).collect();
    let rows = bars.series().iter().map(|raw| raw.ts.len() as u64).sum();
    let mut series = Vec::with_capacity(looked.len());
    for (mut report, parts) in looked {
        report.share = if rows == 0 { 0.0 } else { report.rows as f64 / rows as f64 };
        series.push(report);
        parts.into_iter().for_each(|part| found.append(part));
    }
    times::find_unit_changes(bars, &mut found);
    files::find_cut_rows(bars, &mut found);
    same::find(bars, &mut found);
    leaks::find_scaled_in_all(bars, &mut found);
    let mut columns: Vec<String> = Vec::new();
    let mut known = BTreeSet::new();
    for column in bars.series().iter().flat_map(|s| &s.columns) {
        if known.insert(&column.name) {
            columns.push(column.name.clone());
        }
    }
    Report {
        files: bars.files().iter().map(|f| f.name.clone()).collect(),
        unreadable: bars.unreadable().to_vec(),
        rows,
        columns,
        series,
        findings: found.findings(),
        joined: bars.joined(),
        notes: bars.notes().iter().cloned().chain(files::volume_note(bars)).collect(),
    }
}

/// Reports on one series, with the findings of each check in order.
fn look_at(bars: &Bars, raw: &RawSeries) -> (SeriesReport, Vec<Found>) {
    let report = SeriesReport::new(raw, bars.interval(), bars.is_of_time(raw));
    let of = Of { bars, raw, step: report.median_step_ns, limit: report.max_gap_ns };
    let run = |check: &fn(&Of<'_>, &mut Found)| {
        let mut found = Found::default();
        check(&of, &mut found);
        found
    };
    let found = CHECKS.par_iter().map(run).collect();
    (report, found)
}

/// A series, as checks look at it.
struct Of<'a> {
    bars: &'a Bars,
    raw: &'a RawSeries,
    /// The median step, ns; 0 without steps forward.
    step: i64,
    /// The longest step that a segment spans, ns.
    limit: i64,
}

impl<'a> Of<'a> {
    /// Open, high, low and close.
    fn prices(&self) -> [&'a [f64]; 4] {
        barloom_bars::PRICE_COLUMNS.map(|name| self.raw.column(name).unwrap_or_default())
    }

    /// The name of the file that a row comes from.
    fn file(&self, row: usize) -> &'a str {
        &self.bars.files()[self.raw.origins.get(row).file as usize].name
    }

    fn place(&self, row: usize, what: String) -> Place {
        let (raw, origin) = (self.raw, self.raw.origins.get(row));
        Place::new(self.file(row), origin.row, &raw.symbol, raw.ts[row], what)
    }
}

/// The findings, by severity and kind.
#[derive(Default)]
struct Found(BTreeMap<(Severity, &'static str), Places>);

impl Found {
    fn warn(&mut self, of: &Of<'_>, kind: &'static str, row: usize, what: impl FnOnce() -> String) {
        self.entry(Severity::Warning, kind).add(|| of.place(row, what()));
    }

    fn error(
        &mut self,
        of: &Of<'_>,
        kind: &'static str,
        row: usize,
        what: impl FnOnce() -> String,
    ) {
        self.entry(Severity::Error, kind).add(|| of.place(row, what()));
    }

    fn entry(&mut self, severity: Severity, kind: &'static str) -> &mut Places {
        self.0.entry((severity, kind)).or_default()
    }

    fn append(&mut self, others: Self) {
        for (key, places) in others.0 {
            self.0.entry(key).or_default().append(places);
        }
    }

    fn findings(self) -> Vec<Finding> {
        let finding = |((severity, kind), places): ((Severity, &str), Places)| Finding {
            kind: kind.to_owned(),
            severity,
            count: places.count,
            places: places.first,
        };
        let mut findings: Vec<Finding> = self.0.into_iter().map(finding).collect();
        // It is stable: those that are as many stay in the order of their names.
        findings.sort_by_key(|f| (f.severity, f.kind != overlap::KIND, Reverse(f.count)));
        findings
    }
}

/// A number of at most five digits that count.
fn short(x: f64) -> String {
    if x == 0.0 || (1e-3..1e7).contains(&x.abs()) {
        let text = format!("{x:.*}", if x.abs() < 1.0 { 6 } else { 2 });
        let text = if text.contains('.') { text.trim_end_matches('0') } else { &text };
        text.trim_end_matches('.').to_owned()
    } else {
        format!("{x:.3e}")
    }
}

/// The median of values, the upper one of an even number; none without any.
fn median(values: &mut [f64]) -> Option<f64> {
    if values.is_empty() {
        return None;
    }
    let middle = values.len() / 2;
    Some(*values.select_nth_unstable_by(middle, f64::total_cmp).1)
}
