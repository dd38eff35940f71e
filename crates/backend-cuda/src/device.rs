//! A GPU through `cust`: memory, launches, copies back.
#![expect(unsafe_code, reason = "kernels are given addresses, and copies outlive the call")]

use std::fmt::Debug;
use std::mem::ManuallyDrop;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use barloom_cuda_driver::{Driver, last_failure};
use barloom_memory::Bytes;
use cust::CudaFlags;
use cust::context::{Context, CurrentContext};
use cust::error::CudaResult;
use cust::memory::{
    AsyncCopyDestination, CopyDestination, DeviceBuffer, DevicePointer, DeviceSlice, LockedBuffer,
    mem_get_info,
};
use cust::module::Module;
use cust::stream::{Stream, StreamFlags};
use cust::sys::{
    CUcontext, CUevent, CUresult, CUstream, cuCtxGetCurrent, cuCtxSetCurrent, cuEventCreate,
    cuEventDestroy_v2, cuEventRecord, cuLaunchKernel, cuMemcpyHtoDAsync_v2, cuStreamWaitEvent,
};

use crate::CudaError;
use crate::launch::Launch;

/// The kernels, as `cargo xtask ptx` compiled them.
const PTX: &str = include_str!("../ptx/kernels.ptx");

/// Work in one lane is done in order; lanes overlap.
pub(crate) const LANES: usize = 2;

/// An event that is waited for, not timed: `CU_EVENT_DISABLE_TIMING`.
const NO_TIMING: u32 = 2;

/// A device with the kernels.
#[derive(Debug)]
pub(crate) struct Device {
    /// Its name and number, for messages.
    name: String,
    /// Bytes that are allocated now.
    allocated: AtomicU64,
    lanes: ManuallyDrop<[Stream; LANES]>,
    module: ManuallyDrop<Module>,
    context: Context,
}

/// While it lives, the thread's calls go to a device; then to what they went to before, which may
/// be somebody else's.
struct Entered {
    before: CUcontext,
}

impl Entered {
    /// Notes what the thread's calls go to.
    fn note() -> Result<Self, CUresult> {
        let mut before: CUcontext = std::ptr::null_mut();
        // SAFETY: it writes one pointer.
        match unsafe { cuCtxGetCurrent(&raw mut before) } {
            CUresult::CUDA_SUCCESS => Ok(Self { before }),
            answer => Err(answer),
        }
    }
}

impl Drop for Entered {
    fn drop(&mut self) {
        // SAFETY: it was current before, and null stands for none. If it is gone since, the call
        // fails, and there is nothing to return to.
        let _ = unsafe { cuCtxSetCurrent(self.before) };
    }
}

impl Device {
    /// The device of this number, from 0.
    pub(crate) fn open(ordinal: u32) -> Result<Arc<Self>, CudaError> {
        let driver = Driver::find()?;
        let Some(found) = driver.devices().iter().find(|device| device.ordinal() == ordinal) else {
            let devices: Vec<String> = driver.devices().iter().map(ToString::to_string).collect();
            return Err(CudaError::NoSuchDevice { ordinal, devices: devices.join("; ") });
        };
        let name = found.to_string();
        let done = |call: &str, error| failed(&name, call.to_owned(), error);
        cust::init(CudaFlags::empty()).map_err(|e| done("initialise the driver", e))?;
        let note = || "note the thread's context".to_owned();
        let _entered = Entered::note().map_err(|answer| failed(&name, note(), answer))?;
        let device = cust::device::Device::get_device(ordinal).map_err(|e| done("open it", e))?;
        let context = Context::new(device).map_err(|e| done("make a context", e))?;
        // No options: cust's are laid out wrongly, or end at older devices.
        let module = Module::from_ptx(PTX, &[]).map_err(|e| done("load the kernels", e))?;
        let lane = || {
            let stream = Stream::new(StreamFlags::NON_BLOCKING, None);
            stream.map_err(|e| done("make a stream", e))
        };
        let lanes = ManuallyDrop::new([lane()?, lane()?]);
        let (allocated, module) = (AtomicU64::new(0), ManuallyDrop::new(module));
        // The name is borrowed by what makes errors above.
        Ok(Arc::new(Self { name: name.clone(), allocated, lanes, module, context }))
    }

    /// Its name and number.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Makes the calling thread's calls go to this device.
    fn enter(&self) -> Result<Entered, CudaError> {
        let call = || "enter its context".to_owned();
        let entered = Entered::note().map_err(|answer| failed(&self.name, call(), answer))?;
        self.told(CurrentContext::set_current(&self.context), call)?;
        Ok(entered)
    }

