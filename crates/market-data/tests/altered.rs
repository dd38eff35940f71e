//! Text that is altered: columns in another order, no header, the header twice, a decimal comma,
//! another separator. What is read of it is what was read before, or an error, or an error with a
//! proposal that reads what was read before. Never other bars.
//!
//! Over small texts that are made here, and over every text in `../shared/data` and
//! `../shared/cases`, cut to some hundred rows. Where the folder is absent, that test reports
//! itself ignored.

use std::fmt::Write as _;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use barloom_bars::Series;
use barloom_doctor::check;
use barloom_market_data::{
    Aggregate, CsvOptions, MarketDataError, OnBadBar, ReadOptions, read_bytes,
};
use rayon::prelude::*;

/// Rows of a file that are looked at.
const ROWS: usize = 300;
/// Orders of columns that are tried of a text.
const ORDERS: usize = 4;

/// The outcome of reading a text.
enum Outcome {
    /// Series, and how many of their bars are errors.
    Read(Vec<Series>, u64),
    /// An error without a proposal.
    Refused,
    /// An error with a proposal that does not read the text without errors.
    Misled(String),
}

struct Text {
    name: String,
    text: String,
    options: ReadOptions,
}

fn read(name: &str, text: &str, options: &ReadOptions) -> Result<Outcome, MarketDataError> {
    let bars = read_bytes(name, text.as_bytes(), options)?;
    let errors = check(&bars).errors();
    Ok(match bars.into_series(OnBadBar::Drop) {
        Ok(loaded) => Outcome::Read(loaded.series, errors),
        Err(_) => Outcome::Refused,
    })
}

/// The outcome of reading a text, under the options that are proposed if some are.
fn outcome(name: &str, text: &str, options: &ReadOptions) -> Outcome {
    let error = match read(name, text, options) {
        Ok(outcome) => return outcome,
        Err(error) => error.to_string(),
    };
    let Some(csv) = proposal(&error) else { return Outcome::Refused };
    let proposed = ReadOptions { csv, ..options.clone() };
    match read(name, text, &proposed) {
        Ok(Outcome::Read(series, 0)) => Outcome::Read(series, 0),
        _ => Outcome::Misled(error),
    }
}

/// The options in an error that says "this reads it".
fn proposal(error: &str) -> Option<CsvOptions> {
    let (_, rest) = error.split_once("this reads it: '")?;
    let (keys, _) = rest.split_once("' as csv options").unwrap();
    let mut csv = CsvOptions::default();
    for (key, value) in entries(keys) {
        let text = || serde_json::from_str::<String>(value).unwrap();
        let mark = || text().chars().next();
        match key {
            "skip_rows" => csv.skip_rows = value.parse().unwrap(),
            "separator" => csv.separator = mark(),
            "decimal" => csv.decimal = mark(),
            "thousands" => csv.thousands = mark(),
            "names" => csv.names = serde_json::from_str(value).unwrap(),
            "time_format" => csv.time_format = Some(text()),
            "wide" => csv.wide = Some(text()),
            "rename" => {
                let inner = value.trim_matches(['{', '}']).trim();
                for (from, to) in entries(inner) {
                    let name = |text: &str| serde_json::from_str::<String>(text).unwrap();
                    csv.rename.insert(name(from), name(to));
                }
            }
            other => panic!("an unknown key: {other}"),
        }
    }
    Some(csv)
}

/// The keys and values of TOML on one line.
fn entries(keys: &str) -> Vec<(&str, &str)> {
    let (mut depth, mut quoted, mut start) = (0, false, 0);
    let mut parts = Vec::new();
    let mut before = ' ';
    for (at, char) in keys.char_indices() {
        match char {
            '"' if before != '\\' => quoted = !quoted,
            '[' | '{' if !quoted => depth += 1,
            ']' | '}' if !quoted => depth -= 1,
            ',' if !quoted && depth == 0 => {
                parts.push(&keys[start..at]);
                start = at + 1;
            }
            _ => {}
        }
        before = char;
    }
    parts.push(&keys[start..]);
    parts
        .iter()
        .map(|part| part.split_once(" = ").unwrap())
        .map(|(k, v)| (k.trim(), v.trim()))
        .collect()
}

/// A text as lines of fields, of which the first are above the rows.
#[derive(Clone)]
struct Fields {
    lines: Vec<Vec<String>>,
    above: usize,
    separator: u8,
}

