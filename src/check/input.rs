//! The objects of a stream that may concern Milvus behind a load balancer.

use memchr::memmem;
use serde_json::Value;

use crate::object::{Existing, Object, at, text};
use crate::refusal::{Reason, Refusal};
use crate::stream::head::Kind;
use crate::stream::{DocumentId, Stream};
use crate::yaml;

/// The objects, by kind.
#[derive(Debug, Default)]
pub(super) struct Input {
    pub(super) services: Vec<Existing>,
    pub(super) ingresses: Vec<Existing>,
    pub(super) backend_configs: Vec<Existing>,
    pub(super) frontend_configs: Vec<Existing>,
    pub(super) certificates: Vec<Existing>,
    pub(super) secrets: Vec<Existing>,
    /// What makes pods; pods themselves and ReplicaSets only where nothing above them is there.
    pub(super) workloads: Vec<Existing>,
    /// Read when needed: the chart's are long.
    pub(super) config_maps: Vec<DocumentId>,
}

/// Kinds of which something is read.
const KINDS: [&[u8]; 12] = [
    b"Service",
    b"Ingress",
    b"BackendConfig",
    b"FrontendConfig",
    b"ManagedCertificate",
    b"Secret",
    b"ConfigMap",
    b"Deployment",
    b"StatefulSet",
    b"DaemonSet",
    b"ReplicaSet",
    b"Pod",
];

impl Input {
    pub(super) fn read(stream: &Stream<'_>) -> Result<Self, Refusal> {
        let mut input = Self::default();
        let mut empty = true;
        let mut below = Vec::new();
        for id in stream.ids() {
            let kind = stream.kind(id);
            empty &= kind == Kind::Nothing;
            match kind {
                Kind::Known(b"ConfigMap") => input.config_maps.push(id),
                // A list that could not be opened may hold what is looked for.
                Kind::Known(kind) if !KINDS.contains(&kind) && !kind.ends_with(b"List") => {}
                Kind::Nothing => {}
                Kind::Known(_) | Kind::Unknown => match read(stream, id) {
                    Ok(object) => input.sort_in(object, &mut below),
                    Err(refusal) if may_concern_milvus(stream.body(id)) => return Err(refusal),
                    // A document that nobody can read is not ours to judge.
                    Err(_) => {}
                },
            }
        }
        if empty {
            return Err(Refusal::new(Reason::EmptyInput));
        }
        if input.workloads.is_empty() {
            input.workloads = below;
        }
        Ok(input)
    }

    fn sort_in(&mut self, object: Existing, below: &mut Vec<Existing>) {
        // Run by Helm, and not part of the release.
        if annotation(&object, "helm.sh/hook").is_some() {
            return;
        }
        // Others have kinds of these names as well.
        let version = text(&object.value, "/apiVersion").unwrap_or_default();
        let group = version.rsplit_once('/').map_or("", |(group, _)| group);
        let place = match (object.kind(), group) {
            ("Service", "") => &mut self.services,
            ("Ingress", "networking.k8s.io" | "extensions") => &mut self.ingresses,
            ("BackendConfig", "cloud.google.com") => &mut self.backend_configs,
            ("FrontendConfig", "networking.gke.io") => &mut self.frontend_configs,
            ("ManagedCertificate", "networking.gke.io") => &mut self.certificates,
            ("Secret", "") => &mut self.secrets,
            ("Deployment" | "StatefulSet" | "DaemonSet", "apps") => &mut self.workloads,
            // Old revisions have no pods.
            ("ReplicaSet", "apps") if at(&object.value, "/spec/replicas") == Some(&Value::from(0)) => return,
            ("ReplicaSet", "apps") | ("Pod", "") => below,
            ("ConfigMap", "") => {
                self.config_maps.push(object.id);
                return;
            }
            _ => return,
        };
        place.push(object);
    }

    /// Whether the input holds nothing that stands in front of Milvus.
    pub(super) fn has_no_front_door(&self) -> bool {
        self.ingresses.is_empty()
            && self.backend_configs.is_empty()
            && self.frontend_configs.is_empty()
            && self.certificates.is_empty()
    }
}

/// Whether a document that cannot be read may be one that is looked for.
fn may_concern_milvus(body: &[u8]) -> bool {
    const MARKS: [&[u8]; 4] = [b"milvus", b"BackendConfig", b"FrontendConfig", b"ManagedCertificate"];
    MARKS.iter().any(|mark| memmem::find(body, mark).is_some())
}

fn read(stream: &Stream<'_>, id: DocumentId) -> Result<Existing, Refusal> {
    let value = std::str::from_utf8(stream.body(id)).ok().and_then(|text| yaml::read(text).ok());
    let value = match value {
        Some(value) => value,
        None => Object::parse(stream, id)?.value().clone(),
    };
    Ok(Existing { id, value })
}

/// The object of this name in this namespace, or in one that is not told.
pub(super) fn named<'o>(objects: &'o [Existing], name: &str, namespace: Option<&str>) -> Option<&'o Existing> {
    objects.iter().find(|object| object.name() == Some(name) && object.shares_namespace(namespace))
}

/// `metadata.namespace`
pub(super) fn namespace(object: &Existing) -> Option<&str> {
    text(&object.value, "/metadata/namespace")
}

/// One of `metadata.annotations`, if it is a text.
pub(super) fn annotation<'o>(object: &'o Existing, key: &str) -> Option<&'o str> {
    at(&object.value, "/metadata/annotations")?.get(key)?.as_str()
}

/// One of `metadata.labels`.
pub(super) fn label<'o>(object: &'o Existing, key: &str) -> Option<&'o str> {
    at(&object.value, "/metadata/labels")?.get(key)?.as_str()
}

/// Whether it comes from a cluster and not from a file.
pub(super) fn is_live(object: &Existing) -> bool {
    let metadata = |key: &str| at(&object.value, "/metadata").and_then(|metadata| metadata.get(key)).is_some();
    metadata("uid") || metadata("resourceVersion") || metadata("managedFields")
}

/// What stands at `path` and is not null.
pub(super) fn set<'v>(value: &'v Value, path: &str) -> Option<&'v Value> {
    at(value, path).filter(|value| !value.is_null())
}
