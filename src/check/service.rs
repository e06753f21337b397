//! The Milvus Service, and what belongs to it: the annotations by which GKE knows how to
//! speak to the pods, and the fields that a ClusterIP Service may not have.

use std::collections::HashSet;

use json_patch::jsonptr::PointerBuf;
use serde_json::Value;

use super::backend_config::{self, Role};
use super::findings::{Finding, Findings, at_annotation};
use super::input::Found;
use super::subject::Subject;
use super::{fields, rules};
use crate::gke::annotation::{self, NEG, NEG_STATUS, SOURCE_RANGES};
use crate::gke::exposure::{Only, Restriction};
use crate::gke::kind;
use crate::gke::service::{AppProtocols, AppProtocolsError, BackendConfigs, Neg};
use crate::host::is_label;
use crate::kube::object::{Existing, Object as _};
use crate::kube::service::{Port, ports};
use crate::kube::value::{array_at, pointer, set_at, str_at, value_at};
use crate::milvus::pods::METRICS;
use crate::milvus::service::INSTANCE;
use crate::settings::Scheme;

pub(super) fn check(subject: &Subject<'_>, findings: &mut Findings) {
    let (Some(service), Some(port)) = (subject.service, subject.port) else { return };
    if !check_object(service, Some(port), findings) {
        return;
    }
    check_protocols(service, port, findings);
    check_backend_config(subject, service, port, Role::Grpc, findings);
    check_neg(service, findings);
    check_leftovers(service, findings);
    check_exposure(subject, service, port, findings);
    check_target(subject, service, port, findings);
    if service.annotation(NEG_STATUS).is_some() && !service.is_live() {
        let message = format!("`{NEG_STATUS}` is written by GKE's controller");
        findings.at(&rules::CONTROLLER_ANNOTATION, service, at_annotation(NEG_STATUS), message);
    }
}

/// The same behind a Gateway, which reads no annotations.
pub(super) fn check_behind_gateway(subject: &Subject<'_>, findings: &mut Findings) {
    let (Some(service), Some(port)) = (subject.service, subject.port) else { return };
    if check_object(service, None, findings) {
        check_leftovers(service, findings);
        check_target(subject, service, port, findings);
    }
}

/// Checks another port or Service to which an Ingress leads beside Milvus's: what GKE refuses of it, it refuses of the
/// whole Ingress.
pub(super) fn check_other(subject: &Subject<'_>, service: &Existing, port: Port<'_>, findings: &mut Findings) {
    let leads_to_pods = subject.leads_to_pods(service);
    let role = if leads_to_pods { Role::Milvus } else { Role::Foreign };
    if subject.service.is_none_or(|milvus| milvus.id != service.id) {
        if !check_object(service, None, findings) {
            return;
        }
        if let Some(AppProtocols { key, protocols: Err(error) }) = AppProtocols::read(&service.value) {
            findings.at(rule_of(&error), service, at_annotation(key), error.to_string());
        }
        if Neg::read(&service.value) != Neg::Missing {
            check_neg(service, findings);
        }
    }
    check_backend_config(subject, service, port, role, findings);
    if leads_to_pods {
        check_named_target(subject, service, port, findings);
    }
}

/// Whether the object as such can be a backend. That the gRPC port needs a name is a separate rule.
fn check_object(service: &Existing, grpc: Option<Port<'_>>, findings: &mut Findings) -> bool {
    fields::check(service, &kind::SERVICE, findings);
    if str_at(&service.value, "/spec/type") == Some("ExternalName") {
        let message = format!("Service `{}` is of type ExternalName", service.name().unwrap_or_default());
        findings.at(&rules::EXTERNAL_NAME, service, pointer(["spec", "type"]), message);
        return false;
    }
    check_ports(service, grpc, findings);
    true
}

