//! The least and the greatest value of a field, whatever is drawn.

use barloom_schema::META;

use crate::{Real, SamplingSettings};

/// The bounds of a meta field, both inclusive.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FieldBounds {
    /// A name of [`META`].
    pub name: &'static str,
    /// The least value.
    pub lo: f64,
    /// The greatest value.
    pub hi: f64,
}

impl SamplingSettings {
    /// The bounds of the meta fields, in the order of [`META`].
    ///
    /// They follow from the settings, not from what was drawn: 0 is within those of `act_dollar`,
    /// `act_sl` and `act_tp` where the action can be hold, and the balance's follow from equity
    /// and offset. The settings must be [valid](SamplingSettings::validate).
    #[must_use]
    pub fn bounds(&self) -> [FieldBounds; META.len()] {
        let hold = self.act_dir.contains(0);
        let acted = |real: &Real| {
            let (lo, hi) = real.bounds();
            if hold { (lo.min(0.0), hi.max(0.0)) } else { (lo, hi) }
        };
        let directions = |list: &[i8]| {
            let of = |d: Option<&i8>| f64::from(d.copied().unwrap_or(0));
            (of(list.iter().min()), of(list.iter().max()))
        };
        let (equity, offset) = (self.equity.bounds(), self.balance_offset.bounds());
        let bounds = [
            equity,
            (equity.0 - offset.1, equity.1 - offset.0),
            directions(&self.position.0),
            self.sl_dist.bounds(),
            self.tp_dist.bounds(),
            acted(&self.act_dollar),
            acted(&self.act_sl),
            acted(&self.act_tp),
            directions(&self.act_dir.0),
        ];
        std::array::from_fn(|field| {
            let (lo, hi) = bounds[field];
            FieldBounds { name: META[field], lo, hi }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Directions;

    #[test]
    fn defaults() {
        let got = SamplingSettings::default().bounds().map(|b| (b.name, b.lo, b.hi));
        let want = [
            ("equity", 1e4, 1e5),
            ("balance", 5e3, 1.05e5),
            ("position", -1.0, 1.0),
            ("sl_dist", 0.001, 0.05),
            ("tp_dist", 0.001, 0.10),
            ("act_dollar", 0.0, 5e4),
            ("act_sl", 0.0, 0.05),
            ("act_tp", 0.0, 0.10),
            ("act_dir", -1.0, 1.0),
        ];
        assert_eq!(got, want);
    }

    #[test]
    fn without_hold_there_is_no_zero() {
        let act_dir = Directions(vec![1, -1]);
        let bounds = SamplingSettings { act_dir, ..SamplingSettings::default() }.bounds();
        assert_eq!((bounds[5].lo, bounds[6].lo, bounds[7].lo), (1e3, 0.001, 0.001));
    }
}
