//! Texts as tokens.

use winnow::ascii::digit1;
use winnow::combinator::{alt, opt, preceded};
use winnow::prelude::*;
use winnow::stream::LocatingSlice;
use winnow::stream::Location;
use winnow::token::{literal, one_of, take_while};

use crate::error::Fault;

/// A token with its place.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Token<'a> {
    /// The byte of the text at which it begins.
    pub(super) at: usize,
    pub(super) kind: TokenKind<'a>,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum TokenKind<'a> {
    Number(f64),
    Text(&'a str),
    Word(&'a str),
    Sign(&'a str),
    End,
}

type Input<'a> = LocatingSlice<&'a str>;

/// Cuts a text into tokens, the last of which is its end.
///
/// # Errors
/// A character that begins no token, a string without an end, a number that is too large.
pub(super) fn tokens(text: &str) -> Result<Vec<Token<'_>>, Fault> {
    let mut input = LocatingSlice::new(text);
    let mut tokens = Vec::new();
    loop {
        space(&mut input);
        let at = input.current_token_start();
        if input.is_empty() {
            tokens.push(Token { at, kind: TokenKind::End });
            return Ok(tokens);
        }
        let kind = token(&mut input).map_err(|_| fault(text, at))?;
        // `1h` and `2x` are neither a number nor a name.
        if matches!(kind, TokenKind::Number(_)) && input.starts_with(is_word) {
            let found = &text[at..];
            let end = found.find(|c: char| !is_word(c) && c != '.').unwrap_or(found.len());
            let problem = format!(
                "`{}` is no number; write a duration as a string: '{}'",
                &found[..end],
                &found[..end]
            );
            return Err(Fault::new(at, problem));
        }
        tokens.push(Token { at, kind });
    }
}

fn space(input: &mut Input<'_>) {
    let spaces = take_while::<_, _, winnow::error::EmptyError>(0.., char::is_whitespace);
    let _ = { spaces }.parse_next(input);
}

fn token<'a>(input: &mut Input<'a>) -> ModalResult<TokenKind<'a>> {
    alt((number, text, word, sign)).parse_next(input)
}

fn number<'a>(input: &mut Input<'a>) -> ModalResult<TokenKind<'a>> {
    let mantissa = alt(((digit1, opt(('.', opt(digit1)))).void(), ('.', digit1).void()));
    let exponent = opt((one_of(['e', 'E']), opt(one_of(['+', '-'])), digit1));
    let number = (mantissa, exponent).take().verify_map(|text: &str| text.parse::<f64>().ok());
    { number }.verify(|x| x.is_finite()).map(TokenKind::Number).parse_next(input)
}

fn text<'a>(input: &mut Input<'a>) -> ModalResult<TokenKind<'a>> {
    let within = |quote: char| {
        let inside = take_while(0.., move |c: char| c != quote && c != '\\' && c != '\n');
        preceded(quote, (inside, quote)).map(|(inside, _)| TokenKind::Text(inside))
    };
    alt((within('\''), within('"'))).parse_next(input)
}

fn word<'a>(input: &mut Input<'a>) -> ModalResult<TokenKind<'a>> {
    let first = one_of(|c: char| c.is_alphabetic() || c == '_');
    (first, take_while(0.., is_word)).take().map(TokenKind::Word).parse_next(input)
}

fn sign<'a>(input: &mut Input<'a>) -> ModalResult<TokenKind<'a>> {
    let two = alt((
        literal("**"),
        literal("//"),
        literal("<="),
        literal(">="),
        literal("=="),
        literal("!="),
        literal("&&"),
        literal("||"),
    ));
    let one = one_of([
        '+', '-', '*', '/', '%', '<', '>', '=', '(', ')', ',', '.', '^', '&', '|', '!', '~', '[',
        ']', '?', ':',
    ]);
    alt((two, one.take())).map(TokenKind::Sign).parse_next(input)
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// The reason why no token begins at a byte.
fn fault(text: &str, at: usize) -> Fault {
    let rest = &text[at..];
    let problem = match rest.chars().next() {
        Some(quote @ ('\'' | '"')) if rest[1..].contains(['\\', '\n']) => {
            format!("a string of an expression has no backslash and no line break: {quote}...")
        }
        Some(quote @ ('\'' | '"')) => format!("the string has no closing {quote}"),
        Some(c) if c.is_ascii_digit() || c == '.' => "the number is too large".to_owned(),
        Some('#') => "an expression has no comment; put it on a line of its own".to_owned(),
        Some(c) => format!("unexpected character `{}`", c.escape_default()),
        None => "unexpected end".to_owned(),
    };
    Fault::new(at, problem)
}
