//! Bars in from files: CSV, and Databento's DBN into Parquet.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::hint::black_box;
use std::io::{BufReader, BufWriter};
use std::num::NonZeroU64;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use barloom_bars::Market;
use barloom_market_data::{OnBadBar, ReadOptions, WriteOptions, read, write};
use dbn::decode::DbnDecoder;
use dbn::encode::{DbnEncoder, EncodeRecord};
use dbn::{Metadata, OhlcvMsg, RecordHeader, SType, Schema, rtype};

use super::Options;
use crate::clock::{repeat, time};
use crate::measurement::Measurement;
use crate::walk;

/// The instrument of the bars in DBN.
const INSTRUMENT: u32 = 118;
/// 2020-01-01, ns.
const BEGIN: i64 = 1_577_836_800_000_000_000;

/// The file of klines.
const KLINES: &str = "klines.csv";

/// The folder of files of so many bars, in another.
fn folder_of(folder: &Path, bars: u64) -> PathBuf {
    folder.join(format!("bars-{bars}"))
}

/// The file of so many klines that `read-csv` makes and reads in a folder.
#[must_use]
pub fn klines_file(folder: &Path, bars: u64) -> PathBuf {
    folder_of(folder, bars).join(KLINES)
}

/// Reads CSV as Binance ships it: a recipe's usual columns, judged.
pub(super) fn csv(options: &Options) -> Result<Measurement> {
    let (path, market) = source(options, KLINES, write_klines)?;
    let columns = ["open", "high", "low", "close", "volume"].map(str::to_owned).to_vec();
    let reading = ReadOptions { columns: Some(columns), ..ReadOptions::default() };
    let name = path.to_string_lossy().into_owned();
    let load = || -> Result<_> {
        Ok(read(std::slice::from_ref(&name), &reading)?.into_series(OnBadBar::Error)?)
    };
    let (cold_s, loaded) = time(load)?;
    let series = &loaded.series[0];
    ensure!(series.column("close") == market.column("close"), "closes differ");
    ensure!(series.column("volume") == market.column("volume"), "volumes differ");
    let warm_s = repeat(options.job.repetitions, || {
        black_box(load()?);
        Ok(())
    })?;
    measured(options, cold_s, warm_s, &path)
}

/// Reads DBN and writes Parquet.
pub(super) fn convert(options: &Options) -> Result<Measurement> {
    let (path, market) = source(options, "bars.dbn.zst", write_dbn)?;
    let out = path.with_file_name("converted.parquet");
    let name = path.to_string_lossy().into_owned();
    let convert = || -> Result<()> {
        let bars = read(std::slice::from_ref(&name), &ReadOptions::default())?;
        let loaded = bars.into_series(OnBadBar::Error)?;
        Ok(write(
            &out,
            &loaded.series,
            WriteOptions { overwrite: true, ..WriteOptions::default() },
        )?)
    };
    let (cold_s, ()) = time(convert)?;
    let written = [out.to_string_lossy().into_owned()];
    let back = read(&written, &ReadOptions::default())?.into_series(OnBadBar::Error)?;
    ensure!(back.series[0].column("close") == market.column("close"), "closes differ");
    let warm_s = repeat(options.job.repetitions, convert)?;
    fs::remove_file(&out)?;
    measured(options, cold_s, warm_s, &path)
}

/// Decodes DBN with its own crate, and adds volumes up.
pub(super) fn decode(options: &Options) -> Result<Measurement> {
    let (path, market) = source(options, "bars.dbn.zst", write_dbn)?;
    let decode = || -> Result<u64> {
        let file =
            zstd::Decoder::with_buffer(BufReader::with_capacity(1 << 20, File::open(&path)?))?;
        let mut decoder = DbnDecoder::new(file)?;
        let mut volume = 0;
        while let Some(record) = decoder.decode_ref()? {
            let bar: &OhlcvMsg = record.try_get()?;
            volume += black_box(bar).volume;
        }
        Ok(volume)
    };
    let (cold_s, volume) = time(decode)?;
    let expected: f64 = market.column("volume").context("a volume")?.iter().sum();
    ensure!(volume as f64 == expected, "volumes differ");
    let warm_s = repeat(options.job.repetitions, || {
        black_box(decode()?);
        Ok(())
    })?;
    measured(options, cold_s, warm_s, &path)
}

