//! The annotations of an object: texts under keys that the API server takes, on the kind that is asked for them, under
//! the key that is read, and with names where names belong.

use serde_json::Value;

use super::findings::{Finding, Findings, at_annotation};
use super::{IGNORE, ignored, rules};
use crate::gke::annotation::{self, Annotation, Format};
use crate::kube::object::{Existing, Object as _, is_qualified_name};
use crate::kube::value::{pointer, value_at};
use crate::settings::{GcpName, ObjectName};

/// Checks `metadata.annotations`, and labels that should stand there.
pub(super) fn check(object: &Existing, findings: &mut Findings) {
    let of = |field| value_at(&object.value, "/metadata")?.get(field)?.as_object();
    for (key, value) in of("annotations").into_iter().flatten() {
        if !is_qualified_name(key) {
            let message = format!("`{key}` is not a valid key for an annotation");
            findings.at(&rules::ANNOTATION_KEY, object, at_annotation(key), message);
        }
        match value {
            Value::String(text) => check_one(object, key, text, findings),
            Value::Null => {}
            _ => {
                let message = format!("the annotation `{key}` is not a string");
                findings.at(&rules::ANNOTATION_TYPE, object, at_annotation(key), message);
            }
        }
    }
    for key in of("labels").into_iter().flatten().map(|(key, _)| key) {
        if annotation::read(key).is_some() {
            let message = format!("`{key}` is a label here");
            let finding = Finding::at(&rules::ANNOTATION_KIND, object, pointer(["metadata", "labels", key]), message);
            findings.push(finding.with_fix("move it into metadata.annotations"));
        }
    }
}

fn check_one(object: &Existing, key: &str, text: &str, findings: &mut Findings) {
    if key == IGNORE {
        return check_ignored(object, text, findings);
    }
    let kind = object.kind();
    if let Some(known) = annotation::read(key) {
        if !known.is_read_on(kind) {
            let message = format!("`{key}` has no effect here: it is an annotation of the {}", known.on);
            let finding = Finding::at(&rules::ANNOTATION_KIND, object, at_annotation(key), message);
            findings.push(finding.with_fix(format!("move it to the {}", known.on)));
        } else if let Some(problem) = problem(known, text) {
            let message = format!("`{key}` is `{text}`: {problem}");
            findings.at(&rules::ANNOTATION_VALUE, object, at_annotation(key), message);
        }
        return;
    }
    let Some(meant) = annotation::meant(key) else { return };
    // Who writes both has made sure.
    if object.annotation(meant.key) == Some(text) {
        return;
    }
    let message = format!("nothing reads the annotation `{key}`");
    let finding = Finding::at(&rules::ANNOTATION_MISSPELT, object, at_annotation(key), message);
    let place = if meant.on == kind { String::new() } else { format!(" on the {}", meant.on) };
    findings.push(finding.with_fix(format!("did you mean `{}`{place}?", meant.key)));
}

/// Names of rules that there are not.
fn check_ignored(object: &Existing, text: &str, findings: &mut Findings) {
    for name in ignored(text).filter(|name| rules::find(name).is_none()) {
        let message = format!("there is no rule `{name}`");
        let finding = Finding::at(&rules::UNKNOWN_RULE, object, at_annotation(IGNORE), message);
        findings.push(match rules::nearest(name) {
            Some(meant) => finding.with_fix(format!("did you mean `{meant}`?")),
            None => finding,
        });
    }
}

/// Why an annotation cannot hold this text.
fn problem(annotation: &Annotation, text: &str) -> Option<String> {
    let names = || text.split(',').map(str::trim).filter(|name| !name.is_empty());
    let resource = |name: &str| name.parse::<GcpName>().err().map(str::to_owned);
    let object = |name: &str| name.parse::<ObjectName>().err().map(str::to_owned);
    match annotation.format {
        Format::Other => None,
        _ if text.is_empty() => None,
        Format::Resource => resource(text),
        Format::Object => object(text),
        Format::Resources => names().find_map(resource),
        Format::Objects => names().find_map(object),
    }
}
