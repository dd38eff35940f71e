//! What options would read a text that can't be read without: looked for, then tried on all of it.

use std::collections::BTreeSet;
use std::fmt::Write;

use barloom_bars::{CsvOptions, PRICE_COLUMNS};

use super::clock::Clock;
use super::layout::reader;
use super::number::Numbers;
use crate::ReadOptions;
use crate::roles::{normalise, roles};
use crate::table::Kind;
use crate::time::{Written, of_text};

/// Lines above a header that are looked at.
const TOP: usize = 12;
/// Rows that are looked at; all of them are tried.
const ROWS: usize = 5_000;

/// Bytes that are looked at, and the longest line in them.
const HEAD: usize = 4 << 20;
const LONGEST: usize = 1 << 20;

/// Other names of columns, normalised.
const NAMES: &[(&str, &[&str])] = &[
    ("open", &["first", "open_bid", "bid_open", "openprice"]),
    ("high", &["max", "high_bid", "bid_high", "highprice"]),
    ("low", &["min", "low_bid", "bid_low", "lowprice"]),
    (
        "close",
        &["last", "price", "close/last", "last_price", "close_bid", "bid_close", "closeprice"],
    ),
    (
        "time",
        &[
            "datum",
            "gmt_time",
            "local_time",
            "utc",
            "utc_time",
            "day",
            "date/time",
            "datetime_(utc)",
            "date_(utc)",
            "time_(utc)",
            "timestamp_(utc)",
            "period",
            "begin",
            "start",
        ],
    ),
];

/// Formats of times that do not tell themselves.
const FORMATS: &[&str] = &[
    "%Y-%m-%d %I-%p",
    "%Y-%m-%d %I:%M %p",
    "%Y-%m-%d %I:%M:%S %p",
    "%m/%d/%Y %I:%M %p",
    "%d/%m/%Y %I:%M %p",
    "%m/%d/%Y %I:%M:%S %p",
    "%d/%m/%Y %I:%M:%S %p",
    "%m/%d/%y",
    "%d/%m/%y",
    "%m/%d/%y %H:%M",
    "%d/%m/%y %H:%M",
    "%d.%m.%y",
    "%d-%b-%y",
    "%d-%b-%y %H:%M",
    "%d %b %Y",
    "%d %b %Y %H:%M",
    "%d %b %Y %H:%M:%S",
    "%d %B %Y",
    "%b %d, %Y",
    "%b %d %Y",
    "%B %d, %Y",
    "%Y%m%d %H%M",
    "%Y%m%d %H%M%S",
    "%Y.%m.%d",
    "%Y.%m.%d %H:%M",
    "%Y.%m.%d %H:%M:%S",
    "%Y-%m",
    "%m/%Y",
];

/// What would read the text, for the end of an error.
pub(super) fn for_text(file: &str, text: &[u8], options: &ReadOptions) -> Option<String> {
    // What is looked for shows in the first lines, unless these are no lines of bars.
    let head = &text[..text.len().min(HEAD)];
    if head.split(|byte| *byte == b'\n').take(TOP).any(|line| line.len() > LONGEST) {
        return None;
    }
    let csv = options_for(file, head)?;
    let tried = ReadOptions { csv: csv.clone(), ..options.clone() };
    super::tables(file, text, &tried).ok()?;
    let keys = written(&csv);
    Some(format!("this reads it: --csv '{keys}', or these keys under [data.csv] in the recipe"))
}

/// The keys that differ from the defaults, as TOML.
fn written(csv: &CsvOptions) -> String {
    let mut keys: Vec<String> = Vec::new();
    let mut add = |key: &str, value: String| keys.push(format!("{key} = {value}"));
    if csv.skip_rows > 0 {
        add("skip_rows", csv.skip_rows.to_string());
    }
    for (key, value) in
        [("separator", csv.separator), ("decimal", csv.decimal), ("thousands", csv.thousands)]
    {
        if let Some(value) = value {
            add(key, format!("{:?}", value.to_string()));
        }
    }
    if !csv.names.is_empty() {
        add("names", format!("{:?}", csv.names));
    }
    for (key, value) in [("time_format", &csv.time_format), ("wide", &csv.wide)] {
        if let Some(value) = value {
            add(key, format!("{value:?}"));
        }
    }
    if !csv.rename.is_empty() {
        let mut pairs = String::new();
        for (from, to) in &csv.rename {
            let comma = if pairs.is_empty() { "" } else { ", " };
            // A String takes what is written.
            let _ = write!(pairs, "{comma}{from:?} = {to:?}");
        }
        add("rename", format!("{{ {pairs} }}"));
    }
    keys.join(", ")
}

