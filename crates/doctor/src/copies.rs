//! Blocks of bars that stand again at other times.

use std::collections::BTreeMap;

use barloom_market_data::{NO_TIME, utc_text};

use super::{Found, Of};

/// Bars of a block, at least: so many in a row are no chance.
const BARS: usize = 5;
/// Bars without a range, or like the one before, that a block may hold in a row.
const IDLE: usize = 100;
/// Shorter blocks that say nothing of chance yet.
const FEW: usize = 3;
/// Number of blocks that may be expected by chance.
const CHANCE: f64 = 0.01;

/// A block of bars and where it stands before.
struct Copy {
    row: usize,
    before: usize,
    rows: usize,
    /// Rows that count.
    bars: usize,
}

/// `copied_bars`: five bars or more in a row that stand before in their series, too, at other
/// times, with the same prices and volume. Bars without a range, or like the one before, do not
/// count. Where prices and volumes are coarse, single bars meet again by chance, and two in a row
/// at times: by how often, more bars are asked for, so that less than one block in a hundred series
/// is expected by chance. One place a block: its first bar.
pub(crate) fn find(of: &Of<'_>, found: &mut Found) {
    let bars = Bars::new(of);
    let ts = &of.raw.ts;
    let mut copies: Vec<Copy> = Vec::new();
    // Blocks that are too short, and those of them that are of more than one bar.
    let (mut short, mut several) = (0, 0);
    // Until where rows were compared with those so many before.
    let mut compared: BTreeMap<usize, usize> = BTreeMap::new();
    for (before, row) in bars.twins() {
        let distance = row - before;
        let until = compared.get(&distance).copied().unwrap_or(0);
        let is_in_copy = copies.last().is_some_and(|copy| row < copy.row + copy.rows);
        if row < until || is_in_copy || ts[row] == ts[before] {
            continue;
        }
        let (rows, count) = bars.common(before, row);
        compared.insert(distance, row + rows);
        if count >= BARS {
            copies.push(Copy { row, before, rows, bars: count });
        } else if count > 0 {
            short += 1;
            several += usize::from(count > 1);
        }
    }
    let enough = enough(short, several);
    for Copy { row, before, rows, bars } in copies {
        if bars < enough {
            continue;
        }
        let what = || {
            let origin = of.raw.origins.get(before);
            let unit = of.bars.files()[origin.file as usize].unit;
            format!(
                "{rows} bars from here on are those from {} on ({unit} {})",
                utc_text(ts[before]).as_deref().unwrap_or("no time"),
                origin.row
            )
        };
        found.warn(of, "copied_bars", row, what);
    }
}

/// The fewest bars of a block that counts, given the number of blocks that are too short and of
/// those among them with more than one bar: the share of the latter is the chance that a block goes
/// on.
fn enough(short: usize, several: usize) -> usize {
    if short <= FEW {
        return BARS;
    }
    let goes_on = (several as f64 + 0.5) / (short as f64 + 1.0);
    let mut bars = BARS;
    let mut expected = (1..BARS).fold(short as f64, |expected, _| expected * goes_on);
    while expected > CHANCE && bars < 1_000 {
        (bars, expected) = (bars + 1, expected * goes_on);
    }
    bars
}

/// The columns that are compared.
struct Bars<'a> {
    columns: Vec<&'a [f64]>,
    high: &'a [f64],
    low: &'a [f64],
    ts: &'a [i64],
}

impl<'a> Bars<'a> {
    fn new(of: &Of<'a>) -> Self {
        let prices = of.prices();
        let mut columns = prices.to_vec();
        columns.extend(of.raw.column("volume"));
        Self { columns, high: prices[1], low: prices[2], ts: &of.raw.ts }
    }

    fn is_same(&self, a: usize, b: usize) -> bool {
        self.columns.iter().all(|column| column[a].to_bits() == column[b].to_bits())
    }

    /// Tells whether a bar says something: it has a time and a range and is not the one before.
    fn counts(&self, row: usize) -> bool {
        self.high[row] > self.low[row]
            && self.ts[row] != NO_TIME
            && (row == 0 || !self.is_same(row, row - 1))
    }

    /// A hash of a bar.
    fn key(&self, row: usize) -> u64 {
        let mix = |key: u64, column: &&[f64]| {
            (key.rotate_left(23) ^ column[row].to_bits()).wrapping_mul(0x9e37_79b9_7f4a_7c15)
        };
        let key = self.columns.iter().fold(0, mix);
        key ^ (key >> 29)
    }

