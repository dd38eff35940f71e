//! `barloom convert`.

use std::path::Path;

use barloom_market_data::{OnBadBar, WriteOptions, read, write};
use serde_json::json;

use crate::arguments::Convert;
use crate::failure::Failure;
use crate::output::Output;
use crate::{progress, text};

pub(crate) fn run(convert: &Convert, output: &Output) -> Result<(), Failure> {
    let Some((out, bars)) = convert.paths.split_last().filter(|(_, bars)| !bars.is_empty()) else {
        return Err(Failure::usage(format!(
            "convert takes files to read and then the file to write, as in \
             `barloom convert bars.csv bars.parquet`; given was {} alone",
            convert.paths.join(" ")
        )));
    };
    let options = convert.reading.all_columns(convert.config.as_deref())?;
    let spinner = progress::spinner("converting bars", output);
    let on_bad_bar = if convert.drop_bad_bars { OnBadBar::Drop } else { OnBadBar::Error };
    let result =
        read(bars, &options).and_then(|bars| bars.into_series(on_bad_bar)).and_then(|loaded| {
            write(
                Path::new(out),
                &loaded.series,
                WriteOptions { overwrite: convert.overwrite, ..WriteOptions::default() },
            )
            .map(|()| loaded)
        });
    spinner.finish_and_clear();
    let loaded = result?;
    let rows: u64 = loaded.series.iter().map(|s| s.len() as u64).sum();
    let dropped: u64 = loaded.dropped.values().sum();
    let mut message = format!(
        "wrote {out}: {} of {}, {} dropped",
        text::counted(rows, "bar"),
        text::counted(loaded.series.len() as u64, "symbol"),
        text::count(dropped)
    );
    for joined in &loaded.joined {
        message += &format!("\njoined  {joined}");
    }
    for note in &loaded.notes {
        message += &format!("\nnote: {note}");
    }
    let value = json!({
        "out": out, "bars": rows, "symbols": loaded.series.len(), "dropped": loaded.dropped,
        "joined": loaded.joined, "notes": loaded.notes,
    });
    output.print(&value, &message)
}
