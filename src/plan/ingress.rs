//! The objects beside the release: what makes GKE's Ingress controller build the load balancer.

mod backend_config;
mod frontend_config;
#[allow(clippy::module_inception, reason = "the Ingress itself")]
mod ingress;
mod managed_certificate;

use serde_json::Value;

use super::objects::tls_secret;
use super::service::rest::RestPort;
use crate::milvus::release::Release;
use crate::settings::{Certificate, Held, IngressDoor, Settings};

/// Our objects, each before those that name it, and the Ingress, which is the last of them.
pub(super) fn objects(
    release: &Release<'_>,
    settings: &Settings,
    door: &IngressDoor,
    rest: Option<&RestPort>,
) -> (Vec<Value>, Value) {
    let of_certificate = match &door.certificate {
        Certificate::Managed(domains) => Some(managed_certificate::manifest(release, domains)),
        Certificate::Held(Held::Files(pair)) => Some(tls_secret::manifest(release, pair)),
        _ => None,
    };
    let ingress = ingress::manifest(release, settings, door, rest);
    let objects = [
        Some(backend_config::manifest(release, &settings.backend)),
        frontend_config::manifest(release, &door.front_end),
        of_certificate,
        Some(ingress.clone()),
    ];
    (objects.into_iter().flatten().collect(), ingress)
}
