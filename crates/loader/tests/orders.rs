//! The order of samples: the same for any number of threads and ranks, and from any state.

mod kit;

use std::collections::BTreeSet;
use std::sync::Arc;

use barloom_backend::WindowLayout;
use barloom_loader::{Loader, LoaderError, LoaderOptions, State, Unit};
use kit::{joined, loader, samples, session};
use proptest::prelude::*;

fn options(batch_size: usize, shuffle: Option<u64>) -> LoaderOptions {
    LoaderOptions { batch_size, shuffle, threads: Some(0), ..LoaderOptions::default() }
}

#[test]
fn threads_and_prefetch_cannot_be_seen() {
    for batch_size in [1, 7, 64, 1_000] {
        let orders: Vec<_> = [(0, None), (1, None), (2, Some(1)), (4, Some(9)), (4, Some(100))]
            .into_iter()
            .map(|(threads, prefetch)| {
                let threads = Some(threads);
                let loader = loader(
                    999,
                    LoaderOptions { threads, prefetch, ..options(batch_size, Some(3)) },
                );
                samples(loader.batches(&loader.start(2)).unwrap())
            })
            .collect();
        assert!(orders.windows(2).all(|pair| pair[0] == pair[1]), "batches of {batch_size}");
        let all: BTreeSet<u64> = orders[0].concat().into_iter().collect();
        assert_eq!((all.len(), orders[0].concat().len()), (999, 999));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn any_number_of_ranks_gives_the_same_samples_in_the_same_order(
        count in 1..900_u64,
        batch_size in 1..70_usize,
        shuffle in prop::option::of(0..5_u64),
        threads in prop::sample::select(vec![0, 1, 2, 4]),
        epoch in 0..3_u64,
    ) {
        let options = LoaderOptions { threads: Some(threads), ..options(batch_size, shuffle) };
        let start = loader(count, options.clone()).start(epoch);
        let (alone, _) = joined(count, &options, &start);
        let sorted: BTreeSet<u64> = alone.concat().into_iter().collect();
        prop_assert_eq!(sorted.len(), count as usize);
        prop_assert_eq!(alone.concat().len(), count as usize);
        for world_size in [2, 3, 8] {
            let options = LoaderOptions { world_size, ..options.clone() };
            let (steps, _) = joined(count, &options, &start);
            prop_assert_eq!(steps.concat(), alone.concat());
            // Whole steps are world_size steps of one rank.
            for (whole, ranks) in alone.chunks_exact(world_size).zip(&steps) {
                prop_assert_eq!(&whole.concat()[..], &ranks[..]);
            }
        }
    }

    #[test]
    fn stopped_anywhere_and_resumed_with_other_ranks_nothing_is_missed_or_seen_twice(
        count in 1..900_u64,
        batch_size in 1..70_usize,
        other_batch_size in 1..70_usize,
        worlds in prop::sample::subsequence(vec![1_usize, 2, 3, 8], 2),
        swap: bool,
        stop in 0..40_usize,
        threads in prop::sample::select(vec![0, 1, 2, 4]),
    ) {
        let [before, after] = if swap { [worlds[1], worlds[0]] } else { [worlds[0], worlds[1]] };
        let before =
            LoaderOptions { world_size: before, threads: Some(threads), ..options(batch_size, Some(1)) };
        let after =
            LoaderOptions { world_size: after, ..options(other_batch_size, Some(1)) };
        let start = loader(count, before.clone()).start(4);
        let (steps, states) = joined(count, &before, &start);
        let stop = stop.min(steps.len());
        let state = if stop == 0 { start } else { states[stop - 1].clone() };
        // Through its text, as it is kept.
        let text = serde_json::to_string(&state).unwrap();
        let state: State = serde_json::from_str(&text).unwrap();
        let (rest, _) = joined(count, &after, &state);
        let resumed = [&steps[..stop], &rest[..]].concat().concat();
        prop_assert_eq!(resumed, steps.concat());
    }

    #[test]
    fn workers_are_dealt_the_steps_in_turn(
        count in 1..500_u64,
        batch_size in 1..30_usize,
        workers in 1..5_usize,
        world_size in 1..4_usize,
        stop in 0..9_usize,
    ) {
        let rank = world_size - 1;
        let alone = LoaderOptions { world_size, rank, ..options(batch_size, Some(9)) };
        let expected = loader(count, alone.clone());
        let expected = samples(expected.batches(&expected.start(0)).unwrap());
        let (mut dealt, mut resumed) = (Vec::new(), Vec::new());
        for worker in 0..workers {
            let loader = loader(count, LoaderOptions { workers, worker, ..alone.clone() });
            let start = loader.start(0);
            let mut batches = loader.batches(&start).unwrap();
            let mut own = samples(batches.by_ref().take(stop));
            let state = batches.state();
            prop_assert_eq!(loader.steps(&start).unwrap() as usize, own.len() + batches.count());
            own.extend(samples(loader.batches(&state).unwrap()));
            resumed.push(own);
            dealt.push(samples(loader.batches(&start).unwrap()));
        }
        prop_assert_eq!(&resumed, &dealt);
        let turns = (0..expected.len()).map(|step| dealt[step % workers][step / workers].clone());
        prop_assert_eq!(turns.collect::<Vec<_>>(), expected);
        prop_assert_eq!(dealt.concat().len(), loader(count, alone.clone()).steps(&loader(count, alone).start(0)).unwrap() as usize);
    }
}

/// A batch holds the values that the session makes of its samples.
#[test]
fn batches_hold_their_samples() {
    for (actions, unit) in [(1, Unit::Sample), (4, Unit::Sample), (4, Unit::State)] {
        for layout in [WindowLayout::ChannelsFirst, WindowLayout::ChannelsLast] {
            let session = session(actions);
            let options = LoaderOptions { layout, unit, threads: Some(2), ..options(5, Some(1)) };
            let loader = Loader::new(Arc::clone(&session), 83, options).unwrap();
            let mut one = session.allocate(1).unwrap();
            for batch in loader.batches(&loader.start(0)).unwrap() {
                let batch = batch.unwrap();
                let each = batch.rows_per_window();
                assert_eq!(batch.rows(), batch.len() * each);
                for (row, sample) in batch.samples().iter().enumerate() {
                    session.fill(*sample, 1, &mut one).unwrap();
                    for channel in 0..5 {
                        for k in 0..6 {
                            let at = match layout {
                                WindowLayout::ChannelsLast => [row / each, k, channel],
                                _ => [row / each, channel, k],
                            };
                            assert_eq!(batch.windows()[at], one.window(channel, 0)[k]);
                        }
                    }
                    let meta = one.meta(0);
                    for (field, x) in meta.into_iter().enumerate() {
                        let scaled = session.program().meta.scale(field, x);
                        assert_eq!(batch.meta()[[row, field]], scaled, "field {field}");
                    }
                    assert_eq!(batch.reward()[[row, 0]], one.rewards[0][0] as f32);
                    assert_eq!(batch.metric(0)[row], one.rewards[0][0]);
                    for column in barloom_loader::columns(true) {
                        let got = batch.column(column).unwrap().value(row);
                        let expected = match column {
                            "sample" => *sample as f64,
                            // Of the columns one that is told by name, so that none stands for another.
                            "act_dollar" => one.act_dollar[0],
                            "ts" => one.ts[0] as f64,
                            _ => one.column(column).unwrap().value(0),
                        };
                        assert_eq!(got, expected, "{column} of sample {sample}");
                    }
                }
            }
        }
    }
}

#[test]
fn states_stay_whole() {
    let options = LoaderOptions { unit: Unit::State, ..options(3, Some(5)) };
    let loader = Loader::new(session(4), 83, options).unwrap();
    let batches = samples(loader.batches(&loader.start(0)).unwrap());
    // 20 whole states; the three samples of the last one are left out.
    assert_eq!(batches.iter().map(Vec::len).collect::<Vec<_>>(), [12, 12, 12, 12, 12, 12, 8]);
    for state in batches.concat().chunks(4) {
        assert!(state[0] % 4 == 0 && state.windows(2).all(|pair| pair[1] == pair[0] + 1));
    }
}

#[test]
fn fresh_epochs_share_no_sample() {
    let loader = loader(100, LoaderOptions { fresh: true, ..options(7, Some(5)) });
    for epoch in [0, 1, 1_000_000] {
        let mut all = samples(loader.batches(&loader.start(epoch)).unwrap()).concat();
        assert!(all[0] != epoch * 100 || all[1] != epoch * 100 + 1, "shuffled");
        all.sort_unstable();
        assert_eq!(all, (epoch * 100..(epoch + 1) * 100).collect::<Vec<_>>());
    }
    let last = loader.start(u64::MAX / 50);
    let error = loader.batches(&last).unwrap_err();
    assert!(matches!(error, LoaderError::NoMoreSamples { .. }), "{error}");
}

#[test]
fn a_fraction_is_another_one_each_epoch() {
    let loader = loader(100, LoaderOptions { fraction: 0.25, ..options(10, Some(5)) });
    let epoch = |e| samples(loader.batches(&loader.start(e)).unwrap()).concat();
    let (first, second) = (epoch(0), epoch(1));
    assert_eq!((first.len(), second.len()), (25, 25));
    assert_ne!(first.iter().collect::<BTreeSet<_>>(), second.iter().collect::<BTreeSet<_>>());
}

#[test]
fn drop_last_leaves_whole_steps() {
    for world_size in [1, 2, 3] {
        let options = LoaderOptions { drop_last: true, world_size, ..options(7, Some(5)) };
        let start = loader(100, options.clone()).start(0);
        let (steps, _) = joined(100, &options, &start);
        assert_eq!(steps.len(), 100 / (7 * world_size));
        assert!(steps.iter().all(|step| step.len() == 7 * world_size));
    }
}

#[test]
fn options_that_cannot_be() {
    let wrong = [
        ("batch_size: expected a whole number of at least 1, got 0", options(0, None)),
        (
            "rank: expected a number below world_size, 2, got 2",
            LoaderOptions { rank: 2, world_size: 2, ..options(1, None) },
        ),
        (
            "fraction: expected a number above 0 and up to 1, got NaN",
            LoaderOptions { fraction: f64::NAN, ..options(1, None) },
        ),
        (
            "layout: expected [B, C, L] or [B, L, C], got a column for each channel",
            LoaderOptions { layout: WindowLayout::PerChannel, ..options(1, None) },
        ),
    ];
    for (message, options) in wrong {
        let error = Loader::new(session(1), 10, options).unwrap_err();
        assert_eq!(error.to_string(), message);
    }
    let error = Loader::new(session(1), 0, options(1, None)).unwrap_err();
    assert!(error.to_string().starts_with("samples: expected a whole number from 1"), "{error}");
    let error = loader(100, options(1, Some(1)))
        .batches(&loader(99, options(1, Some(1))).start(0))
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "the state belongs to another order of samples: its number of places is 99, this loader has 100; \
         use the options and the dataset with which it was saved"
    );
}
