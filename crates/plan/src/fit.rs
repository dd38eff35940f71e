//! Scalers fitted to rows of a market.

use std::ops::Range;
use std::sync::Arc;

use barloom_backend::Channel;
use barloom_bars::{Market, is_missing};
use barloom_recipe::{FitSettings, Recipe, ScalerSetting};
use barloom_scaling::{FitError, Fitted, FittedScaler, FittedScalers, Per};

use crate::folds::{Parts, intersection};
use crate::{PlanError, Unfitted};

/// The word for the rows of all parts.
const ALL: &str = "all";

/// The keys of a recipe under which columns are named.
#[derive(Clone, Copy)]
struct Keys {
    data: &'static str,
    scaling: &'static str,
}

const CHANNELS: Keys = Keys { data: "data.channels", scaling: "scaling" };
const SNAPSHOT: Keys = Keys { data: "data.snapshot", scaling: "scaling.snapshot" };

/// The columns of a program with their scalers. These are fitted to a market, or are `known`.
pub(crate) struct Columns<'a> {
    pub(crate) recipe: &'a Recipe,
    pub(crate) market: &'a Market,
    pub(crate) parts: &'a Parts,
    /// The fold whose train rows scalers are fitted to, where there are folds.
    pub(crate) fold: usize,
    pub(crate) known: Option<&'a FittedScalers>,
}

impl Columns<'_> {
    /// The channels.
    pub(crate) fn channels(&self) -> Result<Vec<Channel>, PlanError> {
        let of = |name: &String| {
            let stored = self.known.map(|known| known.channels.get(name));
            self.column(CHANNELS, name, &self.recipe.channel_scaler(name), stored)
        };
        self.recipe.data.channels.iter().map(of).collect()
    }

    /// The columns of the snapshot.
    pub(crate) fn snapshot(&self) -> Result<Vec<Channel>, PlanError> {
        let of = |name: &String| {
            let stored = self.known.map(|known| known.snapshot.get(name));
            self.column(SNAPSHOT, name, &self.recipe.snapshot_scaler(name), stored)
        };
        self.recipe.data.snapshot.iter().map(of).collect()
    }

    /// A column with its scaler; `stored` is what stands for it in the place of a fit.
    fn column(
        &self,
        keys: Keys,
        name: &str,
        setting: &ScalerSetting,
        stored: Option<Option<&FittedScaler>>,
    ) -> Result<Channel, PlanError> {
        let settings = match setting {
            ScalerSetting::Named(scaler) => return Ok(Channel::new(name, *scaler)),
            ScalerSetting::Fitted(settings) => settings,
        };
        let key = || format!("{}.{name}", keys.scaling);
        let fitted = match stored {
            None => self.fit(keys.data, &key(), name, settings)?,
            Some(stored) => {
                let series = self.market.series().len();
                let known = stored.filter(|one| one.is_valid(series) && is_of(one, settings));
                known.cloned().ok_or_else(|| PlanError::NoStoredScaler { key: key() })?
            }
        };
        let fitted = Some(Arc::new(fitted));
        Ok(Channel { name: name.to_owned(), scaler: setting.of_window(), fitted })
    }

    /// Fits the scaler of a column.
    fn fit(
        &self,
        data_key: &'static str,
        key: &str,
        name: &str,
        settings: &FitSettings,
    ) -> Result<FittedScaler, PlanError> {
        let market = self.market;
        let Some(column) = market.column(name) else {
            let available: Vec<&str> = market.columns().iter().map(|c| &*c.name).collect();
            let (channel, available) = (name.to_owned(), available.join(", "));
            return Err(PlanError::MissingChannel { key: data_key, channel, available });
        };
        let within = self.parts.fit_rows(market, self.fold, settings.part());
        let within = within.as_deref();
        let refused = |symbol: Option<&str>, error: FitError| {
            PlanError::Fit(Box::new(Unfitted {
                key: key.to_owned(),
                column: name.to_owned(),
                kind: settings.kind.name(),
                part: settings.part().map(str::to_owned),
                symbol: symbol.map(str::to_owned),
                error,
            }))
        };
        let series = 0..market.series().len();
        let values = |series: usize| rows_of(market, series, within, column);
        let parameters = match settings.per {
            Per::Market => {
                let all: Vec<f64> = series.flat_map(values).collect();
                vec![Fitted::fit(settings.kind, &all).map_err(|error| refused(None, error))?]
            }
            Per::Symbol => {
                let of = |at: usize| {
                    let symbol = Some(market.series()[at].symbol.as_str());
                    Fitted::fit(settings.kind, &values(at)).map_err(|error| refused(symbol, error))
                };
                series.map(of).collect::<Result<_, _>>()?
            }
        };
        let fit = settings.part().unwrap_or(ALL).to_owned();
        Ok(FittedScaler { fit, per: settings.per, clip: settings.clip, parameters })
    }
}

/// The values of a series that a scaler is fitted to, in order: those that are there on rows in
/// segments and within ranges.
fn rows_of(
    market: &Market,
    series: usize,
    within: Option<&[Range<usize>]>,
    column: &[f64],
) -> Vec<f64> {
    let segments = market.segments().iter().filter(|segment| segment.series as usize == series);
    let segments: Vec<Range<usize>> = segments.map(|one| one.start..one.end).collect();
    let ranges = match within {
        None => segments,
        Some(within) => intersection(&segments, within),
    };
    let rows = ranges.into_iter().flatten();
    rows.filter_map(|row| column.get(row).copied()).filter(|x| !is_missing(*x)).collect()
}

/// Tells whether a scaler is one of these settings.
fn is_of(scaler: &FittedScaler, settings: &FitSettings) -> bool {
    let FittedScaler { fit, per, clip, parameters } = scaler;
    fit == settings.part().unwrap_or(ALL)
        && (*per, *clip) == (settings.per, settings.clip)
        && parameters.iter().all(|one| one.kind() == settings.kind)
}
