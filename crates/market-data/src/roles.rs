//! Names of columns.

mod known;

use std::collections::{BTreeMap, BTreeSet};

use barloom_bars::PRICE_COLUMNS;

use crate::MarketDataError;
use crate::shown::{acts, cut, listed};
use crate::side::SideColumn;
use crate::table::{Kind, ValueColumns};

/// The columns that bars or trades are made from.
#[derive(Clone, Debug, Default)]
pub(crate) struct Roles {
    pub(crate) kind: Kind,
    pub(crate) time: Option<usize>,
    /// A time of day beside a date, in a column of its own.
    pub(crate) time_of_day: Option<usize>,
    pub(crate) symbol: Option<usize>,
    /// A further part of the symbol, in a column of its own.
    pub(crate) series: Option<usize>,
    /// Other columns by their normalised names; price and volume columns have their usual one.
    pub(crate) values: Vec<(usize, String)>,
    /// The column of the aggressors of trades.
    pub(crate) side: Option<(usize, SideColumn)>,
    /// Columns that mean the same as one of the others: that one, then the column that is not read.
    pub(crate) twins: Vec<(usize, usize)>,
}

/// The normalised form of a name: `Adj Close` as `adj_close`, `<TICKER>` as `ticker`, and
/// `1. open` as `open`.
pub(crate) fn normalise(name: &str) -> String {
    let mut name = name.trim().trim_matches('"').trim();
    // MetaTrader, stooq and MetaStock put names in angle brackets.
    if let Some(inner) = name.strip_prefix('<').and_then(|name| name.strip_suffix('>')) {
        name = inner.trim();
    }
    // Alpha Vantage numbers them, Yahoo's pages mark them.
    if let Some((number, rest)) = name.split_once(". ")
        && number.bytes().all(|byte| byte.is_ascii_digit())
    {
        name = rest.trim();
    }
    let name = name
        .trim_end_matches('*')
        .to_lowercase()
        .replace(|c: char| matches!(c, ' ' | '-' | '\u{a0}') || acts(c), "_");
    if name.is_ascii() {
        return name;
    }
    // Some systems write an umlaut as a letter and its dots.
    let composed = [("a\u{308}", "ä"), ("o\u{308}", "ö"), ("u\u{308}", "ü")];
    composed.into_iter().fold(name, |name, (two, one)| name.replace(two, one))
}

/// The places of columns by their normalised names.
struct Places<'a> {
    by_name: BTreeMap<&'a str, Vec<usize>>,
}

impl<'a> Places<'a> {
    fn of(names: &'a [String]) -> Self {
        // Columns may be as many as a file has bytes: each is looked up, not compared with all others.
        let mut by_name: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for (at, name) in names.iter().enumerate() {
            by_name.entry(name).or_default().push(at);
        }
        Self { by_name }
    }

    fn has(&self, name: &str) -> bool {
        self.by_name.contains_key(name)
    }

    /// The columns of a name.
    fn named(&self, name: &str) -> &[usize] {
        self.by_name.get(name).map_or(&[], Vec::as_slice)
    }

    /// The columns of the first name that there is.
    fn first(&self, names: &[&str]) -> &[usize] {
        names.iter().map(|name| self.named(name)).find(|at| !at.is_empty()).unwrap_or_default()
    }

    /// The columns of all these names, in the order of the names.
    fn all(&self, names: &[&str]) -> Vec<usize> {
        names.iter().flat_map(|name| self.named(name).iter().copied()).collect()
    }
}

/// Finds the roles of columns of bars and trades, or of a slower series.
pub(crate) fn wanted_roles(header: &[String], values: Option<&ValueColumns>) -> Roles {
    match values {
        None => roles(header),
        Some(columns) => roles_of_values(header, columns),
    }
}

/// The roles of columns of a slower series: the column of times, that of symbols, and all others.
fn roles_of_values(header: &[String], columns: &ValueColumns) -> Roles {
    let names: Vec<String> = header.iter().map(|name| normalise(name)).collect();
    let exact = header.iter().position(|name| *name == columns.time);
    let time = exact.or_else(|| names.iter().position(|name| *name == normalise(&columns.time)));
    let is_symbol = |at: &usize| columns.by_symbol || !is_weak_symbol(&header[*at]);
    let symbol = roles(header).symbol.filter(|at| Some(*at) != time && is_symbol(at));
    let mut found = Roles { kind: Kind::Values, time, symbol, ..Roles::default() };
    let mut taken = BTreeMap::new();
    for (at, name) in names.into_iter().enumerate() {
        if [time, symbol].contains(&Some(at)) || is_unnamed(&name) {
            continue;
        }
        match taken.get(&name) {
            Some(first) => found.twins.push((*first, at)),
            None => {
                taken.insert(name.clone(), at);
                found.values.push((at, name));
            }
        }
    }
    found
}

