//! A document that is a list of objects → its items, each a separate document:
//! `kind: List`, the `ResourceList` that kustomize hands to functions, and what
//! `kubectl get -o yaml` and `-o json` print.
//!
//! An item's text is what stands in the list, with the dash made a blank: a YAML
//! document whose root is indented. So it is edited like any other, and its other
//! lines are the list's own bytes.

use std::borrow::Cow;
use std::ops::Range;

use json_patch::jsonptr::PointerBuf;
use json_patch::{AddOperation, Patch, PatchOperation};
use memchr::memmem;
use serde_json::Value;

use super::head::Kind;
use crate::yaml::{self, Document, ItemSpan};

/// A list whose items are documents of the stream.
#[derive(Debug)]
pub struct List<'i> {
    /// Where it stands in the input.
    range: Range<usize>,
    document: Document<'i>,
}

/// An item that is an object.
#[derive(Debug)]
pub(super) struct Item<'i> {
    /// Number in the list's `items`.
    pub(super) index: usize,
    /// Where it stands in the input.
    pub(super) range: Range<usize>,
    /// What stands there, without the dash.
    pub(super) text: Cow<'i, [u8]>,
    pub(super) framing: Framing,
}

/// How an item is nested in its list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Framing {
    /// After a dash at this column.
    Dash {
        /// Column of the dash.
        column: usize,
    },
    /// In a flow sequence.
    Flow,
}

/// Why edited items cannot be put back into their list.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct CloseError(String);

const ITEMS: &str = "items";

/// Whether a document may be a list.
pub(super) fn may_be(body: &[u8], kind: Kind<'_>) -> bool {
    match kind {
        Kind::Known(kind) => kind.ends_with(b"List"),
        Kind::Unknown => memmem::find(body, b"List").is_some(),
        Kind::Nothing => false,
    }
}

impl<'i> List<'i> {
    /// Reads the document at `range` of the input, and those of its items that are objects; `None` where it is not a
    /// list of objects.
    pub(super) fn read(input: &'i [u8], range: &Range<usize>, kind: Kind<'_>) -> Option<(Self, Vec<Item<'i>>)> {
        let body = &input[range.clone()];
        if !may_be(body, kind) {
            return None;
        }
        let document = Document::parse(std::str::from_utf8(body).ok()?).ok()?;
        if !document.value().get("kind")?.as_str()?.ends_with("List") {
            return None;
        }
        let spans = document.items(&PointerBuf::from_tokens([ITEMS]));
        let values = document.value().get(ITEMS)?.as_array()?;
        // The two engines may break lines differently.
        if spans.len() != values.len() {
            return None;
        }
        let item = |(index, (span, value)): (usize, (&ItemSpan, &Value))| {
            // A list of something else has no objects in it.
            value.get("kind")?.as_str()?;
            let (text, framing) = match span.dash {
                None => (Cow::Borrowed(&body[span.range.clone()]), Framing::Flow),
                Some(column) => {
                    let mut text = body[span.range.clone()].to_vec();
                    *text.get_mut(column)? = b' ';
                    (Cow::Owned(text), Framing::Dash { column })
                }
            };
            let range = range.start + span.range.start..range.start + span.range.end;
            Some(Item { index, range, text, framing })
        };
        let items: Vec<_> = spans.iter().zip(values).enumerate().filter_map(item).collect();
        if items.is_empty() {
            None
        } else {
            let document = document.without_items(ITEMS);
            Some((Self { range: range.clone(), document }, items))
        }
    }

    /// The document.
    #[must_use]
    pub fn document(&self) -> &Document<'i> {
        &self.document
    }

    /// Where it is in the input.
    #[must_use]
    pub fn range(&self) -> Range<usize> {
        self.range.clone()
    }

    /// The list's text with `edited` in the place of items, by number, with `appended` as its last items, and with
    /// what `more` does to the list itself. It is proved: it reads as before but for that.
    ///
    /// # Errors
    ///
    /// [`CloseError`]
    pub fn close(
        self,
        edited: &[(usize, Framing, &str)],
        appended: &[Value],
        more: &Patch,
    ) -> Result<String, CloseError> {
        let cannot = |error: &dyn std::fmt::Display| CloseError(error.to_string());
        let mut items = Vec::new();
        for &(index, framing, text) in edited {
            let enclosed = framing.enclose(text.to_owned());
            let enclosed = enclosed.ok_or_else(|| cannot(&"an item of a list cannot be put back behind its dash"))?;
            items.push((index, enclosed, yaml::read(text).map_err(|error| cannot(&error))?));
        }
        let path = || PointerBuf::from_tokens([ITEMS, "-"]);
        let add = |value: &Value| PatchOperation::Add(AddOperation { path: path(), value: value.clone() });
        let patch = Patch(appended.iter().map(add).chain(more.0.iter().cloned()).collect());
        self.document.patch_items(ITEMS, items, &patch).map_err(|error| cannot(&error))
    }
}

impl Framing {
    /// A new object as it is written in the place of an item.
    #[must_use]
    pub fn write(self, value: &Value) -> String {
        match self {
            Self::Dash { column } => yaml::write_block(value, column + "- ".len()),
            Self::Flow => yaml::write_json(value),
        }
    }

    /// An item's text as it stands in the list; `None` where no place is left for the dash.
    #[must_use]
    pub fn enclose(self, mut text: String) -> Option<String> {
        if let Self::Dash { column } = self {
            if text.as_bytes().get(..=column)?.iter().any(|&byte| byte != b' ') {
                return None;
            }
            text.replace_range(column..=column, "-");
        }
        Some(text)
    }
}
