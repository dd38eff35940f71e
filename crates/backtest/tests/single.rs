//! A single order is the trade that rewards price, to the bit.

use barloom_backtest::{ExitCause, Order, Settings, Side, Size, run};
use barloom_bars::{Column, Market, MaxGap, Series};
use barloom_rewards::{
    Action, Barriers, Costs, Entry, ExitReason, Metric, Pricer, Prices, RewardSettings, SameBar,
};
use proptest::prelude::*;

/// Bars with jumps, wicks and flat stretches, prices in cents so that equal prices occur.
fn market(moves: &[[i8; 4]]) -> Market {
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
    let names = ["open", "high", "low", "close"];
    let columns = names.iter().zip(columns).map(|(name, c)| Column::new(*name, c)).collect();
    let series = Series::new("A", (0..moves.len() as i64).collect(), columns).unwrap();
    Market::new(&[series], &[], MaxGap::None).unwrap()
}

fn fills() -> impl Strategy<Value = RewardSettings> {
    let entry = prop_oneof![Just(Entry::NextOpen), Just(Entry::NextClose)];
    let same_bar = prop_oneof![Just(SameBar::StopFirst), Just(SameBar::TargetFirst)];
    let costs = prop_oneof![Just(Costs::BothSides), Just(Costs::Once)];
    let barriers = prop_oneof![9 => Just(Barriers::Honour), 1 => Just(Barriers::Ignore)];
    let carry = prop_oneof![Just(0.0), -3.0..30.0];
    (entry, same_bar, costs, barriers, carry, 0.0..20.0, 2..25_usize).prop_map(
        |(entry, same_bar, costs, barriers, carry_bps, fee_bps, forward)| RewardSettings {
            metrics: vec![Metric::Pnl],
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

proptest! {
    #![proptest_config(ProptestConfig::with_cases(10_000))]
    #[test]
    fn one_order_is_a_priced_trade(
        moves in prop::collection::vec(any::<[i8; 4]>(), 26..60),
        fills in fills(),
        row in 0..30_usize,
        long: bool,
        stop in 0.0005..0.05,
        target in 0.0005..0.05,
    ) {
        let market = market(&moves);
        let row = row % (moves.len() - fills.forward + 1);
        let pricer = Pricer::of(Prices::from(market.prices()), fills.clone()).unwrap();
        let direction = if long { 1 } else { -1 };
        let action = Action { direction, dollars: 1_234.5, stop, target };
        let expected = pricer.trade(row, &action);
        let side = if long { Side::Long } else { Side::Short };
        let order = Order {
            stop,
            target,
            hold: Some(fills.forward as u32),
            ..Order::market(row, side, Size::Dollars(action.dollars))
        };
        let settings = Settings::new(1e6, fills);
        let outcome = run(&market, &settings, &[order]).unwrap();
        let trade = outcome.trades[0];
        prop_assert_eq!(outcome.trades.len(), 1);
        prop_assert_eq!(trade.entry_price.to_bits(), expected.entry_price.to_bits());
        prop_assert_eq!(trade.exit_price.to_bits(), expected.exit_price.to_bits());
        prop_assert_eq!(trade.held_bars(), expected.held_bars as usize);
        prop_assert_eq!(trade.pnl.to_bits(), (action.dollars * expected.unit_return).to_bits());
        let cause = match expected.reason {
            ExitReason::Stop => ExitCause::Stop,
            ExitReason::Target => ExitCause::Target,
            _ => ExitCause::Hold,
        };
        prop_assert_eq!(trade.cause, Some(cause));
        let last = outcome.equity.last().unwrap();
        prop_assert!((last - 1e6 - trade.pnl).abs() < 1e-9 * 1e6);
    }
}
