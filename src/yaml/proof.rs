//! The proof of an edit: serde_yaml, which is not the engine that edits, reads the edited
//! text, and the text is accepted only if that reading is the wanted value.
//!
//! Everything that the program promises rests on this file. So nothing here may say yes
//! where reading and comparing says no: what saves time is either exact or gives up
//! (`tests/it/sabotage.rs` spoils edits of real documents and expects a no to each).

use std::fmt;

use serde::de::{self, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value, map};

use super::value::{self, Budget, MERGE};

/// Whether `text` reads as `wanted`: [`value::read`] reads exactly this value from it.
pub(super) fn reads_as(text: &str, wanted: &Value) -> bool {
    let (budget, quick) = (Budget::default(), serde_yaml::Deserializer::from_str(text));
    // What the comparison cannot tell, the reader does: duplicate keys, merge keys, tags, numbers that are not integers.
    Same(wanted, &budget).deserialize(quick).is_ok() || value::read(text).is_ok_and(|value| value == *wanted)
}

/// Compares while reading, without building the value. It says yes only where each mapping of
/// the text has every key of the wanted one, each once.
struct Same<'v>(&'v Value, &'v Budget);

impl<'de> DeserializeSeed<'de> for Same<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        self.1.spend()?;
        deserializer.deserialize_any(self)
    }
}

/// An error stands for a difference, or for what only the reader can tell.
fn same<E: de::Error>(equal: bool) -> Result<(), E> {
    if equal { Ok(()) } else { Err(E::custom("not the same, or not told")) }
}

impl<'de> Visitor<'de> for Same<'_> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("the same YAML value")
    }

    fn visit_bool<E: de::Error>(self, value: bool) -> Result<(), E> {
        same(self.0.as_bool() == Some(value))
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<(), E> {
        same(self.0.as_i64() == Some(value))
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<(), E> {
        same(self.0.as_u64() == Some(value))
    }

    fn visit_str<E: de::Error>(self, value: &str) -> Result<(), E> {
        same(self.0.as_str() == Some(value))
    }

    fn visit_unit<E: de::Error>(self) -> Result<(), E> {
        same(self.0.is_null())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        let Value::Array(wanted) = self.0 else { return same(false) };
        for item in wanted {
            same(items.next_element_seed(Same(item, self.1))?.is_some())?;
        }
        same(items.next_element_seed(Same(&Value::Null, self.1))?.is_none())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<(), A::Error> {
        let Value::Object(wanted) = self.0 else { return same(false) };
        let mut members = Members { wanted, next: wanted.iter(), in_order: 0, others: Vec::new() };
        while let Some(value) = entries.next_key_seed(Key(&mut members, self.1))? {
            entries.next_value_seed(Same(value, self.1))?;
        }
        same(members.are_all_seen_once())
    }
}

/// The members of a wanted mapping, as far as they have been seen.
struct Members<'v> {
    wanted: &'v Map<String, Value>,
    /// Most mappings are in the wanted order: then there is nothing to look up.
    next: map::Iter<'v>,
    /// How many members have been seen in order.
    in_order: usize,
    /// From the first one on that was not: where each seen value is in memory, which is never the same for two members.
    others: Vec<*const Value>,
}

impl<'v> Members<'v> {
    fn see(&mut self, key: &str) -> Option<&'v Value> {
        if self.others.is_empty()
            && let Some((wanted, value)) = self.next.next()
            && wanted == key
        {
            self.in_order += 1;
            return Some(value);
        }
        let value = self.wanted.get(key)?;
        self.others.push(value);
        Some(value)
    }

    /// With a duplicate there are as many entries as members, and yet one is missing.
    fn are_all_seen_once(mut self) -> bool {
        if !self.others.is_empty() {
            self.others.extend(self.wanted.values().take(self.in_order).map(std::ptr::from_ref));
            self.others.sort_unstable();
            self.in_order = 0;
        }
        self.in_order + self.others.len() == self.wanted.len() && self.others.windows(2).all(|pair| pair[0] != pair[1])
    }
}

/// Sees a key; reads as its value.
struct Key<'m, 'v>(&'m mut Members<'v>, &'v Budget);

impl<'de, 'v> DeserializeSeed<'de> for Key<'_, 'v> {
    type Value = &'v Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<&'v Value, D::Error> {
        self.1.spend()?;
        deserializer.deserialize_any(self)
    }
}

impl<'v> Visitor<'_> for Key<'_, 'v> {
    type Value = &'v Value;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a key of the same YAML value")
    }

    fn visit_str<E: de::Error>(self, key: &str) -> Result<&'v Value, E> {
        // What a merge key stands for, only the reader tells.
        let value = if key == MERGE { None } else { self.0.see(key) };
        value.ok_or_else(|| E::custom("another key"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comparing_is_reading_and_comparing() {
        let wanted = value::read("a: 1\nb: [x, null, true, -1, 1.5]\nc: {d: e}\n").expect("YAML");
        for (text, expected) in [
            ("{a: 1, b: [x, ~, true, -1, 1.5], c: {d: e}}", true),
            ("{c: {d: 'e'}, b: [x, ~, true, -1, 1.5], a: 0x1}", true),
            ("{a: 2, a: 1, b: [x, ~, true, -1, 1.5], c: {d: e}}", true),
            ("{a: 1, b: [x, ~, true, -1, 1.5], c: {<<: {d: e}}}", true),
            ("{a: 1, a: 2, b: [x, ~, true, -1, 1.5], c: {d: e}}", false),
            ("{a: '1', b: [x, ~, true, -1, 1.5], c: {d: e}}", false),
            ("{a: 1, b: [x, ~, true, -1], c: {d: e}}", false),
            ("{a: 1, b: [x, ~, true, -1, 1.5, 2], c: {d: e}}", false),
            ("{a: 1, b: [x, ~, true, -1, 1.5], c: {}}", false),
            ("{a: 1, b: [x, ~, true, -1, 1.5], c: {d: e}, f: ~}", false),
            ("{a: 1, b: [x, ~, true, -1, 1.5], c: {d: e}", false),
            ("", false),
        ] {
            assert_eq!(reads_as(text, &wanted), expected, "{text}");
        }
        // A key of that name that reading takes for a merge key.
        assert!(!reads_as("'<<': []\n", &serde_json::json!({"<<": []})));
        assert!(reads_as("'<<': 1\n", &serde_json::json!({"<<": 1})));
    }
}
