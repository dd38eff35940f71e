//! The bars that a [`Live`] continues from.

use std::sync::Arc;

use barloom_bars::{BarSpec, Interval, Market, MaxGap, PRICE_COLUMNS, Series};
use barloom_features::live::{Live as FeatureState, Place as At};
use barloom_features::{Attributes, Features, History, Join};
use barloom_market_data::{Bars, listed};
use barloom_recipe::Recipe;

use super::error::LiveError;
use super::joins::LiveJoins;
use super::recent::{Held, Place, Recent};
use super::{Fixed, Input, Known, Live, LiveOptions, State, Symbol};
use crate::{Error, SampleSet, features, joins};

/// A bar that is to be pushed.
#[derive(Clone, Debug)]
pub(super) struct Bar {
    pub(super) symbol: usize,
    /// Its open time.
    pub(super) ts: i64,
    /// A value for each column.
    pub(super) values: Vec<f64>,
    /// The volume, to be checked, if it is known.
    pub(super) volume: Option<f64>,
    /// True if a bar before it was dropped.
    pub(super) broken: bool,
}

/// Starts from the bars of a dataset, or from others.
pub(super) fn start(set: &SampleSet, options: LiveOptions) -> Result<Live, Error> {
    // Bars that come now have no labels, so what these need is not asked for.
    let (recipe, market) = (&set.recipe.without_labels(), &*set.market);
    if recipe.data.adjust.is_some() {
        return Err(LiveError::Adjusted.into());
    }
    let LiveOptions { history, joins: files, attributes } = options;
    let features::Features { features, inputs } = features::Features::of(recipe)?;
    let features = features.as_ref();
    let read = read_joins(recipe, features, market, &files)?;
    let joins = LiveJoins::new(recipe, features, market.series().len(), read);
    let attributes = match features {
        Some(features) => attributes_of(recipe, features, market, attributes)?,
        None => Attributes::default(),
    };
    check_joins(features, &joins, history.is_some())?;
    let fixed = fixed(set, features, &inputs, &joins)?;
    let names: Vec<(String, Option<Interval>)> =
        fixed.symbols.iter().map(|symbol| (symbol.name.clone(), symbol.length)).collect();
    let features_state = features.map(|features| FeatureState::new(features, &names, &attributes));
    let known = |series| Known {
        last: None,
        close: None,
        inside: false,
        recent: Recent::new(series, &fixed.program),
    };
    let symbols = (0..names.len()).map(known).collect();
    let mut state =
        State { features: features_state, joins, symbols, pending: Vec::new(), ended: None };
    match history {
        Some(bars) => state.take_history(&fixed, bars)?,
        None => state.take_market(&fixed, market, features)?,
    }
    let start = state.symbols.iter().map(|one| one.last).collect();
    let fixed = Arc::new(Fixed { start, ..fixed });
    Ok(Live { fixed, state, journal: Vec::new() })
}

/// The records of the joins of which files are given.
fn read_joins(
    recipe: &Recipe,
    features: Option<&Features>,
    market: &Market,
    files: &std::collections::BTreeMap<String, Vec<String>>,
) -> Result<Vec<Join>, Error> {
    let mut recipe = recipe.clone();
    for (name, paths) in files {
        let Some(join) = recipe.data.join.iter_mut().find(|join| join.name == *name) else {
            let known = listed(recipe.data.join.iter().map(|join| join.name.as_str()));
            let has = if known.is_empty() { "no join".to_owned() } else { known };
            let problem = format!("the recipe has no such join; it has {has}");
            return Err(LiveError::Join { join: name.clone(), problem }.into());
        };
        join.files.clone_from(paths);
    }
    recipe.data.join.retain(|join| files.contains_key(&join.name));
    match features {
        Some(features) => joins::read_some(&recipe, features, market, &mut Vec::new(), &|_| true),
        None => Ok(Vec::new()),
    }
}

/// The attributes of symbols that features use.
fn attributes_of(
    recipe: &Recipe,
    features: &Features,
    market: &Market,
    path: Option<String>,
) -> Result<Attributes, Error> {
    let mut recipe = recipe.clone();
    recipe.data.attributes = path.or(recipe.data.attributes);
    let attributes = features::attributes(&recipe, features, market, &mut Vec::new())?;
    features
        .check_attributes(market, &attributes)
        .map_err(|error| Error::from(barloom_recipe::RecipeError::from(error)))?;
    Ok(attributes)
}

