//! Prices adjusted for splits and dividends.

use std::collections::BTreeMap;

use barloom_bars::PRICE_COLUMNS;
use barloom_reading::Adjust;

use crate::bars::RawSeries;
use crate::names::symbol_of_file;
use crate::options::ADJ_CLOSE;
use crate::paths::expand;
use crate::shown::cut;
use crate::table::NO_TIME;
use crate::time::{self, Written};
use crate::{MarketDataError, ReadOptions};

/// Columns of traded units, which splits multiply.
const VOLUMES: [&str; 3] = ["volume", "buy_volume", "taker_buy_volume"];

/// Returns true for a column of prices: a bar's mean price is one too.
fn is_price(name: &str) -> bool {
    PRICE_COLUMNS.contains(&name) || name == "vwap"
}

/// Adjustments of prices.
pub(crate) enum Factors {
    None,
    AdjClose,
    /// The factors of each symbol, by its name in lower case.
    BySymbol(BTreeMap<String, Vec<Factor>>),
}

/// The factors for bars before a time, and from the time of the factor before on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Factor {
    /// ns since 1970 UTC.
    before: i64,
    /// The factor of prices, for splits and dividends.
    price: f64,
    /// The factor of splits alone.
    split: f64,
}

impl Factors {
    /// Reads the files of factors, if there are such.
    pub(crate) fn of(options: &ReadOptions) -> Result<Self, MarketDataError> {
        let patterns = match &options.adjust {
            None => return Ok(Self::None),
            Some(Adjust::AdjClose) => return Ok(Self::AdjClose),
            Some(Adjust::Factors(patterns)) => patterns,
        };
        let mut by_symbol = BTreeMap::new();
        for pattern in patterns {
            for file in expand(pattern)? {
                let factors = read(&file, &options.timezone)?;
                let symbol = symbol_of_file(&file, &[]).to_lowercase();
                if by_symbol.insert(symbol.clone(), factors).is_some() {
                    let problem = format!("there are two files of factors of {symbol}");
                    return Err(MarketDataError::file(&file, problem));
                }
            }
        }
        Ok(Self::BySymbol(by_symbol))
    }

    /// Adjusts the prices of a series.
    pub(crate) fn adjust(&self, series: &mut RawSeries) -> Result<(), MarketDataError> {
        match self {
            Self::None => Ok(()),
            Self::AdjClose => to_adj_close(series),
            Self::BySymbol(by_symbol) => {
                let Some(factors) = by_symbol.get(&series.symbol.to_lowercase()) else {
                    let known: Vec<&str> = by_symbol.keys().take(8).map(String::as_str).collect();
                    let problem = format!(
                        "there are no factors of {}; there are those of {}",
                        series.symbol,
                        known.join(", ")
                    );
                    return Err(MarketDataError::Adjust { problem });
                };
                by_factors(series, factors);
                Ok(())
            }
        }
    }
}

/// Prices times `adj_close / close`. Divided first: what is the close becomes the adjusted one to
/// the bit, and what is above or below it stays there.
fn to_adj_close(series: &mut RawSeries) -> Result<(), MarketDataError> {
    let column = |name: &str| series.column(name).map(<[f64]>::to_vec);
    let (Some(adjusted), Some(close)) = (column(ADJ_CLOSE), column("close")) else {
        let available = series.available.join(", ");
        let problem =
            format!("series {}: there is no column {ADJ_CLOSE}; it has {available}", series.symbol);
        return Err(MarketDataError::Adjust { problem });
    };
    let prices = series.columns.iter_mut().filter(|c| is_price(&c.name));
    for column in prices {
        for (price, (adjusted, close)) in column.values.iter_mut().zip(adjusted.iter().zip(&close))
        {
            *price = *price / close * adjusted;
        }
    }
    Ok(())
}

/// Prices times the factor of the first date on which the bar's day is or which is after it, and
/// volumes divided by that of splits; 1 after the last date.
fn by_factors(series: &mut RawSeries, factors: &[Factor]) {
    let unadjusted = Factor { before: i64::MAX, price: 1.0, split: 1.0 };
    let of_bar = |ts: &i64| match *ts {
        NO_TIME => unadjusted,
        ts => {
            let at = factors.partition_point(|factor| factor.before <= ts);
            factors.get(at).copied().unwrap_or(unadjusted)
        }
    };
    let of_bars: Vec<Factor> = series.ts.iter().map(of_bar).collect();
    for column in &mut series.columns {
        let values = column.values.iter_mut().zip(&of_bars);
        if is_price(&column.name) {
            values.for_each(|(value, factor)| *value *= factor.price);
        } else if VOLUMES.contains(&&*column.name) {
            values.for_each(|(value, factor)| *value /= factor.split);
        }
    }
}

/// Reads rows of a date, a price factor, a split factor and whatever follows, with a header or
/// without, sorted by date.
fn read(file: &str, timezone: &str) -> Result<Vec<Factor>, MarketDataError> {
    const DAY: i64 = 86_400_000_000_000;
    let path = std::path::Path::new(file);
    let text = std::fs::read_to_string(path).map_err(MarketDataError::io(path, "read"))?;
    let zone = time::zone(timezone)?;
    let mut factors: Vec<Factor> = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let fields: Vec<&str> = line.split(',').map(str::trim).collect();
        if line.trim().is_empty() || number == 0 && fields[0].chars().all(char::is_alphabetic) {
            continue;
        }
        let cell = |column: &str, got: &str, expected: &str| MarketDataError::Cell {
            file: file.to_owned(),
            place: format!("line {}", number + 1),
            column: column.to_owned(),
            got: cut(got).into_owned(),
            expected: expected.to_owned(),
        };
        let midnight = match time::of_text(fields[0]) {
            Some(Written::Local(ns)) if ns % DAY == 0 => ns.checked_add(DAY),
            _ => None,
        };
        let before = midnight.and_then(|ns| Some(zone.at(ns)?.first()));
        let before = before.ok_or_else(|| cell("date", fields[0], "a date such as 20240131"))?;
        let factor = |at: usize, name: &str| {
            let field = fields.get(at).copied().unwrap_or_default();
            let value: Option<f64> = field.parse().ok();
            let value = value.filter(|value| value.is_finite() && *value > 0.0);
            value.ok_or_else(|| cell(name, field, "a positive factor"))
        };
        let (price, split) = (factor(1, "price factor")?, factor(2, "split factor")?);
        if factors.last().is_some_and(|last| last.before >= before) {
            return Err(cell("date", fields[0], "a date after the one above it"));
        }
        factors.push(Factor { before, price: price * split, split });
    }
    if factors.is_empty() {
        let problem = "it holds no factors; expected rows of date, price factor, split factor";
        return Err(MarketDataError::file(file, problem));
    }
    Ok(factors)
}
