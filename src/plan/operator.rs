//! Not in the guide, which knows the chart only: of a release of the Milvus Operator the input holds a resource, and the
//! operator keeps its Service and ConfigMap as that says. What is to change in them changes in the resource.
//!
//! The operator cannot be told `appProtocol`, which a Gateway needs: for that the same pods get a second Service, which is
//! ours.

use json_patch::PatchOperation;
use json_patch::jsonptr::{Pointer, PointerBuf};
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};

use super::change::Change;
use super::milvus::checksum;
use super::objects::manifest::Metadata;
use super::objects::names;
use super::operations::Operations;
use super::service::rest::{self, RestPort};
use crate::gke::gateway::Protocol;
use crate::gke::kind;
use crate::kube::object::Object as _;
use crate::kube::service::{LOAD_BALANCER, MAX_NAME};
use crate::kube::value::{array_at, pointer, str_at, value_at};
use crate::milvus::operator::{RESTFUL, Resource};
use crate::milvus::release::Release;
use crate::milvus::service::TARGET_PORT;
use crate::report::refusal::{Reason, Refusal};
use crate::settings::{ServiceType, Settings};

/// What changes in the resource, where this changes in what the operator makes of it.
#[must_use]
pub(crate) fn plan<'r, 'i>(
    resource: &'r Resource<'i>,
    service: &Change<'_, '_>,
    config: &Change<'_, '_>,
) -> Change<'r, 'i> {
    let object = &resource.object;
    let mut wanted = object.value().clone();
    let made = service.object.value();
    let mut after = made.clone();
    // The operations are made from the value that they apply to: they cannot fail.
    let applied = json_patch::patch_unsafe(&mut after, &service.patch);
    debug_assert!(applied.is_ok(), "the patch of a Service does not apply");
    if value_at(made, "/spec/type") != value_at(&after, "/spec/type") {
        put(&mut wanted, &resource.pointer(&["serviceType"]), value_at(&after, "/spec/type").cloned());
    }
    if value_at(made, "/metadata/annotations") != value_at(&after, "/metadata/annotations") {
        let annotations = value_at(&after, "/metadata/annotations").cloned();
        put(&mut wanted, &resource.pointer(&["serviceAnnotations"]), annotations);
    }
    let is_restful = |port: &&Value| str_at(port, "/name") == Some(RESTFUL);
    let restful =
        |service| array_at(service, "/spec/ports").find(is_restful).and_then(|port| port.get("port")).cloned();
    if restful(made) != restful(&after) {
        put(&mut wanted, &resource.pointer(&["serviceRestfulPort"]), restful(&after));
    }
    let settings = config.texts.iter().flat_map(|text| &text.patch.0).filter_map(setting);
    let settings: Vec<_> = settings.collect();
    for (at, value) in &settings {
        put(&mut wanted, &Resource::config().concat(at), Some(value.clone()));
    }
    if !settings.is_empty() && !resource.restarts_pods() {
        let at = resource.pointer(&["podAnnotations", checksum::KEY]);
        let old = at.resolve(object.value()).ok().and_then(Value::as_str);
        put(&mut wanted, &at, Some(json!(sum(old, &settings))));
    }
    let mut operations = Operations::new(object.value());
    compare(&mut operations, &mut Vec::new(), object.value(), &wanted);
    Change { object, patch: operations.recognised(["kind", "metadata/name"]), texts: Vec::new() }
}

/// The Deployments whose pods restart: those that serve, or all where the operator restarts pods by itself.
pub(crate) fn restarted(
    resource: &Resource<'_>,
    config: &Change<'_, '_>,
    change: &Change<'_, '_>,
) -> Option<(String, String)> {
    // A port for REST is one of the container.
    let port = resource.pointer(&["serviceRestfulPort"]);
    let is_port = |operation: &PatchOperation| operation.path().starts_with(&port);
    let name = match config.is_empty() {
        false if resource.restarts_pods() => format!("{}-milvus-*", resource.name),
        true if !change.patch.iter().any(is_port) => return None,
        _ => resource.deployment(),
    };
    Some(("Deployment".to_owned(), name))
}

