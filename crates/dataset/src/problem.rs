//! Findings of a verification.

use std::fmt;
use std::sync::Arc;

use serde::{Serialize, Serializer};

use crate::DatasetError;

/// A finding that a dataset is not what it says: an error, which is its message where it is shown
/// or written as JSON.
#[derive(Clone, Debug)]
pub struct Problem(Arc<DatasetError>);

impl Problem {
    /// The error.
    #[must_use]
    pub fn error(&self) -> &DatasetError {
        &self.0
    }
}

impl From<DatasetError> for Problem {
    fn from(error: DatasetError) -> Self {
        Self(Arc::new(error))
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message())
    }
}

impl PartialEq for Problem {
    fn eq(&self, other: &Self) -> bool {
        self.to_string() == other.to_string()
    }
}

impl Serialize for Problem {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}
