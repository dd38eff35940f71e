//! Names of columns in two levels, a price and a symbol, as pandas writes them for several tickers.
//!
//! In text each level is a line, and a third line may name the index:
//!
//! ```text
//! Price,Close,Close,High,High
//! Ticker,AAPL,MSFT,AAPL,MSFT
//! Date,,,,
//! ```
//!
//! In Parquet and Arrow a name holds both: `('Close', 'AAPL')`. Either level may come first.

use std::collections::{BTreeMap, BTreeSet};

use barloom_bars::PRICE_COLUMNS;

use crate::MarketDataError;
use crate::rename::renamed;
use crate::roles::{is_unnamed, roles};
use crate::shown::cut;

/// The columns of each symbol.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Levels {
    /// The symbol and the name of each column; none if it is of no symbol.
    columns: Vec<Option<(String, String)>>,
    /// The column of times, which is common to all symbols, and its name.
    time: Option<(usize, String)>,
    /// A column with a name that is neither of a symbol with all prices nor that of times.
    left: Option<(usize, String)>,
}

/// Texts under the names of columns that are units or types, and no symbols.
const UNITS: [&str; 24] = [
    "usd", "eur", "gbp", "jpy", "cny", "chf", "cad", "aud", "hkd", "inr", "krw", "usdt", "usc",
    "$", "€", "£", "¥", "cents", "price", "points", "pts", "float", "double", "number",
];

impl Levels {
    /// Finds levels in lines of one width: two, or three of which the last one names the index.
    /// With how many lines they are. `is_time` tells whether a field is a time, as the first field
    /// of a row is.
    pub(crate) fn of_lines(
        lines: &[Vec<String>],
        is_time: impl Fn(&str) -> bool,
    ) -> Option<(Self, usize)> {
        let [first, second, rest @ ..] = lines else { return None };
        let index = rest.first().and_then(|third| index_name(third, &is_time));
        let levels = Self::of(first, second, index.clone())?;
        // Else the second line may be a row, as of a bar whose prices are all the same.
        let is_row =
            levels.columns.iter().zip(first.iter().zip(second)).any(|(column, (first, second))| {
                column.is_none() && (is_time(first) || is_time(second))
            });
        if is_row || index.is_none() && levels.has_no_symbols(second) {
            return None;
        }
        Some((levels, 2 + usize::from(index.is_some())))
    }

    /// Tells whether a second line without a name of the index holds units, or the numbers of a
    /// row.
    fn has_no_symbols(&self, second: &[String]) -> bool {
        let is_time =
            |name: &String| !is_unnamed(name) && roles(std::slice::from_ref(name)).time.is_some();
        if second.first().is_some_and(is_time) {
            return false;
        }
        let all = |is_one: &dyn Fn(&str) -> bool| {
            self.columns.iter().flatten().all(|(symbol, _)| is_one(symbol))
        };
        let is_unit = |symbol: &str| {
            let unit = symbol.trim_matches(|c: char| "()[] ".contains(c)).to_lowercase();
            UNITS.contains(&unit.as_str())
        };
        let is_number = |symbol: &str| symbol.parse::<f64>().is_ok();
        all(&is_unit) || self.left.is_some() && all(&is_number)
    }

    /// Finds levels in names as Python writes tuples.
    pub(crate) fn of_names(names: &[String]) -> Option<Self> {
        if !names.iter().any(|name| pair(name).is_some()) {
            return None;
        }
        let pairs = names.iter().map(|name| pair(name).unwrap_or((name.clone(), String::new())));
        let (first, second): (Vec<String>, Vec<String>) = pairs.unzip();
        // Names that are no levels are shown as they are.
        Self::of(&first, &second, None).filter(|levels| levels.left.is_none())
    }

