//! The `[[label]]` tables: values that a learner is taught to foretell.

mod check;
mod read;
mod written;

use barloom_bars::Across;
use barloom_labels::{Kind, Label, Scale, Touch, TripleBarrier, Vertical};
use barloom_rewards::SameBar;

pub(crate) use check::validate;
pub(crate) use read::read;

pub(crate) const KEYS: &[&str] = &[
    "name", "kind", "horizon", "classes", "across", "up", "down", "scale", "touch", "same_bar",
    "vertical", "side", "of",
];

/// The begin of the names of hidden features that labels use.
const HIDDEN: &str = "label";

/// A `[[label]]` table.
#[derive(Clone, Debug, PartialEq)]
pub struct LabelSettings {
    /// Its name, from which those of its columns are made: letters, digits and `_`.
    pub name: String,
    /// Its definition.
    pub kind: LabelKind,
    /// Classes of its numbers; none for numbers alone.
    pub classes: Option<Classes>,
    /// The comparison with other symbols at the same time, before classes; none for values as they
    /// are.
    pub across: Option<Across>,
}

/// The definition of a label, as [`Kind`] has it, with expressions as texts.
#[derive(Clone, Debug, PartialEq)]
pub enum LabelKind {
    /// The log return from the entry to the close of the horizon's last bar.
    Return {
        /// Horizons in bars, ascending.
        horizons: Vec<usize>,
    },
    /// The barrier that comes first.
    TripleBarrier(BarrierSettings),
    /// The standard deviation of log returns.
    Volatility {
        /// The horizon in bars.
        horizon: usize,
    },
    /// The greatest and the least move from the entry.
    Excursion {
        /// The horizon in bars.
        horizon: usize,
    },
    /// The t-value of the strongest trend.
    Trend {
        /// The shortest horizon in bars.
        least: usize,
        /// The longest horizon in bars.
        most: usize,
    },
    /// Log returns from the entry to each close of the horizon.
    Path {
        /// The horizon in bars.
        horizon: usize,
    },
    /// The value of an expression at t-1.
    Expression {
        /// The expression, as features have it.
        of: String,
    },
}

/// A triple-barrier label.
#[derive(Clone, Debug, PartialEq)]
pub struct BarrierSettings {
    /// The horizon in bars.
    pub horizon: usize,
    /// The distance of the upper barrier in scales; 0 for none.
    pub up: f64,
    /// The distance of the lower barrier in scales; 0 for none.
    pub down: f64,
    /// The unit of distances.
    pub scale: ScaleSetting,
    /// The prices that reach a barrier.
    pub touch: Touch,
    /// The barrier that counts if one bar reaches both. A close alone never does.
    pub same_bar: SameBar,
    /// The class at the horizon. Labels of sides have their own.
    pub vertical: Vertical,
    /// A column of the bars or a feature with the sides of bets: 1, -1, 0. None for a label of the
    /// price.
    pub side: Option<String>,
}

/// The unit of the distances of barriers, as a fraction of the price.
#[derive(Clone, Debug, PartialEq)]
pub enum ScaleSetting {
    /// A number.
    Fixed(f64),
    /// An expression over rows before t.
    Expression(String),
}

/// Classes of numbers.
#[derive(Clone, Debug, PartialEq)]
pub enum Classes {
    /// Classes of equal size.
    Quantiles {
        /// The number of classes.
        count: usize,
        /// The part or role whose labelled bars they are fitted to, or `"all"`; none for `train`.
        fit: Option<String>,
    },
    /// Edges between classes, ascending.
    Edges(Vec<f64>),
}

impl Classes {
    /// The number of classes.
    #[must_use]
    pub fn count(&self) -> usize {
        match self {
            Self::Quantiles { count, .. } => *count,
            Self::Edges(edges) => edges.len() + 1,
        }
    }

    /// The part or role whose labelled bars they are fitted to; none for all labelled bars.
    #[must_use]
    pub fn fit(&self) -> Option<&str> {
        match self {
            Self::Quantiles { fit, .. } => {
                Some(fit.as_deref().unwrap_or("train")).filter(|name| *name != "all")
            }
            Self::Edges(_) => None,
        }
    }
}

