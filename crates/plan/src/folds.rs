//! The parts of a market: those of a chronological split, or the roles of folds.

use std::ops::Range;

use barloom_bars::{Anchor, Market, Zone};
use barloom_recipe::Recipe;
use barloom_splits::{Fold, Part, Role};

use crate::PlanError;
use crate::labelled::Labelled;

/// The parts of a market, in the order of their streams.
#[derive(Clone, Debug, Default)]
pub(crate) struct Parts {
    /// The parts; none without a split.
    pub(crate) parts: Vec<Part>,
    /// The folds; none in a chronological split.
    pub(crate) folds: Vec<Fold>,
    /// The rows that each fold's scalers are fitted to, ascending and disjoint.
    fit_rows: Vec<Vec<Range<usize>>>,
}

impl Parts {
    /// Cuts a market as the recipe says.
    ///
    /// # Errors
    /// The `[split]` table is wrong, or does not fit the market.
    pub(crate) fn new(
        recipe: &Recipe,
        market: &Market,
        labelled: &Labelled,
    ) -> Result<Self, PlanError> {
        let Some(settings) = recipe.folds() else {
            let parts = recipe.parts(market)?;
            return Ok(Self { parts, ..Self::default() });
        };
        let zone = recipe.data.feature_anchor.map_or(Zone::UTC, Anchor::zone);
        let folds = settings.scheme.folds(market, zone)?;
        let purge = settings.purge(recipe.dataset.lookback);
        let roles = purge.all_roles(market, &folds, &labelled.lives(market))?;
        let of_fold = |(fold, roles)| Part::of_fold(fold, roles, folds.len());
        let parts = folds.iter().zip(&roles).flat_map(of_fold).collect();
        // Scalers see all bars that training may, not only those on which decisions are taken.
        let wider = labelled.lives_of_all(market);
        let wider = wider.map(|lives| purge.all_roles(market, &folds, &lives)).transpose()?;
        let fitted = wider.as_ref().unwrap_or(&roles);
        let fit_rows = fitted.iter().map(|roles| roles.rows(Role::Train).to_vec()).collect();
        Ok(Self { parts, folds, fit_rows })
    }

    /// The fold that a part is of; 0 where it is of none.
    pub(crate) fn fold_of(part: Option<&Part>) -> usize {
        part.and_then(Part::role).map_or(0, |role| role.fold as usize)
    }

    /// The arena rows that scalers of this name for rows are fitted to, in market order: of a
    /// part, or in folds those of the role `train`. None for all rows of segments.
    pub(crate) fn fit_rows(
        &self,
        market: &Market,
        fold: usize,
        name: Option<&str>,
    ) -> Option<Vec<Range<usize>>> {
        let name = name?;
        if let Some(rows) = self.fit_rows.get(fold) {
            return Some(rows.clone());
        }
        let part = self.parts.iter().find(|part| part.name == name)?;
        let series = 0..market.series().len();
        Some(series.map(|series| part.label_rows(market, series)).collect())
    }
}

/// The rows that are in both lists, which are ascending and disjoint.
pub(crate) fn intersection(a: &[Range<usize>], b: &[Range<usize>]) -> Vec<Range<usize>> {
    let mut both = Vec::new();
    let mut rest = b;
    for one in a {
        while rest.first().is_some_and(|other| other.end <= one.start) {
            rest = &rest[1..];
        }
        let meeting = rest.iter().take_while(|other| other.start < one.end);
        both.extend(meeting.map(|other| other.start.max(one.start)..other.end.min(one.end)));
    }
    both
}
