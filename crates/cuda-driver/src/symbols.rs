//! The driver's functions, as the linker wants them.
//!
//! All that `cust` 0.3.2 names in its sources, whether it is called or not: which functions a
//! linker asks for depends on how much dead code the compiler left.
#![expect(unsafe_code, reason = "defines functions of another library, and calls that library")]

use std::arch::global_asm;
use std::ffi::{CStr, c_char, c_int, c_uchar, c_uint, c_ushort, c_void};
use std::sync::OnceLock;

use cust_raw::{
    CUDA_ARRAY3D_DESCRIPTOR, CUDA_EXTERNAL_MEMORY_BUFFER_DESC, CUDA_EXTERNAL_MEMORY_HANDLE_DESC,
    CUDA_KERNEL_NODE_PARAMS, CUDA_MEMCPY2D, CUDA_RESOURCE_DESC, CUDA_RESOURCE_VIEW_DESC,
    CUDA_TEXTURE_DESC, CUarray, CUcontext, CUdevice, CUdevice_attribute, CUdeviceptr, CUevent,
    CUexternalMemory, CUfunc_cache, CUfunction, CUfunction_attribute, CUgraph, CUgraphNode,
    CUgraphNodeType, CUhostFn, CUjit_option, CUjitInputType, CUlimit, CUlinkState, CUmem_advise,
    CUmodule, CUoccupancyB2DSize, CUresult, CUsharedconfig, CUstream, CUsurfObject, CUtexObject,
};

use crate::answers::{self, NO_DEVICE};
use crate::library;

/// A function of the driver's library, looked up once.
struct Symbol<F> {
    name: &'static CStr,
    found: OnceLock<Option<F>>,
}

impl<F: Copy> Symbol<F> {
    const fn new(name: &'static CStr) -> Symbol<F> {
        Symbol { name, found: OnceLock::new() }
    }

    /// # Safety
    ///
    /// `F` is the type of a pointer to the function.
    unsafe fn get(&self) -> Option<F> {
        // SAFETY: the caller knows the type; the library of the process is never closed.
        let find = || unsafe { library::of_process(None).ok()?.function(self.name) };
        *self.found.get_or_init(find)
    }
}

/// Defines functions that pass their arguments on.
///
/// The type of each is compared with what `cust_raw` declares. They are hidden: what a program
/// loads, the driver first of all, finds the driver's own functions by these names.
macro_rules! forward {
    ($($name:ident($($argument:ident: $type:ty),* $(,)?);)*) => {$(
        #[unsafe(no_mangle)]
        unsafe extern "C" fn $name($($argument: $type),*) -> CUresult {
            type Function = unsafe extern "C" fn($($type),*) -> c_int;
            const NAME: &str = stringify!($name);
            const C_NAME: &CStr =
                match CStr::from_bytes_with_nul(concat!(stringify!($name), "\0").as_bytes()) {
                    Ok(name) => name,
                    Err(_) => panic!("a name holds no zero"),
                };
            static SYMBOL: Symbol<Function> = Symbol::new(C_NAME);
            // SAFETY: this is the type of the function, compared below, but that its codes are
            // plain numbers: a driver may answer with one that cust_raw's enum does not have.
            let code = match unsafe { SYMBOL.get() } {
                // SAFETY: the caller keeps to what the function asks of its arguments.
                Some(function) => unsafe { function($($argument),*) },
                None => NO_DEVICE,
            };
            answers::of_code(NAME, code)
        }

        const _: unsafe extern "C" fn($($type),*) -> CUresult = cust_raw::$name;

        global_asm!(concat!(".hidden ", stringify!($name)));
    )*

        #[cfg(test)]
        const FORWARDED: &[&str] = &[$(stringify!($name)),*];
    };
}

