//! Small files that declare much, or have many columns: an error, or bars, soon and in little room.

use std::io::Write;
use std::sync::Arc;

use arrow::array::{
    ArrayRef, Float64Array, Int64Array, NullArray, RecordBatch, StringArray,
    TimestampMillisecondArray,
};
use arrow::ipc::CompressionType;
use arrow::ipc::reader::read_footer_length;
use arrow::ipc::writer::{FileWriter, IpcWriteOptions};
use barloom_doctor::check;
use barloom_market_data::{ReadOptions, read_bytes};
use parquet::arrow::ArrowWriter;
use parquet::basic::Compression;
use parquet::file::properties::WriterProperties;

fn error(name: &str, bytes: &[u8]) -> String {
    match read_bytes(name, bytes, &ReadOptions::default()) {
        Ok(_) => panic!("{name} was read"),
        Err(error) => error.to_string(),
    }
}

fn batch(time: ArrayRef, more: Option<(&str, ArrayRef)>) -> RecordBatch {
    let rows = time.len();
    let price: ArrayRef = Arc::new(Float64Array::from(vec![7.0; rows]));
    let prices = ["open", "high", "low", "close"].map(|name| (name, Arc::clone(&price)));
    RecordBatch::try_from_iter([("ts", time)].into_iter().chain(prices).chain(more)).unwrap()
}

fn parquet(batch: &RecordBatch) -> Vec<u8> {
    let mut writer = ArrowWriter::try_new(Vec::new(), batch.schema(), None).unwrap();
    writer.write(batch).unwrap();
    writer.into_inner().unwrap()
}

fn arrow(batch: &RecordBatch, packed: Option<CompressionType>) -> Vec<u8> {
    let options = IpcWriteOptions::default().try_with_compression(packed).unwrap();
    let mut writer =
        FileWriter::try_new_with_options(Vec::new(), &batch.schema(), options).unwrap();
    writer.write(batch).unwrap();
    writer.finish().unwrap();
    writer.into_inner().unwrap()
}

/// Replaces bytes that stand somewhere in a file.
fn replace(bytes: &mut [u8], old: &[u8], new: &[u8]) {
    let mut found = 0;
    for at in 0..=bytes.len() - old.len() {
        if bytes[at..].starts_with(old) {
            bytes[at..at + new.len()].copy_from_slice(new);
            found += 1;
        }
    }
    assert!(found > 0, "nothing to replace");
}

#[test]
fn parquet_rows_that_take_no_room() {
    let time = Arc::new(Int64Array::from(vec![1_700_000_000; 2_000_000]));
    let bytes = parquet(&batch(time, None));
    assert!(bytes.len() < 100_000, "{}", bytes.len());
    let message = error("x.parquet", &bytes);
    assert!(message.contains("it declares 2000000 rows, too many for its"), "{message}");
}

#[test]
fn a_long_text_in_every_row_of_a_parquet_file() {
    // Its rows share one entry of a dictionary, which each takes for itself when it is read.
    let rows = 5_000;
    let times = (0..rows as i64).map(|row| 1_700_000_000 + row);
    let long = "x".repeat(20_000);
    let symbols = StringArray::from(vec![long.as_str(); rows]);
    let time = Arc::new(Int64Array::from_iter_values(times));
    let bytes = parquet(&batch(time, Some(("symbol", Arc::new(symbols)))));
    assert!(bytes.len() < 100_000, "{}", bytes.len());
    let message = error("x.parquet", &bytes);
    assert!(message.contains("it decompresses to more than"), "{message}");
}

#[test]
fn a_parquet_page_that_declares_more_than_it_can_hold() {
    let rows = 12_500;
    let time = Arc::new(Int64Array::from_iter_values((0..rows).map(|row| 1_700_000_000 + row)));
    let batch = batch(time, None);
    let properties = WriterProperties::builder()
        .set_compression(Compression::SNAPPY)
        .set_dictionary_enabled(false)
        .build();
    let mut writer = ArrowWriter::try_new(Vec::new(), batch.schema(), Some(properties)).unwrap();
    writer.write(&batch).unwrap();
    let mut bytes = writer.into_inner().unwrap();
    assert!(read_bytes("x.parquet", &bytes, &ReadOptions::default()).is_ok());
    // A page of data that unpacks to 100,000 bytes, as its header begins; then to a million.
    replace(&mut bytes, &[0x15, 0, 0x15, 0xc0, 0x9a, 0x0c], &[0x15, 0, 0x15, 0xfe, 0xff, 0x7f]);
    let message = error("x.parquet", &bytes);
    assert!(message.contains("which cannot decompress to 1048575"), "{message}");
}

#[test]
fn a_parquet_dictionary_that_declares_more_than_it_can_hold() {
    let time = Arc::new(Int64Array::from_iter_values((0..5).map(|row| 1_700_000_000 + row)));
    let mut bytes = parquet(&batch(time, None));
    // A dictionary of 8 bytes with one value, as its header begins; then with 63.
    let header = |values| [0x15, 4, 0x15, 16, 0x15, 16, 0x4c, 0x15, values];
    replace(&mut bytes, &header(2), &header(126));
    let message = error("x.parquet", &bytes);
    assert!(message.contains("has 8 bytes, too few for 63 values"), "{message}");
}

#[test]
fn parquet_columns_in_columns() {
    // A name, one child: a million times, for each of which a reader would call itself.
    let mut footer = vec![0x15, 4, 0x19, 0xfc, 0xc0, 0x84, 0x3d];
    footer.extend([0x48, 1, b'a', 0x15, 2, 0].repeat(1_000_000));
    footer.push(0);
    let length = (footer.len() as u32).to_le_bytes();
    let bytes = [b"PAR1", &footer[..], &length, b"PAR1"].concat();
    let message = error("x.parquet", &bytes);
    assert!(message.contains("its columns are nested 64 levels deep"), "{message}");
}

