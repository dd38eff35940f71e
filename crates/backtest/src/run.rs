//! An account taken over a market.

use barloom_bars::Market;

use crate::{Account, BacktestError, Bar, Order, Overlap, Refused, Settings, Trade};

/// The times of all symbols together, and the bars at each.
#[derive(Clone, Debug)]
pub struct Clock {
    times: Vec<i64>,
    /// The first of `bars` at each time, and their number at the end; empty for one symbol, whose
    /// rows are its times.
    first: Vec<usize>,
    /// The arena row and the series of each bar, by time and then by series.
    bars: Vec<(usize, u32)>,
}

/// The arena rows and the series of the bars at a time.
#[derive(Clone, Copy, Debug)]
enum Bars<'a> {
    One((usize, u32)),
    Several(&'a [(usize, u32)]),
}

impl Bars<'_> {
    fn as_slice(&self) -> &[(usize, u32)] {
        match self {
            Self::One(bar) => std::slice::from_ref(bar),
            Self::Several(bars) => bars,
        }
    }
}

impl Clock {
    /// The clock of a market.
    #[must_use]
    pub fn new(market: &Market) -> Self {
        let ts = market.ts();
        if market.series().len() == 1 {
            return Self { times: ts.to_vec(), first: Vec::new(), bars: Vec::new() };
        }
        let mut bars: Vec<(usize, u32)> = Vec::with_capacity(market.len());
        for (series, span) in market.series().iter().enumerate() {
            bars.extend((span.start..span.end).map(|row| (row, series as u32)));
        }
        bars.sort_unstable_by_key(|(row, series)| (ts[*row], *series));
        let (mut times, mut first) =
            (Vec::with_capacity(bars.len()), Vec::with_capacity(bars.len() + 1));
        for (place, (row, _)) in bars.iter().enumerate() {
            if times.last() != Some(&ts[*row]) {
                times.push(ts[*row]);
                first.push(place);
            }
        }
        first.push(bars.len());
        Self { times, first, bars }
    }

    /// The distinct times of bars, ascending.
    #[must_use]
    pub fn times(&self) -> &[i64] {
        &self.times
    }

    fn bars(&self, time: usize) -> Bars<'_> {
        match self.first.is_empty() {
            true => Bars::One((time, 0)),
            false => Bars::Several(&self.bars[self.first[time]..self.first[time + 1]]),
        }
    }
}

/// The outcome of a run: equity, trades, refused orders.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    /// The distinct times of all bars, opens in ns since 1970 UTC.
    pub times: Vec<i64>,
    /// The equity at the closes of each time.
    pub equity: Vec<f64>,
    /// The closed trades in the order of their exits, then those that are open at the end.
    pub trades: Vec<Trade>,
    /// The orders that were not filled as they were given.
    pub refused: Refused,
    /// True if the account was ruined.
    pub is_ruined: bool,
}

/// Takes an account over a market. Orders of one time act in their order in the list.
///
/// # Errors
/// The settings or an order are wrong.
pub fn run(
    market: &Market,
    settings: &Settings,
    orders: &[Order],
) -> Result<Outcome, BacktestError> {
    settings.check()?;
    let shortest = if settings.fills.enters_at_open() { 1 } else { 2 };
    for (place, order) in orders.iter().enumerate() {
        order.check(place, market.len(), shortest)?;
    }
    let clock = Clock::new(market);
    let ts = market.ts();
    let mut queue: Vec<u32> = (0..orders.len() as u32).collect();
    // Stable: orders of one time stay in their order.
    queue.sort_by_key(|order| ts[orders[*order as usize].row]);
    let mut account = Account::new(settings, market.series().len());
    let mut equity = Vec::with_capacity(clock.times.len());
    let columns = [market.open(), market.high(), market.low(), market.close()];
    let mut run = Run { market, columns, orders, account: &mut account, settings };
    let mut rest = &queue[..];
    let (count, is_one) = (clock.times.len(), market.series().len() == 1);
    let mut place = 0;
    while place < count {
        if is_one {
            // Rows up to the next order; the times of one symbol are its rows.
            let until = rest.first().map_or(count, |order| orders[*order as usize].row);
            place = run.account.ride(columns, place..until, &mut equity);
            if place == count {
                break;
            }
        }
        let time = clock.times[place];
        let is_now = |order: &&u32| ts[orders[**order as usize].row] == time;
        let (now, later) = rest.split_at(rest.iter().take_while(is_now).count());
        rest = later;
        let bars = clock.bars(place);
        let bars = bars.as_slice();
        run.begin(bars);
        if settings.fills.enters_at_open() {
            run.enter(now, |bar| bar.open);
        }
        run.finish(bars);
        if !settings.fills.enters_at_open() {
            run.enter(now, |bar| bar.close);
        }
        if place + 1 < count {
            run.end(bars);
        }
        equity.push(run.account.mark());
        place += 1;
    }
    let mut trades = account.trades().to_vec();
    trades.extend(account.open_trades());
    let (refused, is_ruined) = (account.refused(), account.is_ruined());
    Ok(Outcome { times: clock.times, equity, trades, refused, is_ruined })
}

struct Run<'a> {
    market: &'a Market,
    /// Open, high, low, close.
    columns: [&'a [f64]; 4],
    orders: &'a [Order],
    account: &'a mut Account,
    settings: &'a Settings,
}

impl Run<'_> {
    fn bar(&self, row: usize) -> Bar {
        let [open, high, low, close] = self.columns.map(|column| column[row]);
        Bar { row, open, high, low, close }
    }

    fn begin(&mut self, bars: &[(usize, u32)]) {
        for (row, series) in bars {
            let bar = self.bar(*row);
            self.account.begin(*series as usize, bar);
        }
    }

    fn enter(&mut self, now: &[u32], price: impl Fn(&Bar) -> f64) {
        if now.is_empty() {
            return;
        }
        for number in now {
            let order = &self.orders[*number as usize];
            let bar = self.bar(order.row);
            let series = self.series_of(order);
            self.account.close(series, order, price(&bar));
        }
        let equity = self.account.equity();
        if self.settings.overlap != Overlap::Net || now.len() == 1 {
            return now.iter().for_each(|number| self.enter_one(*number, &price, equity));
        }
        // What is sold first makes room for what is bought.
        let (shrinking, growing): (Vec<u32>, Vec<u32>) = now.iter().partition(|number| {
            let order = &self.orders[**number as usize];
            let bar = self.bar(order.row);
            self.account.shrinks(self.series_of(order), order, price(&bar), equity)
        });
        for number in shrinking.into_iter().chain(growing) {
            self.enter_one(number, &price, equity);
        }
    }

    fn enter_one(&mut self, number: u32, price: &impl Fn(&Bar) -> f64, equity: f64) {
        let order = &self.orders[number as usize];
        let (bar, series) = (self.bar(order.row), self.series_of(order));
        self.account.enter(series, number, order, price(&bar), equity);
    }

    fn series_of(&self, order: &Order) -> usize {
        self.market.series().partition_point(|span| span.end <= order.row)
    }

    fn finish(&mut self, bars: &[(usize, u32)]) {
        for (row, series) in bars {
            let bar = self.bar(*row);
            self.account.finish(*series as usize, bar);
        }
    }

    /// Closes the positions of instruments whose last bar this is.
    fn end(&mut self, bars: &[(usize, u32)]) {
        for (row, series) in bars {
            if row + 1 == self.market.series()[*series as usize].end {
                self.account.end_of(*series as usize);
            }
        }
    }
}
