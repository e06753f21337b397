//! "Create an Ingress": one rule per host, `/` to the Milvus Service.
//!
//! The class is an annotation, never `ingressClassName`, which makes GKE ignore the
//! Ingress without an event. The path type is `Prefix`: with `Exact` or
//! `ImplementationSpecific` every gRPC call would go to the default backend. A
//! `spec.tls` without `secretName` breaks the load balancer, so that managed mode has none.

use serde::Serialize;
use serde_json::{Value, json};

use super::frontend_config;
use crate::gke::{annotation, kind};
use crate::milvus::release::Release;
use crate::plan::objects::manifest::{Manifest, Metadata};
use crate::plan::objects::names;
use crate::plan::service::rest::{self, RestPort};
use crate::settings::{self, Certificate, FrontEnd, GcpName, Held, IngressDoor, Issuer, Scheme, Settings};

#[derive(Debug, Serialize)]
struct Spec {
    #[serde(skip_serializing_if = "Option::is_none")]
    tls: Option<[Tls; 1]>,
    rules: Vec<Rule>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Tls {
    hosts: Vec<String>,
    secret_name: String,
}

#[derive(Debug, Serialize)]
struct Rule {
    host: String,
    http: Http,
}

#[derive(Debug, Serialize)]
struct Http {
    paths: Vec<Path>,
}

#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
struct Path {
    path: &'static str,
    path_type: &'static str,
    backend: Backend,
}

#[derive(Debug, Clone, Serialize)]
struct Backend {
    service: BackendService,
}

#[derive(Debug, Clone, Serialize)]
struct BackendService {
    name: String,
    port: BackendPort,
}

#[derive(Debug, Clone, Serialize)]
struct BackendPort {
    number: u16,
}

pub(in crate::plan) fn manifest(
    release: &Release<'_>,
    settings: &Settings,
    door: &IngressDoor,
    rest: Option<&RestPort>,
) -> Value {
    let mut metadata = Metadata::new(release.service.name.clone(), release);
    let mut annotate = |name: &str, value: &str| metadata.annotations.insert(name.to_owned(), json!(value));
    let IngressDoor { certificate, front_end } = door;
    let FrontEnd { scheme, static_ip, http, .. } = front_end;
    let (class, address) = match scheme {
        Scheme::External => ("gce", annotation::GLOBAL_STATIC_IP),
        Scheme::Internal => ("gce-internal", annotation::REGIONAL_STATIC_IP),
    };
    annotate(annotation::CLASS, class);
    if let Some(static_ip) = static_ip {
        annotate(address, static_ip.as_str());
    }
    if *http == settings::Http::Off {
        annotate(annotation::ALLOW_HTTP, "false");
    }
    if frontend_config::manifest(release, front_end).is_some() {
        annotate(annotation::FRONTEND_CONFIG, &names::frontend_config(release));
    }
    let secret = match certificate {
        Certificate::Managed(_) => {
            annotate(annotation::MANAGED_CERTIFICATES, &names::certificate(release));
            None
        }
        Certificate::ManagedByName(name) => {
            annotate(annotation::MANAGED_CERTIFICATES, name.as_str());
            None
        }
        Certificate::Held(Held::PreShared(names)) => {
            let names: Vec<_> = names.iter().map(GcpName::as_str).collect();
            annotate(annotation::PRE_SHARED_CERT, &names.join(","));
            None
        }
        Certificate::Held(Held::Secret(name)) => Some(name.to_string()),
        Certificate::Held(Held::Files(_)) => Some(names::certificate(release)),
        Certificate::Held(Held::CertManager(Issuer::Cluster(name))) => {
            annotate(annotation::CLUSTER_ISSUER, name.as_str());
            Some(names::certificate(release))
        }
        Certificate::Held(Held::CertManager(Issuer::Namespaced(name))) => {
            annotate(annotation::ISSUER, name.as_str());
            Some(names::certificate(release))
        }
    };
    if matches!(certificate, Certificate::Held(Held::CertManager(_))) {
        // GKE gives each Ingress an address of its own: a solver beside this one would not be asked.
        annotate(annotation::HTTP01_EDIT_IN_PLACE, "true");
    }
    let hosts = || settings.hosts.iter().map(str::to_owned);
    let tls = secret.map(|secret_name| [Tls { hosts: hosts().collect(), secret_name }]);
    let path = |path, number| {
        let service = BackendService { name: release.service.name.clone(), port: BackendPort { number } };
        Path { path, path_type: "Prefix", backend: Backend { service } }
    };
    let mut paths: Vec<_> = rest.into_iter().flat_map(|rest| rest::PATHS.map(|at| path(at, rest.number))).collect();
    paths.push(path("/", release.service.port.number));
    Manifest {
        api_version: kind::INGRESS.api_version,
        kind: kind::INGRESS.name,
        metadata,
        spec: Spec { tls, rules: hosts().map(|host| Rule { host, http: Http { paths: paths.clone() } }).collect() },
    }
    .into_value()
}
