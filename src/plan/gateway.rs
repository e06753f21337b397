//! The objects beside the release that make GKE's Gateway controller build the load balancer.

mod backend_policy;
#[allow(clippy::module_inception, reason = "the Gateway itself")]
mod gateway;
mod gateway_policy;
mod health_check_policy;
mod redirect;
mod route;
mod target;

use serde_json::Value;

use super::objects::{names, tls_secret};
use super::service::rest::RestPort;
use crate::milvus::release::Release;
use crate::settings::{GatewayCertificate, GatewayDoor, GatewayRef, Held, Http, OwnGateway, Owner, Settings};

use gateway::Listener;
use route::Parent;

/// Our objects, in the order in which they are written.
pub(super) fn objects(
    release: &Release<'_>,
    settings: &Settings,
    door: &GatewayDoor,
    rest: Option<&RestPort>,
) -> Vec<Value> {
    match &door.owner {
        Owner::Ours(own) => of_own(release, settings, own, rest),
        Owner::Theirs(GatewayRef { namespace, name, listener }, _) => {
            let (namespace, listener) = (namespace.as_ref(), listener.as_ref());
            let parent = Parent {
                namespace: namespace.map(|namespace| namespace.as_str()),
                name: name.as_str(),
                listener: listener.map(|listener| listener.as_str()),
            };
            let hosts: Vec<_> = settings.hosts.iter().map(|host| (host, parent)).collect();
            let routes = route::manifests(release, &hosts, rest).into_iter();
            routes.chain(of_service(release, settings)).collect()
        }
    }
}

fn of_own(release: &Release<'_>, settings: &Settings, own: &OwnGateway, rest: Option<&RestPort>) -> Vec<Value> {
    let listeners = Listener::of(&settings.hosts, &own.certificate);
    let name = names::gateway(release);
    let mut hosts = Vec::new();
    for listener in &listeners {
        let parent = Parent { namespace: None, name: &name, listener: Some(&listener.name) };
        hosts.extend(listener.hosts.iter().map(|host| (*host, parent)));
    }
    let mut objects = vec![gateway::manifest(release, own, &listeners)];
    objects.extend(route::manifests(release, &hosts, rest));
    if own.front_end.http == Http::Redirected {
        objects.extend(redirect::manifests(release, &settings.hosts));
    }
    objects.extend(of_service(release, settings));
    objects.extend(gateway_policy::manifest(release, &own.front_end));
    if let GatewayCertificate::Held(Held::Files(pair)) = &own.certificate {
        objects.push(tls_secret::manifest(release, pair));
    }
    objects
}

/// The policies of the Service.
fn of_service(release: &Release<'_>, settings: &Settings) -> impl Iterator<Item = Value> {
    let health = health_check_policy::manifest(release, &settings.backend);
    [Some(health), backend_policy::manifest(release, &settings.backend)].into_iter().flatten()
}

/// What is to be known of a Gateway that exists, where no listener of it is named.
pub(super) fn unnamed_listener(door: &GatewayDoor) -> Option<String> {
    match &door.owner {
        Owner::Theirs(gateway @ GatewayRef { listener: None, .. }, _) => Some(format!(
            "no listener of Gateway {gateway} is named: if it has one on port 80, that listener serves Milvus without \
            TLS; give --gateway-ref {gateway}:LISTENER"
        )),
        _ => None,
    }
}
