//! The Milvus Service, and what belongs to it: the annotations by which GKE knows how to
//! speak to the pods, and the fields that a ClusterIP Service may not have.

use serde_json::{Map, Value};

use super::Findings;
use super::ingress::{self, Target};
use super::input::{self, Input, annotation, label, namespace, set};
use super::pods::Pods;
use super::rules;
use crate::object::{Existing, at, items, path, text};
use crate::refusal::{Reason, Refusal};
use crate::release::service::{INSTANCE, TARGET_PORT};

const PROTOCOLS: &str = "cloud.google.com/app-protocols";
const PROTOCOLS_ALPHA: &str = "service.alpha.kubernetes.io/app-protocols";
const CONFIG: &str = "cloud.google.com/backend-config";
const CONFIG_BETA: &str = "beta.cloud.google.com/backend-config";
const NEG: &str = "cloud.google.com/neg";
const NEG_STATUS: &str = "cloud.google.com/neg-status";
const SOURCE_RANGES: &str = "service.beta.kubernetes.io/load-balancer-source-ranges";

/// Milvus's gRPC server; the metrics port is beside it.
const GRPC: u64 = 19530;

/// One Milvus Service, and the objects around it.
pub(super) struct Subject<'a> {
    pub(super) input: &'a Input,
    /// None where the input holds no Services at all: then the rest is looked at by itself.
    pub(super) service: Option<&'a Existing>,
    /// The Service's port to Milvus's gRPC server.
    pub(super) port: Option<ServicePort<'a>>,
    /// What leads to that port, or is meant to.
    pub(super) ingresses: Vec<&'a Existing>,
    pub(super) pods: Vec<Pods<'a>>,
}

/// A port of the Service.
#[derive(Clone, Copy)]
pub(super) struct ServicePort<'a> {
    pub(super) index: usize,
    value: &'a Value,
}

impl<'a> ServicePort<'a> {
    fn all(service: &'a Existing) -> impl Iterator<Item = Self> {
        items(&service.value, "/spec/ports").enumerate().map(|(index, value)| Self { index, value })
    }

    pub(super) fn name(&self) -> Option<&'a str> {
        text(self.value, "/name").filter(|name| !name.is_empty())
    }

    pub(super) fn number(&self) -> Option<u64> {
        at(self.value, "/port")?.as_u64()
    }

    /// The number or name of a port of the pods.
    fn target(&self) -> Option<&'a Value> {
        set(self.value, "/targetPort").or_else(|| at(self.value, "/port"))
    }
}

impl<'a> Subject<'a> {
    /// Finds the Milvus Services, of all releases or of one.
    pub(super) fn find(input: &'a Input, wanted: Option<&str>) -> Result<Vec<Self>, Refusal> {
        let mut subjects: Vec<_> = input.services.iter().filter_map(|service| Self::of(input, service)).collect();
        let mut releases: Vec<_> = subjects.iter().filter_map(Self::release).map(str::to_owned).collect();
        releases.sort();
        releases.dedup();
        if let Some(wanted) = wanted {
            subjects.retain(|subject| subject.release() == Some(wanted));
            if subjects.is_empty() && !releases.is_empty() {
                return Err(Refusal::new(Reason::UnknownRelease { wanted: wanted.to_owned(), releases }));
            }
        }
        // Another Service to the same Milvus, or another release, needs no load balancer.
        if subjects.iter().any(|subject| !subject.is_untouched()) {
            subjects.retain(|subject| !subject.is_untouched());
        }
        if subjects.is_empty() && wanted.is_none() && input.services.is_empty() && !input.has_no_front_door() {
            let ingresses = input.ingresses.iter().collect();
            subjects.push(Self { input, service: None, port: None, ingresses, pods: Vec::new() });
        }
        Ok(subjects)
    }

    fn of(input: &'a Input, service: &'a Existing) -> Option<Self> {
        let selector = at(&service.value, "/spec/selector").unwrap_or(&Value::Null);
        let here = |pods: &Pods<'_>| pods.workload.shares_namespace(namespace(service));
        let pods: Vec<_> = Pods::all(input).filter(|pods| here(pods) && pods.match_selector(selector)).collect();
        let port = Self::milvus_port(service, &pods)?;
        let mut subject = Self { input, service: Some(service), port: Some(port), ingresses: Vec::new(), pods };
        let leads = |ingress: &Existing, wanted: fn(Target) -> bool| {
            ingress.shares_namespace(namespace(service))
                && ingress::backends(ingress).iter().any(|backend| wanted(subject.target(backend)))
        };
        let grpc = |target| matches!(target, Target::Grpc | Target::NoPort);
        let mut ingresses: Vec<_> = input.ingresses.iter().filter(|ingress| leads(ingress, grpc)).collect();
        if ingresses.is_empty() {
            // One that is meant for it, but names a Service that is not there.
            let astray = |target| matches!(target, Target::NoService);
            let meant = |ingress: &&Existing| leads(ingress, astray) && subject.is_meant_by(ingress);
            ingresses = input.ingresses.iter().filter(meant).collect();
        }
        subject.ingresses = ingresses;
        // A port of this number alone proves nothing: somebody must want a load balancer there.
        let is_charts = text(port.value, "/targetPort") == Some(TARGET_PORT);
        (is_charts || !subject.is_untouched()).then_some(subject)
    }

