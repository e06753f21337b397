//! Any text, by yaml-rust2.
//!
//! Its pull events tell the structure, the scalars' values and (by line and column) where
//! scalars and flow collections begin. They do not tell where anything ends, nor where
//! dashes, colons, tags, anchors and block scalar headers stand: those are found by walking
//! the text from one token to the next.

use std::collections::HashMap;
use std::ops::Range;

use serde_json::{Map, Value};
use yaml_rust2::parser::{Event, Parser};
use yaml_rust2::scanner::{Marker, ScanError, TScalarStyle};

use crate::yaml::error::{MAX_DEPTH, MAX_NODES, ParseError};
use crate::yaml::lines::{Lines, content_end, has_old_breaks, line_end, line_start};
use crate::yaml::tree::{Entry, Item, Node, NodeId, Shape, Tree};
use crate::yaml::value::{self, MERGE};

/// The tree of a document; its value as well, unless it holds aliases, tags, merge keys or
/// line breaks of YAML 1.1, which the value reader must resolve.
pub(super) fn parse(text: &str) -> Result<(Tree, Option<Value>), ParseError> {
    match Builder::new(text).build(text) {
        Err(error @ ParseError::Syntax { .. }) => match with_ends_indented(text) {
            Some(indented) => Builder::new(text).build(&indented).map_err(|_| error),
            None => Err(error),
        },
        result => result,
    }
}

/// A text with a blank before the lines that are nothing but ends of flow collections at column 0: there yaml-rust2,
/// unlike Go, does not accept any inside a block mapping. No marker of an event that is used stands on such a line.
fn with_ends_indented(text: &str) -> Option<String> {
    let is_end = |line: &str| {
        let content = line.split(" #").next().unwrap_or_default().trim_end();
        content.starts_with([']', '}']) && content.chars().all(|character| matches!(character, ']' | '}' | ',' | ' '))
    };
    let lines = text.split_inclusive('\n');
    let indented = lines.flat_map(|line| [if is_end(line) { " " } else { "" }, line]).collect::<String>();
    (indented.len() > text.len()).then_some(indented)
}

/// Reads events only to learn that `text` is no deeper than [`MAX_DEPTH`] and holds no more than [`MAX_NODES`].
pub(in crate::yaml) fn check_limits(text: &str) -> Result<(), ParseError> {
    let mut parser = Parser::new_from_str(text);
    let (mut depth, mut nodes) = (0, 0);
    loop {
        let (event, marker) = parser.next_token().map_err(|error| syntax(&error))?;
        match event {
            Event::MappingStart(..) | Event::SequenceStart(..) => {
                depth += 1;
                nodes += 1;
            }
            Event::Scalar(..) | Event::Alias(..) => nodes += 1,
            Event::MappingEnd | Event::SequenceEnd => depth -= 1,
            Event::StreamEnd => return Ok(()),
            _ => {}
        }
        if depth > MAX_DEPTH {
            return Err(ParseError::TooDeep { line: marker.line() });
        }
        if nodes > MAX_NODES {
            return Err(ParseError::TooMany { line: marker.line() });
        }
    }
}

fn syntax(error: &ScanError) -> ParseError {
    // Of flow collections, which it reads ahead.
    if error.info() == "recursion limit exceeded" {
        return ParseError::TooDeep { line: error.marker().line() };
    }
    ParseError::Syntax { line: error.marker().line(), message: error.info().to_owned() }
}

/// A collection whose end has not come yet.
struct Open {
    node: NodeId,
    /// A mapping's key that waits for its value.
    key: Option<(NodeId, Option<String>)>,
    partial: Partial,
}

/// What stands between a node and the one before it.
#[derive(Clone, Copy)]
struct Indicator {
    /// Of a block sequence's item, the dash; of a mapping's value, the colon.
    at: Option<usize>,
    /// Behind it.
    end: usize,
}

/// A collection's value as far as it has been read.
enum Partial {
    Mapping(Map<String, Value>),
    Sequence(Vec<Value>),
}

