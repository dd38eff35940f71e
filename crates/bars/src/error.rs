use crate::duration::time_text;
use crate::{BarFault, Interval, NEEDS_POSITIVE, duration_text};

/// An error of bars or a market.
#[non_exhaustive]
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum BarsError {
    /// A series has no bar.
    #[error("series {symbol}: no bars; at least one is needed")]
    Empty {
        /// The symbol of the series.
        symbol: String,
    },
    /// A column does not have one value a bar.
    #[error("series {symbol}: column {column} has {got} values for {expected} bars")]
    Length {
        /// The symbol of the series.
        symbol: String,
        /// The column.
        column: String,
        /// Number of its values.
        got: usize,
        /// Number of bars.
        expected: usize,
    },
    /// A column is missing.
    #[error(
        "series {symbol}: no column {column}; the columns are {available}; use one of these, or \
         remove {column} from the channels"
    )]
    MissingColumn {
        /// The symbol of the series.
        symbol: String,
        /// The column that was asked for.
        column: String,
        /// The columns that there are, separated by commas.
        available: String,
    },
    /// Two columns have one name.
    #[error("series {symbol}: column {column} occurs twice; rename or drop one")]
    DuplicateColumn {
        /// The symbol of the series.
        symbol: String,
        /// The column.
        column: String,
    },
    /// A time is not after the one before it.
    #[error(
        "series {symbol}, bar {bar}: its time {ts} ns is not after the time {previous} ns of the bar before it; sort the bars and drop duplicates"
    )]
    NotAscending {
        /// The symbol of the series.
        symbol: String,
        /// The bar, counted from 0.
        bar: usize,
        /// Its time, ns since 1970 UTC.
        ts: i64,
        /// The time of the bar before it.
        previous: i64,
    },
    /// A bar is unusable.
    #[error(
        "series {symbol}, bar {bar}: {fault} (open {open}, high {high}, low {low}, close {close})"
    )]
    BadBar {
        /// The symbol of the series.
        symbol: String,
        /// The bar, counted from 0.
        bar: usize,
        /// The fault.
        fault: BarFault,
        /// Its open.
        open: f64,
        /// Its high.
        high: f64,
        /// Its low.
        low: f64,
        /// Its close.
        close: f64,
    },
    /// A market's price is zero or negative.
    #[error(
        "series {symbol}, bar {bar}: its low {low} is not positive. {NEEDS_POSITIVE}. Drop such bars, \
         or shift the prices"
    )]
    NonPositivePrice {
        /// The symbol of the series.
        symbol: String,
        /// The bar, counted from 0.
        bar: usize,
        /// Its low.
        low: f64,
    },
    /// A break is not a bar index.
    #[error("series {symbol}: a break before bar {bar}, but there are {bars} bars")]
    BreakOutOfRange {
        /// The symbol of the series.
        symbol: String,
        /// The bar index of the break.
        bar: usize,
        /// Number of bars.
        bars: usize,
    },
    /// A bar lasts over the end of the interval that coarser bars are to have.
    #[error(
        "series {symbol}: the bar of {} UTC lasts {}, beyond the end of its interval of \
         {interval}; use an interval that such bars fit, or set the start of a day with `anchor` (\"America/New_York\", \"17:00 America/New_York\")",
        time_text(*.ts), duration_text(*.lasts)
    )]
    Straddles {
        /// The symbol of the series.
        symbol: String,
        /// The bar, counted from 0.
        bar: usize,
        /// Its time, ns since 1970 UTC.
        ts: i64,
        /// Its length, ns.
        lasts: i64,
        /// The length of coarser bars.
        interval: Interval,
    },
    /// The interval of a bar ends after the last time that 64 bits hold.
    #[error(
        "series {symbol}: the bar of {} UTC lies in an interval of {interval} that ends after 2262-04-11 23:47:16, the last time that can be stored; leave this bar out",
        time_text(*.ts)
    )]
    EndOfTime {
        /// The symbol of the series.
        symbol: String,
        /// The bar, counted from 0.
        bar: usize,
        /// Its time, ns since 1970 UTC.
        ts: i64,
        /// The length of coarser bars.
        interval: Interval,
    },
    /// Bars are said to be longer than the steps between most of them.
    #[error(
        "series {symbol}: interval = {given} does not match the bars: most steps between bars are \
         {most}; correct it or leave it out"
    )]
    NotSoLong {
        /// The symbol of the series.
        symbol: String,
        /// The length that was given.
        given: Interval,
        /// The most frequent step.
        most: Interval,
    },
    /// Empty intervals are too many to be filled.
    #[error(
        "series {symbol}: more than {most} empty intervals of {interval} would be filled; use a longer interval, or a smaller max_gap, which ends segments instead"
    )]
    TooManyFilled {
        /// The symbol of the series.
        symbol: String,
        /// The most bars that are made.
        most: usize,
        /// The length of bars.
        interval: Interval,
    },
    /// Two series have one symbol.
    #[error("symbol {symbol} occurs twice; join its bars into one series")]
    DuplicateSymbol {
        /// The symbol.
        symbol: String,
    },
    /// A market has no series.
    #[error("there are no bars: a market needs at least one series")]
    NoSeries,
    /// A given segment is not a range of one series, or not after the one before it.
    #[error(
        "segment {index}: rows {start}..{end} are not a range of one series after the segment before it"
    )]
    BadSegment {
        /// The segment, counted from 0.
        index: usize,
        /// Its first row.
        start: usize,
        /// The row after its last one.
        end: usize,
    },
}
