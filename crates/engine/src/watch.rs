//! The caller's view of a running job: progress and cancellation.

/// Callbacks that run while samples are made.
#[derive(Clone, Copy)]
pub struct Watch<'a> {
    /// Receives the number of samples to make, before the first sample of a dataset.
    pub total: &'a (dyn Fn(u64) + Sync),
    /// Receives, from any thread, the number of samples finished since the last call.
    pub progress: &'a (dyn Fn(u64) + Sync),
    /// Called often, from any thread; returns true to stop.
    pub stop: &'a (dyn Fn() -> bool + Sync),
}

/// Ignores all progress and never stops.
impl Default for Watch<'_> {
    fn default() -> Self {
        Self { total: &|_| (), progress: &|_| (), stop: &|| false }
    }
}
