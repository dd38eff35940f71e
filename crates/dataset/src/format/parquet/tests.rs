//! Files are read back and compared with what the general writer makes of the same columns.

use std::fs::File;
use std::io::{Seek, Write};

use arrow::array::{
    ArrayRef, DictionaryArray, FixedSizeListArray, Float32Array, Float64Array, Int8Array,
    RecordBatch, StringArray, TimestampNanosecondArray,
};
use arrow::compute::concat_batches;
use arrow::datatypes::{DataType, Field, Int32Type, TimeUnit};
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::file::properties::WriterProperties;
use parquet::file::statistics::Statistics;

use super::*;

/// Rows of every kind of column; `sample` counts from `first`.
struct Rows {
    longs: Vec<i64>,
    bytes: Vec<i8>,
    doubles: Vec<f64>,
    windows: Vec<Vec<f32>>,
    length: usize,
    codes: Vec<u32>,
    table: Vec<String>,
}

impl Rows {
    fn new(first: usize, rows: usize, channels: usize, length: usize, strings: usize) -> Self {
        let at = |i: usize| ((first + i).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 20) as u32;
        let float = |i: usize| match at(i) % 11 {
            0 => f64::NAN,
            1 => -0.0,
            x => f64::from(at(i)) / f64::from(x) - 1e5,
        };
        Self {
            longs: (0..rows).map(|i| i64::from(at(i)) - (1 << 31)).collect(),
            bytes: (0..rows).map(|i| at(i) as i8).collect(),
            doubles: (0..rows).map(float).collect(),
            windows: (0..channels)
                .map(|c| (0..rows * length).map(|i| float(i + c) as f32).collect())
                .collect(),
            length,
            codes: (0..rows).map(|i| at(i) % strings as u32).collect(),
            table: (0..strings).map(|i| format!("SYMBOL {i}")).collect(),
        }
    }

    fn values(&self) -> Vec<Values<'_>> {
        let mut values = vec![
            Values::Longs(Cow::Borrowed(&self.longs)),
            Values::Strings { codes: Cow::Borrowed(&self.codes), table: &self.table },
        ];
        values.extend(
            self.windows.iter().map(|values| Values::Windows { values, length: self.length }),
        );
        values.push(Values::Ints(self.bytes.iter().map(|b| i32::from(*b)).collect()));
        values.push(Values::Doubles(&self.doubles));
        values
    }

    fn batch(&self) -> RecordBatch {
        let keys = self.codes.iter().map(|c| *c as i32).collect::<Vec<_>>();
        let table = Arc::new(StringArray::from_iter_values(&self.table));
        let ts = TimestampNanosecondArray::from(self.longs.clone()).with_timezone("UTC");
        let mut columns: Vec<ArrayRef> = vec![
            Arc::new(ts),
            Arc::new(DictionaryArray::<Int32Type>::try_new(keys.into(), table).unwrap()),
        ];
        for windows in &self.windows {
            let item = Arc::new(Field::new("item", DataType::Float32, false));
            let values = Arc::new(Float32Array::from(windows.clone()));
            let length = self.length as i32;
            columns
                .push(Arc::new(FixedSizeListArray::try_new(item, length, values, None).unwrap()));
        }
        columns.push(Arc::new(Int8Array::from(self.bytes.clone())));
        columns.push(Arc::new(Float64Array::from(self.doubles.clone())));
        RecordBatch::try_new(Arc::new(self.schema()), columns).unwrap()
    }

    fn schema(&self) -> Schema {
        let item = Arc::new(Field::new("item", DataType::Float32, false));
        let text = DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8));
        let ts = DataType::Timestamp(TimeUnit::Nanosecond, Some("UTC".into()));
        let mut fields = vec![Field::new("ts", ts, false), Field::new("symbol", text, false)];
        for channel in 0..self.windows.len() {
            let kind = DataType::FixedSizeList(Arc::clone(&item), self.length as i32);
            fields.push(Field::new(format!("channel {channel}"), kind, false));
        }
        fields.push(Field::new("position", DataType::Int8, false));
        fields.push(Field::new("reward", DataType::Float64, false));
        Schema::new(fields)
    }
}

fn ours(groups: &[Rows], compression: Compression, split: bool) -> File {
    let mut file = tempfile::tempfile().unwrap();
    let mut encoder = ParquetEncoder::new(&groups[0].schema(), compression, split).unwrap();
    for rows in groups {
        let values = rows.values();
        for piece in encoder.row_group(rows.longs.len(), &values).unwrap() {
            file.write_all(&piece).unwrap();
        }
    }
    file.write_all(&encoder.finish().unwrap()).unwrap();
    file.rewind().unwrap();
    file
}

fn general(groups: &[Rows]) -> File {
    let mut file = tempfile::tempfile().unwrap();
    let properties = WriterProperties::builder().set_dictionary_enabled(false).build();
    let schema = Arc::new(groups[0].schema());
    let mut writer = ArrowWriter::try_new(&mut file, schema, Some(properties)).unwrap();
    for rows in groups {
        writer.write(&rows.batch()).unwrap();
        writer.flush().unwrap();
    }
    writer.close().unwrap();
    file.rewind().unwrap();
    file
}

/// Both files hold the same rows, row groups, schemas and bounds.
fn same(groups: &[Rows], compression: Compression) {
    for split in [false, true] {
        same_planes(groups, compression, split);
    }
}

