//! Milvus's REST API beside gRPC: it has its own port, and speaks TLS where gRPC does.

use std::collections::BTreeSet;

use serde_json::Value;

use super::findings::{Finding, Findings, at_annotation};
use super::milvus::Speaks;
use super::rules;
use super::service::at_target;
use super::subject::{Subject, Target};
use crate::gke::annotation::APP_PROTOCOLS;
use crate::gke::health;
use crate::gke::ingress::{Class, backends};
use crate::gke::service::AppProtocols;
use crate::kube::object::{Existing, Object as _};
use crate::kube::route;
use crate::kube::service::{Port, ports};
use crate::kube::value::{pointer, str_at};
use crate::milvus::http;
use crate::milvus::pods::METRICS;

pub(super) fn check(subject: &Subject<'_>, speaks: Option<&Speaks>, findings: &mut Findings) {
    for ingress in subject.ingresses.iter().chain(&subject.beside) {
        if !Class::of(&ingress.value).is_handled() {
            continue;
        }
        for backend in backends(&ingress.value) {
            if let Target::Other(service, port) = subject.target(ingress, &backend)
                && subject.leads_to_pods(service)
            {
                check_port(subject, service, port, speaks, findings, check_protocol);
            }
        }
    }
}

/// The same behind a Gateway.
pub(super) fn check_behind_gateway(
    subject: &Subject<'_>,
    service: &Existing,
    speaks: Option<&Speaks>,
    findings: &mut Findings,
) {
    let backends = subject.input.routes_to(service).flat_map(|route| route::backends(&route.value));
    let numbers: BTreeSet<_> =
        backends.filter(|backend| backend.name() == service.name()).filter_map(|backend| backend.port()).collect();
    let grpc = subject.port.map(|port| port.index);
    let is_led_to =
        |port: &Port<'_>| Some(port.index) != grpc && port.number().is_some_and(|port| numbers.contains(&port));
    for port in ports(&service.value).filter(is_led_to) {
        check_port(subject, service, port, speaks, findings, check_app_protocol);
    }
}

/// A port of Milvus's pods that is not the gRPC port; `check_protocol` is told whether it speaks TLS.
fn check_port(
    subject: &Subject<'_>,
    service: &Existing,
    port: Port<'_>,
    speaks: Option<&Speaks>,
    findings: &mut Findings,
    check_protocol: impl Fn(&Existing, Port<'_>, bool, &mut Findings),
) {
    let number = match port.target() {
        Some(Value::String(name)) => subject.pods.iter().find_map(|(_, pods)| pods.port(name)),
        Some(number) => number.as_u64(),
        None => None,
    };
    let Some(number) = number else { return };
    let metrics = subject.pods.iter().find_map(|(_, pods)| pods.port(METRICS)).unwrap_or(health::PORT);
    let is_http = match speaks {
        Some(Speaks { http, .. }) => http.map(u64::from) == Some(number),
        None => number == u64::from(http::DEFAULT),
    };
    let is_tls = speaks.is_none_or(|speaks| speaks.tls != Some(false));
    if number == metrics {
        check_protocol(service, port, false, findings);
    } else if is_http && is_tls {
        check_protocol(service, port, true, findings);
    } else if let Some(Speaks { http, .. }) = speaks.filter(|_| !is_http)
        && subject.pods.iter().all(|(_, pods)| pods.declare_ports() && !pods.has_port(number))
    {
        let message = match http {
            Some(http) => format!("nothing listens on port {number}: Milvus's HTTP server has port {http}"),
            None => format!("nothing listens on port {number}: Milvus's HTTP server does not have its own port"),
        };
        findings.at(&rules::REST_PORT, service, at_target(port), message);
    }
}

/// The same as the port itself says.
fn check_app_protocol(service: &Existing, port: Port<'_>, tls: bool, findings: &mut Findings) {
    let written = str_at(port.value, "/appProtocol");
    let right = tls.then_some("HTTPS");
    if written == right || !tls && written == Some("HTTP") {
        return;
    }
    let speaks = if tls { "TLS" } else { "plain HTTP" };
    let name = port.name().unwrap_or_default();
    let message = match written {
        Some(written) => format!("the appProtocol of port `{name}` is {written}, and Milvus speaks {speaks} there"),
        None => format!("port `{name}` has no appProtocol, and Milvus speaks {speaks} there"),
    };
    let field = if written.is_some() { "appProtocol" } else { "port" };
    let at = pointer(["spec", "ports", &port.index.to_string(), field]);
    let fix = if tls { "set appProtocol of that port to HTTPS" } else { "remove appProtocol from that port" };
    findings.push(Finding::at(&rules::REST_PROTOCOL, service, at, message).with_fix(fix));
}

/// Whether GKE speaks TLS to the port where the port does, and only there.
fn check_protocol(service: &Existing, port: Port<'_>, tls: bool, findings: &mut Findings) {
    let read = AppProtocols::read(&service.value);
    let key = read.as_ref().map(|read| read.key);
    // What cannot be read, or a port without a name, has been found already.
    let protocols = match read.map(|read| read.protocols) {
        Some(Err(_)) => return,
        Some(Ok(protocols)) => protocols,
        None => serde_json::Map::new(),
    };
    let Some(name) = port.name() else { return };
    let protocol = protocols.get(name).and_then(Value::as_str);
    let message = match (tls, protocol) {
        (true, None) => format!("{APP_PROTOCOLS} does not name port `{name}`, and Milvus speaks TLS there"),
        (true, Some("HTTP")) => format!("the protocol of port `{name}` is HTTP, and Milvus speaks TLS there"),
        (false, Some(protocol @ ("HTTPS" | "HTTP2"))) => {
            format!("the protocol of port `{name}` is {protocol}, and Milvus speaks plain HTTP there")
        }
        _ => return,
    };
    let finding = match key {
        Some(key) => Finding::at(&rules::REST_PROTOCOL, service, at_annotation(key), message),
        None => Finding::of(&rules::REST_PROTOCOL, service, message),
    };
    let right = if tls { "HTTPS" } else { "HTTP" };
    findings.push(finding.with_fix(format!("say \"{name}\":\"{right}\" in {APP_PROTOCOLS}")));
}
