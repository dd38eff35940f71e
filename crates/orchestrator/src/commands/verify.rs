//! `barloom verify`.

use std::path::Path;
use std::sync::Arc;

use barloom_engine::{FeaturesVerified, Rows, Verification, Verified, Watch, problem_with};
use serde_json::json;

use crate::arguments::Verify;
use crate::failure::Failure;
use crate::names::flag;
use crate::output::Output;
use crate::signals::Signals;
use crate::{progress, text};

pub(crate) fn run(verify: &Verify, output: &Output) -> Result<(), Failure> {
    let signals = Signals::catch()?;
    let bar = progress::samples(0, output);
    let verification = Verification {
        path: &verify.dataset,
        rows: match (verify.full, verify.rows) {
            (true, _) => Rows::All,
            (false, 0) => Rows::None,
            (false, count) => Rows::Some { count, seed: verify.seed },
        },
        threads: rayon::current_num_threads(),
        backend: verify.backend,
        device: verify.device,
    };
    let length = bar.clone();
    let total = Arc::new(move |samples| {
        length.reset();
        length.set_length(samples);
    });
    let watch = Watch { total, ..signals.watch(&bar) };
    let results = verification.run(&watch);
    bar.finish_and_clear();
    let results = results.map_err(|error| signals.blame(error.into()))?;
    let text: String = results.iter().map(|(path, result)| told(path, result)).collect();
    let json: Vec<_> = results
        .iter()
        .map(|(path, verified)| json!({ "path": path, "verified": verified }))
        .collect();
    output.print(&json!({ "datasets": json }), &text)?;
    match results.iter().map(|(_, result)| result.problems.len()).sum() {
        0 => Ok(()),
        count => Err(Failure::verification(format!(
            "{} failed verification: {}",
            verify.dataset.display(),
            text::counted(count as u64, "problem")
        ))),
    }
}

fn told(path: &Path, verified: &Verified) -> String {
    let mut out = format!("dataset      {}\n", path.display());
    for problem in &verified.problems {
        out += &format!("WRONG        {}\n", problem_with(problem, &flag));
    }
    if !verified.problems.is_empty() {
        return out;
    }
    let (files, bytes) = (text::counted(verified.files, "file"), text::bytes(verified.bytes));
    out += &format!("files        {files}, {bytes}: sizes and checksums are right\n");
    out += "derived      market, recipe, number of samples and meta bounds are right\n";
    if let Some(features) = &verified.features {
        out += &features_text(features);
    }
    match (&verified.content_digest, verified.samples) {
        (Some(digest), samples) => {
            let samples = text::counted(samples, "sample");
            let right = match verified.compared {
                true => "all right to the bit",
                false => "nothing to compare them with (build with --digest)",
            };
            out += &format!("samples      {samples} made again: {right}\ncontent      {digest}\n");
        }
        (None, 0) if verified.compared => out += "samples      none was made again\n",
        (None, 0) => out += "samples      none are stored\n",
        (None, samples) => {
            let samples = text::counted(samples, "sample");
            out += &format!("samples      {samples} made again: right to the bit\n");
        }
    }
    out
}

fn features_text(features: &FeaturesVerified) -> String {
    let mut out = String::new();
    if features.compared > 0 {
        let compared = text::counted(features.compared, "feature");
        out += &format!("features     {compared} computed again: right to the bit\n");
    }
    if let Some(because) = &features.because {
        let skipped = features.skipped.join(", ");
        text::line(&mut out, format_args!("features     not computed again: {skipped}; {because}"));
    }
    out
}
