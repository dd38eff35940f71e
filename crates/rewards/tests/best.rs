//! The best action against every action of a grid.

use barloom_rewards::{
    Action, Barriers, Best, Choices, Costs, Entry, Metric, Pricer, Prices, RewardSettings, SameBar,
};
use proptest::prelude::*;

/// Bars with jumps, wicks and flat stretches, prices in cents so that equal prices occur.
fn prices(moves: &[[i8; 4]]) -> Prices {
    let mut columns: [Vec<f64>; 4] = Default::default();
    let mut price = 10_000_i64;
    for [jump, body, above, below] in moves {
        let part = |value: i8, of: i64| i64::from(value) / of;
        let open = price + part(*jump, 16) * 20;
        let close = open + part(*body, 4) * 10;
        let high = open.max(close) + part(*above, 32).abs() * 10;
        let low = open.min(close) - part(*below, 32).abs() * 10;
        let bar = [open, high, low, close].map(|cents| cents.max(1) as f64 / 100.0);
        columns.iter_mut().zip(bar).for_each(|(column, value)| column.push(value));
        price = close.max(5_000);
    }
    let [open, high, low, close] = columns;
    Prices::new(open, high, low, close)
}

fn action(best: &Best) -> Action {
    let Best { direction, stop, target, .. } = *best;
    Action { direction, dollars: 1_000.0, stop, target }
}

/// Distances from the least to the greatest, both included.
fn grid([least, most]: [f64; 2], count: usize) -> impl Iterator<Item = f64> + Clone {
    (0..count).map(move |k| least + (most - least) * k as f64 / (count as f64 - 1.0))
}

fn settings() -> impl Strategy<Value = RewardSettings> {
    let entry = prop_oneof![Just(Entry::NextOpen), Just(Entry::NextClose)];
    let same_bar = prop_oneof![Just(SameBar::StopFirst), Just(SameBar::TargetFirst)];
    let costs = prop_oneof![Just(Costs::BothSides), Just(Costs::Once)];
    let barriers = prop_oneof![9 => Just(Barriers::Honour), 1 => Just(Barriers::Ignore)];
    let carry = prop_oneof![Just(0.0), 0.1..30.0];
    (entry, same_bar, costs, barriers, carry, 0.0..20.0, 2..25_usize).prop_map(
        |(entry, same_bar, costs, barriers, carry_bps, fee_bps, forward)| RewardSettings {
            metrics: vec![Metric::PnlPct],
            entry,
            same_bar,
            costs,
            barriers,
            carry_bps,
            fee_bps,
            ..RewardSettings::v1(forward)
        },
    )
}

fn ranges() -> impl Strategy<Value = [f64; 2]> {
    (0.0005..0.01, prop_oneof![Just(0.0), 0.0..0.01, 0.0..0.08])
        .prop_map(|(least, more)| [least, least + more])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// About 1,000 bars, 10,000 actions each.
    #[test]
    fn no_action_of_a_grid_is_better(
        moves in prop::collection::vec(prop::array::uniform4(any::<i8>()), 25..30),
        settings in settings(),
        stop in ranges(),
        target in ranges(),
        directions in prop::sample::subsequence(vec![0_i8, 1, -1], 1..=3),
    ) {
        let choices = Choices { directions, stop, target, of: Metric::PnlPct };
        choices.validate(&settings).expect("they are right");
        let pricer = Pricer::of(prices(&moves), settings.clone()).expect("right settings");
        for t in 0..=moves.len() - settings.forward {
            let best = pricer.best(t, &choices);
            prop_assert!(choices.directions.contains(&best.direction));
            let trade = pricer.trade(t, &action(&best));
            prop_assert_eq!(trade.unit_return.to_bits(), best.unit_return.to_bits());
            if best.direction != 0 {
                prop_assert!((stop[0]..=stop[1]).contains(&best.stop));
                prop_assert!((target[0]..=target[1]).contains(&best.target));
            }
            for direction in &choices.directions {
                for stop in grid(stop, 40) {
                    for target in grid(target, 80) {
                        let one = Action { direction: *direction, dollars: 1_000.0, stop, target };
                        let u = pricer.trade(t, &one).unit_return;
                        prop_assert!(
                            best.unit_return >= u - 1e-11,
                            "t {}: {:?} is better than {:?}: {} {}", t, one, best, u, best.unit_return
                        );
                    }
                }
            }
        }
    }

    /// With targets in cents and prices in cents, a grid holds the best target.
    #[test]
    fn a_grid_that_holds_the_optimum_reaches_it(
        moves in prop::collection::vec(prop::array::uniform4(any::<i8>()), 12),
        settings in settings(),
    ) {
        let (stop, target) = ([0.01, 0.05], [0.01, 0.2]);
        let choices = Choices { directions: vec![0, 1, -1], stop, target, of: Metric::PnlPct };
        let settings = RewardSettings { forward: settings.forward.min(12), ..settings };
        let prices = prices(&moves);
        let columns = prices.columns().map(|column| column.to_vec());
        let pricer = Pricer::of(prices, settings).expect("right settings");
        let best = pricer.best(0, &choices);
        let entry = if pricer.settings().enters_at_open() { columns[0][0] } else { columns[3][0] };
        let mut reached = 0.0_f64;
        for direction in [1_i8, -1] {
            let s = f64::from(direction);
            let of_prices = columns.iter().flatten().map(|price| s * (price / entry - 1.0));
            let inside = of_prices.filter(|d| (target[0]..=target[1]).contains(d));
            for target in inside.chain(target) {
                for stop in stop {
                    let one = Action { direction, dollars: 1.0, stop, target };
                    reached = reached.max(pricer.trade(0, &one).unit_return);
                }
            }
        }
        prop_assert_eq!(best.unit_return, reached);
    }
}

