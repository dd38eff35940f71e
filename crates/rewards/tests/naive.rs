//! Every fast path against a plain scan of the bars, on generated markets.

use barloom_rewards::{
    Action, Barriers, Costs, Entry, ExitReason, Formulas, Metric, Pricer, Prices, RewardSettings,
    SameBar, Trade,
};
use proptest::prelude::*;

/// Bars with jumps, wicks and flat stretches.
#[derive(Clone, Debug)]
struct Bars {
    open: Vec<f64>,
    high: Vec<f64>,
    low: Vec<f64>,
    close: Vec<f64>,
}

impl Bars {
    fn prices(&self) -> Prices {
        Prices::new(&self.open[..], &self.high[..], &self.low[..], &self.close[..])
    }

    fn from_moves(moves: &[(f64, f64, f64, f64)]) -> Self {
        let mut bars =
            Self { open: Vec::new(), high: Vec::new(), low: Vec::new(), close: Vec::new() };
        let mut price = 100.0_f64;
        for (jump, body, above, below) in moves {
            let open = price * (1.0 + jump);
            let close = open * (1.0 + body);
            bars.open.push(open);
            bars.close.push(close);
            bars.high.push(open.max(close) * (1.0 + above));
            bars.low.push(open.min(close) * (1.0 - below));
            price = close;
        }
        bars
    }
}

/// A barrier below the price is reached from 2^-40 of it above on.
fn falls_to(price: f64, barrier: f64) -> bool {
    price <= barrier + barrier * (1.0 / (1_u64 << 40) as f64)
}

/// A barrier above the price is reached from 2^-40 of it below on.
fn rises_to(price: f64, barrier: f64) -> bool {
    price >= barrier - barrier * (1.0 / (1_u64 << 40) as f64)
}

fn scan_trade(bars: &Bars, settings: &RewardSettings, t: usize, action: &Action) -> Trade {
    let frel = settings.formulas == Formulas::FrelV1;
    let at_open = !frel && settings.entry == Entry::NextOpen;
    let entry = if at_open { bars.open[t] } else { bars.close[t] };
    let mut trade = Trade {
        entry_price: entry,
        exit_price: entry,
        held_bars: 0,
        reason: ExitReason::None,
        unit_return: 0.0,
        mfe: 0.0,
        mae: 0.0,
    };
    if action.direction == 0 {
        return trade;
    }
    let s = f64::from(action.direction);
    let last = t + settings.forward - 1;
    trade.exit_price = bars.close[last];
    trade.held_bars = (last - t) as u32;
    trade.reason = ExitReason::Horizon;
    if !frel && settings.barriers == Barriers::Honour {
        let stop = entry * (1.0 - s * action.stop);
        let target = entry * (1.0 + s * action.target);
        for j in if at_open { t } else { t + 1 }..=last {
            let (open, high, low) = (bars.open[j], bars.high[j], bars.low[j]);
            let reached = |high: f64, low: f64| match action.direction {
                1 => (falls_to(low, stop), rises_to(high, target)),
                _ => (rises_to(high, stop), falls_to(low, target)),
            };
            let exit = match (reached(open, open), reached(high, low)) {
                ((true, _), _) => Some((open, ExitReason::Stop)),
                ((_, true), _) => Some((open, ExitReason::Target)),
                (_, (true, true)) => match settings.same_bar {
                    SameBar::StopFirst => Some((stop, ExitReason::Stop)),
                    SameBar::TargetFirst => Some((target, ExitReason::Target)),
                },
                (_, (true, false)) => Some((stop, ExitReason::Stop)),
                (_, (false, true)) => Some((target, ExitReason::Target)),
                _ => None,
            };
            if let Some((price, reason)) = exit {
                trade.exit_price = price;
                trade.reason = reason;
                trade.held_bars = (j - t) as u32;
                break;
            }
        }
    }
    let c = settings.side_cost();
    let x = trade.exit_price;
    let fees = if frel || settings.costs == Costs::Once { c } else { c * (1.0 + x / entry) };
    trade.unit_return =
        s * (x / entry - 1.0) - fees - settings.carry() * f64::from(trade.held_bars);
    let exit_bar = t + trade.held_bars as usize;
    for j in if at_open { t } else { t + 1 }..=exit_bar {
        let whole = j < exit_bar || trade.reason == ExitReason::Horizon;
        let prices = if whole { [bars.low[j], bars.high[j]] } else { [bars.open[j], x] };
        for price in prices {
            // How far the price is from the entry in the trade's favour, and against it.
            let up = if price > entry { price / entry - 1.0 } else { 0.0 };
            let down = if price < entry { 1.0 - price / entry } else { 0.0 };
            let (gain, loss) = if action.direction == 1 { (up, down) } else { (down, up) };
            trade.mfe = trade.mfe.max(gain);
            trade.mae = trade.mae.max(loss);
        }
    }
    trade
}

