//! From the tables of several files to the bars of each symbol.

use std::collections::BTreeMap;

use barloom_bars::{Anchor, Column, PRICE_COLUMNS, TRADE_BAR_COLUMNS, TradeBars};
use barloom_reading::{CsvFault, OnDuplicate, PartialBar, Stamp};

use rayon::prelude::*;

use crate::adjust::Factors;
use crate::bars::{BadTrades, Bars, Fault, RawSeries, SourceFile};
use crate::origins::Origin;
use crate::shown::{acts, cut, printable};
use crate::side::aggressor_of;
use crate::table::{Kind, NO_TIME, Name, Table};
use crate::{MarketDataError, ReadOptions};

/// Takes tables one after the other. Bars are kept; trades become bars at once, so that memory is
/// that of one table of them.
pub(crate) struct Joiner<'a> {
    options: &'a ReadOptions,
    bars: Bars,
    factors: Factors,
    /// A place for each series, in order of appearance.
    known: BTreeMap<Name, usize>,
    contents: Vec<Content>,
    trades: u64,
    /// Files whose times name no zone and were taken for UTC.
    naive: Vec<String>,
}

/// Files that are each told of.
const TOLD: usize = 4;
/// Columns of all symbols together, at most: each has its name and its room.
const MOST_COLUMNS: usize = 3_000_000;

/// The content of a series so far.
enum Content {
    Nothing,
    Pieces(Vec<RawSeries>),
    Trades(Box<TradeBars<Origin>>),
}

impl<'a> Joiner<'a> {
    /// # Errors
    /// An option is invalid, or files of factors cannot be read.
    pub(crate) fn new(options: &'a ReadOptions) -> Result<Self, MarketDataError> {
        if let Err(CsvFault { key, problem }) = options.csv.check() {
            return Err(MarketDataError::Csv { key, problem });
        }
        let factors = Factors::of(options)?;
        let bars = Bars {
            files: Vec::new(),
            series: Vec::new(),
            notes: Vec::new(),
            unit_jumps: Vec::new(),
            aggregate: options.aggregate.map(|aggregate| (aggregate, options.max_gap)),
            midnight: options.timezone.parse().ok(),
            interval: options.interval,
            repeated: 0,
            bad_trades: BadTrades::default(),
            unreadable: Vec::new(),
            cut: Vec::new(),
        };
        let (known, contents) = (BTreeMap::new(), Vec::new());
        Ok(Self { options, bars, factors, known, contents, trades: 0, naive: Vec::new() })
    }

    /// Takes the next table.
    ///
    /// # Errors
    /// It holds trades of a symbol that others hold bars of, or bars where others hold trades.
    pub(crate) fn push(&mut self, table: Table) -> Result<(), MarketDataError> {
        self.check_names(&table)?;
        // A file may come in several tables.
        let again = self.bars.files.last().is_some_and(|last| last.name == table.file);
        if !again {
            self.bars.files.push(SourceFile {
                name: table.file.clone(),
                unit: table.unit(),
                says_symbol: table.symbols.is_none(),
                time_unit: table.time_unit,
            });
        }
        if table.naive && self.naive.last() != Some(&table.file) {
            self.naive.push(table.file.clone());
        }
        self.bars.notes.extend(table.notes.iter().cloned());
        let file = self.bars.files.len() as u32 - 1;
        for (row, before, now) in &table.unit_jumps {
            self.bars.unit_jumps.push((Origin { file, row: table.number(*row) }, before, now));
        }
        if let Some((row, why)) = &table.cut {
            self.bars.cut.push((Origin { file, row: *row }, why.clone()));
        }
        match table.kind {
            Kind::Bars => self.take_bars(table, file),
            Kind::Trades => self.take_trades(&table, file),
            Kind::Values => {
                let problem = "it holds a slower series; expected bars";
                Err(MarketDataError::file(&table.file, problem))
            }
        }
    }

