//! Block mappings and block sequences: entries come and go as whole lines.

use std::collections::BTreeMap;
use std::ops::Range;

use serde_json::{Map, Value};

use super::{EditError, Slot, Splicer};
use crate::yaml::emit;
use crate::yaml::lines::{begins_line, line_start};
use crate::yaml::tree::{Entry, Item, NodeId, Shape};
use crate::yaml::value::MERGE;

impl Splicer<'_> {
    pub(super) fn block_mapping(
        &mut self,
        slot: Slot,
        node: NodeId,
        entries: &[Entry],
        before: &Map<String, Value>,
        after: &Map<String, Value>,
    ) -> Result<(), EditError> {
        let plan = Entries::compare(entries, before, after)?;
        if plan.kept.is_empty() {
            return self.replace(slot, node, &Value::Object(after.clone()));
        }
        let column = self.column(self.tree.node(node).span.start);
        for (entry, key) in &plan.kept {
            if let Some(key) = key {
                let behind = entry.colon.map_or(self.tree.node(entry.key).outer.end, |colon| colon + 1);
                if entry.colon.is_none() && before[*key] != after[*key] {
                    return Err(EditError::Unsupported("a key without a colon"));
                }
                self.change(Slot::Entry { column, behind }, entry.value, &before[*key], &after[*key])?;
            }
        }
        if plan.removed.is_empty() && plan.added.is_empty() {
            return Ok(());
        }
        let extents: Vec<_> = entries.iter().map(|entry| self.entry_extent(entry)).collect();
        self.remove_blocks(&extents, &plan.removed)?;
        let lines: String = plan.added.iter().map(|key| emit::entry(key, &after[*key], column)).collect();
        self.append_block(&extents, lines)
    }

    pub(super) fn block_sequence(
        &mut self,
        slot: Slot,
        node: NodeId,
        items: &[Item],
        before: &[Value],
        after: &[Value],
    ) -> Result<(), EditError> {
        if items.len() != before.len() {
            return Err(EditError::Unsupported("a sequence that reads as another number of items"));
        }
        if after.is_empty() {
            return self.replace(slot, node, &Value::Array(after.to_vec()));
        }
        let column = self.column(self.tree.node(node).span.start);
        let plan = Items::compare(before, after);
        for (old, new) in plan.paired().filter(|(old, new)| before[*old] != after[*new]) {
            let behind = items[old].dash + 1;
            if behind > self.tree.node(items[old].value).outer.start {
                return Err(EditError::Unsupported("an item without a dash"));
            }
            let slot = Slot::Item { column, behind };
            self.change(slot, items[old].value, &before[old], &after[new])?;
        }
        let extents: Vec<_> =
            items.iter().map(|item| item.dash..self.tree.node(item.value).outer.end.max(item.dash + 1)).collect();
        let removed: Vec<usize> = plan.removed().collect();
        self.remove_blocks(&extents, &removed)?;
        let lines: String = plan.added().map(|new| emit::item(&after[new], column)).collect();
        match plan.insert_behind() {
            Some(last) if last + 1 < items.len() => {
                let end = extents[last].end;
                self.insert_lines(end, lines);
                Ok(())
            }
            Some(_) => self.append_block(&extents, lines),
            None if lines.is_empty() => Ok(()),
            None if begins_line(self.text, items[0].dash) => {
                let start = line_start(self.text, items[0].dash);
                let lines = self.with_line_breaks(lines);
                self.edit(start..start, lines);
                Ok(())
            }
            None => Err(EditError::Unsupported("a new first item in a compact sequence")),
        }
    }

    /// From the key to the end of the value.
    fn entry_extent(&self, entry: &Entry) -> Range<usize> {
        let key = self.tree.node(entry.key);
        let value = self.tree.node(entry.value);
        let colon = entry.colon.map_or(key.outer.end, |colon| colon + 1);
        // An explicit key has its `?` before it.
        let start = match self.text[..key.outer.start].trim_end_matches(' ').strip_suffix('?') {
            Some(before) if begins_line(self.text, before.len()) || before.ends_with("- ") => before.len(),
            _ => key.outer.start,
        };
        start..value.outer.end.max(colon)
    }

    /// Takes out the lines of the entries or items that `removed` names.
    fn remove_blocks(&mut self, extents: &[Range<usize>], removed: &[usize]) -> Result<(), EditError> {
        for &index in removed {
            let extent = &extents[index];
            let end = self.lines_end(extent.end);
            if begins_line(self.text, extent.start) {
                let mut start = line_start(self.text, extent.start);
                // The last line of a text without a final line break: the break before it goes.
                if self.is_unterminated(end) {
                    let keeps_lines_above = (0..index).any(|other| !removed.contains(&other));
                    if keeps_lines_above && !removed.contains(&(index.wrapping_sub(1))) {
                        start = self.without_line_break(start);
                    } else if removed.contains(&(index.wrapping_sub(1))) {
                        return Err(EditError::Unsupported(
                            "several last entries of a text without a final line break",
                        ));
                    }
                }
                self.edit(start..end, String::new());
                continue;
            }
            // The first entry stands on its parent's dash: the next one moves up.
            let next = extents.get(index + 1).filter(|_| !removed.contains(&(index + 1)));
            let Some(next) = next else {
                return Err(EditError::Unsupported("several first entries of a compact mapping"));
            };
            if self.text[end..next.start].trim().is_empty() {
                self.edit(extent.start..next.start, String::new());
            } else {
                // Comments stand between: the dash keeps its line.
                let blanks = self.text[..extent.start].len() - self.text[..extent.start].trim_end_matches(' ').len();
                let stop = if self.text[..extent.end].ends_with(['\n', '\r']) {
                    self.without_line_break(extent.end)
                } else {
                    self.content_end(extent.end)
                };
                self.edit(extent.start - blanks..stop, String::new());
            }
        }
        Ok(())
    }

    /// Adds lines behind the last entry, removed or not.
    fn append_block(&mut self, extents: &[Range<usize>], lines: String) -> Result<(), EditError> {
        let Some(extent) = extents.last() else {
            return Err(EditError::Unsupported("a block collection without entries"));
        };
        if lines.is_empty() {
            return Ok(());
        }
        let end = self.lines_end(extent.end);
        // A line break behind an unterminated block scalar would become part of it,
        // so that the new lines go above the last entry.
        if self.is_unterminated(end) && self.ends_in_open_scalar(end) && begins_line(self.text, extent.start) {
            let start = line_start(self.text, extent.start);
            let lines = self.with_line_breaks(lines);
            self.edit(start..start, lines);
            return Ok(());
        }
        self.insert_lines(extent.end, lines);
        Ok(())
    }

    /// Whether a block scalar ends there that takes a line break at its end for content.
    fn ends_in_open_scalar(&self, end: usize) -> bool {
        self.tree.nodes.iter().any(|node| match &node.shape {
            Shape::Block { lines, .. } if !lines.is_empty() && lines.end == end => {
                let header = node.span.start..self.header_end(node.span.start, lines.start);
                !self.text[header].contains('-')
            }
            _ => false,
        })
    }

    pub(super) fn column(&self, position: usize) -> usize {
        position - line_start(self.text, position)
    }
}

