//! Progress bars on standard error, on a terminal alone.

use indicatif::{ProgressBar, ProgressStyle};

use crate::output::Output;

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
        "{{spinner}} {{wide_bar}} {{human_pos}}/{{human_len}} {unit}, {{per_sec}}, {{eta}} left"
    );
    if let Ok(style) = ProgressStyle::with_template(&template) {
        bar.set_style(style);
    }
    bar
}

/// A bar that counts bytes, and what is done with them.
pub(crate) fn bytes(total: u64, what: &'static str, output: &Output) -> ProgressBar {
    if output.quiet {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new(total);
    let template = "{spinner} {msg} {wide_bar} {bytes}/{total_bytes}, {bytes_per_sec}, {eta} left";
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
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
