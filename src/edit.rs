//! A planned change → the edited text of its document.

use json_patch::jsonptr::PointerBuf;
use json_patch::{AddOperation, Patch, PatchOperation, ReplaceOperation, TestOperation};
use serde_json::Value;

use crate::plan::Change;
use crate::refusal::{Reason, Refusal, Spot};
use crate::yaml::{Document, EditError};

/// A document after its change.
#[derive(Debug)]
pub struct Edited {
    /// The new text.
    pub text: String,
    /// The new YAML texts inside it, in the order of [`Change::texts`].
    pub inner: Vec<String>,
}

/// Makes the change. The result is proved: it reads as the patch wants it, and so does
/// every text inside it.
///
/// # Errors
///
/// [`Reason::CannotEdit`]
pub fn apply(change: &Change<'_, '_>) -> Result<Edited, Refusal> {
    let object = change.object;
    let mut patch = change.patch.0.clone();
    let mut inner = Vec::with_capacity(change.texts.len());
    for text in &change.texts {
        let old = object.value().pointer(text.at.as_str());
        let new =
            edit_text(old.and_then(Value::as_str).unwrap_or_default(), &text.patch).map_err(|(line, message)| {
                let spot = Spot::LineInText { text: text.at.clone(), line };
                Refusal::at(Reason::CannotEdit { message }, object.id, spot)
            })?;
        inner.push(new.clone());
        put(&mut patch, object.value(), &text.at, Value::String(new));
    }
    let text = object
        .document
        .patch(&Patch(patch))
        .map_err(|error| Refusal::at(cannot_edit(&error), object.id, Spot::Whole))?;
    Ok(Edited { text, inner })
}

/// The text inside a document, or the line and the reason why not.
fn edit_text(text: &str, patch: &Patch) -> Result<String, (usize, String)> {
    let document = Document::parse(text).map_err(|error| (error.line(), error.to_string()))?;
    document.patch(patch).map_err(|error| (1, error.to_string()))
}

fn cannot_edit(error: &EditError) -> Reason {
    Reason::CannotEdit { message: error.to_string() }
}

/// Operations that put `new` at `at`, whose parent may be missing.
fn put(patch: &mut Vec<PatchOperation>, value: &Value, at: &PointerBuf, new: Value) {
    match value.pointer(at.as_str()) {
        Some(old) => {
            patch.push(PatchOperation::Test(TestOperation { path: at.clone(), value: old.clone() }));
            patch.push(PatchOperation::Replace(ReplaceOperation { path: at.clone(), value: new }));
        }
        None => {
            let (path, value) = match at.split_back() {
                Some((parent, key)) if !value.pointer(parent.as_str()).is_some_and(Value::is_object) => {
                    (parent.to_buf(), serde_json::json!({ key.decoded().as_ref(): new }))
                }
                _ => (at.clone(), new),
            };
            patch.push(PatchOperation::Add(AddOperation { path, value }));
        }
    }
}
