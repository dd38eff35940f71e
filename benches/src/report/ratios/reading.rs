//! Bars in from files, against pandas and against the decoder of a format.

use super::{Ratio, higher};
use crate::report::cases::{Case, Place};
use crate::report::results::Results;

/// Bars of the files, at least.
const BARS: u64 = 2_000_000;

/// CSV, and DBN into Parquet against DBN decoded alone.
#[must_use]
pub fn cases(results: &Results) -> [Case; 3] {
    let case = results.centre("read-csv");
    let case = Case { n: case.n.max(BARS), ..case }.at(Place::Disk);
    [case.clone(), case.kind("decode-dbn"), case.kind("convert-dbn")]
}

/// Pandas with the same CSV; it has one thread.
#[must_use]
pub fn peer(results: &Results) -> Case {
    let [csv, ..] = cases(results);
    csv.peer("reading-pandas", csv.n, 1)
}

pub(super) fn all(results: &Results) -> Vec<Ratio> {
    let [csv, decode, convert] = cases(results);
    let pandas = peer(results);
    vec![
        higher(
            "reading-csv",
            "Binance klines from CSV, judged, times the rows a second of pandas.read_csv",
            Some((5.0, 8.0)),
            (results, &pandas, &csv),
        ),
        higher(
            "reading-dbn",
            "DBN bars, zstd, into Parquet, as a share of the speed of the dbn crate decoding them",
            Some((0.7, 1.0)),
            (results, &decode, &convert),
        ),
    ]
}
