//! Threads of the loader: they end, they report, they allocate nothing.

mod kit;

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use barloom_backend::{
    BackendError, Draws, Numbers, Program, SampleBlock, Session, Threads, WindowLayout,
};
use barloom_loader::{Loader, LoaderError, LoaderOptions, Unit};
use kit::loader_threads;

/// Counts what is allocated.
struct Counting;

static ALLOCATIONS: AtomicUsize = AtomicUsize::new(0);

#[expect(unsafe_code, reason = "an allocator is")]
// SAFETY: it is the system's.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
        // SAFETY: the caller's.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller's.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Fails, or panics, where it is to make a sample.
struct Failing {
    session: Arc<dyn Session>,
    sample: u64,
    panics: bool,
}

impl Session for Failing {
    fn program(&self) -> &Program {
        self.session.program()
    }

    fn draws(&self) -> &Draws {
        self.session.draws()
    }

    fn sample(
        &self,
        samples: Numbers<'_>,
        threads: Threads,
        block: &mut SampleBlock,
    ) -> Result<(), BackendError> {
        if (0..samples.len()).any(|row| samples.get(row) == self.sample) {
            assert!(!self.panics, "out of luck");
            return Err(BackendError::Device("out of memory".into()));
        }
        self.session.sample(samples, threads, block)
    }
}

/// Waits until there are threads that make batches, or none: one that starts takes a moment until
/// it has its name, one that was joined until it vanishes.
fn wait_for_threads(some: bool) {
    for _ in 0..10_000 {
        if (loader_threads() > 0) == some {
            return;
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    panic!("there are {} threads", loader_threads());
}

fn options(threads: usize) -> LoaderOptions {
    LoaderOptions { batch_size: 100, threads: Some(threads), ..LoaderOptions::default() }
}

/// A single test, as threads and allocations are the process's.
#[test]
fn threads() {
    errors_come_in_the_batch_they_are_of();
    a_loader_that_is_dropped_leaves_no_thread();
    a_warm_loader_allocates_nothing();
}

fn errors_come_in_the_batch_they_are_of() {
    for threads in [0, 1, 3] {
        for panics in [false, true] {
            let failing = Failing { session: kit::session(1), sample: 5_050, panics };
            let loader = Loader::new(Arc::new(failing), 100_000, options(threads)).unwrap();
            let mut batches = loader.batches(&loader.start(0)).unwrap();
            let mut good = 0;
            let error = loop {
                match batches.next().expect("an error before the end") {
                    Ok(batch) => good += batch.len(),
                    Err(error) => break error,
                }
            };
            // Small batches are made in lots, which fail as one: 20 batches of 100 here.
            assert_eq!(good, 4_000, "{threads} threads: {error}");
            match panics {
                true => assert!(matches!(&error, LoaderError::Panicked(e) if e == "out of luck")),
                false => assert_eq!(error.to_string(), "out of memory"),
            }
            assert!(batches.next().is_none() && batches.next().is_none());
            assert_eq!(batches.state().position, 4_000);
        }
    }
    wait_for_threads(false);
}

fn a_loader_that_is_dropped_leaves_no_thread() {
    let loader = Loader::new(kit::session(1), 1_000_000, options(3)).unwrap();
    for taken in [0, 1, 5, 700] {
        let mut batches = loader.batches(&loader.start(0)).unwrap();
        assert_eq!(batches.by_ref().take(taken).filter(Result::is_ok).count(), taken);
        wait_for_threads(true);
        let held = batches.next().unwrap().unwrap();
        drop(batches);
        wait_for_threads(false);
        assert_eq!(held.samples()[0], taken as u64 * 100, "a batch outlives its epoch");
    }
}

fn a_warm_loader_allocates_nothing() {
    for (batch_size, unit) in [(32, Unit::Sample), (4_096, Unit::Sample), (1_024, Unit::State)] {
        for layout in [WindowLayout::ChannelsFirst, WindowLayout::ChannelsLast] {
            let shuffle = Some(1);
            let options = LoaderOptions { batch_size, unit, layout, shuffle, ..options(2) };
            let loader = Loader::new(kit::long_session(4), 10_000_000, options).unwrap();
            let mut batches = loader.batches(&loader.start(0)).unwrap();
            // As many buffers as there can ever be: those that are ready, in the making, or held.
            let held: Vec<_> = batches.by_ref().take(20 * (2_048 / batch_size).max(1)).collect();
            assert!(held.iter().all(Result::is_ok));
            drop(held);
            let warm = batches.by_ref().take(500).filter(Result::is_ok).count();
            let before = ALLOCATIONS.load(Ordering::Relaxed);
            let more = batches.by_ref().take(200).filter(Result::is_ok).count();
            let allocated = ALLOCATIONS.load(Ordering::Relaxed) - before;
            assert_eq!((warm, more, allocated), (500, 200, 0), "{batch_size} {unit:?} {layout:?}");
        }
    }
}
