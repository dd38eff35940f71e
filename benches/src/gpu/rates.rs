//! The speed of a GPU, against that of its copies.
#![expect(unsafe_code, reason = "windows are written to an address")]

use std::sync::Arc;

use anyhow::Result;
use barloom_backend::{Numbers, Session, WindowLayout};
use barloom_backend_cuda::CudaBackend;
use barloom_plan::Plan;
use barloom_recipe::Recipe;
use cust::context::Context;
use cust::device::Device;
use cust::memory::{AsyncCopyDestination, CopyDestination, DeviceBuffer, LockedBuffer};
use cust::stream::{Stream, StreamFlags};

use super::Rates;
use crate::clock::repeat;

const RECIPE: &str = "dataset = { samples = 1_000_000_000, lookback = 64, forward = 64 }";
const BARS: usize = 558_720;

/// Medians of so many repetitions, after one that is not counted; `device` is the backend's number.
pub(super) fn measure(
    cuda: &CudaBackend,
    device: u32,
    rows: usize,
    repetitions: usize,
) -> Result<Rates> {
    let _context = Context::new(Device::get_device(device)?)?;
    let market = Arc::new(crate::walk(BARS));
    let recipe = Recipe::from_toml(RECIPE, "benchmark")?.resolve(&market)?;
    let plan = Plan::new(&recipe, &market, None)?;
    let shape = plan.program.block_shape();
    let session = cuda.load_market(market, plan.program)?.cuda_session(plan.draws)?;
    let values = rows * shape.channels * shape.lookback;
    let [windows, all] = [values as u64 * 4, rows as u64 * crate::job::bytes_per_row(shape)];
    let median = |work: &mut dyn FnMut() -> Result<()>| -> Result<f64> {
        let mut seconds = repeat(repetitions + 1, work)?.split_off(1);
        seconds.sort_by(f64::total_cmp);
        Ok(seconds[seconds.len() / 2])
    };

    let stream = Stream::new(StreamFlags::NON_BLOCKING, None)?;
    let [from, mut to] =
        [DeviceBuffer::<f32>::zeroed(values)?, DeviceBuffer::<f32>::zeroed(values)?];
    let copy = median(&mut || {
        // SAFETY: both buffers live until the stream is waited for.
        unsafe { to.async_copy_from(&from, &stream)? };
        Ok(stream.synchronize()?)
    })?;
    let (numbers, joined) =
        (Numbers::Range { first: 0, rows }, shape.layout(WindowLayout::ChannelsFirst));
    let kernels = median(&mut || {
        let address = from.as_device_ptr().as_raw();
        // SAFETY: the buffer holds `[rows, C, L]` values and lives until the stream is waited for.
        unsafe { session.windows_into(numbers, joined, address, stream.as_inner().cast())? };
        Ok(stream.synchronize()?)
    })?;
    drop((from, to));

    let whole = usize::try_from(all)?;
    let bus = {
        let from = DeviceBuffer::<u8>::zeroed(whole)?;
        let mut to = LockedBuffer::<u8>::new(&0, whole)?;
        median(&mut || Ok(from.copy_to(&mut to)?))?
    };
    let mut block = session.allocate(rows)?;
    let end_to_end = median(&mut || Ok(session.fill(0, rows, &mut block)?))?;
    Ok(Rates {
        samples: rows,
        bytes: [windows, all],
        device_copy: 2.0 * windows as f64 / copy,
        kernels: windows as f64 / kernels,
        bus: all as f64 / bus,
        end_to_end: all as f64 / end_to_end,
        samples_per_second: rows as f64 / end_to_end,
    })
}
