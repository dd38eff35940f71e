//! Windows written to memory of a device that the caller owns.
#![cfg(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64")))]
#![expect(unsafe_code, reason = "addresses are given to kernels")]

mod emulator;

use std::sync::Arc;

use barloom_backend::{Session, conformance};
use cust::memory::{CopyDestination, DeviceBuffer};
use cust::stream::{Stream, StreamFlags};

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