/// What the API server asks of the ports of a Service (Kubernetes pkg/apis/core/validation `ValidateService`).
fn check_ports(service: &Existing, grpc: Option<Port<'_>>, findings: &mut Findings) {
    let are_several = ports(&service.value).nth(1).is_some();
    let (mut names, mut numbers) = (HashSet::new(), HashSet::new());
    for port in ports(&service.value) {
        let number = port.number().map_or_else(|| "?".to_owned(), |number| number.to_string());
        match port.name() {
            None if are_several && grpc.is_none_or(|grpc| grpc.index != port.index) => {
                let message = format!("port {number} has no name, and the Service has several ports");
                findings.at(&rules::PORT_NAMES, service, at_port(port, "port"), message);
            }
            None => {}
            Some(name) if !is_label(name) => {
                let message = format!("`{name}` is not a valid name for a port");
                findings.at(&rules::PORT_NAMES, service, at_port(port, "name"), message);
            }
            Some(name) if !names.insert(name) => {
                let message = format!("two ports are named `{name}`");
                findings.at(&rules::PORT_NAMES, service, at_port(port, "name"), message);
            }
            Some(_) => {}
        }
        let protocol = str_at(port.value, "/protocol").filter(|protocol| !protocol.is_empty()).unwrap_or("TCP");
        if port.number().is_some() && !numbers.insert((port.number(), protocol)) {
            let message = format!("port {number} ({protocol}) is used twice");
            findings.at(&rules::PORT_TWICE, service, at_port(port, "port"), message);
        }
    }
}

fn rule_of(error: &AppProtocolsError) -> &'static rules::Rule {
    match error {
        AppProtocolsError::Unknown { .. } => &rules::PROTOCOLS_VALUE,
        _ => &rules::PROTOCOLS_JSON,
    }
}

/// Whether it is there, be it no string.
fn has_annotation(object: &Existing, key: &str) -> bool {
    object.annotation_value(key).is_some_and(|value| !value.is_null())
}

fn at_port(port: Port<'_>, key: &str) -> PointerBuf {
    pointer(["spec", "ports", &port.index.to_string(), key])
}

fn check_protocols(service: &Existing, port: Port<'_>, findings: &mut Findings) {
    if port.name().is_none() {
        let number = port.number().map_or_else(|| "?".to_owned(), |number| number.to_string());
        findings.at(&rules::PORT_UNNAMED, service, at_port(port, "port"), format!("port {number} has no name"));
    }
    let alpha = annotation::APP_PROTOCOLS_ALPHA;
    if service.annotation(alpha).is_some() {
        findings.at(
            &rules::PROTOCOLS_ALPHA,
            service,
            at_annotation(alpha),
            format!("`{alpha}` is present and takes precedence"),
        );
    }
    let Some(AppProtocols { key, protocols }) = AppProtocols::read(&service.value) else {
        let key = annotation::APP_PROTOCOLS;
        if let Some(name) = port.name().filter(|_| !has_annotation(service, key)) {
            let message = format!("Service `{}` has no annotation `{key}`", service.name().unwrap_or_default());
            let finding = Finding::of(&rules::PROTOCOLS_MISSING, service, message);
            findings.push(finding.with_fix(format!("annotate the Service: {key}: '{{\"{name}\":\"HTTP2\"}}'")));
        }
        return;
    };
    let protocols = match protocols {
        Ok(protocols) => protocols,
        Err(error) => {
            return findings.at(rule_of(&error), service, at_annotation(key), error.to_string());
        }
    };
    let Some(name) = port.name() else { return };
    match protocols.get(name).and_then(Value::as_str) {
        Some("HTTP2") => {}
        Some(protocol) => {
            let message = format!("the protocol of Milvus's port `{name}` is {protocol}, not HTTP2");
            findings.at(&rules::PROTOCOLS_NOT_HTTP2, service, at_annotation(key), message);
        }
        None => {
            let keys: Vec<_> = protocols.keys().map(|key| format!("`{key}`")).collect();
            let keys = if keys.is_empty() { "nothing".to_owned() } else { keys.join(", ") };
            let message = format!("the annotation names {keys}, and Milvus's port is named `{name}`");
            let finding = Finding::at(&rules::PROTOCOLS_KEY, service, at_annotation(key), message);
            findings.push(finding.with_fix(format!("write '{{\"{name}\":\"HTTP2\"}}'")));
        }
    }
}

