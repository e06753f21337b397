//! The Gateway: one listener on port 443, and one on port 80 only if it redirects.
//!
//! A listener of cert-manager needs the host that its certificate is for, so that there is one for each host. With a
//! certificate map a listener must have no `tls`.

use serde_json::{Map, Value, json};

use crate::gke::{annotation, gateway as gke, kind};
use crate::host::Hosts;
use crate::milvus::release::Release;
use crate::plan::objects::manifest::{Manifest, Metadata};
use crate::plan::objects::names;
use crate::settings::{GatewayCertificate, GcpName, Held, Http, Issuer, OwnGateway};

/// The name of the listener on port 80.
pub(super) const HTTP: &str = "http";

/// What serves hosts on port 443.
pub(super) struct Listener<'s> {
    pub(super) name: String,
    /// `hostname`: with it the listener serves this host only.
    hostname: Option<&'s str>,
    /// The hosts that it is for.
    pub(super) hosts: Vec<&'s str>,
}

impl<'s> Listener<'s> {
    /// All of them, in the order of the hosts.
    pub(super) fn of(hosts: &'s Hosts, certificate: &GatewayCertificate) -> Vec<Self> {
        if !matches!(certificate, GatewayCertificate::Held(Held::CertManager(_))) {
            return vec![Self { name: "https".to_owned(), hostname: None, hosts: hosts.iter().collect() }];
        }
        let numbered = |(index, host): (usize, &'s str)| Self {
            name: names::numbered("https", index),
            hostname: Some(host),
            hosts: vec![host],
        };
        hosts.iter().enumerate().map(numbered).collect()
    }
}

pub(super) fn manifest(release: &Release<'_>, gateway: &OwnGateway, listeners: &[Listener<'_>]) -> Value {
    let mut metadata = Metadata::new(names::gateway(release), release);
    let mut annotate = |name: &str, value: &str| metadata.annotations.insert(name.to_owned(), json!(value));
    let secret = |name: &str| {
        let secret = json!({"group": kind::SECRET.group(), "kind": kind::SECRET.name, "name": name});
        Some(json!({"mode": "Terminate", "certificateRefs": [secret]}))
    };
    let option = |key: &str, value: &str| Some(json!({"mode": "Terminate", "options": {key: value}}));
    let tls = match &gateway.certificate {
        GatewayCertificate::Map(name) => {
            annotate(gke::CERTIFICATE_MAP, name.as_str());
            None
        }
        GatewayCertificate::Manager(name) => option(gke::CERTIFICATE_MANAGER, name.as_str()),
        GatewayCertificate::Held(Held::PreShared(names)) => {
            let names: Vec<_> = names.iter().map(GcpName::as_str).collect();
            option(gke::PRE_SHARED_CERTIFICATES, &names.join(","))
        }
        GatewayCertificate::Held(Held::Secret(name)) => secret(name.as_str()),
        GatewayCertificate::Held(Held::Files(_)) => secret(&names::certificate(release)),
        GatewayCertificate::Held(Held::CertManager(issuer)) => {
            match issuer {
                Issuer::Cluster(name) => annotate(annotation::CLUSTER_ISSUER, name.as_str()),
                Issuer::Namespaced(name) => annotate(annotation::ISSUER, name.as_str()),
            };
            secret(&names::certificate(release))
        }
    };
    let mut spec = Map::new();
    spec.insert("gatewayClassName".to_owned(), json!(gateway.class.name()));
    if let Some(address) = &gateway.front_end.static_ip {
        spec.insert("addresses".to_owned(), json!([{"type": gke::NAMED_ADDRESS, "value": address.as_str()}]));
    }
    let https = listeners.iter().map(|at| listener(&at.name, "HTTPS", 443, at.hostname, tls.clone()));
    let http = (gateway.front_end.http == Http::Redirected).then(|| listener(HTTP, "HTTP", 80, None, None));
    spec.insert("listeners".to_owned(), https.chain(http).collect());
    Manifest { api_version: kind::GATEWAY.api_version, kind: kind::GATEWAY.name, metadata, spec }.into_value()
}

fn listener(name: &str, protocol: &str, port: u16, hostname: Option<&str>, tls: Option<Value>) -> Value {
    let mut listener = Map::new();
    listener.insert("name".to_owned(), json!(name));
    listener.insert("protocol".to_owned(), json!(protocol));
    listener.insert("port".to_owned(), json!(port));
    listener.extend(hostname.map(|hostname| ("hostname".to_owned(), json!(hostname))));
    listener.extend(tls.map(|tls| ("tls".to_owned(), tls)));
    listener.insert("allowedRoutes".to_owned(), json!({"namespaces": {"from": "Same"}}));
    Value::Object(listener)
}
