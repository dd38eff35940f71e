//! The account, one time after the other.

use std::ops::Range;

use barloom_rewards::{Bar as RangeBar, BarrierPrices, ExitReason, fill};

use crate::sum::Sum;
use crate::{Close, ExitCause, Order, Overlap, Refused, Settings, Side, Size, Trade};

/// The bar of a symbol at a time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bar {
    /// The arena row.
    pub row: usize,
    /// The open.
    pub open: f64,
    /// The high.
    pub high: f64,
    /// The low.
    pub low: f64,
    /// The close.
    pub close: f64,
}

/// The share of a notional below which a difference is rounding, and not traded.
const NOTHING: f64 = 1e-9;

/// A position, or one of several of a symbol.
#[derive(Clone, Copy, Debug)]
struct Lot {
    order: u32,
    side: Side,
    dollars: f64,
    entry_price: f64,
    entry_row: usize,
    barriers: BarrierPrices,
    /// The row at whose close it ends; none for no limit.
    last_row: Option<usize>,
    /// Carry that was paid before the notional or the price of the entry changed, dollars.
    carried: f64,
    /// The row from which carry counts.
    carry_row: usize,
}

impl Lot {
    /// The profit at a price of a row, without the costs of an exit.
    #[inline(always)]
    fn open_profit(&self, cost: f64, carry: f64, price: f64, row: usize) -> f64 {
        let held = row.saturating_sub(self.carry_row) as f64;
        let moved = self.side.sign() * (price / self.entry_price - 1.0);
        self.dollars * (moved - cost - carry * held) - self.carried
    }
}

/// The positions of an account in one symbol.
#[derive(Clone, Debug, Default)]
struct Holding {
    lots: Vec<Lot>,
    /// The last price that is known.
    mark: f64,
    /// The row of the last bar.
    row: usize,
}

/// An account: cash, positions, closed trades.
///
/// A time has two steps. With fills at the open they are [`begin`](Self::begin), then
/// [`enter`](Self::enter) for the orders, then [`finish`](Self::finish). With fills at the close,
/// orders are entered after [`finish`](Self::finish), and [`mark`](Self::mark) ends the time.
#[derive(Clone, Debug)]
pub struct Account {
    settings: Settings,
    /// Cost of a side, of the notional.
    cost: f64,
    holdings: Vec<Holding>,
    /// The sum of the profits of closed trades.
    realized: Sum,
    trades: Vec<Trade>,
    refused: Refused,
    is_ruined: bool,
    /// Lots of all symbols.
    open: usize,
}

impl Account {
    /// An account without positions for so many symbols.
    #[must_use]
    pub fn new(settings: &Settings, symbols: usize) -> Self {
        Self {
            settings: settings.clone(),
            cost: settings.fills.side_cost(),
            holdings: vec![Holding::default(); symbols],
            realized: Sum::default(),
            trades: Vec::new(),
            refused: Refused::default(),
            is_ruined: false,
            open: 0,
        }
    }

    /// True once the equity was at or below zero at a close.
    #[must_use]
    pub fn is_ruined(&self) -> bool {
        self.is_ruined
    }

    /// True if it has no position.
    #[must_use]
    pub fn is_flat(&self) -> bool {
        self.open == 0
    }

    /// The closed trades, in the order of their exits.
    #[must_use]
    pub fn trades(&self) -> &[Trade] {
        &self.trades
    }

    /// The orders that were not filled as they were given.
    #[must_use]
    pub fn refused(&self) -> Refused {
        self.refused
    }

    /// The units that are held of a symbol: below 0 if it is short.
    #[must_use]
    pub fn units(&self, symbol: usize) -> f64 {
        let units = |lot: &Lot| lot.side.sign() * lot.dollars / lot.entry_price;
        self.holdings[symbol].lots.iter().map(units).sum()
    }

    /// The equity at the last known prices; 0 once it is ruined.
    #[must_use]
    pub fn equity(&self) -> f64 {
        if self.is_ruined {
            return 0.0;
        }
        let mut sum = self.realized;
        sum.add(self.settings.cash);
        if self.open > 0 {
            for holding in &self.holdings {
                holding.lots.iter().for_each(|lot| sum.add(self.open_profit(lot, holding)));
            }
        }
        sum.get()
    }

    /// The profit of an open position at the last known price, without the costs of an exit.
    fn open_profit(&self, lot: &Lot, holding: &Holding) -> f64 {
        lot.open_profit(self.cost, self.settings.fills.carry(), holding.mark, holding.row)
    }

