//! The layout of delimited text: the first row, and the meaning of fields.

use std::collections::BTreeSet;

use barloom_bars::PRICE_COLUMNS;
use barloom_files::Watch;
use barloom_reading::CsvOptions;

use super::apart;
use super::blocks::LONGEST_LINE;
use super::clock::Clock;
use super::headerless;
use super::order;
use super::sample::Sample;
use crate::bounds::HEAD;
use crate::levels::Levels;
use crate::number::Numbers;
use crate::records::{FIXED_POINT, Records, are_fixed_point};
use crate::rename::renamed;
use crate::roles::{Roles, check_roles, is_unnamed, normalise, roles, shown, wanted_roles};
use crate::shown::{cut, listed};
use crate::side::{SIDE, SideColumn};
use crate::table::Kind;
use crate::time::{self, Written};
use crate::{MarketDataError, ReadOptions};

/// The first row, and the meaning of fields.
pub(super) struct Layout<'a> {
    pub(super) file: &'a str,
    /// The rows, without what is above them.
    pub(super) rows: &'a [u8],
    /// The line that they begin on, from 1.
    pub(super) line: u32,
    pub(super) separator: u8,
    /// The lines of the header, if there is one: files that were joined may have it again.
    pub(super) header_rows: Vec<csv::ByteRecord>,
    /// The names of columns.
    pub(super) header: Vec<String>,
    pub(super) time: usize,
    /// A time of day beside a date, in a column of its own.
    pub(super) time_of_day: Option<usize>,
    /// Number of digits of times of day that are digits alone.
    pub(super) clock_digits: usize,
    pub(super) symbol: Option<usize>,
    /// True if the symbol is the number of an instrument, which says nothing if all have one.
    pub(super) symbol_is_number: bool,
    /// A further part of the symbol.
    pub(super) series: Option<usize>,
    /// The column of events, of which only trades are read.
    pub(super) action: Option<usize>,
    /// Columns that mean the same, of which the second is not read.
    pub(super) twins: Vec<(usize, usize)>,
    pub(super) values: Vec<Value>,
    pub(super) groups: Vec<Group>,
    pub(super) clock: Clock,
    pub(super) numbers: Numbers,
    pub(super) watch: Watch,
}

/// A column of numbers.
pub(super) struct Value {
    pub(super) at: usize,
    pub(super) name: String,
    /// True if text in it is an error; otherwise such a column is skipped.
    pub(super) needed: bool,
    /// The divisor of its numbers.
    pub(super) divisor: f64,
    /// True if one number stands for a missing one, as in Databento's prices.
    pub(super) has_undefined: bool,
    /// The meaning of its fields, if they are sides of trades and no numbers.
    pub(super) side: Option<SideColumn>,
}

/// The columns of one symbol, or of all that rows name.
pub(super) struct Group {
    /// The symbol that names of columns say, in a wide table.
    pub(super) symbol: Option<String>,
    pub(super) kind: Kind,
    /// Names of all numeric columns, those that are not read too.
    pub(super) available: Vec<String>,
    /// The range of its own values.
    pub(super) values: std::ops::Range<usize>,
}

/// The columns of one symbol, or of all that rows name.
struct Named {
    symbol: Option<String>,
    header: Vec<String>,
    /// The places of the columns; none if they are all columns of the file.
    places: Option<Vec<usize>>,
}

