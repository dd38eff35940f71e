//! The labels of a market, and the rows on which samples may stand.

use std::ops::Range;
use std::sync::Arc;

use barloom_bars::{Across, Interval, Market, close_times, is_missing};
use barloom_labels::{Context, LabelsError, Table, Values, across};
use barloom_recipe::{CONDITION, Recipe};
use barloom_rewards::{MarketIndex, Prices};
use barloom_splits::{Lives, Part};

use crate::PlanError;

/// The labels of a market, and the rows on which samples may stand.
#[derive(Clone, Debug, Default)]
pub(crate) struct Labelled {
    /// The tables of the recipe's labels, in their order.
    pub(crate) tables: Vec<Table>,
    /// The rows on which decisions may be taken, ascending and disjoint, each range of one series;
    /// none where all may.
    pub(crate) decisions: Option<Vec<Range<usize>>>,
    /// What is known of rows; none where samples may stand wherever they fit.
    rows: Option<Rows>,
}

/// The bars that a sample on each row depends on, by arena row.
#[derive(Clone, Debug)]
struct Rows {
    /// Their number from the row on, its own included; 0 where no sample may stand.
    life: Vec<u32>,
    /// As `life`, also on rows that the recipe's `where` and `session` leave out.
    of_all: Option<Vec<u32>>,
}

impl Labelled {
    /// Computes the labels of a market.
    ///
    /// # Errors
    /// A label is wrong, or the market lacks one of its columns.
    pub(crate) fn new(recipe: &Recipe, market: &Market) -> Result<Self, PlanError> {
        let tables = tables(recipe, market)?;
        let decisions = decisions(recipe, market)?;
        let is_folded = recipe.folds().is_some();
        if tables.is_empty() && decisions.is_none() && !is_folded {
            return Ok(Self::default());
        }
        let of_all = lives(recipe, market, &tables);
        let rows = match &decisions {
            None => Rows { life: of_all, of_all: None },
            Some(decisions) => {
                let mut life = vec![0; market.len()];
                for rows in decisions {
                    life[rows.clone()].copy_from_slice(&of_all[rows.clone()]);
                }
                Rows { life, of_all: Some(of_all) }
            }
        };
        Ok(Self { tables, decisions, rows: Some(rows) })
    }

    /// The life of the samples on each row, by which folds are purged.
    pub(crate) fn lives(&self, market: &Market) -> Lives {
        let life = self.rows.as_ref().map_or_else(Vec::new, |rows| rows.life.clone());
        Lives::new(market, life)
    }

    /// As [`lives`](Self::lives), also on rows that the recipe's `where` and `session` leave out;
    /// none where they leave out no row.
    pub(crate) fn lives_of_all(&self, market: &Market) -> Option<Lives> {
        let of_all = self.rows.as_ref()?.of_all.as_ref()?;
        Some(Lives::new(market, of_all.clone()))
    }

    /// The rows of a part on which samples may stand, as far as labels tell; none where they tell
    /// nothing.
    pub(crate) fn rows(&self, market: &Market, part: Option<&Part>) -> Option<Vec<Range<usize>>> {
        if let Some(role) = part.and_then(Part::role) {
            return Some(role.rows.to_vec());
        }
        let life = &self.rows.as_ref()?.life;
        let ends: Vec<usize> = (0..market.series().len())
            .map(|series| match part {
                Some(part) => part.label_rows(market, series).end,
                None => market.series()[series].end,
            })
            .collect();
        Some(ranges(market, |series, row| {
            life[row] > 0 && row + life[row] as usize <= ends[series]
        }))
    }
}

/// The tables of the recipe's labels.
fn tables(recipe: &Recipe, market: &Market) -> Result<Vec<Table>, PlanError> {
    if recipe.labels.is_empty() {
        return Ok(Vec::new());
    }
    let index = Arc::new(MarketIndex::new(Prices::from(market.prices()))?);
    let context = Context { market, index: &index, entry: recipe.reward_settings(market)?.entry };
    let mut tables = Vec::with_capacity(recipe.labels.len());
    for label in &recipe.labels {
        let refused = |error: LabelsError| PlanError::Label { label: label.name.clone(), error };
        let mut table = label.definition().table(&context).map_err(refused)?;
        if let Some(kind) = label.across {
            compare(market, &mut table, kind);
        }
        tables.push(table);
    }
    Ok(tables)
}

