//! Shards in parallel, and what is left to do with each when it is built.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread;

use crate::DatasetError;

/// The division of work among threads.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Workers {
    /// The number of threads.
    pub(crate) threads: usize,
    /// True if a thread takes two numbers at a time.
    pub(crate) pairs: bool,
    /// True if few results may wait to be settled, because each holds many files open.
    pub(crate) few_waiting: bool,
}

impl From<usize> for Workers {
    /// So many threads, which take one number at a time.
    fn from(threads: usize) -> Self {
        Self { threads, pairs: false, few_waiting: false }
    }
}

/// Runs `work` for every number on up to `threads` threads, and `settle` on a thread of its own
/// for the second part of what it gives of each; the first parts in order.
///
/// With [`Workers::pairs`], `work` gets two numbers at once, as long as no thread would be left
/// without one for that.
///
/// The threads are plain ones, not rayon's: a rayon task that waits for a part of its block would
/// start another shard meanwhile, and memory would grow with the depth of that. Threads wait when
/// as many results as threads are unsettled, so a slow disk holds the build back.
pub(crate) fn in_parallel<T: Send, U: Send>(
    numbers: &[u64],
    workers: Workers,
    stop: &AtomicBool,
    work: impl Fn(&[u64]) -> Result<Vec<(T, U)>, DatasetError> + Sync,
    settle: impl Fn(U) -> Result<(), DatasetError> + Send,
) -> Result<Vec<T>, DatasetError> {
    let next = AtomicUsize::new(0);
    let results = Mutex::new(BTreeMap::new());
    let count = numbers.len();
    let threads = workers.threads.max(1).min(count);
    let (built, to_settle) = sync_channel(if workers.few_waiting { 1 } else { threads });
    let claim = || {
        let size = |place| if workers.pairs && count - place >= 2 * threads { 2 } else { 1 };
        let after = |place| (place < count).then(|| place + size(place));
        let place = next.fetch_update(Ordering::Relaxed, Ordering::Relaxed, after).ok()?;
        Some(place..place + size(place))
    };
    let run = |built: SyncSender<U>| {
        while !stop.load(Ordering::Relaxed) {
            let Some(claimed) = claim() else { break };
            let first = claimed.start;
            let result = work(&numbers[claimed]).and_then(|given| {
                let mut results = Vec::with_capacity(given.len());
                for (result, rest) in given {
                    // Nobody takes it when settling another one failed.
                    built.send(rest).map_err(|_| DatasetError::Stopped)?;
                    results.push(result);
                }
                Ok(results)
            });
            if result.is_err() {
                stop.store(true, Ordering::Relaxed);
            }
            if let Ok(mut results) = results.lock() {
                results.insert(first, result);
            }
        }
    };
    let settled = thread::scope(|scope| {
        let settling = scope.spawn(move || to_settle.into_iter().try_for_each(settle));
        for _ in 0..threads {
            let (run, built) = (&run, built.clone());
            scope.spawn(move || run(built));
        }
        drop(built);
        settling.join().unwrap_or(Err(DatasetError::Stopped))
    });
    let results = results.into_inner().unwrap_or_default();
    // Others stop because of one; that one is the error to tell.
    let (stopped, told): (Vec<_>, Vec<_>) =
        results.into_values().partition(|r| matches!(r, Err(DatasetError::Stopped)));
    match told.into_iter().chain(stopped).collect::<Result<Vec<_>, _>>() {
        Err(DatasetError::Stopped) => Err(settled.err().unwrap_or(DatasetError::Stopped)),
        Err(error) => Err(error),
        Ok(results) => settled.map(|()| results.into_iter().flatten().collect()),
    }
}
