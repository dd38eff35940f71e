//! A column's description.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The type of a value, by its bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DType {
    /// IEEE 754 half precision.
    F16,
    /// IEEE 754 single precision.
    F32,
    /// IEEE 754 double precision.
    F64,
    /// 8 bits, signed.
    I8,
    /// 32 bits, signed.
    I32,
    /// 64 bits, signed.
    I64,
    /// 8 bits, unsigned.
    U8,
    /// 32 bits, unsigned.
    U32,
}

impl DType {
    /// Bytes of a value.
    #[must_use]
    pub const fn size(self) -> usize {
        match self {
            Self::I8 | Self::U8 => 1,
            Self::F16 => 2,
            Self::F32 | Self::I32 | Self::U32 => 4,
            Self::F64 | Self::I64 => 8,
        }
    }

    /// Its name in NumPy: `float64`.
    #[must_use]
    pub const fn numpy_name(self) -> &'static str {
        match self {
            Self::F16 => "float16",
            Self::F32 => "float32",
            Self::F64 => "float64",
            Self::I8 => "int8",
            Self::I32 => "int32",
            Self::I64 => "int64",
            Self::U8 => "uint8",
            Self::U32 => "uint32",
        }
    }

    /// Its name, as in Rust: `f64`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::F16 => "f16",
            Self::F32 => "f32",
            Self::F64 => "f64",
            Self::I8 => "i8",
            Self::I32 => "i32",
            Self::I64 => "i64",
            Self::U8 => "u8",
            Self::U32 => "u32",
        }
    }
}

impl fmt::Display for DType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The meaning of a value beyond its type.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Logical {
    /// The number itself.
    #[default]
    Number,
    /// A time, ns since 1970 UTC.
    Time,
    /// A place in the market's table of symbols.
    Symbol,
    /// A place in [`EXIT_REASONS`](crate::EXIT_REASONS).
    ExitReason,
}

/// The part that a column plays.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Tells which sample it is, and where it stands.
    Key,
    /// An input of the model, made of bars before t.
    Window,
    /// Inputs of the model with one value each: of the bar before t.
    Snapshot,
    /// An input of the model that was drawn: the account.
    State,
    /// The action that was drawn.
    Action,
    /// A target for supervised learning, made of bars from t on.
    Label,
    /// A result of the action, made of bars from t on.
    Outcome,
    /// The weight of a sample.
    Weight,
}

impl Role {
    /// Its name: `window`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Key => "key",
            Self::Window => "window",
            Self::Snapshot => "snapshot",
            Self::State => "state",
            Self::Action => "action",
            Self::Label => "label",
            Self::Outcome => "outcome",
            Self::Weight => "weight",
        }
    }
}

/// A column of a dataset.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Field {
    /// Its name, that of the column in files.
    pub name: String,
    /// The type of its values.
    pub dtype: DType,
    /// The meaning of its values.
    #[serde(default, skip_serializing_if = "is_number")]
    pub logical: Logical,
    /// The shape of a sample's values: empty for one value, `[L]` for a window, `[K]` for a
    /// snapshot, `[H]` for a path.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub shape: Vec<usize>,
    /// The names of the values along the last axis of the shape, such as the columns of a snapshot;
    /// empty where they have none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub names: Vec<String>,
    /// The part that it plays.
    pub role: Role,
    /// The unit of its values: `dollars`, `fraction`, `bars`, `ns`, `price`; empty where there is
    /// none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub unit: String,
    /// A sentence that says what it holds.
    pub doc: String,
}

fn is_number(logical: &Logical) -> bool {
    *logical == Logical::Number
}

impl Field {
    /// Returns true for labels and the weight, which are gathered by bar.
    #[must_use]
    pub fn is_label(&self) -> bool {
        matches!(self.role, Role::Label | Role::Weight)
    }

    /// Values of a sample: 1 without a shape.
    #[must_use]
    pub fn values(&self) -> usize {
        self.shape.iter().product()
    }

    /// Bytes of a sample's values.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.dtype.size() * self.values()
    }
}

/// A column of one value a sample that every dataset has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ColumnField {
    /// Its name.
    pub name: &'static str,
    /// The type of its values.
    pub dtype: DType,
    /// The meaning of its values.
    pub logical: Logical,
    /// The part that it plays.
    pub role: Role,
    /// The unit of its values; empty where there is none.
    pub unit: &'static str,
    /// A sentence that says what it holds.
    pub doc: &'static str,
}

impl From<ColumnField> for Field {
    fn from(column: ColumnField) -> Self {
        let ColumnField { name, dtype, logical, role, unit, doc } = column;
        let (name, unit, doc) = (name.to_owned(), unit.to_owned(), doc.to_owned());
        let (shape, names) = (Vec::new(), Vec::new());
        Self { name, dtype, logical, shape, names, role, unit, doc }
    }
}
