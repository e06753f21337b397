//! "Use a Google-managed certificate": a ManagedCertificate for the hosts.
//!
//! Google makes it only once it is attached to a load balancer whose address the
//! domains resolve to, so that it must not be waited for before the Ingress exists.

use serde::Serialize;
use serde_json::Value;

use crate::gke::kind;
use crate::host::Domains;
use crate::milvus::release::Release;
use crate::plan::objects::manifest::Manifest;
use crate::plan::objects::names;

#[derive(Debug, Serialize)]
struct Spec {
    domains: Vec<String>,
}

pub(in crate::plan) fn manifest(release: &Release<'_>, domains: &Domains) -> Value {
    let spec = Spec { domains: domains.iter().map(str::to_owned).collect() };
    Manifest::new(&kind::MANAGED_CERTIFICATE, names::certificate(release), release, spec).into_value()
}
