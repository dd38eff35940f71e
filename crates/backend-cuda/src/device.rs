//! What kernels run on.
//!
//! [`Device`] is what a session needs of a GPU: memory, launches, copies back. The GPU behind the
//! driver is one; the tests have another, which runs the same kernels compiled for the host.

#![expect(unsafe_code, reason = "kernels are given addresses, and copies outlive the call")]

use std::ffi::c_void;
use std::marker::PhantomData;

use crate::layout::{BLOCK_THREADS, Channel, Draws, Metric, Samples, Trading};

/// Why a device failed: the call, what it was about, and the device's own words.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{device}: {call}: {what}")]
pub struct DeviceError {
    /// The device.
    pub device: String,
    /// The call with its sizes: `allocate 1024 bytes`, `launch barloom_draw on 4 x 256 threads`.
    pub call: String,
    /// What went wrong.
    pub what: String,
}

/// Work in one lane is done in order; lanes overlap.
pub const LANES: usize = 2;

/// Memory of a device; it is given back when dropped.
pub trait Memory: Send + Sync {
    /// Its address for kernels: a multiple of 256.
    fn address(&self) -> u64;
}

/// A device that has the kernels of `kernels/kernels.cu`.
pub trait Device: Send + Sync {
    /// Its memory.
    type Memory: Memory;

    /// What it is, for messages.
    fn name(&self) -> String;

    /// Bytes of its memory that are free, and that there are.
    ///
    /// # Errors
    /// The device fails.
    fn memory(&self) -> Result<(u64, u64), DeviceError>;

    /// New memory; what it holds is unspecified.
    ///
    /// # Errors
    /// There is not enough.
    fn allocate(&self, bytes: usize) -> Result<Self::Memory, DeviceError>;

    /// New memory that holds these bytes when it returns.
    ///
    /// # Errors
    /// There is not enough, or the device fails.
    fn upload(&self, bytes: &[u8]) -> Result<Self::Memory, DeviceError>;

    /// Queues a launch in a lane.
    ///
    /// # Errors
    /// The launch is refused, or an earlier one failed.
    ///
    /// # Safety
    /// Every address in the launch's structures is of memory of this device that is large enough
    /// for what the structures' documentation says, and lives until the lane is finished.
    unsafe fn launch(&self, lane: usize, launch: &Launch<'_>) -> Result<(), DeviceError>;

    /// Queues a copy from an address to the host in a lane.
    ///
    /// # Errors
    /// The copy is refused, or earlier work failed.
    ///
    /// # Safety
    /// The bytes from the address on are memory of this device, and `to` is not used otherwise
    /// until the lane is finished.
    unsafe fn download(&self, lane: usize, from: u64, to: &mut [u8]) -> Result<(), DeviceError>;

    /// Waits until all work in a lane is done.
    ///
    /// # Errors
    /// Some of it failed.
    fn finish(&self, lane: usize) -> Result<(), DeviceError>;
}

/// A kernel of `kernels/kernels.cu`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kernel {
    /// Draws and places samples.
    Draw,
    /// Trades them.
    Trade,
    /// Computes one metric.
    Reward,
    /// Summarises the windows of one channel.
    Moments,
    /// Cuts and scales the windows of one channel.
    Windows,
}

impl Kernel {
    /// All of them.
    pub const ALL: [Self; 5] =
        [Self::Draw, Self::Trade, Self::Reward, Self::Moments, Self::Windows];

    /// The name of its function.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Draw => "barloom_draw",
            Self::Trade => "barloom_trade",
            Self::Reward => "barloom_reward",
            Self::Moments => "barloom_moments",
            Self::Windows => "barloom_windows",
        }
    }
}

/// A launch of a kernel with arguments of its types.
#[derive(Debug)]
pub struct Launch<'a> {
    kernel: Kernel,
    arguments: [*const c_void; 3],
    count: usize,
    threads: u64,
    borrowed: PhantomData<&'a ()>,
}

impl<'a> Launch<'a> {
    pub(crate) fn draw(draws: &'a Draws, out: &'a Samples) -> Self {
        Self::new(Kernel::Draw, &[pointer(draws), pointer(out)], out.count)
    }

    pub(crate) fn trade(trading: &'a Trading, out: &'a Samples) -> Self {
        Self::new(Kernel::Trade, &[pointer(trading), pointer(out)], out.count)
    }

    pub(crate) fn reward(trading: &'a Trading, metric: &'a Metric, from: &'a Samples) -> Self {
        let arguments = [pointer(trading), pointer(metric), pointer(from)];
        Self::new(Kernel::Reward, &arguments, from.count)
    }

    pub(crate) fn moments(channel: &'a Channel, from: &'a Samples) -> Self {
        Self::new(Kernel::Moments, &[pointer(channel), pointer(from)], from.count)
    }

    pub(crate) fn windows(channel: &'a Channel, from: &'a Samples) -> Self {
        let values = from.count * channel.lookback;
        Self::new(Kernel::Windows, &[pointer(channel), pointer(from)], values.div_ceil(4))
    }

    fn new(kernel: Kernel, given: &[*const c_void], threads: u64) -> Self {
        let mut arguments = [std::ptr::null(); 3];
        arguments[..given.len()].copy_from_slice(given);
        Self { kernel, arguments, count: given.len(), threads, borrowed: PhantomData }
    }

    /// The kernel.
    #[must_use]
    pub fn kernel(&self) -> Kernel {
        self.kernel
    }

    /// Where its arguments are: structures of `kernels/layout.cuh`, in the kernel's order.
    #[must_use]
    pub fn arguments(&self) -> &[*const c_void] {
        &self.arguments[..self.count]
    }

    /// Blocks to launch.
    #[must_use]
    pub fn blocks(&self) -> u64 {
        self.threads.div_ceil(BLOCK_THREADS)
    }

    /// Threads of each block.
    #[must_use]
    pub fn block_threads(&self) -> u64 {
        BLOCK_THREADS
    }
}

fn pointer<T>(of: &T) -> *const c_void {
    std::ptr::from_ref(of).cast()
}