    /// Checks the symbols of a table: that each can be shown, and that all of them have room.
    fn check_names(&self, table: &Table) -> Result<(), MarketDataError> {
        let names = table.symbols.as_ref().map_or(&[][..], |(_, names)| names);
        let symbols = names.iter().map(|name| &name.symbol).chain([&table.symbol]);
        if let Some(symbol) = symbols.into_iter().find(|symbol| symbol.chars().any(acts)) {
            let shown = printable(&cut(symbol)).into_owned();
            let problem = format!(
                "symbol {shown} holds characters that are not letters but act, such as line ends; \
                 expected a name. Name another column as the one of symbols, or mend it"
            );
            return Err(MarketDataError::file(&table.file, problem));
        }
        let columns =
            self.known.len().saturating_add(names.len()).saturating_mul(table.columns.len());
        if names.len() > 1 && columns > MOST_COLUMNS {
            let problem = format!(
                "it has {} symbols of {} columns, too many; is the column one of symbols? Split the \
                 file by symbols if it is",
                names.len(),
                table.columns.len()
            );
            return Err(MarketDataError::file(&table.file, problem));
        }
        Ok(())
    }

    fn take_bars(&mut self, table: Table, file: u32) -> Result<(), MarketDataError> {
        let name = table.file.clone();
        for (of, mut piece) in split(table, file) {
            // Rows with one time are not out of place where one of them is kept.
            let strictly = self.options.on_duplicate == OnDuplicate::Error;
            if let Some(out_of_place) = newest_first(&piece.ts, strictly) {
                let symbol = &of.symbol;
                let mut note =
                    format!("{name}: {symbol} has its newest bar first; it was turned round");
                piece.reverse();
                if out_of_place > 0 {
                    let bars = if out_of_place == 1 { "bar was" } else { "bars were" };
                    note += &format!(", and sorted: {out_of_place} {bars} out of place");
                    piece.sort_by_time();
                }
                self.bars.notes.push(note);
            }
            let place = self.place(of);
            match &mut self.contents[place] {
                Content::Pieces(pieces) => pieces.push(piece),
                empty @ Content::Nothing => *empty = Content::Pieces(vec![piece]),
                Content::Trades(_) => return Err(mixed(&name, &piece.symbol, "bars", "trades")),
            }
        }
        Ok(())
    }

    fn take_trades(&mut self, table: &Table, file: u32) -> Result<(), MarketDataError> {
        let Some(aggregate) = self.options.aggregate else {
            return self.options.check_trades(&table.file);
        };
        let [price, size, side @ ..] = &table.columns[..] else {
            unreachable!("a table of trades has prices and sizes");
        };
        let side = side.first().map(|side| &side.values[..]);
        let alone = [Name::from(table.symbol.clone())];
        let (codes, names) = match &table.symbols {
            Some((codes, names)) => (Some(codes), &names[..]),
            None => (None, &alone[..]),
        };
        let mut places = Vec::with_capacity(names.len());
        for name in names {
            let name = if name.symbol.is_empty() { &alone[0] } else { name };
            let place = self.place(name.clone());
            match &mut self.contents[place] {
                empty @ Content::Nothing => {
                    let anchor = aggregate.anchor.unwrap_or(Anchor::UTC);
                    let bars = TradeBars::anchored(aggregate.spec, anchor);
                    let bars = match self.options.wants("trade_variance") {
                        true => bars,
                        false => bars.without_variance(),
                    };
                    *empty = Content::Trades(Box::new(bars));
                }
                Content::Trades(_) => {}
                Content::Pieces(_) => {
                    return Err(mixed(&table.file, &name.symbol, "trades", "bars"));
                }
            }
            places.push(place);
        }
        let rows = table.ts.len();
        let turned = newest_first(&table.ts, false) == Some(0);
        if turned {
            self.bars
                .notes
                .push(format!("{}: its newest trade is first; it was turned round", table.file));
        }
        for step in 0..rows {
            let row = if turned { rows - 1 - step } else { step };
            let code = codes.map_or(0, |codes| codes[row] as usize);
            let Content::Trades(bars) = &mut self.contents[places[code]] else { continue };
            let (ts, price, size) = (table.ts[row], price.values[row], size.values[row]);
            let origin = Origin { file, row: table.number(row) };
            let fault = match ts {
                NO_TIME => Some(Fault::NoTime),
                _ => {
                    let aggressor = side.map_or_else(Default::default, |s| aggressor_of(s[row]));
                    bars.push_sided(ts, price, size, aggressor, origin).err().map(Fault::Trade)
                }
            };
            if let Some(fault) = fault {
                let what = match fault {
                    Fault::Trade(_) => format!("{} (price {price}, size {size})", fault.text()),
                    _ => "the trade has no time".to_owned(),
                };
                let symbol = &names[code].symbol;
                let place = (&*table.file, table.unit(), origin.row);
                self.bars.bad_trades.add(fault, place, symbol, ts, what);
            }
        }
        self.trades += rows as u64;
        Ok(())
    }

