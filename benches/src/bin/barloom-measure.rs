//! Takes one measurement and prints it as one JSON object.
#![forbid(unsafe_code)]

use anyhow::Result;
use barloom_benches::measure::Options;
use clap::Parser;

fn main() -> Result<()> {
    let measurement = Options::parse().run()?;
    println!("{}", serde_json::to_string(&measurement)?);
    Ok(())
}
