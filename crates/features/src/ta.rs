//! The indicators of TA-Lib.
//!
//! Functions of the crate `ta-lib`, TA-Lib's official Rust port. [`find`] gives an [`Indicator`] by
//! name; [`refusal`] says why a function of TA-Lib is not one of them.
//!
//! TA-Lib assumes that its input has no missing row: after a NaN some of its functions give finite
//! wrong values to the end. So one wrapper calls them all. It splits the input into *runs* of rows
//! that hold a finite number of at most 1e15 in every input, and starts afresh in each. Rows
//! outside of runs, rows before the first value of a run and results that are not finite are NaN.
//!
//! TA-Lib computes some functions with the platform's logarithm, exponential and sine, which differ
//! between systems. Those are own code with `libm`, or refused.
//!
//! [`WarmUp`] says how a value depends on the rows before it:
//!
//! - A function of the last rows alone is computed so, to the bit. Where TA-Lib keeps running
//!   sums, which drift, each value is computed from its own rows instead, at a cost that grows
//!   with the period.
//! - A recursive function forgets its first rows. The number of rows is known.
//! - A cumulative function never forgets its first row.
//!
//! ```
//! use barloom_features::ta;
//!
//! let rsi = ta::find("rsi").unwrap();
//! let params = rsi.defaults();
//! assert_eq!(params, [14.0]);
//! let close: Vec<f64> = (0..40).map(|i| 100.0 + f64::from(i % 7)).collect();
//! let mut out = vec![0.0; close.len()];
//! rsi.compute(&params, &[&close], &mut [&mut out])?;
//! assert!(out[..14].iter().all(|v| v.is_nan()));
//! assert!((0.0..=100.0).contains(&out[14]));
//! # Ok::<(), ta::Error>(())
//! ```

use std::sync::LazyLock;

use ta_lib::abstract_api::{self, FuncFlags, FuncInfo, InputFlags, InputType, OutputType};

mod compute;
mod handles;
mod own;
mod stream;
mod table;

pub use stream::Stream;
pub use table::refusal;

/// The largest absolute value of an input. Rows beyond it count as missing.
pub const LARGEST_INPUT: f64 = 1e15;

/// An indicator of TA-Lib.
#[derive(Debug)]
pub struct Indicator {
    name: String,
    info: &'static FuncInfo,
    inputs: Vec<Input>,
    parameters: Vec<Parameter>,
    outputs: Vec<String>,
    slots: Vec<Slot>,
}

/// An input of an indicator: a column argument, or a column of the bars, which is implied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Input {
    /// Any column, with TA-Lib's name of the argument: `real`, `real0`, `real1`.
    Column(String),
    /// Open prices.
    Open,
    /// High prices.
    High,
    /// Low prices.
    Low,
    /// Close prices.
    Close,
    /// Volumes.
    Volume,
}

impl Input {
    /// The name: `real`, `open`, `high` and so on.
    pub fn name(&self) -> &str {
        match self {
            Self::Column(name) => name,
            Self::Open => "open",
            Self::High => "high",
            Self::Low => "low",
            Self::Close => "close",
            Self::Volume => "volume",
        }
    }
}

/// A parameter of an indicator.
#[derive(Debug, Clone, PartialEq)]
pub struct Parameter {
    /// TA-Lib's name in Python, such as `timeperiod`.
    pub name: String,
    /// The meaning, in one line.
    pub description: &'static str,
    /// The value if none is given.
    pub default: f64,
    /// The values that are allowed.
    pub allowed: Allowed,
}

/// The values that a parameter takes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Allowed {
    /// Integers from `min` to `max`, both included.
    Integer {
        /// The smallest.
        min: f64,
        /// The largest.
        max: f64,
    },
    /// Numbers from `min` to `max`, both included.
    Real {
        /// The smallest.
        min: f64,
        /// The largest.
        max: f64,
    },
    /// Kinds of moving averages: TA-Lib's numbers, see [`AVERAGES`].
    Average,
}

/// The kinds of moving averages: word and TA-Lib's number.
///
/// TA-Lib's others are not offered: MAMA never settles, ALMA uses the platform's exponential, and
/// DISABLED is a period of 1.
pub const AVERAGES: [(&str, f64); 12] = [
    ("sma", 0.0),
    ("ema", 1.0),
    ("wma", 2.0),
    ("dema", 3.0),
    ("tema", 4.0),
    ("trima", 5.0),
    ("kama", 6.0),
    ("t3", 8.0),
    ("hma", 9.0),
    ("zlema", 12.0),
    ("rma", 13.0),
    ("vidya", 14.0),
];

impl Parameter {
    /// The number that a word stands for, such as `"ema"`. `None` if the parameter takes no words
    /// or not this one.
    pub fn word(&self, word: &str) -> Option<f64> {
        if self.allowed != Allowed::Average {
            return None;
        }
        AVERAGES.iter().find(|(name, _)| *name == word).map(|&(_, number)| number)
    }