impl Fields {
    fn of(text: &str) -> Self {
        let first = text.lines().next().unwrap_or_default();
        let count = |mark: u8| first.bytes().filter(|byte| *byte == mark).count();
        let separator = [b'\t', b';', b','].into_iter().max_by_key(|mark| count(*mark)).unwrap();
        let mut reader = csv::ReaderBuilder::new();
        let reader =
            reader.has_headers(false).flexible(true).trim(csv::Trim::All).delimiter(separator);
        let lines: Vec<Vec<String>> = reader
            .from_reader(text.as_bytes())
            .into_byte_records()
            .map_while(Result::ok)
            .map(|line| line.iter().map(|f| String::from_utf8_lossy(f).into_owned()).collect())
            .take(ROWS)
            .collect();
        let is_row = |line: &Vec<String>| line.iter().filter(|field| is_number(field)).count() >= 2;
        let above = lines.iter().position(is_row).unwrap_or(lines.len());
        Self { lines, above, separator }
    }

    fn written(&self) -> String {
        let mut writer = csv::WriterBuilder::new();
        let mut writer = writer.flexible(true).delimiter(self.separator).from_writer(Vec::new());
        self.lines.iter().for_each(|line| writer.write_record(line).unwrap());
        String::from_utf8(writer.into_inner().unwrap()).unwrap()
    }

    fn width(&self) -> usize {
        self.lines.get(self.above).map_or(0, Vec::len)
    }

    fn permuted(mut self, random: &mut Random) -> Self {
        let width = self.width();
        let mut order: Vec<usize> = (0..width).collect();
        for at in (1..width).rev() {
            order.swap(at, random.below(at + 1));
        }
        for line in self.lines.iter_mut().filter(|line| line.len() == width) {
            *line = order.iter().map(|at| line[*at].clone()).collect();
        }
        self
    }

    /// Without the last line above the rows.
    fn dropped(mut self) -> Self {
        if self.above > 0 {
            self.above -= 1;
            self.lines.remove(self.above);
        }
        self
    }

    /// Without any line above the rows.
    fn bare(mut self) -> Self {
        self.lines.drain(..self.above);
        self.above = 0;
        self
    }

    fn doubled(mut self) -> Self {
        let header = self.lines[..self.above].to_vec();
        self.lines.splice(..0, header);
        self.above *= 2;
        self
    }

    fn with_comma(mut self) -> Self {
        if self.separator == b',' {
            self.separator = b';';
        }
        let swap = |field: &mut String| {
            if is_number(field) {
                let other = |mark| match mark {
                    ',' => '.',
                    '.' => ',',
                    mark => mark,
                };
                *field = field.chars().map(other).collect();
            }
        };
        self.lines.iter_mut().flatten().for_each(swap);
        self
    }

    fn parted_by(mut self, separator: u8) -> Self {
        self.separator = separator;
        self
    }
}

/// Tells whether a field is a number, perhaps with thousands.
fn is_number(field: &str) -> bool {
    let plain = field.replace(',', "");
    let begins = field.bytes().any(|byte| byte.is_ascii_digit());
    begins && plain.parse::<f64>().is_ok()
}

/// SplitMix64.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    fn below(&mut self, n: usize) -> usize {
        (self.next() % n as u64) as usize
    }

    /// A number from -1 to 1.
    fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 52) as f64 - 1.0
    }
}

/// A text altered in all ways, with what was done to it and whether its names are gone.
fn altered(text: &str, random: &mut Random) -> Vec<(String, bool, String)> {
    let plain = Fields::of(text);
    let named = plain.above > 0;
    let mut all = Vec::new();
    let mut add = |what: &str, bare: bool, fields: Fields| {
        all.push((what.to_owned(), bare, fields.written()));
    };
    add("as it is", false, plain.clone());
    add("a decimal comma", false, plain.clone().with_comma());
    add("tabs", false, plain.clone().parted_by(b'\t'));
    add("bars between fields", false, plain.clone().parted_by(b'|'));
    add("tabs and a decimal comma", false, plain.clone().parted_by(b'\t').with_comma());
    if named {
        add("the header twice", false, plain.clone().doubled());
        add("no header", true, plain.clone().dropped());
        add("no line above", true, plain.clone().bare());
        add("no line above, a decimal comma", true, plain.clone().bare().with_comma());
    }
    for order in 0..ORDERS {
        let other = plain.clone().permuted(random);
        add(&format!("order {order}"), !named, other.clone());
        add(&format!("order {order}, a decimal comma"), !named, other.clone().with_comma());
        if named {
            add(&format!("order {order}, the header twice"), false, other.clone().doubled());
            add(&format!("order {order}, no header"), true, other.clone().dropped());
            add(&format!("order {order}, no line above"), true, other.bare());
        }
    }
    all
}