    /// The port that leads to Milvus, or is meant to.
    fn milvus_port(service: &'a Existing, pods: &[Pods<'_>]) -> Option<ServicePort<'a>> {
        let ports = || ServicePort::all(service);
        let find = |wanted: &dyn Fn(&ServicePort<'_>) -> bool| ports().find(|port| wanted(port));
        find(&|port| text(port.value, "/targetPort") == Some(TARGET_PORT))
            .or_else(|| find(&|port| port.target().and_then(Value::as_u64) == Some(GRPC)))
            .or_else(|| find(&|port| port.number() == Some(GRPC)))
            .or_else(|| find(&|port| port.name() == Some("milvus") && pods.iter().any(Pods::run_milvus)))
    }

    fn is_meant_by(&self, ingress: &Existing) -> bool {
        let Some(service) = self.service else { return false };
        let same_release = label(ingress, INSTANCE).is_some() && label(ingress, INSTANCE) == label(service, INSTANCE);
        let same_port = || {
            let number = self.port.and_then(|port| port.number());
            ingress::backends(ingress).iter().any(|backend| backend.port.and_then(Value::as_u64) == number)
        };
        same_release || ingress.name() == service.name() || number_is_telling(self.port) && same_port()
    }

    pub(super) fn release(&self) -> Option<&'a str> {
        label(self.service?, INSTANCE)
    }

    /// Whether the Service is as the chart renders it. GKE itself may add the annotation `neg`.
    pub(super) fn is_untouched(&self) -> bool {
        self.service.is_some_and(|service| {
            let annotated = [PROTOCOLS, PROTOCOLS_ALPHA, CONFIG, CONFIG_BETA];
            annotated.iter().all(|key| annotation(service, key).is_none())
        }) && self.ingresses.iter().all(|ingress| ingress::is_charts(ingress))
    }

    /// Where a backend of an Ingress leads.
    pub(super) fn target(&self, backend: &ingress::Backend<'_>) -> Target {
        let Some(service) = self.service else { return Target::Grpc };
        let Some(name) = backend.service else { return Target::Elsewhere };
        if service.name() != Some(name) {
            let is_there = input::named(&self.input.services, name, namespace(service)).is_some();
            return if is_there { Target::Elsewhere } else { Target::NoService };
        }
        let found = ServicePort::all(service).find(|port| match backend.port {
            Some(Value::String(name)) => port.name() == Some(name),
            Some(number) => port.number().is_some() && port.number() == number.as_u64(),
            None => false,
        });
        match found {
            None => Target::NoPort,
            Some(port) if self.port.is_some_and(|grpc| grpc.index == port.index) => Target::Grpc,
            Some(_) => Target::Elsewhere,
        }
    }

    /// The BackendConfig of the gRPC port; without a Service, all of them.
    pub(super) fn backend_configs(&self) -> Vec<&'a Existing> {
        let Some(service) = self.service else { return self.input.backend_configs.iter().collect() };
        let config = self.port.and_then(|port| match BackendConfigs::read(service)? {
            (_, Ok(configs)) => configs.of(port),
            (_, Err(())) => None,
        });
        let found = config.and_then(|name| input::named(&self.input.backend_configs, &name, namespace(service)));
        found.into_iter().collect()
    }
}

/// 80 or 443 may be anybody's.
fn number_is_telling(port: Option<ServicePort<'_>>) -> bool {
    port.and_then(|port| port.number()).is_some_and(|number| number > 1024 && number != 8080 && number != 8443)
}

