//! All that pricing needs of a market and of no setting.

use std::sync::{Arc, OnceLock};

use crate::error::RewardsError;
use crate::frel::{FrelLosses, FrelSums};
use crate::horizon::HorizonIndex;
use crate::path::{Changes, Levels};
use crate::prices::Prices;
use crate::settings::RewardSettings;
use crate::shelf::Shelf;
use crate::starts::{Starts, StartsKey};
use crate::tree::{Moments, Tree};

/// The longest horizon in bars that an index serves, one more than settings may have.
pub(crate) const MOST_FORWARD: usize = 1 << 31;

/// A market's prices and what pricing needs of them, shared by every [`Pricer`](crate::Pricer) of
/// the market: of any horizon, costs, metrics and fill rules.
///
/// Parts are built when a pricer first needs them, in O(rows), and kept:
///
/// | part | depends on | needed by | bytes a row |
/// |---|---|---|---|
/// | hierarchy of extreme lows and highs | the market | barriers, mfe and mae | 18.3 |
/// | tree of changes of the close | the market | sharpe, sortino | 1 |
/// | tree of closes | the market | calmar | 0.6 |
/// | tree of returns | the market | sharpe and sortino of frel-v1 | 0.7 |
///
/// Parts that depend on settings too are shared by the pricers that use them, and freed with the
/// last of these:
///
/// | part | depends on | bytes a row |
/// |---|---|---|
/// | a record for the first row of each trade | F, entry, barriers; with barriers ignored costs too | 32 |
/// | trees of losses, for sortino of frel-v1 | costs and carry | 1.4 |
/// | trees of cumulative steps, for calmar of frel-v1 | costs and carry | 1.1 |
///
/// So other costs, metrics, bars a year, clip bounds or rules for bars that reach both barriers
/// cost nothing where barriers are honoured, and another F costs one pass over the bars.
#[derive(Debug)]
pub struct MarketIndex {
    prices: Prices,
    horizon: OnceLock<HorizonIndex>,
    changes: OnceLock<Tree<Changes>>,
    levels: OnceLock<Tree<Levels>>,
    returns: OnceLock<Tree<Moments>>,
    starts: Shelf<StartsKey, Starts>,
    losses: Shelf<u64, FrelLosses>,
    sums: Shelf<u64, FrelSums>,
}

impl MarketIndex {
    /// An index without any part yet.
    ///
    /// # Errors
    /// The columns have different lengths.
    pub fn new(prices: Prices) -> Result<Self, RewardsError> {
        let [open, high, low, close] = prices.columns().map(|column| column.len());
        if [open, high, low].iter().any(|rows| *rows != close) {
            return Err(RewardsError::Columns { open, high, low, close });
        }
        Ok(Self {
            prices,
            horizon: OnceLock::new(),
            changes: OnceLock::new(),
            levels: OnceLock::new(),
            returns: OnceLock::new(),
            starts: Shelf::default(),
            losses: Shelf::default(),
            sums: Shelf::default(),
        })
    }

    /// The market's prices.
    #[must_use]
    #[inline(always)]
    pub fn prices(&self) -> &Prices {
        &self.prices
    }

    /// The hierarchy of extreme lows and highs, built at the first call.
    #[must_use]
    pub fn horizon(&self) -> &HorizonIndex {
        self.horizon.get_or_init(|| HorizonIndex::new(&self.prices.low, &self.prices.high))
    }

    pub(crate) fn changes(&self) -> &Tree<Changes> {
        self.changes.get_or_init(|| Changes::tree(&self.prices.close))
    }

    pub(crate) fn levels(&self) -> &Tree<Levels> {
        self.levels.get_or_init(|| Levels::tree(&self.prices.close))
    }

    pub(crate) fn returns(&self) -> &Tree<Moments> {
        self.returns.get_or_init(|| crate::frel::returns(&self.prices.close))
    }

    pub(crate) fn starts(&self, settings: &RewardSettings) -> Arc<Starts> {
        let make = || Starts::new(&self.prices, settings);
        self.starts.of(StartsKey::new(settings), make)
    }

    /// Negative steps, where each costs so much.
    pub(crate) fn losses(&self, cost: f64) -> Arc<FrelLosses> {
        self.losses.of(cost.to_bits(), || FrelLosses::new(&self.prices.close, cost))
    }

    /// Cumulative steps, where each costs so much.
    pub(crate) fn sums(&self, cost: f64) -> Arc<FrelSums> {
        self.sums.of(cost.to_bits(), || FrelSums::new(&self.prices.close, cost))
    }
}
