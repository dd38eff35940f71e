//! `barloom` alone: a dataset from bundled bars.

use std::fs;
use std::path::Path;

use barloom_engine::{
    BackendChoice, Dataset, Job, SAMPLE_BARS, SAMPLE_BARS_NAME, Source, foreign_entries, load,
    read_options,
};
use barloom_recipe::{BarsPerYear, Recipe};

use crate::building;
use crate::commands::report;
use crate::failure::Failure;
use crate::output::Output;

const OUT: &str = "barloom-demo";

pub(crate) fn run(output: &Output) -> Result<(), Failure> {
    let out = Path::new(OUT);
    let recipe = Recipe::default();
    let bars = barloom_engine::read_bytes(SAMPLE_BARS_NAME, SAMPLE_BARS, &read_options(&recipe))?;
    check_replaceable(out)?;
    let loaded = load(&recipe, Source::Bars(bars))?;
    let job = Job {
        // Also what a demo that was stopped left.
        overwrite: true,
        threads: rayon::current_num_threads(),
        backend: BackendChoice::Cpu,
        ..Job::new(out)
    };
    let done = building::build(&job, loaded, output)?;
    let next = format!(
        "\nThese are windows of bundled hourly SPY bars, with random trades and their rewards.\n\
         next:\n  \
         barloom inspect {OUT} --sample 0          look at one sample\n  \
         barloom check 'your/bars*.parquet'               look for faults in your bars\n  \
         barloom build 'your/bars*.parquet' --out my-dataset\n  \
         barloom init recipe.toml                         write a recipe to change\n{}",
        how_to_call()
    );
    let text = format!("{}{next}", report::text(&done));
    output.print(&report::json(&done), &text)
}

/// The path of the command, if it runs from the folder that Cargo built it in.
fn how_to_call() -> String {
    let built = std::env::current_exe().ok().filter(|path| {
        let folder = path.parent().and_then(Path::parent);
        folder.and_then(Path::file_name).is_some_and(|name| name == "target")
    });
    built.map_or(String::new(), |path| format!("(barloom is {} here)\n", path.display()))
}

/// Refuses to touch anything but the demo of an earlier run, which the same bits replace.
fn check_replaceable(out: &Path) -> Result<(), Failure> {
    let is_empty = || fs::read_dir(out).is_ok_and(|mut entries| entries.next().is_none());
    if fs::symlink_metadata(out).is_err() || is_empty() {
        return Ok(());
    }
    let refuse = |why: &str| {
        Failure::io(format!(
            "{OUT} {why}, so nothing was changed; move or rename it, or run barloom elsewhere"
        ))
    };
    if !is_demo(out) {
        return Err(refuse("exists and is not the demo of an earlier run"));
    }
    match foreign_entries(out)? {
        Some(entries) => Err(refuse(&format!(
            "holds files that do not belong to the demo: \
            {entries}"
        ))),
        None => Ok(()),
    }
}

/// Recognises the demo of an earlier run: a whole dataset without parts, of the same
/// recipe from the same bars.
fn is_demo(out: &Path) -> bool {
    Dataset::open(out).is_ok_and(|dataset| {
        let manifest = dataset.manifest();
        let symbols: Vec<&str> =
            manifest.market.symbols.iter().map(|s| s.symbol.as_str()).collect();
        // What resolving put in the place of "auto" says nothing.
        let mut recipe = dataset.recipe().clone();
        recipe.data.max_gap = Recipe::default().data.max_gap;
        recipe.reward.bars_per_year = BarsPerYear::Auto;
        symbols == ["SPY"]
            && manifest.part.is_none()
            && recipe.digest() == Recipe::default().digest()
            && recipe.output == Recipe::default().output
    })
}
