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

use super::shared::COLOURED;
use crate::cli;
use crate::config;
use crate::filter::{self, Output, Rewrite};
use crate::kube::object::{Object as _, Parsed};
use crate::kube::value::{array_at, pointer, str_at, value_at};
use crate::milvus::operator;
use crate::options::{Field, Options, OptionsError};
use crate::report::diagnostic;
use crate::report::files::Files;
use crate::report::outcome::{Outcome, Status, own_name_first};
use crate::report::place::Spot;
use crate::report::refusal::{Reason, Refusal};
use crate::settings::Settings;
use crate::stream::head::Kind;
use crate::stream::{self, DocumentId, Stream};
use crate::yaml::{self, Document};

use result::{FunctionResult, ResultSeverity};

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
            let value = std::str::from_utf8(body).ok().and_then(|text| yaml::value(text).ok());
            value.is_some_and(|value| str_at(&value, "/kind") == Some(KIND))
        }
    })
}

/// Runs as a function; `given` comes before the functionConfig.
#[must_use]
pub fn run(input: &[u8], given: Options) -> Outcome {
    let split = Stream::split(input);
    let stdin = Files::stdin();
    let told = |refusal: &Refusal, files| diagnostic::refusal(refusal, &split, files, COLOURED) + "\n";
    let id = match only_document(&split) {
        Ok(id) => id,
        Err(refusal) => return failure(&told(&refusal, &stdin), list_of(&FunctionResult::of_refusal(&refusal))),
    };
    let mut stream = Stream::split(input).open();
    operator::expand(&mut stream);
    // A list without items has not been opened.
    let parsed = if stream.lists().is_empty() { Parsed::parse(&split, id).map(Some) } else { Ok(None) };
    let list = match &parsed {
        Ok(Some(parsed)) => &parsed.document,
        Ok(None) => stream.lists()[0].document(),
        Err(refusal) => return failure(&told(refusal, &stdin), list_of(&FunctionResult::of_refusal(refusal))),
    };
    let call = Call { list, stream: &stream };
    let (result, message) = match call.settings(id, given) {
        Err(refusal) => {
            (FunctionResult::of_config(&refusal, call.config()), told(&refusal, &Files::called("functionConfig")))
        }
        Ok(settings) => match call.rewrite(&settings) {
            Err(refusal) => (call.result_of(&refusal), diagnostic::refusal(&refusal, &stream, &stdin, COLOURED) + "\n"),
            Ok((rewrite, results)) => match rewrite.output_with(stream, &results) {
                Err(refusal) => (FunctionResult::of_refusal(&refusal), told(&refusal, &stdin)),
                Ok(Output { stream, warnings }) => {
                    let named = |one: &String| own_name_first(&diagnostic::warning(one, COLOURED)) + "\n";
                    let stderr = warnings.iter().map(named).collect();
                    return Outcome { stdout: stream.concat(input).into(), stderr, status: Status::Done };
                }
            },
        },
    };
    let list = Parsed::parse(&split, id).ok().and_then(|list| {
        let patch = add_results(list.document.value(), std::slice::from_ref(&result));
        let text = list.document.patch(&patch).ok()?;
        Some(split.assemble(vec![(id, text)], Vec::new(), Vec::new()).concat(input))
    });
    failure(&message, list.unwrap_or_else(|| list_of(&result)))
}

fn failure(message: &str, list: Vec<u8>) -> Outcome {
    Outcome { stdout: list.into(), stderr: own_name_first(message), status: Status::Refused }
}

/// A list that holds nothing but a result, where the input cannot be given back.
fn list_of(result: &FunctionResult) -> Vec<u8> {
    let list = json!({
        "apiVersion": "config.kubernetes.io/v1", "kind": KIND, "items": [], "results": [result.value()],
    });
    yaml::write_document(&list).into_bytes()
}

/// The list that the function is called with.
fn only_document(split: &Stream<'_>) -> Result<DocumentId, Refusal> {
    let mut documents = split.ids().filter(|id| split.kind(*id) != Kind::Nothing);
    match (documents.next(), documents.next()) {
        (Some(id), None) => Ok(id),
        (_, Some(second)) => Err(Refusal::at(Reason::SeveralResourceLists, second, Spot::Whole)),
        (None, None) => Err(Refusal::new(Reason::EmptyInput)),
    }
}

