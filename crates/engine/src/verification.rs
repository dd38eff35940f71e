//! Verifying a dataset, or all parts of one.

use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::thread;

use barloom_backend::Backend;
use barloom_dataset::{
    Dataset, DatasetError, FeaturesVerified, Manifest, Rows, Verified, Verify, find_parts,
};

use crate::last_market::LastMarket;
use crate::recomputed::verify_features;
use crate::{BackendChoice, Error, Watch};

/// The settings of a verification: checksums first, then samples are made again and compared.
#[derive(Clone, Copy, Debug)]
pub struct Verification<'a> {
    /// The dataset's folder, or that of a split one.
    pub path: &'a Path,
    /// The samples of each part that are made again.
    pub rows: Rows,
    /// The number of threads that read and compare.
    pub threads: usize,
    /// The backend that makes the samples again.
    pub backend: BackendChoice,
    /// The number of the GPU, as the driver lists them; the first without one.
    pub device: Option<u32>,
}

impl<'a> Verification<'a> {
    /// The usual one: 1,000 samples of each part, on all processors or a GPU.
    #[must_use]
    pub fn new(path: &'a Path) -> Self {
        Self {
            path,
            rows: Rows::Some { count: 1_000, seed: 0 },
            threads: thread::available_parallelism().map_or(1, NonZero::get),
            backend: BackendChoice::default(),
            device: None,
        }
    }

    /// Verifies the dataset, or each part: its folder and what was found there. Where parts are
    /// each right but do not belong together, the folder of all comes last. What is wrong with a
    /// dataset is no error: [`Verified::problems`] has it.
    ///
    /// # Errors
    /// There is no dataset, it cannot be read, the backend fails, or the watch stops it.
    pub fn run(&self, watch: &Watch) -> Result<Vec<(PathBuf, Verified)>, Error> {
        let mut results = Vec::new();
        let (mut opened, mut features) = (None, None);
        for path in self.datasets()? {
            let verified = match Dataset::open(&path) {
                Err(error) if error.is_of_dataset() => Verified::refused(error),
                dataset => {
                    let dataset = dataset?;
                    let backend = match &opened {
                        Some(backend) => backend,
                        // Parts have the same bars.
                        None => &*opened.insert(LastMarket::new(self.backend.open(self.device)?)),
                    };
                    let mut verified = self.verify(&dataset, backend, watch)?;
                    if verified.problems.is_empty() && self.rows != Rows::None {
                        check_features(&dataset, &mut verified, &mut features)?;
                    }
                    verified
                }
            };
            results.push((path, verified));
        }
        // Whether parts belong together shows when each can be opened.
        if results.iter().all(|(_, verified)| verified.problems.is_empty())
            && let Err(error) = Dataset::open_all(self.path)
        {
            results.push((self.path.to_owned(), Verified::refused(error)));
        }
        Ok(results)
    }

    /// A dataset, or those of its parts.
    fn datasets(&self) -> Result<Vec<PathBuf>, Error> {
        match Dataset::open(self.path) {
            Err(DatasetError::HasParts { .. }) => {
                Ok(find_parts(self.path)?.into_iter().map(|part| self.path.join(part)).collect())
            }
            Err(error) if !error.is_of_dataset() => Err(error.into()),
            _ => Ok(vec![self.path.to_owned()]),
        }
    }

    fn verify(
        &self,
        dataset: &Dataset,
        backend: &dyn Backend,
        watch: &Watch,
    ) -> Result<Verified, Error> {
        let samples = dataset.manifest().samples;
        (watch.total)(match self.rows {
            Rows::None => 0,
            Rows::Some { count, .. } => samples.min(count),
            Rows::All => samples,
        });
        let verify = Verify {
            dataset,
            backend,
            rows: self.rows,
            threads: self.threads,
            watch: watch.clone(),
        };
        Ok(verify.run()?)
    }
}

/// Computes the features of a dataset again. Those of a part with the bars of the part before are
/// known to be right.
fn check_features(
    dataset: &Dataset,
    verified: &mut Verified,
    known: &mut Option<(Manifest, FeaturesVerified)>,
) -> Result<(), Error> {
    let manifest = dataset.manifest();
    if let Some((of, features)) = known
        && (&of.recipe, &of.market, &of.features)
            == (&manifest.recipe, &manifest.market, &manifest.features)
    {
        verified.features = Some(features.clone());
        return Ok(());
    }
    verify_features(dataset, verified)?;
    if let (true, Some(features)) = (verified.problems.is_empty(), &verified.features) {
        *known = Some((manifest.clone(), features.clone()));
    }
    Ok(())
}