/// The Service that a Gateway leads to.
///
/// # Errors
///
/// [`Reason::LongServiceName`]
pub(super) fn service(
    release: &Release<'_>,
    protocol: Protocol,
    rest: Option<&RestPort>,
) -> Result<Option<Value>, Refusal> {
    let Some(resource) = &release.resource else { return Ok(None) };
    let service = names::gateway_service(release);
    if service.len() > MAX_NAME {
        return Err(resource
            .object
            .refuse(Reason::LongServiceName { service, most: MAX_NAME }, pointer(["metadata", "name"])));
    }
    let grpc = &release.service.port;
    let grpc = rest::port(&grpc.name, grpc.number, Some(protocol.app_protocol()), json!(TARGET_PORT));
    let rest = rest.map(|rest| rest.manifest(protocol.http_app_protocol()));
    let ports: Vec<_> = std::iter::once(grpc).chain(rest).collect();
    let metadata = Metadata::new(service, release).into_value();
    let spec = json!({"type": "ClusterIP", "selector": resource.selector(), "ports": ports});
    Ok(Some(json!({
        "apiVersion": kind::SERVICE.api_version, "kind": kind::SERVICE.name, "metadata": metadata, "spec": spec,
    })))
}

/// Whether the release has a resource that stays as it is: with h2c nothing of it changes.
pub(crate) fn is_untouched(release: &Release<'_>, settings: &Settings) -> bool {
    release.resource.is_some() && settings.doors.protocol() == Protocol::H2c
}

/// Whether the operator's Service stays of type LoadBalancer, although that is not asked for.
pub(super) fn leaves_open(release: &Release<'_>, settings: &Settings) -> bool {
    is_untouched(release, settings)
        && settings.service_type == ServiceType::ClusterIp
        && str_at(release.service.object.value(), "/spec/type") == Some(LOAD_BALANCER)
}

/// What the user should know of a resource, beside what is said of any release.
pub(super) fn warnings(resource: &Resource<'_>, restarts: bool, warnings: &mut Vec<String>) {
    if restarts && resource.is_paused() {
        warnings.push(format!(
            "the rollout of component `{}` is paused: Milvus speaks TLS only once `paused` is false",
            resource.component
        ));
    }
}

/// A changed setting: where it is in `user.yaml`, and what it becomes.
fn setting(operation: &PatchOperation) -> Option<(PointerBuf, Value)> {
    match operation {
        PatchOperation::Add(add) => Some((add.path.clone(), add.value.clone())),
        PatchOperation::Replace(replace) => Some((replace.path.clone(), replace.value.clone())),
        _ => None,
    }
}

/// The same for the same settings: pods restart when one of ours changes, and not for the others, for which the operator
/// does not restart them either.
fn sum(old: Option<&str>, settings: &[(PointerBuf, Value)]) -> String {
    let mut lines = Vec::new();
    settings.iter().for_each(|(at, value)| leaves(at, value, &mut lines));
    lines.sort();
    // Who changes the old one wants pods to restart.
    checksum::hex(&Sha256::new_with_prefix(old.unwrap_or_default()).chain_update(lines.concat()).finalize())
}

fn leaves(at: &Pointer, value: &Value, lines: &mut Vec<String>) {
    match value {
        Value::Object(mapping) => {
            mapping.iter().for_each(|(key, value)| leaves(&at.with_trailing_token(key.as_str()), value, lines));
        }
        leaf => lines.push(format!("{at}: {leaf}\n")),
    }
}

/// Sets a value, with the mappings that it is nested in, or removes it.
fn put(root: &mut Value, at: &Pointer, value: Option<Value>) {
    let Some((key, below)) = at.split_front() else {
        *root = value.unwrap_or_default();
        return;
    };
    if !root.is_object() {
        *root = Value::Object(Map::new());
    }
    let Value::Object(mapping) = root else { return };
    match value {
        None if below.is_root() => drop(mapping.shift_remove(key.decoded().as_ref())),
        value => put(mapping.entry(key.decoded().into_owned()).or_insert(Value::Null), below, value),
    }
}

/// The operations that make one value of the other.
fn compare<'v>(operations: &mut Operations<'_>, at: &mut Vec<&'v str>, before: &'v Value, after: &'v Value) {
    let (Value::Object(old), Value::Object(new)) = (before, after) else {
        operations.set(pointer(at.iter().copied()), after.clone());
        return;
    };
    for key in old.keys().filter(|key| !new.contains_key(*key)) {
        operations.remove(pointer(at.iter().copied().chain([key.as_str()])));
    }
    for (key, new) in new {
        at.push(key);
        match old.get(key) {
            Some(old) => compare(operations, at, old, new),
            None => operations.set(pointer(at.iter().copied()), new.clone()),
        }
        at.pop();
    }
}
