//! `barloom merge`.

use barloom_dataset::BuiltPart;
use barloom_engine::clip_warnings;
use serde_json::json;

use crate::arguments::Merge;
use crate::commands::report;
use crate::failure::Failure;
use crate::output::Output;
use crate::progress;
use crate::signals::Signals;

pub(crate) fn run(merge: &Merge, output: &Output) -> Result<(), Failure> {
    let signals = Signals::catch()?;
    let bar = progress::samples(0, output);
    let joined = barloom_dataset::Merge {
        pieces: merge.pieces.iter().map(Into::into).collect(),
        out: (&merge.out).into(),
        overwrite: merge.overwrite,
        keep: merge.keep,
        threads: rayon::current_num_threads(),
        progress: &|samples| bar.inc(samples),
        stop: &|| signals.came(),
    }
    .run();
    bar.finish_and_clear();
    let parts = joined.map_err(|error| signals.blame(error.into()))?;
    for warning in parts.iter().flat_map(clip_warnings) {
        tracing::warn!("{warning}");
    }
    let text = report::parts_text(&parts);
    let part = |part: &BuiltPart| json!({ "path": part.path, "manifest": part.manifest });
    output.print(&json!({ "datasets": parts.iter().map(part).collect::<Vec<_>>() }), &text)
}
