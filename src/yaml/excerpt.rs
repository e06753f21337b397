//! A part of a document that can be read, edited and proved on its own.
//!
//! Most of a rendered Deployment is containers, and a rule that sets one annotation
//! needs none of them. An excerpt keeps the lines of the wanted entries and of the keys
//! above them:
//!
//! ```yaml
//! kind: Deployment              # wanted: kind, spec.template.metadata
//! spec:
//!   template:
//!     metadata:
//!       annotations: {}
//! ```
//!
//! It is a YAML document in its own right, and what it says about the wanted entries is what
//! the whole document says: in block style an entry ends where a line is indented no
//! deeper than its key, whatever the lines in between hold (YAML 1.2.2, 8.2.2: the
//! content of a block mapping's entry, flow collections and quoted scalars included, is
//! indented deeper than the mapping). Where the lines are not of this plain form
//! (other than simple keys at an entry's column, tabs, odd characters, aliases,
//! documents in flow style), there is no excerpt, and the document is read as a whole.

use std::ops::Range;

use memchr::arch::all::is_equal;
use serde_json::Value;

use super::lines::{has_odd_characters, simple_key};
use super::proof::reads_as;

/// Paths of entries of a document, as keys.
pub type Entries = &'static [&'static [&'static str]];

/// Lines of a document.
#[derive(Debug, Clone)]
pub(super) struct Excerpt {
    pub(super) text: String,
    /// Where the lines stand in the document, in order.
    kept: Vec<Range<usize>>,
    wanted: Entries,
}

impl Excerpt {
    /// The excerpt of the entries at `wanted` (those that are there); `None` where only
    /// the whole document can tell.
    pub(super) fn take(text: &str, wanted: Entries) -> Option<Self> {
        let kept = if is_odd(text) { None } else { lines_of(text, wanted) }?;
        Some(Self { text: join(text, &kept), kept, wanted })
    }

    /// Whether `edited` is `text`, the excerpt's document, with nothing changed but wanted entries, and these as they
    /// are to be: every line outside the entries that differ between `before` and `after` is the same bytes, and
    /// their own lines read as `after`.
    pub(super) fn proves(&self, text: &str, edited: &str, before: &Value, after: &Value) -> bool {
        let Some(excerpt) = self.of_edited(text, edited) else { return false };
        // The lines beside it are those of `text`, in which there is nothing odd.
        if is_odd(&excerpt) {
            return false;
        }
        let changes = |path: &&&[&str]| get(before, path) != get(after, path);
        let changed: Vec<_> = self.wanted.iter().filter(changes).copied().collect();
        let (Some(old), Some(new)) = (lines_of(&self.text, &changed), lines_of(&excerpt, &changed)) else {
            return false;
        };
        same(gaps(&self.text, &old), gaps(&excerpt, &new))
            && part(after, &changed).is_some_and(|part| reads_as(&join(&excerpt, &new), &part))
    }

    /// The same excerpt of `edited`; `None` where the lines beside it are not those of `text`.
    pub(super) fn of_edited(&self, text: &str, edited: &str) -> Option<String> {
        // Mostly one entry changes: then the kept lines that hold it are all between two parts that are the same.
        let (start, end) = (common_start(text, edited), common_end(text, edited));
        let mut at = 0;
        for kept in &self.kept {
            let below = text.len() - kept.end;
            if kept.start <= start && below <= end && kept.start + below <= edited.len() {
                let lines = edited.get(kept.start..edited.len() - below)?;
                // Their key stays in its mapping, whose column the lines beside it tell; and the line below begins a line.
                let indent = |lines: &str| lines.len() - lines.trim_start_matches(' ').len();
                if indent(lines) == indent(&text[kept.clone()]) && (below == 0 || lines.ends_with('\n')) {
                    return Some([&self.text[..at], lines, &self.text[at + kept.len()..]].concat());
                }
            }
            at += kept.len();
        }
        let kept = lines_of(edited, self.wanted)?;
        same(gaps(text, &self.kept), gaps(edited, &kept)).then(|| join(edited, &kept))
    }

    /// What of the document is not in the excerpt.
    pub(super) fn gaps<'t>(&'t self, text: &'t str) -> impl Iterator<Item = &'t str> {
        gaps(text, &self.kept)
    }

    /// Whether a change lies within the wanted entries, which alone are here in full. A
    /// key added beside them might be there already, in the lines that are left out.
    pub(super) fn covers(&self, before: &Value, after: &Value) -> bool {
        confined(before, after, self.wanted)
    }

    /// Where a range of the excerpt stands in the document. What is inserted between two
    /// pieces belongs to the first; a range over both stands nowhere.
    pub(super) fn original(&self, range: &Range<usize>) -> Option<Range<usize>> {
        let mut start = 0;
        for kept in &self.kept {
            let end = start + kept.len();
            if range.start >= start && range.end <= end && (range.start < end || range.is_empty()) {
                return Some(kept.start + range.start - start..kept.start + range.end - start);
            }
            start = end;
        }
        None
    }
}

/// Where the lines of the wanted entries stand, in a text without anything odd.
fn lines_of(text: &str, wanted: &[&'static [&'static str]]) -> Option<Vec<Range<usize>>> {
    Lines::new(text, wanted.to_vec()).keep()
}

