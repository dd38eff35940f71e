//! Tables in JSON.

use super::tape::{Kind, ROOT, Tape};
use crate::ReadOptions;
use crate::roles::{is_unnamed, normalise, roles, wanted_roles};
use crate::shown::{cut, listed};
use std::collections::{BTreeMap, BTreeSet};

/// The depth to which tables are looked for.
const DEEPEST: usize = 8;

/// Tables of a file at most.
const MOST: usize = 10_000;

/// Cells of a table of records, missing ones too: so many, and so many for each that is there.
const MOST_CELLS: usize = 1 << 20;
const SPARSE: usize = 8;

/// A record, with its key if that is the first column.
type Record = (Option<String>, usize);

/// Names of a list of names, and of the rows that they are of.
const NAMES: [&str; 3] = ["columns", "column_names", "fields"];
const ROWS: [&str; 3] = ["data", "rows", "values"];

/// A table.
pub(super) struct Found {
    /// Names of its columns; none if it has rows without names.
    pub(super) header: Vec<String>,
    /// The symbol of all its rows, if something beside it says one.
    pub(super) symbol: Option<String>,
    /// The depth at which the symbol is said.
    said: usize,
    pub(super) rows: Rows,
}

/// A symbol that something around a value says, and how deep that is.
type Said<'s> = Option<(&'s str, usize)>;

/// The places of the cells of a table.
pub(super) enum Rows {
    /// Records, and the column of each path in them.
    Records { records: Vec<Record>, paths: BTreeMap<String, usize> },
    /// Arrays of cells, and an array of what comes before each row.
    Arrays { rows: usize, index: Option<usize> },
    /// Columns, each an array or an object of cells; whether the keys of the first are a column.
    Columns { columns: Vec<usize>, keys: bool },
}

/// The tables in JSON: one, or several that keys or records beside them tell apart.
///
/// # Errors
/// There is none, or there are several without a symbol: the problem, in words.
pub(super) fn tables(tape: &Tape<'_>, options: &ReadOptions) -> Result<Vec<Found>, String> {
    let mut finder = Finder { tape, options, found: Vec::new() };
    finder.look_at(ROOT, None, None, 0)?;
    let found = finder.found;
    if found.is_empty() {
        let names: Vec<String> = match tape.kind(ROOT) {
            Kind::Object => tape.pairs(ROOT).take(20).map(|(key, _)| key.into_owned()).collect(),
            _ => tape
                .items(ROOT)
                .next()
                .map(|first| tape.pairs(first).take(20).map(|(key, _)| key.into_owned()).collect())
                .unwrap_or_default(),
        };
        return Err(format!(
            "it is JSON without a table of bars; expected records or columns with a time, open, \
             high, low and close (or rows of these in this order); found: {}",
            names.join(", ")
        ));
    }
    if found.len() > 1 && found.iter().any(|table| table.symbol.is_none()) {
        return Err(format!(
            "it is JSON with {} tables that nothing tells apart; keep one of them, or put a symbol \
             beside each",
            found.len()
        ));
    }
    Ok(found)
}

struct Finder<'t, 'a> {
    tape: &'t Tape<'a>,
    options: &'t ReadOptions,
    found: Vec<Found>,
}

impl Finder<'_, '_> {
    /// Takes the tables in a value, which has a key, if it is of an object; `symbol` is the one
    /// that something around it says.
    fn look_at(
        &mut self,
        node: usize,
        key: Option<&str>,
        around: Said<'_>,
        depth: usize,
    ) -> Result<(), String> {
        if depth > DEEPEST {
            return Ok(());
        }
        let own = self.symbol_in(node);
        let said = own.as_deref().map(|symbol| (symbol, depth)).or(around);
        let of_key = || key.filter(|key| is_symbol(key)).map(|key| (key, depth));
        let found = |(header, rows): (Vec<String>, Rows)| {
            let said = said.or_else(of_key);
            let symbol = said.map(|(symbol, _)| symbol.to_owned());
            Found { header, symbol, said: said.map_or(0, |(_, depth)| depth), rows }
        };
        if let Some(table) = self.table(node) {
            self.found.push(found(table));
            if self.found.len() > MOST {
                return Err(format!("it is JSON with more than {MOST} tables; split it"));
            }
            return Ok(());
        }
        let before = self.found.len();
        match self.tape.kind(node) {
            Kind::Scalar => {}
            Kind::Array => {
                for item in self.tape.items(node) {
                    self.look_at(item, None, said, depth + 1)?;
                }
            }
            Kind::Object => {
                let pairs: Vec<_> = self.tape.pairs(node).collect();
                let mut keys = Vec::new();
                for (key, value) in &pairs {
                    let had = self.found.len();
                    self.look_at(*value, Some(key), said, depth + 1)?;
                    keys.extend((had < self.found.len()).then_some((had, &**key)));
                }
                // Several keys that each hold a table are symbols.
                if keys.len() > 1 && self.found.len() == before + keys.len() {
                    for (at, key) in &keys {
                        self.found[*at].symbol.get_or_insert_with(|| (*key).to_owned());
                    }
                }
                if let Some((symbol, _)) = said {
                    self.tell_apart(&keys, symbol, depth)?;
                }
                // The innermost object that has all columns is the table.
                if self.found.len() == before
                    && let Some(table) = self.columns(node)?
                {
                    self.found.push(found(table));
                }
            }
        }
        Ok(())
    }

