//! What holds for every input, hostile ones included. The targets of `fuzz/` and tests/it/property.rs call the same
//! functions; each fails by panicking.
#![allow(dead_code, reason = "every user is a crate of its own and needs a part of this")]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

use std::ops::Range;

use arbitrary::Unstructured;
use json_patch::jsonptr::{Pointer, PointerBuf};
use json_patch::{AddOperation, Patch, PatchOperation, RemoveOperation, ReplaceOperation, TestOperation};
use milvus_gke_l7::commands::function;
use milvus_gke_l7::milvus::operator;
use milvus_gke_l7::options::Options;
use milvus_gke_l7::report::diagnostic;
use milvus_gke_l7::report::files::Files;
use milvus_gke_l7::report::outcome::{Outcome, Status};
use milvus_gke_l7::report::refusal::Refusal;
use milvus_gke_l7::settings::Settings;
use milvus_gke_l7::stream::Stream;
use milvus_gke_l7::stream::head::{self, Kind};
use milvus_gke_l7::yaml::{self, Document, EditError, ParseError};
use milvus_gke_l7::{check, diff, filter, notes, status};
use serde_json::{Map, Value, json};

/// The function for the name of a fuzz target.
pub(crate) fn of_target(target: &str) -> Option<fn(&[u8])> {
    Some(match target {
        "split" => split,
        "tree" => tree,
        "splice" => splice,
        "filter" => filter,
        _ => return None,
    })
}

/// Splitting: bodies and what is between them tile the input; putting them together again gives the input; the look
/// at the head says what parsing says.
pub(crate) fn split(input: &[u8]) {
    let stream = Stream::split(input);
    assert_eq!(put_together(&stream), input, "an unchanged stream is its input");
    let mut end = 0;
    for id in stream.ids() {
        let body = stream.body(id);
        let start = body.as_ptr() as usize - input.as_ptr() as usize;
        let gap = input.get(end..start).expect("bodies stand in order");
        let blank = gap.strip_prefix(BYTE_ORDER_MARK).filter(|_| end == 0).unwrap_or(gap);
        let blank = blank.strip_prefix(b"---").unwrap_or(blank);
        let blank = blank.strip_suffix(BYTE_ORDER_MARK).unwrap_or(blank).trim_ascii();
        assert!(blank.is_empty(), "{:?} stands between two bodies", String::from_utf8_lossy(gap));
        let lines = input[..start].iter().filter(|&&byte| byte == b'\n').count();
        assert_eq!(stream.first_line(id), lines + 1, "the line on which a body begins");
        end = start + body.len();
        let separators = body.windows(4).filter(|window| window == b"\n---").count();
        assert_eq!(separators, 0, "a separator inside a body");
        if let Ok(text) = std::str::from_utf8(body) {
            let same = stream.assemble(vec![(id, text.to_owned())], Vec::new(), Vec::new()).concat(input);
            assert_eq!(same, input, "a body in its own place");
            look(text);
        }
    }
    assert_eq!(end, input.len(), "the last body goes to the end");
    let opened = Stream::split(input).open();
    for id in opened.ids() {
        let _ = (head::kind(opened.body(id)), opened.first_line(id), opened.separator(id), opened.is_glued(id));
    }
}

const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

fn put_together(stream: &Stream<'_>) -> Vec<u8> {
    stream.assemble(Vec::new(), Vec::new(), Vec::new()).concat(stream.input())
}

/// What [`head::kind`] says of a document that can be read. Quoted scalars and flow collections may hold a line that
/// looks like the root's `kind:`; then only an object whose own `kind` is written oddly could be taken for another.
fn look(text: &str) {
    let kind = head::kind(text.as_bytes());
    let Ok(value) = yaml::read(text) else { return };
    match kind {
        Kind::Nothing => assert_eq!(value, Value::Null, "a document of comments:\n{text}"),
        Kind::Known(name) if !text.contains(['"', '\'', '{', '[', '?', '!', '&', '*', '%']) => {
            // A plain scalar may go on on the next line.
            let name = String::from_utf8_lossy(name).into_owned();
            let first = match &value["kind"] {
                Value::String(kind) => kind.split_ascii_whitespace().next().unwrap_or_default().to_owned(),
                _ => return,
            };
            assert_eq!(first, name, "the kind of\n{text}");
        }
        Kind::Known(_) | Kind::Unknown => {}
    }
}

