//! Options that read a text which is not read without: they are looked for in its first rows, then
//! all of it is read with them and judged. Those under which it has errors are not proposed.

use std::collections::BTreeSet;
use std::fmt::Write;

use barloom_bars::PRICE_COLUMNS;
use barloom_reading::{CsvOptions, OnBadBar};

use super::clock::Clock;
use super::digits;
use super::layout::{guess_separator, reader};
use super::order::{self, Order};
use super::sample::Sample;
use crate::join::Joiner;
use crate::number::Numbers;
use crate::roles::{normalise, roles};
use crate::table::Kind;
use crate::time::{Written, is_missing, of_text};
use crate::{Bars, MarketDataError, ReadOptions};

/// Lines above a header that are looked at.
const TOP: usize = 12;
/// Bytes that are looked at, and the longest line in them.
const HEAD: usize = 4 << 20;
const LONGEST: usize = 1 << 20;
/// Rows that are looked at; all of them are tried.
const ROWS: usize = 5_000;
/// Rows that decide the order of columns.
const SAMPLE: usize = 1_000;
/// The most times that all of the text is read.
const TRIES: usize = 4;
/// The factor by which times span longer if days are taken for years.
const FAR_YEARS: i64 = 20;
/// Characters that may separate fields.
const SEPARATORS: [u8; 4] = [b',', b';', b'\t', b'|'];

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

/// Marks of prices that are before or behind their names, those first that are taken first.
const MARKED: [&str; 5] = ["adj", "adjusted", "mid", "bid", "ask"];

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
    "%y/%m/%d",
    "%m/%d/%y %H:%M",
    "%d/%m/%y %H:%M",
    "%y/%m/%d %H:%M",
    "%m/%d/%y %H:%M:%S",
    "%d/%m/%y %H:%M:%S",
    "%y/%m/%d %H:%M:%S",
    "%d.%m.%y",
    "%y.%m.%d",
    "%d.%m.%y %H:%M",
    "%y.%m.%d %H:%M",
    "%d.%m.%y %H:%M:%S",
    "%y.%m.%d %H:%M:%S",
    "%m-%d-%y",
    "%d-%m-%y",
    "%y-%m-%d",
    "%m-%d-%y %H:%M",
    "%d-%m-%y %H:%M",
    "%y-%m-%d %H:%M",
    "%m-%d-%y %H:%M:%S",
    "%d-%m-%y %H:%M:%S",
    "%y-%m-%d %H:%M:%S",
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

/// Help for a text that cannot be read.
pub(super) enum Proposal {
    /// Options that read it, as keys of the csv options.
    Keys(String),
    /// A hint about its numbers.
    Hint(String),
}

/// A proposal for the end of an error: options under which all of the text was read, and
/// judged to be without errors. Else what is known of its numbers. Rows may take so many bytes.
pub(super) fn for_text(
    file: &str,
    text: &[u8],
    options: &ReadOptions,
    most: usize,
) -> Option<Proposal> {
    // What is looked for shows in the first lines, unless these are no lines of bars.
    let beginning = &text[..text.len().min(HEAD)];
    if beginning.split(|byte| *byte == b'\n').take(TOP).any(|line| line.len() > LONGEST) {
        return None;
    }
    let mut start = 0;
    let mut tries = 0;
    let mut unsure = None;
    for skip_rows in 0..TOP {
        let rest = beginning.get(start..).unwrap_or_default();
        for separator in SEPARATORS {
            let Some(head) = Head::of(rest, skip_rows, separator) else { continue };
            if !lines(&text[..start]).all(|line| head.may_skip(line)) {
                continue;
            }
            match head.options(file) {
                Ok(found) => {
                    for csv in found {
                        tries += 1;
                        if is_sound(file, text, &csv, options, most) {
                            return Some(Proposal::Keys(written(&csv)));
                        }
                    }
                }
                Err(hint) => unsure = unsure.or(hint),
            }
            if tries >= TRIES {
                return unsure.map(Proposal::Hint);
            }
        }
        let Some(end) = memchr::memchr(b'\n', rest) else { break };
        start += end + 1;
    }
    unsure.map(Proposal::Hint)
}

