//! The program: all about the samples of a market that its parts share.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use barloom_bars::{Market, SeriesSpan, is_missing};
use barloom_rewards::RewardSettings;
use barloom_scaling::{ChannelScaler, FittedScaler, FittedScalers, MetaScaler, of_bar, usable};
use barloom_schema::{Field, SampleColumns};
use barloom_windows::MissingRows;

use crate::chosen::check_windows;
use crate::{BackendError, BlockShape, Decisions, PricedBlock, WindowBlock, WindowLayout};

/// A channel of the windows, or a column of the snapshot.
#[derive(Clone, Debug, PartialEq)]
pub struct Channel {
    /// The market's column.
    pub name: String,
    /// The scaler of its values: [`ChannelScaler::None`] where they are fitted.
    pub scaler: ChannelScaler,
    /// The fitted scaler of each bar's value, if there is one.
    pub fitted: Option<Arc<FittedScaler>>,
}

impl Channel {
    /// A channel whose values are not fitted.
    #[must_use]
    pub fn new(name: &str, scaler: ChannelScaler) -> Self {
        Self { name: name.to_owned(), scaler, fitted: None }
    }

    /// The value that the scaler takes of a bar's value: fitted if it is to be. `series` is the
    /// place of the bar's series in the market.
    #[must_use]
    pub fn value(&self, series: usize, x: f64) -> f64 {
        self.fitted.as_ref().map_or(x, |fitted| fitted.transform(series, x))
    }

    /// The value of a bar with this close in a snapshot.
    #[must_use]
    pub fn of_bar(&self, series: usize, x: f64, close: f64) -> f32 {
        of_bar(self.scaler, self.value(series, x), close)
    }

    /// True if the value of a bar is there and the scaler can take it.
    #[must_use]
    pub fn takes(&self, series: usize, x: f64) -> bool {
        !is_missing(x)
            && match &self.fitted {
                Some(fitted) => !is_missing(fitted.transform(series, x)),
                None => usable(self.scaler, x),
            }
    }

    /// The values of a market that the scaler takes, one a row: fitted if they are to be.
    pub(crate) fn values<'a>(&self, market: &'a Market) -> Cow<'a, [f64]> {
        let column = market.column(&self.name).unwrap_or_default();
        let Some(fitted) = &self.fitted else { return Cow::Borrowed(column) };
        let series = market.series().iter().enumerate();
        let of_series = |(at, span): (usize, &SeriesSpan)| {
            column[span.start..span.end].iter().map(move |x| fitted.transform(at, *x))
        };
        series.flat_map(of_series).collect()
    }
}

/// Everything about the samples of a market that all parts and folds share.
#[derive(Clone, Debug, PartialEq)]
pub struct Program {
    /// L in bars.
    pub lookback: usize,
    /// F in bars.
    pub forward: usize,
    /// Channels in the order of windows.
    pub channels: Vec<Channel>,
    /// Columns of the snapshot, in order, whose scalers need no window.
    pub snapshot: Vec<Channel>,
    /// The settings by which actions are priced.
    pub reward: RewardSettings,
    /// The scaling of the meta fields.
    pub meta: MetaScaler,
    /// The rows on which an input is missing: no window holds one.
    pub missing: MissingRows,
    /// Columns that are gathered by row: labels, and the weight after them.
    pub labels: Vec<Field>,
    /// Edges between classes of labels that were fitted, by the column of classes.
    pub classes: BTreeMap<String, Vec<f64>>,
    /// False for samples without state, action, rewards and outcomes.
    pub priced: bool,
}

impl Program {
    /// A program to price decisions by, without windows.
    #[must_use]
    pub fn of_prices(reward: RewardSettings) -> Self {
        let meta = MetaScaler { fields: Vec::new() };
        let (forward, missing) = (reward.forward, MissingRows::default());
        let (channels, snapshot) = (Vec::new(), Vec::new());
        let (labels, priced) = (Vec::new(), true);
        let classes = BTreeMap::new();
        Self {
            lookback: 1,
            forward,
            channels,
            snapshot,
            reward,
            meta,
            missing,
            labels,
            classes,
            priced,
        }
    }

    /// The fitted scalers of its columns.
    #[must_use]
    pub fn fitted(&self) -> FittedScalers {
        let of = |columns: &[Channel]| {
            let fitted = |one: &Channel| Some((one.name.clone(), (**one.fitted.as_ref()?).clone()));
            columns.iter().filter_map(fitted).collect()
        };
        let classes = self.classes.clone();
        FittedScalers { channels: of(&self.channels), snapshot: of(&self.snapshot), classes }
    }

    /// The shape of blocks of these samples.
    #[must_use]
    pub fn block_shape(&self) -> BlockShape {
        BlockShape {
            lookback: self.lookback,
            channels: self.channels.len(),
            snapshot: self.snapshot.len(),
            metrics: if self.priced { self.reward.metrics.len() } else { 0 },
            layout: WindowLayout::PerChannel,
            rows_per_window: 1,
            labels: self.labels.len(),
            priced: self.priced,
        }
    }

    /// Runs a function on the columns of which the schema of these samples is made.
    pub fn with_columns<T>(&self, run: impl FnOnce(&SampleColumns<'_>) -> T) -> T {
        let [channels, snapshot] = [&self.channels, &self.snapshot]
            .map(|columns| columns.iter().map(|one| one.name.as_str()).collect::<Vec<_>>());
        let metrics: Vec<&str> = self.reward.metrics.iter().map(|metric| metric.name()).collect();
        run(&SampleColumns {
            channels: &channels,
            lookback: self.lookback,
            snapshot: &snapshot,
            metrics: &metrics,
            labels: &self.labels,
            priced: self.priced,
        })
    }

    /// Checks rows to be observed and a block for their windows.
    ///
    /// # Errors
    /// The first row that has no window, or one with a missing value; the block is of another
    /// program's shape.
    pub fn check_observed(
        &self,
        market: &Market,
        rows: &[usize],
        block: &WindowBlock,
    ) -> Result<(), BackendError> {
        let (got, expected) = (block.shape(), self.block_shape());
        if got != expected.layout(got.layout).of_windows() {
            return Err(BackendError::BlockShape { got, expected });
        }
        check_windows(market, rows, self.lookback, &self.missing)
    }

    /// Checks decisions and a block for their trades and rewards.
    ///
    /// # Errors
    /// The first decision that cannot be priced; the block has another number of metrics.
    pub fn check_priced(
        &self,
        market: &Market,
        decisions: Decisions<'_>,
        block: &PricedBlock,
    ) -> Result<(), BackendError> {
        let (metrics, needed) = (block.rewards().len(), self.reward.metrics.len());
        if metrics != needed {
            let expected = BlockShape { metrics: needed, ..self.block_shape() };
            let got = BlockShape { metrics, ..expected };
            return Err(BackendError::BlockShape { got, expected });
        }
        decisions.check(market, self.forward)
    }
}
