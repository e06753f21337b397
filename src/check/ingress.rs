//! The Ingresses that lead to Milvus: class, hosts, paths, certificates, addresses.

use std::collections::HashMap;

use serde_json::Value;

use super::findings::{Finding, Findings, at_annotation};
use super::input::Found;
use super::subject::{Subject, Target, is_charts};
use super::{backend, certificates, fields, frontend_config, rules};
use crate::gke::annotation::{
    ALLOW_HTTP, CLASS, FRONTEND_CONFIG, GLOBAL_STATIC_IP, PRE_SHARED_CERT, REGIONAL_STATIC_IP, WRITTEN,
};
use crate::gke::ingress::{self, Address, Class, HttpPath, default_backend, names, paths_of};
use crate::gke::kind;
use crate::host::Host;
use crate::kube::object::{Existing, Object as _};
use crate::kube::value::{array_at, pointer, set_at, str_at, value_at};

pub(super) fn check(subject: &Subject<'_>, findings: &mut Findings) {
    if let (Some(service), true) = (subject.service, subject.ingresses.is_empty()) {
        let name = service.name().unwrap_or_default();
        let message = format!("no Ingress in the input leads to the Milvus port of Service `{name}`");
        findings.object(&rules::NO_INGRESS, service, message);
    }
    let has_ours = subject.ingresses.iter().any(|ingress| is_ours(ingress));
    let mut first: Option<&Existing> = None;
    for &ingress in &subject.ingresses {
        if has_ours && !is_ours(ingress) {
            if is_charts(ingress) {
                let message = format!("Ingress `{}` is the chart's own", ingress.name().unwrap_or_default());
                findings.object(&rules::CHART_INGRESS, ingress, message);
            }
            continue;
        }
        match first {
            Some(first) if subject.service.is_some() && are_for_one_purpose(first, ingress) => {
                let (name, other) = (ingress.name().unwrap_or_default(), first.name().unwrap_or_default());
                let message = format!("Ingress `{name}` leads to Milvus, and so does `{other}`");
                findings.object(&rules::TWO_INGRESSES, ingress, message);
            }
            _ => first = first.or(Some(ingress)),
        }
        check_one(ingress, subject, findings);
    }
    for ingress in subject.beside.iter().filter(|ingress| is_ours(ingress)) {
        check_one(ingress, subject, findings);
    }
}

/// Whether GKE makes a load balancer of it, and not by the chart's doing.
fn is_ours(ingress: &Existing) -> bool {
    Class::of(&ingress.value).is_handled() && !is_charts(ingress)
}

/// Two load balancers of one kind are intended if each has its own address, as for IPv4 and IPv6.
fn are_for_one_purpose(one: &Existing, other: &Existing) -> bool {
    let addresses = (Address::of(&one.value), Address::of(&other.value));
    let are_apart = matches!(addresses, (Some(one), Some(other)) if one != other);
    Class::of(&one.value) == Class::of(&other.value) && !are_apart
}

fn check_one(ingress: &Existing, subject: &Subject<'_>, findings: &mut Findings) {
    fields::check(ingress, &kind::INGRESS, findings);
    check_class(ingress, findings);
    check_rules(ingress, subject, findings);
    certificates::check(ingress, subject, findings);
    check_address(ingress, subject, findings);
    check_http(ingress, subject, findings);
    if !ingress.is_live() {
        for key in WRITTEN.iter().filter(|key| ingress.annotation(key).is_some()) {
            let message = format!("`{key}` is written by GKE's controller");
            findings.at(&rules::CONTROLLER_ANNOTATION, ingress, at_annotation(key), message);
        }
    }
}

fn check_class(ingress: &Existing, findings: &mut Findings) {
    let by_name = pointer(["spec", "ingressClassName"]);
    match Class::of(&ingress.value) {
        Class::ByName(name) => {
            let message = format!("spec.ingressClassName is `{name}`: GKE ignores this Ingress");
            findings.at(&rules::INGRESS_CLASS_NAME, ingress, by_name, message);
        }
        Class::Foreign(class) => {
            let message = format!("the class is `{class}`: GKE ignores this Ingress");
            findings.at(&rules::INGRESS_CLASS, ingress, at_annotation(CLASS), message);
        }
        _ if set_at(&ingress.value, "/spec/ingressClassName").is_some() && !ingress.is_live() => {
            let message = "spec.ingressClassName and the annotation are both set: the API server refuses that";
            let finding = Finding::at(&rules::INGRESS_CLASS_NAME, ingress, by_name, message);
            findings.push(finding.with_fix("remove spec.ingressClassName"));
        }
        _ => {}
    }
}

