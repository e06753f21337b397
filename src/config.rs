//! A config file or a functionConfig → [`Options`]: `kind: MilvusGkeL7` with a strict
//! `spec`, or a v1 ConfigMap with flat `data`.

mod flat;
mod schema;

pub use schema::SCHEMA;

use json_patch::jsonptr::PointerBuf;
use serde_json::Value;

use crate::kube::object::Parsed;
use crate::kube::value::{pointer, str_at};
use crate::options::{Field, Options};
use crate::report::place::Spot;
use crate::report::refusal::{Reason, Refusal};
use crate::stream::head::Kind;
use crate::stream::{DocumentId, Stream};
use crate::yaml::Document;

/// `kind` of our configuration.
pub const KIND: &str = "MilvusGkeL7";

/// `apiVersion` of our configuration.
pub const API_VERSION: &str = "milvus-gke-l7/v1alpha1";

/// Arguments for a legacy plugin, which kustomize has read when we are called.
const READ_BY_KUSTOMIZE: [&str; 2] = ["argsOneLiner", "argsFromFile"];

/// Reads a config file.
///
/// # Errors
///
/// A [`Refusal`] about a place in `stream`.
pub fn read(stream: &Stream<'_>) -> Result<Options, Refusal> {
    let mut documents = stream.ids().filter(|id| stream.kind(*id) != Kind::Nothing);
    let (Some(id), second) = (documents.next(), documents.next()) else {
        return Err(Refusal::new(Reason::ConfigKind { found: "empty".to_owned() }));
    };
    if let Some(second) = second {
        return Err(Refusal::at(Reason::SeveralConfigs, second, Spot::Whole));
    }
    let object = Parsed::parse(stream, id).map_err(|refusal| match refusal.reason {
        Reason::DoesNotParse { message } => Refusal { reason: Reason::BrokenConfig { message }, ..refusal },
        _ => refusal,
    })?;
    Config { document: &object.document, id, at: PointerBuf::root() }.options()
}

/// Reads the functionConfig of a `ResourceList`, which may lack one.
///
/// # Errors
///
/// A [`Refusal`] about a place in the document `id`, which is the `ResourceList`.
pub fn of_function(document: &Document<'_>, id: DocumentId) -> Result<Options, Refusal> {
    let config = Config { document, id, at: pointer(["functionConfig"]) };
    match config.value("") {
        None | Some(Value::Null) => Ok(Options::default()),
        Some(_) => config.options(),
    }
}

/// A configuration and the place where it stands.
struct Config<'d, 't> {
    document: &'d Document<'t>,
    id: DocumentId,
    at: PointerBuf,
}

impl<'d> Config<'d, '_> {
    fn options(&self) -> Result<Options, Refusal> {
        let root = self.value("").unwrap_or(&Value::Null);
        match (str_at(root, "/apiVersion"), str_at(root, "/kind")) {
            (Some(API_VERSION), Some(KIND)) => self.of_spec(),
            (Some("v1"), Some("ConfigMap")) => self.of_data(),
            (version, Some(kind)) => {
                let found = format!("a {kind} of {}", version.unwrap_or("no apiVersion"));
                let wrong = if kind == KIND || kind == "ConfigMap" { "apiVersion" } else { "kind" };
                Err(self.refuse(Reason::ConfigKind { found }, &[wrong]))
            }
            (_, None) => Err(self.refuse(Reason::ConfigKind { found: "no object".to_owned() }, &[])),
        }
    }

    fn of_spec(&self) -> Result<Options, Refusal> {
        let Some(spec) = self.holder("spec", &[])? else { return Ok(Options::default()) };
        serde_path_to_error::deserialize(spec).map_err(|error| self.refuse_field("spec", &error))
    }

    fn of_data(&self) -> Result<Options, Refusal> {
        let data = self.holder("data", &["immutable"])?.and_then(Value::as_object);
        let texts = data.into_iter().flatten().map(|(key, value)| (key.as_str(), self.raw(key, value)));
        serde_path_to_error::deserialize(flat::deserializer(texts)).map_err(|error| self.refuse_field("data", &error))
    }

    /// The field that holds the options and nothing else, if it is there. Beside it there may be `others`.
    fn holder(&self, field: &str, others: &[&str]) -> Result<Option<&'d Value>, Refusal> {
        let known = ["apiVersion", "kind", "metadata", field];
        self.refuse_unknown(&[], &[&known, others, &READ_BY_KUSTOMIZE].concat())?;
        let holder = self.value(&format!("/{field}")).filter(|value| !value.is_null());
        if holder.is_some() {
            let options: Vec<_> = Field::ALL.iter().map(|option| option.name()).collect();
            self.refuse_unknown(&[field], &options.iter().map(String::as_str).collect::<Vec<_>>())?;
        }
        Ok(holder)
    }

    /// A text of `data`. Where it is not quoted, YAML may take it for a number: then it is what is written.
    fn raw(&self, key: &str, value: &Value) -> String {
        match value {
            Value::String(text) => text.clone(),
            other => {
                let written = self.document.written(&self.path(&["data", key]));
                written.map_or_else(|| other.to_string(), |text| text.trim().to_owned())
            }
        }
    }

    fn value(&self, below: &str) -> Option<&'d Value> {
        self.document.value().pointer(&format!("{}{below}", self.at))
    }

    fn path(&self, below: &[&str]) -> PointerBuf {
        let mut path = self.at.clone();
        path.append(crate::kube::value::pointer(below.iter().copied()));
        path
    }

    fn refuse(&self, reason: Reason, below: &[&str]) -> Refusal {
        Refusal::at(reason, self.id, Spot::Path(self.path(below)))
    }

    /// Refuses what is not a mapping, and unknown keys.
    fn refuse_unknown(&self, below: &[&str], known: &[&str]) -> Result<(), Refusal> {
        let at = self.path(below);
        let Some(mapping) = self.document.value().pointer(at.as_str()).and_then(Value::as_object) else {
            let field = below.join(".");
            return Err(self.refuse(Reason::FieldValue { field, problem: "not a mapping".to_owned() }, below));
        };
        let Some(field) = mapping.keys().find(|key| !known.contains(&key.as_str())) else { return Ok(()) };
        let is_told = |field: &&&str| !READ_BY_KUSTOMIZE.contains(field) && **field != Field::IAP.name();
        let known: Vec<_> = known.iter().filter(is_told).map(|field| (*field).to_owned()).collect();
        let reason = Reason::UnknownField { field: field.clone(), near: most_like(field, &known), known };
        Err(self.refuse(reason, &[below, &[field]].concat()))
    }

    fn refuse_field<E: std::error::Error>(&self, parent: &str, error: &serde_path_to_error::Error<E>) -> Refusal {
        let mut at = self.path(&[parent]);
        for segment in error.path() {
            match segment {
                serde_path_to_error::Segment::Map { key } => at.push_back(key.as_str()),
                serde_path_to_error::Segment::Seq { index } => at.push_back(*index),
                _ => {}
            }
        }
        let problem = error.inner().to_string().replace("expected a sequence", "expected a list");
        let reason = Reason::FieldValue { field: error.path().to_string(), problem };
        Refusal::at(reason, self.id, Spot::Path(at))
    }
}

/// The known word that a field is most like, if it is like one at all.
fn most_like(field: &str, known: &[String]) -> Option<String> {
    let likeness =
        |known: &&String| (strsim::jaro_winkler(&field.to_lowercase(), &known.to_lowercase()) * 1000.0) as u32;
    known.iter().max_by_key(likeness).filter(|known| likeness(known) > 750).cloned()
}
