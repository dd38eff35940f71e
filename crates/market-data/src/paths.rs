//! Paths, globs and folders as files in natural order.

use std::path::Path;

use crate::MarketDataError;

/// The files that paths, globs and folders name; of each in natural order.
pub(crate) fn expand_all(paths: &[String]) -> Result<Vec<String>, MarketDataError> {
    let mut files = Vec::new();
    for pattern in paths {
        files.extend(expand(pattern)?);
    }
    if files.is_empty() {
        return Err(MarketDataError::NoFile { pattern: paths.join(", ") });
    }
    Ok(files)
}

/// The files that a path or glob names, or that are in a folder, in natural order.
pub(crate) fn expand(pattern: &str) -> Result<Vec<String>, MarketDataError> {
    let none = || MarketDataError::NoFile { pattern: pattern.to_owned() };
    let path = Path::new(pattern);
    if path.is_dir() {
        let mut files = Vec::new();
        list(path, &mut files)?;
        files.sort_by_cached_key(|file| natural(file));
        let problem = "the folder holds no files of bars; name another, or a file";
        return match files.is_empty() {
            true => Err(MarketDataError::file(pattern, problem)),
            false => Ok(files),
        };
    }
    if !pattern.contains(['*', '?', '[']) || path.exists() {
        return if path.exists() { Ok(vec![pattern.to_owned()]) } else { Err(none()) };
    }
    let found = glob::glob(pattern)
        .map_err(|e| MarketDataError::file(pattern, format!("it is not a glob: {e}")))?;
    let mut files = Vec::new();
    for path in found {
        let path = path.map_err(|e| {
            let at = e.path().to_path_buf();
            MarketDataError::Io { path: at, action: "list", source: e.into() }
        })?;
        if path.is_file() {
            files.push(path.to_string_lossy().into_owned());
        }
    }
    if files.is_empty() {
        return Err(none());
    }
    files.sort_by_cached_key(|file| natural(file));
    Ok(files)
}

/// The files in a folder and the folders in it, but those that are hidden, and checksums of others.
fn list(folder: &Path, files: &mut Vec<String>) -> Result<(), MarketDataError> {
    let entries = std::fs::read_dir(folder).map_err(MarketDataError::io(folder, "list"))?;
    for entry in entries {
        let entry = entry.map_err(MarketDataError::io(folder, "list"))?;
        let name = entry.file_name().to_string_lossy().to_lowercase();
        let is_checksum = [".checksum", ".md5", ".sha256"].iter().any(|end| name.ends_with(end));
        if name.starts_with(['.', '_']) || is_checksum {
            continue;
        }
        let path = entry.path();
        // A link to a folder may lead back.
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            list(&path, files)?;
        } else if path.is_file() {
            files.push(path.to_string_lossy().into_owned());
        }
    }
    Ok(())
}

/// A key that orders digits by their number.
fn natural(text: &str) -> Vec<(String, u64)> {
    let mut key = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let word = rest.find(|c: char| c.is_ascii_digit()).unwrap_or(rest.len());
        let (head, tail) = rest.split_at(word);
        let digits = tail.find(|c: char| !c.is_ascii_digit()).unwrap_or(tail.len());
        key.push((head.to_owned(), tail[..digits].parse().unwrap_or(u64::MAX)));
        rest = &tail[digits..];
    }
    key
}

#[cfg(test)]
mod tests {
    use super::natural;

    #[test]
    fn numbers_sort_as_numbers() {
        let mut names = ["b-1", "a-10", "a-2", "a-2.csv", "a"];
        names.sort_by_cached_key(|n| natural(n));
        assert_eq!(names, ["a", "a-2", "a-2.csv", "a-10", "b-1"]);
    }
}