/// Of YAML 1.2 and 1.1.
const LINE_BREAKS: [char; 5] = ['\n', '\r', '\u{85}', '\u{2028}', '\u{2029}'];

/// Of YAML 1.1 alone: positions are told by an engine for which a comment, say, does not end there.
const OLD_BREAKS: [char; 3] = ['\u{85}', '\u{2028}', '\u{2029}'];

/// Parsing one document: both engines read the same, and positions are those of the text.
pub(crate) fn tree(input: &[u8]) {
    let text = String::from_utf8_lossy(input);
    let (_, text) = yaml::split_byte_order_mark(&text);
    // Few values, for speed.
    proof(text, 2);
    let document = match Document::parse(text) {
        Ok(document) => document,
        Err(error) => {
            let breaks = text.matches(LINE_BREAKS).count();
            assert!(error.line() <= breaks + 2, "an error beyond the text: {error:?}");
            return;
        }
    };
    match yaml::read(text) {
        Ok(value) if value == *document.value() => {}
        _ => return nothing_can_be_edited(&document),
    }
    places(&document, &PointerBuf::root(), document.value());
    assert!(document.unread().next().is_none(), "a whole document has no unread part");
    excerpt(&document);
}

/// Comparing while reading, as the proof of an edit does, says what reading and then comparing says: of the value that
/// is read, and of so many that differ from it in one node.
pub(crate) fn proof(text: &str, most: usize) {
    let read = match yaml::read(text) {
        // Only reading looks at the limits first.
        Err(ParseError::TooDeep { .. } | ParseError::TooMany { .. }) => return,
        read => read.ok(),
    };
    let wanted = read.clone().unwrap_or_default();
    let judge = |value: &Value| {
        let differs = || format!("whether this reads as {value}:\n{text}");
        assert_eq!(yaml::reads_as(text, value), read.as_ref() == Some(value), "{}", differs());
    };
    judge(&wanted);
    // Among the words are the values of duplicate keys that do not count.
    let words = text.split(|c: char| !c.is_alphanumeric() && !"<._-+~".contains(c)).rev().take(8);
    let mut words: Vec<Value> = words.filter_map(|word| yaml::read(word).ok()).collect();
    words.extend([json!({}), json!([]), json!("")]);
    let mut places = Vec::new();
    nodes(&PointerBuf::root(), &wanted, &mut places);
    let mut changed = wanted.clone();
    for place in places.iter().skip(text.len() % places.len().div_ceil(most)).step_by(places.len().div_ceil(most)) {
        let before = place.resolve(&wanted).expect("a node").clone();
        let others = others(&before, &words);
        let step = others.len().div_ceil(most);
        for other in others.into_iter().skip(text.len() % step).step_by(step) {
            *place.resolve_mut(&mut changed).expect("a node") = other;
            judge(&changed);
        }
        *place.resolve_mut(&mut changed).expect("a node") = before;
    }
}

fn nodes(at: &Pointer, value: &Value, out: &mut Vec<PointerBuf>) {
    out.push(at.to_buf());
    match value {
        Value::Object(mapping) => {
            mapping.iter().for_each(|(key, value)| nodes(&at.with_trailing_token(key), value, out));
        }
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(index, value)| nodes(&at.with_trailing_token(index), value, out));
        }
        _ => {}
    }
}

