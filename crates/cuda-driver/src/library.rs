//! The driver's library: opening it, finding its functions, asking it what there is.
#![expect(unsafe_code, reason = "a library is loaded and its functions are called")]

use std::error::Error;
use std::ffi::{CStr, c_char, c_int, c_uint};
use std::fs;
use std::path::Path;
use std::sync::OnceLock;

use cust_raw::CUdevice_attribute as Attribute;

use crate::answers::{NO_DEVICE, SUCCESS};
use crate::{Device, Driver, Missing, Tried, Version};

/// The name that every driver has, found where the loader looks.
const NAME: &str = "libcuda.so.1";

/// Folders that hold it on systems whose loader does not know them: WSL, `NixOS`, containers.
const PLACES: [&str; 3] = [
    "/usr/lib/wsl/lib/libcuda.so.1",
    "/run/opengl-driver/lib/libcuda.so.1",
    "/usr/local/nvidia/lib64/libcuda.so.1",
];

/// The library of this process, once something needs it.
static OF_PROCESS: OnceLock<Result<Library, Missing>> = OnceLock::new();

/// A library that is open for good: functions that are found in it can be called at any time.
#[derive(Debug)]
pub(crate) struct Library {
    name: String,
    handle: libloading::Library,
}

/// The library that this process has decided on: at the first call `path`, or what can be found.
pub(crate) fn of_process(path: Option<&Path>) -> Result<&'static Library, Missing> {
    let found = OF_PROCESS.get_or_init(|| path.map_or_else(Library::find, Library::open));
    if let Some(path) = path {
        let wanted = path.display().to_string();
        let looked_for = match found {
            Ok(library) => &library.name,
            Err(Missing::Library { tried }) if tried.len() == 1 => &tried[0].library,
            Err(_) => NAME,
        };
        if *looked_for != wanted {
            return Err(Missing::Decided { wanted, looked_for: looked_for.to_owned() });
        }
    }
    found.as_ref().map_err(Clone::clone)
}

/// The driver's name of a code, and its words for it.
pub(crate) fn name_and_text(code: i32) -> (String, String) {
    of_process(None).map_or_else(
        |_| (format!("CUresult {code}"), "no CUDA driver was found".to_owned()),
        |library| library.name_and_text(code),
    )
}

impl Library {
    fn find() -> Result<Library, Missing> {
        let mut tried = Vec::new();
        for name in [NAME].iter().chain(&PLACES) {
            if name.starts_with('/') && fs::metadata(name).is_err() {
                tried
                    .push(Tried { library: (*name).to_owned(), answer: "no such file".to_owned() });
                continue;
            }
            match Library::open(Path::new(name)) {
                Err(Missing::Library { tried: one }) => tried.extend(one),
                opened => return opened,
            }
        }
        Err(Missing::Library { tried })
    }

    /// Opens the library of this name, or at this path.
    pub(crate) fn open(path: &Path) -> Result<Library, Missing> {
        let name = path.display().to_string();
        // SAFETY: what runs when a CUDA driver is loaded has no requirements of its own, and no
        // function of the program can take the place of one of the driver's: those that have their
        // names are hidden (see symbols.rs).
        match unsafe { libloading::Library::new(path) } {
            Ok(handle) => Ok(Library { name, handle }),
            Err(error) => {
                let answer = error.source().map_or_else(|| error.to_string(), ToString::to_string);
                let prefix = format!("{name}: ");
                let answer = answer.strip_prefix(&prefix).unwrap_or(&answer).to_owned();
                Err(Missing::Library { tried: vec![Tried { library: name, answer }] })
            }
        }
    }

    /// The function of this name, if the library has it.
    ///
    /// # Safety
    ///
    /// `F` is the type of a pointer to that function. It is not called once `self` is dropped.
    pub(crate) unsafe fn function<F: Copy>(&self, name: &CStr) -> Option<F> {
        // SAFETY: the caller knows the type of the function.
        unsafe { self.handle.get::<F>(name) }.ok().map(|function| *function)
    }

    /// The function of this name.
    ///
    /// # Safety
    ///
    /// As of [`Library::function`].
    unsafe fn require<F: Copy>(&self, name: &CStr) -> Result<F, Missing> {
        // SAFETY: the caller knows the type of the function.
        unsafe { self.function(name) }.ok_or_else(|| Missing::Function {
            library: self.name.clone(),
            function: name.to_string_lossy().into_owned(),
        })
    }

    /// Initialises the driver and asks what there is.
    pub(crate) fn describe(&self) -> Result<Driver, Missing> {
        // SAFETY: this is the type of cuInit.
        let init = unsafe { self.require::<Init>(c"cuInit") }?;
        // SAFETY: cuInit may be called at any time, by any thread; its flags must be 0.
        let code = unsafe { init(0) };
        if code == NO_DEVICE {
            return Err(self.no_device()?);
        }
        self.accept(c"cuInit", code)?;
        let devices = (0..self.number(c"cuDeviceGetCount")?)
            .map(|ordinal| self.device(ordinal))
            .collect::<Result<Vec<_>, _>>()?;
        if devices.is_empty() {
            return Err(self.no_device()?);
        }
        Ok(Driver { library: self.name.clone(), version: self.version()?, devices })
    }

