//! A shared index of a market gives pricers of any settings the same bits as an index of their own.

use std::sync::Arc;

use barloom_memory::{Column, SharedColumn};
use barloom_rewards::{
    Action, Barriers, Entry, MarketIndex, Metric, Pricer, Prices, RewardSettings, SameBar,
};

const ROWS: usize = 3_000;

/// A walk with jumps and wicks.
fn prices() -> Prices {
    let mut state = 7_u64;
    let mut unit = move || {
        state = state.wrapping_mul(0x5851_F42D_4C95_7F2D).wrapping_add(0x1405_7B7E_F767_814F);
        (state >> 11) as f64 / (1_u64 << 53) as f64
    };
    let [mut open, mut high, mut low, mut close] = [const { Vec::new() }; 4];
    let mut price = 100.0;
    for _ in 0..ROWS {
        let from = price * (1.0 + 0.002 * (unit() - 0.5));
        let to = from * (1.0 + 0.02 * (unit() - 0.5));
        open.push(from);
        close.push(to);
        high.push(from.max(to) * (1.0 + 0.005 * unit()));
        low.push(from.min(to) * (1.0 - 0.005 * unit()));
        price = to;
    }
    Prices::new(open, high, low, close)
}

fn base() -> RewardSettings {
    let metrics = Metric::ALL.to_vec();
    RewardSettings { metrics, ..RewardSettings::v1(200) }
}

fn frel() -> RewardSettings {
    let metrics = vec![Metric::Car, Metric::Sharpe, Metric::Sortino, Metric::Calmar];
    RewardSettings { metrics, ..RewardSettings::frel_v1(200) }
}

/// Settings that keep the records of first rows, and those that need others.
fn variants() -> [Vec<RewardSettings>; 2] {
    let same = vec![
        base(),
        RewardSettings { fee_bps: 0.0, carry_bps: 3.0, ..base() },
        RewardSettings { metrics: vec![Metric::Calmar, Metric::Pnl], ..base() },
        RewardSettings { same_bar: SameBar::TargetFirst, clip: None, eps: 1e-3, ..base() },
    ];
    let without_labels = Metric::ALL.into_iter().filter(|metric| *metric != Metric::Barrier);
    let ignored =
        RewardSettings { barriers: Barriers::Ignore, metrics: without_labels.collect(), ..base() };
    let others = vec![
        RewardSettings { forward: 1, ..base() },
        RewardSettings { forward: 63, ..base() },
        RewardSettings { forward: 2_500, ..base() },
        RewardSettings { entry: Entry::NextClose, ..base() },
        ignored.clone(),
        RewardSettings { fee_bps: 0.0, ..ignored },
        frel(),
        RewardSettings { carry_bps: 0.5, ..frel() },
    ];
    [same, others]
}

/// The bits of every trade and reward, of a few actions at each row.
fn bits(pricer: &Pricer) -> Vec<u64> {
    let mut all = Vec::new();
    let actions = [(1, 0.01, 0.03), (-1, 0.02, 0.02), (1, 0.2, 0.3), (0, 0.01, 0.01)];
    for t in 0..=ROWS - pricer.settings().forward {
        for (direction, stop, target) in actions {
            let action = Action { direction, dollars: 5e3, stop, target };
            let trade = pricer.trade(t, &action);
            let reals = [trade.exit_price, trade.unit_return, trade.mfe, trade.mae];
            all.extend(reals.map(f64::to_bits));
            all.extend([u64::from(trade.held_bars), trade.reason as u64]);
            for metric in &pricer.settings().metrics {
                let reward = pricer.reward(t, &action, 1e4, &trade, *metric);
                all.extend([reward.value.to_bits(), u64::from(reward.clipped)]);
            }
        }
    }
    all
}

#[test]
fn other_settings_use_the_same_index_and_price_as_with_one_of_their_own() {
    let index = Arc::new(MarketIndex::new(prices()).expect("columns of one length"));
    let pricer = |settings| Pricer::new(Arc::clone(&index), settings).expect("right settings");
    let first = pricer(base());
    let [same, others] = variants();
    let known = same.len();
    let mut pricers = Vec::new();
    for (number, settings) in same.into_iter().chain(others).enumerate() {
        let shared = pricer(settings.clone());
        let fresh = Pricer::of(prices(), settings.clone()).expect("right settings");
        assert!(Arc::ptr_eq(first.index(), shared.index()));
        assert_eq!(bits(&shared), bits(&fresh), "{settings:?}");

        let (of_first, of_shared) = (first.tables(), shared.tables());
        let starts = of_first.starts.as_ptr() == of_shared.starts.as_ptr();
        assert_eq!(starts, number < known, "records of first rows, {settings:?}");
        if settings.honours_barriers() {
            let levels = of_first.horizon.iter().zip(&of_shared.horizon);
            assert_eq!(levels.filter(|(a, b)| a.as_ptr() == b.as_ptr()).count(), 4);
        }
        for (tree, other) in
            [(&of_first.changes, &of_shared.changes), (&of_first.extremes, &of_shared.extremes)]
        {
            assert!(tree.iter().zip(other).all(|(a, b)| a.as_ptr() == b.as_ptr()));
        }
        pricers.push(shared);
    }
    let last_two = &pricers[pricers.len() - 2..];
    let returns = |pricer: &Pricer| pricer.tables().returns[0].as_ptr();
    assert_eq!(returns(&last_two[0]), returns(&last_two[1]), "returns are before costs");
}

#[test]
fn records_are_made_again_after_their_last_pricer() {
    let index = Arc::new(MarketIndex::new(prices()).expect("columns of one length"));
    let pricer = || Pricer::new(Arc::clone(&index), base()).expect("right settings");
    let (one, two) = (pricer(), pricer());
    let before = bits(&one);
    drop(one);
    assert_eq!(bits(&two), before);
    drop(two);
    assert_eq!(bits(&pricer()), before);
}

/// An index reads the market's columns where they are, also in memory that it does not own.
#[test]
fn prices_are_read_where_they_are() {
    struct Mapped(Column<f64>);
    impl AsRef<[u8]> for Mapped {
        fn as_ref(&self) -> &[u8] {
            bytemuck::cast_slice(&self.0)
        }
    }
    let owned = prices();
    let joined: Column<f64> = owned.columns().into_iter().flatten().copied().collect();
    let bytes = SharedColumn::over(Mapped(joined));
    let column = |k: usize| -> SharedColumn<f64> {
        bytes.part(k * 8 * ROWS..(k + 1) * 8 * ROWS).cast().expect("aligned")
    };
    let mapped = Prices::new(column(0), column(1), column(2), column(3));
    let at = mapped.open.as_ptr();
    let of_mapped = Pricer::of(mapped, base()).expect("right settings");
    assert_eq!(of_mapped.index().prices().open.as_ptr(), at);
    let of_owned = Pricer::of(owned, base()).expect("right settings");
    assert_eq!(bits(&of_mapped), bits(&of_owned));
}

#[test]
fn columns_of_different_lengths_are_refused() {
    let short = Prices::new(vec![1.0; 3], vec![1.0; 3], vec![1.0; 2], vec![1.0; 3]);
    let error = MarketIndex::new(short).expect_err("a column is short").to_string();
    assert!(error.contains("3, 3, 2 and 3 rows"), "{error}");
}
