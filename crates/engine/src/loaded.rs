//! A market and the recipe that fits it.

use std::collections::BTreeMap;
use std::sync::Arc;

use barloom_backend::{Backend, Session};
use barloom_bars::Market;
use barloom_dataset::FeaturesRecord;
use barloom_doctor::{Finding, Severity};
use barloom_features::FUNCTIONS_VERSION;
use barloom_market_data::Joined;
use barloom_plan::{Plan, Planner};
use barloom_recipe::Recipe;
use barloom_splits::Part;

use crate::features::Features;
use crate::{Error, OwnColumns, SampleSet, Source, counted, lost_bars};

/// A market, the recipe resolved against it, and what was done to get it.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// The recipe: its columns named as the market's columns are, the value that is used in place
    /// of each `"auto"`.
    pub recipe: Recipe,
    /// The bars, laid end to end and cut into segments.
    pub market: Arc<Market>,
    /// The number of dropped bars, by fault.
    pub dropped: BTreeMap<String, u64>,
    /// Number of bars whose high or low was widened to hold their open and close.
    pub widened: u64,
    /// Files that were joined into one series though their names differ by more than dates.
    pub joined: Vec<Joined>,
    /// Notes on the reading of the bars, and how many bars lack features.
    pub notes: Vec<String>,
    /// The features that samples hold, if they hold some.
    pub features: Option<FeaturesRecord>,
    /// Warnings of the doctor: the findings of [`check`](barloom_doctor::check) that are not
    /// errors.
    pub warnings: Vec<Finding>,
}

/// Makes a market of the source as the recipe wants it, and resolves the recipe against it.
///
/// # Errors
/// The bars lack a channel, hold unusable ones that are not to be dropped, or make no market; the
/// recipe is wrong.
pub fn load(recipe: &Recipe, source: Source) -> Result<Loaded, Error> {
    load_with(recipe, source, None)
}

/// As [`load`], with columns that the caller computes from the bars. A dataset's bars get none.
///
/// # Errors
/// As [`load`]; the caller's function fails; the bars have a column of such a name.
pub fn load_with(
    recipe: &Recipe,
    source: Source,
    mut own: Option<&mut OwnColumns<'_>>,
) -> Result<Loaded, Error> {
    let mut is_computed = false;
    let unresolved = match source {
        Source::Bars(bars) => {
            let mut recipe = recipe.clone();
            let stand_ins = recipe.fit_presets(|name| bars.symbols_without(name).is_empty())?;
            let missing = recipe.fit_channels(|name| bars.symbols_without(name).is_empty());
            let left_out = missing.first().map(|name| left_out(name, &bars.symbols_without(name)));
            let features = Features::of(&recipe)?;
            features.check(&recipe, &bars, own.as_deref())?;
            let recipe = named_as(&recipe, &bars.find_columns(&recipe.bar_columns())?);
            let mut warnings = barloom_doctor::check(&bars).findings;
            warnings.retain(|finding| finding.severity == Severity::Warning);
            let mut read = bars.into_market_series(recipe.data.on_bad_bar)?;
            if let Some(own) = &mut own {
                read.series = own.added(read.series)?;
            }
            let (channels, gap) = (recipe.bar_channels(), recipe.max_gap());
            let inputs = [recipe.bar_columns(), features.inputs.clone()].concat();
            let market = Market::with_inputs(&read.series, &channels, &inputs, gap)?;
            let barloom_market_data::Loaded { dropped, widened, joined, mut notes, .. } = read;
            notes.extend(left_out.into_iter().chain(stand_ins));
            let market = Arc::new(features.add(&recipe, market, &mut notes)?);
            is_computed = true;
            let features = None;
            Loaded { recipe, market, dropped, widened, joined, notes, features, warnings }
        }
        Source::Stored(market, columns) => {
            let note = "these bars come from a dataset and keep its times and segments; max_gap, \
                on_bad_bar, timezone, stamp and other keys for reading bars were applied when they were stored";
            let mut recipe = recipe.clone();
            let mut notes = vec![note.to_owned()];
            notes.extend(recipe.fit_presets(|name| market.column(name).is_some())?);
            recipe.fit_channels(|name| market.column(name).is_some());
            let recipe = named_as(&recipe, &columns);
            // A dataset has its features as columns.
            let is_there = |name: &String| market.column(name).is_some();
            let market = match recipe.stored_columns().iter().all(is_there) {
                true => market,
                false => {
                    is_computed = true;
                    Features::of(&recipe)?.add(&recipe, market, &mut notes)?
                }
            };
            Loaded {
                recipe,
                market: Arc::new(market),
                dropped: BTreeMap::new(),
                widened: 0,
                joined: Vec::new(),
                notes,
                features: None,
                warnings: Vec::new(),
            }
        }
    };
    let market = &unresolved.market;
    let counts = [
        (market.len(), "bar"),
        (market.series().len(), "symbol"),
        (market.segments().len(), "segment"),
    ];
    let [bars, symbols, segments] = counts.map(|(n, what)| counted(n as u64, what));
    tracing::info!("{bars} of {symbols} in {segments}");
    let recipe = unresolved.recipe.resolve(market)?;
    let functions_version = is_computed.then_some(FUNCTIONS_VERSION);
    let features = FeaturesRecord::new(&recipe, market)
        .map(|features| FeaturesRecord { functions_version, ..features });
    let lost = features.as_ref().and_then(lost_bars);
    let mut notes = unresolved.notes;
    notes.extend(lost.map(|lost| format!("bars without a value: {lost}")));
    Ok(Loaded { recipe, notes, features, ..unresolved })
}