    /// Takes the account over rows of its only symbol on which there are no orders, as far as
    /// nothing happens to its position, and tells the row at which it stopped. The equity at the
    /// closes goes to `equity`. It is what the steps of these rows do, in less time.
    pub(crate) fn ride(
        &mut self,
        [open, high, low, close]: [&[f64]; 4],
        rows: Range<usize>,
        equity: &mut Vec<f64>,
    ) -> usize {
        if self.is_flat() || self.is_ruined {
            // Nothing can change.
            let last = equity.last().copied().unwrap_or(self.settings.cash);
            equity.resize(equity.len() + rows.len(), last);
            return rows.end;
        }
        let holding = &mut self.holdings[0];
        let [lot] = &holding.lots[..] else { return rows.start };
        let (cost, carry) = (self.cost, self.settings.fills.carry());
        let mut base = self.realized;
        base.add(self.settings.cash);
        let before_last = lot.last_row.map_or(rows.end, |last| last.min(rows.end));
        for row in rows.start..before_last {
            let opens = lot.barriers.reached(open[row], open[row]);
            let ranges = lot.barriers.reached(low[row], high[row]);
            let mut sum = base;
            sum.add(lot.open_profit(cost, carry, close[row], row));
            let now = sum.get();
            if opens.0 || opens.1 || ranges.0 || ranges.1 || now <= 0.0 {
                return row;
            }
            (holding.mark, holding.row) = (close[row], row);
            equity.push(now);
        }
        before_last.max(rows.start)
    }

    /// The notional of all positions at the last known prices.
    fn exposure(&self) -> f64 {
        let of = |holding: &Holding| -> f64 {
            holding.lots.iter().map(|lot| lot.dollars * holding.mark / lot.entry_price).sum()
        };
        self.holdings.iter().map(of).sum()
    }

    /// The open of a bar: positions whose stop or target it is beyond close at it.
    pub fn begin(&mut self, symbol: usize, bar: Bar) {
        let holding = &mut self.holdings[symbol];
        (holding.mark, holding.row) = (bar.open, bar.row);
        let ends = |lot: &Lot| {
            let (stopped, reached) = lot.barriers.reached(bar.open, bar.open);
            stopped || reached
        };
        if self.is_ruined || !holding.lots.iter().any(ends) {
            return;
        }
        let mut at = 0;
        while at < self.holdings[symbol].lots.len() {
            let lot = self.holdings[symbol].lots[at];
            let (stopped, reached) = lot.barriers.reached(bar.open, bar.open);
            match (stopped, reached) {
                (true, _) => self.end(symbol, at, bar.row, bar.open, ExitCause::Stop),
                (_, true) => self.end(symbol, at, bar.row, bar.open, ExitCause::Target),
                _ => at += 1,
            }
        }
    }

    /// Closes the positions of a symbol that an order asks to close, at this price of its bar. It
    /// comes before any order of the time is entered.
    pub fn close(&mut self, symbol: usize, order: &Order, price: f64) {
        if self.is_ruined || self.holdings[symbol].lots.is_empty() {
            return;
        }
        let mut at = 0;
        while at < self.holdings[symbol].lots.len() {
            let side = self.holdings[symbol].lots[at].side;
            let is_asked = match order.close {
                Close::Nothing => false,
                Close::Side(asked) => asked == side,
                Close::All => true,
            };
            let flips = self.settings.overlap == Overlap::Flip
                && order.side.is_some_and(|wanted| wanted != side);
            match is_asked || flips {
                true => self.end(symbol, at, order.row, price, ExitCause::Order),
                false => at += 1,
            }
        }
    }

    /// Opens the position of an order at this price of its bar. `equity` is that of the time, by
    /// which all of its orders are sized. `number` is the order's place.
    pub fn enter(&mut self, symbol: usize, number: u32, order: &Order, price: f64, equity: f64) {
        let Some(side) = order.side else { return };
        if self.is_ruined {
            self.refused.ruined += 1;
            return;
        }
        let wanted = match order.size {
            Size::Dollars(dollars) => dollars,
            Size::Fraction(fraction) => fraction * equity / (1.0 + self.cost),
            Size::Units(units) => units * price,
        };
        match self.settings.overlap {
            Overlap::Independent => self.open(symbol, number, order, side, price, wanted),
            Overlap::Ignore | Overlap::Flip => {
                if !self.holdings[symbol].lots.is_empty() {
                    self.refused.overlapping += 1;
                    return;
                }
                if let Some(dollars) = self.within(wanted, equity) {
                    self.open(symbol, number, order, side, price, dollars);
                }
            }
            Overlap::Net => self.net(symbol, number, order, side, price, wanted, equity),
        }
    }