    /// The place of a series, made where it is new.
    fn place(&mut self, name: Name) -> usize {
        let next = self.known.len();
        let place = *self.known.entry(name).or_insert(next);
        if place == next {
            self.contents.push(Content::Nothing);
        }
        place
    }

    /// The bars of each symbol, in order of appearance.
    ///
    /// # Errors
    /// There is nothing to adjust the prices of a symbol by.
    pub(crate) fn finish(self) -> Result<Bars, MarketDataError> {
        let Self { options, mut bars, factors, known, contents, trades, naive } = self;
        for file in naive.iter().take(TOLD) {
            let note = format!(
                "{file}: its times have no time zone and are read as UTC; set timezone for \
                 another zone"
            );
            bars.notes.push(note);
        }
        if let Some(more) = naive.len().checked_sub(TOLD).filter(|more| *more > 0) {
            let files = if more == 1 { "file" } else { "files" };
            bars.notes.push(format!("the times of {more} more {files} are read as UTC, too"));
        }
        let mut venues: BTreeMap<&str, u32> = BTreeMap::new();
        for name in known.keys() {
            *venues.entry(&name.symbol).or_insert(0) += 1;
        }
        let mut symbols = vec![String::new(); known.len()];
        for (name, place) in &known {
            symbols[*place] = match &name.venue {
                Some(venue) if venues[name.symbol.as_str()] > 1 => {
                    format!("{}@{venue}", name.symbol)
                }
                _ => name.symbol.clone(),
            };
        }
        let mut made = 0;
        let mut of_trades = 0_u64;
        for (symbol, content) in symbols.into_iter().zip(contents) {
            let mut series = match content {
                Content::Nothing => continue,
                Content::Pieces(pieces) => {
                    let series = joined(symbol, pieces, options);
                    series.map(|(series, repeated)| {
                        bars.tell_repeated(&series.symbol, repeated, options.on_duplicate);
                        series
                    })
                }
                Content::Trades(trades) => {
                    let series = aggregated(symbol, *trades, options);
                    made += series.ts.len();
                    of_trades += 1;
                    Some(series)
                }
            };
            if let Some(series) = &mut series {
                factors.adjust(series)?;
            }
            bars.series.extend(series);
        }
        if let (Some(aggregate), true) = (options.aggregate, of_trades > 0) {
            bars.notes.push(format!(
                "{trades} trades of {of_trades} symbol{} became {made} bars of {}",
                if of_trades == 1 { "" } else { "s" },
                aggregate.spec
            ));
        }
        Ok(bars)
    }
}

impl Bars {
    /// Counts rows that were left out as others of a symbol have their times.
    fn tell_repeated(&mut self, symbol: &str, rows: u64, kept: OnDuplicate) {
        if rows == 0 {
            return;
        }
        self.repeated += rows;
        let kept = if kept == OnDuplicate::Last { "last" } else { "first" };
        let (rows, have) =
            if rows == 1 { ("1 row".to_owned(), "has") } else { (format!("{rows} rows"), "have") };
        self.notes.push(format!(
            "{symbol}: {rows} {have} the time of another row and were left out; the {kept} row of each \
             time was kept (on_duplicate)"
        ));
    }
}

fn mixed(file: &str, symbol: &str, these: &str, those: &str) -> MarketDataError {
    let problem = format!(
        "it holds {these} of {symbol}, of which another file holds {those}; leave one of them out"
    );
    MarketDataError::file(file, problem)
}

