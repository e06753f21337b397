//! The objects that are appended, field by field in the order they are written.

use serde::Serialize;
use serde_json::{Map, Value};

use crate::object::at;
use crate::release::Release;

/// An object of ours.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Manifest<Spec> {
    pub(super) api_version: &'static str,
    pub(super) kind: &'static str,
    pub(super) metadata: Metadata,
    pub(super) spec: Spec,
}

#[derive(Debug, Serialize)]
pub(super) struct Metadata {
    pub(super) name: String,
    /// The Service's: all of them must be in one namespace.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) namespace: Option<String>,
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub(super) labels: Map<String, Value>,
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub(super) annotations: Map<String, Value>,
}

impl Metadata {
    pub(super) fn new(name: String, release: &Release<'_>) -> Self {
        let service = &release.service.object;
        let labels = at(service.value(), "/metadata/labels").and_then(Value::as_object);
        let labels = labels.into_iter().flatten().filter(|(key, _)| is_chart_label(key));
        Self {
            name,
            namespace: service.namespace().map(str::to_owned),
            labels: labels.map(|(key, value)| (key.clone(), value.clone())).collect(),
            annotations: Map::new(),
        }
    }
}

impl Metadata {
    /// The metadata as a value.
    pub(super) fn into_value(self) -> Value {
        serde_json::to_value(self).unwrap_or_default()
    }
}

/// The labels that the chart puts on everything; `component` says what pods do.
fn is_chart_label(key: &str) -> bool {
    key == "helm.sh/chart" || key.starts_with("app.kubernetes.io/")
}

impl<Spec: Serialize> Manifest<Spec> {
    /// The object as a value.
    pub(super) fn into_value(self) -> Value {
        // Structs, texts and numbers: nothing that JSON could not hold.
        serde_json::to_value(self).unwrap_or_default()
    }
}
