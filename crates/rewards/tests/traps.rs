//! The mistakes that others made, each on bars small enough to work out by hand.

use barloom_rewards::{
    Action, Barriers, Costs, Entry, ExitReason, Metric, Pricer, Prices, RewardSettings,
    RewardsError, SameBar,
};

const LONG: Action = Action { direction: 1, notional: 1_000.0, stop: 0.02, target: 0.03 };
const SHORT: Action = Action { direction: -1, ..LONG };

/// Five bars about 100; what a test changes, it names.
const OPEN: [f64; 5] = [100.0; 5];
const HIGH: [f64; 5] = [101.0; 5];
const LOW: [f64; 5] = [99.0; 5];

fn free(forward: usize) -> RewardSettings {
    RewardSettings {
        fee_bps: 0.0,
        slippage_bps: 0.0,
        spread_bps: 0.0,
        metrics: Metric::ALL.to_vec(),
        ..RewardSettings::v1(forward)
    }
}

fn price(
    settings: RewardSettings,
    high: [f64; 5],
    low: [f64; 5],
    action: Action,
) -> (f64, u32, ExitReason) {
    let prices = Prices { open: &OPEN, high: &high, low: &low, close: &OPEN };
    let trade = Pricer::new(prices, settings).unwrap().trade(prices, 0, &action);
    (trade.exit_price, trade.held_bars, trade.reason)
}

fn at(mut column: [f64; 5], row: usize, value: f64) -> [f64; 5] {
    column[row] = value;
    column
}

#[test]
fn stop_and_target_are_not_off_by_one_bar() {
    for row in 0..4 {
        let stopped = price(free(4), HIGH, at(LOW, row, 98.0), LONG);
        assert_eq!(stopped, (98.0, row as u32, ExitReason::Stop), "bar {row} is live");
        let reached = price(free(4), at(HIGH, row, 103.0), LOW, LONG);
        assert_eq!(reached, (103.0, row as u32, ExitReason::Target), "bar {row} is live");
    }
    let after = price(free(4), HIGH, at(LOW, 4, 1.0), LONG);
    assert_eq!(after, (100.0, 3, ExitReason::Horizon), "bar t+F is past the horizon");
}

#[test]
fn next_close_does_not_see_its_entry_bar() {
    let settings = RewardSettings { entry: Entry::NextClose, ..free(4) };
    let entry_bar = price(settings.clone(), HIGH, at(LOW, 0, 98.0), LONG);
    assert_eq!(entry_bar, (100.0, 3, ExitReason::Horizon), "bar t was over at the entry");
    let next = price(settings, HIGH, at(LOW, 1, 98.0), LONG);
    assert_eq!(next, (98.0, 1, ExitReason::Stop));
}

#[test]
fn a_short_has_its_stop_above_and_its_target_below() {
    assert_eq!(price(free(5), at(HIGH, 2, 102.0), LOW, SHORT), (102.0, 2, ExitReason::Stop));
    assert_eq!(price(free(5), HIGH, at(LOW, 2, 97.0), SHORT), (97.0, 2, ExitReason::Target));
    assert_eq!(price(free(5), at(HIGH, 2, 101.9), LOW, SHORT).2, ExitReason::Horizon);
    assert_eq!(price(free(5), HIGH, at(LOW, 2, 97.1), SHORT).2, ExitReason::Horizon);
}

#[test]
fn both_barriers_in_one_bar_go_by_the_rule() {
    let (high, low) = (at(HIGH, 1, 110.0), at(LOW, 1, 90.0));
    assert_eq!(price(free(5), high, low, LONG), (98.0, 1, ExitReason::Stop));
    assert_eq!(price(free(5), high, low, SHORT), (102.0, 1, ExitReason::Stop));
    let settings = RewardSettings { same_bar: SameBar::TargetFirst, ..free(5) };
    assert_eq!(price(settings.clone(), high, low, LONG), (103.0, 1, ExitReason::Target));
    assert_eq!(price(settings, high, low, SHORT), (97.0, 1, ExitReason::Target));
}

#[test]
fn a_gap_through_a_barrier_exits_at_the_open() {
    let open = at(OPEN, 2, 95.0);
    let (high, low) = (HIGH, at(LOW, 2, 94.0));
    let prices = Prices { open: &open, high: &high, low: &low, close: &OPEN };
    let pricer = Pricer::new(prices, free(5)).unwrap();
    let trade = pricer.trade(prices, 0, &LONG);
    assert_eq!((trade.exit_price, trade.reason), (95.0, ExitReason::Stop));
    let trade = pricer.trade(prices, 0, &SHORT);
    assert_eq!((trade.exit_price, trade.reason), (95.0, ExitReason::Target));
}

