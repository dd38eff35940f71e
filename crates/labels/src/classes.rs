//! Classes of numbers.

use crate::LabelsError;
use crate::table::MISSING_CLASS;

/// The most classes: a class is an `i8`.
const MOST_CLASSES: usize = 127;

/// Values beyond this share of what is due to a class are worth a note.
const UNEVEN: f64 = 0.01;

/// The edges between classes: class k holds the values above edge k-1, up to and including edge k.
#[derive(Clone, Debug, PartialEq)]
pub struct Edges {
    edges: Vec<f64>,
}

impl Edges {
    /// Edges of one's own.
    ///
    /// # Errors
    /// No edge, or too many; one is not finite; they do not ascend.
    pub fn new(edges: Vec<f64>) -> Result<Self, LabelsError> {
        let problem = if edges.is_empty() || edges.len() >= MOST_CLASSES {
            format!("{} edges: expected 1 to {}", edges.len(), MOST_CLASSES - 1)
        } else if !edges.iter().all(|edge| edge.is_finite()) {
            "expected finite numbers".to_owned()
        } else if !edges.is_sorted_by(|a, b| a < b) {
            format!("{edges:?}: expected ascending numbers, each once")
        } else {
            return Ok(Self { edges });
        };
        Err(LabelsError::setting("edges", problem))
    }

    /// Edges at the quantiles of values, by linear interpolation, as pandas' `qcut` has them: NaN
    /// is left out. A note tells which classes hold more or less than is due to them, as equal
    /// values share a class.
    ///
    /// # Errors
    /// Fewer than two classes, or too many; a class would hold no value.
    pub fn fit(
        values: impl IntoIterator<Item = f64>,
        classes: usize,
    ) -> Result<(Self, Option<String>), LabelsError> {
        if !(2..=MOST_CLASSES).contains(&classes) {
            let problem = format!("{classes}: expected 2 to {MOST_CLASSES}");
            return Err(LabelsError::setting("quantiles", problem));
        }
        let mut sorted: Vec<f64> = values.into_iter().filter(|value| !value.is_nan()).collect();
        sorted.sort_unstable_by(f64::total_cmp);
        let empty = |class: usize, why: String| LabelsError::EmptyClass {
            class,
            classes,
            values: sorted.len(),
            why,
        };
        if sorted.len() < classes {
            return Err(empty(sorted.len(), "there are too few".to_owned()));
        }
        let edges: Vec<f64> = (1..classes).map(|k| quantile(&sorted, k, classes)).collect();
        let edges = Self { edges };
        let mut uneven = Vec::new();
        let mut from = 0;
        for class in 0..classes {
            let upto = match edges.edges.get(class) {
                Some(edge) => sorted.partition_point(|value| value <= edge),
                None => sorted.len(),
            };
            if upto == from {
                let edge = edges.edges.get(class).or(edges.edges.last()).copied().unwrap_or(0.0);
                let equal = sorted.iter().filter(|value| **value == edge).count();
                let why = format!("{equal} values are {edge}, and equal values share a class");
                return Err(empty(class, why));
            }
            let share = (upto - from) as f64 / sorted.len() as f64;
            if (share - 1.0 / classes as f64).abs() > UNEVEN {
                uneven.push(format!("class {class} holds {:.1}%", 100.0 * share));
            }
            from = upto;
        }
        let note = (!uneven.is_empty()).then(|| {
            let due = 100.0 / classes as f64;
            format!("equal values moved edges: {} in place of {due:.1}%", uneven.join(", "))
        });
        Ok((edges, note))
    }

    /// The edges, ascending.
    #[must_use]
    pub fn as_slice(&self) -> &[f64] {
        &self.edges
    }

    /// The number of classes.
    #[must_use]
    pub fn classes(&self) -> usize {
        self.edges.len() + 1
    }

    /// The class of a value, from 0; [`MISSING_CLASS`] of NaN.
    #[must_use]
    pub fn class(&self, value: f64) -> i8 {
        if value.is_nan() {
            return MISSING_CLASS;
        }
        self.edges.partition_point(|edge| *edge < value) as i8
    }
}

/// The quantile k / of of sorted values.
fn quantile(sorted: &[f64], k: usize, of: usize) -> f64 {
    // The place k (n - 1) / of, as a whole number and a rest.
    let place = k * (sorted.len() - 1);
    let (below, rest) = (place / of, (place % of) as f64 / of as f64);
    let low = sorted[below];
    let high = sorted.get(below + 1).copied().unwrap_or(low);
    low + (high - low) * rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edges_are_those_of_qcut() {
        // pandas 3.1.1: pd.qcut([1, 2, 3, 4, 5, 6, 7], 3, retbins=True) has the edges 3 and 5.
        let (edges, note) = Edges::fit((1..=7).map(f64::from), 3).unwrap();
        assert_eq!((edges.as_slice(), note), (&[3.0, 5.0][..], Some(
            "equal values moved edges: class 0 holds 42.9%, class 1 holds 28.6%, class 2 holds 28.6% in place of 33.3%".to_owned()
        )));
        let classes: Vec<i8> = (1..=7).map(|x| edges.class(f64::from(x))).collect();
        assert_eq!(classes, [0, 0, 0, 1, 1, 2, 2]);
        assert_eq!(edges.class(f64::NAN), MISSING_CLASS);
        let (edges, note) = Edges::fit((0..1_000).map(f64::from), 4).unwrap();
        assert_eq!((edges.as_slice(), note), (&[249.75, 499.5, 749.25][..], None));
    }

    #[test]
    fn empty_classes_are_refused() {
        let error = Edges::fit([0.0; 90].into_iter().chain((0..10).map(f64::from)), 3).unwrap_err();
        assert!(error.to_string().contains("91 values are 0"), "{error}");
        assert!(Edges::fit([1.0, 2.0], 3).unwrap_err().to_string().contains("too few"));
        for edges in [vec![], vec![1.0, 1.0], vec![2.0, 1.0], vec![f64::NAN], vec![f64::INFINITY]] {
            assert!(Edges::new(edges).is_err());
        }
    }
}