/// Whether a text holds what lines alone do not tell.
pub(super) fn is_odd(text: &str) -> bool {
    has_alias(text) || has_odd_characters(text)
}

fn join(text: &str, kept: &[Range<usize>]) -> String {
    kept.iter().map(|range| &text[range.clone()]).collect()
}

/// What stands before, between and after the kept ranges.
fn gaps<'t>(text: &'t str, kept: &'t [Range<usize>]) -> impl Iterator<Item = &'t str> {
    let starts = [0].into_iter().chain(kept.iter().map(|kept| kept.end));
    let ends = kept.iter().map(|kept| kept.start).chain([text.len()]);
    starts.zip(ends).map(|(start, end)| &text[start..end])
}

/// Whether these are the same texts. Not `==` on each: musl compares byte by byte.
fn same<'t>(some: impl Iterator<Item = &'t str>, others: impl Iterator<Item = &'t str>) -> bool {
    let (mut some, mut others) = (some, others);
    loop {
        match (some.next(), others.next()) {
            (None, None) => return true,
            (Some(one), Some(other)) if is_equal(one.as_bytes(), other.as_bytes()) => {}
            _ => return false,
        }
    }
}

/// How many bytes two texts have in common at their start.
fn common_start(one: &str, other: &str) -> usize {
    let (one, other) = (one.as_bytes(), other.as_bytes());
    let blocks = one.chunks_exact(BLOCK).zip(other.chunks_exact(BLOCK));
    let same = BLOCK * blocks.take_while(|(one, other)| is_equal(one, other)).count();
    same + one[same..].iter().zip(&other[same..]).take_while(|(one, other)| one == other).count()
}

/// How many bytes two texts have in common at their end.
fn common_end(one: &str, other: &str) -> usize {
    let (one, other) = (one.as_bytes(), other.as_bytes());
    let blocks = one.rchunks_exact(BLOCK).zip(other.rchunks_exact(BLOCK));
    let same = BLOCK * blocks.take_while(|(one, other)| is_equal(one, other)).count();
    let rest = one[..one.len() - same].iter().rev().zip(other[..other.len() - same].iter().rev());
    same + rest.take_while(|(one, other)| one == other).count()
}

/// Bytes that are compared at once.
const BLOCK: usize = 64;

/// Only the entries at `paths`; `None` where one of them is missing.
fn part(value: &Value, paths: &[&[&str]]) -> Option<Value> {
    let mut part = Value::Null;
    for path in paths {
        path.iter().fold(&mut part, |part, key| &mut part[key]).clone_from(get(value, path)?);
    }
    Some(part)
}

fn get<'v>(value: &'v Value, path: &[&str]) -> Option<&'v Value> {
    path.iter().try_fold(value, |value, key| value.get(key))
}

fn confined(before: &Value, after: &Value, wanted: &[&[&str]]) -> bool {
    if wanted.iter().any(|path| path.is_empty()) {
        return true;
    }
    let (Value::Object(before), Value::Object(after)) = (before, after) else { return before == after };
    before.len() == after.len()
        && before
            .iter()
            .all(|(key, before)| after.get(key).is_some_and(|after| confined(before, after, &below(wanted, key))))
}

