//! Databento's DBN: every value against the decoder of the `dbn` crate, and files that are made
//! with its encoder.

use std::collections::BTreeMap;
use std::num::NonZeroU64;
use std::path::Path;

use barloom_bars::Series;
use barloom_doctor::check;
use barloom_market_data::{Aggregate, MarketDataError, OnBadBar, ReadOptions, read, read_bytes};
use dbn::decode::{DbnDecoder, DbnMetadata, DecodeRecordRef};
use dbn::encode::{DbnEncoder, EncodeRecord};
use dbn::{
    MappingInterval, Metadata, OhlcvMsg, RecordHeader, RecordRefEnum, SType, Schema, SymbolIndex,
    SymbolMapping, TradeMsg, UNDEF_PRICE, UNDEF_TIMESTAMP, rtype,
};
use time::{Date, Month};

const MINUTE: u64 = 60_000_000_000;
/// 2024-07-01 23:58 UTC.
const BEGIN: u64 = 1_719_878_280_000_000_000;

fn day(day: u8) -> Date {
    Date::from_calendar_date(2024, Month::July, day).unwrap()
}

fn mapping(symbol: &str, intervals: &[(u8, u8, &str)]) -> SymbolMapping {
    let interval = |(first, end, number): &(u8, u8, &str)| MappingInterval {
        start_date: day(*first),
        end_date: day(*end),
        symbol: (*number).to_owned(),
    };
    SymbolMapping {
        raw_symbol: symbol.to_owned(),
        intervals: intervals.iter().map(interval).collect(),
    }
}

fn metadata(mappings: Vec<SymbolMapping>) -> Metadata {
    Metadata::builder()
        .dataset("GLBX.MDP3")
        .schema(Some(Schema::Ohlcv1M))
        .start(BEGIN)
        .end(NonZeroU64::new(BEGIN + 10 * MINUTE))
        .stype_in(Some(SType::RawSymbol))
        .stype_out(SType::InstrumentId)
        .symbols(mappings.iter().map(|m| m.raw_symbol.clone()).collect())
        .mappings(mappings)
        .build()
}

fn bar(kind: u8, publisher: u16, instrument: u32, minute: u64, close: i64) -> OhlcvMsg {
    OhlcvMsg {
        hd: RecordHeader::new::<OhlcvMsg>(kind, publisher, instrument, BEGIN + minute * MINUTE),
        open: close - 250_000_000,
        high: close + 500_000_000,
        low: close - 1_000_000_000,
        close,
        volume: 7 + minute,
    }
}

fn file(metadata: &Metadata, bars: &[OhlcvMsg]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = DbnEncoder::new(&mut bytes, metadata).unwrap();
    encoder.encode_records(bars).unwrap();
    bytes
}

fn series_of(bytes: &[u8]) -> Result<Vec<Series>, MarketDataError> {
    let bars = read_bytes("x.dbn", bytes, &ReadOptions::default())?;
    Ok(bars.into_series(OnBadBar::Drop)?.series)
}

fn named(series: &[Series]) -> BTreeMap<&str, Vec<f64>> {
    let of = |one: &Series| one.column("close").unwrap().to_vec();
    series.iter().map(|one| (one.symbol(), of(one))).collect()
}

