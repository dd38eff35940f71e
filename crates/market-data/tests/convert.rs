//! Conversions whose output appears while they are at it.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use barloom_files::Watch;
use barloom_market_data::{Compression, Conversion, MarketDataError, OnBadBar, ReadOptions};

/// Converts a file to a folder, in which someone else writes meanwhile.
fn convert(folder: &Path, overwrite: bool, meanwhile: &str) -> Result<u64, MarketDataError> {
    let bars = folder.join("a.csv");
    fs::write(&bars, "time,open,high,low,close\n2024-01-02,1,1,1,1\n").unwrap();
    let out = folder.join("out");
    let path = out.join(meanwhile);
    let write = move |_| {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, "theirs").unwrap();
    };
    let watch = Watch { progress: Arc::new(write), ..Watch::default() };
    let conversion = Conversion {
        inputs: &[bars.to_string_lossy().into_owned()],
        out: &out,
        folder_of: Some("csv"),
        read: &ReadOptions { watch, ..ReadOptions::default() },
        on_bad_bar: OnBadBar::Error,
        overwrite,
        compression: Compression::default(),
        begins: &|| (),
    };
    conversion.run().map(|converted| converted.bars)
}

#[test]
fn what_someone_else_wrote_meanwhile_stays() {
    for (overwrite, meanwhile) in
        [(false, "symbol=B/x.csv"), (false, "thesis"), (true, "thesis"), (true, "symbol=B/thesis")]
    {
        let folder = tempfile::tempdir().unwrap();
        let error = convert(folder.path(), overwrite, meanwhile).unwrap_err();
        let is_refused = match overwrite {
            false => matches!(error, MarketDataError::Exists(_)),
            true => error.to_string().contains(&format!("holds {meanwhile}")),
        };
        assert!(is_refused, "{error}");
        let theirs = fs::read_to_string(folder.path().join("out").join(meanwhile));
        assert_eq!(theirs.unwrap(), "theirs");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2, "nothing else is left");
    }
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(convert(folder.path(), true, "symbol=B/x.csv").unwrap(), 1);
    assert!(
        !folder.path().join("out/symbol=B").exists() && folder.path().join("out/symbol=a").exists()
    );
}
