//! Markets of the suite, made by a small generator of their own.

use barloom_bars::{BarsError, Column, Market, MaxGap, Series};

const MINUTE: i64 = 60_000_000_000;

/// Names and markets: one plain series; several with gaps, missing values and flat stretches; two
/// as long, too short for most recipes. All have [further columns](with_more).
pub(super) fn all() -> Result<Vec<(&'static str, Market)>, String> {
    let plain = [series("A", 1, 700, &[])?];
    let ragged = [
        series("A", 2, 400, &[37, 38, 39, 200])?,
        series("B", 3, 90, &[])?,
        series("C", 4, 300, &[64, 128, 191])?,
    ];
    let channels = ["volume".to_owned(), "spread".to_owned()];
    let market = |s: &[Series]| {
        let market = Market::new(s, &channels, MaxGap::Limit(5 * MINUTE));
        market.and_then(with_more).map_err(|e| e.to_string())
    };
    let short = [series("A", 5, 41, &[])?, series("B", 6, 41, &[])?];
    Ok(vec![
        ("one series", market(&plain)?),
        ("three series with gaps", market(&ragged)?),
        ("two short series", market(&short)?),
    ])
}

/// The market with two columns that end no segment, `depth` and `sparse`: positive, and missing in
/// some rows.
fn with_more(market: Market) -> Result<Market, BarsError> {
    let missing = [f64::NAN, f64::INFINITY, 1e300];
    let column = |name: &str, every: usize, runs: usize| {
        let value = |row: usize| match row % every {
            k if k < runs => missing[k % 3],
            k => 1.0 + ((row * 37 + k) % 101) as f64 / 8.0,
        };
        Column::new(name, (0..market.len()).map(value).collect()).into()
    };
    let columns = vec![column("depth", 43, 2), column("sparse", 29, 1)];
    market.with_columns(columns)
}

/// A series of whole prices on a grid, each up to two tolerances of a touch beside its line: stops
/// and targets of halves and quarters are met, and missed by one bit.
pub(super) fn touches() -> Result<Market, String> {
    let mut state = 7_u64;
    let mut below = |count: u64| {
        state = state.wrapping_mul(0x5851_F42D_4C95_7F2D).wrapping_add(0x1405_7B7E_F767_814F);
        (state >> 33) % count
    };
    let mut price = || {
        let (line, beside) = (64 + 32 * below(5), below(5) as f64 - 2.0);
        line as f64 * (1.0 + beside * (1.0 / (1_u64 << 40) as f64))
    };
    let mut columns: [Vec<f64>; 5] = Default::default();
    for bar in 0..1_500 {
        // Most bars move little, so that trades end on their highs and lows as on their opens.
        let open = if bar % 3 == 0 { price() } else { columns[3].last().copied().unwrap_or(128.0) };
        let (close, other) = if bar % 2 == 0 { (price(), price()) } else { (open, price()) };
        let (high, low) = (open.max(close).max(other), open.min(close).min(other));
        for (column, value) in columns.iter_mut().zip([open, high, low, close, 1.0]) {
            column.push(value);
        }
    }
    let names = ["open", "high", "low", "close", "volume"];
    let columns = names.iter().zip(columns).map(|(n, v)| Column::new(*n, v)).collect();
    let ts = (0..1_500).map(|bar| bar * MINUTE).collect();
    let series = Series::new("T", ts, columns).map_err(|e| e.to_string())?;
    Market::new(&[series], &["volume".to_owned()], MaxGap::Limit(5 * MINUTE))
        .map_err(|e| e.to_string())
}

/// A market with the bars for which `change` holds multiplied by a number each.
pub(super) fn changed(market: &Market, change: impl Fn(usize) -> bool) -> Market {
    let series = market.series().iter().map(|span| {
        let columns = market.columns().iter().map(|column| {
            let value = |row: usize| {
                let by = if change(row) { 1.5 + (row % 7) as f64 } else { 1.0 };
                column.values[row] * by
            };
            Column::new(column.name.clone(), (span.start..span.end).map(value).collect())
        });
        let ts = market.ts()[span.start..span.end].to_vec();
        Series::new(span.symbol.clone(), ts, columns.collect()).expect("scaled bars are bars")
    });
    let series: Vec<Series> = series.collect();
    let names: Vec<String> = market.columns().iter().map(|c| c.name.clone()).collect();
    Market::with_segments(series, &names, market.segments().to_vec()).expect("the same segments")
}

/// A random walk with wicks, jumps and, in its middle, a flat stretch; a gap before each of
/// `gaps`, and one missing spread near the end.
fn series(symbol: &str, seed: u64, bars: usize, gaps: &[usize]) -> Result<Series, String> {
    let mut state = seed;
    let mut unit = move || {
        state = state.wrapping_mul(0x5851_F42D_4C95_7F2D).wrapping_add(0x1405_7B7E_F767_814F);
        (state >> 11) as f64 / (1_u64 << 53) as f64
    };
    let mut columns: [Vec<f64>; 6] = Default::default();
    let mut ts = Vec::new();
    let (mut price, mut time) = (100.0, 0);
    for bar in 0..bars {
        time += if gaps.contains(&bar) { 60 * MINUTE } else { MINUTE };
        let flat = (bars / 2..bars / 2 + 30).contains(&bar);
        let move_by = |u: f64| if flat { 0.0 } else { price * 0.02 * (u - 0.5) };
        let jump = if bar % 23 == 5 && !flat { price * 0.03 * (unit() - 0.5) } else { 0.0 };
        let open = price + jump;
        let close = open + move_by(unit());
        let wick = |u: f64| if flat { 0.0 } else { open * 0.01 * u };
        let high = open.max(close) + wick(unit());
        let low = open.min(close) - wick(unit());
        let volume = if bar % 17 == 0 { 0.0 } else { (unit() * 1e6).floor() };
        let spread = if bar + 20 == bars { f64::NAN } else { unit() - 0.5 };
        ts.push(time);
        for (column, value) in columns.iter_mut().zip([open, high, low, close, volume, spread]) {
            column.push(value);
        }
        price = close;
    }
    let names = ["open", "high", "low", "close", "volume", "spread"];
    let columns = names.iter().zip(columns).map(|(n, v)| Column::new(*n, v)).collect();
    Series::new(symbol, ts, columns).map_err(|e| e.to_string())
}
