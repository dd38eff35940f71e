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
    advise(&values);
    values
}

/// Asks for huge pages where a vector's memory holds whole ones.
#[cfg(target_os = "linux")]
#[expect(unsafe_code, reason = "a call of the system, about memory that the vector owns")]
fn advise<T>(values: &Vec<T>) {
    use crate::column::HUGE_PAGE;
    let begin = values.as_ptr().addr();
    let end = begin + values.capacity() * size_of::<T>();
    let (first, last) = (begin.next_multiple_of(HUGE_PAGE), end / HUGE_PAGE * HUGE_PAGE);
    if first >= last {
        return;
    }
    let page = values.as_ptr().wrapping_byte_add(first - begin).cast_mut().cast();
    // SAFETY: `page..page + (last - first)` lies within the vector's own allocation, and the advice
    // changes neither what is in it nor whether it is there, but the size of pages that it gets.
    // What comes of it does not matter: without huge pages the memory is the same, and slower.
    let _ = unsafe { libc::madvise(page, last - first, libc::MADV_HUGEPAGE) };
}

#[cfg(not(target_os = "linux"))]
fn advise<T>(_: &Vec<T>) {}

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
