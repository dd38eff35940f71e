//! Shards in parallel, and what is left to do with each when it is built.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread;

use crate::DatasetError;

/// Runs `work` for every number below `count` on up to `threads` threads, and `settle` on a
/// thread of its own for the second part of what each gives; the first parts in order.
///
/// The threads are plain ones, not rayon's: a rayon task that waits for a part of its block would
/// start another shard meanwhile, and memory would grow with the depth of that. Threads wait when
/// as many results as threads are unsettled, so a slow disk holds the build back.
pub(crate) fn in_parallel<T: Send, U: Send>(
    count: u64,
    threads: usize,
    stop: &AtomicBool,
    work: impl Fn(u64) -> Result<(T, U), DatasetError> + Sync,
    settle: impl Fn(U) -> Result<(), DatasetError> + Send,
) -> Result<Vec<T>, DatasetError> {
    let next = AtomicU64::new(0);
    let results = Mutex::new(BTreeMap::new());
    let threads = u64::try_from(threads.max(1)).unwrap_or(1).min(count);
    let (built, to_settle) = sync_channel(threads as usize);
    let run = |built: SyncSender<U>| {
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            if number >= count || stop.load(Ordering::Relaxed) {
                break;
            }
            let result = work(number).and_then(|(result, rest)| {
                // Nobody takes it when settling another one failed.
                built.send(rest).map_err(|_| DatasetError::Stopped)?;
                Ok(result)
            });
            if result.is_err() {
                stop.store(true, Ordering::Relaxed);
            }
            if let Ok(mut results) = results.lock() {
                results.insert(number, result);
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
    match told.into_iter().chain(stopped).collect() {
        Err(DatasetError::Stopped) => Err(settled.err().unwrap_or(DatasetError::Stopped)),
        Ok(results) => settled.map(|()| results),
        failed => failed,
    }
}
