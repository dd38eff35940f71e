//! Kernels and what they are launched with, typed: `cust` checks no argument.

use std::ffi::c_void;
use std::marker::PhantomData;

use crate::layout::{BLOCK_THREADS, Channel, Draws, Metric, Samples, Snapshot, Trading};

/// A kernel of `kernels/kernels.cu`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Kernel {
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
    /// Copies the snapshots.
    Snapshots,
}

impl Kernel {
    /// The name of its function.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Draw => "barloom_draw",
            Self::Trade => "barloom_trade",
            Self::Reward => "barloom_reward",
            Self::Moments => "barloom_moments",
            Self::Windows => "barloom_windows",
            Self::Snapshots => "barloom_snapshots",
        }
    }
}

/// A launch of a kernel with arguments of its types.
#[derive(Debug)]
pub(crate) struct Launch<'a> {
    kernel: Kernel,
    arguments: [*mut c_void; 3],
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
        Self::new(Kernel::Moments, &[pointer(channel), pointer(from)], channel.windows)
    }

    pub(crate) fn windows(channel: &'a Channel, from: &'a Samples) -> Self {
        let values = channel.windows * channel.lookback;
        Self::new(Kernel::Windows, &[pointer(channel), pointer(from)], values.div_ceil(4))
    }

    pub(crate) fn snapshots(snapshot: &'a Snapshot, from: &'a Samples) -> Self {
        let values = from.count * snapshot.columns;
        Self::new(Kernel::Snapshots, &[pointer(snapshot), pointer(from)], values)
    }

    fn new(kernel: Kernel, given: &[*mut c_void], threads: u64) -> Self {
        let mut arguments = [std::ptr::null_mut(); 3];
        arguments[..given.len()].copy_from_slice(given);
        Self { kernel, arguments, count: given.len(), threads, borrowed: PhantomData }
    }

    /// The kernel.
    pub(crate) fn kernel(&self) -> Kernel {
        self.kernel
    }

    /// The addresses of its arguments: structures of `kernels/layout.cuh`, in the kernel's order.
    pub(crate) fn arguments(&self) -> &[*mut c_void] {
        &self.arguments[..self.count]
    }

    /// Blocks to launch.
    pub(crate) fn blocks(&self) -> u64 {
        self.threads.div_ceil(BLOCK_THREADS)
    }

    /// Threads of each block.
    pub(crate) fn block_threads(&self) -> u64 {
        BLOCK_THREADS
    }
}

fn pointer<T>(of: &T) -> *mut c_void {
    // A launch only reads its arguments; the driver's type says otherwise.
    std::ptr::from_ref(of).cast_mut().cast()
}