    fn told<T>(&self, result: CudaResult<T>, call: impl Fn() -> String) -> Result<T, CudaError> {
        result.map_err(|error| failed(&self.name, call(), error))
    }

    /// New memory; what it holds is unspecified.
    pub(crate) fn allocate(self: &Arc<Self>, bytes: usize) -> Result<Memory, CudaError> {
        let _entered = self.enter()?;
        // SAFETY: kernels write what others read of it, and copies take what kernels wrote.
        let buffer = unsafe { DeviceBuffer::<u8>::uninitialized(bytes.max(1)) };
        let buffer = self.told(buffer, || self.allocation(bytes))?;
        self.allocated.fetch_add(bytes as u64, Ordering::Relaxed);
        Ok(Memory { buffer: ManuallyDrop::new(buffer), device: Arc::clone(self) })
    }

    /// Describes a failed allocation and the memory that was left for it.
    fn allocation(&self, bytes: usize) -> String {
        let held = self.allocated.load(Ordering::Relaxed);
        let left = mem_get_info().map_or_else(
            |_| String::new(),
            |(free, all)| format!("; {free} of its {all} bytes are free"),
        );
        format!("allocate {bytes} bytes beside {held} that this build holds there{left}")
    }

    /// New memory that holds these bytes.
    pub(crate) fn upload(self: &Arc<Self>, bytes: &[u8]) -> Result<Memory, CudaError> {
        let mut memory = self.allocate(bytes.len())?;
        let _entered = self.enter()?;
        if !bytes.is_empty() {
            let copied = memory.buffer.copy_from(bytes);
            self.told(copied, || format!("copy {} bytes to it", bytes.len()))?;
        }
        Ok(memory)
    }

    /// Waits until everything is done that was asked of its context, uploads too: these return
    /// before their last bytes are there, and lanes don't wait for them.
    pub(crate) fn settle(&self) -> Result<(), CudaError> {
        let _entered = self.enter()?;
        let settled = CurrentContext::synchronize();
        self.told(settled, || "wait for uploads".into())
    }

    /// Memory of the host that the device copies to fastest; none where there is none left.
    pub(crate) fn pinned(self: &Arc<Self>, bytes: usize) -> Option<Box<dyn Bytes>> {
        let _entered = self.enter().ok()?;
        // SAFETY: it is set to 0 just below.
        let mut buffer = unsafe { LockedBuffer::<u8>::uninitialized(bytes.max(1)) }.ok()?;
        buffer.fill(0);
        Some(Box::new(Pinned { buffer: ManuallyDrop::new(buffer), device: Arc::clone(self) }))
    }

    /// The stream of a lane.
    pub(crate) fn lane(&self, lane: usize) -> CUstream {
        self.lanes[lane].as_inner()
    }

    /// Queues a launch in a stream.
    ///
    /// # Safety
    /// The stream is one of this device's primary context. Every address in the launch's
    /// structures is of memory of this device that is large enough for what the structures'
    /// documentation says, and lives until the stream is done with it.
    pub(crate) unsafe fn launch(
        &self,
        stream: CUstream,
        launch: &Launch<'_>,
    ) -> Result<(), CudaError> {
        let _entered = self.enter()?;
        let kernel = launch.kernel().name();
        let (blocks, threads) = (launch.blocks(), launch.block_threads());
        let call = || format!("launch {kernel} on {blocks} blocks of {threads} threads");
        if blocks == 0 {
            return Ok(());
        }
        let function = self.told(self.module.get_function(kernel), call)?;
        let (blocks, threads) = (blocks as u32, threads as u32);
        let arguments = launch.arguments().as_ptr().cast_mut();
        // SAFETY: `Launch` has the kernel's own arguments in its order; the caller answers for the
        // stream and for the addresses in them.
        let launched = unsafe {
            cuLaunchKernel(
                function.to_raw(),
                blocks,
                1,
                1,
                threads,
                1,
                1,
                0,
                stream,
                arguments,
                std::ptr::null_mut(),
            )
        };
        self.answered(launched, call)
    }

    /// Makes what is queued in `later` from now on wait for what is queued in `earlier` so far.
    ///
    /// # Safety
    /// Both are streams of this device's primary context.
    pub(crate) unsafe fn order(&self, earlier: CUstream, later: CUstream) -> Result<(), CudaError> {
        let _entered = self.enter()?;
        let call = || "make one stream wait for another".into();
        let mut event: CUevent = std::ptr::null_mut();
        // SAFETY: the caller answers for the streams. The event is destroyed once; the driver keeps
        // what waits for it.
        unsafe {
            self.answered(cuEventCreate(&raw mut event, NO_TIMING), call)?;
            let waits = self
                .answered(cuEventRecord(event, earlier), call)
                .and_then(|()| self.answered(cuStreamWaitEvent(later, event, 0), call));
            self.answered(cuEventDestroy_v2(event), call).and(waits)
        }
    }

