//! The charts, and the figures that they are drawn from.

use crate::report::cases::{Case, Place};
use crate::report::grid::{FORWARDS, LOOKBACKS};
use crate::report::plot::{Body, Chart};
use crate::report::results::{Figure, Results};

/// Every chart that there are figures for.
#[must_use]
pub fn all(results: &Results) -> Vec<Chart> {
    let drawn = [
        by_samples(results),
        by_lookback(results),
        by_forward(results),
        by_threads(results),
        against_limits(results),
        against_peers(results),
        loaders(results),
    ];
    drawn.into_iter().flatten().collect()
}

const KINDS: [(&str, &str); 3] =
    [("stream", "small reused blocks"), ("memory", "into memory"), ("parquet", "Parquet on tmpfs")];

fn axis<'a>(results: &'a Results, set: &str) -> Vec<&'a Figure> {
    results.figures.iter().filter(|figure| figure.set == set).collect()
}

/// A line a kind (and what else tells cases apart) over the steps of an axis.
fn lines(
    figures: &[&Figure],
    steps: &[u64],
    step: impl Fn(&Case) -> u64,
    kinds: &[(&str, &str, &str)],
) -> Vec<(String, Vec<Option<f64>>)> {
    let line = |(kind, barriers, name): &(&str, &str, &str)| {
        let at = |value: &u64| {
            let found = figures.iter().find(|figure| {
                let case = &figure.case;
                case.kind == *kind && case.barriers == *barriers && step(case) == *value
            });
            found.map(|figure| figure.samples_per_second)
        };
        ((*name).to_owned(), steps.iter().map(at).collect::<Vec<Option<f64>>>())
    };
    kinds.iter().map(line).filter(|(_, values)| values.iter().any(Option::is_some)).collect()
}

fn chart(
    name: &'static str,
    title: String,
    x: &str,
    steps: Vec<u64>,
    lines: Vec<(String, Vec<Option<f64>>)>,
) -> Option<Chart> {
    let (x, y) = (x.to_owned(), "samples / s".to_owned());
    let drawn = !lines.is_empty();
    drawn.then_some(Chart { name, title, body: Body::Lines { x, y, steps, lines } })
}

fn honoured() -> Vec<(&'static str, &'static str, &'static str)> {
    KINDS.iter().map(|(kind, name)| (*kind, "honour", *name)).collect()
}

fn steps(figures: &[&Figure], step: impl Fn(&Case) -> u64) -> Vec<u64> {
    let mut steps: Vec<u64> = figures.iter().map(|figure| step(&figure.case)).collect();
    steps.sort_unstable();
    steps.dedup();
    steps
}

fn by_samples(results: &Results) -> Option<Chart> {
    let figures = axis(results, "grid n");
    let steps = steps(&figures, |case| case.n);
    let lines = lines(&figures, &steps, |case| case.n, &honoured());
    let title = format!("Throughput by number of samples, {}", held(results, "n"));
    chart("throughput_n", title, "samples n", steps, lines)
}

fn by_lookback(results: &Results) -> Option<Chart> {
    let figures = axis(results, "grid L");
    let steps = LOOKBACKS.map(|l| l as u64).to_vec();
    let lines = lines(&figures, &steps, |case| case.lookback as u64, &honoured());
    let title = format!("Throughput by lookback, {}", held(results, "L"));
    chart("throughput_lookback", title, "lookback L, bars", steps, lines)
}

fn by_forward(results: &Results) -> Option<Chart> {
    let figures = axis(results, "grid F");
    let steps = FORWARDS.map(|f| f as u64).to_vec();
    let kinds =
        [("stream", "honour", "barriers honoured"), ("stream", "ignore", "barriers ignored")];
    let lines = lines(&figures, &steps, |case| case.forward as u64, &kinds);
    let title = format!("Throughput by horizon, small reused blocks, {}", held(results, "F"));
    chart("throughput_forward", title, "forward F, bars", steps, lines)
}

fn by_threads(results: &Results) -> Option<Chart> {
    let figures = axis(results, "grid threads");
    let steps = steps(&figures, |case| case.threads as u64);
    let lines = lines(&figures, &steps, |case| case.threads as u64, &honoured());
    let title = format!("Throughput by threads, {}", held(results, "threads"));
    chart("throughput_threads", title, "threads", steps, lines)
}

