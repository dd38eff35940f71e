//! Bars for tests of single checks.

use std::path::PathBuf;

use super::{Report, check};
use barloom_market_data::{ReadOptions, read, read_bytes};

/// A bar at a number of seconds after the first.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bar {
    seconds: i64,
    pub(crate) open: f64,
    pub(crate) high: f64,
    pub(crate) low: f64,
    pub(crate) close: f64,
}

impl Bar {
    /// Minutes of a price that moves by a tenth of a percent or so.
    pub(crate) fn walk(n: usize) -> Vec<Self> {
        let price = |i: usize| 100.0 + (i * 37 % 11) as f64 / 10.0 + (i * 101 % 23) as f64 / 20.0;
        let bar = |i: usize| {
            let (open, close) = (price(i), price(i + 1));
            let (high, low) = (open.max(close) + 0.05, open.min(close) - 0.05);
            Self { seconds: 60 * i as i64, open, high, low, close }
        };
        (0..n).map(bar).collect()
    }

    /// The bar with its prices multiplied.
    pub(crate) fn times(self, factor: f64) -> Self {
        let [open, high, low, close] =
            [self.open, self.high, self.low, self.close].map(|price| price * factor);
        Self { open, high, low, close, ..self }
    }

    /// The bar at another time.
    pub(crate) fn at(self, seconds: i64) -> Self {
        Self { seconds, ..self }
    }
}

/// Bars as CSV, with more columns: their header, and the values of row `i`.
pub(crate) fn text(header: &str, bars: &[Bar], values: impl Fn(usize) -> String) -> String {
    let mut text = format!("time,open,high,low,close{header}\n");
    for (i, bar) in bars.iter().enumerate() {
        let Bar { seconds, open, high, low, close } = bar;
        let time = 1_700_000_000 + seconds;
        text += &format!("{time},{open},{high},{low},{close}");
        if !header.is_empty() {
            text += &format!(",{}", values(i));
        }
        text += "\n";
    }
    text
}

pub(crate) fn of_text(text: &str) -> Report {
    check(&read_bytes("x.csv", text.as_bytes(), &ReadOptions::default()).unwrap())
}

pub(crate) fn report(header: &str, bars: &[Bar], values: impl Fn(usize) -> String) -> Report {
    of_text(&text(header, bars, values))
}

/// The findings in files in a folder of this name.
pub(crate) fn of_files(folder: &str, files: &[(&str, String)]) -> Report {
    let folder = tempfile::Builder::new().prefix(folder).tempdir().unwrap();
    let path = |(name, text): &(&str, String)| {
        let path: PathBuf = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.to_string_lossy().into_owned()
    };
    let paths: Vec<String> = files.iter().map(path).collect();
    check(&read(&paths, &ReadOptions::default()).unwrap())
}

pub(crate) fn count(report: &Report, kind: &str) -> u64 {
    report.findings.iter().find(|f| f.kind == kind).map_or(0, |f| f.count)
}

/// Lines at which a kind was found.
pub(crate) fn places(report: &Report, kind: &str) -> Vec<u32> {
    let finding = report.findings.iter().find(|f| f.kind == kind);
    finding.map_or(vec![], |f| f.places.iter().map(|place| place.row).collect())
}

#[test]
fn bars_that_walk_have_nothing_wrong() {
    let report = report(",volume", &Bar::walk(1_000), |i| (100 + i % 7).to_string());
    assert!(report.findings.is_empty(), "{report}");
    let series = &report.series[0];
    assert_eq!((series.rows, series.share, series.missing_share), (1_000, 1.0, Some(0.0)));
    let steps = (series.median_step_ns, series.longest_step_ns, series.max_gap_ns);
    assert_eq!(steps, (60_000_000_000, 60_000_000_000, 432_000_000_000_000));
    assert!(report.to_string().contains("nothing is wrong with them"), "{report}");
}

#[test]
fn findings_are_in_order_of_severity_then_count() {
    let mut bars = Bar::walk(60);
    bars[5].high = 50.0;
    let report = report(",volume,a,b", &bars, |i| match i {
        0..3 => format!("0,{i},{i}"),
        _ => format!("5,{i},"),
    });
    let order: Vec<(&str, u64)> =
        report.findings.iter().map(|f| (f.kind.as_str(), f.count)).collect();
    assert_eq!(order, [("high_below_low", 1), ("missing_value", 57), ("zero_volume", 3)]);
    assert_eq!((report.errors(), report.warnings()), (1, 60));
    let lines: Vec<String> = report.findings.iter().map(ToString::to_string).collect();
    assert_eq!(
        lines[2],
        "zero_volume: 3 times, bars without volume; first x.csv:2 x 2023-11-14 22:13:20: volume is 0"
    );
}
