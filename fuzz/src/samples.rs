//! Stored samples.

use std::collections::BTreeMap;

use barloom_dataset::{
    Dataset, DatasetError, FORMAT_VERSION, FileRecord, Manifest, MarketRecord, SEMANTICS,
    ShardRecord, SymbolRecord,
};
use barloom_recipe::{DataSettings, Recipe};
use barloom_schema::{SampleColumns, Schema};

use crate::dataset::{NoBackend, seal};
use crate::scratch::Scratch;

/// Samples of the dataset that has the shard.
pub const SAMPLES: u64 = 12;

/// The recipe of the dataset that has the shard, in a format of one file a shard.
#[must_use]
pub fn samples_recipe(format: &str) -> String {
    format!(
        "[data]\nchannels = [\"close\", \"volume\"]\n[dataset]\nsamples = {SAMPLES}\nlookback = 2\n\
         forward = 2\n[output]\nformat = {format:?}\n"
    )
}

/// A Parquet or Arrow shard of a dataset whose manifest believes it: its rows are the samples, or
/// it is an error.
///
/// # Panics
/// A finding.
pub fn samples(data: &[u8]) {
    if let Err(error) = read_samples(data) {
        assert!(!error.to_string().is_empty());
    }
}

/// Reads samples of a shard, all of them and some.
///
/// # Errors
/// The bytes are no shard of the dataset.
///
/// # Panics
/// A finding.
pub fn read_samples(data: &[u8]) -> Result<(), DatasetError> {
    let format = if data.starts_with(b"PAR1") { "parquet" } else { "arrow" };
    Scratch::with(|scratch| {
        let name = format!("samples/00000.{format}");
        let recipe = samples_recipe(format);
        let folder = format!("samples-{format}");
        let write = |name: &str, bytes: &[u8]| scratch.write(&format!("{folder}/{name}"), bytes);
        write("recipe.toml", recipe.as_bytes());
        write(&name, data);
        let text = manifest(format, &recipe, &name, data.len() as u64);
        let manifest = write("manifest.json", text.as_bytes());
        let folder = manifest.parent().expect("a file lies in a folder");
        let dataset = Dataset::open(folder).expect("the manifest and the recipe are whole");
        let reader = dataset.reader(&NoBackend).expect("stored samples need no backend");
        let whole = reader.read(0..SAMPLES)?;
        assert_eq!((whole.num_rows() as u64, whole.schema()), (SAMPLES, reader.schema()));
        let some = reader.take(&[7, 0, 7])?;
        for (row, sample) in [7, 0, 7].into_iter().enumerate() {
            // By their text: NaN is NaN, and names may have other numbers.
            let [a, b] = [some.slice(row, 1), whole.slice(sample, 1)];
            assert_eq!(format!("{:?}", a.columns()), format!("{:?}", b.columns()));
        }
        Ok(())
    })
}

fn schema(recipe: &Recipe) -> Schema {
    let metrics: Vec<&str> = recipe.reward.metrics.iter().map(|metric| metric.name()).collect();
    let DataSettings { channels, snapshot, .. } = &recipe.data;
    let channels: Vec<&str> = channels.iter().map(String::as_str).collect();
    let snapshot: Vec<&str> = snapshot.iter().map(String::as_str).collect();
    Schema::of_samples(&SampleColumns {
        channels: &channels,
        lookback: recipe.dataset.lookback,
        snapshot: &snapshot,
        metrics: &metrics,
        ..SampleColumns::default()
    })
}

fn manifest(format: &str, recipe: &str, name: &str, bytes: u64) -> String {
    let recipe = Recipe::from_toml(recipe, "recipe.toml").expect("it is a recipe");
    let digest = format!("sha256:{}", "0".repeat(64));
    let symbols = ["A", "B"].map(|symbol| SymbolRecord {
        symbol: symbol.into(),
        bars: 6,
        bars_per_year: None,
    });
    let file = FileRecord { name: name.to_owned(), bytes, checksum: "sha256:00".into() };
    let manifest = Manifest {
        format_version: FORMAT_VERSION,
        semantics: SEMANTICS,
        barloom_version: "0.1.0".into(),
        format: format.to_owned(),
        samples: SAMPLES,
        positions: 3,
        part: None,
        recipe_digest: recipe.digest(),
        recipe: recipe.to_json(),
        schema: schema(&recipe),
        scalers: Default::default(),
        market: MarketRecord {
            digest: digest.clone(),
            bars: 12,
            segments: 3,
            longest_step_ns: 60_000_000_000,
            first_ts: 0,
            last_ts: 0,
            symbols: symbols.to_vec(),
            dropped: BTreeMap::new(),
            widened: 0,
        },
        features: None,
        files: Vec::new(),
        shards: vec![ShardRecord { first: 0, rows: SAMPLES, files: vec![file] }],
        content_digest: None,
        summary: None,
        manifest_digest: digest,
    };
    let text = serde_json::to_string_pretty(&manifest).expect("a manifest is JSON") + "\n";
    seal(&text).expect("its last field is a digest")
}
