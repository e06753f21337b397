//! The Ingress: whether GKE takes it, its address, its port 443, and what its backends say.

use std::collections::HashSet;
use std::net::IpAddr;

use serde_json::{Map, Value};

use super::GATEWAY_KINDS;
use super::objects::{Objects, leaving};
use super::service::{SECONDS, Service};
use super::step::Step;
use crate::gke::annotation::{BACKENDS, CLASS, HTTPS_FORWARDING_RULE};
use crate::gke::health;
use crate::gke::ingress::{self, CertificateSource, Class, Ingress, default_backend};
use crate::kube::object::Object as _;
use crate::kube::service::ports;
use crate::kube::value::{array_at, str_at};

/// The load balancer's address, where there is one.
pub(super) fn address(ingress: &Value) -> Option<IpAddr> {
    let addresses = || array_at(ingress, "/status/loadBalancer/ingress").filter_map(|entry| str_at(entry, "/ip"));
    // Every client can use an IPv4 address.
    let parsed = || addresses().filter_map(|address| address.parse().ok());
    parsed().find(IpAddr::is_ipv4).or_else(|| parsed().next())
}

/// Nobody can tell from here whether it is still to come or was forgotten, and `wait` may have been started before
/// the upgrade: so it is waited for.
pub(super) fn missing() -> Step {
    Step::waiting("Ingress: none leads to the Milvus Service", "the Ingress")
        .help("upgrade the release with milvus-gke-l7 as post-renderer, and give kubectl the release's namespace")
        .help(format!("behind a Gateway: have kubectl print {GATEWAY_KINDS}, too (`wait --gateway` does)"))
        .usually(SECONDS)
}

/// The Ingress itself, and its address.
pub(super) fn step(ingress: &Ingress<'_>, service: &Service<'_>) -> Step {
    let title = format!("Ingress {}", ingress.name);
    if let Some(since) = leaving(ingress.value) {
        return Step::waiting(
            format!("{title}: being deleted since {since}"),
            format!("{title}, which is being deleted"),
        )
        .detail("GKE first takes the load balancer down; a finalizer keeps the Ingress until then")
        .help("upgrade the release again once it is gone: nothing recreates it on its own")
        .usually("a few minutes");
    }
    let class = Class::of(ingress.value);
    if !class.is_handled() {
        let found = match class {
            Class::ByName(name) => format!("it has ingressClassName {name}"),
            _ => format!("its class is {}", ingress.value.annotation(CLASS).unwrap_or_default()),
        };
        return Step::broken(title, format!("GKE ignores Ingress {}", ingress.name))
            .detail(format!("{found}: GKE ignores it, without an event"))
            .help(format!("set the annotation {CLASS} to gce (or gce-internal), and remove ingressClassName"));
    }
    if !ingress::backends(ingress.value).any(|backend| service.is_meant_by(&backend)) {
        // It may be meant so: REST has a host of its own, and gRPC another Ingress.
        return Step::waiting(format!("{title}: leads only to REST"), "a path to Milvus's gRPC port")
            .help(format!("route path / to Milvus's gRPC port of Service {} as well", service.name));
    }
    if !leads_all_calls(ingress.value, service) {
        return Step::broken(title, format!("Ingress {} does not lead every path to Milvus", ingress.name))
            .detail("no path matches all gRPC calls: they get a 404")
            .help("one path must be `/` with pathType Prefix");
    }
    let class = ingress.value.annotation(CLASS).filter(|class| !class.is_empty()).unwrap_or("gce");
    match address(ingress.value) {
        Some(address) => Step::done(format!("{title}, class {class}: ADDRESS {address}")),
        None => Step::waiting(format!("{title}, class {class}: no ADDRESS yet"), "the ADDRESS of the Ingress")
            .detail("GKE writes it when the whole load balancer is ready; a mistake shows as an event")
            .usually("two to ten minutes"),
    }
}

