//! Databento's records as text.

use super::*;

/// Case 08.
#[test]
fn databento_prices_in_fixed_point_are_scaled() {
    let bars = |open: &str, close: &str| {
        format!(
            "ts_event,rtype,publisher_id,instrument_id,open,high,low,close,volume\n\
             1704153600000000000,33,1,5482,{open},4771000000000,4769500000000,{close},120\n\
             1704153660000000000,33,1,5482,4771250000000,4772000000000,4770500000000,4771500000000,9\n"
        )
    };
    let scaled = text(&bars("4770250000000", "4770500000000"));
    assert_eq!(symbols(&scaled), ["x"]);
    assert_eq!(scaled[0].column("open").unwrap(), [4_770.25, 4_771.25]);
    assert_eq!(scaled[0].column("volume").unwrap(), [120.0, 9.0]);
    // A price that is missing is the greatest number.
    let missing = bars("9223372036854775807", "4770500000000");
    let found = error("x.csv", missing.as_bytes());
    assert!(found.contains("open NaN"), "{found}");
    // Prices with a point are what they say.
    let pretty = "ts_event,rtype,publisher_id,instrument_id,open,high,low,close,volume,symbol\n\
                  2024-01-02T00:00:00.000000000Z,33,1,5482,4770.250000000,4771.000000000,\
                  4769.500000000,4770.500000000,120,ESH4\n";
    let series = text(pretty);
    assert_eq!((series[0].symbol(), series[0].column("open").unwrap()), ("ESH4", &[4_770.25][..]));
    // Without these columns whole numbers are prices.
    let plain = "ts_event,open,high,low,close\n1704153600000000000,4770250000000,4771000000000,\
                 4769500000000,4770500000000\n";
    assert_eq!(text(plain)[0].column("open").unwrap(), [4.77025e12]);
    // Instruments that only their numbers tell apart.
    let two = bars("4770250000000", "4770500000000").replacen("5482", "17", 1);
    assert_eq!(symbols(&text(&two)), ["17", "5482"]);
    let ints = |values: [i64; 2]| Arc::new(Int64Array::from(values.to_vec())) as ArrayRef;
    let table = parquet(vec![
        ("ts_event", ints([1_704_153_600_000_000_000, 1_704_153_660_000_000_000])),
        ("rtype", ints([33, 33])),
        ("publisher_id", ints([1, 1])),
        ("instrument_id", ints([5_482, 5_482])),
        ("open", ints([4_770_250_000_000, 4_771_250_000_000])),
        ("high", ints([4_771_000_000_000, 4_772_000_000_000])),
        ("low", ints([4_769_500_000_000, 4_770_500_000_000])),
        ("close", ints([4_770_500_000_000, 4_771_500_000_000])),
        ("volume", ints([120, 9])),
    ]);
    assert_eq!(shown(&load("x", &table, &ReadOptions::default()).unwrap()), shown(&scaled));
}

#[test]
fn databento_records_that_are_no_trades_are_passed_over() {
    let csv = "ts_event,rtype,publisher_id,instrument_id,action,side,price,size,flags\n\
               1704153600000000000,160,1,5482,A,B,4770000000000,7,0\n\
               1704153601000000000,160,1,5482,T,B,4770250000000,2,0\n\
               1704153602000000000,160,1,5482,C,B,4770000000000,7,0\n\
               1704153603000000000,160,1,5482,T,A,4770500000000,3,0\n";
    let options = ReadOptions { aggregate: Some(minutes()), ..ReadOptions::default() };
    let series = load("x.csv", csv.as_bytes(), &options).unwrap();
    assert_eq!(
        shown(&series),
        [format!("x {JAN_2} [4770.25, 4770.5, 4770.25, 4770.5, 5.0]")],
        "orders are none"
    );
}

#[test]
fn databento_whole_prices_that_are_small_are_as_they_are() {
    let header = "ts_event,rtype,publisher_id,instrument_id,open,high,low,close,volume,symbol\n";
    for (rows, open) in [
        ("4742,4743,4741,4742|4742.25,4743,4741.5,4742.5", [4_742.0, 4_742.25]),
        ("30250,30300,30200,30250|30251,30301,30200,30255", [30_250.0, 30_251.0]),
    ] {
        let row = |(at, prices): (usize, &str)| {
            format!("2024-01-02T14:3{at}:00Z,33,1,5482,{prices},100,X\n")
        };
        let csv = header.to_owned() + &rows.split('|').enumerate().map(row).collect::<String>();
        assert_eq!(text(&csv)[0].column("open").unwrap(), open);
    }
    let ints = |values: [i64; 2]| Arc::new(Int64Array::from(values.to_vec())) as ArrayRef;
    let table = parquet(vec![
        ("ts_event", ints([1_704_153_600_000_000_000, 1_704_153_660_000_000_000])),
        ("rtype", ints([33, 33])),
        ("publisher_id", ints([1, 1])),
        ("instrument_id", ints([5_482, 5_482])),
        ("open", ints([30_250, 30_251])),
        ("high", ints([30_300, 30_301])),
        ("low", ints([30_200, 30_200])),
        ("close", ints([30_250, 30_255])),
    ]);
    let series = load("x", &table, &ReadOptions::default()).unwrap();
    assert_eq!(series[0].column("open").unwrap(), [30_250.0, 30_251.0]);
}
