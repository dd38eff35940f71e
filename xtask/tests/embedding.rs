//! A program outside the workspace takes single crates by path, builds and runs.

use std::fs;
use std::path::Path;
use std::process::Command;

const PROGRAM: &str = r#"
use barloom_bars::{Column, Market, MaxGap, Series};
use barloom_rewards::{Action, Metric, Prices, Pricer, RewardSettings};
use barloom_sampling::{PositionOrder, Sampler, SamplingSettings};
use barloom_scaling::over;
use barloom_windows::Positions;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (lookback, forward, bars) = (16, 8, 500);
    let wave = |shift: f64| (0..bars).map(|i| 100.0 + f64::from(i % 13) + shift).collect::<Vec<f64>>();
    let columns = vec![
        Column::new("open", wave(0.0)),
        Column::new("high", wave(0.9)),
        Column::new("low", wave(-0.9)),
        Column::new("close", wave(0.3)),
    ];
    let ts = (0..i64::from(bars)).map(|i| i * 60_000_000_000).collect();
    let market = Market::new(&[Series::new("X", ts, columns)?], &[], MaxGap::Auto)?;
    let positions = Positions::new(&market, lookback, forward, None)?;
    let sampler = Sampler::new(
        &SamplingSettings::default(), 42, None, 1, PositionOrder::Random, positions.count(),
    )?;
    let pricer = Pricer::of(Prices::from(market.prices()), RewardSettings::v1(forward))?;
    let mut window = vec![0.0; lookback];
    for i in 0..1_000 {
        let draw = sampler.draw(i);
        let at = positions.locate(draw.rank).row;
        let closes = &market.close()[at - lookback..at];
        let last = closes[lookback - 1] as f32;
        window.iter_mut().zip(closes).for_each(|(x, close)| *x = over(*close as f32, last));
        assert_eq!(window[lookback - 1], 1.0);
        let action = Action {
            direction: draw.direction, dollars: draw.dollars, stop: draw.stop, target: draw.target,
        };
        let trade = pricer.trade(at, &action);
        let reward = pricer.reward(at, &action, draw.equity, &trade, Metric::Return);
        assert!(reward.value.is_finite());
    }
    println!("embedded");
    Ok(())
}
"#;

const SHARED_LIBRARY: &str = r#"
use barloom_cuda_driver as _;

#[unsafe(no_mangle)]
pub extern "C" fn has_cuda() -> bool {
    cust::init(cust::CudaFlags::empty()).is_ok()
}
"#;

#[test]
fn crates_embed_by_path() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask is in the workspace");
    let dir = tempfile::tempdir().expect("a folder");
    let crates = root.join("crates");
    let dependency =
        |name: &str| format!("barloom-{name} = {{ path = {:?} }}\n", crates.join(name));
    let names = ["bars", "sampling", "windows", "scaling", "rewards"];
    let manifest = format!(
        "[package]\nname = \"outside\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n[workspace]\n\n[dependencies]\n{}",
        names.map(dependency).concat()
    );
    fs::write(dir.path().join("Cargo.toml"), manifest).expect("a manifest");
    fs::create_dir(dir.path().join("src")).expect("a folder");
    fs::write(dir.path().join("src/main.rs"), PROGRAM).expect("a program");
    fs::copy(root.join("Cargo.lock"), dir.path().join("Cargo.lock")).expect("a lock file");
    let got = Command::new(env!("CARGO"))
        .args(["run", "--quiet", "--offline"])
        .current_dir(dir.path())
        .env("CARGO_TARGET_DIR", root.join("target/embedding"))
        .output()
        .expect("cargo starts");
    assert!(got.status.success(), "{}", String::from_utf8_lossy(&got.stderr));
    assert_eq!(String::from_utf8_lossy(&got.stdout), "embedded\n");
}