    /// A notional, cut to the limit that is left; none if the order is skipped.
    fn within(&mut self, wanted: f64, equity: f64) -> Option<f64> {
        let limit = self.settings.leverage * equity / (1.0 + self.cost);
        let left = limit - self.exposure();
        if wanted <= left + limit * NOTHING {
            return Some(wanted);
        }
        if self.settings.partial && left > limit * NOTHING {
            self.refused.cut += 1;
            return Some(left);
        }
        self.refused.no_room += 1;
        None
    }

    /// Trades the difference to the position that is wanted.
    #[expect(clippy::too_many_arguments, reason = "they are an order and where it stands")]
    fn net(
        &mut self,
        symbol: usize,
        number: u32,
        order: &Order,
        side: Side,
        price: f64,
        wanted: f64,
        equity: f64,
    ) {
        if self.holdings[symbol].lots.is_empty() {
            if let Some(dollars) = self.within(wanted, equity) {
                self.open(symbol, number, order, side, price, dollars);
            }
            return;
        }
        let lot = self.holdings[symbol].lots[0];
        let value = lot.dollars * price / lot.entry_price;
        if lot.side != side {
            self.end(symbol, 0, order.row, price, ExitCause::Order);
            if let Some(dollars) = self.within(wanted, equity) {
                self.open(symbol, number, order, side, price, dollars);
            }
            return;
        }
        if (wanted - value).abs() <= value * NOTHING {
            return;
        }
        if wanted < value {
            return self.end_part(symbol, 1.0 - wanted / value, order.row, price);
        }
        let Some(more) = self.within(wanted - value, equity) else { return };
        let (carry, settings) = (self.settings.fills.carry(), &self.settings);
        let lot = &mut self.holdings[symbol].lots[0];
        let units = lot.dollars / lot.entry_price + more / price;
        lot.carried += lot.dollars * carry * (order.row - lot.carry_row) as f64;
        lot.carry_row = order.row;
        lot.dollars += more;
        lot.entry_price = lot.dollars / units;
        lot.barriers = barriers(settings, lot.entry_price, side, order);
        lot.last_row = last_row(order);
    }

    /// True if an order of net positions makes the position of its symbol smaller or none: such
    /// orders are entered before others.
    #[must_use]
    pub fn shrinks(&self, symbol: usize, order: &Order, price: f64, equity: f64) -> bool {
        let Some(lot) = self.holdings[symbol].lots.first() else { return false };
        let Some(side) = order.side else { return true };
        let wanted = match order.size {
            Size::Dollars(dollars) => dollars,
            Size::Fraction(fraction) => fraction * equity / (1.0 + self.cost),
            Size::Units(units) => units * price,
        };
        side != lot.side || wanted <= lot.dollars * price / lot.entry_price
    }

    fn open(
        &mut self,
        symbol: usize,
        number: u32,
        order: &Order,
        side: Side,
        price: f64,
        dollars: f64,
    ) {
        if dollars <= 0.0 {
            return;
        }
        self.holdings[symbol].lots.push(Lot {
            order: number,
            side,
            dollars,
            entry_price: price,
            entry_row: order.row,
            barriers: barriers(&self.settings, price, side, order),
            last_row: last_row(order),
            carried: 0.0,
            carry_row: order.row,
        });
        self.open += 1;
    }

    /// The rest of a bar: its range, then positions that end at its close. The mark is its close.
    pub fn finish(&mut self, symbol: usize, bar: Bar) {
        let holding = &mut self.holdings[symbol];
        (holding.mark, holding.row) = (bar.close, bar.row);
        let ends = |lot: &Lot| {
            let (stopped, reached) = lot.barriers.reached(bar.low, bar.high);
            stopped || reached || lot.last_row == Some(bar.row)
        };
        if self.is_ruined || !holding.lots.iter().any(ends) {
            return;
        }
        let range = RangeBar { open: bar.open, low: bar.low, high: bar.high };
        let mut at = 0;
        while at < self.holdings[symbol].lots.len() {
            let lot = self.holdings[symbol].lots[at];
            let (stopped, reached) = lot.barriers.reached(bar.low, bar.high);
            if stopped || reached {
                let (price, reason) = fill(range, &lot.barriers, self.settings.fills.same_bar);
                let cause = match reason {
                    ExitReason::Stop => ExitCause::Stop,
                    _ => ExitCause::Target,
                };
                self.end(symbol, at, bar.row, price, cause);
            } else if lot.last_row == Some(bar.row) {
                self.end(symbol, at, bar.row, bar.close, ExitCause::Hold);
            } else {
                at += 1;
            }
        }
    }

