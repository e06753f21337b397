//! "Create an Ingress": one rule per host, `/` to the Milvus Service.
//!
//! The class is an annotation, never `ingressClassName`, which makes GKE ignore the
//! Ingress without an event. The path type is `Prefix`: with `Exact` or
//! `ImplementationSpecific` every gRPC call would go to the default backend. A
//! `spec.tls` without `secretName` breaks the load balancer, so that managed mode has none.

use serde::Serialize;
use serde_json::{Value, json};

use super::manifest::{Manifest, Metadata};
use super::rest::{self, RestPort};
use super::{frontend_config, managed_certificate, tls_secret};
use crate::release::Release;
use crate::settings::{self, Certificate, FrontEnd, GcpName, Issuer, Scheme, Settings};

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

pub(super) const KIND: &str = "Ingress";

pub(super) fn manifest(release: &Release<'_>, settings: &Settings, rest: Option<&RestPort>) -> Value {
    let mut metadata = Metadata::new(release.service.name.clone(), release);
    let mut annotate = |name: &str, value: &str| metadata.annotations.insert(name.to_owned(), json!(value));
    let FrontEnd { scheme, static_ip, http, .. } = &settings.front_end;
    let (class, address) = match scheme {
        Scheme::External => ("gce", "kubernetes.io/ingress.global-static-ip-name"),
        Scheme::Internal => ("gce-internal", "kubernetes.io/ingress.regional-static-ip-name"),
    };
    annotate("kubernetes.io/ingress.class", class);
    if let Some(static_ip) = static_ip {
        annotate(address, static_ip.as_str());
    }
    if *http == settings::Http::Off {
        annotate("kubernetes.io/ingress.allow-http", "false");
    }
    if frontend_config::manifest(release, &settings.front_end).is_some() {
        annotate("networking.gke.io/v1beta1.FrontendConfig", &frontend_config::name(release));
    }
    let secret = match &settings.certificate {
        Certificate::Managed(_) => {
            annotate(managed_certificate::ANNOTATION, &managed_certificate::name(release));
            None
        }
        Certificate::ManagedByName(name) => {
            annotate(managed_certificate::ANNOTATION, name.as_str());
            None
        }
        Certificate::PreShared(names) => {
            let names: Vec<_> = names.iter().map(GcpName::as_str).collect();
            annotate("ingress.gcp.kubernetes.io/pre-shared-cert", &names.join(","));
            None
        }
        Certificate::Secret(name) => Some(name.to_string()),
        Certificate::Files(_) => Some(tls_secret::name(release)),
        Certificate::CertManager(Issuer::Cluster(name)) => {
            annotate("cert-manager.io/cluster-issuer", name.as_str());
            Some(tls_secret::name(release))
        }
        Certificate::CertManager(Issuer::Namespaced(name)) => {
            annotate("cert-manager.io/issuer", name.as_str());
            Some(tls_secret::name(release))
        }
    };
    if matches!(settings.certificate, Certificate::CertManager(_)) {
        // GKE gives each Ingress an address of its own: a solver beside this one would not be asked.
        annotate("acme.cert-manager.io/http01-edit-in-place", "true");
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
        api_version: "networking.k8s.io/v1",
        kind: KIND,
        metadata,
        spec: Spec { tls, rules: hosts().map(|host| Rule { host, http: Http { paths: paths.clone() } }).collect() },
    }
    .into_value()
}
