//! Own code in place of TA-Lib's, compared with it.

use barloom_features::ta;
use ta_lib::Core;
use ta_lib::abstract_api::{self, InputType, OptInputType};

use crate::bars::{Kind, bars, compute, difference, parameter_sets, usual_size};

/// Functions that TA-Lib computes with the platform's logarithm, exponential and sine.
pub(crate) const OWN: [&str; 12] = [
    "ALMA",
    "CHOP",
    "CHOPTR",
    "FISHER",
    "FRAMA",
    "PSO",
    "ROGERSSATCHELL",
    "SWAK_2PHP",
    "SWAK_BP",
    "SWAK_BUTTER",
    "SWAK_GAUSS",
    "SWAK_HP",
];

/// TA-Lib's outputs and the row of their first value.
fn ta_lib(name: &str, params: &[f64], columns: &[&[f64]; 5]) -> (usize, Vec<Vec<f64>>) {
    let info = abstract_api::get_func_info(abstract_api::get_func_handle(name).unwrap());
    let [open, high, low, close, volume] = columns.map(Some);
    let core = Core::new();
    let mut outputs = vec![vec![0.0; columns[0].len()]; info.outputs.len()];
    let mut call = info.id.new_call(&core);
    for (i, input) in info.inputs.iter().enumerate() {
        if input.kind == InputType::Price {
            call.set_price_input(i, open, high, low, close, volume, None).unwrap();
        } else {
            call.set_input(i, columns[3]).unwrap();
        }
    }
    for (i, (info, &value)) in info.opt_inputs.iter().zip(params).enumerate() {
        match info.kind {
            OptInputType::RealRange { .. } => call.set_opt_input(i, value).unwrap(),
            _ => call.set_opt_input(i, value as i32).unwrap(),
        };
    }
    for (i, output) in outputs.iter_mut().enumerate() {
        call.set_output(i, output).unwrap();
    }
    let range = call.call(0, columns[0].len() - 1).unwrap();
    for output in &mut outputs {
        output.truncate(range.count);
    }
    (range.beg_idx, outputs)
}

#[test]
fn own_code_gives_the_values_of_ta_lib() {
    for name in OWN {
        let indicator = ta::find(&name.to_ascii_lowercase()).unwrap();
        for params in parameter_sets(indicator) {
            for (seed, kind) in [(21, Kind::Walk), (22, Kind::Ties), (23, Kind::Walk)] {
                let mut bars = bars(900, seed, kind);
                // Bars without any move.
                for column in bars.columns() {
                    column[500..560].fill(100.0);
                }
                let ours = compute(indicator, &params, &bars.inputs(indicator));
                let columns = bars.columns().map(|column| &column[..]);
                let (first, theirs) = ta_lib(name, &params, &columns);
                assert_eq!(first, indicator.lookback(&params));
                assert_eq!(ours.len(), theirs.len());
                for (ours, theirs) in ours.iter().zip(&theirs) {
                    let usual = usual_size(theirs);
                    for (row, (&a, &b)) in ours[first..].iter().zip(theirs).enumerate() {
                        let error = difference(a, b, usual);
                        assert!(error <= 1e-11, "{name} {params:?} {kind:?} row {row}: {a} {b}");
                    }
                }
            }
        }
    }
}

#[test]
fn the_fractal_average_takes_even_periods() {
    let frama = ta::find("frama").unwrap();
    let error = frama.check(&[15.0]).unwrap_err();
    assert_eq!(error.to_string(), "ta.frama: TA-Lib does not take the parameters [15.0] together");
}