impl LabelKind {
    /// The word for it in a recipe.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Return { .. } => "return",
            Self::TripleBarrier(_) => "triple_barrier",
            Self::Volatility { .. } => "volatility",
            Self::Excursion { .. } => "excursion",
            Self::Trend { .. } => "trend",
            Self::Path { .. } => "path",
            Self::Expression { .. } => "expression",
        }
    }

    /// The longest horizon in bars; that of an expression is 1.
    #[must_use]
    pub fn horizon(&self) -> usize {
        match self {
            Self::Return { horizons } => horizons.last().copied().unwrap_or(0),
            Self::TripleBarrier(BarrierSettings { horizon, .. })
            | Self::Volatility { horizon }
            | Self::Excursion { horizon }
            | Self::Trend { most: horizon, .. }
            | Self::Path { horizon } => *horizon,
            Self::Expression { .. } => 1,
        }
    }
}

impl LabelSettings {
    /// The label of a market that has the columns of hidden features in place of expressions.
    #[must_use]
    pub fn definition(&self) -> Label {
        let kind = match &self.kind {
            LabelKind::Return { horizons } => Kind::Return { horizons: horizons.clone() },
            LabelKind::TripleBarrier(barrier) => Kind::TripleBarrier(TripleBarrier {
                horizon: barrier.horizon,
                up: barrier.up,
                down: barrier.down,
                scale: match &barrier.scale {
                    ScaleSetting::Fixed(scale) => Scale::Fixed(*scale),
                    ScaleSetting::Expression(_) => Scale::Column(self.hidden("scale")),
                },
                touch: barrier.touch,
                same_bar: barrier.same_bar,
                vertical: barrier.vertical,
                side: barrier.side.clone(),
            }),
            LabelKind::Volatility { horizon } => Kind::Volatility { horizon: *horizon },
            LabelKind::Excursion { horizon } => Kind::Excursion { horizon: *horizon },
            LabelKind::Trend { least, most } => Kind::Trend { least: *least, most: *most },
            LabelKind::Path { horizon } => Kind::Path { horizon: *horizon },
            LabelKind::Expression { .. } => Kind::Feature { column: self.hidden("of") },
        };
        Label { name: self.name.clone(), kind }
    }

    /// The names of its columns in samples: those of [`definition`](Self::definition)'s table, then
    /// those of classes.
    #[must_use]
    pub fn columns(&self) -> Vec<String> {
        let mut columns = self.values();
        columns.extend(self.class_columns());
        columns
    }

    /// The names of the columns of its table, without classes of numbers.
    pub(crate) fn values(&self) -> Vec<String> {
        let name = &self.name;
        let ends = |ends: &[&str]| ends.iter().map(|end| format!("{name}{end}")).collect();
        match &self.kind {
            LabelKind::Return { horizons } => {
                horizons.iter().map(|bars| format!("{name}_{bars}")).collect()
            }
            LabelKind::TripleBarrier(_) => ends(&["", "_return", "_bars", "_ambiguous"]),
            LabelKind::Excursion { .. } => ends(&["_up", "_down"]),
            _ => vec![name.clone()],
        }
    }

    /// The names of the columns of classes of its numbers, in the order of the numbers' columns;
    /// empty without classes.
    #[must_use]
    pub fn class_columns(&self) -> Vec<String> {
        let class = |name: String| format!("{name}_class");
        match self.classes {
            Some(_) => self.values().into_iter().map(class).collect(),
            None => Vec::new(),
        }
    }

    /// The hidden feature of its expression: its name with the text.
    pub(crate) fn expression(&self) -> Option<(String, String)> {
        match &self.kind {
            LabelKind::TripleBarrier(BarrierSettings {
                scale: ScaleSetting::Expression(text),
                ..
            }) => Some((self.hidden("scale"), text.clone())),
            LabelKind::Expression { of } => Some((self.hidden("of"), of.clone())),
            _ => None,
        }
    }

    /// The column of sides that it uses.
    #[must_use]
    pub fn side(&self) -> Option<&str> {
        match &self.kind {
            LabelKind::TripleBarrier(barrier) => barrier.side.as_deref(),
            _ => None,
        }
    }

    /// The column of sides under another name.
    pub(crate) fn rename_side(&mut self, name: String) {
        if let LabelKind::TripleBarrier(barrier) = &mut self.kind {
            barrier.side = Some(name);
        }
    }

    fn hidden(&self, key: &str) -> String {
        format!("{HIDDEN}.{}.{key}", self.name)
    }
}
