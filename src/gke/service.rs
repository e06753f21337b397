//! A Service as GKE's Ingress controller reads it: annotations that hold JSON, read by Go
//! (ingress-gce pkg/annotations/service.go, pkg/backendconfig/utils.go).

use serde_json::{Map, Value};

use super::annotation;
use crate::kube::object::Object as _;
use crate::kube::service::Port;

/// What a Service says about the protocols of its ports.
#[derive(Debug)]
pub struct AppProtocols {
    /// Which of the two annotations holds: the older one, if it is there.
    pub key: &'static str,
    /// Protocols by port name.
    pub protocols: Result<Map<String, Value>, AppProtocolsError>,
}

/// Why GKE refuses the whole Ingress.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs, reason = "the message of each variant is its documentation")]
pub enum AppProtocolsError {
    #[error("the annotation is not a JSON object")]
    NotAnObject,
    #[error("the annotation is not JSON: {0}")]
    NotJson(String),
    #[error("the protocol of `{0}` is not a string")]
    NotAString(String),
    #[error("`{protocol}` is not a protocol that GKE knows")]
    Unknown { port: String, protocol: String },
}

/// The protocols that GKE knows. gRPC is HTTP2, which is always over TLS.
const PROTOCOLS: [&str; 3] = ["HTTP", "HTTPS", "HTTP2"];

impl AppProtocols {
    /// Reads the annotation, if there is one.
    #[must_use]
    pub fn read(service: &Value) -> Option<Self> {
        let keys = [annotation::APP_PROTOCOLS_ALPHA, annotation::APP_PROTOCOLS];
        let (key, written) = keys.into_iter().find_map(|key| Some((key, service.annotation(key)?)))?;
        Some(Self { key, protocols: Self::parse(written) })
    }

    fn parse(written: &str) -> Result<Map<String, Value>, AppProtocolsError> {
        let protocols = match serde_json::from_str(written) {
            Ok(Value::Object(protocols)) => protocols,
            Ok(Value::Null) => Map::new(),
            Ok(_) => return Err(AppProtocolsError::NotAnObject),
            Err(error) => {
                // Without the position, which is one in the annotation.
                let message = error.to_string();
                let message = message.split(" at line").next().unwrap_or_default();
                return Err(AppProtocolsError::NotJson(message.to_owned()));
            }
        };
        for (port, protocol) in &protocols {
            match protocol.as_str() {
                None => return Err(AppProtocolsError::NotAString(port.clone())),
                Some(protocol) if !PROTOCOLS.contains(&protocol) => {
                    let (port, protocol) = (port.clone(), protocol.to_owned());
                    return Err(AppProtocolsError::Unknown { port, protocol });
                }
                Some(_) => {}
            }
        }
        Ok(protocols)
    }
}

/// What a Service says about its BackendConfigs.
#[derive(Debug, Default)]
pub struct BackendConfigs {
    /// For ports that are not named.
    pub default: Option<String>,
    /// By port name or number.
    pub ports: Map<String, Value>,
}

impl BackendConfigs {
    /// The annotation that holds, and what it says; `None` where GKE cannot read it.
    #[must_use]
    pub fn read(service: &Value) -> Option<(&'static str, Option<Self>)> {
        let keys = [annotation::BACKEND_CONFIG, annotation::BACKEND_CONFIG_BETA];
        let (key, written) = keys.into_iter().find_map(|key| Some((key, service.annotation(key)?)))?;
        Some((key, Self::parse(written)))
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

    /// The name of a port's BackendConfig: GKE looks for the port's name, its number, and then for the default.
    #[must_use]
    pub fn of(&self, port: Port<'_>) -> Option<&str> {
        let number = port.number().map(|number| number.to_string());
        let named = |key: Option<&str>| self.ports.get(key?)?.as_str();
        named(port.name()).or_else(|| named(number.as_deref())).or(self.default.as_deref())
    }
}

/// Whether GKE makes network endpoint groups, through which the load balancer reaches pods directly. Without them it
/// does not take a ClusterIP Service, and of others it asks the nodes, not Milvus, for their health.
#[derive(Debug, PartialEq, Eq)]
pub enum Neg {
    /// The annotation is missing.
    Missing,
    /// It is not a JSON object: GKE refuses it.
    NotJson,
    /// `ingress` is not a boolean: GKE refuses it.
    NotBoolean,
    /// It does not ask for groups.
    Off,
    /// It asks for them.
    On {
        /// The name that it gives to one of them, which GKE refuses beside an Ingress.
        name: Option<String>,
    },
}

impl Neg {
    /// Reads the annotation.
    #[must_use]
    pub fn read(service: &Value) -> Self {
        let Some(written) = service.annotation(annotation::NEG) else { return Self::Missing };
        let value: Value = serde_json::from_str(written).unwrap_or_default();
        let ingress = field(&value, "ingress").filter(|ingress| !ingress.is_null());
        match ingress {
            _ if !value.is_object() => Self::NotJson,
            Some(Value::Bool(true)) => {
                let exposed = field(&value, "exposed_ports").and_then(Value::as_object);
                let name = exposed.into_iter().flat_map(Map::values).find_map(|port| field(port, "name")?.as_str());
                Self::On { name: name.filter(|name| !name.is_empty()).map(str::to_owned) }
            }
            None | Some(Value::Bool(false)) => Self::Off,
            Some(_) => Self::NotBoolean,
        }
    }
}

/// Go takes a field's name in any case.
fn field<'v>(value: &'v Value, name: &str) -> Option<&'v Value> {
    let fields = value.as_object()?;
    fields.get(name).or_else(|| fields.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value))
}
