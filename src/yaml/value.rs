//! The value of a YAML document, as the Go libraries of Helm and Kubernetes see it.
//!
//! `serde_yaml::Value` refuses duplicate keys, which real Milvus charts contain;
//! deserialising straight into `serde_json::Value` refuses non-string keys. Hence
//! a reader of our own: last duplicate wins, scalar keys become strings, and
//! merge keys (`<<`, also written `!!merge <<` by Helm 4) are merged.

use std::cell::Cell;
use std::fmt;

use serde::de::{
    self, DeserializeSeed, Deserializer, EnumAccess, Error as _, MapAccess, SeqAccess, VariantAccess, Visitor,
};
use serde_json::{Map, Number, Value};

use super::error::{MAX_NODES, ParseError};

/// The key that merges the mapping it names into its own.
pub(super) const MERGE: &str = "<<";

/// Reads the value of the one document in `text`; an empty text is `null`.
pub(super) fn read(text: &str) -> Result<Value, ParseError> {
    let budget = Budget::default();
    match Reader(&budget).deserialize(serde_yaml::Deserializer::from_str(text)) {
        Ok(value) => Ok(value),
        // Aliases multiply what is written: a few lines can stand for more than any memory holds.
        Err(_) if budget.0.get() == 0 => Err(ParseError::TooMany { line: 1 }),
        Err(error) if error.to_string().contains("more than one document") => Err(ParseError::SeveralDocuments),
        Err(error) => Err(ParseError::Syntax {
            line: line_of_byte(text, &error.to_string())
                .or_else(|| error.location().map(|location| location.line()))
                .unwrap_or(1),
            message: plain_message(&error.to_string()),
        }),
    }
}

/// Of a character that libyaml does not take, it tells only which byte of the text it is.
fn line_of_byte(text: &str, message: &str) -> Option<usize> {
    let at = message.split_once(" at position ")?.1.parse().ok()?;
    Some(1 + text.bytes().take(at).filter(|&byte| byte == b'\n').count())
}

/// The first clause of libyaml's message; the position is told by the caller.
fn plain_message(message: &str) -> String {
    // The others are serde's, and quote the value, which may be a secret.
    if message.contains("invalid type") || message.contains("invalid value") {
        return "a value that cannot be read".to_owned();
    }
    let end = message.find(" at line ").or_else(|| message.find(" at position ")).unwrap_or(message.len());
    message[..end].to_owned()
}

/// The value of a plain scalar. Only what may be a number of some kind is put to the
/// engine; a test holds this against the engine on every scalar of the real charts.
pub(super) fn plain(text: String) -> Value {
    match text.as_str() {
        "" | "~" | "null" | "Null" | "NULL" => return Value::Null,
        "true" | "True" | "TRUE" => return Value::Bool(true),
        "false" | "False" | "FALSE" => return Value::Bool(false),
        _ => {}
    }
    let digits = text.strip_prefix(['+', '-']).unwrap_or(&text).as_bytes();
    let number = match digits {
        [b'1'..=b'9', rest @ ..] if rest.iter().all(u8::is_ascii_digit) && text.len() < 19 => {
            return text
                .parse::<u64>()
                .map(Value::from)
                .or_else(|_| text.parse::<i64>().map(Value::from))
                .unwrap_or(Value::String(text));
        }
        [b'0', b'x' | b'o' | b'b', ..] => true,
        [b'0'..=b'9' | b'.', rest @ ..] => {
            rest.iter().all(|byte| matches!(byte, b'0'..=b'9' | b'.' | b'e' | b'E' | b'+' | b'-'))
                || matches!(text.as_bytes(), [.., b'n' | b'N' | b'f' | b'F'])
        }
        _ => false,
    };
    // `...` ends a document, and is a string where a scalar stands.
    if !number || text == "..." {
        return Value::String(text);
    }
    read(&text).unwrap_or(Value::String(text))
}

/// A scalar key as sigs.k8s.io/yaml writes it: `0x1F` is the key `31`.
pub(super) fn key(value: Value) -> String {
    match value {
        Value::String(key) => key,
        other => other.to_string(),
    }
}

/// How many values may still be read.
pub(super) struct Budget(Cell<usize>);

impl Default for Budget {
    fn default() -> Self {
        Self(Cell::new(MAX_NODES))
    }
}

