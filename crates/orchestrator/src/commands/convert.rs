//! `barloom convert`.

use std::path::Path;

use barloom_market_data::{OnBadBar, ReadOptions, Stamp, read, write};
use serde_json::json;

use crate::arguments::Convert;
use crate::failure::Failure;
use crate::output::Output;
use crate::{progress, text};

pub(crate) fn run(convert: &Convert, output: &Output) -> Result<(), Failure> {
    let (out, bars) = convert
        .paths
        .split_last()
        .ok_or_else(|| Failure::usage("give files to read and the file to write"))?;
    let options =
        ReadOptions { timezone: convert.timezone.clone(), stamp: Stamp::Open, columns: None };
    let spinner = progress::spinner("converting bars", output);
    let on_bad_bar = if convert.drop_bad_bars { OnBadBar::Drop } else { OnBadBar::Error };
    let result =
        read(bars, &options).and_then(|bars| bars.into_series(on_bad_bar)).and_then(|loaded| {
            write(Path::new(out), &loaded.series, convert.overwrite).map(|()| loaded)
        });
    spinner.finish_and_clear();
    let loaded = result?;
    let rows: u64 = loaded.series.iter().map(|s| s.len() as u64).sum();
    let dropped: u64 = loaded.dropped.values().sum();
    let mut message = format!(
        "wrote {out}: {} bars of {} symbols, {} dropped",
        text::count(rows),
        loaded.series.len(),
        text::count(dropped)
    );
    for note in &loaded.notes {
        message += &format!("\nnote: {note}");
    }
    let value = json!({
        "out": out, "bars": rows, "symbols": loaded.series.len(), "dropped": loaded.dropped,
        "notes": loaded.notes,
    });
    output.print(&value, &message)
}
