//! Columns made ready for scaling, and the scaling of a window.

use barloom_memory::SharedColumn;

use crate::{ChannelScaler, lanes};

/// The closes that windows are measured against: of the same bars as the channels, row by row.
#[derive(Clone, Debug)]
pub struct Reference {
    close: SharedColumn<f32>,
    ln_close: SharedColumn<f64>,
}

impl Reference {
    /// Makes the closes ready for these scalers: as `f32`, and their logarithms if one needs them.
    #[must_use]
    pub fn new(close: &[f64], scalers: &[ChannelScaler]) -> Self {
        let logs = scalers.contains(&ChannelScaler::LogReturn);
        Self {
            close: close.iter().map(|x| *x as f32).collect(),
            ln_close: close[..if logs { close.len() } else { 0 }]
                .iter()
                .map(|x| libm::log(*x))
                .collect(),
        }
    }

    /// The closes as a channel that is measured against the last of them; it takes no memory.
    #[must_use]
    pub fn channel(&self) -> PreparedChannel {
        let values = Values::Single(self.close.clone());
        PreparedChannel { scaler: ChannelScaler::LastClose, values }
    }

    /// The closes as `f32`, one a row.
    #[must_use]
    pub fn close(&self) -> &[f32] {
        &self.close
    }

    /// The natural logarithms of the closes, one a row; empty if no scaler needs them.
    #[must_use]
    pub fn ln_close(&self) -> &[f64] {
        &self.ln_close
    }
}

/// A column with what its scaler needs of each bar done once.
///
/// Missing values (NaN) may stand in the column, never in a window that is scaled.
#[derive(Clone, Debug)]
pub struct PreparedChannel {
    scaler: ChannelScaler,
    values: Values,
}

/// The values that a [`PreparedChannel`] keeps of each bar.
#[derive(Clone, Copy, Debug)]
pub enum PreparedValues<'a> {
    /// `f32(x)`, or `f32(log1p(x))` for [`ChannelScaler::Log1pLast`].
    Single(&'a [f32]),
    /// `x`, or `ln x` for [`ChannelScaler::LogReturn`].
    Double(&'a [f64]),
}

/// The values that are kept of each bar.
#[derive(Clone, Debug)]
enum Values {
    /// `f32(x)`, or `f32(log1p(x))` for [`ChannelScaler::Log1pLast`].
    Single(SharedColumn<f32>),
    /// `x`, or `ln x` for [`ChannelScaler::LogReturn`].
    Double(SharedColumn<f64>),
}

impl PreparedChannel {
    /// Prepares a column, one value a row.
    #[must_use]
    pub fn new(scaler: ChannelScaler, column: &[f64]) -> Self {
        let single = |f: fn(f64) -> f64| column.iter().map(|x| f(*x) as f32).collect();
        let double = |f: fn(f64) -> f64| column.iter().map(|x| f(*x)).collect();
        let values = match scaler {
            ChannelScaler::LastClose | ChannelScaler::None => Values::Single(single(|x| x)),
            ChannelScaler::Log1pLast => Values::Single(single(libm::log1p)),
            ChannelScaler::LogReturn => Values::Double(double(libm::log)),
            // -0 becomes 0: a window's least value is then one bit pattern in any order.
            ChannelScaler::Zscore | ChannelScaler::Minmax => Values::Double(double(|x| x + 0.0)),
        };
        Self { scaler, values }
    }

    /// The channel's scaler.
    #[must_use]
    pub fn scaler(&self) -> ChannelScaler {
        self.scaler
    }

    /// The values kept of each bar, one a row: for backends that scale by themselves.
    #[must_use]
    pub fn values(&self) -> PreparedValues<'_> {
        match &self.values {
            Values::Single(values) => PreparedValues::Single(values),
            Values::Double(values) => PreparedValues::Double(values),
        }
    }

    /// Scales the window `[row - out.len(), row)` into `out`, oldest bar first; the last close is
    /// that of `row - 1`. No row from `row` on is read. An empty `out` is left so.
    ///
    /// # Panics
    /// The window is not within the column or the reference, or the scaler is not among those
    /// that the reference was made for.
    pub fn scale(&self, reference: &Reference, row: usize, out: &mut [f32]) {
        let stride = out.len();
        self.scale_rows(
            PlainStore,
            |_| (),
            reference,
            &[row],
            Places { out, begin: 0, stride, step: 1, lookback: stride },
        );
    }

    /// The windows before each of `rows`, one after the other in their places: what
    /// [`scale`](Self::scale) gives for each, stored through `store`. `fetch` is told memory that
    /// will be read soon, and may do nothing. Made for the caller's instruction set.
    ///
    /// # Panics
    /// As [`scale`](Self::scale), and where `out` has no room for a window of each row.
    #[inline(always)]
    pub fn scale_rows(
        &self,
        store: impl Store,
        fetch: impl Fn(&[u8]),
        reference: &Reference,
        rows: &[usize],
        out: Places<'_>,
    ) {
        self.scale_each(store, fetch, reference, InTurn(rows), out);
    }

    /// As [`scale_rows`](Self::scale_rows), taking the rows in another order: `order` holds numbers
    /// of rows, and windows that are close to each other are cheap one after the other.
    ///
    /// # Panics
    /// As [`scale_rows`](Self::scale_rows), and where a number is not below that of the rows.
    #[inline(always)]
    pub fn scale_ordered(
        &self,
        store: impl Store,
        fetch: impl Fn(&[u8]),
        reference: &Reference,
        rows: &[usize],
        order: &[u32],
        out: Places<'_>,
    ) {
        self.scale_each(store, fetch, reference, Ordered { rows, order }, out);
    }

    #[inline(always)]
    fn scale_each(
        &self,
        store: impl Store,
        fetch: impl Fn(&[u8]),
        reference: &Reference,
        turns: impl Turns,
        out: Places<'_>,
    ) {
        if out.lookback == 0 {
            return;
        }
        match &self.values {
            Values::Single(values) => match self.scaler {
                ChannelScaler::LastClose => {
                    each(OverClose { close: &reference.close }, store, fetch, turns, values, out);
                }
                ChannelScaler::Log1pLast => each(OverLast, store, fetch, turns, values, out),
                _ => each(Copied, store, fetch, turns, values, out),
            },
            Values::Double(values) => match self.scaler {
                ChannelScaler::LogReturn => {
                    let kernel = LessClose { ln_close: &reference.ln_close };
                    each(kernel, store, fetch, turns, values, out);
                }
                ChannelScaler::Zscore => each(Zscore, store, fetch, turns, values, out),
                _ => each(Minmax, store, fetch, turns, values, out),
            },
        }
    }
}

