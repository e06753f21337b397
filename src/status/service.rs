//! The Milvus Service: GKE's annotations, the BackendConfig they name, and the network endpoint groups.

use serde_json::{Map, Value};

use super::objects::{Objects, leaving};
use super::step::{State, Step};
use crate::gke::annotation::{
    APP_PROTOCOLS, APP_PROTOCOLS_ALPHA, BACKEND_CONFIG, BACKEND_CONFIG_BETA, NEG, NEG_STATUS,
};
use crate::gke::ingress::{Backend, Ingress, backends};
use crate::gke::service::{AppProtocols, AppProtocolsError, BackendConfigs, Neg};
use crate::gke::{health, kind};
use crate::kube::object::Object as _;
use crate::kube::service::{Port, ports};
use crate::kube::value::{str_at, value_at};
use crate::milvus::service::{INSTANCE, grpc_port, leads_to_milvus};
use crate::text::{namespace_flag, shell_word};

/// A live Service.
#[derive(Debug, Clone, Copy)]
pub(super) struct Service<'v> {
    pub(super) value: &'v Value,
    /// The port that leads to Milvus's gRPC server.
    port: Port<'v>,
    pub(super) name: &'v str,
    pub(super) namespace: Option<&'v str>,
    pub(super) release: Option<&'v str>,
}

impl<'v> Service<'v> {
    /// A Service with a port that leads to Milvus.
    pub(super) fn read(object: &'v Value) -> Option<Self> {
        Some(Self {
            port: grpc_port(object)?,
            value: object,
            name: object.name()?,
            namespace: object.namespace(),
            release: object.label(INSTANCE),
        })
    }

