//! Markets, stored and read back.

use barloom_bars::{Column, Market, MaxGap, Series};
use barloom_market_store::{MarketStoreError, read_market_arrow, write_market_arrow};

const DAY: i64 = 86_400_000_000_000;

fn series(symbol: &str, ts: Vec<i64>, extra: Vec<f64>) -> Series {
    let n = ts.len();
    let prices = [("open", 0.1 + 0.2), ("high", 12.0), ("low", 1e-5), ("close", 1.0 / 3.0)];
    let mut columns: Vec<Column> =
        prices.iter().map(|(name, price)| Column::new(*name, vec![*price; n])).collect();
    columns.push(Column::new("volume", (0..n).map(|i| i as f64).collect()));
    columns.push(Column::new("extra", extra));
    Series::new(symbol, ts, columns).unwrap()
}

#[test]
fn a_market_reads_back_the_same() {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path();
    let hours = |n: i64, from: i64| (0..n).map(|i| from + i * DAY / 24).collect::<Vec<i64>>();
    let mut ts = hours(5, 0);
    ts.extend(hours(4, 100 * DAY));
    let missing = vec![1.0, 1.0, f64::NAN, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0];
    let all = [
        series("B", ts, missing).with_breaks(vec![7]).unwrap(),
        series("A", hours(3, 0), vec![5.0, 6.0, 7.0]),
    ];
    let channels = ["close".to_owned(), "extra".to_owned()];
    let market = Market::new(&all, &channels, MaxGap::Limit(DAY)).unwrap();
    assert_eq!(market.segments().len(), 5, "a missing value, a gap, a break, a symbol");
    let values = vec![f64::NAN, 1e300, f64::INFINITY, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 1.0, 2.0, -0.0];
    let market = market.with_columns(vec![Column::new("ret", values).into()]).unwrap();
    // What is no channel is read back, too: the digest of a market counts it.
    let [first, second] = ["a.arrow", "b.arrow"].map(|name| folder.join(name));
    write_market_arrow(&first, &market).unwrap();
    let back = read_market_arrow(&first, &channels).unwrap();
    assert_eq!((back.ts(), back.segments()), (market.ts(), market.segments()));
    assert_eq!(market.columns().len(), back.columns().len());
    for (a, b) in market.columns().iter().zip(back.columns()) {
        let bits = |c: &barloom_bars::MarketColumn| {
            c.values.iter().map(|v| v.to_bits()).collect::<Vec<_>>()
        };
        assert_eq!((&a.name, bits(a)), (&b.name, bits(b)));
    }
    let spans = |m: &Market| -> Vec<(String, usize, usize)> {
        m.series().iter().map(|s| (s.symbol.clone(), s.start, s.end)).collect()
    };
    assert_eq!(spans(&back), spans(&market));
    write_market_arrow(&second, &back).unwrap();
    assert_eq!(std::fs::read(&first).unwrap(), std::fs::read(&second).unwrap());
    let error = read_market_arrow(&first, &["volume".to_owned()]).unwrap_err().to_string();
    assert!(error.contains("a.arrow") && error.contains("no column volume"), "{error}");
    let bars = std::fs::read(&first).unwrap();
    std::fs::write(&second, &bars[..bars.len() / 2]).unwrap();
    let error = read_market_arrow(&second, &channels).unwrap_err();
    assert!(matches!(error, MarketStoreError::File { .. }), "{error}");
}