/// What the paths that begin with `key` go on with.
fn below<'w>(wanted: &[&'w [&'w str]], key: &str) -> Vec<&'w [&'w str]> {
    wanted
        .iter()
        .filter_map(|path| path.split_first())
        .filter(|(first, _)| **first == key)
        .map(|(_, rest)| rest)
        .collect()
}

/// Whether something that looks like an alias stands in the text.
fn has_alias(text: &str) -> bool {
    let bytes = text.as_bytes();
    memchr::memchr_iter(b'*', bytes)
        .any(|at| bytes.get(at + 1).is_some_and(|next| next.is_ascii_alphanumeric() || *next == b'_'))
}

/// Finds the lines of the wanted entries, reading the document's lines once.
struct Lines<'t> {
    text: &'t str,
    kept: Vec<Range<usize>>,
    /// The mappings above the line, of which entries are wanted; the first is the root.
    mappings: Vec<Mapping<'t>>,
}

/// A block mapping of which entries are wanted.
struct Mapping<'t> {
    /// Column of the key that it stands under.
    parent: Option<usize>,
    /// Of its keys; none before the first one.
    column: Option<usize>,
    wanted: Vec<&'static [&'static str]>,
    /// Wanted entries that were there.
    seen: Vec<&'t str>,
    /// Its last entry.
    last: Last,
}

/// What becomes of the lines below an entry's key.
#[derive(Clone, Copy)]
enum Last {
    /// There is no entry yet.
    None,
    /// They go where the key went.
    Whole {
        kept: bool,
        /// Nothing but a comment stands behind the key.
        bare: bool,
    },
    /// They are a mapping of which entries are wanted.
    Mapping,
}

impl<'t> Lines<'t> {
    fn new(text: &'t str, wanted: Vec<&'static [&'static str]>) -> Self {
        let root = Mapping::new(None, wanted);
        Self { text, kept: Vec::new(), mappings: vec![root] }
    }

    /// The lines to keep; `None` where they cannot be told.
    fn keep(mut self) -> Option<Vec<Range<usize>>> {
        let bytes = self.text.as_bytes();
        let mut at = 0;
        while at < bytes.len() {
            let end = memchr::memchr(b'\n', &bytes[at..]).map_or(bytes.len(), |found| at + found + 1);
            // Deeper than the mapping's keys is all that there is to know.
            let most = self.mappings.last()?.column.map_or(end - at, |column| column + 1);
            let indent = bytes[at..end].iter().take(most).take_while(|byte| **byte == b' ').count();
            self.line(at..end, indent)?;
            at = end;
        }
        while self.mappings.len() > 1 {
            self.leave()?;
        }
        Some(self.kept)
    }

    fn line(&mut self, line: Range<usize>, indent: usize) -> Option<()> {
        let mapping = self.mappings.last_mut()?;
        // Deeper lines belong to the entry above, whatever they hold.
        if mapping.column.is_some_and(|column| indent > column) {
            mapping.last.extend(&mut self.kept, line.end);
            return Some(());
        }
        let content = self.text[line.start + indent..line.end].trim_end_matches('\n');
        if content.starts_with('\t') {
            return None;
        }
        if content.is_empty() || content.starts_with('#') {
            mapping.last.extend(&mut self.kept, line.end);
            return Some(());
        }
        while self.mappings.last()?.is_above(indent) {
            self.leave()?;
        }
        let mapping = self.mappings.last_mut()?;
        if indent != *mapping.column.get_or_insert(indent) {
            return None;
        }
        if content.starts_with("- ") || content == "-" {
            // A sequence may stand at its key's column.
            let Last::Whole { bare: true, .. } = mapping.last else { return None };
            mapping.last.extend(&mut self.kept, line.end);
            return Some(());
        }
        let (key, bare) = key(content)?;
        self.entry(key, bare, indent, line)
    }

    fn entry(&mut self, key: &'t str, bare: bool, column: usize, line: Range<usize>) -> Option<()> {
        let mapping = self.mappings.last_mut()?;
        mapping.last = Last::Whole { kept: false, bare };
        if !mapping.wanted.iter().any(|path| path.first() == Some(&key)) {
            return Some(());
        }
        if mapping.seen.contains(&key) {
            return None; // duplicate keys
        }
        mapping.seen.push(key);
        let below = below(&mapping.wanted, key);
        self.kept.push(line);
        if below.iter().any(|path| path.is_empty()) {
            mapping.last = Last::Whole { kept: true, bare };
        } else {
            // The key must have nothing but lines below it.
            if !bare {
                return None;
            }
            mapping.last = Last::Mapping;
            self.mappings.push(Mapping::new(Some(column), below));
        }
        Some(())
    }

    /// Ends the innermost mapping. Without any of its entries it would look empty.
    fn leave(&mut self) -> Option<()> {
        if self.mappings.pop()?.seen.is_empty() { None } else { Some(()) }
    }
}

impl<'t> Mapping<'t> {
    fn new(parent: Option<usize>, wanted: Vec<&'static [&'static str]>) -> Self {
        Self { parent, column: None, wanted, seen: Vec::new(), last: Last::None }
    }

