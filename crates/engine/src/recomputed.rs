//! Features computed again from the columns of a market that has them.

use barloom_bars::{Market, MarketColumn};
use barloom_dataset::{Dataset, DatasetError, FeaturesVerified, Verified};
use barloom_features::{Attributes, FUNCTIONS_VERSION, join_parts};
use barloom_plan::{PlanError, Planner};
use barloom_recipe::{History, Recipe, RecipeError, WarmUp};

use crate::features::{Features, check_room};
use crate::{Error, Loaded};

/// The features of a market beside those that its other columns give.
struct Recomputed {
    /// Number of features that were computed again.
    features: u64,
    /// Features that need more than the columns of the market.
    unstored: Vec<String>,
    /// The first difference of each feature that has other bits.
    differences: Vec<String>,
}

/// Computes the features that are columns of a market from its other columns.
fn recompute(recipe: &Recipe, market: &Market) -> Result<Recomputed, Error> {
    let features = recipe.used_features()?;
    let unstored = features.unstored();
    let names: Vec<&str> = features.names().filter(|name| !unstored.contains(name)).collect();
    let mut columns = Vec::new();
    if !names.is_empty() {
        check_room(names.len(), market.len())?;
        let bars = market.clone().without(|name| recipe.is_feature(name));
        let features = features.only(&names);
        columns = features.evaluate(&bars, &Attributes::default()).map_err(RecipeError::from)?;
    }
    Ok(Recomputed {
        features: names.len() as u64,
        differences: columns.iter().filter_map(|made| difference(made, market)).collect(),
        unstored: unstored.into_iter().map(str::to_owned).collect(),
    })
}

/// The first row on which a column of the market has other bits.
fn difference(made: &MarketColumn, market: &Market) -> Option<String> {
    let name = &made.name;
    let Some(stored) = market.column(name) else {
        return Some(format!("there is no column of the feature {name}"));
    };
    let differs = |(stored, made): (&f64, &f64)| {
        stored.to_bits() != made.to_bits() && !(stored.is_nan() && made.is_nan())
    };
    let row = stored.iter().zip(made.values.iter()).position(differs)?;
    let span = market.series().iter().find(|span| (span.start..span.end).contains(&row))?;
    let (bar, symbol) = (row - span.start, &span.symbol);
    let (stored, made) = (stored[row], made.values[row]);
    Some(format!(
        "the feature {name} is {stored:?} in bar {bar} of {symbol}, and the bars give {made:?}"
    ))
}

impl Loaded {
    /// The error of a plan with the settings of features under which there are samples, each tried.
    pub(crate) fn advised(&self, error: PlanError, plans: impl Fn(&Planner<'_>) -> bool) -> Error {
        let is_computed = self.features.as_ref().is_some_and(|f| f.functions_version.is_some());
        if !error.lacks_inputs() || !is_computed {
            return error.into();
        }
        let (history, warm_up) = (History::Series, WarmUp::Defined);
        let helps = |history: Option<History>, warm_up: Option<WarmUp>| {
            let mut recipe = self.recipe.clone();
            recipe.data.feature_history = history.unwrap_or(recipe.data.feature_history);
            recipe.data.feature_warmup = warm_up.unwrap_or(recipe.data.feature_warmup);
            let planned = |market: &Market| Planner::new(&recipe, market).is_ok_and(|p| plans(&p));
            recipe.data != self.recipe.data
                && self.with_features_of(&recipe).is_ok_and(|market| planned(&market))
        };
        let (series, defined) =
            ("data.feature_history = \"series\"", "data.feature_warmup = \"defined\"");
        let ways = match (helps(Some(history), None), helps(None, Some(warm_up))) {
            (true, true) => format!("{series}, or with {defined},"),
            (true, false) => series.to_owned(),
            (false, true) => defined.to_owned(),
            (false, false) if helps(Some(history), Some(warm_up)) => {
                format!("{series} and {defined} together")
            }
            (false, false) => return error.into(),
        };
        Error::MissingFeatures { error: Box::new(error), ways }
    }

    /// The bars with features that are computed by the settings of another recipe.
    fn with_features_of(&self, recipe: &Recipe) -> Result<Market, Error> {
        // Values of joins are read again, as coarser bars need their records.
        let is_read = |name: &str| {
            let join = join_parts(name).map(|(join, _)| join);
            recipe
                .data
                .join
                .iter()
                .any(|known| join == Some(&known.name) && !known.files.is_empty())
        };
        let market = Market::clone(&self.market);
        let market = market.without(|name| recipe.is_feature(name) || is_read(name));
        Features::of(recipe)?.add(recipe, market, &mut Vec::new())
    }
}

/// Compares the features of a dataset with those that its bars give, if its functions have the
/// version of this build. Faults are added to the findings.
///
/// # Errors
/// The bars cannot be read, or there is no memory for the features.
pub(crate) fn verify_features(dataset: &Dataset, verified: &mut Verified) -> Result<(), Error> {
    let Some(record) = &dataset.manifest().features else { return Ok(()) };
    let all = || record.lost.keys().cloned().collect();
    let because = match record.functions_version {
        Some(FUNCTIONS_VERSION) => None,
        Some(other) => Some(format!(
            "functions of version {other} computed them, and this build has version \
             {FUNCTIONS_VERSION}"
        )),
        None => Some("the version of their functions is unknown".to_owned()),
    };
    if because.is_some() {
        verified.features = Some(FeaturesVerified { compared: 0, skipped: all(), because });
        return Ok(());
    }
    let market = dataset.market()?;
    let Recomputed { features, unstored, differences } = recompute(dataset.recipe(), &market)?;
    let path = dataset.path().join("bars.arrow");
    for problem in differences {
        let path = path.clone();
        verified.problems.push(DatasetError::Damaged { path, problem }.into());
    }
    let because = (!unstored.is_empty()).then(|| {
        "a dataset has no attributes of symbols, and no records of joins for coarser bars"
            .to_owned()
    });
    verified.features = Some(FeaturesVerified { compared: features, skipped: unstored, because });
    Ok(())
}
