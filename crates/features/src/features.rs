//! Features of a recipe, checked and ready to be evaluated.

use barloom_bars::{Anchor, Market, MarketColumn, PRICE_COLUMNS, Session, Zone};
use barloom_memory::Column;

use crate::error::{FeatureError, nearest};
use crate::evaluate::{Context, Groups, evaluate};
use crate::functions::Function;
use crate::graph::{Clock, Graph, NodeId, Op};
use crate::join::{JOIN, Join, parts};
use crate::lower::{Lower, Use, parse};
use crate::rows::{NoCoarser, Rows, of_clocks};

/// The most features.
pub const MOST_FEATURES: usize = 4_096;

/// The rows that functions of earlier rows see.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum History {
    /// The rows of the row's segment: each segment begins anew.
    #[default]
    Segment,
    /// All earlier rows of the series, over gaps.
    Series,
}

/// The first values of functions with memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum WarmUp {
    /// Missing until what came before the first row would weigh less than 1e-8.
    #[default]
    Stable,
    /// There as soon as the function has a value.
    Defined,
}

/// Settings that features depend on, besides their texts and the bars.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// The time zone of the calendar functions.
    pub zone: Zone,
    /// The trading hours of the functions that count from them, where a call has no `session=`.
    pub session: Option<Session>,
    /// The begin of days, from which the periods of `at` are counted.
    pub anchor: Anchor,
    /// The rows that functions of earlier rows see.
    pub history: History,
    /// The first values of functions with memory.
    pub warm_up: WarmUp,
}

impl Default for Options {
    /// UTC, segments, stable values.
    fn default() -> Self {
        Self {
            zone: Zone::UTC,
            session: None,
            anchor: Anchor::UTC,
            history: History::default(),
            warm_up: WarmUp::default(),
        }
    }
}

/// Texts of symbols, such as their sectors: `by=` groups symbols with the same text.
#[derive(Clone, Debug, Default)]
pub struct Attributes {
    /// Names of the attributes.
    pub names: Vec<String>,
    /// The symbols, each with a text for every attribute; an empty one is missing.
    pub symbols: Vec<(String, Vec<String>)>,
}

impl Attributes {
    /// For each symbol the number of its text among those of an attribute; none for a symbol
    /// without one. None if there is no such attribute.
    fn groups(&self, name: &str, symbols: &[&str]) -> Option<Vec<Option<usize>>> {
        let place = self.names.iter().position(|known| known == name)?;
        let text = |(_, texts): &'_ (String, Vec<String>)| texts.get(place).cloned();
        let mut texts: Vec<String> = self.symbols.iter().filter_map(text).collect();
        texts.sort_unstable();
        texts.dedup();
        let group = |symbol: &&str| {
            let of = self.symbols.iter().find(|(known, _)| known == symbol)?;
            let text = text(of).filter(|text| !text.is_empty())?;
            texts.binary_search(&text).ok()
        };
        Some(symbols.iter().map(group).collect())
    }
}

/// The graph of [`Features`] with its roots and options.
pub(crate) struct Parts<'a> {
    pub(crate) graph: &'a Graph,
    pub(crate) roots: &'a [NodeId],
    pub(crate) options: Options,
}

/// Features: names with expressions, checked, each distinct computation once.
///
/// ```
/// use barloom_bars::{Column, Market, MaxGap, Series};
/// use barloom_features::{Attributes, Features, Options};
///
/// let minute = 60_000_000_000;
/// let prices = vec![100.0, 101.0, 103.0];
/// let columns = ["open", "high", "low", "close"].map(|name| Column::new(name, prices.clone()));
/// let series = Series::new("SPY", vec![0, minute, 2 * minute], columns.to_vec())?;
/// let market = Market::new(&[series], &[], MaxGap::Auto)?;
///
/// let features = vec![("up".to_owned(), "delta(close, 1)".to_owned())];
/// let features = Features::new(features, Options::default())?;
/// let columns = features.evaluate(&market, &Attributes::default())?;
/// assert!(columns[0].values[0].is_nan(), "there is no row before the first");
/// assert_eq!(columns[0].values[1..], [1.0, 2.0]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Features {
    /// All names with their texts.
    features: Vec<(String, String)>,
    /// Features that have columns, by their places.
    chosen: Vec<usize>,
    roots: Vec<NodeId>,
    graph: Graph,
    columns: Vec<(String, Use)>,
    symbols: Vec<(String, Use)>,
    attributes: Vec<(String, Use)>,
    clocks: Vec<(usize, Use)>,
    /// The first use of a function across symbols, and of an indicator.
    across: Option<Use>,
    #[cfg_attr(not(feature = "ta"), expect(dead_code, reason = "only indicators need it"))]
    indicated: Option<Use>,
    options: Options,
}

