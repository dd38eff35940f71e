//! The order of an epoch: a bijection of its numbers, without a table of them.

use rand_core::{Rng, SeedableRng};
use rand_xoshiro::{SplitMix64, Xoshiro256PlusPlus};

/// Rounds of the network at most.
const MOST_ROUNDS: usize = 32;

/// Rounds for numbers of so many bits. Six look random to statistical tests of many numbers; the
/// fewer there are, the fewer ways a round has to permute them.
fn rounds(bits: u32) -> usize {
    match bits {
        0..=8 => MOST_ROUNDS,
        9..=16 => 12,
        _ => 6,
    }
}

/// Numbers that are permuted side by side.
const LANES: usize = 64;

/// The order in which the numbers `0..count` are visited in one epoch.
///
/// A Feistel network (Luby and Rackoff, 1988) permutes the numbers below the next power of two;
/// one that it takes to `count` or above goes through it again until it is below, which leaves a
/// permutation of `0..count` (cycle walking: Black and Rogaway, 2002). So place i of the order is
/// known without the ones before, from (seed, epoch, i) alone.
#[derive(Clone, Copy, Debug)]
pub struct Order {
    count: u64,
    network: Option<Network>,
}

#[derive(Clone, Copy, Debug)]
struct Network {
    keys: [u64; MOST_ROUNDS],
    rounds: usize,
    /// Bits of the left and right halves.
    left: u32,
    right: u32,
}

impl Order {
    /// Gives the numbers one after the other.
    #[must_use]
    pub fn sequential(count: u64) -> Self {
        Self { count, network: None }
    }

    /// Shuffled by a seed, another way each epoch.
    #[must_use]
    pub fn shuffled(count: u64, seed: u64, epoch: u64) -> Self {
        let base = SplitMix64::seed_from_u64(seed).next_u64() ^ epoch;
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(base);
        let bits = (u64::BITS - count.saturating_sub(1).leading_zeros()).max(2);
        let left = bits / 2;
        let keys = std::array::from_fn(|_| rng.next_u64());
        let network = Network { keys, rounds: rounds(bits), left, right: bits - left };
        Self { count, network: Some(network) }
    }

    /// Count of the numbers.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.count
    }

    /// The number in place `place`.
    ///
    /// # Panics
    /// There is no such place.
    #[must_use]
    pub fn at(&self, place: u64) -> u64 {
        assert!(place < self.count, "place {place} of {}", self.count);
        let Some(network) = &self.network else { return place };
        let mut number = network.permuted(place);
        while number >= self.count {
            number = network.permuted(number);
        }
        number
    }

    /// The numbers in places from `first` on.
    ///
    /// # Panics
    /// There are no such places.
    pub fn fill(&self, first: u64, out: &mut [u64]) {
        let end = first.saturating_add(out.len() as u64);
        assert!(end <= self.count, "places {first}..{end} of {}", self.count);
        for (place, number) in (first..).zip(&mut *out) {
            *number = place;
        }
        let Some(network) = &self.network else { return };
        for numbers in out.chunks_mut(LANES) {
            // Those to permute once more, and where they are.
            let (mut walking, mut places) = ([0; LANES], [0; LANES]);
            let mut count = numbers.len();
            walking[..count].copy_from_slice(numbers);
            places.iter_mut().enumerate().for_each(|(i, place)| *place = i);
            while count > 0 {
                network.permute(&mut walking[..count]);
                let mut again = 0;
                for i in 0..count {
                    let (number, place) = (walking[i], places[i]);
                    numbers[place] = number;
                    (walking[again], places[again]) = (number, place);
                    again += usize::from(number >= self.count);
                }
                count = again;
            }
        }
    }
}

impl Network {
    fn permuted(&self, number: u64) -> u64 {
        let mut numbers = [number];
        self.permute(&mut numbers);
        numbers[0]
    }

    /// Permutes each of at most [`LANES`] numbers, round by round of all of them.
    fn permute(&self, numbers: &mut [u64]) {
        let right_bits = self.right;
        let (left_mask, right_mask) = ((1_u64 << self.left) - 1, (1_u64 << right_bits) - 1);
        let (mut left, mut right) = ([0; LANES], [0; LANES]);
        let (left, right) = (&mut left[..numbers.len()], &mut right[..numbers.len()]);
        for ((left, right), number) in left.iter_mut().zip(&mut *right).zip(&*numbers) {
            (*left, *right) = (number >> right_bits, number & right_mask);
        }
        for pair in self.keys[..self.rounds].as_chunks::<2>().0 {
            for (left, right) in left.iter_mut().zip(&*right) {
                *left ^= mixed(*right, pair[0]) & left_mask;
            }
            for (left, right) in left.iter().zip(&mut *right) {
                *right ^= mixed(*left, pair[1]) & right_mask;
            }
        }
        for ((left, right), number) in left.iter().zip(&*right).zip(numbers) {
            *number = (left << right_bits) | right;
        }
    }
}

