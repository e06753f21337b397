//! A KRM function, as `kustomize build`, `kustomize fn run` and kpt run it: a
//! `ResourceList` on stdin, options in its `functionConfig`, and the same `ResourceList`
//! on stdout, rewritten, with `results` that say what was done or why nothing was.
//!
//! kustomize ignores results and only looks at the exit status; it takes an empty stdout
//! for "no resources". So a failure never ends in status 0, and stdout is a
//! `ResourceList` in any case.

mod result;

use json_patch::{AddOperation, Patch, PatchOperation};
use memchr::memmem;
use serde_json::{Value, json};

use crate::command::refused;
use crate::config;
use crate::filter::{Output, filter};
use crate::object::{at, items, path, text};
use crate::options::Options;
use crate::outcome::{Outcome, Status, own_name_first};
use crate::refusal::{Reason, Refusal, Spot};
use crate::stream::head::Kind;
use crate::stream::{self, DocumentId, Stream};
use crate::yaml::{self, Document};
use crate::{diagnostic, list};

use result::{Report, Severity};

/// What kustomize calls its list.
const KIND: &str = "ResourceList";

/// Whether the first document is a `ResourceList`.
#[must_use]
pub fn is_resource_list(input: &[u8]) -> bool {
    stream::first(input).is_some_and(|(body, kind)| match kind {
        Kind::Known(kind) => kind == KIND.as_bytes(),
        // Most documents do not even mention one.
        _ if memmem::find(body, KIND.as_bytes()).is_none() => false,
        _ => {
            let value = std::str::from_utf8(body).ok().and_then(|text| yaml::read(text).ok());
            value.is_some_and(|value| text(&value, "/kind") == Some(KIND))
        }
    })
}

/// Runs as a function; `given` comes before the functionConfig.
#[must_use]
pub fn run(input: &[u8], given: Options) -> Outcome {
    let stream = Stream::split(input);
    let call = match Call::read(&stream) {
        Ok(call) => call,
        Err(refusal) => {
            let message = diagnostic::refusal(&refusal, &stream, "<stdin>", true) + "\n";
            return failure(&message, list_of(&Report::of_refusal(&refusal)));
        }
    };
    match call.rewrite(input, &stream, given) {
        Ok(outcome) => outcome,
        Err(Failure { report, message }) => {
            let results = std::slice::from_ref(&*report);
            let list = with_results(input, results).unwrap_or_else(|_| list_of(&report));
            failure(&message, list)
        }
    }
}

fn failure(message: &str, list: Vec<u8>) -> Outcome {
    Outcome { stdout: list.into(), stderr: own_name_first(message), status: Status::Refused }
}

/// A list that holds nothing but a result, where the input cannot be given back.
fn list_of(report: &Report) -> Vec<u8> {
    let list = json!({
        "apiVersion": "config.kubernetes.io/v1", "kind": KIND, "items": [], "results": [report.value()],
    });
    yaml::write_document(&list).into_bytes()
}

fn documents<'s>(stream: &'s Stream<'_>) -> impl Iterator<Item = DocumentId> + use<'s> {
    stream.ids().filter(|id| stream.kind(*id) != Kind::Nothing)
}

/// Why nothing was done, as a result and in words.
struct Failure {
    report: Box<Report>,
    message: String,
}

/// The list that the function is called with.
struct Call<'i> {
    id: DocumentId,
    document: Document<'i>,
}

impl<'i> Call<'i> {
    fn read(stream: &Stream<'i>) -> Result<Self, Refusal> {
        let mut documents = documents(stream);
        let (Some(id), second) = (documents.next(), documents.next()) else {
            return Err(Refusal::new(Reason::EmptyInput));
        };
        if let Some(second) = second {
            return Err(Refusal::at(Reason::SeveralResourceLists, second, Spot::Whole));
        }
        let object = crate::object::Object::parse(stream, id)?;
        Ok(Self { id, document: object.document })
    }

