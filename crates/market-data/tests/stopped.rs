//! A watch stops the reading of any format, between files and inside of one.

use std::fmt::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use barloom_files::Watch;
use barloom_market_data::{MarketDataError, ReadOptions, read, read_readable};

/// More than one round of blocks.
fn text(rows: u32, quote: &str) -> String {
    let mut text = "time,open,high,low,close,volume\n".to_owned();
    for row in 0..rows {
        let time = 1_700_000_000 + 60 * row;
        writeln!(text, "{quote}{time}{quote},1.5,2.5,0.5,1.5,{row}").unwrap();
    }
    text
}

/// Options with a watch that stops when it was asked so many times, and how often it was.
fn stopping(after: u64) -> (ReadOptions, Arc<AtomicU64>) {
    let asked = Arc::new(AtomicU64::new(0));
    let count = Arc::clone(&asked);
    let stop = Arc::new(move || count.fetch_add(1, Ordering::Relaxed) >= after);
    let watch = Watch { stop, ..Watch::default() };
    (ReadOptions { watch, ..ReadOptions::default() }, asked)
}

#[test]
fn reading_stops_between_files_and_inside_of_one() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_string_lossy().into_owned();
    std::fs::write(path("plain.csv"), text(60_000, "")).unwrap();
    std::fs::write(path("quoted.csv"), text(60_000, "\"")).unwrap();
    let series = read(&[path("plain.csv")], &ReadOptions::default()).unwrap();
    let series = series.into_series(barloom_market_data::OnBadBar::Error).unwrap().series;
    let table = barloom_market_data::to_table(&series).unwrap();
    let file = std::fs::File::create(path("bars.parquet")).unwrap();
    let mut writer = parquet::arrow::ArrowWriter::try_new(file, table.schema(), None).unwrap();
    writer.write(&table).unwrap();
    writer.close().unwrap();
    for name in ["plain.csv", "quoted.csv", "bars.parquet"] {
        let (never, asked) = stopping(u64::MAX);
        read(&[path(name)], &never).unwrap();
        let asked = asked.load(Ordering::Relaxed);
        assert!(asked > 1, "{name}: asked {asked} times, so never inside of the file");
        for after in 0..asked {
            let (options, _) = stopping(after);
            let read = read(&[path(name)], &options);
            assert!(matches!(read, Err(MarketDataError::Stopped)), "{name}, {after}: {read:?}");
        }
    }
    let both = [path("plain.csv"), path("bars.parquet")];
    let (options, _) = stopping(1);
    let read = read_readable(&both, &options);
    assert!(matches!(read, Err(MarketDataError::Stopped)), "what is stopped is not unreadable");
}
