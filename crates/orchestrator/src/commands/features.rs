//! `barloom features`.

use barloom_engine::{
    FeatureTable, WriteOptions, printable, read_files, read_options, read_recipe,
};
use barloom_recipe::Recipe;
use serde_json::json;

use crate::arguments::Features;
use crate::failure::Failure;
use crate::output::Output;
use crate::signals::Signals;
use crate::{clock, text};

pub(crate) fn run(arguments: &Features, output: &Output) -> Result<(), Failure> {
    let mut recipe = match &arguments.config {
        Some(path) => read_recipe(path)?,
        None => Recipe::default(),
    };
    arguments.reading.apply(&mut recipe)?;
    recipe.features.features.extend(arguments.features.iter().cloned());
    recipe.validate()?;
    if !arguments.bars.is_empty() {
        recipe.data.bars.clone_from(&arguments.bars);
    }
    if recipe.data.bars.is_empty() {
        return Err(barloom_engine::Error::NoBars.into());
    }
    let mut options = read_options(&recipe);
    options.columns = Some(FeatureTable::columns(&recipe)?);
    options.cache = arguments.reading.cache();
    let signals = Signals::catch()?;
    let stop = || signals.came();
    let start = clock::now();
    let run = || {
        let bars = read_files(&recipe.data.bars, &options)?;
        let table = FeatureTable::new(&recipe, bars)?;
        table.write(
            &arguments.out,
            WriteOptions {
                overwrite: arguments.overwrite,
                compression: arguments.compression.unwrap_or_default(),
                stop: &stop,
                ..WriteOptions::default()
            },
        )?;
        Ok(table)
    };
    let table: FeatureTable =
        run().map_err(|error: barloom_engine::Error| signals.blame(error.into()))?;
    let seconds = start.elapsed().as_secs_f64();
    let out = arguments.out.display().to_string();
    let value = json!({
        "out": out, "rows": table.rows(), "features": table.names, "notes": table.notes,
    });
    output.print(&value, &message(&out, &table, seconds))
}

fn message(out: &str, table: &FeatureTable, seconds: f64) -> String {
    let mut message = format!(
        "wrote {out}: {} at {} in {seconds:.2} s",
        text::counted(table.names.len() as u64, "feature"),
        text::counted(table.rows() as u64, "bar"),
    );
    for note in table.notes.iter().take(NOTES) {
        message += &format!("\nnote: {}", printable(note));
    }
    if table.notes.len() > NOTES {
        message += &format!("\n... and {} more notes", table.notes.len() - NOTES);
    }
    message
}

/// Notes that are shown.
const NOTES: usize = 20;
