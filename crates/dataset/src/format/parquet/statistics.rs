//! Smallest and largest value of a column chunk, so that readers can skip row groups.

use parquet::data_type::ByteArray;
use parquet::file::statistics::Statistics;

/// The bounds of integers; none for an empty chunk.
pub(crate) fn bounds<T: Copy + Ord>(values: &[T]) -> Option<(T, T)> {
    let first = *values.first()?;
    Some(values.iter().fold((first, first), |(low, high), v| (low.min(*v), high.max(*v))))
}

/// The bounds of floats without NaN; none if there are no others. As the [format] asks, a smallest
/// zero is written as -0 and a largest as +0, because a reader may not distinguish them.
///
/// [format]: https://github.com/apache/parquet-format/blob/master/src/main/thrift/parquet.thrift
pub(crate) fn float_bounds(values: &[f64]) -> Option<(f64, f64)> {
    let (mut low, mut high) = (f64::INFINITY, f64::NEG_INFINITY);
    for value in values {
        low = if *value < low { *value } else { low };
        high = if *value > high { *value } else { high };
    }
    if low > high {
        // All NaN, or nothing. A lone infinity is found here too and has no bounds then.
        return None;
    }
    Some((if low == 0.0 { -0.0 } else { low }, if high == 0.0 { 0.0 } else { high }))
}

pub(crate) fn of_longs(values: &[i64]) -> Option<Statistics> {
    let (low, high) = bounds(values)?;
    Some(Statistics::int64(Some(low), Some(high), None, Some(0), false))
}

pub(crate) fn of_ints(values: &[i32]) -> Option<Statistics> {
    let (low, high) = bounds(values)?;
    Some(Statistics::int32(Some(low), Some(high), None, Some(0), false))
}

pub(crate) fn of_doubles(values: &[f64]) -> Option<Statistics> {
    let (low, high) = float_bounds(values)?;
    Some(Statistics::double(Some(low), Some(high), None, Some(0), false))
}

/// The bounds of the strings in use, in the order of their bytes.
pub(crate) fn of_strings(codes: &[u32], strings: &[String]) -> Option<Statistics> {
    let mut used = vec![false; strings.len()];
    codes.iter().for_each(|code| used[*code as usize] = true);
    let mut used: Vec<_> = strings.iter().zip(used).filter(|(_, used)| *used).collect();
    used.sort_unstable();
    let bytes = |string: &String| ByteArray::from(string.as_bytes().to_vec());
    let (low, high) = (bytes(used.first()?.0), bytes(used.last()?.0));
    Some(Statistics::byte_array(Some(low), Some(high), None, Some(0), false))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn float_bounds_leave_nan_out_and_widen_zeros() {
        assert_eq!(float_bounds(&[f64::NAN]), None);
        assert_eq!(float_bounds(&[]), None);
        assert_eq!(float_bounds(&[2.0, f64::NAN, -3.0]), Some((-3.0, 2.0)));
        let (low, high) = float_bounds(&[0.0, -0.0]).unwrap();
        assert!(low.is_sign_negative() && high.is_sign_positive());
    }
}