/// What happens to each entry of a mapping.
pub(super) struct Entries<'a> {
    /// Entries that stay, with the key to compare further (`None`: look no further).
    pub(super) kept: Vec<(&'a Entry, Option<&'a str>)>,
    /// Indices of entries that go, all duplicates included.
    pub(super) removed: Vec<usize>,
    /// Keys that are new.
    pub(super) added: Vec<&'a str>,
}

impl<'a> Entries<'a> {
    pub(super) fn compare(
        entries: &'a [Entry],
        before: &'a Map<String, Value>,
        after: &'a Map<String, Value>,
    ) -> Result<Self, EditError> {
        let mut last: BTreeMap<&str, usize> = BTreeMap::new();
        for (index, entry) in entries.iter().enumerate() {
            if let Some(name) = &entry.name {
                last.insert(name, index);
            }
        }
        let mut plan = Self { kept: Vec::new(), removed: Vec::new(), added: Vec::new() };
        for (index, entry) in entries.iter().enumerate() {
            let Some(name) = entry.name.as_deref() else {
                plan.kept.push((entry, None));
                continue;
            };
            let merge = name == MERGE && !before.contains_key(MERGE);
            if merge || (after.contains_key(name) && last[name] != index) {
                plan.kept.push((entry, None));
            } else if after.contains_key(name) && before.contains_key(name) {
                plan.kept.push((entry, Some(name)));
            } else {
                plan.removed.push(index);
            }
        }
        // A key without an entry of its own comes from a merge key.
        for (key, value) in after {
            if !last.contains_key(key.as_str()) && before.get(key) != Some(value) {
                plan.added.push(key);
            }
        }
        if before.keys().any(|key| !last.contains_key(key.as_str()) && !after.contains_key(key)) {
            return Err(EditError::Unsupported("a key that a merge key (`<<`) brings cannot be taken out"));
        }
        Ok(plan)
    }
}

/// What happens to the items of a sequence: between a common start and a common
/// end, old items are changed into new ones, and the rest is removed or added.
pub(super) struct Items {
    start: usize,
    old: usize,
    new: usize,
}

impl Items {
    pub(super) fn compare(before: &[Value], after: &[Value]) -> Self {
        let start = before.iter().zip(after).take_while(|(old, new)| old == new).count();
        let rest = before.len().min(after.len()) - start;
        let end = before.iter().rev().zip(after.iter().rev()).take(rest).take_while(|(old, new)| old == new).count();
        Self { start, old: before.len() - start - end, new: after.len() - start - end }
    }

    pub(super) fn paired(&self) -> impl Iterator<Item = (usize, usize)> {
        let start = self.start;
        (0..self.old.min(self.new)).map(move |index| (start + index, start + index))
    }

    pub(super) fn removed(&self) -> impl Iterator<Item = usize> {
        self.start + self.old.min(self.new)..self.start + self.old
    }

    pub(super) fn added(&self) -> impl Iterator<Item = usize> {
        self.start + self.old.min(self.new)..self.start + self.new
    }

    /// The old item that new ones follow; `None` for the very beginning.
    pub(super) fn insert_behind(&self) -> Option<usize> {
        (self.start + self.old.min(self.new)).checked_sub(1)
    }
}
