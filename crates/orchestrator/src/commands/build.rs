//! `barloom build`.

use barloom_engine::{Job, load, read_bars, read_recipe};
use barloom_recipe::Recipe;

use crate::arguments::Build;
use crate::building;
use crate::commands::report;
use crate::failure::Failure;
use crate::output::Output;
use crate::progress;

pub(crate) fn run(build: &Build, output: &Output) -> Result<(), Failure> {
    let recipe = recipe(build)?;
    let threads = build.threads.map_or(0, usize::from);
    rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .build_global()
        .map_err(|e| Failure::io(format!("can't start {threads} threads: {e}")))?;
    let spinner = progress::spinner("reading bars", output);
    let bars = read_bars(&recipe, build.reading.cache());
    spinner.finish_and_clear();
    let loaded = load(&recipe, bars?)?;
    report::warn(&loaded, &recipe.data.bars);
    let job = Job {
        out: &build.out,
        overwrite: build.overwrite,
        resume: build.resume,
        piece: build.shard,
        digest: build.digest,
        chunk_rows: build.chunk_rows,
        threads: rayon::current_num_threads(),
        backend: build.backend,
        device: build.device,
    };
    let done = building::build(&job, loaded, output)?;
    let out = build.out.display();
    let first = done.parts.first().map_or(out.to_string(), |p| p.path.display().to_string());
    let next = match build.shard {
        None => format!("barloom inspect {first} --sample 0"),
        Some(piece) => format!("barloom merge all {} pieces --out DIR", piece.count()),
    };
    let text = format!("{}\nnext:  {next}\n", report::text(&done));
    output.print(&report::json(&done), &text)
}

/// The recipe, with what the command line puts in its place.
fn recipe(build: &Build) -> Result<Recipe, Failure> {
    let mut recipe = match &build.config {
        None => Recipe::default(),
        Some(path) => read_recipe(path)?,
    };
    if !build.bars.is_empty() {
        recipe.data.bars.clone_from(&build.bars);
    }
    build.reading.apply(&mut recipe)?;
    if let Some(samples) = &build.samples {
        recipe.dataset.samples =
            samples.parse().map_err(|e| Failure::usage(format!("--samples {samples}: {e}")))?;
    }
    if let Some(seed) = build.seed {
        recipe.dataset.seed = seed;
    }
    if let Some(format) = &build.format {
        recipe.output.format =
            format.parse().map_err(|e| Failure::usage(format!("--format {format}: {e}")))?;
    }
    recipe.validate()?;
    Ok(recipe)
}