/// Steps of profit over the whole horizon: per unit of notional, in dollars with frel-v1.
fn scan_path(
    bars: &Bars,
    settings: &RewardSettings,
    t: usize,
    action: &Action,
    trade: &Trade,
) -> Vec<f64> {
    let s = f64::from(action.direction);
    let c = settings.side_cost();
    let end = t + settings.forward;
    if settings.formulas == Formulas::FrelV1 {
        let d = action.dollars;
        let cost = (c + settings.carry()) * d;
        return (t + 1..end)
            .map(|j| s * (bars.close[j] / bars.close[j - 1] - 1.0) * d - cost)
            .collect();
    }
    let start = if settings.entry == Entry::NextOpen { t } else { t + 1 };
    let exit = t + trade.held_bars as usize;
    let mut before = trade.entry_price;
    (start..end)
        .map(|j| {
            if j > exit {
                return 0.0;
            }
            let now = if j == exit { trade.exit_price } else { bars.close[j] };
            let mut step = s * (now - before) / trade.entry_price;
            before = now;
            if j == start {
                step -= c;
            }
            if j == exit {
                if settings.costs == Costs::BothSides {
                    step -= c * now / trade.entry_price;
                }
                step -= settings.carry() * f64::from(trade.held_bars);
            }
            step
        })
        .collect()
}

fn std(values: &[f64]) -> f64 {
    if values.iter().all(|v| *v == values[0]) {
        return 0.0;
    }
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    (values.iter().map(|v| (v - mean) * (v - mean)).sum::<f64>() / n).sqrt()
}

fn drawdown(path: &[f64], first_peak: f64) -> f64 {
    let (mut sum, mut peak, mut worst) = (0.0, first_peak, 0.0_f64);
    for step in path {
        sum += step;
        peak = f64::max(peak, sum);
        worst = worst.max(peak - sum);
    }
    worst
}

/// A metric over the path: numerator and denominator, as sharpe = 0/tiny amplifies rounding.
fn scan_ratio(settings: &RewardSettings, t: usize, path: &[f64], metric: Metric) -> (f64, f64) {
    let year = settings.bars_per_year.at(t);
    let frel = settings.formulas == Formulas::FrelV1;
    let m = path.len() as f64;
    let mean = path.iter().sum::<f64>() / m;
    let root = year.sqrt();
    match metric {
        Metric::Sharpe => (mean * root, std(path) + settings.eps),
        Metric::Sortino => {
            let down = if frel {
                std(&path.iter().copied().filter(|r| *r < 0.0).collect::<Vec<_>>())
            } else {
                (path.iter().map(|r| r.min(0.0) * r.min(0.0)).sum::<f64>() / m).sqrt()
            };
            (mean * root, down + settings.eps)
        }
        _ => {
            let peak = if frel { f64::NEG_INFINITY } else { 0.0 };
            (mean * year, drawdown(path, peak) + settings.eps)
        }
    }
}

fn check(bars: &Bars, settings: &RewardSettings, action: &Action) -> Result<(), TestCaseError> {
    let pricer = Pricer::of(bars.prices(), settings.clone()).expect("settings are right");
    for t in 0..=bars.open.len() - settings.forward {
        let expected = scan_trade(bars, settings, t, action);
        let trade = pricer.trade(t, action);
        prop_assert_eq!(trade, expected, "t {}", t);
        for metric in &settings.metrics {
            let got = pricer.reward(t, action, 1e4, &trade, *metric);
            if action.direction == 0 {
                prop_assert_eq!(got.value.to_bits(), 0);
                continue;
            }
            let u = trade.unit_return;
            let exact = match metric {
                Metric::Pnl => action.dollars * u,
                Metric::Return => action.dollars * u / 1e4,
                Metric::PnlPct => u,
                Metric::LogReturn => libm::log((1.0 + u).max(1e-12)),
                Metric::RMultiple => u / action.stop,
                Metric::Barrier => match trade.reason {
                    ExitReason::Stop => -1.0,
                    ExitReason::Target => 1.0,
                    _ => 0.0,
                },
                Metric::Car => {
                    let years = settings.forward as f64 / settings.bars_per_year.at(t);
                    libm::pow((1.0 + u).max(0.0), 1.0 / years) - 1.0
                }
                _ => {
                    let path = scan_path(bars, settings, t, action, &trade);
                    let (top, bottom) = scan_ratio(settings, t, &path, *metric);
                    let scale = path.iter().map(|r| r.abs()).fold(0.0, f64::max);
                    // Rounding of the mean, relative to the steps that it is the mean of.
                    let slack =
                        1e-9 * (top.abs() + scale * settings.bars_per_year.at(t) * 1e-3) / bottom;
                    let expected = top / bottom;
                    prop_assert!(
                        (got.value - expected).abs() <= slack + 1e-9 * expected.abs(),
                        "{} at {}: {} against {}",
                        metric.name(),
                        t,
                        got.value,
                        expected
                    );
                    if *metric == Metric::Sharpe && std(&path) == 0.0 {
                        let zero = top / settings.eps;
                        prop_assert!((got.value / zero - 1.0).abs() < 1e-6 || zero == 0.0);
                    }
                    continue;
                }
            };
            prop_assert!(
                got.value == exact || (got.value / exact - 1.0).abs() < 1e-9,
                "{} at {}: {} against {}",
                metric.name(),
                t,
                got.value,
                exact
            );
        }
    }
    Ok(())
}