/// Other values: one of the words, or with an entry or an item lost, added, moved or renamed, or of another type.
fn others(value: &Value, words: &[Value]) -> Vec<Value> {
    let mut others = words.to_vec();
    others.push(json!({"<<": value}));
    match value {
        Value::Object(mapping) => {
            for (key, value) in mapping.iter().take(2).chain(mapping.iter().next_back()) {
                let mut without = mapping.clone();
                without.shift_remove(key);
                others.push(without.clone().into());
                without.insert(format!("{key}x"), value.clone());
                others.push(without.into());
            }
            for key in ["added", "a", "<<", "1"] {
                let mut with = mapping.clone();
                with.entry(key).or_insert(json!(1));
                others.push(with.into());
            }
        }
        Value::Array(items) => {
            if let [rest @ .., last] = items.as_slice() {
                others.push(rest.into());
                others.push([std::slice::from_ref(last), rest].concat().into());
            }
            others.push([items.as_slice(), &[Value::Null]].concat().into());
        }
        Value::String(text) => others.push(yaml::read(text).unwrap_or_default()),
        scalar => {
            others.push(scalar.to_string().into());
            others.push(scalar.as_f64().map_or(Value::Null, Value::from));
        }
    }
    others
}

/// Where the engines do not read the same, an edit leaves no such place in the text.
fn nothing_can_be_edited(document: &Document<'_>) {
    let path = PointerBuf::from_tokens(["added by the test"]);
    let patch = Patch(vec![PatchOperation::Add(AddOperation { path, value: json!(1) })]);
    if let Ok(edited) = document.patch(&patch) {
        let first = Document::parse(&edited).ok().map(|again| again.value().clone());
        let differ = || format!("the engines differ on\n{}\nand on what it became\n{edited}", document.text());
        assert!(first.is_some() && first == yaml::read(&edited).ok(), "{}", differ());
    }
}

/// Where the node at `at` stands, and what it is written as.
fn places(document: &Document<'_>, at: &Pointer, value: &Value) {
    let text = document.text();
    let range = document.locate(at);
    assert!(text.get(range.clone()).is_some(), "{at} at {range:?} of\n{text}");
    if let Some(written) = document.written(at) {
        // A tag or an alias says more than the token, and most words are plain.
        let is_word = value.as_str() == Some(written) && written.bytes().all(|byte| byte.is_ascii_alphabetic());
        if !written.contains(['\n', '\r']) && !text.contains(['!', '*']) && !text.contains(OLD_BREAKS) && !is_word {
            let alone = yaml::read(&format!("- {written}\n")).ok();
            assert_eq!(alone.as_ref().and_then(|list| list.get(0)), Some(value), "{at} as it is written in\n{text}");
        }
    }
    match value {
        Value::Object(mapping) => {
            for (key, value) in mapping {
                places(document, &at.with_trailing_token(key), value);
            }
        }
        Value::Array(items) => {
            let spans = document.items(at);
            let is_as_read = spans.is_empty() || spans.len() == items.len();
            assert!(is_as_read || text.contains(OLD_BREAKS), "{} items at {at} of\n{text}", spans.len());
            let mut end = 0;
            for span in spans {
                assert!(text.get(span.range.clone()).is_some(), "{span:?} of\n{text}");
                // The items of a compact sequence share a line.
                if !text.contains('*') && span.dash.is_some() {
                    assert!(span.range.end >= end, "{span:?} after {end} of\n{text}");
                }
                end = span.range.end;
            }
            for (index, value) in items.iter().enumerate() {
                places(document, &at.with_trailing_token(index), value);
            }
        }
        _ => {}
    }
}

const WANTED: &[&[&str]] =
    &[&["kind"], &["metadata"], &["spec", "template", "metadata"], &["spec", "template", "spec", "volumes"]];

