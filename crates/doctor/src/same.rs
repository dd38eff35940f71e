//! Series that are the same under two names.

use std::collections::BTreeMap;

use barloom_bars::PRICE_COLUMNS;
use barloom_market_data::{Bars, RawSeries};

use super::text::counted;
use super::{Found, Of};

/// Bars from which on it is no chance.
const BARS: usize = 20;

/// `same_bars`: two symbols whose bars have the same times and prices, 20 of them or more: a
/// file under two names. One place a symbol: its first bar.
pub(crate) fn find(bars: &Bars, found: &mut Found) {
    // By what is cheap to compare: how many bars, the first time and the last.
    let mut alike: BTreeMap<[i64; 3], Vec<&RawSeries>> = BTreeMap::new();
    for raw in bars.series().iter().filter(|raw| raw.ts.len() >= BARS) {
        let key = [raw.ts.len() as i64, raw.ts[0], raw.ts[raw.ts.len() - 1]];
        let others = alike.entry(key).or_default();
        let Some(other) = others.iter().find(|other| is_same(raw, other)) else {
            others.push(raw);
            continue;
        };
        let of = Of { bars, raw, step: 0, limit: 0 };
        let what = || {
            let bars = counted(raw.ts.len() as u64, "bar");
            format!("its {bars} have the times and prices of those of {}", other.symbol)
        };
        found.warn(&of, "same_bars", 0, what);
    }
}

/// Returns true if times and prices are the same; most series differ in the first.
fn is_same(one: &RawSeries, other: &RawSeries) -> bool {
    let same = |name| match (one.column(name), other.column(name)) {
        (Some(one), Some(other)) => one.iter().zip(other).all(|(a, b)| a.to_bits() == b.to_bits()),
        _ => false,
    };
    PRICE_COLUMNS.into_iter().all(same) && one.ts == other.ts
}

#[cfg(test)]
mod tests {
    use super::super::tests::{Bar, of_files, places, text};

    #[test]
    fn symbols_with_the_same_bars_are_told() {
        let bars = Bar::walk(20);
        let mut others = bars.clone();
        others[19].close += 0.01;
        let of = |name: &str, bars: &[Bar]| {
            let text = text("", bars, |_| String::new());
            of_files(
                name,
                &[("a.csv", self::text("", &Bar::walk(20), |_| String::new())), ("b.csv", text)],
            )
        };
        let report = of("same", &bars);
        assert_eq!(places(&report, "same_bars"), [2]);
        assert!(
            report.findings[0].places[0]
                .what
                .ends_with("20 bars have the times and prices of those of a"),
            "{report}"
        );
        assert_eq!(places(&of("differ", &others), "same_bars"), [0_u32; 0]);
        assert_eq!(places(&of("short", &bars[..19]), "same_bars"), [0_u32; 0]);
    }
}
