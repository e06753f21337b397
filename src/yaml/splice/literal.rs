//! Literal block scalars: lines that stay keep their bytes (trailing blanks and
//! carriage returns that the value does not show), lines that are new get the
//! block's indentation.

use serde_json::Value;
use similar::{Algorithm, DiffOp, capture_diff_slices};

use super::{EditError, Slot, Splicer};
use crate::yaml::emit;
use crate::yaml::lines::{content_end, line_end};
use crate::yaml::tree::{NodeId, Shape};

impl Splicer<'_> {
    pub(super) fn literal(&mut self, slot: Slot, node: NodeId, before: &str, after: &str) -> Result<(), EditError> {
        let whole = Value::String(after.to_owned());
        let node_id = node;
        let node = self.tree.node(node);
        let Shape::Block { lines, .. } = &node.shape else {
            return self.replace(slot, node_id, &whole);
        };
        let parent = match slot {
            Slot::Entry { column, .. } | Slot::Item { column, .. } => column,
            Slot::Root | Slot::Flow(_) => return self.replace(slot, node_id, &whole),
        };
        let body = after.trim_end_matches('\n');
        if body.is_empty() || !emit::is_literal(after) {
            return self.replace(slot, node_id, &whole);
        }
        let block = Block::read(self.text, lines.start, lines.end);
        let header_end = self.header_end(node.span.start, lines.start);
        let header = &self.text[node.span.start..header_end];
        let indicator = header.bytes().find(u8::is_ascii_digit).map(|digit| usize::from(digit - b'0'));
        let indent = match indicator {
            Some(step) => parent + step,
            None => block.indent.unwrap_or(parent + emit::STEP),
        };
        let old: Vec<&str> =
            if block.body.is_empty() { Vec::new() } else { before.trim_end_matches('\n').split('\n').collect() };
        if old.len() != block.body.len() {
            return self.replace(slot, node_id, &whole);
        }

        let newlines = after.len() - body.len();
        let same_end = before.len() - before.trim_end_matches('\n').len() == newlines && !old.is_empty()
            || (old.is_empty() && newlines == 0 && header.contains('-'));
        let mut new_header = header.to_owned();
        if !same_end {
            new_header.retain(|c| c != '-' && c != '+');
            new_header.push_str(emit::chomping_indicator(newlines));
        }
        if indicator.is_none() {
            let digit = emit::indentation_indicator(body, indent - parent);
            if digit.len() > 1 {
                return self.replace(slot, node_id, &whole);
            }
            new_header.insert_str(1, &digit);
        }

        let new: Vec<&str> = body.split('\n').collect();
        // The lines keep the line break of the block, which may differ from the document's.
        let line_break = block.line_break.unwrap_or(self.line_break);
        let mut text = String::with_capacity(lines.len() + after.len());
        for operation in capture_diff_slices(Algorithm::Myers, &old, &new) {
            match operation {
                DiffOp::Equal { old_index, len, .. } => {
                    for raw in &block.body[old_index..old_index + len] {
                        text.push_str(raw);
                        if !raw.ends_with(['\n', '\r']) {
                            text.push_str(line_break);
                        }
                    }
                }
                DiffOp::Delete { .. } => {}
                DiffOp::Insert { new_index, new_len, .. } | DiffOp::Replace { new_index, new_len, .. } => {
                    for line in &new[new_index..new_index + new_len] {
                        emit::push_literal_line(&mut text, line, indent, line_break);
                    }
                }
            }
        }
        if same_end {
            text.push_str(block.tail);
        } else {
            for _ in 1..newlines {
                text.push_str(line_break);
            }
        }
        if self.is_unterminated(lines.end) {
            super::trim_line_break(&mut text);
            if lines.is_empty() {
                text.insert_str(0, line_break);
            }
        }
        let range = lines.clone();
        self.edit(node.span.start..header_end, new_header);
        self.edit(range, text);
        Ok(())
    }
}

/// The raw lines of a literal block.
struct Block<'t> {
    /// Up to the last line with content, each with its line break.
    body: Vec<&'t str>,
    /// The blank lines at the end.
    tail: &'t str,
    indent: Option<usize>,
    line_break: Option<&'static str>,
}

impl<'t> Block<'t> {
    fn read(text: &'t str, start: usize, end: usize) -> Self {
        let mut body = Vec::new();
        let mut content = 0;
        let mut content_stop = start;
        let mut indent = None;
        let mut line_break = None;
        let mut at = start;
        while at < end {
            let stop = line_end(text, at).min(end);
            let line = &text[at..content_end(text, at)];
            body.push(&text[at..stop]);
            let blanks = line.len() - line.trim_start_matches(' ').len();
            if blanks < line.len() {
                content = body.len();
                content_stop = stop;
                indent = Some(indent.map_or(blanks, |least: usize| least.min(blanks)));
            }
            if line_break.is_none() && stop > at + line.len() {
                line_break = Some(if text[at..stop].ends_with("\r\n") { "\r\n" } else { "\n" });
            }
            at = stop;
        }
        body.truncate(content);
        Self { body, tail: &text[content_stop..end], indent, line_break }
    }
}
