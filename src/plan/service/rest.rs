//! Not in the guide: Milvus's REST API on the same hosts. Its HTTP server becomes a port
//! of the Service, with TLS as on the gRPC port (tlsMode 1 switches both), and the
//! Ingress leads its paths there, before `/`.

use serde_json::{Map, Value, json};

use crate::kube::object::Object as _;
use crate::kube::value::{array_at, pointer, str_at};
use crate::milvus::config::Config;
use crate::milvus::http::{self, SINCE};
use crate::milvus::operator::RESTFUL;
use crate::milvus::release::Release;
use crate::plan::operations::Operations;
use crate::report::refusal::{Reason, Refusal};

/// Where Milvus's REST API stands; no gRPC method begins so.
pub(in crate::plan) const PATHS: [&str; 2] = ["/v1", "/v2"];

/// The name of the port that is added.
pub(in crate::plan) const NAME: &str = "rest";

/// The same, as the Milvus Operator calls it.
fn name(release: &Release<'_>) -> &'static str {
    if release.resource.is_some() { RESTFUL } else { NAME }
}

/// The port of the Service that leads to Milvus's HTTP server.
#[derive(Debug)]
pub(in crate::plan) struct RestPort {
    /// The Ingress refers to it.
    pub(in crate::plan) number: u16,
    name: String,
    /// The port of the pods.
    target: u16,
    /// Which of the Service's ports it is, if it is there.
    pub(super) index: Option<usize>,
}

impl RestPort {
    /// GKE's annotations go by it.
    pub(in crate::plan) fn name(&self) -> &str {
        &self.name
    }

    /// The entry of `spec.ports`, with its `appProtocol`, if it is to have one.
    pub(in crate::plan) fn manifest(&self, app_protocol: Option<&str>) -> Value {
        port(&self.name, self.number, app_protocol, json!(self.target))
    }
}

/// An entry of `spec.ports`.
pub(in crate::plan) fn port(name: &str, number: u16, app_protocol: Option<&str>, target: Value) -> Value {
    let mut port = Map::new();
    port.insert("name".to_owned(), json!(name));
    port.insert("port".to_owned(), json!(number));
    port.insert("protocol".to_owned(), json!("TCP"));
    port.extend(app_protocol.map(|protocol| ("appProtocol".to_owned(), json!(protocol))));
    port.insert("targetPort".to_owned(), target);
    Value::Object(port)
}

/// Whether the Service has a port of that name.
pub(in crate::plan) fn has_port(release: &Release<'_>) -> bool {
    array_at(release.service.object.value(), "/spec/ports").any(|port| str_at(port, "/name") == Some(NAME))
}

/// Finds the Service's port to Milvus's HTTP server at `http_port`, or plans one.
pub(in crate::plan) fn find(release: &Release<'_>, http_port: Option<u16>) -> Result<RestPort, Refusal> {
    let service = &release.service;
    if let Some(version) = release.server.version.filter(|version| *version < SINCE) {
        return Err(Refusal::new(Reason::RestTooOld { version: version.to_string(), since: SINCE.to_string() }));
    }
    let Some(http_port) = http_port else {
        return Err(Refusal::new(Reason::RestWithoutHttp));
    };
    lead(release, http_port, http_port).map_err(|index| {
        let reason = Reason::RestPortTaken { service: service.name.clone(), name: name(release), port: http_port };
        service.object.refuse(reason, pointer(["spec", "ports", &index.to_string()]))
    })
}

/// The same while Milvus speaks no TLS: its HTTP server may share the gRPC port. Over HTTP/2 that port speaks gRPC only;
/// so the Service gets a second port to it, which is not marked as HTTP/2.
pub(in crate::plan) fn find_plain(release: &Release<'_>, config: &Config<'_, '_>) -> Result<RestPort, Refusal> {
    let service = &release.service;
    let (number, target) = match http::port(config)? {
        Some(port) => (port, port),
        None if http::shares_port(config)? => (http::DEFAULT, release.server.grpc_port),
        None => return Err(Refusal::new(Reason::RestOff)),
    };
    lead(release, number, target).map_err(|index| {
        let reason = Reason::PlainRestPortTaken { service: service.name.clone(), name: name(release), port: number };
        service.object.refuse(reason, pointer(["spec", "ports", &index.to_string()]))
    })
}

/// The Service's port to `target`, or a new one of this number; an error is the port that is in the way.
fn lead(release: &Release<'_>, number: u16, target: u16) -> Result<RestPort, usize> {
    let ports = || array_at(release.service.object.value(), "/spec/ports").enumerate();
    let leads_there = |port: &Value| {
        let to = port.get("targetPort").or_else(|| port.get("port")).and_then(Value::as_u64);
        to == Some(u64::from(target))
    };
    if let Some((index, port)) = ports().find(|(_, port)| leads_there(port)) {
        let number = port.get("port").and_then(Value::as_u64).and_then(|port| u16::try_from(port).ok());
        if let (Some(name), Some(number)) = (str_at(port, "/name"), number) {
            return Ok(RestPort { number, name: name.to_owned(), target, index: Some(index) });
        }
    }
    let taken = |port: &Value| {
        str_at(port, "/name") == Some(name(release))
            || port.get("port").and_then(Value::as_u64) == Some(u64::from(number))
    };
    match ports().find(|(_, port)| taken(port)) {
        Some((index, _)) => Err(index),
        None => Ok(RestPort { number, name: name(release).to_owned(), target, index: None }),
    }
}

/// Adds the port to the Service, with its `appProtocol`, if it is to have one.
pub(in crate::plan) fn plan(port: &RestPort, app_protocol: Option<&str>, operations: &mut Operations<'_>) {
    if port.index.is_none() {
        operations.append(&pointer(["spec", "ports"]), port.manifest(app_protocol));
    }
}
