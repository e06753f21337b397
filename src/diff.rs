//! What a rewrite would change, for people (a unified diff) and for programs (JSON
//! patches), before anything is applied.

mod mask;
mod unified;

use json_patch::jsonptr::PointerBuf;
use json_patch::{AddOperation, Patch, PatchOperation};
use serde_json::{Value, json};

use crate::filter::{self, Rewrite};
use crate::list::Lists;
use crate::object::{reference, text};
use crate::refusal::Refusal;
use crate::settings::Settings;
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

/// A unified diff of the stream, which `patch` could apply but for masked lines: values that
/// may be secrets are not shown.
///
/// # Errors
///
/// A [`Refusal`], as of the filter.
pub fn unified(input: &[u8], settings: &Settings) -> Result<Difference, Refusal> {
    let output = filter::filter(input, settings)?;
    let stream = output.stream.concat(input);
    let changed = stream != input;
    let text = if changed { unified::diff(&documents(input), &documents(&stream)) } else { String::new() };
    Ok(Difference { text, changed, warnings: output.warnings })
}

/// RFC 6902 patches as a JSON array, one for each object that changes, with the object it
/// applies to. A new object is an `add` at the root.
///
/// # Errors
///
/// A [`Refusal`], as of the filter.
pub fn patches(input: &[u8], settings: &Settings) -> Result<Difference, Refusal> {
    filter::rewrite(input, settings, |rewrite| {
        let patches = patches_of(&rewrite);
        let text = format!("{:#}\n", Value::Array(patches.clone()));
        Ok(Difference { text, changed: !patches.is_empty(), warnings: rewrite.warnings })
    })
}

fn patches_of(rewrite: &Rewrite<'_>) -> Vec<Value> {
    let value = |id: DocumentId| {
        let text = std::str::from_utf8(rewrite.stream.body(id)).unwrap_or_default();
        yaml::read(text).unwrap_or_default()
    };
    let mut edited: Vec<_> = rewrite.edited.iter().collect();
    edited.sort_by_key(|edited| edited.id);
    let edited = edited.into_iter().map(|edited| of_object(&value(edited.id), &edited.patch));
    let whole = |ours: &Value| {
        let add = AddOperation { path: PointerBuf::root(), value: ours.clone() };
        of_object(ours, &Patch(vec![PatchOperation::Add(add)]))
    };
    let replaced = rewrite.replaced.iter().map(|(_, ours)| whole(ours));
    edited.chain(replaced).chain(rewrite.appended.iter().map(whole)).collect()
}

fn of_object(object: &Value, patch: &Patch) -> Value {
    // Operations are made of values: nothing that JSON could not hold.
    json!({"target": reference(object), "patch": serde_json::to_value(patch).unwrap_or_default()})
}

/// A document as the diff shows it.
struct Shown {
    /// Template and object.
    title: String,
    /// 1-based.
    first_line: usize,
    lines: Vec<String>,
}

/// All documents, each with the separator before it.
fn documents(input: &[u8]) -> Vec<Shown> {
    let split = Stream::split(input);
    let lists = Lists::find(&split);
    let stream = split.open(&lists);
    let shown = |id| {
        let body = stream.body(id);
        let text = String::from_utf8_lossy(body);
        let value = yaml::read(&text).unwrap_or_default();
        let object = match (self::text(&value, "/kind"), self::text(&value, "/metadata/name")) {
            (Some(kind), Some(name)) => Some(format!("{kind} {name}")),
            _ => None,
        };
        let title = match (stream::source(body), object) {
            (Some(template), Some(object)) => format!("{template} ({object})"),
            (template, object) => object.or_else(|| template.map(str::to_owned)).unwrap_or_default(),
        };
        let text = match stream.item(id) {
            Some(item) => item.framing.enclose(text.to_string()).unwrap_or_default(),
            None => format!("{}{text}", String::from_utf8_lossy(stream.separator(id))),
        };
        let first_line = stream.first_line(id) - stream.separator(id).iter().filter(|&&byte| byte == b'\n').count();
        Shown { title, first_line, lines: mask::lines(&text, self::text(&value, "/kind") == Some("Secret")) }
    };
    stream.ids().map(shown).collect()
}
