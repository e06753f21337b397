//! The Milvus Service: GKE's annotations, the BackendConfig they name, and the network endpoint groups.

use serde_json::{Map, Value};

use super::step::{State, Step};
use super::{Objects, same_namespace};
use crate::ingress::{Ingress, annotation, shell_word};
use crate::object::{at, items, text};
use crate::release::service::{INSTANCE, TARGET_PORT};

const PROTOCOLS: &str = "cloud.google.com/app-protocols";
const OLD_PROTOCOLS: &str = "service.alpha.kubernetes.io/app-protocols";
const BACKEND_CONFIG: &str = "cloud.google.com/backend-config";
const OLD_BACKEND_CONFIG: &str = "beta.cloud.google.com/backend-config";
const NEG: &str = "cloud.google.com/neg";
const NEG_STATUS: &str = "cloud.google.com/neg-status";

/// A live Service.
#[derive(Debug, Clone, Copy)]
pub(super) struct Service<'v> {
    value: &'v Value,
    pub(super) name: &'v str,
    pub(super) namespace: Option<&'v str>,
    pub(super) release: Option<&'v str>,
}

impl<'v> Service<'v> {
    /// A Service with a port that leads to Milvus.
    pub(super) fn read(object: &'v Value) -> Option<Self> {
        let leads_to_milvus = |port: &Value| text(port, "/targetPort") == Some(TARGET_PORT);
        if text(object, "/kind") != Some("Service") || !items(object, "/spec/ports").any(leads_to_milvus) {
            return None;
        }
        Some(Self {
            value: object,
            name: text(object, "/metadata/name")?,
            namespace: text(object, "/metadata/namespace"),
            release: at(object, "/metadata/labels").and_then(|labels| labels.get(INSTANCE)?.as_str()),
        })
    }

    /// Whether an Ingress leads to it.
    pub(super) fn is_behind(&self, ingress: &Value) -> bool {
        same_namespace(text(ingress, "/metadata/namespace"), self.namespace)
            && paths(ingress).any(|path| text(path, "/service/name") == Some(self.name))
    }

    /// The annotations, step by step.
    pub(super) fn steps(&self, ingress: Option<&Ingress<'_>>, objects: &Objects<'_>) -> Vec<Step> {
        let title = format!("Service {}", self.name);
        // Helm changes the Service before it makes the Ingress: both missing is a beginning, not a mistake.
        let untouched = [PROTOCOLS, OLD_PROTOCOLS, BACKEND_CONFIG, OLD_BACKEND_CONFIG, NEG]
            .iter()
            .all(|key| annotation(self.value, key).is_none());
        if untouched && ingress.is_none() {
            let step =
                Step::waiting(title, "the annotations of the Milvus Service").detail("has no annotations of GKE");
            return vec![step.help("upgrade the release with milvus-gke-l7 as post-renderer").usually(SECONDS)];
        }
        let found = [self.protocols(ingress), self.neg(), self.backend_config(objects)];
        let mut step = Step::done(title);
        for problem in found.iter().filter_map(|found| found.as_ref().err()) {
            step.state = State::Broken;
            if step.verdict.is_empty() {
                step.verdict = format!("Service {}: {}", self.name, problem.what);
            }
            step = step.detail(problem.what.clone()).help(problem.help.clone());
        }
        for said in found.iter().filter_map(|found| found.as_ref().ok()) {
            step = step.detail(said.clone());
        }
        vec![step]
    }

    /// The network endpoint groups that GKE says it made, by port.
    pub(super) fn groups(&self) -> Vec<(String, String)> {
        let groups = self.neg_status().and_then(|status| status.get("network_endpoint_groups")?.as_object().cloned());
        let named = |(port, name): (String, Value)| Some((port, name.as_str()?.to_owned()));
        groups.into_iter().flatten().filter_map(named).collect()
    }

    pub(super) fn neg_step(&self) -> Step {
        let groups = self.groups();
        if groups.is_empty() {
            let title = "network endpoint groups: none yet";
            return Step::waiting(title, "the network endpoint groups")
                .detail(format!("GKE writes the annotation {NEG_STATUS} of the Service when it has made them"))
                .usually("a minute or two after the Ingress names the Service");
        }
        let zones = self.neg_status().and_then(|status| status.get("zones").cloned()).unwrap_or_default();
        let zones: Vec<_> = zones.as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        let zones = if zones.is_empty() { String::new() } else { format!(" in {}", zones.join(", ")) };
        let mut step = Step::done(format!("network endpoint groups{zones}"));
        for (port, name) in groups {
            step = step.detail(format!("port {port}: {name}"));
        }
        step
    }

    fn neg_status(&self) -> Option<Map<String, Value>> {
        serde_json::from_str(annotation(self.value, NEG_STATUS)?).ok()
    }

    /// The annotation that holds for a key with an older form, as a JSON object.
    fn object(&self, key: &'static str) -> Result<Option<Map<String, Value>>, Problem> {
        let Some(text) = annotation(self.value, key) else { return Ok(None) };
        serde_json::from_str(text)
            .map(Some)
            .map_err(|_| Problem { what: format!("the annotation {key} is no JSON object"), help: AGAIN.to_owned() })
    }

