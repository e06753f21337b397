//! "Use a Google-managed certificate": a ManagedCertificate for the hosts.
//!
//! Google makes it only once it is attached to a load balancer whose address the
//! domains resolve to, so that it must not be waited for before the Ingress exists.

use serde::Serialize;
use serde_json::Value;

use super::manifest::{Manifest, Metadata};
use crate::release::Release;
use crate::settings::Domains;

pub(super) const KIND: &str = "ManagedCertificate";

/// By which an Ingress names it.
pub(super) const ANNOTATION: &str = "networking.gke.io/managed-certificates";

#[derive(Debug, Serialize)]
struct Spec {
    domains: Vec<String>,
}

/// `<service>-tls`, as in the guide.
pub(super) fn name(release: &Release<'_>) -> String {
    format!("{}-tls", release.service.name)
}

pub(super) fn manifest(release: &Release<'_>, domains: &Domains) -> Value {
    Manifest {
        api_version: "networking.gke.io/v1",
        kind: KIND,
        metadata: Metadata::new(name(release), release),
        spec: Spec { domains: domains.iter().map(str::to_owned).collect() },
    }
    .into_value()
}
