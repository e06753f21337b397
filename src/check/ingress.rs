//! The Ingresses that lead to Milvus: class, hosts, paths, certificates, addresses.

use std::collections::HashSet;

use json_patch::jsonptr::PointerBuf;
use serde_json::Value;

use super::input::{annotation, is_live, label, named, namespace, set};
use super::service::{Subject, at_annotation, texts_only};
use super::{Findings, frontend_config, managed_certificate, rules, tls_secret};
use crate::object::{Existing, at, items, path, text};
use crate::settings::{Host, Hosts};

const CLASS: &str = "kubernetes.io/ingress.class";
const ALLOW_HTTP: &str = "kubernetes.io/ingress.allow-http";
const GLOBAL_IP: &str = "kubernetes.io/ingress.global-static-ip-name";
const REGIONAL_IP: &str = "kubernetes.io/ingress.regional-static-ip-name";
const PRE_SHARED: &str = "ingress.gcp.kubernetes.io/pre-shared-cert";
const MANAGED: &str = "networking.gke.io/managed-certificates";
const FRONTEND: &str = "networking.gke.io/v1beta1.FrontendConfig";
const ISSUERS: [&str; 2] = ["cert-manager.io/cluster-issuer", "cert-manager.io/issuer"];

/// What the controller writes when the load balancer is there.
const WRITTEN: [&str; 9] = [
    "ingress.kubernetes.io/url-map",
    "ingress.kubernetes.io/forwarding-rule",
    "ingress.kubernetes.io/https-forwarding-rule",
    "ingress.kubernetes.io/target-proxy",
    "ingress.kubernetes.io/https-target-proxy",
    "ingress.kubernetes.io/ssl-cert",
    "ingress.kubernetes.io/static-ip",
    "ingress.kubernetes.io/backends",
    "ingress.gcp.kubernetes.io/instance-groups",
];

/// What a target proxy takes.
const MAX_CERTIFICATES: usize = 15;

/// What gRPC clients of Milvus ask for first.
const CALL: &str = "/milvus.proto.milvus.MilvusService/Connect";

/// Where a backend leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Target {
    /// Milvus's gRPC port.
    Grpc,
    /// A port that Milvus's Service does not have.
    NoPort,
    /// A Service that the input does not hold.
    NoService,
    /// Another port or Service.
    Elsewhere,
}

/// A backend of an Ingress, of either API version.
#[derive(Debug)]
pub(super) struct Backend<'a> {
    /// Where it stands.
    at: PointerBuf,
    pub(super) service: Option<&'a str>,
    /// Its number or name.
    pub(super) port: Option<&'a Value>,
    is_resource: bool,
    /// Where the Service is named, and its port.
    service_key: &'static [&'static str],
    port_key: &'static [&'static str],
}

impl<'a> Backend<'a> {
    fn read(value: &'a Value, at: PointerBuf) -> Self {
        let old = value.get("serviceName").is_some();
        let port = if old {
            value.get("servicePort")
        } else {
            set(value, "/service/port/name").or_else(|| set(value, "/service/port/number"))
        };
        let is_number = !old && set(value, "/service/port/name").is_none();
        Self {
            at,
            service: if old { text(value, "/serviceName") } else { text(value, "/service/name") },
            port,
            is_resource: set(value, "/resource").is_some(),
            service_key: if old { &["serviceName"] } else { &["service", "name"] },
            port_key: match (old, is_number) {
                (true, _) => &["servicePort"],
                (false, true) => &["service", "port", "number"],
                (false, false) => &["service", "port", "name"],
            },
        }
    }

    fn path(&self, key: &[&str]) -> PointerBuf {
        key.iter().fold(self.at.clone(), |path, key| path.with_trailing_token(*key))
    }
}

/// All backends of an Ingress.
pub(super) fn backends(ingress: &Existing) -> Vec<Backend<'_>> {
    let default = default_backend(ingress);
    let of_paths = rules_of(ingress).flat_map(|(rule, value)| paths(rule, value)).map(|path| path.backend);
    default.into_iter().chain(of_paths).collect()
}

