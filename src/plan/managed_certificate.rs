//! "Use a Google-managed certificate": a ManagedCertificate for the hosts.
//!
//! Google makes it only once it is attached to a load balancer whose address the
//! domains resolve to, so that it must not be waited for before the Ingress exists.

use serde::Serialize;
use serde_json::Value;

use super::manifest::{Manifest, Metadata};
use crate::release::Release;
use crate::settings::Hosts;

pub(super) const KIND: &str = "ManagedCertificate";

#[derive(Debug, Serialize)]
struct Spec {
    domains: Vec<String>,
}

/// `<service>-tls`, as in the guide.
pub(super) fn name(release: &Release<'_>) -> String {
    format!("{}-tls", release.service.name)
}

pub(super) fn manifest(release: &Release<'_>, hosts: &Hosts) -> Value {
    Manifest {
        api_version: "networking.gke.io/v1",
        kind: KIND,
        metadata: Metadata::new(name(release), release),
        spec: Spec { domains: hosts.iter().map(str::to_owned).collect() },
    }
    .into_value()
}
