//! Slices of several columns.

use smallvec::SmallVec;

/// Slices of several columns: as a vector of them, which takes no memory of its own where they are
/// few.
#[derive(Debug)]
pub struct Slices<'a, T>(SmallVec<[&'a mut [T]; FEW]>);

/// Columns that slices are kept of without memory of their own.
const FEW: usize = 8;

impl<T> Default for Slices<'_, T> {
    fn default() -> Self {
        Self(SmallVec::new())
    }
}

impl<'a, T> std::ops::Deref for Slices<'a, T> {
    type Target = [&'a mut [T]];

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl<T> std::ops::DerefMut for Slices<'_, T> {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.0
    }
}

impl<'a, T> FromIterator<&'a mut [T]> for Slices<'a, T> {
    fn from_iter<I: IntoIterator<Item = &'a mut [T]>>(slices: I) -> Self {
        Self(slices.into_iter().collect())
    }
}

impl<'a, T> IntoIterator for Slices<'a, T> {
    type Item = &'a mut [T];
    type IntoIter = smallvec::IntoIter<[&'a mut [T]; FEW]>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl<'s, 'a, T> IntoIterator for &'s mut Slices<'a, T> {
    type Item = &'s mut &'a mut [T];
    type IntoIter = std::slice::IterMut<'s, &'a mut [T]>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter_mut()
    }
}

pub(crate) fn split_each<T>(
    slices: Slices<'_, T>,
    middle: usize,
) -> (Slices<'_, T>, Slices<'_, T>) {
    let (mut before, mut after) = (Slices::default(), Slices::default());
    for slice in slices {
        let (first, second) = slice.split_at_mut(middle);
        before.0.push(first);
        after.0.push(second);
    }
    (before, after)
}
