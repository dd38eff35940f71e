//! The `[features]` table: columns computed from the bars.

use barloom_bars::Session;
use barloom_features::{FeatureError, Features, Options, family};
use barloom_schema::is_reserved;
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};
use toml::de::DeValue;

use crate::RecipeError;
use crate::choice::Choice;
use crate::data::DataSettings;
use crate::reader::{Entry, Table, toml_key};

pub use barloom_features::{History, WarmUp};

/// The key of the expression of a family.
const OF: &str = "of";

impl Choice for History {
    const WORDS: &'static [(&'static str, Self)] =
        &[("segment", Self::Segment), ("series", Self::Series)];
}

impl Choice for WarmUp {
    const WORDS: &'static [(&'static str, Self)] =
        &[("stable", Self::Stable), ("defined", Self::Defined)];
}

/// The `[features]` table: names with expressions, in the order of the text. Families are written
/// out. Channels name features like columns of the bars.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FeatureSettings {
    /// Names with expressions.
    pub features: Vec<(String, String)>,
}

impl Serialize for FeatureSettings {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        for (name, text) in &self.features {
            map.serialize_entry(name, text)?;
        }
        map.end()
    }
}

impl FeatureSettings {
    /// True without features.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.features.is_empty()
    }

    /// True if a feature has this name.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.features.iter().any(|(known, _)| known == name)
    }

    /// The features in the order of their names: the order of the text changes no sample.
    pub(crate) fn sorted(&self) -> Self {
        let mut features = self.features.clone();
        features.sort_unstable();
        Self { features }
    }

    pub(crate) fn read(table: &Table<'_>) -> Result<Self, RecipeError> {
        let mut features = Vec::new();
        for entry in table.entries() {
            match entry.value {
                DeValue::String(text) => features.push((entry.name.to_owned(), text.to_string())),
                DeValue::Table(_) => features.extend(members(entry)?),
                _ => {
                    let expected = "an expression in quotes, or a family \
                                    { of = \"...\", n = [5, 20] }";
                    return Err(entry.expected(expected));
                }
            }
        }
        Ok(Self { features })
    }

    /// The features and hidden ones, checked. The inner error is that of an expression.
    pub(crate) fn checked(
        &self,
        data: &DataSettings,
        session: Option<Session>,
        hidden: Vec<(String, String)>,
    ) -> Result<Result<Features, FeatureError>, RecipeError> {
        for (name, _) in &self.features {
            if is_reserved(name) {
                let problem = "the name is that of a dataset's own column; take another";
                return Err(RecipeError::conflict(format!("features.{}", toml_key(name)), problem));
            }
        }
        let zone = data.timezone.parse().map_err(|_| {
            let expected = "a time zone such as \"UTC\" or \"America/New_York\"";
            RecipeError::expected("data.timezone", expected, &format!("{:?}", data.timezone))
        })?;
        let options = Options {
            zone,
            session,
            anchor: data.anchor().unwrap_or(barloom_bars::Anchor::UTC),
            history: data.feature_history,
            warm_up: data.feature_warmup,
        };
        let joins: Vec<&str> = data.join.iter().map(|join| join.name.as_str()).collect();
        let features = Features::with_hidden(self.features.clone(), hidden, options);
        Ok(features.and_then(|features| features.check_joins(&joins).map(|()| features)))
    }
}

/// The features of a family.
fn members(entry: &Entry<'_>) -> Result<Vec<(String, String)>, RecipeError> {
    let table = entry.table()?;
    let Some(of) = table.get(OF) else {
        return Err(entry.expected("a family has its expression under `of`"));
    };
    let mut values = Vec::new();
    for one in table.entries().iter().filter(|one| one.name != OF) {
        let items = one.items().ok_or_else(|| one.expected("a list of numbers or texts"))?;
        let text = |item: &Entry<'_>| match item.value {
            DeValue::String(text) => Ok(text.to_string()),
            DeValue::Integer(_) => item.number().map(|n| n.to_string()),
            DeValue::Float(number) => Ok(number.as_str().to_owned()),
            _ => Err(item.expected("a number or a text in quotes")),
        };
        values.push((one.name, items.iter().map(text).collect::<Result<_, _>>()?));
    }
    family(entry.name, of.text()?, &values)
        .map_err(|error| RecipeError::from(error).placed(|_| entry.place()))
}

impl From<FeatureError> for RecipeError {
    /// The error under the key of the feature. The name of a hidden one is its key.
    fn from(error: FeatureError) -> Self {
        let key = match error.feature.contains('.') {
            true => error.feature.clone(),
            false => format!("features.{}", toml_key(&error.feature)),
        };
        Self::of_feature(key, error)
    }
}

impl RecipeError {
    /// The error of an expression under a key.
    pub(crate) fn of_feature(key: String, error: FeatureError) -> Self {
        let problem = match error.column {
            Some(column) => format!("column {column}: {}", error.problem),
            None => error.problem,
        };
        Self::conflict(key, problem)
    }

    /// The error of a feature whose name is that of a column of the bars.
    #[must_use]
    pub fn feature_of_column(name: &str) -> Self {
        let problem = "the bars have a column of this name too; take another name for the feature";
        Self::conflict(format!("features.{}", toml_key(name)), problem)
    }
}

#[cfg(test)]
mod tests {
    use crate::Recipe;

    fn read(text: &str) -> Result<Recipe, String> {
        Recipe::from_toml(text, "r").map_err(|error| error.to_string())
    }

    const HEAD: &str = "[features]\nret = \"close / lag(close, 1)\"\nb = \"ta.rsi(close)\"\n\
                        [data]\nchannels = [\"close\", \"ret\", \"b\"]\nsnapshot = [\"b\"]\n[scaling]\n";

    #[test]
    fn a_scaler_for_all_features() {
        let recipe = read(&format!("{HEAD}features = \"none\"\nret = \"zscore\"\n")).unwrap();
        let written = recipe.to_toml();
        assert!(
            written.contains("ret = \"zscore\"") && written.contains("b = \"none\""),
            "{written}"
        );
        assert_eq!(read(&written).unwrap(), recipe);
        let error = read("[scaling]\nfeatures = \"none\"\n").unwrap_err();
        assert!(error.starts_with("r:2: scaling.features: it does not apply"), "{error}");
    }

    #[test]
    fn the_order_of_features_changes_no_digest() {
        let text = format!("{HEAD}features = \"none\"\n");
        let turned = text.replace(
            "ret = \"close / lag(close, 1)\"\nb = \"ta.rsi(close)\"",
            "b = \"ta.rsi(close)\"\nret = \"close / lag(close, 1)\"",
        );
        assert_ne!(text, turned);
        assert_eq!(read(&text).unwrap().digest(), read(&turned).unwrap().digest());
        let other = text.replace("close, 1", "close, 2");
        assert_ne!(read(&text).unwrap().digest(), read(&other).unwrap().digest());
    }

    #[test]
    fn keys_of_features_need_features() {
        for key in
            ["feature_history = \"series\"", "feature_warmup = \"defined\"", "anchor = \"UTC\""]
        {
            let error = read(&format!("[data]\n{key}\n")).unwrap_err();
            assert!(error.contains("[features]"), "{error}");
        }
        let error = read(&HEAD.replace("lag(close, 1)", "lag(close, -1)")).unwrap_err();
        assert!(error.starts_with("r:2: features.ret: column 20: n is -1"), "{error}");
    }
}
