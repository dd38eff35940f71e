//! sha256 of two streams at once.
//!
//! The rounds of SHA-256 depend on each other, so one stream leaves most of the processor's SHA
//! unit idle. Blocks of two independent streams, taken in turn, overlap: on Zen 3 both together
//! run at 1.35 times the speed of one. So a thread that builds two files hashes them as a pair.

use sha2::block_api::compress256;

/// Bytes of a block of SHA-256.
const BLOCK: usize = 64;

/// The initial hash value of [FIPS 180-4], 5.3.3.
///
/// [FIPS 180-4]: https://csrc.nist.gov/pubs/fips/180-4/upd1/final
const INITIAL: [u32; 8] = [
    0x6a09_e667,
    0xbb67_ae85,
    0x3c6e_f372,
    0xa54f_f53a,
    0x510e_527f,
    0x9b05_688c,
    0x1f83_d9ab,
    0x5be0_cd19,
];

/// SHA-256 of a stream, which can be fed beside another one.
#[derive(Clone, Debug)]
pub(crate) struct StreamHash {
    state: [u32; 8],
    /// Bytes taken, those held included.
    bytes: u64,
    /// The first `bytes % 64` are of a block that is not full yet.
    held: [u8; BLOCK],
}

impl StreamHash {
    pub(crate) fn new() -> Self {
        Self { state: INITIAL, bytes: 0, held: [0; BLOCK] }
    }

    /// Takes the bytes that follow.
    pub(crate) fn update(&mut self, bytes: &[u8]) {
        let blocks = self.fill(bytes);
        let (blocks, rest) = blocks.as_chunks();
        compress256(&mut self.state, blocks);
        self.hold(blocks.len(), rest);
    }

    /// Completes the held block; gives what is left of the bytes, nothing if it is still not full.
    fn fill<'a>(&mut self, bytes: &'a [u8]) -> &'a [u8] {
        let held = (self.bytes % BLOCK as u64) as usize;
        if held == 0 {
            return bytes;
        }
        let (now, left) = bytes.split_at(bytes.len().min(BLOCK - held));
        self.held[held..held + now.len()].copy_from_slice(now);
        self.bytes += now.len() as u64;
        if held + now.len() == BLOCK {
            compress256(&mut self.state, &[self.held]);
        }
        left
    }

    /// Accounts for whole blocks that were hashed and keeps the rest, less than a block.
    fn hold(&mut self, blocks: usize, rest: &[u8]) {
        self.bytes += (blocks * BLOCK + rest.len()) as u64;
        if !rest.is_empty() {
            self.held[..rest.len()].copy_from_slice(rest);
        }
    }

    /// The digest.
    pub(crate) fn finish(mut self) -> [u8; 32] {
        let bits = self.bytes * 8;
        let zeros = (BLOCK + 55 - (self.bytes % BLOCK as u64) as usize) % BLOCK;
        let mut padding = vec![0x80];
        padding.resize(1 + zeros, 0);
        padding.extend(bits.to_be_bytes());
        self.update(&padding);
        let mut out = [0; 32];
        for (bytes, word) in out.chunks_exact_mut(4).zip(self.state) {
            bytes.copy_from_slice(&word.to_be_bytes());
        }
        out
    }
}

/// Feeds each stream the pieces that follow in it, both in turn.
pub(crate) fn update_pair(streams: [&mut StreamHash; 2], pieces: [&[&[u8]]; 2]) {
    let [a, b] = streams;
    let (mut pieces_a, mut pieces_b) = (pieces[0].iter(), pieces[1].iter());
    let (mut left_a, mut left_b): (&[u8], &[u8]) = (&[], &[]);
    loop {
        // Whole blocks of both, or the end of one.
        if !refill(a, &mut left_a, &mut pieces_a) || !refill(b, &mut left_b, &mut pieces_b) {
            break;
        }
        let (blocks_a, blocks_b) = (left_a.as_chunks::<BLOCK>().0, left_b.as_chunks::<BLOCK>().0);
        let both = blocks_a.len().min(blocks_b.len());
        for (x, y) in blocks_a[..both].iter().zip(&blocks_b[..both]) {
            compress256(&mut a.state, std::slice::from_ref(x));
            compress256(&mut b.state, std::slice::from_ref(y));
        }
        a.hold(both, &[]);
        b.hold(both, &[]);
        left_a = &left_a[both * BLOCK..];
        left_b = &left_b[both * BLOCK..];
    }
    a.update(left_a);
    pieces_a.for_each(|piece| a.update(piece));
    b.update(left_b);
    pieces_b.for_each(|piece| b.update(piece));
}

/// Goes on until at least a block is left and none is held; false at the end of the pieces.
fn refill<'a>(
    stream: &mut StreamHash,
    left: &mut &'a [u8],
    pieces: &mut std::slice::Iter<'_, &'a [u8]>,
) -> bool {
    while left.len() < BLOCK {
        stream.update(left);
        *left = &[];
        let Some(piece) = pieces.next() else { return false };
        *left = stream.fill(piece);
    }
    true
}

#[cfg(test)]
mod tests {
    use sha2::{Digest, Sha256};

    use super::*;

    fn bytes(seed: usize, length: usize) -> Vec<u8> {
        (0..length).map(|i| (i.wrapping_mul(seed) >> 3) as u8).collect()
    }

    #[test]
    fn one_stream_is_sha256() {
        for length in (0..200).chain([1_000, 4_096, 65_537]) {
            let bytes = bytes(37, length);
            for piece in [1, 7, 63, 64, 65, 1_000] {
                let mut hash = StreamHash::new();
                bytes.chunks(piece).for_each(|p| hash.update(p));
                assert_eq!(hash.finish()[..], Sha256::digest(&bytes)[..], "{length} by {piece}");
            }
        }
    }

    #[test]
    fn two_streams_are_two_sha256() {
        for (length_a, length_b) in [(0, 0), (0, 500), (1_000, 1_000), (64, 6_400), (9_999, 70)] {
            let (a, b) = (bytes(11, length_a), bytes(13, length_b));
            for (piece_a, piece_b) in [(64, 64), (1, 100), (63, 65), (130, 5_000), (7, 7)] {
                let mut hashes = [StreamHash::new(), StreamHash::new()];
                let pieces_a: Vec<&[u8]> = a.chunks(piece_a).collect();
                let pieces_b: Vec<&[u8]> = b.chunks(piece_b).collect();
                // In two goes, so that a block is held between them.
                let (first_a, second_a) = pieces_a.split_at(pieces_a.len() / 2);
                let (first_b, second_b) = pieces_b.split_at(pieces_b.len() / 2);
                for pieces in [[first_a, first_b], [second_a, second_b]] {
                    let [x, y] = &mut hashes;
                    update_pair([x, y], pieces);
                }
                let [x, y] = hashes.map(StreamHash::finish);
                assert_eq!(x[..], Sha256::digest(&a)[..], "{length_a}, {length_b}");
                assert_eq!(y[..], Sha256::digest(&b)[..], "{length_a}, {length_b}");
            }
        }
    }
}