fn options_for(file: &str, text: &[u8]) -> Option<CsvOptions> {
    let mut start = 0;
    let mut found = None;
    for skip_rows in 0..TOP {
        let rest = text.get(start..).filter(|rest| !rest.is_empty())?;
        for separator in [b',', b';', b'\t', b'|'] {
            found = found.or_else(|| structure(rest, skip_rows, separator));
        }
        if found.is_some() {
            break;
        }
        start += memchr::memchr(b'\n', rest)? + 1;
    }
    let (mut csv, rows, header) = found?;
    let roles = wide_roles(&header, csv.wide.as_deref());
    let time = roles.time?;
    let clock = |row: &csv::StringRecord| match roles.time_of_day {
        Some(at) => format!("{} {}", &row[time], &row[at]),
        None => row[time].to_owned(),
    };
    let times: Vec<String> = rows.iter().map(clock).collect();
    csv.time_format = time_format(file, &times)?;
    let numbers: Vec<usize> = roles
        .values
        .iter()
        .filter(|(_, name)| {
            PRICE_COLUMNS.contains(&name.as_str()) || name == "volume" || roles.kind == Kind::Trades
        })
        .map(|(at, _)| *at)
        .collect();
    (csv.decimal, csv.thousands) = number_format(&rows, &numbers)?;
    Some(csv)
}

type Found = (CsvOptions, Vec<csv::StringRecord>, Vec<String>);

/// The options under which the first line is a header of bars or trades, some rows below it, and
/// their names.
fn structure(text: &[u8], skip_rows: usize, separator: u8) -> Option<Found> {
    let mut records = reader(text, separator).into_byte_records();
    let text_of = |record: csv::ByteRecord| csv::StringRecord::from_byte_record_lossy(record);
    let first = text_of(records.next()?.ok()?);
    let rows: Vec<csv::StringRecord> =
        records.take(ROWS).map_while(Result::ok).map(text_of).collect();
    let row = rows.first()?;
    let mut csv = CsvOptions { skip_rows, ..CsvOptions::default() };
    // What the first line would not tell by itself.
    let line = text.split(|b| *b == b'\n').next().unwrap_or_default();
    let most = [b',', b';', b'\t']
        .into_iter()
        .rev()
        .max_by_key(|s| line.iter().filter(|b| *b == s).count());
    if most != Some(separator) {
        csv.separator = Some(char::from(separator));
    }
    let mut header: Vec<String> = first.iter().map(str::to_owned).collect();
    let numbers = Numbers::of(&csv);
    let is_number = |field: &str| numbers.read(field.as_bytes()).is_some_and(|x| !x.is_nan());
    if first.iter().filter(|field| is_number(field)).count() >= 2 {
        // No header: bars as most have them, if the first is a time in some way.
        if !(5..=7).contains(&first.len()) || is_number(&first[0]) && of_text(&first[0]).is_some() {
            return None;
        }
        let names = ["time", "open", "high", "low", "close", "volume", "column_6"];
        header = names.iter().take(first.len()).map(|name| (*name).to_owned()).collect();
        let mut all = vec![first];
        all.extend(rows);
        let same = all.iter().all(|row| row.len() == header.len());
        return same.then_some((csv, all, header));
    }
    if row.len() == header.len() + 1 && rows.iter().all(|r| r.len() == row.len()) {
        // The date and the time of day, under one name.
        let time = roles(&header).time?;
        if !row[time + 1].contains(':') {
            return None;
        }
        header[time] = "date".into();
        header.insert(time + 1, "time".into());
        csv.names.clone_from(&header);
    }
    if rows.iter().any(|r| r.len() != header.len()) {
        return None;
    }
    for (role, others) in NAMES {
        let has = |header: &[String]| {
            let roles = roles(header);
            if *role == "time" {
                return roles.time.is_some();
            }
            roles.kind == Kind::Trades || roles.values.iter().any(|(_, name)| name == role)
        };
        if has(&header) {
            continue;
        }
        let other = header.iter().position(|name| others.contains(&&*normalise(name)));
        if let Some(at) = other {
            csv.rename.insert(header[at].clone(), (*role).to_owned());
            header[at] = (*role).to_owned();
        }
    }
    if is_complete(&header, None) {
        return Some((csv, rows, header));
    }
    let wide =
        [":", ".", "_", "|", "/", " ", "-"].into_iter().find(|w| is_complete(&header, Some(w)))?;
    csv.rename.clear();
    csv.wide = Some(wide.to_owned());
    Some((csv, rows, header))
}

