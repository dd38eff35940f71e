//! Coarser bars, other symbols, all symbols: compared with plain versions.

mod common;

use barloom_bars::{Anchor, Grid, Interval, Market, Series};
use barloom_features::{History, Options};
use common::{DAY, HOUR, MARCH, MINUTE, holes, market, same, series, three, values};

/// The close of a row: its open and a step, or the next open.
fn close_of(ts: &[i64], row: usize, step: i64) -> i64 {
    (ts[row] + step).min(ts.get(row + 1).copied().unwrap_or(i64::MAX))
}

/// The last finished coarse bar of each row, by a scan of all rows before it: its close and the sum
/// of its volume. Groups of a segment alone, the first only if it begins with the segment.
fn scanned(market: &Market, step: i64, grid: Grid, whole: bool) -> Vec<Option<(f64, f64)>> {
    let (ts, close, volume) = (market.ts(), market.close(), market.column("volume").unwrap());
    let mut all = vec![None; market.len()];
    for span in market.series() {
        let mine = &ts[span.start..span.end];
        for (row, last) in all.iter_mut().enumerate().take(span.end).skip(span.start) {
            let of = |row: usize| {
                market.segments().iter().position(|s| s.start <= row && row < s.end).unwrap()
            };
            let now = close_of(mine, row - span.start, step);
            let mut before = row as isize;
            let mut found: Option<(i64, usize)> = None;
            // Walks back to the last row of a finished period.
            while before >= span.start as isize {
                let at = before as usize;
                if !whole && of(at) != of(row) {
                    break;
                }
                let period = grid.at(ts[at]).unwrap();
                let segment = market.segments()[of(at)];
                let first =
                    (segment.start..segment.end).find(|row| period.contains(&ts[*row])).unwrap();
                let end = (segment.start..segment.end)
                    .rev()
                    .find(|row| period.contains(&ts[*row]))
                    .unwrap();
                let begins = first > segment.start || ts[first] == period.start;
                if period.end <= now && end <= row && begins {
                    found = Some((period.start, at));
                    break;
                }
                before -= 1;
            }
            *last = found.map(|(start, at)| {
                let segment = market.segments()[of(at)];
                let sum = (segment.start..=at)
                    .filter(|row| grid.at(ts[*row]).unwrap().start == start)
                    .map(|row| volume[row])
                    .sum();
                (close[at], sum)
            });
        }
    }
    all
}

#[test]
fn coarser_bars_are_those_that_ended() {
    for (step, start, interval, anchor) in [
        (15 * MINUTE, MARCH + 3 * 15 * MINUTE, "1h", "UTC"),
        (15 * MINUTE, MARCH, "4h", "America/New_York"),
        (15 * MINUTE, MARCH, "1d", "17:00 America/New_York"),
        (HOUR, MARCH, "1d", "America/New_York"),
        (DAY, MARCH - 200 * DAY, "1w", "UTC"),
        (DAY, MARCH - 200 * DAY, "1mo", "UTC"),
    ] {
        let market = market(&three(start, step, 400), step);
        let length: Interval = interval.parse().unwrap();
        let anchor: Anchor = anchor.parse().unwrap();
        for history in [History::Segment, History::Series] {
            let options = Options { anchor, history, ..Options::default() };
            let of =
                |column: &str| values(&market, &format!("at('{interval}', {column})"), options);
            let (close, volume) = (of("close"), of("volume"));
            let expected =
                scanned(&market, step, Grid::new(length, anchor), history == History::Series);
            let mut there = 0;
            for (row, expected) in expected.iter().enumerate() {
                let (c, v) = expected.unwrap_or((f64::NAN, f64::NAN));
                assert!(same(close[row], c), "{interval} {history:?} {row}: {} {c}", close[row]);
                assert!(same(volume[row], v), "{interval} {history:?} {row}: {} {v}", volume[row]);
                there += usize::from(!c.is_nan());
            }
            assert!(there > 100, "{interval} {history:?}: {there}");
        }
    }
}

#[test]
fn another_symbol_is_seen_as_of_the_close() {
    let step = 15 * MINUTE;
    // B has hours and C quarters with holes.
    let all = [
        series("A", &holes(MARCH, step, 300, 1), 1),
        series("B", &holes(MARCH, HOUR, 80, 2), 2),
        series("C", &holes(MARCH, step, 300, 3), 3),
    ];
    let market = market(&all, HOUR);
    for (other, max_age, longest) in [
        ("B", "", HOUR),
        ("C", "", step),
        ("B", ", max_age='1s'", 1_000_000_000),
        ("C", ", max_age='3h'", 3 * HOUR),
    ] {
        let got = values(
            &market,
            &format!("symbol('{other}', close){max_age}")
                .replace(&format!("){max_age}"), &format!("{max_age})")),
            Options::default(),
        );
        let of = |name: &str| market.series().iter().find(|s| s.symbol == name).unwrap();
        let (mine, there) = (of("A"), of(other));
        let length = if other == "B" { HOUR } else { step };
        let ts = &market.ts()[there.start..there.end];
        let mut some = 0;
        for (row, got) in got.iter().enumerate().take(mine.end).skip(mine.start) {
            let now = close_of(&market.ts()[mine.start..mine.end], row - mine.start, step);
            let last = (0..ts.len()).rev().find(|at| close_of(ts, *at, length) <= now);
            let last = last.filter(|at| now - close_of(ts, *at, length) <= longest);
            let expected = last.map_or(f64::NAN, |at| market.close()[there.start + at]);
            assert!(same(*got, expected), "{other}{max_age} {row}: {got} {expected}");
            some += usize::from(!expected.is_nan());
        }
        assert!(some > 20, "{other}{max_age}: {some}");
    }
}

