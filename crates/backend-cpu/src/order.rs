//! The order in which a tile's windows are cut.

/// Buckets that rows are sorted into: few enough that their counts stay in the first cache.
const BUCKETS: usize = 4_096;

/// Puts places in `rows` into `order`, so that the rows come in ascending order but for those close
/// to each other.
///
/// One pass of a counting sort: O(rows). `rows` are fewer than 2^32.
pub(crate) fn by_row(rows: &[usize], order: &mut Vec<u32>) {
    let least = rows.iter().copied().min().unwrap_or(0);
    let greatest = rows.iter().copied().max().unwrap_or(0);
    let width = (greatest - least) / BUCKETS + 1;
    let shift = width.next_power_of_two().ilog2();
    let mut places = [0_u32; BUCKETS + 1];
    for row in rows {
        places[((row - least) >> shift) + 1] += 1;
    }
    let mut before = 0;
    for place in &mut places {
        before += *place;
        *place = before;
    }
    order.resize(rows.len(), 0);
    for (i, row) in rows.iter().enumerate() {
        let place = &mut places[(row - least) >> shift];
        order[*place as usize] = i as u32;
        *place += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::by_row;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn each_place_once_and_rows_nearly_ascending(
            rows in prop::collection::vec(0..1_000_000_usize, 0..3_000),
        ) {
            let mut order = vec![7; 10];
            by_row(&rows, &mut order);
            let mut places = order.clone();
            places.sort_unstable();
            prop_assert!(places.iter().enumerate().all(|(i, place)| i == *place as usize));
            let near = 1_000_000 / 4_096 * 2 + 2;
            prop_assert!(order.is_sorted_by(|a, b| rows[*a as usize] < rows[*b as usize] + near));
        }
    }
}