impl<'a> Layout<'a> {
    pub(super) fn of(
        file: &'a str,
        text: &'a [u8],
        options: &ReadOptions,
    ) -> Result<Self, MarketDataError> {
        let csv = &options.csv;
        let error = |problem: String| Err(MarketDataError::file(file, problem));
        let (text, skipped) = skip(text, csv.skip_rows);
        check_lines(file, text, skipped)?;
        let separator = match csv.separator {
            Some(separator) => separator as u8,
            None => guess_separator(text),
        };
        let mut reader = reader(text, separator);
        let mut first = csv::ByteRecord::new();
        let broken = |e: csv::Error| MarketDataError::file(file, e);
        if !reader.read_byte_record(&mut first).map_err(broken)? {
            return error("it is empty; expected bars".into());
        }
        if first.len() > MOST_COLUMNS {
            let columns = first.len();
            return error(format!(
                "line {} has {columns} fields; more than {MOST_COLUMNS} columns cannot be read",
                skipped + 1
            ));
        }
        let numbers = Numbers::of(csv);
        let clock = Clock::of(file, csv)?;
        let mut levels =
            find_levels(text, separator, csv, &clock).filter(|_| options.values.is_none());
        levels.as_ref().map_or(Ok(()), |(levels, _)| levels.check(file))?;
        let is_number = |field: &[u8]| numbers.read(field).is_some_and(|x| !x.is_nan());
        let has_header = levels.is_some()
            || csv.has_header.unwrap_or_else(|| first.iter().filter(|f| is_number(f)).count() < 2);
        let mut header = match &levels {
            _ if !csv.names.is_empty() => csv.names.clone(),
            Some((levels, _)) => levels.shown(),
            None if has_header => strings(&first),
            None => headerless::names(file, &first, options)?,
        };
        for rename in [&csv.rename, &options.rename] {
            match &mut levels {
                Some((levels, _)) => levels.rename(file, rename)?,
                None => header = renamed(file, &header, rename)?,
            }
        }
        if levels.is_none() && csv.wide.is_none() {
            number_repeated(&mut header);
        }
        if !has_header && csv.names.is_empty() {
            let sample = Sample::of(head(text), separator, header.len());
            order::check(file, &header, &sample, &clock, numbers)?;
        }
        let mut header_rows: Vec<csv::ByteRecord> = Vec::new();
        let mut row = first.clone();
        let mut is_row = true;
        if has_header {
            let lines = levels.as_ref().map_or(1, |(_, lines)| *lines);
            header_rows.push(first);
            while header_rows.len() < lines && reader.read_byte_record(&mut row).map_err(broken)? {
                header_rows.push(row.clone());
            }
            // The first row shows the content of unnamed columns. Headers may occur twice.
            is_row = reader.read_byte_record(&mut row).map_err(broken)?;
            while is_row && header_rows.contains(&row) {
                is_row = reader.read_byte_record(&mut row).map_err(broken)?;
            }
        }
        let row = is_row.then_some(&row);
        let start =
            row.and_then(csv::ByteRecord::position).map_or(text.len() as u64, csv::Position::byte);
        let (rows, line) = begin(text, start as usize, skipped);
        let mut layout = Self {
            file,
            rows,
            line,
            separator,
            header_rows,
            header,
            time: 0,
            time_of_day: None,
            clock_digits: 0,
            symbol: None,
            symbol_is_number: false,
            series: None,
            action: None,
            twins: Vec::new(),
            values: Vec::new(),
            groups: Vec::new(),
            clock,
            numbers,
            watch: options.watch.clone(),
        };
        let groups = match levels {
            Some((levels, _)) => of_levels(&levels),
            None => layout.headers(csv)?,
        };
        for named in groups {
            layout.take(named, row, options)?;
        }
        layout.check_points(csv)?;
        if row.is_none() {
            return error("it has a header and no bars".into());
        }
        Ok(layout)
    }