/// What an excerpt says of the entries that it was taken for is what the document says.
fn excerpt(document: &Document<'_>) {
    let text = document.text();
    let part = Document::parse_entries(text, WANTED).expect("what can be read as a whole can be read in part");
    for path in ["/kind", "/metadata", "/spec/template/metadata", "/spec/template/spec/volumes"] {
        let (part, whole) = (part.value().pointer(path), document.value().pointer(path));
        assert_eq!(part, whole, "{path} by excerpt of\n{text}");
    }
    let paths = ["/kind", "/metadata/annotations", "/metadata/name", "/spec/template/metadata/annotations"];
    // One of them, for speed.
    let path = PointerBuf::parse(paths[text.len() % paths.len()]).expect("a pointer");
    let patch = Patch(vec![PatchOperation::Add(AddOperation { path: path.clone(), value: json!({"a": "b"}) })]);
    if let (Ok(part), Ok(whole)) = (part.patch(&patch), document.patch(&patch)) {
        assert_eq!(part, whole, "{path} by excerpt of\n{text}");
    }
}

/// Patching one document: the text up to the first NUL; what follows chooses the patch.
pub(crate) fn splice(input: &[u8]) {
    let (text, choices) = match input.iter().position(|&byte| byte == 0) {
        Some(at) => (&input[..at], &input[at + 1..]),
        None => (input, &[][..]),
    };
    let text = String::from_utf8_lossy(text);
    let (_, text) = yaml::split_byte_order_mark(&text);
    let Ok(document) = Document::parse(text) else { return };
    if let Ok(patch) = any_patch(&mut Unstructured::new(choices), document.value()) {
        patched(&document, &patch);
    }
}

/// A patch does what RFC 6902 says, or is refused; the lines that it does not reach keep their bytes. Tells whether
/// it was done.
pub(crate) fn patched(document: &Document<'_>, patch: &Patch) -> bool {
    let text = document.text();
    let mut wanted = document.value().clone();
    let described = || format!("{patch} on\n{text}");
    let fits = json_patch::patch(&mut wanted, patch).is_ok();
    let edited = match document.patch(patch) {
        Err(EditError::Patch(_)) => {
            assert!(!fits, "a patch that fits is refused: {}", described());
            return false;
        }
        Err(_) => return false,
        Ok(edited) => edited,
    };
    assert!(fits, "a patch that does not fit is taken: {}", described());
    assert_eq!(yaml::read(&edited).ok().as_ref(), Some(&wanted), "{}\nbecame\n{edited}", described());
    if wanted == *document.value() {
        assert_eq!(edited, text, "a patch that changes nothing: {}", described());
        return true;
    }
    if let Some(complaint) = reach(document, &wanted, &edited) {
        panic!("{complaint}: {}\nbecame\n{edited}", described());
    }
    let again = Document::parse(&edited);
    let again = again.unwrap_or_else(|error| panic!("{error}: {}\nbecame\n{edited}", described()));
    let replace = ReplaceOperation { path: PointerBuf::root(), value: wanted };
    let second = again.patch(&Patch(vec![PatchOperation::Replace(replace)]));
    let second = second.unwrap_or_else(|error| panic!("{error}: {}\nbecame\n{edited}", described()));
    assert_eq!(second, edited, "the second time: {}", described());
    true
}

