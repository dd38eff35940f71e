//! Databento Binary Encoding (DBN): bars and trades of any number of instruments.
//!
//! Prices are whole numbers of 1e-9, times are ns since 1970 UTC, of the begin of a bar. What
//! symbol an instrument's number stands for is told by the file, for ranges of time.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Read};

use barloom_bars::{Column, PRICE_COLUMNS};
use barloom_columnar::BATCH_LIMIT;
use dbn::decode::{DbnDecoder, DbnMetadata};
use dbn::{
    Cmbp1Msg, MboMsg, Mbp1Msg, Mbp10Msg, OhlcvMsg, Publisher, RType, RecordHeader, RecordRef,
    TradeMsg, TsSymbolMap, UNDEF_ORDER_SIZE, UNDEF_PRICE, VersionUpgradePolicy,
};

use crate::names::symbol_of_file;
use crate::rename::renamed;
use crate::roles::normalise;
use crate::side::{SIDE, SideColumn};
use crate::table::Emit;
use crate::table::{Kind, NO_TIME, Name, Rows, Table};
use crate::{MarketDataError, ReadOptions};

/// Records between two looks at the watch.
const BETWEEN_LOOKS: u64 = 1 << 16;

/// Units of a price.
const PRICE_UNITS: f64 = 1e9;

/// The bytes before those that the metadata's length counts.
const PRELUDE: usize = 8;

const BARS: [&str; 5] = ["open", "high", "low", "close", "volume"];
const TRADES: [&str; 3] = ["price", "size", SIDE];

/// Trades of a table: a file of them comes in as many as it needs.
const TRADES_AT_ONCE: usize = 1 << 16;

/// Reads the bars of a DBN stream; or its trades, where bars are to be made of them.
pub(crate) fn read(
    file: &str,
    stream: impl Read,
    options: &ReadOptions,
    emit: Emit<'_>,
) -> Result<(), MarketDataError> {
    let broken = |problem: String| MarketDataError::file(file, problem);
    let unreadable = |e: dbn::Error| broken(format!("it is not readable as DBN: {e}"));
    let stream = with_metadata(stream).map_err(broken)?;
    // As they are: the lengths of records are those in the file.
    let stream = Counted { inner: stream, bytes: 0, prelude: Vec::new(), cut: false };
    let mut decoder =
        DbnDecoder::with_upgrade_policy(stream, VersionUpgradePolicy::AsIs).map_err(unreadable)?;
    let mut symbols = Symbols::of(decoder.metadata().symbol_map().map_err(unreadable)?);
    let mut bars = Columns::<5>::default();
    let mut trades = Columns::<3>::default();
    let (mut traded, mut taken) = (0_u64, 0);
    // Of bars, and that of the one before.
    let (mut kinds, mut kind) = (BTreeSet::new(), None);
    // Records that are no bars, by their kind.
    let mut others: BTreeMap<u8, u64> = BTreeMap::new();
    let mut records = 0_u64;
    while let Some(record) = decoder.decode_ref().map_err(unreadable)? {
        records += 1;
        if records.is_multiple_of(BETWEEN_LOOKS) {
            options.go_on()?;
        }
        taken += record.header().record_size() as u64;
        if record.has::<OhlcvMsg>() {
            let bar: &OhlcvMsg = record.try_get().map_err(unreadable)?;
            if taken > BATCH_LIMIT {
                let problem = format!("it holds more than {BATCH_LIMIT} bytes of bars; split it");
                return Err(broken(problem));
            }
            if kind != Some(bar.hd.rtype) {
                kind = Some(bar.hd.rtype);
                kinds.insert(bar.hd.rtype);
            }
            let prices = [bar.open, bar.high, bar.low, bar.close].map(price);
            let [open, high, low, close] = prices;
            bars.push(symbols.code(&bar.hd), &bar.hd, [open, high, low, close, bar.volume as f64]);
            continue;
        }
        *others.entry(record.header().rtype).or_insert(0) += 1;
        if let Some(trade) = trade(record).map_err(unreadable)? {
            traded += 1;
            if options.aggregate.is_some() {
                let header = record.header();
                trades.push(symbols.code(header), header, trade);
                if trades.ts.len() == TRADES_AT_ONCE {
                    let before = traded as usize - TRADES_AT_ONCE;
                    let trades = std::mem::take(&mut trades);
                    emit(trades.table(file, Kind::Trades, before, &symbols, options)?)?;
                }
            }
        } else {
            symbols.learn(record).map_err(unreadable)?;
        }
    }
    let stream = decoder.get_ref();
    if stream.cut || stream.bytes != stream.header() + taken {
        let problem = "it ends in the middle of a record: it is cut; get it again";
        return Err(broken(problem.to_owned()));
    }
    let metadata = decoder.metadata();
    tracing::debug!("{file} is DBN version {} of {}", metadata.version, metadata.dataset);
    if bars.ts.is_empty() {
        if traded > 0 {
            options.check_trades(file)?;
            let before = traded as usize - trades.ts.len();
            return emit(trades.table(file, Kind::Trades, before, &symbols, options)?);
        }
        let schema = metadata.schema.map_or("mixed", |schema| schema.as_str());
        let others: Vec<String> =
            others.iter().map(|(kind, count)| format!("{count} {}", kind_name(*kind))).collect();
        return Err(broken(match &others[..] {
            [] => format!("it has no records ({}, {schema})", metadata.dataset),
            _ => format!(
                "it has no bars and no trades but {}; expected bars (ohlcv-1s, ohlcv-1m, ohlcv-1h \
                 or ohlcv-1d), or trades in trades, tbbo, mbp-1, mbp-10, mbo or cmbp-1",
                others.join(", ")
            ),
        }));
    }
    if traded > 0 && options.aggregate.is_some() {
        return Err(broken(format!("it has {} bars and {traded} trades; split it", bars.ts.len())));
    }
    let mut kinds = kinds.iter().map(|kind| kind_name(*kind));
    if let (Some(one), Some(other)) = (kinds.next(), kinds.next()) {
        return Err(broken(format!("it has bars of several lengths: {one} and {other}; split it")));
    }
    emit(bars.table(file, Kind::Bars, 0, &symbols, options)?)
}

