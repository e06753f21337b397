//! What the Milvus Operator makes of a `Milvus` resource (its `pkg/controllers`: `services.go`, `configmaps.go`,
//! `deployment_updater.go`): a Service, a ConfigMap, and of the Deployments the one that serves. They are derived from
//! the resource and join the stream as documents that are never written, so that everything which knows a release
//! knows this one. What is to change in them changes in the resource.

use json_patch::jsonptr::PointerBuf;
use memchr::memmem;
use serde_json::{Map, Value, json};

use super::config::GRPC_PORT as GRPC_PORT_SETTING;
use super::pods::{METRICS, VOLUME};
use super::service::{GRPC_PORT, INSTANCE, TARGET_PORT};
use crate::kube::object::{Object as _, Parsed};
use crate::kube::value::{array_at, pointer, set_at, str_at, value_at};
use crate::report::refusal::{Reason, Refusal};
use crate::stream::head::Kind;
use crate::stream::{Derived, DocumentId, Stream};
use crate::yaml;

/// The kind of the resource.
pub const KIND: &str = "Milvus";
/// The kind of its predecessor.
const OLD_KIND: &str = "MilvusCluster";
const GROUP: &str = "milvus.io";
const API_VERSION: &str = "milvus.io/v1beta1";

/// The label that says who manages an object, and what it says of the operator's.
pub const MANAGED_BY: (&str, &str) = ("app.kubernetes.io/managed-by", "milvus-operator");
const COMPONENT: &str = "app.kubernetes.io/component";
const NAME: (&str, &str) = ("app.kubernetes.io/name", "milvus");

/// The operator's mark on pods that serve, by which the Services of newer resources select.
const SERVES: (&str, &str) = ("milvus.io/service", "true");
/// The operator's mark on a resource whose pods all have it.
const ALL_SERVING_PODS_MARKED: (&str, &str) = ("milvus.io/pod-service-label-added", "true");

/// The name of the Service's port to Milvus's HTTP server.
pub const RESTFUL: &str = "restful";

/// The port of Milvus's health check and metrics.
const METRICS_PORT: u16 = 9091;

/// A resource.
#[derive(Debug)]
pub struct Resource<'i> {
    /// Its document.
    pub object: Parsed<'i>,
    /// Its name.
    pub name: String,
    /// The component that serves: `proxy` or `standalone`.
    pub component: &'static str,
}

impl<'i> Resource<'i> {
    /// Reads the resource in document `id`.
    ///
    /// # Errors
    ///
    /// A [`Refusal`] where what it asks for does not go together with a load balancer of ours.
    pub fn read(stream: &'i Stream<'_>, id: DocumentId) -> Result<Self, Refusal> {
        let object = Parsed::parse(stream, id)?;
        let name = object.name().unwrap_or_default().to_owned();
        let resource = Self { component: component(object.value()), name, object };
        if resource.setting("ingress").is_some() {
            let reason = Reason::OperatorIngress { resource: resource.name.clone() };
            return Err(resource.object.refuse(reason, resource.pointer(&["ingress"])));
        }
        resource.check_fields()?;
        Ok(resource)
    }

    /// Refuses another value where a mapping is edited.
    fn check_fields(&self) -> Result<(), Refusal> {
        let spec = [pointer(["spec"]), pointer(["spec", "components"])];
        let of_component = [&[][..], &["serviceAnnotations"], &["podAnnotations"]].map(|field| self.pointer(field));
        for at in spec.into_iter().chain(of_component) {
            let value = at.resolve(self.object.value()).unwrap_or(&Value::Null);
            if !(value.is_null() || value.is_object()) {
                let field = at.tokens().map(|token| token.decoded().into_owned()).collect::<Vec<_>>().join(".");
                return Err(self.object.refuse(Reason::OperatorField { field }, at));
            }
        }
        Ok(())
    }

    /// Refuses a port of the component at which Milvus does not listen: the operator does not tell Milvus.
    ///
    /// # Errors
    ///
    /// [`Reason::OperatorPort`]
    pub fn check_port(&self, port: u16, listens: Option<u16>) -> Result<(), Refusal> {
        let listens = listens.map_or(GRPC_PORT, u64::from);
        if listens == u64::from(port) {
            return Ok(());
        }
        let reason = Reason::OperatorPort { component: self.component, port, listens, setting: GRPC_PORT_SETTING.name };
        Err(self.object.refuse(reason, self.pointer(&["port"])))
    }

