//! Indicators over columns: the one wrapper around TA-Lib.

use std::ops::Range;
use std::sync::LazyLock;

use ta_lib::abstract_api::{FuncInfo, InputType, OptInputType, OutputType, ParamHolder};
use ta_lib::{Core, FuncUnstId};

use super::handles::OUTPUTS;
use super::{Error, Indicator, LARGEST_INPUT, OutputKind, WarmUp, own, table};

/// TA-Lib with its defaults. It is plain data that no call changes, so threads share it.
pub(super) static CORE: LazyLock<Core> = LazyLock::new(Core::new);

/// TA-Lib with the unstable periods after which 8 digits are settled. Only lookbacks come from it.
static SETTLED: LazyLock<Core> = LazyLock::new(|| {
    Core::builder()
        .unstable_period(FuncUnstId::ALL, Core::UNSTABLE_AUTO_PREC_8)
        .build()
        .expect("TA-Lib has this level")
});

/// The number of rows before the first value, or before the first settled value. `None` if TA-Lib
/// refuses the parameters.
pub(super) fn lookback(info: &'static FuncInfo, params: &[f64], settled: bool) -> Option<usize> {
    let mut call = info.id.new_call(if settled { &SETTLED } else { &CORE });
    set_parameters(&mut call, params);
    call.lookback().ok()
}

fn set_parameters(call: &mut ParamHolder<'_>, params: &[f64]) {
    for (i, &value) in params.iter().enumerate() {
        let kind = call.info().opt_inputs[i].kind;
        match kind {
            OptInputType::RealRange { .. } | OptInputType::RealList { .. } => {
                call.set_opt_input(i, value)
            }
            OptInputType::IntegerRange { .. } | OptInputType::IntegerList { .. } => {
                call.set_opt_input(i, value as i32)
            }
        }
        .expect("the type is the parameter's");
    }
}

/// Binds the inputs, one slice for each of the indicator's.
fn set_inputs<'a>(call: &mut ParamHolder<'a>, inputs: &[&'a [f64]]) {
    let mut inputs = inputs.iter().copied();
    for (i, input) in call.info().inputs.iter().enumerate() {
        if input.kind == InputType::Price {
            let mut prices = [None; 5];
            for (bit, price) in prices.iter_mut().enumerate() {
                if input.flags.bits() & (1 << bit) != 0 {
                    *price = inputs.next();
                }
            }
            let [open, high, low, close, volume] = prices;
            call.set_price_input(i, open, high, low, close, volume, None)
        } else {
            call.set_input(i, inputs.next().expect("one slice for each input"))
        }
        .expect("the kind is the input's");
    }
}

/// Says if an input counts: a number within the limit.
pub(super) fn counts(value: f64) -> bool {
    value.abs() <= LARGEST_INPUT
}

/// The value of an output: NaN unless finite.
pub(super) fn finite(value: f64) -> f64 {
    if value.is_finite() { value } else { f64::NAN }
}

/// The integer of an output as a number, at a row of its run.
pub(super) fn number(kind: OutputKind, value: i32, row: usize) -> f64 {
    match kind {
        OutputKind::Row => row as f64 - f64::from(value),
        OutputKind::Real | OutputKind::Integer => f64::from(value),
    }
}

pub(super) fn compute(
    indicator: &Indicator,
    params: &[f64],
    inputs: &[&[f64]],
    outputs: &mut [&mut [f64]],
) -> Result<(), Error> {
    assert_eq!(inputs.len(), indicator.inputs.len(), "ta.{}: inputs", indicator.name);
    assert_eq!(outputs.len(), indicator.outputs.len(), "ta.{}: outputs", indicator.name);
    let rows = inputs[0].len();
    assert!(inputs.iter().all(|i| i.len() == rows), "ta.{}: lengths of inputs", indicator.name);
    assert!(outputs.iter().all(|o| o.len() == rows), "ta.{}: lengths of outputs", indicator.name);
    for output in outputs.iter_mut() {
        output.fill(f64::NAN);
    }
    let mut calls = Calls::new(indicator, params);
    let mut start = 0;
    while let Some(run) = next_run(inputs, start) {
        start = run.end;
        calls.run(inputs, outputs, run)?;
    }
    Ok(())
}

/// The next run of rows that count, from a row on.
fn next_run(inputs: &[&[f64]], from: usize) -> Option<Range<usize>> {
    let rows = inputs[0].len();
    let row_counts = |&r: &usize| inputs.iter().all(|input| counts(input[r]));
    let start = (from..rows).find(row_counts)?;
    let end = (start..rows).find(|r| !row_counts(r)).unwrap_or(rows);
    Some(start..end)
}