/// The most bytes of metadata: those of a million symbols.
const MOST_METADATA: u64 = 256 << 20;

/// The stream, once all of its metadata is there: the decoder makes room for the length that they
/// declare before it reads them.
fn with_metadata(mut stream: impl Read) -> Result<impl Read, String> {
    let broken = |e: io::Error| format!("it is not readable as DBN: {e}");
    let mut begin = Vec::new();
    stream.by_ref().take(PRELUDE as u64).read_to_end(&mut begin).map_err(broken)?;
    let declared = begin.last_chunk::<4>().filter(|_| begin.len() == PRELUDE);
    let declared = u64::from(declared.map_or(0, |bytes| u32::from_le_bytes(*bytes)));
    if declared > MOST_METADATA {
        return Err(format!(
            "it declares {declared} bytes of metadata, more than {MOST_METADATA}: it is damaged; get it again"
        ));
    }
    let read = stream.by_ref().take(declared).read_to_end(&mut begin).map_err(broken)?;
    if (read as u64) < declared {
        return Err(format!(
            "it ends after {read} of {declared} bytes of metadata: it is cut; get it again"
        ));
    }
    Ok(io::Cursor::new(begin).chain(stream))
}

/// A price, NaN where it is not defined.
fn price(units: i64) -> f64 {
    if units == UNDEF_PRICE { f64::NAN } else { units as f64 / PRICE_UNITS }
}

/// The price, the size and the aggressor of a trade; none for other records. The fill of a resting
/// order, which order books have beside the trade, is another record.
fn trade(record: RecordRef<'_>) -> Result<Option<[f64; 3]>, dbn::Error> {
    let (action, units, size, side) = if record.has::<TradeMsg>() {
        let trade: &TradeMsg = record.try_get()?;
        (trade.action, trade.price, trade.size, trade.side)
    } else if record.has::<Mbp1Msg>() {
        let book: &Mbp1Msg = record.try_get()?;
        (book.action, book.price, book.size, book.side)
    } else if record.has::<Mbp10Msg>() {
        let book: &Mbp10Msg = record.try_get()?;
        (book.action, book.price, book.size, book.side)
    } else if record.has::<MboMsg>() {
        let order: &MboMsg = record.try_get()?;
        (order.action, order.price, order.size, order.side)
    } else if record.has::<Cmbp1Msg>() {
        let book: &Cmbp1Msg = record.try_get()?;
        (book.action, book.price, book.size, book.side)
    } else {
        return Ok(None);
    };
    let size = if size == UNDEF_ORDER_SIZE { f64::NAN } else { f64::from(size) };
    let side = SideColumn::Letters.read(&[side as u8]).unwrap_or(f64::NAN);
    Ok((action as u8 == b'T').then_some([price(units), size, side]))
}

