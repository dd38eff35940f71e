//! Tokens as an expression.

use super::tokens::{Token, TokenKind, tokens};
use super::{Argument, Binary, Call, DEEPEST, Expr, Kind, LONGEST_TEXT, Unary};
use crate::error::Fault;

/// Parses the text of an expression.
///
/// # Errors
/// The text is empty, longer than [`LONGEST_TEXT`], nested deeper than [`DEEPEST`], or no
/// expression; the fault has the byte at which it stops to be one.
pub fn parse(text: &str) -> Result<Expr, Fault> {
    if text.len() > LONGEST_TEXT {
        let problem = format!(
            "the expression has {} bytes, and {LONGEST_TEXT} are the most; name its parts as \
             features of their own",
            text.len()
        );
        return Err(Fault::new(0, problem));
    }
    let tokens = tokens(text)?;
    let mut parser = Parser { tokens: &tokens, next: 0, depth: 0 };
    if let Some(Token { kind: TokenKind::End, .. }) = tokens.first() {
        return Err(Fault::new(0, "the expression is empty"));
    }
    let expr = parser.expression(0)?.expr;
    match parser.peek().kind {
        TokenKind::End => Ok(expr),
        _ => Err(parser.unexpected("an operator or the end")),
    }
}

/// An expression and the height of its tree, which later code walks by recursion.
struct Tree {
    expr: Expr,
    height: usize,
}

/// The greatest height of a tree. A sum of 200 terms is a tree of height 200.
const HIGHEST: usize = 500;

impl Tree {
    /// A tree above others.
    fn over(at: usize, kind: Kind, below: usize) -> Result<Self, Fault> {
        if below >= HIGHEST {
            let problem = format!(
                "the expression has more than {HIGHEST} operators in a row; name its parts as \
                 features of their own"
            );
            return Err(Fault::new(at, problem));
        }
        Ok(Self { expr: Expr { at, kind }, height: below + 1 })
    }
}

struct Parser<'a, 't> {
    tokens: &'t [Token<'a>],
    next: usize,
    depth: usize,
}

/// Binding powers of operators, as in Python.
mod binding {
    pub(super) const NOT: u8 = 3;
    pub(super) const COMPARISON: u8 = 4;
    pub(super) const SIGN: u8 = 7;
    pub(super) const POWER: u8 = 8;
}

/// An operator between two operands and its binding.
fn binary(kind: &TokenKind<'_>) -> Option<(Binary, u8)> {
    let found = match kind {
        TokenKind::Word("or") => (Binary::Or, 1),
        TokenKind::Word("and") => (Binary::And, 2),
        TokenKind::Sign("<") => (Binary::Less, binding::COMPARISON),
        TokenKind::Sign("<=") => (Binary::LessEqual, binding::COMPARISON),
        TokenKind::Sign(">") => (Binary::Greater, binding::COMPARISON),
        TokenKind::Sign(">=") => (Binary::GreaterEqual, binding::COMPARISON),
        TokenKind::Sign("==") => (Binary::Equal, binding::COMPARISON),
        TokenKind::Sign("!=") => (Binary::NotEqual, binding::COMPARISON),
        TokenKind::Sign("+") => (Binary::Add, 5),
        TokenKind::Sign("-") => (Binary::Subtract, 5),
        TokenKind::Sign("*") => (Binary::Multiply, 6),
        TokenKind::Sign("/") => (Binary::Divide, 6),
        TokenKind::Sign("%") => (Binary::Remainder, 6),
        TokenKind::Sign("**") => (Binary::Power, binding::POWER),
        _ => return None,
    };
    Some(found)
}

