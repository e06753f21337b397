//! The objects that are appended, field by field in the order they are written.

use serde::Serialize;
use serde_json::{Map, Value};

use crate::gke::kind::Kind;
use crate::kube::object::Object as _;
use crate::kube::value::value_at;
use crate::milvus::operator::MANAGED_BY;
use crate::milvus::release::Release;
use crate::milvus::service::CHART;

/// An object of ours.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::plan) struct Manifest<Spec> {
    pub(in crate::plan) api_version: &'static str,
    pub(in crate::plan) kind: &'static str,
    pub(in crate::plan) metadata: Metadata,
    pub(in crate::plan) spec: Spec,
}

#[derive(Debug, Serialize)]
pub(in crate::plan) struct Metadata {
    pub(in crate::plan) name: String,
    /// The Service's: all of them must be in one namespace.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::plan) namespace: Option<String>,
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub(in crate::plan) labels: Map<String, Value>,
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub(in crate::plan) annotations: Map<String, Value>,
}

impl Metadata {
    pub(in crate::plan) fn new(name: String, release: &Release<'_>) -> Self {
        let service = &release.service.object;
        let labels = value_at(service.value(), "/metadata/labels").and_then(Value::as_object);
        // Of ours no operator takes care.
        let labels = labels
            .into_iter()
            .flatten()
            .filter(|(key, value)| is_chart_label(key) && (key.as_str() != MANAGED_BY.0 || *value != MANAGED_BY.1));
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
    pub(in crate::plan) fn into_value(self) -> Value {
        serde_json::to_value(self).unwrap_or_default()
    }
}

/// The labels that the chart puts on everything; `component` says what pods do.
fn is_chart_label(key: &str) -> bool {
    key == CHART || key.starts_with("app.kubernetes.io/")
}

impl<Spec: Serialize> Manifest<Spec> {
    pub(in crate::plan) fn new(kind: &Kind, name: String, release: &Release<'_>, spec: Spec) -> Self {
        let metadata = Metadata::new(name, release);
        Self { api_version: kind.api_version, kind: kind.name, metadata, spec }
    }

    /// The object as a value.
    pub(in crate::plan) fn into_value(self) -> Value {
        // Structs, texts and numbers: nothing that JSON could not hold.
        serde_json::to_value(self).unwrap_or_default()
    }
}
