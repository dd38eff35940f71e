//! Weights against values worked out by hand.

use barloom_bars::{Column, Market, MaxGap, PRICE_COLUMNS, Series};
use barloom_labels::{balance, concurrency, return_attribution, time_decay, uniqueness};

fn market(close: &[f64], symbols: usize) -> Market {
    let series = (0..symbols).map(|symbol| {
        let columns = PRICE_COLUMNS.iter().map(|c| Column::new(*c, close.to_vec())).collect();
        let ts = (0..close.len() as i64).collect();
        Series::new(format!("S{symbol}"), ts, columns).expect("a series")
    });
    Market::new(&series.collect::<Vec<_>>(), &[], MaxGap::None).expect("a market")
}

/// The example of Lopez de Prado 2018, section 4.5.3: labels over the bars 0-2, 2-3 and 4-5 of six
/// have the average uniqueness 5/6, 3/4 and 1.
#[test]
fn uniqueness_is_that_of_the_book() {
    let market = market(&[1.0; 6], 1);
    let rows = [0..1, 2..3, 4..5];
    let life = [3, 0, 2, 0, 2, 0];
    assert_eq!(concurrency(&market, &rows, &life), [1, 1, 2, 1, 1, 1]);
    let weights = uniqueness(&market, &rows, &life);
    let expected = [5.0 / 6.0, 0.0, 3.0 / 4.0, 0.0, 1.0, 0.0];
    assert!(weights.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-15), "{weights:?}");
}

#[test]
fn symbols_do_not_count_for_each_other() {
    let market = market(&[1.0; 4], 2);
    let life = [2, 2, 2, 2, 2, 2, 2, 9];
    let counts = concurrency(&market, &[0..4, 4..8], &life);
    assert_eq!(counts, [1, 2, 2, 2, 1, 2, 2, 2]);
}

#[test]
fn returns_are_shared_out() {
    let close = [1.0, 2.0, 4.0, 2.0];
    let market = market(&close, 1);
    // Lives 0-2 and 2-3; bar 2 is shared. Entries are closes before: steps of log 2 each way.
    let life = [3, 0, 2, 0];
    let entry = [1.0, 1.0, 2.0, 4.0];
    let weights = return_attribution(&market, &[0..1, 2..3], &life, |row| entry[row]);
    // 0 + log 2 + log 2 / 2 and log 2 / 2 - log 2: 3 to 1, with a mean of 1.
    assert!((weights[0] - 1.5).abs() < 1e-12 && (weights[2] - 0.5).abs() < 1e-12, "{weights:?}");
    let flat = self::market(&[5.0; 4], 1);
    let equal = return_attribution(&flat, &[0..1, 1..2], &[1; 4], |_| 5.0);
    assert_eq!(equal, [1.0, 1.0, 0.0, 0.0]);
}

#[test]
fn time_halves_weights() {
    let market = market(&[1.0; 5], 1);
    assert_eq!(time_decay(&market, &[0..1, 2..3, 4..5], 2), [0.25, 0.0, 0.5, 0.0, 1.0]);
}

#[test]
fn classes_are_balanced() {
    let market = market(&[1.0; 6], 1);
    let classes = [0, 0, 0, 1, -128, 0];
    let class = |row: usize| (classes[row] != -128).then_some(classes[row]);
    // sklearn: compute_sample_weight("balanced", [0, 0, 0, 1])
    let third = 4.0 / 6.0;
    assert_eq!(balance(&market, &[0..2, 2..5], class), [third, third, third, 2.0, 0.0, 0.0]);
}
