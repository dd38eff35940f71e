//! Properties of every draw.

use barloom_sampling::{
    Directions, MAX_SAMPLES, PositionOrder, Sampler, SamplingError, SamplingSettings,
};
use proptest::prelude::*;

fn sampler(seed: u64, part: Option<u32>, k: u64, positions: u64) -> Sampler {
    let settings = SamplingSettings::default();
    Sampler::new(&settings, seed, part, k, PositionOrder::Random, positions).unwrap()
}

proptest! {
    #[test]
    fn draws_lie_in_their_bounds(seed: u64, i in 0..MAX_SAMPLES, positions in 1..=u64::MAX) {
        let settings = SamplingSettings::default();
        let d = sampler(seed, None, 1, positions).draw(i);
        prop_assert!(d.rank < positions);
        let values = [
            d.equity, d.balance, d.position.into(), d.sl_dist, d.tp_dist,
            d.dollars, d.stop, d.target, d.direction.into(),
        ];
        for (bounds, value) in settings.bounds().iter().zip(values) {
            prop_assert!(bounds.lo <= value && value <= bounds.hi, "{bounds:?} {value}");
        }
        let action = [d.dollars, d.stop, d.target];
        prop_assert!(action.iter().all(|x| (*x == 0.0) == (d.direction == 0)));
    }

    #[test]
    fn actions_of_a_state_share_it(seed: u64, state in 0..1_u64 << 50, k in 2..1000_u64) {
        let many = sampler(seed, Some(1), k, 1 << 30);
        let one = sampler(seed, Some(1), 1, 1 << 30);
        let first = one.draw(state);
        for i in [state * k, state * k + k - 1] {
            let (d, own) = (many.draw(i), one.draw(i));
            prop_assert_eq!((d.rank, d.equity, d.balance), (first.rank, first.equity, first.balance));
            prop_assert_eq!((d.position, d.sl_dist, d.tp_dist),
                (first.position, first.sl_dist, first.tp_dist));
            prop_assert_eq!((d.direction, d.dollars, d.stop, d.target),
                (own.direction, own.dollars, own.stop, own.target));
        }
    }
}

#[test]
fn a_field_set_constant_moves_no_other_field() {
    let settings = SamplingSettings { act_dir: Directions(vec![1]), ..SamplingSettings::default() };
    let long = Sampler::new(&settings, 42, None, 1, PositionOrder::Random, 100).unwrap();
    let any = sampler(42, None, 1, 100);
    for i in 0..1000 {
        let (a, b) = (long.draw(i), any.draw(i));
        assert_eq!((a.rank, a.equity, a.tp_dist), (b.rank, b.equity, b.tp_dist));
        if b.direction != 0 {
            assert_eq!((a.dollars, a.stop, a.target), (b.dollars, b.stop, b.target));
        }
    }
}

#[test]
fn sequential_positions_visit_every_position_once_a_state() {
    let settings = SamplingSettings::default();
    let sampler = Sampler::new(&settings, 3, None, 2, PositionOrder::Sequential, 5).unwrap();
    let ranks: Vec<u64> = (0..12).map(|i| sampler.draw(i).rank).collect();
    assert_eq!(ranks, [0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 0, 0]);
}

#[test]
fn draws_spread_evenly() {
    let sampler = sampler(42, None, 1, 10);
    let (mut ranks, mut directions) = ([0_u32; 10], [0_u32; 3]);
    for i in 0..90_000 {
        let draw = sampler.draw(i);
        ranks[draw.rank as usize] += 1;
        directions[(draw.direction + 1) as usize] += 1;
    }
    // Six standard deviations of a binomial count.
    assert!(ranks.iter().all(|n| n.abs_diff(9_000) < 540), "{ranks:?}");
    assert!(directions.iter().all(|n| n.abs_diff(30_000) < 850), "{directions:?}");
}

#[test]
fn what_cannot_be_drawn_is_refused() {
    let new = |settings: &SamplingSettings, k, positions| {
        Sampler::new(settings, 1, None, k, PositionOrder::Random, positions).unwrap_err()
    };
    let good = SamplingSettings::default();
    let none = SamplingSettings { position: Directions(vec![]), ..good.clone() };
    assert_eq!(
        new(&none, 1, 1).to_string(),
        "position: expected a list of directions, each 0, 1 or -1, at least one, got []"
    );
    assert!(new(&good, 0, 1).to_string().starts_with("actions_per_state: expected "));
    assert_eq!(new(&good, 1, 0), SamplingError::NoPositions);
}
