//! The pods behind the Service, as their workload describes them.

use serde_json::Value;

use super::input::Input;
use crate::kube::object::Existing;
use crate::kube::value::{array_at, str_at, value_at};
use crate::milvus::version::Version;
use crate::milvus::workload::{Server, VOLUME, Variable};

/// A workload, and where in it its pods are described.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pods<'a> {
    pub(super) workload: &'a Existing,
    /// Its pod template; a Pod is its own.
    pub(super) template: &'a Value,
}

impl<'a> Pods<'a> {
    pub(super) fn all(input: &'a Input) -> impl Iterator<Item = Self> {
        input.workloads.iter().filter_map(|workload| {
            let template = match workload.kind() {
                "Pod" => &workload.value,
                _ => value_at(&workload.value, "/spec/template")?,
            };
            Some(Self { workload, template })
        })
    }

    /// Whether a selector of a Service selects them.
    pub(super) fn match_selector(&self, selector: &Value) -> bool {
        let labels = value_at(self.template, "/metadata/labels");
        selector.as_object().is_some_and(|selector| {
            !selector.is_empty()
                && selector.iter().all(|(key, value)| labels.and_then(|labels| labels.get(key)) == Some(value))
        })
    }

    /// Whether they run Milvus: it alone mounts its configuration so.
    pub(super) fn run_milvus(&self) -> bool {
        array_at(self.template, "/spec/volumes").any(|volume| str_at(volume, "/name") == Some(VOLUME))
            && array_at(self.template, "/spec/containers").any(|container| port(container, "milvus").is_some())
    }

    /// Containers that stay: a native sidecar is an init container.
    fn containers(&self) -> impl Iterator<Item = &'a Value> + use<'a> {
        let sidecars = array_at(self.template, "/spec/initContainers")
            .filter(|container| str_at(container, "/restartPolicy") == Some("Always"));
        array_at(self.template, "/spec/containers").chain(sidecars)
    }

    /// The number of the container port of this name.
    pub(super) fn port(&self, name: &str) -> Option<u64> {
        self.containers().find_map(|container| port(container, name))
    }

    /// Whether a container declares a port of this number.
    pub(super) fn has_port(&self, number: u64) -> bool {
        self.containers()
            .flat_map(|container| array_at(container, "/ports"))
            .any(|port| value_at(port, "/containerPort").and_then(Value::as_u64) == Some(number))
    }

    /// Whether any port is declared at all: Kubernetes does not ask for it.
    pub(super) fn declare_ports(&self) -> bool {
        self.containers().any(|container| array_at(container, "/ports").next().is_some())
    }

    /// The ConfigMap behind the volume `milvus-config`, and the volume's number.
    pub(super) fn config_map(&self) -> Option<(usize, &'a str)> {
        array_at(self.template, "/spec/volumes")
            .enumerate()
            .filter(|(_, volume)| str_at(volume, "/name") == Some(VOLUME))
            .find_map(|(index, volume)| Some((index, str_at(volume, "/configMap/name")?)))
    }

    /// Whether `user.yaml` reaches Milvus, be it through an init container that merges it.
    pub(super) fn mount_user_yaml(&self) -> bool {
        array_at(self.template, "/spec/containers")
            .chain(array_at(self.template, "/spec/initContainers"))
            .flat_map(|container| array_at(container, "/volumeMounts"))
            .filter(|mount| str_at(mount, "/name") == Some(VOLUME))
            .any(|mount| matches!(str_at(mount, "/subPath"), None | Some("user.yaml")))
    }

    /// The tokens of a path in the template.
    pub(super) fn path<'t>(&self, tokens: impl IntoIterator<Item = &'t str>) -> json_patch::jsonptr::PointerBuf {
        let template: &[&str] = if self.workload.kind() == "Pod" { &[] } else { &["spec", "template"] };
        crate::kube::value::pointer(template.iter().copied().chain(tokens))
    }

    /// The container that serves gRPC, as the rules about Milvus's settings know it.
    pub(super) fn server(&self) -> Option<Server> {
        let (index, container) = array_at(self.template, "/spec/containers")
            .enumerate()
            .find(|(_, container)| port(container, "milvus").is_some())?;
        let number = |name: &str| self.port(name).and_then(|number| u16::try_from(number).ok());
        let environment = array_at(container, "/env").enumerate().filter_map(|(at, variable)| {
            let value = variable.get("value").and_then(Value::as_str).map(str::to_owned);
            let path = self.path(["spec", "containers", &index.to_string(), "env", &at.to_string()]);
            Some(Variable { name: str_at(variable, "/name")?.to_owned(), value, path })
        });
        Some(Server {
            grpc_port: number("milvus")?,
            health_port: number("metrics").unwrap_or_default(),
            version: str_at(container, "/image").and_then(Version::of_image),
            environment: environment.collect(),
            document: self.workload.id,
        })
    }
}

fn port(container: &Value, name: &str) -> Option<u64> {
    array_at(container, "/ports")
        .find(|port| str_at(port, "/name") == Some(name))
        .and_then(|port| value_at(port, "/containerPort")?.as_u64())
}
