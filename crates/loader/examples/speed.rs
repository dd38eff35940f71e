//! scratch
use barloom_backend::*;
use barloom_backend_cpu::CpuBackend;
use barloom_bars::{Column, Market, MaxGap, Series};
use barloom_loader::*;
use barloom_recipe::Recipe;
use std::sync::Arc;
use std::time::Instant;
fn main() {
    let n: u64 = std::env::args().nth(1).unwrap().parse().unwrap();
    let b: usize = std::env::args().nth(2).unwrap().parse().unwrap();
    let threads: usize = std::env::args().nth(3).unwrap().parse().unwrap();
    let last = std::env::args().nth(4).as_deref() == Some("last");
    let bars = 558_720usize;
    let mut x = 100.0f64;
    let mut s = 1u64;
    let mut close = vec![];
    for _ in 0..bars {
        s = s.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        x *= 1.0 + ((s >> 33) as f64 / 2f64.powi(31) - 0.5) * 0.002;
        close.push(x);
    }
    let mut open = close.clone();
    open.rotate_right(1);
    open[0] = close[0];
    let high: Vec<f64> = open.iter().zip(&close).map(|(a, b)| a.max(*b) * 1.0005).collect();
    let low: Vec<f64> = open.iter().zip(&close).map(|(a, b)| a.min(*b) * 0.9995).collect();
    let vol: Vec<f64> = (0..bars).map(|i| (i % 1000) as f64).collect();
    let columns = vec![
        Column::new("open", open),
        Column::new("high", high),
        Column::new("low", low),
        Column::new("close", close),
        Column::new("volume", vol),
    ];
    let ts = (0..bars as i64).map(|i| i * 60_000_000_000).collect();
    let mut recipe = Recipe::default();
    recipe.dataset.samples = barloom_recipe::Samples::Count(n);
    let market = Arc::new(
        Market::new(&[Series::new("W", ts, columns).unwrap()], &recipe.data.channels, MaxGap::Auto)
            .unwrap(),
    );
    let plan = Arc::new(Plan::new(&recipe.resolve(&market).unwrap(), &market, None).unwrap());
    let t = Instant::now();
    let session: Arc<dyn Session> = CpuBackend::default().prepare(market, plan).unwrap().into();
    let layout = if last { WindowLayout::ChannelsLast } else { WindowLayout::ChannelsFirst };
    let loader = Loader::new(
        session,
        n,
        LoaderOptions {
            batch_size: b,
            shuffle: Some(1),
            layout,
            threads: Some(threads),
            ..Default::default()
        },
    )
    .unwrap();
    let mut batches = loader.batches(&loader.start(0)).unwrap();
    let _ = batches.next();
    println!("first {:?}", t.elapsed());
    for e in 0..3 {
        let t = Instant::now();
        let mut sum = 0.0;
        let mut rows = 0;
        for batch in loader.batches(&loader.start(e)).unwrap() {
            let batch = batch.unwrap();
            sum += batch.window_values()[0];
            rows += batch.rows();
        }
        let s = t.elapsed().as_secs_f64();
        println!(
            "{rows} {:.1} ns a sample, {:.2} M/s, {:.2} GB/s {sum}",
            s / rows as f64 * 1e9,
            rows as f64 / s / 1e6,
            rows as f64 * 1320.0 / s / 1e9
        );
    }
    // memcpy: batch after batch, from large memory and from cache
    for (name, len) in [("copy cached", 4096 * 330), ("copy large", 400_000_000 / 4)] {
        let src = vec![1.0f32; len];
        let mut dst = vec![0.0f32; 4096 * 330];
        let t = Instant::now();
        let mut done = 0usize;
        let mut at = 0;
        while done < 3_000_000 {
            if at + dst.len() > src.len() {
                at = 0;
            }
            let d = dst.len();
            dst.copy_from_slice(&src[at..at + d]);
            at += d;
            done += 4096;
            std::hint::black_box(&mut dst);
        }
        let s = t.elapsed().as_secs_f64();
        println!(
            "{name} {:.1} ns a sample {:.2} GB/s",
            s / done as f64 * 1e9,
            done as f64 * 1320.0 / s / 1e9
        );
    }
}
