//! The proof says no to every spoiled edit. Real documents are edited, and one line after the other of what that makes
//! is then lost, moved, doubled, changed or hidden.
//!
//! What is right is told by a reading of the whole text, which the proof does not do: a document that was edited as a
//! whole is proved exactly where the text reads as wanted; one that was edited by excerpt at the most there, and never
//! where a byte differs outside of the entries that change.

use std::collections::{BTreeMap, HashSet};
use std::fs;
use std::ops::Range;
use std::path::Path;

use json_patch::jsonptr::{Pointer, PointerBuf};
use json_patch::{AddOperation, Patch, PatchOperation, RemoveOperation, ReplaceOperation};
use milvus_gke_l7::milvus::{config, workload};
use milvus_gke_l7::stream::Stream;
use milvus_gke_l7::stream::head::{self, Kind};
use milvus_gke_l7::yaml::{self, Document, Entries};
use serde_json::{Value, json};

use crate::common::{self, corpus};

#[test]
fn whole_documents() {
    let documents = documents();
    let mut tally = Tally::default();
    for (number, text) in documents.iter().enumerate() {
        let Ok(document) = Document::parse(text) else { continue };
        let patches = patches(document.value());
        for patch in sample(&patches, number, 1) {
            tally.edit(&document, patch);
        }
        for (doubled, patch) in sample(&duplicates(&document), number, 1 + number % 2) {
            if let Ok(document) = Document::parse(doubled) {
                tally.edit(&document, patch);
            }
        }
    }
    for text in ODDITIES {
        let document = Document::parse(text).unwrap();
        for patch in patches(document.value()) {
            tally.edit(&document, &patch);
        }
        for (doubled, patch) in duplicates(&document) {
            if let Ok(document) = Document::parse(&doubled) {
                tally.edit(&document, &patch);
            }
        }
    }
    tally.judge("whole", LEAST.iter().map(|(kind, whole, _)| (*kind, *whole)));
}

#[test]
fn excerpts() {
    let documents = documents();
    let mut tally = Tally::default();
    for (number, text) in documents.iter().enumerate() {
        let Some((document, entries)) = excerpt(text) else { continue };
        let patches = patches_of_entries(document.value(), entries);
        for patch in sample(&patches, number, 3) {
            tally.edit(&document, patch);
        }
        // The others have no place in the excerpt.
        let is_within = |(_, patch): &&(String, Patch)| is_within(&patch.0[0], entries);
        let duplicates = duplicates(&Document::parse(text).unwrap());
        let duplicates: Vec<_> = duplicates.iter().filter(is_within).collect();
        for (doubled, patch) in sample(&duplicates, number, 2) {
            // An excerpt has each of its entries once.
            if let Some((document, _)) = excerpt(doubled) {
                tally.edit(&document, patch);
            }
        }
    }
    tally.judge("excerpts", LEAST.iter().map(|(kind, _, excerpt)| (*kind, *excerpt)));
}

/// Each kind of spoil, and how often it must have been refused and, as one that does no harm, proved: of whole documents
/// and by excerpt, where the charts are.
const LEAST: &[(&str, [usize; 2], [usize; 2])] = &[
    ("block scalar of another kind", [200, 70], [100, 10]),
    ("comment added", [200, 5000], [1000, 1000]),
    ("comment lost", [80, 300], [100, 0]),
    ("comment taken for a value", [4000, 1000], [3000, 600]),
    ("comment taken for an entry", [400, 0], [100, 0]),
    ("entry added", [7000, 0], [6000, 0]),
    ("entry doubled with another value", [7000, 400], [5000, 100]),
    ("entry doubled with its value", [300, 7000], [3000, 2000]),
    ("entry let out of a comment by YAML 1.1", [400, 0], [100, 0]),
    ("entry lost", [7000, 400], [5000, 100]),
    ("hidden by YAML 1.1", [300, 7000], [6000, 0]),
    ("indented deeper", [10_000, 1000], [10_000, 1000]),
    ("indented less", [10_000, 500], [10_000, 700]),
    ("item added", [500, 0], [600, 0]),
    ("item lost", [500, 0], [600, 0]),
    ("items swapped", [200, 0], [300, 0]),
    ("line break lost", [7000, 1000], [6000, 400]),
    ("line break of YAML 1.1 in a value", [600, 40], [400, 0]),
    ("line cut", [7000, 800], [6000, 100]),
    ("one line indented deeper", [10_000, 700], [10_000, 700]),
    ("one line indented less", [10_000, 500], [10_000, 700]),
    ("quotes added", [1000, 3000], [2000, 1000]),
    ("quotes dropped", [200, 400], [200, 100]),
    ("taken for a comment", [7000, 400], [6000, 100]),
    ("truncated before a line", [8000, 0], [6000, 0]),
    ("truncated behind a line", [8000, 0], [6000, 0]),
    ("value changed", [5000, 300], [3000, 100]),
    ("value taken for a comment", [5000, 300], [3000, 100]),
];

