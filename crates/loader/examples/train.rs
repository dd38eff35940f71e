//! Trains on ndarrays: batches of a dataset in memory, in a program of your own.
//!
//!     cargo run --release -p barloom-loader --example train -- [BARS...]
//!
//! A linear model predicts the reward of (window, state, action) from real bars: hourly SPY, or the
//! files that are named. It learns on the train part and is judged on the test part, which is later
//! in time, against the constant that was best on the train part. What it can learn is structure,
//! not the market: a hold earns nothing, costs come with a trade, rewards grow with dollars over
//! equity. What comes next in the market it is not shown to know.

use std::error::Error;
use std::sync::Arc;

use barloom_backend::Backend;
use barloom_backend_cpu::CpuBackend;
use barloom_bars::Market;
use barloom_loader::{Batch, Loader, LoaderOptions};
use barloom_market_data::{OnBadBar, ReadOptions, read};
use barloom_plan::Planner;
use barloom_recipe::Recipe;
use ndarray::{Array1, Array2, Axis, s};

const RECIPE: &str = r#"
[dataset]
samples = 200_000
lookback = 32
forward = 24
[sampling]
act_dir = [1, 1, 0, -1]        # so that the drift of the market shows
[reward]
metric = "log_return"
[split]
embargo = 24
[[split.part]]
name = "train"
fraction = 0.7
[[split.part]]
name = "test"
fraction = 0.3
"#;

const EPOCHS: u64 = 3;
const RATE: f32 = 0.02;

fn main() -> Result<(), Box<dyn Error>> {
    let mut bars: Vec<String> = std::env::args().skip(1).collect();
    if bars.is_empty() {
        bars = vec![concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/spy_1h.parquet").into()];
    }
    let recipe = Recipe::from_toml(RECIPE, "recipe")?;
    let read = read(&bars, &ReadOptions::default())?.into_market_series(OnBadBar::Drop)?;
    let market = Arc::new(Market::new(&read.series, &recipe.data.channels, recipe.max_gap())?);
    let recipe = recipe.resolve(&market)?;
    let mut loaders = Vec::new();
    let planner = Planner::new(&recipe, &market)?;
    let prepared =
        CpuBackend::default().load(Arc::clone(&market), Arc::clone(planner.program()))?;
    for part in recipe.parts(&market)? {
        let plan = planner.plan(Some(&part))?;
        let session = Arc::clone(&prepared).session(plan.draws)?;
        let options =
            LoaderOptions { batch_size: 512, shuffle: Some(0), ..LoaderOptions::default() };
        loaders.push(Loader::new(session, plan.samples, options)?);
    }
    let [train, test] = &loaders[..] else { return Err("a train and a test part".into()) };

    let (mut weights, mut scale) = (Array1::<f32>::zeros(0), 1.0_f32);
    let (mut constant, mut count) = (0.0_f64, 0_usize);
    for epoch in 0..EPOCHS {
        for batch in train.batches(&train.start(epoch))? {
            let batch = batch?;
            let (x, y) = (features(&batch), batch.reward().column(0).to_owned());
            if weights.is_empty() {
                weights = Array1::zeros(x.ncols());
                scale = y.std(0.0).max(1e-6);
            }
            if epoch == 0 {
                constant += y.iter().map(|y| f64::from(*y)).sum::<f64>();
                count += y.len();
            }
            let error = x.dot(&weights) - &y / scale;
            weights.scaled_add(-RATE / y.len() as f32, &x.t().dot(&error));
        }
    }
    constant /= count as f64;

    let (mut of_model, mut of_constant, mut count) = (0.0, 0.0, 0);
    for batch in test.batches(&test.start(0))? {
        let batch = batch?;
        let predicted = features(&batch).dot(&weights) * scale;
        for (y, predicted) in batch.reward().column(0).iter().zip(&predicted) {
            let squared = |error: f64| error * error;
            of_model += squared(f64::from(y - predicted));
            of_constant += squared(f64::from(*y) - constant);
            count += 1;
        }
    }
    let share = of_model / of_constant;
    println!(
        "{count} samples after the last of the train part, squared error over the constant's: {share:.4}"
    );
    Ok(())
}

/// The model's inputs, of each sample: 1, the state and the action, the closes of the window, and
/// these again times the direction. `[B, 1 + 9 + 2 L]`.
fn features(batch: &Batch) -> Array2<f32> {
    let closes = batch.windows().slice_move(s![.., 3, ..]).mapv(|close| (close - 1.0) * 20.0);
    let meta = batch.meta();
    // Of the nine meta fields the last is the direction, scaled from -1..1 to 0..1.
    let direction = meta.column(8).mapv(|scaled| scaled * 2.0 - 1.0).insert_axis(Axis(1));
    let ones = Array2::ones((batch.len(), 1));
    let signed = &closes * &direction;
    ndarray::concatenate(Axis(1), &[ones.view(), meta, closes.view(), signed.view()])
        .expect("a row for each sample")
}
