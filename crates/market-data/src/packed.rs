//! Files that gzip, zip or Zstandard packed. Text in them is parsed while it is unpacked, without
//! holding it whole; what cannot be read so is held up to a bound.
//!
//! The size of a packed file bounds all that comes of it, as the size of a plain one does: a file
//! of a few MiB may unpack to GiB of rows that are all alike.

#[cfg(feature = "zip")]
mod zip;

use std::fs::File;
use std::io::{self, BufReader, Cursor, Read, Seek};

use barloom_columnar::unpacked_limit;

use crate::ahead::{read_ahead, read_ahead_of};
use crate::bounds::{Bounds, HEAD, Stop};
use crate::cache::Content;
use crate::damage::unless_damaged;
use crate::foreign::begins_dbn;
use crate::formats::{is_text, table};
use crate::table::{Emit, Table};
use crate::{MarketDataError, ReadOptions, databento, foreign, kept, text};

#[cfg(feature = "zip")]
pub(crate) use zip::unzip;

/// Bytes that are read at once.
pub(crate) const BUFFER: usize = 1 << 20;

/// The bytes that text may unpack to, as so many times the packed size, or so many in any case.
const TEXT: (u64, u64) = (64, 256 << 20);

/// The bytes that are held where what is unpacked cannot be parsed in a stream, in the same way.
const HELD: (u64, u64) = (16, 128 << 20);

/// The bytes of memory that rows of text may take, in the same way.
const ROWS: (u64, u64) = (16, 256 << 20);

/// The longest text for which options are proposed.
const PROPOSED: usize = 64 << 20;

/// The limits that remain for a compressed file.
struct Left {
    unpacked: u64,
    held: u64,
    rows: u64,
}

impl Left {
    /// The limits of a file of so many compressed bytes.
    fn of(size: u64) -> Self {
        let of = |(times, least): (u64, u64)| size.saturating_mul(times).max(least);
        Self { unpacked: unpacked_limit(size).min(of(TEXT)), held: of(HELD), rows: of(ROWS) }
    }
}