/// Of a port that is not Milvus's nobody knows whether it needs a BackendConfig.
fn check_backend_config(
    subject: &Subject<'_>,
    service: &Existing,
    port: Port<'_>,
    role: Role,
    findings: &mut Findings,
) {
    let (current, beta) = (annotation::BACKEND_CONFIG, annotation::BACKEND_CONFIG_BETA);
    let is_milvus = role != Role::Foreign;
    if service.annotation(beta).is_some() {
        findings.at(&rules::CONFIG_BETA, service, at_annotation(beta), format!("`{beta}` is the older name"));
    }
    let Some((key, configs)) = BackendConfigs::read(&service.value) else {
        if is_milvus && !has_annotation(service, current) {
            let message = format!("Service `{}` has no annotation `{current}`", service.name().unwrap_or_default());
            let finding = Finding::of(&rules::CONFIG_MISSING, service, message);
            findings.push(match subject.input.backend_configs.only() {
                Some(only) => {
                    let name = only.name().unwrap_or_default();
                    finding.with_fix(format!("annotate the Service: {current}: '{{\"default\": \"{name}\"}}'"))
                }
                None => finding,
            });
        }
        return;
    };
    let at = at_annotation(key);
    let Some(configs) = configs else {
        return findings.at(&rules::CONFIG_JSON, service, at, format!("`{key}` is not the JSON that GKE reads"));
    };
    if configs.default.is_none() && configs.ports.is_empty() {
        return findings.at(&rules::CONFIG_EMPTY, service, at, format!("`{key}` does not name a BackendConfig"));
    }
    let Some(name) = configs.of(port) else {
        if is_milvus {
            let ports: Vec<_> = configs.ports.keys().map(|port| format!("`{port}`")).collect();
            let milvus =
                port.name().map_or_else(|| "Milvus's port".to_owned(), |name| format!("Milvus's port `{name}`"));
            let message = format!("the annotation names {}, not {milvus}", ports.join(", "));
            findings.at(&rules::CONFIG_OTHER_PORT, service, at, message);
        }
        return;
    };
    let input = subject.input;
    match input.backend_configs.find(name, service.namespace()) {
        Found::Here(config) => backend_config::check(config, subject, role, findings),
        Found::Elsewhere(config) => {
            let there = config.namespace().unwrap_or_default();
            let message = format!("BackendConfig `{name}` is in namespace `{there}`, not in the Service's");
            findings.at(&rules::CONFIG_NAMESPACE, service, at, message);
        }
        Found::Nowhere => match input.stranger(&kind::BACKEND_CONFIG, name) {
            Some(stranger) => findings.push(fields::unserved(stranger, &kind::BACKEND_CONFIG)),
            None => {
                let message = format!("BackendConfig `{name}` is not in the input");
                findings.at(&rules::CONFIG_ABSENT, service, at, message);
            }
        },
    }
}

fn check_neg(service: &Existing, findings: &mut Findings) {
    let kind = str_at(&service.value, "/spec/type").unwrap_or("ClusterIP");
    let typed = set_at(&service.value, "/spec/type").is_some();
    let at_type = || if typed { pointer(["spec", "type"]) } else { pointer(["spec"]) };
    let name = service.name().unwrap_or_default();
    match Neg::read(&service.value) {
        Neg::Missing if kind == "ClusterIP" && service.is_live() => {
            let message = format!("Service `{name}` has no annotation `{NEG}`, and GKE has not added it");
            findings.object(&rules::NEG_OFF, service, message);
        }
        Neg::Missing if kind == "ClusterIP" => {
            findings.object(&rules::NEG_MISSING, service, format!("Service `{name}` has no annotation `{NEG}`"));
        }
        Neg::Missing => {
            let message = format!("Service `{name}` is of type {kind} and has no annotation `{NEG}`");
            findings.at(&rules::NEG_INSTANCE_GROUPS, service, at_type(), message);
        }
        Neg::NotJson | Neg::NotBoolean => {
            let message = format!("`{NEG}` is not the JSON that GKE reads");
            findings.at(&rules::NEG_JSON, service, at_annotation(NEG), message);
        }
        Neg::Off => {
            let rule = if kind == "ClusterIP" { &rules::NEG_OFF } else { &rules::NEG_INSTANCE_GROUPS };
            let message = format!("`{NEG}` does not say `\"ingress\": true`");
            findings.at(rule, service, at_annotation(NEG), message);
        }
        Neg::On { name: group } => {
            if let Some(group) = group {
                let message = format!("the annotation names the group `{group}`");
                findings.at(&rules::NEG_NAME, service, at_annotation(NEG), message);
            }
            if kind == "LoadBalancer" {
                let message = format!("Service `{name}` is of type LoadBalancer");
                findings.at(&rules::LOAD_BALANCER_BESIDE, service, at_type(), message);
            }
        }
    }
}