/// The first difference of two readings, if there is one.
fn difference(before: &[Series], after: &[Series], bare: bool) -> Option<String> {
    if before.len() != after.len() {
        return Some(format!("{} series, not {}", after.len(), before.len()));
    }
    for one in before {
        // Without names a symbol is that of the file.
        let other = after.iter().find(|other| other.symbol() == one.symbol());
        let other = if before.len() == 1 && bare { Some(&after[0]) } else { other };
        let Some(other) = other else { return Some(format!("there is no {}", one.symbol())) };
        if one.ts() != other.ts() {
            return Some(format!(
                "times {:?}, not {:?}",
                &other.ts()[..2.min(other.len())],
                &one.ts()[..2.min(one.len())]
            ));
        }
        let bits = |values: &[f64]| -> Vec<u64> { values.iter().map(|x| x.to_bits()).collect() };
        for column in one.columns() {
            let is_usual = ["open", "high", "low", "close", "volume"].contains(&&*column.name);
            match other.column(&column.name) {
                Some(values) if bits(values) == bits(&column.values) => {}
                None if bare && !is_usual => {}
                Some(values) => {
                    let at = (0..values.len())
                        .find(|at| values[*at].to_bits() != column.values[*at].to_bits());
                    let at = at.unwrap_or_default();
                    return Some(format!(
                        "{} of bar {at} is {}, not {}",
                        column.name, values[at], column.values[at]
                    ));
                }
                None => return Some(format!("no {}", column.name)),
            }
        }
        let has = |name: &str| one.column(name).is_some();
        let more = other.columns().iter().find(|column| !has(&column.name));
        if let Some(more) = more.filter(|more| !bare || more.name == "volume") {
            return Some(format!("there is a column {}", more.name));
        }
    }
    None
}

/// Counts of the ways in which altered texts were read.
#[derive(Default)]
struct Count {
    texts: usize,
    equal: usize,
    refused: usize,
}

/// Faults of what is read of a text that is altered, and how often it was the same.
fn faults(of: &Text, count: &mut Count) -> Vec<String> {
    let Text { name, text, options } = of;
    let mut random = Random(text.len() as u64);
    let plain = Fields::of(text).written();
    let (before, errors) = match outcome(name, &plain, options) {
        Outcome::Read(before, errors) => (before, errors),
        Outcome::Refused => return Vec::new(),
        Outcome::Misled(error) => return vec![format!("{name}: misled by {error}")],
    };
    count.texts += 1;
    let mut faults = Vec::new();
    for (what, bare, text) in altered(text, &mut random) {
        match outcome(name, &text, options) {
            Outcome::Read(after, told) if told <= errors => {
                count.equal += 1;
                if let Some(difference) = difference(&before, &after, bare) {
                    let head: Vec<&str> = text.lines().take(4).collect();
                    faults
                        .push(format!("{name}, {what}: {difference}\n    {}", head.join("\n    ")));
                }
            }
            Outcome::Misled(error) => faults.push(format!("{name}, {what}: misled by {error}")),
            Outcome::Read(..) | Outcome::Refused => {
                count.refused += 1;
                if what == "as it is" {
                    faults.push(format!("{name}, {what}: it was read before"));
                }
            }
        }
    }
    faults
}

fn assert_never_others(texts: &[Text]) -> Count {
    let found: Vec<(Vec<String>, Count)> = texts
        .par_iter()
        .map(|text| {
            let mut count = Count::default();
            (faults(text, &mut count), count)
        })
        .collect();
    let (faults, counts): (Vec<Vec<String>>, Vec<Count>) = found.into_iter().unzip();
    let faults = faults.concat();
    assert!(faults.is_empty(), "{} other bars:\n{}", faults.len(), faults.join("\n"));
    let sum = |of: fn(&Count) -> usize| counts.iter().map(of).sum();
    Count { texts: sum(|c| c.texts), equal: sum(|c| c.equal), refused: sum(|c| c.refused) }
}