    fn rewrite(&self, input: &[u8], stream: &Stream<'_>, given: Options) -> Result<Outcome, Failure> {
        let in_config = |refusal: Refusal| {
            let message = diagnostic::refusal(&refusal, stream, "functionConfig", true) + "\n";
            Failure { report: Box::new(Report::of_config(&refusal, self.config())), message }
        };
        if self.is_generator() {
            return Err(in_config(Refusal::at(Reason::Generator, self.id, Spot::Path(path(["functionConfig"])))));
        }
        let config = config::of_function(&self.document, self.id).map_err(in_config)?;
        let settings = given.over(config).settings().map_err(|error| {
            let at = path(["functionConfig", "spec", error.field]);
            let reason = match error.missing {
                true => Reason::NoHost,
                false => Reason::Options { field: error.field, problem: error.to_string() },
            };
            in_config(match self.config() {
                Value::Null => Refusal::new(reason),
                _ => Refusal::at(reason, self.id, Spot::Path(at)),
            })
        })?;
        let in_items = |refusal: Refusal| {
            let report = Report::of_items(&refusal, input, self.document.value());
            Failure { report: Box::new(report), message: refused(&refusal, input) }
        };
        let Output { stream, warnings } = filter(input, &settings).map_err(in_items)?;
        let stream = stream.concat(input);
        let mut reports: Vec<_> = warnings.iter().map(|warning| Report::new(Severity::Warning, warning)).collect();
        reports.extend(self.changes(&stream));
        reports.sort_by(Report::order);
        let stdout = with_results(&stream, &reports)
            .map_err(|message| in_items(Refusal::new(Reason::CannotEdit { message })))?;
        let warnings = warnings.iter().map(|warning| own_name_first(&diagnostic::warning(warning, true)) + "\n");
        Ok(Outcome { stdout: stdout.into(), stderr: warnings.collect(), status: Status::Done })
    }

    fn config(&self) -> &Value {
        at(self.document.value(), "/functionConfig").unwrap_or(&Value::Null)
    }

    /// A generator gets its own configuration as the only item.
    fn is_generator(&self) -> bool {
        let name = |object| (text(object, "/kind"), text(object, "/metadata/name"));
        let mut items = items(self.document.value(), "/items").peekable();
        items.peek().is_some() && items.all(|item| name(item) == name(self.config()))
    }

    /// What differs in the items of the rewritten list.
    fn changes(&self, rewritten: &[u8]) -> Vec<Report> {
        let stream = Stream::split(rewritten);
        let Ok(after) = Call::read(&stream) else { return Vec::new() };
        let mut before = items(self.document.value(), "/items");
        items(after.document.value(), "/items").flat_map(|new| Report::of_change(before.next(), new)).collect()
    }
}

/// The list with results added to it.
fn with_results(list: &[u8], reports: &[Report]) -> Result<Vec<u8>, String> {
    let stream = Stream::split(list);
    let call = Call::read(&stream).map_err(|refusal| refusal.to_string())?;
    let there = at(call.document.value(), "/results").and_then(Value::as_array);
    // What a run before has said need not be said again.
    let is_new = |result: &Value| !there.is_some_and(|results| results.contains(result));
    let results: Vec<_> = reports.iter().map(Report::value).filter(is_new).collect();
    let add = |path, value| PatchOperation::Add(AddOperation { path, value });
    let operations = match there {
        _ if results.is_empty() => Vec::new(),
        Some(_) => results.into_iter().map(|result| add(path(["results", "-"]), result)).collect(),
        None => vec![add(path(["results"]), Value::Array(results))],
    };
    let text = call.document.patch(&Patch(operations)).map_err(|error| error.to_string())?;
    Ok(stream.assembled(vec![(call.id, text)], Vec::new()))
}

/// The item of the list that a document of the opened stream is.
fn item<'l>(list: &'l Value, input: &[u8], id: DocumentId) -> Option<&'l Value> {
    let split = Stream::split(input);
    let lists = list::Lists::find(&split);
    let index = split.open(&lists).item(id)?.index;
    list.pointer(list::item_path(index).as_str())
}
