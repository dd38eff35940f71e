//! The sizes that a Parquet file declares.
//!
//! The reader makes room for what a page's header says it unpacks to and for as many dictionary
//! entries as it names, before it finds that they aren't there. It skips as many items of an
//! unknown list as the list says it has, though nothing is left. And it calls itself for columns in
//! columns until the stack ends. So the footer and the headers of the pages that are read are
//! walked through first. They are small.

use std::collections::BTreeSet;

use parquet::basic::{Compression, Type};
use parquet::file::metadata::{ColumnChunkMetaData, ParquetMetaData};
use parquet::file::reader::ChunkReader;

use crate::ColumnarError;
use crate::thrift::Thrift;

/// Rows that are read at a time, at most.
const BATCH_ROWS: usize = 65_536;

/// Columns that lie in one another so deep are none of bars, and the reader calls itself for each.
const DEEPEST_COLUMN: usize = 64;

/// The length of the footer, and the bytes that end a file.
const TRAILER: usize = 8;

/// Bytes of a page's header that are read at first: nearly all have fewer.
const HEADER: usize = 512;

fn damaged<T>(problem: impl Into<String>) -> Result<T, ColumnarError> {
    Err(ColumnarError::damaged(problem))
}

/// Checks that the footer is there and whole, before anything reads it.
///
/// # Errors
/// The footer is missing or damaged, its columns are nested too deeply, or the file cannot be read.
pub fn check_footer(file: &impl ChunkReader) -> Result<(), ColumnarError> {
    let Some(rest) = file.len().checked_sub(TRAILER as u64) else {
        return damaged("it is too short");
    };
    let trailer = file.get_bytes(rest, TRAILER)?;
    let (length, magic) = trailer.split_at(4);
    match magic {
        b"PAR1" => {}
        b"PARE" => return damaged("it is encrypted; write it again without encryption"),
        _ => return damaged("its end is missing"),
    }
    let length = length.iter().rev().fold(0, |sum, byte| sum << 8 | u64::from(*byte));
    let Some((start, length)) = rest.checked_sub(length).zip(usize::try_from(length).ok()) else {
        return damaged("its footer is longer than the file");
    };
    match deepest(Thrift { rest: &file.get_bytes(start, length)? }) {
        None => damaged("its footer is damaged"),
        Some(DEEPEST_COLUMN..) => {
            damaged(format!("its columns are nested {DEEPEST_COLUMN} levels deep or more"))
        }
        Some(_) => Ok(()),
    }
}

/// Depth to which columns lie in one another, by a footer; none if it is damaged.
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

/// The sizes that the pages of some columns declare.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Declared {
    /// Bytes that they unpack to.
    pub unpacked: u64,
    /// Bytes of the largest dictionary of texts: the most that the longest text can have.
    pub longest: usize,
}

impl Declared {
    /// Number of rows to read at a time, so that even the longest text in each of them has room in
    /// a quarter of the limit.
    #[must_use]
    pub fn batch_rows(&self, limit: u64) -> usize {
        let fits = usize::try_from(limit).unwrap_or(usize::MAX) / 4;
        (fits / self.longest.max(1)).clamp(1, BATCH_ROWS)
    }
}

/// Checks what the footer and the pages declare of these row groups and of these columns, which are
/// counted at the root of the schema: all of it may unpack to `limit` bytes.
///
/// # Errors
/// They declare more than that, or more than the packed bytes can hold; a page lies outside the
/// file, is damaged, or cannot be read.
pub fn check_pages(
    file: &impl ChunkReader,
    metadata: &ParquetMetaData,
    groups: impl IntoIterator<Item = usize>,
    columns: &[usize],
    limit: u64,
) -> Result<Declared, ColumnarError> {
    let columns: BTreeSet<usize> = columns.iter().copied().collect();
    let (mut rows, mut declared) = (0_u64, Declared::default());
    for group in groups {
        let Some(group) = metadata.row_groups().get(group) else {
            return damaged("a row group is missing");
        };
        let Ok(of_group) = u64::try_from(group.num_rows()) else {
            return damaged("it declares a negative number of rows");
        };
        rows = rows.saturating_add(of_group);
        for (leaf, chunk) in group.columns().iter().enumerate() {
            if columns.contains(&group.schema_descr().get_column_root_idx(leaf)) {
                let of_chunk = declared_by(file, chunk)?;
                declared.unpacked = declared.unpacked.saturating_add(of_chunk.unpacked);
                declared.longest = declared.longest.max(of_chunk.longest);
            }
        }
    }
    let width = columns.len() as u64 * size_of::<f64>() as u64;
    if rows.saturating_mul(width) > limit {
        let bytes = file.len();
        return damaged(format!("it declares {rows} rows, too many for its {bytes} bytes"));
    }
    if declared.unpacked > limit {
        return Err(ColumnarError::too_large(limit));
    }
    Ok(declared)
}