    fn no_device(&self) -> Result<Missing, Missing> {
        let visible = std::env::var_os("CUDA_VISIBLE_DEVICES");
        Ok(Missing::Device {
            library: self.name.clone(),
            version: self.version()?,
            visible: visible.map(|v| v.to_string_lossy().into_owned()),
        })
    }

    fn version(&self) -> Result<Version, Missing> {
        let number = self.number(c"cuDriverGetVersion")?.unsigned_abs();
        Ok(Version { major: number / 1000, minor: number % 1000 / 10 })
    }

    /// The answer of `cuDriverGetVersion` or `cuDeviceGetCount`.
    fn number(&self, name: &CStr) -> Result<c_int, Missing> {
        // SAFETY: this is the type of both functions.
        let get = unsafe { self.require::<GetNumber>(name) }?;
        let mut number = 0;
        // SAFETY: both write an int to where the pointer points.
        self.accept(name, unsafe { get(&raw mut number) })?;
        Ok(number)
    }

    fn device(&self, ordinal: c_int) -> Result<Device, Missing> {
        // SAFETY: these are the types of the functions.
        let (get, get_name, total) = unsafe {
            (
                self.require::<DeviceGet>(c"cuDeviceGet")?,
                self.require::<DeviceGetName>(c"cuDeviceGetName")?,
                self.require::<DeviceTotalMem>(c"cuDeviceTotalMem_v2")?,
            )
        };
        let (mut device, mut name, mut bytes) = (0, [0_u8; 256], 0_usize);
        // SAFETY: it writes an int to where the pointer points.
        self.accept(c"cuDeviceGet", unsafe { get(&raw mut device, ordinal) })?;
        // The last byte is not given away, so the name ends within the array.
        let room = c_int::try_from(name.len() - 1).unwrap_or(c_int::MAX);
        // SAFETY: it writes at most `room` bytes from where the pointer points.
        let code = unsafe { get_name(name.as_mut_ptr().cast(), room, device) };
        self.accept(c"cuDeviceGetName", code)?;
        // SAFETY: it writes a size to where the pointer points.
        self.accept(c"cuDeviceTotalMem_v2", unsafe { total(&raw mut bytes, device) })?;
        let name = CStr::from_bytes_until_nul(&name).unwrap_or_default();
        let major = Attribute::CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR;
        let minor = Attribute::CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR;
        Ok(Device {
            ordinal: ordinal.unsigned_abs(),
            name: name.to_string_lossy().into_owned(),
            compute_capability: (self.attribute(device, major)?, self.attribute(device, minor)?),
            memory_bytes: bytes as u64,
        })
    }

    fn attribute(&self, device: c_int, attribute: Attribute) -> Result<u32, Missing> {
        let name = c"cuDeviceGetAttribute";
        // SAFETY: this is the type of the function.
        let get = unsafe { self.require::<DeviceGetAttribute>(name) }?;
        let mut value = 0;
        // SAFETY: it writes an int to where the pointer points.
        self.accept(name, unsafe { get(&raw mut value, attribute as c_int, device) })?;
        Ok(value.unsigned_abs())
    }

    /// An error where a code is one.
    fn accept(&self, function: &CStr, code: c_int) -> Result<(), Missing> {
        if code == SUCCESS {
            return Ok(());
        }
        let (name, text) = self.name_and_text(code);
        Err(Missing::Refused {
            library: self.name.clone(),
            function: function.to_string_lossy().into_owned(),
            code,
            name,
            text,
        })
    }

    fn name_and_text(&self, code: c_int) -> (String, String) {
        let ask = |function: &CStr| {
            // SAFETY: this is the type of cuGetErrorName and of cuGetErrorString.
            let get = unsafe { self.function::<ErrorText>(function) }?;
            let mut text: *const c_char = std::ptr::null();
            // SAFETY: they take any code, and write a pointer to where the pointer points.
            let answer = unsafe { get(code, &raw mut text) };
            if answer != SUCCESS || text.is_null() {
                return None;
            }
            // SAFETY: a pointer that they write is to a string that stays as it is.
            Some(unsafe { CStr::from_ptr(text) }.to_string_lossy().into_owned())
        };
        let name = ask(c"cuGetErrorName").unwrap_or_else(|| format!("CUresult {code}"));
        let text = ask(c"cuGetErrorString").unwrap_or_else(|| "no text for this code".to_owned());
        (name, text)
    }
}

// The types of the functions asked for, with codes as plain numbers: a driver may answer with one
// that `cust_raw` does not list.
type Init = unsafe extern "C" fn(c_uint) -> c_int;
type GetNumber = unsafe extern "C" fn(*mut c_int) -> c_int;
type DeviceGet = unsafe extern "C" fn(*mut c_int, c_int) -> c_int;
type DeviceGetName = unsafe extern "C" fn(*mut c_char, c_int, c_int) -> c_int;
type DeviceTotalMem = unsafe extern "C" fn(*mut usize, c_int) -> c_int;
type DeviceGetAttribute = unsafe extern "C" fn(*mut c_int, c_int, c_int) -> c_int;
type ErrorText = unsafe extern "C" fn(c_int, *mut *const c_char) -> c_int;

#[cfg(test)]
#[path = "library/tests.rs"]
mod tests;
