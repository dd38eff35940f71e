//! Windows written to memory of a device that the caller owns.
#![cfg(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64")))]
#![expect(unsafe_code, reason = "addresses are given to kernels")]

mod emulator;

use std::sync::Arc;

use barloom_backend::{Session, conformance};
use cust::context::Context;
use cust::device::Device;
use cust::memory::{CopyDestination, DeviceBuffer};
use cust::stream::{Stream, StreamFlags};
use cust::sys::{CUcontext, CUresult, cuCtxGetCurrent, cuCtxSetCurrent};

#[test]
#[cfg_attr(not(has_cxx), ignore = "needs a C++ compiler: c++, or CXX")]
fn windows_go_where_the_caller_wants_them() {
    let backend = emulator::backend();
    for case in conformance::cases().unwrap() {
        let session = backend.session(&case.market, Arc::clone(&case.plan)).unwrap();
        let (shape, samples) = (case.plan.block_shape(), case.plan.samples);
        let (first, rows) = (samples / 3, usize::try_from(samples - samples / 3).unwrap());
        let (channels, lookback) = (shape.channels, shape.lookback);
        let values = rows * channels * lookback;
        // The caller's own use of the device.
        let _context = Context::new(Device::get_device(0).unwrap()).unwrap();
        let buffer = DeviceBuffer::<f32>::zeroed(values).unwrap();
        let stream = Stream::new(StreamFlags::NON_BLOCKING, None).unwrap();
        // SAFETY: the buffer holds `[rows, C, L]` values, and lives until the stream is waited for.
        unsafe {
            let to = buffer.as_device_ptr().as_raw();
            session.windows_into(first, rows, to, stream.as_inner().cast()).unwrap();
        }
        // Waits for the caller's stream on the device.
        let mut block = session.allocate(rows);
        session.fill(first, rows, &mut block).unwrap();
        stream.synchronize().unwrap();
        let mut got = vec![0.0_f32; values];
        buffer.copy_to(&mut got).unwrap();
        for row in 0..rows {
            for channel in 0..channels {
                let at = (row * channels + channel) * lookback;
                let window = block.window(channel, row).iter().map(|x| x.to_bits());
                let ours = got[at..at + lookback].iter().map(|x| x.to_bits());
                assert!(ours.eq(window), "{}: sample {row}, channel {channel}", case.name);
            }
        }
    }
}

/// A thread that works on another device goes on doing so.
#[test]
#[cfg_attr(not(has_cxx), ignore = "needs a C++ compiler: c++, or CXX")]
fn the_callers_context_stays_current() {
    emulator::backend();
    let others: CUcontext = std::ptr::without_provenance_mut(0x700);
    let current = || {
        let mut current: CUcontext = std::ptr::null_mut();
        // SAFETY: it writes one pointer.
        assert_eq!(unsafe { cuCtxGetCurrent(&raw mut current) }, CUresult::CUDA_SUCCESS);
        current
    };
    // SAFETY: the driver of this process only keeps the pointer.
    assert_eq!(unsafe { cuCtxSetCurrent(others) }, CUresult::CUDA_SUCCESS);
    let backend = emulator::backend();
    assert_eq!(current(), others, "opening a device");
    let case = conformance::cases().unwrap().swap_remove(0);
    let session = backend.session(&case.market, Arc::clone(&case.plan)).unwrap();
    let mut block = session.allocate(100);
    session.fill(0, 100, &mut block).unwrap();
    assert_eq!(current(), others, "filling a block");
    drop((block, session, backend));
    assert_eq!(current(), others, "giving everything back");
}
