/// An error of labels.
#[non_exhaustive]
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum LabelsError {
    /// A setting that cannot be.
    #[error("{field}: {problem}")]
    Setting {
        /// The setting, a key of `[[label]]` or `[weights]`.
        field: &'static str,
        /// The fault, and what to do.
        problem: String,
    },
    /// The market has no such column.
    #[error("{field}: the bars have no column {column}")]
    NoColumn {
        /// The setting that names it.
        field: &'static str,
        /// The column.
        column: String,
    },
    /// A class would be empty.
    #[error(
        "classes: class {class} of {classes} would hold none of {values} values: {why}; use fewer classes, or edges of your own"
    )]
    EmptyClass {
        /// The class, from 0.
        class: usize,
        /// The number of classes.
        classes: usize,
        /// The number of values.
        values: usize,
        /// The cause.
        why: String,
    },
}

impl LabelsError {
    pub(crate) fn setting(field: &'static str, problem: impl Into<String>) -> Self {
        Self::Setting { field, problem: problem.into() }
    }
}