/// Places for windows: value k of row i at `begin + i * stride + k * step`.
#[derive(Debug)]
pub struct Places<'a> {
    /// The values that they are among.
    pub out: &'a mut [f32],
    /// Start of the first window.
    pub begin: usize,
    /// From where one begins to where the next does.
    pub stride: usize,
    /// From one value of a window to the next: 1, or more for [`SteppedStore`].
    pub step: usize,
    /// Values of each.
    pub lookback: usize,
}

impl Places<'_> {
    #[inline(always)]
    fn of(&mut self, i: usize) -> &mut [f32] {
        let begin = self.begin + i * self.stride;
        &mut self.out[begin..begin + (self.lookback - 1) * self.step + 1]
    }
}

/// The rows that windows end before, in the order in which they are cut.
trait Turns: Copy {
    /// Number of windows.
    fn len(&self) -> usize;
    /// The place of the k-th among the rows, and the row.
    fn at(&self, k: usize) -> (usize, usize);
}

#[derive(Clone, Copy)]
struct InTurn<'a>(&'a [usize]);

impl Turns for InTurn<'_> {
    #[inline(always)]
    fn len(&self) -> usize {
        self.0.len()
    }

    #[inline(always)]
    fn at(&self, k: usize) -> (usize, usize) {
        (k, self.0[k])
    }
}

#[derive(Clone, Copy)]
struct Ordered<'a> {
    rows: &'a [usize],
    order: &'a [u32],
}

impl Turns for Ordered<'_> {
    #[inline(always)]
    fn len(&self) -> usize {
        self.order.len()
    }

    #[inline(always)]
    fn at(&self, k: usize) -> (usize, usize) {
        let place = self.order[k] as usize;
        (place, self.rows[place])
    }
}

/// Number of windows before its turn at which one is fetched.
const AHEAD: usize = 8;

/// Scales the window before each row into its place.
#[inline(always)]
fn each<K: Kernel>(
    kernel: K,
    store: impl Store,
    fetch: impl Fn(&[u8]),
    turns: impl Turns,
    values: &[K::Value],
    mut out: Places<'_>,
) {
    let lookback = out.lookback;
    let ahead = |k: usize| {
        let (_, row) = turns.at(k);
        fetch(bytemuck::cast_slice(&values[row - lookback..row]));
        kernel.fetch(&fetch, row);
    };
    let count = turns.len();
    (0..count.min(AHEAD)).for_each(ahead);
    for k in 0..count {
        if k + AHEAD < count {
            ahead(k + AHEAD);
        }
        let (place, row) = turns.at(k);
        kernel.scale(store, &values[row - lookback..row], row, out.of(place));
    }
}

