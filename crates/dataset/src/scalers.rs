//! `scalers.json`: scalers that are the same for all samples of a dataset.

use barloom_backend::Program;
use barloom_scaling::{FittedScalers, MetaScaler};
use serde::{Deserialize, Serialize};

/// The document.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Scalers {
    /// The bounds by which meta fields scale.
    pub(crate) meta: MetaScaler,
    /// The scalers that were fitted to the bars.
    #[serde(default, skip_serializing_if = "FittedScalers::is_empty")]
    pub(crate) fitted: FittedScalers,
}

impl Scalers {
    pub(crate) fn new(program: &Program) -> Self {
        Self { meta: program.meta.clone(), fitted: program.fitted() }
    }
}
