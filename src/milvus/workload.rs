//! The workloads (Deployments, StatefulSets) that mount Milvus's configuration.

use super::pods::{ConfigVolume, METRICS, Pods, Server};
use super::service::TARGET_PORT;
use crate::kube::object::Parsed;
use crate::kube::value::pointer;
use crate::report::refusal::{Reason, Refusal};
use crate::stream::{DocumentId, Stream};
use crate::yaml::Entries;

/// An object with a pod template.
#[derive(Debug)]
pub struct Workload<'i> {
    /// The document.
    pub object: Parsed<'i>,
}

/// What the rules need of every workload.
pub const ENTRIES: Entries = &[
    &["kind"],
    &["metadata", "name"],
    &["metadata", "namespace"],
    &["metadata", "annotations"],
    &["spec", "template", "metadata"],
    &["spec", "template", "spec", "volumes"],
];

/// By far the most of a workload, and only the serving one's are of interest.
const CONTAINERS: Entries =
    &[&["spec", "template", "spec", "containers"], &["spec", "template", "spec", "initContainers"]];

impl<'i> Workload<'i> {
    /// Parses what the rules need of every workload.
    ///
    /// # Errors
    ///
    /// As [`Parsed::parse`].
    pub fn parse(stream: &'i Stream<'_>, id: DocumentId) -> Result<Self, Refusal> {
        Ok(Self { object: Parsed::parse_entries(stream, id, ENTRIES)? })
    }

    /// Its pods, without their containers.
    #[must_use]
    pub fn pods(&self) -> Option<Pods<'_>> {
        Pods::of(self.object.id, self.object.document.value())
    }

    /// The container that the Service's port leads to, and its health port.
    ///
    /// # Errors
    ///
    /// [`Reason::NoUserYaml`] where settings in `user.yaml` would not reach it,
    /// [`Reason::NoContainerPort`] where the gRPC or the health port is not declared.
    pub fn server(&self, volume: &ConfigVolume<'_>) -> Result<(Server, u16), Refusal> {
        let containers = self.object.more(CONTAINERS)?;
        let pods = Pods::of(self.object.id, containers.value());
        if !pods.is_some_and(|pods| pods.mount_user_yaml()) {
            return Err(self.object.refuse(Reason::NoUserYaml, volume.pointer.clone()));
        }
        let Some(server) = pods.and_then(|pods| pods.server()) else {
            return Err(self.refuse_port(TARGET_PORT));
        };
        let Some(health_port) = server.health_port else {
            return Err(self.refuse_port(METRICS));
        };
        Ok((server, health_port))
    }

    pub(super) fn refuse_config_map(&self, volume: &ConfigVolume<'_>) -> Refusal {
        let reason = Reason::CustomConfigMap { config_map: volume.config_map.to_owned() };
        self.object.refuse(reason, volume.pointer.clone())
    }

    fn refuse_port(&self, port: &'static str) -> Refusal {
        self.object.refuse(Reason::NoContainerPort { port }, pointer(["spec", "template", "spec", "containers"]))
    }
}