#[test]
fn instruments_are_series_named_by_what_they_stand_for_at_the_time() {
    // 118 stands for ESU4 until midnight, which is before minute 2, and for ESZ4 from there on.
    let metadata = metadata(vec![
        mapping("ESU4", &[(1, 2, "118")]),
        mapping("ESZ4", &[(2, 3, "118")]),
        mapping("NQU4", &[(1, 3, "4358")]),
    ]);
    let of = |instrument, minute, close| bar(rtype::OHLCV_1M, 1, instrument, minute, close);
    let bars = [
        of(118, 0, 5_500_250_000_000),
        of(4358, 0, 19_900_000_000_000),
        of(4358, 1, 19_901_000_000_000),
        of(118, 1, 5_501_250_000_000),
        of(118, 2, 5_502_000_000_000),
        of(4358, 2, 19_902_000_000_000),
        of(77, 2, 1_234_567_891),
        of(4358, 3, 19_903_000_000_000),
    ];
    let bytes = file(&metadata, &bars);
    let series = series_of(&bytes).unwrap();
    let expected = BTreeMap::from([
        ("ESU4", vec![5_500.25, 5_501.25]),
        ("ESZ4", vec![5_502.0]),
        ("NQU4", vec![19_900.0, 19_901.0, 19_902.0, 19_903.0]),
        ("77", vec![1.234_567_891]),
    ]);
    assert_eq!(named(&series), expected);
    let one = series.iter().find(|one| one.symbol() == "ESU4").unwrap();
    assert_eq!(one.ts(), [BEGIN as i64, (BEGIN + MINUTE) as i64]);
    assert_eq!(one.column("open"), Some(&[5_500.0, 5_501.0][..]));
    assert_eq!(one.column("high"), Some(&[5_500.75, 5_501.75][..]));
    assert_eq!(one.column("low"), Some(&[5_499.25, 5_500.25][..]));
    assert_eq!(one.column("volume"), Some(&[7.0, 8.0][..]));
    let packed = zstd::encode_all(&bytes[..], 3).unwrap();
    assert_eq!(named(&series_of(&packed).unwrap()), expected);
}

#[test]
fn a_symbol_of_several_venues_is_a_series_each() {
    let metadata = metadata(vec![mapping("AAPL", &[(1, 3, "5")])]);
    // Nasdaq's feed has XNAS and XBOS.
    let bars: Vec<OhlcvMsg> = (0..6)
        .map(|i| bar(rtype::OHLCV_1M, 2 + i % 2, 5, u64::from(i / 2), 100_000_000_000))
        .collect();
    let series = series_of(&file(&metadata, &bars)).unwrap();
    let names: Vec<&str> = series.iter().map(Series::symbol).collect();
    assert_eq!(names.len(), 2);
    assert!(names.iter().all(|name| name.starts_with("AAPL@X")), "{names:?}");
    assert!(series.iter().all(|one| one.len() == 3));
}

#[test]
fn what_is_not_defined_is_missing() {
    let metadata = metadata(vec![mapping("ESU4", &[(1, 3, "118")])]);
    let mut bars: Vec<OhlcvMsg> =
        (0..4).map(|i| bar(rtype::OHLCV_1M, 1, 118, i, 5_000_000_000_000)).collect();
    bars[1].high = UNDEF_PRICE;
    bars[3].hd.ts_event = UNDEF_TIMESTAMP;
    let bars = read_bytes("x.dbn", &file(&metadata, &bars), &ReadOptions::default()).unwrap();
    let error = bars.clone().into_series(OnBadBar::Error).unwrap_err().to_string();
    assert!(error.contains("x.dbn, row 2"), "{error}");
    let loaded = bars.into_series(OnBadBar::Drop).unwrap();
    assert_eq!(loaded.dropped.values().sum::<u64>(), 2, "{:?}", loaded.dropped);
}

#[test]
fn a_cut_file_is_an_error_wherever_it_is_cut() {
    let metadata = metadata(vec![mapping("ESU4", &[(1, 3, "118")])]);
    let bars: Vec<OhlcvMsg> =
        (0..5).map(|i| bar(rtype::OHLCV_1M, 1, 118, i, 5_000_000_000_000)).collect();
    let bytes = file(&metadata, &bars);
    let record = size_of::<OhlcvMsg>();
    let header = bytes.len() - bars.len() * record;
    for end in 0..bytes.len() {
        let result = series_of(&bytes[..end]);
        // Between two records nothing tells that there were more.
        let whole = end > header && (end - header).is_multiple_of(record);
        assert_eq!(result.is_ok(), whole, "cut at {end}: {result:?}");
    }
    let packed = zstd::encode_all(&bytes[..], 3).unwrap();
    for end in 0..packed.len() {
        assert!(series_of(&packed[..end]).is_err(), "packed, cut at {end}");
    }
}