/// Rows of bars: time, open, high, low, close, adjusted close, volume.
fn walk(rows: usize, seed: u64) -> Vec<(i64, [f64; 5], u64)> {
    let mut random = Random(seed);
    let mut close = 100.0;
    let round = |x: f64| (x * 100.0).round() / 100.0;
    let bar = |row: usize| {
        let open = round(close * (1.0 + 0.002 * random.unit()));
        close = round(open * (1.0 + 0.02 * random.unit()));
        let high = round(open.max(close) * (1.0 + 0.005 * random.unit().abs()));
        let low = round(open.min(close) * (1.0 - 0.005 * random.unit().abs()));
        let adjusted = round(close * if row < rows / 2 { 0.9 } else { 1.0 });
        let volume = 1_000 + random.next() % 100_000;
        (1_704_153_600 + 86_400 * row as i64, [open, high, low, close, adjusted], volume)
    };
    (0..rows).map(bar).collect()
}

fn day(seconds: i64) -> String {
    chrono::DateTime::from_timestamp(seconds, 0).unwrap().format("%Y-%m-%d").to_string()
}

/// Texts of usual layouts.
fn made() -> Vec<Text> {
    let bars = walk(80, 1);
    type Row<'a> = &'a dyn Fn(usize, &(i64, [f64; 5], u64)) -> String;
    let of = |name: &str, header: &str, row: Row<'_>| {
        let mut text = header.to_owned();
        for (at, bar) in bars.iter().enumerate() {
            writeln!(text, "{}", row(at, bar)).unwrap();
        }
        Text { name: name.to_owned(), text, options: ReadOptions::default() }
    };
    let mut texts = vec![
        of("usual.csv", "date,open,high,low,close,volume\n", &|_, (ts, [o, h, l, c, _], v)| {
            format!("{},{o},{h},{l},{c},{v}", day(*ts))
        }),
        of("adjusted.csv", "Date,Open,High,Low,Close,Adj Close,Volume\n", &|_,
                                                                            (
            ts,
            [o, h, l, c, a],
            v,
        )| {
            format!("{},{o},{h},{l},{c},{a},{v}", day(*ts))
        }),
        of("mixed.csv", "Date,Open,Close,High,Low,Volume\n", &|_, (ts, [o, h, l, c, _], v)| {
            format!("{},{o},{c},{h},{l},{v}", day(*ts))
        }),
        of("index.csv", ",time,close,high,low,open,volume\n", &|at, (ts, [o, h, l, c, _], v)| {
            format!("{at},{ts},{c},{h},{l},{o},{v}")
        }),
        of("pandas.csv", ",Open,High,Low,Close\n", &|_, (ts, [o, h, l, c, _], _)| {
            format!("{},{o},{h},{l},{c}", day(*ts))
        }),
        of(
            "several.csv",
            "Price,Close,High,Low,Open,Volume\nTicker,A,A,A,A,A\nDate,,,,,\n",
            &|_, (ts, [o, h, l, c, _], v)| format!("{},{c},{h},{l},{o},{v}", day(*ts)),
        ),
        of(
            "both.csv",
            "Ticker,A,A,A,A,B,B,B,B\nPrice,Open,High,Low,Close,Open,High,Low,Close\nDate,,,,,,,,\n",
            &|_, (ts, [o, h, l, c, _], _)| {
                let [p, q, r, s] = [o, h, l, c].map(|x| x / 2.0);
                format!("{},{o},{h},{l},{c},{p},{q},{r},{s}", day(*ts))
            },
        ),
        of("wide.csv", ",A:open,A:high,A:low,A:close,B:open,B:high,B:low,B:close\n", &|_,
                                                                                       (
            ts,
            [o, h, l, c, _],
            _,
        )| {
            format!("{},{o},{h},{l},{c},{c},{h},{l},{o}", day(*ts))
        }),
        of("bare.csv", "", &|_, (ts, [o, h, l, c, _], v)| format!("{ts}000,{o},{h},{l},{c},{v}")),
        of("turnover.csv", "", &|_, (ts, [o, h, l, c, _], v)| {
            format!("{ts}000,{o},{h},{l},{c},{v},{}", (*v as f64 * (o + c) / 2.0).round())
        }),
        of("klines.csv", "", &|at, (ts, [o, h, l, c, _], v)| {
            let (quote, taken) = (*v as f64 * (h + l) / 2.0, v / 2);
            let taken_quote = taken as f64 * (h + l) / 2.0;
            format!(
                "{ts}000,{o},{h},{l},{c},{v},{}999,{quote},{},{taken},{taken_quote},0",
                ts + 86_399,
                at + 7
            )
        }),
        of("banner.csv", "made by hand\ndate,symbol,open,high,low,close,volume\n", &|_,
                                                                                     (
            ts,
            [o, h, l, c, _],
            v,
        )| {
            format!("{},A,{o},{h},{l},{c},{v}", day(*ts))
        }),
        of("long.csv", "date,open,high,low,close,volume,tic\n", &|at, (ts, [o, h, l, c, _], v)| {
            let day = day(ts - 86_400 * (at as i64 % 2));
            format!("{day},{o},{h},{l},{c},{v},{}", ["A", "B"][at % 2])
        }),
    ];
    // Few rows tell little.
    for rows in [1, 2, 3, 6] {
        let few: Vec<Text> = texts
            .iter()
            .take(13)
            .map(|text| {
                let fields = Fields::of(&text.text);
                let lines = fields.above + rows;
                let cut =
                    Fields { lines: fields.lines.into_iter().take(lines).collect(), ..fields };
                let name = format!("{rows} rows of {}", text.name);
                Text { name, text: cut.written(), options: ReadOptions::default() }
            })
            .collect();
        texts.extend(few.into_iter().filter(|_| rows > 3));
    }
    texts
}

