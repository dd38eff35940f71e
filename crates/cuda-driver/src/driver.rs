//! The driver and its devices, as the driver describes them.

use std::fmt;
use std::path::Path;

use crate::{Missing, library};

/// The CUDA version that a driver supports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version {
    /// The 13 of 13.0.
    pub major: u32,
    /// The 0 of 13.0.
    pub minor: u32,
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

/// A device that the driver lets this process use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Device {
    pub(crate) ordinal: u32,
    pub(crate) name: String,
    pub(crate) compute_capability: (u32, u32),
    pub(crate) memory_bytes: u64,
}

impl Device {
    /// Its number, from 0, by which `cust` gets it.
    #[must_use]
    pub fn ordinal(&self) -> u32 {
        self.ordinal
    }

    /// Its name, such as `NVIDIA H200`.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Compute capability, major and minor: `(9, 0)` for `sm_90`.
    #[must_use]
    pub fn compute_capability(&self) -> (u32, u32) {
        self.compute_capability
    }

    /// Its memory, in all.
    #[must_use]
    pub fn memory_bytes(&self) -> u64 {
        self.memory_bytes
    }
}

/// `device 0: NVIDIA H200, compute capability 9.0, 139.8 GiB`
impl fmt::Display for Device {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (major, minor) = self.compute_capability;
        let tenths = u128::from(self.memory_bytes) * 10 / (1 << 30);
        write!(
            f,
            "device {}: {}, compute capability {major}.{minor}, {}.{} GiB",
            self.ordinal,
            self.name,
            tenths / 10,
            tenths % 10
        )
    }
}

/// A driver with at least one device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Driver {
    pub(crate) library: String,
    pub(crate) version: Version,
    pub(crate) devices: Vec<Device>,
}

impl Driver {
    /// The driver that `cust` reaches in this process, looked for once: as `libcuda.so.1` where the
    /// loader looks, then in places that some systems keep it in.
    ///
    /// Initialises the driver, which takes a while the first time, and makes no context.
    ///
    /// # Errors
    ///
    /// Why there is no driver, or none with a device.
    pub fn find() -> Result<Driver, Missing> {
        library::of_process(None)?.describe()
    }

    /// Like [`Driver::find`], with the library at `path` and no other. To be called before anything
    /// else of this crate or `cust`: a process has one driver, which its first use decides on.
    ///
    /// # Errors
    ///
    /// Why there is no driver, or none with a device; [`Missing::Decided`] where this process has
    /// already looked elsewhere.
    pub fn open(path: &Path) -> Result<Driver, Missing> {
        library::of_process(Some(path))?.describe()
    }

    /// The library, as it was asked for.
    #[must_use]
    pub fn library(&self) -> &str {
        &self.library
    }

    /// The newest CUDA version that it supports.
    #[must_use]
    pub fn version(&self) -> Version {
        self.version
    }

    /// Its devices by ordinal, at least one.
    #[must_use]
    pub fn devices(&self) -> &[Device] {
        &self.devices
    }
}

/// A line for the driver, and one for each device.
impl fmt::Display for Driver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CUDA driver {} ({})", self.version, self.library)?;
        self.devices.iter().try_for_each(|device| write!(f, "\n{device}"))
    }
}
