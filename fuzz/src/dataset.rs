//! The documents of datasets.

use std::sync::Arc;

use barloom_backend::{Backend, BackendError, PreparedMarket, Program};
use barloom_bars::Market;
use barloom_dataset::{Dataset, Manifest, foreign_entries};
use sha2::{Digest, Sha256};

use crate::scratch::Scratch;

/// Formats that recipes name.
const FORMATS: [&str; 4] = ["parquet", "arrow", "npy", "virtual"];

/// A manifest beside a recipe, a shard's record and a piece's manifest, without bars or samples: as
/// it is, and with the digest of its text put in, so that what it says is believed.
///
/// # Panics
/// A finding.
pub fn manifest(data: &[u8]) {
    Scratch::with(|scratch| {
        open(scratch, data);
        let Some(sealed) = std::str::from_utf8(data).ok().and_then(seal) else { return };
        if let Some(opened) = open(scratch, sealed.as_bytes()) {
            let read = serde_json::from_str(&sealed).expect("what was opened is a manifest");
            assert_eq!(opened.manifest(), &read, "a manifest changes when it is read");
        }
    });
}

/// A text with the digest of itself in the last place where one is.
pub(crate) fn seal(text: &str) -> Option<String> {
    let start = text.rfind("\"sha256:")? + 1;
    let end = start + text[start..].find('"')?;
    let digest = Sha256::new().chain_update(&text[..start]).chain_update(&text[end..]).finalize();
    let digest: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    Some(format!("{}sha256:{digest}{}", &text[..start], &text[end..]))
}

/// Opens the dataset and asks for what its manifest promises.
fn open(scratch: &Scratch, manifest: &[u8]) -> Option<Dataset> {
    let format = serde_json::from_slice::<Manifest>(manifest).map(|manifest| manifest.format);
    let format = format.ok().and_then(|named| FORMATS.into_iter().find(|format| *format == named));
    let recipe = format!("[output]\nformat = {:?}\n", format.unwrap_or(FORMATS[0]));
    scratch.write("whole/recipe.toml", recipe.as_bytes());
    scratch.write("whole/manifest.json", manifest);
    scratch.write("whole/shard-00000.json", manifest);
    let piece = scratch.write("piece/piece.json", manifest);
    let (whole, piece) = (scratch.folder().join("whole"), piece.parent()?);
    let _ = foreign_entries(&whole);
    let is_refused = Dataset::open(piece).expect_err("a piece is no dataset").to_string();
    assert!(!is_refused.is_empty());
    let dataset = match Dataset::open(&whole) {
        Ok(dataset) => dataset,
        Err(error) => {
            assert!(!error.to_string().is_empty());
            return None;
        }
    };
    assert!(dataset.market().is_err(), "there are no bars");
    let Ok(reader) = dataset.reader(&NoBackend) else { return Some(dataset) };
    let samples = dataset.manifest().samples;
    for sample in [0, samples.saturating_sub(1), samples, u64::MAX - 1] {
        assert!(reader.read(sample..sample + 1).is_err(), "there are no samples");
        assert!(reader.take(&[sample, 0]).is_err(), "there are no samples");
    }
    Some(dataset)
}

/// It makes no samples: there are no bars.
pub(crate) struct NoBackend;

impl Backend for NoBackend {
    fn name(&self) -> &'static str {
        "none"
    }

    fn load(
        &self,
        _: Arc<Market>,
        _: Arc<Program>,
    ) -> Result<Arc<dyn PreparedMarket>, BackendError> {
        Err(BackendError::Device("there is none".to_owned()))
    }
}