    /// A field of the component that serves.
    fn setting(&self, field: &str) -> Option<&Value> {
        set_at(self.object.value(), &format!("/spec/components/{}/{field}", self.component))
    }

    /// Where a field of the component that serves is, or would be.
    #[must_use]
    pub fn pointer(&self, fields: &[&str]) -> PointerBuf {
        pointer(["spec", "components", self.component].iter().chain(fields).copied())
    }

    /// Where the setting is, or would be.
    #[must_use]
    pub fn config() -> PointerBuf {
        pointer(["spec", "config"])
    }

    /// Whether the operator restarts pods when the configuration changes; it does not unless it is asked to.
    #[must_use]
    pub fn restarts_pods(&self) -> bool {
        value_at(self.object.value(), "/spec/components/updateConfigMapOnly") == Some(&Value::Bool(false))
    }

    /// Whether the rollout of the pods that serve is paused.
    #[must_use]
    pub fn is_paused(&self) -> bool {
        let common = value_at(self.object.value(), "/spec/components/paused");
        [common, self.setting("paused")].contains(&Some(&Value::Bool(true)))
    }

    /// The Deployment of the pods that serve.
    #[must_use]
    pub fn deployment(&self) -> String {
        deployment(&self.name, self.component)
    }

    /// What selects the pods that serve. Those of every resource have the label of their component; where the operator
    /// has marked all that serve, its Service selects by the mark, which stays true while the mode changes.
    #[must_use]
    pub fn selector(&self) -> Value {
        let (mark, value) = ALL_SERVING_PODS_MARKED;
        let mut selector = labels(&self.name);
        match self.object.annotation(mark) == Some(value) {
            true => selector.insert(SERVES.0.to_owned(), json!(SERVES.1)),
            false => selector.insert(COMPONENT.to_owned(), json!(self.component)),
        };
        Value::Object(selector)
    }
}

/// Whether an object is the operator's resource, in the version that is known.
#[must_use]
pub fn is_resource(object: &Value) -> bool {
    object.kind() == KIND && object.api_version() == API_VERSION
}

/// Whether the operator keeps an object as it wants it.
#[must_use]
pub fn keeps(object: &impl crate::kube::object::Object) -> bool {
    object.label(MANAGED_BY.0) == Some(MANAGED_BY.1)
}

/// A resource of a version that is not known: its kind and `apiVersion`.
#[must_use]
pub fn unknown(stream: &Stream<'_>) -> Option<(DocumentId, String, String)> {
    resources(stream, &[KIND, OLD_KIND]).find_map(|(id, value)| {
        let is_unknown = value.group() == GROUP && !is_resource(&value);
        is_unknown.then(|| (id, value.kind().to_owned(), value.api_version().to_owned()))
    })
}

/// Adds to the stream what the operator makes of each resource, unless the stream holds it already, as it does if it
/// comes from a cluster.
pub fn expand(stream: &mut Stream<'_>) {
    let found: Vec<_> = resources(stream, &[KIND]).filter(|(_, value)| is_resource(value)).collect();
    for (id, value) in found {
        let Some(name) = value.name() else { continue };
        let service = service_name(name);
        let is_there = services(stream)
            .any(|object| object.name() == Some(&service) && object.shares_namespace(value.namespace()));
        if is_there {
            continue;
        }
        for (kind, object, links) in made(&value, name) {
            stream.derive(kind, yaml::write_document(&object), Derived { from: id, links });
        }
    }
}

/// The Service that the operator makes.
#[must_use]
pub fn service_name(resource: &str) -> String {
    format!("{resource}-milvus")
}

/// The Service that a Gateway leads to, beside that of the operator.
#[must_use]
pub fn gateway_service(service: &str) -> String {
    format!("{service}-gke")
}

fn deployment(resource: &str, component: &str) -> String {
    format!("{resource}-milvus-{component}")
}