fn check_rules(ingress: &Existing, subject: &Subject<'_>, findings: &mut Findings) {
    let is_v1 = ingress.api_version() == kind::INGRESS.api_version;
    let leads = backend::leads_anywhere(ingress, subject);
    let default = default_backend(&ingress.value);
    let mut by_default = false;
    if let Some(backend) = &default {
        backend::check(ingress, backend, leads, subject, findings);
        by_default = matches!(subject.target(ingress, backend), Target::Grpc);
        if by_default {
            findings.at(&rules::NO_HOST, ingress, backend.at.clone(), "the default backend answers for every host");
        }
    }
    let mut hosts = HashMap::new();
    for (rule, value) in ingress::rules(&ingress.value) {
        let at_rule = pointer(["spec", "rules", &rule.to_string()]);
        let at_host = at_rule.with_trailing_token("host");
        let host = str_at(value, "/host").filter(|host| !host.is_empty());
        if let Some(problem) = host.and_then(host_problem) {
            findings.at(&rules::HOST, ingress, at_host.clone(), problem);
        }
        if value_at(value, "/http/paths").and_then(Value::as_array).is_some_and(Vec::is_empty) {
            let place = at_rule.with_trailing_token("http");
            findings.at(&rules::FIELD_REQUIRED, ingress, place, format!("`rules[{rule}].http` has no paths"));
        }
        // The same rule twice loses nothing.
        if hosts.insert(host, value).is_some_and(|before| before != value) {
            let place = if host.is_some() { at_host } else { at_rule.clone() };
            let host = host.unwrap_or("no host at all");
            findings.at(&rules::HOST_TWICE, ingress, place, format!("another rule is for `{host}`, too"));
        }
        let mut grpc = Vec::new();
        let mut judged = false;
        for path in paths_of(rule, value) {
            judged |= check_path(ingress, &path, is_v1, findings);
            backend::check(ingress, &path.backend, leads, subject, findings);
            if matches!(subject.target(ingress, &path.backend), Target::Grpc) {
                grpc.push(path);
            }
        }
        let Some(first) = grpc.first() else { continue };
        if host.is_none() {
            findings.at(&rules::NO_HOST, ingress, at_rule, "the rule has no host and answers for every one");
        }
        // Without a Service nobody knows which of the paths is Milvus's.
        let is_milvus = subject.service.is_some() || first.path() == "/";
        if !judged && is_milvus && !by_default && !grpc.iter().any(HttpPath::takes_calls) {
            let (kind, path) = (first.path_type().unwrap_or("no pathType"), first.path());
            let place = first.at.with_trailing_token(if first.path_type().is_some() { "pathType" } else { "path" });
            let message = format!("`{path}` with {kind} does not match gRPC calls");
            findings.at(&rules::GRPC_PATH, ingress, place, message);
        }
    }
}

/// Why a host is none.
fn host_problem(host: &str) -> Option<String> {
    match host.parse::<Host>() {
        Err(error) => Some(error.to_string()),
        Ok(_) if host.trim() != host => Some("omit the spaces around it".to_owned()),
        Ok(_) => None,
    }
}

/// Whether something is wrong with the path itself.
fn check_path(ingress: &Existing, path: &HttpPath<'_>, is_v1: bool, findings: &mut Findings) -> bool {
    let written = path.path();
    let at_path = || {
        let key = if set_at(path.value, "/path").is_some() { "path" } else { "pathType" };
        path.at.with_trailing_token(key)
    };
    if let Some(problem) = path.refused().filter(|_| is_v1) {
        findings.at(&rules::PATH, ingress, at_path(), format!("`{written}` {problem}"));
        return true;
    }
    match path.path_type() {
        Some("Prefix" | "Exact") if written.is_empty() || written.contains('*') => {
            let what = if written.is_empty() { "no path".to_owned() } else { format!("`{written}`") };
            let message = format!("{what} with {}", path.path_type().unwrap_or_default());
            findings.at(&rules::PATH_WILDCARD, ingress, at_path(), message);
        }
        Some("ImplementationSpecific")
            if written.contains('*') && (written.matches('*').count() > 1 || !written.ends_with("/*")) =>
        {
            findings.at(&rules::PATH_WILDCARD, ingress, at_path(), format!("`{written}`"));
        }
        Some("Prefix" | "Exact" | "ImplementationSpecific") => return false,
        Some(kind) => {
            let place = path.at.with_trailing_token("pathType");
            findings.at(&rules::PATH_TYPE, ingress, place, format!("`{kind}` is not a pathType"));
        }
        None if is_v1 => findings.at(&rules::PATH_TYPE, ingress, at_path(), "the path has no pathType"),
        None => return false,
    }
    true
}