pub(super) fn check(subject: &Subject<'_>, findings: &mut Findings) {
    let (Some(service), Some(port)) = (subject.service, subject.port) else { return };
    texts_only(service, findings);
    if text(&service.value, "/spec/type") == Some("ExternalName") {
        let message = format!("Service `{}` is of type ExternalName", service.name().unwrap_or_default());
        findings.at(&rules::EXTERNAL_NAME, service, path(["spec", "type"]), message);
        return;
    }
    check_protocols(service, port, findings);
    check_backend_config(subject, service, port, findings);
    check_neg(service, findings);
    check_leftovers(service, findings);
    check_target(subject, service, port, findings);
    if annotation(service, NEG_STATUS).is_some() && !input::is_live(service) {
        let message = format!("`{NEG_STATUS}` is written by GKE's controller");
        findings.at(&rules::CONTROLLER_ANNOTATION, service, at_annotation(NEG_STATUS), message);
    }
}

/// Annotations are texts, also where they look like something else.
pub(super) fn texts_only(object: &Existing, findings: &mut Findings) {
    let annotations = at(&object.value, "/metadata/annotations").and_then(Value::as_object);
    for (key, value) in annotations.into_iter().flatten() {
        if !value.is_string() && !value.is_null() {
            let message = format!("the annotation `{key}` is no text");
            findings.at(&rules::ANNOTATION_TYPE, object, at_annotation(key), message);
        }
    }
}

/// Whether it is there, be it no text.
fn has_annotation(object: &Existing, key: &str) -> bool {
    let annotations = set(&object.value, "/metadata/annotations");
    annotations.and_then(|all| all.get(key)).is_some_and(|value| !value.is_null())
}

pub(super) fn at_annotation(key: &str) -> json_patch::jsonptr::PointerBuf {
    path(["metadata", "annotations", key])
}

fn at_port(port: ServicePort<'_>, key: &str) -> json_patch::jsonptr::PointerBuf {
    path(["spec", "ports", &port.index.to_string(), key])
}

fn check_protocols(service: &Existing, port: ServicePort<'_>, findings: &mut Findings) {
    if port.name().is_none() {
        let number = port.number().map_or_else(|| "?".to_owned(), |number| number.to_string());
        findings.at(&rules::PORT_UNNAMED, service, at_port(port, "port"), format!("port {number} has no name"));
    }
    let alpha = annotation(service, PROTOCOLS_ALPHA);
    if alpha.is_some() {
        let message = format!("`{PROTOCOLS_ALPHA}` is there, and wins");
        findings.at(&rules::PROTOCOLS_ALPHA, service, at_annotation(PROTOCOLS_ALPHA), message);
    }
    let key = if alpha.is_some() { PROTOCOLS_ALPHA } else { PROTOCOLS };
    let Some(written) = annotation(service, key) else {
        if let Some(name) = port.name().filter(|_| !has_annotation(service, key)) {
            let message = format!("Service `{}` has no annotation `{key}`", service.name().unwrap_or_default());
            findings.object(&rules::PROTOCOLS_MISSING, service, message);
            findings.fix(format!("annotate the Service: {key}: '{{\"{name}\":\"HTTP2\"}}'"));
        }
        return;
    };
    let place = || at_annotation(key);
    let protocols: Map<String, Value> = match serde_json::from_str(written) {
        Ok(Value::Object(protocols)) => protocols,
        Ok(Value::Null) => Map::new(),
        Ok(_) => return findings.at(&rules::PROTOCOLS_JSON, service, place(), "the annotation is no JSON object"),
        Err(error) => {
            let message = format!("the annotation is no JSON: {}", json_error(&error));
            return findings.at(&rules::PROTOCOLS_JSON, service, place(), message);
        }
    };
    for (port, protocol) in &protocols {
        let Some(protocol) = protocol.as_str() else {
            let message = format!("the protocol of `{port}` is no text");
            return findings.at(&rules::PROTOCOLS_JSON, service, place(), message);
        };
        if !matches!(protocol, "HTTP" | "HTTPS" | "HTTP2") {
            let message = format!("`{protocol}` is no protocol that GKE knows");
            return findings.at(&rules::PROTOCOLS_VALUE, service, place(), message);
        }
    }
    let Some(name) = port.name() else { return };
    match protocols.get(name).and_then(Value::as_str) {
        Some("HTTP2") => {}
        Some(protocol) => {
            let message = format!("the protocol of Milvus's port `{name}` is {protocol}, not HTTP2");
            findings.at(&rules::PROTOCOLS_NOT_HTTP2, service, place(), message);
        }
        None => {
            let keys: Vec<_> = protocols.keys().map(|key| format!("`{key}`")).collect();
            let keys = if keys.is_empty() { "nothing".to_owned() } else { keys.join(", ") };
            let message = format!("the annotation names {keys}, and Milvus's port is named `{name}`");
            findings.at(&rules::PROTOCOLS_KEY, service, place(), message);
            findings.fix(format!("write '{{\"{name}\":\"HTTP2\"}}'"));
        }
    }
}

