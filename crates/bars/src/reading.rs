//! Settings of the reader of bars, which recipes hold too.

use std::collections::BTreeMap;

use crate::{Anchor, BarSpec};

/// The end of its interval that a bar's time names.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Stamp {
    /// Its beginning.
    #[default]
    Open,
    /// Its end: times move back by the length of a bar, the one given or the most frequent step of
    /// the series. A bar of calendar months moves to the first day of the months that end then.
    Close,
}

/// The row that is kept of several rows of a symbol with one time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnDuplicate {
    /// None: repeated times are errors.
    #[default]
    Error,
    /// The first row, in the order of the files and of the rows in each.
    First,
    /// The last row.
    Last,
}

/// Treatment of unusable bars, such as one whose high is below its low.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnBadBar {
    /// They are an error.
    #[default]
    Error,
    /// They are dropped and counted; a segment ends where one was.
    Drop,
    /// A high and a low are widened to hold an open or close outside of them, and such bars are
    /// counted; other unusable bars are an error.
    Widen,
}

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
}

/// Adjustment of prices for splits and dividends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Adjust {
    /// To the column `adj_close`: all prices times `adj_close / close`.
    AdjClose,
    /// By files of factors, one a symbol: paths and globs. Each row has a date, until the end of
    /// which its price factor and its split factor hold; prices are multiplied by both, volume is
    /// divided by the second.
    Factors(Vec<String>),
}

/// Layout of delimited text, where the text does not say it itself.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CsvOptions {
    /// Lines at the top that are passed over.
    pub skip_rows: usize,
    /// Separator of fields, an ASCII character; `None` for that of `,`, `;` and tab which the first
    /// line has most of.
    pub separator: Option<char>,
    /// True if the first line names columns; `None` if the number of numbers in it decides.
    pub has_header: Option<bool>,
    /// Names of the columns in their order, in place of the header's; an empty one is passed over.
    pub names: Vec<String>,
    /// Other names for columns of text, by those in the file: `{"Last": "close"}`.
    pub rename: BTreeMap<String, String>,
    /// Format of times, as `strftime` has it: `%d.%m.%Y %H:%M`. What is missing of a time of
    /// day is 0. With a date and a time of day in two columns, a space parts them.
    pub time_format: Option<String>,
    /// True if the day is before the month in 03/04/2024; `None` if the column tells.
    pub day_first: Option<bool>,
    /// Decimal mark, `.` or `,`.
    pub decimal: Option<char>,
    /// Separator of thousands, if there is one.
    pub thousands: Option<char>,
    /// Factor of prices in the file: 10,000 where 38500 stands for 3.85.
    pub price_divisor: Option<f64>,
    /// Separator of symbol and column in the names of a wide table: `:` for `BTC:open`.
    pub wide: Option<String>,
    /// True if times are ms since midnight of the date in the file's name.
    pub ms_of_day: bool,
}

impl CsvOptions {
    /// The first fault in them, if any: the key, and the problem.
    #[must_use]
    pub fn fault(&self) -> Option<(&'static str, String)> {
        let no_separator =
            |c: char| !c.is_ascii() || c.is_ascii_alphanumeric() || "\"\r\n.-".contains(c);
        if let Some(c) = self.separator.filter(|c| no_separator(*c)) {
            return Some(("separator", format!("{c:?} is not a separator; use , ; | or \\t")));
        }
        if let Some(c) = self.decimal.filter(|c| ![',', '.'].contains(c)) {
            return Some(("decimal", format!("{c:?} is neither \".\" nor \",\"")));
        }
        let decimal = self.decimal.unwrap_or('.');
        if let Some(c) = self.thousands
            && (!c.is_ascii() || c.is_ascii_alphanumeric() || "+-\"".contains(c) || c == decimal)
        {
            return Some((
                "thousands",
                format!(
                    "{c:?} is not a thousands separator; use , . ' _ or a space, and not the \
                     decimal mark"
                ),
            ));
        }
        if let Some(divisor) = self.price_divisor.filter(|d| !(d.is_finite() && *d > 0.0)) {
            return Some(("price_divisor", format!("{divisor} is not a positive number")));
        }
        if self.wide.as_ref().is_some_and(String::is_empty) {
            return Some((
                "wide",
                "the separator of names is empty; use \":\" for BTC:open".into(),
            ));
        }
        if self.ms_of_day && self.time_format.is_some() {
            return Some(("ms_of_day", "times are either this or in time_format".into()));
        }
        None
    }
}
