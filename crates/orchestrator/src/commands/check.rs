//! `barloom check`: the doctor.

use barloom_market_data::read;

use crate::arguments::Check;
use crate::failure::Failure;
use crate::output::Output;
use crate::{progress, text};

pub(crate) fn run(check: &Check, output: &Output) -> Result<(), Failure> {
    let options = check.reading.all_columns(check.config.as_deref())?;
    let spinner = progress::spinner("reading bars", output);
    let bars = read(&check.bars, &options);
    spinner.finish_and_clear();
    let report = bars?.check();
    output.print(&report, &report.to_string())?;
    match report.errors() {
        0 => Ok(()),
        n => Err(Failure::data(format!(
            "{} unusable; mend them, or build with on_bad_bar = \"drop\"",
            if n == 1 { "1 bar is".into() } else { format!("{} bars are", text::count(n)) }
        ))),
    }
}
