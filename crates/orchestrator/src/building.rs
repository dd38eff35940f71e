//! A build, watched by a person.

use std::time::Duration;

use barloom_engine::{BuiltPart, Job, Loaded};

use crate::clock;
use crate::failure::Failure;
use crate::output::Output;
use crate::progress;
use crate::signals::Signals;

/// The parts, inputs and time of a build.
pub(crate) struct Done {
    pub(crate) parts: Vec<BuiltPart>,
    pub(crate) loaded: Loaded,
    pub(crate) building: Duration,
}

/// Builds a dataset of these bars, and stops on a signal.
pub(crate) fn build(job: &Job<'_>, loaded: Loaded, output: &Output) -> Result<Done, Failure> {
    let start = clock::now();
    let prepared = job.prepare(&loaded)?;
    let bar = progress::samples(prepared.samples(), output);
    let signals = Signals::catch()?;
    let watch = signals.watch(&bar);
    let built = prepared.run(&watch);
    bar.finish_and_clear();
    let building = start.elapsed();
    let parts = built.map_err(|error| signals.blame(error.into()))?;
    Ok(Done { parts, loaded, building })
}