forward! {
    cuArray3DCreate_v2(handle: *mut CUarray, allocate_array: *const CUDA_ARRAY3D_DESCRIPTOR);
    cuArray3DGetDescriptor_v2(array_descriptor: *mut CUDA_ARRAY3D_DESCRIPTOR, array: CUarray);
    cuArrayDestroy(array: CUarray);
    cuCtxCreate_v2(context: *mut CUcontext, flags: c_uint, device: CUdevice);
    cuCtxDestroy_v2(context: CUcontext);
    cuCtxGetApiVersion(context: CUcontext, version: *mut c_uint);
    cuCtxGetCacheConfig(config: *mut CUfunc_cache);
    cuCtxGetCurrent(context: *mut CUcontext);
    cuCtxGetDevice(device: *mut CUdevice);
    cuCtxGetFlags(flags: *mut c_uint);
    cuCtxGetLimit(value: *mut usize, limit: CUlimit);
    cuCtxGetSharedMemConfig(config: *mut CUsharedconfig);
    cuCtxGetStreamPriorityRange(least_priority: *mut c_int, greatest_priority: *mut c_int);
    cuCtxPopCurrent_v2(context: *mut CUcontext);
    cuCtxPushCurrent_v2(context: CUcontext);
    cuCtxSetCacheConfig(config: CUfunc_cache);
    cuCtxSetCurrent(context: CUcontext);
    cuCtxSetLimit(limit: CUlimit, value: usize);
    cuCtxSetSharedMemConfig(config: CUsharedconfig);
    cuCtxSynchronize();
    cuDestroyExternalMemory(ext_mem: CUexternalMemory);
    cuDeviceGet(device: *mut CUdevice, ordinal: c_int);
    cuDeviceGetAttribute(value: *mut c_int, attrib: CUdevice_attribute, device: CUdevice);
    cuDeviceGetCount(count: *mut c_int);
    cuDeviceGetName(name: *mut c_char, len: c_int, device: CUdevice);
    cuDevicePrimaryCtxRelease_v2(device: CUdevice);
    cuDevicePrimaryCtxReset_v2(device: CUdevice);
    cuDevicePrimaryCtxRetain(context: *mut CUcontext, device: CUdevice);
    cuDevicePrimaryCtxSetFlags_v2(device: CUdevice, flags: c_uint);
    cuDeviceTotalMem_v2(bytes: *mut usize, device: CUdevice);
    cuDriverGetVersion(driver_version: *mut c_int);
    cuEventCreate(event: *mut CUevent, flags: c_uint);
    cuEventDestroy_v2(event: CUevent);
    cuEventElapsedTime(milliseconds: *mut f32, start: CUevent, end: CUevent);
    cuEventQuery(event: CUevent);
    cuEventRecord(event: CUevent, stream: CUstream);
    cuEventSynchronize(event: CUevent);
    cuExternalMemoryGetMappedBuffer(
        pointer: *mut CUdeviceptr,
        ext_mem: CUexternalMemory,
        buffer_desc: *const CUDA_EXTERNAL_MEMORY_BUFFER_DESC,
    );
    cuFuncGetAttribute(value: *mut c_int, attrib: CUfunction_attribute, function: CUfunction);
    cuFuncSetCacheConfig(function: CUfunction, config: CUfunc_cache);
    cuFuncSetSharedMemConfig(function: CUfunction, config: CUsharedconfig);
    cuGraphAddKernelNode(
        graph_node: *mut CUgraphNode,
        graph: CUgraph,
        dependencies: *const CUgraphNode,
        num_dependencies: usize,
        node_params: *const CUDA_KERNEL_NODE_PARAMS,
    );
    cuGraphCreate(graph: *mut CUgraph, flags: c_uint);
    cuGraphDebugDotPrint(graph: CUgraph, path: *const c_char, flags: c_uint);
    cuGraphDestroy(graph: CUgraph);
    cuGraphGetEdges(
        graph: CUgraph,
        from: *mut CUgraphNode,
        to: *mut CUgraphNode,
        num_edges: *mut usize,
    );
    cuGraphGetNodes(graph: CUgraph, nodes: *mut CUgraphNode, num_nodes: *mut usize);
    cuGraphKernelNodeGetParams(node: CUgraphNode, node_params: *mut CUDA_KERNEL_NODE_PARAMS);
    cuGraphNodeGetType(node: CUgraphNode, kind: *mut CUgraphNodeType);
    cuImportExternalMemory(
        ext_mem: *mut CUexternalMemory,
        mem_handle_desc: *const CUDA_EXTERNAL_MEMORY_HANDLE_DESC,
    );
    cuInit(flags: c_uint);
    cuLaunchHostFunc(stream: CUstream, function: CUhostFn, user_data: *mut c_void);
    cuLaunchKernel(
        function: CUfunction,
        grid_dim_x: c_uint,
        grid_dim_y: c_uint,
        grid_dim_z: c_uint,
        block_dim_x: c_uint,
        block_dim_y: c_uint,
        block_dim_z: c_uint,
        shared_mem_bytes: c_uint,
        stream: CUstream,
        kernel_params: *mut *mut c_void,
        extra: *mut *mut c_void,
    );
    cuLinkAddData_v2(
        state: CUlinkState,
        kind: CUjitInputType,
        data: *mut c_void,
        size: usize,
        name: *const c_char,
        num_options: c_uint,
        options: *mut CUjit_option,
        option_values: *mut *mut c_void,
    );
    cuLinkComplete(state: CUlinkState, cubin_out: *mut *mut c_void, size_out: *mut usize);
    cuLinkCreate_v2(
        num_options: c_uint,
        options: *mut CUjit_option,
        option_values: *mut *mut c_void,
        state_out: *mut CUlinkState,
    );
    cuLinkDestroy(state: CUlinkState);
    cuMemAdvise(pointer: CUdeviceptr, count: usize, advice: CUmem_advise, device: CUdevice);
    cuMemAllocAsync(pointer: *mut CUdeviceptr, bytes: usize, stream: CUstream);
    cuMemAllocHost_v2(pointer: *mut *mut c_void, bytes: usize);
    cuMemAllocManaged(pointer: *mut CUdeviceptr, bytes: usize, flags: c_uint);
    cuMemAlloc_v2(pointer: *mut CUdeviceptr, bytes: usize);
    cuMemFreeAsync(pointer: CUdeviceptr, stream: CUstream);
    cuMemFreeHost(pointer: *mut c_void);
    cuMemFree_v2(pointer: CUdeviceptr);
    cuMemGetInfo_v2(free: *mut usize, total: *mut usize);
    cuMemPrefetchAsync(pointer: CUdeviceptr, count: usize, dst_device: CUdevice, stream: CUstream);
    cuMemcpy2D_v2(copy: *const CUDA_MEMCPY2D);
    cuMemcpyAtoH_v2(dst_host: *mut c_void, src_array: CUarray, src_offset: usize, bytes: usize);
    cuMemcpyDtoDAsync_v2(
        dst_device: CUdeviceptr,
        src_device: CUdeviceptr,
        bytes: usize,
        stream: CUstream,
    );
    cuMemcpyDtoD_v2(dst_device: CUdeviceptr, src_device: CUdeviceptr, bytes: usize);
    cuMemcpyDtoHAsync_v2(
        dst_host: *mut c_void,
        src_device: CUdeviceptr,
        bytes: usize,
        stream: CUstream,
    );
    cuMemcpyDtoH_v2(dst_host: *mut c_void, src_device: CUdeviceptr, bytes: usize);
    cuMemcpyHtoA_v2(dst_array: CUarray, dst_offset: usize, src_host: *const c_void, bytes: usize);
    cuMemcpyHtoDAsync_v2(
        dst_device: CUdeviceptr,
        src_host: *const c_void,
        bytes: usize,
        stream: CUstream,
    );
    cuMemcpyHtoD_v2(dst_device: CUdeviceptr, src_host: *const c_void, bytes: usize);
    cuMemsetD16Async(dst_device: CUdeviceptr, value: c_ushort, count: usize, stream: CUstream);
    cuMemsetD16_v2(dst_device: CUdeviceptr, value: c_ushort, count: usize);
    cuMemsetD32Async(dst_device: CUdeviceptr, value: c_uint, count: usize, stream: CUstream);
    cuMemsetD32_v2(dst_device: CUdeviceptr, value: c_uint, count: usize);
    cuMemsetD8Async(dst_device: CUdeviceptr, value: c_uchar, count: usize, stream: CUstream);
    cuMemsetD8_v2(dst_device: CUdeviceptr, value: c_uchar, count: usize);
    cuModuleGetFunction(function: *mut CUfunction, module: CUmodule, name: *const c_char);
    cuModuleGetGlobal_v2(
        pointer: *mut CUdeviceptr,
        bytes: *mut usize,
        module: CUmodule,
        name: *const c_char,
    );
    cuModuleLoad(module: *mut CUmodule, path: *const c_char);
    cuModuleLoadData(module: *mut CUmodule, image: *const c_void);
    cuModuleLoadDataEx(
        module: *mut CUmodule,
        image: *const c_void,
        num_options: c_uint,
        options: *mut CUjit_option,
        option_values: *mut *mut c_void,
    );
    cuModuleUnload(module: CUmodule);
    cuOccupancyAvailableDynamicSMemPerBlock(
        dynamic_smem_size: *mut usize,
        function: CUfunction,
        num_blocks: c_int,
        block_size: c_int,
    );
    cuOccupancyMaxActiveBlocksPerMultiprocessor(
        num_blocks: *mut c_int,
        function: CUfunction,
        block_size: c_int,
        dynamic_smem_size: usize,
    );
    cuOccupancyMaxPotentialBlockSize(
        min_grid_size: *mut c_int,
        block_size: *mut c_int,
        function: CUfunction,
        block_size_to_dynamic_smem_size: CUoccupancyB2DSize,
        dynamic_smem_size: usize,
        block_size_limit: c_int,
    );
    cuStreamCreateWithPriority(stream: *mut CUstream, flags: c_uint, priority: c_int);
    cuStreamDestroy_v2(stream: CUstream);
    cuStreamGetFlags(stream: CUstream, flags: *mut c_uint);
    cuStreamGetPriority(stream: CUstream, priority: *mut c_int);
    cuStreamSynchronize(stream: CUstream);
    cuStreamWaitEvent(stream: CUstream, event: CUevent, flags: c_uint);
    cuSurfObjectCreate(surf_object: *mut CUsurfObject, res_desc: *const CUDA_RESOURCE_DESC);
    cuSurfObjectDestroy(surf_object: CUsurfObject);
    cuSurfObjectGetResourceDesc(res_desc: *mut CUDA_RESOURCE_DESC, surf_object: CUsurfObject);
    cuTexObjectCreate(
        tex_object: *mut CUtexObject,
        res_desc: *const CUDA_RESOURCE_DESC,
        tex_desc: *const CUDA_TEXTURE_DESC,
        res_view_desc: *const CUDA_RESOURCE_VIEW_DESC,
    );
    cuTexObjectDestroy(tex_object: CUtexObject);
    cuTexObjectGetResourceDesc(res_desc: *mut CUDA_RESOURCE_DESC, tex_object: CUtexObject);
    cuTexObjectGetResourceViewDesc(
        res_view_desc: *mut CUDA_RESOURCE_VIEW_DESC,
        tex_object: CUtexObject,
    );
}

