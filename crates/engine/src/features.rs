//! Features of a recipe as columns of its market, and as a table.

use std::path::Path;

use arrow::array::RecordBatch;
use barloom_bars::{Column, Market, Series};
use barloom_dataset::FeaturesRecord;
use barloom_features::{Attributes, OPTIONAL_COLUMNS};
use barloom_market_data::{
    AttributeTable, Bars, WriteOptions, listed, read_attributes, to_table_of, write,
};
use barloom_recipe::{Recipe, RecipeError};

use crate::lost::lost_bars;
use crate::{Error, OwnColumns, joins};

/// The columns that the presets of a recipe use where the bars have them.
pub(crate) fn optional_columns(recipe: &Recipe) -> impl Iterator<Item = String> {
    let presets = if recipe.data.presets.is_empty() { &[][..] } else { &OPTIONAL_COLUMNS };
    presets.iter().map(|name| (*name).to_owned())
}

/// The features that are columns of the market, and the columns of the bars that they are computed
/// from.
pub(crate) struct Features {
    pub(crate) features: Option<barloom_features::Features>,
    /// The columns of the bars that they use.
    pub(crate) inputs: Vec<String>,
}

impl Features {
    /// The features of a recipe that are columns of its market.
    ///
    /// # Errors
    /// The `[features]` table is wrong, or an expression of a label or of `dataset.where`.
    pub(crate) fn of(recipe: &Recipe) -> Result<Self, Error> {
        if !recipe.has_features() {
            return Ok(Self { features: None, inputs: Vec::new() });
        }
        let features = recipe.used_features()?;
        let inputs = joins::inputs(&features);
        Ok(Self { features: Some(features), inputs })
    }

    /// Refuses bars that lack a column which a feature uses, or have one of a feature's name.
    pub(crate) fn check(
        &self,
        recipe: &Recipe,
        bars: &Bars,
        own: Option<&OwnColumns<'_>>,
    ) -> Result<(), Error> {
        let Some(features) = &self.features else { return Ok(()) };
        let mut available = bars.columns();
        let hidden = recipe.hidden_features();
        let mut all = recipe.features.features.iter().chain(&hidden);
        let both = all.find(|(name, _)| available.contains(&name.as_str()));
        if let Some((name, _)) = both {
            return Err(RecipeError::feature_of_column(name).into());
        }
        available.extend(own.iter().flat_map(|own| &own.names).map(String::as_str));
        let joined = joins::columns(features);
        available.extend(joined.iter().map(String::as_str));
        Ok(features.check_columns(&available).map_err(RecipeError::from)?)
    }

    /// The market with the features as columns.
    pub(crate) fn add(
        &self,
        recipe: &Recipe,
        market: Market,
        notes: &mut Vec<String>,
    ) -> Result<Market, Error> {
        let Some(features) = &self.features else { return Ok(market) };
        check_room(features.names().count(), market.len())?;
        let joins = joins::read(recipe, features, &market, notes)?;
        let joined = joins.iter().flat_map(|join| join.columns_of(&market)).collect();
        let market = market.with_columns(joined)?;
        let columns = features
            .evaluate_joined(&market, &attributes(recipe, features, &market, notes)?, &joins)
            .map_err(RecipeError::from)?;
        Ok(market.with_columns(columns)?)
    }
}

/// Refuses more features than there is memory for, as far as the system tells.
pub(crate) fn check_room(features: usize, bars: usize) -> Result<(), Error> {
    let bytes = bars.saturating_mul(size_of::<f64>()).saturating_mul(features);
    if Vec::<u8>::new().try_reserve_exact(bytes).is_ok() {
        return Ok(());
    }
    let [features, bars, bytes] = [features, bars, bytes].map(|n| n as u64);
    Err(Error::FeaturesRoom { features, bars, bytes })
}

/// The attributes of symbols, if features use some. A note tells which symbols have none.
pub(crate) fn attributes(
    recipe: &Recipe,
    features: &barloom_features::Features,
    market: &Market,
    notes: &mut Vec<String>,
) -> Result<Attributes, Error> {
    let Some(path) = &recipe.data.attributes else { return Ok(Attributes::default()) };
    if !features.uses_attributes() {
        notes.push(format!(
            "no feature that samples hold uses attributes (by=); {path} was not read"
        ));
        return Ok(Attributes::default());
    }
    let AttributeTable { names, symbols } = read_attributes(path)?;
    let spans = market.series().iter().map(|span| span.symbol.as_str());
    let is_there = |symbol: &str| symbols.iter().any(|(known, _)| known == symbol);
    let lacking: Vec<&str> = spans.filter(|symbol| !is_there(symbol)).collect();
    if !lacking.is_empty() {
        let lacking = listed(lacking);
        notes.push(format!("{path} has nothing of {lacking}: functions with by= leave them out"));
    }
    Ok(Attributes { names, symbols })
}

/// Bars with all features of a recipe.
pub(crate) struct Evaluated {
    /// The recipe with its presets written out.
    pub(crate) recipe: Recipe,
    /// The names of the features, in the order of the recipe.
    pub(crate) names: Vec<String>,
    /// The bars.
    series: Vec<Series>,
    /// Bars and features.
    pub(crate) market: Market,
    /// Notes on the reading of the bars.
    notes: Vec<String>,
}