impl Budget {
    pub(super) fn spend<E: de::Error>(&self) -> Result<(), E> {
        self.0.set(self.0.get().checked_sub(1).ok_or_else(|| E::custom("too many values"))?);
        Ok(())
    }
}

/// Reads a value as long as there are values left.
#[derive(Clone, Copy)]
struct Reader<'b>(&'b Budget);

impl<'de> DeserializeSeed<'de> for Reader<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        self.0.spend()?;
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Reader<'_> {
    type Value = Value;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a YAML value")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i128<E: de::Error>(self, value: i128) -> Result<Value, E> {
        self.visit_f64(value as f64)
    }

    fn visit_u128<E: de::Error>(self, value: u128) -> Result<Value, E> {
        self.visit_f64(value as f64)
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        // JSON has no infinities; their YAML names stay distinguishable.
        Ok(Number::from_f64(value).map_or_else(|| Value::String(value.to_string()), Value::Number))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_none<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut sequence = Vec::new();
        while let Some(item) = items.next_element_seed(self)? {
            sequence.push(item);
        }
        Ok(Value::Array(sequence))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut mapping = Map::new();
        while let Some((key, value)) = entries.next_entry_seed(Key(self), self)? {
            mapping.insert(key, value);
        }
        Ok(Value::Object(merged(mapping)))
    }

    fn visit_enum<A: EnumAccess<'de>>(self, tagged: A) -> Result<Value, A::Error> {
        // A local tag (`!x value`) means nothing to Kubernetes: only the value counts.
        let (_tag, content) = tagged.variant_seed(Key(self))?;
        content.newtype_variant_seed(self)
    }
}

/// Reads a mapping key; sigs.k8s.io/yaml writes scalar keys as strings.
struct Key<'b>(Reader<'b>);

impl<'de> DeserializeSeed<'de> for Key<'_> {
    type Value = String;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<String, D::Error> {
        match self.0.deserialize(deserializer)? {
            Value::Array(_) | Value::Object(_) => Err(D::Error::custom("a mapping key must be a scalar")),
            scalar => Ok(key(scalar)),
        }
    }
}

/// Resolves `<<`: explicit keys win, then earlier merged mappings.
fn merged(mut mapping: Map<String, Value>) -> Map<String, Value> {
    let sources = match mapping.shift_remove(MERGE) {
        None => return mapping,
        Some(Value::Array(sources)) if sources.iter().all(Value::is_object) => sources,
        Some(source @ Value::Object(_)) => vec![source],
        Some(other) => {
            // Not a merge key, but a key of that name.
            mapping.insert(MERGE.to_owned(), other);
            return mapping;
        }
    };
    for source in sources {
        if let Value::Object(source) = source {
            for (key, value) in source {
                mapping.entry(key).or_insert(value);
            }
        }
    }
    mapping
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_scalars_are_what_the_engine_says() {
        for token in [
            "",
            "~",
            "null",
            "Null",
            "NULL",
            "nULL",
            "true",
            "True",
            "TRUE",
            "tRUE",
            "false",
            "yes",
            "no",
            "on",
            "off",
            "y",
            "n",
            "0",
            "1",
            "-1",
            "+1",
            "007",
            "08",
            "0777",
            "1_000",
            "0x1F",
            "-0x1F",
            "0o17",
            "0O17",
            "0b101",
            "1e3",
            "1E3",
            "1e",
            ".5",
            "5.",
            "1.5",
            "-1.5",
            "+.5",
            ".",
            "..",
            ".inf",
            "-.inf",
            ".Inf",
            ".INF",
            ".nan",
            ".NaN",
            "nan",
            "inf",
            "12:30",
            "1:30:00",
            "2001-12-14",
            "100m",
            "2Gi",
            "30s",
            "100%",
            "1.2.3",
            "v1.2",
            "10.0.0.0/8",
            "18446744073709551615",
            "9223372036854775808",
            "-9223372036854775808",
            "-",
            "-c",
            "--x",
            "+",
            "1-2",
            "1e-3",
            "1+1",
            "0.0",
            "00",
            "-0",
            "+0",
            "-0.0",
            "1.",
            "0e0",
            "1f",
            "0xg",
            "0x",
        ] {
            let whole = read(&format!("[{token}]")).map(|list| list[0].clone()).ok().filter(|_| !token.is_empty());
            let engine = if token.is_empty() { Value::Null } else { whole.expect("a token") };
            assert_eq!(plain(token.to_owned()), engine, "{token}");
        }
    }
}
