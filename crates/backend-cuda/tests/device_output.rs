//! Windows written to memory of a device that the caller owns.
#![cfg(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64")))]
#![expect(unsafe_code, reason = "addresses are given to kernels")]

mod emulator;

use std::sync::Arc;

use barloom_backend::{Numbers, Session, Threads};
use barloom_backend_cuda::{CudaBackend, CudaSession};
use barloom_conformance::Case;
use barloom_sampling::MAX_SAMPLES;
use cust::context::Context;
use cust::device::Device;
use cust::memory::{CopyDestination, DeviceBuffer};
use cust::stream::{Stream, StreamFlags};
use cust::sys::{CUcontext, CUresult, cuCtxGetCurrent, cuCtxSetCurrent};
use emulator::cases::{LAYOUTS, listed};

#[test]
#[cfg_attr(not(has_cxx), ignore = "needs a C++ compiler: c++, or CXX")]
fn windows_go_where_the_caller_wants_them() {
    let backend = emulator::backend();
    for case in barloom_conformance::cases().unwrap() {
        let session = session(&backend, &case);
        let (plan, list) = (&case.plan, listed(&case.plan));
        let first = plan.samples / 3;
        let rows = usize::try_from(plan.samples - first).unwrap();
        let actions = usize::try_from(plan.draws.sampler.actions_per_state()).unwrap();
        for (samples, rows_per_window, layout) in LAYOUTS.into_iter().flat_map(|layout| {
            let range = (Numbers::Range { first, rows }, 1, layout);
            [range, (Numbers::Listed(&list), actions, layout)]
        }) {
            let shape = plan.program.block_shape().layout(layout).rows_per_window(rows_per_window);
            let values = shape.windows(samples.len()) * shape.channels * shape.lookback;
            // The caller's own use of the device.
            let _context = Context::new(Device::get_device(0).unwrap()).unwrap();
            let buffer = DeviceBuffer::<f32>::zeroed(values).unwrap();
            let stream = Stream::new(StreamFlags::NON_BLOCKING, None).unwrap();
            // SAFETY: the buffer holds as many values as the windows have, and it and the list live
            // until the stream is waited for.
            unsafe {
                let to = buffer.as_device_ptr().as_raw();
                session.windows_into(samples, shape, to, stream.as_inner().cast()).unwrap();
            }
            // Waits for the caller's stream on the device.
            let mut block = session.allocate_shaped(shape, samples.len()).unwrap();
            session.sample(samples, Threads::All, &mut block).unwrap();
            stream.synchronize().unwrap();
            let mut got = vec![0.0_f32; values];
            buffer.copy_to(&mut got).unwrap();
            let windows = block.windows.iter().flat_map(|column| &column[..]);
            let same = got.iter().map(|x| x.to_bits()).eq(windows.map(|x| x.to_bits()));
            assert!(same, "{}: {shape:?}", case.name);
        }
    }
}

fn session(backend: &CudaBackend, case: &Case) -> CudaSession {
    let market =
        backend.load_market(Arc::clone(&case.market), Arc::clone(&case.plan.program)).unwrap();
    market.cuda_session(Arc::clone(&case.plan.draws)).unwrap()
}

/// Nothing is queued of what cannot be asked for.
#[test]
#[cfg_attr(not(has_cxx), ignore = "needs a C++ compiler: c++, or CXX")]
fn what_is_not_the_plans_is_refused() {
    let case = barloom_conformance::cases().unwrap().swap_remove(0);
    let session = session(&emulator::backend(), &case);
    let shape = case.plan.program.block_shape();
    let refused = |samples: &[u64], shape| {
        let samples = Numbers::Listed(samples);
        // SAFETY: nothing is written.
        let answer = unsafe { session.windows_into(samples, shape, 0, std::ptr::null_mut()) };
        answer.unwrap_err().to_string()
    };
    assert!(refused(&[0, MAX_SAMPLES], shape).contains("were asked for"));
    assert!(refused(&[0, 1], shape.rows_per_window(2)).contains("can't share a window"));
    let other = barloom_backend::BlockShape { lookback: shape.lookback + 1, ..shape };
    assert!(refused(&[0, 1], other).contains("the block has"));
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
    let case = barloom_conformance::cases().unwrap().swap_remove(0);
    let session = session(&backend, &case);
    let mut block = session.allocate(100).unwrap();
    session.fill(0, 100, &mut block).unwrap();
    assert_eq!(current(), others, "filling a block");
    drop((block, session, backend));
    assert_eq!(current(), others, "giving everything back");
}
