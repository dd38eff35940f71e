//! Instruction sets, chosen at run time.

/// An instruction set that the loops are compiled for. All give the same bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Instructions(Set);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Set {
    /// The instruction set of the compiler's target: SSE2 on x86-64, NEON on AArch64.
    Portable,
    #[cfg(target_arch = "x86_64")]
    Avx2,
    #[cfg(target_arch = "x86_64")]
    Avx512,
}

/// Work that is compiled once for each instruction set: `run` must be `#[inline(always)]`.
pub(crate) trait Task {
    fn run(self);
}

impl Default for Instructions {
    fn default() -> Self {
        Self::available()[0]
    }
}

impl Instructions {
    /// The instruction set of every machine of this kind.
    pub const PORTABLE: Self = Self(Set::Portable);

    /// The sets that this machine has, the fastest first and [`PORTABLE`](Self::PORTABLE) last.
    #[must_use]
    pub fn available() -> Vec<Self> {
        let mut sets = Vec::new();
        #[cfg(target_arch = "x86_64")]
        {
            if crate::x86::has_avx512() {
                sets.push(Self(Set::Avx512));
            }
            if crate::x86::has_avx2() {
                sets.push(Self(Set::Avx2));
            }
        }
        sets.push(Self::PORTABLE);
        sets
    }

    /// Its name: `avx512`, `avx2`, `portable`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self.0 {
            Set::Portable => "portable",
            #[cfg(target_arch = "x86_64")]
            Set::Avx2 => "avx2",
            #[cfg(target_arch = "x86_64")]
            Set::Avx512 => "avx512",
        }
    }

    /// Returns true if tasks may store past the caches.
    pub(crate) fn streams(self) -> bool {
        self != Self::PORTABLE
    }

    #[inline]
    pub(crate) fn run(self, task: impl Task) {
        match self.0 {
            Set::Portable => task.run(),
            #[cfg(target_arch = "x86_64")]
            Set::Avx2 => crate::x86::with_avx2(task),
            #[cfg(target_arch = "x86_64")]
            Set::Avx512 => crate::x86::with_avx512(task),
        }
    }
}
