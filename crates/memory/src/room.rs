//! Vectors whose memory is asked for in huge pages.

/// No values yet, and room for `capacity` of them, in huge pages where the system has them: memory
/// that is touched for the first time is then zeroed in few steps. Otherwise as
/// [`Vec::with_capacity`].
///
/// ```
/// let mut prices: Vec<f64> = barloom_memory::vec_with_capacity(1_000_000);
/// prices.extend([100.0, 100.5]);
/// assert!(prices.capacity() >= 1_000_000);
/// ```
#[must_use]
pub fn vec_with_capacity<T>(capacity: usize) -> Vec<T> {
    let values = Vec::with_capacity(capacity);
    crate::raw::advise(&values);
    values
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vectors_hold_what_is_put_in() {
        for capacity in [0, 1, 1_000, 300_000, 3_000_000] {
            let mut values: Vec<u64> = vec_with_capacity(capacity);
            assert!(values.is_empty() && values.capacity() >= capacity);
            let last = capacity as u64 + 10;
            // Beyond its room, too.
            values.extend(0..last);
            assert!(values.iter().copied().eq(0..last));
        }
        assert_eq!(vec_with_capacity::<()>(5).len(), 0);
    }
}
