//! Files of a series that overlap.

use std::collections::BTreeMap;
use std::ops::Range;

use barloom_bars::{duration_text, median_of_steps};
use barloom_market_data::{NO_TIME, Origin, Origins, utc_text};

use super::text::counted;
use super::{Found, Of};

pub(crate) const KIND: &str = "overlap";

/// The bars that a file has in common with an earlier one.
#[derive(Default)]
struct Common {
    /// Its first bar within the other's time.
    row: usize,
    /// Bars within the other's time.
    bars: u64,
    /// The number of bars at the time of one of the other file's bars.
    same_time: u64,
    /// The number of these bars with the same prices.
    same_prices: u64,
    /// True if all bars of both files are the same.
    is_copy: bool,
    /// Until when the other goes.
    until: i64,
    /// The median steps of its bars and of the other's, ns.
    steps: (i64, i64),
}

/// `overlap`: a file of a series begins before another one ends, or holds the same bars. Its bars
/// within the other's time cannot be used, and are errors of their own; this says why they are.
/// It reports one place for two files: the first such bar.
pub(crate) fn find(of: &Of<'_>, found: &mut Found) {
    let mut commons: BTreeMap<(u32, u32), Common> = BTreeMap::new();
    // The file that goes furthest so far: its number, until when, its rows.
    let mut reach: Option<(u32, i64, Range<usize>)> = None;
    for rows in runs(&of.raw.origins) {
        let file = of.raw.origins.get(rows.start).file;
        if let Some((other, until, others)) = &reach
            && (*other != file || begins_alike(of, &rows, others))
        {
            let common = compare(of, rows.clone(), others.clone(), *until);
            if common.bars > 0 {
                let known = commons.entry((*other, file)).or_insert(Common {
                    row: common.row,
                    until: *until,
                    is_copy: common.is_copy,
                    steps: common.steps,
                    ..Common::default()
                });
                known.bars += common.bars;
                known.same_time += common.same_time;
                known.same_prices += common.same_prices;
            }
        }
        let last = of.raw.ts[rows.clone()].iter().copied().max().unwrap_or(NO_TIME);
        if reach.as_ref().is_none_or(|(_, until, _)| last > *until) {
            reach = Some((file, last, rows));
        }
    }
    for ((other, file), common) in commons {
        let name = &of.bars.files()[other as usize].name;
        found.error(of, KIND, common.row, || match other == file {
            true => "the file was given twice; name it once".to_owned(),
            false => text(&common, name),
        });
    }
}

/// Rows of a file that follow each other; a file that was given twice begins again.
fn runs(origins: &Origins) -> Vec<Range<usize>> {
    let mut runs: Vec<Range<usize>> = Vec::new();
    let mut first = None;
    for (row, origin) in origins.iter().enumerate() {
        match (runs.last_mut(), first) {
            (Some(run), Some(Origin { file, row: begin }))
                if file == origin.file && begin != origin.row =>
            {
                run.end = row + 1;
            }
            _ => {
                runs.push(row..row + 1);
                first = Some(origin);
            }
        }
    }
    runs
}

/// Returns true if two runs begin with the same row of the same file.
fn begins_alike(of: &Of<'_>, rows: &Range<usize>, others: &Range<usize>) -> bool {
    let [a, b] = [rows, others].map(|rows| of.raw.origins.get(rows.start));
    a.file == b.file && a.row == b.row
}

/// Compares rows of a file with those of another file up to a time.
fn compare(of: &Of<'_>, rows: Range<usize>, others: Range<usize>, until: i64) -> Common {
    let (ts, prices) = (&of.raw.ts, of.prices());
    let mut common = Common::default();
    for row in rows.clone().filter(|row| ts[*row] != NO_TIME && ts[*row] <= until) {
        if common.bars == 0 {
            common.row = row;
        }
        common.bars += 1;
        let at = others.start + ts[others.clone()].partition_point(|t| *t < ts[row]);
        if others.contains(&at) && ts[at] == ts[row] {
            common.same_time += 1;
            let same = prices.iter().all(|p| p[at].to_bits() == p[row].to_bits());
            common.same_prices += u64::from(same);
        }
    }
    let all = rows.len() as u64;
    common.is_copy = rows.len() == others.len() && common.same_prices == all;
    let step = |rows: Range<usize>| {
        let pairs = ts[rows].windows(2).filter(|p| p[0] != NO_TIME && p[1] > p[0]);
        median_of_steps(pairs.map(|p| p[1].saturating_sub(p[0])))
    };
    common.steps = (step(rows), step(others));
    common
}