    /// Gives tables under several keys these as symbols, where what is around them says the same
    /// symbol of all. `keys` come with the place of their first tables.
    fn tell_apart(
        &mut self,
        keys: &[(usize, &str)],
        symbol: &str,
        depth: usize,
    ) -> Result<(), String> {
        let end = self.found.len();
        let ends = keys.iter().skip(1).map(|(at, _)| *at).chain([end]);
        let alike: Vec<(std::ops::Range<usize>, &str)> = keys
            .iter()
            .zip(ends)
            .map(|((from, key), to)| (*from..to, *key))
            .filter(|(tables, _)| self.found[tables.clone()].iter().any(|t| t.said <= depth))
            .collect();
        if alike.len() < 2 {
            return Ok(());
        }
        if !alike.iter().all(|(_, key)| is_symbol(key)) {
            let keys: Vec<&str> = alike.iter().map(|(_, key)| *key).collect();
            return Err(format!(
                "it is JSON with tables of {} under several keys: {}. Keep one of them",
                cut(symbol),
                listed(keys)
            ));
        }
        for (tables, key) in alike {
            for table in &mut self.found[tables] {
                if table.said <= depth {
                    table.symbol = Some(key.to_owned());
                    table.said = depth + 1;
                }
            }
        }
        Ok(())
    }

    /// The table that a value is.
    fn table(&self, node: usize) -> Option<(Vec<String>, Rows)> {
        match self.tape.kind(node) {
            Kind::Scalar => None,
            Kind::Array => self.records(node).or_else(|| self.arrays(node)),
            Kind::Object => self
                .named_rows(node)
                .or_else(|| self.keyed(node))
                .or_else(|| self.keyed_columns(node)),
        }
    }

    fn is_complete(&self, header: &[String]) -> bool {
        let mut names = header.to_vec();
        for rename in [&self.options.csv.rename, &self.options.rename] {
            let before = names.clone();
            for (from, to) in rename {
                // The exact one comes first, as in all files.
                let same = |name: &String| normalise(name) == normalise(from);
                let at = before.iter().position(|name| name == from);
                if let Some(at) = at.or_else(|| before.iter().position(same)) {
                    names[at].clone_from(to);
                }
            }
        }
        wanted_roles(&names, self.options.values.as_ref()).is_complete()
    }

    /// An array of objects.
    fn records(&self, node: usize) -> Option<(Vec<String>, Rows)> {
        let is_object = |item: &usize| self.tape.kind(*item) == Kind::Object;
        if !self.tape.items(node).all(|item| is_object(&item)) {
            return None;
        }
        let records: Vec<Record> = self.tape.items(node).map(|item| (None, item)).collect();
        let (header, paths) = self.header(&records)?;
        self.is_complete(&header).then_some((header, Rows::Records { records, paths }))
    }

