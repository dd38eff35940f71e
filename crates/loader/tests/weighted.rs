//! Weighted epochs: frequencies, the same order for any number of ranks, and weights that are
//! refused.

mod kit;

use std::collections::BTreeSet;
use std::sync::Arc;

use barloom_loader::{
    Batch, Loader, LoaderError, LoaderOptions, OrderState, RowWeights, State, Unit, Weights,
};
use kit::{joined_by, loader, samples, session};
use proptest::prelude::*;

/// The weight of sample s: s * s % 97.
struct Squares;

impl Weights for Squares {
    fn weight(&self, sample: u64) -> f32 {
        (u128::from(sample) * u128::from(sample) % 97) as f32
    }

    fn greatest(&self) -> f32 {
        96.0
    }
}

/// The weights of samples, one after the other, again and again.
fn rows(weights: &[f32]) -> Result<Arc<dyn Weights>, LoaderError> {
    let count = weights.len() as u64;
    let row = move |sample: u64| (sample % count) as usize;
    Ok(Arc::new(RowWeights::new(weights.iter().copied().collect(), row)?))
}

fn options(batch_size: usize, seed: u64) -> LoaderOptions {
    let shuffle = Some(seed);
    LoaderOptions { batch_size, shuffle, threads: Some(0), ..LoaderOptions::default() }
}

/// The samples of an epoch.
fn epoch(loader: &Loader, number: u64) -> Vec<u64> {
    samples(loader.batches(&loader.start(number)).unwrap()).concat()
}

#[test]
fn draws_are_those_of_the_description() {
    for line in include_str!("goldens/weighted.txt").lines() {
        let words: Vec<u64> = line.split(' ').map(|word| word.parse().expect("a number")).collect();
        let [count, seed, number, expected @ ..] = &words[..] else { panic!("{line}") };
        let loader = loader(*count, options(expected.len(), *seed));
        let loader = loader.weighted(Arc::new(Squares)).unwrap();
        let first = loader.batches(&loader.start(*number)).unwrap().next().unwrap().unwrap();
        // An epoch of fewer samples has no more draws.
        assert_eq!(first.len() as u64, (*count).min(30));
        assert_eq!(first.samples(), &expected[..first.len()], "{line}");
    }
}

/// Pearson's statistic of counts whose shares should be those of weights above 0.
fn chi_square(counts: &[u64], weights: &[f64]) -> f64 {
    let scale = counts.iter().sum::<u64>() as f64 / weights.iter().sum::<f64>();
    let term = |(count, weight): (&u64, &f64)| {
        let expected = weight * scale;
        (*count as f64 - expected) * (*count as f64 - expected) / expected
    };
    counts.iter().zip(weights).map(term).sum()
}

/// The value that the statistic exceeds once in a million, about (Wilson and Hilferty, 1931).
fn critical(degrees: usize) -> f64 {
    let k = degrees as f64;
    let root = 1.0 - 2.0 / (9.0 * k) + 4.75 * (2.0 / (9.0 * k)).sqrt();
    k * root * root * root
}

#[test]
fn samples_are_drawn_in_proportion_to_their_weights() {
    let weights = [0.0, 1.0, 0.25, 3.0, 7.5, 0.0, 2.0, 1.5, 0.125, 4.0, 10.0];
    let above_0: Vec<usize> = (0..weights.len()).filter(|at| weights[*at] > 0.0).collect();
    let expected: Vec<f64> = above_0.iter().map(|at| f64::from(weights[*at])).collect();
    let share = |count: &dyn Fn(u64) -> usize, drawn: &[u64]| {
        let mut counts = vec![0_u64; expected.len()];
        for sample in drawn {
            let at = above_0.binary_search(&count(*sample)).expect("weights of 0 are not drawn");
            counts[at] += 1;
        }
        counts
    };
    // Of 110,000 samples ten thousand have each weight.
    let loader = loader(110_000, options(10_000, 3)).weighted(rows(&weights).unwrap()).unwrap();
    let drawn = epoch(&loader, 0);
    let counts = share(&|sample| (sample % 11) as usize, &drawn);
    let statistic = chi_square(&counts, &expected);
    assert!(statistic < critical(expected.len() - 1), "{statistic}: {counts:?}");
    // Those of one weight are as likely, wherever they are.
    let mut tenths = [0_u64; 10];
    for sample in drawn.iter().filter(|sample| *sample % 11 == 10) {
        tenths[(sample / 11_000) as usize] += 1;
    }
    let statistic = chi_square(&tenths, &[1.0; 10]);
    assert!(statistic < critical(9), "{statistic}: {tenths:?}");
    // The places of an epoch do not depend on each other.
    let mut pairs = vec![0_u64; 81];
    for pair in drawn.chunks_exact(2) {
        let [a, b] = [pair[0], pair[1]].map(|sample| {
            above_0.binary_search(&((sample % 11) as usize)).expect("weights of 0 are not drawn")
        });
        pairs[a * 9 + b] += 1;
    }
    let both: Vec<f64> =
        expected.iter().flat_map(|a| expected.iter().map(move |b| a * b)).collect();
    let statistic = chi_square(&pairs, &both);
    assert!(statistic < critical(80), "{statistic}: {pairs:?}");
    // Nor do the epochs: place 0 of many.
    let few = kit::loader(11, options(11, 8)).weighted(rows(&weights).unwrap()).unwrap();
    let firsts: Vec<u64> = (0..20_000)
        .map(|number| {
            few.batches(&few.start(number)).unwrap().next().unwrap().unwrap().samples()[0]
        })
        .collect();
    let counts = share(&|sample| sample as usize, &firsts);
    let statistic = chi_square(&counts, &expected);
    assert!(statistic < critical(expected.len() - 1), "{statistic}: {counts:?}");
}

