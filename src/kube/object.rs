//! An object: what every kind has in common, and how objects name each other.

use json_patch::jsonptr::PointerBuf;
use serde_json::{Map, Value};

use super::value::{str_at, value_at};
use crate::host::is_label_of_any_length;
use crate::report::place::Spot;
use crate::report::refusal::{Reason, Refusal};
use crate::stream::{DocumentId, Stream};
use crate::yaml::{Document, Entries, ParseError};

/// Helm 4 marks every document it hands over with the file it came from.
pub const HELM4_FILENAME: &str = "postrenderer.helm.sh/postrender-filename";

/// What kustomize has renamed keeps its former names here, separated by commas: references
/// in other objects follow only when everything is done.
const PREVIOUS_NAMES: &str = "internal.config.kubernetes.io/previousNames";

/// A Kubernetes object, known by its value.
pub trait Object {
    /// Its value, or that of the part that was read.
    fn value(&self) -> &Value;

    /// `apiVersion`
    fn api_version(&self) -> &str {
        str_at(self.value(), "/apiVersion").unwrap_or_default()
    }

    /// The group of `apiVersion`; empty for the core group.
    fn group(&self) -> &str {
        self.api_version().rsplit_once('/').map_or("", |(group, _)| group)
    }

    /// `kind`
    fn kind(&self) -> &str {
        str_at(self.value(), "/kind").unwrap_or_default()
    }

    /// `metadata.name`
    fn name(&self) -> Option<&str> {
        str_at(self.value(), "/metadata/name")
    }

    /// `metadata.namespace`
    fn namespace(&self) -> Option<&str> {
        str_at(self.value(), "/metadata/namespace")
    }

    /// One of `metadata.labels`, if it is a string.
    fn label(&self, key: &str) -> Option<&str> {
        value_at(self.value(), "/metadata/labels")?.get(key)?.as_str()
    }

    /// One of `metadata.annotations`, if it is a string.
    fn annotation(&self, key: &str) -> Option<&str> {
        self.annotation_value(key)?.as_str()
    }

    /// One of `metadata.annotations`, whatever it is.
    fn annotation_value(&self, key: &str) -> Option<&Value> {
        value_at(self.value(), "/metadata/annotations")?.get(key)
    }

    /// Helm runs hooks by itself: they are not part of the release.
    fn is_hook(&self) -> bool {
        self.annotation_value("helm.sh/hook").is_some()
    }

    /// Whether it comes from a cluster and not from a file.
    fn is_live(&self) -> bool {
        ["uid", "resourceVersion", "managedFields"]
            .iter()
            .any(|key| value_at(self.value(), "/metadata").and_then(|metadata| metadata.get(key)).is_some())
    }

    /// Whether a reference to `name` means this object.
    fn goes_by(&self, name: &str) -> bool {
        let former = || self.annotation(PREVIOUS_NAMES);
        self.name() == Some(name) || former().is_some_and(|names| names.split(',').any(|former| former == name))
    }

    /// Whether it may be in this namespace. One without a namespace goes wherever the release
    /// goes, so that it may be beside any other.
    fn shares_namespace(&self, namespace: Option<&str>) -> bool {
        same_namespace(self.namespace(), namespace)
    }

    /// How it is shown: `Service my-release-milvus`; `None` where it lacks a kind or a name.
    fn title(&self) -> Option<String> {
        let kind = Some(self.kind()).filter(|kind| !kind.is_empty())?;
        Some(format!("{kind} {}", self.name()?))
    }
}

/// Whether both may be the same namespace: one that is not given may be any.
#[must_use]
pub fn same_namespace(one: Option<&str>, other: Option<&str>) -> bool {
    one.is_none() || other.is_none() || one == other
}

/// Whether a selector of a Service selects pods with these labels.
#[must_use]
pub fn selects(selector: &Map<String, Value>, labels: &Map<String, Value>) -> bool {
    !selector.is_empty() && selector.iter().all(|(key, value)| labels.get(key) == Some(value))
}

impl Object for Value {
    fn value(&self) -> &Value {
        self
    }
}

