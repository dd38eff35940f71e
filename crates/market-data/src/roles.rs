//! What columns are called.

use std::collections::BTreeSet;

use barloom_bars::PRICE_COLUMNS;

use crate::MarketDataError;
use crate::shown::{acts, cut, listed};
use crate::table::Kind;

/// The columns that bars or trades are made from.
#[derive(Clone, Debug, Default)]
pub(crate) struct Roles {
    pub(crate) kind: Kind,
    pub(crate) time: Option<usize>,
    /// A time of day beside a date, in a column of its own.
    pub(crate) time_of_day: Option<usize>,
    pub(crate) symbol: Option<usize>,
    /// Other columns by their normalised names; price and volume columns have their usual one.
    pub(crate) values: Vec<(usize, String)>,
}

const TIME: &[&str] = &[
    "ts",
    "timestamp",
    "timestamp_utc",
    "datetime",
    "date_time",
    "open_time",
    "opentime",
    "ts_event",
    "time_utc",
    "date",
    "time",
    "transact_time",
    "trade_time",
    "start_time",
    "start_date",
    "index",
    "__index_level_0__",
    "unnamed:_0",
    "",
];
const SYMBOL: &[&str] = &["symbol", "ticker", "stock", "instrument", "sym", "pair", "name"];
const VALUES: &[(&str, &[&str])] = &[
    ("open", &["open", "o", "open_price"]),
    ("high", &["high", "h", "high_price"]),
    ("low", &["low", "l", "low_price"]),
    ("close", &["close", "c", "close_price"]),
    ("volume", &["volume", "vol", "vol.", "v", "tick_volume", "total_traded_quantity"]),
];

const PRICE: &[&str] = &["price", "trade_price", "px", "p"];
const SIZE: &[&str] =
    &["size", "amount", "quantity", "qty", "volume", "vol", "trade_size", "q", "v"];

/// `Adj Close` as `adj_close`.
pub(crate) fn normalise(name: &str) -> String {
    let name = name.trim().trim_matches('"').trim().to_lowercase();
    name.replace(|c: char| c == ' ' || c == '-' || acts(c), "_")
}

/// Finds the roles of columns by their names.
pub(crate) fn roles(header: &[String]) -> Roles {
    let names: Vec<String> = header.iter().map(|name| normalise(name)).collect();
    let find = |candidates: &[&str]| {
        candidates.iter().find_map(|c| names.iter().position(|name| name == c))
    };
    let mut time = find(TIME);
    let mut time_of_day = None;
    let (date, clock) = (find(&["date"]), find(&["time"]));
    if time == date && date.is_some() && clock.is_some() {
        (time, time_of_day) = (date, clock);
    }
    let symbol = find(SYMBOL);
    let is_bars = VALUES[..3].iter().any(|(_, candidates)| find(candidates).is_some());
    if let (false, Some(price), Some(size)) = (is_bars, find(PRICE), find(SIZE)) {
        let values = vec![(price, "price".to_owned()), (size, "size".to_owned())];
        return Roles { kind: Kind::Trades, time, time_of_day, symbol, values };
    }
    let mut values: Vec<(usize, String)> = Vec::new();
    for (role, candidates) in VALUES {
        if let Some(at) = find(candidates) {
            values.push((at, (*role).to_owned()));
        }
    }
    // Columns may be as many as a file has bytes: each is looked up, not compared with all others.
    let mut places: BTreeSet<usize> = values.iter().map(|(at, _)| *at).collect();
    places.extend([time, time_of_day, symbol].into_iter().flatten());
    let mut taken: BTreeSet<String> = values.iter().map(|(_, role)| role.clone()).collect();
    for (at, name) in names.into_iter().enumerate() {
        let usable = !is_unnamed(&name) || name == "index";
        if usable && !places.contains(&at) && taken.insert(name.clone()) {
            values.push((at, name));
        }
    }
    Roles { kind: Kind::Bars, time, time_of_day, symbol, values }
}

/// Whether a column has the name of one that has none: pandas' index may hold times, or count rows.
pub(crate) fn is_unnamed(name: &str) -> bool {
    ["", "unnamed:_0", "__index_level_0__", "index"].contains(&normalise(name).as_str())
}

/// A column as people find it: by its name, or by its place where it has none.
pub(crate) fn shown(header: &[String], at: usize) -> String {
    match header.get(at) {
        Some(name) if !name.is_empty() => cut(name).into_owned(),
        _ => format!("{} (unnamed)", at + 1),
    }
}

/// The time column, if that and the prices are there.
pub(crate) fn check_roles(
    file: &str,
    header: &[String],
    roles: &Roles,
) -> Result<usize, MarketDataError> {
    let shown = listed(header.iter().map(String::as_str));
    let Some(time) = roles.time else {
        let names = "ts, time, timestamp, datetime, date or open_time";
        let index = if header.iter().any(|name| is_unnamed(name)) {
            " (a column without a name is one of times only if it holds dates, or epochs from 1973 on)"
        } else {
            ""
        };
        let problem =
            format!("there is no time column; expected one named {names}, found: {shown}{index}");
        return Err(MarketDataError::file(file, problem));
    };
    for price in PRICE_COLUMNS.into_iter().filter(|_| roles.kind == Kind::Bars) {
        if !roles.values.iter().any(|(_, name)| name == price) {
            let problem = format!(
                "there is no column {price}; bars need open, high, low and close, trades a price and a size; found: {shown}"
            );
            return Err(MarketDataError::file(file, problem));
        }
    }
    Ok(time)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_hold_no_characters_that_act() {
        assert_eq!(normalise("Adj\nClose"), "adj_close");
        assert_eq!(normalise("\u{1b}[2Jx"), "_[2jx");
    }

    #[test]
    fn columns_are_found_by_their_usual_names() {
        let header = ["Date", "Open", "HIGH", "low ", "Close", "Adj Close", "Tick Volume"];
        let roles = roles(&header.map(str::to_owned));
        assert_eq!((roles.time, roles.symbol), (Some(0), None));
        let names: Vec<&str> = roles.values.iter().map(|v| v.1.as_str()).collect();
        assert_eq!(names, ["open", "high", "low", "close", "volume", "adj_close"]);
    }
}