    /// Bars that count with the last one before each that is the same, in order.
    fn twins(&self) -> Vec<(usize, usize)> {
        let len = self.ts.len();
        // Few bars are there twice: what is there once goes first, by a bit for each hash.
        let bits = (16 * len.max(64)).next_power_of_two();
        let shift = 64 - bits.trailing_zeros();
        let (mut once, mut twice) = (vec![0_u64; bits / 64], vec![0_u64; bits / 64]);
        let rows = || (0..len).filter(|row| self.counts(*row));
        let place = |key: u64| {
            let bit = (key.wrapping_mul(0xd6e8_feb8_6659_fd93) >> shift) as usize;
            (bit / 64, 1_u64 << (bit % 64))
        };
        for row in rows() {
            let (word, bit) = place(self.key(row));
            twice[word] |= once[word] & bit;
            once[word] |= bit;
        }
        let mut keys: Vec<(u64, usize)> = rows().map(|row| (self.key(row), row)).collect();
        keys.retain(|(key, _)| {
            let (word, bit) = place(*key);
            twice[word] & bit != 0
        });
        keys.sort_unstable();
        let pairs = keys.windows(2).filter(|pair| pair[0].0 == pair[1].0);
        let pairs = pairs.map(|pair| (pair[0].1, pair[1].1));
        let mut twins: Vec<(usize, usize)> =
            pairs.filter(|(before, row)| self.is_same(*before, *row)).collect();
        twins.sort_unstable_by_key(|(_, row)| *row);
        twins
    }

    /// Counts the rows from two on that are the same, up to the second, and those of them that
    /// count.
    fn common(&self, before: usize, row: usize) -> (usize, usize) {
        let (mut rows, mut count, mut idle) = (0, 0, 0);
        let most = (row - before).min(self.ts.len() - row);
        while rows < most && idle < IDLE && self.is_same(before + rows, row + rows) {
            let counts = self.counts(row + rows);
            count += usize::from(counts);
            idle = if counts { 0 } else { idle + 1 };
            rows += 1;
        }
        (rows, count)
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{Bar, places, report};
    use super::*;

    /// Bars of a price that seldom comes back, of which some are put in the place of others.
    fn walk(n: usize) -> Vec<(Bar, u64)> {
        let mut random = 7_u64;
        let mut next = || {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            random >> 40
        };
        let wander = |bar: Bar| (bar.times(1.0 + next() as f64 / 1e9), next() + 1);
        Bar::walk(n).into_iter().map(wander).collect()
    }

    fn copy(bars: &mut [(Bar, u64)], from: usize, to: usize, count: usize) {
        for at in 0..count {
            let (bar, volume) = bars[from + at];
            let seconds = 60 * (to + at) as i64;
            bars[to + at] = (bar.at(seconds), volume);
        }
    }

    fn told(bars: &[(Bar, u64)], with_volume: bool) -> Vec<u32> {
        let prices: Vec<Bar> = bars.iter().map(|(bar, _)| *bar).collect();
        let header = if with_volume { ",volume" } else { "" };
        places(&report(header, &prices, |i| bars[i].1.to_string()), "copied_bars")
    }

    #[test]
    fn blocks_that_stand_again_are_told_by_their_first_bar() {
        for (from, to) in [(20, 25), (100, 20), (0, 190), (50, 195)] {
            let mut bars = walk(200);
            copy(&mut bars, from, to, 5);
            let later = from.max(to) as u32 + 2;
            assert_eq!((told(&bars, true), told(&bars, false)), (vec![later], vec![later]));
            let mut four = walk(200);
            copy(&mut four, from, to, 4);
            assert_eq!(told(&four, true), [0_u32; 0], "four are few");
        }
        let mut twice = walk(300);
        copy(&mut twice, 10, 100, 40);
        copy(&mut twice, 10, 200, 40);
        assert_eq!(told(&twice, true), [102, 202]);
        let whole = [walk(50), walk(50)].concat();
        let whole: Vec<(Bar, u64)> =
            whole.iter().enumerate().map(|(i, (bar, v))| (bar.at(60 * i as i64), *v)).collect();
        assert_eq!(told(&whole, true), [52]);
    }

    #[test]
    fn flat_constant_and_coarse_bars_are_not() {
        let none = [0_u32; 0];
        let flat = |i: usize| Bar::walk(1)[0].times(1.0 + (i / 40 % 2) as f64);
        let bars: Vec<(Bar, u64)> = (0..400).map(|i| (flat(i).at(60 * i as i64), 5)).collect();
        assert_eq!(told(&bars, true), none, "stretches that stand");
        // Prices of a few steps and volumes of one to three lots.
        let mut random = 3_u64;
        let mut next = |n: u64| {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (random >> 33) % n
        };
        let mut price = 50_i64;
        let coarse: Vec<(Bar, u64)> = (0..20_000)
            .map(|i| {
                price = (price + next(3) as i64 - 1).clamp(45, 55);
                let bar = Bar::walk(1)[0].times(price as f64);
                (bar.at(60 * i), 1 + next(3))
            })
            .collect();
        assert_eq!(told(&coarse, true), none, "by chance");
        assert_eq!(told(&coarse, false), none, "by chance, without volumes");
    }

    #[test]
    fn more_bars_are_asked_for_where_chance_is_more() {
        assert_eq!(enough(0, 0), 5);
        assert_eq!(enough(3, 3), 5);
        assert_eq!(enough(100, 1), 5);
        assert_eq!(enough(1_000, 100), 7);
        assert!(enough(1_000, 500) > 15 && enough(1_000, 1_000) == 1_000);
    }
}