fn moves(n: std::ops::Range<usize>) -> impl Strategy<Value = Bars> {
    let small = prop_oneof![3 => Just(0.0), 5 => -0.02..0.02_f64];
    let wick = prop_oneof![2 => Just(0.0), 5 => 0.0..0.02_f64];
    prop::collection::vec((small.clone(), small, wick.clone(), wick), n)
        .prop_map(|moves| Bars::from_moves(&moves))
}

/// Prices of a coarse grid, each up to two tolerances and one bit beside its line.
fn edges(n: std::ops::Range<usize>) -> impl Strategy<Value = Bars> {
    let price = (1..6_u32, -2..3_i32, -1..2_i64).prop_map(|(line, tolerances, bits)| {
        let price =
            f64::from(line) * 32.0 * (1.0 + f64::from(tolerances) * (1.0 / (1_u64 << 40) as f64));
        f64::from_bits(price.to_bits().wrapping_add_signed(bits))
    });
    prop::collection::vec([price.clone(), price.clone(), price.clone(), price], n).prop_map(
        |rows| {
            let column = |f: fn(&[f64; 4]) -> f64| rows.iter().map(f).collect();
            Bars {
                open: column(|row| row[0]),
                high: column(|row| row.iter().copied().fold(0.0, f64::max)),
                low: column(|row| row.iter().copied().fold(f64::INFINITY, f64::min)),
                close: column(|row| row[3]),
            }
        },
    )
}

fn action() -> impl Strategy<Value = Action> {
    (prop_oneof![Just(1_i8), Just(-1), Just(0)], 0.0005..0.06_f64, 0.0005..0.08_f64)
        .prop_map(|(direction, stop, target)| Action { direction, dollars: 5e3, stop, target })
}

fn settings(max_forward: usize) -> impl Strategy<Value = RewardSettings> {
    (2..max_forward, any::<[bool; 4]>(), 0.0..10.0_f64, 0.0..1.0_f64).prop_map(
        |(forward, [close, ignore, target, once], fee, carry)| {
            let barriers = if ignore { Barriers::Ignore } else { Barriers::Honour };
            let mut metrics = Metric::ALL.to_vec();
            metrics.retain(|m| *m != Metric::Barrier || !ignore);
            RewardSettings {
                entry: if close { Entry::NextClose } else { Entry::NextOpen },
                barriers,
                same_bar: if target { SameBar::TargetFirst } else { SameBar::StopFirst },
                costs: if once { Costs::Once } else { Costs::BothSides },
                fee_bps: fee,
                carry_bps: carry,
                metrics,
                clip: None,
                ..RewardSettings::v1(forward)
            }
        },
    )
}

