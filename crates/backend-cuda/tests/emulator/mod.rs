//! The kernels on the host: `kernels/*.cu` compiled as C++ into a library, launched by a
//! [`Device`] whose memory is the host's.
#![expect(unsafe_code, reason = "a library is loaded and its functions called")]
#![allow(dead_code, reason = "each test uses a part of it")]

use std::ffi::c_void;
use std::path::{Path, PathBuf};
use std::process::Command;

use barloom_backend_cuda::device::{Device, DeviceError, Kernel, Launch, Memory};
use libloading::Library;

type Emulate = unsafe extern "C" fn(u32, *const *const c_void, u64, u32);

/// The compiled kernels.
pub struct Emulator {
    library: Library,
    emulate: Emulate,
    _folder: tempfile::TempDir,
}

/// The crate's folder.
pub fn here() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

impl Emulator {
    /// Compiles the kernels as they are.
    pub fn new() -> Result<Self, String> {
        Self::compile(&here().join("kernels"), &[])
    }

    /// Compiles the kernels of a folder, with more flags.
    pub fn compile(kernels: &Path, flags: &[&str]) -> Result<Self, String> {
        let folder = tempfile::tempdir().map_err(|e| e.to_string())?;
        let path = folder.path().join("libkernels.so");
        let emulator = here().join("tests/emulator");
        let compiler = compiler()?;
        let mut command = Command::new(compiler);
        command
            .args(["-x", "c++", "-std=c++17", "-O2", "-ffp-contract=off", "-fno-fast-math"])
            .args(["-shared", "-fPIC", "-Wall", "-Wextra", "-Werror", "-Wno-unused-function"])
            .args(flags)
            .arg("-I")
            .arg(kernels)
            .arg(emulator.join("emulator.cpp"))
            .arg("-o")
            .arg(&path);
        let output = command.output().map_err(|e| format!("{command:?}: {e}"))?;
        if !output.status.success() {
            return Err(String::from_utf8_lossy(&output.stderr).into_owned());
        }
        // SAFETY: the library has no initialisers of its own, and `emulate` has this type in
        // emulator.cpp.
        unsafe {
            let library = Library::new(&path).map_err(|e| e.to_string())?;
            let emulate = *library.get::<Emulate>(b"emulate").map_err(|e| e.to_string())?;
            Ok(Self { library, emulate, _folder: folder })
        }
    }

    pub fn log(&self, x: f64) -> f64 {
        // SAFETY: it has this type in emulator.cpp.
        unsafe { self.library.get::<unsafe extern "C" fn(f64) -> f64>(b"emulate_log").unwrap()(x) }
    }

    pub fn pow(&self, x: f64, y: f64) -> f64 {
        type Pow = unsafe extern "C" fn(f64, f64) -> f64;
        // SAFETY: it has this type in emulator.cpp.
        unsafe { self.library.get::<Pow>(b"emulate_pow").unwrap()(x, y) }
    }
}

/// The C++ compiler that the `cc` crate finds.
fn compiler() -> Result<PathBuf, String> {
    let target = format!("{}-unknown-linux-gnu", std::env::consts::ARCH);
    let mut build = cc::Build::new();
    build.cpp(true).target(&target).host(&target).opt_level(2).cargo_metadata(false);
    let tool = build.try_get_compiler().map_err(|e| e.to_string())?;
    Ok(tool.path().to_owned())
}

/// Host memory; 256 bytes' alignment as devices have it.
pub struct HostMemory {
    bytes: Vec<Line>,
}

#[derive(Clone, Copy)]
#[repr(C, align(256))]
struct Line([u8; 256]);

impl HostMemory {
    fn new(bytes: usize) -> Self {
        // What new memory holds must not matter.
        Self { bytes: vec![Line([0xa5; 256]); bytes.div_ceil(256)] }
    }
}

impl Memory for HostMemory {
    fn address(&self) -> u64 {
        self.bytes.as_ptr().expose_provenance() as u64
    }
}

impl Device for Emulator {
    type Memory = HostMemory;

    fn name(&self) -> String {
        "emulator".into()
    }

    fn memory(&self) -> Result<(u64, u64), DeviceError> {
        Ok((1 << 34, 1 << 34))
    }

    fn allocate(&self, bytes: usize) -> Result<HostMemory, DeviceError> {
        Ok(HostMemory::new(bytes))
    }

    fn upload(&self, bytes: &[u8]) -> Result<HostMemory, DeviceError> {
        let mut memory = HostMemory::new(bytes.len());
        for (line, from) in memory.bytes.iter_mut().zip(bytes.chunks(256)) {
            line.0[..from.len()].copy_from_slice(from);
        }
        Ok(memory)
    }

    unsafe fn launch(&self, _: usize, launch: &Launch<'_>) -> Result<(), DeviceError> {
        let number = Kernel::ALL.iter().position(|kernel| *kernel == launch.kernel()).unwrap();
        // SAFETY: the caller gives addresses that the kernel may use; the arguments are the
        // kernel's own, in its order.
        unsafe {
            (self.emulate)(
                number as u32,
                launch.arguments().as_ptr(),
                launch.blocks(),
                launch.block_threads() as u32,
            );
        }
        Ok(())
    }

    unsafe fn download(&self, _: usize, from: u64, to: &mut [u8]) -> Result<(), DeviceError> {
        let from = std::ptr::with_exposed_provenance::<u8>(from as usize);
        // SAFETY: the caller gives an address of memory that holds so many bytes, and the host's
        // own slice lies elsewhere.
        unsafe { to.copy_from_slice(std::slice::from_raw_parts(from, to.len())) };
        Ok(())
    }

    fn finish(&self, _: usize) -> Result<(), DeviceError> {
        Ok(())
    }
}