/// Calls of one function with the same parameters.
#[derive(Debug, Clone)]
pub(super) struct Calls<'a> {
    pub(super) indicator: &'a Indicator,
    pub(super) params: Vec<f64>,
    pub(super) lookback: usize,
    /// Set if each value is computed from its own rows, by a call of its own.
    alone: bool,
    /// Space for outputs that are not offered, and for outputs of integers.
    reals: Vec<Vec<f64>>,
    integers: Vec<Vec<i32>>,
}

impl<'a> Calls<'a> {
    pub(super) fn new(indicator: &'a Indicator, params: &[f64]) -> Self {
        let finite = matches!(indicator.warm_up(params), WarmUp::Finite { .. });
        let count = indicator.info.outputs.len();
        Self {
            indicator,
            params: params.to_vec(),
            lookback: indicator.lookback(params),
            alone: finite && !table::WITHOUT_SUMS.contains(&indicator.info.name),
            reals: vec![Vec::new(); count],
            integers: vec![Vec::new(); count],
        }
    }

    fn run(
        &mut self,
        inputs: &[&[f64]],
        outputs: &mut [&mut [f64]],
        run: Range<usize>,
    ) -> Result<(), Error> {
        if run.len() <= self.lookback {
            return Ok(());
        }
        let first = run.start + self.lookback;
        if self.alone {
            for row in first..run.end {
                self.call(inputs, row - self.lookback..row + 1, outputs, row);
            }
        } else {
            if run.len() > Core::INDEX_MAX + 1 {
                return Err(Error::TooManyRows {
                    indicator: self.indicator.name.clone(),
                    rows: run.len(),
                });
            }
            self.call(inputs, run, outputs, first);
        }
        Ok(())
    }

    /// Calls TA-Lib over some rows, which are more than the lookback. The values of all but the
    /// first `lookback` rows are written to the outputs, from row `at` on.
    pub(super) fn call(
        &mut self,
        inputs: &[&[f64]],
        rows: Range<usize>,
        outputs: &mut [&mut [f64]],
        at: usize,
    ) {
        let info = self.indicator.info;
        let last = rows.len() - 1;
        let written = at..at + rows.len() - self.lookback;
        let mut parts: [&[f64]; 5] = [&[]; 5];
        for (part, input) in parts.iter_mut().zip(inputs) {
            *part = &input[rows.clone()];
        }
        let parts = &parts[..inputs.len()];
        if let Some(window) = own::window(info.name) {
            outputs[0][at] = finite(window(&self.params, parts));
            return;
        }
        if let Some(mut state) = own::state(info.name, &self.params) {
            let (mut row, mut values) = (vec![0.0; parts.len()], [f64::NAN; OUTPUTS]);
            for r in 0..=last {
                row.iter_mut().zip(parts).for_each(|(value, part)| *value = part[r]);
                state.update(&row, &mut values).expect("own code takes every row");
                if let Some(r) = r.checked_sub(self.lookback) {
                    for (output, &value) in outputs.iter_mut().zip(&values) {
                        output[at + r] = finite(value);
                    }
                }
            }
            return;
        }
        let mut call = info.id.new_call(&CORE);
        set_parameters(&mut call, &self.params);
        set_inputs(&mut call, parts);
        let mut slots = self.indicator.slots.iter().zip(outputs.iter_mut()).peekable();
        let spaces = self.reals.iter_mut().zip(&mut self.integers);
        for (index, (real, integer)) in spaces.enumerate() {
            let slot = slots.next_if(|(slot, _)| slot.index == index);
            match (info.outputs[index].kind, slot) {
                (OutputType::Real, Some((_, output))) => {
                    call.set_output(index, &mut output[written.clone()])
                }
                (OutputType::Real, None) => {
                    real.resize(written.len(), 0.0);
                    call.set_output(index, real)
                }
                (OutputType::Integer, _) => {
                    integer.resize(written.len(), 0);
                    call.set_int_output(index, integer)
                }
            }
            .expect("the kind is the output's");
        }
        let range = call.call(0, last).expect("all is bound and in range");
        assert_eq!((range.beg_idx, range.count), (self.lookback, written.len()), "{}", info.name);
        for (slot, output) in self.indicator.slots.iter().zip(outputs) {
            let output = &mut output[written.clone()];
            if slot.kind == OutputKind::Real {
                for value in output {
                    *value = finite(*value);
                }
            } else {
                let integers = &self.integers[slot.index];
                for (i, (value, &integer)) in output.iter_mut().zip(integers).enumerate() {
                    *value = number(slot.kind, integer, self.lookback + i);
                }
            }
        }
    }
}
