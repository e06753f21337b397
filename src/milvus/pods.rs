//! The pods of a workload, as their template describes them.

use json_patch::jsonptr::PointerBuf;
use serde_json::{Map, Value};

use super::service::GRPC_PORT;
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

/// Where a pod has the user's settings: where Milvus reads them, and where the Milvus Operator's script takes them from.
const USER_YAML: [&str; 2] = ["/milvus/configs/user.yaml", "/milvus/configs/operator/user.yaml"];

/// Where a chart up to 3.3.1 has all settings, in the place of those that the image brings.
const MILVUS_YAML: [&str; 1] = ["/milvus/configs/milvus.yaml"];

/// The volume with the user's settings.
#[derive(Debug, Clone)]
pub struct ConfigVolume {
    /// `None` where they come from something else.
    pub file: Option<ConfigFile>,
    /// Where the volume is in the workload.
    pub pointer: PointerBuf,
}

/// The user's settings in a ConfigMap.
#[derive(Debug, Clone)]
pub struct ConfigFile {
    /// Name of the ConfigMap.
    pub config_map: String,
    /// Which of its `data` it is: in the chart `user.yaml`.
    pub key: String,
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
        self.has_charts_volume() || self.config_volume().is_some()
    }

    /// Whether there is a volume of the chart's name.
    #[must_use]
    pub fn has_charts_volume(&self) -> bool {
        self.volumes().any(|volume| str_at(volume, "/name") == Some(VOLUME))
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

    /// The volume with the user's settings, be they merged by an init container.
    #[must_use]
    pub fn config_volume(&self) -> Option<ConfigVolume> {
        self.volume_of(&USER_YAML)
    }

    /// The volume with all of Milvus's settings, which has no file of the user's beside it.
    #[must_use]
    pub fn old_config_volume(&self) -> Option<ConfigVolume> {
        self.volume_of(&MILVUS_YAML)
    }

    fn volume_of(&self, files: &[&str]) -> Option<ConfigVolume> {
        let containers = ["/spec/containers", "/spec/initContainers"].into_iter();
        let containers = containers.flat_map(|containers| array_at(self.template, containers));
        let mounts = containers.flat_map(|container| mounts(container, files));
        // Of nested mounts the innermost counts.
        let (_, name, path) = mounts.max_by_key(|(depth, ..)| *depth)?;
        let (index, volume) = self.volumes().enumerate().find(|(_, volume)| str_at(volume, "/name") == Some(name))?;
        let sources = array_at(volume, "/projected/sources").chain([volume]);
        let file = sources.filter_map(|source| source.get("configMap")).find_map(|config_map| {
            let key = match array_at(config_map, "/items").find(|item| str_at(item, "/path") == Some(&path)) {
                Some(item) => str_at(item, "/key")?,
                None if config_map.get("items").is_none() => &path,
                None => return None,
            };
            Some(ConfigFile { config_map: str_at(config_map, "/name")?.to_owned(), key: key.to_owned() })
        });
        Some(ConfigVolume { file, pointer: self.pointer(["spec", "volumes", &index.to_string()]) })
    }

    /// Where the volume of the chart's name is.
    #[must_use]
    pub fn charts_volume(&self) -> Option<PointerBuf> {
        let index = self.volumes().position(|volume| str_at(volume, "/name") == Some(VOLUME))?;
        Some(self.pointer(["spec", "volumes", &index.to_string()]))
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

    /// The container that serves gRPC on the port which a Service targets by name or number; else, as Kubernetes does
    /// not ask for declared ports, the one that mounts Milvus's settings. `None` where there is neither.
    #[must_use]
    pub fn server(&self, target: &Value) -> Option<Server> {
        let containers = || array_at(self.template, "/spec/containers").enumerate();
        let declared =
            containers().find_map(|(index, container)| Some((index, container, target_port(container, target)?)));
        let (index, container, grpc_port) = declared.or_else(|| {
            let (index, container) =
                containers().find(|(_, container)| mounts(container, &USER_YAML).next().is_some())?;
            Some((index, container, target.as_u64().unwrap_or(GRPC_PORT)))
        })?;
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

/// The number of the container's port that a Service targets by name or number.
fn target_port(container: &Value, target: &Value) -> Option<u64> {
    if let Some(name) = target.as_str() {
        return port(container, name);
    }
    let mut numbers = array_at(container, "/ports").filter_map(|port| value_at(port, "/containerPort")?.as_u64());
    numbers.find(|number| Some(*number) == target.as_u64())
}

/// The mounts through which a container has one of the files: how deep each is, its volume, and the file in that.
fn mounts<'v>(container: &'v Value, files: &[&str]) -> impl Iterator<Item = (usize, &'v str, String)> {
    array_at(container, "/volumeMounts").filter_map(|mount| {
        let folder = str_at(mount, "/mountPath")?.trim_end_matches('/');
        let below = files.iter().find_map(|file| file.strip_prefix(folder))?;
        let path = match (str_at(mount, "/subPath"), below.strip_prefix('/')) {
            (Some(path), None) if below.is_empty() => path.to_owned(),
            (Some(path), Some(below)) => format!("{path}/{below}"),
            (None, Some(below)) => below.to_owned(),
            // A folder in the place of the file, or another path that begins so.
            _ => return None,
        };
        Some((folder.len(), str_at(mount, "/name")?, path))
    })
}
