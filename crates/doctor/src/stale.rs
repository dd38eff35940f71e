//! The same bar over and over.

use super::text::counted;
use super::{Found, Of};

/// Equal bars in a row that are too many where they were traded.
const TRADED: usize = 10;
/// And where none was, or nothing is known of it.
const QUIET: usize = 60;

/// `stale_run`: bars with the same prices and the same volume, 10 or more in a row; 60 or more
/// where the volume is 0 or missing. A feed that stands still writes them. One place a run: its
/// first bar.
pub(crate) fn find(of: &Of<'_>, found: &mut Found) {
    let [open, high, low, close] = of.prices();
    let volume = of.raw.column("volume");
    let volume = |row: usize| volume.map_or(f64::NAN, |volume| volume[row]);
    let same = |row: usize| {
        let before = row - 1;
        close[row] == close[before]
            && high[row] == high[before]
            && low[row] == low[before]
            && open[row] == open[before]
            && (volume(row) == volume(before) || volume(row).is_nan() && volume(before).is_nan())
    };
    let mut start = 0;
    for row in 1..=close.len() {
        if row < close.len() && same(row) {
            continue;
        }
        let (bars, volume) = (row - start, volume(start));
        let traded = volume > 0.0;
        if bars >= if traded { TRADED } else { QUIET } {
            let what = || {
                let volume =
                    if volume.is_nan() { String::new() } else { format!(", volume {volume}") };
                format!("{} the same: close {}{volume}", counted(bars as u64, "bar"), close[start])
            };
            found.warn(of, "stale_run", start, what);
        }
        start = row;
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{Bar, places, report};

    fn with_run(length: usize, volume: &'static str) -> Vec<u32> {
        let mut bars = Bar::walk(200);
        let stood = bars[100];
        bars[100..100 + length].fill(stood);
        let row = move |i: usize| {
            let stands = (100..100 + length).contains(&i);
            if stands { volume.to_owned() } else { (i + 1).to_string() }
        };
        places(&report(",volume", &bars, row), "stale_run")
    }

    #[test]
    fn long_runs_are_told_by_their_first_bar() {
        assert_eq!(with_run(10, "7"), [102]);
        assert_eq!(with_run(9, "7"), [0_u32; 0]);
        assert_eq!(with_run(59, "0"), [0_u32; 0]);
        assert_eq!(with_run(60, "0"), [102]);
        assert_eq!(with_run(60, ""), [102]);
        assert_eq!(with_run(59, ""), [0_u32; 0]);
        assert_eq!(with_run(100, "7"), [102], "to the end");
    }
}