    /// Closes the positions of a symbol that has no later bar, at its last close.
    pub fn end_of(&mut self, symbol: usize) {
        if self.is_ruined {
            return;
        }
        let Holding { mark, row, .. } = self.holdings[symbol];
        while !self.holdings[symbol].lots.is_empty() {
            self.end(symbol, 0, row, mark, ExitCause::End);
        }
    }

    /// The equity at the closes of a time. An account at or below zero ends: its positions are
    /// closed, and its equity is 0 from then on.
    pub fn mark(&mut self) -> f64 {
        let equity = self.equity();
        if equity > 0.0 || self.is_ruined {
            return equity;
        }
        for symbol in 0..self.holdings.len() {
            let Holding { mark, row, .. } = self.holdings[symbol];
            while !self.holdings[symbol].lots.is_empty() {
                self.end(symbol, 0, row, mark, ExitCause::Ruin);
            }
        }
        self.is_ruined = true;
        0.0
    }

    /// Closes a position.
    fn end(&mut self, symbol: usize, at: usize, row: usize, price: f64, cause: ExitCause) {
        let lot = self.holdings[symbol].lots.remove(at);
        self.open -= 1;
        self.record(symbol, &lot, lot.dollars, lot.carried, row, price, cause);
    }

    /// Closes a part of the only position of a symbol.
    fn end_part(&mut self, symbol: usize, part: f64, row: usize, price: f64) {
        if part >= 1.0 {
            return self.end(symbol, 0, row, price, ExitCause::Order);
        }
        let lot = self.holdings[symbol].lots[0];
        let (dollars, carried) = (lot.dollars * part, lot.carried * part);
        self.record(symbol, &lot, dollars, carried, row, price, ExitCause::Order);
        let rest = &mut self.holdings[symbol].lots[0];
        rest.dollars -= dollars;
        rest.carried -= carried;
    }

    #[expect(clippy::too_many_arguments, reason = "they are a trade's fields")]
    fn record(
        &mut self,
        symbol: usize,
        lot: &Lot,
        dollars: f64,
        carried: f64,
        row: usize,
        price: f64,
        cause: ExitCause,
    ) {
        let (side, held) = (lot.side.sign(), row - lot.carry_row);
        let unit = self.settings.fills.unit_return(side, lot.entry_price, price, held);
        let pnl = dollars * unit - carried;
        self.realized.add(pnl);
        self.trades.push(Trade {
            series: symbol as u32,
            order: lot.order,
            side: lot.side,
            entry_row: lot.entry_row,
            exit_row: row,
            dollars,
            entry_price: lot.entry_price,
            exit_price: price,
            pnl,
            cause: Some(cause),
        });
    }

    /// The positions that are open, as trades without an exit.
    #[must_use]
    pub fn open_trades(&self) -> Vec<Trade> {
        let mut open = Vec::new();
        for (symbol, holding) in self.holdings.iter().enumerate() {
            open.extend(holding.lots.iter().map(|lot| Trade {
                series: symbol as u32,
                order: lot.order,
                side: lot.side,
                entry_row: lot.entry_row,
                exit_row: holding.row,
                dollars: lot.dollars,
                entry_price: lot.entry_price,
                exit_price: holding.mark,
                pnl: self.open_profit(lot, holding),
                cause: None,
            }));
        }
        open
    }
}

/// The stop and the target of a position; neither where they are ignored.
fn barriers(settings: &Settings, price: f64, side: Side, order: &Order) -> BarrierPrices {
    let [stop, target] = match settings.fills.honours_barriers() {
        true => [order.stop, order.target],
        false => [f64::INFINITY; 2],
    };
    BarrierPrices::new(price, side.sign() as i8, stop, target)
}

fn last_row(order: &Order) -> Option<usize> {
    order.hold.map(|hold| order.row + hold as usize - 1)
}
