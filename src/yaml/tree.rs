//! Where everything in a YAML document stands.

use std::ops::Range;

use json_patch::jsonptr::Pointer;

use super::lines::{line_end, line_start};

/// Index of a node in its [`Tree`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct NodeId(pub(super) usize);

/// One node of the document.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Node {
    /// From its tag or anchor, if it has one, to its end.
    pub(super) outer: Range<usize>,
    /// The content alone. Collections in block style end with their last entry,
    /// block scalars with their last line's line break.
    pub(super) span: Range<usize>,
    pub(super) shape: Shape,
}

/// How a node is written.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// Nothing is written: `key:`. The span is empty and stands behind the
    /// indicator (or behind a tag or anchor).
    Missing,
    /// Plain or quoted, perhaps over several lines.
    Inline,
    /// `|` or `>` and the lines below.
    Block { folded: bool, lines: Range<usize> },
    /// `*name`
    Alias { target: NodeId },
    /// ```yaml
    /// key: value
    /// other: value
    /// ```
    BlockMapping(Vec<Entry>),
    /// `{key: value}`
    FlowMapping(Vec<Entry>),
    /// `key: value` inside `[…]`: a mapping without its own brackets.
    FlowPair(Vec<Entry>),
    /// ```yaml
    /// - item
    /// - item
    /// ```
    BlockSequence(Vec<Item>),
    /// `[item, item]`
    FlowSequence(Vec<NodeId>),
}

impl Shape {
    pub(super) fn is_mapping(&self) -> bool {
        matches!(self, Self::BlockMapping(_) | Self::FlowMapping(_) | Self::FlowPair(_))
    }
}

/// One entry of a mapping.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) key: NodeId,
    /// The key as the value model has it; `None` for a key that is a collection.
    pub(super) name: Option<String>,
    pub(super) colon: Option<usize>,
    pub(super) value: NodeId,
}

/// Some nodes of one tree, on their way to another.
struct Copy {
    old: Vec<Node>,
    new: Vec<Node>,
}

impl Copy {
    /// Copies a node and what is below it, but for the items at the end of `path`.
    fn node(&mut self, id: NodeId, path: &[Option<&str>]) -> NodeId {
        let Node { outer, span, shape } = std::mem::replace(&mut self.old[id.0], MOVED);
        let new = NodeId(self.new.len());
        self.new.push(MOVED);
        let shape = match shape {
            Shape::BlockMapping(entries) => Shape::BlockMapping(self.entries(entries, path)),
            Shape::FlowMapping(entries) => Shape::FlowMapping(self.entries(entries, path)),
            Shape::FlowPair(entries) => Shape::FlowPair(self.entries(entries, path)),
            Shape::BlockSequence(items) => {
                let item = |Item { dash, value }| Item { dash, value: self.item(value, path) };
                Shape::BlockSequence(items.into_iter().map(item).collect())
            }
            Shape::FlowSequence(items) => {
                Shape::FlowSequence(items.into_iter().map(|item| self.item(item, path)).collect())
            }
            shape @ (Shape::Missing | Shape::Inline | Shape::Block { .. } | Shape::Alias { .. }) => shape,
        };
        self.new[new.0] = Node { outer, span, shape };
        new
    }

    fn entries(&mut self, entries: Vec<Entry>, path: &[Option<&str>]) -> Vec<Entry> {
        let entry = |Entry { key, name, colon, value }| {
            let below = match path.split_first() {
                Some((Some(wanted), rest)) if name.as_deref() == Some(wanted) => rest,
                _ => &[None],
            };
            Entry { key: self.node(key, &[None]), name, colon, value: self.node(value, below) }
        };
        entries.into_iter().map(entry).collect()
    }

    /// The path has come to its end: of an item only its place stays.
    fn item(&mut self, id: NodeId, path: &[Option<&str>]) -> NodeId {
        if !path.is_empty() {
            return self.node(id, &[None]);
        }
        let Node { outer, span, .. } = std::mem::replace(&mut self.old[id.0], MOVED);
        self.new.push(Node { outer, span, shape: Shape::Inline });
        NodeId(self.new.len() - 1)
    }
}

/// In the place of a node that is not there any more, or not yet.
const MOVED: Node = Node { outer: 0..0, span: 0..0, shape: Shape::Missing };

