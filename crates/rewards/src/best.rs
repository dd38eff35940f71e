//! The best action at a row.

use crate::barriers::BarrierPrices;
use crate::error::RewardsError;
use crate::metrics::of_unit_return;
use crate::pricer::{Pricer, Reward};
use crate::settings::{Metric, RewardSettings};
use crate::trade::{Action, Bar, fill, unit_return};

/// The actions of which the best is sought.
#[derive(Clone, Debug, PartialEq)]
pub struct Choices {
    /// Directions, each once: 1 long, -1 short, 0 hold. Of equals the first is taken.
    pub directions: Vec<i8>,
    /// The least and the greatest distance of stops, as fractions of the entry price.
    pub stop: [f64; 2],
    /// The least and the greatest distance of targets.
    pub target: [f64; 2],
    /// The metric: one that rises with the trade's profit, so any of pnl, return, pnl_pct,
    /// log_return and car.
    pub of: Metric,
}

/// The best action at a row.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Best {
    /// 1 long, -1 short, 0 hold.
    pub direction: i8,
    /// The distance of the stop; 0 for a hold.
    pub stop: f64,
    /// The distance of the target; 0 for a hold.
    pub target: f64,
    /// u: profit per unit of notional, after costs.
    pub unit_return: f64,
}

impl Choices {
    /// Checks the choices for a pricer's settings.
    ///
    /// # Errors
    /// No direction, one twice or none of the three; distances that are no range of numbers above
    /// 0; a metric that need not rise with the profit; carry below 0, which pays for waiting.
    pub fn validate(&self, settings: &RewardSettings) -> Result<(), RewardsError> {
        let error =
            |field, got: String, expected| Err(RewardsError::Setting { field, got, expected });
        let known = |direction: &i8| (-1..=1).contains(direction);
        let twice = (1..self.directions.len())
            .any(|at| self.directions[..at].contains(&self.directions[at]));
        if self.directions.is_empty() || twice || !self.directions.iter().all(known) {
            let expected = "some of 1 (long), -1 (short) and 0 (hold), each once";
            return error("directions", format!("{:?}", self.directions), expected);
        }
        for (field, [least, most]) in [("stop", self.stop), ("target", self.target)] {
            if !(least > 0.0 && least <= most && most.is_finite()) {
                let expected = "two finite numbers above 0, ascending";
                return error(field, format!("[{least}, {most}]"), expected);
            }
        }
        let rises = [Metric::Pnl, Metric::Return, Metric::PnlPct, Metric::LogReturn, Metric::Car];
        if !rises.contains(&self.of) {
            let expected = "pnl, return, pnl_pct, log_return or car, which rise with the profit";
            return error("of", self.of.name().to_owned(), expected);
        }
        if settings.carry_bps < 0.0 {
            let expected =
                "at least 0 where the best action is sought: negative carry pays for waiting";
            return error("carry_bps", settings.carry_bps.to_string(), expected);
        }
        Ok(())
    }
}

impl Best {
    /// The reward of the action at row t with these dollars and this equity, as a sample with this
    /// action has it; NaN by a metric that [`Choices`] refuse.
    #[must_use]
    pub fn reward(
        &self,
        settings: &RewardSettings,
        t: usize,
        dollars: f64,
        equity: f64,
        metric: Metric,
    ) -> Reward {
        let Self { direction, stop, target, unit_return } = *self;
        let action = Action { direction, dollars, stop, target };
        let value = of_unit_return(settings, t, dollars, equity, unit_return, metric);
        settings.finish(&action, value.unwrap_or(f64::NAN), metric)
    }
}

/// The price and the row at which a trade ends.
#[derive(Clone, Copy)]
struct Exit {
    price: f64,
    row: usize,
}