struct Builder<'t> {
    text: &'t str,
    lines: Lines<'t>,
    nodes: Vec<Node>,
    root: Option<NodeId>,
    open: Vec<Open>,
    anchors: HashMap<usize, NodeId>,
    has_aliases: bool,
    /// The document's value, once its root is complete.
    value: Value,
    /// Whether the value is more than the events tell: aliases, tags, merge keys, line breaks of YAML 1.1.
    indirect: bool,
    /// Everything before it has been placed.
    cursor: usize,
}

impl<'t> Builder<'t> {
    fn new(text: &'t str) -> Self {
        Self {
            text,
            lines: Lines::new(text),
            nodes: Vec::new(),
            root: None,
            open: Vec::new(),
            anchors: HashMap::new(),
            has_aliases: false,
            value: Value::Null,
            indirect: has_old_breaks(text.as_bytes()),
            cursor: 0,
        }
    }

    /// Reads the events of `source`, which is the text, or differs from it in blanks that no event tells.
    fn build(mut self, source: &str) -> Result<(Tree, Option<Value>), ParseError> {
        // Pull, never `Parser::load`: that one recurses and overflows the stack.
        let mut parser = Parser::new_from_str(source);
        let mut documents = 0;
        loop {
            let (event, marker) = parser.next_token().map_err(|error| syntax(&error))?;
            if self.nodes.len() > MAX_NODES {
                return Err(ParseError::TooMany { line: marker.line() });
            }
            match event {
                Event::DocumentStart => {
                    documents += 1;
                    if documents > 1 {
                        return Err(ParseError::SeveralDocuments);
                    }
                    self.skip_document_start();
                }
                Event::Scalar(value, style, anchor, tag) => {
                    self.scalar(value, style, anchor, tag.is_some(), marker)?;
                }
                Event::Alias(anchor) => self.alias(anchor, marker)?,
                Event::MappingStart(anchor, tag) => self.begin(false, anchor, tag.is_some(), marker)?,
                Event::SequenceStart(anchor, tag) => self.begin(true, anchor, tag.is_some(), marker)?,
                Event::MappingEnd | Event::SequenceEnd => self.end(marker)?,
                Event::StreamEnd => break,
                Event::Nothing | Event::StreamStart | Event::DocumentEnd => {}
            }
        }
        let value = (!self.indirect).then_some(self.value);
        Ok((Tree { nodes: self.nodes, root: self.root, has_aliases: self.has_aliases }, value))
    }

    fn scalar(
        &mut self,
        value: String,
        style: TScalarStyle,
        anchor: usize,
        tagged: bool,
        marker: Marker,
    ) -> Result<(), ParseError> {
        let is_key =
            self.open_shape().is_some_and(Shape::is_mapping) && self.open.last().is_some_and(|open| open.key.is_none());
        let indicator = self.indicator(marker)?;
        let start = self.properties(anchor, tagged);
        let at = self.skip_trivia(self.cursor);
        let (span, shape) = match style {
            TScalarStyle::Plain if value.is_empty() => (self.cursor..self.cursor, Shape::Missing),
            TScalarStyle::Plain => {
                self.expect(at, marker)?;
                (at..self.plain_end(at, &value, marker)?, Shape::Inline)
            }
            TScalarStyle::SingleQuoted | TScalarStyle::DoubleQuoted => {
                self.expect(at, marker)?;
                (at..self.quoted_end(at, marker)?, Shape::Inline)
            }
            TScalarStyle::Literal | TScalarStyle::Folded => {
                let folded = self.byte(at) == Some(b'>');
                if !folded && self.byte(at) != Some(b'|') {
                    return Err(misplaced(marker));
                }
                let lines = self.block_lines(at);
                (at..lines.end, Shape::Block { folded, lines })
            }
        };
        self.cursor = span.end;
        // yaml-rust2 gives a block scalar at the end of the text a line break that it lacks.
        let unterminated =
            matches!(shape, Shape::Block { .. }) && span.end == self.text.len() && !self.text.ends_with(['\n', '\r']);
        // Nor do the engines agree on the line breaks of one without content.
        let blank = matches!(&shape, Shape::Block { lines, .. } if self.text[lines.clone()].trim_ascii().is_empty());
        self.indirect |= tagged || unterminated || blank || (is_key && value == MERGE);
        let value = match style {
            TScalarStyle::Plain => value::plain(value),
            _ => Value::String(value),
        };
        let outer = start.unwrap_or(span.start)..span.end;
        let node = Node { outer, span, shape };
        if is_key {
            self.attach(node, Some(value::key(value)), indicator, anchor);
        } else {
            self.attach(node, None, indicator, anchor);
            self.complete(value);
        }
        Ok(())
    }

