//! "Create a BackendConfig": without it the load balancer would probe `/` over HTTP/2
//! on the gRPC port and never find Milvus healthy.
//!
//! Port, path and type are always written: GKE takes a missing type from the serving
//! protocol and a missing port from the serving port, without an event.

use serde::Serialize;
use serde_json::Value;

use super::manifest::{Manifest, Metadata};
use crate::release::Release;

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Spec {
    health_check: HealthCheck,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct HealthCheck {
    port: u16,
    request_path: &'static str,
    #[serde(rename = "type")]
    protocol: &'static str,
}

/// `<release>-backendconfig`, as in the guide.
pub(super) fn name(release: &Release<'_>) -> String {
    format!("{}-backendconfig", release.name)
}

pub(super) fn manifest(release: &Release<'_>) -> Value {
    // The health port stays plain HTTP whatever the TLS mode is.
    let health_check = HealthCheck { port: release.server.health_port, request_path: "/healthz", protocol: "HTTP" };
    Manifest {
        api_version: "cloud.google.com/v1",
        kind: "BackendConfig",
        metadata: Metadata::new(name(release), release),
        spec: Spec { health_check },
    }
    .into_value()
}