/// Backends beside Milvus that GKE does not find: it then changes nothing on the whole load balancer.
pub(super) fn other_backends(ingress: &Ingress<'_>, objects: &Objects<'_>) -> Vec<Step> {
    let mut said = HashSet::new();
    let backends = ingress::backends(ingress.value).filter_map(|backend| {
        let name = backend.service.unwrap_or_default();
        let title = format!("Ingress {}: backend", ingress.name);
        let why = "GKE does not change the load balancer until every backend exists";
        let found = match objects.find("Service", name, ingress.namespace()) {
            _ if backend.is_resource || name.is_empty() => {
                let what = format!("Ingress {} has a backend without a Service", ingress.name);
                Step::broken(format!("{title} without a Service"), what)
                    .help("name a Service there, or remove the path")
            }
            Some(service) if ports(service).any(|port| backend.names_port(port)) => return None,
            Some(_) => {
                let port = backend.port.map_or_else(
                    || "that is not named".to_owned(),
                    |port| match port.as_str() {
                        Some(name) => name.to_owned(),
                        None => port.to_string(),
                    },
                );
                let what =
                    format!("Ingress {} leads to port {port} of Service {name}, which has no such port", ingress.name);
                Step::broken(format!("{title} {name}:{port}: no such port"), what)
                    .help("correct the port of the backend")
            }
            None => {
                let awaited = format!("Service {name}, to which Ingress {} leads", ingress.name);
                Step::waiting(format!("{title} {name}: no such Service in the input"), awaited)
                    .help(format!("create Service {name}, or remove the path; kubectl must print every Service"))
            }
        };
        Some(found.detail(why).first())
    });
    backends.filter(|step| said.insert(step.title.clone())).collect()
}

fn leads_all_calls(ingress: &Value, service: &Service<'_>) -> bool {
    default_backend(ingress).is_some_and(|backend| service.is_meant_by(&backend))
        || ingress::paths(ingress).any(|path| service.is_meant_by(&path.backend) && path.takes_calls())
}

/// Port 443.
pub(super) fn https(ingress: &Ingress<'_>) -> Step {
    match ingress.value.annotation(HTTPS_FORWARDING_RULE) {
        Some(rule) => Step::done(format!("port 443: forwarding rule {rule}")),
        None => {
            let step = Step::waiting("port 443: no forwarding rule yet", "port 443 of the load balancer");
            match ingress.certificate {
                CertificateSource::Managed(_) => step.detail("it appears when the ManagedCertificate is attached"),
                _ => step.detail("it appears when GKE has the certificate"),
            }
            .usually("a few minutes after the ADDRESS")
        }
    }
}

/// What the health checks say.
pub(super) fn backends(ingress: &Ingress<'_>, service: &Service<'_>) -> Step {
    let all: Map<String, Value> =
        ingress.value.annotation(BACKENDS).and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
    let groups = service.groups();
    let port_of = |name: &str| groups.iter().find(|(_, group)| group == name).map(|(port, _)| port.as_str());
    // A backend service bears the name of its network endpoint group. Without these only the default backend of
    // the cluster can be told apart.
    let known = all.keys().any(|name| port_of(name).is_some());
    let is_milvus = |name: &str| if known { port_of(name).is_some() } else { !name.contains("default-http-backend") };
    let milvus: Vec<_> = all.iter().filter(|(name, _)| is_milvus(name)).collect();
    let usually = "two to five minutes after the pods are ready";
    if milvus.is_empty() {
        let step = Step::waiting("health: not known yet", "the health of Milvus");
        return step.detail(format!("GKE writes it into the annotation {BACKENDS} of the Ingress")).usually(usually);
    }
    let health = |value: &Value| value.as_str().unwrap_or("Unknown").to_owned();
    let all_healthy = milvus.iter().all(|(_, value)| value.as_str() == Some("HEALTHY"));
    let mut step = match all_healthy {
        true => Step::done("health: HEALTHY"),
        // Every load balancer begins so, and so does every restart of Milvus.
        false => Step::waiting("health: not HEALTHY yet", "healthy backends"),
    };
    for (name, value) in milvus {
        let port = port_of(name).map(|port| format!("port {port}: ")).unwrap_or_default();
        step = step.detail(format!("{port}{} ({name})", health(value)));
    }
    if all_healthy {
        return step;
    }
    let namespace = ingress.namespace_flag();
    step.help(format!("see whether the pods are Ready: kubectl get pods{namespace}"))
        .help(format!(
            "if they are: the BackendConfig must check port {} at {} with {}, and Milvus must run with tlsMode 1",
            health::PORT,
            health::PATH,
            health::TYPE,
        ))
        .usually(usually)
}
