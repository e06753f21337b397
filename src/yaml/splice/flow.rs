//! Flow collections: entries come and go with their commas. Where keys or items are
//! double-quoted, new ones are written as JSON, so that a JSON document stays one.

use std::ops::Range;

use serde_json::{Map, Value};

use super::block::{Entries, Items};
use super::{EditError, Slot, Splicer};
use crate::yaml::emit::Flow;
use crate::yaml::tree::{Entry, NodeId};

impl Splicer<'_> {
    pub(super) fn flow_mapping(
        &mut self,
        slot: Slot,
        node: NodeId,
        entries: &[Entry],
        before: &Map<String, Value>,
        after: &Map<String, Value>,
    ) -> Result<(), EditError> {
        let plan = Entries::compare(entries, before, after)?;
        let style = self.flow_style(slot, entries.first().map(|entry| entry.key));
        for (entry, key) in &plan.kept {
            if let Some(key) = key {
                self.change(Slot::Flow(style), entry.value, &before[*key], &after[*key])?;
            }
        }
        let extents: Vec<_> = entries.iter().map(|entry| self.flow_extent(entry)).collect();
        let added: Vec<_> = plan.added.iter().map(|key| style.entry(key, &after[*key])).collect();
        self.flow_collection(node, &extents, &plan.removed, entries.len(), &added)
    }

    pub(super) fn flow_sequence(
        &mut self,
        slot: Slot,
        node: NodeId,
        items: &[NodeId],
        before: &[Value],
        after: &[Value],
    ) -> Result<(), EditError> {
        if items.len() != before.len() {
            return Err(EditError::Unsupported("a sequence that reads as another number of items"));
        }
        let plan = Items::compare(before, after);
        let style = self.flow_style(slot, items.first().copied());
        for (old, new) in plan.paired() {
            self.change(Slot::Flow(style), items[old], &before[old], &after[new])?;
        }
        let extents: Vec<_> = items.iter().map(|item| self.tree.node(*item).outer.clone()).collect();
        let removed: Vec<usize> = plan.removed().collect();
        let added: Vec<_> = plan.added().map(|new| style.value(&after[new])).collect();
        self.flow_collection(node, &extents, &removed, plan.insert_behind().map_or(0, |last| last + 1), &added)
    }

    /// JSON if the first key or item is double-quoted, or if nothing tells and the
    /// collection is the document itself or part of a JSON one.
    fn flow_style(&self, slot: Slot, first: Option<NodeId>) -> Flow {
        match (first, slot) {
            (Some(first), _) if self.text[self.tree.node(first).span.start..].starts_with('"') => Flow::Json,
            (Some(_), Slot::Flow(Flow::Json)) | (None, Slot::Root | Slot::Flow(Flow::Json)) => Flow::Json,
            _ => Flow::Yaml,
        }
    }

    fn flow_extent(&self, entry: &Entry) -> Range<usize> {
        let key = self.tree.node(entry.key);
        key.outer.start..self.tree.node(entry.value).outer.end.max(entry.colon.map_or(key.outer.end, |colon| colon + 1))
    }

    /// Removes entries and inserts `added` before the entry `at`.
    fn flow_collection(
        &mut self,
        node: NodeId,
        extents: &[Range<usize>],
        removed: &[usize],
        at: usize,
        added: &[String],
    ) -> Result<(), EditError> {
        let span = self.tree.node(node).span.clone();
        let kept: Vec<usize> = (0..extents.len()).filter(|index| !removed.contains(index)).collect();
        let inner = span.start + 1..span.end - 1;
        if kept.is_empty() && added.is_empty() && self.text[inner.clone()].contains(['\n', '\r']) {
            // Blank lines alone would be left, after which not every engine takes the bracket.
            let starts = extents.iter().map(|extent| extent.start).chain([inner.end]);
            let ends = [inner.start].into_iter().chain(extents.iter().map(|extent| extent.end));
            if !ends.zip(starts).any(|(end, start)| self.text[end..start].contains('#')) {
                self.edit(inner, String::new());
                return Ok(());
            }
        }
        for run in removed.chunk_by(|one, next| one + 1 == *next) {
            let (Some(&first), Some(&last)) = (run.first(), run.last()) else { continue };
            let (start, end) = (extents[first].start, extents[last].end);
            let above = first.checked_sub(1).map(|above| extents[above].end);
            let range = match (above, extents.get(last + 1)) {
                // A comment between belongs to the entry above, whose comma stays before it.
                (Some(above), next) if self.text[above..start].contains('#') => {
                    start..next.map_or_else(|| self.past_comma(end), |next| next.start)
                }
                (Some(above), _) => above..end,
                (None, Some(next)) => start..next.start,
                (None, None) => start..self.past_comma(end),
            };
            self.edit(range, String::new());
        }
        if added.is_empty() {
            return Ok(());
        }
        let text = added.join(", ");
        match kept.iter().rfind(|kept| **kept < at) {
            Some(&last) => {
                let end = extents[last].end;
                // A colon that a comma follows would be part of the key.
                let blank = if self.text[..end].ends_with(':') { " " } else { "" };
                self.edit(end..end, format!("{blank}, {text}"));
            }
            None => match kept.first() {
                Some(&first) => {
                    let start = extents[first].start;
                    self.edit(start..start, format!("{text}, "));
                }
                None => self.edit(span.start + 1..span.start + 1, text),
            },
        }
        Ok(())
    }

    /// Behind the comma that may follow the last entry, which ends at `end`.
    fn past_comma(&self, end: usize) -> usize {
        let rest = self.text[end..].trim_ascii_start();
        if rest.starts_with(',') { self.text.len() - rest.len() + 1 } else { end }
    }
}
