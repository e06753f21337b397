//! The Service in front of Milvus.

use serde_json::{Map, Value};

use crate::kube::object::{Object, Parsed};
use crate::kube::service::{Port, ports};
use crate::kube::value::{pointer, str_at, value_at};
use crate::report::refusal::{Reason, Refusal};

/// What the chart's Service names as the target of its gRPC port, in every version.
pub const TARGET_PORT: &str = "milvus";

/// The number of Milvus's gRPC port, unless it is configured otherwise.
pub const GRPC_PORT: u64 = 19530;

/// The label that holds the release's name.
pub const INSTANCE: &str = "app.kubernetes.io/instance";

/// The Milvus Service.
#[derive(Debug)]
pub struct Service<'i> {
    /// The document.
    pub object: Parsed<'i>,
    /// `metadata.name`
    pub name: String,
    /// The port that leads to Milvus's gRPC server.
    pub port: NamedPort,
    /// `spec.selector`
    pub selector: Map<String, Value>,
}

/// A Service port that has a name.
#[derive(Debug)]
pub struct NamedPort {
    /// GKE's `app-protocols` annotation refers to it.
    pub name: String,
    /// The Ingress refers to it.
    pub number: u16,
}

/// The label that holds the chart's name and version.
pub const CHART: &str = "helm.sh/chart";

/// The version of the Milvus chart that an object is of.
#[must_use]
pub fn chart_version(object: &impl Object) -> Option<&str> {
    object.label(CHART)?.strip_prefix("milvus-")
}

/// Whether a port of a Service leads to Milvus's gRPC server, as in the chart.
#[must_use]
pub fn leads_to_milvus(port: &Port<'_>) -> bool {
    str_at(port.value, "/targetPort") == Some(TARGET_PORT)
}

/// The port of a Service that leads to Milvus's gRPC server, or is meant to: as in the chart, or by number.
#[must_use]
pub fn grpc_port(service: &Value) -> Option<Port<'_>> {
    let by = |wanted: &dyn Fn(&Port<'_>) -> bool| ports(service).find(|port| wanted(port));
    by(&leads_to_milvus)
        .or_else(|| by(&|port| port.target().and_then(Value::as_u64) == Some(GRPC_PORT)))
        .or_else(|| by(&|port| port.number() == Some(GRPC_PORT)))
}

impl<'i> Service<'i> {
    /// Whether a port of the Service leads to Milvus.
    #[must_use]
    pub fn leads_to_milvus(object: &Parsed<'_>) -> bool {
        ports(object.value()).any(|port| leads_to_milvus(&port))
    }

    /// Reads a Service that leads to Milvus.
    ///
    /// # Errors
    ///
    /// A [`Refusal`] where GKE could not use it.
    pub fn read(object: Parsed<'i>) -> Result<Self, Refusal> {
        let Some(name) = object.name().map(str::to_owned) else {
            return Err(object.refuse(Reason::NoServiceName, pointer(["metadata"])));
        };
        if str_at(object.value(), "/spec/type") == Some("ExternalName") {
            return Err(object.refuse(Reason::ExternalName { service: name }, pointer(["spec", "type"])));
        }
        let Some(port) = ports(object.value()).find(leads_to_milvus) else {
            return Err(Refusal::new(Reason::NoMilvusService));
        };
        let place = pointer(["spec", "ports", &port.index.to_string()]);
        let Some(port_name) = port.name() else {
            return Err(object.refuse(Reason::UnnamedPort { service: name }, place));
        };
        let number = port.number().and_then(|number| u16::try_from(number).ok());
        let Some(number) = number.filter(|&number| number > 0) else {
            return Err(object.refuse(Reason::NoPortNumber { service: name }, place));
        };
        let port = NamedPort { name: port_name.to_owned(), number };
        let selector =
            value_at(object.value(), "/spec/selector").and_then(Value::as_object).cloned().unwrap_or_default();
        Ok(Self { name, port, selector, object })
    }
}
