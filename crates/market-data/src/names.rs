//! Names of files.

use std::ops::Range;

use chrono::{NaiveDate, NaiveTime};

use crate::table::NO_TIME;

const DAY: i64 = 86_400_000_000_000;

/// The symbol that a file's name says: the stem without periods, intervals, numbers and the words
/// for bars at its end; the folder's name where nothing is left. A number that is all of it and no
/// date is a symbol.
///
/// The last date in a name is the file's period if its first bar lies in it, a day or a bar more or
/// less; else it is part of the symbol, as the delivery date of a contract is. So is a date before
/// the last one and separated from it: `BTCUSDT_240329-1m-2024-03`.
///
/// A folder `symbol=AAPL` says it before all.
pub(crate) fn symbol_of_file(file: &str, ts: &[i64]) -> String {
    if let Some(symbol) = file.rsplit(['/', '\\']).nth(1).and_then(symbol_of_folder) {
        return symbol;
    }
    if let Some(symbol) = symbol_of_histdata(file) {
        return symbol.to_owned();
    }
    let name = Name::of(file);
    let folder = file.rsplit(['/', '\\']).nth(1).filter(|folder| !folder.is_empty());
    match (name.symbol(ts), folder) {
        (Said::Symbol(symbol), _) | (Said::Dated(symbol), None) => symbol.to_owned(),
        (Said::Dated(symbol), Some(folder)) => format!("{folder}-{symbol}"),
        (Said::Nothing, folder) => folder.unwrap_or("bars").to_owned(),
    }
}

/// The symbol of a file of HistData: `DAT_ASCII_EURUSD_M1_202401`, in an archive that is called
/// `HISTDATA_COM_ASCII_EURUSD_M1_202401`.
fn symbol_of_histdata(file: &str) -> Option<&str> {
    let stem = stem(file);
    let rest = stem.strip_prefix("DAT_").or_else(|| stem.strip_prefix("HISTDATA_COM_"))?;
    let parts: Vec<&str> = rest.split('_').collect();
    let [format, symbol, "M1" | "T", date] = parts[..] else { return None };
    (["ASCII", "MT", "NT", "MS"].contains(&format) && spans(date).is_some()).then_some(symbol)
}

/// The folder of a symbol's files, as Hive names partitions; what a path can't hold is written as
/// `%2F`.
pub(crate) fn folder_of_symbol(symbol: &str) -> String {
    let mut folder = "symbol=".to_owned();
    for byte in symbol.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.@ ^$=&+,!()".contains(&byte) {
            folder.push(char::from(byte));
        } else {
            folder.push_str(&format!("%{byte:02X}"));
        }
    }
    folder
}

/// The symbol whose files such a folder holds.
fn symbol_of_folder(folder: &str) -> Option<String> {
    let mut rest = folder.strip_prefix("symbol=").filter(|rest| !rest.is_empty())?.as_bytes();
    let mut symbol = Vec::new();
    while let Some((first, after)) = rest.split_first() {
        let code = rest.get(1..3).and_then(|code| std::str::from_utf8(code).ok());
        let byte = code.and_then(|code| u8::from_str_radix(code, 16).ok());
        let (byte, after) = match byte.filter(|_| *first == b'%') {
            Some(byte) => (byte, &rest[3..]),
            None => (*first, after),
        };
        symbol.push(byte);
        rest = after;
    }
    String::from_utf8(symbol).ok()
}

/// The symbol of one file among several in an archive: what its own name says, else the archive's.
#[cfg(any(test, feature = "zip"))]
pub(crate) fn symbol_of_member(archive: &str, member: &str, ts: &[i64]) -> String {
    if let Some(symbol) = symbol_of_histdata(member) {
        return symbol.to_owned();
    }
    match Name::of(member).symbol(ts) {
        Said::Symbol(symbol) => symbol.to_owned(),
        Said::Dated(symbol) => format!("{}-{symbol}", symbol_of_file(archive, &[])),
        Said::Nothing => symbol_of_file(archive, ts),
    }
}

/// The numbers in a file's name that are no part of its symbol and no date. Files of one series
/// that differ in them may be parts of it, or series that should not have been joined.
pub(crate) fn numbers_of_file(file: &str) -> Vec<&str> {
    let name = Name::of(file.rsplit(':').next().unwrap_or(file));
    let dates = dates(&name.words);
    let is_of_date = |word: usize| dates.iter().any(|date| date.words.contains(&word));
    let numbers =
        name.words.iter().enumerate().filter(|(at, (_, word))| is_digits(word) && !is_of_date(*at));
    numbers.map(|(_, (_, word))| *word).collect()
}