/// What the annotation `backend-config` says.
struct BackendConfigs {
    default: Option<String>,
    ports: Map<String, Value>,
}

impl BackendConfigs {
    /// The annotation's key, and what it says.
    fn read(service: &Existing) -> Option<(&'static str, Result<Self, ()>)> {
        let key = if annotation(service, CONFIG).is_some() { CONFIG } else { CONFIG_BETA };
        let written = annotation(service, key)?;
        Some((key, Self::parse(written).ok_or(())))
    }

    /// As Go reads it into a struct with two fields.
    fn parse(written: &str) -> Option<Self> {
        let value: Value = serde_json::from_str(written).ok()?;
        let default = match field(&value, "default") {
            None | Some(Value::Null) => None,
            Some(value) => Some(value.as_str()?.to_owned()).filter(|name| !name.is_empty()),
        };
        let ports = match field(&value, "ports") {
            None | Some(Value::Null) => Map::new(),
            Some(value) => value.as_object()?.clone(),
        };
        let readable = (value.is_object() || value.is_null()) && ports.values().all(Value::is_string);
        readable.then_some(Self { default, ports })
    }

    /// The name of a port's BackendConfig.
    fn of(&self, port: ServicePort<'_>) -> Option<String> {
        let number = port.number().map(|number| number.to_string());
        let named = |key: Option<&str>| self.ports.get(key?)?.as_str().map(str::to_owned);
        named(port.name()).or_else(|| named(number.as_deref())).or_else(|| self.default.clone())
    }
}

/// Go takes a field's name in any case.
fn field<'v>(value: &'v Value, name: &str) -> Option<&'v Value> {
    let fields = value.as_object()?;
    fields.get(name).or_else(|| fields.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value))
}

fn check_backend_config(subject: &Subject<'_>, service: &Existing, port: ServicePort<'_>, findings: &mut Findings) {
    if annotation(service, CONFIG_BETA).is_some() {
        let message = format!("`{CONFIG_BETA}` is the older name");
        findings.at(&rules::CONFIG_BETA, service, at_annotation(CONFIG_BETA), message);
    }
    let Some((key, configs)) = BackendConfigs::read(service) else {
        if !has_annotation(service, CONFIG) {
            let message = format!("Service `{}` has no annotation `{CONFIG}`", service.name().unwrap_or_default());
            findings.object(&rules::CONFIG_MISSING, service, message);
            if let [only] = subject.input.backend_configs.as_slice() {
                let name = only.name().unwrap_or_default();
                findings.fix(format!("annotate the Service: {CONFIG}: '{{\"default\": \"{name}\"}}'"));
            }
        }
        return;
    };
    let place = || at_annotation(key);
    let Ok(configs) = configs else {
        return findings.at(&rules::CONFIG_JSON, service, place(), format!("`{key}` is not the JSON that GKE reads"));
    };
    if configs.default.is_none() && configs.ports.is_empty() {
        return findings.at(&rules::CONFIG_EMPTY, service, place(), format!("`{key}` names no BackendConfig"));
    }
    let Some(name) = configs.of(port) else {
        let ports: Vec<_> = configs.ports.keys().map(|port| format!("`{port}`")).collect();
        let milvus = port.name().map_or_else(|| "Milvus's port".to_owned(), |name| format!("Milvus's port `{name}`"));
        let message = format!("the annotation is about {}, not about {milvus}", ports.join(", "));
        return findings.at(&rules::CONFIG_OTHER_PORT, service, place(), message);
    };
    if input::named(&subject.input.backend_configs, &name, namespace(service)).is_some() {
        return;
    }
    if let Some(elsewhere) = input::named(&subject.input.backend_configs, &name, None) {
        let there = namespace(elsewhere).unwrap_or_default();
        let message = format!("BackendConfig `{name}` is in namespace `{there}`, not in the Service's");
        return findings.at(&rules::CONFIG_NAMESPACE, service, place(), message);
    }
    findings.at(&rules::CONFIG_ABSENT, service, place(), format!("BackendConfig `{name}` is not in the input"));
}

