//! Many actions at once, as columns.

use barloom_schema::{Element, Slice};

use crate::barriers::BarrierPrices;
use crate::horizon::HorizonIndex;
use crate::metrics;
use crate::pricer::{Pricer, Reward};
use crate::settings::Metric;
use crate::starts::Starts;
use crate::trade::{Action, ExitReason, Trade, excursions, fill, unit_return};

/// Actions and the rows that they enter at, as columns of one length.
#[derive(Clone, Copy, Debug)]
pub struct Actions<'a> {
    /// Rows t.
    pub row: &'a [usize],
    /// 1 long, -1 short, 0 hold.
    pub direction: &'a [i8],
    /// Dollars.
    pub dollars: &'a [f64],
    /// Distances of the stops, as fractions of the entry price.
    pub stop: &'a [f64],
    /// Distances of the targets, as fractions of the entry price.
    pub target: &'a [f64],
}

impl Actions<'_> {
    #[inline(always)]
    fn at(&self, i: usize) -> Action {
        Action {
            direction: self.direction[i],
            dollars: self.dollars[i],
            stop: self.stop[i],
            target: self.target[i],
        }
    }

    #[inline(always)]
    fn barriers(&self, i: usize, entry: f64) -> BarrierPrices {
        BarrierPrices::new(entry, self.direction[i], self.stop[i], self.target[i])
    }

    fn check(&self, other: usize) {
        let lengths =
            [self.direction.len(), self.dollars.len(), self.stop.len(), self.target.len(), other];
        assert_eq!(lengths, [self.row.len(); 5], "columns of different lengths");
    }
}

macro_rules! columns {
    (
        $keys:ident $key_columns:tt $drawn:ident $drawn_columns:tt
        outcomes { $($name:ident: $type:ty, $logical:ident, $role:ident, $unit:literal, $doc:literal;)* }
    ) => {
        /// Columns that trades are written to: the outcomes of [`barloom_schema::COLUMNS`].
        #[derive(Debug)]
        pub struct TradesMut<'a> {
            $(#[doc = concat!("`[rows]`: ", $doc, ".")] pub $name: &'a mut [$type],)*
            /// `[rows]`: u, the profit per unit of notional.
            pub unit_return: &'a mut [f64],
        }

        impl TradesMut<'_> {
            /// The columns, for reading.
            #[must_use]
            pub fn read(&self) -> Trades<'_> {
                Trades { $($name: self.$name,)* unit_return: self.unit_return }
            }
        }

        /// Trades as [`TradesMut`] got them.
        #[derive(Clone, Copy, Debug)]
        pub struct Trades<'a> {
            $(#[doc = concat!("`[rows]`: ", $doc, ".")] pub $name: &'a [$type],)*
            /// `[rows]`: u, the profit per unit of notional.
            pub unit_return: &'a [f64],
        }

        impl<'a> Trades<'a> {
            /// The outcomes with their names, in the order of the schema.
            #[must_use]
            pub fn columns(&self) -> Vec<(&'static str, Slice<'a>)> {
                vec![$((stringify!($name), <$type>::slice(self.$name))),*]
            }
        }

        /// Columns of trades in vectors.
        #[derive(Clone, Debug, Default)]
        pub struct TradeColumns {
            $(#[doc = concat!("`[rows]`: ", $doc, ".")] pub $name: Vec<$type>,)*
            /// `[rows]`: u, the profit per unit of notional.
            pub unit_return: Vec<f64>,
        }

        impl TradeColumns {
            /// Columns of so many rows, for [`Pricer::trades`] to fill.
            #[must_use]
            pub fn zeroed(rows: usize) -> Self {
                Self {
                    $($name: vec![<$type>::default(); rows],)*
                    unit_return: vec![0.0; rows],
                }
            }

            /// The columns, to be filled.
            #[must_use]
            pub fn as_mut(&mut self) -> TradesMut<'_> {
                TradesMut { $($name: &mut self.$name,)* unit_return: &mut self.unit_return }
            }

            /// The columns, for reading.
            #[must_use]
            pub fn read(&self) -> Trades<'_> {
                Trades { $($name: &self.$name,)* unit_return: &self.unit_return }
            }
        }

        /// The trade of one action, as `fill` writes it.
        pub(crate) fn one(fill: impl FnOnce(&mut TradesMut<'_>)) -> Trade {
            $(let mut $name = [<$type>::default()];)*
            let mut unit_return = [0.0];
            let mut out = TradesMut { $($name: &mut $name,)* unit_return: &mut unit_return };
            fill(&mut out);
            out.read().at(0)
        }
    };
}
barloom_schema::columns!(columns);