/// A kind of records, by the name of its schema where it has one.
fn kind_name(kind: u8) -> String {
    match (RType::try_into_schema(kind.into()), RType::try_from(kind)) {
        (Some(schema), _) => schema.as_str().to_owned(),
        (None, Ok(kind)) => kind.as_str().to_owned(),
        (None, Err(_)) => format!("records of kind {kind}"),
    }
}

/// Counts the bytes that are read, and knows the first and whether they ended too early.
struct Counted<R> {
    inner: R,
    bytes: u64,
    prelude: Vec<u8>,
    cut: bool,
}

impl<R> Counted<R> {
    /// Bytes before the first record.
    fn header(&self) -> u64 {
        let length = self.prelude.get(PRELUDE - 4..).and_then(|bytes| bytes.try_into().ok());
        PRELUDE as u64 + u64::from(length.map_or(0, u32::from_le_bytes))
    }
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        // The decoder takes a short read at the begin for a whole one.
        let mut count = 0;
        while count < buffer.len() {
            match self.inner.read(&mut buffer[count..]) {
                Ok(0) => break,
                Ok(more) => count += more,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                // It will be there again.
                Err(_) if count > 0 => break,
                Err(error) => {
                    // The decoder takes this for the end.
                    self.cut |= error.kind() == io::ErrorKind::UnexpectedEof;
                    return Err(error);
                }
            }
        }
        self.bytes += count as u64;
        let wanted = PRELUDE - self.prelude.len();
        self.prelude.extend_from_slice(&buffer[..count.min(wanted)]);
        Ok(count)
    }
}

/// The place for an instrument's records, while its symbol is the same.
#[derive(Clone, Copy)]
struct Place {
    instrument: u32,
    publisher: u16,
    /// The times in which it has this symbol.
    from: u64,
    until: u64,
    code: u32,
}

impl Place {
    fn is_of(&self, header: &RecordHeader) -> bool {
        (self.instrument, self.publisher) == (header.instrument_id, header.publisher_id)
            && (self.from..self.until).contains(&header.ts_event)
    }
}

/// The names of instruments, by a code for each symbol and publisher.
struct Symbols {
    map: TsSymbolMap,
    codes_of: BTreeMap<(String, u16), u32>,
    places: BTreeMap<(u32, u16), Place>,
    last: Option<Place>,
}

impl Symbols {
    fn of(map: TsSymbolMap) -> Self {
        Self { map, codes_of: BTreeMap::new(), places: BTreeMap::new(), last: None }
    }

    /// Learns what a record tells of symbols, if it does.
    fn learn(&mut self, record: RecordRef<'_>) -> Result<(), dbn::Error> {
        self.map.on_record(record)?;
        self.places.clear();
        self.last = None;
        Ok(())
    }

    fn code(&mut self, header: &RecordHeader) -> u32 {
        let place = match self.last {
            Some(place) if place.is_of(header) => place,
            _ => self.find(header),
        };
        self.last = Some(place);
        place.code
    }

