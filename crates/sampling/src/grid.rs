//! Listed actions: every combination of the values of their fields.

use crate::{Real, SamplingError, SamplingSettings};

/// Actions of a grid at most.
pub const MAX_ACTIONS: usize = 1 << 16;

/// An action of a grid.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct GridAction {
    /// 1 long, -1 short, 0 hold.
    pub direction: i8,
    /// The notional in dollars; 0 when hold.
    pub dollars: f64,
    /// The stop's distance, a fraction of the entry price; 0 when hold.
    pub stop: f64,
    /// The target's distance, a fraction of the entry price; 0 when hold.
    pub target: f64,
}

impl SamplingSettings {
    /// Every combination of the values of `act_dir`, `act_dollar`, `act_sl` and `act_tp`, in the
    /// order of their lists, the last field's first. A value that is listed twice counts once. Hold
    /// is one action, at the place of direction 0.
    ///
    /// # Errors
    /// A field is a range, or there are more than [`MAX_ACTIONS`].
    pub fn grid(&self) -> Result<Vec<GridAction>, SamplingError> {
        let dollars = listed("act_dollar", &self.act_dollar)?;
        let stops = listed("act_sl", &self.act_sl)?;
        let targets = listed("act_tp", &self.act_tp)?;
        let mut directions: Vec<i8> = Vec::new();
        for direction in &self.act_dir.0 {
            if !directions.contains(direction) {
                directions.push(*direction);
            }
        }
        let holds = usize::from(directions.contains(&0));
        let each =
            dollars.len().checked_mul(stops.len()).and_then(|n| n.checked_mul(targets.len()));
        let trades = each.and_then(|each| each.checked_mul(directions.len() - holds));
        let count = trades.and_then(|trades| trades.checked_add(holds));
        let Some(count) = count.filter(|count| *count <= MAX_ACTIONS) else {
            let sizes = [directions.len(), dollars.len(), stops.len(), targets.len()];
            let [directions, dollars, stops, targets] = sizes;
            return Err(SamplingError::Setting {
                field: "actions",
                expected: "at most 65536 actions with \"grid\": shorter lists",
                got: format!(
                    "{directions} directions, {dollars} of act_dollar, {stops} of act_sl and \
                     {targets} of act_tp"
                ),
            });
        };
        let mut grid = Vec::with_capacity(count);
        for direction in directions {
            if direction == 0 {
                grid.push(GridAction { direction, dollars: 0.0, stop: 0.0, target: 0.0 });
                continue;
            }
            for dollars in &dollars {
                for stop in &stops {
                    let action =
                        GridAction { direction, dollars: *dollars, stop: *stop, target: 0.0 };
                    grid.extend(
                        targets.iter().map(|target| GridAction { target: *target, ..action }),
                    );
                }
            }
        }
        Ok(grid)
    }
}

/// The values of a field, each once.
fn listed(field: &'static str, real: &Real) -> Result<Vec<f64>, SamplingError> {
    let values = match real {
        Real::Constant(value) => std::slice::from_ref(value),
        Real::Choice(values) => values,
        Real::Range { .. } => {
            let expected = "a number or { choice = [a, b, ..] } with actions = \"grid\"";
            return Err(SamplingError::Setting { field, expected, got: real.to_string() });
        }
    };
    let mut seen = std::collections::BTreeSet::new();
    Ok(values.iter().copied().filter(|value| seen.insert(value.to_bits())).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ActionSource, Directions, PositionOrder, Sampler};

    fn settings() -> SamplingSettings {
        SamplingSettings {
            actions: ActionSource::Grid,
            act_dir: Directions(vec![1, 0, -1, 1]),
            act_dollar: Real::Choice(vec![100.0, 200.0]),
            act_sl: Real::Constant(0.01),
            act_tp: Real::Choice(vec![0.02, 0.03, 0.02]),
            ..SamplingSettings::default()
        }
    }

    #[test]
    fn every_combination_comes_once_in_the_order_of_the_lists() {
        let of = |direction, dollars, target| GridAction { direction, dollars, stop: 0.01, target };
        let expected = [
            of(1, 100.0, 0.02),
            of(1, 100.0, 0.03),
            of(1, 200.0, 0.02),
            of(1, 200.0, 0.03),
            GridAction { direction: 0, dollars: 0.0, stop: 0.0, target: 0.0 },
            of(-1, 100.0, 0.02),
            of(-1, 100.0, 0.03),
            of(-1, 200.0, 0.02),
            of(-1, 200.0, 0.03),
        ];
        assert_eq!(settings().grid().unwrap(), expected);
    }

    #[test]
    fn samples_take_the_actions_of_a_state_in_turn() {
        let sampler = Sampler::new(&settings(), 5, None, 1, PositionOrder::Random, 1000).unwrap();
        assert_eq!(sampler.actions_per_state(), 9);
        let drawn = SamplingSettings { actions: ActionSource::Random, ..settings() };
        let drawn = Sampler::new(&drawn, 5, None, 9, PositionOrder::Random, 1000).unwrap();
        for i in 0..90 {
            let (draw, state) = (sampler.draw(i), drawn.draw(i));
            let action = sampler.grid()[i as usize % 9];
            let GridAction { direction, dollars, stop, target } = action;
            // States are those of as many drawn actions.
            assert_eq!(draw, crate::Draw { direction, dollars, stop, target, ..state });
            assert_eq!(sampler.dollars(i), if direction == 0 { 100.0 } else { dollars });
        }
    }

    #[test]
    fn what_is_no_grid_is_refused() {
        let many = Real::Choice((1..300).map(f64::from).collect());
        let refused = |settings: SamplingSettings, field: &str| {
            let error = settings.grid().unwrap_err().to_string();
            assert!(error.starts_with(field), "{error}");
            Sampler::new(&settings, 1, None, 1, PositionOrder::Random, 10).unwrap_err();
        };
        refused(
            SamplingSettings { act_sl: Real::Range { lo: 0.1, hi: 0.2 }, ..settings() },
            "act_sl",
        );
        refused(
            SamplingSettings { act_sl: many.clone(), act_tp: many.clone(), ..settings() },
            "actions: expected at most 65536",
        );
        let large = SamplingSettings {
            act_sl: many,
            act_tp: Real::Choice((1..=54).map(f64::from).collect()),
            ..settings()
        };
        assert_eq!(large.grid().unwrap().len(), 299 * 54 * 4 + 1);
        Sampler::new(&settings(), 1, None, 9, PositionOrder::Random, 10).unwrap_err();
    }
}
