//! The sources of `cust` and `cust_raw`.

use std::fs;
use std::path::Path;

use cargo_metadata::MetadataCommand;

/// All source text of a package that this one depends on.
pub(crate) fn of(name: &str) -> String {
    let host = format!("{}-unknown-linux-gnu", std::env::consts::ARCH);
    let metadata = MetadataCommand::new()
        .manifest_path(Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml"))
        .other_options(["--offline".to_owned(), "--filter-platform".to_owned(), host])
        .exec()
        .expect("cargo metadata");
    let package = metadata.packages.iter().find(|p| p.name.as_str() == name).expect("the package");
    text(package.manifest_path.parent().expect("a folder").join("src").as_std_path())
}

fn text(folder: &Path) -> String {
    let mut all = String::new();
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            all.push_str(&text(&path));
        } else {
            all.push_str(&fs::read_to_string(&path).expect("a source file"));
        }
    }
    all
}
