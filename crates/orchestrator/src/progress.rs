//! Progress bars on standard error, on a terminal alone.

use std::fmt::Write;

use indicatif::{BinaryBytes, ProgressBar, ProgressState, ProgressStyle};

use crate::output::Output;
use crate::text;

/// A bar that counts samples.
pub(crate) fn samples(total: u64, output: &Output) -> ProgressBar {
    bar(total, "samples", output)
}

fn bar(total: u64, unit: &str, output: &Output) -> ProgressBar {
    if output.quiet {
        return ProgressBar::hidden();
    }
    // Draws to standard error, and not at all where that is no terminal.
    let bar = ProgressBar::new(total);
    let template = format!(
        "{{spinner}} {{wide_bar}} {{human_pos}}/{{human_len}} {unit}, {{rate}}, {{eta}} left"
    );
    let rate = |state: &ProgressState, to: &mut dyn Write| {
        // A line of a terminal that cannot be written is not there.
        let _ = write!(to, "{}/s", text::count(text::rounded(state.per_sec())));
    };
    if let Ok(style) = ProgressStyle::with_template(&template) {
        bar.set_style(style.with_key("rate", rate));
    }
    bar
}

/// A bar that counts bytes, and what is done with them.
pub(crate) fn bytes(total: u64, what: &'static str, output: &Output) -> ProgressBar {
    if output.quiet {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new(total);
    let template = "{spinner} {msg} {wide_bar} {bytes}/{total_bytes}, {rate}, {eta} left";
    let rate = |state: &ProgressState, to: &mut dyn Write| {
        let _ = write!(to, "{}/s", BinaryBytes(text::rounded(state.per_sec())));
    };
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style.with_key("rate", rate));
    }
    bar.set_message(what);
    bar.enable_steady_tick(std::time::Duration::from_millis(100));
    bar
}

/// A spinner with a message, for work of unknown length.
pub(crate) fn spinner(message: &'static str, output: &Output) -> ProgressBar {
    if output.quiet {
        return ProgressBar::hidden();
    }
    let spinner = ProgressBar::new_spinner();
    spinner.set_message(message);
    spinner.enable_steady_tick(std::time::Duration::from_millis(100));
    spinner
}
