//! A document that is a list of objects → its items, each a document of its own:
//! `kind: List`, the `ResourceList` that kustomize hands to functions, and what
//! `kubectl get -o yaml` and `-o json` print.
//!
//! An item's text is what stands in the list, with the dash made a blank: a YAML
//! document whose root is indented. So it is edited like any other, and its other
//! lines are the list's own bytes.

use std::ops::Range;

use json_patch::jsonptr::PointerBuf;
use json_patch::{AddOperation, Patch, PatchOperation};
use memchr::memmem;
use serde_json::Value;

use crate::object::{path, text};
use crate::refusal::{Reason, Refusal};
use crate::stream::head::Kind;
use crate::stream::{DocumentId, ItemOf, Stream};
use crate::yaml::{self, Document};

/// The lists of a stream.
#[derive(Debug, Default)]
pub struct Lists(Vec<List>);

/// A list and its items.
#[derive(Debug)]
pub struct List {
    /// The document, as [`Stream::split`] numbers it.
    pub document: DocumentId,
    /// The items that are objects.
    pub items: Vec<Item>,
    value: Value,
}

/// An item that is an object.
#[derive(Debug)]
pub struct Item {
    /// Number in the list's `items`.
    pub index: usize,
    /// Where it stands in the list's text.
    pub range: Range<usize>,
    /// Its text, where that is not simply what stands in the range.
    pub text: Option<Vec<u8>>,
    /// How it hangs in the list.
    pub framing: Framing,
}

/// How an item hangs in its list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Framing {
    /// Behind a dash at this column.
    Dash {
        /// Column of the dash.
        column: usize,
    },
    /// In a flow sequence.
    Flow,
}

const ITEMS: [&str; 1] = ["items"];

impl Lists {
    /// Finds the lists among the documents of `stream`. One that cannot be read stays a document.
    #[must_use]
    pub fn find(stream: &Stream<'_>) -> Self {
        Self(stream.ids().filter_map(|id| List::read(stream, id)).collect())
    }

    /// The lists, in order.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &List> + ExactSizeIterator {
        self.0.iter()
    }

    /// Completes a stream in which items have been edited: adds `appended` to the items of the list number `into`, and
    /// proves the lists. Each reads as before but for the edited items and the new ones.
    ///
    /// # Errors
    ///
    /// [`Reason::CannotEdit`]
    pub fn close(
        &self,
        stream: &[u8],
        edited: &[EditedItem<'_>],
        into: Option<usize>,
        appended: &[Value],
    ) -> Result<Vec<u8>, Refusal> {
        let split = Stream::split(stream);
        let mut bodies = Vec::new();
        for (number, list) in self.0.iter().enumerate() {
            let edited: Vec<_> = edited.iter().filter(|item| item.of.list == number).collect();
            let appended = if into == Some(number) { appended } else { &[] };
            if !edited.is_empty() || !appended.is_empty() {
                let text = list.close(split.body(list.document), &edited, appended);
                bodies.push((list.document, text.map_err(|message| Refusal::new(Reason::CannotEdit { message }))?));
            }
        }
        Ok(split.assembled(bodies, Vec::new()))
    }
}

/// The new text of an item.
#[derive(Debug)]
pub struct EditedItem<'t> {
    /// Which item.
    pub of: ItemOf,
    /// As [`Item::text`] has it.
    pub text: &'t str,
}

impl List {
    fn read(stream: &Stream<'_>, document: DocumentId) -> Option<Self> {
        let body = stream.body(document);
        match stream.kind(document) {
            Kind::Known(kind) if kind.ends_with(b"List") => {}
            Kind::Unknown => drop(memmem::find(body, b"List")?),
            _ => return None,
        }
        let parsed = Document::parse(std::str::from_utf8(body).ok()?).ok()?;
        let value = parsed.value().clone();
        if !text(&value, "/kind")?.ends_with("List") {
            return None;
        }
        let spans = parsed.items(&path(ITEMS));
        let values = value.get("items")?.as_array()?;
        // The two engines may break lines differently.
        if spans.len() != values.len() {
            return None;
        }
        let item = |(index, (span, value)): (usize, (yaml::ItemSpan, &Value))| {
            // A list of something else has no objects in it.
            text(value, "/kind")?;
            let (text, framing) = match span.dash {
                None => (None, Framing::Flow),
                Some(column) => {
                    let mut text = body[span.range.clone()].to_vec();
                    *text.get_mut(column)? = b' ';
                    (Some(text), Framing::Dash { column })
                }
            };
            Some(Item { index, range: span.range, text, framing })
        };
        let items: Vec<_> = spans.into_iter().zip(values).enumerate().filter_map(item).collect();
        if items.is_empty() { None } else { Some(Self { document, items, value }) }
    }

    /// Proves the text of the list, some items of which have been edited, and appends to it.
    fn close(&self, body: &[u8], edited: &[&EditedItem<'_>], appended: &[Value]) -> Result<String, String> {
        let mut wanted = self.value.clone();
        for item in edited {
            let value = yaml::read(item.text).map_err(|error| error.to_string())?;
            if let Some(item) = wanted.pointer_mut(item_path(item.of.index).as_str()) {
                *item = value;
            }
        }
        let text = std::str::from_utf8(body).map_err(|error| error.to_string())?;
        let document = Document::parse(text).map_err(|error| error.to_string())?;
        if *document.value() != wanted {
            return Err("the edited list would not read as wanted".to_owned());
        }
        let path = || path(ITEMS).with_trailing_token("-");
        let add = |value: &Value| PatchOperation::Add(AddOperation { path: path(), value: value.clone() });
        document.patch(&Patch(appended.iter().map(add).collect())).map_err(|error| error.to_string())
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

/// The pointer to an item of a list.
#[must_use]
pub fn item_path(index: usize) -> PointerBuf {
    path(ITEMS).with_trailing_token(index)
}
