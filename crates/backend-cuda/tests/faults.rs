//! A driver that fails: the error says what was asked for and what the driver answered.
#![cfg(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64")))]

mod emulator;

use std::process::Command;

use barloom_backend_cuda::CudaBackend;

/// The failing function, call and code; the available memory; and the parts of the message.
const FAULTS: &[(&str, &str, &[&str])] = &[
    ("cuInit:1:999", "", &["cuInit", "999"]),
    (
        "cuDevicePrimaryCtxRetain:1:2",
        "",
        &["device 0: Emulator", "make a context", "OUT_OF_MEMORY"],
    ),
    ("cuModuleLoadDataEx:1:222", "", &["load the kernels", "222"]),
    ("", "9000", &["allocate ", " bytes beside ", "of its 9000 bytes are free", "OUT_OF_MEMORY"]),
    ("cuMemcpyHtoD_v2:3:700", "", &["copy ", " bytes to it", "700"]),
    ("cuLaunchKernel:2:719", "", &["launch barloom_trade on 3 blocks of 256 threads", "719"]),
    ("cuMemcpyDtoHAsync_v2:5:999", "", &["copy ", " bytes from it", "999"]),
    ("cuMemcpyHtoDAsync_v2:1:700", "", &["copy 24 bytes to it", "700"]),
    ("cuStreamSynchronize:1:700", "", &["wait for kernels", "700"]),
];

#[test]
#[cfg_attr(not(has_cxx), ignore = "needs a C++ compiler: c++, or CXX")]
fn failures_say_what_and_why() {
    for (fault, memory, wanted) in FAULTS {
        let mut job = Command::new(std::env::current_exe().unwrap());
        job.args(["--ignored", "--exact", "first_case", "--nocapture"]);
        job.env("BARLOOM_FAKE_DRIVER", &emulator::DRIVER.path).env("BARLOOM_FAKE_FAULT", fault);
        if !memory.is_empty() {
            job.env("BARLOOM_FAKE_MEMORY", memory);
        }
        let output = job.output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout);
        let told = text.lines().find_map(|line| line.split_once("error: "));
        let told = told.unwrap_or_else(|| panic!("{fault}: no error in {text}")).1;
        for want in *wanted {
            assert!(told.contains(want), "{fault}{memory}: {told:?} says nothing of {want:?}");
        }
    }
}

/// Run by the test above in processes of their own: one process has one driver.
#[test]
#[ignore = "it is what the other test runs"]
fn first_case() {
    match build() {
        Ok(()) => println!("built"),
        Err(error) => println!("error: {error}"),
    }
}

fn build() -> Result<(), String> {
    let path = std::env::var_os("BARLOOM_FAKE_DRIVER").unwrap();
    barloom_cuda_driver::Driver::open(path.as_ref()).map_err(|e| e.to_string())?;
    let backend = CudaBackend::open(0).map_err(|e| e.to_string())?;
    let case = barloom_conformance::cases()?.swap_remove(0);
    let session = case.session(&backend).map_err(|e| e.to_string())?;
    let mut block = session.allocate(700).map_err(|e| e.to_string())?;
    session.fill(0, 700, &mut block).map_err(|e| e.to_string())?;
    session.gather(&[5, 699, 5], &mut block).map_err(|e| e.to_string())
}