/// Refuses joins whose past values are not known.
fn check_joins(
    features: Option<&Features>,
    joins: &LiveJoins,
    has_history: bool,
) -> Result<(), LiveError> {
    let Some(features) = features else { return Ok(()) };
    let refused = |value, problem: &str| {
        let join = joins.name(value).to_owned();
        Err(LiveError::Join { join, problem: problem.to_owned() })
    };
    let unread = |name| joins.place(name).filter(|value| !joins.were_read(*value));
    if let Some(value) = features.joins_on_coarser_bars().find_map(unread) {
        let problem = "features use it inside at(), as of the ends of coarser bars, and the dataset \
                       has its values at the closes of bars alone; give its files as joins";
        return refused(value, problem);
    }
    if has_history && let Some(value) = features.columns().find_map(unread) {
        return refused(value, "a history needs its records; give its files as joins");
    }
    Ok(())
}

fn fixed(
    set: &SampleSet,
    features: Option<&Features>,
    inputs: &[String],
    joins: &LiveJoins,
) -> Result<Fixed, LiveError> {
    let (market, program) = (&*set.market, &set.plan.program);
    let recipe = &set.recipe.without_labels();
    let mut columns: Vec<String> = PRICE_COLUMNS.map(str::to_owned).to_vec();
    for name in recipe.bar_columns().iter().chain(inputs) {
        if !columns.contains(name) {
            columns.push(name.clone());
        }
    }
    let find = |name: &str| columns.iter().position(|column| column == name);
    let names: Vec<&str> = features.map_or(Vec::new(), |features| features.names().collect());
    let place = |channel: &barloom_backend::Channel| {
        let feature = names.iter().position(|name| *name == channel.name);
        let place = feature.map(Place::Feature).or_else(|| find(&channel.name).map(Place::Bar));
        place.ok_or_else(|| missing(&channel.name))
    };
    let places = |of: &[barloom_backend::Channel]| {
        of.iter().map(place).collect::<Result<Vec<Place>, LiveError>>()
    };
    let held = Held { channels: places(&program.channels)?, snapshot: places(&program.snapshot)? };
    let input = |name: &str| {
        let joined = joins.place(name).map(Input::Join);
        joined.or_else(|| find(name).map(Input::Bar)).ok_or_else(|| missing(name))
    };
    let inputs = features.map_or(Ok(Vec::new()), |of| of.columns().map(input).collect());
    let mut splitting: Vec<usize> =
        recipe.bar_channels().iter().filter_map(|name| find(name)).collect();
    splitting.retain(|place| *place >= PRICE_COLUMNS.len());
    Ok(Fixed {
        held,
        inputs: inputs?,
        splitting,
        waits: features.is_some_and(Features::uses_other_symbols),
        symbols: symbols(recipe, market),
        start: Vec::new(),
        recipe: Arc::clone(&set.recipe),
        program: Arc::clone(program),
        columns,
    })
}

/// The error that a dataset lacks a column of its samples: its file is damaged.
fn missing(column: &str) -> LiveError {
    LiveError::NoColumn {
        symbol: "the dataset".to_owned(),
        column: column.to_owned(),
        needed: "a dataset that has it".to_owned(),
    }
}

/// The symbols of a market, with the lengths of their bars and the rule of their segments.
fn symbols(recipe: &Recipe, market: &Market) -> Vec<Symbol> {
    let made = recipe.data.aggregate.and_then(|made| match made.spec {
        BarSpec::Time(interval) => Some(interval),
        _ => None,
    });
    let lengths = FeatureState::symbols_of(market).into_iter().zip(market.series());
    let symbol = |((name, length), span): ((String, Option<Interval>), &_)| {
        let span: &barloom_bars::SeriesSpan = span;
        let limit = match recipe.max_gap() {
            MaxGap::None => None,
            MaxGap::Limit(limit) => Some(limit),
            MaxGap::Auto => span.max_gap_ns.or_else(|| {
                let ts = &market.ts()[span.start..span.end];
                MaxGap::Auto.limit_ns(ts, recipe.data.interval.or(made))
            }),
        };
        Symbol { name, length, limit }
    };
    lengths.map(symbol).collect()
}