/// Something that is packed, and can be unpacked as often as needed.
enum Packed<'a> {
    #[cfg(feature = "gzip")]
    Gzip(&'a [u8]),
    Zstd(&'a [u8]),
    /// A file that Zstandard packed, which is read from its beginning.
    ZstdFile(&'a File),
    /// A member of the archive of this name.
    #[cfg(feature = "zip")]
    Zip(&'a str, &'a ::zip::ZipArchive<Cursor<bytes::Bytes>>, usize),
}

impl Packed<'_> {
    /// The error that it cannot be unpacked.
    fn unreadable(&self, file: &str, error: &io::Error) -> MarketDataError {
        match self {
            #[cfg(feature = "gzip")]
            Self::Gzip(_) => unreadable(file, "gzip", error),
            Self::Zstd(_) | Self::ZstdFile(_) => unreadable(file, "Zstandard", error),
            // A member that is too large has a name of its own.
            #[cfg(feature = "zip")]
            Self::Zip(..) if is_too_large(error) => unreadable(file, "zip", error),
            #[cfg(feature = "zip")]
            Self::Zip(archive, ..) => unreadable(archive, "zip", error),
        }
    }

    /// Takes what it unpacks to.
    fn with<T>(&self, take: impl FnOnce(&mut dyn Read) -> T) -> io::Result<T> {
        Ok(match self {
            #[cfg(feature = "gzip")]
            Self::Gzip(bytes) => take(&mut flate2::read::MultiGzDecoder::new(*bytes)),
            Self::Zstd(bytes) => take(&mut zstd::Decoder::with_buffer(*bytes)?),
            Self::ZstdFile(file) => {
                let mut file = *file;
                file.rewind()?;
                let stream = BufReader::with_capacity(BUFFER, file);
                take(&mut zstd::Decoder::with_buffer(stream)?)
            }
            #[cfg(feature = "zip")]
            Self::Zip(_, archive, index) => {
                let mut archive = (*archive).clone();
                let mut member = archive.by_index(*index).map_err(io::Error::other)?;
                take(&mut member)
            }
        })
    }
}

/// The table in a file that gzip packed.
#[cfg(feature = "gzip")]
pub(crate) fn unpack_gzip(
    file: &str,
    bytes: &[u8],
    options: &ReadOptions,
) -> Result<Vec<Table>, MarketDataError> {
    tables(file, &Packed::Gzip(bytes), &mut Left::of(bytes.len() as u64), options)
}

/// The table in a file that Zstandard packed, all bytes of which are there.
pub(crate) fn unpack_zstd(
    file: &str,
    bytes: &[u8],
    options: &ReadOptions,
    emit: Emit<'_>,
) -> Result<(), MarketDataError> {
    let limit = unpacked_limit(bytes.len() as u64);
    if dbn(file, bytes, limit, options, emit)? {
        return Ok(());
    }
    let mut left = Left::of(bytes.len() as u64);
    tables(file, &Packed::Zstd(bytes), &mut left, options)?.into_iter().try_for_each(emit)
}

/// The table in an open file that Zstandard packed, of which the first bytes were read.
pub(crate) fn unpack_zstd_file(
    file: &str,
    (first, opened): (Vec<u8>, &File),
    options: &ReadOptions,
    emit: Emit<'_>,
) -> Result<(), MarketDataError> {
    let metadata = opened.metadata();
    let size = metadata.as_ref().map_or(0, std::fs::Metadata::len);
    if !metadata.is_ok_and(|metadata| metadata.is_file()) {
        // A pipe gives its bytes once.
        let mut bytes = first;
        let read = (&*opened).read_to_end(&mut bytes);
        read.map_err(MarketDataError::io(file.as_ref(), "read"))?;
        return unpack_zstd(file, &bytes, options, emit);
    }
    let stream = BufReader::with_capacity(BUFFER, Cursor::new(first).chain(opened));
    if dbn(file, stream, unpacked_limit(size), options, emit)? {
        return Ok(());
    }
    // What is kept must be of the bytes that were hashed, so they are held.
    let content = Content::File(opened);
    let packed = options.cache.is_some().then(|| content.all()).flatten();
    let mut left = Left::of(size);
    let found = match packed {
        None => tables(file, &Packed::ZstdFile(opened), &mut left, options)?,
        Some(packed) => kept::tables_of(file, Content::Bytes(&packed), options, || {
            tables(file, &Packed::Zstd(&packed), &mut left, options)
        })?,
    };
    found.into_iter().try_for_each(emit)
}

/// Reads a stream that Zstandard packed if it is DBN; false if it is not.
fn dbn(
    file: &str,
    stream: impl io::BufRead + Send,
    limit: u64,
    options: &ReadOptions,
    emit: Emit<'_>,
) -> Result<bool, MarketDataError> {
    let broken = |e: io::Error| unreadable(file, "Zstandard", &e);
    let mut stream = zstd::Decoder::with_buffer(stream).map_err(broken)?;
    let mut bytes = Vec::new();
    stream.by_ref().take(4).read_to_end(&mut bytes).map_err(broken)?;
    if !begins_dbn(&bytes) {
        return Ok(false);
    }
    let stream = Bounded::new(Cursor::new(bytes).chain(stream), limit);
    unless_damaged(file, || {
        read_ahead(stream, |stream| databento::read(file, stream, options, emit))
    })?;
    Ok(true)
}

/// The tables in something packed, which takes of what is left.
fn tables(
    file: &str,
    packed: &Packed<'_>,
    left: &mut Left,
    options: &ReadOptions,
) -> Result<Vec<Table>, MarketDataError> {
    let limit = left.unpacked;
    let most = usize::try_from(left.rows).unwrap_or(usize::MAX);
    let (read, unpacked) = read_ahead_of(
        |fill| packed.with(fill),
        |ahead| {
            let mut stream = Bounded::new(ahead, limit);
            let read = streamed(file, &mut stream, options, most);
            (read, limit - stream.left)
        },
    );
    let (tables, unpacked) = match read {
        Ok(tables) => (tables, unpacked),
        Err(Stop::Whole(error)) => return Err(error),
        Err(Stop::Stream(error)) => return Err(packed.unreadable(file, &error)),
        Err(Stop::Unread) => held(file, packed, left, options, None)?,
        Err(Stop::Row(error)) => held(file, packed, left, options, Some(error))?,
    };
    left.unpacked -= unpacked;
    left.rows = left.rows.saturating_sub(tables.iter().map(Table::bytes).sum());
    Ok(tables)
}

/// Reads text while it is unpacked.
fn streamed(
    file: &str,
    stream: &mut dyn Read,
    options: &ReadOptions,
    most: usize,
) -> Result<Vec<Table>, Stop> {
    let mut head = Vec::new();
    stream.take(HEAD as u64 + 1).read_to_end(&mut head).map_err(Stop::Stream)?;
    if head.len() <= HEAD {
        return table(file, &head.into(), options, Bounds::NONE).map_err(Stop::Whole);
    }
    let is_text = is_text(file, &head) && !begins_dbn(&head);
    if !is_text || foreign::refuse(file, &head).is_err() {
        return Err(Stop::Unread);
    }
    text::read_stream(file, &head, stream, options, most)
}

/// Reads what is held whole, and how many bytes it unpacked to. A row that cannot be read may be
/// read so; its error is that of what is too large to be held.
fn held(
    file: &str,
    packed: &Packed<'_>,
    left: &Left,
    options: &ReadOptions,
    row: Option<MarketDataError>,
) -> Result<(Vec<Table>, u64), MarketDataError> {
    let most = left.held.min(left.unpacked);
    let mut bytes = Vec::new();
    let read = packed.with(|stream| stream.take(most + 1).read_to_end(&mut bytes));
    read.flatten().map_err(|error| packed.unreadable(file, &error))?;
    let unpacked = bytes.len() as u64;
    if unpacked > most {
        return Err(row.unwrap_or_else(|| {
            let problem = match most < left.unpacked {
                true => format!(
                    "it decompresses to more than {most} bytes, which only delimited text in UTF-8 without \
                     quotes may; decompress it"
                ),
                false => too_large(most),
            };
            MarketDataError::file(file, problem)
        }));
    }
    let rows = usize::try_from(left.rows).unwrap_or(usize::MAX);
    let bounds = Bounds { rows, proposed: PROPOSED };
    Ok((table(file, &bytes.into(), options, bounds)?, unpacked))
}

/// The error that something cannot be unpacked.
fn unreadable(file: &str, packer: &str, error: &io::Error) -> MarketDataError {
    if is_too_large(error) {
        return MarketDataError::file(file, error);
    }
    MarketDataError::file(file, format!("it is not readable as {packer}: {error}"))
}

/// Tells whether a stream ended at its limit.
fn is_too_large(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::QuotaExceeded
}

/// The problem of a file that unpacks to more than the limit.
fn too_large(limit: u64) -> String {
    format!(
        "it decompresses to more than {limit} bytes, too many for its size; decompress it, and split it"
    )
}

/// A stream of bytes that are unpacked, which fails past a limit.
struct Bounded<R> {
    inner: R,
    left: u64,
    limit: u64,
}

impl<R> Bounded<R> {
    fn new(inner: R, limit: u64) -> Self {
        Self { inner, left: limit, limit }
    }
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.left == 0 && !buffer.is_empty() {
            // The end may be here.
            return match self.inner.read(&mut [0])? {
                0 => Ok(0),
                _ => Err(io::Error::new(io::ErrorKind::QuotaExceeded, too_large(self.limit))),
            };
        }
        let most = usize::try_from(self.left).unwrap_or(usize::MAX).min(buffer.len());
        let count = self.inner.read(&mut buffer[..most])?;
        self.left -= count as u64;
        Ok(count)
    }
}
