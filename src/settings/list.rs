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
        formatter.write_str("a list or a string")
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

/// A list or a text in the published schema.
#[cfg(test)]
pub(crate) struct OneOrSeveral<T>(PhantomData<T>);

#[cfg(test)]
impl<T: schemars::JsonSchema> schemars::JsonSchema for OneOrSeveral<T> {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "OneOrSeveral".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let items = generator.subschema_for::<T>();
        schemars::json_schema!({"type": ["array", "string"], "items": items})
    }
}