/// Whether a header, of a wide table that of each symbol, has a time and prices.
fn is_complete(header: &[String], wide: Option<&str>) -> bool {
    let roles = wide_roles(header, wide);
    let has = |name: &str| roles.values.iter().any(|(_, role)| role == name);
    roles.time.is_some()
        && (roles.kind == Kind::Trades || PRICE_COLUMNS.iter().all(|name| has(name)))
}

/// What columns hold; of a wide table those of the first symbol that has a close.
fn wide_roles(header: &[String], wide: Option<&str>) -> crate::roles::Roles {
    let Some(wide) = wide else { return roles(header) };
    let parts: Vec<_> = header.iter().map(|name| name.rsplit_once(wide)).collect();
    let symbols: BTreeSet<&str> = parts
        .iter()
        .flatten()
        .filter(|(_, name)| normalise(name) == "close")
        .map(|(symbol, _)| *symbol)
        .collect();
    let first = symbols.first().copied();
    let of_first: Vec<String> = parts
        .iter()
        .zip(header)
        .enumerate()
        .map(|(at, (part, name))| match part {
            Some((symbol, name)) if Some(*symbol) == first => (*name).to_owned(),
            Some(_) => format!("\u{1}{at}"),
            None => name.clone(),
        })
        .collect();
    roles(&of_first)
}

/// The format of times, `None` within if they tell themselves; none if no format fits, or several
/// that read other times.
fn time_format(file: &str, times: &[String]) -> Option<Option<String>> {
    if times.iter().all(|time| of_text(time).is_some()) {
        return Some(None);
    }
    let read = |format: &&str| -> Option<(String, Vec<Written>)> {
        let csv = CsvOptions { time_format: Some((*format).to_owned()), ..CsvOptions::default() };
        let clock = Clock::of(file, &csv).ok()?;
        let times: Option<Vec<Written>> = times.iter().map(|time| clock.read(time)).collect();
        Some(((*format).to_owned(), times?))
    };
    let mut fitting = FORMATS.iter().filter_map(read);
    let (format, times) = fitting.next()?;
    fitting.all(|(_, others)| others == times).then_some(Some(format))
}

type NumberFormat = (Option<char>, Option<char>);

/// What parts decimals and thousands, where it is not the usual; none if nothing fits.
fn number_format(rows: &[csv::StringRecord], columns: &[usize]) -> Option<NumberFormat> {
    [(None, None), (None, Some(',')), (Some(','), None), (Some(','), Some('.'))]
        .into_iter()
        .chain([(None, Some(' ')), (None, Some('\''))])
        .find(|(decimal, thousands)| {
            let csv =
                CsvOptions { decimal: *decimal, thousands: *thousands, ..CsvOptions::default() };
            let numbers = Numbers::of(&csv);
            let fits = |row: &csv::StringRecord| {
                columns.iter().all(|at| numbers.read(row[*at].as_bytes()).is_some())
            };
            rows.iter().all(fits)
        })
}
