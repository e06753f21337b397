//! Objects and events as `kubectl get -o yaml` prints them after GKE's controllers have seen them.

use serde_json::{Value, json};

use crate::common::gke::Report;

/// Manifests as a stream.
pub(crate) fn stream(objects: &[Value]) -> String {
    objects.iter().map(|object| format!("---\n{}", serde_yaml::to_string(object).unwrap())).collect()
}

pub(crate) fn list(objects: &[Value]) -> String {
    serde_yaml::to_string(
        &json!({"apiVersion": "v1", "items": objects, "kind": "List", "metadata": {"resourceVersion": ""}}),
    )
    .unwrap()
}

/// What docs/status.md asks for: Ingresses, certificates, BackendConfigs, Services and events. What names no namespace
/// is in that of the release.
pub(crate) fn objects(applied: &[Value], report: &Report, namespace: &str) -> Vec<Value> {
    let mut live = Vec::new();
    for (index, object) in applied.iter().enumerate() {
        let kind = object["kind"].as_str().unwrap_or_default();
        if !["Ingress", "ManagedCertificate", "BackendConfig", "Service"].contains(&kind) {
            continue;
        }
        let mut object = object.clone();
        if !object["metadata"].is_object() {
            continue;
        }
        let namespace =
            object["metadata"]["namespace"].as_str().filter(|name| !name.is_empty()).unwrap_or(namespace).to_owned();
        let name = format!("{namespace}/{}", object["metadata"]["name"].as_str().unwrap_or_default());
        let other = json!({"metadata": {
            "namespace": namespace,
            "creationTimestamp": "2026-11-20T09:00:00Z",
            "resourceVersion": (1000 + index).to_string(),
            "uid": uid(&format!("{kind}/{name}")),
        }});
        json_patch::merge(&mut object, &other);
        json_patch::merge(&mut object, &report.left(kind, &name));
        live.push(object);
    }
    live.extend(report.events().iter().enumerate().map(|(index, event)| self::event(index, event)));
    live
}

/// `Kind/namespace/name`, and nothing else, decides.
fn uid(object: &str) -> String {
    let sum = object.bytes().fold(7_u64, |sum, byte| sum.wrapping_mul(31).wrapping_add(u64::from(byte)));
    format!("{:08x}-0000-4000-8000-{:012x}", sum >> 32, sum & 0xffff_ffff)
}

fn event(index: usize, event: &Value) -> Value {
    let object = event["object"].as_str().unwrap();
    let [kind, namespace, name] = object.splitn(3, '/').collect::<Vec<_>>().try_into().unwrap();
    let version = match kind {
        "Ingress" => "networking.k8s.io/v1",
        "ManagedCertificate" => "networking.gke.io/v1",
        _ => "v1",
    };
    let time = format!("2026-11-20T09:{:02}:{:02}Z", 1 + index / 60, index % 60);
    json!({
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"name": format!("{name}.18a{index:013x}"), "namespace": namespace, "uid": uid(&format!("Event/{index}"))},
        "involvedObject": {
            "apiVersion": version, "kind": kind, "namespace": namespace, "name": name, "uid": uid(object),
            "resourceVersion": (2000 + index).to_string(),
        },
        "type": event["type"], "reason": event["reason"], "message": event["message"],
        "source": {"component": event["from"]},
        "count": 1, "firstTimestamp": time, "lastTimestamp": time,
        "reportingComponent": event["from"], "reportingInstance": "",
    })
}
