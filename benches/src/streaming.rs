//! Fills memory with stores that go past the caches: the limit of what can be written to it.

/// Sets every byte of `target`, with streaming stores where the machine has them.
pub(crate) fn fill(target: &mut [u8], byte: u8) {
    #[cfg(target_arch = "x86_64")]
    if std::arch::is_x86_feature_detected!("avx") {
        #[expect(unsafe_code, reason = "streaming stores are intrinsics")]
        // SAFETY: `avx` was found on this machine just above.
        unsafe {
            x86::fill_avx(target, byte);
        }
        return;
    }
    target.fill(byte);
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use std::arch::x86_64::{__m256i, _mm_sfence, _mm256_set1_epi8, _mm256_stream_si256};

    /// [`super::fill`] by 32 bytes at a time.
    #[target_feature(enable = "avx")]
    #[expect(unsafe_code, reason = "streaming stores are intrinsics")]
    pub(super) fn fill_avx(target: &mut [u8], byte: u8) {
        // SAFETY: any 32 bytes are a `__m256i` and any `__m256i` is 32 bytes.
        let (head, vectors, tail) = unsafe { target.align_to_mut::<__m256i>() };
        head.fill(byte);
        tail.fill(byte);
        let value = _mm256_set1_epi8(byte.cast_signed());
        for vector in vectors {
            // SAFETY: `vector` is a valid place for 32 bytes, aligned to 32 by its type.
            unsafe { _mm256_stream_si256(vector, value) };
        }
        // Streaming stores are ordered with what follows by a fence alone.
        _mm_sfence();
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_byte_is_set_at_any_offset() {
        let mut bytes = vec![0_u8; 1_000];
        for (start, end) in [(0, 0), (0, 1), (1, 40), (3, 999), (31, 97)] {
            bytes.fill(0);
            super::fill(&mut bytes[start..end], 7);
            let set = bytes.iter().enumerate().all(|(i, b)| (*b == 7) == (start..end).contains(&i));
            assert!(set, "{start}..{end}");
        }
    }
}
