//! A list that may also be written as one text, comma-separated as in a flag.

use std::fmt;
use std::marker::PhantomData;

use serde::de::value::{SeqAccessDeserializer, SeqDeserializer};
use serde::de::{Error, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

/// Reads a list, or one text.
pub(crate) fn one_or_several<'de, T, D>(deserializer: D) -> Result<Option<Vec<T>>, D::Error>
where
    T: Deserialize<'de>,
    D: Deserializer<'de>,
{
    deserializer.deserialize_any(Items(PhantomData))
}

struct Items<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for Items<T> {
    type Value = Option<Vec<T>>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a list or a text")
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        let texts = text.split(',').map(str::trim);
        Vec::deserialize(SeqDeserializer::new(texts)).map(Some)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, items: A) -> Result<Self::Value, A::Error> {
        Vec::deserialize(SeqAccessDeserializer::new(items)).map(Some)
    }
}

/// What the published schema says of it.
#[cfg(test)]
#[derive(schemars::JsonSchema)]
#[schemars(untagged, inline)]
#[allow(dead_code, reason = "only its schema is needed")]
pub(crate) enum OneOrSeveral<T> {
    Several(Vec<T>),
    One(String),
}
