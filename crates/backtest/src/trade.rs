//! Trades of an account, and orders that were not filled.

use crate::Side;

/// The event that closed a position.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExitCause {
    /// It reached its stop.
    Stop,
    /// It reached its target.
    Target,
    /// Its bars were over.
    Hold,
    /// An order closed it, or a part of it.
    Order,
    /// Its instrument has no later bar.
    End,
    /// The account was ruined.
    Ruin,
}

impl ExitCause {
    /// Its name in tables.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Stop => "stop",
            Self::Target => "target",
            Self::Hold => "hold",
            Self::Order => "order",
            Self::End => "end",
            Self::Ruin => "ruin",
        }
    }
}

/// A position, or a part of one, from entry to exit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Trade {
    /// The place of its symbol in the market.
    pub series: u32,
    /// The place of the order that opened it.
    pub order: u32,
    /// Its direction.
    pub side: Side,
    /// The arena row of the entry.
    pub entry_row: usize,
    /// The arena row of the exit; that of the last bar where it is open.
    pub exit_row: usize,
    /// The notional at the entry, dollars.
    pub dollars: f64,
    /// The entry price; the mean of the entries where a position was added to.
    pub entry_price: f64,
    /// The exit price; the last close where it is open.
    pub exit_price: f64,
    /// Profit or loss after costs, dollars; of an open position that at the last close, without the
    /// costs of an exit.
    pub pnl: f64,
    /// The event that closed it; none where it is open at the end.
    pub cause: Option<ExitCause>,
}

impl Trade {
    /// Bars from the entry to the exit.
    #[must_use]
    pub fn held_bars(&self) -> usize {
        self.exit_row - self.entry_row
    }
}

/// The numbers of orders that were not filled as they were given, by reason.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Refused {
    /// Their symbol had a position.
    pub overlapping: u64,
    /// They were cut to what was left of the limit of notional.
    pub cut: u64,
    /// Nothing was left of the limit, or less than they wanted.
    pub no_room: u64,
    /// The account was ruined.
    pub ruined: u64,
}