    /// Whether a line with that indentation follows it.
    fn is_above(&self, indent: usize) -> bool {
        self.parent.is_some_and(|parent| indent <= parent)
    }
}

impl Last {
    fn extend(self, kept: &mut [Range<usize>], end: usize) {
        if let (Self::Whole { kept: true, .. }, Some(last)) = (self, kept.last_mut()) {
            last.end = end;
        }
    }
}

/// The plain key that a line begins with, and whether nothing but a comment follows.
fn key(content: &str) -> Option<(&str, bool)> {
    let end = simple_key(content)?;
    let value = content[end + 1..].trim_start();
    Some((&content[..end], value.is_empty() || value.starts_with('#')))
}

#[cfg(test)]
mod tests {
    use super::*;

    const WANTED: Entries = &[&["kind"], &["spec", "template", "metadata"], &["spec", "volumes"]];

    const DOCUMENT: &str = "\
# head
kind: X # c
other: |
  kind: no
    spec: no
spec:  # deep

  replicas: 1
  template:
    # comment
    metadata:
      annotations:
        a: 'b
          c'
    spec: {x:
      y}
  volumes:
  - a: 1
    b: 2
  rest: [1,
    2]
";

    #[test]
    fn what_is_kept() {
        let excerpt = Excerpt::take(DOCUMENT, WANTED).expect("plain block style");
        assert_eq!(
            excerpt.text,
            "kind: X # c\nspec:  # deep\n  template:\n    metadata:\n      annotations:\n        a: 'b\n          c'\n  volumes:\n  - a: 1\n    b: 2\n"
        );
        let whole = crate::yaml::read(DOCUMENT).expect("YAML");
        let part = crate::yaml::read(&excerpt.text).expect("YAML");
        for pointer in ["/kind", "/spec/template/metadata", "/spec/volumes"] {
            assert_eq!(part.pointer(pointer), whole.pointer(pointer), "{pointer}");
        }
        let gaps: String = excerpt.gaps(DOCUMENT).collect();
        assert_eq!(gaps.len() + excerpt.text.len(), DOCUMENT.len());
        let at = excerpt.text.find("a: 'b").expect("there");
        let range = excerpt.original(&(at..at + 5)).expect("in one piece");
        assert_eq!(&DOCUMENT[range], "a: 'b");
    }

    #[test]
    fn where_there_is_none() {
        for text in [
            "kind: X\nspec:\n  template: {metadata: 1}\n",
            "{kind: X}\n",
            "kind: X\nkind: Y\n",
            "\"kind\": X\n",
            "kind: X\n\tspec: 1\n",
            "a: &x 1\nb: *x\nkind: X\n",
            "? kind\n: X\n",
            "kind: 'X\nspec: y'\n- z\n",
            "spec:\n  template:\n   metadata: 1\n  a: 1\n b: 2\n",
            "%YAML 1.2\n---\nkind: X\n",
            "kind: X\nspec:\n  replicas: 1\n",
        ] {
            assert!(Excerpt::take(text, WANTED).is_none(), "{text}");
        }
    }
}
