//! Not in the guide: a FrontendConfig, for what the Ingress itself has no field for. GKE
//! finds it by an annotation of the Ingress, in its namespace.

use serde::Serialize;
use serde_json::{Value, json};

use crate::gke::kind;
use crate::milvus::release::Release;
use crate::plan::objects::manifest::Manifest;
use crate::plan::objects::names;
use crate::settings::{FrontEnd, Http};

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Spec {
    #[serde(skip_serializing_if = "Option::is_none")]
    redirect_to_https: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ssl_policy: Option<String>,
}

/// The FrontendConfig, if anything asks for one.
pub(in crate::plan) fn manifest(release: &Release<'_>, front_end: &FrontEnd) -> Option<Value> {
    let redirect_to_https = (front_end.http == Http::Redirected).then(|| json!({"enabled": true}));
    let ssl_policy = front_end.ssl_policy.as_ref().map(ToString::to_string);
    if redirect_to_https.is_none() && ssl_policy.is_none() {
        return None;
    }
    let spec = Spec { redirect_to_https, ssl_policy };
    Some(Manifest::new(&kind::FRONTEND_CONFIG, names::frontend_config(release), release, spec).into_value())
}