/// Where an item of a sequence stands in its text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ItemSpan {
    /// The item's whole lines in block style, the bare item in flow style.
    pub range: Range<usize>,
    /// Column of the dash; none in flow style.
    pub dash: Option<usize>,
}

/// One item of a block sequence.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Item {
    pub(super) dash: usize,
    pub(super) value: NodeId,
}

/// All nodes of one document.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Tree {
    pub(super) nodes: Vec<Node>,
    /// `None` for a document without content.
    pub(super) root: Option<NodeId>,
    pub(super) has_aliases: bool,
}

impl Tree {
    pub(super) fn node(&self, id: NodeId) -> &Node {
        &self.nodes[id.0]
    }

    /// The same tree without what is below the items of the sequence at `key` of the root.
    pub(super) fn without_items(self, key: &str) -> Self {
        let mut copy = Copy { old: self.nodes, new: Vec::new() };
        let root = self.root.map(|root| copy.node(root, &[Some(key)]));
        Self { nodes: copy.new, root, has_aliases: self.has_aliases }
    }

    /// The items of the sequence at `pointer`.
    pub(super) fn items(&self, text: &str, pointer: &Pointer) -> Vec<ItemSpan> {
        let (_, Some(node)) = self.find(pointer) else { return Vec::new() };
        match &self.node(node).shape {
            Shape::BlockSequence(items) => items.iter().map(|item| self.block_item(text, item)).collect(),
            Shape::FlowSequence(items) => {
                items.iter().map(|item| ItemSpan { range: self.node(*item).outer.clone(), dash: None }).collect()
            }
            _ => Vec::new(),
        }
    }

    fn block_item(&self, text: &str, item: &Item) -> ItemSpan {
        let start = line_start(text, item.dash);
        let end = self.node(item.value).outer.end.max(item.dash + 1);
        let end = if line_start(text, end) == end { end } else { line_end(text, end) };
        ItemSpan { range: start..end, dash: Some(item.dash - start) }
    }

    /// The content of the scalar at `pointer`.
    pub(super) fn scalar(&self, pointer: &Pointer) -> Option<Range<usize>> {
        let node = self.node(self.find(pointer).1?);
        matches!(node.shape, Shape::Inline | Shape::Missing).then(|| node.span.clone())
    }

    /// The lines of the literal block scalar at `pointer`.
    pub(super) fn literal(&self, pointer: &Pointer) -> Option<Range<usize>> {
        match &self.node(self.find(pointer).1?).shape {
            Shape::Block { folded: false, lines } => Some(lines.clone()),
            _ => None,
        }
    }

    /// The range of the node at `pointer`; of its nearest existing parent if there is none.
    /// For the value of a mapping entry the key belongs to the range.
    pub(super) fn locate(&self, pointer: &Pointer) -> Range<usize> {
        self.find(pointer).0
    }

    /// The range that [`Tree::locate`] tells, and the node if it exists.
    fn find(&self, pointer: &Pointer) -> (Range<usize>, Option<NodeId>) {
        let Some(mut current) = self.root else { return (0..0, None) };
        let mut range = self.node(current).outer.clone();
        for token in pointer.tokens() {
            let token = token.decoded();
            while let Shape::Alias { target } = self.node(current).shape {
                current = target;
            }
            let (start, child) = match &self.node(current).shape {
                Shape::BlockMapping(entries) | Shape::FlowMapping(entries) | Shape::FlowPair(entries) => {
                    match entries.iter().rfind(|entry| entry.name.as_deref() == Some(&token)) {
                        Some(entry) => (self.node(entry.key).outer.start, entry.value),
                        None => return (range, None),
                    }
                }
                Shape::BlockSequence(items) => match token.parse().ok().and_then(|at: usize| items.get(at)) {
                    Some(item) => (item.dash, item.value),
                    None => return (range, None),
                },
                Shape::FlowSequence(items) => match token.parse().ok().and_then(|at: usize| items.get(at)) {
                    Some(item) => (self.node(*item).outer.start, *item),
                    None => return (range, None),
                },
                _ => return (range, None),
            };
            range = start..self.node(child).outer.end;
            current = child;
        }
        while let Shape::Alias { target } = self.node(current).shape {
            current = target;
        }
        (range, Some(current))
    }
}