fn entries(text: &str) -> Option<Entries> {
    match head::kind(text.as_bytes()) {
        Kind::Known(b"Deployment" | b"StatefulSet") => Some(workload::ENTRIES),
        Kind::Known(b"ConfigMap") => Some(config::ENTRIES),
        _ => None,
    }
}

/// A document of which only the entries are read.
fn excerpt(text: &str) -> Option<(Document<'_>, Entries)> {
    let entries = entries(text)?;
    let document = Document::parse_entries(text, entries).ok()?;
    document.unread().next()?;
    Some((document, entries))
}

/// Every distinct document of the sample and of the real charts.
fn documents() -> Vec<String> {
    let mut files = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/sample/rendered.yaml")];
    files.extend(corpus::charts().iter().flat_map(|charts| corpus::yaml_files(charts)));
    let (mut documents, mut seen) = (Vec::new(), HashSet::new());
    for file in files {
        let stream = fs::read(file).unwrap();
        let split = Stream::split(&stream);
        for body in split.ids().map(|id| std::str::from_utf8(split.body(id)).unwrap()) {
            if seen.insert(body.to_owned()) {
                documents.push(body.to_owned());
            }
        }
    }
    documents
}

/// Merge keys, aliases, and line breaks of YAML 1.1 (which the charts do not have) where they can be edited.
const ODDITIES: &[&str] = &[
    "base: &b\n  k: v\n  l: w\nuse:\n  <<: *b\n  own: 1\nother: *b\nlast: 2\n",
    "x: &x {k: 1, l: 2}\ny: &y {k: 3, m: 4}\nuse:\n  <<: [*x, *y]\n  n: 5\nthen: [*x, *y, 6]\n",
    "base: &b\n  k: v\nuse:\n  !!merge <<: *b\n  '<<': 1\n  own: 1\n",
    "a: &a 1\nb:\n- *a\n- 2\n- *a\nc: *a\nd: d\n",
    "a: 'x\u{85}  y'\nb: \"x\u{2028}y\"\nc: 1\nd: \"\\N\\L\\P\"\n",
    "a: 1\n# one\u{85}b: 2\nc: 3\n# two\u{2028}\nd: 4 # three\u{2029}\ne: [5, # four\u{85}\n 6]\n",
    "1: a\n1.0: b\n~: c\ntrue: d\n0x1: e\n1: f\n",
    "a: !x 1\nb: !!str 2\nc: 1.5\nd: .inf\ne: 18446744073709551615\nf: 1e3\n",
];

/// Some of them, others with each number.
fn sample<T>(all: &[T], number: usize, most: usize) -> impl Iterator<Item = &T> {
    let step = all.len().div_ceil(most).max(1);
    all.iter().skip(number % step).step_by(step)
}

/// An edit of everything in a value.
fn patches(value: &Value) -> Vec<Patch> {
    let mut operations = Vec::new();
    collect(&PointerBuf::root(), value, &mut operations);
    operations.into_iter().map(|operation| Patch(vec![operation])).collect()
}