fn frel(max_forward: usize) -> impl Strategy<Value = RewardSettings> {
    (2..max_forward).prop_map(|forward| RewardSettings {
        metrics: vec![Metric::Car, Metric::Sharpe, Metric::Sortino, Metric::Calmar, Metric::Pnl],
        ..RewardSettings::frel_v1(forward)
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn short_horizons_equal_the_scan(bars in moves(40..90), settings in settings(40), action in action()) {
        check(&bars, &settings, &action)?;
    }

    #[test]
    fn long_horizons_equal_the_scan(bars in moves(1_300..1_340), settings in settings(1_300), action in action()) {
        let wide = Action { stop: 0.4, target: 0.6, ..action };
        check(&bars, &settings, &wide)?;
    }

    /// Prices that touch barriers to the bit, and that pass the edge of the tolerance by one bit.
    #[test]
    fn touches_equal_the_scan(bars in edges(60..70), settings in settings(30), long in any::<bool>(), stop in 0..2_usize, target in 0..2_usize) {
        let [stop, target] = [stop, target].map(|choice| [0.25, 0.5][choice]);
        let action = Action { direction: if long { 1 } else { -1 }, dollars: 5e3, stop, target };
        let metrics = vec![Metric::PnlPct, Metric::Calmar];
        // Drawdowns of a tolerance, divided by, would make rounding large.
        check(&bars, &RewardSettings { metrics, eps: 1.0, ..settings }, &action)?;
    }

    #[test]
    fn frel_equals_the_scan(bars in moves(300..320), settings in frel(300), action in action()) {
        check(&bars, &settings, &action)?;
    }

    /// Bars outside `[t, t+F)` never change a reward, not even by a bit.
    #[test]
    fn rewards_are_causal(bars in moves(150..160), settings in settings(60), action in action(), t in 20..80_usize) {
        let before = Pricer::of(bars.prices(), settings.clone()).expect("right");
        let mut other = bars.clone();
        for row in (0..t).chain(t + settings.forward..bars.open.len()) {
            for column in [&mut other.open, &mut other.high, &mut other.low, &mut other.close] {
                column[row] *= 3.7;
            }
        }
        let after = Pricer::of(other.prices(), settings.clone()).expect("right");
        let a = before.trade(t, &action);
        let b = after.trade(t, &action);
        prop_assert_eq!(a, b);
        for metric in &settings.metrics {
            let a = before.reward(t, &action, 1e4, &a, *metric);
            let b = after.reward(t, &action, 1e4, &b, *metric);
            prop_assert_eq!(a.value.to_bits(), b.value.to_bits());
        }
    }
}

/// 3,000 decisions on prices in cents, under each way to enter, to fill and to pay.
#[test]
fn decisions_on_cents_equal_the_scan() {
    let mut state = 11_u64;
    let mut unit = move || {
        state = state.wrapping_mul(0x5851_F42D_4C95_7F2D).wrapping_add(0x1405_7B7E_F767_814F);
        (state >> 11) as f64 / (1_u64 << 53) as f64
    };
    let cents = |price: f64| (price * 100.0).round() / 100.0;
    let mut bars = Bars { open: vec![], high: vec![], low: vec![], close: vec![] };
    let mut last = 100.0;
    for _ in 0..2_000 {
        let open = cents(last * (1.0 + 0.02 * (unit() - 0.5)));
        let close = cents(open * (1.0 + 0.04 * (unit() - 0.5)));
        bars.open.push(open);
        bars.high.push(cents(open.max(close) * (1.0 + 0.01 * unit())).max(open).max(close));
        bars.low.push(cents(open.min(close) * (1.0 - 0.01 * unit())).min(open).min(close));
        bars.close.push(close);
        last = if (50.0..200.0).contains(&close) { close } else { 100.0 };
    }
    let distances = [0.005, 0.01, 0.02, 0.05];
    let mut pick = |count: usize| (unit() * count as f64) as usize;
    let decisions: Vec<(usize, Action)> = (0..3_000)
        .map(|_| {
            let direction = [1, -1][pick(2)];
            let (stop, target) = (distances[pick(4)], distances[pick(4)]);
            (pick(1_980), Action { direction, dollars: 1_000.0, stop, target })
        })
        .collect();
    for setting in 0..8 {
        let settings = RewardSettings {
            entry: [Entry::NextOpen, Entry::NextClose][setting & 1],
            same_bar: [SameBar::StopFirst, SameBar::TargetFirst][setting >> 1 & 1],
            costs: [Costs::BothSides, Costs::Once][setting >> 2],
            fee_bps: 7.0,
            spread_bps: 3.0,
            carry_bps: 0.5,
            ..RewardSettings::v1(20)
        };
        let pricer = Pricer::of(bars.prices(), settings.clone()).expect("settings are right");
        let mut reasons = [0; 4];
        for (t, action) in &decisions {
            let trade = pricer.trade(*t, action);
            assert_eq!(trade, scan_trade(&bars, &settings, *t, action), "t {t}, {action:?}");
            reasons[trade.reason as usize] += 1;
        }
        assert!(reasons[1..].iter().all(|count| *count > 20), "{reasons:?}");
    }
}
