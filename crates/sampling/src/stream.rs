//! The numbers that sample i draws.

use rand_core::SeedableRng;
use rand_xoshiro::Xoshiro256PlusPlus;

/// Samples of one part are numbered below this: 2^62. Beyond it seeds would come round.
pub const MAX_SAMPLES: u64 = 1 << 62;

/// Four times SplitMix64's golden gamma, modulo 2^64. A generator's four state words are
/// SplitMix64's outputs at seed + 1, 2, 3 and 4 gammas, so seeds this far apart share none.
const STRIDE: u64 = 0x78DD_E6E5_FD29_F054;

/// The streams of one part of one seed: one generator a sample.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Streams {
    base: u64,
}

impl Streams {
    /// Part 0 of a split draws what the whole would draw without one.
    pub(crate) fn new(seed: u64, part: Option<u32>) -> Self {
        let base = match part {
            None | Some(0) => mix(seed),
            Some(part) => mix(mix(seed) ^ u64::from(part)),
        };
        Self { base }
    }

    /// The generator of sample `i`.
    #[inline]
    pub(crate) fn of(self, i: u64) -> Xoshiro256PlusPlus {
        Xoshiro256PlusPlus::seed_from_u64(self.seed(i))
    }

    /// The seed of sample `i`'s generator.
    #[inline(always)]
    pub(crate) fn seed(self, i: u64) -> u64 {
        self.base.wrapping_add(i.wrapping_mul(STRIDE))
    }
}

/// SplitMix64's output function, without its step.
#[inline(always)]
pub(crate) fn mix(z: u64) -> u64 {
    let z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// An integer in `0..k`: the high 64 bits of `u * k`.
#[inline]
pub(crate) fn below(u: u64, k: u64) -> u64 {
    ((u128::from(u) * u128::from(k)) >> 64) as u64
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand_core::Rng;

    #[test]
    fn part_zero_is_the_whole() {
        assert_eq!(Streams::new(7, None), Streams::new(7, Some(0)));
        assert_ne!(Streams::new(7, None), Streams::new(7, Some(1)));
    }

    #[test]
    fn the_stride_is_four_gammas() {
        assert_eq!(0x9E37_79B9_7F4A_7C15_u64.wrapping_mul(4), STRIDE);
        let mut words: Vec<u64> =
            (0..100).map(|i| Streams::new(1, None).of(i).next_u64()).collect();
        words.sort_unstable();
        words.dedup();
        assert_eq!(words.len(), 100);
    }

    #[test]
    fn below_covers_its_range_evenly() {
        assert_eq!([0, u64::MAX].map(|u| below(u, 1)), [0, 0]);
        assert_eq!([0, 1 << 63, u64::MAX].map(|u| below(u, 10)), [0, 5, 9]);
        assert_eq!(below(u64::MAX, u64::MAX), u64::MAX - 1);
    }
}
