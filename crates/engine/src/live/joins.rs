//! Records of slower series that arrive between bars.

use barloom_features::{AsOf, Features, JOIN, Join, Records, join_parts};
use barloom_market_data::listed;
use barloom_recipe::{By, Recipe};

use super::error::{LiveError, time_text};

/// The records of the joins that features use.
#[derive(Clone, Debug, Default)]
pub(super) struct LiveJoins {
    joins: Vec<LiveJoin>,
}

/// The records of one join.
#[derive(Clone, Debug)]
struct LiveJoin {
    name: String,
    columns: Vec<String>,
    as_of: AsOf,
    by_symbol: bool,
    /// True if its records were read, also those that the first bars take.
    was_read: bool,
    /// For each symbol the place of its records.
    of_series: Vec<Option<usize>>,
    records: Vec<Held>,
}

/// The records of one symbol, or of all.
#[derive(Clone, Debug, Default)]
struct Held {
    records: Records,
    /// The latest close of a bar that took one of them.
    taken: Option<i64>,
}

/// The place of a value: a join and its column.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Value {
    join: usize,
    column: usize,
}

impl LiveJoins {
    /// The joins of a recipe that features use; `read` has the records of some.
    pub(super) fn new(
        recipe: &Recipe,
        features: Option<&Features>,
        series: usize,
        mut read: Vec<Join>,
    ) -> Self {
        let used: Vec<(&str, &str)> = features
            .iter()
            .flat_map(|features| features.columns().filter_map(join_parts))
            .collect();
        let mut joins = Vec::new();
        for settings in &recipe.data.join {
            let of = used.iter().filter(|(name, _)| *name == settings.name);
            let columns: Vec<String> = of.map(|(_, column)| (*column).to_owned()).collect();
            if columns.is_empty() {
                continue;
            }
            let found = read.iter().position(|join| join.name == settings.name);
            let found = found.map(|place| read.swap_remove(place));
            let by_symbol = settings.by == By::Symbol;
            let was_read = found.is_some();
            let empty = || Records { times: vec![], values: vec![Vec::new(); columns.len()] };
            // Symbols without records may get some later.
            let (mut records, of_series) = match found {
                Some(join) => (join.records, join.of_series),
                None => (Vec::new(), vec![None; series]),
            };
            let of_series = of_series.into_iter().map(|place| {
                Some(place.unwrap_or_else(|| {
                    if by_symbol || records.is_empty() {
                        records.push(empty());
                    }
                    records.len() - 1
                }))
            });
            let of_series = of_series.collect();
            let records = records.into_iter().map(|records| Held { records, taken: None });
            let (name, as_of) = (settings.name.clone(), settings.as_of);
            let records = records.collect();
            joins.push(LiveJoin { name, columns, as_of, by_symbol, was_read, of_series, records });
        }
        Self { joins }
    }

    /// The place of a column of features, if it is a value of a join.
    pub(super) fn place(&self, name: &str) -> Option<Value> {
        let (name, value) = join_parts(name)?;
        let join = self.joins.iter().position(|join| join.name == name)?;
        let column = self.joins[join].columns.iter().position(|column| column == value)?;
        Some(Value { join, column })
    }

    /// True if there are no joins.
    pub(super) fn is_empty(&self) -> bool {
        self.joins.is_empty()
    }

    /// True if the records of a join were read, also those that the first bars take.
    pub(super) fn were_read(&self, value: Value) -> bool {
        self.joins[value.join].was_read
    }

    /// The name of the join of a value.
    pub(super) fn name(&self, value: Value) -> &str {
        &self.joins[value.join].name
    }

    /// The value that a symbol knows at a time.
    pub(super) fn value(&self, value: Value, series: usize, close: i64) -> f64 {
        let join = &self.joins[value.join];
        let Some(of) = join.of_series[series] else { return f64::NAN };
        let Records { times, values } = &join.records[of].records;
        join.as_of.last(times, close).map_or(f64::NAN, |place| values[value.column][place])
    }

    /// Notes that a bar of a symbol took records; a bar of the `past` took those that were read.
    pub(super) fn take(&mut self, series: usize, close: i64, past: bool) {
        for join in self.joins.iter_mut().filter(|join| join.was_read || !past) {
            if let Some(of) = join.of_series[series] {
                let taken = &mut join.records[of].taken;
                *taken = Some(taken.map_or(close, |before| before.max(close)));
            }
        }
    }

