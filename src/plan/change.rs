//! What is to change in one document.

use json_patch::Patch;
use json_patch::jsonptr::PointerBuf;

use crate::kube::object::Parsed;

/// Patches of one document.
#[derive(Debug)]
pub struct Change<'r, 'i> {
    /// The document.
    pub object: &'r Parsed<'i>,
    /// What changes in its value.
    pub patch: Patch,
    /// What changes in YAML texts that are strings in it.
    pub texts: Vec<TextChange>,
}

/// A patch of a YAML text that is a string in a document. A text that is missing or
/// `null` counts as empty.
#[derive(Debug)]
pub struct TextChange {
    /// Path of the string.
    pub at: PointerBuf,
    /// What changes in the text's value.
    pub patch: Patch,
}

impl Change<'_, '_> {
    pub(crate) fn is_empty(&self) -> bool {
        self.patch.is_empty() && self.texts.is_empty()
    }
}
