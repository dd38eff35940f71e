//! A program outside the workspace takes single crates by path, builds and runs.

use std::fs;
use std::path::Path;
use std::process::Command;

const PROGRAM: &str = r#"
use barloom_bars::{Column, Market, MaxGap, Series};
use barloom_rewards::{Action, Metric, Prices, Pricer, RewardSettings};
use barloom_sampling::{PositionOrder, Sampler, SamplingSettings};
use barloom_scaling::{ChannelScaler, PreparedChannel, Reference};
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
    let channel = PreparedChannel::new(ChannelScaler::LastClose, market.close());
    let reference = Reference::new(market.close(), &[ChannelScaler::LastClose]);
    let prices =
        Prices { open: market.open(), high: market.high(), low: market.low(), close: market.close() };
    let pricer = Pricer::new(prices, RewardSettings::v1(forward))?;
    let mut window = vec![0.0; lookback];
    for i in 0..1_000 {
        let draw = sampler.draw(i);
        let at = positions.locate(draw.rank).row;
        channel.scale(&reference, at, &mut window);
        assert_eq!(window[lookback - 1], 1.0);
        let action = Action {
            direction: draw.act_dir, notional: draw.act_dollar, stop: draw.act_sl, target: draw.act_tp,
        };
        let trade = pricer.trade(prices, at, &action);
        let reward = pricer.reward(prices, at, &action, draw.equity, &trade, Metric::Return);
        assert!(reward.value.is_finite());
    }
    println!("embedded");
    Ok(())
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