#[test]
fn the_bar_before_t_is_never_seen() {
    let prices =
        Prices { open: &OPEN, high: &at(HIGH, 0, 150.0), low: &at(LOW, 0, 50.0), close: &OPEN };
    let trade = Pricer::new(prices, free(4)).unwrap().trade(prices, 1, &LONG);
    assert_eq!(trade.reason, ExitReason::Horizon);
}

/// The exit bar's profit counts, and every cost once: the steps of the path sum to u.
#[test]
fn the_path_holds_the_exit_bar_and_each_cost_once() {
    let open = [100.0, 101.0, 102.0, 101.5, 103.0];
    let close = [101.0, 102.0, 101.5, 103.0, 102.0];
    let (high, low) = ([103.5; 5], [99.5; 5]);
    let prices = Prices { open: &open, high: &high, low: &low, close: &close };
    let ignore = |costs| RewardSettings {
        barriers: Barriers::Ignore,
        metrics: vec![Metric::PnlPct, Metric::Sharpe],
        costs,
        fee_bps: 10.0,
        carry_bps: 1.0,
        eps: 0.0,
        bars_per_year: 1.0,
        ..free(5)
    };
    let c = 10.0 * 1e-4;
    for (costs, fees) in [(Costs::Once, c), (Costs::BothSides, c + c * 1.02)] {
        let pricer = Pricer::new(prices, ignore(costs)).unwrap();
        let trade = pricer.trade(prices, 0, &LONG);
        let u = 0.02 - fees - 4.0 * 1e-4;
        assert!((trade.unit_return - u).abs() < 1e-15, "{costs:?}");
        let exit_fee = fees - c;
        let steps = [0.01 - c, 0.01, -0.005, 0.015, -0.01 - exit_fee - 4e-4];
        let mean = steps.iter().sum::<f64>() / 5.0;
        let var = steps.iter().map(|r| (r - mean) * (r - mean)).sum::<f64>() / 5.0;
        let sharpe = pricer.reward(prices, 0, &LONG, 1e4, &trade, Metric::Sharpe).value;
        assert!((sharpe / (mean / var.sqrt()) - 1.0).abs() < 1e-12, "{costs:?}");
    }
}

#[test]
fn a_flat_market_has_a_standard_deviation_of_exactly_0() {
    let settings =
        RewardSettings { barriers: Barriers::Ignore, metrics: vec![Metric::Sharpe], ..free(5) };
    let prices = Prices { open: &OPEN, high: &OPEN, low: &OPEN, close: &OPEN };
    let pricer = Pricer::new(prices, RewardSettings { eps: 0.0, ..settings }).unwrap();
    let trade = pricer.trade(prices, 0, &LONG);
    let sharpe = pricer.reward(prices, 0, &LONG, 1e4, &trade, Metric::Sharpe);
    assert_eq!(sharpe.value.to_bits(), 0x7ff8_0000_0000_0000, "0/0 is the one NaN");
}

#[test]
fn clipping_is_reported() {
    let settings = RewardSettings {
        clip: Some([-0.5, 0.5]),
        metrics: vec![Metric::Car, Metric::PnlPct],
        bars_per_year: 1e5,
        ..free(5)
    };
    let prices = Prices { open: &OPEN, high: &at(HIGH, 1, 103.0), low: &LOW, close: &OPEN };
    let pricer = Pricer::new(prices, settings).unwrap();
    let trade = pricer.trade(prices, 0, &LONG);
    let car = pricer.reward(prices, 0, &LONG, 1e4, &trade, Metric::Car);
    assert_eq!((car.value, car.clipped), (0.5, true));
    assert!(!pricer.reward(prices, 0, &LONG, 1e4, &trade, Metric::PnlPct).clipped);
}

#[test]
fn wrong_settings_name_their_key() {
    let key = |settings: RewardSettings| match settings.validate() {
        Err(RewardsError::Setting { key, .. }) => key,
        other => panic!("{other:?}"),
    };
    assert_eq!(key(RewardSettings { metrics: vec![], ..free(5) }), "reward.metric");
    let label =
        RewardSettings { metrics: vec![Metric::Label], barriers: Barriers::Ignore, ..free(5) };
    assert_eq!(key(label), "reward.metric");
    assert_eq!(key(free(0)), "dataset.forward");
    assert_eq!(key(RewardSettings { entry: Entry::NextClose, ..free(1) }), "dataset.forward");
    assert_eq!(key(RewardSettings { eps: -1.0, ..free(5) }), "reward.eps");
    assert_eq!(key(RewardSettings { fee_bps: f64::NAN, ..free(5) }), "reward.fee_bps");
    assert_eq!(key(RewardSettings { clip: Some([1.0, 1.0]), ..free(5) }), "reward.clip");
}