/// The midnight, ns since 1970, of the one day that a file's name says; of an archive's member that
/// of its own name, else of the archive's.
pub(crate) fn date_of_file(file: &str) -> Option<i64> {
    let is_day = |date: &Date| date.span.1 - date.span.0 == DAY;
    file.rsplit(':').find_map(|part| {
        let part = part.rsplit(['/', '\\']).next().unwrap_or(part);
        let words: Vec<(usize, &str)> =
            part.split(['-', '_', ' ', '.']).map(|word| (0, word)).collect();
        let days: Vec<i64> = dates(&words).iter().filter(|d| is_day(d)).map(|d| d.span.0).collect();
        if let [day] = days[..] { Some(day) } else { None }
    })
}

/// A file's own name without the endings of formats that are read.
pub(crate) fn stem(file: &str) -> &str {
    const ENDINGS: [&str; 15] = [
        ".gz", ".zip", ".zst", ".csv", ".txt", ".tsv", ".parquet", ".pq", ".arrow", ".ipc",
        ".feather", ".dbn", ".json", ".jsonl", ".ndjson",
    ];
    let mut stem = file.rsplit(['/', '\\']).next().unwrap_or(file);
    let ending = |stem: &str| {
        ENDINGS.iter().find_map(|ending| {
            let cut = stem.len().checked_sub(ending.len())?;
            let is_there = stem.is_char_boundary(cut) && stem[cut..].eq_ignore_ascii_case(ending);
            is_there.then_some(cut)
        })
    };
    // A file within another format has two.
    while let Some(cut) = ending(stem) {
        stem = &stem[..cut];
    }
    stem
}

/// A file's name without its extensions, taken apart.
struct Name<'a> {
    whole: &'a str,
    /// The rest without the words.
    stem: &'a str,
    /// The words at its end that say no symbol by themselves, and where each begins.
    words: Vec<(usize, &'a str)>,
}

/// The meaning of a name.
enum Said<'a> {
    /// A symbol.
    Symbol(&'a str),
    /// A date that is not the period of the bars, and no more.
    Dated(&'a str),
    /// No symbol.
    Nothing,
}

impl<'a> Name<'a> {
    fn of(file: &'a str) -> Self {
        let whole = stem(file);
        let mut stem = whole;
        let mut words = Vec::new();
        while let Some(cut) = stem.rfind(['-', '_', ' ', '.']) {
            if !is_no_symbol(&stem[cut + 1..]) {
                break;
            }
            words.insert(0, (cut + 1, &stem[cut + 1..]));
            stem = &stem[..cut];
        }
        // Some exchanges number their stocks; a day or month beside a year is none of these.
        let number =
            is_digits(stem) && spans(stem).is_none() && (words.is_empty() || stem.len() > 2);
        if !number && is_no_symbol(stem) {
            words.insert(0, (0, stem));
            stem = "";
        }
        Self { whole, stem, words }
    }

    fn symbol(&self, ts: &[i64]) -> Said<'a> {
        let dates = dates(&self.words);
        let is_period = |date: &Date| holds_first(date.span, ts);
        let part_of_symbol = match dates.split_last() {
            Some((last, _)) if !is_period(last) => Some(last),
            Some((_, before)) => before.last(),
            None => None,
        };
        let said = part_of_symbol.map(|date| {
            let (start, word) = self.words[date.words.end - 1];
            &self.whole[..start + word.len()]
        });
        match said {
            Some(said) if self.stem.is_empty() => Said::Dated(said),
            Some(said) => Said::Symbol(said),
            None if self.stem.is_empty() => Said::Nothing,
            None => Said::Symbol(self.stem),
        }
    }
}

/// Returns true if the first bar lies in a span, give or take a day or a bar.
fn holds_first(span: (i64, i64), ts: &[i64]) -> bool {
    let times = || ts.iter().copied().filter(|t| *t != NO_TIME);
    let Some(first) = times().min() else { return true };
    let second = times().filter(|t| *t > first).min().unwrap_or(first);
    let margin = DAY.max(second.saturating_sub(first).min(7 * DAY));
    first >= span.0 - margin && first < span.1 + margin
}

/// A date in a name, or several that follow each other: the words, and the time from the first to
/// the end of the last, ns since 1970.
struct Date {
    words: Range<usize>,
    span: (i64, i64),
}

