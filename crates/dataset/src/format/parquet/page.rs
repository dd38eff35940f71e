//! Page headers and the compression of pages.
//!
//! A header is the Thrift struct `PageHeader` of [parquet.thrift] in the compact protocol. Only
//! the fields that every reader wants are written: there are no page statistics and checksums
//! (the manifest has a sha256 of each file).
//!
//! [parquet.thrift]: https://github.com/apache/parquet-format/blob/master/src/main/thrift/parquet.thrift

use std::borrow::Cow;

use barloom_recipe::Compression;
use parquet::basic::{Compression as Codec, Encoding, ZstdLevel};
use parquet::errors::{ParquetError, Result};

use super::levels::varint;

/// Stop of a Thrift struct.
const STOP: u8 = 0;
/// A field of type i32 whose number is one above that of the field before it.
const NEXT_I32: u8 = 0x15;

fn next_i32(out: &mut Vec<u8>, value: i32) {
    out.push(NEXT_I32);
    // Zigzag.
    varint(out, u64::from((value << 1 ^ value >> 31) as u32));
}

/// The kind of a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PageKind {
    /// A version 1 data page; its levels, if any, are RLE.
    Data(Encoding),
    /// A dictionary of PLAIN values.
    Dictionary,
}

/// The header of a page.
pub(crate) fn header(
    kind: PageKind,
    values: usize,
    plain_bytes: usize,
    stored_bytes: usize,
) -> Result<Vec<u8>> {
    let too_long = |_| ParquetError::General(format!("a page of {plain_bytes} bytes is too long"));
    let mut out = Vec::with_capacity(32);
    next_i32(&mut out, if kind == PageKind::Dictionary { 2 } else { 0 });
    next_i32(&mut out, i32::try_from(plain_bytes).map_err(too_long)?);
    next_i32(&mut out, i32::try_from(stored_bytes).map_err(too_long)?);
    // The struct of the kind: field 5 or 7 after field 3.
    out.push(if kind == PageKind::Dictionary { 0x4c } else { 0x2c });
    next_i32(&mut out, i32::try_from(values).map_err(too_long)?);
    match kind {
        PageKind::Data(encoding) => {
            next_i32(&mut out, encoding as i32);
            next_i32(&mut out, Encoding::RLE as i32);
            next_i32(&mut out, Encoding::RLE as i32);
        }
        PageKind::Dictionary => next_i32(&mut out, Encoding::PLAIN as i32),
    }
    out.extend([STOP, STOP]);
    Ok(out)
}

/// Compresses pages as the recipe says.
pub(crate) enum Compressor {
    None,
    Snappy(Box<snap::raw::Encoder>),
    Zstd(zstd::bulk::Compressor<'static>, ZstdLevel),
}

impl Compressor {
    pub(crate) fn new(compression: Compression) -> Result<Self> {
        Ok(match compression {
            Compression::None => Self::None,
            Compression::Snappy => Self::Snappy(Box::new(snap::raw::Encoder::new())),
            Compression::Zstd(level) => {
                let checked = ZstdLevel::try_new(level)?;
                Self::Zstd(zstd::bulk::Compressor::new(level).map_err(ParquetError::from)?, checked)
            }
        })
    }

    /// The codec as it stands in the column's metadata.
    pub(crate) fn codec(&self) -> Codec {
        match self {
            Self::None => Codec::UNCOMPRESSED,
            Self::Snappy(_) => Codec::SNAPPY,
            Self::Zstd(_, level) => Codec::ZSTD(*level),
        }
    }

    /// The pieces of a page's body as they are stored.
    pub(crate) fn compress<'a>(
        &mut self,
        pieces: Vec<Cow<'a, [u8]>>,
    ) -> Result<Vec<Cow<'a, [u8]>>> {
        let stored = match self {
            Self::None => return Ok(pieces),
            Self::Snappy(encoder) => encoder.compress_vec(&pieces.concat())?,
            Self::Zstd(compressor, _) => compressor.compress(&pieces.concat())?,
        };
        Ok(vec![Cow::Owned(stored)])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_compact_thrift() {
        let got = header(PageKind::Data(Encoding::PLAIN), 3, 300, 64).unwrap();
        let want = [
            0x15, 0, 0x15, 0xd8, 0x04, 0x15, 0x80, 0x01, 0x2c, 0x15, 6, 0x15, 0, 0x15, 6, 0x15, 6,
            0, 0,
        ];
        assert_eq!(got, want);
        let got = header(PageKind::Dictionary, 1, 5, 5).unwrap();
        assert_eq!(got, [0x15, 4, 0x15, 10, 0x15, 10, 0x4c, 0x15, 2, 0x15, 0, 0, 0]);
        assert!(header(PageKind::Dictionary, 1, 1 << 31, 1).is_err());
    }
}
