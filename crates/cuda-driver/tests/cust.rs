//! All parts of `cust` link without a CUDA library, and work where there is a device.
#![cfg(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64")))]
#![expect(unsafe_code, reason = "cust's copies and launches are unsafe")]

use std::process::Command;

use barloom_cuda_driver::{Driver, Missing, last_failure};
use cust::context::Context;
use cust::device::Device;
use cust::error::CudaError;
use cust::event::{Event, EventFlags};
use cust::memory::{AsyncCopyDestination, CopyDestination, DeviceBuffer, LockedBuffer};
use cust::module::Module;
use cust::stream::{Stream, StreamFlags, StreamWaitEventFlags};

/// Adds 1 to each of `n` words.
const PTX: &str = r"
.version 6.3
.target sm_75
.address_size 64
.visible .entry add_one(.param .u64 words, .param .u32 n)
{
    .reg .pred %p;
    .reg .b32 %r<6>;
    .reg .b64 %a<4>;
    ld.param.u64 %a0, [words];
    ld.param.u32 %r0, [n];
    mov.u32 %r1, %ctaid.x;
    mov.u32 %r2, %ntid.x;
    mov.u32 %r3, %tid.x;
    mad.lo.s32 %r4, %r1, %r2, %r3;
    setp.ge.u32 %p, %r4, %r0;
    @%p bra done;
    cvta.to.global.u64 %a1, %a0;
    mul.wide.u32 %a2, %r4, 4;
    add.s64 %a3, %a1, %a2;
    ld.global.u32 %r5, [%a3];
    add.s32 %r5, %r5, 1;
    st.global.u32 [%a3], %r5;
done:
    ret;
}
";

/// Contexts, streams, events, pinned and device memory, copies of both kinds, a module, a launch.
fn add_one_on_the_device() -> Result<Vec<u32>, CudaError> {
    cust::init(cust::CudaFlags::empty())?;
    let _context = Context::new(Device::get_device(0)?)?;
    let stream = Stream::new(StreamFlags::NON_BLOCKING, None)?;
    let copies = Stream::new(StreamFlags::NON_BLOCKING, None)?;
    let mut words = LockedBuffer::new(&7_u32, 1000)?;
    let mut buffer = DeviceBuffer::from_slice(&[0_u32; 1000])?;
    // SAFETY: both buffers live until the streams are done with them.
    unsafe { buffer.async_copy_from(&words[..], &copies)? };
    let copied = Event::new(EventFlags::DISABLE_TIMING)?;
    copied.record(&copies)?;
    stream.wait_event(copied, StreamWaitEventFlags::DEFAULT)?;
    let module = Module::from_ptx(PTX, &[])?;
    let add_one = module.get_function("add_one")?;
    // SAFETY: these are the kernel's arguments, and the buffer holds that many words.
    unsafe {
        cust::launch!(add_one<<<8, 128, 0, stream>>>(buffer.as_device_ptr(), 1000_u32))?;
        buffer.async_copy_to(&mut words[..], &stream)?;
    }
    stream.synchronize()?;
    let mut again = vec![0; 1000];
    buffer.copy_to(&mut again)?;
    assert_eq!(again[..], words[..]);
    Ok(again)
}

#[test]
fn cust_works_or_finds_no_device() {
    match Driver::find() {
        Ok(driver) => {
            let got = add_one_on_the_device();
            assert_eq!(got, Ok(vec![8; 1000]), "{driver}: {:?}", last_failure());
        }
        Err(missing @ (Missing::Library { .. } | Missing::Device { .. })) => {
            assert_eq!(add_one_on_the_device(), Err(CudaError::NoDevice), "{missing}");
            let failure = last_failure().expect("the refusal");
            assert_eq!((failure.function, failure.code), ("cuInit", 100));
            assert!(missing.to_string().contains("libcuda.so.1"), "{missing}");
            assert!(!missing.to_string().contains("--"), "{missing}");
            if matches!(missing, Missing::Library { .. }) {
                assert_eq!(CudaError::NoDevice.to_string(), "\"no CUDA driver was found\"");
            }
        }
        Err(missing) => assert!(add_one_on_the_device().is_err(), "{missing}"),
    }
}

#[test]
fn this_test_needs_no_cuda_library() {
    let itself = std::env::current_exe().expect("a path");
    let got = Command::new("ldd").arg(itself).output().expect("ldd");
    let libraries = String::from_utf8_lossy(&got.stdout);
    assert!(libraries.contains("libc.so"), "{libraries}{}", String::from_utf8_lossy(&got.stderr));
    assert!(!libraries.contains("cuda"), "{libraries}");
}