/// The list that the function is called with, and the stream of its items.
struct Call<'c, 'i> {
    list: &'c Document<'i>,
    stream: &'c Stream<'i>,
}

impl Call<'_, '_> {
    /// What is asked for; a refusal is about the list in the document `id`.
    fn settings(&self, id: DocumentId, given: Options) -> Result<Settings, Refusal> {
        if self.is_generator() {
            return Err(Refusal::at(Reason::Generator, id, Spot::Path(pointer(["functionConfig"]))));
        }
        let config = config::of_function(self.list, id)?;
        let settings = given.over(config).settings();
        settings.map(|settings| Settings { noticed: cli::unknown_variables(), ..settings }).map_err(|error| {
            let (field, reason) = match error {
                OptionsError::NoHost => (Field::HOST, Reason::NoHost),
                OptionsError::Wrong { field, problem } => (field, Reason::Options { field: field.name(), problem }),
            };
            match self.config() {
                Value::Null => Refusal::new(reason),
                _ => Refusal::at(reason, id, Spot::Path(pointer(["functionConfig", "spec", &field.name()]))),
            }
        })
    }

    /// What is done to the items, and the results that say so.
    fn rewrite(&self, settings: &Settings) -> Result<(Rewrite, Patch), Refusal> {
        let rewrite = filter::rewrite(self.stream, settings)?;
        let warnings = rewrite.warnings.iter();
        let mut results: Vec<_> = warnings.map(|one| FunctionResult::new(ResultSeverity::Warning, one)).collect();
        results.extend(self.changes(&rewrite)?);
        results.sort_by(|one, other| one.key().cmp(&other.key()));
        Ok((rewrite, add_results(self.list.value(), &results)))
    }

    fn config(&self) -> &Value {
        value_at(self.list.value(), "/functionConfig").unwrap_or(&Value::Null)
    }

    /// A generator gets its own configuration as the only item.
    fn is_generator(&self) -> bool {
        let name = |object: &Value| (object.kind().to_owned(), object.name().map(str::to_owned));
        let mut items = array_at(self.list.value(), "/items").peekable();
        items.peek().is_some() && items.all(|item| name(item) == name(self.config()))
    }

    /// What differs in the items of the rewritten list.
    fn changes(&self, rewrite: &Rewrite) -> Result<Vec<FunctionResult>, Refusal> {
        let before = |id| Some((self.stream.item(id)?.index, self.item(id)?));
        let mut changed = Vec::new();
        for edited in &rewrite.edited {
            if let Some((index, before)) = before(edited.id) {
                let mut after = before.clone();
                json_patch::patch_unsafe(&mut after, &edited.patch)
                    .map_err(|error| Reason::CannotEdit { message: error.to_string() })?;
                changed.push((index, FunctionResult::of_change(Some(before), &after)));
            }
        }
        for (id, ours) in &rewrite.replaced {
            changed.extend(before(*id).map(|(index, before)| (index, FunctionResult::of_change(Some(before), ours))));
        }
        changed.sort_by_key(|(index, _)| *index);
        let added = rewrite.appended.iter().map(|ours| FunctionResult::of_change(None, ours));
        Ok(changed.into_iter().map(|(_, results)| results).chain(added).flatten().collect())
    }

    /// The item of the list that a document of the stream is.
    fn item(&self, id: DocumentId) -> Option<&Value> {
        self.list.value().get("items")?.get(self.stream.item(id)?.index)
    }

    /// A refusal about the items.
    fn result_of(&self, refusal: &Refusal) -> FunctionResult {
        let item = refusal.place.as_ref().and_then(|place| self.item(place.document));
        let result = FunctionResult::of_refusal(refusal);
        match item {
            Some(item) => result.about(item),
            None => result,
        }
    }
}

/// Adds results to the list.
fn add_results(list: &Value, results: &[FunctionResult]) -> Patch {
    let there = value_at(list, "/results").and_then(Value::as_array);
    // What a run before has said need not be said again.
    let is_new = |result: &Value| !there.is_some_and(|results| results.contains(result));
    let results: Vec<_> = results.iter().map(FunctionResult::value).filter(is_new).collect();
    let add = |path, value| PatchOperation::Add(AddOperation { path, value });
    Patch(match there {
        _ if results.is_empty() => Vec::new(),
        Some(_) => results.into_iter().map(|result| add(pointer(["results", "-"]), result)).collect(),
        None => vec![add(pointer(["results"]), Value::Array(results))],
    })
}