fn text(common: &Common, other: &str) -> String {
    let Common { bars, same_time, same_prices, .. } = *common;
    if common.is_copy {
        return format!("its {} are those of {other}; leave one out", counted(bars, "bar"));
    }
    let until = utc_text(common.until).unwrap_or_default();
    let same = match (same_time, same_prices) {
        (0, _) => "none at the time of one of its bars".to_owned(),
        (n, 0) => format!("{n} at times of its bars, with other prices"),
        (n, p) if n == p => format!("{n} at times of its bars, with the same prices"),
        (n, p) => format!("{n} at times of its bars, {p} of them with the same prices"),
    };
    let steps = match common.steps {
        (is, was) if is == was || is == 0 || was == 0 => String::new(),
        (is, was) => format!(
            "; its bars are {} apart, the other's {}: name one of the two, or aggregate one first",
            duration_text(is),
            duration_text(was)
        ),
    };
    format!("{} until {until}, where {other} ends: {same}{steps}", counted(bars, "bar"))
}

#[cfg(test)]
mod tests {
    use super::super::tests::{count, of_files, places};

    /// Days from one number to another at a price.
    fn days(from: u32, to: u32, price: u32) -> String {
        let row = |d: u32| format!("2024-01-{d:02},{price},{price},{price},{price}\n");
        let rows: String = (from..=to).map(row).collect();
        format!("date,open,high,low,close\n{rows}")
    }

    #[test]
    fn files_that_overlap_are_told_once_and_first() {
        let report =
            of_files("overlap", &[("x-2024-01-01.csv", days(1, 10, 5)), ("x.csv", days(8, 20, 5))]);
        let finding = &report.findings[0];
        assert_eq!(
            (finding.kind.as_str(), finding.count, finding.places[0].row),
            ("overlap", 1, 2)
        );
        let what = &finding.places[0].what;
        assert!(what.starts_with("3 bars until 2024-01-10 00:00:00, where "), "{what}");
        assert!(what.ends_with("ends: 3 at times of its bars, with the same prices"), "{what}");
        assert_eq!((report.errors(), count(&report, "out_of_order")), (3, 2), "{report}");
        assert_eq!(count(&report, "duplicate_time"), 1);
    }

    #[test]
    fn a_file_that_is_there_twice_is_told() {
        let report =
            of_files("twice", &[("x-2024-01-01.csv", days(1, 10, 5)), ("x.csv", days(1, 10, 5))]);
        let what = &report.findings[0].places[0].what;
        assert!(what.starts_with("its 10 bars are those of "), "{what}");
        let other =
            of_files("other", &[("x-2024-01-01.csv", days(1, 10, 5)), ("x.csv", days(1, 10, 6))]);
        let what = &other.findings[0].places[0].what;
        assert!(what.ends_with("10 at times of its bars, with other prices"), "{what}");
    }

    #[test]
    fn files_of_other_intervals_are_told() {
        let hour = |h: u32| format!("2024-01-05 {h:02}:00:00,5,5,5,5\n");
        let hours: String = (1..9).map(hour).collect();
        let hours = format!("date,open,high,low,close\n{hours}");
        let report = of_files("lengths", &[("x-2024-01-01.csv", days(1, 10, 5)), ("x.csv", hours)]);
        let what = &report.findings[0].places[0].what;
        assert!(what.contains("its bars are 1h apart, the other's 1d: name one"), "{what}");
    }

    #[test]
    fn files_one_after_the_other_do_not_overlap() {
        let files = [("x-2024-01-01.csv", days(11, 20, 5)), ("x.csv", days(1, 10, 5))];
        assert_eq!(places(&of_files("after", &files), "overlap"), [0_u32; 0]);
        let within = [
            ("x-2024-01-01.csv", days(1, 20, 5)),
            ("x-2024-01-02.csv", days(3, 4, 5)),
            ("x-2024-01-05.csv", days(5, 6, 5)),
        ];
        let report = of_files("within", &within);
        assert_eq!((count(&report, "overlap"), report.errors()), (2, 4), "{report}");
    }
}