/// Tells whether a text is read with the options, and what is read has no errors.
fn is_sound(file: &str, text: &[u8], csv: &CsvOptions, options: &ReadOptions, most: usize) -> bool {
    let tried = ReadOptions { csv: csv.clone(), ..options.clone() };
    let read = || -> Result<Bars, MarketDataError> {
        let mut joiner = Joiner::new(&tried)?;
        super::tables(file, text, &tried, most)?
            .into_iter()
            .try_for_each(|table| joiner.push(table))?;
        joiner.finish()
    };
    read().is_ok_and(|bars| bars.into_series(OnBadBar::Error).is_ok())
}

fn lines(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    text.split_inclusive(|byte| *byte == b'\n').map(<[u8]>::trim_ascii)
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

/// The beginning of a text as lines below some at the top, with what parts fields.
struct Head {
    csv: CsvOptions,
    separator: u8,
    rows: Vec<csv::StringRecord>,
    /// The names of columns; none if no line has them.
    header: Option<Vec<String>>,
    /// The fields of a line.
    width: usize,
}

impl Head {
    /// Takes the first line for a header of bars or trades, or for a row of bars.
    fn of(text: &[u8], skip_rows: usize, separator: u8) -> Option<Self> {
        let mut records = reader(text, separator).into_byte_records();
        let text_of = csv::StringRecord::from_byte_record_lossy;
        let first = text_of(records.next()?.ok()?);
        let mut csv = CsvOptions { skip_rows, ..CsvOptions::default() };
        if guess_separator(text) != separator {
            csv.separator = Some(char::from(separator));
        }
        let rows = records.take(ROWS).map_while(Result::ok).map(text_of);
        let numbers = first.iter().filter(|field| digits::is_number(field)).count();
        if numbers >= 2 {
            let width = first.len();
            let mut all = vec![first];
            all.extend(rows);
            let is_same = width >= 5 && all.iter().all(|row| row.len() == width);
            return is_same.then_some(Self { csv, separator, rows: all, header: None, width });
        }
        let mut header: Vec<String> = first.iter().map(str::to_owned).collect();
        let is_header = |row: &csv::StringRecord| row.iter().eq(first.iter());
        let rows: Vec<csv::StringRecord> = rows.filter(|row| !is_header(row)).collect();
        let row = rows.first()?;
        let width = row.len();
        if width == header.len() + 1 {
            // The date and the time of day, under one name.
            let time = roles(&header).time?;
            if !row[time + 1].contains(':') {
                return None;
            }
            header[time] = "date".into();
            header.insert(time + 1, "time".into());
            csv.names.clone_from(&header);
        }
        if header.len() != width || rows.iter().any(|row| row.len() != width) {
            return None;
        }
        find_names(&mut header, &mut csv)?;
        Some(Self { csv, separator, rows, header: Some(header), width })
    }

    /// Tells whether a line above can be passed over: it is a remark, neither a row nor one of
    /// names.
    fn may_skip(&self, line: &[u8]) -> bool {
        let line = String::from_utf8_lossy(line);
        let fields: Vec<String> = line
            .split(char::from(self.separator))
            .map(|field| field.trim().trim_matches('"').trim().to_owned())
            .collect();
        let filled = fields.iter().filter(|field| !field.is_empty()).count();
        let is_name = |field: &String| {
            let roles = roles(std::slice::from_ref(field));
            let is_value = |(_, name): &(usize, String)| {
                PRICE_COLUMNS.contains(&name.as_str()) || name == "volume"
            };
            !field.is_empty()
                && (roles.time.is_some()
                    || roles.symbol.is_some()
                    || roles.values.iter().any(is_value))
                || NAMES.iter().any(|(_, names)| names.contains(&&*normalise(field)))
        };
        let numbers = fields.iter().filter(|field| digits::is_number(field)).count();
        !(fields.iter().any(is_name) || numbers > 1 || fields.len() == self.width && filled > 1)
    }

    /// The options that may read it, likeliest first; or what is known of its numbers where their
    /// marks can be read in two ways.
    fn options(&self, file: &str) -> Result<Vec<CsvOptions>, Option<String>> {
        match &self.header {
            Some(header) => self.of_header(file, header),
            None => self.of_rows(file),
        }
    }

    fn of_header(&self, file: &str, header: &[String]) -> Result<Vec<CsvOptions>, Option<String>> {
        let roles = wide_roles(header, self.csv.wide.as_deref());
        let time = roles.time.ok_or(None)?;
        let mut csv = self.csv.clone();
        csv.time_format = time_format(file, &self.times(time, roles.time_of_day)).ok_or(None)?;
        let is_price = |name: &str| PRICE_COLUMNS.contains(&name) || name == "price";
        let is_needed =
            |name: &str| is_price(name) || name == "volume" || roles.kind == Kind::Trades;
        let of = |is_one: &dyn Fn(&str) -> bool| -> Vec<usize> {
            roles.values.iter().filter(|(_, name)| is_one(name)).map(|(at, _)| *at).collect()
        };
        self.mark(&mut csv, &of(&is_needed), &of(&is_price), &[time])?;
        Ok(vec![csv])
    }

    /// Rows without a header are read as others are, or by the order of columns that they tell.
    fn of_rows(&self, file: &str) -> Result<Vec<CsvOptions>, Option<String>> {
        let of_day = self.rows.iter().all(|row| row[1].contains(':')).then_some(1);
        let mut csv = self.csv.clone();
        let format = time_format(file, &self.times(0, of_day));
        let known = [0, of_day.unwrap_or(0)];
        let is_number =
            |at: &usize| !known.contains(at) && self.rows.iter().all(|row| is_value(&row[*at]));
        let columns: Vec<usize> = (0..self.width).filter(is_number).collect();
        self.mark(&mut csv, &columns, &[], &known)?;
        csv.time_format = format.clone().flatten();
        let mut found = vec![csv.clone()];
        let sample = Sample::of_rows(&self.rows[..self.rows.len().min(SAMPLE)], self.width);
        if let Ok(clock) = Clock::of(file, &csv)
            && let Some(Order::Certain(names)) = order::find(&sample, &clock, Numbers::of(&csv))
        {
            csv.names = names;
            found.push(csv);
        }
        Ok(found)
    }

    fn times(&self, time: usize, time_of_day: Option<usize>) -> Vec<String> {
        let text = |row: &csv::StringRecord| match time_of_day {
            Some(at) => format!("{} {}", &row[time], &row[at]),
            None => row[time].to_owned(),
        };
        self.rows.iter().map(text).collect()
    }

    /// Sets what parts decimals and thousands, where it is not the usual.
    fn mark(
        &self,
        csv: &mut CsvOptions,
        needed: &[usize],
        prices: &[usize],
        times: &[usize],
    ) -> Result<(), Option<String>> {
        let column = |at: &usize| -> Vec<&str> { self.rows.iter().map(|row| &row[*at]).collect() };
        // Other columns tell of marks too, if they hold numbers.
        let is_other = |at: &usize| {
            let mut fields = self.rows.iter().map(|row| &row[*at]);
            !needed.contains(at) && !times.contains(at) && fields.all(is_value)
        };
        let others: Vec<usize> = (0..self.width).filter(is_other).collect();
        let columns: Vec<Vec<&str>> = needed.iter().chain(&others).map(column).collect();
        let prices: Vec<Vec<&str>> = prices.iter().map(column).collect();
        match digits::find(&columns, &prices) {
            digits::Found::Marks((decimal, thousands)) => {
                (csv.decimal, csv.thousands) = (decimal, thousands);
                Ok(())
            }
            digits::Found::Either(..) => Err(Some(
                "its numbers can be read with a decimal comma or with thousands: csv.decimal = \",\" \
                 or csv.thousands = \",\" says which"
                    .into(),
            )),
            digits::Found::Nothing => Err(None),
        }
    }
}

/// Tells whether a field is a number in some way, or empty.
fn is_value(field: &str) -> bool {
    is_missing(field) || digits::is_number(field)
}

/// Names columns that have other names than usual; none if they are not those of bars or trades.
fn find_names(header: &mut [String], csv: &mut CsvOptions) -> Option<()> {
    if !is_complete(header, None) {
        find_marked(header, csv);
    }
    for (role, others) in NAMES {
        let has = |header: &[String]| {
            let roles = roles(header);
            if *role == "time" {
                return roles.time.is_some();
            }
            roles.kind == Kind::Trades || roles.values.iter().any(|(_, name)| name == role)
        };
        if has(header) {
            continue;
        }
        let other = header.iter().position(|name| others.contains(&&*normalise(name)));
        if let Some(at) = other {
            csv.rename.insert(header[at].clone(), (*role).to_owned());
            header[at] = (*role).to_owned();
        }
    }
    if is_complete(header, None) {
        return Some(());
    }
    let wide =
        [":", ".", "_", "|", "/", " ", "-"].into_iter().find(|w| is_complete(header, Some(w)))?;
    csv.rename.clear();
    csv.wide = Some(wide.to_owned());
    Some(())
}

/// Names prices that all have one mark, as `adj_open` has.
fn find_marked(header: &mut [String], csv: &mut CsvOptions) {
    let names: Vec<String> = header.iter().map(|name| normalise(name)).collect();
    let known = roles(header).values;
    let has = |name: &str| known.iter().any(|(_, role)| role == name);
    if PRICE_COLUMNS.iter().any(|price| has(price)) {
        return;
    }
    let find = |name: &str, mark: &str| {
        let marked = [format!("{mark}_{name}"), format!("{name}_{mark}"), format!("{mark}{name}")];
        names.iter().position(|other| marked.contains(other))
    };
    for mark in MARKED {
        let prices = PRICE_COLUMNS.map(|price| find(price, mark));
        if prices.iter().any(Option::is_none) {
            continue;
        }
        let volume = find("volume", mark).filter(|_| !has("volume"));
        let columns = PRICE_COLUMNS.into_iter().zip(prices).chain([("volume", volume)]);
        for (role, at) in columns {
            if let Some(at) = at {
                csv.rename.insert(header[at].clone(), role.to_owned());
                role.clone_into(&mut header[at]);
            }
        }
        return;
    }
}

/// Returns true if a header has a time and prices; in a wide table, the header of each symbol.
fn is_complete(header: &[String], wide: Option<&str>) -> bool {
    let roles = wide_roles(header, wide);
    let has = |name: &str| roles.values.iter().any(|(_, role)| role == name);
    roles.time.is_some()
        && (roles.kind == Kind::Trades || PRICE_COLUMNS.iter().all(|name| has(name)))
}

/// The roles of columns; in a wide table, those of the first symbol with a close.
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
    let mut fitting: Vec<(String, Vec<Written>)> = FORMATS.iter().filter_map(read).collect();
    // A year of two digits stands first or last: days that are taken for years are far apart.
    let spans: Vec<i64> = fitting.iter().map(|(_, times)| span(times)).collect();
    let least = |first: bool| {
        let of = fitting.iter().zip(&spans).filter(|((f, _), _)| f.starts_with("%y") == first);
        of.map(|(_, span)| *span).min()
    };
    if let (Some(first), Some(last)) = (least(true), least(false)) {
        let is_far = |a: i64, b: i64| a / FAR_YEARS > b;
        if is_far(first, last) {
            fitting.retain(|(format, _)| !format.starts_with("%y"));
        } else if is_far(last, first) {
            fitting.retain(|(format, _)| format.starts_with("%y"));
        }
    }
    let mut fitting = fitting.into_iter();
    let (format, times) = fitting.next()?;
    fitting.all(|(_, others)| others == times).then_some(Some(format))
}

/// The ns from the first to the last of times.
fn span(times: &[Written]) -> i64 {
    let ns = || {
        times.iter().filter_map(|time| match time {
            Written::Local(ns) | Written::Instant(ns) => Some(*ns),
            _ => None,
        })
    };
    let (first, last) = (ns().min().unwrap_or_default(), ns().max().unwrap_or_default());
    last.saturating_sub(first)
}
