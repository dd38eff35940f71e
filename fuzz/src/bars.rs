//! Bars from files of every format.

use std::fs;

use barloom_bars::{Market, MaxGap};
use barloom_market_data::{
    Aggregate, EmptyBars, OnBadBar, PartialBar, ReadOptions, Stamp, read_bytes, read_market_arrow,
    read_stored_market, write_market,
};

use crate::scratch::Scratch;

/// Delimited text, with a header or without.
///
/// # Panics
/// A finding.
pub fn csv(data: &[u8]) {
    read_all("ACME.csv", data);
}

/// A month of Binance's klines: text without a header, also gzipped or zipped.
///
/// # Panics
/// A finding.
pub fn klines(data: &[u8]) {
    read_all("BTCUSDT_240329-1m-2024-03.zip", data);
}

/// Arrow IPC files and streams, and a dataset's `bars.arrow`.
///
/// # Panics
/// A finding.
pub fn arrow(data: &[u8]) {
    read_all("x.arrow", data);
    let channels = ["open", "high", "low", "close", "volume"].map(str::to_owned);
    Scratch::with(|scratch| {
        let path = scratch.write("bars.arrow", data);
        let stored = read_stored_market(&[path.to_string_lossy().into_owned()], &channels, &[]);
        let Ok(market) = read_market_arrow(&path, &channels) else { return };
        if let Ok(Some((stored, names))) = stored {
            assert_eq!((bytes(&stored), &names[..]), (bytes(&market), &channels[..]));
        }
        let written = bytes(&market);
        fs::write(&path, &written).expect("a file in a temporary folder can be written");
        let again = read_market_arrow(&path, &channels).expect("what was written reads back");
        assert_eq!(bytes(&again), written, "a market changes when it is written and read");
    });
}

/// Parquet files.
///
/// # Panics
/// A finding.
pub fn parquet(data: &[u8]) {
    read_all("x.parquet", data);
}

fn bytes(market: &Market) -> Vec<u8> {
    let mut bytes = Vec::new();
    write_market(&mut bytes, market).expect("a market can be written");
    bytes
}

/// Reads as is usual, then with every option another.
fn read_all(name: &str, data: &[u8]) {
    read(name, data, &ReadOptions::default());
    let options = ReadOptions {
        timezone: "America/New_York".into(),
        stamp: Stamp::Close,
        columns: Some(vec!["Volume".into()]),
        ..ReadOptions::default()
    };
    read(name, data, &options);
    for (spec, empty, anchor) in [
        ("5m", EmptyBars::Fill, None),
        ("1w", EmptyBars::Skip, None),
        ("1mo", EmptyBars::Skip, "17:00 America/New_York".parse().ok()),
        ("3 ticks", EmptyBars::Skip, None),
    ] {
        let Ok(spec) = spec.parse() else { continue };
        let aggregate = Some(Aggregate { spec, partial: PartialBar::Drop, empty, anchor });
        read(name, data, &ReadOptions { aggregate, ..ReadOptions::default() });
    }
}

/// Reads, judges, makes series and a market: everything that the bars of a file go through.
fn read(name: &str, data: &[u8], options: &ReadOptions) {
    let bars = match read_bytes(name, data, options) {
        Ok(bars) => bars,
        Err(error) => return assert!(!error.to_string().is_empty()),
    };
    let report = barloom_doctor::check(&bars);
    assert!(!report.to_string().is_empty());
    let strict = bars.clone().into_series(OnBadBar::Error);
    // Good bars may still be of a length that no coarser ones can be made of.
    let agrees = strict.is_ok() == (report.errors() == 0);
    let made = options.aggregate.is_some() && report.errors() == 0;
    assert!(agrees || made, "the report and the reader disagree");
    let _ = bars.find_columns(&["close".to_owned(), "Adj Close".to_owned()]);
    let _ = bars.clone().into_series(OnBadBar::Widen);
    let Ok(loaded) = bars.into_market_series(OnBadBar::Drop) else { return };
    let channels = ["close".to_owned()];
    let Ok(market) = Market::new(&loaded.series, &channels, MaxGap::Auto) else { return };
    assert!((0..market.series().len()).all(|series| market.bars_per_year(series) > 0.0));
}
