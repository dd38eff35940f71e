//! What columns and files are called.

/// The columns that bars are made from.
#[derive(Clone, Debug, Default)]
pub(crate) struct Roles {
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
    ("volume", &["volume", "vol", "v", "tick_volume"]),
];

/// `Adj Close` as `adj_close`.
pub(crate) fn normalise(name: &str) -> String {
    name.trim().trim_matches('"').trim().to_lowercase().replace([' ', '-'], "_")
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
    let mut values: Vec<(usize, String)> = Vec::new();
    for (role, candidates) in VALUES {
        if let Some(at) = find(candidates) {
            values.push((at, (*role).to_owned()));
        }
    }
    for (at, name) in names.iter().enumerate() {
        let taken = [time, time_of_day, symbol].contains(&Some(at))
            || values.iter().any(|(v, role)| *v == at || role == name);
        if !taken && (!is_unnamed(name) || name == "index") {
            values.push((at, name.clone()));
        }
    }
    Roles { time, time_of_day, symbol, values }
}

/// Whether a column has the name of one that has none: pandas' index may hold times, or count rows.
pub(crate) fn is_unnamed(name: &str) -> bool {
    ["", "unnamed:_0", "__index_level_0__", "index"].contains(&normalise(name).as_str())
}

/// A column as people find it: by its name, or by its place where it has none.
pub(crate) fn shown(header: &[String], at: usize) -> String {
    match header.get(at) {
        Some(name) if !name.is_empty() => name.clone(),
        _ => format!("{} (unnamed)", at + 1),
    }
}

/// The symbol that a file's name says: the stem without dates, intervals, numbers and the words
/// for bars at its end; the folder's name where nothing is left. A number that is all of it and no
/// date is a symbol.
pub(crate) fn symbol_of_file(file: &str) -> String {
    let folder = file.rsplit(['/', '\\']).nth(1).filter(|folder| !folder.is_empty());
    symbol_of_stem(file).or(folder).unwrap_or("bars").to_owned()
}

/// The symbol of one file among several in an archive: what its own name says, else the archive's.
pub(crate) fn symbol_of_member(archive: &str, member: &str) -> String {
    symbol_of_stem(member).map_or_else(|| symbol_of_file(archive), str::to_owned)
}

fn symbol_of_stem(file: &str) -> Option<&str> {
    let (stem, cut) = stem_and_words(file);
    // Some exchanges number their stocks; a day or month beside a year is none of these.
    let number = is_digits(stem) && !is_date(stem) && (cut.is_empty() || stem.len() > 2);
    (!stem.is_empty() && (number || !is_no_symbol(stem))).then_some(stem)
}

/// The numbers in a file's name that are no part of its symbol and no date. Files of one series
/// that differ in them may be parts of it, or series that should not have been joined.
pub(crate) fn numbers_of_file(file: &str) -> Vec<String> {
    let (stem, mut words) = stem_and_words(file.rsplit(':').next().unwrap_or(file));
    if symbol_of_stem(stem).is_none() {
        words.insert(0, stem);
    }
    let mut numbers = Vec::new();
    // How many words after a year may be its month and day.
    let mut of_date = 0;
    for word in words {
        if is_date(word) {
            of_date = if word.len() == 4 { 2 } else { 0 };
        } else if is_digits(word) && !(of_date > 0 && word.len() <= 2) {
            numbers.push(word.to_owned());
            of_date = 0;
        } else {
            of_date = if is_digits(word) { of_date - 1 } else { 0 };
        }
    }
    numbers
}

/// A file's name without its extensions and without the words at its end that say no symbol; and
/// these words.
fn stem_and_words(file: &str) -> (&str, Vec<&str>) {
    let mut stem = file.rsplit(['/', '\\']).next().unwrap_or(file);
    for _ in 0..3 {
        for extension in
            [".gz", ".zip", ".csv", ".txt", ".tsv", ".parquet", ".pq", ".arrow", ".ipc", ".feather"]
        {
            let cut = stem.len().saturating_sub(extension.len());
            if stem.is_char_boundary(cut) && stem[cut..].eq_ignore_ascii_case(extension) {
                stem = &stem[..cut];
            }
        }
    }
    let mut words = Vec::new();
    while let Some(cut) = stem.rfind(['-', '_', ' ', '.']) {
        if !is_no_symbol(&stem[cut + 1..]) {
            break;
        }
        words.insert(0, &stem[cut + 1..]);
        stem = &stem[..cut];
    }
    (stem, words)
}

fn is_digits(word: &str) -> bool {
    !word.is_empty() && word.bytes().all(|b| b.is_ascii_digit())
}

/// Whether digits are a year of 1900 to 2099, alone or with month, or with month and day.
fn is_date(word: &str) -> bool {
    let within = |at: std::ops::Range<usize>, lo: u32, hi: u32| {
        word.get(at).and_then(|n| n.parse().ok()).is_some_and(|n: u32| (lo..=hi).contains(&n))
    };
    is_digits(word)
        && matches!(word.len(), 4 | 6 | 8)
        && within(0..4, 1900, 2099)
        && (word.len() < 6 || within(4..6, 1, 12))
        && (word.len() < 8 || within(6..8, 1, 31))
}

/// Whether a word is a number, a date, an interval or a word for bars.
fn is_no_symbol(word: &str) -> bool {
    let word = word.to_lowercase();
    let words = ["ohlcv", "klines", "kline", "bars", "bar", "part", "trade", "candles", "data"];
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
        ] {
            assert_eq!(symbol_of_file(file), symbol, "{file}");
        }
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

    #[test]
    fn columns_are_found_by_their_usual_names() {
        let header = ["Date", "Open", "HIGH", "low ", "Close", "Adj Close", "Tick Volume"];
        let roles = roles(&header.map(str::to_owned));
        assert_eq!((roles.time, roles.symbol), (Some(0), None));
        let names: Vec<&str> = roles.values.iter().map(|v| v.1.as_str()).collect();
        assert_eq!(names, ["open", "high", "low", "close", "volume", "adj_close"]);
    }
}
