//! What is found by looking at the files that bars come from.

use super::{Found, Severity};
use crate::Bars;
use crate::bars::RawSeries;

/// From one file to the next a price may change this many times over, or be divided by it.
const JUMP: f64 = 1.5;

impl Bars {
    /// Units are told per value, so files of one series may differ; it is worth knowing.
    pub(super) fn find_unit_jumps_between_files(&self, raw: &RawSeries, found: &mut Found) {
        for row in 1..raw.origins.len() {
            let (before, now) = (raw.origins[row - 1].file, raw.origins[row].file);
            if before == now {
                continue;
            }
            let [before, now] = [before, now].map(|file| &self.files[file as usize]);
            if let (Some(was), Some(is)) = (before.time_unit, now.time_unit)
                && was != is
            {
                let what = || format!("times are in {is}, those of {} in {was}", before.name);
                found.add(self, Severity::Warning, "time_unit_jump", raw, row, what);
            }
        }
    }

    /// Files that were joined may be of different instruments.
    pub(super) fn find_price_jumps_between_files(&self, raw: &RawSeries, found: &mut Found) {
        let (Some(open), Some(close)) = (raw.column("open"), raw.column("close")) else { return };
        for row in 1..raw.origins.len() {
            let (before, now) = (raw.origins[row - 1].file, raw.origins[row].file);
            let ratio = open[row] / close[row - 1];
            // What is no price is a fault of its own.
            let jumps = ratio.is_finite() && !(1.0 / JUMP..=JUMP).contains(&ratio);
            if before != now && jumps {
                let what = || {
                    let (was, is) = (close[row - 1], open[row]);
                    format!(
                        "it opens at {is}, {} closed at {was}",
                        self.files[before as usize].name
                    )
                };
                found.add(self, Severity::Warning, "price_jump", raw, row, what);
            }
        }
    }

    /// Numbers that small rather count rows.
    pub(super) fn find_early_times(&self, raw: &RawSeries, found: &mut Found) {
        for row in self.early_rows(raw) {
            let what = || "it is before 1973".to_owned();
            found.add(self, Severity::Error, "early_time", raw, row, what);
        }
    }

    /// Recipes have a channel volume unless they say otherwise.
    pub(super) fn volume_note(&self) -> Option<String> {
        let without = self.series.iter().filter(|raw| raw.column("volume").is_none());
        let without: Vec<&str> = without.map(|raw| raw.symbol.as_str()).collect();
        let first = without.first()?;
        let more = without.len() - 1;
        let whose =
            if more > 0 { format!("{first} and {more} more have") } else { format!("{first} has") };
        Some(format!(
            "{whose} no volume column: leave \"volume\" out of data.channels, which has it by default"
        ))
    }
}