/// The pieces of a series in time order of their first bars, and how many rows were left out.
fn joined(
    symbol: String,
    mut pieces: Vec<RawSeries>,
    options: &ReadOptions,
) -> Option<(RawSeries, u64)> {
    pieces.sort_by_key(RawSeries::first_time);
    let mut pieces = pieces.into_iter();
    let mut series = pieces.next()?;
    pieces.for_each(|piece| series.append(piece));
    series.symbol = symbol;
    let repeated = series.keep_one(options.on_duplicate);
    if options.stamp == Stamp::Close {
        series.stamp_at_open(options.interval);
    }
    Some((series, repeated))
}

/// The bars that trades made.
fn aggregated(symbol: String, trades: TradeBars<Origin>, options: &ReadOptions) -> RawSeries {
    let drops = options.aggregate.is_some_and(|a| a.partial == PartialBar::Drop);
    let made = trades.finish(!drops);
    let is_made = |name: &&str| {
        *name != "buy_volume" || made.columns.iter().any(|column| column.name == *name)
    };
    let available = TRADE_BAR_COLUMNS.iter().filter(|name| is_made(name));
    let available = available.map(|name| (*name).to_owned()).collect();
    let is_used =
        |column: &Column| PRICE_COLUMNS.contains(&&*column.name) || options.wants(&column.name);
    RawSeries {
        symbol,
        ts: made.ts,
        available,
        columns: made.columns.into_iter().filter(is_used).collect(),
        origins: made.tags.into_iter().collect(),
        of_trades: true,
    }
}

/// The rows of each symbol of a table, in the order of the table.
fn split(table: Table, file: u32) -> Vec<(Name, RawSeries)> {
    let Table { symbol, symbols, ts, available, columns, rows, .. } = table;
    let origins = rows.origins(ts.len()).of_file(file);
    let of_file = Name::from(symbol);
    let named = |name: Name| if name.symbol.is_empty() { of_file.clone() } else { name };
    let (codes, names) = match symbols {
        Some((codes, names)) if names.len() > 1 => (codes, names),
        one => {
            let name = one.and_then(|(_, names)| names.into_iter().next());
            let name = name.map_or_else(|| of_file.clone(), named);
            let symbol = name.symbol.clone();
            let of_trades = false;
            let series = RawSeries { symbol, ts, available, columns, origins, of_trades };
            return vec![(name, series)];
        }
    };
    let mut rows: Vec<Vec<usize>> = vec![Vec::new(); names.len()];
    for (row, code) in codes.iter().enumerate() {
        rows[*code as usize].push(row);
    }
    let take = |(name, rows): (Name, Vec<usize>)| {
        let name = named(name);
        let column = |column: &Column| {
            let values = rows.iter().map(|row| column.values[*row]).collect();
            Column::new(column.name.clone(), values)
        };
        let series = RawSeries {
            symbol: name.symbol.clone(),
            ts: rows.iter().map(|row| ts[*row]).collect(),
            available: available.clone(),
            columns: columns.iter().map(column).collect(),
            origins: origins.take(rows.iter().copied()),
            of_trades: false,
        };
        (name, series)
    };
    names.into_par_iter().zip(rows).map(take).collect()
}

/// The number of times in a newest-first list whose next time is not earlier (with `strictly`, also
/// equal times); none for any other list. Up to one time in ten may be out of place. Missing times
/// are left out.
fn newest_first(ts: &[i64], strictly: bool) -> Option<usize> {
    const OUT_OF_PLACE: usize = 10;
    if ts.is_sorted() {
        return None;
    }
    let times: Vec<i64> = ts.iter().copied().filter(|t| *t != NO_TIME).collect();
    let count = |is: fn(i64, i64) -> bool| times.windows(2).filter(|p| is(p[0], p[1])).count();
    let falls = count(|before, after| after < before);
    let rises =
        count(|before, after| after > before) + if strictly { count(|a, b| a == b) } else { 0 };
    (falls > 0 && falls >= rises * OUT_OF_PLACE).then_some(rises)
}
