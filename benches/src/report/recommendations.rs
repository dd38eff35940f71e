//! The limits of the job on this machine, and the remedies: rules over the figures.

use crate::report::cases::{Case, Place};
use crate::report::memory_profile::growth;
use crate::report::results::Results;

/// A paragraph a finding, the bottleneck of the whole job first.
#[must_use]
pub fn all(results: &Results) -> Vec<String> {
    let rules: [fn(&Results) -> Option<String>; 9] =
        [stage, arithmetic, threads, encoding, disk, syncing, digest, cold, memory];
    let found: Vec<String> = rules.iter().filter_map(|rule| rule(results)).collect();
    if found.is_empty() {
        return vec!["Too little was measured to say what holds the job back.".to_owned()];
    }
    found
}

fn median(results: &Results, case: &Case) -> Option<f64> {
    results.figure(case).map(|figure| figure.warm_s.median)
}

/// The stage of a Parquet build on disk that takes longest.
fn stage(results: &Results) -> Option<String> {
    let samples = median(results, &results.centre("stream"))?;
    let tmpfs = median(results, &results.centre("parquet").at(Place::Tmpfs))?;
    let disk = median(results, &results.centre("parquet").at(Place::Disk))?;
    let writing = (tmpfs - samples).max(0.0);
    let waiting = (disk - tmpfs).max(0.0);
    let parts = [
        ("making samples", samples),
        ("encoding, hashing and copying files", writing),
        ("the disk", waiting),
    ];
    let (name, most) = parts.iter().copied().max_by(|a, b| a.1.total_cmp(&b.1))?;
    Some(format!(
        "A Parquet build on disk takes {disk:.2} s here: about {samples:.2} s make samples, \
         {writing:.2} s encode, hash and copy files, {waiting:.2} s wait for the disk. What holds it \
         back most is {name}, {:.0}%.",
        100.0 * most / disk.max(samples)
    ))
}

/// Compares the rate of samples with the speed of memory.
fn arithmetic(results: &Results) -> Option<String> {
    let share = results.ratio("build-fill")?;
    Some(if share >= 0.8 {
        format!(
            "Memory is the limit of builds into memory: they run at {:.0}% of the speed of a plain \
             fill. More threads or faster arithmetic will not help; fewer bytes will: a shorter \
             lookback, fewer channels, or small blocks that are used and reused.",
            share * 100.0
        )
    } else if share >= 0.5 {
        format!(
            "Builds into memory run at {:.0}% of the speed of a plain fill: arithmetic and memory \
             share the time. More cores help until memory is full.",
            share * 100.0
        )
    } else {
        format!(
            "Arithmetic is the limit of builds into memory: they run at {:.0}% of the speed of a \
             plain fill. More or faster cores help.",
            share * 100.0
        )
    })
}

fn threads(results: &Results) -> Option<String> {
    let scaling = results.ratio("threads-2-1")?;
    let memory = results.centre("memory");
    let fill = median(results, &memory.threads(1).kind("fill"));
    let both = median(results, &memory.kind("fill"));
    let limit = fill.zip(both).map_or_else(String::new, |(one, all)| {
        format!(" A plain fill gains {:.2}x from {} threads.", one / all, memory.threads)
    });
    Some(if scaling >= 1.7 {
        format!("Two threads are {scaling:.2}x as fast as one.{limit}")
    } else {
        format!(
            "Two threads are only {scaling:.2}x as fast as one: something is shared, most likely the \
             path to memory, or another program runs on these cores.{limit}"
        )
    })
}

fn encoding(results: &Results) -> Option<String> {
    let share = results.ratio("parquet-raw-tmpfs")?;
    Some(if share >= 0.7 {
        format!(
            "Parquet is written at {:.0}% of the speed of raw files: the file system is the limit.",
            share * 100.0
        )
    } else {
        format!(
            "Parquet is written at {:.0}% of the speed of raw files in memory: making, encoding and \
             hashing samples is the limit there. Where files are not needed, a virtual dataset \
             takes no time to write.",
            share * 100.0
        )
    })
}

/// Finds a disk that takes bytes more slowly than they are made.
fn disk(results: &Results) -> Option<String> {
    let write = results.centre("write").at(Place::Disk);
    let raw = results.figure(&Case { sync: true, ..write })?.bytes_per_second;
    let made = results.figure(&results.centre("parquet").at(Place::Tmpfs))?.bytes_per_second;
    Some(if raw < made {
        format!(
            "The disk takes {:.2} GB/s and files are made at {:.2} GB/s: the disk is the limit. \
             Compression (`[output] compression = \"zstd\"`), a faster disk or a virtual dataset help.",
            raw / 1e9,
            made / 1e9
        )
    } else {
        format!(
            "The disk takes {:.2} GB/s, synced, and files are made at {:.2} GB/s in memory: the disk \
             keeps up. What a build still waits for there is writing and syncing that does not \
             overlap with making samples.",
            raw / 1e9,
            made / 1e9
        )
    })
}

