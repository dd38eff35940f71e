//! The shape of a block.

/// How a block's windows lie in memory.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum WindowLayout {
    /// A column for each channel: `[C]` of `[rows, L]`, as datasets store them.
    #[default]
    PerChannel,
    /// One column of `[rows, C, L]`, as convolutions take them.
    ChannelsFirst,
    /// One column of `[rows, L, C]`, as recurrent networks and transformers take them.
    ChannelsLast,
}

/// What the columns of a block are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BlockShape {
    /// Lookback L in bars.
    pub lookback: usize,
    /// Channels C.
    pub channels: usize,
    /// Reward metrics.
    pub metrics: usize,
    /// How windows lie.
    pub layout: WindowLayout,
    /// Rows in a row that share one window, at least 1: where actions of one state stand together,
    /// its window is cut once. Rows 0, `rows_per_window`, ... have theirs cut.
    pub rows_per_window: usize,
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

    /// How many windows rows have.
    #[must_use]
    pub fn windows(&self, rows: usize) -> usize {
        rows.div_ceil(self.rows_per_window)
    }

    /// How many columns hold windows.
    #[must_use]
    pub fn window_columns(&self) -> usize {
        if self.layout == WindowLayout::PerChannel { self.channels } else { 1 }
    }

    /// How many values each of these has for a window.
    #[must_use]
    pub fn window_values(&self) -> usize {
        match self.layout {
            WindowLayout::PerChannel => self.lookback,
            _ => self.channels * self.lookback,
        }
    }

    /// Whether a program with blocks of shape `program` can fill those of this shape.
    pub(crate) fn fits(&self, program: &Self) -> bool {
        let Self { layout, rows_per_window, .. } = *self;
        rows_per_window > 0 && *self == program.layout(layout).rows_per_window(rows_per_window)
    }
}
