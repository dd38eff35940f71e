//! Records of slower series that are pushed between bars.

use std::fmt::Write;

use barloom_engine::{Live, LiveOptions, SampleSet};
use barloom_recipe::Recipe;

use crate::kit::{self, MINUTE, Random, START, Whole, dataset, options, recipe, same_after};
use crate::three;

/// A record: its time, its symbol if it has one, and its value.
type Record = (i64, Option<&'static str>, f64);

struct Case {
    folder: tempfile::TempDir,
    recipe: Recipe,
    /// Records of the join `rate`, of all symbols, and of the join `own`, by symbol.
    records: [Vec<Record>; 2],
}

fn case(rate: &str, own: &str, features: &str) -> Case {
    let folder = tempfile::tempdir().unwrap();
    let mut random = Random(9);
    let mut records = |symbols: &[Option<&'static str>], count: usize| {
        let mut all: Vec<Record> = Vec::new();
        for _ in 0..count {
            let second = (random.next() * 54_000.0).floor() as i64 * 1_000_000_000;
            let symbol = symbols[(random.next() * symbols.len() as f64) as usize];
            all.push((START + second, symbol, random.next()));
        }
        all.sort_by_key(|record| record.0);
        all
    };
    let records = [records(&[None], 300), records(&[Some("A"), Some("B"), Some("C")], 600)];
    for (name, all) in ["rate", "own"].iter().zip(&records) {
        let mut text = String::from(if *name == "own" { "ts,symbol,v\n" } else { "ts,v\n" });
        for (ts, symbol, value) in all {
            let symbol = symbol.map_or(String::new(), |symbol| format!(",{symbol}"));
            writeln!(text, "{ts}{symbol},{value}").unwrap();
        }
        std::fs::write(folder.path().join(format!("{name}.csv")), text).unwrap();
    }
    let shown = folder.path().display();
    let text = format!(
        "[data]\nmax_gap = \"20m\"\nchannels = [\"close\", \"a\", \"b\"]\nsnapshot = [\"c\"]\n\
         feature_warmup = \"defined\"\n\
         [[data.join]]\nname = \"rate\"\nfiles = \"{shown}/rate.csv\"\ntime = \"ts\"\n{rate}\n\
         [[data.join]]\nname = \"own\"\nfiles = \"{shown}/own.csv\"\ntime = \"ts\"\n\
         by = \"symbol\"\n{own}\n\
         [features]\n{features}\n[scaling]\nfeatures = \"none\"\n\
         [dataset]\nsamples = 50\nlookback = 4\nforward = 3\n"
    );
    Case { folder, recipe: recipe(&text), records }
}

impl Case {
    fn file(&self, name: &str) -> String {
        self.folder.path().join(format!("{name}.csv")).to_string_lossy().into_owned()
    }

    /// Pushes bars from a time on with the records that each can know before it, and compares.
    fn compare(&self, live: &mut Live, set: &SampleSet, start: i64, from: [usize; 2]) -> usize {
        let series = three(900);
        let mut whole = Whole::new(&self.recipe, &series, set);
        let (columns, mut ready) = (live.columns().to_vec(), 0);
        let mut next = from;
        for rows in whole.rows_from(start).chunk_by(|a, b| a.0 == b.0) {
            let close = rows[0].0 + MINUTE;
            for (at, name) in ["rate", "own"].into_iter().enumerate() {
                let all = &self.records[at];
                while let Some((ts, symbol, value)) = all.get(next[at]).filter(|one| one.0 <= close)
                {
                    live.push_join(name, *ts, *symbol, &[("v", *value), ("more", 0.0)]).unwrap();
                    next[at] += 1;
                }
            }
            for (ts, symbol, row) in rows {
                live.push(["A", "B", "C"][*symbol], *ts, &whole.values(&columns, *row)).unwrap();
            }
            live.close(None).unwrap();
            for (_, symbol, row) in rows {
                let symbol = ["A", "B", "C"][*symbol];
                ready += usize::from(same_after(live, &mut whole, symbol, *row));
            }
        }
        ready
    }

    /// The number of records of each join before a time.
    fn known(&self, time: i64) -> [usize; 2] {
        [0, 1].map(|at| self.records[at].partition_point(|record| record.0 < time))
    }
}

const PLAIN: &str = "a = \"join.rate.v\"\nb = \"mean(join.own.v, 3)\"\n\
                     c = \"join.rate.v - join.own.v\"\n";

#[test]
fn records_are_taken_as_of_the_close() {
    let start = START + 400 * MINUTE;
    for (rate, own) in
        [("", ""), ("ties = \"at\"\ndelay = \"30s\"", "max_age = \"12m\"\ndelay = \"10s\"")]
    {
        let case = case(rate, own, PLAIN);
        let set = dataset(&case.recipe, &three(900), start);
        let mut live = Live::new(&set, LiveOptions::default()).unwrap();
        // The records of the past that the first bars take, as their times are not in the dataset.
        let known = case.known(start);
        let from = [known[0], known[1].saturating_sub(60)];
        if own.is_empty() {
            // Without a largest age the dataset has the last values.
            let ready = case.compare(&mut live, &set, start, known);
            assert!(ready > 800, "{ready} windows");
        } else {
            let ready = case.compare(&mut live, &set, start, from);
            assert!(ready > 400, "{ready} windows");
        }
    }
}

#[test]
fn records_on_coarser_bars_are_as_of_their_end() {
    let features = "a = \"at('15m', join.rate.v)\"\nb = \"at('5m', mean(join.own.v, 2))\"\n\
                    c = \"join.rate.v\"\n";
    let start = START + 400 * MINUTE;
    let case = case("delay = \"20s\"", "ties = \"at\"", features);
    let set = dataset(&case.recipe, &three(900), start);
    let error = Live::new(&set, LiveOptions::default()).unwrap_err().to_string();
    assert!(error.contains("inside at()") && error.contains("give its files as joins"), "{error}");
    // The files have the records of the past; those to come are pushed.
    let known = case.known(start);
    for (at, name) in ["rate", "own"].into_iter().enumerate() {
        let text = std::fs::read_to_string(case.file(name)).unwrap();
        let lines: Vec<&str> = text.lines().take(1 + known[at]).collect();
        std::fs::write(case.folder.path().join(format!("past-{name}.csv")), lines.join("\n"))
            .unwrap();
    }
    let past = [("rate", case.file("past-rate")), ("own", case.file("past-own"))];
    let mut live = Live::new(&set, options(&past, None)).unwrap();
    let ready = case.compare(&mut live, &set, start, known);
    assert!(ready > 500, "{ready} windows");
    // The same with a history.
    let bars = kit::before(&three(900), start);
    let bars = kit::bars(&bars, &barloom_engine::read_options(&case.recipe));
    let with = LiveOptions { history: Some(bars.clone()), ..options(&past, None) };
    let mut live = Live::new(&set, with).unwrap();
    assert_eq!(case.compare(&mut live, &set, start, known), ready);
    let with = LiveOptions { history: Some(bars), ..options(&past[..1], None) };
    let error = Live::new(&set, with).unwrap_err().to_string();
    assert!(error.contains("the join own"), "{error}");
}

#[test]
fn late_and_wrong_records_change_nothing() {
    let start = START + 400 * MINUTE;
    let case = case("", "", PLAIN);
    let set = dataset(&case.recipe, &three(900), start);
    let mut live = Live::new(&set, LiveOptions::default()).unwrap();
    live.push_join("rate", start, None, &[("v", 1.0)]).unwrap();
    let bar = [("open", 5.0), ("high", 6.0), ("low", 4.0), ("close", 5.5)];
    live.push("A", start + MINUTE, &bar).unwrap();
    let before = format!("{live:?}");
    let (late, next) = (start + 30_000_000_000, start + 3 * MINUTE);
    let values = [("v", 2.0)];
    for (name, ts, symbol, values, told) in [
        ("rate", late, None, &values[..], "is late: a bar that closed at 2024-03-06 06:42:00"),
        ("rate", start - 1, None, &values[..], "comes after one at 2024-03-06 06:40:00"),
        ("own", next, None, &values[..], "pass symbol"),
        ("rate", next, Some("A"), &values[..], "leave symbol out"),
        ("own", next, Some("D"), &values[..], "no symbol \"D\""),
        ("rate", next, None, &[("w", 1.0)][..], "the record has no v; pass v"),
        ("other", next, None, &values[..], "they use rate, own"),
    ] {
        let error = live.push_join(name, ts, symbol, values).unwrap_err();
        assert!(error.to_string().contains(told), "{error}");
        assert_eq!(format!("{live:?}"), before, "{told}");
    }
    live.push_join("own", late, Some("B"), &values).unwrap();
    // What was pushed is in the state, records too.
    let mut again = Live::new(&set, LiveOptions::default()).unwrap();
    again.load(&live.state()).unwrap();
    assert_eq!(format!("{again:?}"), format!("{live:?}"));
}
