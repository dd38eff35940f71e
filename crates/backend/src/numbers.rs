//! The samples that a block holds.

use crate::BackendError;

/// The numbers of samples, row by row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Numbers<'a> {
    /// Consecutive numbers.
    Range {
        /// The first number.
        first: u64,
        /// The number of rows.
        rows: usize,
    },
    /// Any numbers, in any order; a number may occur several times.
    Listed(&'a [u64]),
}

impl Numbers<'_> {
    /// The number of samples.
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            Self::Range { rows, .. } => *rows,
            Self::Listed(samples) => samples.len(),
        }
    }

    /// Returns true if there are no samples.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The number of the sample in a row.
    ///
    /// # Panics
    /// There is no such row in a list.
    #[must_use]
    #[inline]
    pub fn get(&self, row: usize) -> u64 {
        match self {
            Self::Range { first, .. } => first.wrapping_add(row as u64),
            Self::Listed(samples) => samples[row],
        }
    }

    /// The numbers of rows `[start, end)`.
    ///
    /// # Panics
    /// There are no such rows in a list.
    #[must_use]
    #[inline]
    pub fn rows(&self, start: usize, end: usize) -> Self {
        match self {
            Self::Range { .. } => Self::Range { first: self.get(start), rows: end - start },
            Self::Listed(samples) => Self::Listed(&samples[start..end]),
        }
    }
}

impl Numbers<'_> {
    /// Checks that all of them are below `samples`: those of a part, or of a session.
    ///
    /// # Errors
    /// One is not.
    pub fn check_below(&self, samples: u64) -> Result<(), BackendError> {
        let (first, end) = match self {
            Self::Range { first, rows } => (*first, first.saturating_add(*rows as u64)),
            Self::Listed(list) => {
                let greatest = list.iter().copied().max().unwrap_or(0);
                (greatest, greatest.saturating_add(u64::from(!list.is_empty())))
            }
        };
        if end > samples {
            return Err(BackendError::OutOfRange { first, end, samples });
        }
        Ok(())
    }
}

/// The numbers of the samples that a block holds.
#[derive(Debug, Default)]
pub(crate) struct Held {
    first: u64,
    /// Used if `is_listed`; kept, so that the next list takes no new memory.
    list: Vec<u64>,
    is_listed: bool,
}

impl Held {
    pub(crate) fn set(&mut self, numbers: Numbers<'_>) {
        self.list.clear();
        self.is_listed = matches!(numbers, Numbers::Listed(_));
        match numbers {
            Numbers::Range { first, .. } => self.first = first,
            Numbers::Listed(samples) => self.list.extend_from_slice(samples),
        }
    }

    pub(crate) fn get(&self, rows: usize) -> Numbers<'_> {
        match self.is_listed {
            false => Numbers::Range { first: self.first, rows },
            true => Numbers::Listed(&self.list),
        }
    }
}
