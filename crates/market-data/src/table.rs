//! The bars of a file as they were read, without any check.

use barloom_bars::{Column, PRICE_COLUMNS};

use crate::MarketDataError;
use crate::origins::{Origin, Origins};

/// A time that is missing.
pub const NO_TIME: i64 = i64::MIN;

/// The kind of rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Kind {
    #[default]
    Bars,
    /// Columns are price, size and, where it is known and wanted, the side: that of the aggressor.
    Trades,
    /// Records of a slower series.
    Values,
}

/// The columns of a slower series beside its values.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ValueColumns {
    /// The column of times.
    pub time: String,
    /// True if there is a series for each symbol.
    pub by_symbol: bool,
}

/// The numbering of a file's rows for people.
#[derive(Clone, Debug)]
pub(crate) enum Rows {
    /// By number, from 1, after so many that went before.
    Numbered(usize),
    /// By the line of a text file on which each begins, from 1.
    Lines(Origins),
    /// By number, from 1, of those that were not left out.
    Left(Origins),
}

impl Rows {
    /// The origins of so many rows, as rows of the first file.
    pub(crate) fn origins(self, rows: usize) -> Origins {
        match self {
            Self::Numbered(before) => {
                let row = u32::try_from(before + 1).unwrap_or(u32::MAX);
                Origins::following(Origin { file: 0, row }, rows)
            }
            Self::Lines(rows) | Self::Left(rows) => rows,
        }
    }
}

/// The name of rows that belong together.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Name {
    pub(crate) symbol: String,
    /// The venue, if the file names one: each venue is a series of its own.
    pub(crate) venue: Option<String>,
}

impl From<String> for Name {
    fn from(symbol: String) -> Self {
        Self { symbol, venue: None }
    }
}

/// The bars or trades of a file, or some of them.
#[derive(Clone, Debug)]
pub(crate) struct Table {
    /// The kind of its rows.
    pub(crate) kind: Kind,
    /// The file's name, with the member's for an archive.
    pub(crate) file: String,
    /// The symbol of rows that name none: what the file's name says.
    pub(crate) symbol: String,
    /// The symbol of each row, as codes of a list; none if the file has no such column.
    pub(crate) symbols: Option<(Vec<u32>, Vec<Name>)>,
    /// Times, ns since 1970 UTC, or [`NO_TIME`].
    pub(crate) ts: Vec<i64>,
    /// Rows at which the unit of epoch times changes: row, unit before, unit from there on.
    pub(crate) unit_jumps: Vec<(usize, &'static str, &'static str)>,
    /// The unit of the first epoch time, if times are such numbers.
    pub(crate) time_unit: Option<&'static str>,
    /// True if times without a zone were taken for UTC.
    pub(crate) naive: bool,
    /// Notes on its times.
    pub(crate) notes: Vec<String>,
    /// The names of all numeric columns of the file, those that are not wanted too.
    pub(crate) available: Vec<String>,
    /// Open, high, low, close and others, or those of trades; NaN is missing.
    pub(crate) columns: Vec<Column>,
    /// The numbering of its rows.
    pub(crate) rows: Rows,
    /// The last line and why it looks cut, if it does.
    pub(crate) cut: Option<(u32, String)>,
}

/// Takes the tables of a file, one after the other.
pub(crate) type Emit<'a> = &'a mut dyn FnMut(Table) -> Result<(), MarketDataError>;

impl Table {
    /// The memory that its rows take, or about that.
    pub(crate) fn bytes(&self) -> u64 {
        const WORD: usize = 8;
        let codes = self.symbols.as_ref().map_or(0, |(codes, _)| codes.len() * WORD / 2);
        ((1 + self.columns.len()) * self.ts.len() * WORD + codes) as u64
    }

    /// The number of row `index` for people, from 1.
    pub(crate) fn number(&self, index: usize) -> u32 {
        match &self.rows {
            Rows::Numbered(before) => u32::try_from(before + index + 1).unwrap_or(u32::MAX),
            Rows::Lines(rows) | Rows::Left(rows) => rows.get(index).row,
        }
    }

