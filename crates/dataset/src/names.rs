//! The names of a dataset's files. They are made and recognised here alone.

use std::path::{Component, Path};

use barloom_recipe::Format;
use barloom_splits::Role;

use crate::Layout;
use crate::format::npy;

/// The file that makes a folder a dataset. It is written last.
pub(crate) const MANIFEST: &str = "manifest.json";

/// The bars that samples are made of.
pub(crate) const BARS: &str = "bars.arrow";

/// The scalers that are fixed for all samples: bounds of meta fields.
pub(crate) const SCALERS: &str = "scalers.json";

/// The folder of the samples. It holds nothing else, so that readers of Parquet take it as a table.
pub(crate) const SAMPLES: &str = "samples";

/// The resolved recipe.
pub(crate) const RECIPE: &str = "recipe.toml";

/// The bars that all folds share, in the folder that theirs are in.
pub(crate) const SHARED_BARS: &str = "../bars.arrow";

/// The files of a dataset beside its manifest and samples, in the order of the manifest.
pub(crate) const SIDE_FILES: [&str; 3] = [BARS, RECIPE, SCALERS];

/// The side files as the manifest of a dataset names them: of one part of many, or of a fold.
pub(crate) fn side_files(of_fold: bool) -> [&'static str; 3] {
    if of_fold { [SHARED_BARS, RECIPE, SCALERS] } else { SIDE_FILES }
}

/// Tells whether a folder of this name may hold a role of a fold: `fold-00-train`.
pub(crate) fn is_fold(name: &str) -> bool {
    let Some((number, role)) = name.strip_prefix("fold-").and_then(|rest| rest.split_once('-'))
    else {
        return false;
    };
    number.len() >= 2
        && number.bytes().all(|byte| byte.is_ascii_digit())
        && Role::ALL.iter().any(|known| known.name() == role)
}

/// The file that makes a folder a piece. It is written last.
pub(crate) const PIECE: &str = "piece.json";

/// The file that says what the folder is for in which a dataset is built; on a store its claim.
pub(crate) const BEGUN: &str = "build.json";

/// The file in a build's folder that the build holds a lock on. It is empty.
pub(crate) const LOCK: &str = ".lock";

/// The names of a shard's files.
pub(crate) fn shard_files(format: Format, layout: &Layout, number: u64) -> Vec<String> {
    match format {
        Format::Parquet => vec![format!("{SAMPLES}/{number:05}.parquet")],
        Format::Arrow => vec![format!("{SAMPLES}/{number:05}.arrow")],
        Format::Npy => {
            let columns = npy::columns(layout);
            columns.iter().map(|c| format!("{SAMPLES}/{number:05}.{}.npy", c.name)).collect()
        }
        Format::Virtual => Vec::new(),
    }
}

/// Tells whether a file of samples with these labels can have this name.
fn is_shard_file(name: &str, labels: &[String]) -> bool {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let in_folder = name.strip_prefix(SAMPLES).and_then(|name| name.strip_prefix('/'));
    let Some((number, rest)) = in_folder.and_then(|name| name.split_once('.')) else {
        return false;
    };
    let rest_fits = match rest.strip_suffix(".npy") {
        Some(column) => npy::is_column(column, labels),
        None => ["parquet", "arrow"].contains(&rest),
    };
    rest_fits && digits(number)
}

/// The column that a file of a shard holds, where each column has a file of its own.
pub(crate) fn column_of(name: &str) -> Option<&str> {
    name.strip_suffix(".npy")?.split_once('.').map(|(_, column)| column)
}

/// Returns true if readers of the folder of samples take a file in it for samples, by its suffix.
pub(crate) fn is_sample_data(name: &str) -> bool {
    let inner = name.strip_prefix(SAMPLES).and_then(|rest| rest.strip_prefix('/'));
    let suffix = inner.and_then(|name| name.rsplit_once('.')).map(|(_, suffix)| suffix);
    suffix.is_some_and(|suffix| {
        ["parquet", "arrow", "npy"].iter().any(|data| suffix.eq_ignore_ascii_case(data))
    })
}

/// Tells whether a name is that of a file in a dataset's folder, or in that of its samples, on any
/// system.
pub(crate) fn is_in_dataset(name: &str) -> bool {
    let in_samples = name.strip_prefix(SAMPLES).and_then(|name| name.strip_prefix('/'));
    let name = in_samples.unwrap_or(name);
    let mut components = Path::new(name).components();
    let plain = matches!(components.next(), Some(Component::Normal(_)));
    plain && components.next().is_none() && !name.contains(['/', '\\', ':', '\0'])
}