fn default_backend(ingress: &Existing) -> Option<Backend<'_>> {
    let key = if set(&ingress.value, "/spec/defaultBackend").is_some() { "defaultBackend" } else { "backend" };
    let value = at(&ingress.value, "/spec").and_then(|spec| spec.get(key)).filter(|value| !value.is_null())?;
    Some(Backend::read(value, path(["spec", key])))
}

fn rules_of(ingress: &Existing) -> impl Iterator<Item = (usize, &Value)> {
    items(&ingress.value, "/spec/rules").enumerate()
}

/// A path of a rule.
struct HttpPath<'a> {
    at: PointerBuf,
    value: &'a Value,
    backend: Backend<'a>,
}

fn paths(rule: usize, value: &Value) -> impl Iterator<Item = HttpPath<'_>> {
    items(value, "/http/paths").enumerate().map(move |(index, value)| {
        let at = path(["spec", "rules", &rule.to_string(), "http", "paths", &index.to_string()]);
        let backend = value.get("backend").unwrap_or(&Value::Null);
        HttpPath { value, backend: Backend::read(backend, at.with_trailing_token("backend")), at }
    })
}

impl HttpPath<'_> {
    fn kind(&self) -> Option<&str> {
        text(self.value, "/pathType")
    }

    fn path(&self) -> &str {
        text(self.value, "/path").unwrap_or_default()
    }

    /// Whether a gRPC call goes this way, by GKE's reading.
    fn takes_calls(&self) -> bool {
        let path = self.path();
        match self.kind() {
            Some("Prefix") => {
                let prefix = path.trim_end_matches('/');
                CALL == prefix || CALL.strip_prefix(prefix).is_some_and(|rest| rest.starts_with('/'))
            }
            Some("Exact") => path == CALL,
            _ => path.is_empty() || path == CALL || path.strip_suffix('*').is_some_and(|path| CALL.starts_with(path)),
        }
    }
}

