//! Stopping on SIGINT and SIGTERM, and going on after SIGXFSZ.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use barloom_engine::Watch;
use indicatif::ProgressBar;
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;

use crate::failure::Failure;

/// The signals that ask a process to stop, and their names.
const SIGNALS: [(i32, &str); 2] = [(SIGINT, "SIGINT"), (SIGTERM, "SIGTERM")];

/// Lets a write past a limit on the size of files fail as any other write does: unheeded, SIGXFSZ
/// would end the process, though it may only have written to a cache.
pub(crate) fn outlive_file_size_limits() {
    #[cfg(unix)]
    if let Err(error) = flag::register(signal_hook::consts::SIGXFSZ, Arc::default()) {
        tracing::debug!("can't wait for SIGXFSZ: {error}");
    }
}

/// Notes a signal that asks to stop. A second one ends the process at once.
pub(crate) struct Signals {
    /// The signal that came; 0 before one did.
    came: Arc<AtomicUsize>,
}

impl Signals {
    /// From now on a signal does not end the process.
    pub(crate) fn catch() -> Result<Self, Failure> {
        let (came, armed) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicBool::new(false)));
        for (signal, name) in SIGNALS {
            // In this order: the first signal arms what the second one does.
            flag::register_conditional_shutdown(signal, 128 + signal, Arc::clone(&armed))
                .and_then(|_| flag::register(signal, Arc::clone(&armed)))
                .and_then(|_| flag::register_usize(signal, Arc::clone(&came), signal as usize))
                .map_err(|e| Failure::io(format!("can't wait for {name}: {e}")))?;
        }
        Ok(Self { came })
    }

    /// Returns true after a signal.
    pub(crate) fn came(&self) -> bool {
        self.came.load(Ordering::Relaxed) != 0
    }

    /// A watch that moves the bar and stops after a signal.
    pub(crate) fn watch(&self, bar: &ProgressBar) -> Watch {
        let (came, bar) = (Arc::clone(&self.came), bar.clone());
        Watch {
            progress: Arc::new(move |samples| bar.inc(samples)),
            stop: Arc::new(move || came.load(Ordering::Relaxed) != 0),
            ..Watch::default()
        }
    }

    /// A failure, which is the signal's where one came: 128 and its number is the exit code.
    pub(crate) fn blame(&self, failure: Failure) -> Failure {
        let came = self.came.load(Ordering::Relaxed);
        match SIGNALS.iter().find(|(signal, _)| *signal as usize == came) {
            Some((signal, name)) => failure.by_signal(*signal as u8, name),
            None => failure,
        }
    }
}
