//! Classes of labels, by edges that are given, fitted, or known from a dataset.

use std::collections::BTreeMap;
use std::ops::Range;

use barloom_labels::{Edges, LabelColumn, LabelsError, MISSING_CLASS, Table, Values};
use barloom_recipe::{Classes, LabelSettings};

use crate::PlanError;

/// The columns of classes of one label.
pub(crate) struct Classified {
    /// The columns, in the order of the label's numbers.
    pub(crate) columns: Vec<LabelColumn>,
    /// The edges that were fitted, by column: now, or as the source knows them.
    pub(crate) fitted: BTreeMap<String, Vec<f64>>,
    /// Notes on edges that equal values moved.
    pub(crate) notes: Vec<String>,
}

/// The source of edges that the recipe asks to fit.
#[derive(Clone, Copy)]
pub(crate) enum Source<'a> {
    /// The values of a label's columns on these rows; of all rows without any.
    Rows(Option<&'a [Range<usize>]>),
    /// The edges of a dataset, by column.
    Known(&'a BTreeMap<String, Vec<f64>>),
}

/// The classes of a label.
///
/// # Errors
/// The edges are wrong, cannot be fitted, or are not known.
pub(crate) fn classify(
    label: &LabelSettings,
    table: &Table,
    source: Source<'_>,
) -> Result<Classified, PlanError> {
    let mut classified =
        Classified { columns: Vec::new(), fitted: BTreeMap::new(), notes: Vec::new() };
    let Some(classes) = &label.classes else { return Ok(classified) };
    let key = || format!("label.{}", label.name);
    let refused = |error: LabelsError| PlanError::Label { label: label.name.clone(), error };
    for (numbers, name) in table.columns.iter().zip(label.class_columns()) {
        let Values::F64(values) = &numbers.values else { continue };
        let edges = match (classes, source) {
            (Classes::Edges(edges), _) => Edges::new(edges.clone()).map_err(refused)?,
            (Classes::Quantiles { .. }, Source::Known(known)) => {
                let edges = known.get(&name).filter(|edges| edges.len() + 1 == classes.count());
                let missing = || PlanError::NoStoredScaler { key: format!("{}.classes", key()) };
                Edges::new(edges.ok_or_else(missing)?.clone()).map_err(refused)?
            }
            (Classes::Quantiles { count, .. }, Source::Rows(rows)) => {
                let fitted = match rows {
                    Some(rows) => {
                        let rows = rows.iter().cloned().flatten();
                        Edges::fit(rows.map(|row| values[row]), *count)
                    }
                    None => Edges::fit(values.iter().copied(), *count),
                };
                let (edges, note) = fitted.map_err(refused)?;
                let told = |note| format!("{}.classes: {name}: {note}", key());
                classified.notes.extend(note.map(told));
                edges
            }
        };
        if let Classes::Quantiles { .. } = classes {
            classified.fitted.insert(name.clone(), edges.as_slice().to_vec());
        }
        let of = values.iter().map(|value| edges.class(*value)).collect::<Vec<i8>>();
        classified.columns.push(LabelColumn {
            values: Values::I8(of.into()),
            unit: "",
            doc: format!("class of {}, from 0; {MISSING_CLASS} where it is missing", numbers.name),
            name,
        });
    }
    Ok(classified)
}
