//! `barloom check`: the doctor.

use std::collections::BTreeMap;

use barloom_engine::{OnBadBar, Report, Severity, read_readable};
use serde::Serialize;

use crate::arguments::Check;
use crate::failure::Failure;
use crate::output::Output;
use crate::{progress, text};

/// The report for machines.
#[derive(Serialize)]
struct Checked<'a> {
    errors: u64,
    warnings: u64,
    /// Bars that --drop-bad-bars leaves out, by fault.
    #[serde(skip_serializing_if = "Option::is_none")]
    dropped: Option<BTreeMap<String, u64>>,
    /// Bars whose high or low `--on-bad-bar widen` moves.
    #[serde(skip_serializing_if = "Option::is_none")]
    widened: Option<u64>,
    #[serde(flatten)]
    report: &'a Report,
}

pub(crate) fn run(check: &Check, output: &Output) -> Result<(), Failure> {
    let (options, on_bad_bar) = check.reading.all_columns(check.config.as_deref())?;
    let spinner = progress::spinner("reading bars", output);
    let bars = read_readable(&check.bars, &options);
    spinner.finish_and_clear();
    let bars = bars?;
    let report = barloom_engine::check(&bars);
    let (errors, warnings) = (report.errors(), report.warnings());
    let mends = on_bad_bar != OnBadBar::Error && errors > 0;
    let unreadable = report.unreadable.len() as u64;
    // Also shows that bars are left, that they are as long as was said, and that the aggregated bars
    // can be made of these.
    let is_said = options.aggregate.is_some() || options.interval.is_some();
    let usable = (unreadable == 0 && (mends || errors == 0 && is_said))
        .then(|| bars.into_series(on_bad_bar))
        .transpose();
    let mended = match &usable {
        Ok(Some(loaded)) if mends => Some((loaded.dropped.clone(), loaded.widened)),
        _ => None,
    };
    // What mending the bars says, and the report of bars as they are does not.
    let notes: Vec<String> = match &usable {
        Ok(Some(loaded)) if mends => {
            loaded.notes.iter().filter(|note| !report.notes.contains(note)).cloned().collect()
        }
        _ => Vec::new(),
    };
    let mut text = report.to_string();
    if let Some((dropped, widened)) = &mended {
        // What is mended is no error any more.
        text = text.replace("\nerror: ", "\nmended: ");
        if !dropped.is_empty() {
            text = format!("{}\ndropped: {}\n", text.trim_end(), text::dropped(dropped));
        }
        if *widened > 0 {
            let widened = text::counted(*widened, "bar");
            text = format!("{}\nwidened: {widened}\n", text.trim_end());
        }
    }
    for note in &notes {
        text = format!("{}\nnote: {note}\n", text.trim_end());
    }
    let (dropped, widened) = mended.unzip();
    output.print(&Checked { errors, warnings, dropped, widened, report: &report }, &text)?;
    if unreadable > 0 {
        let files = text::counted(unreadable, "file");
        return Err(Failure::data(format!("{files} cannot be read")));
    }
    usable?;
    match errors {
        n if n > 0 && !mends => Err(Failure::data(unusable(n))),
        _ if warnings > 0 && check.strict => Err(Failure::data(strict(&report))),
        _ => Ok(()),
    }
}

/// Tells why errors fail.
fn unusable(errors: u64) -> String {
    let (count, them) = match errors {
        1 => ("1 bar is".to_owned(), "it"),
        n => (format!("{} bars are", text::count(n)), "them"),
    };
    format!(
        "{count} unusable: repair {them}, or drop {them} with --drop-bad-bars (on_bad_bar = \
         \"drop\" \
         under [data])"
    )
}

/// Why warnings fail.
fn strict(report: &Report) -> String {
    let kinds = report.findings.iter().filter(|f| f.severity == Severity::Warning).count();
    format!(
        "{} of {}, which --strict treats as errors",
        text::counted(report.warnings(), "warning"),
        text::counted(kinds as u64, "kind")
    )
}
