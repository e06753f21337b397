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

/// The annotation of pods, in the chart and of the Milvus Operator.
pub(in crate::plan) const KEY: &str = "checksum/config";

const ANNOTATION: [&str; 5] = ["spec", "template", "metadata", "annotations", KEY];

/// Plans new checksums for the workloads that mount the ConfigMap, whose text is to
/// become `edited`.
#[must_use]
pub fn plan<'r, 'i>(release: &'r Release<'i>, edited: &str) -> Vec<Change<'r, 'i>> {
    let texts = Texts::new(release.config_map.document.text(), edited);
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
    // Workloads of one release mostly have one checksum.
    let mut last: Option<(Option<&str>, String)> = None;
    let change = |workload: &'r Workload<'i>| {
        let object = &workload.object;
        let old = annotation.resolve(object.value()).ok().and_then(Value::as_str);
        let new = match &last {
            Some((before, new)) if *before == old => new.clone(),
            _ => old.and_then(|old| texts.checksum_after(old)).unwrap_or_else(|| fallback(old)),
        };
        last = Some((old, new.clone()));
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

/// The ConfigMap before and after. The texts are long and the suffixes short: each text is hashed once.
struct Texts<'t> {
    original: (Sha256, &'t str),
    edited: (Sha256, &'t str),
}

impl<'t> Texts<'t> {
    fn new(original: &'t str, edited: &'t str) -> Self {
        let parted = |text: &'t str| {
            let text = without_source(text);
            let (trimmed, rest) = text.split_at(text.trim_end().len());
            (Sha256::new_with_prefix(trimmed), rest)
        };
        Self { original: parted(original), edited: parted(edited) }
    }

    /// The checksum of the edited text, if one of the suffixes makes `old` of the original.
    fn checksum_after(&self, old: &str) -> Option<String> {
        let with = |hasher: &Sha256, suffix: &str| hex(&hasher.clone().chain_update(suffix).finalize());
        let (original, rest) = &self.original;
        if let Some(suffix) = SUFFIXES.iter().find(|suffix| with(original, suffix) == old) {
            return Some(with(&self.edited.0, suffix));
        }
        // Helm 4's plain `template` does not trim: there the text is whole.
        (with(original, rest) == old).then(|| with(&self.edited.0, self.edited.1))
    }
}

pub(in crate::plan) fn hex(hash: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digits = hash.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    digits.map(|digit| char::from(DIGITS[usize::from(digit)])).collect()
}
