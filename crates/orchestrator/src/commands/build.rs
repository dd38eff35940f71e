//! `barloom build`.

use barloom_engine::{Job, Watch, load, read_bars};
use barloom_recipe::Recipe;
use rayon::ThreadPoolBuilder;

use crate::arguments::Build;
use crate::building;
use crate::commands::report;
use crate::failure::Failure;
use crate::output::Output;
use crate::progress;

pub(crate) fn run(build: &Build, output: &Output) -> Result<(), Failure> {
    let recipe = build.recipe()?;
    let pool = || ThreadPoolBuilder::new().num_threads(build.threads.map_or(0, usize::from));
    if pool().build_global().is_ok() {
        return run_here(build, &recipe, output);
    }
    // A process that runs more than one command has that pool already, of as many threads as the
    // first wanted.
    let pool = pool().build().map_err(|e| Failure::io(format!("can't start threads: {e}")))?;
    pool.install(|| run_here(build, &recipe, output))
}

/// Builds on the pool of threads that this one belongs to, or on the global one.
fn run_here(build: &Build, recipe: &Recipe, output: &Output) -> Result<(), Failure> {
    let spinner = progress::spinner("reading bars", output);
    let bars = read_bars(recipe, build.reading.cache(), &Watch::default());
    spinner.finish_and_clear();
    let loaded = load(recipe, bars?)?;
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
        Some(piece) => {
            let pieces = "PIECE ".repeat(piece.count().min(4) as usize);
            let pieces = if piece.count() > 4 { "PIECE..." } else { pieces.trim_end() };
            format!("once there are {} pieces: barloom merge {pieces} --out DIR", piece.count())
        }
    };
    let text = format!("{}\nnext:  {next}\n", report::text(&done));
    output.print(&report::json(&done), &text)
}
