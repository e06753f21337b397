//! Bytes → documents: where each document of a stream begins and ends.
//!
//! Helm's rule, not YAML's: every line that begins with `---` separates, even
//! `---apiVersion: v1`. What follows on that line belongs to the next document.
//! Nothing is copied and nothing is parsed; bytes that are not UTF-8 pass through.
//!
//! The items of a `kind: List` count as separate documents ([`list`]).

pub mod head;
pub mod list;
mod pieces;

use std::borrow::Cow;
use std::cell::OnceCell;
use std::ops::Range;

use json_patch::jsonptr::{Pointer, PointerBuf};
use memchr::memmem;

use head::{Heads, Kind};
use list::{Framing, List};

pub use pieces::Pieces;

/// Number of a document in its [`Stream`], from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DocumentId(usize);

/// A stream of YAML documents.
#[derive(Debug)]
pub struct Stream<'i> {
    input: &'i [u8],
    bodies: Vec<Body<'i>>,
    /// Those that have been opened.
    lists: Vec<List<'i>>,
    /// What the last of the bodies are derived from.
    derived: Vec<Derived>,
    /// Line on which each body begins, once it is asked for.
    first_lines: OnceCell<Vec<usize>>,
}

#[derive(Debug)]
struct Body<'i> {
    /// Where it stands in the input.
    range: Range<usize>,
    /// Its text; of an item of a list, without the dash.
    text: Cow<'i, [u8]>,
    kind: Kind<'i>,
    item: Option<ItemOf>,
}

/// What a document that is not in the input is derived from: what it says is said there.
#[derive(Debug)]
pub struct Derived {
    /// A document of the input.
    pub from: DocumentId,
    /// Paths in the derived document, each with the path of the same value in the other.
    pub links: Vec<(PointerBuf, PointerBuf)>,
}

/// Which item of which list a document is.
#[derive(Debug, Clone, Copy)]
pub struct ItemOf {
    /// Number of the list among those of the stream.
    pub list: usize,
    /// Number in the list's `items`.
    pub index: usize,
    /// How it is nested in the list.
    pub framing: Framing,
}

/// The largest stream that is read, in bytes.
pub const INPUT_LIMIT: usize = 256 << 20;

/// The most documents in a stream.
pub const DOCUMENT_LIMIT: usize = 1_000_000;

/// What a rendered document takes, in bytes: half of them are smaller.
const TYPICAL_DOCUMENT: usize = 2 << 10;

/// UTF-8's byte order mark: not part of the document that it stands before.
pub const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

/// A stream of more documents than are told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the input has more than {DOCUMENT_LIMIT} documents")]
pub struct TooManyDocuments;

impl<'i> Stream<'i> {
    /// Finds the objects in `input`: its documents, and the items of those that are lists.
    ///
    /// # Errors
    ///
    /// [`TooManyDocuments`]
    pub fn read(input: &'i [u8]) -> Result<Self, TooManyDocuments> {
        Ok(Self::limited(input)?.open())
    }

    /// Finds the documents in `input`.
    ///
    /// # Errors
    ///
    /// [`TooManyDocuments`]
    pub fn limited(input: &'i [u8]) -> Result<Self, TooManyDocuments> {
        let stream = Self::split(input);
        if stream.bodies.len() > DOCUMENT_LIMIT { Err(TooManyDocuments) } else { Ok(stream) }
    }

    /// Finds the documents in `input`, not more than [`DOCUMENT_LIMIT`] and one.
    #[must_use]
    pub fn split(input: &'i [u8]) -> Self {
        // The kind at once, while the text is in the processor's cache.
        let mut heads = Heads::default();
        let body = |range: Range<usize>| {
            let text = &input[range.clone()];
            Body { range, text: Cow::Borrowed(text), kind: heads.kind(text), item: None }
        };
        // As many as there will be, or nearly: a vector that grows moves.
        let mut bodies = Vec::with_capacity(input.len() / TYPICAL_DOCUMENT + 1);
        bodies.extend(ranges(input).map(body).take(DOCUMENT_LIMIT + 1));
        Self { input, bodies, lists: Vec::new(), derived: Vec::new(), first_lines: OnceCell::new() }
    }

