//! Annotations of the Service, most of which are JSON in a string.

use serde_json::{Map, Value};

use super::operations::Operations;
use crate::object::{Object, at, path};
use crate::refusal::{Reason, Refusal};

/// Changes to an object's `metadata.annotations`.
pub(super) struct Annotations<'r, 'i> {
    object: &'r Object<'i>,
    set: Vec<(&'static str, String)>,
    removed: Vec<&'static str>,
}

/// How the guide writes the JSON of an annotation. The bytes matter: server-side apply
/// takes another spelling of the same JSON for a conflict with a hand-made annotation.
#[derive(Clone, Copy)]
pub(super) enum Style {
    /// `{"milvus":"HTTP2"}`
    Compact,
    /// `{"ingress": true}`
    Spaced,
}

impl<'r, 'i> Annotations<'r, 'i> {
    pub(super) fn new(object: &'r Object<'i>) -> Self {
        Self { object, set: Vec::new(), removed: Vec::new() }
    }

    /// Takes an annotation out, if it is there.
    pub(super) fn remove(&mut self, name: &'static str) {
        self.removed.push(name);
    }

    /// The JSON object that the annotation holds now.
    ///
    /// # Errors
    ///
    /// [`Reason::AnnotationValue`]
    pub(super) fn json(&self, name: &'static str) -> Result<Map<String, Value>, Refusal> {
        match self.existing(name) {
            None => Ok(Map::new()),
            Some(Value::String(text)) => match serde_json::from_str(text) {
                Ok(Value::Object(object)) => Ok(object),
                Ok(_) => Err(self.refuse(name, "is not a JSON object")),
                Err(_) => Err(self.refuse(name, "is not valid JSON")),
            },
            Some(_) => Err(self.refuse(name, "is not a text (quote it)")),
        }
    }

    /// Writes the JSON object, unless the annotation holds it already in whatever bytes.
    pub(super) fn set_json(&mut self, name: &'static str, wanted: &Map<String, Value>, style: Style) {
        let held = match self.existing(name) {
            Some(Value::String(text)) => serde_json::from_str::<Map<String, Value>>(text).ok(),
            _ => None,
        };
        if held.as_ref() != Some(wanted) {
            self.set.push((name, style.write(&Value::Object(wanted.clone()))));
        }
    }

    /// A refusal about the annotation.
    pub(super) fn refuse(&self, name: &'static str, problem: &'static str) -> Refusal {
        self.refuse_with(name, Reason::AnnotationValue { annotation: name.to_owned(), problem })
    }

    pub(super) fn refuse_with(&self, name: &'static str, reason: Reason) -> Refusal {
        self.object.refuse(reason, path(["metadata", "annotations", name]))
    }

    fn existing(&self, name: &str) -> Option<&'r Value> {
        at(self.object.value(), "/metadata/annotations")?.get(name)
    }

    /// Adds the changes to the object's patch.
    pub(super) fn finish(self, operations: &mut Operations<'_>) {
        let there = at(self.object.value(), "/metadata/annotations").is_some_and(Value::is_object);
        for name in self.removed {
            operations.remove(path(["metadata", "annotations", name]));
        }
        if there {
            for (name, text) in self.set {
                operations.set(path(["metadata", "annotations", name]), Value::String(text));
            }
        } else if !self.set.is_empty() {
            let annotations = self.set.into_iter().map(|(name, text)| (name.to_owned(), Value::String(text)));
            operations.set(path(["metadata", "annotations"]), Value::Object(annotations.collect()));
        }
    }
}

impl Style {
    fn write(self, value: &Value) -> String {
        let (colon, comma) = match self {
            Self::Compact => (":", ","),
            Self::Spaced => (": ", ", "),
        };
        match value {
            Value::Object(object) => {
                let entries: Vec<_> = object
                    .iter()
                    .map(|(key, value)| format!("{}{colon}{}", Value::String(key.clone()), self.write(value)))
                    .collect();
                format!("{{{}}}", entries.join(comma))
            }
            Value::Array(items) => {
                let items: Vec<_> = items.iter().map(|item| self.write(item)).collect();
                format!("[{}]", items.join(comma))
            }
            scalar => scalar.to_string(),
        }
    }
}
