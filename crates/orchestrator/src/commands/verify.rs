//! `barloom verify`.

use std::path::{Path, PathBuf};

use barloom_dataset::{Dataset, DatasetError, Rows, Verified, find_parts};
use serde_json::json;

use crate::arguments::Verify;
use crate::backends;
use crate::failure::Failure;
use crate::output::Output;
use crate::signals::Signals;
use crate::{progress, text};

pub(crate) fn run(verify: &Verify, output: &Output) -> Result<(), Failure> {
    let signals = Signals::catch()?;
    let mut results = Vec::new();
    for path in datasets(&verify.dataset)? {
        let result = match Dataset::open(&path) {
            Err(error) if error.is_of_dataset() => Verified::refused(&error),
            dataset => check(verify, &dataset?, &signals, output)
                .map_err(|failure| signals.blame(failure))?,
        };
        results.push((path, result));
    }
    // Whether parts belong together shows when each can be opened.
    if results.iter().all(|(_, result)| result.problems.is_empty())
        && let Err(error) = Dataset::open_all(&verify.dataset)
    {
        results.push((verify.dataset.clone(), Verified::refused(&error)));
    }
    let text: String = results.iter().map(|(path, result)| told(path, result)).collect();
    let json: Vec<_> = results
        .iter()
        .map(|(path, verified)| json!({ "path": path, "verified": verified }))
        .collect();
    output.print(&json!({ "datasets": json }), &text)?;
    match results.iter().map(|(_, result)| result.problems.len()).sum() {
        0 => Ok(()),
        count => Err(Failure::verification(format!(
            "{} is not what it says: {}",
            verify.dataset.display(),
            text::counted(count as u64, "problem")
        ))),
    }
}

/// A dataset, or those of its parts.
fn datasets(path: &Path) -> Result<Vec<PathBuf>, Failure> {
    match Dataset::open(path) {
        Err(DatasetError::HasParts { .. }) => {
            Ok(find_parts(path)?.into_iter().map(|part| path.join(part)).collect())
        }
        Err(error) if !error.is_of_dataset() => Err(error.into()),
        _ => Ok(vec![path.to_owned()]),
    }
}

fn check(
    verify: &Verify,
    dataset: &Dataset,
    signals: &Signals,
    output: &Output,
) -> Result<Verified, Failure> {
    let samples = dataset.manifest().samples;
    let rows = match (verify.full, verify.rows) {
        (true, _) => Rows::All,
        (false, 0) => Rows::None,
        (false, count) => Rows::Some { count, seed: verify.seed },
    };
    let backend = backends::open(verify.backend, verify.device)?;
    let total = if verify.full { samples } else { samples.min(verify.rows) };
    let bar = progress::samples(total, output);
    let verified = barloom_dataset::Verify {
        dataset,
        backend: &*backend,
        rows,
        threads: rayon::current_num_threads(),
        progress: &|samples| bar.inc(samples),
        stop: &|| signals.came(),
    }
    .run();
    bar.finish_and_clear();
    Ok(verified?)
}

fn told(path: &Path, verified: &Verified) -> String {
    let mut out = format!("dataset      {}\n", path.display());
    for problem in &verified.problems {
        out += &format!("WRONG        {problem}\n");
    }
    if !verified.problems.is_empty() {
        return out;
    }
    let (files, bytes) = (text::counted(verified.files, "file"), text::bytes(verified.bytes));
    out += &format!("files        {files}, {bytes}: sizes and checksums are right\n");
    out += "derived      market, recipe, number of samples and meta bounds are right\n";
    match (&verified.content_digest, verified.samples) {
        (Some(digest), samples) => {
            let samples = text::counted(samples, "sample");
            let right = match verified.compared {
                true => "all right to the bit",
                false => "there is nothing to compare them with (build --digest would give it)",
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