    /// The same stream with the items of its lists in the place of the lists. One that cannot be read stays a document.
    #[must_use]
    pub fn open(self) -> Self {
        if !self.bodies.iter().any(|body| list::may_be(&body.text, body.kind)) {
            return self;
        }
        let Self { input, bodies, .. } = self;
        // Where documents begin may have been told before: items begin elsewhere.
        let mut opened = Self {
            input,
            bodies: Vec::with_capacity(bodies.len()),
            lists: Vec::new(),
            derived: Vec::new(),
            first_lines: OnceCell::new(),
        };
        for body in bodies {
            match List::read(input, &body.range, body.kind) {
                None => opened.bodies.push(body),
                Some((list, items)) => {
                    let number = opened.lists.len();
                    let of_item = |item: list::Item<'i>| {
                        let list::Item { index, range, text, framing } = item;
                        let kind = head::kind(&text).within(&text, &input[range.clone()]);
                        let item = Some(ItemOf { list: number, index, framing });
                        Body { range, text, kind, item }
                    };
                    opened.bodies.extend(items.into_iter().map(of_item));
                    opened.lists.push(list);
                }
            }
        }
        opened
    }

    /// Adds a document that is not in the input, and is never written.
    pub fn derive(&mut self, kind: &'static str, text: String, derived: Derived) {
        let (range, text) = (self.input.len()..self.input.len(), Cow::Owned(text.into_bytes()));
        let kind = Kind::Known(kind.as_bytes());
        self.bodies.push(Body { range, text, kind, item: None });
        self.derived.push(derived);
        self.first_lines = OnceCell::new();
    }

    fn derived(&self, id: DocumentId) -> Option<&Derived> {
        let first = self.bodies.len() - self.derived.len();
        self.derived.get(id.0.checked_sub(first)?)
    }

    /// The document that this one is derived from, if it is not in the input.
    #[must_use]
    pub fn origin(&self, id: DocumentId) -> Option<DocumentId> {
        self.derived(id).map(|derived| derived.from)
    }

    /// Where the value at `path` of a derived document is in the one that it is derived from; the nearest known place
    /// above it where it is nowhere.
    #[must_use]
    pub fn trace(&self, id: DocumentId, path: &Pointer) -> Option<(DocumentId, PointerBuf)> {
        let Derived { from, links } = self.derived(id)?;
        let of_link = |(here, there): &(PointerBuf, PointerBuf)| {
            let rest = path.strip_prefix(here)?;
            Some((here.count(), there.concat(rest)))
        };
        let (_, at) = links.iter().filter_map(of_link).max_by_key(|(depth, _)| *depth)?;
        Some((*from, at))
    }

    /// All of it.
    #[must_use]
    pub fn input(&self) -> &'i [u8] {
        self.input
    }

    /// The lists that have been opened, in order.
    #[must_use]
    pub fn lists(&self) -> &[List<'i>] {
        &self.lists
    }

    /// All documents, in order.
    pub fn ids(&self) -> impl Iterator<Item = DocumentId> + use<> {
        (0..self.bodies.len()).map(DocumentId)
    }

    /// A document without its separator, up to and including the line break
    /// before the next one.
    #[must_use]
    pub fn body(&self, id: DocumentId) -> &[u8] {
        &self.bodies[id.0].text
    }

    /// The same as text.
    ///
    /// # Errors
    ///
    /// The 1-based line of the document that is not UTF-8.
    pub fn text(&self, id: DocumentId) -> Result<&str, usize> {
        let body = self.body(id);
        std::str::from_utf8(body).map_err(|error| memchr::memchr_iter(b'\n', &body[..error.valid_up_to()]).count() + 1)
    }

    /// What kind of object the document holds, as [`head::kind`] tells.
    #[must_use]
    pub fn kind(&self, id: DocumentId) -> Kind<'i> {
        self.bodies[id.0].kind
    }

    /// Which item of a list the document is, if it is one.
    #[must_use]
    pub fn item(&self, id: DocumentId) -> Option<ItemOf> {
        self.bodies[id.0].item
    }

    /// Whether the body begins on its separator's line.
    #[must_use]
    pub fn is_glued(&self, id: DocumentId) -> bool {
        let start = self.bodies[id.0].range.start;
        start > 0 && !self.input[..start].ends_with(b"\n") && !self.input[..start].ends_with(BYTE_ORDER_MARK)
    }

    /// The separator before the body, with its line break unless the body is glued to it;
    /// empty where a stream begins without one.
    #[must_use]
    pub fn separator(&self, id: DocumentId) -> &'i [u8] {
        let before = &self.input[..self.bodies[id.0].range.start];
        let line = before.strip_suffix(b"\n").unwrap_or(before);
        let start = memchr::memrchr(b'\n', line).map_or(0, |line_break| line_break + 1);
        if before[start..].starts_with(b"---") { &before[start..] } else { &[] }
    }

    /// The 1-based line of the stream on which the document's body begins.
    #[must_use]
    pub fn first_line(&self, id: DocumentId) -> usize {
        self.first_lines.get_or_init(|| self.count_lines())[id.0]
    }

    fn count_lines(&self) -> Vec<usize> {
        let (mut line, mut at) = (1, 0);
        let first_line = |body: &Body<'_>| {
            line += memchr::memchr_iter(b'\n', &self.input[at..body.range.start]).count();
            at = body.range.start;
            line
        };
        self.bodies.iter().map(first_line).collect()
    }

    /// Takes the lists out; their items stay documents.
    pub fn take_lists(&mut self) -> Vec<List<'i>> {
        std::mem::take(&mut self.lists)
    }

    /// The stream with some bodies and ranges of the input replaced, and `appended` documents at its end, each behind a
    /// `---` line. Bodies of items are part of their list's text.
    #[must_use]
    pub fn assemble(
        &self,
        bodies: Vec<(DocumentId, String)>,
        ranges: Vec<(Range<usize>, String)>,
        appended: Vec<String>,
    ) -> Pieces {
        let of_bodies = bodies.into_iter().map(|(id, text)| (self.bodies[id.0].range.clone(), text));
        let mut replaced: Vec<_> = of_bodies.chain(ranges).collect();
        replaced.sort_by_key(|(range, _)| range.start);
        let mut pieces = Pieces::default();
        let mut at = 0;
        for (range, text) in replaced {
            pieces.keep(at..range.start);
            pieces.insert(text.into_bytes());
            at = range.end;
        }
        pieces.keep(at..self.input.len());
        for body in appended {
            if pieces.last(self.input).is_none_or(|last| !last.ends_with(b"\n")) {
                pieces.insert(b"\n".to_vec());
            }
            pieces.insert(SEPARATOR.to_vec());
            pieces.insert(body.into_bytes());
        }
        pieces
    }
}

