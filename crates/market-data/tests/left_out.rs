//! Formats that a build leaves out. Tests with all features have none; this has some:
//! `cargo test -p barloom-market-data --no-default-features --features csv,dbn --test left_out`.
#![cfg(not(all(
    feature = "csv",
    feature = "dbn",
    feature = "gzip",
    feature = "json",
    feature = "parquet",
    feature = "zip"
)))]

use barloom_market_data::{ErrorKind, ReadOptions, read, read_bytes};

const CSV: &[u8] = b"date,open,high,low,close\n2024-01-02,10,12,9,11\n";

/// Asserts that a file cannot be read, from memory or from disk, because of a feature.
fn assert_left_out(name: &str, bytes: &[u8], format: &str, feature: &str) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name).to_string_lossy().into_owned();
    std::fs::write(&path, bytes).unwrap();
    let options = ReadOptions::default();
    let in_memory = read_bytes(name, bytes, &options).unwrap_err();
    let on_disk = read(std::slice::from_ref(&path), &options).unwrap_err();
    for (file, error) in [(name, in_memory), (&*path, on_disk)] {
        assert_eq!((error.kind(), error.at_file().as_deref()), (ErrorKind::Usage, Some(file)));
        assert_eq!(
            error.to_string(),
            format!(
                "{file}: this build does not have {format}: turn on the Cargo feature {feature} of \
                 barloom-market-data"
            )
        );
    }
}

#[test]
fn text_is_read_if_its_feature_is_on() {
    #[cfg(feature = "csv")]
    assert_eq!(read_bytes("x.csv", CSV, &ReadOptions::default()).unwrap().series().len(), 1);
    #[cfg(not(feature = "csv"))]
    assert_left_out("x.csv", CSV, "delimited text", "csv");
}

#[cfg(not(feature = "json"))]
#[test]
fn json_is_left_out() {
    let json = br#"[{"date": "2024-01-02", "open": 10, "high": 12, "low": 9, "close": 11}]"#;
    assert_left_out("x.json", json, "JSON", "json");
    assert_left_out("x", json, "JSON", "json");
}

#[cfg(not(feature = "dbn"))]
#[test]
fn dbn_is_left_out() {
    assert_left_out("x.dbn", b"DBN\x03\0\0\0\0", "DBN", "dbn");
}

#[cfg(not(feature = "gzip"))]
#[test]
fn gzip_is_left_out() {
    assert_left_out("x.csv.gz", b"\x1f\x8b\x08\0\0\0\0\0", "gzip", "gzip");
}

#[cfg(not(feature = "zip"))]
#[test]
fn zip_is_left_out() {
    assert_left_out("x.zip", b"PK\x03\x04\0\0\0\0", "zip", "zip");
}

#[cfg(not(feature = "parquet"))]
#[test]
fn parquet_is_neither_read_nor_written() {
    assert_left_out("x.parquet", b"PAR1\0\0\0\0PAR1", "Parquet", "parquet");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.parquet");
    let error = barloom_market_data::write(&path, &[], Default::default()).unwrap_err();
    assert!(error.to_string().contains("the Cargo feature parquet"), "{error}");
    assert!(!path.exists());
}
