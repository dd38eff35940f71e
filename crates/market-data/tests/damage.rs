//! Files that are cut, flipped or shuffled give bars or an error, never a panic; and bars that
//! pass the doctor without an error make series.

use std::sync::Arc;

use arrow::array::{ArrayRef, Float64Array, RecordBatch, StringArray, TimestampMillisecondArray};
use arrow::ipc::CompressionType;
use arrow::ipc::writer::{FileWriter, IpcWriteOptions, StreamWriter};
use barloom_doctor::check;
use barloom_market_data::{OnBadBar, ReadOptions, read_bytes};
use parquet::arrow::ArrowWriter;

fn batch() -> RecordBatch {
    let n = 50;
    let column = |first: f64| -> ArrayRef {
        Arc::new(Float64Array::from_iter_values((0..n).map(|i| first + f64::from(i))))
    };
    let symbols: ArrayRef =
        Arc::new(StringArray::from_iter_values((0..n).map(|i| if i < 30 { "A" } else { "B" })));
    let ts: ArrayRef = Arc::new(TimestampMillisecondArray::from_iter_values(
        (0..i64::from(n)).map(|i| 1_700_000_000_000 + i * 60_000),
    ));
    RecordBatch::try_from_iter([
        ("symbol", symbols),
        ("ts", ts),
        ("open", column(10.0)),
        ("high", column(12.0)),
        ("low", column(9.0)),
        ("close", column(11.0)),
    ])
    .unwrap()
}

fn originals() -> Vec<(&'static str, Vec<u8>)> {
    let batch = batch();
    let mut parquet = Vec::new();
    let mut writer = ArrowWriter::try_new(&mut parquet, batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
    let packed = [None, Some(CompressionType::LZ4_FRAME), Some(CompressionType::ZSTD)];
    let arrow = packed.into_iter().flat_map(|packed| {
        let options = IpcWriteOptions::default().try_with_compression(packed).unwrap();
        let schema = batch.schema();
        let mut file =
            FileWriter::try_new_with_options(Vec::new(), &schema, options.clone()).unwrap();
        file.write(&batch).unwrap();
        file.finish().unwrap();
        let mut stream = StreamWriter::try_new_with_options(Vec::new(), &schema, options).unwrap();
        stream.write(&batch).unwrap();
        stream.finish().unwrap();
        [("x.arrow", file.into_inner().unwrap()), ("x.arrows", stream.into_inner().unwrap())]
    });
    let mut originals: Vec<(&'static str, Vec<u8>)> = arrow.collect();
    let mut csv = String::from("date,open,high,low,close\n");
    for day in 1..29 {
        csv += &format!("2024-02-{day:02} 09:30:00+01:00,10.5,12,9e0,11\n");
    }
    originals.push(("x.parquet", parquet));
    originals.push(("x.csv", csv.into_bytes()));
    originals
}

fn try_read(name: &str, bytes: &[u8]) {
    let Ok(bars) = read_bytes(name, bytes, &ReadOptions::default()) else { return };
    let report = check(&bars);
    // The whole text is made, so that no number in it overflows.
    assert!(!report.to_string().is_empty());
    assert_eq!(bars.clone().into_series(OnBadBar::Error).is_ok(), report.errors() == 0);
    let _ = bars.into_series(OnBadBar::Drop);
}

#[test]
fn originals_are_good() {
    for (name, bytes) in originals() {
        let bars = read_bytes(name, &bytes, &ReadOptions::default()).unwrap();
        assert_eq!(check(&bars).errors(), 0, "{name}");
    }
}

#[test]
fn cut_files_do_not_panic() {
    for (name, bytes) in originals() {
        for end in (0..bytes.len()).step_by(7) {
            try_read(name, &bytes[..end]);
        }
    }
}

#[test]
fn flipped_bytes_do_not_panic() {
    for (name, bytes) in originals() {
        let mut state = 1_u64;
        for _ in 0..600 {
            let mut bytes = bytes.clone();
            for _ in 0..1 + state % 3 {
                // The generator of Knuth's MMIX: any spread of places and bits will do.
                state = state
                    .wrapping_mul(6_364_136_223_846_793_005)
                    .wrapping_add(1_442_695_040_888_963_407);
                let at = (state >> 33) as usize % bytes.len();
                bytes[at] ^= (state >> 20) as u8 | 1;
            }
            try_read(name, &bytes);
        }
    }
}

#[test]
fn times_at_the_ends_of_i64_do_not_overflow() {
    let csv = "ts,open,high,low,close\n-9000000000000000000,1,1,1,1\n9000000000000000000,1,1,1,1\n\
               9000000000000000001,1,1,1,1\n-9223372036854775808,1,1,1,1\n";
    try_read("x.csv", csv.as_bytes());
}