    fn answered(&self, answer: CUresult, call: impl Fn() -> String) -> Result<(), CudaError> {
        if answer == CUresult::CUDA_SUCCESS {
            return Ok(());
        }
        Err(failed(&self.name, call(), answer))
    }

    /// Queues a copy from the host in a stream.
    ///
    /// # Safety
    /// The stream is one of this device's primary context. `to` is the address of as many bytes of
    /// this device's memory, which live, and `bytes` stay as they are, until the stream is done.
    pub(crate) unsafe fn upload_in(
        &self,
        stream: CUstream,
        bytes: &[u8],
        to: u64,
    ) -> Result<(), CudaError> {
        let _entered = self.enter()?;
        // SAFETY: the caller answers for the stream and for both memories.
        let copied =
            unsafe { cuMemcpyHtoDAsync_v2(to, bytes.as_ptr().cast(), bytes.len(), stream) };
        self.answered(copied, || format!("copy {} bytes to it", bytes.len()))
    }

    /// Queues a copy to the host in a lane.
    ///
    /// # Safety
    /// The bytes from the address on are memory of this device, and `to` is not used otherwise
    /// until the lane is finished.
    pub(crate) unsafe fn download(
        &self,
        lane: usize,
        from: u64,
        mut to: &mut [u8],
    ) -> Result<(), CudaError> {
        let _entered = self.enter()?;
        let bytes = to.len();
        let from = DevicePointer::<u8>::from_raw(from);
        // SAFETY: the caller answers for the memory.
        let copied = unsafe {
            DeviceSlice::from_raw_parts(from, bytes).async_copy_to(&mut to, &self.lanes[lane])
        };
        self.told(copied, || format!("copy {bytes} bytes from it"))
    }

    /// Waits until all work in a lane is done.
    pub(crate) fn finish(&self, lane: usize) -> Result<(), CudaError> {
        let _entered = self.enter()?;
        let done = self.lanes[lane].synchronize();
        self.told(done, || "wait for kernels and copies that were queued".into())
    }
}

impl Drop for Device {
    /// Its module and streams are given back to its own context.
    fn drop(&mut self) {
        // Where it cannot be entered, they went with it.
        if let Ok(_entered) = self.enter() {
            // SAFETY: they are dropped here alone.
            unsafe {
                ManuallyDrop::drop(&mut self.lanes);
                ManuallyDrop::drop(&mut self.module);
            }
        }
    }
}

fn failed(device: &str, call: String, error: impl Debug) -> CudaError {
    let what = last_failure().map_or_else(|| format!("{error:?}"), |failure| failure.to_string());
    CudaError::Call { device: device.to_owned(), call, what }
}

/// Memory of a device.
#[derive(Debug)]
pub(crate) struct Memory {
    buffer: ManuallyDrop<DeviceBuffer<u8>>,
    device: Arc<Device>,
}

impl Memory {
    /// Its address for kernels: a multiple of 256.
    pub(crate) fn address(&self) -> u64 {
        self.buffer.as_device_ptr().as_raw()
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        let bytes = self.buffer.len() as u64;
        // Where its context cannot be entered, the memory went with it.
        if let Ok(_entered) = self.device.enter() {
            // SAFETY: it is dropped here alone.
            unsafe { ManuallyDrop::drop(&mut self.buffer) };
        }
        self.device.allocated.fetch_sub(bytes, Ordering::Relaxed);
    }
}

/// Memory of the host that a device copies to.
struct Pinned {
    buffer: ManuallyDrop<LockedBuffer<u8>>,
    device: Arc<Device>,
}

impl std::fmt::Debug for Pinned {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} pinned bytes", self.buffer.len())
    }
}

impl Bytes for Pinned {
    fn bytes(&self) -> &[u8] {
        &self.buffer
    }

    fn bytes_mut(&mut self) -> &mut [u8] {
        &mut self.buffer
    }
}

impl Drop for Pinned {
    fn drop(&mut self) {
        if let Ok(_entered) = self.device.enter() {
            // SAFETY: it is dropped here alone.
            unsafe { ManuallyDrop::drop(&mut self.buffer) };
        }
    }
}
