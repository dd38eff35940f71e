//! The layout of delimited text.

use std::collections::BTreeMap;

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

/// An impossible layout of text.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{key}: {problem}")]
pub struct CsvFault {
    /// The key of the option.
    pub key: &'static str,
    /// The fault, and the expected value.
    pub problem: String,
}

impl CsvOptions {
    /// Checks the options for values that no text can have.
    ///
    /// # Errors
    /// The first fault.
    pub fn check(&self) -> Result<(), CsvFault> {
        self.fault().map_or(Ok(()), |(key, problem)| Err(CsvFault { key, problem }))
    }

    /// The first fault, if any: the key, and the problem.
    fn fault(&self) -> Option<(&'static str, String)> {
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
