//! Expressions as nodes: names are resolved, arguments checked, constants computed.

mod arguments;

use std::collections::BTreeMap;

use barloom_bars::{Session, Zone, parse_duration};

pub(crate) use arguments::bind;
use arguments::{interval, since, text, unknown};

use crate::error::{Fault, FeatureError};
use crate::features::Options;
use crate::functions::{Argument, Code, Function, Takes};
use crate::graph::{Clock, ClockId, Graph, NodeId, Op, Since};
use crate::map::Map;
use crate::recursive::Recursive;
use crate::rolling::{Rolling, Window};
use crate::syntax::{self, Call, Expr, Kind, Unary};

/// The most nodes that features may have: names inside `at` and `symbol` are computed once more on
/// their rows.
const MOST_NODES: usize = 200_000;

/// The deepest chain of features that name each other.
const DEEPEST_CHAIN: usize = 200;

/// The use of a column of the bars by a feature, for errors.
#[derive(Clone, Debug)]
pub(crate) struct Use {
    pub(crate) feature: String,
    pub(crate) column: Option<usize>,
}

/// A feature with its text and its expression.
pub(crate) struct Source<'a> {
    pub(crate) name: &'a str,
    pub(crate) text: &'a str,
    pub(crate) expr: Expr,
}

/// Makes nodes of features.
pub(crate) struct Lower<'a> {
    sources: &'a [Source<'a>],
    places: BTreeMap<&'a str, usize>,
    zone: Zone,
    session: Option<Session>,
    pub(crate) graph: Graph,
    /// Columns of the bars that are used, with their first use.
    pub(crate) columns: BTreeMap<String, Use>,
    /// Symbols that are named, with their first use.
    pub(crate) symbols: BTreeMap<String, Use>,
    /// Attributes that are named, with their first use.
    pub(crate) attributes: BTreeMap<String, Use>,
    /// The first use of a function across symbols.
    pub(crate) across: Option<Use>,
    /// The first use of an indicator.
    pub(crate) indicated: Option<Use>,
    /// The first use of each clock but the market's own.
    pub(crate) clocks: BTreeMap<ClockId, Use>,
    done: BTreeMap<(usize, ClockId), NodeId>,
    /// Features that are being made, outermost first.
    open: Vec<usize>,
}

/// A fault of the feature that is being made, or the error of another one that it names.
pub(crate) enum Failed {
    Here(Fault),
    There(FeatureError),
}

impl From<Fault> for Failed {
    fn from(fault: Fault) -> Self {
        Self::Here(fault)
    }
}

pub(crate) type Made<T> = Result<T, Failed>;

pub(crate) fn fault<T>(at: usize, problem: impl Into<String>) -> Made<T> {
    Err(Failed::Here(Fault::new(at, problem)))
}

/// The arguments of a call, in the order of the function's.
pub(crate) type Bound<'c> = Vec<Vec<&'c Expr>>;

