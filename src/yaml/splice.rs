//! From a wanted value to text edits.
//!
//! The value that the document has and the value that it should have are walked
//! side by side along the tree of spans. Equal parts are not looked at again, so
//! nothing outside a difference can change. Comparing values instead of replaying
//! patch operations makes every RFC 6902 operation work (`move`, `copy`, several
//! operations in one mapping) with one piece of code, and leaves no question of
//! which positions an earlier operation has moved.

mod alias;
mod block;
mod flow;
mod literal;

use std::ops::Range;

use serde_json::Value;

use super::emit::{self, Flow};
use super::error::EditError;
use super::lines::{begins_line, content_end, line_break, line_end, line_start};
use super::tree::{NodeId, Shape, Tree};

/// One replacement of a part of the text.
#[derive(Debug, PartialEq, Eq)]
struct Edit {
    range: Range<usize>,
    text: String,
}

/// How a node hangs in its parent.
#[derive(Debug, Clone, Copy)]
enum Slot {
    /// The document's root.
    Root,
    /// The value of an entry in a block mapping whose keys stand at `column`.
    Entry { column: usize, behind: usize },
    /// An item of a block sequence whose dash stands at `column`.
    Item { column: usize, behind: usize },
    /// Somewhere in a flow collection of this style.
    Flow(Flow),
}

/// The edits of `text`, which reads as `before`, that make it read as `after`.
pub(super) fn splice(text: &str, tree: &Tree, before: &Value, after: &Value) -> Result<Edits, EditError> {
    let mut splicer = Splicer { text, tree, line_break: line_break(text), edits: Vec::new() };
    match tree.root {
        Some(root) => splicer.change(Slot::Root, root, before, after)?,
        None if before == after => {}
        None if before.is_null() => splicer.fill_end(&emit::document(after)),
        None => return Err(EditError::Unsupported("a line break of YAML 1.1 in a comment")),
    }
    if tree.has_aliases && !splicer.edits.is_empty() {
        splicer.release_aliases(after)?;
    }
    Edits::new(splicer.edits)
}

/// Edits of one text, in order, none over another.
#[derive(Debug)]
pub(super) struct Edits(Vec<Edit>);

impl Edits {
    fn new(mut edits: Vec<Edit>) -> Result<Self, EditError> {
        edits.sort_by_key(|edit| (edit.range.start, edit.range.end));
        if edits.windows(2).any(|pair| pair[1].range.start < pair[0].range.end) {
            return Err(EditError::Unsupported("two edits in one place"));
        }
        Ok(Self(edits))
    }

    /// These edits and those that replace `parts`.
    pub(super) fn and(self, parts: Vec<(Range<usize>, String)>) -> Result<Self, EditError> {
        let parts = parts.into_iter().map(|(range, text)| Edit { range, text });
        Self::new(self.0.into_iter().chain(parts).collect())
    }

    /// The same edits elsewhere.
    pub(super) fn moved(self, place: impl Fn(&Range<usize>) -> Option<Range<usize>>) -> Result<Self, EditError> {
        let edits = self.0.into_iter().map(|Edit { range, text }| Some(Edit { range: place(&range)?, text }));
        let edits =
            edits.collect::<Option<_>>().ok_or(EditError::Unsupported("an edit over several parts of the document"))?;
        Self::new(edits)
    }

    /// The text with all edits made.
    pub(super) fn apply(&self, text: &str) -> String {
        let added: usize = self.0.iter().map(|edit| edit.text.len()).sum();
        let mut out = String::with_capacity(text.len() + added);
        let mut at = 0;
        for edit in &self.0 {
            out.push_str(&text[at..edit.range.start]);
            out.push_str(&edit.text);
            at = edit.range.end;
        }
        out.push_str(&text[at..]);
        out
    }
}

struct Splicer<'a> {
    text: &'a str,
    tree: &'a Tree,
    line_break: &'static str,
    edits: Vec<Edit>,
}

