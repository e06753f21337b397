//! The Gateway API: the routes that lead to Milvus, and how the Service's port is spoken to. The API server takes
//! nearly all of these mistakes; what comes of them shows in a status, or in a call that fails.

use std::collections::BTreeMap;

use json_patch::jsonptr::{Pointer, PointerBuf};
use serde_json::Value;

use super::findings::{Finding, Findings};
use super::input::Found;
use super::subject::Subject;
use super::{fields, gateway_object, gateway_policy, milvus, network_policy, rest, rules, service};
use crate::gke::gateway::{self, Protocol};
use crate::gke::kind;
use crate::kube::object::{Existing, Object as _};
use crate::kube::route::{self, BackendRef};
use crate::kube::service::ports;
use crate::kube::value::{array_at, pointer, str_at, value_at};
use crate::stream::DocumentId;

/// Checks what of the Gateway API is about the Service, if any of it leads there. The Gateways that serve it are added
/// to `gateways`: releases may share them.
pub(super) fn check<'a>(
    subject: &Subject<'a>,
    gateways: &mut BTreeMap<DocumentId, &'a Existing>,
    findings: &mut Findings,
) {
    let Some(service) = subject.service else { return };
    let mut leads = false;
    for route in subject.input.routes_to(service) {
        leads |= check_route(subject, service, route, findings);
    }
    gateways.extend(subject.input.gateways_of(service).map(|gateway| (gateway.id, gateway)));
    if leads {
        if subject.ingresses.is_empty() {
            service::check_behind_gateway(subject, findings);
        }
        for (object, kind) in subject.input.of_release(subject.release().unwrap_or_default()) {
            fields::check(object, kind, findings);
            if kind.name == kind::HTTP_ROUTE.name {
                check_parents(subject, object, findings);
            }
        }
        let leads = |route: &Existing| {
            array_at(&route.value, "/spec/rules").any(|rule| leads_to_grpc(subject, service, route, rule))
        };
        if !subject.input.routes_to(service).any(leads) {
            let message = "no route leads to Milvus's gRPC port".to_owned();
            let finding = Finding::of(&rules::NO_INGRESS, service, message);
            findings.push(finding.with_fix("add a rule to an HTTPRoute: path prefix `/` to the gRPC port"));
        }
        check_protocol(subject, service, findings);
        gateway_policy::check(subject, service, findings);
        network_policy::check(subject, findings);
    }
}

/// Routes to Milvus's port of a Service that the input does not hold, although no route leads to Milvus's. Whether
/// there is one.
pub(super) fn check_lost(subject: &Subject<'_>, service: &Existing, findings: &mut Findings) -> bool {
    let Some(number) = subject.port.and_then(|port| port.number()) else { return false };
    let mut is_there = false;
    for route in subject.input.routes_beside(service) {
        for (index, rule) in array_at(&route.value, "/spec/rules").enumerate() {
            for (at, backend) in route::backends_of(&route.value, rule).enumerate() {
                let name = backend.name().unwrap_or_default();
                if backend.port() != Some(number) || subject.input.has_service(name) {
                    continue;
                }
                let (index, at) = (index.to_string(), at.to_string());
                let place = pointer(["spec", "rules", &index, "backendRefs", &at, "name"]);
                let milvus = service.name().unwrap_or_default();
                let message = format!("there is no Service `{name}`; Milvus's is `{milvus}`");
                findings.at(&rules::ROUTE_BACKEND, route, place, message);
                is_there = true;
            }
        }
    }
    is_there
}

/// Whether it is GKE's, as far as the input tells.
fn check_route(subject: &Subject<'_>, service: &Existing, route: &Existing, findings: &mut Findings) -> bool {
    let parents = array_at(&route.value, "/spec/parentRefs");
    let gateways: Vec<_> = parents.map(|parent| gateway_of(subject, route, parent)).collect();
    let is_foreign = |found: &Found<'_>| match found {
        Found::Here(gateway) | Found::Elsewhere(gateway) => gateway_object::is_foreign(gateway),
        Found::Nowhere => false,
    };
    if !gateways.is_empty() && gateways.iter().all(is_foreign) {
        return false;
    }
    if route.kind() != kind::HTTP_ROUTE.name {
        let message = format!("{} `{}` leads to Milvus", route.kind(), route.name().unwrap_or_default());
        findings.at(&rules::ROUTE_KIND, route, pointer(["kind"]), message);
        return true;
    }
    fields::check(route, &kind::HTTP_ROUTE, findings);
    check_parents(subject, route, findings);
    let mut takes_calls = false;
    for (index, rule) in array_at(&route.value, "/spec/rules").enumerate() {
        check_rule(subject, service, route, index, rule, findings);
        let matches: Vec<_> = array_at(rule, "/matches").collect();
        let lets_through = matches.is_empty() || matches.iter().any(|one| gateway::lets_calls_through(one));
        if leads_to_grpc(subject, service, route, rule) {
            takes_calls |= lets_through;
        } else if lets_through && !takes_calls && leads_on(rule) {
            let place = pointer(["spec", "rules", &index.to_string()]);
            let message = "Milvus's calls go where this rule leads, not to the gRPC port".to_owned();
            findings.at(&rules::ROUTE_PATH, route, place, message);
        }
    }
    true
}

