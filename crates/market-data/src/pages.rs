//! What a Parquet file declares, checked before anything makes room for it.
//!
//! The reader makes room for what a page's header says it unpacks to and for as many dictionary
//! entries as it names, before it finds that they aren't there; and it skips as many items of a
//! list that it doesn't know as the list says it has, though nothing is left. So a flipped byte
//! could ask for gigabytes, or for hours; and columns in columns in columns for more than the stack. The footer and the headers are small: walking through
//! those of the columns that are read costs next to nothing.

use std::collections::BTreeSet;

use bytes::Bytes;
use parquet::basic::{Compression, Type};
use parquet::file::metadata::{ColumnChunkMetaData, ParquetMetaData};

use crate::source::unpacked_limit;
use crate::thrift::Thrift;

/// What is wrong with a file.
type Problem = String;

/// Rows that are read at a time.
const BATCH_ROWS: usize = 65_536;

/// Columns that lie in one another so deep are none of bars, and the reader calls itself for each.
const DEEPEST_COLUMN: usize = 64;

/// How a Parquet file ends, after the length of the footer.
const MAGIC: &[u8] = b"PAR1";

/// Checks that the footer is there and whole, before anything reads it.
pub(crate) fn check_footer(bytes: &[u8]) -> Result<(), Problem> {
    if bytes.ends_with(b"PARE") {
        return Err("it is encrypted; write it again without".into());
    }
    let rest = bytes.strip_suffix(MAGIC).ok_or("its end is missing")?;
    let (rest, length) = rest.split_last_chunk::<4>().ok_or("it is too short")?;
    let start = rest.len().checked_sub(u32::from_le_bytes(*length) as usize);
    let footer = Thrift { rest: &rest[start.ok_or("its footer is longer than the file")?..] };
    match deepest(footer) {
        None => Err("its footer is damaged".into()),
        Some(DEEPEST_COLUMN..) => {
            Err(format!("its columns lie {DEEPEST_COLUMN} deep in one another, or more"))
        }
        Some(_) => Ok(()),
    }
}

/// How deep columns lie in one another, by a footer; none if it is damaged.
fn deepest(mut footer: Thrift<'_>) -> Option<usize> {
    let (mut field, mut deepest) = (0, 0);
    while let Some(kind) = footer.field(&mut field)? {
        if (field, kind) != (2, Thrift::LIST) {
            footer.skip(kind)?;
            continue;
        }
        let (kind, length) = footer.list()?;
        // How many columns are still to come of each of those that the next one lies in.
        let mut around: Vec<i64> = Vec::new();
        for _ in 0..length {
            if kind != Thrift::STRUCT {
                return None;
            }
            around.last_mut().into_iter().for_each(|left| *left -= 1);
            around.push(integer_in(&mut footer, 5)?.unwrap_or(0));
            deepest = deepest.max(around.len());
            while around.pop_if(|left| *left <= 0).is_some() {}
        }
    }
    Some(deepest)
}

/// The number in a field of a struct, all of which is read.
fn integer_in(thrift: &mut Thrift<'_>, wanted: i64) -> Option<Option<i64>> {
    let (mut field, mut found) = (0, None);
    while let Some(kind) = thrift.field(&mut field)? {
        match kind {
            Thrift::I32 if field == wanted => found = Some(thrift.integer()?),
            _ => thrift.skip(kind)?,
        }
    }
    Some(found)
}

/// Checks what the footer and the pages of these columns declare; gives how many rows to read at a
/// time, so that even the longest text in each of them would have room.
pub(crate) fn check(
    bytes: &Bytes,
    metadata: &ParquetMetaData,
    wanted: &[usize],
) -> Result<usize, Problem> {
    let limit = unpacked_limit(bytes.len() as u64);
    let wanted: BTreeSet<usize> = wanted.iter().copied().collect();
    let (mut rows, mut unpacked, mut longest) = (0_u64, 0_u64, 0);
    for group in metadata.row_groups() {
        let declared = u64::try_from(group.num_rows()).map_err(|_| "it has fewer than no rows")?;
        rows = rows.saturating_add(declared);
        for (leaf, chunk) in group.columns().iter().enumerate() {
            if wanted.contains(&group.schema_descr().get_column_root_idx(leaf)) {
                let declared = check_pages(bytes, chunk)?;
                unpacked = unpacked.saturating_add(declared.unpacked);
                longest = longest.max(declared.longest);
            }
        }
    }
    let width = wanted.len() as u64 * size_of::<f64>() as u64;
    if rows.saturating_mul(width) > limit {
        return Err(format!("it declares {rows} rows, too many for its {} bytes", bytes.len()));
    }
    if unpacked > limit {
        return Err(too_large(limit));
    }
    let fits = usize::try_from(limit).unwrap_or(usize::MAX) / 4;
    Ok((fits / longest.max(1)).clamp(1, BATCH_ROWS))
}

