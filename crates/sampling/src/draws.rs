//! Many samples at once, as columns.

use crate::lanes::{self, LANES, Lanes, Words};
use crate::{PositionOrder, Sampler};

/// Columns that draws are written to, all of one length; the fields of [`Draw`](crate::Draw).
#[derive(Debug)]
#[expect(missing_docs, reason = "the fields are those of Draw")]
pub struct DrawsMut<'a> {
    pub rank: &'a mut [u64],
    pub equity: &'a mut [f64],
    pub balance: &'a mut [f64],
    pub position: &'a mut [i8],
    pub sl_dist: &'a mut [f64],
    pub tp_dist: &'a mut [f64],
    pub direction: &'a mut [i8],
    pub dollars: &'a mut [f64],
    pub stop: &'a mut [f64],
    pub target: &'a mut [f64],
}

/// As many draws as there are lanes.
struct Lot {
    rank: Words,
    equity: [f64; LANES],
    balance: [f64; LANES],
    position: [i8; LANES],
    sl_dist: [f64; LANES],
    tp_dist: [f64; LANES],
    direction: [i8; LANES],
    dollars: [f64; LANES],
    stop: [f64; LANES],
    target: [f64; LANES],
}

impl Sampler {
    /// Samples `[first, first + rows)`, where rows is the length of the columns: what
    /// [`draw`](Self::draw) gives for each, in less time. Made for the caller's instruction set.
    ///
    /// # Panics
    /// The columns are of different lengths.
    #[inline(always)]
    pub fn draws(&self, first: u64, out: &mut DrawsMut<'_>) {
        self.draws_by(|row| first.wrapping_add(row as u64), out);
    }

    /// These samples, in this order: as [`draws`](Self::draws) for each.
    ///
    /// # Panics
    /// The columns are not as long as the list.
    #[inline(always)]
    pub fn draws_of(&self, samples: &[u64], out: &mut DrawsMut<'_>) {
        assert_eq!(samples.len(), out.rank.len(), "a row for each sample");
        // What lanes past the last row draw is not stored.
        self.draws_by(|row| samples.get(row).copied().unwrap_or(0), out);
    }

    /// The ranks alone of samples `[first, first + rows)`, as [`draws`](Self::draws) gives them.
    #[inline(always)]
    pub fn ranks(&self, first: u64, rank: &mut [u64]) {
        self.ranks_by(|row| first.wrapping_add(row as u64), rank);
    }

    /// The ranks alone of these samples, in this order.
    ///
    /// # Panics
    /// The column is not as long as the list.
    #[inline(always)]
    pub fn ranks_of(&self, samples: &[u64], rank: &mut [u64]) {
        assert_eq!(samples.len(), rank.len(), "a row for each sample");
        self.ranks_by(|row| samples.get(row).copied().unwrap_or(0), rank);
    }

    #[inline(always)]
    fn ranks_by(&self, sample: impl Fn(usize) -> u64, rank: &mut [u64]) {
        for (lot, out) in rank.chunks_mut(LANES).enumerate() {
            let mut states = [0; LANES];
            for (lane, i) in states.iter_mut().enumerate() {
                *i = sample(lot * LANES + lane) / self.actions_per_state;
            }
            let word = match self.order {
                PositionOrder::Random => Lanes::of(self.streams, &states).next(),
                // The number that it would draw is not used.
                PositionOrder::Sequential => states,
            };
            store(out, &self.rank(&word, &states));
        }
    }

    /// The ranks of states, whose generators gave these numbers.
    #[inline(always)]
    fn rank(&self, word: &Words, states: &Words) -> Words {
        match self.order {
            PositionOrder::Random => lanes::below(word, self.positions),
            PositionOrder::Sequential => {
                let mut rank = *states;
                for rank in &mut rank {
                    *rank %= self.positions;
                }
                rank
            }
        }
    }

    #[inline(always)]
    fn draws_by(&self, sample: impl Fn(usize) -> u64, out: &mut DrawsMut<'_>) {
        let rows = out.rank.len();
        let mut row = 0;
        while row < rows {
            let mut samples = [0; LANES];
            for (lane, i) in samples.iter_mut().enumerate() {
                *i = sample(row + lane);
            }
            let lot = self.lot(samples);
            let end = rows.min(row + LANES);
            macro_rules! store {
                ($($name:ident),*) => { $(store(&mut out.$name[row..end], &lot.$name);)* };
            }
            store!(
                rank, equity, balance, position, sl_dist, tp_dist, direction, dollars, stop, target
            );
            row = end;
        }
    }

