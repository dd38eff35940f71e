//! Many symbols against one of as many bars, in turn, into one block or into blocks of a few
//! thousand.

use std::sync::Arc;

use anyhow::{Context, Result};
use barloom_backend::{SampleBlock, Session};
use barloom_bars::Market;
use barloom_recipe::SymbolWeights;

use super::Options;
use super::memory::{allocate, fill};
use crate::clock::time;
use crate::job::{Ready, bytes_per_row};
use crate::measurement::Measurement;
use crate::stats::Spread;
use crate::walk::walks;

/// Symbols, and bars of each.
const SYMBOLS: (usize, usize) = (500, 5_000);

/// Times are those of many symbols. Told besides: the medians, over the repetitions, of their time
/// over that of one symbol, and of that of many with weights over theirs.
pub(super) fn run(options: &Options) -> Result<Measurement> {
    let many = Arc::new(walks(SYMBOLS.0, SYMBOLS.1));
    let one = Arc::new(walks(1, SYMBOLS.0 * SYMBOLS.1));
    // Positions then have more ranks than one.
    let weights = [("S0".to_owned(), 2.0), ("*".to_owned(), 1.0)];
    let (prepare_s, first) = time(|| session(options, &many, SymbolWeights::Length))?;
    let sessions = [
        first,
        session(options, &one, SymbolWeights::Length)?,
        session(options, &many, SymbolWeights::Given(weights.into()))?,
    ];
    let rows = usize::try_from(options.job.rows).context("more rows than memory has bytes")?;
    let mut blocks: Vec<SampleBlock> = Vec::new();
    let mut times: [Vec<f64>; 3] = Default::default();
    // The first is cold.
    for repetition in 0..=options.job.repetitions {
        for turn in 0..sessions.len() {
            let side = (repetition + turn) % sessions.len();
            let session = &*sessions[side];
            let (seconds, ()) = time(|| {
                if blocks.is_empty() {
                    blocks = allocate(session, rows, options.block_rows);
                }
                fill(session, &mut blocks, options.digest)
            })?;
            times[side].push(seconds);
        }
    }
    let cold_s = times[0][0];
    let [many, one, weighted] = times.map(|times| times[1..].to_vec());
    let over = |above: &[f64], below: &[f64]| {
        let pairs = above.iter().zip(below).map(|(above, below)| above / below);
        Spread::of(&pairs.collect::<Vec<_>>()).map_or(f64::NAN, |spread| spread.median)
    };
    let told = [
        ("many_over_one", over(&many, &one).into()),
        ("weighted_over_many", over(&weighted, &many).into()),
        ("one_s", one.into()),
        ("weighted_s", weighted.into()),
    ];
    Ok(Measurement {
        prepare_s,
        cold_s: Some(cold_s),
        warm_s: many,
        samples: options.job.rows,
        bytes: options.job.rows * bytes_per_row(sessions[0].program().block_shape()),
        extra: told.map(|(name, value)| (name.to_owned(), value)).into(),
        ..Measurement::default()
    })
}

fn session(
    options: &Options,
    market: &Arc<Market>,
    weights: SymbolWeights,
) -> Result<Arc<dyn Session>> {
    let mut recipe = options.job.recipe("parquet")?;
    recipe.dataset.symbol_weights = weights;
    let recipe = recipe.resolve(market)?;
    Ready { recipe, market: Arc::clone(market) }.session()
}
