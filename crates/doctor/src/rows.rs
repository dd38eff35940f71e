//! Rows that a cheap test picks out of long columns.

/// Rows of a block, which is tested as a whole.
const BLOCK: usize = 64;

/// The rows for which a test of the values of some columns of the same length holds, which should
/// be few: the test is made of comparisons without branches, so that of a block it takes little.
pub(crate) fn rows_where<const N: usize>(
    columns: [&[f64]; N],
    is_one: impl Fn([f64; N]) -> bool,
) -> Vec<usize> {
    let len = columns.iter().map(|column| column.len()).min().unwrap_or(0);
    let mut rows = Vec::new();
    let mut start = 0;
    while start < len {
        let end = len.min(start + BLOCK);
        let block = columns.map(|column| &column[start..end]);
        let is_at = |at: usize| is_one(block.map(|column| column[at]));
        let any = if end - start == BLOCK {
            // Lengths that are known need no checks.
            let block: [&[f64; BLOCK]; N] =
                block.map(|column| column.first_chunk().unwrap_or(&[0.0; BLOCK]));
            (0..BLOCK).fold(false, |any, at| any | is_one(block.map(|column| column[at])))
        } else {
            true
        };
        if any {
            rows.extend((0..end - start).filter(|at| is_at(*at)).map(|at| start + at));
        }
        start = end;
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::rows_where;

    #[test]
    fn rows_are_those_of_a_plain_scan() {
        for len in [0, 1, 63, 64, 65, 128, 1_000] {
            for every in [1, 7, 64, 501] {
                let a: Vec<f64> =
                    (0..len).map(|i| if i % every == 0 { 5.0 } else { 1.0 }).collect();
                let b: Vec<f64> = (0..len).map(|i| (i % 3) as f64).collect();
                let plain: Vec<usize> = (0..len).filter(|i| a[*i] > 2.0 * b[*i] + 1.0).collect();
                assert_eq!(
                    rows_where([&a, &b], |[a, b]| a > 2.0 * b + 1.0),
                    plain,
                    "{len} {every}"
                );
            }
        }
        assert_eq!(rows_where([&[1.0, 1.0][..], &[1.0]], |_| true), [0], "the shortest");
    }
}
