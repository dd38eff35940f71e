//! A GPU against the CPU's bits and against its own limits.

#[cfg(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64")))]
mod rates;
mod results;

use anyhow::{Result, anyhow};
use barloom_backend::{Backend, BlockDigest, SampleBlock};
use barloom_backend_cpu::CpuBackend;
use barloom_backend_cuda::CudaBackend;

pub use results::{Digests, Rates, Results};

#[cfg(not(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64"))))]
mod rates {
    use barloom_backend_cuda::CudaBackend;

    /// There is no GPU to measure on this system.
    pub(super) fn measure(
        _: &CudaBackend,
        _: u32,
        _: usize,
        _: usize,
    ) -> anyhow::Result<super::Rates> {
        anyhow::bail!("CUDA is used on Linux alone")
    }
}

/// Conformance, digests, then rates.
///
/// # Errors
/// There is no such device, or it fails; a difference from the CPU is in the results.
pub fn run(device: u32, rows: usize, repetitions: usize) -> Result<Results> {
    let cuda = CudaBackend::open(device)?;
    eprintln!("{}", cuda.device());
    let conformance = barloom_conformance::check(&cuda).err();
    eprintln!("conformance: {}", conformance.as_deref().unwrap_or("passes"));
    let mut digests = Vec::new();
    for case in barloom_conformance::cases().map_err(|e| anyhow!(e))? {
        let rows = usize::try_from(case.plan.samples)?;
        let fill = |backend: &dyn Backend| -> Result<SampleBlock> {
            let session = case.session(backend)?;
            let mut block = session.allocate(rows)?;
            session.fill(0, rows, &mut block)?;
            Ok(block)
        };
        let (gpu, cpu) = (fill(&cuda)?, fill(&CpuBackend::default())?);
        let equal = BlockDigest::of_block(&gpu) == BlockDigest::of_block(&cpu);
        let difference = gpu.same_bits(&cpu).err();
        digests.push(Digests { case: case.name, equal, difference });
    }
    let rates = rates::measure(&cuda, device, rows, repetitions)?;
    Ok(Results {
        device: cuda.device().to_owned(),
        date: crate::clock::today(),
        barloom: env!("CARGO_PKG_VERSION").to_owned(),
        conformance,
        digests,
        rates,
    })
}
