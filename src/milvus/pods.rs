//! The pods of a workload, as their template describes them.

use json_patch::jsonptr::PointerBuf;
use serde_json::{Map, Value};

use super::service::TARGET_PORT;
use super::version::Version;
use crate::kube::object::{Object, selects};
use crate::kube::value::{array_at, pointer, str_at, value_at};
use crate::stream::DocumentId;

/// The volume through which the chart mounts its ConfigMap, in every version.
pub const VOLUME: &str = "milvus-config";

/// The name of the container port of Milvus's health check and metrics.
pub const METRICS: &str = "metrics";

/// A workload's pods.
#[derive(Debug, Clone, Copy)]
pub struct Pods<'v> {
    /// The workload's document.
    pub document: DocumentId,
    /// The pod template; a Pod is its own.
    pub template: &'v Value,
    is_pod: bool,
}

/// The ConfigMap that Milvus reads its configuration from.
#[derive(Debug)]
pub struct ConfigVolume<'v> {
    /// Name of the ConfigMap.
    pub config_map: &'v str,
    /// Where the volume is in the workload.
    pub pointer: PointerBuf,
}

/// The container that serves gRPC.
#[derive(Debug)]
pub struct Server {
    /// Container port of Milvus's gRPC server.
    pub grpc_port: u16,
    /// Container port of `/healthz`, plain HTTP whatever the TLS mode is.
    pub health_port: Option<u16>,
    /// `None` where the image tag does not tell.
    pub version: Option<Version>,
    /// Its environment, as far as the workload tells.
    pub environment: Vec<Variable>,
    /// The workload's document.
    pub document: DocumentId,
}

/// An environment variable.
#[derive(Debug)]
pub struct Variable {
    /// Its name.
    pub name: String,
    /// Its value, if that is given literally.
    pub value: Option<String>,
    /// Where it is in the workload.
    pub path: PointerBuf,
}

impl<'v> Pods<'v> {
    /// The pods of the workload in `document`; `None` where it describes none.
    #[must_use]
    pub fn of(document: DocumentId, workload: &'v Value) -> Option<Self> {
        let is_pod = workload.kind() == "Pod";
        let template = if is_pod { workload } else { value_at(workload, "/spec/template")? };
        Some(Self { document, template, is_pod })
    }

    /// Their labels.
    #[must_use]
    pub fn labels(&self) -> Option<&'v Map<String, Value>> {
        value_at(self.template, "/metadata/labels")?.as_object()
    }

    /// Whether a Service with this selector selects them.
    #[must_use]
    pub fn are_selected(&self, selector: &Map<String, Value>) -> bool {
        self.labels().is_some_and(|labels| selects(selector, labels))
    }

    /// Whether they run Milvus, which alone mounts its configuration so.
    #[must_use]
    pub fn run_milvus(&self) -> bool {
        self.volumes().any(|volume| str_at(volume, "/name") == Some(VOLUME))
            && array_at(self.template, "/spec/containers").any(|container| port(container, TARGET_PORT).is_some())
    }

    fn volumes(&self) -> impl Iterator<Item = &'v Value> + use<'v> {
        array_at(self.template, "/spec/volumes")
    }

    /// Containers that stay: a native sidecar is an init container.
    fn running_containers(&self) -> impl Iterator<Item = &'v Value> + use<'v> {
        let sidecars = array_at(self.template, "/spec/initContainers")
            .filter(|container| str_at(container, "/restartPolicy") == Some("Always"));
        array_at(self.template, "/spec/containers").chain(sidecars)
    }

    /// The number of the container port of this name. Ports belong to the pod: a sidecar may declare it as well.
    #[must_use]
    pub fn port(&self, name: &str) -> Option<u64> {
        self.running_containers().find_map(|container| port(container, name))
    }

    /// Whether a container declares a port of this number.
    #[must_use]
    pub fn has_port(&self, number: u64) -> bool {
        self.running_containers()
            .flat_map(|container| array_at(container, "/ports"))
            .any(|port| value_at(port, "/containerPort").and_then(Value::as_u64) == Some(number))
    }

    /// Whether any port is declared at all: Kubernetes does not ask for it.
    #[must_use]
    pub fn declare_ports(&self) -> bool {
        self.running_containers().any(|container| array_at(container, "/ports").next().is_some())
    }

    /// The volume `milvus-config` that is made of a ConfigMap.
    #[must_use]
    pub fn config_volume(&self) -> Option<ConfigVolume<'v>> {
        let mut volumes = self.volumes().enumerate();
        volumes.find_map(|(index, volume)| {
            let config_map = str_at(volume, "/configMap/name").filter(|_| str_at(volume, "/name") == Some(VOLUME))?;
            Some(ConfigVolume { config_map, pointer: self.pointer(["spec", "volumes", &index.to_string()]) })
        })
    }

    /// Whether a volume of any name is made of this ConfigMap: the chart's Woodpecker
    /// mounts Milvus's configuration as `woodpecker-config`.
    #[must_use]
    pub fn mount(&self, config_map: &str) -> bool {
        self.volumes().any(|volume| {
            let mut sources = array_at(volume, "/projected/sources").chain([volume]);
            sources.any(|source| str_at(source, "/configMap/name") == Some(config_map))
        })
    }

    /// Whether `user.yaml` reaches Milvus at all, be it through an init container that merges it.
    #[must_use]
    pub fn mount_user_yaml(&self) -> bool {
        array_at(self.template, "/spec/containers")
            .chain(array_at(self.template, "/spec/initContainers"))
            .flat_map(|container| array_at(container, "/volumeMounts"))
            .filter(|mount| str_at(mount, "/name") == Some(VOLUME))
            .any(|mount| matches!(str_at(mount, "/subPath"), None | Some("user.yaml")))
    }

    /// The container that serves gRPC; `None` where no container declares the port.
    #[must_use]
    pub fn server(&self) -> Option<Server> {
        let mut containers = array_at(self.template, "/spec/containers").enumerate();
        let (index, container, grpc_port) =
            containers.find_map(|(index, container)| Some((index, container, port(container, TARGET_PORT)?)))?;
        let environment = array_at(container, "/env").enumerate().filter_map(|(at, variable)| {
            let value = variable.get("value").and_then(Value::as_str).map(str::to_owned);
            let path = self.pointer(["spec", "containers", &index.to_string(), "env", &at.to_string()]);
            Some(Variable { name: str_at(variable, "/name")?.to_owned(), value, path })
        });
        Some(Server {
            grpc_port: u16::try_from(grpc_port).ok()?,
            health_port: self.port(METRICS).and_then(|port| u16::try_from(port).ok()),
            version: str_at(container, "/image").and_then(Version::of_image),
            environment: environment.collect(),
            document: self.document,
        })
    }

    /// Where something in the template is in the workload.
    #[must_use]
    pub fn pointer<'t>(&self, tokens: impl IntoIterator<Item = &'t str>) -> PointerBuf {
        let template: &[&str] = if self.is_pod { &[] } else { &["spec", "template"] };
        pointer(template.iter().copied().chain(tokens))
    }
}

/// The number of a container's port.
fn port(container: &Value, name: &str) -> Option<u64> {
    array_at(container, "/ports")
        .find(|port| str_at(port, "/name") == Some(name))
        .and_then(|port| value_at(port, "/containerPort")?.as_u64())
}