fn syncing(results: &Results) -> Option<String> {
    let write = results.centre("write").at(Place::Disk);
    let plain = median(results, &write)?;
    let synced = median(results, &Case { sync: true, ..write })?;
    let share = (synced - plain).max(0.0) / synced;
    (share > 0.3).then(|| {
        format!(
            "Syncing is {:.0}% of writing raw files to this disk ({synced:.2} s against {plain:.2} s \
             without): files are whole only when they are synced, so this time is not saved by \
             writing faster.",
            share * 100.0
        )
    })
}

fn digest(results: &Results) -> Option<String> {
    let cost = results.ratio("digest")? - 1.0;
    (cost > 0.15).then(|| {
        format!(
            "The content digest costs {:.0}% of a build into memory. It reads every byte once more; \
             smaller chunks keep that in the cache.",
            cost * 100.0
        )
    })
}

/// The cost of touching memory for the first time.
fn cold(results: &Results) -> Option<String> {
    let figure = results.figure(&results.centre("memory"))?;
    let (cold, warm) = (figure.cold_s?.median, figure.warm_s.median);
    (cold > 1.5 * warm).then(|| {
        format!(
            "The first build into new memory takes {cold:.2} s, later ones into the same memory \
             {warm:.2} s: the system hands out pages. Reuse blocks."
        )
    })
}

fn memory(results: &Results) -> Option<String> {
    let each = growth(results, "parquet")["bytes_per_sample_more"].as_f64()?;
    let figure = results.figure(&results.centre("parquet").at(Place::Tmpfs))?;
    let row = figure.bytes as f64 / figure.samples.max(1) as f64;
    Some(if each < row * 0.05 {
        format!("Memory does not grow with the number of samples ({each:.1} bytes a sample).")
    } else {
        format!(
            "Peak memory grows by {each:.0} bytes a sample along the grid, of {row:.0} that each has \
             in its file: small datasets do not fill the blocks of every thread."
        )
    })
}

#[cfg(test)]
mod tests {
    use super::{Case, Place, Results, all};
    use crate::measurement::Measurement;
    use crate::report::ratios;
    use crate::report::results::{Figure, Settings};

    fn results(measured: &[(Case, f64)]) -> Results {
        let mut results = Results { settings: settings(), ..Results::default() };
        for (case, seconds) in measured {
            let measurement = Measurement {
                warm_s: vec![*seconds],
                cold_s: Some(*seconds),
                samples: case.n,
                bytes: 1_000_000_000,
                ..Measurement::default()
            };
            results.figures.extend(Figure::new("build", case, &[measurement]));
        }
        results.ratios = ratios::all(&results);
        results
    }

    fn settings() -> Settings {
        Settings { n: 1_000_000, lookback: 64, forward: 64, threads: 2, ..Settings::default() }
    }

    fn centre(kind: &str) -> Case {
        Results { settings: settings(), ..Results::default() }.centre(kind)
    }

    #[test]
    fn nothing_measured_says_so() {
        assert!(all(&Results::default())[0].starts_with("Too little"));
    }

    #[test]
    fn a_build_at_the_speed_of_a_fill_is_bound_by_memory() {
        let told = all(&results(&[(centre("memory"), 1.1), (centre("fill"), 1.0)])).join("\n");
        assert!(told.contains("Memory is the limit"), "{told}");
        let told = all(&results(&[(centre("memory"), 3.0), (centre("fill"), 1.0)])).join("\n");
        assert!(told.contains("Arithmetic is the limit"), "{told}");
    }

    #[test]
    fn a_slow_disk_is_named() {
        let write = centre("write").at(Place::Disk);
        let synced = Case { sync: true, ..write.clone() };
        let tmpfs = centre("parquet").at(Place::Tmpfs);
        let slow = results(&[
            (centre("stream"), 0.2),
            (write, 1.0),
            (synced, 9.0),
            (tmpfs.clone(), 1.0),
            (tmpfs.at(Place::Disk), 9.5),
        ]);
        let told = all(&slow).join("\n");
        assert!(told.contains("the disk is the limit"), "{told}");
        assert!(told.contains("back most is the disk"), "{told}");
        assert!(told.contains("Syncing is 89%"), "{told}");
    }
}