impl Trades<'_> {
    #[inline(always)]
    fn at(&self, i: usize) -> Trade {
        Trade {
            entry_price: self.entry_price[i],
            exit_price: self.exit_price[i],
            held_bars: self.held_bars[i] as u32,
            reason: ExitReason::of(self.exit_reason[i]),
            unit_return: self.unit_return[i],
            mfe: self.mfe[i],
            mae: self.mae[i],
        }
    }
}

/// Columns that rewards are written to; the fields of [`Reward`].
#[derive(Debug)]
pub struct RewardsMut<'a> {
    /// Values.
    pub value: &'a mut [f64],
    /// 1 where the value was clipped, else 0.
    pub clipped: &'a mut [u8],
}

/// The number of actions between a prefetch and the use of its data.
const AHEAD: usize = 16;

/// Actions whose barriers may be touched are collected up to here, then looked at one by one.
const BATCH: usize = 256;

impl Pricer {
    /// The trade of each action: what [`trade`](Self::trade) gives for it, in less time.
    /// `fetch` receives addresses that will be read soon, and may do nothing. Made for the caller's
    /// instruction set.
    ///
    /// # Panics
    /// The columns are of different lengths, or a row has no whole horizon.
    #[inline(always)]
    pub fn trades(&self, actions: Actions<'_>, fetch: impl Fn(&[f64]), out: &mut TradesMut<'_>) {
        self.trades_in(actions, |k| k, fetch, out);
    }

    /// As [`trades`](Self::trades), taking the actions in another order: `order` holds the place of
    /// each once. Rows that are close to each other are cheap one after the other.
    ///
    /// # Panics
    /// As [`trades`](Self::trades), and where `order` does not have as many places, or one that is
    /// none.
    #[inline(always)]
    pub fn trades_ordered(
        &self,
        actions: Actions<'_>,
        order: &[u32],
        fetch: impl Fn(&[f64]),
        out: &mut TradesMut<'_>,
    ) {
        assert_eq!(order.len(), actions.row.len(), "a place for each action");
        self.trades_in(actions, |k| order[k] as usize, fetch, out);
    }

    /// `at` gives the place of the k-th action.
    #[inline(always)]
    fn trades_in(
        &self,
        actions: Actions<'_>,
        at: impl Fn(usize) -> usize,
        fetch: impl Fn(&[f64]),
        out: &mut TradesMut<'_>,
    ) {
        actions.check(out.entry_price.len());
        let horizon = &self.horizon;
        match &*self.starts {
            Starts::Honoured(starts) => {
                let mut places = [0; BATCH];
                let mut begin = 0;
                while begin < actions.row.len() {
                    let places = &mut places[..BATCH.min(actions.row.len() - begin)];
                    places.iter_mut().zip(begin..).for_each(|(place, k)| *place = at(k));
                    self.honoured(actions, places, starts, horizon, &fetch, out);
                    begin += places.len();
                }
            }
            Starts::Ignored(held) => self.ignored(actions, at, held, fetch, out),
        }
    }

    /// First what holds if no barrier is touched, then the touched ones, then the profits.
    #[inline(always)]
    fn honoured(
        &self,
        actions: Actions<'_>,
        places: &[usize],
        starts: &[[f64; 4]],
        horizon: &HorizonIndex,
        fetch: &impl Fn(&[f64]),
        out: &mut TradesMut<'_>,
    ) {
        let (settings, open) = (&self.settings, &self.index.prices().open[..]);
        let held = settings.forward as i32 - 1;
        let first = settings.forward - settings.steps();
        let mut touched = [0_usize; BATCH];
        let mut count = 0;
        for (k, i) in places.iter().enumerate() {
            if let Some(later) = places.get(k + AHEAD) {
                fetch(&starts[actions.row[*later]]);
            }
            let i = *i;
            let ([entry, last, low, high], live) =
                (starts[actions.row[i]], actions.direction[i] != 0);
            let barriers = actions.barriers(i, entry);
            out.entry_price[i] = entry;
            out.exit_price[i] = if live { last } else { entry };
            out.held_bars[i] = if live { held } else { 0 };
            out.exit_reason[i] = if live { ExitReason::Horizon } else { ExitReason::None } as u8;
            let excursions = excursions(barriers.long, entry, [low, high]);
            [out.mfe[i], out.mae[i]] = if live { excursions } else { [0.0; 2] };
            touched[count] = i;
            let (stopped, reached) = barriers.reached(low, high);
            count += usize::from(live & (stopped | reached));
        }
        for i in &touched[..count] {
            fetch(horizon.source(actions.row[*i] + first));
        }
        // Exits are found first and looked at then, so that their opens are fetched meanwhile.
        let mut exits = [0_usize; BATCH];
        for (exit, i) in exits.iter_mut().zip(&touched[..count]) {
            let (t, barriers) = (actions.row[*i], actions.barriers(*i, out.entry_price[*i]));
            let row = horizon.first_touch(t + first, barriers.down, barriers.up);
            *exit = row.unwrap_or(t + settings.forward - 1);
            fetch(&open[*exit..=*exit]);
        }
        for (row, i) in exits.iter().zip(&touched[..count]) {
            let (i, row) = (*i, *row);
            let barriers = actions.barriers(i, out.entry_price[i]);
            let bar = horizon.bar(open[row], row);
            let (exit, reason) = fill(bar, &barriers, settings.same_bar);
            out.exit_price[i] = exit;
            out.held_bars[i] = (row - actions.row[i]) as i32;
            out.exit_reason[i] = reason as u8;
            let [low, high] = horizon.extremes(actions.row[i] + first, row);
            let range = [low.min(bar.open).min(exit), high.max(bar.open).max(exit)];
            [out.mfe[i], out.mae[i]] = excursions(barriers.long, out.entry_price[i], range);
        }
        for i in places {
            let i = *i;
            let s = f64::from(actions.direction[i]);
            let (entry, exit) = (out.entry_price[i], out.exit_price[i]);
            let u = unit_return(settings, s, entry, exit, out.held_bars[i] as usize);
            let u = if s == 0.0 { 0.0 } else { u };
            out.unit_return[i] = u;
            out.pnl[i] = actions.dollars[i] * u;
        }
    }

