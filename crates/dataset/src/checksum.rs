//! The checksums of files.

mod sha256;

use barloom_recipe::Checksum;
use sha256::StreamHash;
use twox_hash::XxHash3_128;

use crate::FileRecord;
use crate::commit::files::hex;

/// A checksum of a stream of bytes, while they come.
#[derive(Clone)]
pub(crate) enum Hasher {
    Xxh3(Box<XxHash3_128>),
    Sha256(StreamHash),
}

impl Hasher {
    /// A checksum of no bytes yet.
    pub(crate) fn new(checksum: Checksum) -> Self {
        match checksum {
            Checksum::Xxh3 => Self::Xxh3(Box::new(XxHash3_128::with_seed(0))),
            Checksum::Sha256 => Self::Sha256(StreamHash::new()),
        }
    }

    /// Takes the bytes that follow.
    pub(crate) fn update(&mut self, bytes: &[u8]) {
        match self {
            Self::Xxh3(hash) => hash.write(bytes),
            Self::Sha256(hash) => hash.update(bytes),
        }
    }

    /// Feeds each stream the pieces that follow in it, where both can be fed in turn faster.
    pub(crate) fn update_pair(a: &mut Self, b: &mut Self, pieces: [&[&[u8]]; 2]) {
        match (a, b) {
            (Self::Sha256(a), Self::Sha256(b)) => sha256::update_pair([a, b], pieces),
            (a, b) => {
                pieces[0].iter().for_each(|piece| a.update(piece));
                pieces[1].iter().for_each(|piece| b.update(piece));
            }
        }
    }

    /// The checksum: the name of the algorithm, a colon, lower-case hex digits.
    pub(crate) fn finish(self) -> String {
        match self {
            Self::Xxh3(hash) => format!("{}:{:032x}", Checksum::Xxh3.name(), hash.finish_128()),
            Self::Sha256(hash) => format!("{}:{}", Checksum::Sha256.name(), hex(&hash.finish())),
        }
    }
}

impl FileRecord {
    /// The algorithm of its checksum; none where it is of another version, or damaged.
    pub(crate) fn algorithm(&self) -> Option<Checksum> {
        self.checksum.split_once(':')?.0.parse().ok()
    }
}
