//! Ranks shared out by weights, against positions counted one by one.

use barloom_bars::{Column, Market, MaxGap, Series};
use barloom_splits::{LookbackFrom, Part, PartEnd, PartSpec, Split};
use barloom_windows::{Position, Positions, WindowsError};
use proptest::prelude::*;

const MINUTE: i64 = 60_000_000_000;

fn series(symbol: usize, ts: Vec<i64>) -> Series {
    let columns = ["open", "high", "low", "close", "volume"];
    let columns = columns.map(|name| Column::new(name, vec![10.0; ts.len()]));
    Series::new(format!("S{symbol}"), ts, columns.to_vec()).unwrap()
}

/// Series of minute bars, a gap of an hour where a step is 60.
fn market(steps: &[Vec<i64>]) -> Market {
    let ts = |steps: &Vec<i64>| {
        let mut now = 0;
        let next = |step: &i64| {
            now += step * MINUTE;
            now
        };
        steps.iter().map(next).collect()
    };
    let all: Vec<Series> =
        steps.iter().enumerate().map(|(symbol, steps)| series(symbol, ts(steps))).collect();
    Market::new(&all, &["volume".into()], MaxGap::Limit(5 * MINUTE)).unwrap()
}

fn plain(lengths: &[usize]) -> Market {
    market(&lengths.iter().map(|bars| vec![1; *bars]).collect::<Vec<_>>())
}

fn parts(market: &Market) -> Vec<Part> {
    let part = |name: &str| PartSpec { name: name.into(), end: PartEnd::Fraction(0.5) };
    let parts = vec![part("train"), part("test")];
    Split { parts, embargo: 1, lookback_from: LookbackFrom::Part }.resolve(market).unwrap()
}

fn all(positions: &Positions) -> Vec<Position> {
    assert_eq!(positions.ranks(), positions.count());
    (0..positions.count()).map(|rank| positions.locate(rank)).collect()
}

/// Checks ranks against positions without weights, of which each has one.
fn check(plain: &Positions, got: &Positions, weights: &[f64]) {
    let kept = |position: &Position| weights[position.series as usize] > 0.0;
    let positions: Vec<Position> = all(plain).into_iter().filter(kept).collect();
    assert_eq!(got.count(), positions.len() as u64);
    // Each position has the ranks after those of the one before it, as many as its range says.
    let mut rank = 0;
    let mut ranges = got.ranges().iter();
    let mut range = *ranges.next().unwrap();
    for position in &positions {
        if position.row >= range.end {
            range = *ranges.next().unwrap();
        }
        if position.row == range.start {
            assert_eq!(range.first_rank, rank);
        }
        assert!((range.start..range.end).contains(&position.row));
        for copy in [0, 1, range.copies / 3, range.copies / 2, range.copies - 1] {
            assert_eq!(got.locate(rank + copy.min(range.copies - 1)), *position, "{rank} {copy}");
        }
        rank += range.copies;
    }
    assert_eq!(got.ranks(), rank);
    assert!(ranges.next().is_none());
    assert!(rank < 1 << 62);
    // Shares.
    let mut counts = vec![0_u64; weights.len()];
    positions.iter().for_each(|position| counts[position.series as usize] += 1);
    let placed = || weights.iter().zip(&counts).filter(|(_, count)| **count > 0);
    let sum: f64 = placed().map(|(weight, _)| weight).sum();
    for range in got.ranges() {
        let series = range.series as usize;
        let ranks = u128::from(range.copies) * u128::from(counts[series]);
        let (share, wanted) = (ranks as f64 / rank as f64, weights[series] / sum);
        assert!((share / wanted - 1.0).abs() < 1e-6, "S{series}: {share} for {wanted}");
    }
}