impl Splicer<'_> {
    /// Makes `node`, which reads as `before`, read as `after`.
    fn change(&mut self, slot: Slot, node: NodeId, before: &Value, after: &Value) -> Result<(), EditError> {
        if before == after {
            return Ok(());
        }
        match (&self.tree.node(node).shape, before, after) {
            (Shape::BlockMapping(entries), Value::Object(before), Value::Object(after)) => {
                self.block_mapping(slot, node, entries, before, after)
            }
            (Shape::FlowMapping(entries), Value::Object(old), Value::Object(new)) => {
                if old.is_empty() && self.stands_beside_key(slot, node) {
                    return self.replace(slot, node, after);
                }
                self.flow_mapping(slot, node, entries, old, new)
            }
            (Shape::BlockSequence(items), Value::Array(before), Value::Array(after)) => {
                self.block_sequence(slot, node, items, before, after)
            }
            (Shape::FlowSequence(items), Value::Array(before), Value::Array(after)) => {
                self.flow_sequence(slot, node, items, before, after)
            }
            (Shape::FlowPair(_), ..) => {
                Err(EditError::Unsupported("a mapping without brackets inside a flow sequence"))
            }
            (Shape::Block { folded: false, .. }, Value::String(before), Value::String(after)) => {
                self.literal(slot, node, before, after)
            }
            (Shape::BlockMapping(_) | Shape::FlowMapping(_), Value::Object(_), _)
            | (Shape::BlockSequence(_) | Shape::FlowSequence(_), Value::Array(_), _)
            | (Shape::Alias { .. }, ..) => self.replace(slot, node, after),
            (Shape::Missing | Shape::Inline | Shape::Block { .. }, before, _)
                if !matches!(before, Value::Object(_) | Value::Array(_)) =>
            {
                self.replace(slot, node, after)
            }
            // Comments would be taken for content, or the other way round.
            _ => Err(EditError::Unsupported("a value that reads as another kind of value")),
        }
    }

    /// Writes `after` in the place of whatever `node` is.
    fn replace(&mut self, slot: Slot, node: NodeId, after: &Value) -> Result<(), EditError> {
        let written = self.written(slot, node, after);
        let (Slot::Entry { behind, .. } | Slot::Item { behind, .. }) = slot else {
            self.replace_whole(slot, node, &written);
            return Ok(());
        };
        let node = self.tree.node(node);
        match &node.shape {
            Shape::Missing if node.outer.is_empty() => {
                self.edit(behind..behind, spaced(&written.head));
                self.insert_lines(behind, written.lines);
            }
            Shape::Missing
            | Shape::Inline
            | Shape::Alias { .. }
            | Shape::FlowMapping(_)
            | Shape::FlowSequence(_)
            | Shape::FlowPair(_) => {
                let start = if written.head.is_empty() { behind } else { node.outer.start };
                self.edit(start..node.outer.end, written.head);
                self.insert_lines(node.outer.end, written.lines);
            }
            Shape::Block { lines, .. } => {
                // A comment behind the header stays.
                let header_end = self.header_end(node.span.start, lines.start);
                let start = if written.head.is_empty() { behind } else { node.outer.start };
                self.edit(start..header_end, written.head);
                let mut text = written.lines;
                if self.is_unterminated(lines.end) || (lines.is_empty() && lines.end == self.text.len()) {
                    trim_line_break(&mut text);
                }
                self.edit(lines.clone(), text);
            }
            Shape::BlockMapping(_) | Shape::BlockSequence(_) => {
                let own_lines = begins_line(self.text, node.span.start);
                if !own_lines {
                    // Compact: the collection begins on the dash's line.
                    let end = self.without_line_break(node.span.end).max(node.outer.start);
                    if !written.lines.is_empty() {
                        return Err(EditError::Unsupported("a block text in the place of a compact collection"));
                    }
                    self.edit(node.outer.start..end, written.head);
                    return Ok(());
                }
                let properties = node.outer.start < node.span.start;
                let start = if properties { node.outer.start } else { behind };
                let end = if properties { self.blanks_before(node.span.start, node.outer.start) } else { behind };
                self.edit(start..end, if properties { written.head } else { spaced(&written.head) });
                let first = line_start(self.text, node.span.start);
                let last = self.lines_end(node.span.end);
                let mut text = written.lines;
                if self.is_unterminated(last) {
                    trim_line_break(&mut text);
                    if text.is_empty() {
                        self.edit(self.without_line_break(first)..last, text);
                        return Ok(());
                    }
                }
                self.edit(first..last, text);
            }
        }
        Ok(())
    }

    /// Replaces a node of a flow collection, or the root, by one piece of text.
    fn replace_whole(&mut self, slot: Slot, node: NodeId, written: &Written) {
        let shape = &self.tree.node(node).shape;
        let outer = self.tree.node(node).outer.clone();
        match (slot, shape) {
            (Slot::Root, Shape::Missing) if outer.is_empty() => self.fill_end(&written.whole()),
            (Slot::Root, Shape::Block { .. } | Shape::BlockMapping(_) | Shape::BlockSequence(_)) => {
                let end = self.without_line_break(outer.end).max(outer.start);
                let mut text = written.whole();
                trim_line_break(&mut text);
                self.edit(outer.start..end, text);
            }
            (Slot::Root, _) => {
                let mut text = written.whole();
                trim_line_break(&mut text);
                if !begins_line(self.text, outer.start) {
                    text.insert_str(0, self.line_break);
                }
                self.edit(outer, text);
            }
            (_, Shape::Missing) => {
                let colon = self.text[..outer.start].ends_with(':');
                let text = if colon { format!(" {}", written.head) } else { format!(": {}", written.head) };
                self.edit(outer, text);
            }
            _ => self.edit(outer, written.head.clone()),
        }
    }

    /// A document without a value (empty, or comments only) gets one.
    fn fill_end(&mut self, lines: &str) {
        // A line of three dots ends the document.
        let last = line_start(self.text, self.without_line_break(self.text.len()));
        let at = if self.text[last..].trim_end() == "..." { last } else { self.text.len() };
        if at > 0 && at < self.text.len() {
            let lines = self.with_line_breaks(lines.to_owned());
            self.edit(at..at, lines);
        } else {
            self.insert_lines(at, lines.to_owned());
        }
    }

    /// How `value` is written in `slot`.
    fn written(&self, slot: Slot, node: NodeId, value: &Value) -> Written {
        match (slot, value) {
            (Slot::Root, value) => Written { head: String::new(), lines: emit::document(value) },
            (Slot::Entry { column, .. } | Slot::Item { column, .. }, Value::String(text)) => {
                match emit::literal(text, column + emit::STEP, emit::STEP, self.line_break) {
                    Some(literal) => Written { head: literal.header, lines: literal.lines },
                    None => Written::inline(emit::inline(value)),
                }
            }
            (Slot::Entry { column, .. }, Value::Object(mapping))
                if !mapping.is_empty() && self.stands_beside_key(slot, node) =>
            {
                let lines = self.with_line_breaks(emit::block(value, column + emit::STEP));
                Written { head: String::new(), lines }
            }
            (Slot::Flow(style), _) => Written::inline(style.value(value)),
            _ => Written::inline(emit::inline(value)),
        }
    }

    /// Whether `node` stands on its key's line (or would, if it were written), so
    /// that lines below the key can take its place.
    fn stands_beside_key(&self, slot: Slot, node: NodeId) -> bool {
        let Slot::Entry { behind, .. } = slot else { return false };
        let outer = &self.tree.node(node).outer;
        let multi_line = |range: Range<usize>| self.text[range].contains(['\n', '\r']);
        match self.tree.node(node).shape {
            Shape::Block { .. } | Shape::BlockMapping(_) | Shape::BlockSequence(_) => {
                // Its lines are replaced; a tag or anchor would be left without a node.
                outer.start == self.tree.node(node).span.start
            }
            Shape::Missing => outer.is_empty(),
            _ => !multi_line(behind..outer.start) && !multi_line(outer.clone()),
        }
    }

    fn edit(&mut self, range: Range<usize>, text: String) {
        if !(range.is_empty() && text.is_empty()) && self.text[range.clone()] != text {
            self.edits.push(Edit { range, text });
        }
    }

    /// Inserts whole lines behind the line that holds `position`.
    fn insert_lines(&mut self, position: usize, lines: String) {
        if lines.is_empty() {
            return;
        }
        let at = self.lines_end(position);
        let mut lines = self.with_line_breaks(lines);
        if self.is_unterminated(at) && !self.text.is_empty() {
            lines.insert_str(0, self.line_break);
            trim_line_break(&mut lines);
        } else if self.text.is_empty() {
            // A text without a final line break keeps none.
            trim_line_break(&mut lines);
        }
        self.edit(at..at, lines);
    }

    fn with_line_breaks(&self, lines: String) -> String {
        if self.line_break == "\n" || lines.contains('\r') { lines } else { lines.replace('\n', self.line_break) }
    }

    /// The end of the lines that a node ending at `end` covers. Block scalars end
    /// with their line break, everything else before it.
    fn lines_end(&self, end: usize) -> usize {
        if end > 0 && self.text[..end].ends_with(['\n', '\r']) { end } else { line_end(self.text, end) }
    }

    /// Whether `end` is the end of the text, and no line break stands before it.
    fn is_unterminated(&self, end: usize) -> bool {
        end == self.text.len() && !self.text.ends_with(['\n', '\r'])
    }

    /// The end of the block scalar header (`|-`) at `start`, whose content begins at `lines`.
    fn header_end(&self, start: usize, lines: usize) -> usize {
        self.text[start..lines].find([' ', '\t', '\r', '\n']).map_or(lines, |end| start + end)
    }

    /// `end` without the line break that may stand before it.
    fn without_line_break(&self, end: usize) -> usize {
        let text = &self.text[..end];
        text.strip_suffix("\r\n").or_else(|| text.strip_suffix(['\n', '\r'])).map_or(end, str::len)
    }

    /// From `end` back over blanks, not beyond `start`.
    fn blanks_before(&self, end: usize, start: usize) -> usize {
        start + self.text[start..end].trim_end().len()
    }

    /// The end of the line's content that holds `position`, its comment included.
    fn content_end(&self, position: usize) -> usize {
        content_end(self.text, position)
    }
}

/// A value as text: what stands on the key's line, and the lines below it.
struct Written {
    head: String,
    lines: String,
}

impl Written {
    fn inline(head: String) -> Self {
        Self { head, lines: String::new() }
    }

    fn whole(&self) -> String {
        if self.head.is_empty() { self.lines.clone() } else { format!("{}\n{}", self.head, self.lines) }
    }
}

fn spaced(head: &str) -> String {
    if head.is_empty() { String::new() } else { format!(" {head}") }
}

fn trim_line_break(text: &mut String) {
    if text.ends_with('\n') {
        text.pop();
        if text.ends_with('\r') {
            text.pop();
        }
    }
}