/// A keyed function of at most 32 bits: both halves of a product of 64 bits depend on all of them.
#[inline(always)]
fn mixed(half: u64, key: u64) -> u64 {
    let low = (half ^ key) & u64::from(u32::MAX);
    let product = low.wrapping_mul(0x9E37_79B1).wrapping_add(key >> 32);
    let folded = (product ^ (product >> 32)) & u64::from(u32::MAX);
    let again = folded.wrapping_mul(0x85EB_CA77);
    again ^ (again >> 29)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn every_number_once(count in 1..5_000_u64, seed: u64, epoch in 0..1_000_u64) {
            let order = Order::shuffled(count, seed, epoch);
            let mut seen = vec![false; count as usize];
            for place in 0..count {
                let number = order.at(place) as usize;
                prop_assert!(!std::mem::replace(&mut seen[number], true), "{number} twice");
            }
        }

        #[test]
        fn in_range_however_many(count in 1..=1_u64 << 62, seed: u64, place: u64) {
            let order = Order::shuffled(count, seed, 0);
            prop_assert!(order.at(place % count) < count);
        }

        #[test]
        fn filled_is_one_by_one(
            count in 1..100_000_u64,
            first: u64,
            len in 0..300_usize,
            seed in prop::option::of(any::<u64>()),
        ) {
            let order = seed.map_or(Order::sequential(count), |s| Order::shuffled(count, s, 3));
            let first = first % count;
            let mut out = vec![0; len.min((count - first) as usize)];
            order.fill(first, &mut out);
            for (place, number) in (first..).zip(out) {
                prop_assert_eq!(order.at(place), number);
            }
        }
    }

    /// Pearson's statistic of counts that should all be the same.
    fn chi_square(counts: &[u64]) -> f64 {
        let expected = counts.iter().sum::<u64>() as f64 / counts.len() as f64;
        let term = |count: &u64| {
            let apart = *count as f64 - expected;
            apart * apart / expected
        };
        counts.iter().map(term).sum()
    }

    /// The value that the statistic exceeds once in a million, about (Wilson and Hilferty, 1931).
    fn critical(degrees: usize) -> f64 {
        let k = degrees as f64;
        let root = 1.0 - 2.0 / (9.0 * k) + 4.75 * (2.0 / (9.0 * k)).sqrt();
        k * root * root * root
    }

    #[test]
    fn small_orders_are_all_as_likely() {
        // Of five numbers there are 120 orders.
        let mut counts = [0_u64; 120];
        for epoch in 0..60_000 {
            let order = Order::shuffled(5, 11, epoch);
            let mut left: Vec<u64> = (0..5).collect();
            let mut code = 0;
            for place in 0..5 {
                let number = order.at(place);
                let at = left.iter().position(|n| *n == number).expect("each once");
                code = code * left.len() + at;
                left.remove(at);
            }
            counts[code] += 1;
        }
        let statistic = chi_square(&counts);
        assert!(statistic < critical(119), "{statistic}");
    }

    #[test]
    fn neighbours_are_strangers() {
        for (count, seed) in [(1_000_u64, 1), (65_536, 2), (100_003, 3), (1 << 40, 4)] {
            let order = Order::shuffled(count, seed, 7);
            let places = count.min(100_000);
            // Where a number goes, and where the next one goes, in sixteenths.
            let sixteenth = |n: u64| (u128::from(n) * 16 / u128::from(count)) as usize;
            let (mut single, mut pairs) = ([0_u64; 16], [0_u64; 256]);
            for place in 0..places - 1 {
                let (a, b) = (sixteenth(order.at(place)), sixteenth(order.at(place + 1)));
                single[a] += 1;
                pairs[a * 16 + b] += 1;
            }
            assert!(chi_square(&single) < critical(15), "{count}: {single:?}");
            assert!(chi_square(&pairs) < critical(255), "{count}: {pairs:?}");
        }
    }

    #[test]
    fn epochs_and_seeds_have_orders_of_their_own() {
        let count = 10_000;
        let same = |a: Order, b: Order| (0..count).filter(|i| a.at(*i) == b.at(*i)).count();
        let order = Order::shuffled(count, 5, 0);
        // Two random orders agree in one place on average.
        for other in [Order::shuffled(count, 5, 1), Order::shuffled(count, 6, 0)] {
            assert!(same(order, other) < 12);
        }
        assert_eq!(same(order, Order::shuffled(count, 5, 0)), count as usize);
    }

    /// The orders of today are those of tomorrow: a state that was saved is resumed in them.
    #[test]
    fn goldens() {
        let ten = |seed, epoch| {
            let order = Order::shuffled(1_000, seed, epoch);
            (0..10).map(|i| order.at(i)).collect::<Vec<_>>()
        };
        // Of a program in Python that was written from the description.
        assert_eq!(ten(0, 0), [663, 161, 858, 157, 435, 36, 370, 472, 856, 483]);
        assert_eq!(ten(42, 7), [659, 604, 573, 9, 651, 887, 774, 886, 520, 762]);
        let trillion = Order::shuffled(1_000_000_000_000, 42, 1);
        let expected = [241_687_015_098, 129_142_625_581, 35_259_942_533, 673_414_184_619];
        assert_eq!([0, 1, 2, 3].map(|i| trillion.at(i)), expected);
        let seven = Order::shuffled(7, 1, 2);
        assert_eq!([0, 1, 2, 3, 4, 5, 6].map(|i| seven.at(i)), [0, 6, 1, 2, 4, 3, 5]);
    }
}
