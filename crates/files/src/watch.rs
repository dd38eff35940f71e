//! The caller's view of long work: progress and cancellation.

use std::fmt;
use std::sync::Arc;

/// Callbacks that run while files are read and written and samples are made. Clones share them.
#[derive(Clone)]
pub struct Watch {
    /// Receives the number of samples to make, before the first sample of a dataset.
    pub total: Arc<dyn Fn(u64) + Send + Sync>,
    /// Receives, from any thread, the number of samples finished since the last call; of a
    /// conversion of bars, the number of bytes read.
    pub progress: Arc<dyn Fn(u64) + Send + Sync>,
    /// Called often, from any thread; returns true to stop.
    pub stop: Arc<dyn Fn() -> bool + Send + Sync>,
}

/// Ignores all progress and never stops.
impl Default for Watch {
    fn default() -> Self {
        Self { total: Arc::new(|_| ()), progress: Arc::new(|_| ()), stop: Arc::new(|| false) }
    }
}

impl fmt::Debug for Watch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watch").finish_non_exhaustive()
    }
}
