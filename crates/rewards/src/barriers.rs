//! The stop and the target of a trade, and the rule by which a bar reaches them.
//!
//! Prices are decimal numbers and barriers are computed: 10% above 100 is 110.00000000000001, which
//! a high of 110 never meets. So a bar reaches a barrier `b` if it comes within `b * 2^-40` of it,
//! 1e-12 of the price: more than rounding, less than any tick. [`BarrierPrices::new`] turns the
//! rule into two levels, and everything that looks for touches compares with these: the records
//! that say whether a trade can touch a barrier, the search for the bar, the tests of a bar's open.

/// The bits of [`TOUCH`].
const TOUCH_BITS: u64 = 0x3D70_0000_0000_0000;

/// The distance from a barrier at which a bar reaches it, as a fraction of the barrier: 2^-40.
pub const TOUCH: f64 = f64::from_bits(TOUCH_BITS);

/// The barriers of one trade.
#[derive(Clone, Copy, Debug)]
pub struct BarrierPrices {
    /// Price of the stop.
    pub stop: f64,
    /// Price of the target.
    pub target: f64,
    /// The highest price that reaches the lower barrier.
    pub down: f64,
    /// The lowest price that reaches the upper barrier.
    pub up: f64,
    /// True if the trade is long: its stop is the lower barrier.
    pub long: bool,
}

impl BarrierPrices {
    /// The barriers of a trade that enters at `entry`. `stop` and `target` are distances as
    /// fractions of the entry price; an infinite one is never reached.
    #[must_use]
    #[inline(always)]
    pub fn new(entry: f64, direction: i8, stop: f64, target: f64) -> Self {
        let s = f64::from(direction);
        let (stop, target) = (entry * (1.0 - s * stop), entry * (1.0 + s * target));
        let long = s > 0.0;
        let (lower, upper) = if long { (stop, target) } else { (target, stop) };
        // Both factors are exact, so a level is rounded once, and an infinite one stays infinite.
        Self { stop, target, down: lower * (1.0 + TOUCH), up: upper * (1.0 - TOUCH), long }
    }

    /// Tells whether prices from `low` to `high` reach the stop, and whether they reach the target.
    #[must_use]
    #[inline(always)]
    pub fn reached(&self, low: f64, high: f64) -> (bool, bool) {
        let (down, up) = (low <= self.down, high >= self.up);
        if self.long { (down, up) } else { (up, down) }
    }
}
