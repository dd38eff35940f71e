//! The bytes of a file, hashed where they are: in memory or on disk.

use std::fs::{File, Metadata};
use std::io;
use std::time::SystemTime;

use rayon::prelude::*;
use twox_hash::XxHash3_128;

/// Bytes that are hashed at once: few enough that they are hashed from a core's own cache.
const PIECE: usize = 1 << 20;

/// The bytes of a file as they lie on disk.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Content<'a> {
    /// All of them, in memory.
    Bytes(&'a [u8]),
    /// An open file. It is read in places; up to where it was read before does not change.
    File(&'a File),
}

/// The length and hash of a file's bytes when it was read.
#[derive(Debug, PartialEq)]
pub(crate) struct Seen {
    /// A hash of their number and of all of them, the same of both kinds of content.
    pub(crate) digest: u128,
    /// When a file was changed: it can say that one was, and is no proof that one wasn't.
    changed: Option<SystemTime>,
}

impl<'a> Content<'a> {
    /// The number of bytes; none if it is unknown, as for a pipe.
    pub(super) fn len(self) -> Option<u64> {
        match self {
            Self::Bytes(bytes) => Some(bytes.len() as u64),
            Self::File(file) => file.metadata().ok().filter(Metadata::is_file).map(|m| m.len()),
        }
    }

    /// All of it; none if that is not possible.
    pub(crate) fn all(self) -> Option<Vec<u8>> {
        let mut buffer = Vec::new();
        let len = usize::try_from(self.len()?).ok()?;
        match self {
            Self::Bytes(bytes) => Some(bytes.to_vec()),
            Self::File(_) => {
                self.at(0, len, &mut buffer)?;
                Some(buffer)
            }
        }
    }

    /// The first bytes, if there are so many.
    pub(super) fn begin(self) -> Option<[u8; 4]> {
        self.at(0, 4, &mut Vec::new())?.try_into().ok()
    }

    /// Reads all of it; none if that is not possible, or some of it is no more there.
    pub(crate) fn see(self) -> Option<Seen> {
        let changed = self.changed();
        let len = usize::try_from(self.len()?).ok()?;
        let digests: Option<Vec<u128>> = (0..len.div_ceil(PIECE))
            .into_par_iter()
            .map_init(Vec::new, |buffer, piece| {
                let start = piece * PIECE;
                self.at(start, PIECE.min(len - start), buffer).map(XxHash3_128::oneshot)
            })
            .collect();
        let mut hash = XxHash3_128::with_seed(0);
        hash.write(&(len as u64).to_le_bytes());
        digests?.iter().for_each(|digest| hash.write(&digest.to_le_bytes()));
        Some(Seen { digest: hash.finish_128(), changed })
    }

    /// Returns true if the content is still what was seen.
    pub(crate) fn is_still(self, seen: &Seen) -> bool {
        match self {
            Self::Bytes(_) => true,
            Self::File(_) => self.changed() == seen.changed && self.see().as_ref() == Some(seen),
        }
    }

    fn changed(self) -> Option<SystemTime> {
        match self {
            Self::Bytes(_) => None,
            Self::File(file) => file.metadata().and_then(|metadata| metadata.modified()).ok(),
        }
    }

    /// So many bytes from there on: those in memory, or read into the buffer.
    fn at<'b>(self, start: usize, len: usize, buffer: &'b mut Vec<u8>) -> Option<&'b [u8]>
    where
        'a: 'b,
    {
        match self {
            Self::Bytes(bytes) => bytes.get(start..start.checked_add(len)?),
            Self::File(file) => {
                buffer.resize(len, 0);
                read_at(file, buffer, start as u64).ok()?;
                Some(buffer)
            }
        }
    }
}

#[cfg(unix)]
fn read_at(file: &File, buffer: &mut [u8], start: u64) -> io::Result<()> {
    std::os::unix::fs::FileExt::read_exact_at(file, buffer, start)
}

/// Elsewhere reading in places moves the one who reads on; files on disk are not kept there.
#[cfg(not(unix))]
fn read_at(_: &File, _: &mut [u8], _: u64) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Seek, Write};

    use super::*;

    /// For every length, bytes and a file of the same bytes are the same content.
    #[test]
    fn bytes_and_files_are_the_same_content() {
        let bytes: Vec<u8> = (0..2 * PIECE + 5).map(|at| (at % 251) as u8).collect();
        for len in [0, 1, 3, 4, PIECE - 1, PIECE, PIECE + 1, 2 * PIECE, 2 * PIECE + 5] {
            let bytes = &bytes[..len];
            let mut file = tempfile::tempfile().unwrap();
            file.write_all(bytes).unwrap();
            file.rewind().unwrap();
            file.read_exact(&mut vec![0; len / 2]).unwrap();
            let (of_bytes, of_file) = (Content::Bytes(bytes), Content::File(&file));
            let seen = of_file.see().unwrap();
            assert_eq!(of_bytes.see().unwrap().digest, seen.digest, "{len} bytes");
            assert_eq!(of_bytes.begin(), of_file.begin(), "{len} bytes");
            assert_eq!(of_bytes.len(), of_file.len());
            assert!(of_file.is_still(&seen));
            assert_eq!(file.stream_position().unwrap(), len as u64 / 2);
        }
    }

    #[test]
    fn another_content_is_told_of_the_same_length_and_time() {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(b"0123456789").unwrap();
        let seen = Content::File(&file).see().unwrap();
        let time = file.metadata().unwrap().modified().unwrap();
        file.rewind().unwrap();
        file.write_all(b"0123456780").unwrap();
        file.set_modified(time).unwrap();
        assert!(!Content::File(&file).is_still(&seen));
        file.rewind().unwrap();
        file.write_all(b"0123456789").unwrap();
        assert_eq!(Content::File(&file).see().unwrap().digest, seen.digest);
    }

    #[test]
    fn pieces_that_change_places_are_another_content() {
        let [a, b] = [1, 2].map(|byte| vec![byte; PIECE]);
        let of = |parts: [&[u8]; 2]| Content::Bytes(&parts.concat()).see().unwrap().digest;
        assert_ne!(of([&a, &b]), of([&b, &a]));
    }
}
