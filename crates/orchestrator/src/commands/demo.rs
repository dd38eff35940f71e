//! `barloom` alone: a dataset from bundled bars.

use std::path::Path;

use barloom_dataset::Dataset;
use barloom_recipe::Recipe;

use crate::commands::report;
use crate::compose::{self, Job};
use crate::failure::Failure;
use crate::output::Output;

const OUT: &str = "barloom-demo";
const BARS_NAME: &str = "SPY-1h.parquet";
const BARS: &[u8] = include_bytes!("../../../../fixtures/spy_1h.parquet");

pub(crate) fn run(output: &Output) -> Result<(), Failure> {
    let out = Path::new(OUT);
    let recipe = Recipe::default();
    let bars = barloom_market_data::read_bytes(BARS_NAME, BARS, &compose::read_options(&recipe))?;
    let threads = rayon::current_num_threads();
    let overwrite = is_demo(out);
    let job = Job { recipe, out, overwrite, chunk_rows: 4_096, threads };
    let done = compose::build(&job, bars, output)?;
    let head = "Barloom built a dataset from bundled hourly SPY bars with the default recipe.\n";
    let next = format!(
        "\nnext:\n  \
         barloom inspect {OUT} --sample 0        look at one sample\n  \
         barloom init recipe.toml                write a recipe to change\n  \
         barloom check 'your/bars*.parquet'      see whether your bars are sound\n  \
         barloom build --config recipe.toml --bars 'your/bars*.parquet' --out my-dataset\n\
         (barloom is target/release/barloom here, or `cargo run --release -p orchestrator --`)\n"
    );
    let text = format!("{head}\n{}{next}", report::text(&done));
    output.print(&report::json(&done), &text)
}

/// Whether a folder is the demo of an earlier run, which the same bits may replace: a whole
/// dataset of the same recipe from the same bars.
fn is_demo(out: &Path) -> bool {
    Dataset::open(out).is_ok_and(|dataset| {
        let manifest = dataset.manifest();
        let symbols: Vec<&str> =
            manifest.market.symbols.iter().map(|s| s.symbol.as_str()).collect();
        let default = Recipe::default();
        let recipe = dataset.recipe();
        symbols == ["SPY"]
            && recipe.dataset == default.dataset
            && recipe.sampling == default.sampling
    })
}
