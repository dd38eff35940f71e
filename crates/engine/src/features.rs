//! Features of a recipe as columns of its market.

use barloom_bars::{Market, MarketColumn, is_missing};
use barloom_features::Attributes;
use barloom_market_data::Bars;
use barloom_recipe::Recipe;

use crate::{Error, counted};

/// The features that samples hold, and the columns of the bars that they are computed from.
pub(crate) struct Features {
    features: Option<barloom_features::Features>,
    /// The columns of the bars that they use.
    pub(crate) inputs: Vec<String>,
}

impl Features {
    /// Those of a recipe.
    ///
    /// # Errors
    /// The `[features]` table is wrong.
    pub(crate) fn of(recipe: &Recipe) -> Result<Self, Error> {
        if recipe.features.is_empty() {
            return Ok(Self { features: None, inputs: Vec::new() });
        }
        let features = recipe.used_features()?;
        let inputs = features.columns().map(str::to_owned).collect();
        Ok(Self { features: Some(features), inputs })
    }

    /// Refuses bars that lack a column which a feature uses, or have one of a feature's name.
    pub(crate) fn check(&self, recipe: &Recipe, bars: &Bars) -> Result<(), Error> {
        let Some(features) = &self.features else { return Ok(()) };
        let available = bars.columns();
        let problem = features.check_columns(&available);
        Ok(problem.map_err(|error| recipe.feature_error(&error))?)
    }

    /// The market with the features as columns. A note tells how many rows of segments lack one.
    pub(crate) fn add(
        &self,
        recipe: &Recipe,
        market: Market,
        notes: &mut Vec<String>,
    ) -> Result<Market, Error> {
        let Some(features) = &self.features else { return Ok(market) };
        let columns = features
            .evaluate(&market, &Attributes::default())
            .map_err(|error| recipe.feature_error(&error))?;
        notes.extend(columns.iter().filter_map(|column| lacking(column, &market)));
        Ok(market.with_columns(columns)?)
    }
}

/// The note that a feature has no value in some rows of segments.
fn lacking(column: &MarketColumn, market: &Market) -> Option<String> {
    let rows = market.segments().iter().flat_map(|segment| segment.start..segment.end);
    let (mut bars, mut missing) = (0_u64, 0_u64);
    for row in rows {
        bars += 1;
        missing += u64::from(is_missing(column.values[row]));
    }
    let name = &column.name;
    (missing > 0).then(|| {
        format!("the feature {name} has no value at {} of {bars}", counted(missing, "bar"))
    })
}