    fn of(first: &[String], second: &[String], index: Option<(usize, String)>) -> Option<Self> {
        if first.len() != second.len() {
            return None;
        }
        let (names, symbols) = match (has_prices(first), has_prices(second)) {
            (true, false) => (first, second),
            (false, true) => (second, first),
            _ => return None,
        };
        let mut of_symbol: BTreeMap<&str, Vec<String>> = BTreeMap::new();
        for (name, symbol) in names.iter().zip(symbols) {
            of_symbol.entry(symbol).or_default().push(name.clone());
        }
        // Once a symbol: a header may have as many columns as a file has bytes.
        let complete: BTreeSet<&str> = of_symbol
            .iter()
            .filter(|(symbol, names)| !symbol.is_empty() && has_prices(names))
            .map(|(symbol, _)| *symbol)
            .collect();
        let is_index = |at: usize| index.as_ref().is_some_and(|(index, _)| *index == at);
        let columns: Vec<Option<(String, String)>> = names
            .iter()
            .zip(symbols)
            .enumerate()
            .map(|(at, (name, symbol))| {
                let is_one = !is_index(at) && complete.contains(symbol.as_str());
                is_one.then(|| (symbol.clone(), name.clone()))
            })
            .collect();
        columns.iter().flatten().next()?;
        let of_none = |at: &usize| columns[*at].is_none();
        let is_time = |name: &str| !is_unnamed(name) && roles(&[name.to_owned()]).time.is_some();
        let named = |at: usize| [&names[at], &symbols[at]].into_iter().find(|name| is_time(name));
        let time = index
            .map(|(at, name)| (at, if is_time(&name) { name } else { "ts".to_owned() }))
            .or_else(|| {
                (0..names.len()).filter(of_none).find_map(|at| Some((at, named(at)?.clone())))
            })
            .or_else(|| (0..names.len()).find(of_none).map(|at| (at, String::new())));
        // The first column may hold the names of both levels.
        let is_value = |name: &String| {
            let is_known = |name: &str| name == "volume" || PRICE_COLUMNS.contains(&name);
            roles(std::slice::from_ref(name)).values.iter().any(|(_, name)| is_known(name))
        };
        let is_left = |at: &usize| {
            let pair = [&names[*at], &symbols[*at]];
            time.as_ref().is_none_or(|(time, _)| time != at)
                && pair.into_iter().any(|name| !is_unnamed(name))
                && (*at > 0 || pair.into_iter().any(is_value))
        };
        let mut left = (0..names.len()).filter(of_none).filter(is_left);
        let left = left.next().map(|at| (at, format!("{} {}", names[at], symbols[at])));
        Some(Self { columns, time, left })
    }

    /// Checks that every column with a name is of a symbol with all prices, or that of times.
    ///
    /// # Errors
    /// A column is not; the error names it.
    pub(crate) fn check(&self, file: &str) -> Result<(), MarketDataError> {
        let Some((at, name)) = &self.left else { return Ok(()) };
        let problem = format!(
            "the first two lines name columns by a price and a symbol, but column {} ({}) has no \
             symbol with open, high, low and close. Remove that column, or the line of units",
            at + 1,
            cut(name.trim())
        );
        Err(MarketDataError::file(file, problem))
    }

    /// Symbols in the order of their first columns, each with its columns, among them that of
    /// times: their places and names.
    pub(crate) fn groups(&self) -> Vec<(String, Vec<(usize, String)>)> {
        let mut groups: Vec<(String, Vec<(usize, String)>)> = Vec::new();
        let mut known: BTreeMap<&str, usize> = BTreeMap::new();
        for (at, column) in self.columns.iter().enumerate() {
            let Some((symbol, name)) = column else { continue };
            let group = *known.entry(symbol).or_insert_with(|| {
                groups.push((symbol.clone(), self.time.clone().into_iter().collect()));
                groups.len() - 1
            });
            groups[group].1.push((at, name.clone()));
        }
        groups
    }

    /// Gives columns other names, those of all symbols alike.
    ///
    /// # Errors
    /// As [`renamed`].
    pub(crate) fn rename(
        &mut self,
        file: &str,
        rename: &BTreeMap<String, String>,
    ) -> Result<(), MarketDataError> {
        let of_symbols = self.columns.iter_mut().flatten().map(|(_, name)| name);
        let mut names: Vec<&mut String> =
            of_symbols.chain(self.time.iter_mut().map(|(_, name)| name)).collect();
        let distinct: BTreeSet<String> = names.iter().map(|name| (**name).clone()).collect();
        let distinct: Vec<String> = distinct.into_iter().collect();
        let others = renamed(file, &distinct, rename)?;
        for name in &mut names {
            if let Ok(at) = distinct.binary_search(name) {
                name.clone_from(&others[at]);
            }
        }
        Ok(())
    }

    /// The names of columns, for people: `Close AAPL`.
    pub(crate) fn shown(&self) -> Vec<String> {
        let name = |(at, column): (usize, &Option<(String, String)>)| match (column, &self.time) {
            (Some((symbol, name)), _) => format!("{name} {symbol}"),
            (None, Some((time, name))) if *time == at => name.clone(),
            _ => String::new(),
        };
        self.columns.iter().enumerate().map(name).collect()
    }
}

/// Tells whether names hold those of a bar.
fn has_prices(names: &[String]) -> bool {
    let values = roles(names).values;
    PRICE_COLUMNS.iter().all(|price| values.iter().any(|(_, name)| name == price))
}

/// The column that a line names and its name, if it names one alone and that is no time.
fn index_name(line: &[String], is_time: impl Fn(&str) -> bool) -> Option<(usize, String)> {
    let mut named = line.iter().enumerate().filter(|(_, name)| !name.is_empty());
    match (named.next(), named.next()) {
        (Some((at, name)), None) if !is_time(name) => Some((at, name.clone())),
        _ => None,
    }
}

/// The two texts of a tuple as Python writes it: `('Close', 'AAPL')`.
fn pair(name: &str) -> Option<(String, String)> {
    let rest = name.strip_prefix('(')?;
    let (first, rest) = quoted(rest)?;
    let (second, rest) = quoted(rest.strip_prefix(',')?.trim_start())?;
    (rest == ")").then_some((first, second))
}

