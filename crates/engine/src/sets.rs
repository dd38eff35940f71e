//! Samples that can be made: of a recipe and bars, or of a dataset that is there.

use std::path::Path;
use std::sync::Arc;

use barloom_backend::{Backend, PreparedMarket, Session};
use barloom_bars::Market;
use barloom_dataset::{Dataset, DatasetError, Layout, SampleReader};
use barloom_loader::{Loader, LoaderError, LoaderOptions};
use barloom_market_data::{MarketDataError, market_of_bytes, write_market};
use barloom_plan::{Plan, Planner};
use barloom_recipe::Recipe;

use crate::{Error, Loaded, Source, bounded, load};

/// The samples of one part, or of a dataset without a split: everything that a backend needs. Sets
/// of one dataset share its market and program, so a market that was loaded for one serves all.
#[derive(Clone, Debug)]
pub struct SampleSet {
    /// The resolved recipe, the same for all parts.
    pub recipe: Arc<Recipe>,
    /// The bars, the same for all parts.
    pub market: Arc<Market>,
    /// The plan of the part.
    pub plan: Arc<Plan>,
}

impl SampleSet {
    pub(crate) fn new(recipe: &Arc<Recipe>, market: &Arc<Market>, plan: Plan) -> Self {
        Self { recipe: Arc::clone(recipe), market: Arc::clone(market), plan: Arc::new(plan) }
    }

    /// The name of the part; none without a split.
    #[must_use]
    pub fn part(&self) -> Option<&str> {
        self.plan.part.as_ref().map(|part| part.name.as_str())
    }

    /// The samples as Arrow columns.
    #[must_use]
    pub fn layout(&self) -> Layout {
        Layout::new(&self.plan.program, &self.market)
    }

    /// Loads the market on a backend, for the sessions of all sets of the dataset.
    ///
    /// # Errors
    /// The backend fails.
    pub fn load_on(&self, backend: &dyn Backend) -> Result<Arc<dyn PreparedMarket>, Error> {
        Ok(backend.load(Arc::clone(&self.market), Arc::clone(&self.plan.program))?)
    }

    /// A session that makes these samples and refuses others.
    ///
    /// # Errors
    /// The market is another one, or the backend fails.
    pub fn session(&self, prepared: &Arc<dyn PreparedMarket>) -> Result<Arc<dyn Session>, Error> {
        Ok(bounded::session(prepared, &self.plan)?)
    }

    /// A session that makes any sample, those of fresh epochs too: for [`loader`](Self::loader) and
    /// callers that look themselves which samples there are.
    ///
    /// # Errors
    /// As [`session`](Self::session).
    pub fn endless_session(
        &self,
        prepared: &Arc<dyn PreparedMarket>,
    ) -> Result<Arc<dyn Session>, Error> {
        Ok(Arc::clone(prepared).session(Arc::clone(&self.plan.draws))?)
    }

    /// Batches of these samples for training loops, which an [endless](Self::endless_session)
    /// session makes.
    ///
    /// # Errors
    /// An option is wrong.
    pub fn loader(
        &self,
        session: Arc<dyn Session>,
        options: LoaderOptions,
    ) -> Result<Loader, LoaderError> {
        Loader::new(session, self.plan.samples, options)
    }

    /// The samples with the columns of a stored dataset, as a session makes them.
    #[must_use]
    pub fn reader(&self, session: Arc<dyn Session>) -> SampleReader {
        SampleReader::made(session, self.plan.samples, &self.market)
    }

    /// Refuses more samples at once than there is memory for.
    ///
    /// # Errors
    /// There is no memory for so many.
    pub fn check_room(&self, samples: u64) -> Result<(), LoaderError> {
        barloom_loader::check_room(&self.plan.program, samples)
    }

    /// The bars loaded for another recipe, for studies: they keep their times and segments, and
    /// features whose definition is the same keep their values.
    ///
    /// # Errors
    /// As [`load`].
    pub fn replaced(&self, recipe: &Recipe) -> Result<Loaded, Error> {
        let hidden = recipe.hidden_features();
        let is_new = |one: &(String, String)| !hidden.contains(one);
        let mut stale: Vec<String> =
            self.recipe.hidden_features().into_iter().filter(is_new).map(|one| one.0).collect();
        if !recipe.computes_as(&self.recipe) {
            let columns = self.market.columns().iter().map(|column| column.name.to_string());
            stale.extend(columns.filter(|name| self.recipe.is_feature(name)));
        }
        let market = Market::clone(&self.market);
        let market = market.without(|name| stale.iter().any(|one| one == name));
        load(recipe, Source::Stored(market, recipe.bar_columns()))
    }

    /// The bars as a file `bars.arrow`, of which [`Loaded::of_stored`] with the recipe makes these
    /// samples again.
    ///
    /// # Errors
    /// They cannot be written.
    pub fn stored_bars(&self) -> Result<Vec<u8>, Error> {
        let mut bars = Vec::new();
        let refused = |source| MarketDataError::Io { path: "bars".into(), action: "write", source };
        write_market(&mut bars, &self.market).map_err(refused)?;
        Ok(bars)
    }
}

impl Loaded {
    /// A resolved recipe and the bars that [`SampleSet::stored_bars`] gave.
    ///
    /// # Errors
    /// The bars are damaged, or are not of the recipe.
    pub fn of_stored(recipe: &Recipe, bars: Vec<u8>) -> Result<Self, Error> {
        let market = market_of_bytes("bars", bars, &recipe.stored_columns())?;
        load(recipe, Source::Stored(market, recipe.bar_columns()))
    }

    /// The samples of all parts in time order; of the one there is without a split.
    ///
    /// # Errors
    /// The split does not fit the market, or as [`Loaded::plan`].
    pub fn sets(&self) -> Result<Vec<SampleSet>, Error> {
        let recipe = Arc::new(self.recipe.clone());
        let plans = self.plans()?.into_iter();
        Ok(plans.map(|plan| SampleSet::new(&recipe, &self.market, plan)).collect())
    }
}

/// Opens the dataset in a folder: its samples, made anew from its recipe and bars, which gives the
/// same bits as reading them. Of a dataset with a split they are those of all parts in time order;
/// of the folder of one part, those of the part.
///
/// # Errors
/// There is no whole dataset, it is damaged, or its samples were made by other rules.
pub fn open(path: impl AsRef<Path>) -> Result<Vec<SampleSet>, Error> {
    let datasets = Dataset::open_all(path)?;
    let Some(first) = datasets.first() else { return Ok(Vec::new()) };
    let (recipe, market) = (Arc::new(first.recipe().clone()), Arc::new(first.market()?));
    datasets.iter().try_for_each(Dataset::check_semantics)?;
    let scalers = datasets.iter().map(|one| (one.fold(), &one.manifest().scalers));
    let planner = Planner::with_scalers(&recipe, &market, scalers)?;
    let parts = planner.parts();
    let of_dataset = |dataset: &Dataset| {
        let part = dataset.part_of(&parts)?;
        let set = SampleSet::new(&recipe, &market, planner.plan(part.as_ref())?);
        let (made, said) = (set.plan.samples, dataset.manifest().samples);
        if made != said {
            let path = dataset.path().join("manifest.json");
            let problem = format!("it has {said} samples, but recipe and bars give {made}");
            return Err(DatasetError::Damaged { path, problem }.into());
        }
        Ok(set)
    };
    datasets.iter().map(of_dataset).collect()
}