#[test]
fn a_large_packed_file_is_whole_or_an_error() {
    let count = 60_000;
    let close = |minute: u64| (minute * 7_919 % 65_537 + 100) as i64 * 1_000_000_000;
    let bars: Vec<OhlcvMsg> =
        (0..count).map(|minute| bar(rtype::OHLCV_1M, 1, 7, minute, close(minute))).collect();
    let bytes = file(&metadata(vec![]), &bars);
    let mut encoder = zstd::Encoder::new(Vec::new(), 1).unwrap();
    encoder.include_checksum(true).unwrap();
    // Whole records can be had of what is before a flush.
    std::io::copy(&mut &bytes[..bytes.len() / 2], &mut encoder).unwrap();
    std::io::Write::flush(&mut encoder).unwrap();
    let flushed = encoder.get_ref().len();
    std::io::copy(&mut &bytes[bytes.len() / 2..], &mut encoder).unwrap();
    let packed = encoder.finish().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.dbn.zst");
    let all = |bytes: &[u8]| {
        std::fs::write(&path, bytes).unwrap();
        let from_disk = read(&[path.to_string_lossy().into_owned()], &ReadOptions::default());
        let from_disk = from_disk.and_then(|bars| bars.into_series(OnBadBar::Drop));
        let from_memory = series_of(bytes);
        assert_eq!(from_disk.is_ok(), from_memory.is_ok());
        from_disk.map(|loaded| loaded.series[0].len())
    };
    assert_eq!(all(&packed).unwrap() as u64, count);
    let cuts = (1..20).map(|part| packed.len() * part / 20).chain([flushed, packed.len() - 1]);
    for cut in cuts {
        let told = all(&packed[..cut]).expect_err("it is cut").to_string();
        assert!(told.contains("cut") || told.contains("Zstandard"), "{cut}: {told}");
    }
    // The last is of the checksum.
    for at in (1..20).map(|part| packed.len() * part / 20).chain([packed.len() - 2]) {
        let mut flipped = packed.clone();
        flipped[at] ^= 0x55;
        all(&flipped).expect_err("a byte is another one");
    }
}

#[test]
fn flipped_bytes_give_bars_or_an_error() {
    let metadata = metadata(vec![mapping("ESU4", &[(1, 3, "118")])]);
    let bars: Vec<OhlcvMsg> =
        (0..5).map(|i| bar(rtype::OHLCV_1M, 1, 118, i, 5_000_000_000_000)).collect();
    let bytes = file(&metadata, &bars);
    for at in 0..bytes.len() {
        for bit in [0x01, 0x80, 0xff] {
            let mut flipped = bytes.clone();
            flipped[at] ^= bit;
            let Ok(bars) = read_bytes("x.dbn", &flipped, &ReadOptions::default()) else { continue };
            if check(&bars).errors() == 0 {
                assert!(bars.into_series(OnBadBar::Error).is_ok(), "byte {at} ^ {bit}");
            }
        }
    }
}