/// Replaces the numbers of a label by comparisons with those of other symbols at the same time.
///
/// A comparison depends on the label bars of all these symbols, so its life ends with the last of
/// them.
fn compare(market: &Market, table: &mut Table, kind: Across) {
    let mut is_known = vec![false; market.len()];
    for column in &mut table.columns {
        if let Values::F64(values) = &column.values {
            let compared = across(market, values, kind);
            for (known, value) in is_known.iter_mut().zip(&compared) {
                *known |= !value.is_nan();
            }
            column.values = Values::F64(compared.into());
        }
    }
    let mut closes = vec![0; market.len()];
    for span in market.series() {
        let rows = span.start..span.end;
        let opens = &market.ts()[rows.clone()];
        close_times(Interval::most_frequent(opens), opens, &mut closes[rows]);
    }
    // The last close that a label of each time depends on.
    let mut ends: Vec<(i64, i64)> = Vec::new();
    for span in market.series() {
        for row in (span.start..span.end).filter(|row| table.life[*row] > 0) {
            let last = (row + table.life[row] as usize - 1).min(span.end - 1);
            ends.push((market.ts()[row], closes[last]));
        }
    }
    ends.sort_unstable();
    ends.dedup_by(|later, kept| {
        later.0 == kept.0 && {
            kept.1 = kept.1.max(later.1);
            true
        }
    });
    for span in market.series() {
        for row in span.start..span.end {
            if !is_known[row] {
                table.life[row] = 0;
                continue;
            }
            let at = ends.partition_point(|(ts, _)| *ts < market.ts()[row]);
            let end = ends.get(at).map_or(i64::MIN, |(_, end)| *end);
            let bars = closes[row..span.end].partition_point(|close| *close < end) + 1;
            let bars = bars.min(span.end - row).max(table.life[row] as usize);
            table.life[row] = u32::try_from(bars).unwrap_or(u32::MAX);
        }
    }
}

/// The rows that the recipe's `where` and `session` let decisions be taken on; none without them.
fn decisions(recipe: &Recipe, market: &Market) -> Result<Option<Vec<Range<usize>>>, PlanError> {
    let condition = match recipe.dataset.condition {
        None => None,
        Some(_) => Some(market.column(CONDITION).ok_or_else(|| PlanError::MissingColumn {
            key: "dataset.where",
            column: CONDITION.to_owned(),
        })?),
    };
    let session = recipe.dataset.session;
    if condition.is_none() && session.is_none() {
        return Ok(None);
    }
    let mut is_first = vec![false; market.len()];
    market.segments().iter().for_each(|segment| is_first[segment.start] = true);
    let is_true = |value: f64| value != 0.0 && !is_missing(value);
    Ok(Some(ranges(market, |_, row| {
        condition.is_none_or(|values| !is_first[row] && is_true(values[row - 1]))
            && session.is_none_or(|session| session.contains(market.ts()[row]))
    })))
}

/// The number of bars that a sample on each row depends on; 0 where a reward or a label that the
/// recipe needs is missing.
fn lives(recipe: &Recipe, market: &Market, tables: &[Table]) -> Vec<u32> {
    let forward = if recipe.reward.is_priced() { recipe.dataset.forward } else { 1 };
    let is_needed: Vec<bool> =
        recipe.labels.iter().map(|label| is_needed(recipe, &label.name)).collect();
    let mut life = vec![0; market.len()];
    for segment in market.segments() {
        let fits = segment.start..(segment.end + 1).saturating_sub(forward).max(segment.start);
        for row in fits {
            let mut longest = u32::try_from(forward).unwrap_or(u32::MAX);
            let mut is_whole = true;
            for (table, is_needed) in tables.iter().zip(&is_needed) {
                is_whole &= table.life[row] > 0 || !is_needed;
                longest = longest.max(table.life[row]);
            }
            life[row] = if is_whole { longest } else { 0 };
        }
    }
    life
}

/// True if a labelled bar must have this label.
fn is_needed(recipe: &Recipe, label: &str) -> bool {
    recipe.dataset.need.as_ref().is_none_or(|need| need.iter().any(|name| name == label))
}

/// The rows that a function is true for, ascending and disjoint, each range of one series.
fn ranges(market: &Market, takes: impl Fn(usize, usize) -> bool) -> Vec<Range<usize>> {
    let mut ranges: Vec<Range<usize>> = Vec::new();
    for (series, span) in market.series().iter().enumerate() {
        for row in (span.start..span.end).filter(|row| takes(series, *row)) {
            match ranges.last_mut() {
                Some(last) if last.end == row && row > span.start => last.end += 1,
                _ => ranges.push(row..row + 1),
            }
        }
    }
    ranges
}
