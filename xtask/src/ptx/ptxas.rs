//! ptxas: what each kernel takes of each GPU.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

use super::PTX;
use super::compiler::{NVCC, site_packages, venv};
use super::manifest::Manifest;

/// Turing, Ampere and Hopper.
const TARGETS: [&str; 3] = ["sm_75", "sm_80", "sm_90"];

/// NVIDIA's assembler.
pub(super) struct Ptxas(PathBuf);

/// The resources of a kernel; sizes in bytes.
#[derive(Debug, Default, PartialEq)]
struct Usage {
    kernel: String,
    registers: u32,
    spill_stores: u32,
    spill_loads: u32,
    stack: u32,
    shared: u32,
}

impl Ptxas {
    /// That of the virtual environment, if it is there; an error where it is not the pinned one.
    pub(super) fn find(target: &Path) -> Result<Option<Self>> {
        let name = format!("nvidia/cuda_nvcc/bin/ptxas{}", std::env::consts::EXE_SUFFIX);
        let path = site_packages(&venv(target)).map(|site| site.join(name));
        let Some(path) = path.filter(|path| path.is_file()) else { return Ok(None) };
        let output = Command::new(&path).arg("--version").output();
        let output = output.with_context(|| format!("can't run {}", path.display()))?;
        let said = String::from_utf8_lossy(&output.stdout);
        let (version, path_shown) = (NVCC.version(), path.display());
        ensure!(
            said.contains(&format!("V{version}")),
            "{path_shown} is not version {version}: run `cargo xtask ptx --install`"
        );
        Ok(Some(Self(path)))
    }

    /// The page of every kernel's resources.
    pub(super) fn table(&self, ptx: &str, manifest: &Manifest, scratch: &Path) -> Result<String> {
        fs::create_dir_all(scratch).with_context(|| format!("can't make {}", scratch.display()))?;
        fs::write(scratch.join("kernels.ptx"), ptx)?;
        let mut rows = Vec::new();
        for target in TARGETS {
            rows.extend(self.assemble(target, scratch)?.into_iter().map(|usage| (target, usage)));
        }
        rows.sort_by(|(a, one), (b, other)| (&one.kernel, a).cmp(&(&other.kernel, b)));
        let mut page = format!(
            "# What the kernels take\n\n\
             <!-- Written by `cargo xtask ptx`: don't edit. -->\n\n\
             By ptxas {} from `{PTX}`, sha256\n`{}`.\n\
             Spills and stack are bytes a thread, shared memory bytes a block. A driver assembles \
             the PTX\nitself and may take more or less.\n\n\
             | kernel | target | registers | spill stores | spill loads | stack | shared |\n\
             |---|---|--:|--:|--:|--:|--:|\n",
            NVCC.version(),
            manifest.ptx_sha256,
        );
        for (target, usage) in &rows {
            let Usage { kernel, registers, spill_stores, spill_loads, stack, shared } = usage;
            writeln!(
                page,
                "| `{kernel}` | {target} | {registers} | {spill_stores} | {spill_loads} | {stack} | {shared} |"
            )?;
        }
        Ok(page)
    }

    fn assemble(&self, target: &str, scratch: &Path) -> Result<Vec<Usage>> {
        let output = Command::new(&self.0)
            .args(["--verbose", "--gpu-name", target, "--output-file"])
            .args([&format!("kernels.{target}.cubin"), "kernels.ptx"])
            .current_dir(scratch)
            .output()
            .with_context(|| format!("can't run {}", self.0.display()))?;
        let said =
            String::from_utf8_lossy(&output.stderr) + String::from_utf8_lossy(&output.stdout);
        ensure!(output.status.success(), "ptxas does not take the PTX for {target}:\n{said}");
        for warning in said.lines().filter(|line| line.contains("warning")) {
            eprintln!("{target}: {warning}");
        }
        let kernels = usages(&said)?;
        ensure!(!kernels.is_empty(), "ptxas for {target} names no kernel:\n{said}");
        Ok(kernels)
    }
}

/// The kernels in what `ptxas --verbose` says.
fn usages(said: &str) -> Result<Vec<Usage>> {
    let mut found: Vec<Usage> = Vec::new();
    // Functions that were not inlined have properties too; those of a kernel follow its name.
    let mut of_kernel = false;
    for line in said.lines() {
        if let Some(rest) = line.split("Compiling entry function '").nth(1) {
            let kernel = rest.split('\'').next().unwrap_or_default().to_owned();
            found.push(Usage { kernel, ..Usage::default() });
            continue;
        }
        let Some(usage) = found.last_mut() else { continue };
        if let Some(name) = line.split("Function properties for ").nth(1) {
            of_kernel = name.trim() == usage.kernel;
        } else if line.contains("bytes stack frame") && of_kernel {
            usage.stack = before(line, "bytes stack frame")?;
            usage.spill_stores = before(line, "bytes spill stores")?;
            usage.spill_loads = before(line, "bytes spill loads")?;
        } else if line.contains(" registers") {
            usage.registers = before(line, "registers")?;
            usage.shared =
                if line.contains("bytes smem") { before(line, "bytes smem")? } else { 0 };
        }
    }
    for usage in &found {
        ensure!(usage.registers > 0, "ptxas tells no registers of {}:\n{said}", usage.kernel);
    }
    Ok(found)
}

/// The number before these words.
fn before(line: &str, words: &str) -> Result<u32> {
    let number = line.split(words).next().and_then(|text| text.split_whitespace().last());
    let number = number.and_then(|number| number.parse().ok());
    number.with_context(|| format!("ptxas: no number before {words:?} in {line:?}"))
}

#[cfg(test)]
mod tests {
    use super::{Usage, usages};

    #[test]
    fn usage_is_read_kernel_by_kernel() {
        let said = "ptxas info    : 0 bytes gmem, 24 bytes cmem[3]\n\
            ptxas info    : Compiling entry function 'price' for 'sm_75'\n\
            ptxas info    : Function properties for price\n    \
            16 bytes stack frame, 8 bytes spill stores, 12 bytes spill loads\n\
            ptxas info    : Used 72 registers, used 1 barriers, 2048 bytes smem, 376 bytes cmem[0]\n\
            ptxas info    : Function properties for division\n    \
            32 bytes stack frame, 0 bytes spill stores, 0 bytes spill loads\n\
            ptxas info    : Compiling entry function 'cut' for 'sm_75'\n\
            ptxas info    : Function properties for cut\n    \
            0 bytes stack frame, 0 bytes spill stores, 0 bytes spill loads\n\
            ptxas info    : Used 12 registers, 376 bytes cmem[0]\n";
        let price = Usage {
            kernel: "price".to_owned(),
            registers: 72,
            spill_stores: 8,
            spill_loads: 12,
            stack: 16,
            shared: 2048,
        };
        let cut = Usage {
            kernel: "cut".to_owned(),
            registers: 12,
            spill_stores: 0,
            spill_loads: 0,
            stack: 0,
            shared: 0,
        };
        assert_eq!(usages(said).expect("numbers"), [price, cut]);
    }

    #[test]
    fn a_kernel_without_numbers_is_an_error() {
        let said = "ptxas info    : Compiling entry function 'cut' for 'sm_75'\n";
        assert!(usages(said).expect_err("no registers").to_string().contains("cut"));
    }
}
