use std::ops::{Deref, DerefMut};

use aligned_vec::{AVec, ConstAlign};
use memmap2::MmapMut;

/// Values that begin a cache line, as Arrow advises.
///
/// A large column is a mapping of its own, in huge pages where the system has them: its memory is
/// zeroed when it is first touched, and in few steps.
pub struct Column<T> {
    memory: Memory<T>,
    len: usize,
}

#[derive(Debug)]
enum Memory<T> {
    Heap(AVec<T, ConstAlign<64>>),
    Mapped(MmapMut),
    Foreign(Box<dyn Bytes>),
}

/// Memory that someone else gives, such as a device's driver.
pub trait Bytes: std::fmt::Debug + Send + Sync {
    /// The bytes, aligned to 64; always the same ones.
    fn bytes(&self) -> &[u8];
    /// The bytes to be written.
    fn bytes_mut(&mut self) -> &mut [u8];
}

/// Bytes of a huge page on most machines. Columns of at least as many are mappings of whole ones.
pub(crate) const HUGE_PAGE: usize = 2 << 20;

impl<T: bytemuck::Pod> Column<T> {
    /// No values yet, and room for `capacity` of them.
    ///
    /// # Panics
    /// There is no memory for them: see [`try_with_capacity`](Self::try_with_capacity).
    #[must_use]
    pub fn with_capacity(capacity: usize) -> Self {
        Self::try_with_capacity(capacity)
            .unwrap_or_else(|| panic!("there is no memory for {capacity} values"))
    }

    /// As [`with_capacity`](Self::with_capacity); none where there is no memory for them.
    #[must_use]
    pub fn try_with_capacity(capacity: usize) -> Option<Self> {
        let bytes = capacity.checked_mul(size_of::<T>())?;
        let pages = bytes.checked_next_multiple_of(HUGE_PAGE).filter(|_| bytes >= HUGE_PAGE);
        let mapped = pages.and_then(|bytes| MmapMut::map_anon(bytes).ok());
        let memory = match mapped {
            Some(mapped) => {
                // Advice: without it the memory is the same, and slower.
                #[cfg(target_os = "linux")]
                let _ = mapped.advise(memmap2::Advice::HugePage);
                Memory::Mapped(mapped)
            }
            None => {
                let mut values = AVec::new(64);
                values.try_reserve_exact(capacity).ok()?;
                values.resize(capacity, T::zeroed());
                Memory::Heap(values)
            }
        };
        Some(Self { memory, len: 0 })
    }

    /// No values yet, and room for as many as the memory holds.
    ///
    /// # Panics
    /// The memory does not begin a cache line.
    #[must_use]
    pub fn in_memory(memory: Box<dyn Bytes>) -> Self {
        assert!(memory.bytes().as_ptr().addr().is_multiple_of(64), "memory aligned to 64 bytes");
        Self { memory: Memory::Foreign(memory), len: 0 }
    }

    /// Number of values that there is room for.
    fn capacity(&self) -> usize {
        match &self.memory {
            Memory::Heap(values) => values.len(),
            Memory::Mapped(mapped) => mapped.len() / size_of::<T>(),
            Memory::Foreign(memory) => memory.bytes().len() / size_of::<T>(),
        }
    }

    /// Makes it hold `len` values; what they are is unspecified.
    ///
    /// # Panics
    /// There is no room for them.
    pub fn set_len(&mut self, len: usize) {
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
            Memory::Foreign(memory) => {
                bytemuck::cast_slice(&memory.bytes()[..self.len * size_of::<T>()])
            }
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
            Memory::Foreign(memory) => {
                bytemuck::cast_slice_mut(&mut memory.bytes_mut()[..self.len * size_of::<T>()])
            }
        }
    }
}

impl<T: bytemuck::Pod> From<&[T]> for Column<T> {
    fn from(values: &[T]) -> Self {
        let mut column = Self::with_capacity(values.len());
        column.set_len(values.len());
        column.copy_from_slice(values);
        column
    }
}

impl<T: bytemuck::Pod> FromIterator<T> for Column<T> {
    fn from_iter<I: IntoIterator<Item = T>>(values: I) -> Self {
        let mut values = values.into_iter();
        let (least, most) = values.size_hint();
        if most != Some(least) {
            return values.collect::<Vec<_>>().as_slice().into();
        }
        // Straight to where they belong: a copy would touch as much memory once more.
        let mut column = Self::with_capacity(least);
        column.set_len(least);
        let places = column.iter_mut().zip(values.by_ref());
        let count = places.map(|(place, value)| *place = value).count();
        column.set_len(count);
        let more: Vec<T> = values.collect();
        if more.is_empty() { column } else { [&column[..], &more].concat().as_slice().into() }
    }
}

impl<T: bytemuck::Pod> Clone for Column<T> {
    fn clone(&self) -> Self {
        (**self).into()
    }
}

impl<T: bytemuck::Pod + std::fmt::Debug> std::fmt::Debug for Column<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        (**self).fmt(f)
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

    /// Tells of `.1` values, however many it has.
    struct Surprising(std::ops::Range<u32>, u32);

    impl Iterator for Surprising {
        type Item = u32;

        fn next(&mut self) -> Option<u32> {
            self.0.next()
        }

        fn size_hint(&self) -> (usize, Option<usize>) {
            let told = self.1 as usize;
            (told, Some(told))
        }
    }

    #[test]
    fn all_values_are_collected_whatever_was_told() {
        for (count, told) in [(0, 0), (7, 7), (7, 3), (3, 7), (1 << 20, 1 << 20)] {
            let column: Column<u32> = Surprising(0..count, told).collect();
            assert!(column.iter().copied().eq(0..count), "{count} where {told} were told");
        }
        let odd: Column<u32> = (0..100).filter(|i| i % 2 == 1).collect();
        assert_eq!(odd.len(), 50);
    }

    #[test]
    fn what_no_machine_has_is_none() {
        for capacity in [1 << 50, usize::MAX / 8, usize::MAX] {
            assert!(Column::<f64>::try_with_capacity(capacity).is_none(), "{capacity}");
        }
        assert!(Column::<f64>::try_with_capacity(1_000).is_some());
    }

    #[test]
    #[should_panic(expected = "room for 10")]
    fn there_is_no_more_than_was_asked_for() {
        Column::<u8>::with_capacity(10).set_len(11);
    }
}