#[test]
fn equal_weights_draw_with_replacement() {
    let loader = loader(10_000, options(1_000, 1)).weighted(rows(&[0.3; 7]).unwrap()).unwrap();
    let drawn: BTreeSet<u64> = epoch(&loader, 0).into_iter().collect();
    // A share of 1 - 1/e is drawn at least once, 6,321, with a standard deviation of 31.
    assert!((6_321 - 31 * 5..6_321 + 31 * 5).contains(&drawn.len()), "{}", drawn.len());
    assert!(drawn.iter().all(|sample| *sample < 10_000));
}

#[test]
fn epochs_and_seeds_have_draws_of_their_own() {
    let of = |seed, number| {
        let loader = loader(900, options(100, seed)).weighted(Arc::new(Squares)).unwrap();
        epoch(&loader, number)
    };
    let same = |a: &[u64], b: &[u64]| a.iter().zip(b).filter(|(a, b)| a == b).count();
    let first = of(5, 0);
    assert_eq!(first, of(5, 0));
    for other in [of(5, 1), of(6, 0), of(4, 1)] {
        // Two random epochs agree in one or two places on average.
        assert!(same(&first, &other) < 15);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn ranks_workers_and_threads_draw_the_same(
        count in 1..600_u64,
        batch_size in 1..50_usize,
        threads in prop::sample::select(vec![0, 1, 3]),
        number in 0..3_u64,
        stop in 0..8_usize,
    ) {
        // The weight of sample 0 is above 0, so that one sample can be drawn.
        let weights: Vec<f32> = (0..97_u8).map(|k| f32::from(k.wrapping_mul(k).wrapping_add(1))).collect();
        let base = LoaderOptions { threads: Some(threads), ..options(batch_size, 2) };
        let session = session(1);
        let make = |options: LoaderOptions| {
            let loader = Loader::new(Arc::clone(&session), count, options).unwrap();
            loader.weighted(rows(&weights).unwrap()).unwrap()
        };
        let start = make(base.clone()).start(number);
        let (alone, _) = joined_by(1, &start, |_| make(base.clone()));
        prop_assert_eq!(alone.concat().len(), count as usize);
        for world_size in [2, 3, 8] {
            let rank = |rank| make(LoaderOptions { rank, world_size, ..base.clone() });
            let (steps, states) = joined_by(world_size, &start, rank);
            prop_assert_eq!(steps.concat(), alone.concat());
            // Any of its states goes on alone, with batches of another size.
            let Some(state) = states.get(stop) else { continue };
            let other = LoaderOptions { batch_size: batch_size + 3, ..base.clone() };
            let (rest, _) = joined_by(1, state, |_| make(other.clone()));
            let passed = steps[..=stop].concat().len();
            prop_assert_eq!(&rest.concat()[..], &alone.concat()[passed..]);
        }
        let dealt: Vec<Vec<Vec<u64>>> = (0..2).map(|worker| {
            let loader = make(LoaderOptions { worker, workers: 2, ..base.clone() });
            samples(loader.batches(&loader.start(number)).unwrap())
        }).collect();
        let in_turn: Vec<u64> = (0..alone.len()).flat_map(|step| dealt[step % 2][step / 2].clone()).collect();
        prop_assert_eq!(in_turn, alone.concat());
    }
}

#[test]
fn weights_of_states_draw_whole_states() {
    // Sample 4 s stands for state s; samples between them are never asked for.
    struct States;
    impl Weights for States {
        fn weight(&self, sample: u64) -> f32 {
            assert!(sample.is_multiple_of(4));
            [0.0, 1.0, 3.0][(sample / 4 % 3) as usize]
        }
        fn greatest(&self) -> f32 {
            3.0
        }
    }
    let options = LoaderOptions { unit: Unit::State, ..options(50, 5) };
    let loader = Loader::new(session(4), 4_003, options).unwrap();
    let drawn = epoch(&loader.weighted(Arc::new(States)).unwrap(), 0);
    assert_eq!(drawn.len(), 4_000);
    let mut counts = [0_u64; 3];
    for state in drawn.chunks(4) {
        assert!(state[0].is_multiple_of(4) && state.windows(2).all(|pair| pair[1] == pair[0] + 1));
        counts[(state[0] / 4 % 3) as usize] += 1;
    }
    assert_eq!(counts[0], 0);
    let statistic = chi_square(&counts[1..], &[1.0, 3.0]);
    assert!(statistic < critical(1), "{statistic}: {counts:?}");
}

#[test]
fn fresh_epochs_and_fractions_draw_from_their_samples() {
    let fresh = loader(100, LoaderOptions { fresh: true, ..options(10, 5) });
    let fresh = fresh.weighted(Arc::new(Squares)).unwrap();
    assert!(epoch(&fresh, 3).iter().all(|sample| (300..400).contains(sample)));
    let part = loader(1_000, LoaderOptions { fraction: 0.1, ..options(10, 5) });
    let drawn = epoch(&part.weighted(Arc::new(Squares)).unwrap(), 0);
    assert_eq!(drawn.len(), 100);
    assert!(drawn.iter().any(|sample| *sample >= 900), "it draws from all");
}

#[test]
fn wrong_weights_are_refused_before_the_first_batch() {
    let says = |weights: &[f32]| match rows(weights) {
        Ok(_) => panic!("{weights:?}"),
        Err(error) => error.to_string(),
    };
    assert_eq!(
        says(&[1.0, -0.5]),
        "the weight of row 1 is -0.5; expected a finite number of at least 0"
    );
    for wrong in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, -f32::MIN_POSITIVE] {
        assert!(says(&[1.0, 1.0, wrong]).contains(&format!("row 2 is {wrong}")));
    }
    let zero = "all weights are 0; samples are drawn in proportion to them, so one must be above 0";
    assert_eq!(says(&[0.0, -0.0]), zero);
    assert_eq!(says(&[]), zero);

    struct Fixed(f32, f32);
    impl Weights for Fixed {
        fn weight(&self, _: u64) -> f32 {
            self.0
        }
        fn greatest(&self) -> f32 {
            self.1
        }
    }
    let refused = |weight, greatest| {
        let loader = loader(10, options(5, 1));
        loader.weighted(Arc::new(Fixed(weight, greatest))).unwrap_err().to_string()
    };
    assert_eq!(refused(0.0, 0.0), zero);
    assert!(refused(1.0, f32::NAN).starts_with("the weight of greatest() is NaN"));
    let above = refused(2.0, 1.0);
    assert!(
        above.ends_with(" is 2; expected a number from 0 to the greatest weight, 1"),
        "{above}"
    );
    assert!(refused(f32::NAN, 1.0).contains(" is NaN; expected"));
    assert!(refused(-1.0, 1.0).contains(" is -1; expected"));
    let uneven = refused(0.0, 1.0);
    assert!(uneven.starts_with("no sample was accepted in 1048576 draws for place 0"), "{uneven}");
    let unshuffled = LoaderOptions { shuffle: None, ..options(5, 1) };
    let error = loader(10, unshuffled).weighted(Arc::new(Squares)).unwrap_err();
    assert_eq!(
        error.to_string(),
        "shuffle: expected a seed, as weighted epochs draw their samples, got none"
    );
}

