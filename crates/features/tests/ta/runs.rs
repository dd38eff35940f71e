//! Missing rows split the input into runs, in columns and in streams.

use barloom_features::ta::{self, Stream};

use crate::bars::{KINDS, Kind, bars, bits, compute, parameter_sets};

/// Values that make a row missing.
const MISSING: [f64; 5] = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 1.1e15, -2e15];

#[test]
fn rows_between_missing_ones_are_computed_alone() {
    for indicator in ta::all() {
        for params in parameter_sets(indicator) {
            let holes = [0, 170, 171, 449];
            let mut holed = bars(450, 8, Kind::Walk);
            for (i, &hole) in holes.iter().enumerate() {
                for (c, column) in holed.columns().into_iter().enumerate() {
                    column[hole] = MISSING[(i + c) % MISSING.len()];
                }
            }
            let inputs = holed.inputs(indicator);
            let all = compute(indicator, &params, &inputs);
            for output in &all {
                assert!(holes.iter().all(|&hole| output[hole].is_nan()), "{}", indicator.name());
                assert!(output.iter().all(|v| !v.is_infinite()), "{}", indicator.name());
            }
            for run in [1..170, 172..449] {
                let part: Vec<&[f64]> = inputs.iter().map(|i| &i[run.clone()]).collect();
                for (all, part) in all.iter().zip(compute(indicator, &params, &part)) {
                    assert_eq!(bits(&all[run.clone()]), bits(&part), "{}", indicator.name());
                }
            }
        }
    }
}

#[test]
fn one_missing_input_makes_the_row_missing() {
    for indicator in ta::all() {
        let params = indicator.defaults();
        let whole = bars(300, 9, Kind::Walk);
        for missing in MISSING {
            for hole in 0..indicator.inputs().len() {
                let mut inputs: Vec<Vec<f64>> =
                    whole.inputs(indicator).into_iter().map(<[f64]>::to_vec).collect();
                inputs[hole][200] = missing;
                let one: Vec<&[f64]> = inputs.iter().map(|i| &i[..]).collect();
                let one = compute(indicator, &params, &one);
                for input in &mut inputs {
                    input[200] = f64::NAN;
                }
                let all: Vec<&[f64]> = inputs.iter().map(|i| &i[..]).collect();
                let all = compute(indicator, &params, &all);
                for (one, all) in one.iter().zip(&all) {
                    assert_eq!(bits(one), bits(all), "{}", indicator.name());
                    assert!(one[200].is_nan());
                }
            }
        }
    }
}

fn push(stream: &mut Stream, inputs: &[&[f64]], row: usize, outputs: &mut [f64]) {
    let row: Vec<f64> = inputs.iter().map(|input| input[row]).collect();
    stream.push(&row, outputs).unwrap();
}

#[test]
fn streams_give_the_values_of_columns_to_the_bit() {
    for indicator in ta::all() {
        for (i, params) in parameter_sets(indicator).into_iter().enumerate() {
            // The defaults of each kind of bars are long, the others short.
            let rows = if params == indicator.defaults() { 5000 } else { 1300 };
            let mut holed = bars(rows, 10, KINDS[i % KINDS.len()]);
            for hole in [700, 703, 1000] {
                for (c, column) in holed.columns().into_iter().enumerate() {
                    column[hole] = MISSING[(hole + c) % MISSING.len()];
                }
            }
            let inputs = holed.inputs(indicator);
            let all = compute(indicator, &params, &inputs);
            let mut outputs = vec![0.0; all.len()];
            let mut stream = indicator.stream(&params);
            let mut fork = None;
            for row in 0..rows {
                if row == 650 {
                    fork = Some(stream.clone());
                }
                push(&mut stream, &inputs, row, &mut outputs);
                for (output, all) in outputs.iter().zip(&all) {
                    assert_eq!(
                        output.to_bits(),
                        all[row].to_bits(),
                        "{} {params:?} row {row}: {output} instead of {}",
                        indicator.name(),
                        all[row]
                    );
                }
            }
            // The copy goes on by itself from where it was made.
            let mut fork = fork.unwrap();
            for row in 650..1100 {
                push(&mut fork, &inputs, row, &mut outputs);
                for (output, all) in outputs.iter().zip(&all) {
                    assert_eq!(output.to_bits(), all[row].to_bits(), "{}", indicator.name());
                }
            }
        }
    }
}

#[test]
fn a_reset_stream_starts_afresh() {
    let indicator = ta::find("macd").unwrap();
    let params = indicator.defaults();
    let bars = bars(200, 11, Kind::Walk);
    let mut stream = indicator.stream(&params);
    let mut values = [[0.0; 3]; 2];
    for values in &mut values {
        for row in 0..200 {
            push(&mut stream, &[&bars.close], row, values);
        }
        stream.reset();
    }
    assert!(values[0][0].is_finite());
    assert_eq!(bits(&values[0]), bits(&values[1]));
}
