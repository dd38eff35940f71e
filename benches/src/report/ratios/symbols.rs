//! Many symbols against one of as many bars. Both are measured in one process, in turn.

use super::{Better, DIGEST_BLOCK_ROWS, Ratio};
use crate::report::cases::Case;
use crate::report::results::Results;

/// In one block, and in blocks of a few thousand.
#[must_use]
pub fn cases(results: &Results) -> [Case; 2] {
    let whole = results.centre("symbols");
    [Case { block_rows: DIGEST_BLOCK_ROWS, ..whole.clone() }, whole]
}

pub(super) fn all(results: &Results) -> Vec<Ratio> {
    let [blocks, whole] = cases(results);
    let ratio = |id: &str, what: &str, case: &Case, told: &str, must| Ratio {
        id: id.to_owned(),
        what: what.to_owned(),
        compared: format!("{told} of [{}]", case.id()),
        unit: "x".to_owned(),
        better: Better::Lower,
        must,
        aim: None,
        value: results.told(case, told),
    };
    let what = "time of 500 symbols of 5,000 bars, over that of one symbol of 2,500,000";
    let within = |place: &str| format!("{what}, {place}");
    let (over_one, weighted) = ("many_over_one", "weighted_over_many");
    vec![
        ratio("symbols", &within("in one block"), &whole, over_one, Some(1.1)),
        ratio("symbols-blocks", &within("in blocks of 4,096"), &blocks, over_one, Some(1.1)),
        ratio(
            "symbols-weighted",
            "the same symbols with weights, over those without, in blocks of 4,096",
            &blocks,
            weighted,
            None,
        ),
    ]
}
