//! A changed configuration restarts the pods: `checksum/config` in their templates
//! gets the value that Helm would have rendered.
//!
//! The chart hashes the rendered text of its template configmap.yaml, of which Helm
//! trims the white space at the end. What was trimmed depends on how user.yaml ends in
//! the values; the candidate that reproduces the old checksum tells.

use std::cell::LazyCell;

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::kube::object::Object as _;
use crate::kube::value::pointer;
use crate::milvus::release::Release;
use crate::milvus::workload::Workload;
use crate::plan::change::Change;
use crate::plan::operations::Operations;
use crate::stream::without_source;
use crate::yaml;

/// What Helm may have trimmed from the template's text.
const SUFFIXES: [&str; 8] = [
    "\n",
    "\n    \n",
    "\n    \n    \n",
    "\n    \n    \n    \n",
    "   \n",
    "   \n    \n",
    "\r\n    \n",
    "\r\n    \r\n    \n",
];

const ANNOTATION: [&str; 5] = ["spec", "template", "metadata", "annotations", "checksum/config"];

/// Plans new checksums for the workloads that mount the ConfigMap, whose text is to
/// become `edited`.
#[must_use]
pub fn plan<'r, 'i>(release: &'r Release<'i>, edited: &str) -> Vec<Change<'r, 'i>> {
    let original = release.config_map.document.text();
    let candidates = candidates(original, edited);
    // Of the data and not of the text: how Helm 4 formats YAML is not ours to depend on.
    let data = LazyCell::new(|| {
        let data = yaml::read(edited).ok().and_then(|value| value.get("data").map(Value::to_string));
        data.unwrap_or_else(|| edited.to_owned())
    });
    // And of the old checksum, which may stand for more than this ConfigMap.
    let fallback = |old: Option<&str>| {
        hex(&Sha256::new_with_prefix(old.unwrap_or_default()).chain_update(data.as_str()).finalize())
    };
    let annotation = pointer(ANNOTATION);
    let change = |workload: &'r Workload<'i>| {
        let object = &workload.object;
        let old = annotation.resolve(object.value()).ok().and_then(Value::as_str);
        let verified = candidates.iter().find(|(before, _)| Some(before.as_str()) == old);
        let new = verified.map_or_else(|| fallback(old), |(_, after)| after.clone());
        let mut operations = Operations::new(object.value());
        set(&mut operations, &new);
        Change { object, patch: operations.recognised(["kind", "metadata/name"]), texts: Vec::new() }
    };
    release.workloads.iter().map(change).collect()
}

/// Sets the annotation, and creates the mappings that it stands in where they are missing.
fn set(operations: &mut Operations<'_>, checksum: &str) {
    let mappings = ANNOTATION.iter().scan(operations.value(), |value, key| {
        *value = value.get(key)?;
        value.is_object().then_some(())
    });
    let depth = (mappings.count() + 1).min(ANNOTATION.len());
    let value = ANNOTATION[depth..].iter().rev().fold(json!(checksum), |value, key| json!({*key: value}));
    operations.set(pointer(ANNOTATION[..depth].iter().copied()), value);
}

/// Checksums of the original with each suffix, and of the edited text with the same.
fn candidates(original: &str, edited: &str) -> Vec<(String, String)> {
    let (original, edited) = (without_source(original), without_source(edited));
    // The texts are long and the suffixes short: hash each text once.
    let trimmed = |text: &str| Sha256::new_with_prefix(text.trim_end());
    let (before, after) = (trimmed(original), trimmed(edited));
    let with = |hasher: &Sha256, suffix: &str| hex(&hasher.clone().chain_update(suffix).finalize());
    let mut candidates: Vec<_> = SUFFIXES.iter().map(|suffix| (with(&before, suffix), with(&after, suffix))).collect();
    // Helm 4's plain `template` does not trim: there the text is whole.
    let rest = |text: &'_ str| text[text.trim_end().len()..].to_owned();
    candidates.push((with(&before, &rest(original)), with(&after, &rest(edited))));
    candidates
}

fn hex(hash: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digits = hash.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    digits.map(|digit| char::from(DIGITS[usize::from(digit)])).collect()
}
