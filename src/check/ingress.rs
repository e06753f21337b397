//! The Ingresses that lead to Milvus: class, hosts, paths, certificates, addresses.

use std::collections::HashSet;

use serde_json::Value;

use super::findings::{Finding, Findings};
use super::service::{at_annotation, strings_only};
use super::subject::{Subject, Target, is_charts};
use super::{frontend_config, managed_certificate, rules, tls_secret};
use crate::gke::annotation::{
    ALLOW_HTTP, CLASS, CLUSTER_ISSUER, FRONTEND_CONFIG, GLOBAL_STATIC_IP, ISSUER, MANAGED_CERTIFICATES,
    PRE_SHARED_CERT, REGIONAL_STATIC_IP, WRITTEN,
};
use crate::gke::ingress::{
    self, Backend, Class, HttpPath, MAX_CERTIFICATES, backends, default_backend, names, paths_of,
};
use crate::gke::kind;
use crate::host::{Host, Hosts};
use crate::kube::object::{Existing, Object as _};
use crate::kube::value::{array_at, pointer, set_at, str_at};

pub(super) fn check(subject: &Subject<'_>, findings: &mut Findings) {
    if let (Some(service), true) = (subject.service, subject.ingresses.is_empty()) {
        let message = format!(
            "no Ingress of the input leads to the Milvus port of Service `{}`",
            service.name().unwrap_or_default()
        );
        findings.object(&rules::NO_INGRESS, service, message);
        return;
    }
    let is_ours = |ingress: &Existing| Class::of(&ingress.value).is_handled() && !is_charts(ingress);
    let mut first: Option<&Existing> = None;
    let has_ours = subject.ingresses.iter().any(|ingress| is_ours(ingress));
    for &ingress in &subject.ingresses {
        if has_ours && !is_ours(ingress) {
            if is_charts(ingress) {
                let message = format!("Ingress `{}` is the chart's own", ingress.name().unwrap_or_default());
                findings.object(&rules::CHART_INGRESS, ingress, message);
            }
            continue;
        }
        match first {
            Some(first) if subject.service.is_some() && Class::of(&first.value) == Class::of(&ingress.value) => {
                let (name, other) = (ingress.name().unwrap_or_default(), first.name().unwrap_or_default());
                let message = format!("Ingress `{name}` leads to Milvus, and so does `{other}`");
                findings.object(&rules::TWO_INGRESSES, ingress, message);
            }
            _ => first = first.or(Some(ingress)),
        }
        check_one(ingress, subject, findings);
    }
}

