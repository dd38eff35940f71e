//! Bars as CSV: pieces are made side by side.

use std::fmt::{self, Write as _};
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::ops::Range;

use rayon::prelude::*;

use super::slices::Slices;
use super::{WriteOptions, stopped};

/// Rows of a piece, and pieces that are made at once.
const ROWS: usize = 1 << 14;
const PIECES: usize = 32;

/// Times as ISO 8601 with nanoseconds where there are any, numbers in their shortest exact form.
pub(super) fn write(
    file: &mut BufWriter<&File>,
    slices: &Slices<'_>,
    options: &WriteOptions<'_>,
) -> io::Result<()> {
    let names = slices.schema();
    let names: Vec<String> = names.fields().iter().map(|field| quoted(field.name())).collect();
    writeln!(file, "{}", names.join(","))?;
    let rows = slices.rows();
    for start in (0..rows).step_by(ROWS * PIECES) {
        let end = rows.min(start + ROWS * PIECES);
        let starts: Vec<usize> = (start..end).step_by(ROWS).collect();
        let pieces: Vec<Result<String, fmt::Error>> =
            starts.par_iter().map(|from| piece(slices, *from..end.min(from + ROWS))).collect();
        for piece in pieces {
            file.write_all(piece.map_err(io::Error::other)?.as_bytes())?;
        }
        if (options.stop)() {
            return Err(stopped());
        }
    }
    Ok(())
}

fn piece(slices: &Slices<'_>, rows: Range<usize>) -> Result<String, fmt::Error> {
    let mut text = String::new();
    for (index, part) in slices.parts(&rows) {
        let series = slices.series(index);
        let columns: Vec<Option<&[f64]>> = slices.names().map(|name| series.column(name)).collect();
        let symbol = quoted(series.symbol());
        for row in part {
            if slices.has_symbols() {
                text.push_str(&symbol);
                text.push(',');
            }
            let time = chrono::DateTime::from_timestamp_nanos(series.ts()[row]);
            write!(text, "{}", time.format("%Y-%m-%dT%H:%M:%S%.fZ"))?;
            for column in &columns {
                text.push(',');
                if let Some(value) = column.map(|c| c[row]).filter(|value| !value.is_nan()) {
                    write!(text, "{value}")?;
                }
            }
            text.push('\n');
        }
    }
    Ok(text)
}

/// A field in quotes, if it needs them.
fn quoted(field: &str) -> String {
    if field.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", field.replace('"', "\"\""))
    } else {
        field.to_owned()
    }
}
