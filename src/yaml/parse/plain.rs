//! A reader of the few forms in which nearly every rendered line is written.
//!
//! ```yaml
//! metadata:
//!   name: my-release-milvus # a comment
//!   labels: {}
//! args: [ "milvus", "run", "proxy" ]
//! ports:
//! - name: "milvus"
//!   containerPort: 19530
//! resources:
//!   {}
//! script: |
//!   lines
//! ```
//!
//! yaml-rust2 takes about ten times as long for them, and most of a run's time went there. What is not certainly of
//! these forms is `None`, and read by yaml-rust2: characters other than printable ASCII, keys that are not plain words,
//! escapes, scalars over several lines, anchors, aliases, tags, documents without a mapping at their root. Where there
//! is a tree, it is the same as yaml-rust2's: every debug build, and so every test and the fuzzer, compares them.

use std::ops::Range;

use serde_json::{Map, Value};

use crate::yaml::error::{MAX_DEPTH, MAX_NODES};
use crate::yaml::lines::{all_bytes, simple_key};
use crate::yaml::tree::{Entry, Item, Node, NodeId, Shape, Tree};
use crate::yaml::value;

/// The tree and the value of a document; `None` where the engine must read it.
pub(super) fn parse(text: &str) -> Option<(Tree, Value)> {
    if !all_bytes(text, |byte| byte == b'\n' || matches!(byte, b' '..=b'~')) {
        return None;
    }
    let mut reader = Reader { text, next: 0, line: None, depth: 0, nodes: Vec::with_capacity(nodes_expected(text)) };
    if text.starts_with("---\n") {
        reader.next = "---\n".len();
    }
    reader.advance();
    let (root, value) = reader.mapping(reader.line?)?;
    // What is left is a second document, or a mistake.
    reader.line.is_none().then_some((Tree { nodes: reader.nodes, root: Some(root), has_aliases: false }, value))
}

/// Most lines are a key and a value.
fn nodes_expected(text: &str) -> usize {
    2 * memchr::memchr_iter(b'\n', text.as_bytes()).count() + 2
}

/// What is left to read of a line.
#[derive(Clone, Copy)]
struct Line {
    /// Its first byte that is not a blank.
    at: usize,
    column: usize,
    /// Before its line break.
    end: usize,
}

struct Reader<'t> {
    text: &'t str,
    /// The line after `line`.
    next: usize,
    /// The line to be read, which is neither blank nor a comment; `None` behind the last.
    line: Option<Line>,
    /// Collections that are open.
    depth: usize,
    nodes: Vec<Node>,
}

/// A scalar, or a flow collection that begins and ends on its line.
struct Leaf {
    span: Range<usize>,
    shape: Shape,
    value: Value,
}

impl<'t> Reader<'t> {
    /// Goes on to the next line that has content.
    fn advance(&mut self) {
        self.line = None;
        while self.line.is_none() && self.next < self.text.len() {
            let start = self.next;
            let end = self.line_end(start);
            self.next = end + 1;
            let column = self.blanks(start..end);
            if column < end - start && self.byte(start + column) != Some(b'#') {
                self.line = Some(Line { at: start + column, column, end });
            }
        }
    }

    fn mapping(&mut self, first: Line) -> Option<(NodeId, Value)> {
        let id = self.open(first.at)?;
        let mut entries = Vec::new();
        let mut values = Map::new();
        let mut line = first;
        loop {
            let colon = self.key_end(line)?;
            let name = value::key(value::plain(self.text[line.at..colon].to_owned()));
            let key = self.push(line.at..colon, Shape::Inline)?;
            let (node, value) = self.value(line, colon + 1)?;
            entries.push(Entry { key, name: Some(name.clone()), colon: Some(colon), value: node });
            values.insert(name, value);
            self.nodes[id.0].span.end = self.nodes[node.0].span.end;
            match self.line {
                Some(next) if next.column == first.column => line = next,
                Some(next) if next.column > first.column => return None,
                _ => break,
            }
        }
        self.close(id, Shape::BlockMapping(entries));
        Some((id, Value::Object(values)))
    }

