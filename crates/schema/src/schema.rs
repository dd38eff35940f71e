//! The columns of a dataset in their order.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::columns::COLUMNS;
use crate::field::{DType, Field, Logical, Role};

/// The column of a snapshot.
pub const SNAPSHOT: &str = "snapshot";

/// The columns of a dataset in their order, each name once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Vec<Field>", into = "Vec<Field>")]
pub struct Schema {
    fields: Vec<Field>,
}

/// The parts of which the schema of samples is made.
#[derive(Clone, Copy, Debug)]
pub struct SampleColumns<'a> {
    /// The channels of the windows.
    pub channels: &'a [&'a str],
    /// L in bars.
    pub lookback: usize,
    /// The columns of the snapshot.
    pub snapshot: &'a [&'a str],
    /// The metrics of the rewards.
    pub metrics: &'a [&'a str],
    /// Labels, and the weight after them.
    pub labels: &'a [Field],
    /// False for samples without state, action, reward and outcomes.
    pub priced: bool,
}

impl Default for SampleColumns<'_> {
    /// Priced samples with no further columns, of one bar.
    fn default() -> Self {
        let (channels, snapshot, metrics): (&[&str], &[&str], &[&str]) = (&[], &[], &[]);
        Self { channels, lookback: 1, snapshot, metrics, labels: &[], priced: true }
    }
}

/// Fields that make no schema.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SchemaError {
    /// A column cannot be told from another.
    #[error("two columns are called {name}")]
    Twice {
        /// The name.
        name: String,
    },
    /// A column has no name.
    #[error("column {place} has no name")]
    Unnamed {
        /// Its place, from 0.
        place: usize,
    },
    /// A sample has no values in a column, or more than memory can hold.
    #[error("column {name} has the shape {shape:?}; expected sizes of at least 1")]
    Shape {
        /// The name.
        name: String,
        /// The shape.
        shape: Vec<usize>,
    },
    /// A column's values have names, but not one each.
    #[error("column {name} has {names} names for {values} values")]
    Names {
        /// The name.
        name: String,
        /// Number of names.
        names: usize,
        /// Number of values along the last axis.
        values: usize,
    },
}

impl TryFrom<Vec<Field>> for Schema {
    type Error = SchemaError;

    fn try_from(fields: Vec<Field>) -> Result<Self, SchemaError> {
        Self::new(fields)
    }
}

impl From<Schema> for Vec<Field> {
    fn from(schema: Schema) -> Self {
        schema.fields
    }
}

impl Schema {
    /// The schema of these fields, in this order.
    ///
    /// # Errors
    /// A name is empty or there twice, a shape holds no values, or not every value has a name where
    /// some have.
    pub fn new(fields: Vec<Field>) -> Result<Self, SchemaError> {
        let mut names = BTreeSet::new();
        for (place, field) in fields.iter().enumerate() {
            if field.name.is_empty() {
                return Err(SchemaError::Unnamed { place });
            }
            if !names.insert(field.name.as_str()) {
                return Err(SchemaError::Twice { name: field.name.clone() });
            }
            let sizes = || field.shape.iter();
            let count = sizes().try_fold(field.dtype.size(), |bytes, n| bytes.checked_mul(*n));
            if sizes().any(|n| *n == 0) || count.is_none() {
                let (name, shape) = (field.name.clone(), field.shape.clone());
                return Err(SchemaError::Shape { name, shape });
            }
            let (names, values) = (field.names.len(), *field.shape.last().unwrap_or(&1));
            if names != 0 && names != values {
                return Err(SchemaError::Names { name: field.name.clone(), names, values });
            }
        }
        Ok(Self { fields })
    }

