//! Databento Binary Encoding (DBN): bars of any number of instruments.
//!
//! Prices are whole numbers of 1e-9, times are ns since 1970 UTC, of the begin of a bar. What
//! symbol an instrument's number stands for is told by the file, for ranges of time.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Read};

use barloom_bars::Column;
use dbn::decode::{DbnDecoder, DbnMetadata};
use dbn::{OhlcvMsg, Publisher, RType, TsSymbolMap, UNDEF_PRICE, VersionUpgradePolicy};

use crate::names::symbol_of_file;
use crate::table::{NO_TIME, Rows, Table};
use crate::{MarketDataError, ReadOptions};

/// Units of a price.
const PRICE_UNITS: f64 = 1e9;

/// The bytes before those that the metadata's length counts.
const PRELUDE: usize = 8;

const COLUMNS: [&str; 5] = ["open", "high", "low", "close", "volume"];

/// Whether a file begins like DBN: three letters, and the version as a byte.
pub(crate) fn begins(bytes: &[u8]) -> bool {
    matches!(bytes, [b'D', b'B', b'N', version, ..] if *version < b' ')
}

/// Reads the bars of a DBN stream.
pub(crate) fn read(
    file: &str,
    stream: impl Read,
    options: &ReadOptions,
) -> Result<Table, MarketDataError> {
    let broken = |problem: String| MarketDataError::file(file, problem);
    let unreadable = |e: dbn::Error| broken(format!("it is not readable as DBN: {e}"));
    // As they are: the lengths of records are those in the file.
    let stream = Counted { inner: stream, bytes: 0, prelude: Vec::new(), cut: false };
    let mut decoder =
        DbnDecoder::with_upgrade_policy(stream, VersionUpgradePolicy::AsIs).map_err(unreadable)?;
    let symbols = decoder.metadata().symbol_map().map_err(unreadable)?;
    let mut bars = Bars { symbols, ..Bars::default() };
    let mut taken = 0;
    while let Some(record) = decoder.decode_ref().map_err(unreadable)? {
        taken += record.header().record_size() as u64;
        if record.has::<OhlcvMsg>() {
            bars.push(record.try_get().map_err(unreadable)?);
        } else {
            bars.symbols.on_record(record).map_err(unreadable)?;
            bars.places.clear();
            bars.last = None;
            *bars.others.entry(record.header().rtype).or_insert(0) += 1;
        }
    }
    let stream = decoder.get_ref();
    if stream.cut || stream.bytes != stream.header() + taken {
        let problem = "it ends in the middle of a record: it is cut; get it again";
        return Err(broken(problem.to_owned()));
    }
    let metadata = decoder.metadata();
    if bars.ts.is_empty() {
        let schema = metadata.schema.map_or("mixed", |schema| schema.as_str());
        let others: Vec<String> = bars
            .others
            .iter()
            .map(|(kind, count)| format!("{count} {}", kind_name(*kind)))
            .collect();
        return Err(broken(match &others[..] {
            [] => format!("it has no records ({}, {schema})", metadata.dataset),
            _ => format!(
                "it has no bars but {}; expected schema ohlcv-1s, ohlcv-1m, ohlcv-1h or ohlcv-1d",
                others.join(", ")
            ),
        }));
    }
    let mut kinds = bars.kinds.iter().map(|kind| kind_name(*kind));
    if let (Some(one), Some(other)) = (kinds.next(), kinds.next()) {
        return Err(broken(format!("it has bars of several lengths: {one} and {other}; split it")));
    }
    tracing::debug!("{file} is DBN version {} of {}", metadata.version, metadata.dataset);
    Ok(bars.table(file, options))
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
        let count = self.inner.read(buffer).inspect_err(|error| {
            // The decoder takes this for the end.
            self.cut |= error.kind() == io::ErrorKind::UnexpectedEof;
        })?;
        self.bytes += count as u64;
        let wanted = PRELUDE - self.prelude.len();
        self.prelude.extend_from_slice(&buffer[..count.min(wanted)]);
        Ok(count)
    }
}

/// Where an instrument's bars go, while its symbol is the same.
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
    fn is_of(&self, bar: &OhlcvMsg) -> bool {
        (self.instrument, self.publisher) == (bar.hd.instrument_id, bar.hd.publisher_id)
            && (self.from..self.until).contains(&bar.hd.ts_event)
    }
}