impl Loaded {
    /// The parts of the recipe's split in time order; one `None` without a split.
    ///
    /// # Errors
    /// The split does not fit the market.
    pub fn parts(&self) -> Result<Vec<Option<Part>>, Error> {
        Ok(Planner::new(&self.recipe, &self.market)?.parts())
    }

    /// Plans the samples of one part, or of all bars.
    ///
    /// # Errors
    /// The recipe gives the part no sample, or too many; the market has no position for it, lacks
    /// a channel, or a channel holds a value that its scaler can't take.
    pub fn plan(&self, part: Option<&Part>) -> Result<Plan, Error> {
        Plan::new(&self.recipe, &self.market, part)
            .map_err(|error| self.advised(error, |planner| planner.plan(part).is_ok()))
    }

    /// The plans of all parts, in their order, which share one program.
    ///
    /// # Errors
    /// The split does not fit the market, or as [`plan`](Self::plan).
    pub fn plans(&self) -> Result<Vec<Plan>, Error> {
        let planner = Planner::new(&self.recipe, &self.market)?;
        let parts = planner.parts();
        let plans = planner.plans(&parts);
        plans.map_err(|error| self.advised(error, |planner| planner.plans(&parts).is_ok()))
    }

    /// A session on the backend that fills blocks with samples of one part, or of all bars, and
    /// refuses others. [`sets`](Self::sets) serve several parts.
    ///
    /// # Errors
    /// As [`plan`](Self::plan); the backend fails.
    pub fn session(
        &self,
        backend: &dyn Backend,
        part: Option<&Part>,
    ) -> Result<Arc<dyn Session>, Error> {
        let set = SampleSet::new(&Arc::new(self.recipe.clone()), &self.market, self.plan(part)?);
        set.session(&set.load_on(backend)?)
    }
}

/// The recipe with its columns named as the bars' are: `Adj Close` is `adj_close`. `columns` are
/// the names of [`Recipe::bar_columns`].
fn named_as(recipe: &Recipe, columns: &[String]) -> Recipe {
    let mut named = recipe.clone();
    let written = recipe.bar_columns();
    let names: BTreeMap<&String, &String> = written.iter().zip(columns).collect();
    for (written, name) in &names {
        for scalers in [&mut named.scaling.channels, &mut named.scaling.snapshot] {
            if let Some(scaler) = scalers.remove(*written) {
                scalers.insert((*name).clone(), scaler);
            }
        }
    }
    let renamed = |list: &[String]| -> Vec<String> {
        list.iter().map(|name| names.get(name).map_or(name, |name| *name).clone()).collect()
    };
    named.data.channels = renamed(&recipe.data.channels).into();
    named.data.snapshot = renamed(&recipe.data.snapshot);
    named.rename_label_columns(&names);
    named
}

/// The note that `data.channels = "auto"` leaves out a column, as these symbols have none.
fn left_out(column: &str, symbols: &[&str]) -> String {
    let first = symbols.first().copied().unwrap_or_default();
    let whose = match symbols.len() {
        0 | 1 => format!("{first} has"),
        many => format!("{first} and {} more have", many - 1),
    };
    format!("{whose} no {column} column, so windows hold only prices (data.channels = \"auto\")")
}
