//! A Kubernetes object in a document of the stream.

use json_patch::jsonptr::PointerBuf;
use serde_json::{Map, Value};

use crate::refusal::{Reason, Refusal, Spot};
use crate::stream::{DocumentId, Stream};
use crate::yaml::{Document, ParseError};

/// Helm 4 marks every document it hands over with the file it came from.
pub const HELM4_FILENAME: &str = "postrenderer.helm.sh/postrender-filename";

/// What kustomize has renamed keeps its former names here, separated by commas: references
/// in other objects follow only when everything is done.
const PREVIOUS_NAMES: &str = "internal.config.kubernetes.io/previousNames";

/// An object of which only the value is known.
#[derive(Debug)]
pub struct Existing {
    /// The document it is in.
    pub id: DocumentId,
    /// Its value.
    pub value: Value,
}

impl Existing {
    /// `kind`
    #[must_use]
    pub fn kind(&self) -> &str {
        text(&self.value, "/kind").unwrap_or_default()
    }

    /// `metadata.name`
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        text(&self.value, "/metadata/name")
    }

    /// As [`Object::shares_namespace`].
    #[must_use]
    pub fn shares_namespace(&self, namespace: Option<&str>) -> bool {
        share_namespace(text(&self.value, "/metadata/namespace"), namespace)
    }
}

/// A parsed document that holds an object.
#[derive(Debug)]
pub struct Object<'i> {
    /// Which document it is.
    pub id: DocumentId,
    /// Its text and value.
    pub document: Document<'i>,
}

impl<'i> Object<'i> {
    /// Parses the document `id`.
    ///
    /// # Errors
    ///
    /// [`Reason::NotUtf8`] and [`Reason::DoesNotParse`].
    pub fn parse(stream: &Stream<'i>, id: DocumentId) -> Result<Self, Refusal> {
        Self::parse_with(stream, id, Document::parse)
    }

    /// Parses only the entries at `wanted` of the document `id`, if it can be so parted.
    ///
    /// # Errors
    ///
    /// As [`Object::parse`].
    pub fn parse_entries(
        stream: &Stream<'i>,
        id: DocumentId,
        wanted: &'static [&'static [&'static str]],
    ) -> Result<Self, Refusal> {
        Self::parse_with(stream, id, |text| Document::parse_entries(text, wanted))
    }

    fn parse_with(
        stream: &Stream<'i>,
        id: DocumentId,
        parse: impl FnOnce(&'i str) -> Result<Document<'i>, ParseError>,
    ) -> Result<Self, Refusal> {
        let body = stream.body(id);
        let text = match std::str::from_utf8(body) {
            Ok(text) => text,
            Err(error) => {
                let line = memchr::memchr_iter(b'\n', &body[..error.valid_up_to()]).count() + 1;
                return Err(Refusal::at(Reason::NotUtf8, id, Spot::Line(line)));
            }
        };
        let document = parse(text).map_err(|error| does_not_parse(&error, id))?;
        Ok(Self { id, document })
    }

    /// Other entries of the document.
    ///
    /// # Errors
    ///
    /// [`Reason::DoesNotParse`]
    pub(crate) fn more(&self, wanted: &'static [&'static [&'static str]]) -> Result<Document<'i>, Refusal> {
        Document::parse_entries(self.document.text(), wanted).map_err(|error| does_not_parse(&error, self.id))
    }

    /// The document with all of its entries.
    ///
    /// # Errors
    ///
    /// [`Reason::DoesNotParse`]
    pub(crate) fn whole(&self) -> Result<Document<'i>, Refusal> {
        Document::parse(self.document.text()).map_err(|error| does_not_parse(&error, self.id))
    }

    /// Its value, or that of the part that was parsed.
    #[must_use]
    pub fn value(&self) -> &Value {
        self.document.value()
    }

    /// A refusal about the value at `path`.
    pub(crate) fn refuse(&self, reason: Reason, path: PointerBuf) -> Refusal {
        Refusal::at(reason, self.id, Spot::Path(path))
    }

    /// `kind`
    #[must_use]
    pub fn kind(&self) -> &str {
        text(self.value(), "/kind").unwrap_or_default()
    }

    /// `metadata.name`
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        text(self.value(), "/metadata/name")
    }

    /// Whether a reference to `name` means this object.
    #[must_use]
    pub fn goes_by(&self, name: &str) -> bool {
        let former = || at(self.value(), "/metadata/annotations")?.get(PREVIOUS_NAMES)?.as_str();
        self.name() == Some(name) || former().is_some_and(|names| names.split(',').any(|former| former == name))
    }

    /// `metadata.namespace`
    #[must_use]
    pub fn namespace(&self) -> Option<&str> {
        text(self.value(), "/metadata/namespace")
    }

    /// One of `metadata.labels`.
    #[must_use]
    pub fn label(&self, key: &str) -> Option<&str> {
        at(self.value(), "/metadata/labels")?.get(key)?.as_str()
    }

    /// The template that Helm 4 says the document came from.
    #[must_use]
    pub fn helm4_filename(&self) -> Option<&str> {
        at(self.value(), "/metadata/annotations")?.get(HELM4_FILENAME)?.as_str()
    }

    /// Hooks are run by Helm and not part of the release.
    #[must_use]
    pub fn is_hook(&self) -> bool {
        at(self.value(), "/metadata/annotations").is_some_and(|annotations| annotations.get("helm.sh/hook").is_some())
    }

    /// Whether two objects may be in one namespace. One without a namespace goes
    /// wherever the release goes, so that it may be beside any other.
    #[must_use]
    pub fn shares_namespace(&self, namespace: Option<&str>) -> bool {
        share_namespace(self.namespace(), namespace)
    }
}

fn share_namespace(one: Option<&str>, other: Option<&str>) -> bool {
    match (one, other) {
        (Some(one), Some(other)) => one == other,
        _ => true,
    }
}

pub(crate) fn does_not_parse(error: &ParseError, id: DocumentId) -> Refusal {
    let reason = Reason::DoesNotParse { message: error.to_string() };
    Refusal::at(reason, id, Spot::Line(error.line()))
}

/// How an object is named elsewhere: `apiVersion`, `kind`, `namespace` and `name`, as far as it has them.
#[must_use]
pub fn reference(object: &Value) -> Map<String, Value> {
    let parts = [
        ("apiVersion", "/apiVersion"),
        ("kind", "/kind"),
        ("namespace", "/metadata/namespace"),
        ("name", "/metadata/name"),
    ];
    parts.into_iter().filter_map(|(key, path)| Some((key.to_owned(), text(object, path)?.into()))).collect()
}

/// What stands at `path`, such as `/metadata/name`; no key in it is escaped.
#[must_use]
pub fn at<'v>(value: &'v Value, path: &str) -> Option<&'v Value> {
    path.split('/').skip(1).try_fold(value, |value, key| value.get(key))
}

/// The string at `path`, if there is one.
#[must_use]
pub fn text<'v>(value: &'v Value, path: &str) -> Option<&'v str> {
    at(value, path)?.as_str()
}

/// The items of the array at `path`; none if it is no array.
pub fn items<'v>(value: &'v Value, path: &str) -> impl Iterator<Item = &'v Value> + use<'v> {
    at(value, path).and_then(Value::as_array).into_iter().flatten()
}

/// A JSON pointer from its tokens, escaped.
#[must_use]
pub fn path<'t>(tokens: impl IntoIterator<Item = &'t str>) -> PointerBuf {
    PointerBuf::from_tokens(tokens)
}