/// The settings that stay the same along an axis.
fn held(results: &Results, moved: &str) -> String {
    let settings = &results.settings;
    let held = [
        ("L", settings.lookback.to_string()),
        ("F", settings.forward.to_string()),
        ("threads", settings.threads.to_string()),
    ];
    let held = held.iter().filter(|(name, _)| *name != moved);
    held.map(|(name, value)| format!("{name} = {value}")).collect::<Vec<_>>().join(", ")
}

/// Bytes a second of builds and of what the machine can do.
fn against_limits(results: &Results) -> Option<Chart> {
    let centre = |kind: &str| results.centre(kind);
    let disk = centre("write").at(Place::Disk);
    let rows = [
        ("parallel fill, streaming stores", centre("fill")),
        ("parallel memcpy", centre("copy")),
        ("raw files on tmpfs", centre("write").at(Place::Tmpfs)),
        ("raw files on disk", disk.clone()),
        ("raw files on disk, synced", Case { sync: true, ..disk }),
        ("barloom, Parquet on disk, synced", centre("parquet").at(Place::Disk)),
        ("barloom, Parquet on tmpfs", centre("parquet").at(Place::Tmpfs)),
        ("barloom, small reused blocks", centre("stream")),
        ("barloom, into memory", centre("memory")),
    ];
    let bars = rows.iter().filter_map(|(name, case)| {
        let figure = results.figure(case)?;
        Some(((*name).to_owned(), figure.bytes_per_second / 1e9))
    });
    let bars: Vec<(String, f64)> = bars.collect();
    let title = format!("Bytes written, {}", held(results, ""));
    let body = Body::Bars { x: "GB / s".to_owned(), bars: last_first(bars)?, log: false };
    Some(Chart { name: "against_limits", title, body })
}

/// Samples a second of builds and of peers.
fn against_peers(results: &Results) -> Option<Chart> {
    let peers = results.figures.iter().filter(|figure| figure.case.peer && !is_loader(figure));
    let mut bars: Vec<(String, f64)> = peers
        .map(|figure| {
            let threads = figure.case.threads;
            let plural = if threads == 1 { "" } else { "s" };
            let part = match figure.case.kind.as_str() {
                "numpy-windows" | "numba-windows" | "numba-rewards" => " alone",
                _ => "",
            };
            let name = format!("{}{part}, {threads} thread{plural}", figure.case.kind);
            (name, figure.samples_per_second)
        })
        .collect();
    if bars.is_empty() {
        return None;
    }
    let ours = [
        ("barloom, Parquet", results.centre("parquet").at(Place::Tmpfs)),
        ("barloom, into memory", results.centre("memory")),
    ];
    bars.extend(ours.iter().filter_map(|(name, case)| {
        Some(((*name).to_owned(), results.figure(case)?.samples_per_second))
    }));
    bars.sort_by(|a, b| a.1.total_cmp(&b.1));
    let title = format!("Samples a second, {}", held(results, "threads"));
    let x = "samples / s, logarithmic".to_owned();
    Some(Chart {
        name: "against_peers",
        title,
        body: Body::Bars { x, bars: last_first(bars)?, log: true },
    })
}

fn is_loader(figure: &Figure) -> bool {
    figure.case.kind.starts_with("loader")
}

/// Samples a second of loaders.
fn loaders(results: &Results) -> Option<Chart> {
    let name = |case: &Case| match case.kind.as_str() {
        "loader" => "barloom, Rust".to_owned(),
        "loader-barloom" => "barloom, Python".to_owned(),
        kind => format!("{}, {} workers", kind.trim_start_matches("loader-"), case.threads),
    };
    let figures = results.figures.iter().filter(|figure| is_loader(figure));
    let mut bars: Vec<(String, f64)> =
        figures.map(|figure| (name(&figure.case), figure.samples_per_second)).collect();
    bars.sort_by(|a, b| a.1.total_cmp(&b.1));
    let title = format!("Shuffled batches of 4,096, {}", held(results, "threads"));
    let x = "samples / s, logarithmic".to_owned();
    let body = Body::Bars { x, bars: last_first(bars)?, log: true };
    Some(Chart { name: "loaders", title, body })
}

/// The last bar first, where it is drawn apart; none of none.
fn last_first(mut bars: Vec<(String, f64)>) -> Option<Vec<(String, f64)>> {
    bars.reverse();
    (!bars.is_empty()).then_some(bars)
}