    /// The schema of samples: their number, where they stand, a window of `lookback` bars for each
    /// channel, the snapshot if it has columns, state and action, a reward for each metric,
    /// outcomes, and the labels with the weight. Samples that are not priced have no state, action,
    /// reward and outcomes. Names are taken as they are.
    #[must_use]
    pub fn of_samples(columns: &SampleColumns<'_>) -> Self {
        let SampleColumns { channels, lookback, snapshot, metrics, labels, priced } = *columns;
        let mut fields = vec![Field {
            name: "sample".to_owned(),
            dtype: DType::I64,
            logical: Logical::Number,
            shape: Vec::new(),
            names: Vec::new(),
            role: Role::Key,
            unit: String::new(),
            doc: "number of the sample, from 0".to_owned(),
        }];
        let of_role = |roles: &'static [Role]| {
            COLUMNS.into_iter().filter(move |one| roles.contains(&one.role)).map(Field::from)
        };
        fields.extend(of_role(&[Role::Key]));
        fields.extend(channels.iter().map(|name| Field {
            name: (*name).to_owned(),
            dtype: DType::F32,
            logical: Logical::Number,
            shape: vec![lookback],
            names: Vec::new(),
            role: Role::Window,
            unit: "scaled".to_owned(),
            doc: "scaled values of the channel in the bars before t, oldest first".to_owned(),
        }));
        if !snapshot.is_empty() {
            fields.push(Field {
                name: SNAPSHOT.to_owned(),
                dtype: DType::F32,
                logical: Logical::Number,
                shape: vec![snapshot.len()],
                names: snapshot.iter().map(|name| (*name).to_owned()).collect(),
                role: Role::Snapshot,
                unit: "scaled".to_owned(),
                doc: "scaled values of columns in the bar before t".to_owned(),
            });
        }
        if priced {
            fields.extend(of_role(&[Role::State, Role::Action]));
            let names = reward_names(metrics);
            fields.extend(metrics.iter().zip(names).map(|(metric, name)| Field {
                name,
                dtype: DType::F64,
                logical: Logical::Number,
                shape: Vec::new(),
                names: Vec::new(),
                role: Role::Outcome,
                unit: String::new(),
                doc: format!("reward by the metric {metric}"),
            }));
            fields.extend(of_role(&[Role::Outcome]));
        }
        fields.extend_from_slice(labels);
        Self { fields }
    }

    /// The fields in order.
    #[must_use]
    pub fn fields(&self) -> &[Field] {
        &self.fields
    }

    /// The fields that samples hold, in order: all but the sample's number, which is its place.
    pub fn content(&self) -> impl Iterator<Item = &Field> + Clone {
        self.fields.iter().filter(|field| field.name != "sample")
    }

    /// Names of the fields in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.fields.iter().map(|field| field.name.as_str())
    }

    /// The field of a name.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&Field> {
        self.fields.iter().find(|field| field.name == name)
    }

    /// The fields that play a part, in order.
    pub fn of_role(&self, role: Role) -> impl Iterator<Item = &Field> {
        self.fields.iter().filter(move |field| field.role == role)
    }

    /// Bytes of a sample's values.
    #[must_use]
    pub fn row_bytes(&self) -> u64 {
        self.fields.iter().fold(0, |sum: u64, field| sum.saturating_add(field.bytes() as u64))
    }
}