fn resources<'s>(stream: &'s Stream<'_>, kinds: &'s [&str]) -> impl Iterator<Item = (DocumentId, Value)> + use<'s> {
    let may_be = |id: DocumentId| match stream.kind(id) {
        Kind::Known(kind) => kinds.iter().any(|known| known.as_bytes() == kind),
        Kind::Nothing => false,
        Kind::Unknown => memmem::find(stream.body(id), GROUP.as_bytes()).is_some(),
    };
    stream.ids().filter(move |id| may_be(*id)).filter_map(|id| Some((id, read(stream, id)?)))
}

fn services<'s>(stream: &'s Stream<'_>) -> impl Iterator<Item = Value> + use<'s> {
    let may_be = |id: &DocumentId| matches!(stream.kind(*id), Kind::Known(b"Service") | Kind::Unknown);
    let values = stream.ids().filter(may_be).filter_map(|id| read(stream, id));
    values.filter(|value| value.kind() == "Service")
}

fn read(stream: &Stream<'_>, id: DocumentId) -> Option<Value> {
    yaml::read(stream.text(id).ok()?).ok()
}

fn component(resource: &Value) -> &'static str {
    if str_at(resource, "/spec/mode") == Some("cluster") { "proxy" } else { "standalone" }
}

/// The operator's labels.
fn labels(resource: &str) -> Map<String, Value> {
    let labels = [(INSTANCE, resource), NAME, MANAGED_BY];
    labels.into_iter().map(|(key, value)| (key.to_owned(), json!(value))).collect()
}

