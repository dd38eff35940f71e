//! `barloom merge`.

use barloom_engine::BuiltPart;
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
    let joined = barloom_engine::Merge {
        pieces: &merge.pieces,
        out: &merge.out,
        overwrite: merge.overwrite,
        keep: merge.keep,
        threads: rayon::current_num_threads(),
    }
    .run(&signals.watch(&bar));
    bar.finish_and_clear();
    let parts = joined.map_err(|error| signals.blame(error.into()))?;
    let text = report::parts_text(&parts);
    let part = |part: &BuiltPart| json!({ "path": part.path, "manifest": part.manifest });
    output.print(&json!({ "datasets": parts.iter().map(part).collect::<Vec<_>>() }), &text)
}
