//! Bars from delimited text.

use barloom_bars::{Column, PRICE_COLUMNS};

use crate::names::{Roles, is_unnamed, roles, shown, symbol_of_file};
use crate::table::{Kind, NO_TIME, Rows, SymbolCodes, Table};
use crate::time::{self, Written};
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

/// Reads delimited text: comma, semicolon or tab, with a header or without.
pub(crate) fn read(
    file: &str,
    bytes: &[u8],
    options: &ReadOptions,
) -> Result<Table, MarketDataError> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let error = |problem: &str| Err(MarketDataError::file(file, problem));
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return error("it is empty; expected bars");
    }
    if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) {
        return error("it is UTF-16 text; save it as UTF-8");
    }
    if bytes[..bytes.len().min(4_096)].contains(&0) {
        return error(
            "it is neither text nor a format that is read; expected CSV, Parquet or Arrow IPC",
        );
    }
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(delimiter(bytes))
        .trim(csv::Trim::All)
        .from_reader(bytes);
    let mut record = csv::ByteRecord::new();
    let broken = |e: csv::Error| MarketDataError::file(file, e);
    if !reader.read_byte_record(&mut record).map_err(broken)? {
        return error("it is empty; expected bars");
    }
    let width = record.len();
    let numbers = record.iter().filter(|field| number(field).is_some_and(|x| !x.is_nan())).count();
    let has_header = numbers < 2;
    let header = if has_header {
        record.iter().map(|f| String::from_utf8_lossy(f).into_owned()).collect()
    } else {
        headerless(file, &record)?
    };
    let expected = roles(&header);
    check_roles(file, &header, &expected)?;
    if expected.kind == Kind::Trades {
        options.check_trades(file)?;
    }
    let mut parser = None;
    if !has_header {
        parser.insert(Parser::new(file, &header, &record, options)?).push(&record, 1)?;
    }
    while reader.read_byte_record(&mut record).map_err(broken)? {
        let line = line_of(bytes, record.position());
        if record.len() != width {
            let problem = format!(
                "line {line} has {} fields, the first has {width}; mend that line",
                record.len()
            );
            return Err(MarketDataError::file(file, problem));
        }
        let parser = match &mut parser {
            Some(parser) => parser,
            none => none.insert(Parser::new(file, &header, &record, options)?),
        };
        parser.push(&record, line)?;
    }
    match parser {
        Some(parser) => parser.finish(),
        None => error("it has a header and no bars"),
    }
}

/// The separator that the first line has most of.
fn delimiter(bytes: &[u8]) -> u8 {
    let line = bytes.split(|b| *b == b'\n').next().unwrap_or_default();
    let count = |separator: u8| line.iter().filter(|b| **b == separator).count();
    // Of equals the first: a line without any is one column either way.
    [b',', b';', b'\t'].into_iter().rev().max_by_key(|s| count(*s)).unwrap_or(b',')
}

/// The line that a record begins on, from 1. A record's position may lie before the line ends and
/// blank lines that part it from the one above.
fn line_of(bytes: &[u8], position: Option<&csv::Position>) -> u32 {
    let Some(position) = position else { return 0 };
    let rest = bytes.get(position.byte() as usize..).unwrap_or_default();
    let before = rest.iter().take_while(|b| b.is_ascii_whitespace());
    let skipped = before.filter(|b| **b == b'\n').count() as u64;
    u32::try_from(position.line() + skipped).unwrap_or(u32::MAX)
}

/// The columns of a file without a header: bars, or trades as Kraken and Binance ship them.
fn headerless(file: &str, first: &csv::ByteRecord) -> Result<Vec<String>, MarketDataError> {
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

/// A number, NaN for a missing one, or `None`.
fn number(field: &[u8]) -> Option<f64> {
    let text = std::str::from_utf8(field).ok()?;
    if time::is_missing(text) { Some(f64::NAN) } else { text.parse().ok() }
}

struct Parser<'a> {
    file: &'a str,
    header: &'a [String],
    options: &'a ReadOptions,
    roles: Roles,
    available: Vec<String>,
    time: usize,
    written: Vec<Written>,
    symbols: SymbolCodes,
    values: Vec<Vec<f64>>,
    lines: Vec<u32>,
}

impl<'a> Parser<'a> {
    /// A parser of rows such as the first, which tells what columns without a name hold.
    fn new(
        file: &'a str,
        header: &'a [String],
        first: &csv::ByteRecord,
        options: &'a ReadOptions,
    ) -> Result<Self, MarketDataError> {
        let mut roles = roles(header);
        let field = |at: usize| first.get(at).unwrap_or_default();
        let is_time = |at: usize| {
            let written = time::of_text(&String::from_utf8_lossy(field(at)));
            !is_unnamed(&header[at]) || written.is_some_and(|w| w.is_plausible())
        };
        roles.time = roles.time.filter(|at| is_time(*at));
        let numeric = roles.values.iter().filter(|(at, _)| number(field(*at)).is_some());
        let available = numeric.map(|(_, name)| name.clone()).collect();
        let time = check_roles(file, header, &roles)?;
        let trades = roles.kind == Kind::Trades;
        let is_used = |name: &str| trades || PRICE_COLUMNS.contains(&name) || options.wants(name);
        roles.values.retain(|(_, name)| is_used(name));
        let values = vec![Vec::new(); roles.values.len()];
        let symbols = SymbolCodes::default();
        let (written, lines) = (Vec::new(), Vec::new());
        Ok(Self { file, header, options, roles, available, time, written, symbols, values, lines })
    }