impl Evaluated {
    /// Evaluates all features over a market that keeps these columns of the bars too.
    pub(crate) fn new(
        recipe: &Recipe,
        bars: Bars,
        columns: &[String],
        own: Option<&mut OwnColumns<'_>>,
    ) -> Result<Self, Error> {
        let mut recipe = recipe.clone();
        let stand_ins = recipe.fit_presets(|name| bars.symbols_without(name).is_empty())?;
        let inputs = FeatureTable::used(&recipe)?;
        let features = recipe.all_features()?;
        let names: Vec<String> = features.names().map(str::to_owned).collect();
        let features = Features { features: Some(features), inputs };
        features.check(&recipe, &bars, own.as_deref())?;
        let mut read = bars.into_market_series(recipe.data.on_bad_bar)?;
        if let Some(own) = own {
            read.series = own.added(read.series)?;
        }
        let mut notes = read.notes;
        notes.extend(stand_ins);
        let kept = [columns, &features.inputs].concat();
        let market = Market::with_inputs(&read.series, &[], &kept, recipe.max_gap())?;
        let market = features.add(&recipe, market, &mut notes)?;
        Ok(Self { recipe, names, series: read.series, market, notes })
    }
}

/// All features of a recipe over bars: a row a bar, with `symbol` and `ts`, the bar's open.
pub struct FeatureTable {
    /// The names of the features, in the order of the recipe.
    pub names: Vec<String>,
    /// Bars and features.
    series: Vec<Series>,
    /// Notes: how many bars lack features, and those on the reading of the bars.
    pub notes: Vec<String>,
}

impl FeatureTable {
    /// The columns of bars that the features of a recipe use: what must be read for them.
    ///
    /// # Errors
    /// The recipe has no features, or wrong ones.
    pub fn columns(recipe: &Recipe) -> Result<Vec<String>, Error> {
        let mut fitted = recipe.clone();
        fitted.fit_presets(|_| true)?;
        let mut columns = Self::used(&fitted)?;
        let optional = optional_columns(recipe).filter(|name| !columns.contains(name));
        columns.extend(optional.collect::<Vec<_>>());
        Ok(columns)
    }

    /// The columns of the bars that all features use.
    fn used(recipe: &Recipe) -> Result<Vec<String>, Error> {
        if recipe.features.is_empty() {
            return Err(Error::NoFeatures);
        }
        Ok(joins::inputs(&recipe.all_features()?))
    }

    /// Evaluates all features of a recipe over bars. Channels and scalers of the recipe do not
    /// matter.
    ///
    /// # Errors
    /// The recipe has no features, or wrong ones; the bars lack a column that one uses, hold
    /// unusable ones that are not to be dropped, or make no market.
    pub fn new(recipe: &Recipe, bars: Bars) -> Result<Self, Error> {
        Self::with_own(recipe, bars, None)
    }

    /// As [`new`](Self::new), with columns that the caller computes from the bars.
    ///
    /// # Errors
    /// As [`new`](Self::new); the caller's function fails; the bars have a column of such a name.
    pub fn with_own(
        recipe: &Recipe,
        bars: Bars,
        own: Option<&mut OwnColumns<'_>>,
    ) -> Result<Self, Error> {
        let Evaluated { recipe, names, series, market, mut notes } =
            Evaluated::new(recipe, bars, &[], own)?;
        let shown: Vec<&str> = names.iter().map(String::as_str).collect();
        let record = FeaturesRecord::of(&shown, recipe.data.feature_history, &market);
        notes.extend(lost_bars(&record).map(|lost| format!("bars without a value: {lost}")));
        let of_span = |(one, span): (&Series, &barloom_bars::SeriesSpan)| {
            let of = |name: &str| {
                let values = market.column(name).unwrap_or(&[]);
                Column::new(name, values[span.start..span.end].to_vec())
            };
            let prices = barloom_bars::PRICE_COLUMNS.into_iter().map(of);
            let columns = prices.chain(names.iter().map(|name| of(name.as_str()))).collect();
            Series::new(one.symbol(), one.ts().to_vec(), columns)
        };
        let series = series.iter().zip(market.series()).map(of_span);
        let series = series.collect::<Result<_, _>>()?;
        Ok(Self { names, series, notes })
    }

    /// Number of rows: bars.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.series.iter().map(Series::len).sum()
    }

    /// The table: `symbol`, `ts` and the features, null where one has no value.
    ///
    /// # Errors
    /// There are more than 2^31 symbols.
    pub fn table(&self) -> Result<RecordBatch, Error> {
        Ok(to_table_of(&self.series, Some(&self.names))?)
    }

    /// Writes the table to a file, by its ending: `.parquet`, `.arrow` or `.feather`, `.csv`.
    ///
    /// # Errors
    /// The ending is unknown, the file is there and is not to be replaced, it cannot be written,
    /// or writing was stopped.
    pub fn write(&self, path: &Path, options: WriteOptions<'_>) -> Result<(), Error> {
        let options = WriteOptions { columns: Some(&self.names), ..options };
        Ok(write(path, &self.series, options)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn features_beyond_memory_are_refused() {
        check_room(4_096, 100).unwrap();
        for (features, bars) in [(4_096, 1 << 42), (1 << 30, usize::MAX / 2)] {
            let error = check_room(features, bars).unwrap_err();
            let told = error.to_string();
            assert!(told.contains("there is no memory") && told.contains("fewer bars"), "{told}");
            assert_eq!(error.kind(), crate::ErrorKind::Io);
        }
    }
}