    #[inline(always)]
    fn lot(&self, samples: Words) -> Lot {
        let s = &self.settings;
        let k = self.actions_per_state;
        let mut states = samples;
        if k != 1 {
            for state in &mut states {
                *state /= k;
            }
        }
        let mut rng = Lanes::of(self.streams, &states);

        let rank = self.rank(&rng.next(), &states);
        let equity = s.equity.values(&rng.next());
        let offset = s.balance_offset.values(&rng.next());
        let mut balance = equity;
        for (balance, offset) in balance.iter_mut().zip(&offset) {
            *balance -= offset;
        }
        let position = s.position.values(&rng.next());
        let sl_dist = s.sl_dist.values(&rng.next());
        let tp_dist = s.tp_dist.values(&rng.next());

        if !self.grid.is_empty() {
            let (mut direction, mut dollars) = ([0; LANES], [0.0; LANES]);
            let (mut stop, mut target) = ([0.0; LANES], [0.0; LANES]);
            for lane in 0..LANES {
                let listed = self.listed(samples[lane], states[lane]);
                let Some(action) = listed else { unreachable!("below the number of actions") };
                direction[lane] = action.direction;
                dollars[lane] = action.dollars;
                stop[lane] = action.stop;
                target[lane] = action.target;
            }
            return Lot {
                rank,
                equity,
                balance,
                position,
                sl_dist,
                tp_dist,
                direction,
                dollars,
                stop,
                target,
            };
        }
        if k != 1 {
            rng = Lanes::of(self.streams, &samples);
            for _ in 0..6 {
                rng.next();
            }
        }
        let direction = s.act_dir.values(&rng.next());
        let mut dollars = s.act_dollar.values(&rng.next());
        let mut stop = s.act_sl.values(&rng.next());
        let mut target = s.act_tp.values(&rng.next());
        for lane in 0..LANES {
            if direction[lane] == 0 {
                dollars[lane] = 0.0;
                stop[lane] = 0.0;
                target[lane] = 0.0;
            }
        }
        Lot { rank, equity, balance, position, sl_dist, tp_dist, direction, dollars, stop, target }
    }
}

/// Stores the values of all lanes, or of the first where fewer rows are left.
#[inline(always)]
fn store<T: Copy>(out: &mut [T], lot: &[T; LANES]) {
    if let Some(out) = out.first_chunk_mut::<LANES>() {
        *out = *lot;
    } else {
        out.copy_from_slice(&lot[..out.len()]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Draw, Real, SamplingSettings};
    use proptest::prelude::*;

    fn drawn(sampler: &Sampler, first: u64, rows: usize) -> Vec<Draw> {
        let mut rank = vec![0; rows];
        let mut reals = vec![vec![0.0; rows]; 7];
        let mut signs = vec![vec![0; rows]; 2];
        let [equity, balance, sl_dist, tp_dist, dollars, stop, target] = &mut reals[..] else {
            unreachable!("seven")
        };
        let [position, direction] = &mut signs[..] else { unreachable!("two") };
        let mut out = DrawsMut {
            rank: &mut rank,
            equity,
            balance,
            position,
            sl_dist,
            tp_dist,
            direction,
            dollars,
            stop,
            target,
        };
        sampler.draws(first, &mut out);
        (0..rows)
            .map(|row| Draw {
                rank: out.rank[row],
                equity: out.equity[row],
                balance: out.balance[row],
                position: out.position[row],
                sl_dist: out.sl_dist[row],
                tp_dist: out.tp_dist[row],
                direction: out.direction[row],
                dollars: out.dollars[row],
                stop: out.stop[row],
                target: out.target[row],
            })
            .collect()
    }

    proptest! {
        #[test]
        fn many_are_what_each_is_alone(
            seed: u64,
            part in prop::option::of(0..3_u32),
            k in 1..5_u64,
            sequential: bool,
            positions in prop_oneof![1..1_000_000_u64, Just(u64::MAX)],
            first in 0..1_u64 << 61,
            rows in 0..150_usize,
            choice: bool,
            grid: bool,
        ) {
            let order =
                if sequential { PositionOrder::Sequential } else { PositionOrder::Random };
            let mut settings = SamplingSettings::default();
            if choice {
                settings.act_sl = Real::Choice(vec![0.01, 0.02, 0.05]);
                settings.equity = Real::Constant(5e4);
            }
            let mut k = k;
            if grid {
                settings.actions = crate::ActionSource::Grid;
                settings.act_dollar = Real::Choice((1..=k).map(|x| x as f64).collect());
                settings.act_sl = Real::Constant(0.02);
                settings.act_tp = Real::Choice(vec![0.01, 0.02, 0.05]);
                k = 1;
            }
            let sampler = Sampler::new(&settings, seed, part, k, order, positions).unwrap();
            let alone: Vec<Draw> = (first..first + rows as u64).map(|i| sampler.draw(i)).collect();
            for (i, draw) in (first..).zip(&alone).filter(|one| one.1.direction != 0) {
                prop_assert_eq!(sampler.dollars(i), draw.dollars);
            }
            let ranks: Vec<u64> = alone.iter().map(|draw| draw.rank).collect();
            prop_assert_eq!(drawn(&sampler, first, rows), alone);
            let (mut range, mut listed) = (vec![7; rows], vec![7; rows]);
            sampler.ranks(first, &mut range);
            prop_assert_eq!(&range, &ranks);
            let samples: Vec<u64> = (first..first + rows as u64).rev().collect();
            sampler.ranks_of(&samples, &mut listed);
            listed.reverse();
            prop_assert_eq!(&listed, &ranks);
        }
    }
}