/// Who handles an Ingress.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Class<'a> {
    External,
    Internal,
    /// Nobody of GKE's, because of `spec.ingressClassName`.
    ByName(&'a str),
    Foreign(&'a str),
}

impl<'a> Class<'a> {
    fn of(ingress: &'a Existing) -> Self {
        match annotation(ingress, CLASS) {
            None | Some("") => match text(&ingress.value, "/spec/ingressClassName") {
                Some(name) => Self::ByName(name),
                None => Self::External,
            },
            Some("gce") => Self::External,
            // A regional external load balancer takes regional addresses, too.
            Some("gce-internal" | "gce-regional-external") => Self::Internal,
            Some(other) => Self::Foreign(other),
        }
    }

    fn is_gkes(self) -> bool {
        matches!(self, Self::External | Self::Internal)
    }
}

/// Whether it is the chart's own, and nobody has made it one for GKE.
pub(super) fn is_charts(ingress: &Existing) -> bool {
    let marks = [CLASS, GLOBAL_IP, REGIONAL_IP, PRE_SHARED, MANAGED, FRONTEND];
    let chart = label(ingress, "helm.sh/chart").is_some_and(|chart| chart.starts_with("milvus-"));
    let is_gkes =
        |key: &&str| annotation(ingress, key).is_some_and(|value| **key != *CLASS || value.starts_with("gce"));
    chart && !marks.iter().any(is_gkes)
}

pub(super) fn check(subject: &Subject<'_>, findings: &mut Findings) {
    if let (Some(service), true) = (subject.service, subject.ingresses.is_empty()) {
        let message = format!(
            "no Ingress of the input leads to the Milvus port of Service `{}`",
            service.name().unwrap_or_default()
        );
        findings.object(&rules::NO_INGRESS, service, message);
        return;
    }
    let is_ours = |ingress: &Existing| Class::of(ingress).is_gkes() && !is_charts(ingress);
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
            Some(first) if subject.service.is_some() && Class::of(first) == Class::of(ingress) => {
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
    texts_only(ingress, findings);
    let version = text(&ingress.value, "/apiVersion").unwrap_or_default();
    let is_v1 = version == "networking.k8s.io/v1";
    if !is_v1 {
        let message = format!("{version} is gone since Kubernetes 1.22");
        findings.at(&rules::INGRESS_VERSION, ingress, path(["apiVersion"]), message);
    }
    check_class(ingress, findings);
    check_rules(ingress, subject, is_v1, findings);
    check_certificates(ingress, subject, findings);
    check_address(ingress, findings);
    check_http(ingress, subject, findings);
    if !is_live(ingress) {
        for key in WRITTEN.iter().filter(|key| annotation(ingress, key).is_some()) {
            let message = format!("`{key}` is written by GKE's controller");
            findings.at(&rules::CONTROLLER_ANNOTATION, ingress, at_annotation(key), message);
        }
    }
}

fn check_class(ingress: &Existing, findings: &mut Findings) {
    let by_name = path(["spec", "ingressClassName"]);
    match Class::of(ingress) {
        Class::ByName(name) => {
            let message = format!("spec.ingressClassName is `{name}`: GKE ignores this Ingress");
            findings.at(&rules::INGRESS_CLASS_NAME, ingress, by_name, message);
        }
        Class::Foreign(class) => {
            let message = format!("the class is `{class}`: GKE ignores this Ingress");
            findings.at(&rules::INGRESS_CLASS, ingress, at_annotation(CLASS), message);
        }
        _ if set(&ingress.value, "/spec/ingressClassName").is_some() && !is_live(ingress) => {
            let message = "spec.ingressClassName and the annotation are both set: the API server refuses that";
            findings.at(&rules::INGRESS_CLASS_NAME, ingress, by_name, message);
            findings.fix("remove spec.ingressClassName");
        }
        _ => {}
    }
}

fn check_rules(ingress: &Existing, subject: &Subject<'_>, is_v1: bool, findings: &mut Findings) {
    let default = default_backend(ingress);
    let mut by_default = false;
    if let Some(backend) = &default {
        check_backend(ingress, backend, subject, findings);
        by_default = subject.target(backend) == Target::Grpc;
        if by_default {
            findings.at(&rules::NO_HOST, ingress, backend.at.clone(), "the default backend answers for every host");
        }
    }
    let mut hosts = HashSet::new();
    for (rule, value) in rules_of(ingress) {
        let at_rule = path(["spec", "rules", &rule.to_string()]);
        let at_host = at_rule.with_trailing_token("host");
        let host = text(value, "/host").filter(|host| !host.is_empty());
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
        for path in paths(rule, value) {
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
            let (kind, path) = (first.kind().unwrap_or("no pathType"), first.path());
            let place = first.at.with_trailing_token(if first.kind().is_some() { "pathType" } else { "path" });
            let message = format!("`{path}` with {kind} does not match gRPC calls");
            findings.at(&rules::GRPC_PATH, ingress, place, message);
        }
    }
}

/// Whether something is wrong with the path itself.
fn check_path(ingress: &Existing, path: &HttpPath<'_>, is_v1: bool, findings: &mut Findings) -> bool {
    let written = path.path();
    let at_path = || {
        let key = if set(path.value, "/path").is_some() { "path" } else { "pathType" };
        path.at.with_trailing_token(key)
    };
    match path.kind() {
        Some("Prefix" | "Exact") if written.is_empty() || written.contains('*') => {
            let what = if written.is_empty() { "no path".to_owned() } else { format!("`{written}`") };
            let message = format!("{what} with {}", path.kind().unwrap_or_default());
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
        findings.at(&rules::RESOURCE_BACKEND, ingress, backend.path(&["resource"]), "the backend is a resource");
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
            let place = backend.path(if backend.port.is_some() { backend.port_key } else { &["service"] });
            findings.at(&rules::BACKEND_PORT, ingress, place, message);
            if let Some(number) = subject.port.and_then(|port| port.number()) {
                findings.fix(format!("Milvus's port is {number}"));
            }
        }
        // Beside the one to Milvus a Service may be elsewhere.
        Target::NoService if !leads_to_milvus(ingress, subject) => {
            let message = format!("Service `{}` is not in the input", backend.service.unwrap_or_default());
            findings.at(&rules::BACKEND_SERVICE, ingress, backend.path(backend.service_key), message);
            findings.fix(format!("did you mean `{service}`?"));
        }
        _ => {}
    }
}

fn leads_to_milvus(ingress: &Existing, subject: &Subject<'_>) -> bool {
    backends(ingress).iter().any(|backend| matches!(subject.target(backend), Target::Grpc | Target::NoPort))
}

fn list<'v>(object: &'v Existing, key: &str) -> Vec<&'v str> {
    let names = annotation(object, key).unwrap_or_default().split(',').map(str::trim);
    names.filter(|name| !name.is_empty()).collect()
}

