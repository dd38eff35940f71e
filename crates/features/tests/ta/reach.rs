//! The rows that values depend on are those that `warm_up` says.

use barloom_features::ta::{self, WarmUp};

use crate::bars::{Kind, bars, bits, compute, difference, parameter_sets, usual_size};

/// Later starts of the same bars.
const SHIFTS: [usize; 3] = [1, 37, 613];

#[test]
fn finite_values_are_functions_of_their_last_rows_to_the_bit() {
    for indicator in ta::all() {
        for params in parameter_sets(indicator) {
            let WarmUp::Finite { rows } = indicator.warm_up(&params) else { continue };
            let lookback = indicator.lookback(&params);
            assert_eq!(rows, lookback + 1);
            for kind in crate::bars::KINDS {
                let bars = bars(1500, 3, kind);
                let inputs = bars.inputs(indicator);
                let all = compute(indicator, &params, &inputs);
                for shift in SHIFTS {
                    let later: Vec<&[f64]> = inputs.iter().map(|i| &i[shift..]).collect();
                    for (all, later) in all.iter().zip(compute(indicator, &params, &later)) {
                        assert_eq!(
                            bits(&all[shift + lookback..]),
                            bits(&later[lookback..]),
                            "{} {params:?} {kind:?} {shift}",
                            indicator.name()
                        );
                    }
                }
            }
        }
    }
}

#[test]
fn finite_values_forget_spikes() {
    for indicator in ta::all() {
        for params in parameter_sets(indicator) {
            let WarmUp::Finite { rows } = indicator.warm_up(&params) else { continue };
            let calm = bars(900, 4, Kind::Walk);
            let all = compute(indicator, &params, &calm.inputs(indicator));
            for spike in [1e6, 1e15] {
                let mut spiked = calm.clone();
                for column in spiked.columns() {
                    column[300] = spike;
                }
                spiked.open[300] = spike / 3.0;
                for (a, b) in all.iter().zip(compute(indicator, &params, &spiked.inputs(indicator)))
                {
                    let name = indicator.name();
                    assert_eq!(bits(&a[..300]), bits(&b[..300]), "{name} {params:?}");
                    let after = 300 + rows;
                    assert_eq!(bits(&a[after..]), bits(&b[after..]), "{name} {params:?}");
                }
            }
        }
    }
}

#[test]
fn recursive_values_forget_the_first_rows() {
    for indicator in ta::all() {
        for params in parameter_sets(indicator) {
            let WarmUp::Recursive { rows } = indicator.warm_up(&params) else { continue };
            // The ranks of the Connors RSI take more rows than its recursion.
            let hidden = indicator.name() == "crsi";
            assert_eq!(rows == indicator.lookback(&params), hidden);
            for (seed, kind) in [(1, Kind::Walk), (2, Kind::Walk), (3, Kind::Ties)] {
                let bars = bars(rows + 1200, seed, kind);
                let inputs = bars.inputs(indicator);
                let all = compute(indicator, &params, &inputs);
                let mut settles_late = false;
                for shift in SHIFTS {
                    let later: Vec<&[f64]> = inputs.iter().map(|i| &i[shift..]).collect();
                    for (all, later) in all.iter().zip(compute(indicator, &params, &later)) {
                        let usual = usual_size(all);
                        for row in indicator.lookback(&params)..later.len() {
                            let error = difference(all[row + shift], later[row], usual);
                            settles_late |= error > 1e-8;
                            assert!(
                                row < rows || error <= 1e-8,
                                "{} {params:?} {kind:?} {shift} row {row} of {rows}: {error:e}",
                                indicator.name()
                            );
                        }
                    }
                }
                assert!(settles_late || hidden, "{} {params:?} is finite", indicator.name());
            }
        }
    }
}

/// Cumulative ones remember a spike for ever; their warm-up says so.
#[test]
fn recursive_values_forget_spikes_of_a_million() {
    for indicator in ta::all() {
        for params in parameter_sets(indicator) {
            let WarmUp::Recursive { rows } = indicator.warm_up(&params) else { continue };
            let calm = bars(300 + 4 * rows + 200, 4, Kind::Walk);
            let mut spiked = calm.clone();
            for column in spiked.columns() {
                column[300] = 1e6;
            }
            spiked.open[300] = 5e5;
            let all = compute(indicator, &params, &calm.inputs(indicator));
            for (a, b) in all.iter().zip(compute(indicator, &params, &spiked.inputs(indicator))) {
                let usual = usual_size(a);
                let last = a.len() - 100..;
                let worst = a[last.clone()]
                    .iter()
                    .zip(&b[last])
                    .map(|(&a, &b)| difference(a, b, usual))
                    .fold(0.0, f64::max);
                assert!(worst < 1e-8, "{} {params:?}: {worst:e}", indicator.name());
            }
        }
    }
}

#[test]
fn the_future_does_not_change_the_past() {
    for indicator in ta::all() {
        for params in parameter_sets(indicator) {
            let past = bars(400, 6, Kind::Walk);
            let all = compute(indicator, &params, &past.inputs(indicator));
            for changed in [1e-3, 1e6, f64::NAN] {
                let mut future = past.clone();
                for column in future.columns() {
                    column[250..].iter_mut().for_each(|x| *x = (*x * changed).max(changed));
                }
                let future = compute(indicator, &params, &future.inputs(indicator));
                for (a, b) in all.iter().zip(future) {
                    assert_eq!(bits(&a[..250]), bits(&b[..250]), "{} {params:?}", indicator.name());
                }
            }
            for rows in [1, 40, 251, 399] {
                let inputs = past.inputs(indicator);
                let prefix: Vec<&[f64]> = inputs.iter().map(|i| &i[..rows]).collect();
                for (a, b) in all.iter().zip(compute(indicator, &params, &prefix)) {
                    assert_eq!(bits(&a[..rows]), bits(&b), "{} {params:?}", indicator.name());
                }
            }
        }
    }
}
