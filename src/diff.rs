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

/// A unified diff of `input`, which `patch` could apply but for masked lines: values that may be secrets are not shown.
///
/// # Errors
///
/// As [`Rewrite::output`].
pub fn unified(input: &[u8], stream: Stream<'_>, rewrite: Rewrite) -> Result<Difference, Refusal> {
    let output = rewrite.output(stream)?;
    let rewritten = output.stream.concat(input);
    let changed = rewritten != input;
    let text = if changed {
        unified::diff(&Stream::split(input).open(), &Stream::split(&rewritten).open())
    } else {
        String::new()
    };
    Ok(Difference { text, changed, warnings: output.warnings })
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

/// A document as the diff shows it.
struct ShownDocument {
    /// Template and object.
    title: String,
    /// 1-based.
    first_line: usize,
    lines: Vec<String>,
}

impl ShownDocument {
    /// A document with the separator before it.
    fn of(stream: &Stream<'_>, id: DocumentId) -> Self {
        let body = stream.body(id);
        let text = String::from_utf8_lossy(body);
        let value = yaml::value(&text).unwrap_or_default();
        let title = match (stream::source(body), value.title()) {
            (Some(template), Some(object)) => format!("{template} ({object})"),
            (template, object) => object.or_else(|| template.map(str::to_owned)).unwrap_or_default(),
        };
        let text = match stream.item(id) {
            Some(item) => item.framing.enclose(text.to_string()).unwrap_or_default(),
            None => format!("{}{text}", String::from_utf8_lossy(stream.separator(id))),
        };
        let first_line = stream.first_line(id) - stream.separator(id).iter().filter(|&&byte| byte == b'\n').count();
        Self { title, first_line, lines: mask::lines(&text, value.kind() == "Secret") }
    }
}