    /// The value behind the colon of a key on `line`.
    fn value(&mut self, line: Line, behind: usize) -> Option<(NodeId, Value)> {
        let at = behind + self.blanks(behind..line.end);
        if at < line.end && self.byte(at) != Some(b'#') {
            return self.leaf(line.column, at..line.end);
        }
        self.advance();
        match self.line {
            Some(below) if self.is_item(below) && below.column >= line.column => self.sequence(below),
            Some(below) if below.column > line.column && self.byte(below.at) == Some(b'{') => {
                self.leaf(line.column, below.at..below.end)
            }
            Some(below) if below.column > line.column => self.mapping(below),
            _ => Some((self.push(behind..behind, Shape::Missing)?, Value::Null)),
        }
    }

    fn sequence(&mut self, first: Line) -> Option<(NodeId, Value)> {
        let id = self.open(first.at)?;
        let mut items = Vec::new();
        let mut values = Vec::new();
        let mut line = first;
        loop {
            let at = line.at + 1 + self.blanks(line.at + 1..line.end);
            let content = Line { at, column: line.column + at - line.at, end: line.end };
            let (node, value) = if at == line.end || self.byte(at) == Some(b'#') {
                // The item is on the lines below.
                self.advance();
                let below = self.line.filter(|below| below.column > line.column && !self.is_item(*below))?;
                self.mapping(below)?
            } else if self.is_item(content) {
                return None;
            } else if self.key_end(content).is_some() {
                self.mapping(content)?
            } else {
                self.leaf(line.column, at..line.end)?
            };
            items.push(Item { dash: line.at, value: node });
            values.push(value);
            self.nodes[id.0].span.end = self.nodes[node.0].span.end;
            match self.line {
                Some(next) if next.column == first.column && self.is_item(next) => line = next,
                Some(next) if next.column > first.column => return None,
                _ => break,
            }
        }
        self.close(id, Shape::BlockSequence(items));
        Some((id, Value::Array(values)))
    }

    /// What stands at `rest` of a line, in a collection whose entries or dashes stand at `column`.
    fn leaf(&mut self, column: usize, rest: Range<usize>) -> Option<(NodeId, Value)> {
        if self.byte(rest.start) == Some(b'|') {
            return self.literal(column, rest);
        }
        if self.byte(rest.start) == Some(b'[') {
            return self.flow_sequence(column, rest);
        }
        let Leaf { span, shape, value } = match self.byte(rest.start)? {
            quote @ (b'"' | b'\'') => self.quoted(quote, rest.clone())?,
            b'{' => Leaf {
                span: self.empty_mapping(rest.clone())?,
                shape: Shape::FlowMapping(Vec::new()),
                value: Value::Object(Map::new()),
            },
            _ => self.plain(rest.clone())?,
        };
        self.nothing_behind(span.end..rest.end)?;
        let id = self.push(span, shape)?;
        self.leave(column)?;
        Some((id, value))
    }

    /// Goes on to the next line, which must not go on with what was read.
    fn leave(&mut self, column: usize) -> Option<()> {
        self.advance();
        self.line.is_none_or(|line| line.column <= column).then_some(())
    }

    fn plain(&self, rest: Range<usize>) -> Option<Leaf> {
        let bytes = &self.text.as_bytes()[rest.clone()];
        let begins = match bytes.first()? {
            b'-' => bytes.get(1).is_some_and(|next| *next != b' '),
            first => first.is_ascii_alphanumeric() || matches!(first, b'/' | b'.' | b'_' | b'+' | b'~' | b'(' | b'$'),
        };
        if !begins {
            return None;
        }
        let mut end = bytes.len();
        for at in memchr::memchr2_iter(b':', b'#', bytes) {
            match bytes[at] {
                // A key would follow.
                b':' if bytes.get(at + 1).is_none_or(|next| *next == b' ') => return None,
                b'#' if bytes[at - 1] == b' ' => {
                    end = at;
                    break;
                }
                _ => {}
            }
        }
        let text = self.text[rest.start..rest.start + end].trim_end_matches(' ');
        let span = rest.start..rest.start + text.len();
        Some(Leaf { span, shape: Shape::Inline, value: value::plain(text.to_owned()) })
    }

    fn quoted(&self, quote: u8, rest: Range<usize>) -> Option<Leaf> {
        let inner = &self.text.as_bytes()[rest.start + 1..rest.end];
        let end = memchr::memchr(quote, inner)?;
        let doubled = quote == b'\'' && inner.get(end + 1) == Some(&quote);
        let escaped = quote == b'"' && inner[..end].contains(&b'\\');
        if doubled || escaped {
            return None;
        }
        let content = rest.start + 1..rest.start + 1 + end;
        let value = Value::String(self.text[content.clone()].to_owned());
        Some(Leaf { span: rest.start..content.end + 1, shape: Shape::Inline, value })
    }

