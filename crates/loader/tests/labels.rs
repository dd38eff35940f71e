//! Labels and weights in batches, with actions and without.

mod kit;

use std::sync::Arc;

use barloom_backend::WindowLayout;
use barloom_backend_cpu::CpuBackend;
use barloom_loader::{Batch, Loader, LoaderOptions, Unit, columns, gather};
use barloom_plan::Plan;
use barloom_recipe::Recipe;
use barloom_schema::Slice;
use kit::{labelled, market};

/// The batches of the first epoch of a loader with these actions and options.
fn batches(actions: Option<u64>, options: LoaderOptions) -> Vec<Batch> {
    let market = market();
    let plan = labelled(&market, actions);
    let session = plan.session(&CpuBackend::default(), Arc::clone(&market)).unwrap();
    let loader = Loader::new(session, plan.samples, options).unwrap();
    loader.batches(&loader.start(0)).unwrap().map(Result::unwrap).collect()
}

fn f64s(slice: Slice<'_>) -> Vec<f64> {
    let Slice::F64(values) = slice else { panic!("{slice:?}") };
    values.to_vec()
}

#[test]
fn labels_are_those_of_the_bar() {
    let market = market();
    let options = LoaderOptions { batch_size: 100, shuffle: Some(1), ..LoaderOptions::default() };
    for actions in [None, Some(1), Some(4)] {
        for batch in batches(actions, options.clone()) {
            let names: Vec<&str> = batch.labels().map(|label| label.name).collect();
            assert_eq!(names, ["fwd_3", "fwd_3_class", "path", "weight"]);
            assert_eq!(batch.is_priced(), actions.is_some());
            let Some(Slice::I64(bars)) = batch.column("bar") else { panic!("no bars") };
            let log =
                |row: usize, h: usize| libm::log(market.close()[row + h - 1] / market.open()[row]);
            let [fwd, class, path, weight] = &batch.labels().collect::<Vec<_>>()[..] else {
                panic!("four")
            };
            let (fwd, Slice::I8(classes), Slice::F32(paths)) =
                (f64s(fwd.values), class.values, path.values)
            else {
                panic!("their types")
            };
            assert_eq!(path.width, 4);
            assert!(
                matches!(weight.values, Slice::F32(weights) if weights.iter().all(|w| *w > 0.0))
            );
            for (row, bar) in bars.iter().enumerate() {
                let bar = *bar as usize;
                assert!((fwd[row] - log(bar, 3)).abs() < 1e-12);
                assert_eq!(classes[row], i8::from(fwd[row] >= 0.0));
                for h in 0..4 {
                    assert!((f64::from(paths[row * 4 + h]) - log(bar, h + 1)).abs() < 1e-6);
                }
            }
            // By name, but for paths.
            assert_eq!(f64s(batch.column("fwd_3").expect("a column")), fwd);
            assert!(batch.column("path").is_none());
            assert_eq!(batch.column("pnl").is_some(), actions.is_some());
        }
    }
}

#[test]
fn samples_without_actions_have_no_meta_and_no_reward() {
    let all = batches(None, LoaderOptions { batch_size: 64, ..LoaderOptions::default() });
    // Each labelled bar once, in order: lookback 6 before, 4 bars of the path from it on.
    let bars: Vec<i64> = all
        .iter()
        .flat_map(|batch| match batch.column("bar") {
            Some(Slice::I64(bars)) => bars.to_vec(),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(bars, (6..=396).collect::<Vec<i64>>());
    for batch in &all {
        assert_eq!((batch.meta_fields(), batch.metrics()), (0, 0));
        assert_eq!(batch.meta().shape(), [batch.rows(), 0]);
        assert_eq!(batch.reward().shape(), [batch.rows(), 0]);
    }
    assert_eq!(columns(false).collect::<Vec<_>>(), ["sample", "symbol", "bar", "ts"]);
    assert!(columns(true).any(|column| column == "act_dir"));
}

#[test]
fn actions_of_a_state_share_its_labels() {
    let options = LoaderOptions { batch_size: 7, unit: Unit::State, ..LoaderOptions::default() };
    for batch in batches(Some(4), options) {
        for label in batch.labels() {
            let values = label.values.bytes();
            let row = values.len() / batch.rows();
            for state in values.chunks(4 * row) {
                assert!(state.chunks(row).all(|one| one == &state[..row]), "{}", label.name);
            }
        }
    }
}

#[test]
fn listed_actions_stand_in_the_columns_of_a_state() {
    let market = market();
    let text = "[dataset]\nlookback = 6\nforward = 5\nsamples = \"all\"\npositions = \"sequential\"\n\
                [sampling]\nactions = \"grid\"\nact_dollar = 1000\nact_sl = 0.02\n\
                act_tp = { choice = [0.001, 0.01, 0.03] }\n";
    let recipe = Recipe::from_toml(text, "test.toml").unwrap().resolve(&market).unwrap();
    let plan = Plan::new(&recipe, &market, None).unwrap();
    let session = plan.session(&CpuBackend::default(), Arc::clone(&market)).unwrap();
    let options = LoaderOptions {
        batch_size: 9,
        unit: Unit::State,
        shuffle: Some(4),
        ..LoaderOptions::default()
    };
    let loader = Loader::new(session, plan.samples, options).unwrap();
    let grid = plan.draws.sampler.grid();
    assert_eq!(grid.len(), 7);
    for batch in loader.batches(&loader.start(0)).unwrap().map(Result::unwrap) {
        assert_eq!((batch.rows_per_window(), batch.rows()), (7, 7 * batch.len()));
        assert_eq!(batch.windows().shape()[0], batch.len());
        let (Some(Slice::I8(directions)), Some(Slice::F64(targets))) =
            (batch.column("act_dir"), batch.column("act_tp"))
        else {
            panic!("actions")
        };
        for row in 0..batch.rows() {
            let action = &grid[row % 7];
            assert_eq!((directions[row], targets[row]), (action.direction, action.target));
            assert!(action.direction != 0 || batch.reward_values()[row] == 0.0);
        }
    }
}

#[test]
fn samples_that_are_looked_up_have_the_same_labels() {
    let market = market();
    let plan = labelled(&market, None);
    let session = plan.session(&CpuBackend::default(), Arc::clone(&market)).unwrap();
    let some = gather(&*session, &[300, 2, 300], WindowLayout::ChannelsFirst).unwrap();
    let all: Vec<u64> = (0..plan.samples).collect();
    let all = gather(&*session, &all, WindowLayout::ChannelsLast).unwrap();
    for (some, all) in some.labels().zip(all.labels()) {
        let width = some.width;
        for (row, sample) in [300, 2, 300].into_iter().enumerate() {
            let one = some.values.range(row * width..(row + 1) * width);
            assert_eq!(one.bytes(), all.values.range(sample * width..(sample + 1) * width).bytes());
        }
    }
}