    /// The annotations, step by step.
    pub(super) fn steps(&self, ingresses: &[Ingress<'_>], objects: &Objects<'_>) -> Vec<Step> {
        let title = format!("Service {}", self.name);
        if let Some(since) = leaving(self.value) {
            let step = Step::waiting(
                format!("{title}: being deleted since {since}"),
                format!("Service {}, which is being deleted", self.name),
            );
            return vec![step.help("install the release again once it is gone")];
        }
        // Helm changes the Service before it makes the Ingress: both missing is a beginning, not a mistake.
        if !self.is_annotated() && ingresses.is_empty() {
            let step = Step::waiting(title, "the annotations of the Milvus Service")
                .detail("it has none of GKE's annotations");
            return vec![step.help("upgrade the release with milvus-gke-l7 as post-renderer").usually(SECONDS)];
        }
        let found = [self.protocols(ingresses), self.neg(), self.backend_config(objects)];
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

    /// Behind a Gateway alone its annotations do not count.
    pub(super) fn behind_gateway(&self) -> Step {
        let said = str_at(self.port.value, "/appProtocol").unwrap_or("missing: GKE then speaks HTTP/1.1");
        Step::done(format!("Service {}", self.name)).detail(format!("appProtocol of the Milvus port: {said}"))
    }

    /// Whether it is made ready for a load balancer of GKE.
    pub(super) fn is_annotated(&self) -> bool {
        let keys = [APP_PROTOCOLS, APP_PROTOCOLS_ALPHA, BACKEND_CONFIG, BACKEND_CONFIG_BETA, NEG];
        keys.iter().any(|key| self.value.annotation(key).is_some())
    }

    /// Whether the chart has named its port to Milvus.
    pub(super) fn is_charts(&self) -> bool {
        leads_to_milvus(&self.port)
    }

    /// Whether a backend is its port to Milvus.
    pub(super) fn is_at(&self, backend: &Backend<'_>) -> bool {
        backend.service == Some(self.name) && backend.names_port(self.port)
    }

    /// The same, or a port that it does not have.
    pub(super) fn is_meant_by(&self, backend: &Backend<'_>) -> bool {
        let is_other = ports(self.value).any(|port| backend.names_port(port) && port.index != self.port.index);
        backend.service == Some(self.name) && !is_other
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
                .detail(format!("GKE writes the annotation {NEG_STATUS} of the Service when it has created them"))
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
        serde_json::from_str(self.value.annotation(NEG_STATUS)?).ok()
    }

    fn protocols(&self, ingresses: &[Ingress<'_>]) -> Result<String, Problem> {
        let read = AppProtocols::read(self.value);
        let key = read.as_ref().map_or(APP_PROTOCOLS, |read| read.key);
        let problem = |what: String| Problem {
            help: match key {
                // If both are there the older one holds.
                APP_PROTOCOLS_ALPHA => {
                    format!("remove the annotation {APP_PROTOCOLS_ALPHA}: GKE reads it before {APP_PROTOCOLS}")
                }
                _ => AGAIN.to_owned(),
            },
            what,
        };
        let other = |port: &str, protocol: &str| {
            problem(format!("{key} says {protocol} for port {port}, but Milvus needs HTTP2"))
        };
        let protocols = match read.map(|read| read.protocols) {
            None => Map::new(),
            Some(Ok(protocols)) => protocols,
            Some(Err(AppProtocolsError::Unknown { port, protocol })) => return Err(other(&port, &protocol)),
            Some(Err(_)) => return Err(problem(not_json(key))),
        };
        let mut said = Vec::new();
        for port in ports(self.value) {
            let is_milvus = port.index == self.port.index;
            if !is_milvus && !ingresses.iter().any(|ingress| self.is_led_to(ingress.value, port)) {
                continue;
            }
            let name = port.name().unwrap_or_default();
            let protocol = protocols.get(name).and_then(Value::as_str);
            match protocol {
                Some("HTTP2") => {}
                Some("HTTPS") if !is_milvus => {}
                Some(protocol) => return Err(other(name, protocol)),
                None => {
                    let what = format!("{APP_PROTOCOLS} does not name port `{name}`: GKE speaks plain HTTP to it");
                    return Err(problem(what));
                }
            }
            said.push(format!("{name} {}", protocol.unwrap_or_default()));
        }
        Ok(format!("protocols: {}", said.join(", ")))
    }

    fn is_led_to(&self, ingress: &Value, port: Port<'_>) -> bool {
        backends(ingress).any(|backend| backend.service == Some(self.name) && backend.names_port(port))
    }

    fn neg(&self) -> Result<String, Problem> {
        let what = match (Neg::read(self.value), str_at(self.value, "/spec/type").unwrap_or("ClusterIP")) {
            (Neg::On { .. }, _) => return Ok("network endpoint groups: requested".to_owned()),
            (Neg::NotJson, _) => not_json(NEG),
            (_, "ClusterIP") => {
                format!("{NEG} does not say {{\"ingress\": true}}: GKE does not accept a ClusterIP Service without it")
            }
            _ => {
                format!(
                    "{NEG} does not say {{\"ingress\": true}}: GKE then checks the health of the nodes, not of Milvus"
                )
            }
        };
        Err(Problem { what, help: AGAIN.to_owned() })
    }

    /// Whether the BackendConfig that it names is in the input.
    pub(super) fn has_backend_config(&self, objects: &Objects<'_>) -> bool {
        self.named_backend_config().is_ok_and(|name| objects.has(kind::BACKEND_CONFIG.name, &name, self.namespace))
    }

    /// The BackendConfig for the Milvus port.
    fn named_backend_config(&self) -> Result<String, Problem> {
        let problem = |what| Problem { what, help: AGAIN.to_owned() };
        let configs = match BackendConfigs::read(self.value) {
            Some((key, None)) => return Err(problem(not_json(key))),
            Some((_, Some(configs))) => configs,
            None => BackendConfigs::default(),
        };
        let name = configs.of(self.port).map(str::to_owned);
        name.ok_or_else(|| {
            problem(format!(
                "{BACKEND_CONFIG} does not name a BackendConfig for the Milvus port: GKE finds Milvus unhealthy"
            ))
        })
    }

    fn backend_config(&self, objects: &Objects<'_>) -> Result<String, Problem> {
        let name = self.named_backend_config()?;
        let Some(config) = objects.find(kind::BACKEND_CONFIG.name, &name, self.namespace) else {
            return Ok(format!("BackendConfig {name}: not in the input"));
        };
        if value_at(config, "/spec/iap/enabled") == Some(&Value::Bool(true)) {
            return Err(Problem {
                what: format!("BackendConfig {name} has IAP on: it redirects gRPC calls to a login page"),
                help: format!(
                    "set spec.iap.enabled of BackendConfig {name} to false; Milvus can ask for passwords itself"
                ),
            });
        }
        let see =
            || format!("kubectl get backendconfig {}{} -o yaml", shell_word(&name), namespace_flag(self.namespace));
        if !health::is_milvus(value_at(config, "/spec/healthCheck").unwrap_or(&Value::Null)) {
            return Err(Problem {
                what: format!("the health check of BackendConfig {name} is not Milvus's: GKE finds Milvus unhealthy"),
                help: format!(
                    "type {}, port {} and requestPath {} must all be set; see `{}`",
                    health::TYPE,
                    health::PORT,
                    health::PATH,
                    see(),
                ),
            });
        }
        let said = |key| value_at(config, "/spec/healthCheck").and_then(|check| check.get(key)).unwrap_or(&Value::Null);
        let path = said("requestPath").as_str().unwrap_or_default();
        Ok(format!("BackendConfig {name}: health check {}, port {}, {path}", health::TYPE, said("port")))
    }
}

struct Problem {
    what: String,
    help: String,
}

const AGAIN: &str = "upgrade the release again with milvus-gke-l7 as post-renderer";

/// Objects come one after the other.
pub(super) const SECONDS: &str = "seconds after the upgrade";

fn not_json(key: &str) -> String {
    format!("the annotation {key} is not a JSON object")
}