    /// The values that are allowed, in words.
    pub fn allowed_text(&self) -> String {
        match self.allowed {
            Allowed::Integer { min, max } => format!("an integer from {min} to {max}"),
            Allowed::Real { min, max } => match (min <= -3e37, max >= 3e37) {
                (true, true) => "a number".to_owned(),
                (false, true) => format!("a number from {min}"),
                _ => format!("a number from {min} to {max}"),
            },
            Allowed::Average => {
                let words: Vec<String> =
                    AVERAGES.iter().map(|(name, number)| format!("{name} ({number})")).collect();
                format!("one of {}", words.join(", "))
            }
        }
    }

    fn allows(&self, value: f64) -> bool {
        match self.allowed {
            Allowed::Integer { min, max } => (min..=max).contains(&value) && value == value.trunc(),
            Allowed::Real { min, max } => (min..=max).contains(&value),
            Allowed::Average => AVERAGES.iter().any(|&(_, number)| number == value),
        }
    }
}

/// The place of an output among TA-Lib's outputs.
#[derive(Debug, Clone, Copy)]
struct Slot {
    index: usize,
    kind: OutputKind,
}

/// The kind of values of an output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum OutputKind {
    Real,
    Integer,
    /// A row, given as the number of rows before the current one.
    Row,
}

/// The rows that a value depends on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WarmUp {
    /// A value is a function of the last `rows` rows, its own included, to the bit.
    Finite {
        /// Number of rows.
        rows: usize,
    },
    /// A value depends on all rows of its run. From the row with index `rows` of a run, the rows
    /// before the run would change it by less than 1e-8, relative to the output's usual size.
    Recursive {
        /// Number of rows that are not stable, from the first row of a run.
        rows: usize,
    },
    /// A value depends on the first row of its run, however long ago.
    FromFirstRow,
}

/// Reasons why an indicator cannot be computed.
#[non_exhaustive]
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum Error {
    /// A parameter has a value that is not allowed.
    #[error("ta.{indicator}: {parameter} is {value}; it must be {allowed}")]
    Parameter {
        /// The indicator.
        indicator: String,
        /// The parameter.
        parameter: String,
        /// Its value.
        value: f64,
        /// The values that are allowed.
        allowed: String,
    },
    /// There is not one value a parameter.
    #[error("ta.{indicator}: {got} parameters; there are {expected}")]
    Count {
        /// The indicator.
        indicator: String,
        /// Number of values.
        got: usize,
        /// Number of parameters.
        expected: usize,
    },
    /// TA-Lib refuses parameters that are each in range.
    #[error("ta.{indicator}: TA-Lib does not take the parameters {parameters:?} together")]
    Together {
        /// The indicator.
        indicator: String,
        /// The parameters.
        parameters: Vec<f64>,
    },
    /// A run is longer than TA-Lib's index.
    #[error(
        "ta.{indicator}: {rows} rows without a missing value; at most 100,000,001 are possible"
    )]
    TooManyRows {
        /// The indicator.
        indicator: String,
        /// Number of rows.
        rows: usize,
    },
}

static ALL: LazyLock<Vec<Indicator>> = LazyLock::new(|| {
    let mut all: Vec<Indicator> = abstract_api::funcs()
        .map(|info| (info.name.to_ascii_lowercase(), info))
        .filter(|(name, _)| refusal(name).is_none())
        .map(|(name, info)| Indicator::new(name, info))
        .collect();
    all.sort_by(|a, b| a.name.cmp(&b.name));
    all
});

/// All indicators, by name.
pub fn all() -> &'static [Indicator] {
    &ALL
}

/// The indicator with a name in lower case, such as `rsi`.
pub fn find(name: &str) -> Option<&'static Indicator> {
    let all = all();
    all.binary_search_by(|i| i.name.as_str().cmp(name)).ok().map(|i| &all[i])
}

impl Indicator {
    fn new(name: String, info: &'static FuncInfo) -> Self {
        let mut inputs = Vec::new();
        for input in info.inputs {
            if input.kind == InputType::Price {
                inputs.extend(
                    PRICES.iter().filter(|p| input.flags.contains(p.0)).map(|p| p.1.clone()),
                );
            } else {
                inputs.push(Input::Column(stripped(input.param_name, "in")));
            }
        }
        let parameters = info.opt_inputs.iter().map(table::parameter).collect();
        let mut outputs = Vec::new();
        let mut slots = Vec::new();
        for (index, output) in info.outputs.iter().enumerate() {
            if table::HIDDEN.contains(&(info.name, index)) {
                continue;
            }
            outputs.push(output_name(output.param_name));
            slots.push(Slot {
                index,
                kind: match output.kind {
                    OutputType::Real => OutputKind::Real,
                    OutputType::Integer if table::ROWS.contains(&(info.name, index)) => {
                        OutputKind::Row
                    }
                    OutputType::Integer => OutputKind::Integer,
                },
            });
        }
        Self { name, info, inputs, parameters, outputs, slots }
    }

