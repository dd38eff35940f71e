//! The cost of a push, by
//! `cargo test -p barloom-engine --test live -- --ignored --nocapture speed`.

#[path = "../../../features/tests/common/twenty.rs"]
mod twenty;

use std::time::Instant;

use barloom_engine::{Live, LiveOptions};

use crate::kit::{MINUTE, START, Whole, dataset, recipe, series};
use twenty::FEATURES;

#[test]
#[ignore = "it measures time"]
fn the_speed_of_a_push_does_not_depend_on_the_bars_before() {
    let names: Vec<String> = (0..FEATURES.len()).map(|at| format!("\"f{at}\"")).collect();
    let features = FEATURES.iter().enumerate().map(|(at, text)| format!("f{at} = {text:?}\n"));
    let text = format!(
        "[data]\nchannels = [\"close\", {}]\nfeature_warmup = \"defined\"\n[features]\n{}\
         [scaling]\nfeatures = \"none\"\n[dataset]\nsamples = 50\nlookback = 64\nforward = 3\n",
        names.join(", "),
        features.collect::<String>(),
    );
    let (recipe, series) = (recipe(&text), [series("A", 1_015_000, false, 5)]);
    let start = START + 5_000 * MINUTE;
    let set = dataset(&recipe, &series, start);
    let whole = Whole::new(&recipe, &series, &set);
    let mut live = Live::new(&set, LiveOptions::default()).unwrap();
    let (columns, rows) = (live.columns().to_vec(), whole.rows_from(start));
    let mut rows = rows.into_iter();
    let mut push = |count: usize| {
        #[expect(clippy::disallowed_methods, reason = "it measures time")]
        let begin = Instant::now();
        for (ts, _, row) in rows.by_ref().take(count) {
            live.push("A", ts, &whole.values(&columns, row)).unwrap();
        }
        let each = begin.elapsed().as_secs_f64() * 1e6 / count as f64;
        #[expect(clippy::disallowed_methods, reason = "it measures time")]
        let begin = Instant::now();
        for _ in 0..1_000 {
            std::hint::black_box(live.batch());
        }
        (each, begin.elapsed().as_secs_f64() * 1e3)
    };
    push(5_000);
    let (early, batch) = push(5_000);
    push(985_000);
    let (late, _) = push(10_000);
    println!(
        "a push of 20 features: {early:.1} us after 10,000 bars, {late:.1} us after 1,000,000; a \
         batch of 21 channels and 64 bars: {batch:.1} us"
    );
    assert!(late < 100.0, "{late} us");
    assert!(late < 2.0 * early, "{late} us after many bars, {early} us after few");
}
