//! The draws of one part.

use barloom_bars::Market;
use barloom_labels::Values;
use barloom_memory::SharedColumn;
use barloom_rewards::Best;
use barloom_sampling::{MAX_SAMPLES, Sampler};
use barloom_schema::{DType, Field, Role};
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
    /// The values of the program's labels, by arena row, in its order, but for the last two where
    /// there is a best action.
    pub labels: Vec<Values>,
    /// The best action's profits, where samples are judged by it. The last two labels of the
    /// program are then its reward and the regret.
    pub best: Option<BestProfits>,
}

/// The profits of the best action of each bar.
#[derive(Clone, Debug)]
pub struct BestProfits {
    /// Its direction by arena row: 1 long, -1 short, 0 hold.
    pub direction: SharedColumn<i8>,
    /// u by arena row: its profit per unit of notional, after costs.
    pub unit_return: SharedColumn<f64>,
    /// The place of the metric that samples are judged by, among the program's.
    pub metric: usize,
}

impl Draws {
    /// The weight of a sample by its arena row, where there is one.
    #[must_use]
    pub fn weights(&self, program: &Program) -> Option<&SharedColumn<f32>> {
        let mut labels = program.labels.iter().zip(&self.labels);
        match labels.find(|(field, _)| field.role == Role::Weight)?.1 {
            Values::F32(values) => Some(values),
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
        let computed = if self.best.is_some() { 2 } else { 0 };
        if let Some(label) = program.labels.get(self.labels.len() + computed) {
            let problem = "it has no table".to_owned();
            return Err(BackendError::LabelTable { label: label.name.clone(), problem });
        }
        let mut tables = program.labels.iter().map(Some).chain(std::iter::repeat(None));
        self.labels
            .iter()
            .try_for_each(|values| check_table(tables.next().flatten(), values, market))?;
        self.best.as_ref().map_or(Ok(()), |best| best.check(market, program, self.labels.len()))
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

impl Draws {
    /// Puts the best action's rewards and the regrets into the rows of a block that was priced, at
    /// these arena rows of the market.
    ///
    /// The best action has the dollars of the sample's own action. Where that one holds, they are
    /// those that were drawn for it.
    ///
    /// # Panics
    /// As [`gather`](Self::gather).
    pub fn judge(
        &self,
        program: &Program,
        samples: Numbers<'_>,
        at: &[usize],
        rows: &mut RowsMut<'_>,
    ) {
        let Some(BestProfits { direction, unit_return, metric }) = &self.best else { return };
        let columns = &mut **rows;
        let Some(computed) = columns.labels.get_mut(self.labels.len()..) else { return };
        let [rewards, regrets] = computed else { unreachable!("labels of a block are checked") };
        let (TypedMut::F64(rewards), TypedMut::F64(regrets)) =
            (&mut rewards.values, &mut regrets.values)
        else {
            unreachable!("labels of a block are checked")
        };
        let own = &columns.rewards[*metric];
        let metric = program.reward.metrics[*metric];
        for (i, row) in at.iter().enumerate() {
            let dollars = match columns.act_dir[i] {
                0 => self.sampler.dollars(samples.get(i)),
                _ => columns.act_dollar[i],
            };
            let (direction, unit_return) = (direction[*row], unit_return[*row]);
            let best = Best { direction, stop: 0.0, target: 0.0, unit_return };
            let best = best.reward(&program.reward, *row, dollars, columns.equity[i], metric);
            rewards[i] = best.value;
            // Distances at which a bar reaches a barrier may differ by 1e-11.
            let regret = best.value - own[i];
            regrets[i] = if regret < 0.0 { 0.0 } else { regret };
        }
    }
}

impl BestProfits {
    /// Checks that they are of this market and program, of which the fields from `first` on are
    /// those of the reward and the regret.
    fn check(&self, market: &Market, program: &Program, first: usize) -> Result<(), BackendError> {
        let rows = market.len();
        let is_of_market = self.direction.len() == rows && self.unit_return.len() == rows;
        let is_number = |field: &Field| (field.dtype, field.values()) == (DType::F64, 1);
        let fields = program.labels.get(first..).unwrap_or_default();
        let is_of_program = program.priced
            && self.metric < program.reward.metrics.len()
            && fields.len() == 2
            && fields.iter().all(is_number);
        if is_of_market && is_of_program {
            return Ok(());
        }
        let label = fields.first().map_or("best_reward", |field| &field.name).to_owned();
        let problem = match is_of_market {
            true => {
                "the program has no such metric, or no columns for reward and regret".to_owned()
            }
            false => format!("its profits have {} rows, the market {rows}", self.direction.len()),
        };
        Err(BackendError::LabelTable { label, problem })
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
