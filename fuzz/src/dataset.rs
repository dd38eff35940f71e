//! Manifests of datasets.

use barloom_dataset::{Dataset, Manifest, foreign_entries};
use barloom_recipe::Recipe;
use sha2::{Digest, Sha256};

use crate::scratch::Scratch;

const MANIFEST: &str = "manifest.json";

/// A manifest, beside a recipe and without bars or samples: as it is, and with the digests that
/// make it whole, so that what it says is believed.
///
/// # Panics
/// A finding.
pub fn manifest(data: &[u8]) {
    Scratch::with(|scratch| {
        let recipe = Recipe::default();
        scratch.write("recipe.toml", recipe.to_toml().as_bytes());
        scratch.write(MANIFEST, data);
        open(scratch);
        let Ok(mut manifest) = serde_json::from_slice::<Manifest>(data) else { return };
        manifest.recipe_digest = recipe.digest();
        manifest.manifest_digest = String::new();
        let digest = Sha256::digest(text(&manifest).as_bytes());
        let digest: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
        manifest.manifest_digest = format!("sha256:{digest}");
        scratch.write(MANIFEST, text(&manifest).as_bytes());
        let opened = open(scratch);
        if let Some(opened) = opened {
            assert_eq!(opened.manifest(), &manifest, "a manifest changes when it is read");
        }
    });
}

/// As manifests are written.
fn text(manifest: &Manifest) -> String {
    serde_json::to_string_pretty(manifest).expect("a manifest is JSON") + "\n"
}

/// Opens the dataset and asks for what its manifest promises.
fn open(scratch: &Scratch) -> Option<Dataset> {
    let _ = foreign_entries(scratch.folder());
    let dataset = match Dataset::open(scratch.folder()) {
        Ok(dataset) => dataset,
        Err(error) => {
            assert!(!error.to_string().is_empty());
            return None;
        }
    };
    assert!(dataset.market().is_err(), "there are no bars");
    let samples = dataset.manifest().samples;
    for sample in [0, samples.wrapping_sub(1), samples, u64::MAX] {
        assert!(dataset.read_sample(sample).is_err(), "there are no samples");
    }
    Some(dataset)
}
