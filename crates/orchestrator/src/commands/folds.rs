//! The folds of a dataset as text.

use barloom_engine::{FoldRecord, Manifest};

use crate::text;

/// Times of a role that are shown at most.
const TIMES: usize = 3;

/// A table of the folds of a dataset: a line for each role. None for a dataset without folds.
pub(crate) fn folds_text<'a>(manifests: impl IntoIterator<Item = &'a Manifest>) -> Option<String> {
    let mut out = String::new();
    for manifest in manifests {
        let fold = fold_of(manifest)?;
        if out.is_empty() {
            let kind = manifest.recipe["split"]["kind"].as_str().unwrap_or("folds");
            text::line(&mut out, format_args!("folds        {}, {kind}", fold.folds));
            let head = ["fold", "role", "samples", "purged", "embargoed", "times (UTC)"];
            row(&mut out, head.map(str::to_owned));
        }
        let cells = [
            fold.fold.to_string(),
            fold.role.clone(),
            text::count(manifest.samples),
            text::count(fold.purged),
            text::count(fold.embargoed),
            times_text(fold),
        ];
        row(&mut out, cells);
    }
    (!out.is_empty()).then_some(out)
}

/// The role of a fold that a dataset is; none for another dataset.
pub(crate) fn fold_of(manifest: &Manifest) -> Option<&FoldRecord> {
    manifest.part.as_ref()?.fold.as_ref()
}

/// What a role of a fold left out, and its times.
pub(crate) fn role_text(name: &str, fold: &FoldRecord) -> String {
    format!(
        "part         {name}: {} of fold {} of {}, {} purged and {} by the embargo, {} UTC",
        fold.role,
        fold.fold,
        fold.folds,
        text::counted(fold.purged, "bar"),
        text::count(fold.embargoed),
        times_text(fold)
    )
}

fn row(out: &mut String, [fold, role, samples, purged, embargoed, times]: [String; 6]) {
    text::line(
        out,
        format_args!(
            "{:<13}{fold:>4}  {role:<10} {samples:>12} {purged:>8} {embargoed:>9}  {times}",
            ""
        ),
    );
}

/// The intervals of a role.
fn times_text(fold: &FoldRecord) -> String {
    let time = |ns: &Option<i64>, none: &str| ns.map_or(none.to_owned(), text::time);
    let one = |[start, end]: &[Option<i64>; 2]| {
        format!("{} until {}", time(start, "the first bar"), time(end, "the last bar"))
    };
    let shown: Vec<String> = fold.times.iter().take(TIMES).map(one).collect();
    let more = fold.times.len().saturating_sub(TIMES);
    let more = if more == 0 { String::new() } else { format!(", and {more} more") };
    format!("{}{more}", shown.join(", "))
}
