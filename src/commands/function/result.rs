//! One of a function's `results`, as the KRM Functions Specification has them.

use json_patch::jsonptr::Pointer;
use serde::Serialize;
use serde_json::Value;

use crate::kube::object::reference;
use crate::kube::value::value_at;
use crate::report::place::Spot;
use crate::report::refusal::Refusal;

/// A result.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct FunctionResult {
    message: String,
    severity: ResultSeverity,
    #[serde(skip_serializing_if = "Option::is_none")]
    resource_ref: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<ResultField>,
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<File>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum ResultSeverity {
    Error,
    Warning,
    Info,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct ResultField {
    path: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    current_value: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    proposed_value: Option<Value>,
}

/// Where the item came from, by its annotations.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
struct File {
    path: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    index: Option<u64>,
}

const PATH: [&str; 2] = ["internal.config.kubernetes.io/path", "config.kubernetes.io/path"];
const INDEX: [&str; 2] = ["internal.config.kubernetes.io/index", "config.kubernetes.io/index"];

impl FunctionResult {
    pub(super) fn new(severity: ResultSeverity, message: &impl ToString) -> Self {
        Self { message: message.to_string(), severity, resource_ref: None, field: None, file: None }
    }

    /// A refusal about the functionConfig.
    pub(super) fn of_config(refusal: &Refusal, config: &Value) -> Self {
        let mut result = Self::of_refusal(refusal).about(config);
        // The configuration is the resource: its fields are told from its root.
        if let Some(field) = &mut result.field {
            field.path = field.path.trim_start_matches("functionConfig").trim_start_matches('.').to_owned();
        }
        result.field = result.field.filter(|field| !field.path.is_empty());
        result
    }

    /// A refusal about the input as such.
    pub(super) fn of_refusal(refusal: &Refusal) -> Self {
        let reason = &refusal.reason;
        let mut result = Self::new(ResultSeverity::Error, &format!("{reason}: {}; {}", reason.why(), reason.help()));
        let path = match refusal.place.as_ref().map(|place| &place.spot) {
            Some(Spot::Path(path)) => Some(readable(path)),
            Some(Spot::InText { text, inner }) => Some(format!("{}.{}", readable(text), readable(inner))),
            Some(Spot::LineInText { text, .. }) => Some(readable(text)),
            Some(Spot::Whole | Spot::Line(_)) | None => None,
        };
        result.field = path.map(|path| ResultField { path, current_value: None, proposed_value: None });
        result
    }

    /// What has been changed in an item, field by field; `None` before a new one.
    pub(super) fn of_change(before: Option<&Value>, after: &Value) -> Vec<Self> {
        let Some(before) = before else {
            return vec![Self::new(ResultSeverity::Info, &"added").about(after)];
        };
        let mut fields = Vec::new();
        compare(&mut Vec::new(), Some(before), Some(after), &mut fields);
        let result =
            |(message, field)| Self { field: Some(field), ..Self::new(ResultSeverity::Info, &message).about(after) };
        fields.into_iter().map(result).collect()
    }

    /// Names the resource that it is about.
    pub(super) fn about(mut self, object: &Value) -> Self {
        let reference = reference(object);
        self.resource_ref = (!reference.is_empty()).then_some(Value::Object(reference));
        let annotation = |names: [&str; 2]| {
            let annotations = value_at(object, "/metadata/annotations")?;
            names.iter().find_map(|name| annotations.get(*name)?.as_str())
        };
        self.file = annotation(PATH)
            .map(|path| File { path: path.to_owned(), index: annotation(INDEX).and_then(|index| index.parse().ok()) });
        self
    }

    pub(super) fn value(&self) -> Value {
        // Texts and numbers: nothing that JSON could not hold.
        serde_json::to_value(self).unwrap_or_default()
    }

    /// By file, severity and text, as kyaml sorts them.
    pub(super) fn key(&self) -> impl Ord {
        let resource = self.resource_ref.as_ref().map(Value::to_string);
        (&self.file, self.severity, resource, self.field.as_ref().map(|field| &field.path), &self.message)
    }
}

/// A path as kustomize writes it: keys with dots stand in brackets.
fn readable(path: &Pointer) -> String {
    let tokens = path.tokens().map(|token| token.decoded().into_owned());
    tokens.map(|key| if key.contains('.') { format!("[{key}]") } else { key }).collect::<Vec<_>>().join(".")
}

/// Collects the fields in which two values differ, each with what has been done.
fn compare(
    at: &mut Vec<String>,
    before: Option<&Value>,
    after: Option<&Value>,
    found: &mut Vec<(&'static str, ResultField)>,
) {
    match (before, after) {
        (Some(before), Some(after)) if before == after => {}
        (Some(Value::Object(old)), Some(Value::Object(new))) => {
            let more = new.keys().filter(|key| !old.contains_key(*key));
            for key in old.keys().chain(more) {
                at.push(if key.contains('.') { format!("[{key}]") } else { key.clone() });
                compare(at, old.get(key), new.get(key), found);
                at.pop();
            }
        }
        (Some(Value::Array(old)), Some(Value::Array(new))) if old.len() == new.len() => {
            for (index, (old, new)) in old.iter().zip(new).enumerate() {
                at.push(index.to_string());
                compare(at, Some(old), Some(new), found);
                at.pop();
            }
        }
        (before, after) => {
            let message = match (before, after) {
                (None, _) => "added",
                (_, None) => "removed",
                _ => "changed",
            };
            // A whole file may hold secrets.
            let shown = at.first().is_none_or(|root| root != "data");
            let current_value = before.filter(|_| shown).cloned();
            let proposed_value = after.filter(|_| shown).cloned();
            found.push((message, ResultField { path: at.join("."), current_value, proposed_value }));
        }
    }
}