    /// Puts a complete value into the collection that is open.
    fn complete(&mut self, value: Value) {
        let Some(open) = self.open.last_mut() else {
            self.value = value;
            return;
        };
        match &mut open.partial {
            Partial::Sequence(items) => items.push(value),
            Partial::Mapping(mapping) => {
                let entries = match &self.nodes[open.node.0].shape {
                    Shape::BlockMapping(entries) | Shape::FlowMapping(entries) | Shape::FlowPair(entries) => entries,
                    _ => return,
                };
                // The entry was attached with its value's node.
                if let Some(name) = entries.last().and_then(|entry| entry.name.clone()) {
                    mapping.insert(name, value);
                }
            }
        }
    }

    fn alias(&mut self, anchor: usize, marker: Marker) -> Result<(), ParseError> {
        let indicator = self.indicator(marker)?;
        let at = self.skip_trivia(self.cursor);
        self.expect(at, marker)?;
        let target = *self.anchors.get(&anchor).ok_or_else(|| misplaced(marker))?;
        let end = self.name_end(at);
        self.cursor = end;
        self.has_aliases = true;
        self.indirect = true;
        let node = Node { outer: at..end, span: at..end, shape: Shape::Alias { target } };
        self.attach(node, None, indicator, 0);
        Ok(())
    }

    /// The start of a collection; [`Builder::end`] sets its end.
    fn begin(&mut self, sequence: bool, anchor: usize, tagged: bool, marker: Marker) -> Result<(), ParseError> {
        // A key that is a collection, or a tag: not for the quick way.
        let is_key =
            self.open_shape().is_some_and(Shape::is_mapping) && self.open.last().is_some_and(|open| open.key.is_none());
        self.indirect |= tagged || is_key;
        let indicator = self.indicator(marker)?;
        let start = self.properties(anchor, tagged);
        let at = self.skip_trivia(self.cursor);
        // A flow collection is marked at its bracket. A block mapping is marked at
        // its first key's colon, a block sequence at a dash or behind it.
        let marked = self.lines.offset(marker.line(), marker.col()) == Some(at);
        let shape = match (sequence, self.byte(at)) {
            (false, Some(b'{')) if marked => Shape::FlowMapping(Vec::new()),
            (true, Some(b'[')) if marked => Shape::FlowSequence(Vec::new()),
            (true, Some(b'-')) => Shape::BlockSequence(Vec::new()),
            (true, _) => return Err(misplaced(marker)),
            (false, _) => match self.open_shape() {
                Some(Shape::FlowSequence(_)) => Shape::FlowPair(Vec::new()),
                _ => Shape::BlockMapping(Vec::new()),
            },
        };
        if matches!(shape, Shape::FlowMapping(_) | Shape::FlowSequence(_)) {
            self.cursor = at + 1;
        }
        let node = Node { outer: start.unwrap_or(at)..at, span: at..at, shape };
        let id = self.attach(node, None, indicator, anchor);
        let partial = if sequence { Partial::Sequence(Vec::new()) } else { Partial::Mapping(Map::new()) };
        self.open.push(Open { node: id, key: None, partial });
        if self.open.len() > MAX_DEPTH {
            return Err(ParseError::TooDeep { line: marker.line() });
        }
        Ok(())
    }