    /// The header, of a wide table one for each symbol: without the columns of others.
    fn headers(&self, csv: &CsvOptions) -> Result<Vec<Named>, MarketDataError> {
        let named = |at: usize, name: &str| match name {
            // Not to be found by any name: `names` passes it over.
            "" if !csv.names.is_empty() => format!("\u{1}{at}"),
            name => name.to_owned(),
        };
        let header: Vec<String> =
            self.header.iter().enumerate().map(|(at, name)| named(at, name)).collect();
        let Some(wide) = &csv.wide else {
            return Ok(vec![Named { symbol: None, header, places: None }]);
        };
        let (mut symbols, mut known) = (Vec::<&str>::new(), BTreeSet::new());
        let parts: Vec<Option<(&str, &str)>> =
            header.iter().map(|name| name.rsplit_once(wide.as_str())).collect();
        for (symbol, _) in parts.iter().flatten() {
            // Columns of a symbol mostly follow each other.
            if symbols.last() != Some(symbol) && known.insert(*symbol) {
                symbols.push(symbol);
            }
        }
        if symbols.len().saturating_mul(header.len()) > MOST_WIDE {
            let (symbols, columns) = (symbols.len(), header.len());
            let problem = format!("wide: {symbols} symbols in {columns} columns are too many");
            return Err(MarketDataError::file(self.file, problem));
        }
        if symbols.is_empty() {
            let shown = listed(header.iter().map(String::as_str));
            let problem = format!("wide: no column has {wide:?} in its name; found: {shown}");
            return Err(MarketDataError::file(self.file, problem));
        }
        let of = |symbol: &str| {
            let name = |(at, part): (usize, &Option<(&str, &str)>)| match part {
                Some((of, name)) if *of == symbol => (*name).to_owned(),
                Some(_) => format!("\u{1}{at}"),
                None => header[at].clone(),
            };
            let header = parts.iter().enumerate().map(name).collect();
            Named { symbol: Some(symbol.to_owned()), header, places: None }
        };
        Ok(symbols.into_iter().map(of).collect())
    }

    /// Takes the columns of one symbol, or of all.
    fn take(
        &mut self,
        Named { symbol, header, places }: Named,
        row: Option<&csv::ByteRecord>,
        options: &ReadOptions,
    ) -> Result<(), MarketDataError> {
        let of_symbol = |e: MarketDataError| match (&symbol, e) {
            (Some(symbol), MarketDataError::File { file, problem }) => {
                MarketDataError::File { file, problem: format!("symbol {symbol}: {problem}") }
            }
            (_, e) => e,
        };
        let mut roles: Roles = wanted_roles(&header, options.values.as_ref());
        roles.values.retain(|(at, _)| !header[*at].starts_with('\u{1}'));
        let mut records = Records::of(&header, roles.kind);
        let is_named_time = roles.time.is_some_and(|at| !is_unnamed(&header[at]));
        if let Some(places) = &places {
            roles = in_places(roles, places);
            records = records.map(|records| Records {
                instrument: places[records.instrument],
                action: records.action.map(|at| places[at]),
            });
        }
        let field = |at: usize| row.and_then(|row| row.get(at)).unwrap_or_default();
        if row.is_some() {
            let is_time = |at: usize| {
                let written = self.clock.read(&String::from_utf8_lossy(field(at)));
                is_named_time || written.is_some_and(|w| w.is_plausible())
            };
            roles.time = roles.time.filter(|at| is_time(*at));
        }
        let is_whole_time = |at: &usize| time::is_whole(&String::from_utf8_lossy(field(*at)));
        let is_told = matches!(self.clock, Clock::Told);
        if let Some(clock) = roles.time_of_day.filter(|at| is_told && is_whole_time(at)) {
            (roles.time, roles.time_of_day) = (Some(clock), None);
        }
        self.time = check_roles(self.file, &self.header, &roles).map_err(of_symbol)?;
        (self.time_of_day, self.symbol, self.series) =
            (roles.time_of_day, roles.symbol, roles.series);
        if let Some(at) = self.time_of_day.filter(|at| time::digits(field(*at)).is_some()) {
            self.clock_digits = apart::digits(self.rows, self.separator, at);
        }
        if let Some(records) = &records {
            self.action = records.action;
            if self.symbol.is_none() {
                (self.symbol, self.symbol_is_number) = (Some(records.instrument), true);
            }
        }
        let is_price = |name: &str| {
            PRICE_COLUMNS.contains(&name) || roles.kind == Kind::Trades && name == "price"
        };
        let prices = roles.values.iter().filter(|(_, name)| is_price(name));
        let is_fixed_point = records.is_some() && options.csv.price_divisor.is_none() && {
            let sample = Sample::of(head(self.rows), self.separator, self.header.len());
            are_fixed_point(prices.flat_map(|(at, _)| sample.fields(*at)))
        };
        if roles.kind == Kind::Trades {
            options.check_trades(self.file)?;
        }
        let is_numeric = |at: usize| self.numbers.read(field(at)).is_some();
        let numeric = roles.values.iter().filter(|(at, _)| is_numeric(*at));
        let available = numeric.map(|(_, name)| name.clone()).collect();
        let start = self.values.len();
        for (at, name) in roles.values {
            let is_price = PRICE_COLUMNS.contains(&name.as_str()) || name == "price";
            let is_price = is_price && roles.kind != Kind::Values;
            let usual = is_price || roles.kind == Kind::Trades;
            if !usual && !options.wants(&name) {
                continue;
            }
            let needed = usual || name == "volume" || options.columns.is_some();
            let has_undefined = is_price && is_fixed_point;
            let divisor = if has_undefined { Some(FIXED_POINT) } else { options.csv.price_divisor };
            let divisor = divisor.filter(|_| is_price).unwrap_or(1.0);
            self.values.push(Value { at, name, needed, divisor, has_undefined, side: None });
        }
        if let Some((at, meaning)) = roles.side.filter(|_| options.wants("buy_volume")) {
            let meaning = if records.is_some() { SideColumn::Letters } else { meaning };
            self.values.push(Value {
                at,
                name: SIDE.to_owned(),
                needed: options.columns.is_some(),
                divisor: 1.0,
                has_undefined: false,
                side: Some(meaning),
            });
        }
        let values = start..self.values.len();
        let keys = [Some(self.time), self.time_of_day, self.symbol, self.series];
        let is_read = |at: usize| {
            keys.contains(&Some(at)) || self.values[start..].iter().any(|value| value.at == at)
        };
        self.twins.extend(roles.twins.into_iter().filter(|(one, _)| is_read(*one)));
        self.groups.push(Group { symbol, kind: roles.kind, available, values });
        Ok(())
    }

