//! Options of the report.

use std::path::PathBuf;

use clap::{Parser, ValueEnum};

/// The extent of the measurements.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Mode {
    /// A smoke run: seconds, with few samples.
    Quick,
    /// The required cases, and a line through the grid along each axis: minutes.
    #[default]
    Default,
    /// The whole grid.
    Full,
}

impl Mode {
    /// Its name in results.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Quick => "quick",
            Self::Default => "default",
            Self::Full => "full",
        }
    }
}

/// Measures and writes the report. `cargo xtask bench` calls it.
#[derive(Clone, Debug, Parser)]
#[command(name = "barloom-bench", about = "Measures this machine and writes target/bench")]
pub struct Options {
    /// The folder of the report.
    #[arg(long)]
    pub out: PathBuf,
    /// The workspace.
    #[arg(long)]
    pub root: PathBuf,
    /// The size of the run.
    #[arg(long, value_enum, default_value_t)]
    pub mode: Mode,
    /// Files or globs of bars; none for a generated walk.
    #[arg(long, num_args = 1..)]
    pub bars: Vec<String>,
    /// Measure Python peers too, in a virtual environment that is made in the report's folder.
    #[arg(long)]
    pub peers: bool,
    /// Only the sets of measurements whose name holds this.
    #[arg(long)]
    pub only: Option<String>,
    /// The folder of criterion's estimates; none where it did not run.
    #[arg(long)]
    pub criterion: Option<PathBuf>,
    /// Keep the ratios under this name.
    #[arg(long)]
    pub save_baseline: Option<String>,
    /// Compare the ratios with those kept under this name.
    #[arg(long)]
    pub baseline: Option<String>,
    /// The date of the report; today where none is given.
    #[arg(long)]
    pub date: Option<String>,
}
