//! The functions of expressions, in one table.

mod own;

pub use own::OWN;

/// The version of all functions and indicators: it rises when one of them gives other bits.
pub const FUNCTIONS_VERSION: u32 = 1;

/// A function that expressions call by its name. The indicators of TA-Lib are in `ta`.
#[derive(Clone, Copy, Debug)]
pub struct Function {
    /// Its name.
    pub name: &'static str,
    /// The section of the documentation.
    pub group: Group,
    /// Its arguments, in order.
    pub arguments: &'static [Argument],
    /// Its value, in a sentence or two, with formula and edge cases.
    pub doc: &'static str,
    /// An expression that calls it, over the columns of bars.
    pub example: &'static str,
    /// Its code.
    pub(crate) code: Code,
}

/// Sections of the documentation of functions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Group {
    /// A row's value from the values of this row.
    Elementwise,
    /// Earlier rows.
    Earlier,
    /// The last n rows.
    Rolling,
    /// All rows, weighted down exponentially.
    Exponential,
    /// Events, and sums since a start.
    Events,
    /// The clock and the calendar.
    Calendar,
    /// All symbols at one time.
    Cross,
    /// Other rows: coarser bars, another symbol.
    Elsewhere,
}

impl Group {
    /// All of them, in the order of the documentation.
    pub const ALL: [Self; 8] = [
        Self::Elementwise,
        Self::Earlier,
        Self::Rolling,
        Self::Exponential,
        Self::Events,
        Self::Calendar,
        Self::Cross,
        Self::Elsewhere,
    ];

    /// Its heading.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::Elementwise => "Values of one row",
            Self::Earlier => "Earlier rows",
            Self::Rolling => "The last n rows",
            Self::Exponential => "Exponential weights",
            Self::Events => "Events and sums since a start",
            Self::Calendar => "Clock and calendar",
            Self::Cross => "Across symbols",
            Self::Elsewhere => "Coarser bars and other symbols",
        }
    }
}

/// An argument of a function.
#[derive(Clone, Copy, Debug)]
pub struct Argument {
    /// Its name, for `name=value`.
    pub name: &'static str,
    /// The kind of value that may be given.
    pub takes: Takes,
    /// True if it may be left out.
    pub optional: bool,
}

/// The kind of value that an argument takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Takes {
    /// Any expression.
    Column,
    /// Expressions, at least one.
    Columns,
    /// A constant number of rows, at least so many.
    Rows(usize),
    /// A constant number.
    Number,
    /// A string.
    Text,
}

impl Function {
    /// The function of a name.
    #[must_use]
    pub fn find(name: &str) -> Option<&'static Self> {
        OWN.iter().find(|function| function.name == name)
    }

    /// Its name with its arguments: `quantile(x, n, q, min_periods=)`.
    #[must_use]
    pub fn signature(&self) -> String {
        let argument = |argument: &Argument| match (argument.takes, argument.optional) {
            (Takes::Columns, _) => format!("{}, ...", argument.name),
            (_, true) => format!("{}=", argument.name),
            _ => argument.name.to_owned(),
        };
        let arguments: Vec<String> = self.arguments.iter().map(argument).collect();
        format!("{}({})", self.name, arguments.join(", "))
    }
}

/// The earlier rows that a value depends on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Memory {
    /// A bounded number of rows, to the bit.
    Finite,
    /// All earlier rows of the run, with weights that fade: after a known number of rows, those
    /// before weigh less than 1e-8.
    Fading,
    /// The first row of the run, segment or period.
    FromStart,
}

impl Function {
    /// The earlier rows that its values depend on.
    #[must_use]
    pub fn memory(&self) -> Memory {
        match self.code {
            Code::Ema | Code::EwmMean | Code::EwmStd => Memory::Fading,
            Code::Cusum | Code::CumSum | Code::Vwap => Memory::FromStart,
            _ => Memory::Finite,
        }
    }

    /// True if its values depend on other symbols.
    #[must_use]
    pub fn sees_other_symbols(&self) -> bool {
        matches!(self.code, Code::Cross(_) | Code::Symbol)
    }
}

/// The code of a function.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Code {
    Map(crate::map::Map),
    Coalesce,
    Lag,
    Delta,
    Rolling(crate::rolling::Rolling),
    Quantile,
    Ema,
    EwmMean,
    EwmStd,
    Cusum,
    CumSum,
    Vwap,
    Calendar(crate::calendar::Calendar),
    Hours(crate::calendar::Hours),
    Cross(barloom_bars::Across),
    At,
    Symbol,
}
