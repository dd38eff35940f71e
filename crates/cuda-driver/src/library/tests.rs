use std::path::Path;

use crate::{Driver, Missing};

use super::Library;

#[path = "../../tests/fake/mod.rs"]
mod fake;

fn describe(macros: &[&str]) -> Result<Driver, Missing> {
    let folder = tempfile::tempdir().expect("a folder");
    Library::open(&fake::build(folder.path(), macros)).expect("a library").describe()
}

/// The message, with the library's path as `LIBRARY`.
fn message(macros: &[&str]) -> String {
    let missing = describe(macros).expect_err("no driver");
    let (Missing::Function { library, .. }
    | Missing::Device { library, .. }
    | Missing::Refused { library, .. }) = &missing
    else {
        panic!("{missing:?}");
    };
    missing.to_string().replace(library.as_str(), "LIBRARY")
}

#[test]
fn devices_are_listed() {
    let driver = describe(&["DEVICES=2"]).expect("a driver");
    assert_eq!(driver.version().to_string(), "13.2");
    let second = &driver.devices()[1];
    assert_eq!((second.ordinal(), second.name()), (1, "Fake 41"));
    assert_eq!(second.compute_capability(), (9, 1));
    assert_eq!(second.memory_bytes(), 41 * (1 << 30) + (1 << 29));
    assert_eq!(
        driver.to_string(),
        format!(
            "CUDA driver 13.2 ({})\n\
             device 0: Fake 40, compute capability 9.0, 40.5 GiB\n\
             device 1: Fake 41, compute capability 9.1, 41.5 GiB",
            driver.library()
        )
    );
}

#[test]
fn a_driver_without_a_device_is_told_from_none() {
    // The variable is the process's own: the message has it only where the tests run with it.
    let hidden = std::env::var("CUDA_VISIBLE_DEVICES")
        .map_or_else(|_| String::new(), |v| format!(" (CUDA_VISIBLE_DEVICES is {v:?})"));
    let expected =
        format!("CUDA driver 13.2 (LIBRARY) finds no device{hidden}; see what nvidia-smi lists");
    assert_eq!(message(&["INIT=100"]), expected);
    assert_eq!(message(&["DEVICES=0"]), expected);
}

#[test]
fn what_a_driver_refuses_is_named() {
    assert_eq!(
        message(&["INIT=803"]),
        "the CUDA driver (LIBRARY) answers cuInit with CUDA_ERROR_SYSTEM_DRIVER_MISMATCH (803): \
         fake: some error; its library and kernel module differ in version: restart, or install the \
         driver again"
    );
}

#[test]
fn another_library_is_no_driver() {
    assert_eq!(
        message(&["INIT_IS_MISSING"]),
        "LIBRARY is no CUDA driver that can be used: it has no function cuInit; install the NVIDIA \
         driver"
    );
}

#[test]
fn a_library_that_is_not_there_is_named_once() {
    let missing = Library::open(Path::new("/nowhere/libcuda.so.1")).expect_err("no library");
    assert_eq!(
        missing.to_string(),
        "no CUDA driver: looked for /nowhere/libcuda.so.1: cannot open shared object file: No such \
         file or directory; install the NVIDIA driver"
    );
}
