//! `barloom init`.

use std::fs;
use std::io::{self, ErrorKind, Write};
use std::path::Path;

use barloom_files::{Existing, NewFile};
use barloom_recipe::Formulas;
use barloom_recipe::Recipe;

use crate::arguments::Init;
use crate::failure::Failure;
use crate::output::Output;

pub(crate) fn run(init: &Init, output: &Output) -> Result<(), Failure> {
    let formulas = if init.formulas == "v1" { Formulas::V1 } else { Formulas::FrelV1 };
    if init.path == Path::new("-") {
        let text = Recipe::init_text(formulas);
        return output.print(&serde_json::json!({ "recipe": text }), &text);
    }
    let path = init.path.display();
    write(&init.path, Recipe::init_text(formulas).as_bytes(), init.overwrite).map_err(
        |e| match e.kind() {
            ErrorKind::AlreadyExists => Failure::io(format!(
                "{path} already exists; choose another name, or pass \
                    --overwrite to replace it"
            )),
            _ => Failure::io(format!("{path}: can't write: {e}")),
        },
    )?;
    let text = format!(
        "wrote {path}\nnext:  barloom build 'YOUR-BARS*.parquet' --config {path} --out my-dataset"
    );
    output.print(&serde_json::json!({ "recipe": init.path }), &text)
}

/// Writes the file whole or not at all: what is overwritten stays until the new one is there, and
/// on a full disk nothing is left.
fn write(path: &Path, text: &[u8], overwrite: bool) -> io::Result<()> {
    let existing = if overwrite { Existing::Replaced } else { Existing::Kept };
    if path.is_dir() {
        return Err(ErrorKind::IsADirectory.into());
    }
    if !overwrite && fs::symlink_metadata(path).is_ok() {
        return Err(ErrorKind::AlreadyExists.into());
    }
    let new = NewFile::beside(path)?;
    new.file().write_all(text)?;
    new.finish(existing)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_whole_or_not_at_all() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("recipe.toml");
        write(&path, b"1", false).unwrap();
        assert_eq!(write(&path, b"2", false).unwrap_err().kind(), ErrorKind::AlreadyExists);
        // A second name of the old file keeps the old text: it was not truncated.
        fs::hard_link(&path, dir.path().join("old")).unwrap();
        write(&path, b"2", true).unwrap();
        let read = |name: &str| fs::read_to_string(dir.path().join(name)).unwrap();
        assert_eq!((read("recipe.toml"), read("old")), ("2".into(), "1".into()));
        assert!(write(dir.path(), b"3", true).is_err());
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 2);
    }
}
