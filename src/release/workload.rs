//! The workloads (Deployments, StatefulSets) that mount Milvus's configuration.

use json_patch::jsonptr::PointerBuf;
use serde_json::{Map, Value};

use super::service::TARGET_PORT;
use super::version::Version;
use crate::object::{Object, at, items, path, text};
use crate::refusal::{Reason, Refusal};
use crate::stream::{DocumentId, Stream};

/// The volume through which the chart mounts its ConfigMap, in every version.
pub const VOLUME: &str = "milvus-config";

/// The container port of Milvus's health check and metrics.
const METRICS: &str = "metrics";

/// An object with a pod template.
#[derive(Debug)]
pub struct Workload<'i> {
    /// The document.
    pub object: Object<'i>,
}

/// The ConfigMap that Milvus reads its configuration from, and the volume that says so.
#[derive(Debug)]
pub struct ConfigVolume {
    /// Name of the ConfigMap.
    pub config_map: String,
    volume: PointerBuf,
}

/// The container that serves gRPC.
#[derive(Debug)]
pub struct Server {
    /// Container port of Milvus's gRPC server.
    pub grpc_port: u16,
    /// Container port of `/healthz`, plain HTTP whatever the TLS mode is.
    pub health_port: u16,
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
    /// Where it stands in the workload.
    pub path: PointerBuf,
}

const CONTAINERS: &str = "/spec/template/spec/containers";
const CONTAINERS_PATH: &[&str] = &["spec", "template", "spec", "containers"];
const INIT_CONTAINERS_PATH: &[&str] = &["spec", "template", "spec", "initContainers"];
const VOLUMES: &str = "/spec/template/spec/volumes";

impl<'i> Workload<'i> {
    /// Parses what the rules need of every workload: the containers, by far the most of
    /// it, are needed of the serving one only ([`Workload::server`]).
    ///
    /// # Errors
    ///
    /// As [`Object::parse`].
    pub fn parse(stream: &Stream<'i>, id: DocumentId) -> Result<Self, Refusal> {
        const ENTRIES: &[&[&str]] = &[
            &["kind"],
            &["metadata", "name"],
            &["metadata", "namespace"],
            &["metadata", "annotations"],
            &["spec", "template", "metadata"],
            &["spec", "template", "spec", "volumes"],
        ];
        Ok(Self { object: Object::parse_entries(stream, id, ENTRIES)? })
    }

    /// The ConfigMap behind the volume `milvus-config`.
    #[must_use]
    pub fn config_volume(&self) -> Option<ConfigVolume> {
        let volumes = items(self.object.value(), VOLUMES).enumerate();
        let (index, config_map) = volumes
            .filter(|(_, volume)| text(volume, "/name") == Some(VOLUME))
            .find_map(|(index, volume)| Some((index, text(volume, "/configMap/name")?.to_owned())))?;
        let volume = path(["spec", "template", "spec", "volumes", &index.to_string()]);
        Some(ConfigVolume { config_map, volume })
    }

    /// Whether a volume of any name is made of this ConfigMap: the chart's Woodpecker
    /// mounts Milvus's configuration as `woodpecker-config`.
    #[must_use]
    pub fn mounts(&self, config_map: &str) -> bool {
        items(self.object.value(), VOLUMES).any(|volume| {
            let projected =
                items(volume, "/projected/sources").any(|source| text(source, "/configMap/name") == Some(config_map));
            projected || text(volume, "/configMap/name") == Some(config_map)
        })
    }

    /// Whether a Service with this selector selects the workload's pods.
    #[must_use]
    pub fn matches(&self, selector: &Map<String, Value>) -> bool {
        let labels = at(self.object.value(), "/spec/template/metadata/labels").and_then(Value::as_object);
        !selector.is_empty()
            && labels.is_some_and(|labels| selector.iter().all(|(key, value)| labels.get(key) == Some(value)))
    }

    /// The container that the Service's port leads to.
    ///
    /// # Errors
    ///
    /// [`Reason::NoUserYaml`] where settings in `user.yaml` would not reach it,
    /// [`Reason::NoContainerPort`] where the gRPC or the health port is not declared.
    pub fn server(&self, volume: &ConfigVolume) -> Result<Server, Refusal> {
        let containers = self.object.more(&[CONTAINERS_PATH, INIT_CONTAINERS_PATH])?;
        let value = containers.value();
        if !mounts_user_yaml(value) {
            return Err(self.object.refuse(Reason::NoUserYaml, volume.volume.clone()));
        }
        let mut containers = items(value, CONTAINERS).enumerate();
        let serving = containers.find_map(|(index, container)| Some((index, container, port(container, TARGET_PORT)?)));
        let Some((index, container, grpc_port)) = serving else {
            return Err(self.refuse_port(TARGET_PORT));
        };
        // Ports belong to the pod: a sidecar may declare it as well.
        let health_port = items(value, CONTAINERS).find_map(|container| port(container, METRICS));
        let Some(health_port) = health_port else {
            return Err(self.refuse_port(METRICS));
        };
        let environment = items(container, "/env")
            .enumerate()
            .filter_map(|(at, variable)| {
                let value = variable.get("value").and_then(Value::as_str).map(str::to_owned);
                let (index, at) = (index.to_string(), at.to_string());
                let path = path(["spec", "template", "spec", "containers", &index, "env", &at]);
                Some(Variable { name: text(variable, "/name")?.to_owned(), value, path })
            })
            .collect();
        let version = text(container, "/image").and_then(Version::of_image);
        Ok(Server { grpc_port, health_port, version, environment, document: self.object.id })
    }

    pub(super) fn refuse_config_map(&self, volume: &ConfigVolume) -> Refusal {
        let reason = Reason::CustomConfigMap { config_map: volume.config_map.clone() };
        self.object.refuse(reason, volume.volume.clone())
    }

    fn refuse_port(&self, port: &'static str) -> Refusal {
        self.object.refuse(Reason::NoContainerPort { port }, path(["spec", "template", "spec", "containers"]))
    }
}

/// Whether `user.yaml` reaches Milvus at all, be it through an init container that merges it.
fn mounts_user_yaml(pod: &Value) -> bool {
    items(pod, CONTAINERS)
        .chain(items(pod, "/spec/template/spec/initContainers"))
        .flat_map(|container| items(container, "/volumeMounts"))
        .filter(|mount| text(mount, "/name") == Some(VOLUME))
        .any(|mount| matches!(text(mount, "/subPath"), None | Some("user.yaml")))
}

/// The number of a container's port.
fn port(container: &Value, name: &str) -> Option<u16> {
    items(container, "/ports")
        .find(|port| text(port, "/name") == Some(name))
        .and_then(|port| u16::try_from(port.get("containerPort")?.as_u64()?).ok())
}