#[test]
fn what_holds_no_bars_says_what_it_holds() {
    let metadata = metadata(vec![mapping("ESU4", &[(1, 3, "118")])]);
    let error = |bytes: &[u8]| series_of(bytes).unwrap_err().to_string();
    let said = error(&file(&metadata, &[]));
    assert!(said.contains("it has no records (GLBX.MDP3, ohlcv-1m)"), "{said}");
    let mut trades = Vec::new();
    let mut encoder = DbnEncoder::new(&mut trades, &metadata).unwrap();
    encoder.encode_records(&[TradeMsg::default(), TradeMsg::default()]).unwrap();
    let said = error(&trades);
    assert!(said.contains("it has no bars and no trades but 2 "), "{said}");
    let mixed = [
        bar(rtype::OHLCV_1M, 1, 118, 0, 5_000_000_000_000),
        bar(rtype::OHLCV_1S, 1, 118, 1, 5_000_000_000_000),
    ];
    let said = error(&file(&metadata, &mixed));
    assert!(said.contains("several lengths: ohlcv-1s and ohlcv-1m"), "{said}");
    for name in ["x.dbn", "x.dbz", "x.dbn.frag.zst"] {
        let said = read_bytes(name, b"\x01\x02\x03\x04", &ReadOptions::default()).unwrap_err();
        assert!(said.to_string().contains("does not begin like DBN"), "{said}");
    }
}

fn shared(folder: &str) -> String {
    format!("{}/../../../shared/data/dbn/{folder}", env!("CARGO_MANIFEST_DIR"))
}

fn unpacked(path: &Path) -> Vec<u8> {
    let bytes = std::fs::read(path).unwrap();
    match path.extension().is_some_and(|end| end == "zst") {
        true => zstd::decode_all(&bytes[..]).unwrap(),
        false => bytes,
    }
}

/// The bars of a file by the decoder of the crate: symbol, time, prices, volume, in file order.
fn decoded(path: &Path) -> Vec<(String, u64, [f64; 5])> {
    let bytes = unpacked(path);
    let mut decoder = DbnDecoder::new(&bytes[..]).unwrap();
    let symbols = decoder.metadata().symbol_map().unwrap();
    let mut bars = Vec::new();
    while let Some(record) = decoder.decode_record_ref().unwrap() {
        let Some(bar) = record.get::<OhlcvMsg>() else { continue };
        let (id, ts) = (bar.hd.instrument_id, bar.hd.ts_event);
        let symbol = symbols.get_for_ts(ts, id).cloned().unwrap_or(id.to_string());
        // As the crate prints them.
        let price = |price: i64| dbn::pretty::Px(price).to_string().parse().unwrap();
        let values = [bar.open, bar.high, bar.low, bar.close].map(price);
        let [open, high, low, close] = values;
        bars.push((symbol, ts, [open, high, low, close, bar.volume as f64]));
    }
    bars
}

fn all_files() -> Vec<std::path::PathBuf> {
    let mut files = Vec::new();
    let mut folders = vec![std::path::PathBuf::from(shared(""))];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { folders.push(path) } else { files.push(path) }
        }
    }
    files.sort();
    files
}

#[test]
#[cfg_attr(not(shared_data), ignore = "needs ../shared/data")]
fn real_files_decode_to_what_the_crate_decodes() {
    let (mut with_bars, mut without) = (0, 0);
    for path in all_files() {
        let name = path.to_string_lossy().into_owned();
        let read = read(std::slice::from_ref(&name), &ReadOptions::default());
        let has_metadata = name.contains(".dbn") && !name.contains(".frag");
        let decoded = if has_metadata { decoded(&path) } else { Vec::new() };
        if decoded.is_empty() {
            // No bars, or none in them: an error that says so.
            let problem = read.expect_err(&name).to_string();
            let says = [
                "has no bars and no trades but",
                "has no records",
                "does not begin like DBN",
                "holds trades",
            ];
            assert!(says.iter().any(|text| problem.contains(text)), "{problem}");
            without += 1;
            continue;
        }
        if name.contains("LIVE") {
            let problem = read.expect_err(&name).to_string();
            assert!(problem.contains("several lengths: ohlcv-1s and ohlcv-1m"), "{problem}");
            continue;
        }
        let mut expected: BTreeMap<String, Vec<(u64, [f64; 5])>> = BTreeMap::new();
        for (symbol, ts, values) in decoded {
            expected.entry(symbol).or_default().push((ts, values));
        }
        let series = read.unwrap().into_series(OnBadBar::Error).unwrap().series;
        let mut bars = 0;
        for one in &series {
            let symbol = one.symbol().split('@').next().unwrap();
            for (row, ts) in one.ts().iter().enumerate() {
                let values = ["open", "high", "low", "close", "volume"]
                    .map(|name| one.column(name).unwrap()[row]);
                let bar = (*ts as u64, values);
                assert!(expected[symbol].contains(&bar), "{name}: {symbol} {bar:?}");
                bars += 1;
            }
        }
        assert_eq!(bars, expected.values().map(Vec::len).sum::<usize>(), "{name}");
        with_bars += 1;
    }
    assert!(with_bars > 20 && without > 60, "{with_bars} files with bars, {without} without");
}

