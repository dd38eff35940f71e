//! Columns of a block whose values are gathered by row.

use std::ops::Range;

use barloom_memory::Column;
use barloom_schema::{DType, Field, Slice};

use crate::block::{Allocate, column};

macro_rules! columns {
    ($($variant:ident($type:ty)),*) => {
        /// Values of one type.
        #[derive(Debug)]
        enum Typed {
            $($variant(Column<$type>),)*
        }

        /// Values of one type to be filled.
        #[derive(Debug)]
        pub(crate) enum TypedMut<'a> {
            $($variant(&'a mut [$type]),)*
        }

        impl Typed {
            fn new(dtype: DType, values: usize, allocate: Allocate<'_>) -> Option<Self> {
                Some(match dtype {
                    $(DType::$variant => Self::$variant(column(values, allocate)?),)*
                    // No label has another type.
                    _ => return None,
                })
            }

            fn dtype(&self) -> DType {
                match self { $(Self::$variant(_) => DType::$variant,)* }
            }

            fn set_len(&mut self, values: usize) {
                match self { $(Self::$variant(column) => column.set_len(values),)* }
            }

            fn slice(&self) -> Slice<'_> {
                match self { $(Self::$variant(column) => Slice::$variant(column),)* }
            }

            fn borrow(&mut self) -> TypedMut<'_> {
                match self { $(Self::$variant(column) => TypedMut::$variant(column),)* }
            }
        }

        impl<'a> TypedMut<'a> {
            fn bytes_mut(&mut self) -> &mut [u8] {
                match self { $(Self::$variant(values) => bytemuck::cast_slice_mut(values),)* }
            }

            fn split_at(self, middle: usize) -> (Self, Self) {
                match self {
                    $(Self::$variant(values) => {
                        let (before, after) = values.split_at_mut(middle);
                        (Self::$variant(before), Self::$variant(after))
                    })*
                }
            }
        }
    };
}
columns!(F32(f32), F64(f64), I8(i8), I32(i32), U8(u8));

/// A label or the weight as a column of a block.
#[derive(Debug)]
pub struct LabelValues {
    name: String,
    /// Values of a row.
    width: usize,
    values: Typed,
}

/// Rows of a label or the weight to be filled.
#[derive(Debug)]
pub struct LabelValuesMut<'a> {
    /// Values of a row.
    pub(crate) width: usize,
    pub(crate) values: TypedMut<'a>,
}

impl LabelValues {
    /// An empty column with room for so many rows; none where there is no memory.
    pub(crate) fn new(field: &Field, rows: usize, allocate: Allocate<'_>) -> Option<Self> {
        let width = field.values();
        let values = Typed::new(field.dtype, rows.checked_mul(width)?, allocate)?;
        Some(Self { name: field.name.clone(), width, values })
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Values of a row: 1, or H of a path.
    #[must_use]
    pub fn width(&self) -> usize {
        self.width
    }

    /// The values of all rows, one row after the other.
    #[must_use]
    pub fn values(&self) -> Slice<'_> {
        self.values.slice()
    }

    /// The values of some rows.
    ///
    /// # Panics
    /// There are no such rows.
    #[must_use]
    pub fn rows(&self, rows: Range<usize>) -> Slice<'_> {
        self.values().range(rows.start * self.width..rows.end * self.width)
    }

    /// Compares two rows, bit for bit.
    ///
    /// # Errors
    /// The first values that differ.
    pub(crate) fn same_row(&self, row: usize, other: &Self, at: usize) -> Result<(), String> {
        let (ours, theirs) = (self.rows(row..row + 1), other.rows(at..at + 1));
        if ours.dtype() == theirs.dtype() && ours.bytes() == theirs.bytes() {
            return Ok(());
        }
        Err(format!("{}: {ours:?} against {theirs:?}", self.name))
    }

    pub(crate) fn set_rows(&mut self, rows: usize) {
        self.values.set_len(rows * self.width);
    }

    pub(crate) fn borrow(&mut self) -> LabelValuesMut<'_> {
        LabelValuesMut { width: self.width, values: self.values.borrow() }
    }

    /// Returns true if it holds values of this field.
    pub(crate) fn is_of(&self, field: &Field) -> bool {
        self.name == field.name
            && self.width == field.values()
            && self.values.dtype() == field.dtype
    }

    /// Its name, type and number of values, for messages.
    pub(crate) fn text(&self) -> String {
        label_text(&self.name, self.values.dtype(), self.width)
    }
}

impl LabelValuesMut<'_> {
    /// The values of all rows as bytes, for a session that copies them.
    #[must_use]
    pub fn bytes_mut(&mut self) -> &mut [u8] {
        self.values.bytes_mut()
    }

    pub(crate) fn split_at(self, middle: usize) -> (Self, Self) {
        let Self { width, values } = self;
        let (before, after) = values.split_at(middle * width);
        (Self { width, values: before }, Self { width, values: after })
    }
}

/// A label's name, type and number of values: `path f32 64`.
pub(crate) fn label_text(name: &str, dtype: DType, values: usize) -> String {
    match values {
        1 => format!("{name} {dtype}"),
        values => format!("{name} {dtype} {values}"),
    }
}
