//! Times: gaps, units, epochs too early.

use barloom_market_data::{Bars, NO_TIME, Origin};

use super::text::hours;
use super::{Found, Of, Place, Severity};

/// `gap`: a step above what `max_gap = "auto"` lets a segment span.
pub(crate) fn find_gaps(of: &Of<'_>, found: &mut Found) {
    for (row, pair) in of.raw.ts.windows(2).enumerate() {
        let step = pair[1].saturating_sub(pair[0]);
        if step > of.limit && pair[0] != NO_TIME && pair[1] != NO_TIME {
            let what = || format!("{} after the bar before it", hours(step));
            found.warn(of, "gap", row + 1, what);
        }
    }
}

/// `early_time`: epochs before 1973. Numbers that small rather count rows, or ms since midnight.
pub(crate) fn find_early(of: &Of<'_>, found: &mut Found) {
    for row in of.bars.early_rows(of.raw) {
        // A number so small was taken for seconds.
        let number = of.raw.ts[row] / 1_000_000_000;
        found.error(of, "early_time", row, || match number {
            0..86_400_000 => {
                format!(
                    "it is {number}, before 1973; {} as ms since midnight",
                    hours(number * 1_000_000)
                )
            }
            _ => format!("it is {number}, before 1973"),
        });
    }
}

/// `time_unit_jump`: the unit of epoch times changes within a file, as ms and us mixed do. One
/// place a file, however often it does.
pub(crate) fn find_unit_changes(bars: &Bars, found: &mut Found) {
    for changes in bars.unit_changes().chunk_by(|a, b| a.0.file == b.0.file) {
        let [(Origin { file, row }, before, now), ..] = changes else { continue };
        let file = &bars.files()[*file as usize];
        let last = changes.last().map_or(0, |change| change.0.row);
        let what = match changes.len() {
            1 => format!("times change from {before} to {now} here"),
            n => format!(
                "times change from {before} to {now} here, and their unit changes {} more \
                 times, last in {} {last}",
                n - 1,
                file.unit
            ),
        };
        let place = || Place::new(&file.name, *row, "", NO_TIME, what);
        found.entry(Severity::Warning, "time_unit_jump").add(place);
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{count, of_text, places};

    #[test]
    fn small_numbers_say_what_they_may_be() {
        let of = |times: [i64; 2]| {
            let row = |time: i64| format!("{time},10,12,9,11\n");
            of_text(&format!("time,open,high,low,close\n{}{}", row(times[0]), row(times[1])))
        };
        let report = of([34_200_000, 34_260_000]);
        assert_eq!((places(&report, "early_time"), report.errors()), (vec![2, 3], 2));
        let what = &report.findings[0].places[0].what;
        assert_eq!(what, "it is 34200000, before 1973; 09:30:00 as ms since midnight");
        assert!(report.to_string().contains("csv.ms_of_day = true reads"), "{report}");
        let later = of([90_000_000, 200_000_000]);
        assert_eq!(later.findings[0].places[0].what, "it is 90000000, before 1973");
        assert_eq!(places(&later, "early_time"), [2]);
    }

    #[test]
    fn units_mixed_within_a_file_are_told_once() {
        let rows = |units: [i64; 2]| {
            let mut text = String::from("time,open,high,low,close,volume\n");
            for i in 0..40 {
                let time = (1_700_000_000 + 60 * i) * units[i as usize % 2];
                text += &format!("{time},10,12,9,11,{}\n", i + 1);
            }
            of_text(&text)
        };
        let mixed = rows([1_000, 1_000_000]);
        assert_eq!((places(&mixed, "time_unit_jump"), mixed.errors()), (vec![3], 0));
        let what = &mixed.findings[0].places[0].what;
        assert_eq!(
            what,
            "times change from ms to us here, and their unit changes 38 more times, last in line 41"
        );
        assert_eq!(count(&rows([1_000, 1_000]), "time_unit_jump"), 0);
    }
}