/// The price, the size and the size that a buyer took of a trade; -1 for no known side.
type Trade = (f64, f64, f64);

/// The trades in a file by symbol, as the crate's decoder gives them.
fn decoded_trades(path: &Path) -> BTreeMap<String, Vec<Trade>> {
    let bytes = unpacked(path);
    let mut decoder = DbnDecoder::new(&bytes[..]).unwrap();
    let symbols = decoder.metadata().symbol_map().unwrap();
    let mut trades: BTreeMap<String, Vec<Trade>> = BTreeMap::new();
    while let Some(record) = decoder.decode_record_ref().unwrap() {
        let told = match record.as_enum() {
            Ok(RecordRefEnum::Mbo(r)) => (r.action, r.price, r.size, r.side),
            Ok(RecordRefEnum::Trade(r)) => (r.action, r.price, r.size, r.side),
            Ok(RecordRefEnum::Mbp1(r)) => (r.action, r.price, r.size, r.side),
            Ok(RecordRefEnum::Mbp10(r)) => (r.action, r.price, r.size, r.side),
            Ok(RecordRefEnum::Cmbp1(r)) => (r.action, r.price, r.size, r.side),
            _ => continue,
        };
        if told.0 as u8 != b'T' {
            continue;
        }
        let header = record.header();
        let symbol = symbols.get_for_rec(&record).cloned();
        let symbol = symbol.unwrap_or_else(|| header.instrument_id.to_string());
        let price = dbn::pretty::Px(told.1).to_string().parse().unwrap();
        let size = f64::from(told.2);
        let bought = match told.3 as u8 {
            b'B' => size,
            b'A' => 0.0,
            side => {
                assert_eq!(side, b'N');
                -1.0
            }
        };
        trades.entry(symbol).or_default().push((price, size, bought));
    }
    trades
}

