//! Every kind of edit at every path of every distinct document of the real charts,
//! judged by value and by a line diff.
//!
//! The value oracle is `Document::patch` itself (it proves each edit before it
//! returns the text); the line diff is ours: no line outside the edited node changes.

use std::collections::HashSet;
use std::ops::Range;

use json_patch::jsonptr::{Pointer, PointerBuf};
use json_patch::{AddOperation, Patch, PatchOperation, RemoveOperation, ReplaceOperation};
use milvus_gke_l7::yaml::{Document, EditError};
use serde_json::{Value, json};
use similar::{Algorithm, DiffTag, capture_diff_slices};

use crate::common::{self, corpus};

#[test]
fn every_path_and_every_operation() {
    let Some(charts) = corpus::charts() else { return };
    let mut seen = HashSet::new();
    let mut tally = Tally::default();
    for file in corpus::yaml_files(&charts) {
        let text = std::fs::read_to_string(&file).unwrap();
        // Each document keeps the line break before the separator that follows it.
        for document in text.split_inclusive("\n---\n").map(|document| document.trim_end_matches("---\n")) {
            if seen.insert(document.to_owned()) {
                tally.document(document);
            }
        }
    }
    for document in ODDITIES {
        tally.document(document);
    }
    tally.print();
    assert!(tally.edits > 10_000, "only {} edits were tried", tally.edits);
    assert!(
        tally.wrong.is_empty(),
        "{} wrong:\n{}",
        tally.wrong.len(),
        tally.wrong[..tally.wrong.len().min(10)].join("\n")
    );
    // What cannot be edited says so; on real charts that must stay rare.
    assert!(tally.unsupported * 1000 < tally.edits, "{} of {} edits unsupported", tally.unsupported, tally.edits);
}

#[derive(Default)]
struct Tally {
    documents: usize,
    unreadable: usize,
    duplicate_keys: usize,
    edits: usize,
    excerpt_edits: usize,
    unsupported: usize,
    wrong: Vec<String>,
}

impl Tally {
    fn print(&self) {
        let Self { documents, unreadable, duplicate_keys, edits, excerpt_edits, unsupported, wrong } = self;
        common::say(&format!(
            "{documents} documents ({unreadable} unreadable, {duplicate_keys} with duplicate keys left out)"
        ));
        common::say(&format!(
            "{edits} edits, {excerpt_edits} by excerpt: {unsupported} unsupported, {} wrong",
            wrong.len()
        ));
    }

    fn document(&mut self, text: &str) {
        let Ok(document) = Document::parse(text) else {
            self.unreadable += 1;
            return;
        };
        // With duplicate keys one value may stand in two places: no line can be expected.
        if serde_yaml::from_str::<serde_yaml::Value>(text).is_err() {
            self.duplicate_keys += 1;
            return;
        }
        self.documents += 1;
        self.compare_engines(&document);
        self.compare_excerpt(&document);
        let mut operations = Vec::new();
        collect(&PointerBuf::root(), document.value(), true, &mut operations);
        for (operation, reach) in operations {
            self.edit(&document, &operation, &reach);
        }
    }

    /// Both engines must see the same value in what nobody has edited yet.
    fn compare_engines(&mut self, document: &Document<'_>) {
        match milvus_gke_l7::yaml::read(document.text()) {
            Ok(value) if value == *document.value() => {}
            _ => self.wrong.push(format!("the engines differ on\n{}", document.text())),
        }
    }