    fn protocols(&self, ingress: Option<&Ingress<'_>>) -> Result<String, Problem> {
        // If both are there the older one holds.
        let key = if annotation(self.value, OLD_PROTOCOLS).is_some() { OLD_PROTOCOLS } else { PROTOCOLS };
        let remove = |what: String| Problem {
            help: match key {
                OLD_PROTOCOLS => format!("remove the annotation {OLD_PROTOCOLS}: it comes before {PROTOCOLS}"),
                _ => AGAIN.to_owned(),
            },
            what,
        };
        let protocols = self.object(key).map_err(|problem| remove(problem.what))?.unwrap_or_default();
        let mut said = Vec::new();
        for port in items(self.value, "/spec/ports") {
            let is_milvus = text(port, "/targetPort") == Some(TARGET_PORT);
            if !is_milvus && !ingress.is_some_and(|ingress| self.is_led_to(ingress.value, port)) {
                continue;
            }
            let name = text(port, "/name").unwrap_or_default();
            let protocol = protocols.get(name).and_then(Value::as_str);
            match protocol {
                Some("HTTP2") => {}
                Some("HTTPS") if !is_milvus => {}
                Some(other) => {
                    return Err(remove(format!("{key} says {other} for port {name}, where Milvus needs HTTP2")));
                }
                None => {
                    let what = format!("{PROTOCOLS} says nothing of port `{name}`: GKE speaks plain HTTP to it");
                    return Err(remove(what));
                }
            }
            said.push(format!("{name} {}", protocol.unwrap_or_default()));
        }
        Ok(format!("protocols: {}", said.join(", ")))
    }

    fn is_led_to(&self, ingress: &Value, port: &Value) -> bool {
        paths(ingress).filter(|path| text(path, "/service/name") == Some(self.name)).any(|path| {
            let (name, number) = (text(path, "/service/port/name"), at(path, "/service/port/number"));
            (name.is_some() && name == text(port, "/name")) || (number.is_some() && number == port.get("port"))
        })
    }

    fn neg(&self) -> Result<String, Problem> {
        let neg = self.object(NEG)?.unwrap_or_default();
        if neg.get("ingress") == Some(&Value::Bool(true)) {
            return Ok("network endpoint groups: asked for".to_owned());
        }
        let what = match text(self.value, "/spec/type").unwrap_or("ClusterIP") {
            "ClusterIP" => {
                format!("{NEG} does not say {{\"ingress\": true}}: GKE takes no ClusterIP Service without it")
            }
            _ => {
                format!("{NEG} does not say {{\"ingress\": true}}: GKE then asks the nodes, not Milvus, for its health")
            }
        };
        Err(Problem { what, help: AGAIN.to_owned() })
    }

    /// Whether the BackendConfig that it names is in the input.
    pub(super) fn has_backend_config(&self, objects: &Objects<'_>) -> bool {
        self.named_backend_config().is_ok_and(|name| objects.has("BackendConfig", &name, self.namespace))
    }

    /// The BackendConfig for the Milvus port: GKE looks for its name, its number, and then for the default.
    fn named_backend_config(&self) -> Result<String, Problem> {
        let configs = match self.object(BACKEND_CONFIG)? {
            Some(configs) => configs,
            None => self.object(OLD_BACKEND_CONFIG)?.unwrap_or_default(),
        };
        let port = items(self.value, "/spec/ports").find(|port| text(port, "/targetPort") == Some(TARGET_PORT));
        let keys = [
            port.and_then(|port| text(port, "/name").map(str::to_owned)),
            port.and_then(|port| Some(port.get("port")?.to_string())),
        ];
        let of_port = |key: String| configs.get("ports")?.get(key)?.as_str();
        let name = keys.into_iter().flatten().find_map(of_port).or_else(|| configs.get("default")?.as_str());
        name.map(str::to_owned).ok_or_else(|| Problem {
            what: format!("{BACKEND_CONFIG} names no BackendConfig for the Milvus port: GKE finds Milvus unhealthy"),
            help: AGAIN.to_owned(),
        })
    }

    fn backend_config(&self, objects: &Objects<'_>) -> Result<String, Problem> {
        let name = self.named_backend_config()?;
        let Some(config) = objects.find("BackendConfig", &name, self.namespace) else {
            return Ok(format!("BackendConfig {name}: not in the input"));
        };
        let check = |key| at(config, "/spec/healthCheck").and_then(|check| check.get(key));
        let (kind, path) = (check("type").and_then(Value::as_str), check("requestPath").and_then(Value::as_str));
        match (kind, check("port"), path) {
            (Some("HTTP"), Some(port), Some("/healthz")) => {
                Ok(format!("BackendConfig {name}: health check HTTP, port {port}, /healthz"))
            }
            _ => Err(Problem {
                what: format!("the health check of BackendConfig {name} is not Milvus's: GKE finds Milvus unhealthy"),
                help: format!(
                    "type HTTP, port 9091 and requestPath /healthz must all be there; see \
                    `kubectl get backendconfig {}{} -o yaml`",
                    shell_word(&name),
                    self.namespace.map(|name| format!(" --namespace {}", shell_word(name))).unwrap_or_default(),
                ),
            }),
        }
    }
}

struct Problem {
    what: String,
    help: String,
}

const AGAIN: &str = "upgrade the release again with milvus-gke-l7 as post-renderer";

/// Objects come one after the other.
pub(super) const SECONDS: &str = "seconds after the upgrade";

/// The backends of an Ingress.
fn paths(ingress: &Value) -> impl Iterator<Item = &Value> {
    let of_rules = items(ingress, "/spec/rules").flat_map(|rule| items(rule, "/http/paths"));
    of_rules.filter_map(|path| path.get("backend")).chain(at(ingress, "/spec/defaultBackend"))
}
