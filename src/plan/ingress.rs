//! "Create an Ingress": one rule per host, `/` to the Milvus Service.
//!
//! The class is an annotation, never `ingressClassName`, which makes GKE ignore the
//! Ingress without an event. The path type is `Prefix`: with `Exact` or
//! `ImplementationSpecific` every gRPC call would go to the default backend. A
//! `spec.tls` without `secretName` breaks the load balancer, so that managed mode has none.

use serde::Serialize;
use serde_json::{Value, json};

use super::managed_certificate;
use super::manifest::{Manifest, Metadata};
use crate::release::Release;
use crate::settings::Certificate;

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
    paths: [Path; 1],
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Path {
    path: &'static str,
    path_type: &'static str,
    backend: Backend,
}

#[derive(Debug, Serialize)]
struct Backend {
    service: BackendService,
}

#[derive(Debug, Serialize)]
struct BackendService {
    name: String,
    port: BackendPort,
}

#[derive(Debug, Serialize)]
struct BackendPort {
    number: u16,
}

pub(super) fn manifest(release: &Release<'_>, certificate: &Certificate) -> Value {
    let service = &release.service;
    let mut metadata = Metadata::new(service.name.clone(), release);
    metadata.annotations.insert("kubernetes.io/ingress.class".to_owned(), json!("gce"));
    let hosts: Vec<String> = certificate.hosts().iter().map(str::to_owned).collect();
    let tls = match certificate {
        Certificate::Managed { .. } => {
            let name = json!(managed_certificate::name(release));
            metadata.annotations.insert("networking.gke.io/managed-certificates".to_owned(), name);
            None
        }
        Certificate::Secret { name, .. } => Some([Tls { hosts: hosts.clone(), secret_name: name.to_string() }]),
    };
    let rule = |host| {
        let port = BackendPort { number: service.port.number };
        let backend = Backend { service: BackendService { name: service.name.clone(), port } };
        Rule { host, http: Http { paths: [Path { path: "/", path_type: "Prefix", backend }] } }
    };
    Manifest {
        api_version: "networking.k8s.io/v1",
        kind: "Ingress",
        metadata,
        spec: Spec { tls, rules: hosts.into_iter().map(rule).collect() },
    }
    .into_value()
}