/// The README of the driver crate, followed to the letter by a program and a shared library.
#[cfg(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64")))]
#[test]
fn the_driver_crate_embeds_as_its_readme_says() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask is in the workspace");
    let readme = fs::read_to_string(root.join("crates/cuda-driver/README.md")).expect("a readme");
    let readme = readme.replace("/path/to/barloom", root.to_str().expect("a path in UTF-8"));
    let block = |opening: &str| {
        let start = readme.find(opening).expect(opening) + opening.find('\n').expect("a line") + 1;
        readme[start..].split("```").next().expect("a block")
    };
    let dir = tempfile::tempdir().expect("a folder");
    let write = |name: &str, text: &str| {
        let path = dir.path().join(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(path, text).expect(name);
    };
    write(".cargo/config.toml", block("```toml\n[env]"));
    let package = "[package]\nname = \"outside-cuda\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n\
                   [lib]\nname = \"outside_shared\"\ncrate-type = [\"cdylib\"]\n\n[workspace]\n\n";
    write("Cargo.toml", &format!("{package}{}", block("```toml\n[dependencies]")));
    write("src/main.rs", block("```rust\n"));
    write("src/lib.rs", SHARED_LIBRARY);
    fs::copy(root.join("Cargo.lock"), dir.path().join("Cargo.lock")).expect("a lock file");
    let target = root.join("target/embedding");
    let run = |program: &Path, arguments: &[&str]| {
        let got = Command::new(program)
            .args(arguments)
            .current_dir(dir.path())
            .env("CARGO_TARGET_DIR", &target)
            .env_remove("CUDA_LIBRARY_PATH")
            .output()
            .expect("a program");
        assert!(got.status.success(), "{}", String::from_utf8_lossy(&got.stderr));
        String::from_utf8(got.stdout).expect("UTF-8")
    };
    run(Path::new(env!("CARGO")), &["build", "--quiet", "--offline"]);

    let program = target.join("debug/outside-cuda");
    let said = run(&program, &[]);
    let said: Vec<&str> = said.lines().collect();
    match said[..] {
        [missing, "cust: Err(NoDevice)"] => {
            assert!(missing.contains("libcuda.so.1"), "{missing}");
            assert!(missing.ends_with("install the NVIDIA driver"), "{missing}");
        }
        [driver, device, .., "cust: Ok(())"] => {
            assert!(driver.starts_with("CUDA driver "), "{driver}");
            assert!(device.starts_with("device 0: "), "{device}");
        }
        _ => panic!("{said:?}"),
    }
    let libraries = run(Path::new("ldd"), &[program.to_str().expect("a path in UTF-8")]);
    assert!(libraries.contains("libc.so") && !libraries.contains("cuda"), "{libraries}");

    let shared = target.join("debug/liboutside_shared.so");
    let exported = run(
        Path::new("nm"),
        &["--dynamic", "--defined-only", "--format=posix", shared.to_str().expect("UTF-8")],
    );
    let exported: Vec<&str> = exported.lines().filter_map(|l| l.split(' ').next()).collect();
    assert!(exported.contains(&"has_cuda"), "{exported:?}");
    assert!(!exported.iter().any(|name| name.starts_with("cu")), "{exported:?}");
}

/// The README of the CUDA backend, followed to the letter.
#[cfg(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64")))]
#[test]
fn the_cuda_backend_embeds_as_its_readme_says() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask is in the workspace");
    let readme = fs::read_to_string(root.join("crates/backend-cuda/README.md")).expect("a readme");
    let readme = readme.replace("/path/to/barloom", root.to_str().expect("a path in UTF-8"));
    let block = |opening: &str| {
        let start = readme.find(opening).expect(opening) + opening.find('\n').expect("a line") + 1;
        readme[start..].split("```").next().expect("a block")
    };
    let dir = tempfile::tempdir().expect("a folder");
    for folder in [".cargo", "src"] {
        fs::create_dir(dir.path().join(folder)).expect("a folder");
    }
    let package = "[package]\nname = \"outside-backend\"\nversion = \"0.0.0\"\n\
                   edition = \"2024\"\n\n[workspace]\n\n";
    for (name, text) in [
        (".cargo/config.toml", block("```toml\n[env]").to_owned()),
        ("Cargo.toml", format!("{package}{}", block("```toml\n[dependencies]"))),
        ("src/main.rs", block("```rust\n").to_owned()),
    ] {
        fs::write(dir.path().join(name), text).expect(name);
    }
    fs::copy(root.join("Cargo.lock"), dir.path().join("Cargo.lock")).expect("a lock file");
    let got = Command::new(env!("CARGO"))
        .args(["run", "--quiet", "--offline"])
        .current_dir(dir.path())
        .env("CARGO_TARGET_DIR", root.join("target/embedding"))
        .env_remove("CUDA_LIBRARY_PATH")
        .output()
        .expect("cargo starts");
    assert!(got.status.success(), "{}", String::from_utf8_lossy(&got.stderr));
    let said = String::from_utf8_lossy(&got.stdout);
    assert!(said.starts_with("device 0: ") || said.contains("libcuda.so.1"), "{said}");
}
