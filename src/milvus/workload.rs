//! The workloads (Deployments, StatefulSets) that mount Milvus's configuration.

use json_patch::jsonptr::PointerBuf;
use serde_json::{Map, Value};

use super::pods::{ConfigFile, ConfigVolume, METRICS, Pods, Server};
use super::service::TARGET_PORT;
use crate::kube::object::{Object as _, Parsed};
use crate::kube::value::pointer;
use crate::report::refusal::{Reason, Refusal};
use crate::stream::{DocumentId, Stream};
use crate::yaml::Entries;

/// What Milvus's settings are needed for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Use {
    /// They will be changed, in `user.yaml`.
    #[default]
    Edit,
    /// They are read, in whichever file they are.
    Read,
}

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
const CONTAINERS: Entries = &[
    &["spec", "template", "spec", "containers"],
    &["spec", "template", "spec", "initContainers"],
    &["spec", "template", "spec", "volumes"],
];

/// What a workload says of Milvus.
#[derive(Debug)]
pub struct Serving {
    /// The container that the Service's port leads to.
    pub server: Server,
    /// Container port of Milvus's health check.
    pub health_port: u16,
    /// The user's settings.
    pub config: ConfigFile,
    /// Where their volume is.
    pub volume: PointerBuf,
    /// The workload's.
    pub namespace: Option<String>,
    /// Its pods'.
    pub labels: Map<String, Value>,
}

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

    /// What it says of Milvus; `None` if it does not run Milvus.
    ///
    /// # Errors
    ///
    /// [`Reason::NoUserYaml`] where settings in `user.yaml` would not reach it,
    /// [`Reason::UserYamlElsewhere`] and [`Reason::UnseenUserYaml`] where they come from something else than a
    /// ConfigMap,
    /// [`Reason::NoContainerPort`] where the gRPC or the health port is not declared.
    pub fn serving(&self, settings: Use) -> Result<Option<Serving>, Refusal> {
        let containers = self.object.more(CONTAINERS)?;
        let Some(pods) = Pods::of(self.object.id, containers.value()) else { return Ok(None) };
        let volume = pods.config_volume().or_else(|| match settings {
            Use::Edit => None,
            Use::Read => pods.old_config_volume(),
        });
        let Some(ConfigVolume { file, pointer: volume }) = volume else {
            return pods.charts_volume().map_or(Ok(None), |volume| Err(self.object.refuse(Reason::NoUserYaml, volume)));
        };
        let Some(config) = file else {
            let reason = match settings {
                Use::Edit => Reason::UserYamlElsewhere,
                Use::Read => Reason::UnseenUserYaml,
            };
            return Err(self.object.refuse(reason, volume));
        };
        let server = pods.port(TARGET_PORT).and_then(|_| pods.server(&TARGET_PORT.into()));
        let server = server.ok_or_else(|| self.refuse_port(TARGET_PORT))?;
        let health_port = server.health_port.ok_or_else(|| self.refuse_port(METRICS))?;
        let namespace = self.object.namespace().map(str::to_owned);
        let labels = self.pods().and_then(|pods| pods.labels()).cloned().unwrap_or_default();
        Ok(Some(Serving { server, health_port, config, volume, namespace, labels }))
    }

    fn refuse_port(&self, port: &'static str) -> Refusal {
        self.object.refuse(Reason::NoContainerPort { port }, pointer(["spec", "template", "spec", "containers"]))
    }
}
