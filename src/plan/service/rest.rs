//! Not in the guide: Milvus's REST API on the same hosts. Its HTTP server becomes a port
//! of the Service, with TLS as on the gRPC port (tlsMode 1 switches both), and the
//! Ingress leads its paths there, before `/`.

use serde_json::{Value, json};

use super::app_protocols::AppProtocols;
use crate::kube::object::Object as _;
use crate::kube::value::{array_at, pointer, str_at};
use crate::milvus::http::SINCE;
use crate::milvus::release::Release;
use crate::plan::operations::Operations;
use crate::report::refusal::{Reason, Refusal};

/// Where Milvus's REST API stands; no gRPC method begins so.
pub(in crate::plan) const PATHS: [&str; 2] = ["/v1", "/v2"];

/// The name of the port that is added.
pub(in crate::plan) const NAME: &str = "rest";

/// The port of the Service that leads to Milvus's HTTP server.
#[derive(Debug)]
pub(in crate::plan) struct RestPort {
    /// The Ingress goes by it.
    pub(in crate::plan) number: u16,
    name: String,
    add: bool,
}

impl RestPort {
    /// GKE's annotations go by it.
    pub(in crate::plan) fn name(&self) -> &str {
        &self.name
    }
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
    let ports = || array_at(service.object.value(), "/spec/ports").enumerate();
    let leads_there = |port: &Value| {
        let target = port.get("targetPort").or_else(|| port.get("port")).and_then(Value::as_u64);
        target == Some(u64::from(http_port))
    };
    if let Some((_, port)) = ports().find(|(_, port)| leads_there(port)) {
        let number = port.get("port").and_then(Value::as_u64).and_then(|port| u16::try_from(port).ok());
        if let (Some(name), Some(number)) = (str_at(port, "/name"), number) {
            return Ok(RestPort { number, name: name.to_owned(), add: false });
        }
    }
    let taken = |port: &Value| {
        str_at(port, "/name") == Some(NAME) || port.get("port").and_then(Value::as_u64) == Some(u64::from(http_port))
    };
    if let Some((index, _)) = ports().find(|(_, port)| taken(port)) {
        let reason = Reason::RestPortTaken { service: service.name.clone(), name: NAME, port: http_port };
        return Err(service.object.refuse(reason, pointer(["spec", "ports", &index.to_string()])));
    }
    Ok(RestPort { number: http_port, name: NAME.to_owned(), add: true })
}

/// Adds the port to the Service, and its protocol.
pub(in crate::plan) fn plan(port: &RestPort, operations: &mut Operations<'_>, protocols: &mut AppProtocols) {
    if port.add {
        let added = json!({"name": port.name, "port": port.number, "protocol": "TCP", "targetPort": port.number});
        operations.append(&pointer(["spec", "ports"]), added);
    }
    protocols.set(&port.name, "HTTPS");
}
