//! The draws of one part.

use barloom_bars::Market;
use barloom_labels::Values;
use barloom_memory::SharedColumn;
use barloom_sampling::{MAX_SAMPLES, Sampler};
use barloom_schema::{Field, Role};
use barloom_windows::{PositionRange, Positions};

use crate::label_values::{LabelValuesMut, TypedMut, label_text};
use crate::{BackendError, BlockShape, Numbers, Program, RowsMut, SampleBlock};

/// The draws of one part: sample i is a position, a state and an action, for any i below 2^62.
#[derive(Clone, Debug)]
pub struct Draws {
    /// Draws of sample i.
    pub sampler: Sampler,
    /// The positions of samples.
    pub positions: Positions,
    /// The values of the program's labels, by arena row, in its order.
    pub labels: Vec<Values>,
}

impl Draws {
    /// The weight of a sample by its arena row: the last label of the program, where it is a
    /// weight.
    #[must_use]
    pub fn weights(&self, program: &Program) -> Option<&SharedColumn<f32>> {
        match (program.labels.last()?.role, self.labels.last()?) {
            (Role::Weight, Values::F32(values)) => Some(values),
            _ => None,
        }
    }

    /// Checks that these samples can be put in this block.
    ///
    /// # Errors
    /// As [`check`](Self::check); the block has other labels.
    pub fn check_block(
        &self,
        program: &Program,
        samples: Numbers<'_>,
        block: &SampleBlock,
    ) -> Result<(), BackendError> {
        self.check(program, samples, block.shape())?;
        block.check_labels(&program.labels)
    }

    /// Checks that these samples can be put in blocks of this shape.
    ///
    /// # Errors
    /// A number is 2^62 or more; the shape is of another program; rows that would share a window
    /// are of different states.
    pub fn check(
        &self,
        program: &Program,
        samples: Numbers<'_>,
        shape: BlockShape,
    ) -> Result<(), BackendError> {
        samples.check_below(MAX_SAMPLES)?;
        let expected = program.block_shape();
        if !shape.fits(&expected) {
            return Err(BackendError::BlockShape { got: shape, expected });
        }
        let (every, actions) = (shape.rows_per_window, self.sampler.actions_per_state());
        if every > 1 {
            let state = |row: usize| samples.get(row) / actions;
            let other = |row: &usize| state(*row) != state(row - row % every);
            if let Some(row) = (0..samples.len()).find(other) {
                return Err(BackendError::StatesApart {
                    sample: samples.get(row),
                    other: samples.get(row - row % every),
                    actions_per_state: actions,
                });
            }
        }
        Ok(())
    }

    /// Checks that the positions are rows of this market with a lookback and a forward around them,
    /// and that labels have a value for each of its rows.
    ///
    /// # Errors
    /// They are those of another market or program.
    pub fn check_market(&self, market: &Market, program: &Program) -> Result<(), BackendError> {
        // Without a reward, labels alone look forward.
        let forward = if program.priced { program.forward } else { 1 };
        let fits = |range: &PositionRange| {
            market.series().get(range.series as usize).is_some_and(|series| {
                series.start == range.series_start
                    && range.start >= series.start.saturating_add(program.lookback)
                    && range.end.saturating_add(forward) <= series.end.saturating_add(1)
            })
        };
        let ranks = self.sampler.positions() == self.positions.ranks().max(1);
        if !ranks || !self.positions.ranges().iter().all(fits) {
            return Err(BackendError::OtherMarket);
        }
        if let Some(label) = program.labels.get(self.labels.len()) {
            let problem = "it has no table".to_owned();
            return Err(BackendError::LabelTable { label: label.name.clone(), problem });
        }
        let mut tables = program.labels.iter().map(Some).chain(std::iter::repeat(None));
        self.labels
            .iter()
            .try_for_each(|values| check_table(tables.next().flatten(), values, market))
    }

