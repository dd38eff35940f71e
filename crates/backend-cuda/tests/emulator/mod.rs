//! A CUDA driver for tests: `kernels/*.cu` compiled as C++ into a library that answers like the
//! driver (driver.cpp), opened in place of `libcuda.so.1`. All of the backend's code for a GPU
//! runs on it, through `cust`.
#![allow(dead_code, unreachable_pub, reason = "each test uses a part of it")]

pub mod cases;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

use barloom_backend_cuda::CudaBackend;
use barloom_cuda_driver::Driver;
use tempfile::TempDir;

/// The crate's folder.
pub fn here() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A compiled driver; the folder goes when it is dropped.
pub struct Library {
    pub path: PathBuf,
    _folder: TempDir,
}

/// Compiles the kernels of a folder into a driver. More flags come from `BARLOOM_FAKE_FLAGS`.
pub fn compile(kernels: &Path) -> Result<Library, String> {
    let folder = tempfile::tempdir().map_err(|e| e.to_string())?;
    let path = folder.path().join("libcuda.so.1");
    let emulator = here().join("tests/emulator");
    let flags = std::env::var("BARLOOM_FAKE_FLAGS").unwrap_or_default();
    let mut command = Command::new(compiler()?);
    // A sanitizer that this process was started with is not the compiler's.
    command.env_remove("LD_PRELOAD");
    command
        .args(["-x", "c++", "-std=c++17", "-O2", "-ffp-contract=off", "-fno-fast-math"])
        .args(["-shared", "-fPIC", "-Wall", "-Wextra", "-Werror", "-Wno-unused-function"])
        .args(flags.split_whitespace())
        .arg("-I")
        .arg(kernels)
        .arg(emulator.join("driver.cpp"))
        .arg("-o")
        .arg(&path);
    let output = command.output().map_err(|e| format!("{command:?}: {e}"))?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned());
    }
    Ok(Library { path, _folder: folder })
}

/// The C++ compiler that the `cc` crate finds.
fn compiler() -> Result<PathBuf, String> {
    let target = format!("{}-unknown-linux-gnu", std::env::consts::ARCH);
    let mut build = cc::Build::new();
    build.cpp(true).target(&target).host(&target).opt_level(2).cargo_metadata(false);
    let tool = build.try_get_compiler().map_err(|e| e.to_string())?;
    Ok(tool.path().to_owned())
}

/// The driver of this process: `BARLOOM_FAKE_DRIVER`, or the kernels as they are.
pub static DRIVER: LazyLock<Library> = LazyLock::new(|| {
    let library = std::env::var_os("BARLOOM_FAKE_DRIVER").map_or_else(
        || compile(&here().join("kernels")).unwrap(),
        |path| Library { path: path.into(), _folder: tempfile::tempdir().unwrap() },
    );
    Driver::open(&library.path).unwrap();
    library
});

/// The backend on the driver of this process.
pub fn backend() -> CudaBackend {
    LazyLock::force(&DRIVER);
    CudaBackend::open(0).unwrap()
}
