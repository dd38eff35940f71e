//! Columns made ready for scaling, and the scaling of a window.

use barloom_memory::SharedColumn;
use barloom_scaling::{self as scaling, ChannelScaler};
use barloom_windows::{Places, PlainStore, Scale, Store, cut, cut_ordered};

use crate::Channel;

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
                .map(|x| scaling::ln(*x))
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

/// Runs a cut with the scaler of a channel and the values that it keeps.
macro_rules! cut_with {
    ($channel:ident, $reference:ident, |$scale:ident, $values:ident| $cut:expr) => {
        match &$channel.values {
            Values::Single($values) => match $channel.scaler {
                ChannelScaler::LastClose => {
                    let $scale = OverClose { close: &$reference.close };
                    $cut
                }
                ChannelScaler::Log1pLast => {
                    let $scale = OverLast;
                    $cut
                }
                ChannelScaler::Last => {
                    let $scale = OverOwnLast;
                    $cut
                }
                _ => {
                    let $scale = Copied;
                    $cut
                }
            },
            Values::Double($values) => match $channel.scaler {
                ChannelScaler::LogReturn => {
                    let $scale = LessClose { ln_close: &$reference.ln_close };
                    $cut
                }
                ChannelScaler::Zscore => {
                    let $scale = Zscore;
                    $cut
                }
                _ => {
                    let $scale = Minmax;
                    $cut
                }
            },
        }
    };
}

impl PreparedChannel {
    /// Prepares a column, one value a row.
    #[must_use]
    pub fn new(scaler: ChannelScaler, column: &[f64]) -> Self {
        let single = |f: fn(f64) -> f32| column.iter().map(|x| f(*x)).collect();
        let double = |f: fn(f64) -> f64| column.iter().map(|x| f(*x)).collect();
        let values = match scaler {
            ChannelScaler::LastClose | ChannelScaler::None | ChannelScaler::Last => {
                Values::Single(single(|x| x as f32))
            }
            ChannelScaler::Log1pLast => Values::Single(single(scaling::log1p)),
            ChannelScaler::LogReturn => Values::Double(double(scaling::ln)),
            ChannelScaler::Zscore | ChannelScaler::Minmax => {
                Values::Double(double(scaling::unsigned_zero))
            }
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
    /// [`scale`](Self::scale) gives for each, stored through `store`. `fetch` gets memory that
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
        cut_with!(self, reference, |scale, values| cut(scale, store, fetch, values, rows, out));
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
        cut_with!(self, reference, |scale, values| cut_ordered(
            scale, store, fetch, values, rows, order, out
        ));
    }
}

/// Scales the window of bars that lie apart from a market, as backends scale those of a market:
/// `[C, L]` into `out`. `columns` has for each channel the L values of its bars, oldest first, as
/// [`Channel::value`] gives them, and `close` their closes.
///
/// # Panics
/// A column has another length than `close`, or `out` another than all columns.
pub fn scale_window(channels: &[Channel], columns: &[&[f64]], close: &[f64], out: &mut [f32]) {
    let lookback = close.len();
    assert_eq!(out.len(), channels.len() * lookback, "a value for each channel and bar");
    let scalers: Vec<ChannelScaler> = channels.iter().map(|channel| channel.scaler).collect();
    let reference = Reference::new(close, &scalers);
    for ((scaler, column), out) in scalers.iter().zip(columns).zip(out.chunks_mut(lookback)) {
        PreparedChannel::new(*scaler, column).scale(&reference, lookback, out);
    }
}

#[derive(Clone, Copy)]
struct OverClose<'a> {
    close: &'a [f32],
}

impl Scale for OverClose<'_> {
    type Value = f32;

    #[inline(always)]
    fn fetch(self, fetch: impl Fn(&[u8]), row: usize) {
        fetch(bytemuck::cast_slice(&self.close[row - 1..row]));
    }

    #[inline(always)]
    fn scale(self, store: impl Store, window: &[f32], row: usize, out: &mut [f32]) {
        let close = self.close[row - 1];
        store.map(window, out, |x| scaling::over(x, close));
    }
}

#[derive(Clone, Copy)]
struct OverLast;

impl Scale for OverLast {
    type Value = f32;

    #[inline(always)]
    fn scale(self, store: impl Store, window: &[f32], _: usize, out: &mut [f32]) {
        let by = scaling::log1p_divisor(window[window.len() - 1]);
        store.map(window, out, |x| scaling::over(x, by));
    }
}

#[derive(Clone, Copy)]
struct OverOwnLast;

impl Scale for OverOwnLast {
    type Value = f32;

    #[inline(always)]
    fn scale(self, store: impl Store, window: &[f32], _: usize, out: &mut [f32]) {
        let by = scaling::last_divisor(window[window.len() - 1]);
        store.map(window, out, |x| scaling::over(x, by));
    }
}

#[derive(Clone, Copy)]
struct Copied;

impl Scale for Copied {
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

impl Scale for LessClose<'_> {
    type Value = f64;

    #[inline(always)]
    fn fetch(self, fetch: impl Fn(&[u8]), row: usize) {
        fetch(bytemuck::cast_slice(&self.ln_close[row - 1..row]));
    }

    #[inline(always)]
    fn scale(self, store: impl Store, window: &[f64], row: usize, out: &mut [f32]) {
        let ln_close = self.ln_close[row - 1];
        store.map(window, out, |x| scaling::less(x, ln_close));
    }
}

#[derive(Clone, Copy)]
struct Zscore;

impl Scale for Zscore {
    type Value = f64;

    #[inline(always)]
    fn scale(self, store: impl Store, window: &[f64], _: usize, out: &mut [f32]) {
        match scaling::moments(window) {
            None => store.map(window, out, |_| 0.0),
            Some((mean, std)) => store.map(window, out, |x| scaling::standard(x, mean, std)),
        }
    }
}

#[derive(Clone, Copy)]
struct Minmax;

impl Scale for Minmax {
    type Value = f64;

    #[inline(always)]
    fn scale(self, store: impl Store, window: &[f64], _: usize, out: &mut [f32]) {
        match scaling::extent(window) {
            None => store.map(window, out, |_| 0.0),
            Some((min, width)) => store.map(window, out, |x| scaling::within(x, min, width)),
        }
    }
}