fn check_one(ingress: &Existing, subject: &Subject<'_>, findings: &mut Findings) {
    strings_only(ingress, findings);
    let version = ingress.api_version();
    let is_v1 = version == kind::INGRESS.api_version;
    if !is_v1 {
        let message = format!("{version} is gone since Kubernetes 1.22");
        findings.at(&rules::INGRESS_VERSION, ingress, pointer(["apiVersion"]), message);
    }
    check_class(ingress, findings);
    check_rules(ingress, subject, is_v1, findings);
    check_certificates(ingress, subject, findings);
    check_address(ingress, findings);
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

fn check_rules(ingress: &Existing, subject: &Subject<'_>, is_v1: bool, findings: &mut Findings) {
    let default = default_backend(&ingress.value);
    let mut by_default = false;
    if let Some(backend) = &default {
        check_backend(ingress, backend, subject, findings);
        by_default = subject.target(backend) == Target::Grpc;
        if by_default {
            findings.at(&rules::NO_HOST, ingress, backend.at.clone(), "the default backend answers for every host");
        }
    }
    let mut hosts = HashSet::new();
    for (rule, value) in ingress::rules(&ingress.value) {
        let at_rule = pointer(["spec", "rules", &rule.to_string()]);
        let at_host = at_rule.with_trailing_token("host");
        let host = str_at(value, "/host").filter(|host| !host.is_empty());
        if let Some(Err(error)) = host.map(str::parse::<Host>) {
            findings.at(&rules::HOST, ingress, at_host.clone(), error.to_string());
        }
        if !hosts.insert(host) {
            let place = if host.is_some() { at_host } else { at_rule.clone() };
            let host = host.unwrap_or("no host at all");
            findings.at(&rules::HOST_TWICE, ingress, place, format!("another rule is for `{host}` as well"));
        }
        let mut grpc = Vec::new();
        let mut judged = false;
        for path in paths_of(rule, value) {
            judged |= check_path(ingress, &path, is_v1, findings);
            check_backend(ingress, &path.backend, subject, findings);
            if subject.target(&path.backend) == Target::Grpc {
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

/// Whether something is wrong with the path itself.
fn check_path(ingress: &Existing, path: &HttpPath<'_>, is_v1: bool, findings: &mut Findings) -> bool {
    let written = path.path();
    let at_path = || {
        let key = if set_at(path.value, "/path").is_some() { "path" } else { "pathType" };
        path.at.with_trailing_token(key)
    };
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
            findings.at(&rules::PATH_TYPE, ingress, place, format!("`{kind}` is no pathType"));
        }
        None if is_v1 => findings.at(&rules::PATH_TYPE, ingress, at_path(), "the path has no pathType"),
        None => return false,
    }
    true
}

fn check_backend(ingress: &Existing, backend: &Backend<'_>, subject: &Subject<'_>, findings: &mut Findings) {
    if backend.is_resource {
        findings.at(&rules::RESOURCE_BACKEND, ingress, backend.pointer(&["resource"]), "the backend is a resource");
        return;
    }
    let Some(service) = subject.service.and_then(Existing::name) else { return };
    match subject.target(backend) {
        Target::NoPort => {
            let port = match backend.port {
                Some(Value::String(name)) => format!("named `{name}`"),
                Some(number) => number.to_string(),
                None => "that is not told".to_owned(),
            };
            let message = format!("Service `{service}` has no port {port}");
            let finding = Finding::at(&rules::BACKEND_PORT, ingress, backend.port_pointer(), message);
            findings.push(match subject.port.and_then(|port| port.number()) {
                Some(number) => finding.with_fix(format!("Milvus's port is {number}")),
                None => finding,
            });
        }
        // Beside the one to Milvus a Service may be elsewhere.
        Target::NoService if !leads_to_milvus(ingress, subject) => {
            let message = format!("Service `{}` is not in the input", backend.service.unwrap_or_default());
            let finding = Finding::at(&rules::BACKEND_SERVICE, ingress, backend.service_pointer(), message);
            findings.push(finding.with_fix(format!("did you mean `{service}`?")));
        }
        _ => {}
    }
}

fn leads_to_milvus(ingress: &Existing, subject: &Subject<'_>) -> bool {
    backends(&ingress.value).any(|backend| matches!(subject.target(&backend), Target::Grpc | Target::NoPort))
}

fn check_certificates(ingress: &Existing, subject: &Subject<'_>, findings: &mut Findings) {
    let here = ingress.namespace();
    let by_issuer = [CLUSTER_ISSUER, ISSUER].iter().any(|key| ingress.annotation(key).is_some());
    // Several Secrets share the hosts among them.
    let hosts = array_at(&ingress.value, "/spec/rules").filter_map(|rule| str_at(rule, "/host")?.parse::<Host>().ok());
    let one_secret = array_at(&ingress.value, "/spec/tls").count() == 1;
    let hosts = Hosts::new(hosts.collect()).ok().filter(|_| one_secret);
    let mut tls = 0;
    for (index, entry) in array_at(&ingress.value, "/spec/tls").enumerate() {
        tls += 1;
        let at = pointer(["spec", "tls", &index.to_string()]);
        let Some(name) = str_at(entry, "/secretName").filter(|name| !name.is_empty()) else {
            findings.at(&rules::TLS_WITHOUT_SECRET, ingress, at, "the entry names no Secret");
            continue;
        };
        match subject.input.secrets.named(name, here) {
            Some(secret) => tls_secret::check(secret, hosts.as_ref(), findings),
            None if by_issuer => {}
            None => {
                let at = at.with_trailing_token("secretName");
                findings.at(&rules::OUTSIDE, ingress, at, format!("Secret `{name}` must exist"));
            }
        }
    }
    let managed = names(&ingress.value, MANAGED_CERTIFICATES);
    let mut domains = Vec::new();
    let mut complete = !managed.is_empty();
    for name in &managed {
        if let Some(certificate) = subject.input.certificates.named(name, here) {
            managed_certificate::check(certificate, findings);
            domains.extend(managed_certificate::domains(certificate));
        } else {
            complete = false;
            let elsewhere = subject.input.certificates.named(name, None).and_then(Existing::namespace);
            let (rule, message) = match elsewhere {
                Some(there) => (
                    &rules::CERTIFICATE_ABSENT,
                    format!("ManagedCertificate `{name}` is in namespace `{there}`, not in the Ingress's"),
                ),
                // Made by hand, and named: there is an option for that.
                None if subject.input.certificates.is_empty() => {
                    (&rules::OUTSIDE, format!("ManagedCertificate `{name}` must exist"))
                }
                None => (&rules::CERTIFICATE_ABSENT, format!("ManagedCertificate `{name}` is not in the input")),
            };
            findings.at(rule, ingress, at_annotation(MANAGED_CERTIFICATES), message);
        }
    }
    let pre_shared = ingress::pre_shared(&ingress.value);
    if !pre_shared.is_empty() {
        let message = format!("pre-shared certificates must exist: {}", pre_shared.join(", "));
        findings.at(&rules::OUTSIDE, ingress, at_annotation(PRE_SHARED_CERT), message);
    }
    if !managed.is_empty() && Class::of(&ingress.value) == Class::Internal {
        let message = "an internal load balancer with a Google-managed certificate";
        findings.at(&rules::CERTIFICATE_INTERNAL, ingress, at_annotation(MANAGED_CERTIFICATES), message);
    }
    let count = tls + managed.len() + pre_shared.len();
    if count == 0 && names(&ingress.value, PRE_SHARED_CERT).is_empty() {
        let message = format!("Ingress `{}` names no certificate", ingress.name().unwrap_or_default());
        findings.object(&rules::NO_CERTIFICATE, ingress, message);
    }
    if count > MAX_CERTIFICATES {
        findings.object(&rules::CERTIFICATE_MANY, ingress, format!("{count} certificates"));
    }
    if complete && tls == 0 && pre_shared.is_empty() {
        for (rule, value) in ingress::rules(&ingress.value) {
            let Some(host) = str_at(value, "/host").filter(|host| !host.is_empty()) else { continue };
            if !domains.contains(&host) {
                let message = format!("`{host}` is no domain of {}", managed.join(", "));
                let place = pointer(["spec", "rules", &rule.to_string(), "host"]);
                findings.at(&rules::HOST_NOT_COVERED, ingress, place, message);
            }
        }
    }
}

fn check_address(ingress: &Existing, findings: &mut Findings) {
    let address = |key| ingress.annotation(key).filter(|name| !name.is_empty());
    let class = Class::of(&ingress.value);
    match (address(GLOBAL_STATIC_IP), address(REGIONAL_STATIC_IP)) {
        (Some(_), Some(_)) => {
            let message = "a global and a regional address are named";
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
            let message = format!("FrontendConfig `{name}` is not in the input");
            findings.at(&rules::FRONTEND_ABSENT, ingress, at_annotation(FRONTEND_CONFIG), message);
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
    if !off && !redirects && named_config.is_none_or(|_| config.is_some()) && Class::of(&ingress.value).is_handled() {
        let message = format!("Ingress `{}` serves port 80, too", ingress.name().unwrap_or_default());
        findings.object(&rules::PLAIN_HTTP, ingress, message);
    }
}