#[test]
fn a_wrong_weight_that_is_met_later_ends_the_epoch() {
    struct Late;
    impl Weights for Late {
        fn weight(&self, sample: u64) -> f32 {
            if sample == 77 { f32::NAN } else { 1.0 }
        }
        fn greatest(&self) -> f32 {
            1.0
        }
    }
    let loader = loader(1_000, options(10, 1)).weighted(Arc::new(Late)).unwrap();
    let batches: Vec<Result<Batch, LoaderError>> =
        (0..20).flat_map(|number| loader.batches(&loader.start(number)).unwrap()).collect();
    let errors: Vec<_> = batches.iter().filter_map(|batch| batch.as_ref().err()).collect();
    assert!(!errors.is_empty());
    for error in errors {
        assert!(error.to_string().starts_with("the weight of sample 77 is NaN"), "{error}");
    }
}

#[test]
fn states_say_whether_they_are_weighted() {
    let plain = loader(100, options(10, 1));
    let weighted = loader(100, options(10, 1)).weighted(Arc::new(Squares)).unwrap();
    let text = serde_json::to_string(&plain.start(0)).unwrap();
    assert!(!text.contains("weighted"), "{text}");
    let state: State = serde_json::from_str(&text).unwrap();
    assert_eq!(state, plain.start(0));
    let error = weighted.batches(&state).unwrap_err();
    assert!(error.to_string().contains("its weighted is false"), "{error}");
    let text = serde_json::to_string(&weighted.start(0)).unwrap();
    let state: State = serde_json::from_str(&text).unwrap();
    assert!(matches!(state.order, OrderState { weighted: true, .. }));
    assert!(plain.batches(&state).is_err() && weighted.batches(&state).is_ok());
}
