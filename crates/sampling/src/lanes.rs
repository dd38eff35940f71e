//! Generators side by side: the same numbers as each alone, several at once.
//!
//! Loops over arrays of [`LANES`] become vector instructions, of whatever set the caller is
//! compiled for. Integer arithmetic and the conversions here are exact, so the set cannot be seen.

use crate::stream::{Streams, mix};

/// Generators side by side: more than a vector holds, so that these are loops, not scalars.
pub(crate) const LANES: usize = 64;

/// A number of each generator.
pub(crate) type Words = [u64; LANES];

/// The increment of SplitMix64.
const GAMMA: u64 = 0x9E37_79B9_7F4A_7C15;

/// [`Xoshiro256PlusPlus`](rand_xoshiro::Xoshiro256PlusPlus) for as many samples.
pub(crate) struct Lanes {
    state: [Words; 4],
}

impl Lanes {
    /// The generators of these samples.
    #[inline(always)]
    pub(crate) fn of(streams: Streams, samples: &Words) -> Self {
        let mut state = [[0; LANES]; 4];
        for (word, words) in (1..).zip(&mut state) {
            for (out, i) in words.iter_mut().zip(samples) {
                *out = mix(streams.seed(*i).wrapping_add(GAMMA.wrapping_mul(word)));
            }
        }
        Self { state }
    }

    /// The next number of each.
    #[inline(always)]
    pub(crate) fn next(&mut self) -> Words {
        let [s0, s1, s2, s3] = &mut self.state;
        let mut out = [0; LANES];
        for lane in 0..LANES {
            out[lane] = s0[lane].wrapping_add(s3[lane]).rotate_left(23).wrapping_add(s0[lane]);
            let t = s1[lane] << 17;
            s2[lane] ^= s0[lane];
            s3[lane] ^= s1[lane];
            s1[lane] ^= s2[lane];
            s0[lane] ^= s3[lane];
            s2[lane] ^= t;
            s3[lane] = s3[lane].rotate_left(45);
        }
        out
    }
}

/// [`below`](crate::stream::below) in each lane.
#[inline(always)]
pub(crate) fn below(words: &Words, k: u64) -> Words {
    let mut out = [0; LANES];
    if k <= u64::from(u32::MAX) {
        // In two halves, as vectors multiply 32 bits by 32.
        for (out, u) in out.iter_mut().zip(words) {
            let (high, low) = (u >> 32, u & u64::from(u32::MAX));
            *out = (high * k + ((low * k) >> 32)) >> 32;
        }
    } else {
        for (out, u) in out.iter_mut().zip(words) {
            *out = crate::stream::below(*u, k);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rand_core::Rng;

    proptest! {
        #[test]
        fn lanes_are_generators_alone(seed: u64, samples: [u64; LANES]) {
            let streams = Streams::new(seed, None);
            let mut lanes = Lanes::of(streams, &samples);
            let mut alone = samples.map(|i| streams.of(i));
            for _ in 0..20 {
                let words = alone.each_mut().map(Rng::next_u64);
                prop_assert_eq!(lanes.next(), words);
            }
        }

        #[test]
        fn below_is_the_high_half(words: [u64; LANES], k in 1..=u64::MAX, bits in 0..64_u32) {
            let k = (k >> bits).max(1);
            prop_assert_eq!(below(&words, k), words.map(|u| crate::stream::below(u, k)));
        }
    }
}
