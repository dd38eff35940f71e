//! `cust` reaches a driver through this crate: arguments and answers arrive as they are.
#![cfg(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64")))]

mod fake;
mod sources;

use std::collections::BTreeSet;
use std::ffi::c_void;
use std::path::Path;
use std::ptr::without_provenance_mut;
use std::sync::OnceLock;

use barloom_cuda_driver::{Driver, Missing, last_failure};
use cust::device::Device;
use cust::error::CudaError;
use cust::memory::DeviceBuffer;
use cust::module::Module;
use cust_raw::CUresult;

/// Makes the fake the driver of this process, as what runs first in every test.
fn driver() -> &'static Driver {
    static DRIVER: OnceLock<Driver> = OnceLock::new();
    DRIVER.get_or_init(|| {
        let folder = tempfile::tempdir().expect("a folder");
        Driver::open(&fake::build(folder.path(), &[])).expect("the fake")
    })
}

#[test]
fn the_process_has_one_driver() {
    let driver = driver();
    assert_eq!(Driver::find().as_ref(), Ok(driver));
    assert_eq!(Driver::open(Path::new(driver.library())).as_ref(), Ok(driver));
    let other = Driver::open(Path::new("/elsewhere/libcuda.so.1"));
    let wanted = "/elsewhere/libcuda.so.1".to_owned();
    assert_eq!(other, Err(Missing::Decided { wanted, looked_for: driver.library().to_owned() }));
}

#[test]
fn cust_finds_the_devices_that_the_driver_has() {
    let driver = driver();
    cust::init(cust::CudaFlags::empty()).expect("the fake");
    let devices = Device::devices().expect("devices").map(|d| d.expect("a device"));
    let names: Vec<String> = devices.map(|d| d.name().expect("a name")).collect();
    assert_eq!(names, driver.devices().iter().map(|d| d.name().to_owned()).collect::<Vec<_>>());
    assert_eq!(names, ["Fake 40", "Fake 41"]);
}

#[test]
fn memory_is_asked_for_by_the_versioned_name() {
    driver();
    let buffer = DeviceBuffer::<u8>::of_length(1000).expect("memory");
    assert_eq!(buffer.as_device_ptr().as_raw(), 0x500_0000 + 1000);
    let refused = DeviceBuffer::<u8>::of_length(2 << 20).expect_err("too much");
    assert_eq!(refused, CudaError::OutOfMemory);
    assert_eq!(refused.to_string(), "\"fake: out of memory\"");
}

/// `cust`'s way to ask for memory alone.
trait OfLength: Sized {
    fn of_length(len: usize) -> Result<Self, CudaError>;
}

#[expect(unsafe_code, reason = "cust's memory is uninitialised until it is written")]
impl OfLength for DeviceBuffer<u8> {
    fn of_length(len: usize) -> Result<Self, CudaError> {
        // SAFETY: nothing reads it.
        unsafe { DeviceBuffer::uninitialized(len) }
    }
}

#[test]
fn all_arguments_of_a_launch_arrive_in_order() {
    driver();
    assert_eq!(launch([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]), CUresult::CUDA_SUCCESS);
    let wrong = launch([1, 2, 4, 3, 5, 6, 7, 8, 9, 10, 11]);
    assert_eq!(wrong, CUresult::CUDA_ERROR_NOT_INITIALIZED);
    assert_eq!(last_failure().map(|f| (f.function, f.code)), Some(("cuLaunchKernel", 3)));
}

#[expect(unsafe_code, reason = "calls a function of the driver")]
fn launch(arguments: [u32; 11]) -> CUresult {
    let [function, gx, gy, gz, bx, by, bz, shared, stream, parameters, extra] = arguments;
    let pointer = |n: u32| without_provenance_mut::<c_void>(n as usize);
    // SAFETY: the fake reads the values of its arguments alone.
    unsafe {
        cust_raw::cuLaunchKernel(
            pointer(function).cast(),
            gx,
            gy,
            gz,
            bx,
            by,
            bz,
            shared,
            pointer(stream).cast(),
            pointer(parameters).cast(),
            pointer(extra).cast(),
        )
    }
}

/// The codes in the source of `cust_raw`.
fn listed_codes() -> BTreeSet<i32> {
    let source = sources::of("cust_raw");
    let body = source.split("pub enum cudaError_enum {").nth(1).expect("the enum");
    let body = body.split('}').next().expect("its end");
    let variants = body.split(',').filter_map(|line| line.split_once(" = "));
    variants.map(|(_, code)| code.trim().parse().expect("a number")).collect()
}

#[test]
#[expect(unsafe_code, reason = "calls a function of the driver")]
fn only_codes_that_cust_raw_lists_get_through() {
    driver();
    let codes = listed_codes();
    assert!(codes.contains(&100) && !codes.contains(&4711), "{codes:?}");
    for code in -1..=1100_i32 {
        let limit = cust_raw::CUlimit::CU_LIMIT_STACK_SIZE;
        // SAFETY: the fake answers with its second argument and does no more.
        let got = unsafe { cust_raw::cuCtxSetLimit(limit, code.cast_unsigned() as usize) };
        let expected = if codes.contains(&code) { code } else { 999 };
        assert_eq!(got as i32, expected, "the driver answered {code}");
        if code != 0 && code != 600 {
            assert_eq!(last_failure().map(|f| f.code), Some(code));
        }
    }
}

#[test]
fn the_last_failure_names_what_cust_does_not() {
    driver();
    assert_eq!(Module::from_ptx("", &[]).err(), Some(CudaError::UnknownError));
    assert_eq!(
        last_failure().map(|f| f.to_string()).as_deref(),
        Some("cuModuleLoadDataEx: CUDA_ERROR_UNSUPPORTED_PTX_VERSION (222): fake: some error")
    );
}

#[test]
fn a_function_that_the_driver_lacks_finds_no_device() {
    driver();
    assert_eq!(cust::context::CurrentContext::synchronize(), Err(CudaError::NoDevice));
}