type Made = (&'static str, Value, Vec<(PointerBuf, PointerBuf)>);

/// Everything that is made of a resource.
fn made(resource: &Value, name: &str) -> [Made; 3] {
    let component = component(resource);
    let Parts { common, own } = Parts::of(resource, component);
    let port = own.and_then(|own| own.get("port")).and_then(Value::as_u64).filter(|port| *port > 0);
    let restful = own.and_then(|own| own.get("serviceRestfulPort")).and_then(Value::as_u64).filter(|port| *port > 0);
    let below = |fields: &[&str]| pointer(["spec", "components", component].iter().chain(fields).copied());
    let whole = || (PointerBuf::root(), pointer(["metadata", "name"]));
    let metadata = |name: &str, labels: Map<String, Value>| {
        let mut metadata = Map::from_iter([("name".to_owned(), json!(name)), ("labels".to_owned(), labels.into())]);
        metadata.extend(resource.namespace().map(|namespace| ("namespace".to_owned(), json!(namespace))));
        metadata
    };
    let fields = |field: &str| own.and_then(|own| own.get(field)).and_then(Value::as_object).cloned();

    let milvus = json!({
        "name": TARGET_PORT, "port": port.unwrap_or(GRPC_PORT), "protocol": "TCP", "targetPort": TARGET_PORT,
    });
    let metrics = json!({"name": METRICS, "port": METRICS_PORT, "protocol": "TCP", "targetPort": METRICS});
    let sidecars = || own.into_iter().flat_map(|own| array_at(own, "/sidecars"));
    let of_sidecars = sidecars().flat_map(|sidecar| array_at(sidecar, "/ports")).map(|port| {
        let number = port.get("containerPort");
        json!({"name": port.get("name"), "port": number, "protocol": "TCP", "targetPort": number})
    });
    let rest = restful.map(|port| json!({"name": RESTFUL, "port": port, "protocol": "TCP", "targetPort": port}));
    let ports: Vec<_> = [milvus, metrics].into_iter().chain(of_sidecars).chain(rest).collect();
    let last_port = ports.len() - 1;
    let mut of_service = metadata(&service_name(name), labels(name));
    if let Some(Value::Object(labels)) = of_service.get_mut("labels") {
        labels.extend(fields("serviceLabels").unwrap_or_default());
    }
    of_service.extend(fields("serviceAnnotations").map(|annotations| ("annotations".to_owned(), annotations.into())));
    let mut selector = labels(name);
    selector.insert(COMPONENT.to_owned(), json!(component));
    let mut spec = Map::from_iter([("selector".to_owned(), json!(selector)), ("ports".to_owned(), ports.into())]);
    spec.extend(own.and_then(|own| set_at(own, "/serviceType")).map(|kind| ("type".to_owned(), kind.clone())));
    let service = json!({"apiVersion": "v1", "kind": "Service", "metadata": of_service, "spec": spec});
    let mut service_links = vec![
        whole(),
        (pointer(["metadata", "annotations"]), below(&["serviceAnnotations"])),
        (pointer(["metadata", "labels"]), below(&["serviceLabels"])),
        (pointer(["spec", "type"]), below(&["serviceType"])),
        (pointer(["spec", "ports"]), below(&["port"])),
    ];

    if restful.is_some() {
        let at = last_port.to_string();
        service_links.push((pointer(["spec", "ports", &at]), below(&["serviceRestfulPort"])));
    }

    let config_map = str_at(resource, "/spec/components/activeConfigMap").filter(|name| !name.is_empty());
    let config_map = config_map.unwrap_or(name);
    let settings = value_at(resource, "/spec/config").cloned().unwrap_or_default();
    let text = if settings.is_null() { String::new() } else { yaml::write_block(&settings, 0) };
    let config = json!({
        "apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata(config_map, labels(name)),
        "data": {"user.yaml": text},
    });
    let config_links = vec![whole(), (pointer(["data", "user.yaml"]), Resource::config())];

    let (env, env_links) = environment(common, own, component);
    let image = [own, common].into_iter().flatten().find_map(|part| str_at(part, "/image"));
    let port_of = |name: &str, port: u64| json!({"name": name, "containerPort": port});
    let ports = [(TARGET_PORT, port.unwrap_or(GRPC_PORT)), (METRICS, METRICS_PORT.into())];
    let ports = ports.into_iter().chain(restful.map(|port| (RESTFUL, port))).map(|(name, port)| port_of(name, port));
    let mut container = json!({
        "name": component, "ports": ports.collect::<Vec<_>>(), "env": env,
        "volumeMounts": [{"name": VOLUME, "mountPath": "/milvus/configs/operator"}],
    });
    if let (Some(image), Value::Object(container)) = (image, &mut container) {
        container.insert("image".to_owned(), json!(image));
    }
    let mut of_pods = labels(name);
    of_pods.extend([(COMPONENT.to_owned(), json!(component)), (SERVES.0.to_owned(), json!(SERVES.1))]);
    let containers: Vec<_> = std::iter::once(container).chain(sidecars().cloned()).collect();
    let pods = json!({
        "metadata": {"labels": of_pods},
        "spec": {"containers": containers, "volumes": [{"name": VOLUME, "configMap": {"name": config_map}}]},
    });
    let deployment = json!({
        "apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": metadata(&deployment(name, component), labels(name)),
        "spec": {"selector": {"matchLabels": selector}, "template": pods},
    });
    let mut deployment_links = env_links;
    deployment_links.extend([whole(), (pointer(["spec"]), below(&[]))]);
    [
        ("Service", service, service_links),
        ("ConfigMap", config, config_links),
        ("Deployment", deployment, deployment_links),
    ]
}

/// What a resource says of all components, and of the one that serves.
struct Parts<'v> {
    common: Option<&'v Value>,
    own: Option<&'v Value>,
}

impl<'v> Parts<'v> {
    fn of(resource: &'v Value, component: &str) -> Self {
        let common = set_at(resource, "/spec/components");
        Self { common, own: common.and_then(|common| common.get(component)).filter(|own| own.is_object()) }
    }
}

/// The environment, and where each variable is: those of the component come before those of all.
fn environment(
    common: Option<&Value>,
    own: Option<&Value>,
    component: &str,
) -> (Vec<Value>, Vec<(PointerBuf, PointerBuf)>) {
    let (mut env, mut links): (Vec<Value>, _) = (Vec::new(), Vec::new());
    let parts = [(own, pointer(["spec", "components", component])), (common, pointer(["spec", "components"]))];
    for (part, at) in parts {
        for (index, variable) in part.into_iter().flat_map(|part| array_at(part, "/env")).enumerate() {
            if env.iter().any(|known| known.get("name") == variable.get("name")) {
                continue;
            }
            let here =
                ["spec", "template", "spec", "containers", "0", "env", &env.len().to_string()].map(str::to_owned);
            links.push((pointer(here.iter().map(String::as_str)), at.concat(&pointer(["env", &index.to_string()]))));
            env.push(variable.clone());
        }
    }
    (env, links)
}
