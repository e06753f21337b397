//! Ours beside what is in the stream already: equal objects are left alone, so that a
//! second run changes nothing; different ones are refused, or replaced if asked.

use serde_json::Value;

use super::names;
use crate::gke::kind;
use crate::kube::object::{Existing, HELM4_FILENAME, Object as _};
use crate::kube::value::{pointer, str_at};
use crate::milvus::release::Release;
use crate::report::place::Spot;
use crate::report::refusal::{Reason, Refusal};
use crate::settings::{Certificate, GatewayCertificate, Held, Settings};
use crate::stream::DocumentId;

/// What is done about our objects.
pub(in crate::plan) struct FrontDoor {
    pub(in crate::plan) replaced: Vec<(DocumentId, Value)>,
    pub(in crate::plan) appended: Vec<Value>,
    /// What is left of another run, and is not used any more.
    pub(in crate::plan) warnings: Vec<String>,
}

pub(in crate::plan) fn reconcile(
    release: &Release<'_>,
    settings: &Settings,
    wanted: Vec<Value>,
) -> Result<FrontDoor, Refusal> {
    let of_ingress = settings.doors.ingress().map(|door| &door.certificate);
    let of_gateway = settings.doors.gateway().and_then(|door| door.owner.ours());
    if !matches!(of_ingress, Some(Certificate::Managed(_))) {
        refuse_left_over(release, of_ingress)?;
    }
    if matches!(of_ingress, Some(Certificate::Held(Held::CertManager(_))))
        || of_gateway.is_some_and(|of| matches!(of.certificate, GatewayCertificate::Held(Held::CertManager(_))))
    {
        refuse_secret(release)?;
    }
    let mut front_door = FrontDoor { replaced: Vec::new(), appended: Vec::new(), warnings: Vec::new() };
    let mut unused = left_over(release);
    for ours in wanted {
        unused.retain(|object| object.kind() != ours.kind() || object.name() != ours.name());
        match existing(release, &ours)? {
            None => front_door.appended.push(ours),
            Some(object) => {
                let ours = with_marks(ours, object);
                let mut differences = differences(&object.value, &ours);
                // Labels are for people: one that is missing, or is more, does no harm.
                differences.retain(|difference| !is_about_a_label(difference));
                if object.kind() == kind::SECRET.name && !differences.is_empty() {
                    // What they are is secret.
                    differences = vec!["its data".to_owned()];
                }
                if differences.is_empty() {
                    continue;
                }
                if !settings.replace {
                    let reason = Reason::Differs { identity: identity(object), differences };
                    return Err(refuse(object, reason));
                }
                front_door.replaced.push((object.id, ours));
            }
        }
    }
    let unused = unused.iter().map(|object| format!("{} is no longer used: remove it", identity(object)));
    front_door.warnings.extend(unused);
    Ok(front_door)
}

/// What other options have us write, by its names.
fn left_over<'r>(release: &'r Release<'_>) -> Vec<&'r Existing> {
    let known = [
        (&kind::BACKEND_CONFIG, names::backend_config(release)),
        (&kind::FRONTEND_CONFIG, names::frontend_config(release)),
        (&kind::GATEWAY, names::gateway(release)),
        (&kind::HTTP_ROUTE, names::redirect(release, 0)),
    ];
    let is_known = |object: &&Existing| {
        object.shares_namespace(release.service.object.namespace())
            && known.iter().any(|(kind, name)| object.kind() == kind.name && object.name() == Some(name))
    };
    release.front_door.iter().filter(is_known).collect()
}

/// The one object with the group, kind, namespace and name of `ours`.
fn existing<'r>(release: &'r Release<'_>, ours: &Value) -> Result<Option<&'r Existing>, Refusal> {
    let same = |object: &&Existing| {
        Some(object.kind()) == str_at(ours, "/kind")
            && object.name() == str_at(ours, "/metadata/name")
            && object.shares_namespace(str_at(ours, "/metadata/namespace"))
            && same_group(str_at(&object.value, "/apiVersion"), str_at(ours, "/apiVersion"))
    };
    let found: Vec<_> = release.front_door.iter().filter(same).collect();
    match found.as_slice() {
        [] => Ok(None),
        [object] => Ok(Some(object)),
        [_, second, ..] => {
            let reason = Reason::Repeated { identity: identity(second), count: found.len() };
            Err(refuse(second, reason))
        }
    }
}