fn check_address(ingress: &Existing, subject: &Subject<'_>, findings: &mut Findings) {
    if let Some([first, second]) = subject.input.sharing_address(ingress) {
        let (name, other) = (second.name().unwrap_or_default(), first.name().unwrap_or_default());
        let key = Address::of(&second.value).map_or(GLOBAL_STATIC_IP, |address| address.key);
        let message = format!("Ingress `{name}` names the same address as Ingress `{other}`");
        findings.at(&rules::SHARED_ADDRESS, second, at_annotation(key), message);
    }
    let address = |key| ingress.annotation(key).filter(|name| !name.is_empty());
    let class = Class::of(&ingress.value);
    match (address(GLOBAL_STATIC_IP), address(REGIONAL_STATIC_IP)) {
        (Some(_), Some(_)) => {
            let message = "both a global and a regional address are named";
            findings.at(&rules::TWO_STATIC_IPS, ingress, at_annotation(REGIONAL_STATIC_IP), message);
        }
        (Some(_), None) if class.is_regional() => {
            let message = "a global address for a regional load balancer";
            findings.at(&rules::STATIC_IP_SCOPE, ingress, at_annotation(GLOBAL_STATIC_IP), message);
        }
        (None, Some(_)) if class == Class::External => {
            let message = "a regional address for a global load balancer";
            findings.at(&rules::STATIC_IP_SCOPE, ingress, at_annotation(REGIONAL_STATIC_IP), message);
        }
        (global, regional) => {
            let key = if global.is_some() { GLOBAL_STATIC_IP } else { REGIONAL_STATIC_IP };
            if let Some(name) = global.or(regional) {
                let message = format!("the static IP address `{name}` must exist");
                findings.at(&rules::OUTSIDE, ingress, at_annotation(key), message);
            }
        }
    }
}

fn check_http(ingress: &Existing, subject: &Subject<'_>, findings: &mut Findings) {
    let allow = ingress.annotation(ALLOW_HTTP);
    // As Go's strconv.ParseBool.
    let off = matches!(allow, Some("0" | "f" | "F" | "false" | "FALSE" | "False"));
    let on = matches!(allow, None | Some("1" | "t" | "T" | "true" | "TRUE" | "True"));
    if let Some(value) = allow.filter(|_| !off && !on) {
        let message = format!("`{value}` is neither true nor false");
        findings.at(&rules::ALLOW_HTTP, ingress, at_annotation(ALLOW_HTTP), message);
    }
    let internal = Class::of(&ingress.value) == Class::Internal;
    let named_config = ingress.annotation(FRONTEND_CONFIG).filter(|name| !name.is_empty());
    let config = named_config.and_then(|name| subject.input.frontend_configs.named(name, ingress.namespace()));
    let mut redirects = false;
    match (named_config, config) {
        (Some(_), Some(config)) => {
            frontend_config::check(config, findings);
            redirects = frontend_config::redirects(config);
        }
        (Some(name), None) => {
            let at = at_annotation(FRONTEND_CONFIG);
            let configs = &subject.input.frontend_configs;
            if let Some(stranger) = subject.input.stranger(&kind::FRONTEND_CONFIG, name) {
                findings.push(fields::unserved(stranger, &kind::FRONTEND_CONFIG));
            } else if let Found::Elsewhere(other) = configs.find(name, ingress.namespace()) {
                let there = other.namespace().unwrap_or_default();
                let message = format!("FrontendConfig `{name}` is in namespace `{there}`, not in the Ingress's");
                findings.at(&rules::FRONTEND_ABSENT, ingress, at, message);
            } else {
                findings.at(
                    &rules::FRONTEND_ABSENT,
                    ingress,
                    at,
                    format!("FrontendConfig `{name}` is not in the input"),
                );
            }
        }
        (None, _) => {}
    }
    if internal && named_config.is_some() {
        let message = "an internal load balancer with a FrontendConfig";
        findings.at(&rules::REDIRECT_INTERNAL, ingress, at_annotation(FRONTEND_CONFIG), message);
    }
    if off && redirects {
        let message = "port 80 is off, and the FrontendConfig redirects from it";
        findings.at(&rules::REDIRECT_WITHOUT_HTTP, ingress, at_annotation(ALLOW_HTTP), message);
    }
    let has_address = [GLOBAL_STATIC_IP, REGIONAL_STATIC_IP].iter().any(|key| ingress.annotation(key).is_some());
    if off && !internal && !has_address {
        let message = "port 80 is off, and no static IP address is named";
        findings.at(&rules::EPHEMERAL_IP, ingress, at_annotation(ALLOW_HTTP), message);
    }
    let is_served = array_at(&ingress.value, "/status/loadBalancer/ingress").next().is_some();
    if !off && internal && !has_address && !is_served && has_certificate(&ingress.value) {
        let message = format!("Ingress `{}` has ports 80 and 443", ingress.name().unwrap_or_default());
        findings.object(&rules::INTERNAL_PORTS, ingress, message);
    }
    if !off && !redirects && named_config.is_none_or(|_| config.is_some()) && Class::of(&ingress.value).is_handled() {
        let message = format!("Ingress `{}` also listens on port 80", ingress.name().unwrap_or_default());
        findings.object(&rules::PLAIN_HTTP, ingress, message);
    }
}

fn has_certificate(ingress: &Value) -> bool {
    array_at(ingress, "/spec/tls").next().is_some() || !names(ingress, PRE_SHARED_CERT).is_empty()
}
