//! What Python reads of a dataset.

use std::path::Path;
use std::process::Command;

#[test]
#[ignore = "needs a Python with pyarrow, pandas, polars and duckdb: set BARLOOM_PYTHON to it and run with --ignored"]
fn pyarrow_pandas_polars_and_duckdb_read_the_documented_types() {
    let python = std::env::var("BARLOOM_PYTHON").unwrap_or_else(|_| "python3".into());
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let dir = tempfile::tempdir().expect("a folder");
    let out = dir.path().join("d");
    let built = Command::new(env!("CARGO_BIN_EXE_barloom"))
        .args(["build", "--samples", "70000", "--bars"])
        .arg(here.join("../../fixtures/spy_1h.parquet"))
        .arg("--out")
        .arg(&out)
        .status()
        .expect("barloom starts");
    assert!(built.success());
    let read = Command::new(python)
        .arg(here.join("tests/read_parquet.py"))
        .arg(&out)
        .output()
        .expect("python starts");
    assert!(read.status.success(), "{}", String::from_utf8_lossy(&read.stderr));
}
