//! What a rewrite would change, for people (a unified diff) and for programs (JSON
//! patches), before anything is applied.

mod mask;
mod unified;

use json_patch::jsonptr::PointerBuf;
use json_patch::{AddOperation, Patch, PatchOperation};
use serde_json::{Value, json};

use crate::filter::Rewrite;
use crate::kube::object::{Object as _, reference};
use crate::report::refusal::Refusal;
use crate::stream::head::Kind;
use crate::stream::{self, DocumentId, Stream};
use crate::yaml;

/// What would change.
#[derive(Debug)]
pub struct Difference {
    /// As text.
    pub text: String,
    /// Whether anything would.
    pub changed: bool,
    /// What the user should know although it is done as asked.
    pub warnings: Vec<String>,
}

/// A unified diff of `input`, which `patch` and `git apply` take but for masked lines: values that may be secrets are not
/// shown. Around what changes stand `context` lines. `file` is the input's, as in the current folder.
///
/// # Errors
///
/// As [`Rewrite::output`].
pub fn unified(
    input: &[u8],
    stream: Stream<'_>,
    rewrite: Rewrite,
    context: usize,
    file: Option<&str>,
) -> Result<Difference, Refusal> {
    let summary = summary(&stream, &rewrite);
    let output = rewrite.output(stream)?;
    let rewritten = output.stream.concat(input);
    let changed = rewritten != input;
    // What stands before the first `---` is no part of a diff, for `patch` and `git apply` alike.
    let text = match changed {
        true => format!("{summary}\n{}", unified::diff(input, &rewritten, context, file)),
        false => String::new(),
    };
    Ok(Difference { text, changed, warnings: output.warnings })
}

/// How many objects change, by kind, and what that means.
fn summary(stream: &Stream<'_>, rewrite: &Rewrite) -> String {
    const WORKLOADS: [&str; 3] = ["Deployment", "StatefulSet", "DaemonSet"];
    let edited = rewrite.edited.iter().map(|edited| edited.id);
    let kinds: Vec<_> = edited.chain(rewrite.replaced.iter().map(|(id, _)| *id)).map(|id| kind(stream, id)).collect();
    let (workloads, others): (Vec<_>, Vec<_>) = kinds.iter().partition(|kind| WORKLOADS.contains(&kind.as_str()));
    let mut counted: Vec<(&str, usize)> = Vec::new();
    for kind in others {
        match counted.iter_mut().find(|(known, _)| known == kind) {
            Some((_, count)) => *count += 1,
            None => counted.push((kind, 1)),
        }
    }
    counted.extend([("workload", workloads.len())]);
    let several = |count: &usize| if *count == 1 { "" } else { "s" };
    let mut changing: Vec<_> = counted
        .iter()
        .filter(|(_, count)| *count > 0)
        .map(|(kind, count)| format!("{count} {kind}{}", several(count)))
        .collect();
    let mut parts = Vec::new();
    let total = kinds.len();
    if let Some(last) = changing.pop() {
        let before = if changing.is_empty() { String::new() } else { format!("{} and ", changing.join(", ")) };
        parts.push(format!("{before}{last} change{}", if total == 1 { "s" } else { "" }));
    }
    match rewrite.appended.len() {
        0 => {}
        1 => parts.push("1 object is new".to_owned()),
        new => parts.push(format!("{new} objects are new")),
    }
    match rewrite.restarted.as_slice() {
        [] => {}
        [(kind, name)] if !kinds.contains(kind) => parts.push(format!("the pods of {kind} {name} restart")),
        _ => parts.push("all Milvus pods restart".to_owned()),
    }
    parts.join("; ")
}

fn kind(stream: &Stream<'_>, id: DocumentId) -> String {
    let value = || yaml::value(&String::from_utf8_lossy(stream.body(id))).unwrap_or_default();
    match stream.kind(id) {
        Kind::Known(kind) => String::from_utf8_lossy(kind).into_owned(),
        _ => value().kind().to_owned(),
    }
}

/// RFC 6902 patches as a JSON array, one for each object that changes, with the object it
/// applies to. A new object is an `add` at the root.
#[must_use]
pub fn patches(stream: &Stream<'_>, rewrite: Rewrite) -> Difference {
    let value = |id: DocumentId| {
        let text = std::str::from_utf8(stream.body(id)).unwrap_or_default();
        yaml::value(text).unwrap_or_default()
    };
    let mut edited: Vec<_> = rewrite.edited.iter().collect();
    edited.sort_by_key(|edited| edited.id);
    let edited = edited.into_iter().map(|edited| of_object(&value(edited.id), &edited.patch));
    let whole = |ours: &Value| {
        let add = AddOperation { path: PointerBuf::root(), value: ours.clone() };
        of_object(ours, &Patch(vec![PatchOperation::Add(add)]))
    };
    let replaced = rewrite.replaced.iter().map(|(_, ours)| whole(ours));
    let patches: Vec<_> = edited.chain(replaced).chain(rewrite.appended.iter().map(whole)).collect();
    let changed = !patches.is_empty();
    Difference { text: format!("{:#}\n", Value::Array(patches)), changed, warnings: rewrite.warnings }
}

fn of_object(object: &Value, patch: &Patch) -> Value {
    // Operations are made of values: nothing that JSON could not hold.
    json!({"target": reference(object), "patch": serde_json::to_value(patch).unwrap_or_default()})
}

/// An object as the diff shows it.
struct Shown {
    /// Template and object.
    title: String,
    /// For each line what is shown in its place, where it may hold a secret.
    masked: Vec<Option<String>>,
}

/// Template and object, and whether it is a Secret.
fn title(stream: &Stream<'_>, id: DocumentId) -> (String, bool) {
    let body = stream.body(id);
    let value = yaml::value(&String::from_utf8_lossy(body)).unwrap_or_default();
    let title = match (stream::source(body), value.title()) {
        (Some(template), Some(object)) => format!("{template} ({object})"),
        (template, object) => object.or_else(|| template.map(str::to_owned)).unwrap_or_default(),
    };
    (title, value.kind() == "Secret")
}