#[test]
fn ranks_are_among_bars_that_close_together() {
    let step = 15 * MINUTE;
    let market = market(&three(MARCH, step, 300), step);
    let options = Options::default();
    let (rank, demean, sector) = (
        values(&market, "cs_rank(close)", options),
        values(&market, "cs_demean(close)", options),
        values(&market, "cs_rank(close, by=sector)", options),
    );
    let closes: Vec<i64> = market
        .series()
        .iter()
        .flat_map(|span| {
            let ts = &market.ts()[span.start..span.end];
            (0..ts.len()).map(move |row| close_of(ts, row, step))
        })
        .collect();
    let symbol = |row: usize| market.series().iter().position(|s| row < s.end).unwrap();
    for row in 0..market.len() {
        let peers: Vec<usize> = (0..market.len()).filter(|at| closes[*at] == closes[row]).collect();
        let values: Vec<f64> = peers.iter().map(|at| market.close()[*at]).collect();
        let x = market.close()[row];
        let below = values.iter().filter(|y| **y < x).count() as f64;
        let equal = values.iter().filter(|y| **y == x).count() as f64;
        let alone = values.len() < 2;
        let expected = (below + (equal + 1.0) / 2.0) / values.len() as f64;
        assert!(same(rank[row], if alone { f64::NAN } else { expected }), "{row}");
        let mean = values.iter().sum::<f64>() / values.len() as f64;
        assert!(if alone { demean[row].is_nan() } else { (demean[row] - (x - mean)).abs() < 1e-9 });
        // A and C are of one sector.
        let other = peers.iter().find(|at| symbol(**at) != symbol(row) && symbol(**at) != 1);
        let expected = match (symbol(row), other) {
            (1, _) | (_, None) => f64::NAN,
            (_, Some(at)) if market.close()[*at] < x => 1.0,
            (_, Some(at)) if market.close()[*at] > x => 0.5,
            _ => 0.75,
        };
        assert!(same(sector[row], expected), "{row}: {} {expected}", sector[row]);
    }
}

#[test]
fn sums_since_a_start_begin_again() {
    let step = HOUR;
    let market = market(&three(MARCH, step, 200), step);
    let whole = Options { history: History::Series, ..Options::default() };
    let volume = market.column("volume").unwrap();
    let day = values(&market, "cum_sum(volume, '1d')", whole);
    let segment = values(&market, "cum_sum(volume)", whole);
    let vwap = values(&market, "vwap('1d')", Options::default());
    for span in market.series() {
        let (mut sum, mut money) = (0.0, 0.0);
        let mut since = 0.0;
        for row in span.start..span.end {
            let new_day = row == span.start
                || market.ts()[row].div_euclid(DAY) != market.ts()[row - 1].div_euclid(DAY);
            let new_segment = market.segments().iter().any(|s| s.start == row);
            if new_day {
                sum = 0.0;
            }
            if new_day || new_segment {
                (since, money) = (0.0, 0.0);
            }
            sum += volume[row];
            assert!((day[row] - sum).abs() <= 1e-9 * sum, "{row}: {} {sum}", day[row]);
            since += volume[row];
            money +=
                (market.high()[row] + market.low()[row] + market.close()[row]) / 3.0 * volume[row];
            let expected = money / since;
            assert!((vwap[row] - expected).abs() <= 1e-9 * expected || since == 0.0, "{row}");
        }
    }
    for s in market.segments() {
        let total: f64 = volume[s.start..s.end].iter().sum();
        assert!((segment[s.end - 1] - total).abs() <= 1e-9 * total);
    }
}

#[test]
fn one_symbol_is_enough_for_its_own_rows() {
    // `symbol` of the row's own symbol is the value itself.
    let step = 15 * MINUTE;
    let market: Market = market(&[series("A", &holes(MARCH, step, 100, 1), 1)] as &[Series], step);
    let own = values(&market, "symbol('A', close) - close", Options::default());
    assert!(own.iter().all(|x| *x == 0.0));
}

#[test]
fn trading_hours_of_the_data_are_those_of_calls_without() {
    let market = market(&three(MARCH, 15 * MINUTE, 800), 15 * MINUTE);
    let hours = "09:30-16:00 America/New_York";
    let options = Options { session: Some(hours.parse().unwrap()), ..Options::default() };
    for function in ["minutes_since_open", "minutes_to_close"] {
        let given = values(&market, &format!("{function}('{hours}')"), Options::default());
        let default = values(&market, &format!("{function}()"), options);
        let other = values(&market, &format!("{function}(session='00:00-24:00')"), options);
        let bits = |values: &[f64]| values.iter().map(|x| x.to_bits()).collect::<Vec<_>>();
        assert_eq!(bits(&given), bits(&default));
        assert!(given.iter().any(|x| x.is_nan()) && other.iter().all(|x| !x.is_nan()));
    }
}
