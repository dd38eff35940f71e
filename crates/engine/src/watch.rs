//! Whoever waits for samples.

/// What is told while samples are made, and asked.
#[derive(Clone, Copy)]
pub struct Watch<'a> {
    /// Told how many samples there are to be, before the first of a dataset.
    pub total: &'a (dyn Fn(u64) + Sync),
    /// Told from any thread how many more samples are done.
    pub progress: &'a (dyn Fn(u64) + Sync),
    /// Asked from any thread, often, whether to stop.
    pub stop: &'a (dyn Fn() -> bool + Sync),
}

/// Nobody watches, and nothing is stopped.
impl Default for Watch<'_> {
    fn default() -> Self {
        Self { total: &|_| (), progress: &|_| (), stop: &|| false }
    }
}
