//! Checks of `[[label]]` tables.

use std::collections::BTreeSet;

use barloom_labels::{Edges, LabelsError};
use barloom_schema::is_reserved;

use super::{Classes, LabelKind, LabelSettings};
use crate::best::BEST_COLUMNS;
use crate::scaler::check_fit;
use crate::{Recipe, RecipeError};

/// Checks the labels of a recipe.
pub(crate) fn validate(recipe: &Recipe) -> Result<(), RecipeError> {
    let mut seen = BTreeSet::new();
    for (i, label) in recipe.labels.iter().enumerate() {
        let key = format!("label[{i}]");
        check_name(&key, label, recipe)?;
        for column in label.columns() {
            if let Some(problem) = taken(&column, recipe) {
                let problem = format!("its column {column:?} {problem}; rename the label");
                return Err(RecipeError::conflict(format!("{key}.name"), problem));
            }
            if !seen.insert(column.clone()) {
                let problem =
                    format!("its column {column:?} is that of an earlier label too; rename one");
                return Err(RecipeError::conflict(format!("{key}.name"), problem));
            }
        }
        label.definition().check().map_err(|error| placed(&key, error))?;
        if label.side().is_some_and(str::is_empty) {
            let expected = "a column of the bars, or a feature, with the sides 1, -1 and 0";
            let key = format!("{key}.side");
            return Err(RecipeError::expected(&key, expected, &"an empty text"));
        }
        check_classes(&key, label, recipe)?;
    }
    let names: Vec<&str> = recipe.labels.iter().map(|label| label.name.as_str()).collect();
    for (i, name) in names.iter().enumerate() {
        if names[..i].contains(name) {
            let problem = format!("{name:?} is the name of two labels; rename one");
            return Err(RecipeError::conflict(format!("label[{i}].name"), problem));
        }
    }
    Ok(())
}

fn check_name(key: &str, label: &LabelSettings, recipe: &Recipe) -> Result<(), RecipeError> {
    let name = &label.name;
    let first = name.chars().next().is_some_and(|c| c.is_alphabetic() || c == '_');
    let problem = if !first || !name.chars().all(|c| c.is_alphanumeric() || c == '_') {
        format!("{name:?}: a name has letters, digits and `_`, and begins with no digit")
    } else {
        match taken(name, recipe) {
            Some(problem) => format!("{name:?} {problem}; take another name"),
            None => return Ok(()),
        }
    };
    Err(RecipeError::conflict(format!("{key}.name"), problem))
}

/// The use of a name that is taken.
fn taken(name: &str, recipe: &Recipe) -> Option<&'static str> {
    if is_reserved(name) || BEST_COLUMNS.contains(&name) {
        Some("is the name of a dataset's own column")
    } else if recipe.features.has(name) {
        Some("is the name of a feature too")
    } else if recipe.data.columns().iter().any(|column| column == name) {
        Some("is the name of a column in data.channels or data.snapshot too")
    } else {
        None
    }
}

fn check_classes(key: &str, label: &LabelSettings, recipe: &Recipe) -> Result<(), RecipeError> {
    let is_number = matches!(
        label.kind,
        LabelKind::Return { .. }
            | LabelKind::Volatility { .. }
            | LabelKind::Trend { .. }
            | LabelKind::Expression { .. }
    );
    let written = [("classes", label.classes.is_some()), ("across", label.across.is_some())];
    if let Some((field, _)) = written.iter().find(|(_, written)| *written && !is_number) {
        let because = format!("to kind = {:?}", label.kind.name());
        return Err(RecipeError::does_not_apply(format!("{key}.{field}"), because));
    }
    let key = format!("{key}.classes");
    match &label.classes {
        None => Ok(()),
        Some(Classes::Edges(edges)) => {
            Edges::new(edges.clone()).map(drop).map_err(|error| placed(&key, error))
        }
        Some(Classes::Quantiles { count, fit }) => {
            // Of no values, the number of classes alone can be wrong in its own right.
            if let Err(error @ LabelsError::Setting { .. }) = Edges::fit([], *count) {
                return Err(placed(&key, error));
            }
            check_fit(&key, fit.as_deref(), recipe.split.as_ref())
        }
    }
}

/// The error of a label under the key of its table.
fn placed(key: &str, error: LabelsError) -> RecipeError {
    match error {
        LabelsError::Setting { field, problem } => {
            RecipeError::conflict(format!("{key}.{field}"), problem)
        }
        other => RecipeError::conflict(key, other.to_string()),
    }
}