    /// Checks that a point in numbers is that of decimals, where semicolons part fields: the comma
    /// may be that of decimals, as in Germany.
    fn check_points(&self, csv: &CsvOptions) -> Result<(), MarketDataError> {
        if self.separator != b';' || csv.decimal.is_some() || csv.thousands.is_some() {
            return Ok(());
        }
        let is_number =
            |value: &&Value| value.name == "volume" || PRICE_COLUMNS.contains(&&*value.name);
        let sample = Sample::of(head(self.rows), self.separator, self.header.len());
        // As 1.200 is, unlike 0.200, 12.20 and 1200.
        let is_either = |field: &str| {
            let number = field.strip_prefix('-').unwrap_or(field);
            let is_digits = |digits: &str| digits.bytes().all(|byte| byte.is_ascii_digit());
            // A whole number below 1000 has no point either way.
            let Some((whole, rest)) = number.split_once('.') else {
                return (1..=3).contains(&number.len()) && is_digits(number);
            };
            (1..=3).contains(&whole.len())
                && !whole.starts_with('0')
                && rest.len() == 3
                && is_digits(whole)
                && is_digits(rest)
        };
        let mut numbers = self.values.iter().filter(is_number);
        // Volumes with a point, beside prices with one: prices alone have three decimals in Tokyo.
        let has_point = |is_volume: bool| {
            let mut values = self.values.iter().filter(is_number);
            values.any(|value| {
                (value.name == "volume") == is_volume
                    && sample.fields(value.at).any(|field| field.contains('.'))
            })
        };
        if sample.len() > 0
            && has_point(true)
            && has_point(false)
            && numbers.all(|value| sample.fields(value.at).all(is_either))
        {
            let problem = "prices and volumes with a point have three digits after it, as 1.200 has: it \
                           may be 1.2 or 1200. Set csv.decimal = \".\", or csv.decimal = \",\" and csv.thousands = \".\"";
            return Err(MarketDataError::file(self.file, problem));
        }
        Ok(())
    }

