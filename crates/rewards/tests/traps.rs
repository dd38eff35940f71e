//! The mistakes that others made, each on bars small enough to work out by hand.

use barloom_rewards::{
    Action, Barriers, Costs, Entry, ExitReason, Metric, Pricer, Prices, RewardSettings,
    RewardsError, SameBar, TOUCH,
};

const LONG: Action = Action { direction: 1, dollars: 1_000.0, stop: 0.02, target: 0.03 };
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
    let prices = Prices::new(&OPEN[..], &high[..], &low[..], &OPEN[..]);
    let trade = Pricer::of(prices, settings).unwrap().trade(0, &action);
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
    let prices = Prices::new(&open[..], &high[..], &low[..], &OPEN[..]);
    let pricer = Pricer::of(prices, free(5)).unwrap();
    let trade = pricer.trade(0, &LONG);
    assert_eq!((trade.exit_price, trade.reason), (95.0, ExitReason::Stop));
    let trade = pricer.trade(0, &SHORT);
    assert_eq!((trade.exit_price, trade.reason), (95.0, ExitReason::Target));
}

/// The trade at the open of row 1, without costs, on bars given as open, high, low, close.
fn filled(
    bars: &[[f64; 4]],
    direction: i8,
    (stop, target): (f64, f64),
    same_bar: SameBar,
) -> (f64, f64, ExitReason) {
    let [open, high, low, close] =
        [0, 1, 2, 3].map(|k| bars.iter().map(|bar| bar[k]).collect::<Vec<_>>());
    let prices = Prices::new(&open[..], &high[..], &low[..], &close[..]);
    let settings = RewardSettings { same_bar, ..free(bars.len() - 1) };
    let action = Action { direction, dollars: 1_000.0, stop, target };
    let trade = Pricer::of(prices, settings).unwrap().trade(1, &action);
    (trade.exit_price, trade.unit_return, trade.reason)
}

/// Other engines filled the stop at its own price here, which the market never traded at.
#[test]
fn a_loss_is_as_large_as_the_gap() {
    let flat = |price: f64| [price; 4];
    let crash = [flat(100.0), flat(100.0), flat(100.0), flat(50.0)];
    let stopped = |bars: &[[f64; 4]], direction, stop| {
        filled(bars, direction, (stop, 0.5), SameBar::StopFirst)
    };
    assert_eq!(stopped(&crash, 1, 0.1), (50.0, -0.5, ExitReason::Stop));
    let bar = [100.0, 101.0, 99.0, 100.0];
    let down = [bar, bar, [85.0, 86.0, 84.0, 85.0], flat(85.0)];
    let (exit, u, reason) = stopped(&down, 1, 0.025);
    assert_eq!((exit, reason), (85.0, ExitReason::Stop));
    assert!((u + 0.15).abs() < 1e-15);
    let up = [bar, bar, [120.0, 121.0, 119.0, 120.0], flat(120.0)];
    let (exit, u, reason) = stopped(&up, -1, 0.025);
    assert_eq!((exit, reason), (120.0, ExitReason::Stop));
    assert!((u + 0.2).abs() < 1e-15);
}

#[test]
fn an_open_beyond_a_barrier_comes_before_the_rule_for_both() {
    let bar = [100.0, 101.0, 99.0, 100.0];
    let both = [bar, [100.0, 110.0, 90.0, 105.0], [105.0, 106.0, 104.0, 105.0]];
    let at = (0.05, 0.08);
    assert_eq!(filled(&both, 1, at, SameBar::StopFirst).0, 95.0);
    assert_eq!(filled(&both, 1, at, SameBar::TargetFirst).0, 108.0);
    let below = [bar, bar, [94.0, 110.0, 90.0, 100.0], bar];
    let (exit, _, reason) = filled(&below, 1, at, SameBar::TargetFirst);
    assert_eq!((exit, reason), (94.0, ExitReason::Stop));
    let above = [bar, bar, [109.0, 110.0, 90.0, 100.0], bar];
    let (exit, _, reason) = filled(&above, 1, at, SameBar::StopFirst);
    assert_eq!((exit, reason), (109.0, ExitReason::Target));
}

