//! The shape of a block.

/// The layout of a block's windows in memory.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum WindowLayout {
    /// A column for each channel: `[C]` of `[rows, L]`, as datasets store them.
    #[default]
    PerChannel,
    /// A single column of `[rows, C, L]`, as convolutions take them.
    ChannelsFirst,
    /// A single column of `[rows, L, C]`, as recurrent networks and transformers take them.
    ChannelsLast,
}

/// The columns of a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BlockShape {
    /// Lookback L in bars.
    pub lookback: usize,
    /// Channels C.
    pub channels: usize,
    /// Values of a snapshot, K.
    pub snapshot: usize,
    /// Reward metrics.
    pub metrics: usize,
    /// The layout of windows.
    pub layout: WindowLayout,
    /// Rows in a row that share one window, at least 1: where actions of one state stand together,
    /// its window is cut once. Rows 0, `rows_per_window`, ... have theirs cut.
    pub rows_per_window: usize,
    /// Columns that are gathered by row: labels, and the weight.
    pub labels: usize,
    /// False for samples without state, action, rewards and outcomes.
    pub priced: bool,
}

impl BlockShape {
    /// The same shape with windows that lie so.
    #[must_use]
    pub fn layout(self, layout: WindowLayout) -> Self {
        Self { layout, ..self }
    }

    /// The same shape with one window for so many rows.
    #[must_use]
    pub fn rows_per_window(self, rows_per_window: usize) -> Self {
        Self { rows_per_window, ..self }
    }

    /// The shape of the windows alone, one a row.
    #[must_use]
    pub(crate) fn of_windows(self) -> Self {
        Self { metrics: 0, rows_per_window: 1, labels: 0, priced: false, ..self }
    }

    /// The number of windows of so many rows.
    #[must_use]
    pub fn windows(&self, rows: usize) -> usize {
        rows.div_ceil(self.rows_per_window)
    }

    /// The number of columns with windows.
    #[must_use]
    pub fn window_columns(&self) -> usize {
        if self.layout == WindowLayout::PerChannel { self.channels } else { 1 }
    }

    /// The number of values of a window in each of these columns.
    #[must_use]
    pub fn window_values(&self) -> usize {
        match self.layout {
            WindowLayout::PerChannel => self.lookback,
            _ => self.channels * self.lookback,
        }
    }

    /// Returns true if a program with blocks of shape `program` can fill blocks of this shape.
    pub(crate) fn fits(&self, program: &Self) -> bool {
        let Self { layout, rows_per_window, .. } = *self;
        rows_per_window > 0 && *self == program.layout(layout).rows_per_window(rows_per_window)
    }
}
