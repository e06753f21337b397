//! Aliases whose anchored node has changed, and that must not change with it.

use serde_json::Value;

use super::{EditError, Splicer};
use crate::yaml::emit;
use crate::yaml::tree::{NodeId, Shape};

impl Splicer<'_> {
    /// Writes out every alias whose target an edit touches. An alias shares the
    /// text of its target but not its fate: only the target was to change.
    pub(super) fn release_aliases(&mut self, after: &Value) -> Result<(), EditError> {
        let mut aliases = Vec::new();
        if let Some(root) = self.tree.root {
            self.collect(root, Some(after), &mut aliases)?;
        }
        for (range, text) in aliases {
            self.edit(range, text);
        }
        Ok(())
    }

    fn collect(
        &self,
        node: NodeId,
        value: Option<&Value>,
        aliases: &mut Vec<(std::ops::Range<usize>, String)>,
    ) -> Result<(), EditError> {
        let outer = &self.tree.node(node).outer;
        if self
            .edits
            .iter()
            .any(|edit| edit.range.start <= outer.start && outer.end <= edit.range.end && !edit.range.is_empty())
        {
            return Ok(()); // replaced or removed altogether
        }
        match &self.tree.node(node).shape {
            Shape::Alias { target } => {
                let target = &self.tree.node(*target).outer;
                // Lines added to a block collection stand behind its last line.
                let end = self.lines_end(target.end);
                let touched = self.edits.iter().any(|edit| edit.range.start <= end && target.start <= edit.range.end);
                match value {
                    Some(value) if touched => aliases.push((outer.clone(), emit::inline(value))),
                    None if touched => {
                        return Err(EditError::Unsupported("an alias in a merge key to a mapping that must change"));
                    }
                    _ => {}
                }
            }
            Shape::BlockMapping(entries) | Shape::FlowMapping(entries) | Shape::FlowPair(entries) => {
                for entry in entries {
                    let name = entry.name.as_deref();
                    self.collect(entry.key, None, aliases)?;
                    self.collect(entry.value, name.and_then(|name| value?.get(name)), aliases)?;
                }
            }
            Shape::BlockSequence(items) => {
                for (index, item) in items.iter().enumerate() {
                    self.collect(item.value, value.and_then(|value| value.get(index)), aliases)?;
                }
            }
            Shape::FlowSequence(items) => {
                for (index, item) in items.iter().enumerate() {
                    self.collect(*item, value.and_then(|value| value.get(index)), aliases)?;
                }
            }
            Shape::Missing | Shape::Inline | Shape::Block { .. } => {}
        }
        Ok(())
    }
}