/// Barriers that lie on a cent, and a bar that trades there and no further. In binary, 100 * 1.1
/// is above 110.
#[test]
fn a_touch_to_the_cent_counts() {
    let mut touches = 0;
    for (direction, is_target) in [(1, true), (1, false), (-1, true), (-1, false)] {
        let up = is_target == (direction > 0);
        for percent in [1, 2, 3, 5, 7, 10, 15, 20] {
            for cents in (1_000..30_000_i32).step_by(137) {
                let at = cents * if up { 100 + percent } else { 100 - percent };
                if at % 100 != 0 {
                    continue;
                }
                touches += 1;
                let (entry, cent) = (f64::from(cents) / 100.0, if up { 1 } else { -1 });
                let reason = |extreme: i32| {
                    let extreme = f64::from(extreme) / 100.0;
                    let bar = [entry, extreme.max(entry), extreme.min(entry), entry];
                    let near = f64::from(percent) / 100.0;
                    let barriers = if is_target { (0.9, near) } else { (near, 0.9) };
                    let bars = [[entry; 4], bar, [entry; 4]];
                    filled(&bars, direction, barriers, SameBar::StopFirst).2
                };
                let expected = if is_target { ExitReason::Target } else { ExitReason::Stop };
                assert_eq!(reason(at / 100), expected, "{percent}% from {entry}");
                assert_eq!(reason(at / 100 - cent), ExitReason::Horizon, "a cent is missing");
            }
        }
    }
    assert_eq!(touches, 404);
}

/// The tolerance is 2^-40 of the barrier to the bit, for the low, the high and the open alike.
#[test]
fn a_touch_ends_at_the_edge_of_the_tolerance() {
    let next = |price: f64, bits: i64| f64::from_bits(price.to_bits().wrapping_add_signed(bits));
    for (direction, stop, target) in [(1, 75.0, 150.0), (-1, 150.0, 75.0)] {
        let distances = if direction > 0 { (0.25, 0.5) } else { (0.5, 0.25) };
        for (barrier, reason) in [(stop, ExitReason::Stop), (target, ExitReason::Target)] {
            let inward: i64 = if barrier > 100.0 { -1 } else { 1 };
            let edge = barrier * (1.0 + inward as f64 * TOUCH);
            for (price, touched) in [(edge, true), (next(edge, inward), false)] {
                let expected = if touched { reason } else { ExitReason::Horizon };
                let wick = [100.0, price.max(100.0), price.min(100.0), 100.0];
                let open = [price, price.max(100.0), price.min(100.0), 100.0];
                // The entry bar reaches neither, so that the next one's open counts.
                for (bar, exit) in [(wick, barrier), (open, price)] {
                    let bars = [[100.0; 4], [100.0; 4], bar, [100.0; 4]];
                    let got = filled(&bars, direction, distances, SameBar::StopFirst);
                    assert_eq!(got.2, expected, "{direction} {bar:?}");
                    assert!(!touched || got.0 == exit, "{direction} {bar:?}: {}", got.0);
                }
            }
        }
    }
}

/// A stop that is nearly touched and a target beyond it in one bar: the touch must count where the
/// bar is found and where it is filled, or the stop is booked as a target.
#[test]
fn a_stop_that_is_just_touched_is_not_booked_as_a_target() {
    // 100 * (1 - 0.07) is 92.99999999999999, below the low of 93.
    let bar = [100.0, 120.0, 93.0, 100.0];
    let bars = [[100.0; 4], bar, [100.0; 4]];
    let stopped = filled(&bars, 1, (0.07, 0.1), SameBar::StopFirst);
    assert_eq!(stopped.2, ExitReason::Stop);
    let reached = filled(&bars, 1, (0.07, 0.1), SameBar::TargetFirst);
    assert_eq!(reached.2, ExitReason::Target);
}

/// Prices from 3e-12 to 3e38, as coins and currencies have them, lose nothing.
#[test]
fn tiny_and_huge_prices_are_priced_alike() {
    for unit in [3.4e-12, 2.731e-5, 1.0, 1.05e9, 4e24, 2.9e38] {
        let bar = |open: f64, high: f64, low: f64, close: f64| {
            [open, high, low, close].map(|price| price * unit)
        };
        let flat = bar(1.0, 1.0, 1.0, 1.0);
        let bars = [flat, bar(1.0, 1.02, 0.98, 1.01), bar(1.01, 1.05, 1.0, 1.04), flat];
        let reached = filled(&bars, 1, (0.03, 0.05), SameBar::StopFirst);
        assert!((reached.1 - 0.05).abs() < 1e-12, "{unit}: {reached:?}");
        assert_eq!(reached.2, ExitReason::Target, "{unit}: a touch to the tick");
        let stopped = filled(&bars, -1, (0.05, 0.5), SameBar::StopFirst);
        assert!((stopped.1 + 0.05).abs() < 1e-12, "{unit}: {stopped:?}");
    }
}

/// Prices that never move: every metric is a number.
#[test]
fn constant_prices_have_finite_rewards() {
    let flat = [5.0; 8];
    let prices = Prices::new(&flat[..], &flat[..], &flat[..], &flat[..]);
    let settings = RewardSettings { metrics: Metric::ALL.to_vec(), ..RewardSettings::v1(8) };
    let pricer = Pricer::of(prices, settings).unwrap();
    for action in [LONG, SHORT, Action { direction: 0, ..LONG }] {
        let trade = pricer.trade(0, &action);
        for metric in Metric::ALL {
            let reward = pricer.reward(0, &action, 1e4, &trade, metric);
            assert!(reward.value.is_finite(), "{}: {reward:?}", metric.name());
        }
    }
}

