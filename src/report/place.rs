//! Where something is in the stream.

use json_patch::jsonptr::PointerBuf;

use crate::stream::{DocumentId, Stream};

/// A place in the stream, told without byte offsets.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Place {
    /// The document.
    pub document: DocumentId,
    /// Where in it.
    pub spot: Spot,
}

impl Place {
    /// The place in the input that this one is derived from, if it is derived.
    #[must_use]
    pub fn traced(self, stream: &Stream<'_>) -> Self {
        let Some(origin) = stream.origin(self.document) else { return self };
        let path = match &self.spot {
            Spot::Path(path) | Spot::LineInText { text: path, .. } => path.clone(),
            Spot::InText { text, inner } => text.concat(inner),
            Spot::Whole | Spot::Line(_) => PointerBuf::root(),
        };
        match stream.trace(self.document, &path) {
            Some((document, path)) => Self { document, spot: Spot::Path(path) },
            None => Self { document: origin, spot: Spot::Whole },
        }
    }
}

/// A place in a document.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Spot {
    /// The document as such.
    Whole,
    /// The value at this path.
    Path(PointerBuf),
    /// In the YAML text that is the string at `text`: the value at `inner`.
    InText {
        /// Path of the string.
        text: PointerBuf,
        /// Path in it.
        inner: PointerBuf,
    },
    /// This 1-based line; its text is not shown, for it may hold a secret.
    Line(usize),
    /// In the YAML text that is the string at `text`: this 1-based line, not shown.
    LineInText {
        /// Path of the string.
        text: PointerBuf,
        /// Line in it.
        line: usize,
    },
}
