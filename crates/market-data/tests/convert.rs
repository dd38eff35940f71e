//! Conversions whose output appears while they are at it.

use std::fs;
use std::path::Path;

use barloom_market_data::{Compression, Conversion, MarketDataError, OnBadBar, ReadOptions};

/// Converts a file to a folder, in which someone else writes meanwhile.
fn convert(folder: &Path, overwrite: bool, meanwhile: &str) -> Result<u64, MarketDataError> {
    let bars = folder.join("a.csv");
    fs::write(&bars, "time,open,high,low,close\n2024-01-02,1,1,1,1\n").unwrap();
    let out = folder.join("out");
    let write = |_| {
        fs::create_dir(&out).unwrap();
        fs::write(out.join(meanwhile), "theirs").unwrap();
    };
    let conversion = Conversion {
        inputs: &[bars.to_string_lossy().into_owned()],
        out: &out,
        folder_of: Some("csv"),
        read: &ReadOptions::default(),
        on_bad_bar: OnBadBar::Error,
        overwrite,
        compression: Compression::default(),
        progress: &write,
        begins: &|| (),
        stop: &|| false,
    };
    conversion.run().map(|converted| converted.bars)
}

#[test]
fn what_someone_else_wrote_meanwhile_stays() {
    for (overwrite, meanwhile) in [(false, "symbol=B"), (false, "thesis"), (true, "thesis")] {
        let folder = tempfile::tempdir().unwrap();
        let error = convert(folder.path(), overwrite, meanwhile).unwrap_err();
        assert!(matches!(error, MarketDataError::Exists(_)), "{error}");
        let theirs = fs::read_to_string(folder.path().join("out").join(meanwhile));
        assert_eq!(theirs.unwrap(), "theirs");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2, "nothing else is left");
    }
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(convert(folder.path(), true, "symbol=B").unwrap(), 1);
    assert!(
        !folder.path().join("out/symbol=B").exists() && folder.path().join("out/symbol=a").exists()
    );
}