#[test]
fn altered_text_is_read_as_before_or_not_at_all() {
    let texts = made();
    let count = assert_never_others(&texts);
    println!(
        "{} texts, {} altered ones equal, {} refused",
        count.texts, count.equal, count.refused
    );
    assert!(count.texts >= 20, "{}", count.texts);
    assert!(count.equal > 300, "{}", count.equal);
}

/// Every text in a folder, unpacked.
fn texts_in(folder: &Path, found: &mut Vec<Text>) {
    let mut entries: Vec<PathBuf> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    for path in entries {
        let name = path.to_string_lossy().into_owned();
        let bytes = || std::fs::read(&path).unwrap();
        let mut add = |name: String, bytes: Vec<u8>| {
            let Ok(text) = String::from_utf8(bytes) else { return };
            let mut options = ReadOptions::default();
            options.csv.ms_of_day = name.contains("second/spy") || name.contains("binance/minute");
            if name.contains("trades/") || name.contains("bybit") {
                options.aggregate = Some(Aggregate::new("1m".parse().unwrap()));
            }
            let end = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').nth(ROWS);
            let text = text[..end.map_or(text.len(), |(at, _)| at + 1)].to_owned();
            found.push(Text { name, text, options });
        };
        if path.is_dir() {
            texts_in(&path, found);
        } else if name.ends_with(".csv") || name.ends_with(".txt") {
            add(name, bytes());
        } else if name.ends_with(".gz") {
            let mut text = Vec::new();
            flate2::read::GzDecoder::new(&bytes()[..]).read_to_end(&mut text).unwrap();
            add(name.trim_end_matches(".gz").to_owned(), text);
        } else if name.ends_with(".zip") {
            let mut archive = zip::ZipArchive::new(std::io::Cursor::new(bytes())).unwrap();
            let mut text = Vec::new();
            archive.by_index(0).unwrap().read_to_end(&mut text).unwrap();
            add(name.replace(".zip", ".csv"), text);
        }
    }
}

#[test]
#[cfg_attr(not(shared_data), ignore = "needs ../shared/data")]
fn every_text_altered_is_read_as_before_or_not_at_all() {
    let shared = PathBuf::from(format!("{}/../../../shared", env!("CARGO_MANIFEST_DIR")));
    let mut texts = Vec::new();
    for folder in ["data", "cases"] {
        texts_in(&shared.join(folder), &mut texts);
    }
    let count = assert_never_others(&texts);
    println!(
        "{} of {} texts, {} altered ones equal, {} refused",
        count.texts,
        texts.len(),
        count.equal,
        count.refused
    );
    assert!(count.texts > 60, "{}", count.texts);
}