/// Lines outside of what changes keep their bytes and their order. What may change:
///
/// * of a value that is another one, and of an entry that goes, the lines from its key (or dash) to its end;
/// * of a mapping that gets an entry, the lines of its last entry;
/// * of a sequence of another length, and of what stands in flow style, the lines of the collection;
/// * of a collection that loses all that it had, its own lines and its key's;
/// * the indentation of the next line with content behind each of them, which may move up behind a dash.
///
/// A last line may gain or lose its line break. An alias has its lines elsewhere, a duplicate key two places (be it
/// that only a tag differs), and with YAML 1.1's line breaks the engines count other lines: of such documents nothing
/// is said.
fn reach(document: &Document<'_>, wanted: &Value, edited: &str) -> Option<String> {
    let text = document.text();
    if text.contains(['*', '?', '!'])
        || text.contains("<<")
        || text.contains(OLD_BREAKS)
        || !matches!(document.value(), Value::Object(_) | Value::Array(_))
    {
        return None;
    }
    if serde_yaml::from_str::<serde_yaml::Value>(text).is_err() {
        return None;
    }
    let mut regions = Vec::new();
    differing(document, &PointerBuf::root(), document.value(), wanted, &mut regions);
    // A blank last line without a line break is a line here.
    let old: Vec<&str> = text.split('\n').collect();
    let mut free = vec![false; old.len()];
    let mut moving = vec![false; old.len()];
    for region in regions {
        let first = text[..region.start].matches('\n').count();
        // A block scalar ends behind its line break.
        let last = text[..region.end].trim_end_matches(['\r', '\n']).matches('\n').count();
        let below = (last + 1..old.len()).find(|&line| !old[line].trim().is_empty());
        free[first..=last.max(first)].fill(true);
        moving[last + 1..below.map_or(old.len(), |below| below + 1)].fill(true);
    }
    let new: Vec<&str> = edited.split('\n').collect();
    let same = |old: &str, new: &str| old.trim_end_matches('\r') == new.trim_end_matches('\r');
    let mut at = 0;
    let mut line = 0;
    while line < old.len() {
        if free[line] || moving[line] {
            let is_there = || new[at..].iter().any(|new| new.trim().ends_with(old[line].trim()));
            if !free[line] && !is_there() {
                return Some(format!("the line {} is not kept", line + 1));
            }
            line += 1;
            continue;
        }
        let end = (line..old.len()).find(|&line| free[line] || moving[line]).unwrap_or(old.len());
        let run = &old[line..end];
        let fits =
            |at: usize| at + run.len() <= new.len() && run.iter().zip(&new[at..]).all(|(old, new)| same(old, new));
        let found = match (line, end == old.len()) {
            (0, _) => fits(0).then_some(0),
            (_, true) => new.len().checked_sub(run.len()).filter(|&last| last >= at && fits(last)),
            _ => (at..=new.len()).find(|&at| fits(at)),
        };
        match found {
            Some(found) => at = found + run.len(),
            None => return Some(format!("the lines {}..{end} are not kept", line + 1)),
        }
        line = end;
    }
    None
}

/// Where values differ, as ranges of the text.
fn differing(document: &Document<'_>, at: &Pointer, before: &Value, after: &Value, out: &mut Vec<Range<usize>>) {
    let whole = document.locate(at);
    let is_flow = |mapping: &Map<String, Value>| {
        let first = mapping.keys().next().map(|key| document.locate(&at.with_trailing_token(key)).start);
        first.is_none_or(|first| document.text()[whole.start..first].contains('{'))
    };
    match (before, after) {
        (before, after) if before == after => {}
        (Value::Object(old), Value::Object(new)) if old.keys().any(|key| new.contains_key(key)) && !is_flow(old) => {
            for (key, old) in old {
                let at = at.with_trailing_token(key);
                match new.get(key) {
                    Some(new) => differing(document, &at, old, new, out),
                    None => out.push(document.locate(&at)),
                }
            }
            if new.keys().any(|key| !old.contains_key(key)) {
                out.extend(old.keys().next_back().map(|last| document.locate(&at.with_trailing_token(last))));
            }
        }
        (Value::Array(old), Value::Array(new)) if old.len() == new.len() => {
            for (index, (old, new)) in old.iter().zip(new).enumerate() {
                differing(document, &at.with_trailing_token(index), old, new, out);
            }
        }
        _ => out.push(whole),
    }
}

/// Some operations, at places that are there and at places that are not.
pub(crate) fn any_patch(choices: &mut Unstructured<'_>, value: &Value) -> arbitrary::Result<Patch> {
    let mut value = value.clone();
    let mut operations = Vec::new();
    for _ in 0..choices.int_in_range(1..=3)? {
        let operation = any_operation(choices, &value)?;
        let _ = json_patch::patch(&mut value, std::slice::from_ref(&operation));
        operations.push(operation);
    }
    Ok(Patch(operations))
}