    fn end(&mut self, marker: Marker) -> Result<(), ParseError> {
        let open = self.open.pop().ok_or_else(|| misplaced(marker))?;
        let bracket = match self.nodes[open.node.0].shape {
            Shape::FlowMapping(_) => Some(b'}'),
            Shape::FlowSequence(_) => Some(b']'),
            _ => None,
        };
        if let Some(bracket) = bracket {
            let at = self.skip_comma();
            if self.byte(at) != Some(bracket) {
                return Err(misplaced(marker));
            }
            self.cursor = at + 1;
        }
        let node = &mut self.nodes[open.node.0];
        if self.cursor < node.span.start {
            return Err(misplaced(marker));
        }
        node.span.end = self.cursor;
        node.outer.end = self.cursor;
        self.complete(match open.partial {
            Partial::Mapping(mapping) => Value::Object(mapping),
            Partial::Sequence(items) => Value::Array(items),
        });
        Ok(())
    }

    /// Adds a node and hangs it into the collection that is open.
    fn attach(&mut self, node: Node, name: Option<String>, indicator: Indicator, anchor: usize) -> NodeId {
        let id = NodeId(self.nodes.len());
        self.nodes.push(node);
        if anchor > 0 {
            self.anchors.insert(anchor, id);
        }
        let Some(open) = self.open.last_mut() else {
            self.root = Some(id);
            return id;
        };
        match &mut self.nodes[open.node.0].shape {
            Shape::BlockMapping(entries) | Shape::FlowMapping(entries) | Shape::FlowPair(entries) => {
                match open.key.take() {
                    None => open.key = Some((id, name)),
                    Some((key, name)) => entries.push(Entry { key, name, colon: indicator.at, value: id }),
                }
            }
            Shape::BlockSequence(items) => {
                items.push(Item { dash: indicator.at.unwrap_or(indicator.end), value: id });
            }
            Shape::FlowSequence(items) => items.push(id),
            Shape::Missing | Shape::Inline | Shape::Block { .. } | Shape::Alias { .. } => {}
        }
        id
    }

    fn open_shape(&self) -> Option<&Shape> {
        self.open.last().map(|open| &self.nodes[open.node.0].shape)
    }

    /// Moves the cursor past the indicator that the next node must have before it.
    fn indicator(&mut self, marker: Marker) -> Result<Indicator, ParseError> {
        let value_next = self.open.last().is_some_and(|open| open.key.is_some());
        let found = match self.open_shape() {
            None => None,
            Some(Shape::BlockSequence(_)) => {
                let at = self.skip_trivia(self.cursor);
                if self.byte(at) != Some(b'-') {
                    return Err(misplaced(marker));
                }
                Some(at)
            }
            Some(Shape::FlowSequence(_)) => {
                self.cursor = self.skip_comma();
                None
            }
            Some(_) if value_next => {
                let at = self.skip_trivia(self.cursor);
                (self.byte(at) == Some(b':')).then_some(at)
            }
            Some(shape) => {
                let in_flow = matches!(shape, Shape::FlowMapping(_) | Shape::FlowPair(_));
                let at = if in_flow { self.skip_comma() } else { self.skip_trivia(self.cursor) };
                let explicit = self.byte(at) == Some(b'?') && self.byte(at + 1).is_none_or(is_blank);
                self.cursor = if explicit { at + 1 } else { at };
                None
            }
        };
        if let Some(at) = found {
            self.cursor = at + 1;
        }
        Ok(Indicator { at: found, end: self.cursor })
    }

    /// Moves the cursor past the tag and the anchor of the next node; tells where they begin.
    fn properties(&mut self, anchor: usize, tagged: bool) -> Option<usize> {
        let mut start = None;
        for _ in 0..usize::from(anchor > 0) + usize::from(tagged) {
            let at = self.skip_trivia(self.cursor);
            if !matches!(self.byte(at), Some(b'&' | b'!')) {
                break;
            }
            start.get_or_insert(at);
            self.cursor = self.name_end(at);
        }
        start
    }

