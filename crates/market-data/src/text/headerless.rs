//! The columns of text without a header.

use super::apart;
use crate::{MarketDataError, ReadOptions};

/// The columns of Binance's klines, which have twelve with or without a header.
const KLINES: [&str; 12] = [
    "open_time",
    "open",
    "high",
    "low",
    "close",
    "volume",
    "close_time",
    "quote_volume",
    "count",
    "taker_buy_volume",
    "taker_buy_quote_volume",
    "ignore",
];

/// The columns of a file without a header: bars, or trades as Kraken and Binance ship them.
pub(super) fn names(
    file: &str,
    first: &csv::ByteRecord,
    options: &ReadOptions,
) -> Result<Vec<String>, MarketDataError> {
    if options.values.is_some() {
        let problem = "its first line is no header; expected the names of columns";
        return Err(MarketDataError::file(file, problem));
    }
    let width = first.len();
    let is_flag =
        |field: &[u8]| field.eq_ignore_ascii_case(b"true") || field.eq_ignore_ascii_case(b"false");
    let flags = first.iter().rev().take_while(|field| is_flag(field)).count();
    let trades = match (width, flags) {
        (3, 0) => "time price size",
        (6, 1) => "id price size quote_size time is_buyer_maker",
        (7, 2) => "id price size quote_size time is_buyer_maker is_best_match",
        (7, 1) => "id price size first_id last_id time is_buyer_maker",
        (8, 2) => "id price size first_id last_id time is_buyer_maker is_best_match",
        _ => "",
    };
    if !trades.is_empty() {
        return Ok(trades.split(' ').map(str::to_owned).collect());
    }
    if width >= 6 && apart::has_clock(first) {
        let names = ["date", "time", "open", "high", "low", "close", "volume"];
        let names = names.iter().map(|name| (*name).to_owned());
        return Ok(names.chain((7..width).map(|i| format!("column_{i}"))).take(width).collect());
    }
    match width {
        12 => Ok(KLINES.map(str::to_owned).to_vec()),
        5.. => {
            let names = KLINES.iter().take(6).map(|n| (*n).to_owned());
            Ok(names.chain((6..width).map(|i| format!("column_{i}"))).take(width).collect())
        }
        _ => Err(MarketDataError::file(
            file,
            "its first line is no header, and without one at least time, open, high, low and close are needed, or time, price and size",
        )),
    }
}