fn any_operation(choices: &mut Unstructured<'_>, value: &Value) -> arbitrary::Result<PatchOperation> {
    let (path, there) = any_place(choices, value)?;
    Ok(match choices.int_in_range(0..=7)? {
        0 | 1 => PatchOperation::Replace(ReplaceOperation { path, value: any_value(choices, 0)? }),
        2 | 3 => PatchOperation::Remove(RemoveOperation { path }),
        4 => PatchOperation::Test(TestOperation { path, value: there.clone() }),
        _ => {
            let path = match there {
                Value::Object(_) => path.with_trailing_token(*choices.choose(KEYS)?),
                Value::Array(items) => match choices.int_in_range(0..=items.len())? {
                    index if index < items.len() => path.with_trailing_token(index),
                    _ => path.with_trailing_token("-"),
                },
                _ => path,
            };
            PatchOperation::Add(AddOperation { path, value: any_value(choices, 0)? })
        }
    })
}

fn any_place<'v>(choices: &mut Unstructured<'_>, root: &'v Value) -> arbitrary::Result<(PointerBuf, &'v Value)> {
    let (mut path, mut value) = (PointerBuf::root(), root);
    while choices.int_in_range(0..=4)? > 0 {
        match value {
            Value::Object(mapping) if !mapping.is_empty() => {
                let chosen = choices.int_in_range(0..=mapping.len() - 1)?;
                let (key, inner) = mapping.iter().nth(chosen).expect("within");
                path.push_back(key.as_str());
                value = inner;
            }
            Value::Array(items) if !items.is_empty() => {
                let chosen = choices.int_in_range(0..=items.len() - 1)?;
                path.push_back(chosen);
                value = &items[chosen];
            }
            _ => break,
        }
    }
    Ok((path, value))
}

fn any_value(choices: &mut Unstructured<'_>, depth: usize) -> arbitrary::Result<Value> {
    Ok(match choices.int_in_range(0..=if depth < 3 { 8 } else { 5 })? {
        0 => Value::Null,
        1 => Value::Bool(choices.arbitrary()?),
        2 => json!(choices.arbitrary::<i64>()?),
        3 => json!(choices.int_in_range(-64_i32..=64)?).as_i64().map_or(Value::Null, |n| json!(n as f64 / 8.0)),
        4 => json!(*choices.choose(TEXTS)?),
        5 => json!(choices.arbitrary::<&str>()?),
        6 => {
            let mut items = Vec::new();
            for _ in 0..choices.int_in_range(0..=3)? {
                items.push(any_value(choices, depth + 1)?);
            }
            Value::Array(items)
        }
        _ => {
            let mut mapping = Map::new();
            for _ in 0..choices.int_in_range(0..=3)? {
                mapping.insert((*choices.choose(KEYS)?).to_owned(), any_value(choices, depth + 1)?);
            }
            Value::Object(mapping)
        }
    })
}

const KEYS: &[&str] = &["a", "b", "name", "cloud.google.com/neg", "y", "", " ", "0", "- x", "<<", "é: #", "two\nlines"];

const TEXTS: &[&str] = &[
    "",
    " ",
    "x",
    "it's: a #value",
    "true",
    "null",
    "0777",
    "~",
    "- a",
    "one\ntwo",
    "one\ntwo\n",
    "one\n  two\n\n\nthree\n\n",
    "  lead\nrest",
    "\ttab\nrest",
    "\n",
    "\n\n",
    "\nx",
    "x\n ",
    "x \ny",
    "cr\r\nlf",
    "bell\u{7}",
    "\u{85}",
    "\u{2028}a\nb",
    "é\n€\u{1d11e}",
    "\u{feff}",
    "---\n",
    "...\nx",
    "# not\n# a comment",
    "{a: 1}",
    "*x",
    "&x y",
    "%YAML 1.1",
    "a: |\n  b\n",
    "<<",
    "=",
];