/// The dates in words, in order: `2024`, `202403`, `20240329`, `240329`, `2024-03`, `2024-03-29`,
/// `03-2024`, and ranges of these.
fn dates(words: &[(usize, &str)]) -> Vec<Date> {
    let mut dates: Vec<Date> = Vec::new();
    let mut at = 0;
    while at < words.len() {
        let word = |more: usize| words.get(at + more).map_or("", |(_, word)| *word);
        let joined = |parts: &[&str]| spans(&parts.concat());
        let short = |word: &str| is_digits(word) && word.len() == 2;
        let year = |word: &str| word.len() == 4 && spans(word).is_some();
        let found = if year(word(0)) && short(word(1)) && short(word(2)) {
            joined(&[word(0), word(1), word(2)]).map(|span| (3, span))
        } else {
            None
        };
        let found = found
            .or_else(|| {
                let month = year(word(0)) && short(word(1));
                joined(&[word(0), word(1)]).filter(|_| month).map(|span| (2, span))
            })
            .or_else(|| {
                let month = short(word(0)) && year(word(1)) && !short(word(2));
                joined(&[word(1), word(0)]).filter(|_| month).map(|span| (2, span))
            })
            .or_else(|| spans(word(0)).map(|span| (1, span)));
        let Some((taken, span)) = found else {
            at += 1;
            continue;
        };
        match dates.last_mut().filter(|date| date.words.end == at) {
            Some(date) => {
                date.words.end = at + taken;
                date.span = (date.span.0.min(span.0), date.span.1.max(span.1));
            }
            None => dates.push(Date { words: at..at + taken, span }),
        }
        at += taken;
    }
    dates
}

/// The time that digits stand for as a year of 1900 to 2099, alone or with month, or with month and
/// day, or as the last two digits of a year of this century with month and day.
fn spans(digits: &str) -> Option<(i64, i64)> {
    if !is_digits(digits) {
        return None;
    }
    let number = |at: Range<usize>| digits.get(at).and_then(|n| n.parse::<u32>().ok());
    let day = |year: u32, month: u32, day: u32| {
        let date = NaiveDate::from_ymd_opt(i32::try_from(year).ok()?, month, day)?;
        date.and_time(NaiveTime::MIN).and_utc().timestamp_nanos_opt()
    };
    let month = |year: u32, month: u32| {
        let next = if month == 12 { day(year + 1, 1, 1) } else { day(year, month + 1, 1) };
        Some((day(year, month, 1)?, next?))
    };
    let one = |year: u32, m: u32, d: u32| day(year, m, d).map(|start| (start, start + DAY));
    let year = number(0..4).filter(|year| (1900..2100).contains(year));
    match (digits.len(), year) {
        (4, Some(year)) => Some((day(year, 1, 1)?, day(year + 1, 1, 1)?)),
        (6, Some(year)) if month(year, number(4..6)?).is_some() => month(year, number(4..6)?),
        (6, _) => one(2000 + number(0..2)?, number(2..4)?, number(4..6)?),
        (8, Some(year)) => one(year, number(4..6)?, number(6..8)?),
        _ => None,
    }
}

fn is_digits(word: &str) -> bool {
    !word.is_empty() && word.bytes().all(|b| b.is_ascii_digit())
}