    #[inline(always)]
    fn ignored(
        &self,
        actions: Actions<'_>,
        at: impl Fn(usize) -> usize,
        held: &[[f64; 4]],
        fetch: impl Fn(&[f64]),
        out: &mut TradesMut<'_>,
    ) {
        let held_bars = self.settings.forward as i32 - 1;
        let count = actions.row.len();
        for k in 0..count {
            if k + AHEAD < count {
                fetch(&held[actions.row[at(k + AHEAD)]]);
            }
            let i = at(k);
            let ([entry, last, short, long], direction) =
                (held[actions.row[i]], actions.direction[i]);
            let live = direction != 0;
            let u = if direction > 0 { long } else { short };
            let begin = actions.row[i] + self.settings.forward - self.settings.steps();
            let end = actions.row[i] + self.settings.forward;
            [out.mfe[i], out.mae[i]] = if live {
                excursions(direction > 0, entry, self.horizon.extremes(begin, end))
            } else {
                [0.0; 2]
            };
            out.entry_price[i] = entry;
            out.exit_price[i] = if live { last } else { entry };
            out.held_bars[i] = if live { held_bars } else { 0 };
            out.exit_reason[i] = if live { ExitReason::Horizon } else { ExitReason::None } as u8;
            let u = if live { u } else { 0.0 };
            out.unit_return[i] = u;
            out.pnl[i] = actions.dollars[i] * u;
        }
    }

    /// A metric of trades that [`trades`](Self::trades) gave for the same actions: what
    /// [`reward`](Self::reward) gives for each. `equity` is in dollars. Made for the caller's
    /// instruction set.
    ///
    /// # Panics
    /// The columns are of different lengths, or a row has no whole horizon.
    #[inline(always)]
    pub fn rewards(
        &self,
        actions: Actions<'_>,
        equity: &[f64],
        trades: Trades<'_>,
        metric: Metric,
        out: &mut RewardsMut<'_>,
    ) {
        actions.check(out.value.len());
        assert_eq!(actions.row.len(), equity.len(), "columns of different lengths");
        // The metrics that are a few operations are loops of their own.
        match metric {
            Metric::Pnl => self.each(actions, equity, trades, Metric::Pnl, out),
            Metric::Return => self.each(actions, equity, trades, Metric::Return, out),
            Metric::PnlPct => self.each(actions, equity, trades, Metric::PnlPct, out),
            Metric::RMultiple => self.each(actions, equity, trades, Metric::RMultiple, out),
            _ => {
                for (i, equity) in equity.iter().enumerate() {
                    let (action, trade) = (actions.at(i), trades.at(i));
                    let reward = self.reward(actions.row[i], &action, *equity, &trade, metric);
                    out.value[i] = reward.value;
                    out.clipped[i] = u8::from(reward.clipped);
                }
            }
        }
    }

    #[inline(always)]
    fn each(
        &self,
        actions: Actions<'_>,
        equity: &[f64],
        trades: Trades<'_>,
        metric: Metric,
        out: &mut RewardsMut<'_>,
    ) {
        for (i, equity) in equity.iter().enumerate() {
            let (action, trade) = (actions.at(i), trades.at(i));
            let value =
                metrics::of_trade(&self.settings, actions.row[i], &action, *equity, &trade, metric);
            let Reward { value, clipped } =
                self.settings.finish(&action, value.unwrap_or(0.0), metric);
            out.value[i] = value;
            out.clipped[i] = u8::from(clipped);
        }
    }
}