/// An object in a document of the stream, which is only read.
#[derive(Debug)]
pub struct Existing {
    /// The document.
    pub id: DocumentId,
    /// Its value.
    pub value: Value,
}

impl Object for Existing {
    fn value(&self) -> &Value {
        &self.value
    }
}

/// An object in a document of the stream, which may be edited.
#[derive(Debug)]
pub struct Parsed<'i> {
    /// The document.
    pub id: DocumentId,
    /// Its text and value.
    pub document: Document<'i>,
}

impl Object for Parsed<'_> {
    fn value(&self) -> &Value {
        self.document.value()
    }
}

impl<'i> Parsed<'i> {
    /// Parses the document `id`.
    ///
    /// # Errors
    ///
    /// [`Reason::NotUtf8`] and [`Reason::DoesNotParse`].
    pub fn parse(stream: &'i Stream<'_>, id: DocumentId) -> Result<Self, Refusal> {
        Self::parse_with(stream, id, Document::parse)
    }

    /// Parses only the entries at `wanted` of the document `id`, if it can be so parted.
    ///
    /// # Errors
    ///
    /// As [`Parsed::parse`].
    pub fn parse_entries(stream: &'i Stream<'_>, id: DocumentId, wanted: Entries) -> Result<Self, Refusal> {
        Self::parse_with(stream, id, |text| Document::parse_entries(text, wanted))
    }

    fn parse_with(
        stream: &'i Stream<'_>,
        id: DocumentId,
        parse: impl FnOnce(&'i str) -> Result<Document<'i>, ParseError>,
    ) -> Result<Self, Refusal> {
        let document = parse(utf8(stream, id)?).map_err(|error| Refusal::of_document(&error, id))?;
        Ok(Self { id, document })
    }

    /// Other entries of the document.
    ///
    /// # Errors
    ///
    /// [`Reason::DoesNotParse`]
    pub(crate) fn more(&self, wanted: Entries) -> Result<Document<'i>, Refusal> {
        Document::parse_entries(self.document.text(), wanted).map_err(|error| Refusal::of_document(&error, self.id))
    }

    /// The document with all of its entries.
    ///
    /// # Errors
    ///
    /// [`Reason::DoesNotParse`]
    pub(crate) fn whole(&self) -> Result<Document<'i>, Refusal> {
        Document::parse(self.document.text()).map_err(|error| Refusal::of_document(&error, self.id))
    }

    /// A refusal about the value at `path`.
    pub(crate) fn refuse(&self, reason: Reason, path: PointerBuf) -> Refusal {
        Refusal::at(reason, self.id, Spot::Path(path))
    }
}

/// The text of a document.
///
/// # Errors
///
/// [`Reason::NotUtf8`]
pub fn utf8<'s>(stream: &'s Stream<'_>, id: DocumentId) -> Result<&'s str, Refusal> {
    stream.text(id).map_err(|line| Refusal::at(Reason::NotUtf8, id, Spot::Line(line)))
}

/// Whether the API server takes a key of labels and annotations (apimachinery pkg/util/validation `IsQualifiedName`; it
/// compares an annotation's key in lower case).
#[must_use]
pub fn is_qualified_name(key: &str) -> bool {
    let (domain, name) = key.split_once('/').map_or((None, key), |(domain, name)| (Some(domain), name));
    !name.is_empty() && is_label_value(name) && domain.is_none_or(|domain| is_subdomain(&domain.to_ascii_lowercase()))
}

/// Whether the API server takes a value of a label; it may be empty.
#[must_use]
pub fn is_label_value(value: &str) -> bool {
    let is_inner = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    let is_outer = |character: char| character.is_ascii_alphanumeric();
    value.len() <= 63
        && value.bytes().all(is_inner)
        && (value.is_empty() || value.starts_with(is_outer) && value.ends_with(is_outer))
}

/// An RFC 1123 subdomain, as most names of objects are.
#[must_use]
pub fn is_subdomain(name: &str) -> bool {
    name.len() <= 253 && name.split('.').all(is_label_of_any_length)
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
    parts.into_iter().filter_map(|(key, path)| Some((key.to_owned(), str_at(object, path)?.into()))).collect()
}