proptest! {
    #[test]
    fn every_rank_has_its_position_and_every_symbol_its_share(
        steps in prop::collection::vec(
            prop::collection::vec(prop_oneof![8 => Just(1_i64), 1 => Just(60)], 1..60), 1..6),
        weights in prop::collection::vec(
            prop_oneof![1 => Just(0.0), 2 => Just(1.0), 4 => 1e-3..10.0_f64], 6),
        lookback in 1..6_usize,
        forward in 1..6_usize,
    ) {
        let market = market(&steps);
        let weights = &weights[..steps.len()];
        prop_assume!(weights.iter().any(|weight| *weight > 0.0));
        let parts = parts(&market);
        for part in [None, Some(&parts[0]), Some(&parts[1])] {
            let plain = Positions::new(&market, lookback, forward, part);
            match Positions::weighted(&market, lookback, forward, part, weights) {
                Ok(got) => check(&plain.unwrap(), &got, weights),
                Err(WindowsError::NoPositions { .. }) => {
                    // None without weights either, but of what has none.
                    let left = plain.map_or_else(|_| Vec::new(), |plain| all(&plain));
                    prop_assert!(left.iter().all(|p| weights[p.series as usize] == 0.0));
                }
                Err(other) => return Err(TestCaseError::fail(other.to_string())),
            }
        }
    }

    /// With equal weights of series as long, all positions have the same chance: one rank each.
    #[test]
    fn equal_weights_of_equal_lengths_change_nothing(
        symbols in 1..50_usize,
        bars in 8..200_usize,
        weight in 1e-300..1e300_f64,
    ) {
        let market = plain(&vec![bars; symbols]);
        let weighted = Positions::weighted(&market, 3, 4, None, &vec![weight; symbols]).unwrap();
        prop_assert_eq!(weighted, Positions::new(&market, 3, 4, None).unwrap());
    }
}

#[test]
fn shares_do_not_depend_on_lengths() {
    // 7, 993 and 1 positions.
    let market = plain(&[10, 996, 4]);
    for weights in [[1.0, 1.0, 1.0], [2.0, 1.0, 0.0], [1e-3, 7.0, 3.25], [1e300, 1e300, 1e300]] {
        let positions = Positions::weighted(&market, 2, 2, None, &weights).unwrap();
        check(&Positions::new(&market, 2, 2, None).unwrap(), &positions, &weights);
        let largest = positions.ranges().iter().max_by_key(|range| range.copies).unwrap();
        assert_ne!(largest.series, 1, "the longest needs the fewest ranks a position");
    }
}

#[test]
fn numbers_have_no_common_divisor() {
    // One position each: shares of 1 : 3 are ranks of 1 : 3, but for rounding.
    let market = plain(&[4, 4]);
    let copies = |weights: &[f64]| -> Vec<u64> {
        let positions = Positions::weighted(&market, 2, 2, None, weights).unwrap();
        positions.ranges().iter().map(|range| range.copies).collect()
    };
    assert_eq!(copies(&[1.0, 3.0]), [1, 3]);
    assert_eq!(copies(&[0.5, 0.125]), [4, 1]);
    assert_eq!(copies(&[0.0, 0.1]), [1]);
}

#[test]
fn weights_that_can_not_be_are_refused() {
    let market = plain(&[10, 996, 4]);
    let message = |weights: &[f64]| {
        Positions::weighted(&market, 2, 2, None, weights).unwrap_err().to_string()
    };
    for (weights, got) in [
        (&[1.0, 1.0][..], "got 2 of them"),
        (&[1.0, -1.0, 1.0], "got -1"),
        (&[1.0, f64::NAN, 1.0], "got NaN"),
        (&[1.0, f64::INFINITY, 1.0], "got inf"),
        (&[0.0, 0.0, 0.0], "got 0 for all"),
    ] {
        let told = message(weights);
        assert!(told.starts_with("symbol_weights: expected a finite weight"), "{told}");
        assert!(told.contains("each of 3 symbols") && told.ends_with(got), "{told}");
    }
    // 993 positions with 2^20 ranks each of 2^61 are 4.5e-10 of them.
    assert!(Positions::weighted(&market, 2, 2, None, &[1.0, 4.6e-10, 0.0]).is_ok());
    assert_eq!(
        message(&[1.0, 4.5e-10, 0.0]),
        "symbol_weights: symbol S1 would get 4.500e-10 of the samples, too few to divide \
         evenly among its 993 positions; give it at least 4.516e-10 of the sum of all weights, \
         or 0 to leave it out"
    );
    assert!(message(&[1.0, 5e-324, 0.0]).contains("S1 would get 4.941e-324 of the samples"));
    // Symbols that are left out are not told of.
    let error = Positions::weighted(&market, 5, 10, None, &[1.0, 0.0, 1.0]).unwrap_err();
    assert!(error.to_string().contains("the longest has 10 (S0, "), "{error}");
}

#[test]
fn a_symbol_without_positions_has_no_share() {
    let market = plain(&[10, 996, 3]);
    let positions = Positions::weighted(&market, 2, 2, None, &[1.0, 3.0, 1e9]).unwrap();
    check(&Positions::new(&market, 2, 2, None).unwrap(), &positions, &[1.0, 3.0, 1e9]);
    assert_eq!(positions.ranges().len(), 2);
}
