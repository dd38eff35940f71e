//! Texts of symbols, such as their sectors, in a file of delimited text.

#[cfg(feature = "csv")]
use std::collections::BTreeMap;
#[cfg(feature = "csv")]
use std::path::Path;

use crate::MarketDataError;
#[cfg(feature = "csv")]
use crate::roles::normalise;
#[cfg(feature = "csv")]
use crate::shown::{cut, listed, printable};

/// Texts of symbols, such as their sectors.
#[derive(Clone, Debug, PartialEq)]
pub struct AttributeTable {
    /// The names of the texts.
    pub names: Vec<String>,
    /// The symbols, each with its texts.
    pub symbols: Vec<(String, Vec<String>)>,
}

/// Reads a table of texts by symbol from a file of delimited text: the names of its columns beside
/// `symbol`, and for each symbol its texts, without the space around them.
///
/// # Errors
/// The file cannot be read, has no column `symbol` or no other, a line has another number of
/// fields, or a symbol is there twice with different texts.
#[cfg(feature = "csv")]
pub fn read_attributes(path: &str) -> Result<AttributeTable, MarketDataError> {
    const SYMBOL: [&str; 3] = ["symbol", "ticker", "instrument"];
    let error = |problem: String| MarketDataError::file(path, problem);
    let text = std::fs::read(path).map_err(MarketDataError::io(Path::new(path), "read"))?;
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&text);
    let text = std::str::from_utf8(text)
        .map_err(|_| error("it is no text in UTF-8; save it as CSV in UTF-8".into()))?;
    let first = text.lines().next().unwrap_or_default();
    let count = |separator: &u8| first.bytes().filter(|byte| byte == separator).count();
    let separator = [b'\t', b';', b','].into_iter().max_by_key(count).unwrap_or(b',');
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(separator)
        .trim(csv::Trim::All)
        .from_reader(text.as_bytes());
    let header = reader.headers().map_err(|e| error(e.to_string()))?.clone();
    let header: Vec<String> = header.iter().map(normalise).collect();
    let Some(at) = header.iter().position(|name| SYMBOL.contains(&name.as_str())) else {
        let shown = listed(header.iter().map(String::as_str));
        return Err(error(format!("it has no column symbol; found: {shown}")));
    };
    let names: Vec<String> =
        header.iter().enumerate().filter(|(i, _)| *i != at).map(|(_, name)| name.clone()).collect();
    if names.is_empty() {
        return Err(error("it has no column beside symbol, such as sector".into()));
    }
    let mut symbols: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for record in reader.records() {
        let record = record.map_err(|e| error(e.to_string()))?;
        let symbol = record[at].to_owned();
        let others = record.iter().enumerate().filter(|(i, _)| *i != at);
        let texts: Vec<String> = others.map(|(_, text)| text.to_owned()).collect();
        match symbols.get(&symbol) {
            Some(known) if *known != texts => {
                let symbol = printable(&cut(&symbol)).into_owned();
                return Err(error(format!(
                    "symbol {symbol} is there twice with different texts; keep one"
                )));
            }
            _ => drop(symbols.insert(symbol, texts)),
        }
    }
    Ok(AttributeTable { names, symbols: symbols.into_iter().collect() })
}

/// As with text, which this build leaves out.
///
/// # Errors
/// Always.
#[cfg(not(feature = "csv"))]
pub fn read_attributes(path: &str) -> Result<AttributeTable, MarketDataError> {
    let (format, feature) = ("delimited text", "csv");
    Err(MarketDataError::LeftOut { file: path.to_owned(), format, feature })
}
