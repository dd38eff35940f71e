//! Slower series of a recipe, joined to the bars of its market.

use barloom_bars::Market;
use barloom_features::{Features, JOIN, Join, Records, join_parts};
use barloom_files::Watch;
use barloom_market_data::{
    MarketDataError, ReadOptions, ValueColumns, ValueSeries, listed, read_values,
};
use barloom_recipe::{By, JoinSettings, MissingSymbol, Recipe, RecipeError};

use crate::Error;

/// The columns of the bars that features use and that are no values of joins.
pub(crate) fn inputs(features: &Features) -> Vec<String> {
    features.columns().filter(|name| join_parts(name).is_none()).map(str::to_owned).collect()
}

/// The columns that features use and that are values of joins.
pub(crate) fn columns(features: &Features) -> Vec<String> {
    features.columns().filter(|name| join_parts(name).is_some()).map(str::to_owned).collect()
}

/// Reads the joins that features use. A column that the market has already, as that of a dataset
/// does, is not joined again. Notes tell of joins that no feature uses, and of symbols that one
/// lacks.
///
/// # Errors
/// A join has no files, or these cannot be read, or lack a column or a symbol.
pub(crate) fn read(
    recipe: &Recipe,
    features: &Features,
    market: &Market,
    notes: &mut Vec<String>,
) -> Result<Vec<Join>, Error> {
    let is_new = |name: &str| market.column(name).is_none();
    read_some(recipe, features, market, notes, &is_new)
}

/// As [`read`], the columns that `is_wanted` says.
///
/// # Errors
/// As [`read`].
pub(crate) fn read_some(
    recipe: &Recipe,
    features: &Features,
    market: &Market,
    notes: &mut Vec<String>,
    is_wanted: &dyn Fn(&str) -> bool,
) -> Result<Vec<Join>, Error> {
    let used = columns(features);
    let mut joins = Vec::new();
    for (i, join) in recipe.data.join.iter().enumerate() {
        let values = used.iter().filter_map(|name| join_parts(name));
        let values = values.filter(|(name, _)| *name == join.name);
        let values: Vec<String> = values.map(|(_, value)| value.to_owned()).collect();
        if values.is_empty() {
            notes.push(format!(
                "no channel and no column of the snapshot uses the join {0}; it was not read. A \
                 feature uses a value as {JOIN}{0}.VALUE",
                join.name
            ));
            continue;
        }
        let is_wanted = |value: &String| is_wanted(&format!("{JOIN}{}.{value}", join.name));
        let values: Vec<String> = values.into_iter().filter(is_wanted).collect();
        if values.is_empty() {
            continue;
        }
        if join.files.is_empty() {
            let problem = format!(
                "the join {} has no files, and the bars have no values of it; add files = \
                 \"{0}/*.parquet\"",
                join.name
            );
            return Err(RecipeError::conflict(format!("data.join[{i}].files"), problem).into());
        }
        let error = |because: MarketDataError| Error::Join {
            name: join.name.clone(),
            because: Box::new(because),
        };
        let options = ReadOptions {
            timezone: recipe.data.timezone.clone(),
            columns: Some(values.clone()),
            values: Some(ValueColumns {
                time: join.time.clone(),
                by_symbol: join.by == By::Symbol,
            }),
            watch: Watch::default(),
            ..ReadOptions::default()
        };
        let series = read_values(&join.files, &options).map_err(error)?;
        let of_series = of_series(join, market, &series, notes).map_err(error)?;
        let records = |one: ValueSeries| Records {
            times: one.times,
            values: one.columns.into_iter().map(|column| column.values).collect(),
        };
        joins.push(Join {
            name: join.name.clone(),
            columns: values,
            as_of: join.as_of,
            records: series.into_iter().map(records).collect(),
            of_series,
        });
    }
    Ok(joins)
}

/// The place of the records of each series of the market.
fn of_series(
    join: &JoinSettings,
    market: &Market,
    series: &[ValueSeries],
    notes: &mut Vec<String>,
) -> Result<Vec<Option<usize>>, MarketDataError> {
    if join.by == By::All {
        return Ok(vec![Some(0); market.series().len()]);
    }
    let place = |symbol: &str| series.iter().position(|one| one.symbol == symbol);
    let places: Vec<Option<usize>> =
        market.series().iter().map(|span| place(&span.symbol)).collect();
    let lacking: Vec<&str> = market
        .series()
        .iter()
        .zip(&places)
        .filter(|(_, place)| place.is_none())
        .map(|(span, _)| span.symbol.as_str())
        .collect();
    if lacking.is_empty() {
        return Ok(places);
    }
    if join.missing == MissingSymbol::Allow {
        notes.push(format!("the join {} has no records of {}", join.name, listed(lacking)));
        return Ok(places);
    }
    let known = listed(series.iter().map(|one| one.symbol.as_str()));
    let problem = format!(
        "there are no records of {}; there are those of {known}. Set missing = \"allow\" for missing \
         values, or leave `by` out if the records are of all symbols",
        listed(lacking)
    );
    Err(MarketDataError::File { file: join.files.join(", "), problem })
}