/// The whole filter, and with it one of the commands that only read. A byte before the stream chooses the settings and
/// the command.
pub(crate) fn filter(input: &[u8]) {
    let Some((&choice, input)) = input.split_first() else { return };
    let options = options(choice);
    let settings = options.clone().settings().expect("the options fit together");
    drop(filtered(input, &settings));
    if function::is_resource_list(input) {
        function(input, options.clone());
    }
    match choice / 8 % 4 {
        0 => checked(input),
        1 => checked(&output(input, &settings).unwrap_or_default()),
        2 => {
            let rewritten = filter::read(input).and_then(|stream| {
                let release = filter::release(&stream, &settings)?;
                let rewrite = filter::rewrite_release(&release, &stream, &settings)?;
                Ok(notes::notes(&stream, &release, &rewrite, &settings, &options.flags()).text())
            });
            drop(rewritten);
        }
        _ => drop(status::report(input, &status::Asked::default()).map(|report| report.text(true))),
    }
}

/// What the filter writes, or why it does not.
pub(crate) fn output(input: &[u8], settings: &Settings) -> Result<Vec<u8>, String> {
    let output = filter::filter(input, settings).map_err(|refusal| refused(&refusal, input))?;
    Ok(output.stream.concat(input))
}

/// A refusal as the user sees it: its place must be one that can be shown.
fn refused(refusal: &Refusal, input: &[u8]) -> String {
    diagnostic::refusal(refusal, &Stream::split(input).open(), &Files::stdin(), true)
}

/// Output is a fixed point, and differs from the input in what the patches tell; every other document is as it was.
/// An error where there is no output.
pub(crate) fn filtered(input: &[u8], settings: &Settings) -> Result<(), String> {
    let output = output(input, settings)?;
    let shown = || String::from_utf8_lossy(&output);
    let again = self::output(&output, settings);
    let again = again.unwrap_or_else(|why| panic!("{why}\nThe output is refused:\n{}", shown()));
    assert!(again == output, "a second run changes\n{}\nto\n{}", shown(), String::from_utf8_lossy(&again));
    // One of the two, for speed.
    if input.len().is_multiple_of(4) {
        let stream = filter::read(input).expect("what is written can be read");
        let rewrite = filter::rewrite(&stream, settings).expect("what is written can be planned");
        let unified = diff::unified(input, stream, rewrite, 3, None).expect("what is written can be shown");
        assert_eq!(unified.changed, output != input, "whether anything changes");
    } else {
        only_patched(input, &output, settings);
    }
    Ok(())
}

fn only_patched(input: &[u8], output: &[u8], settings: &Settings) {
    let (before, after) = (Stream::split(input), Stream::split(output));
    let opened = filter::read(input).expect("what is written can be read");
    let rewrite = filter::rewrite(&opened, settings).expect("what is written can be planned");
    let patches = diff::patches(&opened, rewrite);
    let patches: Vec<Value> = serde_json::from_str(&patches.text).expect("JSON");
    let patches: Vec<Patch> =
        patches.iter().map(|entry| serde_json::from_value(entry["patch"].clone()).expect("a patch")).collect();
    let count = before.ids().count();
    assert!(after.ids().count() >= count, "documents are missing");
    for (number, (old, new)) in before.ids().zip(after.ids()).enumerate() {
        let (old_body, new_body) = (before.body(old), after.body(new));
        let ended = number + 1 == count && new_body.strip_suffix(b"\n") == Some(old_body);
        let is_list = || !Stream::split(old_body).open().lists().is_empty();
        if old_body == new_body || ended || is_list() {
            let (before, after) = (before.separator(old), after.separator(new));
            // A `---` at the very end gains the line break that the stream did not have.
            let after = after.strip_suffix(b"\n").filter(|_| old_body.is_empty() && before == b"---").unwrap_or(after);
            assert_eq!(before, after, "the separator before document {number}");
            continue;
        }
        // Of a workload only parts may be read; a mistake elsewhere in it passes.
        if std::str::from_utf8(old_body).is_ok_and(|text| yaml::read(text).is_err()) {
            continue;
        }
        let (old, new) = (value(old_body), value(new_body));
        // A block scalar at the very end gains the line break that the stream did not have.
        let is_unended = number + 1 == count && !old_body.ends_with(b"\n");
        let unended = new_body.strip_suffix(b"\n").filter(|_| is_unended).map(value);
        let makes = |patch: &Patch| {
            let mut old = old.clone();
            json_patch::patch(&mut old, patch).is_ok() && (old == new || Some(&old) == unended.as_ref())
        };
        assert!(patches.iter().any(makes), "no patch changes document {number} from\n{old}\nto\n{new}");
    }
    for new in after.ids().skip(count) {
        let new = value(after.body(new));
        let makes = |patch: &Patch| {
            let mut old = Value::Null;
            json_patch::patch(&mut old, patch).is_ok() && old == new
        };
        assert!(patches.iter().any(makes), "no patch adds\n{new}");
    }
}