fn same_planes(groups: &[Rows], compression: Compression, split: bool) {
    let ours = ours(groups, compression, split);
    let ours = ParquetRecordBatchReaderBuilder::try_new(ours).unwrap();
    let general = ParquetRecordBatchReaderBuilder::try_new(general(groups)).unwrap();
    assert_eq!(ours.schema(), general.schema());
    assert_eq!(ours.parquet_schema(), general.parquet_schema());
    let (a, b) = (ours.metadata(), general.metadata());
    assert_eq!(
        a.file_metadata().key_value_metadata(),
        b.file_metadata().key_value_metadata(),
        "the Arrow schema"
    );
    assert_eq!(a.num_row_groups(), b.num_row_groups());
    for (a, b) in a.row_groups().iter().zip(b.row_groups()) {
        assert_eq!(a.num_rows(), b.num_rows());
        assert_eq!(
            a.compressed_size(),
            a.columns().iter().map(ColumnChunkMetaData::compressed_size).sum::<i64>()
        );
        for (a, b) in a.columns().iter().zip(b.columns()) {
            assert_eq!(a.num_values(), b.num_values(), "{}", a.column_path());
            let (Some(got), Some(want)) = (a.statistics(), b.statistics()) else { continue };
            if !matches!(want, Statistics::Float(_)) {
                assert_eq!(got.min_bytes_opt(), want.min_bytes_opt(), "{}", a.column_path());
                assert_eq!(got.max_bytes_opt(), want.max_bytes_opt(), "{}", a.column_path());
            }
        }
    }
    let schema = Arc::clone(ours.schema());
    let read = |builder: ParquetRecordBatchReaderBuilder<File>| {
        let batches: Vec<_> = builder.with_batch_size(1_000).build().unwrap().collect();
        let batches: Vec<_> = batches.into_iter().map(Result::unwrap).collect();
        concat_batches(&schema, &batches).unwrap()
    };
    let (got, general) = (read(ours), read(general));
    let want = concat_batches(&schema, &groups.iter().map(Rows::batch).collect::<Vec<_>>());
    // Dictionaries may be ordered otherwise; the rest is compared bit by bit, NaN too.
    let data = |batch: &RecordBatch| {
        let columns = batch.columns().iter().map(|c| match c.data_type() {
            DataType::Dictionary(..) => arrow::compute::cast(c, &DataType::Utf8).unwrap(),
            _ => Arc::clone(c),
        });
        columns.map(|c| (c.null_count(), c.to_data())).collect::<Vec<_>>()
    };
    for (got, other) in [(&got, &general), (&got, &want.unwrap())] {
        assert!(data(got) == data(other), "values differ");
    }
}

#[test]
fn what_is_read_is_what_the_general_writer_writes() {
    for (rows, channels, length) in [
        (&[1][..], 1, 1),
        (&[1, 1], 2, 64),
        (&[7, 3], 0, 1),
        (&[1_000, 999], 3, 1),
        (&[1_001], 2, 2),
        (&[100, 100, 1], 5, 13),
        (&[513], 1, 200),
        (&[33], 40, 8),
    ] {
        let mut first = 0;
        let mut groups = Vec::new();
        for rows in rows {
            groups.push(Rows::new(first, *rows, channels, length, 5));
            first += rows;
        }
        for compression in [Compression::None, Compression::Snappy, Compression::Zstd(3)] {
            same(&groups, compression);
        }
    }
}

#[test]
fn chunks_of_several_pages_and_pages_of_one_row() {
    // 1 MiB holds 262,144 values: pages of 4,096 rows; then lists longer than a page.
    same(&[Rows::new(0, 10_000, 1, 64, 1)], Compression::None);
    same(&[Rows::new(0, 3, 1, 300_000, 1)], Compression::None);
    same(&[Rows::new(0, 3, 1, 300_000, 1)], Compression::Snappy);
}

#[test]
fn tables_of_any_size() {
    for strings in [1, 2, 3, 256, 257, 70_000] {
        same(&[Rows::new(0, 300, 1, 4, strings)], Compression::None);
    }
}

#[test]
fn a_row_can_be_reached_without_those_before_it() {
    let groups = [Rows::new(0, 5_000, 1, 64, 3), Rows::new(5_000, 100, 1, 64, 3)];
    let builder = ParquetRecordBatchReaderBuilder::try_new(ours(&groups, Compression::None, false));
    let mut reader = builder.unwrap().with_offset(5_003).with_limit(1).build().unwrap();
    let got = reader.next().unwrap().unwrap();
    let want = groups[1].batch().slice(3, 1);
    assert!(got.column(2).to_data() == want.column(2).to_data());
    assert!(reader.next().is_none());
}

#[test]
fn columns_that_do_not_fit_the_schema_are_an_error() {
    let rows = Rows::new(0, 10, 1, 4, 1);
    let mut encoder = ParquetEncoder::new(&rows.schema(), Compression::None, false).unwrap();
    assert!(encoder.row_group(10, &rows.values()[1..]).is_err());
    // Nothing but an end is a file too: one without rows.
    let file = encoder.finish().unwrap();
    assert!(file.starts_with(MAGIC) && file.ends_with(MAGIC));
}

#[test]
fn row_groups_are_bounded() {
    assert_eq!(row_group_rows(5 * 64), 4_096);
    assert_eq!(row_group_rows(5 * 16), 16_384);
    assert_eq!(row_group_rows(1), 65_536);
    assert_eq!(row_group_rows(1 + 500), 4_096);
    assert_eq!(row_group_rows(500 * 100_000), 4_096);
    assert_eq!(row_group_rows(usize::MAX), 4_096);
}