    /// An object of objects whose keys are times, or symbols of one record each.
    fn keyed(&self, node: usize) -> Option<(Vec<String>, Rows)> {
        let is_object = |(_, value): &(_, usize)| self.tape.kind(*value) == Kind::Object;
        if !self.tape.pairs(node).all(|pair| is_object(&pair)) {
            return None;
        }
        let records: Vec<Record> =
            self.tape.pairs(node).map(|(key, value)| (Some(key.into_owned()), value)).collect();
        let (names, mut paths) = self.header(&records)?;
        let with = |first: &str| -> Vec<String> {
            std::iter::once(first.to_owned()).chain(names.iter().cloned()).collect()
        };
        let header = [with("ts"), with("symbol")].into_iter().find(|header| {
            // One that has a time of its own is kept by symbol.
            let own = roles(&names);
            let is_symbol = header[0] == "symbol";
            self.is_complete(header) && is_symbol == own.time.is_some()
        })?;
        paths.values_mut().for_each(|column| *column += 1);
        Some((header, Rows::Records { records, paths }))
    }

    /// Columns of records: objects in a record are part of it, lists are not. None for records that
    /// have next to no keys in common, which are no table.
    fn header(&self, records: &[Record]) -> Option<(Vec<String>, BTreeMap<String, usize>)> {
        let mut paths: BTreeMap<String, usize> = BTreeMap::new();
        let mut in_order: Vec<String> = Vec::new();
        let mut cells = 0;
        for (_, record) in records {
            scalars(self.tape, *record, "", 0, &mut |path, _| {
                cells += 1;
                if !paths.contains_key(path) {
                    paths.insert(path.to_owned(), in_order.len());
                    in_order.push(path.to_owned());
                }
            });
        }
        let most = MOST_CELLS + SPARSE * cells;
        let is_table = in_order.len().saturating_mul(records.len()) <= most;
        is_table.then(|| (short_names(&in_order), paths))
    }

    /// An array of arrays of scalars.
    fn arrays(&self, node: usize) -> Option<(Vec<String>, Rows)> {
        let first = self.tape.items(node).next()?;
        let is_row = |item: usize| self.tape.kind(item) == Kind::Array;
        let width = self.tape.items(first).count();
        let is_scalar = |item: usize| self.tape.kind(item) == Kind::Scalar;
        let fits = width >= 5
            && self.tape.items(node).all(is_row)
            && self.tape.items(first).take(5).all(is_scalar);
        fits.then_some((Vec::new(), Rows::Arrays { rows: node, index: None }))
    }

    /// A list of names beside a list of rows, as pandas' "split" and exchanges have it.
    fn named_rows(&self, node: usize) -> Option<(Vec<String>, Rows)> {
        let find = |names: &[&str]| {
            let is_it = |(key, value): &(std::borrow::Cow<'_, str>, usize)| {
                names.contains(&&**key) && self.tape.kind(*value) == Kind::Array
            };
            self.tape.pairs(node).find(is_it).map(|(_, value)| value)
        };
        let (names, rows) = (find(&NAMES)?, find(&ROWS)?);
        let names: Vec<String> =
            self.tape.items(names).map(|name| self.tape.scalar(name).into_owned()).collect();
        if !self.tape.items(rows).all(|row| self.tape.kind(row) == Kind::Array) {
            return None;
        }
        if self.is_complete(&names) {
            return Some((names, Rows::Arrays { rows, index: None }));
        }
        let index = find(&["index"])?;
        let header: Vec<String> = std::iter::once("index".to_owned()).chain(names).collect();
        self.is_complete(&header).then_some((header, Rows::Arrays { rows, index: Some(index) }))
    }

    /// An object in which, at any place, there are lists of scalars of one length: columns.
    ///
    /// # Errors
    /// A list beside them has another length.
    fn columns(&self, node: usize) -> Result<Option<(Vec<String>, Rows)>, String> {
        let mut lists: BTreeMap<usize, Vec<(String, usize)>> = BTreeMap::new();
        lists_in(self.tape, node, "", 0, &mut |path, list| {
            let items = || self.tape.items(list);
            if items().all(|item| self.tape.kind(item) == Kind::Scalar) {
                lists.entry(items().count()).or_default().push((path.to_owned(), list));
            }
        });
        lists.remove(&0);
        let is_table = |(_, lists): &(&usize, &Vec<(String, usize)>)| {
            let paths: Vec<String> = lists.iter().map(|(path, _)| path.clone()).collect();
            self.is_complete(&short_names(&paths))
        };
        let Some((length, _)) = lists.iter().rev().find(is_table) else { return Ok(None) };
        let length = *length;
        let (paths, columns): (Vec<String>, Vec<usize>) =
            lists.remove(&length).unwrap_or_default().into_iter().unzip();
        fn parent(path: &str) -> Option<&str> {
            path.rsplit_once('\u{1}').map(|(parent, _)| parent)
        }
        let parents: BTreeSet<Option<&str>> = paths.iter().map(|path| parent(path)).collect();
        for (other, lists) in &lists {
            let mut beside = lists.iter().filter(|(path, _)| parents.contains(&parent(path)));
            if let Some((path, _)) = beside.next() {
                return Err(format!(
                    "it is JSON with columns of {length} values, but {} has {other}. Mend or remove \
                     that list",
                    cut(&path.replace('\u{1}', "."))
                ));
            }
        }
        Ok(Some((short_names(&paths), Rows::Columns { columns, keys: false })))
    }

