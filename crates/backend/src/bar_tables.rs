//! The work that is done once a bar, the same for every backend.

use std::sync::Arc;
use std::thread;

use barloom_bars::Market;
use barloom_rewards::{Pricer, Prices, RewardsError};
use barloom_scaling::ChannelScaler;

use crate::{PreparedChannel, Program, Reference, SnapshotTable};

/// The values that a program needs of each bar of a market: casts, logarithms, the tables of
/// rewards.
#[derive(Debug)]
pub struct BarTables {
    /// Prices actions.
    pub pricer: Arc<Pricer>,
    /// The closes that windows are measured against.
    pub reference: Reference,
    /// The program's channels.
    pub channels: Vec<PreparedChannel>,
    /// The values of the program's snapshot.
    pub snapshot: SnapshotTable,
}

impl BarTables {
    /// Computes them: O(bars), on two threads.
    ///
    /// # Errors
    /// The reward settings are wrong.
    pub fn new(market: &Market, program: &Program) -> Result<Self, RewardsError> {
        thread::scope(|scope| {
            let prices = Prices::from(market.prices());
            let pricer = scope.spawn(|| Pricer::of(prices, program.reward.clone()));
            let (reference, channels) = channels(market, program);
            let snapshot = SnapshotTable::new(market, &program.snapshot);
            match pricer.join() {
                Ok(pricer) => {
                    let pricer = Arc::new(pricer?);
                    Ok(Self { pricer, reference, channels, snapshot })
                }
                Err(panic) => std::panic::resume_unwind(panic),
            }
        })
    }

    /// As [`new`](Self::new), with the pricer of another program that has the same rewards.
    #[must_use]
    pub fn with_pricer(market: &Market, program: &Program, pricer: Arc<Pricer>) -> Self {
        let (reference, channels) = channels(market, program);
        let snapshot = SnapshotTable::new(market, &program.snapshot);
        Self { pricer, reference, channels, snapshot }
    }
}

fn channels(market: &Market, program: &Program) -> (Reference, Vec<PreparedChannel>) {
    let scalers: Vec<ChannelScaler> = program.channels.iter().map(|c| c.scaler).collect();
    // Without channels there is no window to measure.
    let close = if scalers.is_empty() { &[] } else { market.close() };
    let reference = Reference::new(close, &scalers);
    let channels = program
        .channels
        .iter()
        .map(|channel| match (channel.name.as_str(), channel.scaler) {
            ("close", ChannelScaler::LastClose) => reference.channel(),
            (_, scaler) => PreparedChannel::new(scaler, &channel.values(market)),
        })
        .collect();
    (reference, channels)
}
