//! Indicators row by row.

use super::compute::{Calls, counts, finite, number};
use super::handles::{Handle, OUTPUTS};
use super::{Error, Indicator, OutputKind, WarmUp};

/// An indicator over rows that arrive one by one.
///
/// The values are those of [`Indicator::compute`] over all rows pushed so far, to the bit. The cost
/// of a push does not depend on the number of rows before it. If values are functions of the last
/// rows, it grows with their number, because each push computes its value from them.
#[derive(Debug, Clone)]
pub struct Stream {
    calls: Calls<'static>,
    /// Set if values depend on the last rows alone.
    finite: bool,
    /// The last rows of the run: a column for each input. Until the first value, or always if
    /// values depend on them alone.
    rows: Vec<Vec<f64>>,
    /// TA-Lib's state from the first value of the run on.
    handle: Option<Handle>,
    /// The number of rows in the run.
    run: usize,
}

impl Stream {
    pub(super) fn new(indicator: &'static Indicator, params: &[f64]) -> Self {
        Self {
            calls: Calls::new(indicator, params),
            finite: matches!(indicator.warm_up(params), WarmUp::Finite { .. }),
            rows: vec![Vec::new(); indicator.inputs.len()],
            handle: None,
            run: 0,
        }
    }

    /// Takes the next row, one value for each input, and gives its value for each output.
    ///
    /// # Errors
    ///
    /// Fails after more than 100,000,001 rows without a missing value, unless values depend on the
    /// last rows alone.
    ///
    /// # Panics
    ///
    /// Panics if there is not one value for each input and output.
    pub fn push(&mut self, inputs: &[f64], outputs: &mut [f64]) -> Result<(), Error> {
        let indicator = self.calls.indicator;
        assert_eq!(inputs.len(), indicator.inputs.len(), "ta.{}: inputs", indicator.name);
        assert_eq!(outputs.len(), indicator.outputs.len(), "ta.{}: outputs", indicator.name);
        outputs.fill(f64::NAN);
        if !inputs.iter().all(|&value| counts(value)) {
            self.reset();
            return Ok(());
        }
        let mut all = [f64::NAN; OUTPUTS];
        if let Some(handle) = &mut self.handle {
            handle.update(inputs, &mut all).map_err(|_| Error::TooManyRows {
                indicator: indicator.name.clone(),
                rows: self.run + 1,
            })?;
            self.run += 1;
        } else {
            self.run += 1;
            let keep = self.calls.lookback + 1;
            for (column, &value) in self.rows.iter_mut().zip(inputs) {
                if column.len() >= 2 * keep {
                    column.drain(..=column.len() - keep);
                }
                column.push(value);
            }
            if self.run < keep {
                return Ok(());
            }
            let len = self.rows[0].len();
            let rows: [&[f64]; 5] = std::array::from_fn(|i| {
                self.rows.get(i).map_or(&[][..], |column| &column[len - keep..])
            });
            let rows = &rows[..inputs.len()];
            if self.finite {
                let mut values = outputs.chunks_exact_mut(1);
                let mut values: [&mut [f64]; OUTPUTS] =
                    std::array::from_fn(|_| values.next().unwrap_or_default());
                self.calls.call(rows, 0..keep, &mut values[..indicator.outputs.len()], 0);
                return Ok(());
            }
            let handle = Handle::open(indicator.info.id, rows, &self.calls.params, &mut all)
                .expect("the rows are as many as it needs");
            self.handle = Some(handle);
            self.rows.iter_mut().for_each(Vec::clear);
        }
        for (slot, output) in indicator.slots.iter().zip(outputs) {
            let value = all[slot.index];
            *output = match slot.kind {
                OutputKind::Real => finite(value),
                kind => number(kind, value as i32, self.run - 1),
            };
        }
        Ok(())
    }

    /// Starts afresh, as after a missing row.
    pub fn reset(&mut self) {
        self.handle = None;
        self.run = 0;
        self.rows.iter_mut().for_each(Vec::clear);
    }
}