    /// Finds the place of a record; it is looked up only if the instrument changes.
    fn find(&mut self, header: &RecordHeader) -> Place {
        let key = (header.instrument_id, header.publisher_id);
        if let Some(place) = self.places.get(&key).filter(|place| place.is_of(header)) {
            return *place;
        }
        let ts = header.ts_event;
        let intervals = self.map.inner().get(&key.0).map_or(&[][..], |all| all.intervals());
        // One without a time is of the first symbol there is; it will be told of as a fault.
        let known = match i64::try_from(ts) {
            Ok(_) => intervals.iter().find(|one| (one.start_ts..one.end_ts).contains(&ts)),
            Err(_) => intervals.first(),
        };
        let (symbol, from, until) = match known {
            Some(one) => (one.symbol.clone(), one.start_ts, one.end_ts),
            // A number is a name too, until there is another one.
            None => {
                let ends = intervals.iter().map(|one| one.end_ts).filter(|end| *end <= ts);
                let starts = intervals.iter().map(|one| one.start_ts).filter(|start| *start > ts);
                let last = starts.min().unwrap_or(i64::MAX as u64 + 1);
                (key.0.to_string(), ends.max().unwrap_or(0), last)
            }
        };
        let next = self.codes_of.len() as u32;
        let code = *self.codes_of.entry((symbol, key.1)).or_insert(next);
        let place = Place { instrument: key.0, publisher: key.1, from, until, code };
        self.places.insert(key, place);
        place
    }

    /// The meaning of each code.
    fn names(&self) -> Vec<Name> {
        let mut names = vec![None; self.codes_of.len()];
        for ((symbol, publisher), code) in &self.codes_of {
            names[*code as usize] =
                Some(Name { symbol: symbol.clone(), venue: Some(venue(*publisher)) });
        }
        names.into_iter().flatten().collect()
    }
}

/// Records of one kind, as columns.
struct Columns<const N: usize> {
    codes: Vec<u32>,
    ts: Vec<i64>,
    values: [Vec<f64>; N],
}

impl<const N: usize> Default for Columns<N> {
    fn default() -> Self {
        Self { codes: Vec::new(), ts: Vec::new(), values: [const { Vec::new() }; N] }
    }
}

impl<const N: usize> Columns<N> {
    fn push(&mut self, code: u32, header: &RecordHeader, values: [f64; N]) {
        self.codes.push(code);
        // A time that is not defined is greater than any.
        self.ts.push(i64::try_from(header.ts_event).unwrap_or(NO_TIME));
        self.values.iter_mut().zip(values).for_each(|(column, value)| column.push(value));
    }

    /// The records, of which so many went before.
    fn table(
        self,
        file: &str,
        kind: Kind,
        before: usize,
        symbols: &Symbols,
        options: &ReadOptions,
    ) -> Result<Table, MarketDataError> {
        let names = names_of(file, kind, options)?;
        let is_read = |name: &str| match kind {
            Kind::Trades if name == SIDE => options.wants("buy_volume"),
            Kind::Trades => name == "price" || name == "size",
            _ => PRICE_COLUMNS.contains(&name) || options.wants(name),
        };
        let columns = names.iter().zip(self.values).filter(|(name, _)| is_read(name));
        let columns = columns.map(|(name, values)| Column::new(name.clone(), values)).collect();
        Ok(Table {
            kind,
            file: file.to_owned(),
            symbol: symbol_of_file(file, &self.ts),
            symbols: Some((self.codes, symbols.names())),
            ts: self.ts,
            unit_jumps: Vec::new(),
            time_unit: None,
            naive: false,
            notes: Vec::new(),
            available: names,
            columns,
            rows: Rows::Numbered(before),
            cut: None,
        })
    }
}

/// The names of the columns, with those that are to be others.
fn names_of(file: &str, kind: Kind, options: &ReadOptions) -> Result<Vec<String>, MarketDataError> {
    let usual = match kind {
        Kind::Bars | Kind::Values => &BARS[..],
        Kind::Trades => &TRADES[..],
    };
    let header: Vec<String> = usual.iter().map(|name| (*name).to_owned()).collect();
    let names = renamed(file, &header, &options.rename)?;
    let names: Vec<String> = names.iter().map(|name| normalise(name)).collect();
    let needed = match kind {
        Kind::Bars | Kind::Values => &PRICE_COLUMNS[..],
        Kind::Trades => &TRADES[..2],
    };
    match needed.iter().find(|needed| !names.iter().any(|name| name == *needed)) {
        None => Ok(names),
        Some(needed) => {
            let found = names.join(", ");
            let problem = format!("rename: no column {needed} is left; there are {found}");
            Err(MarketDataError::file(file, problem))
        }
    }
}

/// The venue of a publisher, or its number.
fn venue(publisher: u16) -> String {
    let known = Publisher::try_from(publisher);
    known.map_or_else(|_| publisher.to_string(), |known| known.venue().to_string())
}
