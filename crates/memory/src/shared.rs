use std::convert::Infallible;
use std::ops::{Deref, Range};
use std::sync::Arc;

use crate::Column;
use crate::raw::Kept;

/// A long read-only column that owns its values or lies in memory that something else owns, such as
/// a mapped file. Clones and parts share the memory.
///
/// Reading costs what a slice costs, whoever owns the memory.
///
/// ```
/// use barloom_memory::SharedColumn;
///
/// let owned: SharedColumn<u64> = (0..1_000).collect();
/// let part = owned.part(10..20);
/// assert_eq!((part[0], part.len()), (10, 10));
///
/// // Memory of another owner: a mapped file, a buffer of Arrow.
/// let bytes = SharedColumn::over(1.5_f64.to_ne_bytes().repeat(3));
/// let values: SharedColumn<f64> = bytes.part(8..24).cast()?;
/// assert_eq!(values[..], [1.5, 1.5]);
/// # Ok::<(), barloom_memory::CastError>(())
/// ```
pub struct SharedColumn<T>(Kept<T>);

/// An error of bytes that are not values of a type.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CastError {
    /// The first value would not begin at a multiple of its alignment.
    #[error("the bytes begin at {address:#x}; these values begin at multiples of {align}")]
    Misaligned {
        /// Address of the first byte.
        address: usize,
        /// Alignment of a value.
        align: usize,
    },
    /// The last value would be cut.
    #[error("{bytes} bytes hold no whole number of values of {size} bytes")]
    Length {
        /// Bytes in all.
        bytes: usize,
        /// Bytes of a value.
        size: usize,
    },
}

impl SharedColumn<u8> {
    /// The bytes of an owner, which lives as long as the column, its clones and its parts.
    #[must_use]
    pub fn over(owner: impl AsRef<[u8]> + Send + Sync + 'static) -> Self {
        Self::of(owner, |owner| owner.as_ref())
    }

    /// The bytes as values, in the byte order of this machine, without a copy.
    ///
    /// # Errors
    /// They are not aligned as values must be, or hold no whole number of them.
    pub fn cast<T: bytemuck::Pod>(&self) -> Result<SharedColumn<T>, CastError> {
        self.0.then(values_of).map(SharedColumn)
    }
}

fn values_of<T: bytemuck::Pod>(bytes: &[u8]) -> Result<&[T], CastError> {
    bytemuck::try_cast_slice(bytes).map_err(|error| match error {
        bytemuck::PodCastError::TargetAlignmentGreaterAndInputNotAligned => {
            let address = bytes.as_ptr().addr();
            CastError::Misaligned { address, align: align_of::<T>() }
        }
        _ => CastError::Length { bytes: bytes.len(), size: size_of::<T>() },
    })
}

impl<T> SharedColumn<T> {
    fn of<O: Send + Sync + 'static>(owner: O, view: impl for<'a> Fn(&'a O) -> &'a [T]) -> Self {
        match Kept::of::<O, Infallible>(Arc::new(owner), |owner| Ok(view(owner))) {
            Ok(values) => Self(values),
            Err(never) => match never {},
        }
    }

    /// The values of a range, in the same memory.
    ///
    /// # Panics
    /// The range is not within the column.
    #[must_use]
    pub fn part(&self, range: Range<usize>) -> Self {
        match self.0.then::<T, Infallible>(|values| Ok(&values[range])) {
            Ok(values) => Self(values),
            Err(never) => match never {},
        }
    }
}

impl<T> Deref for SharedColumn<T> {
    type Target = [T];

    #[inline(always)]
    fn deref(&self) -> &[T] {
        self.0.values()
    }
}

impl<T> Clone for SharedColumn<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<T: bytemuck::Pod + Send + Sync> From<Column<T>> for SharedColumn<T> {
    fn from(column: Column<T>) -> Self {
        Self::of(column, |column| column)
    }
}

impl<T: Send + Sync + 'static> From<Vec<T>> for SharedColumn<T> {
    /// The vector's memory, as it is.
    fn from(values: Vec<T>) -> Self {
        Self::of(values, |values| values)
    }
}

impl<T: bytemuck::Pod + Send + Sync> From<&[T]> for SharedColumn<T> {
    /// A copy.
    fn from(values: &[T]) -> Self {
        Column::from(values).into()
    }
}

impl<T: bytemuck::Pod + Send + Sync> FromIterator<T> for SharedColumn<T> {
    fn from_iter<I: IntoIterator<Item = T>>(values: I) -> Self {
        values.into_iter().collect::<Column<T>>().into()
    }
}

impl<T: Send + Sync + 'static> Default for SharedColumn<T> {
    fn default() -> Self {
        Vec::new().into()
    }
}

