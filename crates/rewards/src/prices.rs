use barloom_memory::SharedColumn;

/// Price columns of a market, one value a row, all of one length. Clones share their memory.
#[derive(Clone, Debug)]
pub struct Prices {
    /// Opens.
    pub open: SharedColumn<f64>,
    /// Highs.
    pub high: SharedColumn<f64>,
    /// Lows.
    pub low: SharedColumn<f64>,
    /// Closes.
    pub close: SharedColumn<f64>,
}

impl Prices {
    /// Columns of shared memory, of vectors, which are taken as they are, or of slices, which are
    /// copied.
    #[must_use]
    pub fn new(
        open: impl Into<SharedColumn<f64>>,
        high: impl Into<SharedColumn<f64>>,
        low: impl Into<SharedColumn<f64>>,
        close: impl Into<SharedColumn<f64>>,
    ) -> Self {
        Self { open: open.into(), high: high.into(), low: low.into(), close: close.into() }
    }

    /// Open, high, low and close.
    #[must_use]
    pub fn columns(&self) -> [&SharedColumn<f64>; 4] {
        [&self.open, &self.high, &self.low, &self.close]
    }
}

impl From<[&SharedColumn<f64>; 4]> for Prices {
    /// Open, high, low and close, shared.
    fn from([open, high, low, close]: [&SharedColumn<f64>; 4]) -> Self {
        Self::new(open.clone(), high.clone(), low.clone(), close.clone())
    }
}
