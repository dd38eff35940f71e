//! `barloom convert`.

use std::path::Path;
use std::sync::{Arc, OnceLock};

use barloom_engine::{Conversion, Converted, Watch, printable};
use serde_json::json;

use crate::arguments::Convert;
use crate::clock;
use crate::failure::Failure;
use crate::output::Output;
use crate::signals::Signals;
use crate::{progress, text};

pub(crate) fn run(convert: &Convert, output: &Output) -> Result<(), Failure> {
    let Some((out, inputs)) = convert.paths.split_last().filter(|(_, inputs)| !inputs.is_empty())
    else {
        return Err(Failure::usage(format!(
            "convert needs input files and then an output file or folder, as in `barloom convert \
             bars.csv bars.parquet`; only {} was given",
            convert.paths.join(" ")
        )));
    };
    let (mut read, recipe) = convert.reading.all_columns(convert.config.as_deref())?;
    let on_bad_bar = recipe.data.on_bad_bar;
    let path = Path::new(out);
    let is_folder = path.is_dir() || path.extension().is_none() || out.ends_with(['/', '\\']);
    let ending = convert.format.as_deref().unwrap_or("parquet");
    if !is_folder && convert.format.is_some() {
        return Err(Failure::usage(format!(
            "--format is for the files in a folder; the extension of {out} sets the format"
        )));
    }
    let is_parquet = match is_folder {
        true => ending == "parquet",
        false => path
            .extension()
            .is_some_and(|e| e.eq_ignore_ascii_case("parquet") || e.eq_ignore_ascii_case("pq")),
    };
    if convert.compression.is_some() && !is_parquet {
        return Err(Failure::usage(format!(
            "--compression is only for Parquet, and {out} is \
            another format"
        )));
    }
    // Until something is written a signal ends the process, which leaves nothing behind.
    let signals = Arc::new(OnceLock::new());
    let begins = || {
        if let Ok(caught) = Signals::catch() {
            // It is called once.
            let _ = signals.set(caught);
        }
    };
    let bytes = Conversion::files(inputs)?.iter().map(|(_, bytes)| bytes).sum();
    let bar = progress::bytes(bytes, "converting", output);
    let (of_signals, of_bar) = (Arc::clone(&signals), bar.clone());
    read.watch = Watch {
        progress: Arc::new(move |bytes| of_bar.inc(bytes)),
        stop: Arc::new(move || of_signals.get().is_some_and(Signals::came)),
        ..Watch::default()
    };
    let conversion = Conversion {
        inputs,
        out: path,
        folder_of: is_folder.then_some(ending),
        read: &read,
        on_bad_bar,
        overwrite: convert.overwrite,
        compression: convert.compression.unwrap_or_default(),
        begins: &begins,
    };
    let start = clock::now();
    let result = conversion.run();
    bar.finish_and_clear();
    let converted = match (result, signals.get()) {
        (Err(error), Some(signals)) => return Err(signals.blame(error.into())),
        (result, _) => result?,
    };
    let seconds = start.elapsed().as_secs_f64();
    let value = json!({
        "out": out, "bars": converted.bars, "symbols": converted.symbols,
        "files": converted.files, "inputs": converted.inputs, "dropped": converted.dropped,
        "widened": converted.widened, "joined": converted.joined, "notes": converted.notes,
    });
    output.print(&value, &message(out, &converted, seconds))
}

fn message(out: &str, converted: &Converted, seconds: f64) -> String {
    let mut message = format!(
        "wrote {out}: {} of {} in {}, {} dropped\nread    {} in {seconds:.2} s, {} bars/s",
        text::counted(converted.bars, "bar"),
        text::counted(converted.symbols as u64, "symbol"),
        text::counted(converted.files as u64, "file"),
        text::count(converted.dropped.values().sum()),
        text::counted(converted.inputs as u64, "file"),
        text::rate(converted.bars, seconds),
    );
    for joined in &converted.joined {
        message += &format!("\njoined  {}", printable(&joined.to_string()));
    }
    for note in converted.notes.iter().take(NOTES) {
        message += &format!("\nnote: {}", printable(note));
    }
    if converted.notes.len() > NOTES {
        message += &format!("\n... and {} more notes", converted.notes.len() - NOTES);
    }
    message
}

/// Notes that are shown.
const NOTES: usize = 20;
