//! Bars that cannot be used, and readings that a market can't hold.

use barloom_bars::BarFault;

use super::rows::rows_where;
use super::{Found, Of};

/// Every bar that is dropped or refused when bars become a series, by the kind of its fault.
pub(crate) fn find(of: &Of<'_>, found: &mut Found) {
    for (row, fault) in of.raw.faults() {
        found.error(of, fault.name(), row, || of.raw.describe(row, fault));
    }
}

/// `non_positive_price`: a price that is zero or negative. It is a reading, of a spread, say; but
/// `build` refuses or drops it.
pub(crate) fn find_non_positive(of: &Of<'_>, found: &mut Found) {
    for row in rows_where(of.prices(), |prices| prices.iter().any(|price| *price <= 0.0)) {
        let values = of.prices().map(|column| column[row]);
        // The others have a fault already.
        if values.iter().all(|price| price.is_finite()) {
            let [open, high, low, close] = values;
            let what = || format!("open {open}, high {high}, low {low}, close {close}");
            found.warn(of, BarFault::NonPositivePrice.name(), row, what);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{count, of_text, places};

    #[test]
    fn prices_below_zero_are_readings() {
        let text = "date,open,high,low,close,volume\n2020-04-17,18.5,19.1,18,18.27,5\n\
                    2020-04-20,17.73,17.85,-40.32,-37.63,6\n2020-04-21,0,13.86,-16.74,10.01,7\n\
                    2020-04-22,9.06,16.18,6.5,13.78,8\n";
        let report = of_text(text);
        assert_eq!((report.errors(), report.warnings()), (0, 2), "{report}");
        assert_eq!(places(&report, "non_positive_price"), [3, 4]);
        let text = report.to_string();
        assert!(text.contains("log_return") && text.contains("every reward"), "{text}");
    }

    #[test]
    fn rounding_in_the_last_place_is_told_as_such() {
        let text = "date,open,high,low,close\n2024-01-02,100.00000000000001,100,99,99.5\n\
                    2024-01-03,99.5,100.2,99.3,100.20000000000002\n2024-01-04,98,101,99,100.5\n";
        let report = of_text(text);
        let what = |kind: &str| -> Vec<String> {
            let finding = report.findings.iter().find(|finding| finding.kind == kind).unwrap();
            finding.places.iter().map(|place| place.what.clone()).collect()
        };
        let open = what("open_outside_range");
        assert_eq!((open.len(), count(&report, "close_outside_range")), (2, 1));
        assert!(open[0].contains("by rounding alone"), "{open:?}");
        assert!(!open[1].contains("by rounding alone"), "{open:?}");
        assert!(what("close_outside_range")[0].contains("by rounding alone"));
        assert!(report.to_string().contains("on_bad_bar = \"widen\""), "{report}");
    }
}