impl Features {
    /// Checks features, names with expressions. They may name each other, in any order.
    ///
    /// # Errors
    /// More than [`MOST_FEATURES`]; a name that is taken or no name; a text that is no expression,
    /// calls an unknown function or calls one wrongly; a feature that depends on itself. The error
    /// has the feature, the place in its text and the remedy.
    pub fn new(features: Vec<(String, String)>, options: Options) -> Result<Self, FeatureError> {
        Self::with_hidden(features, Vec::new(), options)
    }

    /// As [`new`](Self::new), with hidden features after them: their names may be any, such as
    /// `label.tb.scale`, and no feature has one.
    ///
    /// ```
    /// use barloom_features::{Features, Options};
    ///
    /// let one = |name: &str, text: &str| vec![(name.to_owned(), text.to_owned())];
    /// let (up, scale) = (one("up", "delta(close, 1)"), one("label.tb.scale", "abs(up) / close"));
    /// let features = Features::with_hidden(up.clone(), scale, Options::default())?;
    /// assert_eq!(features.names().collect::<Vec<_>>(), ["up", "label.tb.scale"]);
    /// assert!(Features::with_hidden(up.clone(), up, Options::default()).is_err());
    /// # Ok::<(), barloom_features::FeatureError>(())
    /// ```
    ///
    /// # Errors
    /// As [`new`](Self::new); a hidden feature's name is that of another feature.
    pub fn with_hidden(
        mut features: Vec<(String, String)>,
        hidden: Vec<(String, String)>,
        options: Options,
    ) -> Result<Self, FeatureError> {
        check_names(&features)?;
        for (name, text) in hidden {
            if features.iter().any(|(known, _)| *known == name) {
                return Err(FeatureError::whole(&name, "the name is given to two features"));
            }
            features.push((name, text));
        }
        let all = (0..features.len()).collect();
        Self::of(features, all, options)
    }

    /// These features with columns for some alone; those that are not named have none, and are
    /// computed where they are used. Names that are no features are left out.
    #[must_use]
    pub fn only(&self, names: &[&str]) -> Self {
        let place = |name: &&str| self.features.iter().position(|(known, _)| known == name);
        let chosen = names.iter().filter_map(place).collect();
        // What all features passed, some do too.
        Self::of(self.features.clone(), chosen, self.options).unwrap_or_else(|_| self.clone())
    }

    fn of(
        features: Vec<(String, String)>,
        chosen: Vec<usize>,
        options: Options,
    ) -> Result<Self, FeatureError> {
        let sources = parse(&features)?;
        let mut lower = Lower::new(&sources, &options);
        let roots = chosen.iter().map(|place| lower.feature(*place));
        let roots = roots.collect::<Result<_, _>>()?;
        let Lower { graph, columns, symbols, attributes, clocks, across, indicated, .. } = lower;
        let (columns, symbols) = (columns.into_iter().collect(), symbols.into_iter().collect());
        let (attributes, clocks) = (attributes.into_iter().collect(), clocks.into_iter().collect());
        drop(sources);
        Ok(Self {
            features,
            chosen,
            roots,
            graph,
            columns,
            symbols,
            attributes,
            clocks,
            across,
            indicated,
            options,
        })
    }