    /// An object of columns that are objects of the same keys, as pandas writes a frame.
    fn keyed_columns(&self, node: usize) -> Option<(Vec<String>, Rows)> {
        let pairs: Vec<_> = self.tape.pairs(node).collect();
        let (_, first) = pairs.first()?;
        let keys: Vec<_> = self.tape.pairs(*first).map(|(key, _)| key).collect();
        let fits = |column: usize| {
            self.tape.kind(column) == Kind::Object
                && self.tape.pairs(column).map(|(key, _)| key).eq(keys.iter().cloned())
        };
        if keys.is_empty() || !pairs.iter().all(|(_, column)| fits(*column)) {
            return None;
        }
        let mut header: Vec<String> = pairs.iter().map(|(name, _)| (**name).to_owned()).collect();
        let columns: Vec<usize> = pairs.iter().map(|(_, column)| *column).collect();
        if self.is_complete(&header) {
            return Some((header, Rows::Columns { columns, keys: false }));
        }
        header.insert(0, "index".into());
        self.is_complete(&header).then_some((header, Rows::Columns { columns, keys: true }))
    }

    /// The symbol that an object says of the tables in it: by a scalar in it or in its description.
    fn symbol_in(&self, node: usize) -> Option<String> {
        if self.tape.kind(node) != Kind::Object {
            return None;
        }
        let named = |object: usize| {
            let is_it = |(key, value): &(std::borrow::Cow<'_, str>, usize)| {
                ["symbol", "ticker", "instrument"].contains(&&*normalise(key))
                    && self.tape.kind(*value) == Kind::Scalar
            };
            let (_, value) = self.tape.pairs(object).find(is_it)?;
            Some(self.tape.scalar(value).into_owned()).filter(|symbol| !symbol.is_empty())
        };
        named(node).or_else(|| {
            let is_meta = |key: &str| ["meta", "meta_data", "metadata"].contains(&&*normalise(key));
            let meta = self
                .tape
                .pairs(node)
                .find(|(key, value)| is_meta(key) && self.tape.kind(*value) == Kind::Object);
            meta.and_then(|(_, meta)| named(meta))
        })
    }
}

/// Tells whether a key is rather a symbol than a word: `AAPL`, `XXBTZUSD`, `BTC/USD`.
fn is_symbol(key: &str) -> bool {
    key.bytes().any(|byte| byte.is_ascii_uppercase())
        && key.bytes().all(|byte| {
            byte.is_ascii_uppercase() || byte.is_ascii_digit() || b".:/_-^=".contains(&byte)
        })
}

/// The scalars of a record and of the objects in it, each with its path.
fn scalars(
    tape: &Tape<'_>,
    node: usize,
    path: &str,
    depth: usize,
    take: &mut impl FnMut(&str, usize),
) {
    for (key, value) in tape.pairs(node) {
        match tape.kind(value) {
            Kind::Scalar if path.is_empty() => take(&key, value),
            Kind::Scalar => take(&format!("{path}\u{1}{key}"), value),
            Kind::Object if depth < DEEPEST => {
                let path =
                    if path.is_empty() { key.into_owned() } else { format!("{path}\u{1}{key}") };
                scalars(tape, value, &path, depth + 1, take);
            }
            _ => {}
        }
    }
}