impl<'a> Parser<'a, '_> {
    fn peek(&self) -> &Token<'a> {
        &self.tokens[self.next.min(self.tokens.len() - 1)]
    }

    fn take(&mut self) -> Token<'a> {
        let token = self.peek().clone();
        self.next += 1;
        token
    }

    fn is_sign(&self, sign: &str) -> bool {
        matches!(self.peek().kind, TokenKind::Sign(found) if found == sign)
    }

    /// An expression whose operators bind at least so tightly.
    fn expression(&mut self, least: u8) -> Result<Tree, Fault> {
        self.depth += 1;
        if self.depth > DEEPEST {
            let problem = format!(
                "the expression is nested deeper than {DEEPEST}; name its parts as features of \
                 their own"
            );
            return Err(Fault::new(self.peek().at, problem));
        }
        let mut left = self.operand()?;
        let mut compared = false;
        while let Some((operator, binds)) = binary(&self.peek().kind) {
            if binds < least {
                break;
            }
            let at = self.peek().at;
            if binds == binding::COMPARISON && std::mem::replace(&mut compared, true) {
                let problem = "comparisons are not chained; write `a < b and b < c`";
                return Err(Fault::new(at, problem));
            }
            self.next += 1;
            // A power groups from the right and takes a sign there: 2 ** -x ** 2.
            let right = match operator {
                Binary::Power => self.expression(binding::SIGN)?,
                _ => self.expression(binds + 1)?,
            };
            let below = left.height.max(right.height);
            let kind = Kind::Binary(operator, Box::new(left.expr), Box::new(right.expr));
            left = Tree::over(at, kind, below)?;
            compared &= binds >= binding::COMPARISON;
        }
        self.depth -= 1;
        Ok(left)
    }

    /// An operand with the signs before it and the outputs after it.
    fn operand(&mut self) -> Result<Tree, Fault> {
        let at = self.peek().at;
        let unary = match self.peek().kind {
            TokenKind::Sign("-") => Some((Unary::Negative, binding::SIGN)),
            TokenKind::Sign("+") => Some((Unary::Positive, binding::SIGN)),
            TokenKind::Word("not") => Some((Unary::Not, binding::NOT)),
            _ => None,
        };
        if let Some((unary, binds)) = unary {
            self.next += 1;
            let of = self.expression(binds)?;
            return Tree::over(at, Kind::Unary(unary, Box::new(of.expr)), of.height);
        }
        let mut operand = self.atom()?;
        while self.is_sign(".") {
            let at = self.take().at;
            let TokenKind::Word(name) = self.peek().kind else {
                return Err(self.unexpected("the name of an output"));
            };
            self.next += 1;
            let kind = Kind::Output(Box::new(operand.expr), name.to_owned());
            operand = Tree::over(at, kind, operand.height)?;
        }
        Ok(operand)
    }

    fn atom(&mut self) -> Result<Tree, Fault> {
        let Token { at, kind } = self.peek().clone();
        let mut height = 0;
        let kind = match kind {
            TokenKind::Number(number) => {
                self.next += 1;
                Kind::Number(number)
            }
            TokenKind::Text(text) => {
                self.next += 1;
                Kind::Text(text.to_owned())
            }
            TokenKind::Word(word) if !matches!(word, "and" | "or") => {
                self.next += 1;
                match word {
                    "True" => Kind::Bool(true),
                    "False" => Kind::Bool(false),
                    "if" | "else" | "lambda" | "is" | "in" | "None" | "for" => {
                        let problem = match word {
                            "if" | "else" => {
                                "write `where(condition, a, b)` for `a if condition else b`"
                                    .to_owned()
                            }
                            "None" => "write `nan` for a missing value".to_owned(),
                            _ => format!("`{word}` is not part of expressions"),
                        };
                        return Err(Fault::new(at, problem));
                    }
                    _ => self.named(word, &mut height)?,
                }
            }
            TokenKind::Sign("(") => {
                self.next += 1;
                let inside = self.expression(0)?;
                self.close(at)?;
                return Ok(inside);
            }
            _ => return Err(self.unexpected("a number, a name or `(`")),
        };
        Tree::over(at, kind, height)
    }

    /// A name with its dots, or a call of it, whose highest argument raises `height`.
    fn named(&mut self, first: &str, height: &mut usize) -> Result<Kind, Fault> {
        let mut name = first.to_owned();
        while self.is_sign(".") {
            let Some(Token { kind: TokenKind::Word(part), .. }) = self.tokens.get(self.next + 1)
            else {
                break;
            };
            name.push('.');
            name.push_str(part);
            self.next += 2;
        }
        if !self.is_sign("(") {
            return Ok(Kind::Name(name));
        }
        let open = self.take().at;
        let mut arguments = Vec::new();
        while !self.is_sign(")") {
            arguments.push(self.argument(arguments.last(), height)?);
            if !self.is_sign(",") {
                break;
            }
            self.next += 1;
        }
        self.close(open)?;
        Ok(Kind::Call(Call { function: name, arguments }))
    }

    fn argument(
        &mut self,
        before: Option<&Argument>,
        height: &mut usize,
    ) -> Result<Argument, Fault> {
        let at = self.peek().at;
        let equals = self.tokens.get(self.next + 1).map(|token| &token.kind);
        let name = match (&self.peek().kind, equals) {
            (TokenKind::Word(name), Some(TokenKind::Sign("="))) => {
                let name = (*name).to_owned();
                self.next += 2;
                Some(name)
            }
            _ => None,
        };
        if name.is_none() && before.is_some_and(|before| before.name.is_some()) {
            let problem = "an argument without a name stands before those with one";
            return Err(Fault::new(at, problem));
        }
        let value = self.expression(0)?;
        *height = value.height.max(*height);
        Ok(Argument { name, value: value.expr })
    }

    fn close(&mut self, open: usize) -> Result<(), Fault> {
        if self.is_sign(")") {
            self.next += 1;
            return Ok(());
        }
        match self.peek().kind {
            TokenKind::End => Err(Fault::new(open, "the bracket `(` is never closed")),
            _ => Err(self.unexpected("`,`, `)` or an operator")),
        }
    }

    fn unexpected(&self, expected: &str) -> Fault {
        let Token { at, kind } = self.peek();
        let problem = match kind {
            TokenKind::End => format!("the expression ends where {expected} is expected"),
            TokenKind::Sign("//") => "there is no `//`; write `(a - a % b) / b`".to_owned(),
            TokenKind::Sign("^") => "write a power as `**`".to_owned(),
            TokenKind::Sign("&" | "&&") => "write `and`".to_owned(),
            TokenKind::Sign("|" | "||") => "write `or`".to_owned(),
            TokenKind::Sign("!" | "~") => "write `not`".to_owned(),
            TokenKind::Sign("=") => "write a comparison as `==`".to_owned(),
            TokenKind::Sign("[") => {
                "there is no `[`; an earlier row is `lag(x, n)`, an output is `.name`".to_owned()
            }
            TokenKind::Sign("?") => "write `where(condition, a, b)`".to_owned(),
            TokenKind::Word("if" | "else") => {
                "write `where(condition, a, b)` for `a if condition else b`".to_owned()
            }
            TokenKind::Sign(sign) => format!("`{sign}` where {expected} is expected"),
            TokenKind::Word(word) => format!("`{word}` where {expected} is expected"),
            TokenKind::Number(number) => format!("`{number}` where {expected} is expected"),
            TokenKind::Text(text) => format!("'{text}' where {expected} is expected"),
        };
        Fault::new(*at, problem)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An expression with all its brackets.
    fn shown(expr: &Expr) -> String {
        match &expr.kind {
            Kind::Number(number) => number.to_string(),
            Kind::Text(text) => format!("'{text}'"),
            Kind::Bool(value) => value.to_string(),
            Kind::Name(name) => name.clone(),
            Kind::Unary(unary, of) => format!("({unary:?} {})", shown(of)),
            Kind::Binary(binary, left, right) => {
                format!("({} {binary:?} {})", shown(left), shown(right))
            }
            Kind::Call(call) => {
                let argument = |argument: &Argument| match &argument.name {
                    Some(name) => format!("{name}={}", shown(&argument.value)),
                    None => shown(&argument.value),
                };
                let all: Vec<String> = call.arguments.iter().map(argument).collect();
                format!("{}({})", call.function, all.join(", "))
            }
            Kind::Output(of, name) => format!("{}.{name}", shown(of)),
        }
    }

    fn read(text: &str) -> String {
        shown(&parse(text).unwrap_or_else(|fault| panic!("{text}: {fault:?}")))
    }

    #[test]
    fn precedence_is_that_of_python() {
        for (text, expected) in [
            ("1 + 2 * 3", "(1 Add (2 Multiply 3))"),
            ("1 - 2 - 3", "((1 Subtract 2) Subtract 3)"),
            ("-x ** 2", "(Negative (x Power 2))"),
            ("2 ** -x ** 2", "(2 Power (Negative (x Power 2)))"),
            ("2 ** 3 ** 2", "(2 Power (3 Power 2))"),
            ("-x * y", "((Negative x) Multiply y)"),
            ("a % b * c", "((a Remainder b) Multiply c)"),
            ("not a < b and c or d", "(((Not (a Less b)) And c) Or d)"),
            ("not not a", "(Not (Not a))"),
            ("a < b == 0", "error"),
            ("a and b < c + 1", "(a And (b Less (c Add 1)))"),
            (
                "ta.macd(close, 12, 26, 9).macdhist / close",
                "(ta.macd(close, 12, 26, 9).macdhist Divide close)",
            ),
            ("join.funding.rate", "join.funding.rate"),
            ("ewm_mean(x, span=2 * 5,)", "ewm_mean(x, span=(2 Multiply 5))"),
            ("at('1h', x)+.5e1", "(at('1h', x) Add 5)"),
            ("(a < b) < c", "((a Less b) Less c)"),
        ] {
            let got = parse(text).map_or_else(|_| "error".to_owned(), |expr| shown(&expr));
            assert_eq!(got, expected, "{text}");
        }
        assert_eq!(read("f()"), "f()");
    }

    #[test]
    fn faults_have_a_place_and_a_remedy() {
        for (text, at, part) in [
            ("", 0, "empty"),
            ("a +", 3, "ends"),
            ("a < b < c", 6, "not chained"),
            ("mean(close, 20", 4, "never closed"),
            ("a // b", 2, "(a - a % b) / b"),
            ("a ^ 2", 2, "**"),
            ("a && b", 2, "and"),
            ("!a", 0, "not"),
            ("a = b", 2, "=="),
            ("close[1]", 5, "lag"),
            ("at(1h, x)", 3, "'1h'"),
            ("a if b else c", 2, "where"),
            ("f(a=1, 2)", 7, "without a name"),
            ("'abc", 0, "closing"),
            ("a ; b", 2, "unexpected character"),
            ("1e999", 0, "too large"),
            ("a b", 2, "expected"),
            ("f(,)", 2, "expected"),
            ("# x", 0, "comment"),
        ] {
            let fault = parse(text).expect_err(text);
            assert_eq!(fault.at, at, "{text}: {}", fault.problem);
            assert!(fault.problem.contains(part), "{text}: {}", fault.problem);
        }
    }

    #[test]
    fn bombs_are_refused() {
        for text in [
            "(".repeat(60_000),
            "-".repeat(60_000),
            "not ".repeat(10_000) + "a",
            "2 ** ".repeat(10_000) + "2",
            "f(".repeat(30_000),
        ] {
            let fault = parse(&text).unwrap_err();
            assert!(fault.problem.contains("deeper"), "{}", fault.problem);
        }
        assert!(parse(&" ".repeat(70_000)).unwrap_err().problem.contains("65536"));
        // A long sum is a high tree.
        assert!(parse(&("1 + ".repeat(400) + "1")).is_ok());
        let fault = parse(&("1 + ".repeat(10_000) + "1")).unwrap_err();
        assert!(fault.problem.contains("in a row"), "{}", fault.problem);
        let brackets = format!("{}1{}", "(".repeat(60), " + 1)".repeat(60));
        assert!(parse(&brackets).is_ok());
        let chains = format!("{}1{}", "(".repeat(60), format!("{})", " + 1".repeat(90)).repeat(60));
        assert!(parse(&chains).unwrap_err().problem.contains("in a row"));
    }
}
