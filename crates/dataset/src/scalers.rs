//! `scalers.json`: scalers that are the same for all samples of a dataset.

use barloom_scaling::MetaScaler;
use serde::{Deserialize, Serialize};

/// The document.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Scalers {
    /// The bounds by which meta fields scale.
    pub(crate) meta: MetaScaler,
}
