//! Thrift's compact protocol, in which Parquet writes its footer and the headers of pages: enough
//! of it to walk through them.

/// Depth to which structs may lie in structs: deeper than any of Parquet's.
const DEEPEST: u32 = 8;

/// The bytes left to read. Every function gives `None` where it is damaged.
pub(crate) struct Thrift<'a> {
    pub(crate) rest: &'a [u8],
}

impl Thrift<'_> {
    /// The type of a number of 32 bits.
    pub(crate) const I32: u8 = 5;
    /// The type of a list.
    pub(crate) const LIST: u8 = 9;
    /// The type of a struct.
    pub(crate) const STRUCT: u8 = 12;

    fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(*first)
    }

    fn bytes(&mut self, count: usize) -> Option<()> {
        self.rest = self.rest.get(count..)?;
        Some(())
    }

    fn varint(&mut self) -> Option<u64> {
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Some(value);
            }
        }
        None
    }

    /// A signed number, which is folded so that small ones are short.
    pub(crate) fn integer(&mut self) -> Option<i64> {
        let folded = self.varint()?;
        Some((folded >> 1) as i64 ^ -((folded & 1) as i64))
    }

    /// The type of the next field of a struct, whose number goes to `field`; none at its end.
    pub(crate) fn field(&mut self, field: &mut i64) -> Option<Option<u8>> {
        let head = self.byte()?;
        let (delta, kind) = (head >> 4, head & 0x0f);
        if kind == 0 {
            return Some(None);
        }
        *field = match delta {
            0 => self.integer()?,
            delta => field.checked_add(i64::from(delta))?,
        };
        Some(Some(kind))
    }

    /// The type of a list's items and how many there are.
    pub(crate) fn list(&mut self) -> Option<(u8, u64)> {
        let head = self.byte()?;
        let length = match head >> 4 {
            15 => self.varint()?,
            length => u64::from(length),
        };
        Some((head & 0x0f, length))
    }

    /// Skips a value of a type.
    pub(crate) fn skip(&mut self, kind: u8) -> Option<()> {
        self.skip_value(kind, 0)
    }

    fn skip_value(&mut self, kind: u8, depth: u32) -> Option<()> {
        match kind {
            // Booleans are in the type.
            1 | 2 => Some(()),
            3 => self.bytes(1),
            4..=6 => self.varint().map(drop),
            7 => self.bytes(8),
            8 => {
                let length = usize::try_from(self.varint()?).ok()?;
                self.bytes(length)
            }
            Self::LIST | 10 => self.skip_list(depth),
            Self::STRUCT if depth < DEEPEST => {
                let mut field = 0;
                while let Some(kind) = self.field(&mut field)? {
                    self.skip_value(kind, depth + 1)?;
                }
                Some(())
            }
            _ => None,
        }
    }

    /// Skips a list. Parquet has none of booleans, lists or maps here; and readers differ in
    /// whether a boolean in one takes a byte, so that what follows could be another thing to each.
    fn skip_list(&mut self, depth: u32) -> Option<()> {
        let (kind, length) = self.list()?;
        for _ in 0..length {
            match kind {
                kind @ (3..=8 | Self::STRUCT) => self.skip_value(kind, depth)?,
                _ => return None,
            }
        }
        Some(())
    }
}
