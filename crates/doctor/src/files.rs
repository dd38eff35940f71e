//! Findings on the files of bars.

use barloom_market_data::{Bars, NO_TIME, Origin};

use super::{Found, Of, Place, Severity};

/// From one file to the next a price may change this many times over, or be divided by it.
const JUMP: f64 = 1.5;

/// `time_unit_jump`: each value has a unit of its own, so files of one series may differ; it is
/// worth knowing.
pub(crate) fn find_unit_jumps(of: &Of<'_>, found: &mut Found) {
    for (row, before, now) in of.raw.origins.seams() {
        let [before, now] = [before, now].map(|file| &of.bars.files()[file as usize]);
        if let (Some(was), Some(is)) = (before.time_unit, now.time_unit)
            && was != is
        {
            let what = || format!("times are in {is}, those of {} in {was}", before.name);
            found.warn(of, "time_unit_jump", row, what);
        }
    }
}

/// `price_jump`: a file of a series opens at more than 1.5 times the last close of the one before
/// it, or below it as far: files that were joined may be of different instruments.
pub(crate) fn find_price_jumps(of: &Of<'_>, found: &mut Found) {
    let [open, _, _, close] = of.prices();
    for (row, before, _) in of.raw.origins.seams() {
        let (was, is) = (close[row - 1], open[row]);
        let ratio = is / was;
        // What is no price is a fault of its own.
        if ratio.is_finite() && !(1.0 / JUMP..=JUMP).contains(&ratio) {
            let name = &of.bars.files()[before as usize].name;
            found.warn(of, "price_jump", row, || {
                format!("it opens at {is}, {name} closed at {was}")
            });
        }
    }
}

/// `cut_row`: a text file without an end of its last line, whose last value looks unlike those
/// above it.
pub(crate) fn find_cut_rows(bars: &Bars, found: &mut Found) {
    for (Origin { file, row }, why) in bars.cut_rows() {
        let name = &bars.files()[*file as usize].name;
        let place = || Place::new(name, *row, "", NO_TIME, why.clone());
        found.entry(Severity::Warning, "cut_row").add(place);
    }
}

/// Bars without volume: windows hold it where every series has it.
pub(crate) fn volume_note(bars: &Bars) -> Option<String> {
    let without = bars.symbols_without("volume");
    let first = without.first()?;
    let more = without.len() - 1;
    let whose =
        if more > 0 { format!("{first} and {more} more have") } else { format!("{first} has") };
    Some(format!("{whose} no volume column: by default, windows hold the prices alone"))
}