    /// An edit by excerpt must be the edit of the whole document.
    fn compare_excerpt(&mut self, document: &Document<'_>) {
        const WANTED: &[&[&str]] =
            &[&["kind"], &["metadata"], &["spec", "template", "metadata"], &["spec", "template", "spec", "volumes"]];
        let part = Document::parse_entries(document.text(), WANTED).unwrap();
        let mut operations = Vec::new();
        for path in ["/kind", "/metadata", "/spec/template/metadata", "/spec/template/spec/volumes"] {
            let path = PointerBuf::parse(path).unwrap();
            let value = document.value().pointer(path.as_str());
            if part.value().pointer(path.as_str()) != value {
                self.wrong.push(format!("the excerpt differs at {path} on\n{}", document.text()));
            }
            if let Some(value) = value {
                collect(&path, value, false, &mut operations);
            }
        }
        for (operation, _) in operations {
            // What stands elsewhere in the document is not in the excerpt: only edits inside it count.
            let patch = Patch(vec![operation.clone()]);
            self.excerpt_edits += 1;
            match (part.patch(&patch), document.patch(&patch)) {
                (Ok(part), Ok(whole)) if part != whole => {
                    self.wrong.push(format!("by excerpt {operation} makes\n{part}\ninstead of\n{whole}"));
                }
                (Err(error), Ok(_)) if !matches!(error, EditError::Unsupported(_)) => {
                    self.wrong.push(format!("by excerpt {operation}: {error} on\n{}", document.text()));
                }
                _ => {}
            }
        }
    }

    fn edit(&mut self, document: &Document<'_>, operation: &PatchOperation, reach: &Reach) {
        self.edits += 1;
        let described = || format!("{operation} on\n{}", document.text());
        match document.patch(&Patch(vec![operation.clone()])) {
            Ok(edited) => {
                if let Some(complaint) = reach.judge(document, &edited) {
                    self.wrong.push(format!("{complaint}: {}\nbecame\n{edited}", described()));
                }
            }
            Err(EditError::Unsupported(_)) => self.unsupported += 1,
            // An alias that merges, a literal without a final line break: refused by the proof.
            Err(EditError::Proof) if ODDITIES.contains(&document.text()) => self.unsupported += 1,
            Err(error) => self.wrong.push(format!("{error}: {}", described())),
        }
    }
}

/// Which lines an operation may touch.
enum Reach {
    /// Lines of the node at the pointer; so many new ones at the most.
    Within { pointer: PointerBuf, new_lines: usize },
    /// Lines are only added inside the node at the pointer, unless it is written in flow style.
    Added { pointer: PointerBuf },
}

impl Reach {
    fn judge(&self, document: &Document<'_>, edited: &str) -> Option<String> {
        let old: Vec<&str> = document.text().split_inclusive('\n').collect();
        let new: Vec<&str> = edited.split_inclusive('\n').collect();
        let (Self::Within { pointer, .. } | Self::Added { pointer }) = self;
        let allowed = lines_of(document, pointer);
        let (start, end) = (allowed.start.saturating_sub(1), allowed.end.min(old.len()));
        // A last line may gain or lose its line break.
        let same = |old: &&str, new: &&str| old.trim_end_matches(['\r', '\n']) == new.trim_end_matches(['\r', '\n']);
        let above = new.len() >= start && old[..start].iter().zip(&new).all(|(old, new)| same(old, new));
        let rest = old.len() - end;
        let below =
            new.len() >= rest && old[end..].iter().zip(&new[new.len() - rest..]).all(|(old, new)| same(old, new));
        if !above || !below {
            return Some(format!("lines outside {allowed:?} changed"));
        }
        let (mut gone, mut written) = (0, 0);
        for operation in capture_diff_slices(Algorithm::Myers, &old, &new) {
            gone += operation.old_range().len() * usize::from(operation.tag() != DiffTag::Equal);
            written += operation.new_range().len() * usize::from(operation.tag() != DiffTag::Equal);
        }
        match self {
            Self::Within { new_lines, .. } => {
                (written > *new_lines).then(|| format!("{written} lines written, {new_lines} allowed"))
            }
            Self::Added { .. } => (gone > 1 + document.text().matches('*').count())
                .then(|| format!("{gone} lines changed by an addition")),
        }
    }
}