/// One group in any version. `extensions/v1beta1` is where Ingress comes from.
fn same_group(one: Option<&str>, other: Option<&str>) -> bool {
    let group = |version: Option<&str>| {
        let group = version.and_then(|version| version.split_once('/')).map_or("", |(group, _)| group);
        if group == "extensions" { "networking.k8s.io".to_owned() } else { group.to_owned() }
    };
    group(one) == group(other)
}

/// What Helm 4 and kustomize write on every document is not part of the object.
fn with_marks(mut ours: Value, object: &Existing) -> Value {
    let annotations = object.value.pointer("/metadata/annotations").and_then(Value::as_object);
    let marks: Vec<_> = annotations.into_iter().flatten().filter(|(name, _)| is_mark(name)).collect();
    if let Some(Value::Object(metadata)) = ours.get_mut("metadata").filter(|_| !marks.is_empty()) {
        let annotations = metadata.entry("annotations").or_insert_with(|| Value::Object(serde_json::Map::new()));
        if let Value::Object(annotations) = annotations {
            annotations.extend(marks.into_iter().map(|(name, value)| (name.clone(), value.clone())));
        }
    }
    ours
}

fn is_mark(annotation: &str) -> bool {
    const PREFIXES: [&str; 4] =
        ["config.kubernetes.io/", "internal.config.kubernetes.io/", "kustomize.config.k8s.io/", "config.k8s.io/"];
    annotation == HELM4_FILENAME || PREFIXES.iter().any(|prefix| annotation.starts_with(prefix))
}

/// Our ManagedCertificate, which nothing names any more.
fn refuse_left_over(release: &Release<'_>, certificate: Option<&Certificate>) -> Result<(), Refusal> {
    let name = names::certificate(release);
    if matches!(certificate, Some(Certificate::ManagedByName(named)) if named.as_str() == name) {
        return Ok(());
    }
    let left_over = release.front_door.iter().find(|object| {
        object.kind() == kind::MANAGED_CERTIFICATE.name
            && object.name() == Some(&name)
            && object.shares_namespace(release.service.object.namespace())
    });
    match left_over {
        None => Ok(()),
        Some(object) => {
            let reason = Reason::LeftOverCertificate { identity: identity(object) };
            Err(refuse(object, reason))
        }
    }
}

/// A Secret in the place of the one that cert-manager writes: each upgrade would undo what the other has done.
fn refuse_secret(release: &Release<'_>) -> Result<(), Refusal> {
    let name = names::certificate(release);
    let secret = release.front_door.iter().find(|object| {
        object.kind() == kind::SECRET.name
            && object.name() == Some(&name)
            && object.shares_namespace(release.service.object.namespace())
    });
    secret.map_or(Ok(()), |object| Err(refuse(object, Reason::IssuedSecret { identity: identity(object) })))
}

fn refuse(object: &Existing, reason: Reason) -> Refusal {
    Refusal::at(reason, object.id, Spot::Path(pointer(["metadata", "name"])))
}

fn identity(object: &Existing) -> String {
    format!("{} `{}`", object.kind(), object.name().unwrap_or_default())
}

/// The fields in which two objects differ, each with both values.
fn differences(theirs: &Value, ours: &Value) -> Vec<String> {
    let mut found = Vec::new();
    compare(theirs, ours, "", &mut found);
    found
}

/// Whether a label is missing, or is there beside ours; one with another value may be of another release.
fn is_about_a_label(difference: &str) -> bool {
    let is_of_labels = difference.starts_with("metadata.labels.") || difference.starts_with("metadata.labels ");
    is_of_labels && (difference.ends_with("is missing") || difference.ends_with("is not in ours"))
}

fn compare(theirs: &Value, ours: &Value, at: &str, found: &mut Vec<String>) {
    match (theirs, ours) {
        (Value::Object(left), Value::Object(right)) => {
            let more = right.keys().filter(|key| !left.contains_key(*key));
            for key in left.keys().chain(more) {
                let missing = Value::Null;
                let below = if at.is_empty() { key.clone() } else { format!("{at}.{key}") };
                match (left.get(key), right.get(key)) {
                    (Some(_), None) => found.push(format!("{below} is not in ours")),
                    (None, Some(_)) => found.push(format!("{below} is missing")),
                    (left, right) => compare(left.unwrap_or(&missing), right.unwrap_or(&missing), &below, found),
                }
            }
        }
        (Value::Array(left), Value::Array(right)) if left.len() == right.len() => {
            for (index, (left, right)) in left.iter().zip(right).enumerate() {
                compare(left, right, &format!("{at}[{index}]"), found);
            }
        }
        (left, right) if left == right => {}
        (left, right) => found.push(format!("{at} is {left}, ours is {right}")),
    }
}