    /// The names of the features that have columns, in the order of these.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.chosen.iter().map(|place| self.features[*place].0.as_str())
    }

    /// The columns of the bars that are used, each once, in the order of their names.
    pub fn columns(&self) -> impl Iterator<Item = &str> {
        self.columns.iter().map(|(name, _)| name.as_str())
    }

    /// True if a feature uses an attribute of symbols.
    #[must_use]
    pub fn uses_attributes(&self) -> bool {
        !self.attributes.is_empty()
    }

    /// True if a feature uses bars of other symbols: all bars of one time are needed for it.
    #[must_use]
    pub fn uses_other_symbols(&self) -> bool {
        self.across.is_some() || !self.symbols.is_empty()
    }

    /// The columns that are values of joins and are used on coarser bars, as of whose end they are.
    pub fn joins_on_coarser_bars(&self) -> impl Iterator<Item = &str> {
        self.graph.nodes.iter().filter_map(|node| match &node.op {
            Op::Column(name) if self.graph.clocks[node.clock].interval.is_some() => {
                parts(name).map(|_| name.as_str())
            }
            _ => None,
        })
    }

    /// The rows that functions of earlier rows see.
    #[must_use]
    pub fn history(&self) -> History {
        self.options.history
    }

    /// The error of the feature that first uses an attribute that there is not.
    ///
    /// # Errors
    /// An attribute is not among these.
    pub fn check_attributes(
        &self,
        market: &Market,
        attributes: &Attributes,
    ) -> Result<(), FeatureError> {
        self.groups(market, attributes).map(drop)
    }

    /// The error of the feature that first uses a column which the bars lack; `available` are the
    /// columns that they have.
    ///
    /// # Errors
    /// A column is not among those available.
    pub fn check_columns(&self, available: &[&str]) -> Result<(), FeatureError> {
        let lacking = self.columns.iter().find(|(name, _)| !available.contains(&name.as_str()));
        let Some((name, used)) = lacking else { return Ok(()) };
        let features = self.features.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>();
        let hint = match Function::find(name) {
            Some(_) => format!("; the function is called: `{name}(...)`."),
            None => nearest(name, available.iter().chain(&features).copied()),
        };
        let shown = available.iter().take(40).copied().collect::<Vec<_>>().join(", ");
        let problem = format!(
            "the bars have no column `{name}`, and no feature has this name{hint}{} The bars have \
             {shown}",
            if hint.is_empty() { "." } else { "" }
        );
        Err(error(used, problem))
    }

    /// The error of the feature that first uses a value of a join that there is not; `joins` are
    /// the names of those that there are.
    ///
    /// # Errors
    /// A join is not among those.
    pub fn check_joins(&self, joins: &[&str]) -> Result<(), FeatureError> {
        let used = self.columns.iter().filter(|(name, _)| name.starts_with(JOIN));
        for (name, used) in used {
            let known = match joins {
                [] => "; write one under [[data.join]]".to_owned(),
                joins => format!("; the joins are {}", joins.join(", ")),
            };
            let Some((join, _)) = parts(name) else {
                let problem = format!(
                    "`{name}` is no value of a join; write `join.NAME.VALUE`, its name and a column \
                     of its files{known}"
                );
                return Err(error(used, problem));
            };
            if !joins.contains(&join) {
                let hint = nearest(join, joins.iter().copied());
                let problem = format!("there is no join `{join}`{known}{hint}");
                return Err(error(used, problem));
            }
        }
        Ok(())
    }

    /// The features' values, one column each in their order, one value a market row. NaN means
    /// missing; no value is infinite. Rows outside of segments have none, unless the history is
    /// that of the series. Bits do not depend on the number of threads.
    ///
    /// # Errors
    /// The market lacks a column, a symbol or an attribute that a feature uses; bars that are
    /// longer than those of `at`, or do not end with them; bars of unequal lengths for a function
    /// across symbols.
    pub fn evaluate(
        &self,
        market: &Market,
        attributes: &Attributes,
    ) -> Result<Vec<MarketColumn>, FeatureError> {
        self.evaluate_joined(market, attributes, &[])
    }

    /// As [`evaluate`](Self::evaluate), of a market that has the columns of these joins: on the
    /// bars of `at` they are as of the end of the coarser bar. Without the joins, a coarser bar has
    /// the value of its last bar.
    ///
    /// # Errors
    /// As [`evaluate`](Self::evaluate).
    pub fn evaluate_joined(
        &self,
        market: &Market,
        attributes: &Attributes,
        joins: &[Join],
    ) -> Result<Vec<MarketColumn>, FeatureError> {
        let available: Vec<&str> = market.columns().iter().map(|c| c.name.as_str()).collect();
        self.check_columns(&available)?;
        self.check_symbols(market)?;
        let whole = self.options.history == History::Series;
        let anchor = self.options.anchor;
        let rows = of_clocks(market, &self.graph.clocks, anchor, whole)
            .map_err(|(clock, fault)| self.no_rows(clock, fault))?;
        self.check_cross(&rows[0], market)?;
        self.check_runs(&rows)?;
        let groups = self.groups(market, attributes)?;
        let stable = self.options.warm_up == WarmUp::Stable;
        let context = Context { market, rows: &rows, anchor, stable, groups: &groups, joins };
        let values = evaluate(&self.graph, &self.roots, &context);
        let column = |(name, values): (&str, Column<f64>)| MarketColumn {
            name: name.to_owned(),
            values: values.into(),
        };
        Ok(self.names().zip(values).map(column).collect())
    }

    fn check_symbols(&self, market: &Market) -> Result<(), FeatureError> {
        let there = |name: &str| market.series().iter().any(|span| span.symbol == name);
        let Some((name, used)) = self.symbols.iter().find(|(name, _)| !there(name)) else {
            return Ok(());
        };
        let all = market.series().iter().map(|span| span.symbol.as_str());
        let shown = all.clone().take(20).collect::<Vec<_>>().join(", ");
        let hint = nearest(name, all);
        let problem = format!(
            "the bars have no symbol `{name}`{hint}{} They have {shown}",
            if hint.is_empty() { "." } else { "" }
        );
        Err(error(used, problem))
    }

    /// Functions across symbols need bars of one length: those of a minute must not see the close
    /// of their day.
    fn check_cross(&self, rows: &Rows, market: &Market) -> Result<(), FeatureError> {
        let Some(used) = &self.across else { return Ok(()) };
        let known = rows.series.iter().zip(rows.lengths());
        let mut known = known.filter_map(|((index, _), length)| Some((*index, (*length)?)));
        let Some((first, length)) = known.next() else { return Ok(()) };
        let Some((other, unequal)) = known.find(|(_, other)| *other != length) else {
            return Ok(());
        };
        let symbol = |index: usize| &market.series()[index].symbol;
        let problem = format!(
            "functions across symbols need bars of one length, and those of `{}` are {length} \
             long, those of `{}` {unequal}; give all bars one length (`resample`)",
            symbol(first),
            symbol(other),
        );
        Err(error(used, problem))
    }

    /// TA-Lib counts rows in 32 bits.
    #[cfg(feature = "ta")]
    fn check_runs(&self, rows: &[Rows]) -> Result<(), FeatureError> {
        use crate::indicators::LONGEST_RUN;
        let runs = rows.iter().flat_map(|rows| &rows.runs);
        match (runs.map(ExactSizeIterator::len).max(), &self.indicated) {
            (Some(rows), Some(used)) if rows > LONGEST_RUN => {
                let problem = format!(
                    "a run has {rows} rows, and indicators of TA-Lib take {LONGEST_RUN} at most; \
                     split the bars into series of fewer rows"
                );
                Err(error(used, problem))
            }
            _ => Ok(()),
        }
    }

    #[cfg(not(feature = "ta"))]
    #[expect(clippy::unused_self, clippy::unnecessary_wraps, reason = "as with indicators")]
    fn check_runs(&self, _: &[Rows]) -> Result<(), FeatureError> {
        Ok(())
    }

    fn no_rows(&self, clock: usize, fault: Option<NoCoarser>) -> FeatureError {
        let Clock { symbol, interval } = &self.graph.clocks[clock];
        let interval = interval.map_or_else(String::new, |interval| interval.to_string());
        let used = self.clocks.iter().find(|(of, _)| *of == clock).map(|(_, used)| used);
        let problem = match fault {
            None => format!("the bars have no symbol `{}`", symbol.as_deref().unwrap_or("")),
            Some(NoCoarser::Finer { symbol, bars }) => format!(
                "bars of {interval} cannot be made of those of `{symbol}`, which are {bars} long; \
                 take a multiple of that"
            ),
            Some(NoCoarser::Straddles { symbol, bars }) => format!(
                "bars of {interval} end while those of `{symbol}` last, which are {bars} long; \
                 take a multiple of that"
            ),
            Some(NoCoarser::EndOfTime { symbol }) => {
                format!("a bar of `{symbol}` is so far away that its {interval} ends at no time")
            }
        };
        match used {
            Some(used) => error(used, problem),
            None => FeatureError::whole("", problem),
        }
    }

    /// The graph with its roots and options.
    pub(crate) fn parts(&self) -> Parts<'_> {
        Parts { graph: &self.graph, roots: &self.roots, options: self.options }
    }

    /// The groups of symbols; those of attributes that are not there are empty.
    pub(crate) fn groups_of(&self, symbols: &[&str], attributes: &Attributes) -> Groups {
        let names = self.attributes.iter().map(|(name, _)| name);
        names.filter_map(|name| Some((name.clone(), attributes.groups(name, symbols)?))).collect()
    }

    fn groups(&self, market: &Market, attributes: &Attributes) -> Result<Groups, FeatureError> {
        let symbols: Vec<&str> = market.series().iter().map(|span| span.symbol.as_str()).collect();
        let mut groups = Groups::new();
        for (name, used) in &self.attributes {
            let Some(all) = attributes.groups(name, &symbols) else {
                let known = attributes.names.iter().map(String::as_str);
                let hint = nearest(name, known);
                let problem = format!(
                    "there is no attribute `{name}`{hint}{} Name a file with the columns symbol \
                     and {name} as `attributes` under [data]",
                    if hint.is_empty() { "." } else { "" }
                );
                return Err(error(used, problem));
            };
            groups.insert(name.clone(), all);
        }
        Ok(groups)
    }
}

