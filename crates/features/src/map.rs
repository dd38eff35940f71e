//! Functions of the values of one row.

use crate::syntax::Binary;

/// A function of the values of one row. Missing (NaN) in any operand gives missing, but for
/// [`Coalesce`](Map::Coalesce) and the operand that [`Where`](Map::Where) does not take.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Map {
    Negative,
    Not,
    Abs,
    Sign,
    Log,
    Log1p,
    Exp,
    Sqrt,
    Tanh,
    Sin,
    Cos,
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
    Greatest,
    Least,
    Coalesce,
    Clip,
    Where,
}

impl From<Binary> for Map {
    fn from(binary: Binary) -> Self {
        match binary {
            Binary::Add => Self::Add,
            Binary::Subtract => Self::Subtract,
            Binary::Multiply => Self::Multiply,
            Binary::Divide => Self::Divide,
            Binary::Remainder => Self::Remainder,
            Binary::Power => Self::Power,
            Binary::Less => Self::Less,
            Binary::LessEqual => Self::LessEqual,
            Binary::Greater => Self::Greater,
            Binary::GreaterEqual => Self::GreaterEqual,
            Binary::Equal => Self::Equal,
            Binary::NotEqual => Self::NotEqual,
            Binary::And => Self::And,
            Binary::Or => Self::Or,
        }
    }
}

/// A truth as 1 or 0.
fn truth(holds: bool) -> f64 {
    f64::from(u8::from(holds))
}

/// Missing where a value is not finite.
pub(crate) fn finite(x: f64) -> f64 {
    if x.is_finite() { x } else { f64::NAN }
}

/// A truth of two values, missing where one is.
fn compared(a: f64, b: f64, holds: bool) -> f64 {
    if a.is_nan() || b.is_nan() { f64::NAN } else { truth(holds) }
}

/// The remainder with the sign of the divisor, as in Python.
fn remainder(a: f64, b: f64) -> f64 {
    let rest = a % b;
    if rest != 0.0 && (rest < 0.0) != (b < 0.0) { rest + b } else { rest }
}

/// Runs one function over rows.
macro_rules! over {
    ($out:ident; $($name:ident),*; $value:expr) => {
        for (row, out) in $out.iter_mut().enumerate() {
            $(let $name = $name[row];)*
            *out = $value;
        }
    };
}

impl Map {
    /// The number of operands.
    pub(crate) fn operands(self) -> usize {
        match self {
            Self::Negative
            | Self::Not
            | Self::Abs
            | Self::Sign
            | Self::Log
            | Self::Log1p
            | Self::Exp
            | Self::Sqrt
            | Self::Tanh
            | Self::Sin
            | Self::Cos => 1,
            Self::Clip | Self::Where => 3,
            _ => 2,
        }
    }

    /// Its values for rows of operands, each as long as `out`. Results that are not finite are
    /// missing.
    pub(crate) fn apply(self, operands: [&[f64]; 3], out: &mut [f64]) {
        let rows = out.len();
        let [a, b, c] = operands.map(|x| &x[..rows.min(x.len())]);
        match self {
            Self::Negative => over!(out; a; -a),
            Self::Not => over!(out; a; compared(a, a, a == 0.0)),
            Self::Abs => over!(out; a; a.abs()),
            Self::Sign => over!(out; a; compared(a, a, a > 0.0) - truth(a < 0.0)),
            Self::Log => over!(out; a; finite(libm::log(a))),
            Self::Log1p => over!(out; a; finite(libm::log1p(a))),
            Self::Exp => over!(out; a; finite(libm::exp(a))),
            Self::Sqrt => over!(out; a; a.sqrt()),
            Self::Tanh => over!(out; a; libm::tanh(a)),
            Self::Sin => over!(out; a; libm::sin(a)),
            Self::Cos => over!(out; a; libm::cos(a)),
            Self::Add => over!(out; a, b; finite(a + b)),
            Self::Subtract => over!(out; a, b; finite(a - b)),
            Self::Multiply => over!(out; a, b; finite(a * b)),
            Self::Divide => over!(out; a, b; finite(a / b)),
            Self::Remainder => over!(out; a, b; finite(remainder(a, b))),
            Self::Power => over!(out; a, b; compared(a, b, true) * finite(libm::pow(a, b))),
            Self::Less => over!(out; a, b; compared(a, b, a < b)),
            Self::LessEqual => over!(out; a, b; compared(a, b, a <= b)),
            Self::Greater => over!(out; a, b; compared(a, b, a > b)),
            Self::GreaterEqual => over!(out; a, b; compared(a, b, a >= b)),
            Self::Equal => over!(out; a, b; compared(a, b, a == b)),
            Self::NotEqual => over!(out; a, b; compared(a, b, a != b)),
            Self::And => over!(out; a, b; compared(a, b, a != 0.0 && b != 0.0)),
            Self::Or => over!(out; a, b; compared(a, b, a != 0.0 || b != 0.0)),
            Self::Greatest => over!(out; a, b; larger(a, b)),
            Self::Least => over!(out; a, b; -larger(-a, -b)),
            Self::Coalesce => over!(out; a, b; if a.is_nan() { b } else { a }),
            Self::Clip => over!(out; a, b, c; -larger(-larger(a, b), -c)),
            Self::Where => {
                over!(out; a, b, c; if a.is_nan() { a } else if a != 0.0 { b } else { c })
            }
        }
    }

