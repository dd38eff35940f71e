//! Bars that features lose, as people read them.

use barloom_dataset::FeaturesRecord;

use crate::{count, counted};

/// Features that are named.
const NAMED: usize = 3;

/// The bars on which features have no value, the worst features by name: `macd 33 (33 warm-up), rsi
/// 20 (14 warm-up) of 1,000`. None if each feature has a value on every bar.
#[must_use]
pub fn lost_bars(record: &FeaturesRecord) -> Option<String> {
    let losing = record.losing();
    let named = losing.iter().take(NAMED).map(|(name, lost)| match lost.warm_up {
        0 => format!("{name} {}", count(lost.bars())),
        warm_up => format!("{name} {} ({} warm-up)", count(lost.bars()), count(warm_up)),
    });
    let named = named.collect::<Vec<_>>().join(", ");
    let of = count(record.bars);
    match losing.len() {
        0 => None,
        few if few <= NAMED => Some(format!("{named} of {of}")),
        many => {
            let others = counted((many - NAMED) as u64, "other");
            Some(format!("{named} of {of}, and at most as many for {others}"))
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use barloom_dataset::LostBars;

    use super::*;

    fn told(lost: &[(&str, u64, u64)]) -> Option<String> {
        let lost: BTreeMap<String, LostBars> = lost
            .iter()
            .map(|(name, warm_up, other)| {
                ((*name).to_owned(), LostBars { warm_up: *warm_up, other: *other })
            })
            .collect();
        lost_bars(&FeaturesRecord { functions_version: None, bars: 1_000, lost })
    }

    #[test]
    fn the_worst_come_first() {
        assert_eq!(told(&[("a", 0, 0)]), None);
        let few = told(&[("a", 0, 7), ("b", 14, 6), ("c", 0, 0)]).unwrap();
        assert_eq!(few, "b 20 (14 warm-up), a 7 of 1,000");
        let many =
            told(&[("a", 1, 0), ("b", 2, 0), ("c", 2, 0), ("d", 1, 2), ("e", 1, 0)]).unwrap();
        let all = "d 3 (1 warm-up), b 2 (2 warm-up), c 2 (2 warm-up) of 1,000";
        assert_eq!(many, format!("{all}, and at most as many for 2 others"));
    }
}
