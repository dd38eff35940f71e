//! Weights of samples: the product of the kinds that a recipe names.

use std::ops::Range;

use barloom_bars::{Market, is_missing};
use barloom_labels::{
    LabelColumn, MISSING_CLASS, Table, Values, balance, return_attribution, time_decay, uniqueness,
};
use barloom_recipe::{Recipe, WeightKind, WeightSettings};
use barloom_rewards::Entry;

use crate::PlanError;

/// The labels that weights depend on.
pub(crate) struct Of<'a> {
    pub(crate) recipe: &'a Recipe,
    pub(crate) market: &'a Market,
    /// The tables of the recipe's labels, in their order.
    pub(crate) tables: &'a [Table],
    /// The columns of samples, classes among them.
    pub(crate) columns: &'a [LabelColumn],
}

impl Of<'_> {
    /// The weight of each row that a sample of a part may stand on; elsewhere 0. It depends on all
    /// of these rows, and on no draw.
    ///
    /// # Errors
    /// A column of weights is missing, negative or not finite on one of the rows; all weights are
    /// 0.
    pub(crate) fn weights(
        &self,
        settings: &WeightSettings,
        rows: &[Range<usize>],
    ) -> Result<Vec<f32>, PlanError> {
        let mut product = vec![0.0; self.market.len()];
        rows.iter().cloned().flatten().for_each(|row| product[row] = 1.0);
        for kind in &settings.kinds {
            let factors = self.factors(kind, settings, rows)?;
            rows.iter().cloned().flatten().for_each(|row| product[row] *= factors[row]);
        }
        let weights: Vec<f32> = product.iter().map(|weight| *weight as f32).collect();
        let has_weight = |row: usize| weights[row] > 0.0;
        if !rows.is_empty() && !rows.iter().cloned().flatten().any(has_weight) {
            return Err(PlanError::NoWeights { part: None });
        }
        Ok(weights)
    }

    fn factors(
        &self,
        kind: &WeightKind,
        settings: &WeightSettings,
        rows: &[Range<usize>],
    ) -> Result<Vec<f64>, PlanError> {
        let Self { recipe, market, .. } = *self;
        let life = || self.table(settings).map_or(&[][..], |table| &table.life);
        Ok(match kind {
            WeightKind::Uniqueness => uniqueness(market, rows, life()),
            WeightKind::Return => {
                let entry = match recipe.reward_settings(market)?.entry {
                    Entry::NextOpen => market.open(),
                    Entry::NextClose => market.close(),
                };
                return_attribution(market, rows, life(), |row| entry[row])
            }
            WeightKind::TimeDecay => time_decay(market, rows, settings.half_life.unwrap_or(1)),
            WeightKind::Balance => balance(market, rows, |row| self.class(settings, row)),
            WeightKind::Column(name) => self.column(name, rows)?,
        })
    }

    /// The table of the label whose life counts.
    fn table(&self, settings: &WeightSettings) -> Option<&Table> {
        let label = settings.label(&self.recipe.labels)?;
        let place = self.recipe.labels.iter().position(|one| one.name == label.name)?;
        self.tables.get(place)
    }

    /// The class of a row: that of the label's first column of classes.
    fn class(&self, settings: &WeightSettings, row: usize) -> Option<i8> {
        let names = settings.label(&self.recipe.labels)?.columns();
        let of_label = self.columns.iter().filter(|column| names.contains(&column.name));
        let classes = of_label.filter_map(|column| match &column.values {
            Values::I8(values) => Some(values),
            _ => None,
        });
        classes.take(1).map(|values| values[row]).find(|class| *class != MISSING_CLASS)
    }

    fn column(&self, name: &str, rows: &[Range<usize>]) -> Result<Vec<f64>, PlanError> {
        let missing = || PlanError::MissingColumn { key: "weights.kind", column: name.to_owned() };
        let values = self.market.column(name).ok_or_else(missing)?;
        let is_wrong = |row: &usize| is_missing(values[*row]) || values[*row] < 0.0;
        if let Some(row) = rows.iter().cloned().flatten().find(is_wrong) {
            let series = self.market.series().partition_point(|span| span.end <= row);
            let span = &self.market.series()[series];
            return Err(PlanError::Weight {
                column: name.to_owned(),
                value: values[row],
                symbol: span.symbol.clone(),
                bar: row - span.start,
            });
        }
        Ok(values.to_vec())
    }
}