#[derive(Default)]
struct Bars {
    symbols: TsSymbolMap,
    /// The code of each symbol and publisher.
    codes_of: BTreeMap<(String, u16), u32>,
    places: BTreeMap<(u32, u16), Place>,
    last: Option<Place>,
    codes: Vec<u32>,
    ts: Vec<i64>,
    prices: [Vec<f64>; 4],
    volume: Vec<f64>,
    /// The kinds of bars.
    kinds: BTreeSet<u8>,
    /// Records that are no bars, by their kind.
    others: BTreeMap<u8, u64>,
}

impl Bars {
    fn push(&mut self, bar: &OhlcvMsg) {
        let place = match self.last {
            Some(place) if place.is_of(bar) => place,
            _ => self.find(bar),
        };
        self.last = Some(place);
        self.kinds.insert(bar.hd.rtype);
        self.codes.push(place.code);
        // A time that is not defined is greater than any.
        self.ts.push(i64::try_from(bar.hd.ts_event).unwrap_or(NO_TIME));
        for (column, price) in self.prices.iter_mut().zip([bar.open, bar.high, bar.low, bar.close])
        {
            column.push(match price {
                UNDEF_PRICE => f64::NAN,
                price => price as f64 / PRICE_UNITS,
            });
        }
        self.volume.push(bar.volume as f64);
    }

    /// Where a bar goes: looked up where it is not another of the same instrument.
    fn find(&mut self, bar: &OhlcvMsg) -> Place {
        let key = (bar.hd.instrument_id, bar.hd.publisher_id);
        if let Some(place) = self.places.get(&key).filter(|place| place.is_of(bar)) {
            return *place;
        }
        let ts = bar.hd.ts_event;
        let intervals = self.symbols.inner().get(&key.0).map_or(&[][..], |all| all.intervals());
        // A bar without a time is of the first symbol there is; it will be told of as a fault.
        let known = match i64::try_from(ts) {
            Ok(_) => intervals.iter().find(|one| (one.start_ts..one.end_ts).contains(&ts)),
            Err(_) => intervals.first(),
        };
        let (symbol, from, until) = match known {
            Some(one) => (one.symbol.clone(), one.start_ts, one.end_ts),
            // A number is a name too, at least for this time.
            None => (key.0.to_string(), ts, ts.saturating_add(1)),
        };
        let next = self.codes_of.len() as u32;
        let code = *self.codes_of.entry((symbol, key.1)).or_insert(next);
        let place = Place { instrument: key.0, publisher: key.1, from, until, code };
        self.places.insert(key, place);
        place
    }

    fn table(self, file: &str, options: &ReadOptions) -> Table {
        // Where a symbol is traded in several places, each is a series.
        let mut publishers: BTreeMap<&str, u32> = BTreeMap::new();
        for (symbol, _) in self.codes_of.keys() {
            *publishers.entry(symbol).or_insert(0) += 1;
        }
        let mut names = vec![String::new(); self.codes_of.len()];
        for ((symbol, publisher), code) in &self.codes_of {
            names[*code as usize] = match publishers[symbol.as_str()] {
                1 => symbol.clone(),
                _ => format!("{symbol}@{}", venue(*publisher)),
            };
        }
        let values = self.prices.into_iter().chain([self.volume]);
        let columns = COLUMNS.iter().zip(values);
        let columns = columns.filter(|(name, _)| **name != "volume" || options.wants(name));
        Table {
            file: file.to_owned(),
            symbol: symbol_of_file(file, &self.ts),
            symbols: Some((self.codes, names)),
            ts: self.ts,
            unit_jumps: Vec::new(),
            time_unit: None,
            available: COLUMNS.map(str::to_owned).to_vec(),
            columns: columns.map(|(name, values)| Column::new(*name, values)).collect(),
            rows: Rows::Numbered,
        }
    }
}

/// The venue of a publisher, or its number.
fn venue(publisher: u16) -> String {
    let known = Publisher::try_from(publisher);
    known.map_or_else(|_| publisher.to_string(), |known| known.venue().to_string())
}
