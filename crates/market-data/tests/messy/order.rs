//! Columns that are known by their rows, without a header.

use super::*;

/// Columns of text without a header are those that most have only if rows do not contradict it.
#[test]
fn the_order_of_columns_is_told_by_rows() {
    let bars: Vec<[f64; 4]> = {
        let mut state = 7_u64;
        let mut next = || {
            state = state.wrapping_mul(0x5851_F42D_4C95_7F2D).wrapping_add(0x1405_7B7E_F767_814F);
            (state >> 33) as f64 / (1_u64 << 31) as f64 - 0.5
        };
        let mut close = 100.0_f64;
        let mut bar = || {
            let open = close + 0.1 * next();
            close = open + 2.0 * next();
            [open, open.max(close) + 0.5, open.min(close) - 0.5, close]
        };
        (0..60).map(|_| bar()).collect()
    };
    let text = |order: [usize; 4], rows: usize| -> String {
        let row = |(at, bar): (usize, &[f64; 4])| {
            let [a, b, c, d] = order.map(|at| bar[at]);
            format!(
                "{},{a:.2},{b:.2},{c:.2},{d:.2},{}\n",
                1_704_067_200 + 60 * at,
                7 + at * 37 % 11
            )
        };
        bars.iter().take(rows).enumerate().map(row).collect()
    };
    let usual = read(text([0, 1, 2, 3], 60).as_bytes(), &ReadOptions::default()).unwrap();
    for (order, names) in [
        // Bitfinex, KuCoin and others.
        ([0, 3, 1, 2], ["open", "close", "high", "low"]),
        ([3, 1, 2, 0], ["close", "high", "low", "open"]),
        ([1, 2, 0, 3], ["high", "low", "open", "close"]),
    ] {
        let text = text(order, 60);
        let error = read(text.as_bytes(), &ReadOptions::default()).unwrap_err().to_string();
        let names = names.map(str::to_owned);
        let listed = format!("By its rows they are time, {}, volume", names.join(", "));
        assert!(error.contains(&listed), "{error}");
        let names = [&["time".to_owned()][..], &names, &["volume".to_owned()]].concat();
        assert_eq!(proposal(text.as_bytes()), format!("names = {names:?}"));
        let csv = CsvOptions { names, ..CsvOptions::default() };
        let found = read(text.as_bytes(), &with(csv)).unwrap();
        for name in ["open", "high", "low", "close", "volume"] {
            assert_eq!(found[0].column(name), usual[0].column(name), "{name}");
        }
    }
    // Open and close may change places: then no order is proposed, and both are named.
    let even = "1704067200000,100.00,100.50,101,99,5\n1704067260000,100.10,100.40,101,99,6\n\
                1704067320000,100.20,100.30,101,99,7\n1704067380000,100.30,100.20,101,99,8\n\
                1704067440000,100.40,100.10,101,99,9\n1704067500000,100.50,100.00,101,99,10\n";
    let error = read(even.as_bytes(), &ReadOptions::default()).unwrap_err().to_string();
    assert!(
        error.contains("time, open, close, high, low, volume, or close stands before"),
        "{error}"
    );
    assert!(!error.contains("this reads it"), "{error}");
    // An adjusted close is no volume.
    let adjusted = "2024-01-02,10,12,9,11,5.5,900\n2024-01-03,11,13,10,12,6,700\n\
                    2024-01-04,12,13,11,12.5,6.25,800\n2024-01-05,12.5,13,12,13,6.5,950\n";
    let error = read(adjusted.as_bytes(), &ReadOptions::default()).unwrap_err().to_string();
    assert!(error.contains("column 6 holds prices"), "{error}");
    let words = "2024-01-02,10,12,9,11,900,AAPL\n2024-01-03,11,13,10,12,700,AAPL\n";
    let error = read(words.as_bytes(), &ReadOptions::default()).unwrap_err().to_string();
    assert!(error.contains("column 7 holds text"), "{error}");
}

/// Klines are known by their times: a smooth volume is no price, and where the price is 1 the quote
/// volume may be as large as the volume.
#[test]
fn klines_without_a_header_are_known_by_their_times() {
    let klines = |row: &dyn Fn(i64) -> ([f64; 4], f64, f64)| -> String {
        let one = |at: i64| {
            let ([open, high, low, close], volume, quote) = row(at);
            let begin = 1_646_092_800_000 + 86_400_000 * at;
            let (half, half_quote) = (volume * 0.4, quote * 0.4);
            format!(
                "{begin},{open:.4},{high:.4},{low:.4},{close:.4},{volume:.1},{},{quote:.2},50,\
                 {half:.2},{half_quote:.3},0\n",
                begin + 86_399_999
            )
        };
        (0..31).map(one).collect()
    };
    let smooth = klines(&|at| {
        let open = 10.0 + 0.1 * at as f64;
        ([open, open + 0.5, open - 0.2, open + 0.1], 100.0 + at as f64, 1_000.0)
    });
    let stable = klines(&|at| {
        let open = 1.0 + 1e-4 * (at % 3) as f64;
        let volume = 5e6 + 1e6 * (at * 7 % 13) as f64;
        ([open, 1.0003, 0.9998, 1.0 + 1e-4 * ((at + 1) % 3) as f64], volume, volume * open)
    });
    for (text, volume) in [(smooth, 102.0), (stable, 6e6)] {
        let series = read(text.as_bytes(), &ReadOptions::default()).unwrap();
        assert_eq!(series[0].column("volume").unwrap()[2], volume);
        assert!(series[0].column("quote_volume").is_some());
    }
}

/// Klines near a price of 2, half of whose volume is bought: as much is one over the other as a
/// price.
#[test]
fn a_half_that_is_bought_is_no_volume() {
    let row = |at: u64| {
        let (open, close) = (2.0 + 0.01 * (at % 3) as f64, 2.0 + 0.01 * ((at + 1) % 3) as f64);
        let (ts, volume) = (1_735_689_600_000 + 86_400_000 * at, 1_000 + at * 37 % 500);
        let count = if at == 70 { 0 } else { 9 };
        format!(
            "{ts},{open},2.1,1.9,{close},{volume},{},{},{count},{},{},0\n",
            ts + 86_399_999,
            volume * 2,
            volume / 2,
            volume
        )
    };
    let text: String = (0..200).map(row).collect();
    let series = read(text.as_bytes(), &ReadOptions::default()).unwrap();
    assert_eq!(series[0].column("volume").unwrap()[..2], [1_000.0, 1_037.0]);
}
