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
//! It is a YAML document of its own, and what it says about the wanted entries is what
//! the whole document says: in block style an entry ends where a line is indented no
//! deeper than its key, whatever the lines in between hold (YAML 1.2.2, 8.2.2: the
//! content of a block mapping's entry, flow collections and quoted scalars included, is
//! indented deeper than the mapping). Where the lines are not of this plain form
//! (other than simple keys at an entry's column, tabs, carriage returns, aliases,
//! documents in flow style), there is no excerpt, and the document is read as a whole.

use std::ops::Range;

use serde_json::Value;

/// Lines of a document.
#[derive(Debug, Clone)]
pub(super) struct Excerpt {
    pub(super) text: String,
    /// Where the lines stand in the document, in order.
    kept: Vec<Range<usize>>,
    wanted: Wanted,
}

/// Paths of entries, as keys.
pub(super) type Wanted = &'static [&'static [&'static str]];

impl Excerpt {
    /// The excerpt of the entries at `wanted` (those that are there); `None` where only
    /// the whole document can tell.
    pub(super) fn take(text: &str, wanted: Wanted) -> Option<Self> {
        if has_alias(text) || text.contains('\r') {
            return None;
        }
        let mut kept = Vec::new();
        keep(text, 0..text.len(), None, wanted, &mut kept)?;
        let mut excerpt = String::with_capacity(kept.iter().map(Range::len).sum());
        for range in &kept {
            excerpt.push_str(&text[range.clone()]);
        }
        Some(Self { text: excerpt, kept, wanted })
    }

    /// What of the document is not in the excerpt.
    pub(super) fn gaps<'t>(&self, text: &'t str) -> impl Iterator<Item = &'t str> + use<'t> {
        let starts = [0].into_iter().chain(self.kept.iter().map(|kept| kept.end)).collect::<Vec<_>>();
        let ends = self.kept.iter().map(|kept| kept.start).chain([text.len()]).collect::<Vec<_>>();
        starts.into_iter().zip(ends).map(|(start, end)| &text[start..end])
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

fn confined(before: &Value, after: &Value, wanted: &[&[&str]]) -> bool {
    if wanted.iter().any(|path| path.is_empty()) || before == after {
        return true;
    }
    let (Value::Object(before), Value::Object(after)) = (before, after) else { return false };
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

/// Adds the lines of the wanted entries among those of `lines`, which are the entries of
/// a mapping deeper than `parent`.
fn keep(
    text: &str,
    lines: Range<usize>,
    parent: Option<usize>,
    wanted: &[&[&str]],
    kept: &mut Vec<Range<usize>>,
) -> Option<()> {
    let entries = entries(text, lines, parent)?;
    for (index, entry) in entries.iter().enumerate() {
        let below = below(wanted, entry.key);
        if below.is_empty() {
            continue;
        }
        if entries[..index].iter().any(|other| other.key == entry.key) {
            return None; // duplicate keys
        }
        if below.iter().any(|path| path.is_empty()) {
            kept.push(entry.lines.clone());
        } else {
            // The key must have nothing but lines below it.
            let header = entry.lines.start..entry.header_end;
            if !entry.bare {
                return None;
            }
            kept.push(header.clone());
            let pieces = kept.len();
            keep(text, header.end..entry.lines.end, Some(entry.column), &below, kept)?;
            // Without any of its entries a mapping would look empty.
            if kept.len() == pieces {
                return None;
            }
        }
    }
    Some(())
}

/// One entry of a block mapping, as its lines tell.
struct Entry<'t> {
    key: &'t str,
    column: usize,
    lines: Range<usize>,
    /// The end of the key's line.
    header_end: usize,
    /// Nothing but a comment stands behind the key.
    bare: bool,
}

fn entries(text: &str, lines: Range<usize>, parent: Option<usize>) -> Option<Vec<Entry<'_>>> {
    let mut entries: Vec<Entry<'_>> = Vec::new();
    let mut column = None;
    let mut at = lines.start;
    while at < lines.end {
        let end = memchr::memchr(b'\n', &text.as_bytes()[at..lines.end]).map_or(lines.end, |found| at + found + 1);
        let indent = text.as_bytes()[at..end].iter().take_while(|byte| **byte == b' ').count();
        // Deeper lines belong to the entry above, whatever they hold.
        if column.is_some_and(|column| indent > column) {
            if let Some(entry) = entries.last_mut() {
                entry.lines.end = end;
            }
            at = end;
            continue;
        }
        let content = text[at + indent..end].trim_end_matches('\n');
        if content.starts_with('\t') {
            return None;
        }
        if !content.is_empty() && !content.starts_with('#') {
            let column = *column.get_or_insert(indent);
            if parent.is_some_and(|parent| column <= parent) || indent < column {
                return None;
            }
            if indent == column {
                let sequence = content.starts_with("- ") || content == "-";
                match (sequence, entries.last_mut()) {
                    // A sequence may stand at its key's column.
                    (true, Some(entry)) if entry.bare => {}
                    (true, _) => return None,
                    (false, _) => {
                        let (key, bare) = simple_key(content)?;
                        entries.push(Entry { key, column, lines: at..at, header_end: end, bare });
                    }
                }
            }
        }
        if let Some(entry) = entries.last_mut() {
            entry.lines.end = end;
        }
        at = end;
    }
    Some(entries)
}

/// The plain key that a line begins with, and whether nothing but a comment follows.
fn simple_key(content: &str) -> Option<(&str, bool)> {
    let end = content.find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-' | '/')))?;
    let value = content[end..].strip_prefix(':')?;
    let starts_plain = content.starts_with(|c: char| c.is_ascii_alphabetic());
    let separated = value.is_empty() || value.starts_with(' ');
    let value = value.trim_start();
    (starts_plain && separated).then_some((&content[..end], value.is_empty() || value.starts_with('#')))
}

#[cfg(test)]
mod tests {
    use super::*;

    const WANTED: Wanted = &[&["kind"], &["spec", "template", "metadata"], &["spec", "volumes"]];

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
