//! `barloom check`: the doctor.

use barloom_bars::OnBadBar;
use barloom_market_data::{Report, Severity, read};
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
    #[serde(flatten)]
    report: &'a Report,
}

pub(crate) fn run(check: &Check, output: &Output) -> Result<(), Failure> {
    let options = check.reading.all_columns(check.config.as_deref())?;
    let spinner = progress::spinner("reading bars", output);
    let bars = read(&check.bars, &options);
    spinner.finish_and_clear();
    let bars = bars?;
    let report = bars.check();
    let (errors, warnings) = (report.errors(), report.warnings());
    output.print(&Checked { errors, warnings, report: &report }, &report.to_string())?;
    match (errors, warnings) {
        (0, w) if w > 0 && check.strict => Err(Failure::data(strict(&report))),
        (0, _) => {
            if options.aggregate.is_some() {
                // Whether the bars that are wished for are to be had of these.
                bars.into_series(OnBadBar::Error)?;
            }
            Ok(())
        }
        (n, _) => Err(Failure::data(format!(
            "{}, or build with on_bad_bar = \"drop\"",
            match n {
                1 => "1 bar is unusable; mend it".into(),
                n => format!("{} bars are unusable; mend them", text::count(n)),
            }
        ))),
    }
}

/// Why warnings fail.
fn strict(report: &Report) -> String {
    let kinds = report.findings.iter().filter(|f| f.severity == Severity::Warning).count();
    format!(
        "{} of {}, which --strict takes for failures",
        text::counted(report.warnings(), "warning"),
        text::counted(kinds as u64, "kind")
    )
}
