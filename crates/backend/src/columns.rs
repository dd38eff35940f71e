//! The columns of a block, made from the table of the schema.

use std::ops::Range;

use barloom_memory::Column;
use barloom_rewards::{Actions, TradesMut};
use barloom_schema::{COLUMNS, Element, Slice};
use smallvec::SmallVec;

use crate::BlockShape;
use crate::block::{Allocate, column, each};
use crate::label_values::{LabelValues, LabelValuesMut};
use crate::slices::{Slices, split_each};

/// Labels that slices are kept of without memory of their own.
const FEW: usize = 4;

/// The columns of a block: vectors that own them, and slices of their rows.
macro_rules! columns {
    (
        keys { $($key:ident: $key_type:ty, $_kl:ident, $_kr:ident, $_ku:literal, $key_doc:literal;)* }
        drawn { $($drawn:ident: $drawn_type:ty, $_dl:ident, $_dr:ident, $_du:literal, $drawn_doc:literal;)* }
        outcomes { $($out:ident: $out_type:ty, $_ol:ident, $_or:ident, $_ou:literal, $out_doc:literal;)* }
    ) => {
        /// The columns of [`SampleBlock`](crate::SampleBlock) as vectors: those of
        /// [`barloom_schema::COLUMNS`], windows, rewards and labels. State, action, rewards and
        /// outcomes are empty where samples are not priced.
        #[derive(Debug)]
        pub struct Columns {
            /// The scaled windows, oldest bar first, as [`WindowLayout`](crate::WindowLayout)
            /// tells: `[C]` of `[rows, L]`, or one `[rows, C, L]` or `[rows, L, C]`. Fewer than
            /// rows where rows share windows.
            pub windows: Vec<Column<f32>>,
            /// `[rows, K]`: the scaled values of the snapshot's columns in the bar before t.
            pub snapshot: Column<f32>,
            $(#[doc = concat!("`[rows]`: ", $key_doc, ".")] pub $key: Column<$key_type>,)*
            $(#[doc = concat!("`[rows]`: ", $drawn_doc, ".")] pub $drawn: Column<$drawn_type>,)*
            /// `[metrics]` of `[rows]`: rewards, in the recipe's order.
            pub rewards: Vec<Column<f64>>,
            $(#[doc = concat!("`[rows]`: ", $out_doc, ".")] pub $out: Column<$out_type>,)*
            /// `[metrics]` of `[rows]`: 1 where the reward was clipped. Not part of the content.
            pub clipped: Vec<Column<u8>>,
            /// Labels, and the weight after them.
            pub labels: Vec<LabelValues>,
        }

        /// The columns of [`RowsMut`](crate::RowsMut) as slices.
        #[derive(Debug)]
        pub struct ColumnsMut<'a> {
            /// The scaled windows, as in [`Columns::windows`].
            pub windows: Slices<'a, f32>,
            /// `[rows, K]`: the snapshots.
            pub snapshot: &'a mut [f32],
            $(#[doc = concat!("`[rows]`: ", $key_doc, ".")] pub $key: &'a mut [$key_type],)*
            $(#[doc = concat!("`[rows]`: ", $drawn_doc, ".")] pub $drawn: &'a mut [$drawn_type],)*
            /// `[metrics]` of `[rows]`: rewards, in the recipe's order.
            pub rewards: Slices<'a, f64>,
            $(#[doc = concat!("`[rows]`: ", $out_doc, ".")] pub $out: &'a mut [$out_type],)*
            /// `[metrics]` of `[rows]`: 1 where the reward was clipped. Not part of the content.
            pub clipped: Slices<'a, u8>,
            /// Labels, and the weight after them.
            pub labels: SmallVec<[LabelValuesMut<'a>; FEW]>,
        }

        impl<'a> ColumnsMut<'a> {
            /// The rows before `middle`, and those from it on, of windows that are split after so
            /// many values, of a snapshot of so many columns.
            pub(crate) fn split_at(
                self,
                middle: usize,
                window_values: usize,
                snapshot: usize,
            ) -> (Self, Self) {
                let (windows, windows_after) = split_each(self.windows, window_values);
                let (snapshot, snapshot_after) = self.snapshot.split_at_mut(middle * snapshot);
                let (rewards, rewards_after) = split_each(self.rewards, middle);
                let (clipped, clipped_after) = split_each(self.clipped, middle);
                let (mut labels, mut labels_after) = (SmallVec::new(), SmallVec::new());
                for label in self.labels {
                    let (before, after) = label.split_at(middle);
                    labels.push(before);
                    labels_after.push(after);
                }
                $(let $key = self.$key.split_at_mut(middle);)*
                // Samples that are not priced have none of these.
                $(let $drawn = self.$drawn.split_at_mut(middle.min(self.$drawn.len()));)*
                $(let $out = self.$out.split_at_mut(middle.min(self.$out.len()));)*
                (
                    Self {
                        windows,
                        snapshot,
                        rewards,
                        clipped,
                        labels,
                        $($key: $key.0,)*
                        $($drawn: $drawn.0,)*
                        $($out: $out.0,)*
                    },
                    Self {
                        windows: windows_after,
                        snapshot: snapshot_after,
                        rewards: rewards_after,
                        clipped: clipped_after,
                        labels: labels_after,
                        $($key: $key.1,)*
                        $($drawn: $drawn.1,)*
                        $($out: $out.1,)*
                    },
                )
            }

            /// Borrows the columns that pricing reads and writes: the actions, the equity, the
            /// trades, the rewards, and the clip flags. The trades enter at the market's rows
            /// `row`.
            pub fn pricing<'b>(
                &'b mut self,
                row: &'b [usize],
                unit_return: &'b mut [f64],
            ) -> Pricing<'a, 'b> {
                let actions = Actions {
                    row,
                    direction: self.act_dir,
                    dollars: self.act_dollar,
                    stop: self.act_sl,
                    target: self.act_tp,
                };
                Pricing {
                    actions,
                    equity: self.equity,
                    trades: TradesMut { $($out: self.$out,)* unit_return },
                    rewards: &mut self.rewards,
                    clipped: &mut self.clipped,
                }
            }
        }

        impl Columns {
            /// Empty columns with room for so many rows, without labels; none where there is no
            /// memory.
            pub(crate) fn reserve(
                shape: BlockShape,
                rows: usize,
                allocate: Allocate<'_>,
            ) -> Option<Self> {
                let windows = shape.windows(rows).checked_mul(shape.window_values())?;
                let snapshot = rows.checked_mul(shape.snapshot)?;
                let drawn = if shape.priced { rows } else { 0 };
                Some(Self {
                    windows: each(shape.window_columns(), windows, allocate)?,
                    snapshot: column(snapshot, allocate)?,
                    $($key: column(rows, allocate)?,)*
                    $($drawn: column(drawn, allocate)?,)*
                    rewards: each(shape.metrics, rows, allocate)?,
                    $($out: column(drawn, allocate)?,)*
                    clipped: each(shape.metrics, rows, allocate)?,
                    labels: Vec::new(),
                })
            }

            /// Makes them hold so many rows.
            pub(crate) fn set_rows(&mut self, shape: BlockShape, rows: usize) {
                let windows = shape.windows(rows) * shape.window_values();
                let drawn = if shape.priced { rows } else { 0 };
                self.windows.iter_mut().for_each(|w| w.set_len(windows));
                self.snapshot.set_len(rows * shape.snapshot);
                $(self.$key.set_len(rows);)*
                $(self.$drawn.set_len(drawn);)*
                $(self.$out.set_len(drawn);)*
                self.rewards.iter_mut().for_each(|r| r.set_len(rows));
                self.clipped.iter_mut().for_each(|c| c.set_len(rows));
                self.labels.iter_mut().for_each(|label| label.set_rows(rows));
            }

            /// All rows, to be filled.
            pub(crate) fn borrow(&mut self) -> ColumnsMut<'_> {
                ColumnsMut {
                    windows: self.windows.iter_mut().map(|column| &mut column[..]).collect(),
                    snapshot: &mut self.snapshot,
                    $($key: &mut self.$key,)*
                    $($drawn: &mut self.$drawn,)*
                    rewards: self.rewards.iter_mut().map(|column| &mut column[..]).collect(),
                    $($out: &mut self.$out,)*
                    clipped: self.clipped.iter_mut().map(|column| &mut column[..]).collect(),
                    labels: self.labels.iter_mut().map(LabelValues::borrow).collect(),
                }
            }

            /// The rows of a block in all columns, in the order of
            /// [`Schema::content`](barloom_schema::Schema::content). Windows are those of
            /// [`PerChannel`](crate::WindowLayout::PerChannel), one a row.
            pub(crate) fn slices(&self, rows: Range<usize>, shape: BlockShape) -> Vec<Slice<'_>> {
                let of_rows = |values: usize| rows.start * values..rows.end * values;
                let (windows, snapshot) = (of_rows(shape.lookback), of_rows(shape.snapshot));
                let rows = || rows.clone();
                let others = self.windows.len() + self.rewards.len() + self.labels.len() + 1;
                let mut slices = Vec::with_capacity(COLUMNS.len() + others);
                $(slices.push(<$key_type>::slice(&self.$key[rows()]));)*
                slices.extend(self.windows.iter().map(|one| f32::slice(&one[windows.clone()])));
                if shape.snapshot > 0 {
                    slices.push(f32::slice(&self.snapshot[snapshot]));
                }
                if shape.priced {
                    $(slices.push(<$drawn_type>::slice(&self.$drawn[rows()]));)*
                    slices.extend(self.rewards.iter().map(|one| f64::slice(&one[rows()])));
                    $(slices.push(<$out_type>::slice(&self.$out[rows()]));)*
                }
                slices.extend(self.labels.iter().map(|label| label.rows(rows())));
                slices
            }

            /// Compares the columns of the schema's table and the rewards of two rows, bit for bit.
            ///
            /// # Errors
            /// The first column that differs.
            pub(crate) fn same_plain(
                &self,
                row: usize,
                other: &Self,
                other_row: usize,
            ) -> Result<(), String> {
                macro_rules! compare {
                    ($one:ident) => {
                        let (x, y) = (self.$one[row], other.$one[other_row]);
                        if x.to_ne_bytes() != y.to_ne_bytes() {
                            let name = stringify!($one);
                            return Err(format!("{name}: {x:?} against {y:?}"));
                        }
                    };
                }
                $(compare!($key);)*
                if !self.equity.is_empty() {
                    $(compare!($drawn);)*
                    $(compare!($out);)*
                }
                for (metric, (x, y)) in self.rewards.iter().zip(&other.rewards).enumerate() {
                    let (x, y) = (x[row], y[other_row]);
                    if x.to_bits() != y.to_bits() {
                        return Err(format!("reward {metric}: {x:?} against {y:?}"));
                    }
                }
                Ok(())
            }

            /// A column of one value a row, by its name; none for windows and rewards.
            pub(crate) fn plain(&self, name: &str) -> Option<Slice<'_>> {
                Some(match name {
                    $(stringify!($key) => <$key_type>::slice(&self.$key),)*
                    $(stringify!($drawn) => <$drawn_type>::slice(&self.$drawn),)*
                    $(stringify!($out) => <$out_type>::slice(&self.$out),)*
                    _ => {
                        let named = |label: &&LabelValues| label.name() == name;
                        self.labels.iter().find(named).filter(|one| one.width() == 1)?.values()
                    }
                })
            }
        }

        /// Bytes of the values of a row, but for windows, the snapshot, metrics and labels.
        pub(crate) const fn row_bytes(priced: bool) -> u64 {
            let keys = 0 $(+ size_of::<$key_type>())*;
            let more = 0 $(+ size_of::<$drawn_type>())* $(+ size_of::<$out_type>())*;
            (if priced { keys + more } else { keys }) as u64
        }
    };
}
barloom_schema::columns!(columns);

/// The columns that pricing reads and writes.
#[derive(Debug)]
pub struct Pricing<'a, 'b> {
    /// The actions.
    pub actions: Actions<'b>,
    /// `[rows]`: account equity, dollars.
    pub equity: &'b [f64],
    /// The trades.
    pub trades: TradesMut<'b>,
    /// `[metrics]` of `[rows]`: rewards.
    pub rewards: &'b mut Slices<'a, f64>,
    /// `[metrics]` of `[rows]`: 1 where the reward was clipped.
    pub clipped: &'b mut Slices<'a, u8>,
}
