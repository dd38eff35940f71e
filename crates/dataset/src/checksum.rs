//! The checksums of files. The algorithm is chosen here and nowhere else.

mod sha256;

use sha256::StreamHash;

use crate::FileRecord;
use crate::commit::files::hex;

/// An algorithm of checksums of files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Checksum {
    /// SHA-256, 64 hex digits.
    Sha256,
}

/// A checksum of a stream of bytes, while they come.
#[derive(Clone, Debug)]
pub(crate) enum Hasher {
    Sha256(StreamHash),
}

impl Checksum {
    /// The algorithm of files that are written now.
    pub(crate) const WRITTEN: Self = Self::Sha256;

    /// Its name in messages.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Sha256 => "sha256",
        }
    }

    /// A checksum of no bytes yet.
    pub(crate) fn hasher(self) -> Hasher {
        match self {
            Self::Sha256 => Hasher::Sha256(StreamHash::new()),
        }
    }
}

impl Hasher {
    /// Takes the bytes that follow.
    pub(crate) fn update(&mut self, bytes: &[u8]) {
        match self {
            Self::Sha256(hash) => hash.update(bytes),
        }
    }

    /// Feeds each stream the pieces that follow in it, both in turn.
    pub(crate) fn update_pair(a: &mut Self, b: &mut Self, pieces: [&[&[u8]]; 2]) {
        match (a, b) {
            (Self::Sha256(a), Self::Sha256(b)) => sha256::update_pair([a, b], pieces),
        }
    }

    /// The checksum, lower-case hex digits.
    pub(crate) fn finish(self) -> String {
        match self {
            Self::Sha256(hash) => hex(&hash.finish()),
        }
    }
}

impl FileRecord {
    /// The record of a file whose bytes have this checksum.
    pub(crate) fn new(name: String, bytes: u64, checksum: Checksum, digest: String) -> Self {
        match checksum {
            Checksum::Sha256 => Self { name, bytes, sha256: digest },
        }
    }

    /// The checksum of the file's bytes, and by which algorithm.
    pub(crate) fn checksum(&self) -> (Checksum, &str) {
        (Checksum::Sha256, &self.sha256)
    }
}
