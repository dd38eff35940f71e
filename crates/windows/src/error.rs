use std::fmt;

/// An error of positions or windows.
#[non_exhaustive]
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum WindowsError {
    /// Lookback or forward is 0.
    #[error("{field}: expected at least 1 bar, got 0")]
    NoBars {
        /// The setting.
        field: &'static str,
    },
    /// No run of bars has room for lookback and forward.
    #[error("{}", no_positions(*lookback, *forward, part.as_deref(), nearest.as_ref()))]
    NoPositions {
        /// L in bars.
        lookback: usize,
        /// F in bars.
        forward: usize,
        /// The part of the split, if there is one.
        part: Option<String>,
        /// The run of bars that comes nearest to holding a sample: without a split the longest
        /// segment. `None` if no bar is in a segment and in the part.
        nearest: Option<NearestRun>,
    },
    /// Each position that the bars have room for lacks an input.
    #[error("{}", all_missing(*lookback, *forward, part.as_deref(), column, *rows))]
    AllMissing {
        /// L in bars.
        lookback: usize,
        /// F in bars.
        forward: usize,
        /// The part of the split, if there is one.
        part: Option<String>,
        /// The column with the most missing rows.
        column: String,
        /// The number of rows in segments where it is missing.
        rows: usize,
    },
    /// No row that may be a position has room for lookback and forward, and its inputs.
    #[error(
        "no position{}: no bar with a label has room for lookback {lookback} and forward {forward}; use a shorter lookback, shorter labels, or more bars",
        place(part.as_deref())
    )]
    NoRows {
        /// L in bars.
        lookback: usize,
        /// F in bars.
        forward: usize,
        /// The part, if there is one.
        part: Option<String>,
    },
    /// Impossible weights.
    #[error(
        "symbol_weights: expected a finite weight of at least 0 for each of {series} symbols, not all of them 0, got {got}"
    )]
    Weights {
        /// The number of series in the market.
        series: usize,
        /// The wrong weight, or the number of weights.
        got: String,
    },
    /// A weight that is so small beside the others that its share of the samples would not be
    /// exact.
    #[error(
        "symbol_weights: symbol {symbol} would get {share:.3e} of the samples, too few to divide evenly among its {positions} positions; give it at least {least:.3e} of the sum of all weights, or 0 to leave it out"
    )]
    SmallWeight {
        /// The symbol.
        symbol: String,
        /// Its share of the sum of the weights of symbols with positions.
        share: f64,
        /// The number of positions of the series.
        positions: u64,
        /// The smallest share that it may have.
        least: f64,
    },
    /// The market has no such channel.
    #[error("unknown channel {channel}; the market has {available}")]
    MissingChannel {
        /// The requested channel.
        channel: String,
        /// The available columns, separated by commas.
        available: String,
    },
    /// A window would begin before the first row or end after the last.
    #[error("row {row} has no window of {lookback} bars before it in a market of {rows} rows")]
    OutOfRange {
        /// The arena row.
        row: usize,
        /// L in bars.
        lookback: usize,
        /// The rows of the market.
        rows: usize,
    },
}

impl WindowsError {
    /// True if the settings are right, and the bars have no position for them.
    #[must_use]
    pub fn is_without_positions(&self) -> bool {
        matches!(self, Self::NoPositions { .. } | Self::AllMissing { .. } | Self::NoRows { .. })
    }
}

/// A run of bars in which a sample would have to lie.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NearestRun {
    /// The symbol of its series.
    pub symbol: String,
    /// The number of bars in the run.
    pub bars: usize,
    /// The number of these bars that labels may use. It is less than `bars` if inputs may reach
    /// back into earlier parts.
    pub label_bars: usize,
    /// True if inputs may reach back into earlier parts.
    pub reaches_back: bool,
    /// Open time of its first bar, ns since 1970 UTC.
    pub from_ns: i64,
    /// Open time of its last bar, ns since 1970 UTC.
    pub to_ns: i64,
}

fn place(part: Option<&str>) -> String {
    part.map_or_else(String::new, |part| format!(" in part {part}"))
}

fn no_positions(
    lookback: usize,
    forward: usize,
    part: Option<&str>,
    nearest: Option<&NearestRun>,
) -> String {
    let need = lookback.saturating_add(forward);
    let place = place(part);
    let mut text = format!(
        "no position{place}: a sample needs {need} bars in one segment (lookback {lookback}, \
         forward {forward}), and "
    );
    let Some(run) = nearest else {
        return text
            + &format!(
                "no bar{place} is in a segment; use bars without missing values in the channels"
            )
            + if part.is_some() { ", or a part that has bars" } else { "" };
    };
    let (from, to) = (Utc(run.from_ns), Utc(run.to_ns));
    text += &format!("the longest{place} has {} ({}, {from} to {to})", run.bars, run.symbol);
    let advice = format!("; use lookback + forward of at most {}", run.bars);
    text += &if run.label_bars < run.bars {
        let labels = run.label_bars;
        format!(", {labels} of them for labels{advice} with forward of at most {labels}")
    } else {
        advice
    };
    text
}

fn all_missing(
    lookback: usize,
    forward: usize,
    part: Option<&str>,
    column: &str,
    rows: usize,
) -> String {
    let place = place(part);
    format!(
        "no position{place}: wherever lookback {lookback} and forward {forward} fit, an input is \
         missing. {column} is missing most often, in {rows} rows; leave it out, use a shorter \
         lookback, or more bars"
    )
}

/// A time in ns since 1970, shown as `2021-03-31 15:00:00 UTC`.
struct Utc(i64);

impl fmt::Display for Utc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.0.div_euclid(1_000_000_000);
        let (day, second) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
        // Years are counted from March, so that a leap day comes last; 719_468 days lie between
        // 0000-03-01 and 1970-01-01, 146_097 in an era of 400 years.
        let days = day + 719_468;
        let (era, in_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
        let year = (in_era - in_era / 1_460 + in_era / 36_524 - in_era / 146_096) / 365;
        let in_year = in_era - (365 * year + year / 4 - year / 100);
        let from_march = (5 * in_year + 2) / 153;
        let date = in_year - (153 * from_march + 2) / 5 + 1;
        let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
        let year = year + era * 400 + i64::from(month <= 2);
        let (hour, minute, second) = (second / 3_600, second / 60 % 60, second % 60);
        write!(f, "{year:04}-{month:02}-{date:02} {hour:02}:{minute:02}:{second:02} UTC")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_read_as_dates() {
        for (seconds, text) in [
            (0, "1970-01-01 00:00:00 UTC"),
            (-1, "1969-12-31 23:59:59 UTC"),
            (951_782_400, "2000-02-29 00:00:00 UTC"),
            (4_107_542_399, "2100-02-28 23:59:59 UTC"),
            (4_107_542_400, "2100-03-01 00:00:00 UTC"),
            (1_617_202_800, "2021-03-31 15:00:00 UTC"),
        ] {
            assert_eq!(Utc(seconds * 1_000_000_000).to_string(), text);
        }
    }
}
