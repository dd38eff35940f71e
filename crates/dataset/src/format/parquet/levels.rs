//! Repetition and definition levels of fixed-size lists, and dictionary indices.
//!
//! Both are written in the RLE/bit-packing hybrid of the [Parquet format][rle]: runs of either
//! `varint(count << 1)` and the value in whole bytes, or `varint(groups << 1 | 1)` and groups of
//! eight values packed from the least significant bit.
//!
//! A column of lists without nulls has one definition level, always present, and a repetition
//! level that is 0 where a list begins and 1 within it ([Dremel encoding][nested]). Lists of L
//! values make the same bytes for every page of as many rows, so they are encoded once.
//!
//! [rle]: https://parquet.apache.org/docs/file-format/data-pages/encodings/#RLE
//! [nested]: https://parquet.apache.org/docs/file-format/nestedencoding/

/// Appends an unsigned LEB128 number.
pub(crate) fn varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// The levels of a version 1 data page of `rows` lists of `length` values each, none null:
/// repetition, then definition, each with its length in four bytes before it.
pub(crate) fn list_levels(rows: usize, length: usize) -> Vec<u8> {
    let mut repetition = Vec::with_capacity(rows * 5);
    if length == 1 {
        run(&mut repetition, rows, 0);
    } else {
        let mut list = Vec::new();
        run(&mut list, 1, 0);
        run(&mut list, length - 1, 1);
        (0..rows).for_each(|_| repetition.extend_from_slice(&list));
    }
    let mut definition = Vec::new();
    run(&mut definition, rows * length, 1);
    let mut out = Vec::with_capacity(8 + repetition.len() + definition.len());
    for levels in [repetition, definition] {
        out.extend((levels.len() as u32).to_le_bytes());
        out.extend(levels);
    }
    out
}

/// A run of a value of one byte.
fn run(out: &mut Vec<u8>, count: usize, value: u8) {
    varint(out, (count as u64) << 1);
    out.push(value);
}

/// Indices into a dictionary of `size` entries: the bit width in one byte, then one run, packed
/// unless all are equal.
pub(crate) fn indices(codes: &[u32], size: usize) -> Vec<u8> {
    // Zero bits would do for one entry, but not every reader takes them.
    let width = (usize::BITS - size.saturating_sub(1).leading_zeros()).max(1);
    let mut out = vec![width as u8];
    if codes.windows(2).all(|pair| pair[0] == pair[1]) {
        varint(&mut out, (codes.len() as u64) << 1);
        let value = codes.first().copied().unwrap_or(0).to_le_bytes();
        out.extend(&value[..width.div_ceil(8) as usize]);
        return out;
    }
    let groups = codes.len().div_ceil(8);
    varint(&mut out, (groups as u64) << 1 | 1);
    let end = out.len() + groups * width as usize;
    let (mut bits, mut held) = (0_u64, 0);
    for code in codes {
        bits |= u64::from(*code) << held;
        held += width;
        while held >= 8 {
            out.push(bits as u8);
            bits >>= 8;
            held -= 8;
        }
    }
    if held > 0 {
        out.push(bits as u8);
    }
    out.resize(end, 0);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_are_those_of_the_specification() {
        // Two lists of three: runs 0 x 1, 1 x 2, twice; then 1 x 6.
        assert_eq!(list_levels(2, 3), [8, 0, 0, 0, 2, 0, 4, 1, 2, 0, 4, 1, 2, 0, 0, 0, 12, 1]);
        assert_eq!(list_levels(3, 1), [2, 0, 0, 0, 6, 0, 2, 0, 0, 0, 6, 1]);
    }

    #[test]
    fn indices_are_packed_from_the_least_significant_bit() {
        // The example of the specification: 0 to 7 in three bits.
        assert_eq!(indices(&[0, 1, 2, 3, 4, 5, 6, 7], 8), [3, 3, 0x88, 0xc6, 0xfa]);
        assert_eq!(indices(&[1; 300], 4), [2, 0xd8, 0x04, 1]);
        assert_eq!(indices(&[0], 1), [1, 2, 0]);
        assert_eq!(indices(&[0, 1, 1], 2), [1, 3, 0b110]);
        assert_eq!(indices(&[70_000; 2], 100_000), [17, 4, 0x70, 0x11, 0x01]);
    }
}