fn check_neg(service: &Existing, findings: &mut Findings) {
    let kind = text(&service.value, "/spec/type").unwrap_or("ClusterIP");
    let at_type = || if set(&service.value, "/spec/type").is_some() { path(["spec", "type"]) } else { path(["spec"]) };
    let Some(written) = annotation(service, NEG) else {
        let name = service.name().unwrap_or_default();
        if kind == "ClusterIP" {
            let message = format!("Service `{name}` has no annotation `{NEG}`");
            findings.object(&rules::NEG_MISSING, service, message);
        } else {
            let message = format!("Service `{name}` is of type {kind} and has no annotation `{NEG}`");
            findings.at(&rules::NEG_INSTANCE_GROUPS, service, at_type(), message);
        }
        return;
    };
    let value: Value = serde_json::from_str(written).unwrap_or_default();
    let ingress = field(&value, "ingress").filter(|ingress| !ingress.is_null());
    if !value.is_object() || ingress.is_some_and(|ingress| !ingress.is_boolean()) {
        let message = format!("`{NEG}` is not the JSON that GKE reads");
        return findings.at(&rules::NEG_JSON, service, at_annotation(NEG), message);
    }
    if ingress != Some(&Value::Bool(true)) {
        let rule = if kind == "ClusterIP" { &rules::NEG_OFF } else { &rules::NEG_INSTANCE_GROUPS };
        let message = format!("`{NEG}` does not say `\"ingress\": true`");
        return findings.at(rule, service, at_annotation(NEG), message);
    }
    let exposed = field(&value, "exposed_ports").and_then(Value::as_object);
    let name = exposed.into_iter().flat_map(Map::values).find_map(|port| field(port, "name")?.as_str());
    if let Some(name) = name.filter(|name| !name.is_empty()) {
        findings.at(&rules::NEG_NAME, service, at_annotation(NEG), format!("the annotation names the group `{name}`"));
    }
    if kind == "LoadBalancer" {
        let message = format!("Service `{}` is of type LoadBalancer", service.name().unwrap_or_default());
        findings.at(&rules::LOAD_BALANCER_BESIDE, service, at_type(), message);
    }
}

fn check_leftovers(service: &Existing, findings: &mut Findings) {
    if text(&service.value, "/spec/type").is_some_and(|kind| kind != "ClusterIP") {
        return;
    }
    let mut leftover = |place, what: &str| {
        findings.at(&rules::SERVICE_LEFTOVER, service, place, format!("a ClusterIP Service has no `{what}`"));
    };
    let spec = at(&service.value, "/spec").unwrap_or(&Value::Null);
    let external_ips = items(spec, "/externalIPs").next().is_some();
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
            leftover(path(["spec", field]), field);
        }
    }
    for port in ServicePort::all(service) {
        if at(port.value, "/nodePort").and_then(Value::as_u64).is_some_and(|port| port != 0) {
            leftover(at_port(port, "nodePort"), "nodePort");
        }
    }
    if annotation(service, SOURCE_RANGES).is_some_and(|ranges| !ranges.trim().is_empty()) {
        leftover(at_annotation(SOURCE_RANGES), SOURCE_RANGES);
    }
}

fn check_target(subject: &Subject<'_>, service: &Existing, port: ServicePort<'_>, findings: &mut Findings) {
    if subject.pods.is_empty() {
        let here = |pods: &Pods<'_>| pods.workload.shares_namespace(namespace(service)) && pods.run_milvus();
        let same = |pods: &Pods<'_>| {
            let release = at(pods.template, "/metadata/labels").and_then(|labels| labels.get(INSTANCE)?.as_str());
            release.is_none() || subject.release().is_none() || release == subject.release()
        };
        if Pods::all(subject.input).any(|pods| here(&pods) && same(&pods)) {
            let message = format!("Service `{}` selects no pods of the input", service.name().unwrap_or_default());
            let selector = if set(&service.value, "/spec/selector").is_some() { "selector" } else { "ports" };
            findings.at(&rules::NO_PODS, service, path(["spec", selector]), message);
        }
        return;
    }
    let pods = || subject.pods.iter();
    let message = match port.target() {
        Some(Value::String(name)) if pods().all(|pods| pods.port(name).is_none()) => {
            format!("no container has a port named `{name}`")
        }
        Some(Value::String(name)) if name == "metrics" => "`metrics` is not Milvus's gRPC port".to_owned(),
        Some(Value::Number(number)) => {
            let number = number.as_u64().unwrap_or_default();
            if pods().any(|pods| pods.port("metrics") == Some(number)) {
                format!("{number} is not Milvus's gRPC port, but that of its metrics")
            } else if pods().all(|pods| pods.declare_ports() && !pods.has_port(number)) {
                format!("no container has a port {number}")
            } else {
                return;
            }
        }
        _ => return,
    };
    let key = if set(port.value, "/targetPort").is_some() { "targetPort" } else { "port" };
    findings.at(&rules::TARGET_PORT, service, at_port(port, key), message);
}

/// Without the position: it is one in the annotation.
fn json_error(error: &serde_json::Error) -> String {
    let text = error.to_string();
    text.split(" at line").next().unwrap_or_default().to_owned()
}
