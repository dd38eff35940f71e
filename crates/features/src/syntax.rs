//! The language of expressions: a subset of Python's syntax.
//!
//! Numbers, names with dots, strings, `+ - * / % **`, comparisons, `and or not`, calls with
//! positional and named arguments, and `.name` for an output of a call. Precedence is Python's.
//! Comparisons are not chained.

mod parser;
mod tokens;

pub use parser::parse;

/// The longest text of an expression, in bytes.
pub const LONGEST_TEXT: usize = 64 << 10;

/// The deepest nesting of an expression.
pub const DEEPEST: usize = 64;

/// An expression with its place.
#[derive(Clone, Debug, PartialEq)]
pub struct Expr {
    /// The byte of the text at which it is: of an operator's expression, that of the operator.
    pub at: usize,
    /// The expression.
    pub kind: Kind,
}

/// The kinds of expressions.
#[derive(Clone, Debug, PartialEq)]
pub enum Kind {
    /// `1.5`.
    Number(f64),
    /// `'1h'`.
    Text(String),
    /// `True`, `False`.
    Bool(bool),
    /// `close`, `join.funding.rate`.
    Name(String),
    /// `-x`, `not x`.
    Unary(Unary, Box<Expr>),
    /// `x + y`.
    Binary(Binary, Box<Expr>, Box<Expr>),
    /// `mean(close, 20)`.
    Call(Call),
    /// `ta.macd(close).macdhist`.
    Output(Box<Expr>, String),
}

/// A call of a function.
#[derive(Clone, Debug, PartialEq)]
pub struct Call {
    /// The name of the function, with its dots.
    pub function: String,
    /// The arguments, in the order of the text.
    pub arguments: Vec<Argument>,
}

/// An argument of a call.
#[derive(Clone, Debug, PartialEq)]
pub struct Argument {
    /// The name of a named argument.
    pub name: Option<String>,
    /// The value.
    pub value: Expr,
}

/// Operators with one operand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unary {
    /// `-x`.
    Negative,
    /// `+x`.
    Positive,
    /// `not x`.
    Not,
}

/// Operators with two operands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are the operators'")]
pub enum Binary {
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
    Power,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
    Equal,
    NotEqual,
    And,
    Or,
}