#[test]
fn impossible_choices_name_the_key() {
    let right = Choices {
        directions: vec![0, 1, -1],
        stop: [0.01, 0.02],
        target: [0.01, 0.05],
        of: Metric::Return,
    };
    let settings = RewardSettings::v1(8);
    right.validate(&settings).expect("they are right");
    let change = |change: &dyn Fn(&mut Choices)| {
        let mut choices = right.clone();
        change(&mut choices);
        choices.validate(&settings).expect_err("they are wrong").to_string()
    };
    for (error, says) in [
        (change(&|choices| choices.directions.clear()), "directions is []"),
        (change(&|choices| choices.directions = vec![1, 1]), "directions is [1, 1]"),
        (change(&|choices| choices.directions = vec![2]), "directions is [2]"),
        (change(&|choices| choices.stop = [0.02, 0.01]), "stop is [0.02, 0.01]"),
        (change(&|choices| choices.stop = [0.0, 0.01]), "stop is [0, 0.01]"),
        (change(&|choices| choices.target = [0.1, f64::NAN]), "target is [0.1, NaN]"),
        (change(&|choices| choices.of = Metric::Sharpe), "of is sharpe"),
        (change(&|choices| choices.of = Metric::RMultiple), "of is r_multiple"),
    ] {
        assert!(error.starts_with(says), "{error}");
    }
    let paid = RewardSettings { carry_bps: -1.0, ..settings };
    let error = right.validate(&paid).expect_err("carry is negative").to_string();
    assert!(error.starts_with("carry_bps is -1"), "{error}");
}

/// The cost of the best action over that of a reward, to be run by hand in a release build:
/// `cargo test --release -p barloom-rewards --test best -- --ignored --nocapture`
#[test]
#[ignore = "it measures time"]
#[expect(clippy::disallowed_methods, reason = "it measures time")]
fn cost() {
    let mut state = 1_u64;
    let mut next = || {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 56) as i8
    };
    let moves: Vec<[i8; 4]> = (0..200_000).map(|_| [0, next() / 2, next(), next()]).collect();
    let choices = Choices {
        directions: vec![0, 1, -1],
        stop: [0.005, 0.02],
        target: [0.005, 0.05],
        of: Metric::PnlPct,
    };
    let settings = RewardSettings { metrics: vec![Metric::PnlPct], ..RewardSettings::v1(64) };
    let pricer = Pricer::of(prices(&moves), settings).expect("right settings");
    let rows = 0..moves.len() - 64;
    let time = |work: &mut dyn FnMut() -> f64| {
        let start = std::time::Instant::now();
        std::hint::black_box(work());
        start.elapsed().as_secs_f64() * 1e9 / rows.len() as f64
    };
    let one = |t: usize| {
        let direction = if t.is_multiple_of(2) { 1 } else { -1 };
        Action { direction, dollars: 1.0, stop: 0.01, target: 0.02 }
    };
    for _ in 0..3 {
        let reward = time(&mut || {
            let of = |t: usize| {
                let trade = pricer.trade(t, &one(t));
                pricer.reward(t, &one(t), 1.0, &trade, Metric::PnlPct).value
            };
            rows.clone().map(of).sum()
        });
        let best = time(&mut || rows.clone().map(|t| pricer.best(t, &choices).unit_return).sum());
        println!("a reward {reward:.0} ns, the best action {best:.0} ns: {:.1}", best / reward);
    }
}
