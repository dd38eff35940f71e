//! All unsafe code of this crate: values that are kept by their owner, and a call of the system.

use std::any::Any;
use std::ptr::NonNull;
use std::sync::Arc;

/// Values in the memory of an owner, which they keep alive.
pub(crate) struct Kept<T> {
    values: NonNull<[T]>,
    owner: Arc<dyn Any + Send + Sync>,
}

impl<T> Kept<T> {
    /// Keeps an owner and the values that `view` finds in it.
    pub(crate) fn of<O: Send + Sync + 'static, E>(
        owner: Arc<O>,
        view: impl for<'a> FnOnce(&'a O) -> Result<&'a [T], E>,
    ) -> Result<Self, E> {
        let values = NonNull::from(view(&owner)?);
        Ok(Self { values, owner })
    }

    /// The same owner, and what `view` finds in these values.
    pub(crate) fn then<U, E>(
        &self,
        view: impl for<'a> FnOnce(&'a [T]) -> Result<&'a [U], E>,
    ) -> Result<Kept<U>, E> {
        let values = NonNull::from(view(self.values())?);
        Ok(Kept { values, owner: Arc::clone(&self.owner) })
    }

    #[inline(always)]
    #[expect(unsafe_code, reason = "a reference that outlives the borrow it was made in")]
    pub(crate) fn values(&self) -> &[T] {
        // SAFETY: the pointer was made of a reference that was borrowed from the owner alone, as `view`
        // takes an owner of any lifetime. The owner is neither moved nor dropped while `self` holds its
        // `Arc`, and nobody borrows it mutably, as an `Arc` that has another holder gives no such
        // reference. So the values may be borrowed for as long as `self` is.
        unsafe { self.values.as_ref() }
    }
}

impl<T> Clone for Kept<T> {
    fn clone(&self) -> Self {
        Self { values: self.values, owner: Arc::clone(&self.owner) }
    }
}

// SAFETY: it gives shared references to values alone, and its owner may go to any thread.
#[expect(unsafe_code, reason = "a pointer is not Send by itself")]
unsafe impl<T: Sync> Send for Kept<T> {}

// SAFETY: as above.
#[expect(unsafe_code, reason = "a pointer is not Sync by itself")]
unsafe impl<T: Sync> Sync for Kept<T> {}

/// Asks for huge pages where a vector's memory holds whole ones.
#[cfg(target_os = "linux")]
#[expect(unsafe_code, reason = "a call of the system, about memory that the vector owns")]
pub(crate) fn advise<T>(values: &Vec<T>) {
    use crate::column::HUGE_PAGE;
    let begin = values.as_ptr().addr();
    let end = begin + values.capacity() * size_of::<T>();
    let (first, last) = (begin.next_multiple_of(HUGE_PAGE), end / HUGE_PAGE * HUGE_PAGE);
    if first >= last {
        return;
    }
    let page = values.as_ptr().wrapping_byte_add(first - begin).cast_mut().cast();
    // SAFETY: `page..page + (last - first)` lies within the vector's own allocation, and the advice
    // changes neither what is in it nor whether it is there, but the size of pages that it gets.
    // What comes of it does not matter: without huge pages the memory is the same, and slower.
    let _ = unsafe { libc::madvise(page, last - first, libc::MADV_HUGEPAGE) };
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn advise<T>(_: &Vec<T>) {}
