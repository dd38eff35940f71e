//! The memory of a block's column.

use std::ops::{Deref, DerefMut};

use aligned_vec::{AVec, ConstAlign};
use memmap2::MmapMut;

/// Values that begin a cache line, as Arrow advises.
///
/// A large column is a mapping of its own, in huge pages where the system has them: its memory is
/// zeroed when it is first touched, and in few steps.
#[derive(Debug)]
pub struct Column<T> {
    memory: Memory<T>,
    len: usize,
}

#[derive(Debug)]
enum Memory<T> {
    Heap(AVec<T, ConstAlign<64>>),
    Mapped(MmapMut),
}

/// Columns of at least this many bytes are mappings.
const MAPPED_BYTES: usize = 4 << 20;

impl<T: bytemuck::Pod> Column<T> {
    /// No values yet, and room for `capacity` of them.
    #[must_use]
    pub fn with_capacity(capacity: usize) -> Self {
        let bytes = capacity.saturating_mul(size_of::<T>());
        let mapped = (bytes >= MAPPED_BYTES).then(|| MmapMut::map_anon(bytes).ok()).flatten();
        let memory = match mapped {
            Some(mapped) => {
                // Advice: without it the memory is the same, and slower.
                #[cfg(target_os = "linux")]
                let _ = mapped.advise(memmap2::Advice::HugePage);
                Memory::Mapped(mapped)
            }
            None => {
                let mut values = AVec::with_capacity(64, capacity);
                values.resize(capacity, T::zeroed());
                Memory::Heap(values)
            }
        };
        Self { memory, len: 0 }
    }

    /// How many values there is room for.
    fn capacity(&self) -> usize {
        match &self.memory {
            Memory::Heap(values) => values.len(),
            Memory::Mapped(mapped) => mapped.len() / size_of::<T>(),
        }
    }

    /// Makes it hold `len` values; what they are is unspecified.
    ///
    /// # Panics
    /// There is no room for them.
    pub(crate) fn set_len(&mut self, len: usize) {
        assert!(len <= self.capacity(), "{len} values, room for {}", self.capacity());
        self.len = len;
    }
}

impl<T: bytemuck::Pod> Deref for Column<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        match &self.memory {
            Memory::Heap(values) => &values[..self.len],
            Memory::Mapped(mapped) => bytemuck::cast_slice(&mapped[..self.len * size_of::<T>()]),
        }
    }
}

impl<T: bytemuck::Pod> DerefMut for Column<T> {
    fn deref_mut(&mut self) -> &mut [T] {
        match &mut self.memory {
            Memory::Heap(values) => &mut values[..self.len],
            Memory::Mapped(mapped) => {
                bytemuck::cast_slice_mut(&mut mapped[..self.len * size_of::<T>()])
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_and_large_columns_are_alike() {
        for capacity in [0, 1, 1_000, 3 << 20] {
            let mut column = Column::<f32>::with_capacity(capacity);
            assert!(column.is_empty());
            column.set_len(capacity);
            assert_eq!(column.len(), capacity);
            if let Some(last) = column.last_mut() {
                *last = 1.5;
            }
            assert_eq!(column.as_ptr().addr() % 64, 0);
            column.set_len(0);
            column.set_len(capacity);
            assert!(capacity == 0 || column.last() == Some(&1.5));
        }
    }

    #[test]
    #[should_panic(expected = "room for 10")]
    fn there_is_no_more_than_was_asked_for() {
        Column::<u8>::with_capacity(10).set_len(11);
    }
}