    /// Tells whether a row is a line of the header again.
    pub(super) fn is_header<'f>(&self, width: usize, field: &impl Fn(usize) -> &'f [u8]) -> bool {
        let is_one = |header: &csv::ByteRecord| {
            header.len() == width && header.iter().enumerate().all(|(at, name)| name == field(at))
        };
        self.header_rows.iter().any(is_one)
    }

    /// The time in a row.
    pub(super) fn read_time<'f>(&self, field: impl Fn(usize) -> &'f [u8]) -> Option<Written> {
        let Some(at) = self.time_of_day else { return self.clock.read_field(field(self.time)) };
        let [date, clock] = [self.time, at].map(|at| String::from_utf8_lossy(field(at)));
        self.clock.read_apart(&date, &clock, self.clock_digits)
    }

    /// The error that a field is not what its column needs.
    pub(super) fn cell(
        &self,
        line: u32,
        column: usize,
        got: &str,
        expected: &str,
    ) -> MarketDataError {
        MarketDataError::Cell {
            file: self.file.to_owned(),
            place: format!("line {line}"),
            column: shown(&self.header, column),
            got: cut(got).into_owned(),
            expected: expected.to_owned(),
        }
    }

    /// The error that a line, this one or one after it, is too long.
    pub(super) fn long_line_error(&self, line: u32) -> MarketDataError {
        too_long(self.file, line)
    }

    /// The error that a line has another number of fields.
    pub(super) fn width_error(&self, line: u32, fields: usize) -> MarketDataError {
        let problem = format!(
            "line {line} has {fields} field{}, {} has {}; mend that line{}",
            if fields == 1 { "" } else { "s" },
            if self.header_rows.is_empty() { "the first" } else { "the header" },
            self.header.len(),
            if line == self.line { ", or name its columns: csv.names" } else { "" }
        );
        MarketDataError::file(self.file, problem)
    }
}

/// Symbols times columns of a wide table, at most: each symbol goes through all names.
const MOST_WIDE: usize = 20_000_000;

/// Columns of a file at most.
const MOST_COLUMNS: usize = 500_000;

/// The columns of each symbol that a header of several levels names.
fn of_levels(levels: &Levels) -> Vec<Named> {
    let named = |(symbol, own): (String, Vec<(usize, String)>)| {
        let (places, header): (Vec<usize>, Vec<String>) = own.into_iter().unzip();
        Named { symbol: Some(symbol), header, places: Some(places) }
    };
    levels.groups().into_iter().map(named).collect()
}

/// Roles of columns that are in these places of a file.
fn in_places(mut roles: Roles, places: &[usize]) -> Roles {
    let keys = [&mut roles.time, &mut roles.time_of_day, &mut roles.symbol, &mut roles.series];
    keys.into_iter().flatten().for_each(|at| *at = places[*at]);
    roles.values.iter_mut().for_each(|(at, _)| *at = places[*at]);
    roles.side.iter_mut().for_each(|(at, _)| *at = places[*at]);
    roles.twins.iter_mut().for_each(|(one, twin)| (*one, *twin) = (places[*one], places[*twin]));
    roles
}

/// Numbers later columns of one name that are no price, volume, time or symbol, as of charts' plots.
fn number_repeated(header: &mut [String]) {
    let roles = roles(header);
    let mut count = std::collections::BTreeMap::new();
    for (one, twin) in &roles.twins {
        let name = normalise(&header[*one]);
        let role = roles.values.iter().find(|(at, _)| at == one).map(|(_, role)| role);
        let is_other = role.is_some_and(|role| {
            let is_read = |name: &str| PRICE_COLUMNS.contains(&name) || name == "price";
            *role == name && !is_read(role) && role != "size" && !role.contains("volume")
        });
        if is_other && normalise(&header[*twin]) == name {
            let number = count.entry(*one).or_insert(1);
            *number += 1;
            header[*twin] = format!("{} {number}", header[*twin]);
        }
    }
}