fn collect(at: &Pointer, value: &Value, out: &mut Vec<PatchOperation>) {
    let path = at.to_buf();
    if !at.is_root() {
        out.push(PatchOperation::Remove(RemoveOperation { path: path.clone() }));
    }
    match value {
        Value::Object(mapping) => {
            let path = at.with_trailing_token("cloud.google.com/neg");
            out.push(PatchOperation::Add(AddOperation { path, value: json!(r#"{"ingress": true}"#) }));
            for (key, value) in mapping {
                collect(&at.with_trailing_token(key), value, out);
            }
        }
        Value::Array(items) => {
            let path = at.with_trailing_token("-");
            out.push(PatchOperation::Add(AddOperation { path, value: json!({"name": "x", "value": "1"}) }));
            for (index, value) in items.iter().enumerate() {
                collect(&at.with_trailing_token(index), value, out);
            }
        }
        Value::String(text) if text.contains('\n') => {
            let value = format!("{text}\nproxy:\n  http:\n    port: 8080\n").into();
            out.push(PatchOperation::Replace(ReplaceOperation { path, value }));
        }
        _ if at.is_root() => {}
        _ => {
            for value in [json!("changed"), json!(8080), json!({"a": {"b": [1, "2"]}})] {
                out.push(PatchOperation::Replace(ReplaceOperation { path: path.clone(), value }));
            }
        }
    }
}

/// Edits within the entries, one at a time and two.
fn patches_of_entries(value: &Value, entries: &[&[&str]]) -> Vec<Patch> {
    let mut operations = Vec::new();
    for path in entries {
        let path = PointerBuf::from_tokens(path.iter().copied());
        let Ok(value) = path.resolve(value) else { continue };
        collect(&path, value, &mut operations);
    }
    operations.retain(|operation| is_within(operation, entries));
    // A removal may take away what comes next.
    let lasting = |pair: &&[PatchOperation]| !matches!(pair[0], PatchOperation::Remove(_));
    let pairs: Vec<_> = operations.windows(2).filter(lasting).map(<[_]>::to_vec).collect();
    operations.into_iter().map(|operation| vec![operation]).chain(pairs).map(Patch).collect()
}

/// Whether it leaves the entries where they are, whatever becomes of their values.
fn is_within(operation: &PatchOperation, entries: &[&[&str]]) -> bool {
    entries.iter().map(|path| PointerBuf::from_tokens(path.iter().copied())).any(|entry| {
        let is_itself = *operation.path() == *entry;
        operation.path().starts_with(&entry) && (!is_itself || matches!(operation, PatchOperation::Replace(_)))
    })
}

/// The text with an entry of one line a second time, behind it or at the end of its mapping, with its own or another
/// value; and edits of that entry and of its mapping.
fn duplicates(document: &Document<'_>) -> Vec<(String, Patch)> {
    let text = document.text();
    let behind = |at: usize| at + text[at..].find('\n').map_or(text.len() - at, |found| found + 1);
    let mut places = Vec::new();
    entries_below(&PointerBuf::root(), document.value(), &mut places);
    let mut out = Vec::new();
    for place in places {
        let range = document.locate(&place);
        let line = text[..range.start].rfind('\n').map_or(0, |found| found + 1);
        let entry = text[range.clone()].trim_end();
        let Some((key, _)) = entry.split_once(": ") else { continue };
        let (parent, last) = place.split_back().expect("an entry");
        if entry.contains('\n') || !text[line..range.start].bytes().all(|byte| b" -".contains(&byte)) {
            continue;
        }
        let end = document.locate(parent).end;
        let end = if text[..end].ends_with('\n') { end } else { behind(end) };
        let column = range.start - line;
        let added = parent.with_trailing_token(format!("{}-added", last.decoded()));
        let operations = [
            PatchOperation::Replace(ReplaceOperation { path: place.clone(), value: json!("changed") }),
            PatchOperation::Remove(RemoveOperation { path: place.clone() }),
            PatchOperation::Add(AddOperation { path: added, value: json!(1) }),
        ];
        for (at, copy) in [behind(range.end), end]
            .into_iter()
            .flat_map(|at| [(at, entry), (at, &format!("{key}: other"))].map(|(at, copy)| (at, copy.to_owned())))
        {
            let doubled = format!("{}{:column$}{copy}\n{}", &text[..at], "", &text[at..]);
            out.extend(operations.iter().map(|operation| (doubled.clone(), Patch(vec![operation.clone()]))));
        }
    }
    out
}

/// The scalars that are values of entries.
fn entries_below(at: &Pointer, value: &Value, out: &mut Vec<PointerBuf>) {
    match value {
        Value::Object(mapping) => {
            for (key, value) in mapping {
                let at = at.with_trailing_token(key);
                if !value.is_object() && !value.is_array() {
                    out.push(at.clone());
                }
                entries_below(&at, value, out);
            }
        }
        Value::Array(items) => {
            for (index, value) in items.iter().enumerate() {
                entries_below(&at.with_trailing_token(index), value, out);
            }
        }
        _ => {}
    }
}

#[derive(Default)]
struct Tally {
    edits: usize,
    /// Edits that [`Document::patch`] refuses.
    refused: usize,
    spoils: BTreeMap<&'static str, Count>,
    wrong: usize,
    /// The first of them.
    shown: Vec<String>,
}

#[derive(Default, Clone, Copy)]
struct Count {
    refused: usize,
    proved: usize,
}

impl Tally {
    /// Edits, and spoils the edit.
    fn edit(&mut self, document: &Document<'_>, patch: &Patch) {
        let text = document.text();
        let before = yaml::read(text).unwrap();
        let (mut whole, mut wanted) = (before.clone(), document.value().clone());
        json_patch::patch(&mut whole, patch).unwrap();
        json_patch::patch(&mut wanted, patch).unwrap();
        self.edits += 1;
        let Ok(edited) = document.patch(patch) else {
            self.refused += 1;
            return;
        };
        assert!(document.proves(&edited, &wanted), "{patch} on\n{text}\nbecame\n{edited}");
        assert_eq!(yaml::read(&edited).as_ref(), Ok(&whole), "{patch} on\n{text}\nbecame\n{edited}");
        let is_excerpt = document.unread().next().is_some();
        let outside = is_excerpt.then(|| outside(&edited, entries(text).unwrap(), &before, &whole));
        let lines: Vec<&str> = edited.split_inclusive('\n').collect();
        let change = text.split_inclusive('\n').zip(&lines).take_while(|(old, new)| old == *new).count();
        let near = change.saturating_sub(2)..(change + 3).min(lines.len());
        let all: Vec<usize> = (0..lines.len()).collect();
        let far = sample(&all, self.edits, 3).copied().filter(|at| !near.contains(at));
        for at in near.clone().chain(far) {
            for (kind, spoiled) in spoils(&lines, at) {
                if spoiled == edited {
                    continue;
                }
                let is_proved = document.proves(&spoiled, &wanted);
                let reads = yaml::read(&spoiled).is_ok_and(|value| value == whole);
                let is_right = match &outside {
                    None => is_proved == reads,
                    Some(outside) => !is_proved || (reads && keeps(&spoiled, outside)),
                };
                if !is_right {
                    self.wrong += 1;
                }
                if !is_right && self.wrong <= 3 {
                    let said = if is_proved { "proved" } else { "refused" };
                    self.shown
                        .push(format!("{kind}, {said}: {patch} on\n{text}\nbecame\n{edited}\nspoiled:\n{spoiled}"));
                }
                let count = self.spoils.entry(kind).or_default();
                *(if is_proved { &mut count.proved } else { &mut count.refused }) += 1;
            }
        }
    }

    fn judge(&self, what: &str, least: impl Iterator<Item = (&'static str, [usize; 2])>) {
        let sum: usize = self.spoils.values().map(|count| count.refused + count.proved).sum();
        common::say(&format!("{what}: {} edits, {} refused; {sum} spoils", self.edits, self.refused));
        for (kind, Count { refused, proved }) in &self.spoils {
            common::say(&format!("  {kind}: {refused} refused, {proved} proved"));
        }
        assert!(self.wrong == 0, "{what}: {} wrong:\n{}", self.wrong, self.shown.join("\n\n"));
        if corpus::charts().is_none() {
            return;
        }
        for (kind, least) in least {
            let Count { refused, proved } = self.spoils[kind];
            let is_enough = refused >= least[0] && proved >= least[1];
            assert!(is_enough, "{what}: {kind}: only {refused} were refused, and {proved} proved");
        }
        assert!(self.refused * 20 < self.edits, "{what}: {} of {} edits were refused", self.refused, self.edits);
    }
}

/// What stands before, between and behind the entries that differ. To an entry belong blank lines and comments below.
fn outside<'t>(edited: &'t str, entries: &[&[&str]], before: &Value, after: &Value) -> Vec<&'t str> {
    let document = Document::parse(edited).unwrap();
    let paths = entries.iter().map(|path| PointerBuf::from_tokens(path.iter().copied()));
    let differ = paths.filter(|path| path.resolve(before).ok() != path.resolve(after).ok());
    let mut ranges: Vec<_> = differ.map(|path| document.locate(&path)).collect();
    ranges.sort_by_key(|range| range.start);
    let (mut outside, mut start) = (Vec::new(), 0);
    for range in ranges {
        let line = edited[..range.start].rfind('\n').map_or(0, |at| at + 1);
        let mut end = range.end;
        let mut rest = edited[end..].split_inclusive('\n');
        if !edited[..end].ends_with('\n') {
            end += rest.next().map_or(0, str::len);
        }
        end += rest.take_while(|line| matches!(line.trim().as_bytes(), [] | [b'#', ..])).map(str::len).sum::<usize>();
        outside.push(&edited[start..line]);
        start = end;
    }
    outside.push(&edited[start..]);
    outside
}

/// Whether a text has the parts that must stay, in their places.
fn keeps(spoiled: &str, outside: &[&str]) -> bool {
    let [first, between @ .., last] = outside else { return spoiled == outside.concat() };
    let within = spoiled.strip_prefix(first).and_then(|rest| rest.strip_suffix(last));
    within.is_some_and(|rest| {
        let found = between.iter().try_fold(rest, |rest, part| Some(rest.split_once(part)?.1));
        found.is_some()
    })
}

/// All that can be done to a line, or to what it begins.
fn spoils(lines: &[&str], at: usize) -> Vec<(&'static str, String)> {
    let line = lines[at];
    let content = line.trim_start_matches(' ').trim_end_matches('\n');
    let indent = indent(line);
    let with =
        |range: Range<usize>, new: &str| [&lines[..range.start].concat(), new, &lines[range.end..].concat()].concat();
    let here = |new: &str| with(at..at + 1, &format!("{:indent$}{new}\n", ""));
    let mut out = vec![
        ("truncated behind a line", lines[..=at].concat()),
        ("truncated before a line", lines[..at].concat()),
        ("line break lost", with(at..at + 1, line.trim_end_matches('\n'))),
    ];
    let Some((last, _)) = content.char_indices().next_back() else { return out };
    out.push(("line cut", here(&content[..last])));
    if content.starts_with('#') {
        out.push(("comment taken for an entry", here("comment: x")));
        out.push(("comment lost", with(at..at + 1, "")));
        out.push(("entry let out of a comment by YAML 1.1", here(&format!("# c\u{85}{:indent$}added: 1", ""))));
        return out;
    }
    let end = end_of(lines, at, indent);
    let whole = lines[at..end].concat();
    for by in [1, 2] {
        let moved = |line: &&str| if line.trim().is_empty() { (*line).to_owned() } else { format!("{:by$}{line}", "") };
        out.push(("indented deeper", with(at..end, &lines[at..end].iter().map(moved).collect::<String>())));
        out.push(("one line indented deeper", with(at..at + 1, &moved(&line))));
        if indent >= by {
            let moved = lines[at..end].iter().map(|line| line.get(by..).unwrap_or(line));
            out.push(("indented less", with(at..end, &moved.collect::<String>())));
            out.push(("one line indented less", with(at..at + 1, &line[by..])));
        }
    }
    out.push(("taken for a comment", here(&format!("# {content}"))));
    out.push(("hidden by YAML 1.1", with(at..at + 1, &format!("{:indent$}# c\u{85}{line}", ""))));
    if content == "-" || content.starts_with("- ") {
        out.push(("item lost", with(at..end, "")));
        out.push(("item added", with(end..end, &format!("{:indent$}- added\n", ""))));
        if lines.get(end).is_some_and(|next| self::indent(next) == indent && next.trim_start().starts_with('-')) {
            let next = end_of(lines, end, indent);
            out.push(("items swapped", with(at..next, &[&lines[end..next].concat(), &*whole].concat())));
        }
    }
    let dashes = content.len() - content.trim_start_matches("- ").len();
    let column = indent + dashes;
    let (dash, entry) = content.split_at(dashes);
    let Some((key, value)) = entry.split_once(": ").or_else(|| Some((entry.strip_suffix(':')?, ""))) else {
        return out;
    };
    let end = end_of(lines, at, column);
    match lines.get(end) {
        _ if dashes == 0 => out.push(("entry lost", with(at..end, ""))),
        // The dash moves to the next one.
        Some(next) if self::indent(next) == column => {
            let moved = format!("{:indent$}{dash}{}", "", next.trim_start());
            out.push(("entry lost", with(at..end + 1, &moved)));
        }
        _ => {}
    }
    let rest = format!("{entry}\n{}", lines[at + 1..end].concat());
    for (kind, added) in [
        ("entry added", "added: 1\n"),
        ("entry doubled with another value", &format!("{key}: other\n")),
        ("entry doubled with its value", &rest),
    ] {
        out.push((kind, with(end..end, &format!("{:column$}{added}", ""))));
    }
    if value.is_empty() {
        return out;
    }
    let valued = |value: &str| here(&format!("{dash}{key}: {value}"));
    out.push(("value changed", valued("changed")));
    out.push(("value taken for a comment", valued(&format!("# {value}"))));
    out.push(("comment added", valued(&format!("{value} # c"))));
    out.push(("comment taken for a value", valued(&value.replacen(" #", "#", 1))));
    out.push(("comment taken for a value", valued(&format!("{value}# c"))));
    match value.as_bytes() {
        [b'|' | b'>', ..] => {
            for indicator in ["|", "|-", "|+", ">", ">-"] {
                out.push(("block scalar of another kind", valued(indicator)));
            }
        }
        [quote @ (b'\'' | b'"'), inner @ .., last] if quote == last => {
            let inner = std::str::from_utf8(inner).unwrap();
            out.push(("quotes dropped", valued(inner)));
            out.push(("line break of YAML 1.1 in a value", valued(&format!("\"{inner}\u{85}\""))));
        }
        _ => out.push(("quotes added", valued(&format!("\"{value}\"")))),
    }
    out
}

fn indent(line: &str) -> usize {
    line.len() - line.trim_start_matches(' ').len()
}

/// Behind the lines that are indented deeper, or the items at the column of the key.
fn end_of(lines: &[&str], at: usize, column: usize) -> usize {
    let has_items =
        lines[at].trim_end().ends_with(':') && indent(lines[at]) == column && !lines[at].trim().starts_with("- ");
    let belongs = |line: &&&str| {
        line.trim().is_empty()
            || indent(line) > column
            || (has_items && indent(line) == column && line.trim().starts_with("- "))
    };
    at + 1 + lines[at + 1..].iter().take_while(belongs).count()
}