/// What is wrong with a file that unpacks to more than the limit.
pub(crate) fn too_large(limit: u64) -> Problem {
    format!("it unpacks to more than {limit} bytes: it is damaged, or must be split")
}

/// What the pages of a column in a row group declare.
#[derive(Default)]
struct Declared {
    /// Bytes that they unpack to.
    unpacked: u64,
    /// Bytes that the longest text may have: all of the largest dictionary.
    longest: usize,
}

fn check_pages(bytes: &Bytes, chunk: &ColumnChunkMetaData) -> Result<Declared, Problem> {
    let outside = || format!("column {} lies outside the file", chunk.column_path());
    let start = chunk.dictionary_page_offset().unwrap_or(chunk.data_page_offset());
    let start = usize::try_from(start).map_err(|_| outside())?;
    let length = usize::try_from(chunk.compressed_size()).map_err(|_| outside())?;
    let mut rest = bytes.get(start..).and_then(|rest| rest.get(..length)).ok_or_else(outside)?;
    let is_text = matches!(chunk.column_type(), Type::BYTE_ARRAY | Type::FIXED_LEN_BYTE_ARRAY);
    let mut declared = Declared::default();
    while !rest.is_empty() {
        let broken = || format!("a page of column {} is damaged", chunk.column_path());
        let (mut page, after) = Page::read(rest).ok_or_else(broken)?;
        rest = after.get(page.packed..).ok_or_else(broken)?;
        if chunk.compression() == Compression::UNCOMPRESSED {
            page.unpacked = page.packed;
        }
        let packed = u64::try_from(page.packed).unwrap_or(u64::MAX);
        let unpacked = u64::try_from(page.unpacked).unwrap_or(u64::MAX);
        if unpacked > packed.saturating_mul(most(chunk.compression())) {
            return Err(format!(
                "a page of column {} has {packed} bytes, which can't unpack to {unpacked}",
                chunk.column_path()
            ));
        }
        declared.unpacked = declared.unpacked.saturating_add(unpacked);
        if let Some(entries) = page.dictionary {
            // Each takes a byte or more.
            if entries > page.unpacked {
                return Err(format!(
                    "the dictionary of column {} has {unpacked} bytes, too few for {entries} values",
                    chunk.column_path()
                ));
            }
            if is_text {
                declared.longest = declared.longest.max(page.unpacked);
            }
        }
    }
    Ok(declared)
}

/// How many bytes one can unpack to at most, by the format of the packed ones.
fn most(compression: Compression) -> u64 {
    match compression {
        // 3 bytes copy 64.
        Compression::SNAPPY => 32,
        // A byte lengthens a copy by 255.
        Compression::LZ4 | Compression::LZ4_RAW => 256,
        // 2 bits copy 258.
        Compression::GZIP(_) => 1_032,
        // 4 bytes repeat one 128 Ki times.
        _ => 32_768,
    }
}

/// What a page's header declares.
#[derive(Debug, Default, PartialEq)]
struct Page {
    /// Bytes that follow the header.
    packed: usize,
    /// Bytes that they unpack to.
    unpacked: usize,
    /// How many values it has if it is a dictionary.
    dictionary: Option<usize>,
}