/// The first document that holds something, and its kind.
#[must_use]
pub fn first(input: &[u8]) -> Option<(&[u8], Kind<'_>)> {
    let bodies = ranges(input).map(|range| &input[range]);
    bodies.map(|body| (body, head::kind(body))).find(|(_, kind)| *kind != Kind::Nothing)
}

/// A text up to its second document, of which readers that take a single one know nothing.
#[must_use]
pub fn up_to_second_document(text: &str) -> &str {
    let end = first(text.as_bytes()).map(|(body, _)| body.as_ptr() as usize - text.as_ptr() as usize + body.len());
    end.and_then(|end| text.get(..end)).unwrap_or(text)
}

/// Where the documents of `input` stand.
fn ranges(input: &[u8]) -> impl Iterator<Item = Range<usize>> {
    let first = if input.starts_with(BYTE_ORDER_MARK) { BYTE_ORDER_MARK.len() } else { 0 };
    let at_once = input[first..].starts_with(b"---").then_some(first);
    let lines = memmem::find_iter(input, b"\n---").map(|line_break| line_break + 1);
    let mut separators = at_once.into_iter().chain(lines);
    let mut start = Some(first);
    std::iter::from_fn(move || {
        loop {
            let from = start?;
            let separator = separators.next();
            start = separator.map(|separator| body_start(input, separator));
            // Nothing stands before a separator that opens the stream.
            if separator.is_none_or(|separator| separator > first) {
                return Some(from..separator.unwrap_or(input.len()));
            }
        }
    })
}