    /// Makes all rows those of one symbol. Rows without any price are left out: a table of several
    /// symbols has them where another one has bars.
    pub(crate) fn take_symbol(&mut self, symbol: String) {
        self.symbols = Some((vec![0; self.ts.len()], vec![Name::from(symbol)]));
        self.drop_empty_rows();
    }

    fn drop_empty_rows(&mut self) {
        let is_price = |name: &str| PRICE_COLUMNS.contains(&name) || name == "price";
        let prices: Vec<&Column> = self.columns.iter().filter(|c| is_price(&c.name)).collect();
        let is_full = |row: usize| prices.iter().any(|c| !c.values[row].is_nan());
        let full: Vec<bool> = (0..self.ts.len()).map(is_full).collect();
        if full.iter().all(|full| *full) {
            return;
        }
        fn keep<T>(values: &mut Vec<T>, full: &[bool]) {
            let mut rows = full.iter();
            values.retain(|_| rows.next().is_some_and(|full| *full));
        }
        // Where rows went is how many are left before.
        let mut left = 0;
        let places: Vec<usize> = full
            .iter()
            .map(|full| {
                left += usize::from(*full);
                left - usize::from(*full)
            })
            .collect();
        self.unit_jumps.retain(|(row, ..)| full[*row]);
        self.unit_jumps.iter_mut().for_each(|(row, ..)| *row = places[*row]);
        keep(&mut self.ts, &full);
        self.columns.iter_mut().for_each(|column| keep(&mut column.values, &full));
        if let Some((codes, _)) = &mut self.symbols {
            keep(codes, &full);
        }
        let rows = std::mem::replace(&mut self.rows, Rows::Numbered(0));
        let is_lines = matches!(rows, Rows::Lines(_));
        let rows = rows.origins(full.len()).take((0..full.len()).filter(|row| full[*row]));
        self.rows = if is_lines { Rows::Lines(rows) } else { Rows::Left(rows) };
    }

    /// `line` or `row`.
    pub(crate) fn unit(&self) -> &'static str {
        match self.rows {
            Rows::Numbered(_) | Rows::Left(_) => "row",
            Rows::Lines(_) => "line",
        }
    }
}

/// Gives symbols codes in order of appearance.
#[derive(Debug, Default)]
pub(crate) struct SymbolCodes {
    codes: Vec<u32>,
    names: Vec<String>,
    known: std::collections::BTreeMap<String, u32>,
    /// The memory that names take, or about that.
    of_names: usize,
}

impl SymbolCodes {
    pub(crate) fn push(&mut self, symbol: &str) {
        // Rows of a symbol mostly follow each other.
        if let Some(last) = self.codes.last().copied()
            && self.names[last as usize] == symbol
        {
            self.codes.push(last);
            return;
        }
        let next = self.names.len() as u32;
        let code = *self.known.entry(symbol.to_owned()).or_insert(next);
        if code == next {
            // Each is there twice, beside its places.
            const PLACES: usize = 96;
            self.of_names += 2 * symbol.len() + PLACES;
            self.names.push(symbol.to_owned());
        }
        self.codes.push(code);
    }

    /// Takes a symbol as bytes; false if they are not UTF-8, so that two symbols never become one.
    #[must_use]
    pub(crate) fn push_bytes(&mut self, symbol: &[u8]) -> bool {
        if let Some(last) = self.codes.last().copied()
            && self.names[last as usize].as_bytes() == symbol
        {
            self.codes.push(last);
            return true;
        }
        std::str::from_utf8(symbol).map(|symbol| self.push(symbol)).is_ok()
    }

    /// The memory that they take, or about that.
    pub(crate) fn bytes(&self) -> usize {
        std::mem::size_of_val(&self.codes[..]) + self.of_names
    }

    /// Puts the codes of others after these.
    pub(crate) fn append(&mut self, others: &Self) {
        for code in &others.codes {
            self.push(&others.names[*code as usize]);
        }
    }

    /// The codes, and what they stand for.
    pub(crate) fn finish(self) -> (Vec<u32>, Vec<Name>) {
        (self.codes, self.names.into_iter().map(Name::from).collect())
    }
}