/// The lines that the node at `pointer` stands on, plus the one behind them, onto
/// which the next key of a compact mapping may move up.
fn lines_of(document: &Document<'_>, pointer: &Pointer) -> Range<usize> {
    let range = document.locate(pointer);
    let line = |offset: usize| document.text()[..offset].matches('\n').count();
    line(range.start)..line(range.end) + 2
}

fn collect(at: &Pointer, value: &Value, alone: bool, out: &mut Vec<(PatchOperation, Reach)>) {
    let path = at.to_buf();
    let within = |new_lines| Reach::Within { pointer: path.clone(), new_lines };
    let added = || Reach::Added { pointer: path.clone() };
    if !at.is_root() {
        let replace = |value| PatchOperation::Replace(ReplaceOperation { path: path.clone(), value });
        // The last one of a collection leaves `{}` or `[]` behind its parent's key.
        let pointer = if alone { at.split_back().map_or(at, |(parent, _)| parent).to_buf() } else { path.clone() };
        let reach = Reach::Within { pointer, new_lines: 2 };
        out.push((PatchOperation::Remove(RemoveOperation { path: path.clone() }), reach));
        if !value.is_object() && !value.is_array() {
            out.push((replace(json!("it's: a #value")), within(2)));
            out.push((replace(json!(8080)), within(2)));
            out.push((replace(json!("one\n  two\n\nthree\n")), within(6)));
            out.push((replace(json!({"a": {"b": 1}})), within(4)));
        }
    }
    match value {
        Value::Object(mapping) => {
            let path = at.with_trailing_token("cloud.google.com/neg");
            out.push((PatchOperation::Add(AddOperation { path, value: json!(r#"{"ingress": true}"#) }), added()));
            let path = at.with_trailing_token("nested");
            out.push((PatchOperation::Add(AddOperation { path, value: json!({"x": ["y", {"z": null}]}) }), added()));
            for (key, value) in mapping {
                collect(&at.with_trailing_token(key), value, mapping.len() == 1, out);
            }
        }
        Value::Array(items) => {
            for path in [at.with_trailing_token("-"), at.with_trailing_token("0")] {
                out.push((
                    PatchOperation::Add(AddOperation { path, value: json!({"name": "x", "value": "1"}) }),
                    added(),
                ));
            }
            for (index, value) in items.iter().enumerate() {
                collect(&at.with_trailing_token(index), value, items.len() == 1, out);
            }
        }
        _ => {}
    }
}

/// Shapes that the charts do not have.
const ODDITIES: &[&str] = &[
    "a: &x {b: 1}\nc: *x\n",
    "base: &b\n  k: v\nuse:\n  <<: *b\n  own: 1\n",
    "base: &b\n  k: v\nuse:\n  !!merge <<: *b\n  own: 1\n",
    "a: !!str 12 # c\nb: &n 1\nc: *n\n",
    "- - a\n  - b\n- c: 1\n  # between\n  d: 2\n-\n  e: 3\n",
    "{\"a\": [1, {\"b\": null}], \"c\": \"x\"}\n",
    "{a: 1, b: [x, y,], c,}\n",
    "a: 'x\n  y'\nb: plain\n  over lines\nc: \"q\\\n  r\"\n",
    "a: |2\n   lead\n  x\nb: >-\n  folded\n  text\n\nc: |+\n  kept\n\n",
    "a: | # why\n  text\nb:\n\n  # far\n  - 1\n",
    "a:\r\n  b: 1\r\n  c: |\r\n    x\r\n    y\r\nd: []\r\n",
    "é: ü # ß\nlist: [ä, {ö: ñ}]\ntext: |\n  中文 €\n  𝄞\nz: 1\n",
    "a: ~\nb: null\nc:\nd: {}\ne:\n  {}\nf: # c\n",
    "a: 1",
    "a:\n  b: 1\n  c: |-\n    x",
    "---\n# head\na: 1 # one\n# tail\n",
    "? a\n: 1\n? b\n: c: 2\n",
    "x: [a: 1, b]\n",
    "a: 1\na: 2\nb: 3\n",
];