/// The lists in an object, and in the objects and lists of one item in it, each with its path.
fn lists_in(
    tape: &Tape<'_>,
    node: usize,
    path: &str,
    depth: usize,
    take: &mut impl FnMut(&str, usize),
) {
    for (key, mut value) in tape.pairs(node) {
        let mut items = tape.items(value);
        if let (Kind::Array, Some(item), None) = (tape.kind(value), items.next(), items.next())
            && tape.kind(item) == Kind::Object
        {
            value = item;
        }
        let path = if path.is_empty() { key.into_owned() } else { format!("{path}\u{1}{key}") };
        match tape.kind(value) {
            Kind::Array => take(&path, value),
            Kind::Object if depth < DEEPEST => lists_in(tape, value, &path, depth + 1, take),
            _ => {}
        }
    }
}

/// The last key of each path, or all of them where another path ends with it.
fn short_names(paths: &[String]) -> Vec<String> {
    let last = |path: &str| path.rsplit('\u{1}').next().unwrap_or(path).to_owned();
    let mut count: BTreeMap<String, usize> = BTreeMap::new();
    for path in paths {
        *count.entry(normalise(&last(path))).or_insert(0) += 1;
    }
    let name = |path: &String| {
        let short = last(path);
        let name = if count[&normalise(&short)] > 1 { path.replace('\u{1}', ".") } else { short };
        // A column without a name is not passed over: pandas' index has none.
        if is_unnamed(&name) { "index".to_owned() } else { name }
    };
    paths.iter().map(name).collect()
}

impl Rows {
    /// The cells as delimited text, a line for each row; `width` is that of the header, if there
    /// is one.
    ///
    /// # Errors
    /// A record has a key twice: the problem, in words.
    pub(super) fn written(self, tape: &Tape<'_>, width: usize) -> Result<Vec<u8>, String> {
        if let Self::Records { records, paths } = &self {
            let mut filled = vec![0; width];
            for (row, (_, record)) in records.iter().enumerate() {
                let mut twice = None;
                scalars(tape, *record, "", 0, &mut |path, _| {
                    if std::mem::replace(&mut filled[paths[path]], row + 1) == row + 1 {
                        twice = Some(path.replace('\u{1}', "."));
                    }
                });
                if let Some(key) = twice {
                    return Err(format!(
                        "row {} has the key {} twice; remove one of them",
                        row + 1,
                        cut(&key)
                    ));
                }
            }
        }
        self.delimited(tape, width).map_err(|e| e.to_string())
    }

    fn delimited(self, tape: &Tape<'_>, width: usize) -> Result<Vec<u8>, csv::Error> {
        let mut out = csv::WriterBuilder::new().flexible(true).from_writer(Vec::new());
        match self {
            Self::Records { records, paths } => {
                let mut cells = vec![std::borrow::Cow::Borrowed(""); width];
                for (key, record) in &records {
                    cells.fill("".into());
                    if let Some(key) = key {
                        cells[0] = key.clone().into();
                    }
                    scalars(tape, *record, "", 0, &mut |path, value| {
                        cells[paths[path]] = tape.scalar(value);
                    });
                    out.write_record(cells.iter().map(|cell| cell.as_bytes()))?;
                }
            }
            Self::Arrays { rows, index } => {
                let mut index = index.map(|index| tape.items(index));
                for row in tape.items(rows) {
                    if let Some(index) = &mut index {
                        let cell = index.next().map(|cell| tape.scalar(cell)).unwrap_or_default();
                        out.write_field(cell.as_bytes())?;
                    }
                    for cell in tape.items(row) {
                        out.write_field(tape.scalar(cell).as_bytes())?;
                    }
                    out.write_record(None::<&[u8]>)?;
                }
            }
            Self::Columns { columns, keys } => {
                let is_keyed = columns.first().is_some_and(|c| tape.kind(*c) == Kind::Object);
                let step = if is_keyed { 2 } else { 1 };
                let first = columns.first().copied().unwrap_or(ROOT);
                let mut names = tape.items(first).step_by(2);
                let mut cells: Vec<_> = columns
                    .iter()
                    .map(|column| tape.items(*column).skip(step - 1).step_by(step))
                    .collect();
                for _ in 0..tape.items(first).count() / step {
                    if keys {
                        let key = names.next().map(|key| tape.scalar(key)).unwrap_or_default();
                        out.write_field(key.as_bytes())?;
                    }
                    for column in &mut cells {
                        let cell = column.next().map(|cell| tape.scalar(cell)).unwrap_or_default();
                        out.write_field(cell.as_bytes())?;
                    }
                    out.write_record(None::<&[u8]>)?;
                }
            }
        }
        out.into_inner().map_err(|e| e.into_error().into())
    }
}