fn check_certificates(ingress: &Existing, subject: &Subject<'_>, findings: &mut Findings) {
    let here = namespace(ingress);
    let by_issuer = ISSUERS.iter().any(|key| annotation(ingress, key).is_some());
    // Several Secrets share the hosts among them.
    let hosts = items(&ingress.value, "/spec/rules").filter_map(|rule| text(rule, "/host")?.parse::<Host>().ok());
    let one_secret = items(&ingress.value, "/spec/tls").count() == 1;
    let hosts = Hosts::new(hosts.collect()).ok().filter(|_| one_secret);
    let mut tls = 0;
    for (index, entry) in items(&ingress.value, "/spec/tls").enumerate() {
        tls += 1;
        let at = path(["spec", "tls", &index.to_string()]);
        let Some(name) = text(entry, "/secretName").filter(|name| !name.is_empty()) else {
            findings.at(&rules::TLS_WITHOUT_SECRET, ingress, at, "the entry names no Secret");
            continue;
        };
        match named(&subject.input.secrets, name, here) {
            Some(secret) => tls_secret::check(secret, hosts.as_ref(), findings),
            None if by_issuer => {}
            None => {
                let at = at.with_trailing_token("secretName");
                findings.at(&rules::OUTSIDE, ingress, at, format!("Secret `{name}` must exist"));
            }
        }
    }
    let managed = list(ingress, MANAGED);
    let mut domains = Vec::new();
    let mut complete = !managed.is_empty();
    for name in &managed {
        if let Some(certificate) = named(&subject.input.certificates, name, here) {
            managed_certificate::check(certificate, findings);
            domains.extend(managed_certificate::domains(certificate));
        } else {
            complete = false;
            let elsewhere = named(&subject.input.certificates, name, None).and_then(namespace);
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
            findings.at(rule, ingress, at_annotation(MANAGED), message);
        }
    }
    // Google's own names for managed certificates.
    let pre_shared: Vec<_> = list(ingress, PRE_SHARED).into_iter().filter(|name| !name.starts_with("mcrt-")).collect();
    if !pre_shared.is_empty() {
        let message = format!("pre-shared certificates must exist: {}", pre_shared.join(", "));
        findings.at(&rules::OUTSIDE, ingress, at_annotation(PRE_SHARED), message);
    }
    if !managed.is_empty() && annotation(ingress, CLASS) == Some("gce-internal") {
        let message = "an internal load balancer with a Google-managed certificate";
        findings.at(&rules::CERTIFICATE_INTERNAL, ingress, at_annotation(MANAGED), message);
    }
    let count = tls + managed.len() + pre_shared.len();
    if count == 0 && list(ingress, PRE_SHARED).is_empty() {
        let message = format!("Ingress `{}` names no certificate", ingress.name().unwrap_or_default());
        findings.object(&rules::NO_CERTIFICATE, ingress, message);
    }
    if count > MAX_CERTIFICATES {
        findings.object(&rules::CERTIFICATE_MANY, ingress, format!("{count} certificates"));
    }
    if complete && tls == 0 && pre_shared.is_empty() {
        for (rule, value) in rules_of(ingress) {
            let Some(host) = text(value, "/host").filter(|host| !host.is_empty()) else { continue };
            if !domains.contains(&host) {
                let message = format!("`{host}` is no domain of {}", managed.join(", "));
                let place = path(["spec", "rules", &rule.to_string(), "host"]);
                findings.at(&rules::HOST_NOT_COVERED, ingress, place, message);
            }
        }
    }
}