#[test]
#[cfg_attr(not(shared_data), ignore = "needs ../shared/data")]
fn trades_are_those_that_the_crate_decodes() {
    let aggregate = Some(Aggregate::new("1 ticks".parse().unwrap()));
    let options = ReadOptions { aggregate, ..ReadOptions::default() };
    let (mut files, mut found, mut sided) = (0, 0, 0);
    for path in all_files() {
        let name = path.to_string_lossy().into_owned();
        if !name.contains(".dbn") || name.contains(".frag") {
            continue;
        }
        let expected = decoded_trades(&path);
        let read = read(std::slice::from_ref(&name), &options);
        let bars = !decoded(&path).is_empty();
        if bars || expected.is_empty() {
            let is_mixed = read.as_ref().err().map(|e| e.to_string().contains("split it"));
            assert_eq!(is_mixed.unwrap_or(false), bars && !expected.is_empty(), "{name}");
            continue;
        }
        let series = read.unwrap().into_series(OnBadBar::Error).unwrap().series;
        let of = |one: &Series| {
            let [price, size] = ["close", "volume"].map(|name| one.column(name).unwrap());
            let symbol = one.symbol().split('@').next().unwrap().to_owned();
            let bought = |row: usize| {
                one.column("buy_volume").map_or(-1.0, |bought| match bought[row] {
                    unknown if unknown.is_nan() => -1.0,
                    known => known,
                })
            };
            let trades = (0..one.len()).map(|row| (price[row], size[row], bought(row)));
            (symbol, trades.collect::<Vec<Trade>>())
        };
        let got: Vec<_> = series.iter().map(of).collect();
        // Trades of one symbol in several places are several series.
        for (symbol, trades) in &expected {
            let parts: Vec<_> = got.iter().filter(|(of, _)| of == symbol).collect();
            if let [(_, one)] = &parts[..] {
                assert_eq!(one, trades, "{name}: {symbol}");
            } else {
                let mut all: Vec<_> = parts.iter().flat_map(|(_, part)| part.clone()).collect();
                let mut trades = trades.clone();
                all.sort_by(|a, b| a.partial_cmp(b).unwrap());
                trades.sort_by(|a, b| a.partial_cmp(b).unwrap());
                assert_eq!(all, trades, "{name}: {symbol}");
            }
            found += trades.len();
            sided += trades.iter().filter(|(.., bought)| *bought > 0.0).count();
        }
        assert_eq!(
            got.iter().map(|(_, trades)| trades.len()).sum::<usize>(),
            expected.values().map(Vec::len).sum::<usize>(),
            "{name}"
        );
        files += 1;
    }
    assert!(files >= 18 && found > 3_000, "{found} trades in {files} files");
    assert!(sided > 1_000 && sided < found, "{sided} trades of buyers");
}

#[test]
#[cfg_attr(not(shared_data), ignore = "needs ../shared/data")]
fn versions_agree() {
    for schema in ["ohlcv-1s", "ohlcv-1m", "ohlcv-1h"] {
        let bars: Vec<_> = ["v1.dbn.zst", "v2.dbn.zst", "v3.dbn.zst"]
            .map(|end| {
                let path = shared(&format!("dbn_repo/test_data.{schema}.{end}"));
                let found = all_files()
                    .into_iter()
                    .find(|p| p.ends_with(Path::new(&path).file_name().unwrap()));
                let path = found.expect("the file").to_string_lossy().into_owned();
                let series = read(&[path], &ReadOptions::default()).unwrap();
                let series = series.into_series(OnBadBar::Error).unwrap().series;
                let of = |one: &Series| {
                    let values: Vec<_> = one.columns().iter().map(|c| c.values.clone()).collect();
                    (one.symbol().to_owned(), one.ts().to_vec(), values)
                };
                series.iter().map(of).collect::<Vec<_>>()
            })
            .into_iter()
            .collect();
        assert!(bars.windows(2).all(|pair| pair[0] == pair[1]), "{schema}: {bars:?}");
        assert!(!bars[0].is_empty());
    }
}

#[test]
fn columns_of_bars_are_renamed() {
    let metadata = metadata(vec![mapping("ESU4", &[(1, 3, "118")])]);
    let bytes = file(&metadata, &[bar(rtype::OHLCV_1M, 1, 118, 0, 5_500_250_000_000)]);
    let read = |pairs: &[(&str, &str)]| {
        let rename = pairs.iter().map(|(from, to)| ((*from).to_owned(), (*to).to_owned()));
        let options = ReadOptions { rename: rename.collect(), ..ReadOptions::default() };
        read_bytes("x.dbn", &bytes, &options)
    };
    let bars = read(&[("volume", "contracts")]).unwrap();
    let series = bars.into_series(OnBadBar::Error).unwrap().series.remove(0);
    assert_eq!((series.column("contracts"), series.column("volume")), (Some(&[7.0][..]), None));
    let swapped = read(&[("open", "close"), ("close", "open")]).unwrap();
    let series = swapped.into_series(OnBadBar::Error).unwrap().series.remove(0);
    assert_eq!(series.column("open"), Some(&[5_500.25][..]));
    let error = read(&[("close", "last")]).unwrap_err().to_string();
    assert!(error.contains("no column close is left"), "{error}");
}
