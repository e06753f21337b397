//! A planned change → the edited text of its document.

use json_patch::jsonptr::PointerBuf;
use json_patch::{AddOperation, Patch, PatchOperation, ReplaceOperation, TestOperation};
use serde_json::Value;

use crate::kube::object::Object as _;
use crate::plan::Change;
use crate::report::place::Spot;
use crate::report::refusal::{Reason, Refusal};
use crate::stream::{DocumentId, up_to_second_document};
use crate::yaml::{self, Document, EditError};

/// A document that is edited.
#[derive(Debug)]
pub struct Edited {
    /// Which one.
    pub id: DocumentId,
    /// Its new text.
    pub text: String,
    /// What changes in its value; texts inside it are set as a whole.
    pub patch: Patch,
}

/// Makes the change and returns the document's new text, if there is anything to change. It is proved: it reads as the patch wants it, and so does
/// every text inside it.
///
/// # Errors
///
/// [`Reason::CannotEdit`]; [`Reason::DoesNotParse`] where only one of the engines can read the document.
pub fn apply(change: &Change<'_, '_>) -> Result<Option<Edited>, Refusal> {
    if change.is_empty() {
        return Ok(None);
    }
    let object = change.object;
    let mut patch = change.patch.0.clone();
    for text in &change.texts {
        let old = text.at.resolve(object.value()).ok();
        let new =
            edit_text(old.and_then(Value::as_str).unwrap_or_default(), &text.patch).map_err(|(line, message)| {
                let spot = Spot::LineInText { text: text.at.clone(), line };
                Refusal::at(Reason::CannotEdit { message }, object.id, spot)
            })?;
        put(&mut patch, object.value(), &text.at, Value::String(new));
    }
    let patch = Patch(patch);
    match object.document.patch(&patch) {
        Ok(text) => Ok(Some(Edited { id: object.id, text, patch })),
        Err(EditError::Parse(error)) => Err(Refusal::of_document(&error, object.id)),
        Err(error) => Err(Refusal::at(cannot_edit(&error), object.id, Spot::Whole)),
    }
}

/// The text inside a document, or the line and the reason why not.
fn edit_text(text: &str, patch: &Patch) -> Result<String, (usize, String)> {
    let (mark, text) = yaml::split_byte_order_mark(text);
    let (text, rest) = text.split_at(up_to_second_document(text).len());
    let document = Document::parse(text).map_err(|error| (error.line(), error.to_string()))?;
    let edited = document.patch(patch).map_err(|error| (1, error.to_string()))?;
    // What follows must still begin a line.
    let line_break = if rest.is_empty() || edited.ends_with('\n') { "" } else { "\n" };
    Ok(format!("{mark}{edited}{line_break}{rest}"))
}

fn cannot_edit(error: &EditError) -> Reason {
    Reason::CannotEdit { message: error.to_string() }
}

/// Operations that put `new` at `at`, whose parent may be missing.
fn put(patch: &mut Vec<PatchOperation>, value: &Value, at: &PointerBuf, new: Value) {
    match at.resolve(value).ok() {
        Some(old) => {
            patch.push(PatchOperation::Test(TestOperation { path: at.clone(), value: old.clone() }));
            patch.push(PatchOperation::Replace(ReplaceOperation { path: at.clone(), value: new }));
        }
        None => {
            let (path, value) = match at.split_back() {
                Some((parent, key)) if !parent.resolve(value).is_ok_and(Value::is_object) => {
                    (parent.to_buf(), serde_json::json!({ key.decoded().as_ref(): new }))
                }
                _ => (at.clone(), new),
            };
            patch.push(PatchOperation::Add(AddOperation { path, value }));
        }
    }
}