    /// The lines of the block scalar whose header stands at `header`.
    fn block_lines(&self, header: usize) -> Range<usize> {
        let start = line_end(self.text, header);
        let parent = self.open.last().map(|open| self.column(self.nodes[open.node.0].span.start));
        let digit = self.text[header..content_end(self.text, header)]
            .bytes()
            .take_while(|byte| !is_blank(*byte))
            .find(u8::is_ascii_digit)
            .map(|digit| usize::from(digit - b'0'));
        let mut indent = digit.map(|digit| parent.unwrap_or(0) + digit);
        let mut at = start;
        while at < self.text.len() {
            let end = content_end(self.text, at);
            let line = &self.text[at..end];
            let spaces = line.len() - line.trim_start_matches(' ').len();
            if spaces < line.len() {
                let least = *indent.get_or_insert(spaces);
                let outside = parent.is_some_and(|parent| least <= parent) || spaces < least;
                let marker = spaces == 0 && (line.starts_with("---") || line.starts_with("..."));
                if outside || marker {
                    break;
                }
            }
            at = line_end(self.text, at);
        }
        start..at
    }

    /// The end of the plain scalar at `start` that reads as `value`.
    fn plain_end(&self, start: usize, value: &str, marker: Marker) -> Result<usize, ParseError> {
        if self.text[start..].starts_with(value) {
            return Ok(start + value.len());
        }
        // Over several lines: the words stand in the text, the breaks are folded.
        let mut at = start;
        for word in value.split_ascii_whitespace() {
            at += self.text[at..].len() - self.text[at..].trim_ascii_start().len();
            if !self.text[at..].starts_with(word) {
                return Err(misplaced(marker));
            }
            at += word.len();
        }
        Ok(at)
    }

    fn quoted_end(&self, start: usize, marker: Marker) -> Result<usize, ParseError> {
        let bytes = self.text.as_bytes();
        let quote = bytes[start];
        let escape = if quote == b'"' { b'\\' } else { quote };
        let mut at = start + 1;
        while let Some(found) = memchr::memchr2(quote, escape, &bytes[at.min(bytes.len())..]) {
            let here = at + found;
            let escapes = if quote == b'"' { bytes[here] == b'\\' } else { bytes.get(here + 1) == Some(&quote) };
            if !escapes {
                return Ok(here + 1);
            }
            at = here + 2;
        }
        Err(misplaced(marker))
    }

    /// The end of the anchor, alias or tag at `start`.
    fn name_end(&self, start: usize) -> usize {
        let rest = &self.text[start..];
        if rest.starts_with("!<") {
            return rest.find('>').map_or(self.text.len(), |end| start + end + 1);
        }
        let ends = |c: char| c.is_ascii_whitespace() || matches!(c, ',' | '[' | ']' | '{' | '}');
        rest.find(ends).map_or(self.text.len(), |end| start + end)
    }

    /// Past directives and the `---` line.
    fn skip_document_start(&mut self) {
        loop {
            let at = self.skip_trivia(self.cursor);
            let rest = &self.text[at..];
            if rest.starts_with('%') {
                self.cursor = line_end(self.text, at);
            } else {
                if rest.starts_with("---") && self.byte(at + 3).is_none_or(is_blank) {
                    self.cursor = at + 3;
                }
                return;
            }
        }
    }

    /// Past trivia and one comma between the entries of a flow collection.
    fn skip_comma(&self) -> usize {
        let at = self.skip_trivia(self.cursor);
        if self.byte(at) == Some(b',') { self.skip_trivia(at + 1) } else { at }
    }

    /// Past blanks, line breaks and comments.
    fn skip_trivia(&self, mut at: usize) -> usize {
        while let Some(byte) = self.byte(at) {
            match byte {
                b'#' => at = content_end(self.text, at),
                byte if is_blank(byte) => at += 1,
                _ => break,
            }
        }
        at
    }

    /// Both ways of finding a position must agree.
    fn expect(&self, at: usize, marker: Marker) -> Result<(), ParseError> {
        if self.lines.offset(marker.line(), marker.col()) == Some(at) { Ok(()) } else { Err(misplaced(marker)) }
    }

    fn column(&self, position: usize) -> usize {
        position - line_start(self.text, position)
    }

    fn byte(&self, at: usize) -> Option<u8> {
        self.text.as_bytes().get(at).copied()
    }
}

fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r')
}

fn misplaced(marker: Marker) -> ParseError {
    ParseError::Misplaced { line: marker.line() }
}
