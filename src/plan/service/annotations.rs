//! Annotations of the Service, most of which are JSON in a string.

use serde_json::{Map, Value};

use crate::kube::object::{Object as _, Parsed};
use crate::kube::value::{pointer, value_at};
use crate::plan::operations::Operations;
use crate::report::refusal::{Reason, Refusal};
use crate::yaml;

/// Changes to an object's `metadata.annotations`.
pub(in crate::plan) struct Annotations<'r, 'i> {
    object: &'r Parsed<'i>,
    set: Vec<(&'static str, String)>,
    removed: Vec<&'static str>,
}

/// How the guide writes the JSON of an annotation. The bytes matter: server-side apply
/// takes another spelling of the same JSON for a conflict with a hand-made annotation.
#[derive(Clone, Copy)]
pub(in crate::plan) enum Style {
    /// `{"milvus":"HTTP2"}`
    Compact,
    /// `{"ingress": true}`
    Spaced,
}

impl<'r, 'i> Annotations<'r, 'i> {
    pub(in crate::plan) fn new(object: &'r Parsed<'i>) -> Self {
        Self { object, set: Vec::new(), removed: Vec::new() }
    }

    /// Takes an annotation out, if it is there.
    pub(in crate::plan) fn remove(&mut self, name: &'static str) {
        self.removed.push(name);
    }

    /// The JSON object that the annotation holds now.
    ///
    /// # Errors
    ///
    /// [`Reason::AnnotationValue`]
    pub(in crate::plan) fn json(&self, name: &'static str) -> Result<Map<String, Value>, Refusal> {
        match self.existing(name) {
            None => Ok(Map::new()),
            Some(Value::String(text)) => match serde_json::from_str(text) {
                Ok(Value::Object(object)) => Ok(object),
                Ok(_) => Err(self.refuse(name, "is not a JSON object")),
                Err(_) => Err(self.refuse(name, "is not valid JSON")),
            },
            Some(_) => Err(self.refuse(name, "is not a string (quote it)")),
        }
    }

    /// Writes the JSON object, unless the annotation holds it already in whatever bytes.
    pub(in crate::plan) fn set_json(&mut self, name: &'static str, wanted: &Map<String, Value>, style: Style) {
        let held = match self.existing(name) {
            Some(Value::String(text)) => serde_json::from_str::<Map<String, Value>>(text).ok(),
            _ => None,
        };
        if held.as_ref() != Some(wanted) {
            self.set.push((name, style.write(&Value::Object(wanted.clone()))));
        }
    }

    /// A refusal about the annotation.
    pub(in crate::plan) fn refuse(&self, name: &'static str, problem: &'static str) -> Refusal {
        self.refuse_with(name, Reason::AnnotationValue { annotation: name.to_owned(), problem })
    }

    pub(in crate::plan) fn refuse_with(&self, name: &'static str, reason: Reason) -> Refusal {
        self.object.refuse(reason, pointer(["metadata", "annotations", name]))
    }

    fn existing(&self, name: &str) -> Option<&'r Value> {
        self.object.document.value().annotation_value(name)
    }

    /// Adds the changes to the object's patch.
    pub(in crate::plan) fn finish(self, operations: &mut Operations<'_>) {
        let there = value_at(self.object.value(), "/metadata/annotations").is_some_and(Value::is_object);
        for name in self.removed {
            operations.remove(pointer(["metadata", "annotations", name]));
        }
        if there {
            for (name, text) in self.set {
                operations.set(pointer(["metadata", "annotations", name]), Value::String(text));
            }
        } else if !self.set.is_empty() {
            let annotations = self.set.into_iter().map(|(name, text)| (name.to_owned(), Value::String(text)));
            operations.set(pointer(["metadata", "annotations"]), Value::Object(annotations.collect()));
        }
    }
}

impl Style {
    fn write(self, value: &Value) -> String {
        match self {
            Self::Compact => value.to_string(),
            Self::Spaced => yaml::write_json(value),
        }
    }
}