impl Fixed {
    /// The bars of series in the order of their closes.
    pub(super) fn in_order(&self, series: &[Series]) -> Result<Vec<Bar>, LiveError> {
        let mut bars = Vec::new();
        for one in series {
            let symbol = self.symbol(one.symbol())?;
            let column = |name: &String| one.column(name).ok_or_else(|| self.lacks(symbol, name));
            let columns: Vec<&[f64]> = self.columns.iter().map(column).collect::<Result<_, _>>()?;
            let volume = one.column("volume");
            bars.extend(one.ts().iter().enumerate().map(|(row, ts)| Bar {
                symbol,
                ts: *ts,
                values: columns.iter().map(|column| column[row]).collect(),
                volume: volume.map(|volume| volume[row]),
                broken: one.breaks().binary_search(&row).is_ok(),
            }));
        }
        bars.sort_by_key(|bar| (self.close_of(bar.symbol, bar.ts), bar.symbol, bar.ts));
        Ok(bars)
    }
}

impl State {
    /// Takes bars in place of those of the dataset.
    fn take_history(&mut self, fixed: &Fixed, bars: Bars) -> Result<(), Error> {
        let series = bars.into_market_series(fixed.recipe.data.on_bad_bar)?.series;
        for bar in fixed.in_order(&series)? {
            self.accept(fixed, &bar)?;
        }
        Ok(self.end(fixed)?)
    }

    /// Takes the bars of the dataset, from the first that matters.
    fn take_market(
        &mut self,
        fixed: &Fixed,
        market: &Market,
        features: Option<&Features>,
    ) -> Result<(), Error> {
        let find = |name: &str| market.column(name).ok_or_else(|| missing(name));
        let columns: Vec<&[f64]> =
            fixed.columns.iter().map(|name| find(name)).collect::<Result<_, _>>()?;
        let inputs: Vec<&[f64]> = match features {
            None => Vec::new(),
            // Records that were read stand for a column that the dataset may lack.
            Some(features) => features.columns().map(|name| find(name).unwrap_or(&[])).collect(),
        };
        let anew = !fixed.waits && features.is_none_or(|of| of.history() == History::Segment);
        let mut rows: Vec<(i64, usize, usize, At)> = Vec::new();
        for (symbol, span) in market.series().iter().enumerate() {
            let of = |segment: &&barloom_bars::Segment| segment.series as usize == symbol;
            let segments: Vec<_> = market.segments().iter().filter(of).collect();
            let last = segments.last().map_or(span.end - 1, |segment| segment.start);
            let mut first = if anew { last } else { span.start };
            if features.is_none() {
                first = first.max(span.end.saturating_sub(fixed.program.lookback));
            }
            let mut places = vec![At::Outside; span.end - first];
            for segment in segments.iter().filter(|segment| segment.end > first) {
                let start = segment.start.max(first);
                places[start - first..segment.end - first].fill(At::Continues);
                places[start - first] = At::Starts;
            }
            rows.extend(places.into_iter().enumerate().map(|(at, place)| {
                let row = first + at;
                (fixed.close_of(symbol, market.ts()[row]), symbol, row, place)
            }));
        }
        if fixed.waits {
            rows.sort_by_key(|(close, symbol, row, _)| (*close, *symbol, *row));
        }
        for bars in rows.chunk_by(|a, b| fixed.waits && a.0 == b.0) {
            let bar = |&(_, symbol, row, place): &(i64, usize, usize, At)| super::Bar {
                symbol,
                ts: market.ts()[row],
                place,
                values: columns.iter().map(|column| column[row]).collect(),
                inputs: Some(
                    inputs.iter().map(|x| x.get(row).copied().unwrap_or(f64::NAN)).collect(),
                ),
            };
            self.commit(fixed, bars.iter().map(bar).collect(), true)?;
        }
        if fixed.waits {
            self.ended = rows.last().map(|(close, ..)| *close);
        }
        self.joins.keep(|name, series| {
            let last = market.series()[series].end - 1;
            market.column(name).map_or(f64::NAN, |column| column[last])
        });
        Ok(())
    }
}
