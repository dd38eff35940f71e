//! Measures this machine and writes the report. `cargo xtask bench` calls it.
#![forbid(unsafe_code)]

use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result};
use barloom_benches::clock::today;
use barloom_benches::report::baseline::Baseline;
use barloom_benches::report::cases::Place;
use barloom_benches::report::host::{Host, file_system, versions};
use barloom_benches::report::options::Options;
use barloom_benches::report::peers::Peers;
use barloom_benches::report::places::Places;
use barloom_benches::report::results::Results;
use barloom_benches::report::runner::Runner;
use barloom_benches::report::{criterion, grid, ratios, tables, write};
use clap::Parser;

fn main() -> Result<ExitCode> {
    let options = Options::parse();
    fs::create_dir_all(&options.out).with_context(|| options.out.display().to_string())?;
    let results = measure(&options)?;
    write::write(&results, &options.out)?;
    println!("{}", tables::ratio_table(&results.ratios));
    println!("report: {}", options.out.join("report.md").display());
    let verdict = compare(&options, &results)?;
    if let Some(name) = &options.save_baseline {
        let path = Baseline::of(&results).save(&options.out, name)?;
        println!("baseline: {}", path.display());
    }
    Ok(verdict)
}

fn measure(options: &Options) -> Result<Results> {
    let mut host = Host::this();
    let mut results = Results {
        format: "barloom-bench-1".to_owned(),
        date: options.date.clone().unwrap_or_else(today),
        settings: grid::settings(options.mode, &options.bars, host.cores),
        versions: versions(&options.root),
        ..Results::default()
    };
    if let Some(folder) = &options.criterion {
        results.inner_loops = criterion::read(folder)?;
    }
    let mut runner = runner(options)?;
    for (name, place) in [("tmpfs", Place::Tmpfs), ("disk", Place::Disk)] {
        if let Some(folder) = runner.places.folder(place) {
            host.file_systems.insert(name.to_owned(), file_system(folder));
        }
    }
    results.host = host;
    let wanted = |name: &str| options.only.as_ref().is_none_or(|only| name.contains(only.as_str()));
    for set in grid::sets(options.mode, &results, runner.peers.is_some()) {
        if wanted(set.name) {
            runner.run(&set);
        }
    }
    results.figures = runner.figures;
    results.skipped = runner.skipped;
    let told = results.figures.iter().filter_map(|figure| figure.extra.get("versions"));
    for (name, version) in told.filter_map(|v| v.as_object()).flatten() {
        results.versions.insert(name.clone(), version.as_str().unwrap_or_default().to_owned());
    }
    results.ratios = ratios::all(&results);
    Ok(results)
}

fn runner(options: &Options) -> Result<Runner> {
    let mut skipped = std::collections::BTreeMap::new();
    let peers = if options.peers {
        match Peers::prepare(&options.root, &options.out) {
            Ok(peers) => Some(peers),
            Err(why) => {
                skipped.insert("peers".to_owned(), format!("not measured: {why:#}"));
                None
            }
        }
    } else {
        skipped.insert("peers".to_owned(), "not asked for: --peers".to_owned());
        None
    };
    Ok(Runner {
        measure: beside("barloom-measure")?,
        bars: options.bars.clone(),
        places: Places::new(&options.out)?,
        peers,
        figures: Vec::new(),
        skipped,
    })
}

/// A program that was built with this one.
fn beside(name: &str) -> Result<PathBuf> {
    let this = std::env::current_exe()?;
    let folder = this.parent().context("a program lies in a folder")?;
    Ok(folder.join(format!("{name}{}", std::env::consts::EXE_SUFFIX)))
}

/// Compares with a baseline and writes the log: 1 on a regression.
fn compare(options: &Options, results: &Results) -> Result<ExitCode> {
    let path = options.out.join("regression_test_results.log");
    let Some(name) = &options.baseline else {
        fs::write(path, "no baseline was given: --baseline NAME compares with one\n")?;
        return Ok(ExitCode::SUCCESS);
    };
    let verdict = Baseline::load(&options.out, &options.root, name)?.compare(results);
    fs::write(&path, &verdict.log)?;
    print!("{}", verdict.log);
    Ok(if verdict.regressions.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