impl Page {
    /// Reads a header in Thrift's compact protocol; gives what follows it too.
    fn read(bytes: &[u8]) -> Option<(Self, &[u8])> {
        let mut page = Self::default();
        let mut thrift = Thrift { rest: bytes };
        let mut field = 0;
        while let Some(kind) = thrift.field(&mut field)? {
            match (field, kind) {
                (2, Thrift::I32) => page.unpacked = usize::try_from(thrift.integer()?).ok()?,
                (3, Thrift::I32) => page.packed = usize::try_from(thrift.integer()?).ok()?,
                (7, Thrift::STRUCT) => {
                    let values = integer_in(&mut thrift, 1)?.unwrap_or(0);
                    page.dictionary = Some(usize::try_from(values).ok()?);
                }
                _ => thrift.skip(kind)?,
            }
        }
        Some((page, thrift.rest))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_read() {
        // Type, sizes, a sum (skipped), the header of a dictionary.
        let plain = [0x15, 4, 0x15, 0x80, 1, 0x15, 20, 0x15, 9, 0x3c, 0x15, 8, 0x15, 0, 0, 0, 77];
        let page = Page { packed: 10, unpacked: 64, dictionary: Some(4) };
        assert_eq!(Page::read(&plain), Some((page, &[77][..])));
        // A field by its number, and one of each type that is skipped.
        let odd = [
            0x05, 6, 4, 0x11, 0x12, 0x13, 1, 0x14, 2, 0x16, 2, 0x17, 0, 0, 0, 0, 0, 0, 0, 0, 0x18,
            1, 9, 0x19, 0x25, 1, 1, 0x19, 0x13, 1, 0x1c, 0x15, 2, 0, 0,
        ];
        let page = Page { packed: 2, unpacked: 0, dictionary: None };
        assert_eq!(Page::read(&odd), Some((page, &[][..])));
        for end in 0..odd.len() {
            assert_eq!(Page::read(&odd[..end]), None, "{end}");
        }
    }

    #[test]
    fn footers_are_walked_through() {
        let file = |footer: &[u8]| [footer, &(footer.len() as u32).to_le_bytes(), b"PAR1"].concat();
        // A version, and nothing else.
        assert_eq!(check_footer(&file(&[0x15, 4, 0])), Ok(()));
        // 2^31 booleans, which take no bytes where the reader skips them.
        let endless = [0x15, 4, 0x99, 0xf1, 0xff, 0xff, 0xff, 0xff, 0x07, 0];
        assert_eq!(check_footer(&file(&endless)), Err("its footer is damaged".into()));
        let longer = [&[0, 9, 0, 0, 0], MAGIC].concat();
        assert_eq!(check_footer(&longer), Err("its footer is longer than the file".into()));
        assert_eq!(check_footer(b"PAR1"), Err("it is too short".into()));
        assert_eq!(check_footer(b"PAR1 and no more"), Err("its end is missing".into()));
    }

    #[test]
    fn columns_in_columns_are_counted() {
        let named = |children: u8| [0x48, 1, b'a', 0x15, 2 * children, 0];
        let footer = |columns: &[[u8; 6]]| {
            let list = [0x15, 4, 0x19, 0xfc, columns.len() as u8];
            [&list[..], &columns.concat(), &[0]].concat()
        };
        let depth = |columns: &[[u8; 6]]| deepest(Thrift { rest: &footer(columns) });
        assert_eq!(depth(&[]), Some(0));
        assert_eq!(depth(&[named(3), named(0), named(1), named(0), named(0)]), Some(3));
        assert_eq!(depth(&[named(2), named(0), named(0), named(1), named(0)]), Some(2));
        assert_eq!(depth(&[named(1); 100]), Some(100));
        assert_eq!(deepest(Thrift { rest: &[0x29, 0x15, 0, 0] }), None, "numbers");
    }

    #[test]
    fn what_is_no_header_ends() {
        // A negative size, a list of 2^60 items, lists of lists, structs without end.
        let endless = [0x19, 0xf5, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x10];
        assert_eq!(Page::read(&[0x25, 1, 0]), None);
        assert_eq!(Page::read(&[&endless[..], &[0; 9]].concat()), None);
        assert_eq!(Page::read(&[0x19, 0x19, 0x19, 0x15, 0, 0]), None);
        assert_eq!(Page::read(&[0x1c; 100_000]), None);
    }
}
