//! A walk over a parsed document that knows where it is.

use std::borrow::Cow;
use std::collections::BTreeMap;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::choice::{self, Choice};
use crate::{Place, RecipeError};

/// A recipe's text and name, for telling where something stands.
#[derive(Clone, Copy)]
pub(crate) struct Document<'d> {
    pub(crate) origin: &'d str,
    pub(crate) text: &'d str,
}

impl<'d> Document<'d> {
    /// Parses the text as TOML.
    pub(crate) fn parse(&self) -> Result<DeTable<'d>, RecipeError> {
        DeTable::parse(self.text).map(Spanned::into_inner).map_err(|error| {
            let offset = error.span().map_or(0, |span| span.start);
            let before = self.text.get(..offset).unwrap_or(self.text);
            let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
            RecipeError::Syntax {
                at: Some(Box::new(self.place(offset))),
                column: before[line_start..].chars().count() + 1,
                problem: error.message().to_owned(),
            }
        })
    }

    /// The place of a byte of the text.
    fn place(&self, offset: usize) -> Place {
        let before = self.text.as_bytes().get(..offset).unwrap_or_default();
        let line = 1 + before.iter().filter(|byte| **byte == b'\n').count();
        Place { origin: self.origin.to_owned(), line: Some(line) }
    }

    /// The place of a key, or else of the innermost table or list around it that is written.
    pub(crate) fn find(&self, root: &DeTable<'_>, key: &str) -> Place {
        let mut places = Vec::new();
        self.index(root, "", &mut places);
        let mut key = key;
        loop {
            if let Some((_, offset)) = places.iter().find(|(path, _)| path == key) {
                return self.place(*offset);
            }
            match key.rfind(['.', '[']) {
                Some(end) => key = &key[..end],
                None => return Place { origin: self.origin.to_owned(), line: None },
            }
        }
    }

    /// Every key under a table with the byte at which it stands.
    fn index(&self, table: &DeTable<'_>, path: &str, places: &mut Vec<(String, usize)>) {
        for (name, value) in table {
            let key = join(path, name.get_ref());
            places.push((key.clone(), name.span().start));
            match value.get_ref() {
                DeValue::Table(inner) => self.index(inner, &key, places),
                DeValue::Array(items) => {
                    for (i, item) in items.iter().enumerate() {
                        let key = format!("{key}[{i}]");
                        places.push((key.clone(), item.span().start));
                        if let DeValue::Table(inner) = item.get_ref() {
                            self.index(inner, &key, places);
                        }
                    }
                }
                _ => {}
            }
        }
    }
}

fn join(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}

/// A table of a recipe; an absent one has no entries.
pub(crate) struct Table<'t> {
    document: Document<'t>,
    path: String,
    entries: Vec<Entry<'t>>,
}

impl<'t> Table<'t> {
    /// A table with whatever keys.
    pub(crate) fn open(document: Document<'t>, path: &str, table: Option<&'t DeTable<'t>>) -> Self {
        let mut entries: Vec<Entry<'t>> = table
            .into_iter()
            .flatten()
            .map(|(name, value)| Entry {
                document,
                key: join(path, name.get_ref()),
                name: name.get_ref(),
                offset: name.span().start,
                value: value.get_ref(),
            })
            .collect();
        // The parser sorts by name; errors are better told in the order of the text.
        entries.sort_by_key(|entry| entry.offset);
        Self { document, path: path.to_owned(), entries }
    }

    /// Refuses keys that are not among these; `elsewhere` are the tables and keys of a recipe,
    /// to find the table in which an unknown key would be right.
    pub(crate) fn only(
        self,
        known: &[&str],
        elsewhere: &[(&str, &[&str])],
    ) -> Result<Self, RecipeError> {
        match self.entries.iter().find(|entry| !known.contains(&entry.name)) {
            None => Ok(self),
            Some(entry) => {
                let home = elsewhere.iter().find(|(_, keys)| keys.contains(&entry.name));
                let nearest = match home {
                    Some((table, _)) => Some(join(table, entry.name)),
                    None => choice::nearest(entry.name, known.iter().copied())
                        .map(|name| join(&self.path, name)),
                };
                let list = known.join(", ");
                Err(RecipeError::UnknownKey {
                    at: Some(Box::new(entry.place())),
                    key: entry.key.clone(),
                    nearest,
                    known: match self.path.as_str() {
                        "" => format!("the tables are {list}"),
                        path => format!("the keys of [{path}] are {list}"),
                    },
                })
            }
        }
    }

    /// The value under a name.
    pub(crate) fn get(&self, name: &str) -> Option<&Entry<'t>> {
        self.entries.iter().find(|entry| entry.name == name)
    }

    /// The value under a name, read by `read`.
    pub(crate) fn read<T>(
        &self,
        name: &str,
        read: impl FnOnce(&Entry<'t>) -> Result<T, RecipeError>,
    ) -> Result<Option<T>, RecipeError> {
        self.get(name).map(read).transpose()
    }

    /// The table under a name.
    pub(crate) fn table(&self, name: &str) -> Result<Table<'t>, RecipeError> {
        match self.get(name) {
            Some(entry) => entry.table(),
            None => Ok(Table::open(self.document, &join(&self.path, name), None)),
        }
    }

    /// Everything in it, in the order of the text.
    pub(crate) fn entries(&self) -> &[Entry<'t>] {
        &self.entries
    }
}

/// A key and its value, or an item of a list.
pub(crate) struct Entry<'t> {
    document: Document<'t>,
    /// The whole path: `reward.metric[1]`.
    pub(crate) key: String,
    /// The last word of it; empty for an item.
    pub(crate) name: &'t str,
    offset: usize,
    /// The value as parsed.
    pub(crate) value: &'t DeValue<'t>,
}