fn check_address(ingress: &Existing, findings: &mut Findings) {
    let address = |key| annotation(ingress, key).filter(|name| !name.is_empty());
    let class = Class::of(ingress);
    match (address(GLOBAL_IP), address(REGIONAL_IP)) {
        (Some(_), Some(_)) => {
            let message = "a global and a regional address are named";
            findings.at(&rules::TWO_STATIC_IPS, ingress, at_annotation(REGIONAL_IP), message);
        }
        (Some(_), None) if class == Class::Internal => {
            let message = "a global address for a regional load balancer";
            findings.at(&rules::STATIC_IP_SCOPE, ingress, at_annotation(GLOBAL_IP), message);
        }
        (None, Some(_)) if class == Class::External => {
            let message = "a regional address for a global load balancer";
            findings.at(&rules::STATIC_IP_SCOPE, ingress, at_annotation(REGIONAL_IP), message);
        }
        (global, regional) => {
            let key = if global.is_some() { GLOBAL_IP } else { REGIONAL_IP };
            if let Some(name) = global.or(regional) {
                let message = format!("the static IP address `{name}` must exist");
                findings.at(&rules::OUTSIDE, ingress, at_annotation(key), message);
            }
        }
    }
}

fn check_http(ingress: &Existing, subject: &Subject<'_>, findings: &mut Findings) {
    let allow = annotation(ingress, ALLOW_HTTP);
    // As Go's strconv.ParseBool.
    let off = matches!(allow, Some("0" | "f" | "F" | "false" | "FALSE" | "False"));
    let on = matches!(allow, None | Some("1" | "t" | "T" | "true" | "TRUE" | "True"));
    if let Some(value) = allow.filter(|_| !off && !on) {
        let message = format!("`{value}` is neither true nor false");
        findings.at(&rules::ALLOW_HTTP, ingress, at_annotation(ALLOW_HTTP), message);
    }
    let internal = annotation(ingress, CLASS) == Some("gce-internal");
    let named_config = annotation(ingress, FRONTEND).filter(|name| !name.is_empty());
    let config = named_config.and_then(|name| named(&subject.input.frontend_configs, name, namespace(ingress)));
    let mut redirects = false;
    match (named_config, config) {
        (Some(_), Some(config)) => {
            frontend_config::check(config, findings);
            redirects = frontend_config::redirects(config);
        }
        (Some(name), None) => {
            let message = format!("FrontendConfig `{name}` is not in the input");
            findings.at(&rules::FRONTEND_ABSENT, ingress, at_annotation(FRONTEND), message);
        }
        (None, _) => {}
    }
    if internal && named_config.is_some() {
        let message = "an internal load balancer with a FrontendConfig";
        findings.at(&rules::REDIRECT_INTERNAL, ingress, at_annotation(FRONTEND), message);
    }
    if off && redirects {
        let message = "port 80 is off, and the FrontendConfig redirects from it";
        findings.at(&rules::REDIRECT_WITHOUT_HTTP, ingress, at_annotation(ALLOW_HTTP), message);
    }
    let has_address = [GLOBAL_IP, REGIONAL_IP].iter().any(|key| annotation(ingress, key).is_some());
    if off && !internal && !has_address {
        let message = "port 80 is off, and no static IP address is named";
        findings.at(&rules::EPHEMERAL_IP, ingress, at_annotation(ALLOW_HTTP), message);
    }
    if !off && !redirects && named_config.is_none_or(|_| config.is_some()) && Class::of(ingress).is_gkes() {
        let message = format!("Ingress `{}` serves port 80, too", ingress.name().unwrap_or_default());
        findings.object(&rules::PLAIN_HTTP, ingress, message);
    }
}