/// The columns of these metrics: `reward`, then `reward_<metric>` for each further one.
#[must_use]
pub fn reward_names(metrics: &[impl AsRef<str>]) -> Vec<String> {
    let further = metrics.iter().skip(1).map(|metric| format!("reward_{}", metric.as_ref()));
    metrics.first().map(|_| "reward".to_owned()).into_iter().chain(further).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field(name: &str, dtype: DType, shape: &[usize], role: Role) -> Field {
        let (name, shape) = (name.to_owned(), shape.to_vec());
        let (unit, doc, names) = (String::new(), "a column".to_owned(), Vec::new());
        Field { name, dtype, logical: Logical::Number, shape, names, role, unit, doc }
    }

    #[test]
    fn samples_have_their_columns_in_order() {
        let schema = Schema::of_samples(&SampleColumns {
            channels: &["close", "volume"],
            lookback: 16,
            metrics: &["return", "sharpe"],
            ..SampleColumns::default()
        });
        let expected = "sample symbol bar ts close volume equity balance position sl_dist tp_dist \
                        act_dir act_dollar act_sl act_tp reward reward_sharpe entry_price \
                        exit_price pnl held_bars exit_reason mfe mae";
        assert_eq!(schema.names().collect::<Vec<_>>().join(" "), expected);
        assert_eq!(schema.content().count(), schema.fields().len() - 1);
        assert_eq!(Schema::new(schema.fields().to_vec()), Ok(schema.clone()));
        let json = serde_json::to_string(&schema).unwrap();
        assert_eq!(serde_json::from_str::<Schema>(&json).unwrap(), schema, "{json}");
        assert!(!json.contains("names"), "as before there were snapshots: {json}");
    }

    #[test]
    fn a_snapshot_comes_after_the_windows() {
        let schema = Schema::of_samples(&SampleColumns {
            channels: &["close"],
            lookback: 16,
            snapshot: &["rsi", "close"],
            metrics: &["return"],
            ..SampleColumns::default()
        });
        let names: Vec<&str> = schema.names().collect();
        assert_eq!(names[4..7], ["close", "snapshot", "equity"]);
        let snapshot = schema.field(SNAPSHOT).unwrap();
        assert_eq!((&snapshot.shape[..], snapshot.role), (&[2][..], Role::Snapshot));
        assert_eq!(snapshot.names, ["rsi", "close"]);
        let json = serde_json::to_string(&schema).unwrap();
        assert_eq!(serde_json::from_str::<Schema>(&json).unwrap(), schema, "{json}");
        let mut fields = schema.fields().to_vec();
        fields[5].names.pop();
        let refused = Schema::new(fields).unwrap_err().to_string();
        assert_eq!(refused, "column snapshot has 1 names for 2 values");
    }

    #[test]
    fn labels_come_last_and_samples_without_actions_have_no_rewards() {
        let labels = [
            field("tb", DType::I8, &[], Role::Label),
            field("path", DType::F32, &[8], Role::Label),
            field("weight", DType::F32, &[], Role::Weight),
        ];
        let columns = SampleColumns {
            channels: &["close"],
            lookback: 16,
            snapshot: &["rsi"],
            metrics: &["return"],
            labels: &labels,
            priced: true,
        };
        let schema = Schema::of_samples(&columns);
        let names: Vec<&str> = schema.names().collect();
        assert!(names.ends_with(&["mae", "tb", "path", "weight"]), "{names:?}");
        let schema = Schema::of_samples(&SampleColumns { priced: false, ..columns });
        let names: Vec<&str> = schema.names().collect();
        let expected =
            ["sample", "symbol", "bar", "ts", "close", "snapshot", "tb", "path", "weight"];
        assert_eq!(names, expected);
    }

    #[test]
    fn other_samples_have_room() {
        // Two windows, a snapshot, labels of several types, a path, a weight; nothing is drawn.
        let schema = Schema::new(vec![
            field("ts", DType::I64, &[], Role::Key),
            field("fast", DType::F16, &[4, 60], Role::Window),
            field("hourly", DType::F32, &[2, 24], Role::Window),
            field("snapshot", DType::F32, &[158], Role::Snapshot),
            field("direction", DType::I8, &[], Role::Label),
            field("fwd_5", DType::F32, &[], Role::Label),
            field("path", DType::F32, &[64], Role::Label),
            field("weight", DType::F32, &[], Role::Weight),
        ]);
        let schema = schema.unwrap();
        assert_eq!(schema.of_role(Role::Label).count(), 3);
        assert_eq!(schema.row_bytes(), 8 + 2 * 240 + 4 * (48 + 158) + 1 + 4 + 4 * 64 + 4);
    }

    #[test]
    fn fields_that_make_none() {
        let one = field("a", DType::F64, &[], Role::Label);
        let refused = |fields: &[&Field]| {
            let fields = fields.iter().map(|field| (*field).clone()).collect();
            Schema::new(fields).unwrap_err().to_string()
        };
        assert_eq!(refused(&[&one, &one]), "two columns are called a");
        let unnamed = field("", DType::F64, &[], Role::Label);
        assert_eq!(refused(&[&one, &unnamed]), "column 1 has no name");
        for shape in [[0, 2], [usize::MAX, 2]] {
            let shaped = field("b", DType::F64, &shape, Role::Label);
            assert!(refused(&[&shaped]).starts_with("column b has the shape"));
        }
    }
}