impl<'a> Lower<'a> {
    pub(crate) fn new(sources: &'a [Source<'a>], options: &Options) -> Self {
        let places = sources.iter().enumerate().map(|(place, one)| (one.name, place)).collect();
        let mut graph = Graph::default();
        graph.clock(Clock::default());
        Self {
            sources,
            places,
            zone: options.zone,
            session: options.session,
            graph,
            columns: BTreeMap::new(),
            symbols: BTreeMap::new(),
            attributes: BTreeMap::new(),
            across: None,
            indicated: None,
            clocks: BTreeMap::new(),
            done: BTreeMap::new(),
            open: Vec::new(),
        }
    }

    /// The node of a feature on the rows of the market.
    pub(crate) fn feature(&mut self, place: usize) -> Result<NodeId, FeatureError> {
        self.feature_on(place, 0)
    }

    fn feature_on(&mut self, place: usize, clock: ClockId) -> Result<NodeId, FeatureError> {
        if let Some(&node) = self.done.get(&(place, clock)) {
            return Ok(node);
        }
        let Source { name, text, expr } = &self.sources[place];
        if self.open.contains(&place) {
            let from = self.open.iter().position(|open| *open == place).unwrap_or(0);
            let names = self.open[from..].iter().map(|open| self.sources[*open].name);
            let circle: Vec<&str> = names.chain([*name]).collect();
            let problem = format!("it depends on itself: {}", circle.join(" -> "));
            return Err(FeatureError::whole(name, problem));
        }
        if self.open.len() >= DEEPEST_CHAIN {
            let problem = format!("more than {DEEPEST_CHAIN} features name each other in a chain");
            return Err(FeatureError::whole(name, problem));
        }
        self.open.push(place);
        let node = self.expr(expr, clock).map_err(|failed| match failed {
            Failed::Here(fault) => fault.of(name, text),
            Failed::There(error) => error,
        })?;
        self.open.pop();
        self.done.insert((place, clock), node);
        Ok(node)
    }

    /// The use of something at a place of the feature that is being made.
    pub(crate) fn used(&self, at: usize) -> Use {
        let Source { name, text, .. } = &self.sources[self.open[self.open.len() - 1]];
        let error = Fault::new(at, "").of(name, text);
        Use { feature: error.feature, column: error.column }
    }

    pub(crate) fn expr(&mut self, expr: &Expr, clock: ClockId) -> Made<NodeId> {
        if self.graph.nodes.len() > MOST_NODES {
            return fault(
                expr.at,
                format!("the features take more than {MOST_NODES} computations"),
            );
        }
        match &expr.kind {
            Kind::Number(x) => Ok(self.graph.node(Op::Constant(*x), Vec::new(), clock)),
            Kind::Bool(x) => {
                Ok(self.graph.node(Op::Constant(f64::from(u8::from(*x))), Vec::new(), clock))
            }
            Kind::Text(text) => fault(expr.at, format!("the string '{text}' is no value")),
            Kind::Name(name) => self.name(name, expr.at, clock),
            Kind::Unary(unary, of) => {
                let of = self.expr(of, clock)?;
                match unary {
                    Unary::Positive => Ok(of),
                    Unary::Negative => self.map(Map::Negative, vec![of], expr.at, clock),
                    Unary::Not => self.map(Map::Not, vec![of], expr.at, clock),
                }
            }
            Kind::Binary(binary, left, right) => {
                let left = self.expr(left, clock)?;
                let right = self.expr(right, clock)?;
                let (map, operands) = match Map::from(*binary) {
                    // Exact, and cheaper.
                    Map::Power if self.graph.constant(right) == Some(2.0) => {
                        (Map::Multiply, vec![left, left])
                    }
                    map => (map, vec![left, right]),
                };
                self.map(map, operands, expr.at, clock)
            }
            Kind::Call(call) => self.call(call, None, expr.at, clock),
            Kind::Output(of, output) => match &of.kind {
                Kind::Call(call) => self.call(call, Some((output, expr.at)), of.at, clock),
                _ => fault(expr.at, format!("only a call has outputs, such as `.{output}`")),
            },
        }
    }

    /// A function of one row's values. One of constants is a constant.
    fn map(&mut self, map: Map, operands: Vec<NodeId>, at: usize, clock: ClockId) -> Made<NodeId> {
        let values: Option<Vec<f64>> = operands.iter().map(|id| self.graph.constant(*id)).collect();
        if let Some(values) = values {
            let mut all = [0.0; 3];
            all[..values.len()].copy_from_slice(&values);
            let value = map.once(all);
            if value.is_nan() && !values.iter().any(|x| x.is_nan()) {
                return fault(at, "the value of these constants is not finite");
            }
            return Ok(self.graph.node(Op::Constant(value), Vec::new(), clock));
        }
        Ok(self.graph.node(Op::Map(map), operands, clock))
    }

    fn name(&mut self, name: &str, at: usize, clock: ClockId) -> Made<NodeId> {
        let constant = match name {
            "pi" => Some(std::f64::consts::PI),
            "nan" => Some(f64::NAN),
            _ => None,
        };
        if let Some(constant) = constant {
            return Ok(self.graph.node(Op::Constant(constant), Vec::new(), clock));
        }
        if let Some(&place) = self.places.get(name) {
            return self.feature_on(place, clock).map_err(Failed::There);
        }
        // Bars made of trades have a column of this name.
        if name != "vwap" && Function::find(name).is_some() {
            return fault(at, format!("`{name}` is a function; call it: `{name}(...)`"));
        }
        Ok(self.column(name, at, clock))
    }

    pub(crate) fn column(&mut self, name: &str, at: usize, clock: ClockId) -> NodeId {
        if !self.columns.contains_key(name) {
            let used = self.used(at);
            self.columns.insert(name.to_owned(), used);
        }
        self.graph.node(Op::Column(name.to_owned()), Vec::new(), clock)
    }

    fn call(
        &mut self,
        call: &Call,
        output: Option<(&str, usize)>,
        at: usize,
        clock: ClockId,
    ) -> Made<NodeId> {
        if let Some(name) = call.function.strip_prefix("ta.") {
            return self.indicator(name, call, output, at, clock);
        }
        let Some(function) = Function::find(&call.function) else {
            return fault(at, unknown(&call.function));
        };
        if let Some((output, at)) = output {
            return fault(at, format!("`{}` has one value, no output `{output}`", function.name));
        }
        let arguments = bind(&function.signature(), function.arguments, call, at)?;
        self.own(function, &arguments, at, clock)
    }

    fn own(
        &mut self,
        function: &Function,
        arguments: &Bound<'_>,
        at: usize,
        clock: ClockId,
    ) -> Made<NodeId> {
        let graph_node = |this: &mut Self, op, inputs| this.graph.node(op, inputs, clock);
        let x = |this: &mut Self| this.expr(arguments[0][0], clock);
        match function.code {
            Code::Map(map) => {
                let operands = (0..map.operands()).map(|i| self.expr(arguments[i][0], clock));
                let operands = operands.collect::<Made<_>>()?;
                self.map(map, operands, at, clock)
            }
            Code::Coalesce => {
                let mut all = vec![x(self)?];
                for other in &arguments[1] {
                    all.push(self.expr(other, clock)?);
                }
                let mut all = all.into_iter().rev();
                let last = all.next().unwrap_or_default();
                all.try_fold(last, |rest, one| self.map(Map::Coalesce, vec![one, rest], at, clock))
            }
            Code::Lag => {
                let rows = self.rows(function, arguments, 1, clock)?;
                let x = x(self)?;
                Ok(if rows == 0 { x } else { graph_node(self, Op::Lag(rows), vec![x]) })
            }
            Code::Delta => {
                let rows = self.rows(function, arguments, 1, clock)?;
                let x = x(self)?;
                let before = graph_node(self, Op::Lag(rows), vec![x]);
                self.map(Map::Subtract, vec![x, before], at, clock)
            }
            Code::Rolling(rolling) => {
                let inputs = rolling.inputs();
                let window = self.window(function, arguments, inputs, inputs + 1, clock)?;
                let all = (0..inputs).map(|i| self.expr(arguments[i][0], clock));
                let all = all.collect::<Made<_>>()?;
                Ok(graph_node(self, Op::Rolling(rolling, window), all))
            }
            Code::Quantile => {
                let window = self.window(function, arguments, 1, 3, clock)?;
                let q = self.number(arguments[2][0], clock)?;
                if !(0.0..=1.0).contains(&q) {
                    return fault(arguments[2][0].at, format!("q is {q}; expected 0 to 1"));
                }
                let x = x(self)?;
                Ok(graph_node(self, Op::Rolling(Rolling::Quantile(q), window), vec![x]))
            }
            Code::Ema => {
                let rows = self.rows(function, arguments, 1, clock)?;
                let x = x(self)?;
                Ok(graph_node(self, Op::Recursive(Recursive::Ema { rows }), vec![x]))
            }
            Code::EwmMean | Code::EwmStd => {
                let alpha = self.alpha(arguments, at, clock)?;
                let recursive = match function.code {
                    Code::EwmMean => Recursive::EwmMean { alpha },
                    _ => Recursive::EwmStd { alpha },
                };
                let x = x(self)?;
                Ok(graph_node(self, Op::Recursive(recursive), vec![x]))
            }
            Code::Cusum => {
                let threshold = self.number(arguments[1][0], clock)?;
                if threshold <= 0.0 {
                    return fault(
                        arguments[1][0].at,
                        format!("h is {threshold}; expected above 0"),
                    );
                }
                let x = x(self)?;
                Ok(graph_node(self, Op::Recursive(Recursive::Cusum { threshold }), vec![x]))
            }
            Code::CumSum => {
                let since = match arguments[1].first() {
                    Some(anchor) => since(anchor)?,
                    None => Since::Segment,
                };
                let x = x(self)?;
                Ok(graph_node(self, Op::CumSum(since), vec![x]))
            }
            Code::Vwap => {
                let since = since(arguments[0][0])?;
                let inputs = ["high", "low", "close", "volume"];
                let inputs = inputs.map(|name| self.column(name, at, clock)).to_vec();
                Ok(graph_node(self, Op::Vwap(since), inputs))
            }
            Code::Calendar(calendar) => {
                let zone = match arguments[0].first() {
                    None => self.zone,
                    Some(zone) => {
                        let name = text(zone)?;
                        name.parse().or_else(|_| {
                            fault(zone.at, format!("'{name}' is no time zone; expected such as 'America/New_York', '+05:30' or 'UTC'"))
                        })?
                    }
                };
                Ok(graph_node(self, Op::Calendar(calendar, zone), Vec::new()))
            }
            Code::Hours(hours) => {
                let session = match (arguments[0].first(), self.session) {
                    (Some(session), _) => text(session)?
                        .parse()
                        .or_else(|expected| fault(session.at, format!("{expected}")))?,
                    (None, Some(session)) => session,
                    (None, None) => {
                        return fault(
                            at,
                            "the data has no trading hours; give them, as session='09:30-16:00 America/New_York', or set dataset.session",
                        );
                    }
                };
                Ok(graph_node(self, Op::Hours(hours, session), Vec::new()))
            }
            Code::Cross(cross) => self.cross(cross, arguments, at, clock),
            Code::At => self.at(arguments, at, clock),
            Code::Symbol => self.symbol(arguments, at, clock),
        }
    }

    fn cross(
        &mut self,
        cross: barloom_bars::Across,
        arguments: &Bound<'_>,
        at: usize,
        clock: ClockId,
    ) -> Made<NodeId> {
        let by = match arguments[1].first() {
            None => None,
            Some(by) => {
                // A column of text is named like any other.
                let name = match &by.kind {
                    Kind::Name(name) | Kind::Text(name) => name.clone(),
                    _ => {
                        return fault(by.at, "`by` takes the name of an attribute, such as sector");
                    }
                };
                if !self.attributes.contains_key(&name) {
                    let used = self.used(by.at);
                    self.attributes.insert(name.clone(), used);
                }
                Some(name)
            }
        };
        let Clock { symbol, interval } = self.graph.clocks[clock].clone();
        if interval.is_some() {
            let problem = "functions across symbols are not offered inside `at`; compute the inner \
                           part with `at`, and call them on it";
            return fault(at, problem);
        }
        if self.across.is_none() {
            self.across = Some(self.used(at));
        }
        let x = self.expr(arguments[0][0], 0)?;
        let all = self.graph.node(Op::Cross(cross, by), vec![x], 0);
        Ok(if symbol.is_some() { self.graph.node(Op::Only, vec![all], clock) } else { all })
    }

    fn at(&mut self, arguments: &Bound<'_>, at: usize, clock: ClockId) -> Made<NodeId> {
        let interval = interval(arguments[0][0])?;
        let Clock { symbol, interval: inside } = self.graph.clocks[clock].clone();
        if inside.is_some() {
            return fault(at, "`at` inside `at` is not offered; name the inner part as a feature");
        }
        let coarse = self.graph.clock(Clock { symbol, interval: Some(interval) });
        let used = self.used(arguments[0][0].at);
        self.clocks.entry(coarse).or_insert(used);
        let x = self.expr(arguments[1][0], coarse)?;
        Ok(self.graph.node(Op::From(None), vec![x], clock))
    }

    fn symbol(&mut self, arguments: &Bound<'_>, at: usize, clock: ClockId) -> Made<NodeId> {
        let name = text(arguments[0][0])?;
        if self.graph.clocks[clock].interval.is_some() {
            let problem =
                format!("`symbol` inside `at` is not offered; write `symbol('{name}', at(...))`");
            return fault(at, problem);
        }
        let max_age = match arguments[2].first() {
            None => None,
            Some(age) => match parse_duration(text(age)?) {
                Some(ns) => Some(ns),
                None => return fault(age.at, "expected a duration such as '1h'"),
            },
        };
        if !self.symbols.contains_key(name) {
            let used = self.used(arguments[0][0].at);
            self.symbols.insert(name.to_owned(), used);
        }
        let there = self.graph.clock(Clock { symbol: Some(name.to_owned()), interval: None });
        let x = self.expr(arguments[1][0], there)?;
        if there == clock {
            return Ok(x);
        }
        Ok(self.graph.node(Op::From(max_age), vec![x], clock))
    }

    /// A constant.
    pub(crate) fn number(&mut self, expr: &Expr, clock: ClockId) -> Made<f64> {
        let node = self.expr(expr, clock)?;
        match self.graph.constant(node) {
            Some(x) if !x.is_nan() => Ok(x),
            _ => fault(expr.at, "expected a constant, as parameters are the same for all rows"),
        }
    }

    /// The number of rows that is the argument of a place.
    fn rows(
        &mut self,
        function: &Function,
        arguments: &Bound<'_>,
        place: usize,
        clock: ClockId,
    ) -> Made<usize> {
        let given = arguments[place][0];
        let Argument { name, takes, .. } = function.arguments[place];
        let least = if let Takes::Rows(least) = takes { least } else { 1 };
        let x = self.number(given, clock)?;
        let most = crate::rolling::MAX_ROWS;
        if x.fract() == 0.0 && x >= least as f64 && x <= most as f64 {
            return Ok(x as usize);
        }
        let ahead = if x < 0.0 { "; a negative one would look ahead" } else { "" };
        fault(
            given.at,
            format!("{name} is {x}; expected a whole number from {least} to {most}{ahead}"),
        )
    }

    /// A window: its rows and the values that it needs.
    fn window(
        &mut self,
        function: &Function,
        arguments: &Bound<'_>,
        rows: usize,
        least: usize,
        clock: ClockId,
    ) -> Made<Window> {
        let n = self.rows(function, arguments, rows, clock)?;
        let min_periods = match arguments[least].first() {
            None => n,
            Some(_) => self.rows(function, arguments, least, clock)?,
        };
        Window::new(n, min_periods).map_or_else(
            || {
                let at = arguments[least].first().map_or(0, |expr| expr.at);
                fault(at, format!("min_periods is {min_periods}, and the window has {n} rows"))
            },
            Ok,
        )
    }

    /// The weight of the newest value, from one of span, halflife and alpha.
    fn alpha(&mut self, arguments: &Bound<'_>, at: usize, clock: ClockId) -> Made<f64> {
        let given: Vec<(usize, &Expr)> = (1..=3)
            .filter_map(|place| arguments[place].first().map(|expr| (place, *expr)))
            .collect();
        let [(place, expr)] = given[..] else {
            return fault(at, "give one of span, halflife and alpha, by name: `span=20`");
        };
        let x = self.number(expr, clock)?;
        match place {
            1 if x >= 1.0 => Ok(Recursive::alpha_of_span(x)),
            1 => fault(expr.at, format!("span is {x}; expected 1 or more")),
            2 if x > 0.0 => Ok(Recursive::alpha_of_halflife(x)),
            2 => fault(expr.at, format!("halflife is {x}; expected above 0")),
            _ if x > 0.0 && x <= 1.0 => Ok(x),
            _ => fault(expr.at, format!("alpha is {x}; expected above 0, at most 1")),
        }
    }

    #[cfg(not(feature = "ta"))]
    fn indicator(
        &mut self,
        name: &str,
        _: &Call,
        _: Option<(&str, usize)>,
        at: usize,
        _: ClockId,
    ) -> Made<NodeId> {
        let problem = format!(
            "`ta.{name}` is not in this build; turn on the Cargo feature `ta` of barloom-features"
        );
        fault(at, problem)
    }
}

/// Parses features.
///
/// # Errors
/// The first that is no expression.
pub(crate) fn parse<'a>(features: &'a [(String, String)]) -> Result<Vec<Source<'a>>, FeatureError> {
    let source = |(name, text): &'a (String, String)| {
        let expr = syntax::parse(text).map_err(|fault| fault.of(name, text))?;
        Ok(Source { name, text, expr })
    };
    features.iter().map(source).collect()
}