#[test]
fn arrow_rows_that_take_no_room() {
    let nothing: ArrayRef = Arc::new(NullArray::new(1 << 40));
    let names = ["ts", "open", "high", "low", "close"];
    let batch = RecordBatch::try_from_iter(names.map(|name| (name, Arc::clone(&nothing)))).unwrap();
    let message = error("x.arrow", &arrow(&batch, None));
    assert!(message.contains("a batch of 1099511627776 rows has 0 bytes"), "{message}");
}

#[test]
fn an_arrow_footer_that_names_a_batch_again_and_again() {
    let times = |first: i64, rows: i64| -> ArrayRef {
        Arc::new(TimestampMillisecondArray::from_iter_values((0..rows).map(|row| first + row)))
    };
    let first = 1_700_000_000_000;
    let batches = [(0, 1), (1, 1), (2, 2_000)].map(|(at, n)| batch(times(first + at, n), None));
    let mut writer = FileWriter::try_new(Vec::new(), &batches[0].schema()).unwrap();
    batches.iter().for_each(|batch| writer.write(batch).unwrap());
    writer.finish().unwrap();
    let mut bytes = writer.into_inner().unwrap();
    assert!(read_bytes("x.arrow", &bytes, &ReadOptions::default()).is_ok());
    let (rest, trailer) = bytes.split_last_chunk::<10>().unwrap();
    let footer = rest.len() - read_footer_length(*trailer).unwrap();
    let footer = arrow::ipc::root_as_footer(&rest[footer..]).unwrap();
    let [a, b, long] = [0, 1, 2].map(|at| footer.recordBatches().unwrap().get(at).0);
    replace(&mut bytes, &a, &long);
    replace(&mut bytes, &b, &long);
    let message = error("x.arrow", &bytes);
    assert!(message.contains("its footer names a part of the file twice"), "{message}");
}

#[test]
fn an_arrow_buffer_that_declares_more_than_it_can_hold() {
    let times = (0..1_000).map(|row| 1_700_000_000_000 + row * 60_000);
    let time = Arc::new(TimestampMillisecondArray::from_iter_values(times));
    for packed in [CompressionType::LZ4_FRAME, CompressionType::ZSTD] {
        let mut bytes = arrow(&batch(Arc::clone(&time) as ArrayRef, None), Some(packed));
        // 8,000 bytes, as each packed buffer begins.
        replace(&mut bytes, &8_000_i64.to_le_bytes(), &4_000_000_000_i64.to_le_bytes());
        let message = error("x.arrow", &bytes);
        assert!(message.contains("a batch decompresses to"), "{message}");
    }
}

#[test]
fn members_of_an_archive_that_share_their_bytes() {
    let text = "ts,open,high,low,close\n".to_owned() + &"2024-01-02,1,1,1,1\n".repeat(20_000);
    let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    writer.start_file("a.csv", zip::write::SimpleFileOptions::default()).unwrap();
    writer.write_all(text.as_bytes()).unwrap();
    let bytes = writer.finish().unwrap().into_inner();
    // The directory, which names the one member, and what stands after it.
    let start = bytes.windows(4).position(|w| w == b"PK\x01\x02").unwrap();
    let end = bytes.windows(4).position(|w| w == b"PK\x05\x06").unwrap();
    let entry = &bytes[start..end];
    let mut bomb = bytes[..start].to_vec();
    for number in 0..60_u8 {
        let name = entry.len() - "a.csv".len();
        let mut entry = entry.to_vec();
        entry[name] = b'A' + number;
        bomb.extend(entry);
    }
    let mut trailer = bytes[end..].to_vec();
    trailer[8] = 60;
    trailer[10] = 60;
    trailer[12..16].copy_from_slice(&(60 * entry.len() as u32).to_le_bytes());
    bomb.extend(trailer);
    let message = error("x.zip", &bomb);
    assert!(message.contains("it decompresses to more than"), "{message}");
}

#[test]
fn many_columns_take_no_more_than_their_share_of_time() {
    // Quadratic work would take minutes here.
    let columns = 200_000;
    let mut text = "ts,open,high,low,close".to_owned();
    (0..columns).for_each(|column| text += &format!(",c{column}"));
    text += "\n2024-01-02,1,2,1,2";
    (0..columns).for_each(|column| text += if column % 2 == 0 { ",1" } else { ",text" });
    let bars = read_bytes("x.csv", text.as_bytes(), &ReadOptions::default()).unwrap();
    assert_eq!(check(&bars).columns.len(), 4 + columns / 2);
}

#[test]
fn arrow_columns_of_the_same_bytes() {
    let rows = 1_000;
    let times = (0..rows).map(|i| 1_700_000_000_000 + i * 60_000);
    let times: ArrayRef = Arc::new(TimestampMillisecondArray::from_iter_values(times));
    let mut bytes = arrow(&batch(times, None), None);
    // Five columns of 8,000 bytes, each with two buffers, of which the first is empty: offset and
    // length of the second become those of all of them.
    let pair = |offset: u64, length: u64| [offset, length].map(u64::to_le_bytes).concat();
    let first = (0..bytes.len()).find(|at| bytes[*at..].starts_with(&pair(0, 8_000))).unwrap();
    for number in 0..5 {
        let at = first + number * 32;
        assert_eq!(bytes[at..at + 16], pair(number as u64 * 8_000, 8_000));
        bytes[at..at + 16].copy_from_slice(&pair(0, 40_000));
    }
    let said = error("x.arrow", &bytes);
    assert!(said.contains("a batch of 40000 bytes has columns of 200000"), "{said}");
}