fn value(body: &[u8]) -> Value {
    std::str::from_utf8(body).ok().and_then(|text| yaml::read(text).ok()).unwrap_or_default()
}

/// A function answers with a list, whatever happens, and a second run changes nothing.
fn function(input: &[u8], options: Options) {
    let written = |outcome: &Outcome| outcome.stdout.slices().collect::<Vec<_>>().concat();
    let outcome = function::run(input, options.clone());
    let first = written(&outcome);
    assert!(function::is_resource_list(&first), "no list:\n{}", String::from_utf8_lossy(&first));
    if outcome.status == Status::Done {
        let second = written(&function::run(&first, options));
        assert!(
            second == first,
            "a second run changes\n{}\nto\n{}",
            String::from_utf8_lossy(&first),
            String::from_utf8_lossy(&second)
        );
    }
}

fn checked(input: &[u8]) {
    let mut stream = Stream::split(input).open();
    operator::expand(&mut stream);
    match check::check(&stream, None) {
        Ok(findings) => {
            let findings = check::report::sorted(findings, &stream, &Files::stdin());
            match findings.len() % 3 {
                0 => drop(check::report::text(&findings)),
                1 => drop(check::report::sarif(&findings)),
                _ => {
                    let json = check::report::json(&findings);
                    assert!(serde_json::from_str::<Value>(&json).is_ok(), "no JSON: {json}");
                }
            }
        }
        Err(refusal) => drop(refused(&refusal, input)),
    }
}

/// Options that differ in what they write.
pub(crate) fn options(choice: u8) -> Options {
    let hosts = json!(["milvus.example.com"]);
    let all = [
        json!({"hosts": hosts}),
        json!({"hosts": hosts, "replace": true, "redirectHttp": true, "sslPolicy": "modern"}),
        json!({"hosts": hosts, "tlsSecret": "tls", "internal": true, "serviceType": "keep"}),
        json!({"hosts": ["a.example.com", "*.example.org"], "clusterIssuer": "letsencrypt", "rest": true}),
        json!({"hosts": hosts, "preSharedCerts": ["one", "two"], "httpPort": "off", "httpsOnly": true}),
        json!({"hosts": hosts, "managedCert": "there", "httpPort": "keep", "timeout": "1h", "drain": "60s"}),
        json!({
            "hosts": hosts, "httpPort": "9000", "healthInterval": "10s", "securityPolicy": "armor",
            "logSampleRate": "0.5", "attuUrl": "https://milvus.example.com:443", "replace": true,
        }),
        json!({"hosts": hosts, "issuer": "own", "release": "my-release", "staticIp": "address", "replace": true}),
    ];
    serde_json::from_value(all[usize::from(choice) % all.len()].clone()).expect("options")
}