impl<'a, T> IntoIterator for &'a SharedColumn<T> {
    type Item = &'a T;
    type IntoIter = std::slice::Iter<'a, T>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl<T: PartialEq> PartialEq for SharedColumn<T> {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl<T: std::fmt::Debug> std::fmt::Debug for SharedColumn<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        (**self).fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[test]
    fn owned_values_are_shared_by_clones_and_parts() {
        for count in [0, 1, 1_000, 1 << 20] {
            let column: SharedColumn<u32> = (0..count).collect();
            let (clone, half) = (column.clone(), count as usize / 2);
            let part = column.part(half..count as usize);
            assert_eq!(clone.as_ptr(), column.as_ptr());
            assert_eq!(part.as_ptr(), column[half..].as_ptr());
            drop(column);
            assert!(clone.iter().copied().eq(0..count));
            assert!(part.iter().copied().eq(half as u32..count));
            assert!(count == 0 || clone.as_ptr().addr().is_multiple_of(64));
        }
        let vector = vec![1.5_f64, 2.5];
        let at = vector.as_ptr();
        let column = SharedColumn::from(vector);
        assert_eq!((column.as_ptr(), &column[..]), (at, &[1.5, 2.5][..]));
        assert_eq!(SharedColumn::from(&[1.5, 2.5][..]), column);
        assert!(SharedColumn::<f64>::default().is_empty());
    }

    /// A buffer as Arrow and `bytes` have them: a range of memory that several hold.
    struct Buffer {
        memory: Arc<Column<u64>>,
        range: Range<usize>,
        drops: Arc<AtomicUsize>,
    }

    impl AsRef<[u8]> for Buffer {
        fn as_ref(&self) -> &[u8] {
            &bytemuck::cast_slice(&self.memory)[self.range.clone()]
        }
    }

    impl Drop for Buffer {
        fn drop(&mut self) {
            self.drops.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn buffer(range: Range<usize>) -> (Arc<AtomicUsize>, Buffer) {
        let drops = Arc::new(AtomicUsize::new(0));
        let memory = Arc::new((0..100).collect());
        (Arc::clone(&drops), Buffer { memory, range, drops })
    }

    #[test]
    fn memory_of_an_owner_is_read_where_it_is_and_kept_while_it_is_read() {
        let (drops, buffer) = buffer(80..400);
        let at = buffer.as_ref().as_ptr().addr();
        let bytes = SharedColumn::over(buffer);
        let values: SharedColumn<u64> = bytes.part(80..160).cast().expect("aligned");
        assert_eq!(values.as_ptr().addr(), at + 80);
        drop(bytes);
        let other = values.clone();
        let sum = std::thread::spawn(move || other.iter().sum::<u64>()).join().expect("a sum");
        assert_eq!(sum, (20..30).sum());
        assert_eq!(drops.load(Ordering::Relaxed), 0, "values are still there to be read");
        drop(values);
        assert_eq!(drops.load(Ordering::Relaxed), 1);
    }

    #[test]
    fn boxes_and_mapped_pages_are_owners() {
        let boxed: Box<[u8]> = vec![7; 1_000].into();
        let at = boxed.as_ptr();
        let column = SharedColumn::over(boxed);
        assert_eq!((column.as_ptr(), column[999]), (at, 7));

        let mut pages = memmap2::MmapMut::map_anon(1 << 16).expect("pages");
        bytemuck::cast_slice_mut(&mut pages)[3] = 2.5_f64;
        let pages = pages.make_read_only().expect("pages that are read only");
        let values: SharedColumn<f64> = SharedColumn::over(pages).cast().expect("aligned");
        assert_eq!((values[3], values[4], values.len()), (2.5, 0.0, 1 << 13));
    }

    #[test]
    fn bytes_that_are_no_values_are_refused() {
        let (_, buffer) = buffer(0..800);
        let bytes = SharedColumn::over(buffer);
        let address = bytes.as_ptr().addr() + 4;
        let cast = |range| bytes.part(range).cast::<u64>().map(|values| values.len());
        assert_eq!(cast(8..24), Ok(2));
        assert_eq!(cast(0..0), Ok(0));
        assert_eq!(cast(4..20), Err(CastError::Misaligned { address, align: 8 }));
        assert_eq!(cast(8..25), Err(CastError::Length { bytes: 17, size: 8 }));
        assert_eq!(bytes.part(4..20).cast::<[u8; 16]>().map(|values| values.len()), Ok(1));
    }

    #[test]
    #[should_panic(expected = "out of range")]
    fn a_part_is_within_the_column() {
        let _ = SharedColumn::from(vec![1, 2]).part(1..3);
    }
}