/// The one form of separator that Helm, kyaml and YAML all read alike.
const SEPARATOR: &[u8] = b"---\n";

/// Behind the `---` at `line`, the blanks after it, and the line break if nothing else follows.
fn body_start(input: &[u8], line: usize) -> usize {
    let mut at = line + 3;
    while matches!(input.get(at), Some(b' ' | b'\t')) {
        at += 1;
    }
    at += match &input[at..] {
        [b'\r', b'\n', ..] => 2,
        [b'\n', ..] => 1,
        _ => 0,
    };
    if input[at..].starts_with(BYTE_ORDER_MARK) { at + BYTE_ORDER_MARK.len() } else { at }
}

/// The body without the `# Source:` lines that Helm puts in front (a stream that
/// was rendered twice carries two).
#[must_use]
pub fn without_source(body: &str) -> &str {
    &body[source_lines(body.as_bytes()).len()..]
}

/// The `# Source:` lines that the body begins with.
#[must_use]
pub fn source_lines(body: &[u8]) -> &str {
    let mut end = 0;
    while body[end..].starts_with(SOURCE.as_bytes()) {
        end = memchr::memchr(b'\n', &body[end..]).map_or(body.len(), |found| end + found + 1);
    }
    // Helm writes template names in ASCII or UTF-8; anything else is not its line.
    std::str::from_utf8(&body[..end]).unwrap_or_default()
}

/// The template that the document came from, as its last leading `# Source:` line says.
#[must_use]
pub fn source(body: &[u8]) -> Option<&str> {
    source_lines(body).lines().last()?.strip_prefix(SOURCE).map(str::trim)
}

const SOURCE: &str = "# Source: ";

#[cfg(test)]
mod tests {
    use super::*;

    fn bodies(input: &str) -> Vec<String> {
        let stream = Stream::split(input.as_bytes());
        stream.ids().map(|id| String::from_utf8(stream.body(id).to_vec()).expect("UTF-8")).collect()
    }

    #[test]
    fn separators() {
        assert_eq!(bodies("---\na: 1\n---\nb: 2\n"), ["a: 1\n", "b: 2\n"]);
        assert_eq!(bodies("a: 1\n--- # c\nb: 2"), ["a: 1\n", "# c\nb: 2"]);
        assert_eq!(bodies("---a: 1\n---b: 2\n---\n"), ["a: 1\n", "b: 2\n", ""]);
        assert_eq!(bodies("---\n---\n---\n"), ["", "", ""]);
        assert_eq!(bodies("---\r\na: |\r\n  ---\r\n--- \r\nb: 2\r\n"), ["a: |\r\n  ---\r\n", "b: 2\r\n"]);
        assert_eq!(bodies("\u{feff}---\na: 1\n"), ["a: 1\n"]);
        assert_eq!(bodies("\u{feff}a: 1\n---\nb: 2\n"), ["a: 1\n", "b: 2\n"]);
        assert_eq!(bodies(""), [""]);
        assert_eq!(bodies("---"), [""]);
        assert_eq!(bodies("\n---\na\n"), ["\n", "a\n"]);
    }

    #[test]
    fn an_unchanged_stream_is_its_input() {
        for input in ["", "---", "a: 1", "---\na: 1\n--- # c\nb\r\n---\n", "\u{feff}---x\n\n---\n"] {
            let pieces = Stream::split(input.as_bytes()).assemble(Vec::new(), Vec::new(), Vec::new());
            assert_eq!(pieces.concat(input.as_bytes()), input.as_bytes());
        }
    }

    #[test]
    fn sources() {
        let body = "# Source: outer/a.yaml\n# Source: milvus/templates/b.yaml\n# text\nkind: X\n";
        assert_eq!(source(body.as_bytes()), Some("milvus/templates/b.yaml"));
        assert_eq!(without_source(body), "# text\nkind: X\n");
        assert_eq!(source(b"kind: X\n"), None);
    }
}