impl<'t> Entry<'t> {
    /// Its place.
    pub(crate) fn place(&self) -> Place {
        self.document.place(self.offset)
    }

    /// The error that this value is not what the key takes.
    pub(crate) fn expected(&self, expected: impl Into<String>) -> RecipeError {
        RecipeError::Expected {
            at: Some(Box::new(self.place())),
            key: self.key.clone(),
            expected: expected.into(),
            got: describe(self.value),
        }
    }

    /// A number; whether it can be is for later to say.
    pub(crate) fn number(&self) -> Result<f64, RecipeError> {
        as_number(self.value).ok_or_else(|| self.expected("a number"))
    }

    /// A whole number from 0.
    pub(crate) fn whole(&self) -> Result<u64, RecipeError> {
        as_whole(self.value)
            .and_then(|whole| u64::try_from(whole).ok())
            .ok_or_else(|| self.expected("a whole number, 0 or more"))
    }

    /// A whole number that counts things in memory.
    pub(crate) fn size(&self) -> Result<usize, RecipeError> {
        usize::try_from(self.whole()?).map_err(|_| self.expected("a number that fits in memory"))
    }

    /// A text.
    pub(crate) fn text(&self) -> Result<&'t str, RecipeError> {
        self.as_text().ok_or_else(|| self.expected("a text in quotes"))
    }

    /// A text, or `None` when it is something else.
    pub(crate) fn as_text(&self) -> Option<&'t str> {
        match self.value {
            DeValue::String(text) => Some(text),
            _ => None,
        }
    }

    /// Yes or no.
    pub(crate) fn boolean(&self) -> Result<bool, RecipeError> {
        match self.value {
            DeValue::Boolean(value) => Ok(*value),
            _ => Err(self.expected("true or false")),
        }
    }

    /// A value among a few words.
    pub(crate) fn choice<T: Choice>(&self) -> Result<T, RecipeError> {
        let text = self.as_text().ok_or_else(|| self.expected(choice::one_of::<T>()))?;
        self.at(choice::parse(&self.key, text))
    }

    /// A result, its error placed here.
    pub(crate) fn at<T>(&self, result: Result<T, RecipeError>) -> Result<T, RecipeError> {
        result.map_err(|error| error.placed(|_| self.place()))
    }

    /// The items of a list, or `None` when it is none.
    pub(crate) fn items(&self) -> Option<Vec<Entry<'t>>> {
        let DeValue::Array(items) = self.value else { return None };
        let item = |(i, item): (usize, &'t Spanned<DeValue<'t>>)| Entry {
            document: self.document,
            key: format!("{}[{i}]", self.key),
            name: "",
            offset: item.span().start,
            value: item.get_ref(),
        };
        Some(items.iter().enumerate().map(item).collect())
    }

    /// A text or a list of texts.
    pub(crate) fn texts(&self) -> Result<Vec<String>, RecipeError> {
        match self.items() {
            Some(items) => items.iter().map(|i| i.text().map(str::to_owned)).collect(),
            None => match self.as_text() {
                Some(text) => Ok(vec![text.to_owned()]),
                None => Err(self.expected("a list of texts in quotes")),
            },
        }
    }

    /// A table of texts by name.
    pub(crate) fn pairs(&self) -> Result<BTreeMap<String, String>, RecipeError> {
        let pairs = self.table()?;
        let pairs = pairs.entries().iter();
        pairs.map(|entry| Ok((entry.name.to_owned(), entry.text()?.to_owned()))).collect()
    }

    /// A list of two numbers.
    pub(crate) fn pair(&self) -> Result<[f64; 2], RecipeError> {
        match self.items().as_deref() {
            Some([lo, hi]) => Ok([lo.number()?, hi.number()?]),
            _ => Err(self.expected("a list of two numbers [lo, hi]")),
        }
    }

    /// A table.
    pub(crate) fn table(&self) -> Result<Table<'t>, RecipeError> {
        match self.value {
            DeValue::Table(table) => Ok(Table::open(self.document, &self.key, Some(table))),
            _ => Err(self.expected("a table")),
        }
    }
}

/// An integer or a float as a number.
pub(crate) fn as_number(value: &DeValue<'_>) -> Option<f64> {
    match value {
        DeValue::Float(float) => float.as_str().parse().ok(),
        other => as_whole(other).map(|whole| whole as f64),
    }
}

/// An integer.
pub(crate) fn as_whole(value: &DeValue<'_>) -> Option<i128> {
    match value {
        DeValue::Integer(i) => i128::from_str_radix(i.as_str(), i.radix()).ok(),
        _ => None,
    }
}

/// A value for people.
fn describe(value: &DeValue<'_>) -> String {
    match value {
        DeValue::String(text) => format!("the text {text:?}"),
        DeValue::Integer(number) => format!("the whole number {number}"),
        DeValue::Float(number) => format!("the number {number}"),
        DeValue::Boolean(value) => value.to_string(),
        DeValue::Datetime(date) => format!("the date {date}"),
        DeValue::Array(items) => format!("a list of {}", items.len()),
        DeValue::Table(_) => "a table".to_owned(),
    }
}

/// A name as a TOML key: quoted where it must be.
pub(crate) fn toml_key(name: &str) -> Cow<'_, str> {
    let bare = name.chars().all(|c| c.is_ascii_alphanumeric() || "-_".contains(c));
    if bare && !name.is_empty() { name.into() } else { format!("{name:?}").into() }
}
