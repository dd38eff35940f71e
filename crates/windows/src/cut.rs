//! The loop that cuts windows out of columns, for any order of rows, any places and any use of
//! their values.
//!
//! All of it is `#[inline(always)]`, so that it is compiled for the instruction set of its caller.

/// Cuts the window of `values` before each of `rows`, one after the other, to its place. `fetch` is
/// told memory that will be read soon, and may do nothing. An empty window is left out.
///
/// # Panics
/// A window is not within the values, or `out` has no room for a window of each row.
#[inline(always)]
pub fn cut<S: Scale>(
    scale: S,
    store: impl Store,
    fetch: impl Fn(&[u8]),
    values: &[S::Value],
    rows: &[usize],
    out: Places<'_>,
) {
    each(scale, store, fetch, InTurn(rows), values, out);
}

/// As [`cut`], taking the rows in another order: `order` holds numbers of rows, and windows that
/// are close to each other are cheap one after the other.
///
/// # Panics
/// As [`cut`], and where a number is not below that of the rows.
#[inline(always)]
pub fn cut_ordered<S: Scale>(
    scale: S,
    store: impl Store,
    fetch: impl Fn(&[u8]),
    values: &[S::Value],
    rows: &[usize],
    order: &[u32],
    out: Places<'_>,
) {
    each(scale, store, fetch, Ordered { rows, order }, values, out);
}

/// The use of the values of one window: a scaler.
///
/// Implementations are methods, not closures, and must be `#[inline(always)]`, to be made for the
/// instruction set of whoever calls.
pub trait Scale: Copy {
    /// A value of the column that windows are cut out of.
    type Value: bytemuck::NoUninit;

    /// Tells `fetch` what else than the window before `row` will be read.
    #[inline(always)]
    fn fetch(self, _fetch: impl Fn(&[u8]), _row: usize) {}

    /// Stores what becomes of the window `[row - window.len(), row)`, oldest bar first, in `out`.
    fn scale(self, store: impl Store, window: &[Self::Value], row: usize, out: &mut [f32]);
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
fn each<S: Scale>(
    scale: S,
    store: impl Store,
    fetch: impl Fn(&[u8]),
    turns: impl Turns,
    values: &[S::Value],
    mut out: Places<'_>,
) {
    let lookback = out.lookback;
    if lookback == 0 {
        return;
    }
    let ahead = |k: usize| {
        let (_, row) = turns.at(k);
        fetch(bytemuck::cast_slice(&values[row - lookback..row]));
        scale.fetch(&fetch, row);
    };
    let count = turns.len();
    (0..count.min(AHEAD)).for_each(ahead);
    for k in 0..count {
        if k + AHEAD < count {
            ahead(k + AHEAD);
        }
        let (place, row) = turns.at(k);
        scale.scale(store, &values[row - lookback..row], row, out.of(place));
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