/// The name of a shard's record.
pub(crate) fn record(number: u64) -> String {
    format!("shard-{number:05}.json")
}

/// The number in the name of a shard's record.
pub(crate) fn record_number(name: &str) -> Option<u64> {
    let digits = name.strip_prefix("shard-")?.strip_suffix(".json")?;
    digits.parse().ok().filter(|number| record(*number) == name)
}

/// Returns true for names of files that a build of samples with these labels writes, also before
/// they have their own.
pub(crate) fn is_build_file(name: &str, labels: &[String]) -> bool {
    let name = name.strip_suffix(".tmp").unwrap_or(name);
    [MANIFEST, PIECE, BEGUN].contains(&name)
        || SIDE_FILES.contains(&name)
        || is_shard_file(name, labels)
        || record_number(name).is_some()
}

/// Returns true for names of files that a build may write before its `build.json`.
pub(crate) fn is_written_first(name: &str) -> bool {
    name.ends_with(".tmp") || SIDE_FILES.contains(&name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use barloom_schema::SampleColumns;

    #[test]
    fn numbers_of_files_have_as_many_digits_as_they_need() {
        let layout = Layout::of_columns(
            &SampleColumns { channels: &["close"], ..SampleColumns::default() },
            Vec::new(),
        );
        for (number, digits) in
            [(7, "00007"), (99_999, "99999"), (100_000, "100000"), (1 << 50, "1125899906842624")]
        {
            let name = format!("samples/{digits}.parquet");
            assert_eq!(shard_files(Format::Parquet, &layout, number), [name]);
            let columns = shard_files(Format::Npy, &layout, number);
            assert_eq!(columns[0], format!("samples/{digits}.windows.npy"));
            assert!(columns.iter().all(|name| is_shard_file(name, &[])), "{columns:?}");
        }
    }

    #[test]
    fn names_of_shards() {
        for name in [
            "samples/00000.parquet",
            "samples/123456.arrow",
            "samples/00001.reward_sharpe.npy",
            "samples/00001.snapshot.npy",
        ] {
            assert!(is_shard_file(name, &[]), "{name}");
        }
        let labels = ["tb".to_owned(), "weight".to_owned()];
        for name in ["samples/00001.tb.npy", "samples/00001.weight.npy"] {
            assert!(is_shard_file(name, &labels) && !is_shard_file(name, &[]), "{name}");
        }
        for name in [
            "samples/.parquet",
            "samples/best.parquet",
            "00000.parquet",
            "samples/1.volume.npy",
            "a.npy",
        ] {
            assert!(!is_shard_file(name, &labels), "{name}");
        }
    }

    #[test]
    fn folders_of_folds() {
        for name in ["fold-00-train", "fold-07-validation", "fold-12-test", "fold-1234-test"] {
            assert!(is_fold(name), "{name}");
        }
        for name in ["fold-0-train", "fold-x-train", "fold-00", "fold-00-best", "fold-+1-test", "a"]
        {
            assert!(!is_fold(name), "{name}");
        }
    }

    #[test]
    fn numbers_in_names() {
        for (number, expected) in [
            (0, "shard-00000.json"),
            (99_999, "shard-99999.json"),
            (100_000, "shard-100000.json"),
            (u64::MAX, "shard-18446744073709551615.json"),
        ] {
            assert_eq!(record(number), expected);
            assert_eq!(record_number(expected), Some(number));
        }
        for other in [
            "shard-1.json",
            "shard-000001.json",
            "shard-18446744073709551616.json",
            "shard-+0001.json",
            "shard-00001.json.tmp",
            "hard-00001.json",
        ] {
            assert_eq!(record_number(other), None, "{other}");
        }
    }

    #[test]
    fn what_a_build_writes() {
        for name in [
            "manifest.json",
            "recipe.toml.tmp",
            "bars.arrow.tmp",
            "build.json",
            "shard-00012.json",
            "samples/00000.windows.npy.tmp",
            "samples/00003.arrow",
            "samples/00000.parquet",
            "samples/123456.parquet.tmp",
        ] {
            assert!(is_build_file(name, &[]), "{name}");
        }
        for name in [
            "thesis.txt",
            "samples/.parquet",
            "samples/00000.csv",
            "samples/notes.txt",
            "tmp",
            "bars.arrow.1",
        ] {
            assert!(!is_build_file(name, &[]), "{name}");
        }
    }
}
