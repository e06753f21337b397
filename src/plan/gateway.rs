//! The objects beside the release that make GKE's Gateway controller build the load balancer.

mod backend_policy;
#[allow(clippy::module_inception, reason = "the Gateway itself")]
mod gateway;
mod gateway_policy;
mod health_check_policy;
mod redirect;
pub(super) mod rivals;
mod route;

use serde_json::Value;

use super::objects::tls_secret;
use super::service::rest::RestPort;
use crate::milvus::release::Release;
use crate::settings::{Gateway, GatewayCertificate, Held, Http, Settings};

use gateway::Listener;

/// Our objects, in the order in which they are written.
pub(super) fn objects(
    release: &Release<'_>,
    settings: &Settings,
    gateway: &Gateway,
    rest: Option<&RestPort>,
) -> Vec<Value> {
    let listeners = Listener::of(settings, &gateway.certificate);
    let mut objects = vec![gateway::manifest(release, settings, gateway, &listeners)];
    objects.extend(route::manifests(release, &listeners, rest));
    if settings.front_end.http == Http::Redirected {
        objects.extend(redirect::manifests(release, &settings.hosts));
    }
    objects.push(health_check_policy::manifest(release, &settings.backend));
    objects.extend(backend_policy::manifest(release, &settings.backend));
    objects.extend(gateway_policy::manifest(release, &settings.front_end));
    if let GatewayCertificate::Held(Held::Files(pair)) = &gateway.certificate {
        objects.push(tls_secret::manifest(release, pair));
    }
    objects
}

/// What a policy is about: an object in its own namespace.
fn target(group: &str, kind: &str, name: &str) -> Value {
    serde_json::json!({"group": group, "kind": kind, "name": name})
}
