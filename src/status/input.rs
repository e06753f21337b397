//! What kubectl printed → objects.

use serde_json::Value;

use crate::report::place::Spot;
use crate::report::refusal::{Reason, Refusal};
use crate::stream::{DocumentId, Stream};
use crate::yaml;

/// All objects: of a `kind: List`, in YAML or JSON, of several, or of a stream.
pub(super) fn objects(input: &[u8]) -> Result<Vec<Value>, Refusal> {
    if input.iter().all(u8::is_ascii_whitespace) {
        return Err(Reason::NothingPrinted.into());
    }
    let stream = Stream::limited(input)?;
    let mut objects = Vec::new();
    for id in stream.ids() {
        for value in values(&stream, id)? {
            match value.get("kind").and_then(Value::as_str) {
                Some(kind) if kind.ends_with("List") => objects.extend(items(value).filter(Value::is_object)),
                Some(_) => objects.push(value),
                None if value.is_null() => {}
                None => return Err(Refusal::at(Reason::NoObject, id, Spot::Line(1))),
            }
        }
    }
    Ok(objects)
}

/// The items of a list.
fn items(mut list: Value) -> impl Iterator<Item = Value> {
    let items = list.get_mut("items").map(Value::take);
    if let Some(Value::Array(items)) = items { items } else { Vec::new() }.into_iter()
}

/// The values of a document: one, but for JSON, where one may follow the other.
fn values(stream: &Stream<'_>, id: DocumentId) -> Result<Vec<Value>, Refusal> {
    let at = |reason, line| Refusal::at(reason, id, Spot::Line(line));
    let text = stream.text(id).map_err(|line| at(Reason::PrintedNotUtf8, line))?;
    // YAML reads it as well, but not several in a row.
    if text.trim_start().starts_with('{')
        && let Ok(values) = serde_json::Deserializer::from_str(text).into_iter().collect()
    {
        return Ok(values);
    }
    let broken = |error: yaml::ParseError| at(Reason::PrintedDoesNotParse { message: error.to_string() }, error.line());
    Ok(vec![yaml::value(text).map_err(broken)?])
}