    fn push(&mut self, record: &csv::ByteRecord, line: u32) -> Result<(), MarketDataError> {
        let text = |at: usize| String::from_utf8_lossy(record.get(at).unwrap_or_default());
        let date = text(self.time);
        let written = match self.roles.time_of_day {
            Some(at) => time::of_text(&format!("{date} {}", text(at))),
            None => time::of_text(&date),
        };
        let Some(written) = written else {
            let expected =
                "a time (2024-01-31 14:30:00, or a number of s, ms, us or ns since 1970)";
            return Err(self.cell(line, self.time, &date, expected));
        };
        self.written.push(written);
        if let Some(at) = self.roles.symbol {
            self.symbols.push(&text(at));
        }
        let mut text_columns = Vec::new();
        for (place, (at, name)) in self.roles.values.iter().enumerate() {
            match number(record.get(*at).unwrap_or_default()) {
                Some(value) => self.values[place].push(value),
                None => {
                    let wanted = self.options.columns.is_some();
                    let needed = PRICE_COLUMNS.contains(&name.as_str())
                        || name == "volume"
                        || self.roles.kind == Kind::Trades;
                    if wanted || needed {
                        return Err(self.cell(line, *at, &text(*at), "a number"));
                    }
                    text_columns.push(place);
                }
            }
        }
        // A column that no one asked for and that holds text is no column of bars.
        if !text_columns.is_empty() {
            let is_text = |place: usize| text_columns.binary_search(&place).is_ok();
            keep(&mut self.roles.values, |place| !is_text(place));
            keep(&mut self.values, |place| !is_text(place));
        }
        self.lines.push(line);
        Ok(())
    }

    fn cell(&self, line: u32, column: usize, got: &str, expected: &str) -> MarketDataError {
        MarketDataError::Cell {
            file: self.file.to_owned(),
            place: format!("line {line}"),
            column: shown(self.header, column),
            got: got.to_owned(),
            expected: expected.to_owned(),
        }
    }

    fn finish(self) -> Result<Table, MarketDataError> {
        let column = shown(self.header, self.time);
        let place = |row: usize| format!("line {}", self.lines[row]);
        let (ts, time_unit, unit_jumps) =
            instants(self.file, &column, &self.written, self.options, place)?;
        let columns = self.roles.values.iter().zip(self.values);
        Ok(Table {
            kind: self.roles.kind,
            file: self.file.to_owned(),
            symbol: symbol_of_file(self.file, &ts),
            symbols: self.roles.symbol.map(|_| self.symbols.finish()),
            ts,
            time_unit,
            unit_jumps,
            available: self.available,
            columns: columns.map(|((_, name), values)| Column::new(name.clone(), values)).collect(),
            rows: Rows::Lines(self.lines),
        })
    }
}

/// Keeps the items at those places.
fn keep<T>(items: &mut Vec<T>, is_kept: impl Fn(usize) -> bool) {
    let mut place = 0;
    items.retain(|_| {
        place += 1;
        is_kept(place - 1)
    });
}

/// The time column, if that and the prices are there.
pub(crate) fn check_roles(
    file: &str,
    header: &[String],
    roles: &Roles,
) -> Result<usize, MarketDataError> {
    let shown: Vec<&str> = header.iter().map(String::as_str).collect();
    let shown = shown.join(", ");
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

type UnitJumps = Vec<(usize, &'static str, &'static str)>;

/// Times as instants, and where epoch numbers change their unit.
pub(crate) fn instants(
    file: &str,
    column: &str,
    written: &[Written],
    options: &ReadOptions,
    place: impl Fn(usize) -> String,
) -> Result<(Vec<i64>, Option<&'static str>, UnitJumps), MarketDataError> {
    let zone = time::zone(&options.timezone)?;
    let day_first = time::day_first(written)
        .map_err(|e| MarketDataError::file(file, format!("column {column}: {e}")))?;
    let utc = options.timezone == "UTC";
    let mut ts = Vec::with_capacity(written.len());
    let mut jumps = Vec::new();
    let mut unit = None;
    let mut first_unit = None;
    for (row, time) in written.iter().enumerate() {
        let local = |ns: i64| if utc { Some(ns) } else { time::in_zone(ns, &zone) };
        let instant = match *time {
            Written::Missing => Some(NO_TIME),
            Written::Instant(ns) => Some(ns),
            Written::Epoch(ns, now) => {
                first_unit.get_or_insert(now);
                if let Some(before) = unit.replace(now)
                    && before != now
                {
                    jumps.push((row, before, now));
                }
                Some(ns)
            }
            Written::Local(ns) => local(ns),
            Written::Slashed(a, b, year, ns) => {
                time::of_slashed(a, b, year, ns, day_first).and_then(local)
            }
        };
        let Some(instant) = instant else {
            return Err(MarketDataError::Cell {
                file: file.to_owned(),
                place: place(row),
                column: column.to_owned(),
                got: time.shown(),
                expected: format!("a time that exists in {}", options.timezone),
            });
        };
        ts.push(instant);
    }
    Ok((ts, first_unit, jumps))
}