    fn empty_mapping(&self, rest: Range<usize>) -> Option<Range<usize>> {
        self.text[rest.clone()].starts_with("{}").then_some(rest.start..rest.start + "{}".len())
    }

    /// `[ "a", "b" ]`
    fn flow_sequence(&mut self, column: usize, rest: Range<usize>) -> Option<(NodeId, Value)> {
        let id = self.open(rest.start)?;
        let mut items = Vec::new();
        let mut values = Vec::new();
        let mut at = rest.start + 1;
        loop {
            at += self.blanks(at..rest.end);
            match self.byte(at)? {
                b']' if items.is_empty() => break,
                b'"' => {
                    let Leaf { span, shape, value } = self.quoted(b'"', at..rest.end)?;
                    at = span.end + self.blanks(span.end..rest.end);
                    items.push(self.push(span, shape)?);
                    values.push(value);
                }
                _ => return None,
            }
            match self.byte(at)? {
                b']' => break,
                b',' => at += 1,
                _ => return None,
            }
        }
        self.nothing_behind(at + 1..rest.end)?;
        self.nodes[id.0].span.end = at + 1;
        self.close(id, Shape::FlowSequence(items));
        self.leave(column)?;
        Some((id, Value::Array(values)))
    }

    /// `|`, `|-` or `|+`, and the lines below.
    fn literal(&mut self, column: usize, header: Range<usize>) -> Option<(NodeId, Value)> {
        // How many of the line breaks at the end count.
        let most = match &self.text[header.clone()] {
            "|-" => 0,
            "|" => 1,
            "|+" => usize::MAX,
            _ => return None,
        };
        let start = self.next;
        // The header may be all there is.
        if start >= self.text.len() {
            return None;
        }
        let indent = self.blanks(start..self.line_end(start));
        let mut content = String::new();
        let mut end = start;
        while end < self.text.len() {
            let line = end..self.line_end(end);
            let blanks = self.blanks(line.clone());
            match blanks == line.len() {
                // Blanks alone may be content.
                true if blanks > 0 => return None,
                true => content.push('\n'),
                false if blanks < indent => break,
                false => {
                    content.push_str(&self.text[line.start + indent..line.end]);
                    content.push('\n');
                }
            }
            end = line.end + 1;
        }
        // Neither empty, nor begun by a blank line, nor without the last line break.
        if content.is_empty() || content.starts_with('\n') || indent <= column || end > self.text.len() {
            return None;
        }
        let body = content.trim_end_matches('\n').len();
        content.truncate(body.saturating_add(most).min(content.len()));
        self.next = end;
        let id = self.push(header.start..end, Shape::Block { folded: false, lines: start..end })?;
        self.leave(column)?;
        Some((id, Value::String(content)))
    }

    /// Where the colon of the key stands that begins the line.
    fn key_end(&self, line: Line) -> Option<usize> {
        simple_key(&self.text[line.at..line.end]).map(|end| line.at + end)
    }

    /// Whether a dash begins the line.
    fn is_item(&self, line: Line) -> bool {
        let bytes = &self.text.as_bytes()[line.at..line.end];
        bytes[0] == b'-' && bytes.get(1).is_none_or(|next| *next == b' ')
    }

    /// Nothing but a comment.
    fn nothing_behind(&self, rest: Range<usize>) -> Option<()> {
        let blanks = self.blanks(rest.clone());
        let comment = blanks > 0 && self.byte(rest.start + blanks) == Some(b'#');
        (blanks == rest.len() || comment).then_some(())
    }

    fn blanks(&self, range: Range<usize>) -> usize {
        self.text.as_bytes()[range].iter().take_while(|byte| **byte == b' ').count()
    }

    fn line_end(&self, start: usize) -> usize {
        let rest = &self.text.as_bytes()[start..];
        start + memchr::memchr(b'\n', rest).unwrap_or(rest.len())
    }

    fn byte(&self, at: usize) -> Option<u8> {
        self.text.as_bytes().get(at).copied()
    }

