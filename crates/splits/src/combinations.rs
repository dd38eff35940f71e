//! Combinations of groups, and the paths that they make.

/// The number of ways to choose k of n; none beyond 64 bits.
pub(crate) fn choose(n: u64, k: u64) -> Option<u64> {
    if k > n {
        return Some(0);
    }
    let k = k.min(n - k);
    (0..k).try_fold(1_u64, |product, i| {
        // The product of i + 1 numbers in a row is divisible by (i + 1)!.
        Some(product.checked_mul(n - i)? / (i + 1))
    })
}

/// The number of paths of CPCV with `groups` groups of which `tested` are tested at a time: each
/// group is tested in as many folds, so as many whole histories can be put together. It is
/// `tested / groups * C(groups, tested)` (Lopez de Prado 2018, section 12.3); none beyond 64 bits.
#[must_use]
pub fn count_of_paths(groups: u64, tested: u64) -> Option<u64> {
    if tested == 0 || groups == 0 { Some(0) } else { choose(groups - 1, tested - 1) }
}

/// Every choice of `k` of the numbers below `n`, in lexicographic order.
pub(crate) fn combinations(n: usize, k: usize) -> Vec<Vec<usize>> {
    let mut all = Vec::new();
    let mut chosen: Vec<usize> = (0..k).collect();
    if k > n {
        return all;
    }
    loop {
        all.push(chosen.clone());
        // The last place that can still move up; all after it follow it.
        let Some(place) = (0..k).rev().find(|place| chosen[*place] < n - k + place) else {
            return all;
        };
        chosen[place] += 1;
        for after in place + 1..k {
            chosen[after] = chosen[after - 1] + 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_those_of_the_book() {
        // Figure 12.1: six groups, two tested: 15 splits, 5 paths.
        assert_eq!((choose(6, 2), count_of_paths(6, 2)), (Some(15), Some(5)));
        for n in 1..=12_u64 {
            for k in 1..=n {
                let all = combinations(n as usize, k as usize);
                assert_eq!(Some(all.len() as u64), choose(n, k));
                assert!(all.is_sorted(), "{n} {k}");
                // Each group is tested in as many folds as there are paths.
                for group in 0..n as usize {
                    let tested = all.iter().filter(|fold| fold.contains(&group)).count();
                    assert_eq!(Some(tested as u64), count_of_paths(n, k));
                }
            }
        }
        assert_eq!(choose(300, 150), None);
    }
}