/// Returns true if a word is a number, a date, an interval or a word for bars.
fn is_no_symbol(word: &str) -> bool {
    let word = word.to_lowercase();
    let words = [
        "ohlcv",
        "klines",
        "kline",
        "bars",
        "bar",
        "part",
        "trade",
        "trades",
        "aggtrades",
        "candles",
        "data",
    ];
    let digits = word.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit = &word[digits.len()..];
    let number = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
    let units = ["", "s", "m", "h", "d", "w", "mo", "min", "t", "sec", "hour", "day"];
    word.is_empty() || words.contains(&word.as_str()) || number && units.contains(&unit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_say_their_symbol() {
        for (file, symbol) in [
            ("x/NEARUSDT-1m-2023-02.zip", "NEARUSDT"),
            ("BTCUSDT-1h-2024-11.csv", "BTCUSDT"),
            ("AAPL.csv", "AAPL"),
            ("binance_um_FILUSDT_1m_ohlcv.parquet", "binance_um_FILUSDT"),
            ("spy/2019.csv", "spy"),
            ("part-0.parquet", "bars"),
            ("BRK.B.csv.gz", "BRK.B"),
            ("ACME.csv.zst", "ACME"),
            ("ES.dbn.zst", "ES"),
            ("1000PEPEUSDT-5m-2025-01.csv", "1000PEPEUSDT"),
            ("", "bars"),
            ("7203.csv", "7203"),
            ("tse/6758_2024.csv", "6758"),
            ("005930-1d.csv", "005930"),
            ("asset_1.csv", "asset"),
            ("spy/202401.csv", "spy"),
            ("spy/20240131.csv", "spy"),
            ("spy/2024-01.csv", "spy"),
            ("spy/01-2024.csv", "spy"),
            ("bars-00000.parquet", "bars"),
            ("x/DAT_ASCII_SPXUSD_M1_201803.csv", "SPXUSD"),
            ("HISTDATA_COM_MT_EURUSD_M1_2018.zip", "EURUSD"),
            ("DAT_ASCII_EURUSD.csv", "DAT_ASCII_EURUSD"),
        ] {
            assert_eq!(symbol_of_file(file, &[]), symbol, "{file}");
        }
    }

    #[test]
    fn folders_say_symbols() {
        for symbol in ["AAPL", "BRK.B", "BTC/USDT", "ES 50%", "größe", "a=b"] {
            let file = format!("out/{}/2024.parquet", folder_of_symbol(symbol));
            assert_eq!(symbol_of_file(&file, &[]), symbol);
        }
        assert_eq!(folder_of_symbol("BTC/USDT"), "symbol=BTC%2FUSDT");
    }

    #[test]
    fn a_date_is_the_period_of_bars_that_begin_in_it_and_else_of_the_symbol() {
        let at = |text: &str| {
            let date = NaiveDate::parse_from_str(text, "%Y-%m-%d").unwrap();
            date.and_time(NaiveTime::MIN).and_utc().timestamp_nanos_opt().unwrap()
        };
        for (file, first, symbol) in [
            ("BTCUSDT_240329-1m-2024-03.csv", "2024-03-01", "BTCUSDT_240329"),
            ("BTCUSDT_240628-1m-2024-03.csv", "2024-03-01", "BTCUSDT_240628"),
            ("BTCUSDT_240329-1m-2024-03-29.zip", "2024-03-29", "BTCUSDT_240329"),
            ("BTCUSDT_240329-1m.csv", "2023-12-29", "BTCUSDT_240329"),
            ("BTCUSDT_240329-1m.csv", "2024-03-29", "BTCUSDT"),
            ("ES-202403.csv", "2023-12-10", "ES-202403"),
            ("ES-202403.csv", "2024-03-02", "ES"),
            ("ES-202403.csv", "2024-02-29", "ES"),
            ("ES-202403.csv", "2024-02-28", "ES-202403"),
            ("ES/202403.csv", "2023-12-10", "ES-202403"),
            ("ES/202403.csv", "2024-03-10", "ES"),
            ("202403.csv", "2023-12-10", "202403"),
            ("SPY_2019_1min.csv", "2019-01-02", "SPY"),
            ("SPY_20190101_20231231.csv", "2019-01-02", "SPY"),
            ("SPY-2019-2023.csv", "2020-01-02", "SPY"),
            ("spy/03-2024.csv", "2024-03-04", "spy"),
            ("spy/week_20240304.csv", "2024-03-04", "week"),
            ("AAPL_20240501.csv", "2020-01-02", "AAPL_20240501"),
            ("asset_2001.csv", "2024-01-02", "asset_2001"),
            ("asset_1_2024.csv", "2024-01-02", "asset"),
        ] {
            assert_eq!(
                symbol_of_file(file, &[at(first), at(first) + 60]),
                symbol,
                "{file} {first}"
            );
        }
        let member = |first: &str| symbol_of_member("x/ES.zip", "202403.csv", &[at(first)]);
        assert_eq!(member("2023-12-10"), "ES-202403");
        assert_eq!(member("2024-03-10"), "ES");
        // A week that began before the year.
        let weeks = [at("2018-12-27"), at("2019-01-03")];
        assert_eq!(symbol_of_file("SPY-1w-2019.csv", &weeks), "SPY");
    }

    #[test]
    fn numbers_that_are_no_date_are_told() {
        for (file, numbers) in [
            ("asset_1.csv", &["1"][..]),
            ("x/bars-00001.parquet", &["00001"]),
            ("NEARUSDT-1m-2023-02.zip", &[]),
            ("NEARUSDT-1m-2023-02-28.zip", &[]),
            ("asset_3_2024.csv", &["3"]),
            ("asset_2024_01_02_7.csv", &["7"]),
            ("spy/2019.csv", &[]),
            ("spy/2019-05.csv", &[]),
            ("7203.csv", &[]),
            ("a.zip:asset-2.csv", &["2"]),
            ("AAPL.csv", &[]),
        ] {
            assert_eq!(numbers_of_file(file), numbers, "{file}");
        }
    }
}