    /// Keeps the values that the last bars of a dataset have, of joins whose records were not read.
    /// `last` gives the value of each symbol. The times of the records are unknown, so none is kept
    /// of a join with a largest age, or if symbols that share records differ.
    pub(super) fn keep(&mut self, last: impl Fn(&str, usize) -> f64) {
        for join in self.joins.iter_mut().filter(|one| !one.was_read) {
            if join.as_of.max_age.is_some() {
                continue;
            }
            let LiveJoin { name, columns, of_series, records, .. } = join;
            for (at, held) in records.iter_mut().enumerate() {
                let value = |column: &String| {
                    let series = (0..of_series.len()).filter(|one| of_series[*one] == Some(at));
                    let name = format!("{JOIN}{name}.{column}");
                    let mut values = series.map(|series| last(&name, series));
                    let first = values.next()?;
                    values.all(|other| other.to_bits() == first.to_bits()).then_some(first)
                };
                let values: Option<Vec<f64>> = columns.iter().map(value).collect();
                if let Some(values) = values.filter(|all| all.iter().any(|x| !x.is_nan())) {
                    held.records.times = vec![i64::MIN];
                    held.records.values = values.into_iter().map(|x| vec![x]).collect();
                }
            }
        }
    }

    /// Takes a record; `series` is that of its symbol. `closes` has the close of the last bar of
    /// each symbol: records that no later bar can take are let go.
    pub(super) fn push(
        &mut self,
        name: &str,
        ts: i64,
        series: Option<usize>,
        values: &[(&str, f64)],
        closes: &[Option<i64>],
    ) -> Result<(), LiveError> {
        let refused = |problem: String| LiveError::Join { join: name.to_owned(), problem };
        let known = listed(self.joins.iter().map(|join| join.name.as_str()));
        let Some(join) = self.joins.iter_mut().find(|join| join.name == name) else {
            let has = if known.is_empty() { "no join".to_owned() } else { known };
            return Err(refused(format!("no feature of the samples uses it; they use {has}")));
        };
        let place = match (join.by_symbol, series) {
            (true, None) => return Err(refused("its records are by symbol; pass symbol".into())),
            (false, Some(_)) => {
                return Err(refused("its records are of all symbols; leave symbol out".into()));
            }
            (true, Some(series)) => join.of_series[series],
            (false, None) => join.of_series.first().copied().flatten(),
        };
        let Some(place) = place else {
            return Err(refused("the dataset has no symbols".into()));
        };
        let value = |column: &String| {
            let found = values.iter().find(|(known, _)| known == column);
            found.map(|(_, value)| *value).ok_or_else(|| {
                let needed = listed(join.columns.iter().map(String::as_str));
                refused(format!("the record has no {column}; pass {needed}"))
            })
        };
        let values: Vec<f64> = join.columns.iter().map(value).collect::<Result<_, _>>()?;
        let held = &mut join.records[place];
        if let Some(last) = held.records.times.last().filter(|last| ts < **last) {
            let (ts, last) = (time_text(ts), time_text(*last));
            return Err(refused(format!(
                "a record at {ts} comes after one at {last}; push records in time order"
            )));
        }
        if let Some(close) = held.taken.filter(|close| join.as_of.is_known(ts, *close)) {
            let (ts, close) = (time_text(ts), time_text(close));
            return Err(refused(format!(
                "the record at {ts} is late: a bar that closed at {close} would have taken it. Push \
                 records before the bars that take them"
            )));
        }
        let users = closes.iter().zip(&join.of_series).filter(|(_, of)| **of == Some(place));
        let behind = users.map(|(close, _)| *close).min().flatten();
        let Records { times, values: columns } = &mut held.records;
        if let Some(close) = behind {
            let before = times.partition_point(|time| join.as_of.is_known(*time, close));
            let gone = before.saturating_sub(1);
            times.drain(..gone);
            columns.iter_mut().for_each(|column| drop(column.drain(..gone)));
        }
        times.push(ts);
        columns.iter_mut().zip(values).for_each(|(column, x)| column.push(x));
        Ok(())
    }
}
