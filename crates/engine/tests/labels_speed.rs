//! The time that a label adds to a build of 1,000,000 samples, and that folds of 1,000,000 bars
//! take to open, to be run by hand in a release build:
//! `cargo test --release -p barloom-engine --test labels_speed -- --ignored --nocapture`
#![expect(clippy::disallowed_methods, reason = "it measures time")]

use std::time::Instant;

use barloom_backend::Backend;
use barloom_bars::{Column, Market, MaxGap, Series};
use barloom_engine::{BackendChoice, Job, Loaded, Markets, Source, Watch, load, open};
use barloom_recipe::Recipe;

const BARS: usize = 1_000_000;

fn market() -> Market {
    let mut state = 1_u64;
    let mut unit = move || {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 11) as f64 / (1_u64 << 53) as f64
    };
    let mut columns: [Vec<f64>; 5] = Default::default();
    let mut open = 100.0_f64;
    for _ in 0..BARS {
        let close = open * (1.0 + 0.002 * (unit() - 0.5));
        let high = open.max(close) * (1.0 + 0.0005 * unit());
        let low = open.min(close) * (1.0 - 0.0005 * unit());
        let bar = [open, high, low, close, 1.0 + unit()];
        columns.iter_mut().zip(bar).for_each(|(column, value)| column.push(value));
        open = close;
    }
    let names = ["open", "high", "low", "close", "volume"];
    let columns = names.iter().zip(columns).map(|(name, c)| Column::new(*name, c)).collect();
    let ts = (0..BARS as i64).map(|bar| bar * 60_000_000_000).collect();
    let series = Series::new("A", ts, columns).expect("a series");
    Market::new(&[series], &["volume".to_owned()], MaxGap::None).expect("a market")
}

fn loaded(market: &Market, text: &str) -> Loaded {
    let recipe = Recipe::from_toml(text, "speed").expect("a recipe");
    let columns = recipe.bar_columns();
    load(&recipe, Source::Stored(market.clone(), columns)).expect("loaded bars")
}

#[test]
#[ignore = "it measures time"]
fn a_label_in_a_build() {
    let market = market();
    let folder = tempfile::tempdir().expect("a folder");
    let plain = "[dataset]\nsamples = 1_000_000\n";
    let label = |text: &str| format!("{plain}[[label]]\nname = \"y\"\nhorizon = 64\n{text}\n");
    let texts = [
        plain.to_owned(),
        label("kind = \"return\""),
        label("kind = \"triple_barrier\"\nup = 2\ndown = 1\nscale = 0.002"),
    ];
    let mut best = [[f64::INFINITY; 2]; 3];
    for round in 0..7 {
        for (place, text) in texts.iter().enumerate() {
            let out = folder.path().join(format!("{round}-{place}"));
            let start = Instant::now();
            let loaded = loaded(&market, text);
            let job = Job { backend: BackendChoice::Cpu, ..Job::new(&out) };
            let prepared = job.prepare(&loaded).expect("a build");
            let prepared_at = start.elapsed().as_secs_f64();
            prepared.run(&Watch::default()).expect("a dataset");
            let seconds = start.elapsed().as_secs_f64();
            let times = [seconds, seconds - prepared_at];
            for (best, time) in best[place].iter_mut().zip(times) {
                *best = best.min(time);
            }
            std::fs::remove_dir_all(&out).expect("a folder");
        }
    }
    for (name, [all, samples]) in ["no label", "a return", "a triple barrier"].iter().zip(best) {
        let [ratio, of_samples] = [all / best[0][0], samples / best[0][1]];
        println!(
            "{name}: {all:.3} s from bars in memory ({ratio:.3}), samples alone {samples:.3} s \
             ({of_samples:.3})"
        );
    }
}

#[test]
#[ignore = "it measures time"]
fn folds_open() {
    let market = market();
    let folder = tempfile::tempdir().expect("a folder");
    let text = "[dataset]\nlookback = 64\n[sampling]\nactions = \"none\"\n\
                [scaling]\nvolume = { kind = \"standard\" }\n\
                [[label]]\nname = \"tb\"\nkind = \"triple_barrier\"\nhorizon = 64\nup = 2\ndown = 1\n\
                scale = 0.002\n[split]\nkind = \"purged_kfold\"\nfolds = 20\nembargo = 100\n\
                [output]\nformat = \"virtual\"\n";
    let start = Instant::now();
    let loaded = loaded(&market, text);
    let sets = loaded.sets().expect("folds");
    println!(
        "planned {} parts from bars in memory: {:.2} s",
        sets.len(),
        start.elapsed().as_secs_f64()
    );
    let out = folder.path().join("folds");
    let job = Job { backend: BackendChoice::Cpu, ..Job::new(&out) };
    job.prepare(&loaded).expect("a build").run(&Watch::default()).expect("a dataset");
    for _ in 0..3 {
        let start = Instant::now();
        let sets = open(&out).expect("a dataset");
        let opened = start.elapsed().as_secs_f64();
        let backend = BackendChoice::Cpu.open(None).expect("a backend");
        let mut markets = Markets::default();
        let mut rows = 0;
        for set in &sets {
            let prepared = markets.of(set, &*backend as &dyn Backend).expect("a market");
            let session = set.session(&prepared).expect("a session");
            let mut block = session.allocate(8).expect("a block");
            session.fill(0, 8, &mut block).expect("samples");
            rows += block.rows();
        }
        println!(
            "20 folds, {} parts: opened in {opened:.2} s, with samples of each in {:.2} s ({rows})",
            sets.len(),
            start.elapsed().as_secs_f64()
        );
    }
}
