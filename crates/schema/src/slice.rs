//! Values of a column, whatever their type.

use std::ops::Range;

use crate::DType;

/// A type that columns have values of.
pub trait Element: bytemuck::Pod {
    /// Its description.
    const DTYPE: DType;

    /// Values of this type as a slice of any.
    fn slice(values: &[Self]) -> Slice<'_>;
}

macro_rules! slices {
    ($($(#[$doc:meta])* $variant:ident($type:ty),)*) => {
        /// Values of a column, whatever their type, one sample after the other.
        #[derive(Clone, Copy, Debug, PartialEq)]
        pub enum Slice<'a> {
            $($(#[$doc])* $variant(&'a [$type]),)*
        }

        impl<'a> Slice<'a> {
            /// The type of the values.
            #[must_use]
            pub fn dtype(self) -> DType {
                match self { $(Self::$variant(_) => DType::$variant,)* }
            }

            /// The number of values.
            #[must_use]
            pub fn len(self) -> usize {
                match self { $(Self::$variant(values) => values.len(),)* }
            }

            /// The values as they are in memory.
            #[must_use]
            pub fn bytes(self) -> &'a [u8] {
                match self { $(Self::$variant(values) => bytemuck::cast_slice(values),)* }
            }

            /// A value as a double; an integer of 2^53 or more is rounded.
            ///
            /// # Panics
            /// There is no such value.
            #[must_use]
            pub fn value(self, at: usize) -> f64 {
                match self { $(Self::$variant(values) => values[at] as f64,)* }
            }

            /// Some of the values.
            ///
            /// # Panics
            /// There are no such values.
            #[must_use]
            pub fn range(self, range: Range<usize>) -> Self {
                match self { $(Self::$variant(values) => Self::$variant(&values[range]),)* }
            }
        }

        $(impl Element for $type {
            const DTYPE: DType = DType::$variant;

            fn slice(values: &[Self]) -> Slice<'_> {
                Slice::$variant(values)
            }
        })*
    };
}

slices! {
    /// Windows and what is made for training.
    F32(f32),
    /// Fractions, dollars and prices.
    F64(f64),
    /// Directions: 1 long, -1 short, 0 neither.
    I8(i8),
    /// Numbers of bars held.
    I32(i32),
    /// Numbers of samples and bars; times in ns since 1970 UTC.
    I64(i64),
    /// Codes of few values.
    U8(u8),
    /// Codes of many values.
    U32(u32),
}

impl Slice<'_> {
    /// True if there are no values.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.len() == 0
    }
}