/// Whether a rule leads to a backend: one that redirects does not.
fn leads_on(rule: &Value) -> bool {
    array_at(rule, "/backendRefs").next().is_some()
}

/// Whether a rule leads to Milvus's gRPC port, or to one that is not there.
fn leads_to_grpc(subject: &Subject<'_>, service: &Existing, route: &Existing, rule: &Value) -> bool {
    let grpc = subject.port.and_then(|port| port.number());
    route::backends_of(&route.value, rule).filter(|backend| backend.name() == service.name()).any(|backend| {
        let port = backend.port();
        port == grpc || !ports(&service.value).any(|known| known.number() == port)
    })
}

/// Where a route is served.
fn check_parents(subject: &Subject<'_>, route: &Existing, findings: &mut Findings) {
    let parents: Vec<_> = array_at(&route.value, "/spec/parentRefs").collect();
    if value_at(&route.value, "/spec/rules").and_then(Value::as_array).is_some_and(Vec::is_empty) {
        findings.at(&rules::FIELD_VALUE, route, pointer(["spec", "rules"]), "`rules` is empty".to_owned());
    }
    if parents.is_empty() {
        findings.at(&rules::ROUTE_PARENT, route, pointer(["spec"]), "the route does not name a Gateway".to_owned());
    }
    let of = |parent: &Value| {
        ["namespace", "name", "sectionName", "port"].map(|field| parent.get(field).map(Value::to_string))
    };
    for (index, parent) in parents.iter().enumerate() {
        if parents[..index].iter().any(|other| of(other) == of(parent)) {
            let place = pointer(["spec", "parentRefs", &index.to_string()]);
            findings.at(&rules::ROUTE_PARENT, route, place, "the route names the same listener twice".to_owned());
        }
        check_parent(route, index, parent, gateway_of(subject, route, parent), findings);
    }
}

fn gateway_of<'a>(subject: &Subject<'a>, route: &Existing, parent: &Value) -> Found<'a> {
    let namespace = str_at(parent, "/namespace").or(route.namespace());
    subject.input.gateways.find(str_at(parent, "/name").unwrap_or_default(), namespace)
}

fn check_parent(route: &Existing, index: usize, parent: &Value, gateway: Found<'_>, findings: &mut Findings) {
    let at = |field: &str| pointer(["spec", "parentRefs", &index.to_string(), field]);
    let name = str_at(parent, "/name").unwrap_or_default();
    let named =
        (str_at(parent, "/group").unwrap_or(kind::GATEWAY.group()), str_at(parent, "/kind").unwrap_or("Gateway"));
    if named != (kind::GATEWAY.group(), kind::GATEWAY.name) {
        let message = format!("`{name}` is a {} of the group `{}`, not a Gateway", named.1, named.0);
        return findings.at(&rules::ROUTE_PARENT, route, pointer(["spec", "parentRefs", &index.to_string()]), message);
    }
    let gateway = match gateway {
        Found::Here(gateway) => gateway,
        Found::Elsewhere(gateway) => {
            let namespace = gateway.namespace().unwrap_or_default();
            let message = format!("Gateway `{name}` is in namespace `{namespace}`, and the route does not say so");
            return findings.at(&rules::ROUTE_PARENT, route, at("name"), message);
        }
        Found::Nowhere => {
            return findings.at(&rules::OUTSIDE, route, at("name"), format!("Gateway `{name}` must exist"));
        }
    };
    let section = str_at(parent, "/sectionName");
    let listeners = || array_at(&gateway.value, "/spec/listeners");
    let chosen = || listeners().filter(|listener| route::attaches(section, listener));
    if let Some(section) = section.filter(|_| chosen().next().is_none()) {
        let message = format!("Gateway `{name}` has no listener `{section}`");
        return findings.at(&rules::ROUTE_PARENT, route, at("sectionName"), message);
    }
    let is_clear = |listener: &Value| str_at(listener, "/protocol") == Some("HTTP");
    if array_at(&route.value, "/spec/rules").any(leads_on) && chosen().any(is_clear) {
        let message = format!("Gateway `{name}` serves the route without TLS as well");
        findings.at(&rules::ROUTE_CLEAR, route, at(if section.is_some() { "sectionName" } else { "name" }), message);
    }
    let hosts: Vec<_> = array_at(&route.value, "/spec/hostnames").filter_map(Value::as_str).collect();
    let serves = |listener: &Value| match str_at(listener, "/hostname") {
        None | Some("") => true,
        Some(of) => hosts.is_empty() || hosts.iter().any(|host| gateway::hosts_meet(host, of)),
    };
    if !chosen().any(serves) {
        let message = format!("no listener of Gateway `{name}` serves a host of the route");
        findings.at(&rules::ROUTE_HOST, route, pointer(["spec", "hostnames"]), message);
    }
    let is_let_in = |listener: &Value| {
        str_at(listener, "/allowedRoutes/namespaces/from").is_some_and(|from| from != "Same")
            || route.shares_namespace(gateway.namespace())
    };
    if !chosen().any(is_let_in) {
        let message = format!("Gateway `{name}` admits only routes from its own namespace");
        findings.at(&rules::ROUTE_PARENT, route, at("namespace"), message);
    }
}

