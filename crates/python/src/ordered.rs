//! JSON whose objects keep the order of their keys.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};

/// A JSON value. Features of a dict keep the order in which they are written.
#[derive(Debug)]
pub(crate) enum Ordered {
    Null,
    Bool(bool),
    Integer(i128),
    Float(f64),
    Text(String),
    List(Vec<Ordered>),
    Object(Vec<(String, Ordered)>),
}

impl<'de> Deserialize<'de> for Ordered {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(Any)
    }
}

struct Any;

impl<'de> Visitor<'de> for Any {
    type Value = Ordered;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value of JSON")
    }

    fn visit_unit<E>(self) -> Result<Ordered, E> {
        Ok(Ordered::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Ordered, E> {
        Ok(Ordered::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Ordered, E> {
        Ok(Ordered::Integer(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Ordered, E> {
        Ok(Ordered::Integer(value.into()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Ordered, E> {
        Ok(Ordered::Float(value))
    }

    fn visit_str<E>(self, value: &str) -> Result<Ordered, E> {
        Ok(Ordered::Text(value.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Ordered, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(Ordered::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Ordered, A::Error> {
        let mut object = Vec::new();
        while let Some(entry) = entries.next_entry()? {
            object.push(entry);
        }
        Ok(Ordered::Object(object))
    }
}

impl Ordered {
    /// The value as TOML in one line. Keys whose value is null are left out: TOML has no null.
    pub(crate) fn toml(&self) -> String {
        match self {
            Self::Null => "\"\"".to_owned(),
            Self::Bool(value) => value.to_string(),
            Self::Integer(value) => value.to_string(),
            Self::Float(value) => toml::Value::Float(*value).to_string(),
            Self::Text(value) => toml::Value::String(value.clone()).to_string(),
            Self::List(items) => {
                let items: Vec<String> = items.iter().map(Self::toml).collect();
                format!("[{}]", items.join(", "))
            }
            Self::Object(entries) => {
                let some = entries.iter().filter(|(_, value)| !matches!(value, Self::Null));
                let entry =
                    |(key, value): &(String, Self)| format!("{} = {}", quoted(key), value.toml());
                let entries: Vec<String> = some.map(entry).collect();
                format!("{{ {} }}", entries.join(", "))
            }
        }
    }

    /// The entries of an object as a document of TOML, in their order; nothing for other values.
    pub(crate) fn document(&self) -> String {
        let Self::Object(entries) = self else { return String::new() };
        let some = entries.iter().filter(|(_, value)| !matches!(value, Self::Null));
        some.map(|(key, value)| format!("{} = {}\n", quoted(key), value.toml())).collect()
    }
}

/// A key in quotes.
fn quoted(key: &str) -> String {
    serde_json::Value::from(key).to_string()
}