/// The way in which scaled values go to memory.
pub trait Store: Copy {
    /// Stores `f` of each value of the window in its place in `out`, which is as long as its
    /// places need.
    ///
    /// Implementations must be `#[inline(always)]`, to be made for the caller's instruction set.
    fn map<T: Copy>(self, window: &[T], out: &mut [f32], f: impl Fn(T) -> f32);
}

/// Stores the values of a window with others between them: each `.0` after the one before.
#[derive(Clone, Copy, Debug)]
pub struct SteppedStore(pub usize);

impl Store for SteppedStore {
    #[inline(always)]
    fn map<T: Copy>(self, window: &[T], out: &mut [f32], f: impl Fn(T) -> f32) {
        for (out, x) in out.iter_mut().step_by(self.0).zip(window) {
            *out = f(*x);
        }
    }
}

/// Stores as every program does.
#[derive(Clone, Copy, Debug)]
pub struct PlainStore;

impl Store for PlainStore {
    #[inline(always)]
    fn map<T: Copy>(self, window: &[T], out: &mut [f32], f: impl Fn(T) -> f32) {
        for (out, x) in out.iter_mut().zip(window) {
            *out = f(*x);
        }
    }
}

/// The scaling of one window: `[row - window.len(), row)` into `out`.
///
/// Methods, not closures, as these are always inlined, and so made for the instruction set of
/// whoever calls. A division stays a division: times the reciprocal would round twice.
trait Kernel: Copy {
    type Value: bytemuck::NoUninit;

    /// Tells `fetch` what else than the window will be read.
    #[inline(always)]
    fn fetch(self, _fetch: impl Fn(&[u8]), _row: usize) {}

    fn scale(self, store: impl Store, window: &[Self::Value], row: usize, out: &mut [f32]);
}

#[derive(Clone, Copy)]
struct OverClose<'a> {
    close: &'a [f32],
}

impl Kernel for OverClose<'_> {
    type Value = f32;

    #[inline(always)]
    fn fetch(self, fetch: impl Fn(&[u8]), row: usize) {
        fetch(bytemuck::cast_slice(&self.close[row - 1..row]));
    }

    #[inline(always)]
    fn scale(self, store: impl Store, window: &[f32], row: usize, out: &mut [f32]) {
        let close = self.close[row - 1];
        store.map(window, out, |x| x / close);
    }
}

#[derive(Clone, Copy)]
struct OverLast;

impl Kernel for OverLast {
    type Value = f32;

    #[inline(always)]
    fn scale(self, store: impl Store, window: &[f32], _: usize, out: &mut [f32]) {
        let by = window[window.len() - 1].max(std::f32::consts::LN_2);
        store.map(window, out, |x| x / by);
    }
}

#[derive(Clone, Copy)]
struct Copied;

impl Kernel for Copied {
    type Value = f32;

    #[inline(always)]
    fn scale(self, store: impl Store, window: &[f32], _: usize, out: &mut [f32]) {
        store.map(window, out, |x| x);
    }
}

#[derive(Clone, Copy)]
struct LessClose<'a> {
    ln_close: &'a [f64],
}

impl Kernel for LessClose<'_> {
    type Value = f64;

    #[inline(always)]
    fn fetch(self, fetch: impl Fn(&[u8]), row: usize) {
        fetch(bytemuck::cast_slice(&self.ln_close[row - 1..row]));
    }

    #[inline(always)]
    fn scale(self, store: impl Store, window: &[f64], row: usize, out: &mut [f32]) {
        let ln_close = self.ln_close[row - 1];
        store.map(window, out, |x| (x - ln_close) as f32);
    }
}

/// Two passes for mean and variance, each a sum in lanes.
#[derive(Clone, Copy)]
struct Zscore;

impl Kernel for Zscore {
    type Value = f64;

    #[inline(always)]
    fn scale(self, store: impl Store, window: &[f64], _: usize, out: &mut [f32]) {
        let (min, max) = lanes::min_max(window);
        let n = window.len() as f64;
        let mean = lanes::sum(window, |x| x) / n;
        let std = (lanes::sum(window, |x| (x - mean) * (x - mean)) / n).sqrt();
        // Squares of differences below 1e-162 vanish; such a window counts as constant.
        if min == max || std == 0.0 {
            store.map(window, out, |_| 0.0);
        } else {
            store.map(window, out, |x| ((x - mean) / std) as f32);
        }
    }
}

#[derive(Clone, Copy)]
struct Minmax;

impl Kernel for Minmax {
    type Value = f64;

    #[inline(always)]
    fn scale(self, store: impl Store, window: &[f64], _: usize, out: &mut [f32]) {
        let (min, max) = lanes::min_max(window);
        if min == max {
            store.map(window, out, |_| 0.0);
        } else {
            let width = max - min;
            store.map(window, out, |x| ((x - min) / width) as f32);
        }
    }
}