/// Checks that the lines that tell the layout have an end: the first that are not blank.
pub(super) fn check_lines(file: &str, text: &[u8], skipped: u32) -> Result<(), MarketDataError> {
    let mut rest = text;
    for line in 1..=4 {
        let end = memchr::memchr(b'\n', rest).unwrap_or(rest.len());
        if end > LONGEST_LINE {
            return Err(too_long(file, skipped + line));
        }
        rest = rest.get(end + 1..).unwrap_or_default();
    }
    Ok(())
}

/// The error that a line, this one or one after it, is too long.
pub(super) fn too_long(file: &str, line: u32) -> MarketDataError {
    let problem = format!(
        "line {line}, or one near it, has more than {LONGEST_LINE} bytes; expected bars, one a line"
    );
    MarketDataError::file(file, problem)
}

/// The fields of a record.
fn strings(record: &csv::ByteRecord) -> Vec<String> {
    record.iter().map(|field| String::from_utf8_lossy(field).into_owned()).collect()
}

/// The levels of a header of two or three lines, and how many lines they are.
fn find_levels(
    text: &[u8],
    separator: u8,
    csv: &CsvOptions,
    clock: &Clock,
) -> Option<(Levels, usize)> {
    if !csv.names.is_empty() || csv.has_header == Some(false) || csv.wide.is_some() {
        return None;
    }
    let lines = reader(text, separator).into_byte_records().take(3);
    let lines: Vec<Vec<String>> = lines.map_while(Result::ok).map(|line| strings(&line)).collect();
    let is_time = |field: &str| !matches!(clock.read(field), None | Some(Written::Missing));
    Levels::of_lines(&lines, is_time)
}

/// Bytes of a text from which the order of its columns is told: fewer than are read of a large file
/// before its rows, so that the text is told the same however it is read.
const TOLD: usize = HEAD / 2;

/// The beginning of a text, up to the end of a line.
fn head(text: &[u8]) -> &[u8] {
    let Some(head) = text.get(..TOLD) else { return text };
    &head[..memchr::memrchr(b'\n', head).map_or(TOLD, |at| at + 1)]
}

/// A reader of records, the header among them.
pub(super) fn reader(text: &[u8], separator: u8) -> csv::Reader<&[u8]> {
    csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(separator)
        .trim(csv::Trim::All)
        .from_reader(text)
}

/// The text without so many lines at its top, and how many there were.
fn skip(text: &[u8], lines: usize) -> (&[u8], u32) {
    if lines == 0 {
        return (text, 0);
    }
    let start = memchr::memchr_iter(b'\n', text).nth(lines - 1).map_or(text.len(), |at| at + 1);
    (&text[start..], u32::try_from(lines).unwrap_or(u32::MAX))
}

/// The text from the record at a byte on, and its line. Blank lines may stand before the record.
fn begin(text: &[u8], byte: usize, skipped: u32) -> (&[u8], u32) {
    let rest = text.get(byte..).unwrap_or_default();
    let blank = rest.iter().take_while(|b| matches!(b, b'\n' | b'\r')).count();
    let byte = byte.min(text.len()) + blank;
    let lines = memchr::memchr_iter(b'\n', &text[..byte]).count();
    (&text[byte..], skipped + 1 + u32::try_from(lines).unwrap_or(u32::MAX - 1 - skipped))
}

/// The separator that the first line has most of.
pub(super) fn guess_separator(text: &[u8]) -> u8 {
    let line = text.split(|b| *b == b'\n').next().unwrap_or_default();
    let count = |separator: u8| line.iter().filter(|b| **b == separator).count();
    // Of equals the first: a line without any is one column either way.
    [b',', b';', b'\t'].into_iter().rev().max_by_key(|s| count(*s)).unwrap_or(b',')
}