/// Writes the text of a code: the driver's, or where there is none, one that says so.
#[unsafe(no_mangle)]
unsafe extern "C" fn cuGetErrorString(error: CUresult, text: *mut *const c_char) -> CUresult {
    type Function = unsafe extern "C" fn(CUresult, *mut *const c_char) -> c_int;
    static SYMBOL: Symbol<Function> = Symbol::new(c"cuGetErrorString");
    // SAFETY: this is the type of the function, compared below, but for its codes.
    if let Some(function) = unsafe { SYMBOL.get() } {
        // SAFETY: the caller passes a pointer to where a pointer may be written.
        return answers::of_code("cuGetErrorString", unsafe { function(error, text) });
    }
    if text.is_null() {
        return CUresult::CUDA_ERROR_INVALID_VALUE;
    }
    let answer = match error {
        CUresult::CUDA_SUCCESS => c"no error",
        CUresult::CUDA_ERROR_NO_DEVICE => c"no CUDA driver was found",
        _ => c"no CUDA driver was found that could name this error",
    };
    // SAFETY: as above; the text is static.
    unsafe { *text = answer.as_ptr() };
    CUresult::CUDA_SUCCESS
}

const _: unsafe extern "C" fn(CUresult, *mut *const c_char) -> CUresult =
    cust_raw::cuGetErrorString;

global_asm!(".hidden cuGetErrorString");

#[cfg(test)]
#[path = "symbols/tests.rs"]
mod tests;
