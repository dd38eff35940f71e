//! The `[data.csv]` table: how delimited text is laid out.

use std::collections::BTreeMap;

use barloom_reading::CsvOptions;
use serde::{Serialize, Serializer};

use crate::RecipeError;
use crate::reader::{Entry, Table};

const KEYS: &[&str] = &[
    "skip_rows",
    "separator",
    "has_header",
    "names",
    "rename",
    "time_format",
    "day_first",
    "decimal",
    "thousands",
    "price_divisor",
    "wide",
    "ms_of_day",
];

/// The keys that are given, as they are written.
#[derive(Serialize)]
struct Keys<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    skip_rows: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    separator: Option<char>,
    #[serde(skip_serializing_if = "Option::is_none")]
    has_header: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    names: Option<&'a [String]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    time_format: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    day_first: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    decimal: Option<char>,
    #[serde(skip_serializing_if = "Option::is_none")]
    thousands: Option<char>,
    #[serde(skip_serializing_if = "Option::is_none")]
    price_divisor: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    wide: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ms_of_day: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rename: Option<&'a BTreeMap<String, String>>,
}

/// Serialises the keys that are given.
pub(crate) fn serialize<S: Serializer>(csv: &CsvOptions, to: S) -> Result<S::Ok, S::Error> {
    let keys = Keys {
        skip_rows: (csv.skip_rows > 0).then_some(csv.skip_rows),
        separator: csv.separator,
        has_header: csv.has_header,
        names: (!csv.names.is_empty()).then_some(&csv.names),
        time_format: csv.time_format.as_deref(),
        day_first: csv.day_first,
        decimal: csv.decimal,
        thousands: csv.thousands,
        price_divisor: csv.price_divisor,
        wide: csv.wide.as_deref(),
        ms_of_day: csv.ms_of_day.then_some(true),
        rename: (!csv.rename.is_empty()).then_some(&csv.rename),
    };
    keys.serialize(to)
}

/// Returns true if nothing is given.
pub(crate) fn is_default(csv: &CsvOptions) -> bool {
    *csv == CsvOptions::default()
}

pub(crate) fn read(table: Table<'_>) -> Result<CsvOptions, RecipeError> {
    let table = table.only(KEYS, &[])?;
    let text = |entry: &Entry<'_>| entry.text().map(str::to_owned);
    let character = |entry: &Entry<'_>| {
        let mut chars = entry.as_text().unwrap_or_default().chars();
        match (chars.next(), chars.next()) {
            (Some(one), None) => Ok(one),
            _ => Err(entry.expected("one character in quotes")),
        }
    };
    Ok(CsvOptions {
        skip_rows: table.read("skip_rows", Entry::size)?.unwrap_or_default(),
        separator: table.read("separator", character)?,
        has_header: table.read("has_header", Entry::boolean)?,
        names: table.read("names", Entry::texts)?.unwrap_or_default(),
        rename: table.read("rename", Entry::pairs)?.unwrap_or_default(),
        time_format: table.read("time_format", text)?,
        day_first: table.read("day_first", Entry::boolean)?,
        decimal: table.read("decimal", character)?,
        thousands: table.read("thousands", character)?,
        price_divisor: table.read("price_divisor", Entry::number)?,
        wide: table.read("wide", text)?,
        ms_of_day: table.read("ms_of_day", Entry::boolean)?.unwrap_or_default(),
    })
}

pub(crate) fn validate(csv: &CsvOptions) -> Result<(), RecipeError> {
    csv.check()
        .map_err(|fault| RecipeError::conflict(format!("data.csv.{}", fault.key), fault.problem))
}

#[cfg(test)]
mod tests {
    use crate::Recipe;

    #[test]
    fn keys_read_back_and_change_the_digest() {
        let text = "[data.csv]\nskip_rows = 1\nseparator = \";\"\nhas_header = true\n\
                    names = [\"date\", \"time\", \"\"]\ntime_format = \"%d.%m.%Y\"\n\
                    day_first = true\ndecimal = \",\"\nthousands = \".\"\nprice_divisor = 1e4\n\
                    wide = \":\"\n[data.csv.rename]\nLast = \"close\"\n";
        let recipe = Recipe::from_toml(text, "x").unwrap();
        assert_eq!(recipe.data.csv.rename["Last"], "close");
        assert_eq!(recipe.data.csv.names, ["date", "time", ""]);
        let again = Recipe::from_toml(&recipe.to_toml(), "y").unwrap();
        assert_eq!(again, recipe);
        assert_ne!(recipe.digest(), Recipe::default().digest());
        let plain = Recipe::from_toml("[data.csv]\n", "x").unwrap();
        assert_eq!(plain.digest(), Recipe::default().digest());
    }

    #[test]
    fn what_can_not_be_is_told() {
        for (text, words) in [
            ("separator = \"ab\"", "one character"),
            ("separator = \"7\"", "data.csv.separator"),
            ("decimal = \"x\"", "data.csv.decimal"),
            ("thousands = \".\"", "data.csv.thousands"),
            ("price_divisor = 0", "data.csv.price_divisor"),
            ("wide = \"\"", "data.csv.wide"),
            ("skip_row = 1", "skip_rows"),
            ("rename = { Last = 1 }", "data.csv.rename.Last"),
            ("ms_of_day = true\ntime_format = \"%H\"", "data.csv.ms_of_day"),
        ] {
            let error = Recipe::from_toml(&format!("[data.csv]\n{text}"), "x");
            let error = error.and_then(|recipe| recipe.validate().map(|()| recipe)).unwrap_err();
            assert!(error.to_string().contains(words), "{text}: {error}");
        }
    }
}
