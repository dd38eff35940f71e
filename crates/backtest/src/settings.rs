//! The rules of an account.

use barloom_rewards::RewardSettings;

use crate::BacktestError;

/// The effect of a decision where its symbol has a position.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Overlap {
    /// Nothing: it is ignored.
    #[default]
    Ignore,
    /// In the opposite direction it closes the position and opens its own; else it is ignored.
    Flip,
    /// It is the position that is wanted: the difference is traded.
    Net,
    /// It opens a position beside the others, without a limit of cash.
    Independent,
}

/// The size of a position.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Size {
    /// A notional in dollars.
    Dollars(f64),
    /// A fraction of the equity: the notional is `f * equity / (1 + c)`, where c is the cost of a
    /// side, so that the costs are paid of the fraction too.
    Fraction(f64),
    /// A number of units.
    Units(f64),
}

/// The rules of an account.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// The equity at the begin, dollars.
    pub cash: f64,
    /// The effect of a decision where its symbol has a position.
    pub overlap: Overlap,
    /// The notional of all positions is at most `leverage * equity / (1 + c)`.
    pub leverage: f64,
    /// True to cut a decision to what is left of this limit, false to skip it.
    pub partial: bool,
    /// Fills, costs and carry, as rewards have them. Metrics and the horizon have no effect.
    pub fills: RewardSettings,
}

impl Settings {
    /// An account of so much cash with default rules and these fills.
    #[must_use]
    pub fn new(cash: f64, fills: RewardSettings) -> Self {
        Self { cash, overlap: Overlap::default(), leverage: 1.0, partial: true, fills }
    }

    /// Checks the settings.
    ///
    /// # Errors
    /// The first field that is wrong.
    pub fn check(&self) -> Result<(), BacktestError> {
        self.fills.validate()?;
        for (field, value) in [("cash", self.cash), ("leverage", self.leverage)] {
            if !(value > 0.0 && value.is_finite()) {
                let expected = "a finite number above 0";
                return Err(BacktestError::Setting { field, got: value.to_string(), expected });
            }
        }
        Ok(())
    }
}