    fn push(&mut self, span: Range<usize>, shape: Shape) -> Option<NodeId> {
        let id = NodeId(self.nodes.len());
        self.nodes.push(Node { outer: span.clone(), span, shape });
        (id.0 < MAX_NODES).then_some(id)
    }

    /// The node of a collection, in front of those of its content.
    fn open(&mut self, at: usize) -> Option<NodeId> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return None;
        }
        self.push(at..at, Shape::Missing)
    }

    /// Completes a collection whose end is known.
    fn close(&mut self, id: NodeId, shape: Shape) {
        self.depth -= 1;
        let node = &mut self.nodes[id.0];
        node.outer.end = node.span.end;
        node.shape = shape;
    }
}

#[cfg(test)]
mod tests {
    use super::super::engine;
    use super::*;

    const PLAIN: &str = "\
# Source: a.yaml
kind: Deployment
metadata:
  name: \"a\" # with a comment
  labels:
    app.kubernetes.io/name: 'b c'
    port: 8080

  empty:
  annotations: {}
  resources:
    {}
spec:
  containers:
  - name: c
    args: [ \"milvus\", \"run\" ]
    none: []
    url: http://d:1/e#f
    dash: -1
  - image: e:1
    env:
      - name: F
        value: ~
    script: |
      one
       two

      three
    last: |-
      text
    kept: |+
      text

  -   scalar
  - # a comment
    # and another
    name: d
  -
    name: e
tail: x
";

    /// Whether the text is plain; then the engine reads the same.
    fn agrees(text: &str) -> bool {
        let Some((tree, value)) = parse(text) else { return false };
        let (expected, of_engine) = engine::parse(text).expect("what is plain is YAML");
        assert_eq!((tree, Some(value)), (expected, of_engine), "{text}");
        true
    }

    #[test]
    fn the_engine_reads_the_same() {
        assert!(agrees(PLAIN));
        assert!(agrees(&format!("---\n{PLAIN}")));
        assert!(agrees(PLAIN.trim_end()));
    }

    /// A line put in, a byte taken out, or the text cut off, anywhere.
    #[test]
    fn the_engine_reads_the_same_of_what_is_almost_plain() {
        let lines =
            ["- x", "  y: z", "      deeper", "#", "---", "...", "a", "b:", "    c: |", "'q': 1", "k: \"", "- - s"];
        let starts: Vec<_> = memchr::memchr_iter(b'\n', PLAIN.as_bytes()).map(|at| at + 1).collect();
        let mut plain = 0;
        for start in starts {
            for line in lines {
                let (above, below) = PLAIN.split_at(start);
                plain += usize::from(agrees(&format!("{above}{line}\n{below}")));
            }
        }
        for at in 0..PLAIN.len() {
            plain += usize::from(agrees(&format!("{}{}", &PLAIN[..at], &PLAIN[at + 1..])));
            plain += usize::from(agrees(&PLAIN[..at]));
        }
        assert!(plain > 300, "only {plain}");
    }

    #[test]
    fn what_is_left_to_the_engine() {
        for text in [
            "",
            "# nothing",
            "- a\n",
            "a: \u{e9}\n",
            "a: b\r\n",
            "a:\tb\n",
            "a: &x b\n",
            "a: *x\n",
            "a: !x b\n",
            "<<: {}\n",
            "\"a\": b\n",
            "? a\n: b\n",
            "a b: c\n",
            "a: b: c\n",
            "a: b\n  c\n",
            "a: \"b\\n\"\n",
            "a: 'b''c'\n",
            "a: \"b\n  c\"\n",
            "a: {b: c}\n",
            "a: [b]\n",
            "a: [\"b\",]\n",
            "a: >\n  b\n",
            "a: |2\n  b\n",
            "a: |\nb: c\n",
            "a: |\n\n  b\n",
            "a: |\n  b\n   \n",
            "a: |\n  b",
            "a: |",
            "a: |-",
            "a: b\n--- \nc: d\n",
            "a: b\n---\nc: d\n",
            "a: b\n...\n",
            "%YAML 1.2\n---\na: b\n",
            "--- a: b\n",
            "a:\n  - b\n c: d\n",
            "a:\n- - b\n",
        ] {
            assert!(parse(text).is_none(), "{text}");
        }
        let deep: String = (0..=MAX_DEPTH).map(|depth| format!("{:depth$}a:\n", "")).collect();
        assert!(parse(&deep).is_none());
    }
}