/// Finds the roles of columns by their names.
pub(crate) fn roles(header: &[String]) -> Roles {
    let mut names: Vec<String> = header.iter().map(|name| normalise(name)).collect();
    // Polygon's grouped bars: T is the ticker, t the time.
    let has = |name: &str| header.iter().any(|other| other.trim() == name);
    if ["T", "t", "o", "c"].into_iter().all(has) {
        let ticker = header.iter().position(|name| name.trim() == "T");
        ticker.into_iter().for_each(|at| names[at] = "ticker".to_owned());
    }
    let places = Places::of(&names);
    let mut roles = Roles::default();
    // One column of each kind is read; its twins are compared with it.
    let one = |twins: &mut Vec<(usize, usize)>, columns: &[usize]| {
        let (first, others) = columns.split_first()?;
        if !is_unnamed(&names[*first]) {
            twins.extend(others.iter().map(|other| (*first, *other)));
        }
        Some(*first)
    };
    let is_bars = known::BARS[..3].iter().any(|(_, names)| !places.first(names).is_empty());
    let has_letters = known::LETTERS[..4].iter().all(|(_, letter)| places.has(letter));
    let is_bars = is_bars || has_letters;
    let (p, sizes) = known::TRADE_LETTERS;
    let trades_by_letter = !is_bars && places.has(p) && !places.first(sizes).is_empty();

    roles.time = one(&mut roles.twins, places.first(known::TIME));
    if let Some((date, clocks)) = known::DATE_AND_TIME.iter().find(|(date, clocks)| {
        let is_it = roles.time.is_some_and(|time| names[time] == *date);
        let first = roles.time.is_some_and(|time| clocks.contains(&&*names[time]));
        (is_it || first && places.has(date)) && !places.first(clocks).is_empty()
    }) {
        roles.time = one(&mut roles.twins, places.named(date));
        roles.time_of_day = one(&mut roles.twins, places.first(clocks));
    }
    if (has_letters || trades_by_letter) && roles.time.is_none_or(|at| is_unnamed(&names[at])) {
        let letter = places.named(known::TIME_LETTER);
        roles.time = one(&mut roles.twins, letter).or(roles.time);
    }
    roles.symbol = one(&mut roles.twins, places.first(known::SYMBOL));
    if roles.symbol.is_some() {
        roles.series = one(&mut roles.twins, places.first(known::SERIES));
    }

    if !is_bars {
        let mut price = places.all(known::PRICE);
        let mut size = places.all(known::SIZE);
        if size.is_empty() {
            size = places.named(known::AMOUNT).to_vec();
        }
        let by_letter = trades_by_letter && (price.is_empty() || size.is_empty());
        if by_letter {
            (price, size) = (places.named(p).to_vec(), places.first(sizes).to_vec());
        }
        if !price.is_empty() && !size.is_empty() {
            roles.kind = Kind::Trades;
            let letter = places.named(known::BUYER_MAKER_LETTER);
            roles.side = [
                (places.first(known::TAKER), SideColumn::Taker),
                (places.first(known::BUYER_MAKER), SideColumn::BuyerMaker),
                (if by_letter { letter } else { &[] }, SideColumn::BuyerMaker),
            ]
            .into_iter()
            .find_map(|(columns, meaning)| Some((*columns.first()?, meaning)));
            for (columns, name) in [(price, "price"), (size, "size")] {
                let at = one(&mut roles.twins, &columns);
                roles.values.extend(at.map(|at| (at, name.to_owned())));
            }
            return roles;
        }
    }
    let by_name = known::BARS[..4].iter().all(|(_, names)| !places.first(names).is_empty());
    for ((role, names), (_, letter)) in known::BARS.into_iter().zip(known::LETTERS) {
        let mut columns = places.all(names);
        if has_letters && !by_name {
            columns.extend(places.named(letter));
        }
        if role == "volume" && columns.is_empty() {
            columns = places.first(known::SECOND_VOLUME).to_vec();
        }
        let at = one(&mut roles.twins, &columns);
        roles.values.extend(at.map(|at| (at, role.to_owned())));
    }
    let mut done: BTreeSet<usize> = roles.values.iter().map(|(at, _)| *at).collect();
    done.extend([roles.time, roles.time_of_day, roles.symbol, roles.series].into_iter().flatten());
    done.extend(roles.twins.iter().map(|(_, twin)| *twin));
    for (role, names) in known::OTHERS {
        let columns: Vec<usize> =
            places.all(names).into_iter().filter(|at| !done.contains(at)).collect();
        let at = one(&mut roles.twins, &columns);
        roles.values.extend(at.map(|at| (at, (*role).to_owned())));
        done.extend(columns);
    }
    let mut taken: BTreeMap<String, usize> =
        roles.values.iter().map(|(at, role)| (role.clone(), *at)).collect();
    for (at, name) in names.iter().enumerate() {
        let usable = !is_unnamed(name) || name == "index";
        if !usable || done.contains(&at) {
            continue;
        }
        match taken.get(name) {
            Some(first) => roles.twins.push((*first, at)),
            None => {
                taken.insert(name.clone(), at);
                roles.values.push((at, name.clone()));
            }
        }
    }
    roles
}