fn check_rule(
    subject: &Subject<'_>,
    service: &Existing,
    route: &Existing,
    index: usize,
    rule: &Value,
    findings: &mut Findings,
) {
    let at = |rest: &[&str]| -> PointerBuf {
        let index = index.to_string();
        pointer(["spec", "rules", index.as_str()].into_iter().chain(rest.iter().copied()))
    };
    let grpc = subject.port.and_then(|port| port.number());
    let mut leads_to_grpc = false;
    for (number, backend) in route::backends_of(&route.value, rule).enumerate() {
        if backend.name() != service.name() {
            check_other(subject, route, &at(&["backendRefs", &number.to_string(), "name"]), backend, findings);
            continue;
        }
        if !backend.is_service() {
            let (group, kind) = backend.kind();
            let message = format!("the backend is a {kind} of the group `{group}`, not a Service");
            findings.at(&rules::ROUTE_BACKEND, route, at(&["backendRefs", &number.to_string()]), message);
        }
        let port = backend.port();
        leads_to_grpc |= port == grpc;
        if !ports(&service.value).any(|known| known.number() == port) {
            let name = service.name().unwrap_or_default();
            let message = match port {
                Some(port) => format!("Service `{name}` has no port {port}"),
                None => "the backend has no port".to_owned(),
            };
            findings.at(&rules::ROUTE_BACKEND, route, at(&["backendRefs", &number.to_string()]), message);
        }
    }
    if !leads_to_grpc {
        return;
    }
    let matches: Vec<_> = array_at(rule, "/matches").collect();
    if !matches.is_empty() && !matches.iter().any(|one| gateway::lets_calls_through(one)) {
        findings.at(&rules::ROUTE_PATH, route, at(&["matches"]), "no path matches Milvus's calls".to_owned());
    }
    if value_at(rule, "/timeouts").is_some() {
        let message = "GKE does not read the timeouts of a route".to_owned();
        findings.at(&rules::ROUTE_TIMEOUT, route, at(&["timeouts"]), message);
    }
}

/// A backend that is not Milvus's: without it GKE rejects the whole route.
fn check_other(
    subject: &Subject<'_>,
    route: &Existing,
    at: &Pointer,
    backend: BackendRef<'_>,
    findings: &mut Findings,
) {
    let name = backend.name().unwrap_or_default();
    if backend.is_service() && subject.input.services.named(name, backend.namespace()).is_none() {
        findings.at(&rules::OUTSIDE, route, at.to_buf(), format!("Service `{name}` must exist"));
    }
}

/// How the port is spoken to, and whether Milvus speaks so.
fn check_protocol(subject: &Subject<'_>, service: &Existing, findings: &mut Findings) {
    let Some(port) = subject.port else { return };
    let at = |field: &str| pointer(["spec", "ports", &port.index.to_string(), field]);
    let written = str_at(port.value, "/appProtocol");
    let protocol = [Protocol::Tls, Protocol::H2c].into_iter().find(|known| written == Some(known.app_protocol()));
    // What is true of a Milvus with TLS only is no mistake where it has none.
    let mut of_milvus = Findings::default();
    let speaks = milvus::check(subject, &mut of_milvus);
    let of_tls = [
        &rules::TLS_OFF,
        &rules::HTTP_SHARES_PORT,
        &rules::HTTP_PORT_TAKEN,
        &rules::ATTU_PLAIN,
        &rules::CLIENT_PLAIN,
        &rules::NO_USER_YAML,
    ];
    let is_told = |finding: &Finding| {
        finding.rule.id != rules::TLS_OFF.id
            && (protocol != Some(Protocol::H2c) || of_tls.iter().all(|rule| rule.id != finding.rule.id))
    };
    of_milvus.0.into_iter().filter(is_told).for_each(|finding| findings.push(finding));
    rest::check_behind_gateway(subject, service, speaks.as_ref(), findings);
    match (protocol, speaks.and_then(|speaks| speaks.tls)) {
        (None, _) => {
            let (place, message) = match written {
                Some(written) => (at("appProtocol"), format!("the appProtocol `{written}` is not HTTP/2 for GKE")),
                None => (at("port"), "Milvus's port has no appProtocol".to_owned()),
            };
            findings.at(&rules::GATEWAY_PROTOCOL, service, place, message);
        }
        (Some(Protocol::Tls), Some(false)) => {
            let message = "the load balancer speaks TLS, and Milvus does not".to_owned();
            findings.at(&rules::GATEWAY_TLS, service, at("appProtocol"), message);
        }
        (Some(Protocol::H2c), Some(true)) => {
            let message = "Milvus speaks TLS, and the load balancer does not".to_owned();
            findings.at(&rules::GATEWAY_TLS, service, at("appProtocol"), message);
        }
        _ => {}
    }
}