/// The measurement; the file is removed, unless it is to stay.
fn measured(options: &Options, cold_s: f64, warm_s: Vec<f64>, path: &Path) -> Result<Measurement> {
    let bytes = fs::metadata(path)?.len();
    if !options.keep {
        fs::remove_file(path)?;
        // Others may have files there.
        let _ = path.parent().map(fs::remove_dir);
    }
    Ok(Measurement {
        cold_s: Some(cold_s),
        warm_s,
        samples: options.job.rows,
        bytes,
        ..Measurement::default()
    })
}

/// A file of so many bars, made where it is not there yet, and the bars.
fn source(
    options: &Options,
    name: &str,
    make: fn(&Path, &Market) -> Result<()>,
) -> Result<(PathBuf, Market)> {
    let folder = options.job.out.clone().unwrap_or_else(std::env::temp_dir);
    let rows = usize::try_from(options.job.rows)?;
    let folder = folder_of(&folder, options.job.rows);
    fs::create_dir_all(&folder)?;
    let path = folder.join(name);
    let market = rounded(rows);
    if !path.is_file() {
        let half = path.with_extension("half");
        make(&half, &market)?;
        fs::rename(&half, &path)?;
    }
    Ok((path, market))
}

/// A walk whose prices have four decimals, as files of exchanges have some.
fn rounded(rows: usize) -> Market {
    use barloom_bars::{Column, MaxGap, PRICE_COLUMNS, Series};
    let market = walk(rows);
    let column = |name: &str| {
        let values = market.column(name).unwrap_or_default().iter();
        let round = |value: &f64| (value * 1e4).round() / 1e4;
        Column::new(name, values.map(round).collect())
    };
    let columns = PRICE_COLUMNS.into_iter().chain(["volume"]).map(column).collect();
    let ts = market.ts().iter().map(|ts| BEGIN + ts).collect();
    let series = Series::new("WALK", ts, columns).expect("a walk that is rounded is a series");
    Market::new(&[series], &["volume".into()], MaxGap::None).expect("a series is a market")
}

fn write_klines(path: &Path, market: &Market) -> Result<()> {
    let mut text = String::new();
    let columns = [market.open(), market.high(), market.low(), market.close()];
    let volume = market.column("volume").context("a volume")?;
    for (row, ts) in market.ts().iter().enumerate() {
        let ms = ts / 1_000_000;
        let [open, high, low, close] = columns.map(|column| column[row]);
        let quote = volume[row] * close;
        writeln!(
            text,
            "{ms},{open:.4},{high:.4},{low:.4},{close:.4},{:.3},{},{quote:.6},{},{:.3},{:.6},0",
            volume[row],
            ms + 59_999,
            1 + row % 997,
            volume[row] / 2.0,
            quote / 2.0,
        )?;
    }
    Ok(fs::write(path, text)?)
}

fn write_dbn(path: &Path, market: &Market) -> Result<()> {
    let begin = u64::try_from(BEGIN)?;
    let metadata = Metadata::builder()
        .dataset("GLBX.MDP3")
        .schema(Some(Schema::Ohlcv1M))
        .start(begin)
        .end(NonZeroU64::new(u64::MAX - 1))
        .stype_in(Some(SType::InstrumentId))
        .stype_out(SType::InstrumentId)
        .build();
    let mut file = zstd::Encoder::new(BufWriter::new(File::create(path)?), 0)?;
    {
        let mut encoder = DbnEncoder::new(&mut file, &metadata)?;
        let units = |price: f64| (price * 1e9).round() as i64;
        let volume = market.column("volume").context("a volume")?;
        for (row, ts) in market.ts().iter().enumerate() {
            let hd =
                RecordHeader::new::<OhlcvMsg>(rtype::OHLCV_1M, 1, INSTRUMENT, u64::try_from(*ts)?);
            encoder.encode_record(&OhlcvMsg {
                hd,
                open: units(market.open()[row]),
                high: units(market.high()[row]),
                low: units(market.low()[row]),
                close: units(market.close()[row]),
                volume: volume[row] as u64,
            })?;
        }
    }
    file.finish()?;
    Ok(())
}