/// The error of a use.
fn error(used: &Use, problem: String) -> FeatureError {
    FeatureError { feature: used.feature.clone(), column: used.column, problem }
}

fn check_names(features: &[(String, String)]) -> Result<(), FeatureError> {
    if features.len() > MOST_FEATURES {
        let (name, _) = &features[MOST_FEATURES];
        let problem =
            format!("there are {} features, and {MOST_FEATURES} are the most", features.len());
        return Err(FeatureError::whole(name, problem));
    }
    let mut seen = std::collections::BTreeSet::new();
    for (name, _) in features {
        let mut letters = name.chars();
        let first = letters.next().is_some_and(|c| c.is_alphabetic() || c == '_');
        if !first || !letters.all(|c| c.is_alphanumeric() || c == '_') {
            let problem = "a name has letters, digits and `_`, and begins with no digit";
            return Err(FeatureError::whole(name, problem));
        }
        const TAKEN: [&str; 9] = ["pi", "nan", "True", "False", "None", "and", "or", "not", "if"];
        if TAKEN.contains(&name.as_str()) {
            return Err(FeatureError::whole(
                name,
                "the name has a meaning in expressions; take another",
            ));
        }
        if PRICE_COLUMNS.contains(&name.as_str()) || *name == "volume" {
            let problem = "the name is that of a column of bars; take another";
            return Err(FeatureError::whole(name, problem));
        }
        if !seen.insert(name) {
            return Err(FeatureError::whole(name, "the name is given to two features"));
        }
    }
    Ok(())
}
