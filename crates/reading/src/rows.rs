//! Settings of rows: the meaning of their times, and the treatment of unusable ones.

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