/// A text in quotes, as Python writes it, and what is after it.
fn quoted(text: &str) -> Option<(String, &str)> {
    let quote = text.chars().next().filter(|quote| ['\'', '"'].contains(quote))?;
    let mut found = String::new();
    let mut chars = text.char_indices().skip(1);
    while let Some((at, char)) = chars.next() {
        match char {
            '\\' => found.push(chars.next()?.1),
            char if char == quote => return Some((found, &text[at + 1..])),
            char => found.push(char),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str) -> Vec<Vec<String>> {
        text.lines().map(|line| line.split(',').map(str::to_owned).collect()).collect()
    }

    fn named(symbol: &str, names: &[&str]) -> (String, Vec<String>) {
        (symbol.to_owned(), names.iter().map(|name| (*name).to_owned()).collect())
    }

    fn groups(levels: &Levels) -> Vec<(String, Vec<String>)> {
        let names =
            |columns: Vec<(usize, String)>| columns.into_iter().map(|(_, name)| name).collect();
        levels.groups().into_iter().map(|(symbol, columns)| (symbol, names(columns))).collect()
    }

    fn of(text: &str) -> Option<(Levels, usize)> {
        Levels::of_lines(&lines(text), |field| field.starts_with("20"))
    }

    #[test]
    fn levels_come_in_both_orders_with_and_without_a_name_of_the_index() {
        for (text, count, time) in [
            ("Price,Close,High,Low,Open\nTicker,A,A,A,A\nDate,,,,", 3, "Date"),
            ("Ticker,A,A,A,A\nPrice,Close,High,Low,Open\nDatetime,,,,", 3, "Datetime"),
            (",Close,High,Low,Open\n,A,A,A,A\nDate,,,,", 3, "Date"),
            (",Close,High,Low,Open\nDate,A,A,A,A\n2024-01-02,1,2,1,1", 2, "Date"),
            (",Close,High,Low,Open\n,A,A,A,A\n2024-01-02,1,2,1,1", 2, ""),
            ("Date,Close,High,Low,Open\n,A,A,A,A\n2024-01-02,1,2,1,1", 2, "Date"),
            (",7203,7203,7203,7203\n,Close,High,Low,Open\nDate,,,,", 3, "Date"),
        ] {
            let (levels, found) = of(text).unwrap_or_else(|| panic!("{text}"));
            assert_eq!(found, count, "{text}");
            let symbol = if text.contains("7203") { "7203" } else { "A" };
            assert_eq!(
                groups(&levels),
                [named(symbol, &[time, "Close", "High", "Low", "Open"])],
                "{text}"
            );
        }
        let both =
            "Price,Close,Close,High,High,Low,Low,Open,Open\nTicker,A,B,A,B,A,B,A,B\nDate,,,,,,,,";
        let (levels, _) = of(both).unwrap();
        let names = ["Date", "Close", "High", "Low", "Open"];
        assert_eq!(groups(&levels), [named("A", &names), named("B", &names)]);
        let places: Vec<usize> = levels.groups()[1].1.iter().map(|(at, _)| *at).collect();
        assert_eq!(places, [0, 2, 4, 6, 8]);
    }

    #[test]
    fn rows_are_no_levels() {
        for text in [
            "Date,Open,High,Low,Close\n2024-01-02,1,2,1,1\n2024-01-03,1,2,1,1",
            // Prices that are all the same.
            "Date,Open,High,Low,Close\n2024-01-02,7,7,7,7\n2024-01-03,7,7,7,7",
            "Date,Open,High,Low,Close\nDate,Open,High,Low,Close\n2024-01-03,7,7,7,7",
            "Date,A,B,C,D\nx,1,2,3,4\n2024-01-03,7,7,7,7",
        ] {
            assert_eq!(of(text), None, "{text}");
        }
    }

    #[test]
    fn names_as_python_writes_tuples() {
        for (name, expected) in [
            ("('Close', 'AAPL')", Some(("Close", "AAPL"))),
            ("('Date', '')", Some(("Date", ""))),
            (r#"("O'Neil", 'x')"#, Some(("O'Neil", "x"))),
            (r"('a\'b', 'c')", Some(("a'b", "c"))),
            ("('a', 'b', 'c')", None),
            ("('a', 1)", None),
            ("('a'", None),
            ("Close", None),
        ] {
            let expected = expected.map(|(a, b)| (a.to_owned(), b.to_owned()));
            assert_eq!(pair(name), expected, "{name}");
        }
        let names = ["Date", "('A', 'Open')", "('A', 'High')", "('A', 'Low')", "('A', 'Close')"];
        let levels = Levels::of_names(&names.map(str::to_owned)).unwrap();
        assert_eq!(groups(&levels), [named("A", &["Date", "Open", "High", "Low", "Close"])]);
        assert_eq!(Levels::of_names(&["Open".to_owned()]), None);
    }
}