/// Whether a Service that not everybody reaches is behind an Ingress that everybody reaches.
fn check_exposure(subject: &Subject<'_>, service: &Existing, port: Port<'_>, findings: &mut Findings) {
    if subject.scheme() != Some(Scheme::External) {
        return;
    }
    let restriction = Restriction::of(&service.value).or_else(|| Restriction::internal(&service.value));
    let Some(Restriction { at, to }) = restriction else { return };
    let configs = || BackendConfigs::read(&service.value)?.1;
    // One that is not in the input may have a policy.
    let has_policy = || match subject.input.backend_configs.find(configs()?.of(port)?, service.namespace()) {
        Found::Here(config) => str_at(&config.value, "/spec/securityPolicy/name").map(drop),
        _ => Some(()),
    };
    if to == Only::Network || has_policy().is_none() {
        let message = format!("Service `{}` is for {to} only", service.name().unwrap_or_default());
        findings.at(&rules::EXPOSED, service, at, message);
    }
}

fn check_leftovers(service: &Existing, findings: &mut Findings) {
    if str_at(&service.value, "/spec/type").is_some_and(|kind| kind != "ClusterIP") {
        return;
    }
    let mut leftover = |place, what: &str| {
        findings.at(&rules::SERVICE_LEFTOVER, service, place, format!("a ClusterIP Service has no `{what}`"));
    };
    let spec = value_at(&service.value, "/spec").unwrap_or(&Value::Null);
    let external_ips = array_at(spec, "/externalIPs").next().is_some();
    let fields = [
        "allocateLoadBalancerNodePorts",
        "loadBalancerClass",
        "loadBalancerSourceRanges",
        "healthCheckNodePort",
        "externalTrafficPolicy",
    ];
    for field in fields {
        let is_empty = |value: &Value| value.as_array().is_some_and(Vec::is_empty) || *value == 0 || *value == "";
        let legal = external_ips && field == "externalTrafficPolicy";
        if spec.get(field).is_some_and(|value| !value.is_null() && !is_empty(value)) && !legal {
            leftover(pointer(["spec", field]), field);
        }
    }
    for port in ports(&service.value) {
        if value_at(port.value, "/nodePort").and_then(Value::as_u64).is_some_and(|port| port != 0) {
            leftover(at_port(port, "nodePort"), "nodePort");
        }
    }
    if service.annotation(SOURCE_RANGES).is_some_and(|ranges| !ranges.trim().is_empty()) {
        leftover(at_annotation(SOURCE_RANGES), SOURCE_RANGES);
    }
}

fn check_target(subject: &Subject<'_>, service: &Existing, port: Port<'_>, findings: &mut Findings) {
    if subject.pods.is_empty() {
        let release = subject.release();
        let mut all = subject.input.pods();
        let others = all.any(|(workload, pods)| {
            let theirs = pods.labels().and_then(|labels| labels.get(INSTANCE)?.as_str());
            workload.shares_namespace(service.namespace())
                && (theirs.is_none() || release.is_none() || theirs == release)
                && pods.run_milvus()
        });
        if others {
            let message =
                format!("Service `{}` does not select any pods in the input", service.name().unwrap_or_default());
            let selector = if set_at(&service.value, "/spec/selector").is_some() { "selector" } else { "ports" };
            findings.at(&rules::NO_PODS, service, pointer(["spec", selector]), message);
        }
        return;
    }
    let pods = || subject.pods.iter().map(|(_, pods)| pods);
    let message = match port.target() {
        Some(Value::String(name)) if name == METRICS && pods().any(|pods| pods.port(name).is_some()) => {
            format!("`{METRICS}` is not Milvus's gRPC port")
        }
        Some(Value::Number(number)) => {
            let number = number.as_u64().unwrap_or_default();
            if pods().any(|pods| pods.port(METRICS) == Some(number)) {
                format!("{number} is not Milvus's gRPC port, but that of its metrics")
            } else if pods().all(|pods| pods.declare_ports() && !pods.has_port(number)) {
                format!("no container has a port {number}")
            } else {
                return;
            }
        }
        _ => return check_named_target(subject, service, port, findings),
    };
    findings.at(&rules::TARGET_PORT, service, at_target(port), message);
}

/// Whether a container has a port of the name that the Service's port leads to.
fn check_named_target(subject: &Subject<'_>, service: &Existing, port: Port<'_>, findings: &mut Findings) {
    let Some(name) = port.target().and_then(Value::as_str) else { return };
    if subject.pods.iter().all(|(_, pods)| pods.port(name).is_none()) {
        let message = format!("no container has a port named `{name}`");
        findings.at(&rules::TARGET_PORT, service, at_target(port), message);
    }
}

pub(super) fn at_target(port: Port<'_>) -> PointerBuf {
    at_port(port, if set_at(port.value, "/targetPort").is_some() { "targetPort" } else { "port" })
}