impl Pricer {
    /// The action with the greatest profit at row t, of all choices: exact but for the distance at
    /// which a bar reaches a barrier ([`TOUCH`](crate::TOUCH)).
    ///
    /// Profits rise with the exit price of a long and fall with that of a short, so few actions can
    /// be the best:
    ///
    /// - the widest stop with a target at a record of the high (a short's: of the low), as a lower
    ///   target at the same bar earns less, and a tighter stop only ends the trade before;
    /// - the widest stop with the farthest target, which lasts to the horizon if it can;
    /// - the tightest stop with the farthest target, as every other stop sells later and lower.
    ///
    /// Without carry the last record before the stop is the best of all records: O(log F). With
    /// carry each is looked at: O(F).
    ///
    /// # Panics
    /// The columns have fewer than t+F rows.
    #[must_use]
    pub fn best(&self, t: usize, choices: &Choices) -> Best {
        let mut best: Option<Best> = None;
        for direction in &choices.directions {
            let mut consider = |stop: f64, target: f64, unit_return: f64| {
                if best.is_none_or(|best| unit_return > best.unit_return) {
                    best = Some(Best { direction: *direction, stop, target, unit_return });
                }
            };
            if *direction == 0 {
                consider(0.0, 0.0, 0.0);
                continue;
            }
            let [tight, wide] = choices.stop;
            let far = choices.target[1];
            if !self.settings.honours_barriers() {
                let last = t + self.settings.forward - 1;
                let exit = Exit { price: self.index.prices().close[last], row: last };
                consider(wide, far, self.unit(t, *direction, exit));
                continue;
            }
            let mut price = |stop: f64, target: f64| {
                let exit = self.exit(t, *direction, stop, target);
                consider(stop, target, self.unit(t, *direction, exit));
            };
            price(wide, far);
            price(tight, far);
            self.records(t, *direction, choices, |target| price(wide, target));
        }
        best.unwrap_or(Best { direction: 0, stop: 0.0, target: 0.0, unit_return: 0.0 })
    }

    /// The entry price at a row, and its first live row.
    fn entry(&self, t: usize) -> (f64, usize) {
        let prices = self.index.prices();
        if self.settings.enters_at_open() { (prices.open[t], t) } else { (prices.close[t], t + 1) }
    }

    fn unit(&self, t: usize, direction: i8, exit: Exit) -> f64 {
        let (entry, _) = self.entry(t);
        unit_return(&self.settings, f64::from(direction), entry, exit.price, exit.row - t)
    }

    fn bar(&self, row: usize) -> Bar {
        self.horizon.bar(self.index.prices().open[row], row)
    }

    /// The exit of a trade.
    fn exit(&self, t: usize, direction: i8, stop: f64, target: f64) -> Exit {
        let (entry, live) = self.entry(t);
        let barriers = BarrierPrices::new(entry, direction, stop, target);
        let last = t + self.settings.forward - 1;
        let row = self.horizon.first_touch(live, barriers.down, barriers.up);
        match row.filter(|row| *row <= last) {
            None => Exit { price: self.index.prices().close[last], row: last },
            Some(row) => {
                let (price, _) = fill(self.bar(row), &barriers, self.settings.same_bar);
                Exit { price, row }
            }
        }
    }

    /// Calls a function with the distance of each target that may be the best with the widest stop.
    fn records(&self, t: usize, direction: i8, choices: &Choices, mut call: impl FnMut(f64)) {
        let (entry, live) = self.entry(t);
        let end = t + self.settings.forward;
        let is_long = direction > 0;
        let s = f64::from(direction);
        let [near, far] = choices.target;
        let distance = |price: f64| s * (price / entry - 1.0);
        let mut target_at = |price: f64| {
            let distance = distance(price);
            if distance >= near {
                call(distance.min(far));
            }
        };
        // The bar that stops the trade, and the bars before it.
        let stop = BarrierPrices::new(entry, direction, choices.stop[1], f64::INFINITY);
        let (down, up) =
            if is_long { (stop.down, f64::INFINITY) } else { (f64::NEG_INFINITY, stop.up) };
        let stopped = self.horizon.first_touch(live, down, up).filter(|row| *row < end);
        let before = live..stopped.unwrap_or(end);
        if self.settings.carry() == 0.0 {
            let [low, high] = self.horizon.extremes(before.start, before.end);
            target_at(if is_long { high } else { low });
        } else {
            // A record that is reached later must make up for the carry: all are looked at.
            let mut record = f64::NEG_INFINITY;
            for row in before {
                let bar = self.bar(row);
                let reached = distance(if is_long { bar.high } else { bar.low });
                if reached > record {
                    record = reached;
                    target_at(if is_long { bar.high } else { bar.low });
                    if reached >= far {
                        break;
                    }
                }
            }
        }
        // In the bar that stops it, a trade may reach its target first.
        if let Some(row) = stopped {
            let bar = self.bar(row);
            target_at(bar.open);
            target_at(if is_long { bar.high } else { bar.low });
        }
    }
}