    /// The name, in lower case.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// TA-Lib's group, such as `Momentum Indicators`.
    pub fn group(&self) -> &'static str {
        self.info.group.as_str()
    }

    /// The description, in one line.
    pub fn description(&self) -> &'static str {
        self.info.hint
    }

    /// Notes on values and cost, a sentence each.
    pub fn notes(&self) -> Vec<&'static str> {
        table::notes(self)
    }

    /// The inputs, in the order that [`compute`](Self::compute) takes them.
    pub fn inputs(&self) -> &[Input] {
        &self.inputs
    }

    /// The parameters.
    pub fn parameters(&self) -> &[Parameter] {
        &self.parameters
    }

    /// The default of each parameter.
    pub fn defaults(&self) -> Vec<f64> {
        self.parameters.iter().map(|p| p.default).collect()
    }

    /// The names of the outputs: TA-Lib's in lower case without `out`. An indicator with one
    /// output needs no name.
    pub fn outputs(&self) -> &[String] {
        &self.outputs
    }

    /// Checks the parameters.
    ///
    /// # Errors
    ///
    /// Fails if there is not one value a parameter, or if one is not allowed. The error says what
    /// is.
    pub fn check(&self, params: &[f64]) -> Result<(), Error> {
        self.checked(params).map(|_| ())
    }

    /// The number of rows of a run before the first value.
    ///
    /// # Panics
    ///
    /// Panics if [`check`](Self::check) refuses the parameters.
    pub fn lookback(&self, params: &[f64]) -> usize {
        self.checked(params).expect("the caller has checked the parameters")
    }

    /// The rows that a value depends on.
    ///
    /// # Panics
    ///
    /// Panics if [`check`](Self::check) refuses the parameters.
    pub fn warm_up(&self, params: &[f64]) -> WarmUp {
        let lookback = self.lookback(params);
        if self.info.flags.contains(FuncFlags::PATH_DEPENDENT) {
            return WarmUp::FromFirstRow;
        }
        let stable = compute::lookback(self.info, params, true).expect("as without a warm-up");
        if stable == lookback && !table::RECURSIVE.contains(&self.info.name) {
            WarmUp::Finite { rows: lookback + 1 }
        } else {
            WarmUp::Recursive { rows: table::settled(self.info.name, params, lookback, stable) }
        }
    }

    /// Computes all outputs: one value for each row of the inputs.
    ///
    /// Values before [`warm_up`](Self::warm_up) are TA-Lib's own; the caller removes them where
    /// they should not be used.
    ///
    /// # Errors
    ///
    /// Fails as [`check`](Self::check) does, and for a run of more than 100,000,001 rows.
    ///
    /// # Panics
    ///
    /// Panics if there is not one slice for each input and output, or if the lengths differ.
    pub fn compute(
        &self,
        params: &[f64],
        inputs: &[&[f64]],
        outputs: &mut [&mut [f64]],
    ) -> Result<(), Error> {
        self.check(params)?;
        compute::compute(self, params, inputs, outputs)
    }

    /// Begins a stream. It gives the values of [`compute`](Self::compute) row by row, to the bit.
    ///
    /// # Panics
    ///
    /// Panics if [`check`](Self::check) refuses the parameters.
    pub fn stream(&'static self, params: &[f64]) -> Stream {
        Stream::new(self, params)
    }

    /// Checks the parameters and returns the lookback.
    fn checked(&self, params: &[f64]) -> Result<usize, Error> {
        if params.len() != self.parameters.len() {
            return Err(Error::Count {
                indicator: self.name.clone(),
                got: params.len(),
                expected: self.parameters.len(),
            });
        }
        for (parameter, &value) in self.parameters.iter().zip(params) {
            if !parameter.allows(value) {
                return Err(Error::Parameter {
                    indicator: self.name.clone(),
                    parameter: parameter.name.clone(),
                    value,
                    allowed: parameter.allowed_text(),
                });
            }
        }
        compute::lookback(self.info, params, false).ok_or_else(|| Error::Together {
            indicator: self.name.clone(),
            parameters: params.to_vec(),
        })
    }
}

const PRICES: [(InputFlags, Input); 5] = [
    (InputFlags::PRICE_OPEN, Input::Open),
    (InputFlags::PRICE_HIGH, Input::High),
    (InputFlags::PRICE_LOW, Input::Low),
    (InputFlags::PRICE_CLOSE, Input::Close),
    (InputFlags::PRICE_VOLUME, Input::Volume),
];

/// A name of TA-Lib without its prefix, in lower case.
fn stripped(name: &str, prefix: &str) -> String {
    name.strip_prefix(prefix).unwrap_or(name).to_ascii_lowercase()
}

/// `outReal` is `real`, `outRealUpperBand` is `upperband`.
fn output_name(name: &str) -> String {
    let name = stripped(name, "out");
    match name.strip_prefix("real") {
        Some(rest) if !rest.is_empty() => rest.to_owned(),
        _ => name,
    }
}
