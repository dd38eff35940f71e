//! Formats that are detected by their first bytes: unsupported formats, and JSON.

#[cfg(feature = "zip")]
use std::borrow::Cow;

use crate::MarketDataError;

/// A format: its first bytes, its name, and the way to get its bars.
const FORMATS: &[(&[u8], &str, &str)] = &[
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an Excel workbook (.xls)", EXCEL),
    (b"SQLite format 3\0", "an SQLite database", "pandas.read_sql"),
    (b"\x89HDF\r\n\x1a\n", "HDF5", "pandas.read_hdf"),
    (b"\x80\x02", PICKLE, "pandas.read_pickle"),
    (b"\x80\x03", PICKLE, "pandas.read_pickle"),
    (b"\x80\x04", PICKLE, "pandas.read_pickle"),
    (b"\x80\x05", PICKLE, "pandas.read_pickle"),
    (b"\x93NUMPY", "a NumPy array", "pandas.DataFrame(numpy.load(...))"),
    (b"ORC", "ORC", "pandas.read_orc"),
    (b"Obj\x01", "Avro", "polars.read_avro"),
    (b"RDX", "an R workspace", ""),
    (b"%PDF-", "a PDF document", ""),
    (b"BZh", "packed by bzip2", PACKED),
    (b"\xfd7zXZ\0", "packed by xz", PACKED),
    (b"7z\xbc\xaf\x27\x1c", "packed by 7-Zip", PACKED),
    (b"Rar!\x1a\x07", "packed by RAR", PACKED),
    (b"\x04\x22\x4d\x18", "packed by LZ4", PACKED),
];

const PICKLE: &str = "a Python pickle";
const EXCEL: &str = "pandas.read_excel";
const PACKED: &str = "unpack";

/// Tells whether bytes begin as JSON does that can hold a table.
pub(crate) fn begins_json(bytes: &[u8]) -> bool {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes).trim_ascii_start();
    matches!(bytes.first(), Some(b'{' | b'['))
}

/// Returns true if a file begins like DBN: three letters, and the version as a byte.
pub(crate) fn begins_dbn(bytes: &[u8]) -> bool {
    matches!(bytes, [b'D', b'B', b'N', version, ..] if *version < b' ')
}

/// Refuses a file of a format that is not read, with what to do.
pub(crate) fn refuse(file: &str, bytes: &[u8]) -> Result<(), MarketDataError> {
    // A header could begin with three letters, but text has no such bytes.
    let is_binary = |byte: &u8| *byte < b'\t' || *byte >= 0x80;
    let is_binary = bytes[..bytes.len().min(4_096)].iter().any(is_binary);
    for (begin, name, reader) in FORMATS {
        if bytes.starts_with(begin) && (is_binary || begin.len() > 3) {
            return Err(error(file, name, reader));
        }
    }
    if bytes.get(257..262) == Some(b"ustar") {
        return Err(error(file, "a tar archive", PACKED));
    }
    let start = bytes.trim_ascii_start();
    let begins = |text: &str| {
        start.get(..text.len()).is_some_and(|start| start.eq_ignore_ascii_case(text.as_bytes()))
    };
    if begins("<!doctype") || begins("<html") || begins("<?xml") {
        let problem = "it is a web page or XML, which is not read: a download that failed often is. \
                       Get the CSV again";
        return Err(MarketDataError::file(file, problem));
    }
    Ok(())
}

/// Refuses an archive whose members say that it is a document.
#[cfg(feature = "zip")]
pub(crate) fn refuse_archive<'a>(
    file: &str,
    members: impl Iterator<Item = Cow<'a, str>>,
) -> Result<(), MarketDataError> {
    for member in members {
        if member.starts_with("xl/") {
            return Err(error(file, "an Excel workbook (.xlsx)", EXCEL));
        }
        if member == "content.xml" {
            return Err(error(file, "an OpenDocument file", EXCEL));
        }
    }
    Ok(())
}

fn error(file: &str, name: &str, reader: &str) -> MarketDataError {
    let help = match reader {
        PACKED => "Unpack it first".to_owned(),
        "" => "Export the bars as CSV or Parquet".to_owned(),
        reader => {
            format!("Export the bars as CSV or Parquet, or pass the DataFrame in Python ({reader})")
        }
    };
    MarketDataError::file(file, format!("it is {name}, which is not read. {help}"))
}
