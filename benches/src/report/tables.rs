//! `report.md`.

use std::fmt::Write as _;

use crate::report::plot::count;
use crate::report::ratios::Ratio;
use crate::report::results::{Figure, Results};

/// The report as Markdown; charts are named, and stand beside it.
#[must_use]
pub fn report(results: &Results, charts: &[&str]) -> String {
    let mut text = head(results);
    text += "\n## What must be shown\n\n";
    text += &ratio_table(&results.ratios);
    for (title, keep) in SECTIONS {
        let figures: Vec<&Figure> = results.figures.iter().filter(|f| keep(f)).collect();
        if !figures.is_empty() {
            let _ = write!(text, "\n## {title}\n\n{}", figure_table(&figures));
        }
    }
    text += &first_calls(results);
    text += &inner_loops(results);
    if !charts.is_empty() {
        text += "\n## Charts\n\n";
        charts.iter().for_each(|name| text += &format!("![{name}]({name}.png)\n\n"));
    }
    if !results.skipped.is_empty() {
        text += "\n## Not measured\n\n";
        for (id, why) in &results.skipped {
            let _ = writeln!(text, "- {id}: {why}");
        }
    }
    text
}

/// Selects the figures that stand under a heading.
type Keep = fn(&Figure) -> bool;

/// The headings and the figures under each.
const SECTIONS: [(&str, Keep); 4] = [
    ("Builds", |figure| !figure.case.peer && !is_limit(figure) && !is_grid(figure)),
    ("Grid", is_grid),
    ("Limits of this machine", is_limit),
    ("Peers", |figure| figure.case.peer),
];

fn is_grid(figure: &Figure) -> bool {
    figure.set.starts_with("grid") || figure.set == "product"
}

fn is_limit(figure: &Figure) -> bool {
    ["fill", "copy", "write", "batch-copy"].contains(&figure.case.kind.as_str())
}

fn head(results: &Results) -> String {
    let (host, settings) = (&results.host, &results.settings);
    let version = |name: &str| results.versions.get(name).map_or("unknown", String::as_str);
    let dirty = if version("dirty") == "true" { ", with changes" } else { "" };
    let memory = host.memory_bytes.map_or_else(String::new, |bytes| {
        format!(", {:.1} GiB of memory", bytes as f64 / f64::from(1 << 30))
    });
    let load = host.load.map_or_else(String::new, |load| format!("; load {load} at the start"));
    let places = host.file_systems.iter().map(|(place, kind)| format!("{place}: {kind}"));
    format!(
        "# Benchmarks\n\n\
         {}, commit {}{dirty}, {}, mode {}.\n\n\
         {}, {} cores{memory}; {} ({}){load}. Files on {}.\n\n\
         Bars: {}. Ratios are at n = {}, L = {}, F = {}, {} threads. Times are medians of warm\n\
         repetitions in processes of their own; what is compared was measured in turn. Cold is the\n\
         first time in a process: memory and files are touched for the first time. Reading and\n\
         preparing bars is left out, on both sides; of a virtual build, reading alone. Peers draw\n\
         with NumPy's generator, and are timed only where they give our output for our draws; those\n\
         with fewer samples are compared a sample.\n",
        results.date,
        version("commit"),
        version("rustc"),
        settings.mode,
        host.cpu,
        host.cores,
        host.os,
        host.instructions.join(", "),
        places.collect::<Vec<_>>().join(", "),
        settings.bars,
        settings.n,
        settings.lookback,
        settings.forward,
        settings.threads,
    )
}

/// The ratios with their bounds.
#[must_use]
pub fn ratio_table(ratios: &[Ratio]) -> String {
    let mut text = "| what | value | must | aim | holds |\n|---|---|---|---|---|\n".to_owned();
    for ratio in ratios {
        let unit = if ratio.unit == "x" { String::new() } else { format!(" {}", ratio.unit) };
        let number = |value: Option<f64>| {
            value.map_or_else(|| "-".to_owned(), |value| format!("{}{unit}", round(value)))
        };
        let holds = match ratio.holds() {
            Some(true) => "yes",
            Some(false) => "**no**",
            None if ratio.value.is_none() => "not measured",
            None => "-",
        };
        let (value, must, aim) = (number(ratio.value), number(ratio.must), number(ratio.aim));
        let _ = writeln!(text, "| {} | {value} | {must} | {aim} | {holds} |", ratio.what);
    }
    text += "\nEach is a ratio of medians:\n\n";
    for ratio in ratios {
        let _ = writeln!(text, "- {}: {}", ratio.id, ratio.compared);
    }
    text
}

fn figure_table(figures: &[&Figure]) -> String {
    let mut text =
        "| case | median, s | min | max | MAD | times | cold, s | samples/s | GB/s | peak MiB |\n\
                    |---|---|---|---|---|---|---|---|---|---|\n"
            .to_owned();
    for figure in figures {
        let warm = &figure.warm_s;
        let cold = figure.cold_s.map_or_else(|| "-".to_owned(), |cold| seconds(cold.median));
        let speed = if figure.bytes == 0 {
            "-".to_owned()
        } else {
            format!("{:.2}", figure.bytes_per_second / 1e9)
        };
        let peak = figure.peak_rss_bytes.map_or_else(|| "-".to_owned(), |b| (b >> 20).to_string());
        let _ = writeln!(
            text,
            "| {} | {} | {} | {} | {} | {} | {cold} | {} | {speed} | {peak} |",
            figure.id,
            seconds(warm.median),
            seconds(warm.min),
            seconds(warm.max),
            seconds(warm.mad),
            warm.count,
            count(figure.samples_per_second),
        );
    }
    text
}

/// The time that numba's peers took to compile; not part of their times.
fn first_calls(results: &Results) -> String {
    let peers = results.figures.iter().filter(|f| f.case.peer && f.case.kind.contains("numba"));
    let calls = peers.filter_map(|figure| {
        let seconds = figure.extra.get("first_call_s")?.as_f64()?;
        Some(format!("{} {seconds:.1} s", figure.case.kind))
    });
    let calls: Vec<String> = calls.collect();
    if calls.is_empty() {
        return String::new();
    }
    format!("\nFirst calls compile and are not part of these times: {}.\n", calls.join(", "))
}

fn inner_loops(results: &Results) -> String {
    if results.inner_loops.is_empty() {
        return String::new();
    }
    let mut text = "\n## Inner loops\n\nOne thread, by criterion.\n\n\
                    | loop | median, us | MAD, us | ns a sample |\n|---|---|---|---|\n"
        .to_owned();
    for inner in &results.inner_loops {
        let each = inner.ns_per_sample.map_or_else(|| "-".to_owned(), |ns| format!("{ns:.2}"));
        let (median, mad) = (inner.median_ns / 1e3, inner.mad_ns / 1e3);
        let _ = writeln!(text, "| {} | {median:.2} | {mad:.2} | {each} |", inner.id);
    }
    text
}

fn seconds(value: f64) -> String {
    format!("{value:.4}")
}

fn round(value: f64) -> String {
    match value {
        v if v >= 100.0 => format!("{v:.0}"),
        v if v >= 10.0 => format!("{v:.1}"),
        v => format!("{v:.3}"),
    }
}