    /// Puts the labels of these arena rows of the market into the rows of a block. `fetch` may
    /// bring the bytes that it is given to the caches; they are read a few rows later. The rows are
    /// read in the order of `order`, if it is given.
    ///
    /// # Panics
    /// There are no such rows, or the labels do not fit those of the block. Both are
    /// [checked](Self::check_block) before.
    #[inline]
    pub fn gather(
        &self,
        at: &[usize],
        order: Option<&[u32]>,
        fetch: impl Fn(&[u8]) + Copy,
        rows: &mut RowsMut<'_>,
    ) {
        for (values, out) in self.labels.iter().zip(&mut rows.labels) {
            gather_one(values, at, order, fetch, out);
        }
    }
}

/// Checks that a table is of this field and market.
fn check_table(
    field: Option<&Field>,
    values: &Values,
    market: &Market,
) -> Result<(), BackendError> {
    let width = values.shape().iter().product();
    let Some(field) = field else {
        let problem = format!("the program has no label for a table of {}", values.dtype());
        return Err(BackendError::LabelTable { label: "(unnamed)".to_owned(), problem });
    };
    let label = field.name.clone();
    if (field.dtype, field.values()) != (values.dtype(), width) {
        let [got, expected] = [(values.dtype(), width), (field.dtype, field.values())]
            .map(|(dtype, width)| label_text("", dtype, width));
        let problem = format!("its table holds{got}, expected{expected}");
        return Err(BackendError::LabelTable { label, problem });
    }
    if values.rows() != Some(market.len()) {
        let rows = values.rows().map_or("unequal numbers of".to_owned(), |rows| rows.to_string());
        let problem = format!("its table has {rows} rows, the market {}", market.len());
        return Err(BackendError::LabelTable { label, problem });
    }
    Ok(())
}

/// The number of rows between the prefetch of a value and its use.
const AHEAD: usize = 16;

fn gather_one(
    values: &Values,
    at: &[usize],
    order: Option<&[u32]>,
    fetch: impl Fn(&[u8]) + Copy,
    out: &mut LabelValuesMut<'_>,
) {
    match (values, &mut out.values) {
        (Values::F32(from), TypedMut::F32(out)) => gather_plain(from, at, order, fetch, out),
        (Values::F64(from), TypedMut::F64(out)) => gather_plain(from, at, order, fetch, out),
        (Values::I8(from), TypedMut::I8(out)) => gather_plain(from, at, order, fetch, out),
        (Values::I32(from), TypedMut::I32(out)) => gather_plain(from, at, order, fetch, out),
        (Values::U8(from), TypedMut::U8(out)) => gather_plain(from, at, order, fetch, out),
        (Values::Path { close, entry, horizon }, TypedMut::F32(out)) => {
            each(at, order, |i, later| {
                if let Some(row) = later {
                    fetch(bytemuck::cast_slice(&entry[row..=row]));
                    fetch(bytemuck::cast_slice(&close[row..close.len().min(row + horizon)]));
                }
                values.path(at[i], &mut out[i * horizon..(i + 1) * horizon]);
            });
        }
        _ => unreachable!("labels of a block are checked"),
    }
}

#[inline(always)]
fn gather_plain<T: bytemuck::NoUninit>(
    from: &[T],
    at: &[usize],
    order: Option<&[u32]>,
    fetch: impl Fn(&[u8]),
    out: &mut [T],
) {
    each(at, order, |i, later| {
        if let Some(row) = later {
            fetch(bytemuck::cast_slice(&from[row..=row]));
        }
        out[i] = from[at[i]];
    });
}

/// Runs a function on each place, in the order, with the arena row that is read some places later.
#[inline(always)]
fn each(at: &[usize], order: Option<&[u32]>, mut run: impl FnMut(usize, Option<usize>)) {
    match order {
        None => (0..at.len()).for_each(|i| run(i, at.get(i + AHEAD).copied())),
        Some(order) => order.iter().enumerate().for_each(|(k, i)| {
            run(*i as usize, order.get(k + AHEAD).map(|later| at[*later as usize]));
        }),
    }
}
