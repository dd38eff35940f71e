//! The place of a loader in its epochs.

use serde::{Deserialize, Serialize};

use crate::LoaderError;

/// The place of a loader, for all ranks: a few bytes to keep beside a checkpoint.
///
/// It is the same on all ranks that have made as many steps, and may be resumed with another
/// number of ranks, another batch size, and any number of threads.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct State {
    /// The epoch, from 0.
    pub epoch: u64,
    /// Places of the epoch's order that are passed.
    pub position: u64,
    /// The order that the places belong to.
    pub order: OrderState,
}

/// The settings that determine an epoch's order and its samples beside the dataset.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OrderState {
    /// Places of an epoch: samples or states.
    pub count: u64,
    /// Samples of each place.
    pub samples_per_place: u64,
    /// The seed of the shuffle.
    pub shuffle: Option<u64>,
    /// True if each epoch has samples of its own.
    pub fresh: bool,
    /// True if samples are drawn by weights. A state that was saved without this field has false.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub weighted: bool,
}

impl State {
    /// Refuses a state that was saved with another order than `order`.
    pub(crate) fn check(&self, order: &OrderState) -> Result<(), LoaderError> {
        let seed = |seed: Option<u64>| seed.map_or("none".to_owned(), |seed| seed.to_string());
        let (a, b) = (&self.order, order);
        let pairs = [
            ("number of places", a.count.to_string(), b.count.to_string()),
            ("samples a place", a.samples_per_place.to_string(), b.samples_per_place.to_string()),
            ("shuffle seed", seed(a.shuffle), seed(b.shuffle)),
            ("fresh", a.fresh.to_string(), b.fresh.to_string()),
            ("weighted", a.weighted.to_string(), b.weighted.to_string()),
        ];
        for (what, got, expected) in pairs {
            if got != expected {
                return Err(LoaderError::OtherState { what, got, expected });
            }
        }
        if self.position > order.count {
            let (got, expected) = (self.position.to_string(), format!("at most {}", order.count));
            return Err(LoaderError::OtherState { what: "position", got, expected });
        }
        Ok(())
    }
}