#[test]
fn the_bar_before_t_is_never_seen() {
    let prices = Prices::new(&OPEN[..], &at(HIGH, 0, 150.0)[..], &at(LOW, 0, 50.0)[..], &OPEN[..]);
    let trade = Pricer::of(prices, free(4)).unwrap().trade(1, &LONG);
    assert_eq!(trade.reason, ExitReason::Horizon);
}

/// The exit bar's profit counts, and every cost once: the steps of the path sum to u.
#[test]
fn the_path_holds_the_exit_bar_and_each_cost_once() {
    let open = [100.0, 101.0, 102.0, 101.5, 103.0];
    let close = [101.0, 102.0, 101.5, 103.0, 102.0];
    let (high, low) = ([103.5; 5], [99.5; 5]);
    let prices = Prices::new(&open[..], &high[..], &low[..], &close[..]);
    let ignore = |costs| RewardSettings {
        barriers: Barriers::Ignore,
        metrics: vec![Metric::PnlPct, Metric::Sharpe],
        costs,
        fee_bps: 10.0,
        carry_bps: 1.0,
        eps: 0.0,
        bars_per_year: 1.0.into(),
        ..free(5)
    };
    let c = 10.0 * 1e-4;
    for (costs, fees) in [(Costs::Once, c), (Costs::BothSides, c + c * 1.02)] {
        let pricer = Pricer::of(prices.clone(), ignore(costs)).unwrap();
        let trade = pricer.trade(0, &LONG);
        let u = 0.02 - fees - 4.0 * 1e-4;
        assert!((trade.unit_return - u).abs() < 1e-15, "{costs:?}");
        let exit_fee = fees - c;
        let steps = [0.01 - c, 0.01, -0.005, 0.015, -0.01 - exit_fee - 4e-4];
        let mean = steps.iter().sum::<f64>() / 5.0;
        let var = steps.iter().map(|r| (r - mean) * (r - mean)).sum::<f64>() / 5.0;
        let sharpe = pricer.reward(0, &LONG, 1e4, &trade, Metric::Sharpe).value;
        assert!((sharpe / (mean / var.sqrt()) - 1.0).abs() < 1e-12, "{costs:?}");
    }
}

#[test]
fn a_flat_market_has_a_standard_deviation_of_exactly_0() {
    let settings =
        RewardSettings { barriers: Barriers::Ignore, metrics: vec![Metric::Sharpe], ..free(5) };
    let prices = Prices::new(&OPEN[..], &OPEN[..], &OPEN[..], &OPEN[..]);
    let pricer = Pricer::of(prices, RewardSettings { eps: 0.0, ..settings }).unwrap();
    let trade = pricer.trade(0, &LONG);
    let sharpe = pricer.reward(0, &LONG, 1e4, &trade, Metric::Sharpe);
    assert_eq!(sharpe.value.to_bits(), 0x7ff8_0000_0000_0000, "0/0 is the one NaN");
}

#[test]
fn clipping_is_reported() {
    let settings = RewardSettings {
        clip: Some([-0.5, 0.5]),
        metrics: vec![Metric::Car, Metric::PnlPct],
        bars_per_year: 1e5.into(),
        ..free(5)
    };
    let prices = Prices::new(&OPEN[..], &at(HIGH, 1, 103.0)[..], &LOW[..], &OPEN[..]);
    let pricer = Pricer::of(prices, settings).unwrap();
    let trade = pricer.trade(0, &LONG);
    let car = pricer.reward(0, &LONG, 1e4, &trade, Metric::Car);
    assert_eq!((car.value, car.clipped), (0.5, true));
    assert!(!pricer.reward(0, &LONG, 1e4, &trade, Metric::PnlPct).clipped);
}

#[test]
fn wrong_settings_name_their_field() {
    let field = |settings: RewardSettings| match settings.validate() {
        Err(RewardsError::Setting { field, .. }) => field,
        other => panic!("{other:?}"),
    };
    let label =
        RewardSettings { metrics: vec![Metric::Barrier], barriers: Barriers::Ignore, ..free(5) };
    assert_eq!(field(label), "metric");
    assert_eq!(field(free(0)), "forward");
    assert_eq!(field(RewardSettings { entry: Entry::NextClose, ..free(1) }), "forward");
    assert_eq!(field(RewardSettings { eps: -1.0, ..free(5) }), "eps");
    assert_eq!(field(RewardSettings { fee_bps: f64::NAN, ..free(5) }), "fee_bps");
    assert_eq!(field(RewardSettings { clip: Some([1.0, 1.0]), ..free(5) }), "clip");
}
