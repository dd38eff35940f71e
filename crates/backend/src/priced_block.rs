//! A block of trades and rewards.

use barloom_memory::Column;
use barloom_rewards::TradesMut;
use barloom_schema::{Element, Slice};

use crate::block::{Allocate, column, each};
use crate::columns::Pricing;
use crate::slices::{Slices, split_each};
use crate::{BackendError, Decisions};

macro_rules! blocks {
    (
        $keys:ident $key_columns:tt $drawn:ident $drawn_columns:tt
        outcomes { $($name:ident: $type:ty, $logical:ident, $role:ident, $unit:literal, $doc:literal;)* }
    ) => {
        /// Trades and rewards of decisions, one a row.
        #[derive(Debug)]
        pub struct PricedBlock {
            capacity: usize,
            rows: usize,
            $($name: Column<$type>,)*
            rewards: Vec<Column<f64>>,
            clipped: Vec<Column<u8>>,
        }

        /// Rows of a block of trades and rewards to be filled, which can be split between threads.
        #[derive(Debug)]
        pub struct PricedMut<'a> {
            $(#[doc = concat!("`[rows]`: ", $doc, ".")] pub $name: &'a mut [$type],)*
            /// `[metrics]` of `[rows]`: rewards.
            pub rewards: Slices<'a, f64>,
            /// `[metrics]` of `[rows]`: 1 where the reward was clipped.
            pub clipped: Slices<'a, u8>,
        }

        impl PricedBlock {
            $(
                #[doc = concat!("`[rows]`: ", $doc, ".")]
                #[must_use]
                pub fn $name(&self) -> &[$type] {
                    &self.$name
                }
            )*

            /// The columns of the trades with their names, in the order of the schema.
            #[must_use]
            pub fn outcomes(&self) -> Vec<(&'static str, Slice<'_>)> {
                vec![$((stringify!($name), <$type>::slice(&self.$name))),*]
            }

            /// As [`new`](Self::new), in memory of the caller's.
            ///
            /// # Errors
            /// There is no memory for it.
            pub fn new_in(
                metrics: usize,
                capacity: usize,
                allocate: Allocate<'_>,
            ) -> Result<Self, BackendError> {
                let reserve = || {
                    Some(Self {
                        capacity,
                        rows: 0,
                        $($name: column(capacity, allocate)?,)*
                        rewards: each(metrics, capacity, allocate)?,
                        clipped: each(metrics, capacity, allocate)?,
                    })
                };
                let row = 0 $(+ size_of::<$type>())* + metrics * (size_of::<f64>() + 1);
                let bytes = (capacity as u64).saturating_mul(row as u64);
                reserve().ok_or(BackendError::NoMemory { rows: capacity, bytes })
            }

            /// Makes the block hold so many rows and gives them to be filled. What they hold until
            /// then is unspecified.
            ///
            /// # Errors
            /// More rows than the block was made for.
            pub fn begin(&mut self, rows: usize) -> Result<PricedMut<'_>, BackendError> {
                if rows > self.capacity {
                    return Err(BackendError::BlockTooSmall { rows, capacity: self.capacity });
                }
                self.rows = rows;
                self.rewards.iter_mut().for_each(|column| column.set_len(rows));
                self.clipped.iter_mut().for_each(|column| column.set_len(rows));
                $(self.$name.set_len(rows);)*
                Ok(PricedMut {
                    $($name: &mut self.$name,)*
                    rewards: self.rewards.iter_mut().map(|column| &mut column[..]).collect(),
                    clipped: self.clipped.iter_mut().map(|column| &mut column[..]).collect(),
                })
            }
        }

        impl<'a> PricedMut<'a> {
            /// The rows before `middle`, and those from it on.
            ///
            /// # Panics
            /// `middle` is past the last row.
            #[must_use]
            pub fn split_at(self, middle: usize) -> (Self, Self) {
                let (rewards, rewards_after) = split_each(self.rewards, middle);
                let (clipped, clipped_after) = split_each(self.clipped, middle);
                $(let $name = self.$name.split_at_mut(middle);)*
                (
                    Self { $($name: $name.0,)* rewards, clipped },
                    Self { $($name: $name.1,)* rewards: rewards_after, clipped: clipped_after },
                )
            }

            /// The columns that pricing reads of these decisions and writes of the rows.
            pub fn pricing<'b>(
                &'b mut self,
                decisions: Decisions<'b>,
                unit_return: &'b mut [f64],
            ) -> Pricing<'a, 'b> {
                Pricing {
                    actions: decisions.actions(),
                    equity: decisions.equity,
                    trades: TradesMut { $($name: self.$name,)* unit_return },
                    rewards: &mut self.rewards,
                    clipped: &mut self.clipped,
                }
            }
        }
    };
}
barloom_schema::columns!(blocks);

impl PricedBlock {
    /// An empty block that holds up to `capacity` decisions priced by so many metrics.
    ///
    /// # Errors
    /// There is no memory for it.
    pub fn new(metrics: usize, capacity: usize) -> Result<Self, BackendError> {
        Self::new_in(metrics, capacity, &|_| None)
    }

    /// Number of rows it holds.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// `[metrics]` of `[rows]`: rewards, in the program's order.
    #[must_use]
    pub fn rewards(&self) -> &[Column<f64>] {
        &self.rewards
    }

    /// `[metrics]` of `[rows]`: 1 where the reward was clipped.
    #[must_use]
    pub fn clipped(&self) -> &[Column<u8>] {
        &self.clipped
    }

    /// Tells whether two blocks hold the same trades and rewards, bit for bit; else the first
    /// column and row that differ.
    ///
    /// # Errors
    /// The difference in words.
    pub fn same_bits(&self, other: &Self) -> Result<(), String> {
        let [a, b] = [self, other].map(|block| (block.rows, block.rewards.len()));
        if a != b {
            return Err(format!("rows and metrics {a:?} against {b:?}"));
        }
        for ((name, a), (_, b)) in self.outcomes().into_iter().zip(other.outcomes()) {
            same(name, a, b)?;
        }
        for metric in 0..self.rewards.len() {
            let [a, b] = [self, other].map(|block| f64::slice(&block.rewards[metric]));
            same(&format!("reward {metric}"), a, b)?;
            let [a, b] = [self, other].map(|block| u8::slice(&block.clipped[metric]));
            same(&format!("clipped {metric}"), a, b)?;
        }
        Ok(())
    }
}

fn same(name: &str, a: Slice<'_>, b: Slice<'_>) -> Result<(), String> {
    let differs = |row: &usize| a.range(*row..row + 1).bytes() != b.range(*row..row + 1).bytes();
    match (0..a.len()).find(differs) {
        None => Ok(()),
        Some(row) => Err(format!("row {row}: {name} {} against {}", a.value(row), b.value(row))),
    }
}