impl Roles {
    /// Tells whether there is a time, and all prices of bars or the price and size of trades.
    pub(crate) fn is_complete(&self) -> bool {
        let has = |price: &&str| self.values.iter().any(|(_, name)| name == price);
        if self.kind == Kind::Values {
            return self.time.is_some() && !self.values.is_empty();
        }
        self.time.is_some() && (self.kind == Kind::Trades || PRICE_COLUMNS.iter().all(has))
    }
}

/// Tells whether the name of a column of times says that they are UTC: `Gmt time`,
/// `Datetime (UTC)`.
pub(crate) fn says_utc(name: &str) -> bool {
    let name = normalise(name);
    name.split(|c: char| !c.is_alphanumeric()).any(|word| ["utc", "gmt"].contains(&word))
}

/// Tells whether a column has a name of symbols that also names other things.
pub(crate) fn is_weak_symbol(name: &str) -> bool {
    known::WEAK_SYMBOL.contains(&normalise(name).as_str())
}

/// Returns true if a column has no name: pandas' index may hold times, or count rows.
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
    if roles.kind == Kind::Values {
        let problem = format!(
            "the column of times that `time` names is not there, or holds no times; found: {shown}"
        );
        return roles.time.ok_or_else(|| MarketDataError::file(file, problem));
    }
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

    fn of(header: &str) -> Roles {
        roles(&header.split(',').map(str::to_owned).collect::<Vec<String>>())
    }

    fn names(roles: &Roles) -> Vec<&str> {
        roles.values.iter().map(|(_, name)| name.as_str()).collect()
    }

    #[test]
    fn names_hold_no_characters_that_act() {
        assert_eq!(normalise("Adj\nClose"), "adj_close");
        assert_eq!(normalise("\u{1b}[2Jx"), "_[2jx");
    }

    #[test]
    fn columns_are_found_by_their_usual_names() {
        let roles = of("Date,Open,HIGH,low ,Close,Adj Close,Tick Volume");
        assert_eq!((roles.time, roles.symbol), (Some(0), None));
        assert_eq!(names(&roles), ["open", "high", "low", "close", "volume", "adj_close"]);
        let roles = of("<TICKER>,<DATE>,<TIME>,<OPEN>,<HIGH>,<LOW>,<CLOSE>,<TICKVOL>,<VOL>");
        assert_eq!((roles.symbol, roles.time, roles.time_of_day), (Some(0), Some(1), Some(2)));
        assert_eq!(roles.values[4..], [(8, "volume".into()), (7, "tick_volume".into())]);
        let roles = of("Datum,Erster,Hoch,Tief,Schlusskurs,Stuecke,Volumen");
        assert_eq!(roles.values[4..], [(5, "volume".into()), (6, "volumen".into())]);
        assert_eq!(of("Datum,Ero\u{308}ffnung,Hoch,Tief,Schluss,Volumen").values[4].1, "volume");
    }

    #[test]
    fn letters_count_where_all_prices_are_there() {
        let roles = of("t,o,h,l,c,v,n,vw");
        assert_eq!(roles.time, Some(0));
        assert_eq!(names(&roles), ["open", "high", "low", "close", "volume", "n", "vw"]);
        assert!(of("t,o,h,l,v").time.is_none() && of("date,o,h,l,v").values[0].1 == "o");
        // A column of another letter beside names is another column.
        let roles = of("time,open,high,low,close,c,volume");
        assert_eq!(names(&roles), ["open", "high", "low", "close", "volume", "c"]);
        let roles = of("a,p,q,f,l,T,m");
        assert_eq!((roles.kind, roles.time), (Kind::Trades, Some(5)));
        assert_eq!(roles.values, [(1, "price".into()), (2, "size".into())]);
        assert_eq!(roles.side, Some((6, SideColumn::BuyerMaker)));
        let side = |header: &str| of(header).side;
        assert_eq!(side("time,price,size,m"), None);
        assert_eq!(side("time,isBuyerMaker,price,size"), Some((1, SideColumn::BuyerMaker)));
        assert_eq!(side("time,price,size,m,takerSide"), Some((4, SideColumn::Taker)));
        assert_eq!(side("time,open,high,low,close,side"), None);
    }

    #[test]
    fn columns_that_mean_the_same_are_twins() {
        assert_eq!(of("time,open,high,low,close,Close").twins, [(4, 5)]);
        assert_eq!(of("time,open,high,low,close,vol,volume").twins, [(6, 5)]);
        assert_eq!(of("date,Date,open,high,low,close,x,X").twins, [(0, 1), (6, 7)]);
        assert_eq!(of("time,price,size,amount").twins, []);
        assert_eq!(of("time,price,qty,volume").twins, [(2, 3)]);
        assert_eq!(of(",open,high,low,close,,").twins, []);
    }
}
