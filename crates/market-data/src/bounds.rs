//! Bounds of what reading takes, and the reasons to stop before its end.

use std::io;

use crate::MarketDataError;

/// Bounds of what reading a text may take. The size of a packed one says little.
#[derive(Clone, Copy)]
pub(crate) struct Bounds {
    /// The bytes of memory that its rows may take.
    pub(crate) rows: usize,
    /// The longest text for which options are proposed: it is read several times.
    pub(crate) proposed: usize,
}

impl Bounds {
    /// No bounds: those of a text that is there.
    pub(crate) const NONE: Self = Self { rows: usize::MAX, proposed: usize::MAX };
}

/// The first bytes of a file, that tell how it is laid out.
pub(crate) const HEAD: usize = 1 << 20;

/// The reason why rows were not read in blocks.
pub(crate) enum Stop {
    /// A row or a time is wrong: options may be found that read the text.
    Row(MarketDataError),
    /// No options read it: a line is too long, rows take too much memory.
    Whole(MarketDataError),
    /// It may be read otherwise: it has quotes, another encoding, or no layout that its beginning
    /// tells.
    Unread,
    /// It cannot be read or unpacked.
    Stream(io::Error),
}
