//! The results of a GPU.

use std::fmt::Write as _;

use anyhow::{Result, bail};
use serde::Serialize;

/// Everything that was found.
#[derive(Debug, Serialize)]
pub struct Results {
    /// Its name, number, compute capability and memory.
    pub device: String,
    /// The day.
    pub date: String,
    /// Barloom's version.
    pub barloom: String,
    /// The first difference that the conformance suite found; none where it passes.
    pub conformance: Option<String>,
    /// Each case of the suite against the CPU.
    pub digests: Vec<Digests>,
    /// The rates.
    pub rates: Rates,
}

/// A case against the CPU.
#[derive(Debug, Serialize)]
pub struct Digests {
    /// The case.
    pub case: String,
    /// True if the content digests are equal.
    pub equal: bool,
    /// The first sample and column that differ, if any.
    pub difference: Option<String>,
}

/// Medians, in bytes a second. A copy within the device counts the bytes read and those written.
#[derive(Debug, Serialize)]
pub struct Rates {
    /// Samples measured, of five channels and 64 bars.
    pub samples: usize,
    /// Bytes of their windows, and of all their columns.
    pub bytes: [u64; 2],
    /// A copy within the device.
    pub device_copy: f64,
    /// Kernels that draw and write windows, in bytes written.
    pub kernels: f64,
    /// A copy from the device to pinned memory.
    pub bus: f64,
    /// Samples into pinned memory of the host, end to end.
    pub end_to_end: f64,
    /// Samples a second, end to end.
    pub samples_per_second: f64,
}

impl Results {
    /// The settings of a run on a GPU, and its results.
    #[must_use]
    pub fn table(&self) -> String {
        let equal = self.digests.iter().filter(|one| one.equal).count();
        let rates = &self.rates;
        let mut out =
            format!("{} ({})\n\n| what | value | must |\n|---|--:|--:|\n", self.device, self.date);
        let suite = self.conformance.as_deref().unwrap_or("passes");
        _ = writeln!(out, "| conformance suite | {suite} | passes |");
        _ = writeln!(
            out,
            "| content digests equal to the CPU's | {equal} of {} | all |",
            self.digests.len()
        );
        let share = |part: f64, whole: f64| format!("{:.0}%", 100.0 * part / whole);
        _ = writeln!(
            out,
            "| kernels against a copy within the device ({:.0} of {:.0} GB/s) | {} | 70% |",
            rates.kernels / 1e9,
            rates.device_copy / 1e9,
            share(rates.kernels, rates.device_copy)
        );
        _ = writeln!(
            out,
            "| samples in host memory against the bus ({:.1} of {:.1} GB/s) | {} | 80% |",
            rates.end_to_end / 1e9,
            rates.bus / 1e9,
            share(rates.end_to_end, rates.bus)
        );
        _ = writeln!(out, "| samples a second, end to end | {:.0} | - |", rates.samples_per_second);
        out
    }

    /// Returns true if it computes the same as the CPU.
    ///
    /// # Errors
    /// The first difference.
    pub fn verdict(&self) -> Result<()> {
        if let Some(found) = &self.conformance {
            bail!("the conformance suite fails: {found}");
        }
        if let Some(one) = self.digests.iter().find(|one| !one.equal || one.difference.is_some()) {
            bail!("{}: {}", one.case, one.difference.as_deref().unwrap_or("the digests differ"));
        }
        Ok(())
    }
}
