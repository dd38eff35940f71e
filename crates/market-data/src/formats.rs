//! Bytes that are not packed, read by what they say they are.

use bytes::Bytes;

use crate::bounds::Bounds;
use crate::damage::unless_damaged;
use crate::foreign::{begins_dbn, begins_json};
#[cfg(not(feature = "parquet"))]
use crate::off::off;
use crate::table::Table;
use crate::{MarketDataError, ReadOptions, columnar, foreign, json, text};

/// The tables in bytes that are not packed, by what they say they are.
pub(crate) fn table(
    file: &str,
    bytes: &Bytes,
    options: &ReadOptions,
    bounds: Bounds,
) -> Result<Vec<Table>, MarketDataError> {
    if bytes.starts_with(b"PAR1") {
        #[cfg(feature = "parquet")]
        return unless_damaged(file, || columnar::read_parquet(file, bytes, options));
        #[cfg(not(feature = "parquet"))]
        Err(off(file, "Parquet", "parquet"))
    } else if bytes.starts_with(b"ARROW1") || bytes.starts_with(&[0xff, 0xff, 0xff, 0xff]) {
        unless_damaged(file, || columnar::read_arrow(file, bytes, options))
    } else if begins_dbn(bytes) {
        // Its tables need not be one.
        Err(MarketDataError::file(file, "it is DBN within another format; decompress it"))
    } else if bytes.starts_with(b"FEA1") {
        Err(MarketDataError::file(file, "it is Feather version 1; write it again as version 2"))
    } else if let Some((ending, format)) = columnar_name(file).filter(|_| !bytes.is_empty()) {
        let problem = format!(
            "it is named .{ending} but does not begin like {format}; get it again, or name it by what it is"
        );
        Err(MarketDataError::file(file, problem))
    } else {
        foreign::refuse(file, bytes)?;
        if !begins_json(bytes) {
            return text::read(file, bytes, options, bounds);
        }
        // A header in brackets begins like JSON too.
        let name = file.to_lowercase();
        let is_json = |name: &str| [".json", ".jsonl", ".ndjson"].iter().any(|e| name.contains(e));
        json::read(file, bytes, options, bounds).or_else(|error| match is_json(&name) {
            true => Err(error),
            false => text::read(file, bytes, options, bounds).map_err(|_| error),
        })
    }
}

/// Tells whether a file whose first four bytes or more these are is text, not packed.
pub(crate) fn is_text(file: &str, begin: &[u8]) -> bool {
    let others: [&[u8]; 6] = [b"PK\x03\x04", &[0x1f, 0x8b], b"PAR1", b"ARRO", &[0xff; 4], b"FEA1"];
    !others.iter().any(|other| begin.starts_with(other))
        && !begins_json(begin)
        && columnar_name(file).is_none()
}

/// The ending and the format of a file whose name says that it is no text.
fn columnar_name(file: &str) -> Option<(String, &'static str)> {
    let name = file.to_lowercase();
    let name = [".gz", ".zst"].iter().find_map(|end| name.strip_suffix(end)).unwrap_or(&name);
    let ending = name.rsplit(['/', '\\']).next()?.rsplit_once('.')?.1;
    let format = match ending {
        "parquet" | "pq" => "Parquet",
        "arrow" | "ipc" | "feather" => "Arrow IPC",
        "dbn" => "DBN",
        "dbz" => "DBN (it is DBZ, the format before it, which Databento's `dbn` converts)",
        "frag" => "DBN (it is a fragment without metadata)",
        _ => return None,
    };
    Some((ending.to_owned(), format))
}