/// Sums up what the pages of a column in a row group declare.
fn declared_by(
    file: &impl ChunkReader,
    chunk: &ColumnChunkMetaData,
) -> Result<Declared, ColumnarError> {
    let outside = || format!("column {} lies outside the file", chunk.column_path());
    let broken = || format!("a page of column {} is damaged", chunk.column_path());
    let start = chunk.dictionary_page_offset().unwrap_or(chunk.data_page_offset());
    let range = u64::try_from(start).ok().zip(u64::try_from(chunk.compressed_size()).ok());
    let range = range.and_then(|(start, length)| Some((start, start.checked_add(length)?)));
    let Some((mut at, end)) = range.filter(|(_, end)| *end <= file.len()) else {
        return damaged(outside());
    };
    let is_text = matches!(chunk.column_type(), Type::BYTE_ARRAY | Type::FIXED_LEN_BYTE_ARRAY);
    let mut declared = Declared::default();
    while at < end {
        let Some((mut page, header)) = page_at(file, at, end)? else { return damaged(broken()) };
        let packed = page.packed as u64;
        let Some(after) = at.checked_add(header as u64 + packed).filter(|after| *after <= end)
        else {
            return damaged(broken());
        };
        at = after;
        if chunk.compression() == Compression::UNCOMPRESSED {
            page.unpacked = page.packed;
        }
        let unpacked = page.unpacked as u64;
        if unpacked > packed.saturating_mul(most(chunk.compression())) {
            return damaged(format!(
                "a page of column {} has {packed} bytes, which cannot decompress to {unpacked}",
                chunk.column_path()
            ));
        }
        declared.unpacked = declared.unpacked.saturating_add(unpacked);
        if let Some(entries) = page.dictionary {
            // Each takes a byte or more.
            if entries > page.unpacked {
                return damaged(format!(
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

/// The page at a place, and how long its header is; none if that is damaged. A header is read some
/// bytes at first, then as many as it needs.
fn page_at(
    file: &impl ChunkReader,
    at: u64,
    end: u64,
) -> Result<Option<(Page, usize)>, ColumnarError> {
    let left = usize::try_from(end - at).unwrap_or(usize::MAX);
    let mut length = HEADER.min(left);
    loop {
        let bytes = file.get_bytes(at, length)?;
        if let Some((page, rest)) = Page::read(&bytes) {
            return Ok(Some((page, length - rest.len())));
        }
        if length == left {
            return Ok(None);
        }
        length = length.saturating_mul(8).min(left);
    }
}

/// Most bytes that one can unpack to, by the format of the packed ones.
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

/// The sizes that a page's header declares.
#[derive(Debug, Default, PartialEq)]
struct Page {
    /// Bytes that follow the header.
    packed: usize,
    /// Bytes that they unpack to.
    unpacked: usize,
    /// Number of values if it is a dictionary.
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
    use std::io::Write;

    use bytes::Bytes;

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
        let check = |bytes: &[u8]| {
            let checked = check_footer(&Bytes::copy_from_slice(bytes));
            checked.map_err(|error| error.to_string())
        };
        // A version, and nothing else.
        assert_eq!(check(&file(&[0x15, 4, 0])), Ok(()));
        // 2^31 booleans, which take no bytes where the reader skips them.
        let endless = [0x15, 4, 0x99, 0xf1, 0xff, 0xff, 0xff, 0xff, 0x07, 0];
        assert_eq!(check(&file(&endless)), Err("its footer is damaged".into()));
        let longer = [&[0, 9, 0, 0, 0], &b"PAR1"[..]].concat();
        assert_eq!(check(&longer), Err("its footer is longer than the file".into()));
        assert_eq!(check(b"PAR1"), Err("it is too short".into()));
        assert_eq!(check(b"PAR1 and no more"), Err("its end is missing".into()));
    }

    /// A header longer than what is read of one at first, in a file and in memory.
    #[test]
    fn long_headers_are_read_whole() {
        let statistics = vec![b'x'; 5_000];
        // Type, sizes, then a struct with a long text; after it three bytes of the page.
        let mut page = vec![0x15, 0, 0x15, 6, 0x15, 6, 0x2c, 0x18, 0x88, 0x27];
        page.extend(&statistics);
        page.extend([0, 0, 1, 2, 3]);
        let (end, header) = (page.len() as u64, page.len() - 3);
        let expected = Page { packed: 3, unpacked: 3, dictionary: None };
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(&page).unwrap();
        let (in_file, in_memory) =
            (page_at(&file, 0, end).unwrap(), page_at(&Bytes::from(page), 0, end).unwrap());
        assert_eq!(in_file, Some((expected, header)));
        assert_eq!(in_file, in_memory);
        assert_eq!(page_at(&file, 0, 4_000).unwrap(), None);
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