    /// Its value for one row: that of [`apply`](Self::apply).
    pub(crate) fn once(self, operands: [f64; 3]) -> f64 {
        let mut out = [0.0];
        let [a, b, c] = operands.map(|x| [x]);
        self.apply([&a, &b, &c], &mut out);
        out[0]
    }
}

/// The larger of two values; missing where one is.
fn larger(a: f64, b: f64) -> f64 {
    if a.is_nan() || a > b { a } else { b }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAN: f64 = f64::NAN;

    fn is(map: Map, operands: [f64; 3], expected: f64) {
        let got = map.once(operands);
        assert!(
            got == expected || got.is_nan() && expected.is_nan(),
            "{map:?} {operands:?}: {got}"
        );
    }

    #[test]
    fn values_are_those_of_python() {
        for (a, b, expected) in [
            (7.0, 3.0, 1.0),
            (-7.0, 3.0, 2.0),
            (7.0, -3.0, -2.0),
            (-7.0, -3.0, -1.0),
            (-1e-20, 3.0, 3.0),
            (6.0, 3.0, 0.0),
            (1.0, 0.0, NAN),
        ] {
            is(Map::Remainder, [a, b, NAN], expected);
        }
        is(Map::Power, [2.0, 0.5, 0.0], std::f64::consts::SQRT_2);
        is(Map::Power, [-8.0, 1.0 / 3.0, 0.0], NAN);
        is(Map::Power, [1.0, NAN, 0.0], NAN);
        is(Map::Power, [NAN, 0.0, 0.0], NAN);
        is(Map::Divide, [1.0, 0.0, 0.0], NAN);
        is(Map::Log, [0.0, 0.0, 0.0], NAN);
        is(Map::Log, [-1.0, 0.0, 0.0], NAN);
        is(Map::Exp, [1e3, 0.0, 0.0], NAN);
        is(Map::Sqrt, [-1.0, 0.0, 0.0], NAN);
        is(Map::Sign, [-0.0, 0.0, 0.0], 0.0);
        is(Map::Sign, [-3.0, 0.0, 0.0], -1.0);
    }

    #[test]
    fn missing_propagates() {
        for map in
            [Map::Less, Map::Equal, Map::NotEqual, Map::And, Map::Or, Map::Greatest, Map::Least]
        {
            is(map, [NAN, 1.0, 0.0], NAN);
            is(map, [1.0, NAN, 0.0], NAN);
        }
        for map in [Map::Not, Map::Sign, Map::Abs, Map::Negative, Map::Log] {
            is(map, [NAN, 0.0, 0.0], NAN);
        }
        for place in 0..3 {
            let mut operands = [0.5, 0.0, 1.0];
            operands[place] = NAN;
            is(Map::Clip, operands, NAN);
        }
        is(Map::Where, [NAN, 1.0, 2.0], NAN);
        is(Map::Where, [1.0, 1.0, NAN], 1.0);
        is(Map::Where, [0.0, NAN, 2.0], 2.0);
        is(Map::Coalesce, [NAN, 2.0, 0.0], 2.0);
        is(Map::Coalesce, [1.0, NAN, 0.0], 1.0);
    }

    #[test]
    fn truths_and_bounds() {
        is(Map::And, [2.0, -1.0, 0.0], 1.0);
        is(Map::And, [2.0, 0.0, 0.0], 0.0);
        is(Map::Or, [0.0, 0.0, 0.0], 0.0);
        is(Map::Not, [0.5, 0.0, 0.0], 0.0);
        is(Map::Clip, [5.0, 0.0, 1.0], 1.0);
        is(Map::Clip, [-5.0, 0.0, 1.0], 0.0);
        is(Map::Greatest, [1.0, 2.0, 0.0], 2.0);
        is(Map::Least, [1.0, 2.0, 0.0], 1.0);
    }
}
