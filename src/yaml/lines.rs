//! From yaml-rust2's line and column to byte offsets, and line arithmetic on text.

use std::cell::Cell;

use memchr::{memchr2, memmem};

/// Where each line of a text begins.
pub(super) struct Lines<'t> {
    text: &'t str,
    starts: Vec<usize>,
    ascii: bool,
    /// The last answer: line, column and byte. Most questions go on from there.
    last: Cell<(usize, usize, usize)>,
}

impl<'t> Lines<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        let mut starts = vec![0];
        let mut position = 0;
        while position < text.len() {
            position = line_end(text, position);
            starts.push(position);
        }
        Self { text, starts, ascii: text.is_ascii(), last: Cell::new((0, 0, 0)) }
    }

    /// The byte at 1-based `line` and 0-based `column`, which counts characters.
    ///
    /// `Marker::index` is not used: inside block scalars with non-ASCII text it
    /// is neither a byte nor a character index.
    pub(super) fn offset(&self, line: usize, column: usize) -> Option<usize> {
        let start = *self.starts.get(line.checked_sub(1)?)?;
        if self.ascii {
            return (start + column <= self.text.len()).then_some(start + column);
        }
        let (mut from, mut byte) = (0, start);
        let (last_line, last_column, last_byte) = self.last.get();
        if last_line == line && last_column <= column {
            (from, byte) = (last_column, last_byte);
        }
        let rest = &self.text[byte..];
        byte += rest.char_indices().map(|(at, _)| at).nth(column - from).unwrap_or(rest.len());
        self.last.set((line, column, byte));
        Some(byte)
    }
}

/// The first byte of the line that holds `position`.
pub(super) fn line_start(text: &str, position: usize) -> usize {
    let before = &text.as_bytes()[..position];
    memchr::memrchr2(b'\n', b'\r', before).map_or(0, |found| found + 1)
}

/// The first byte after the line that holds `position`, its line break included.
///
/// YAML breaks lines at `\n`, `\r\n` and a lone `\r`.
pub(super) fn line_end(text: &str, position: usize) -> usize {
    let bytes = text.as_bytes();
    match memchr2(b'\n', b'\r', &bytes[position..]) {
        None => bytes.len(),
        Some(found) => {
            let at = position + found;
            let crlf = bytes[at] == b'\r' && bytes.get(at + 1) == Some(&b'\n');
            at + 1 + usize::from(crlf)
        }
    }
}

/// The end of the line that holds `position`, its line break left out.
pub(super) fn content_end(text: &str, position: usize) -> usize {
    let bytes = text.as_bytes();
    memchr2(b'\n', b'\r', &bytes[position..]).map_or(bytes.len(), |found| position + found)
}

/// Whether `text` has line breaks of YAML 1.1 (next line, line and paragraph separator), which break lines for libyaml
/// and Go, and are characters like others to yaml-rust2.
pub(crate) fn has_old_breaks(text: &[u8]) -> bool {
    let breaks = ["\u{85}", "\u{2028}", "\u{2029}"];
    !text.is_ascii() && breaks.iter().any(|line_break| memmem::find(text, line_break.as_bytes()).is_some())
}

/// Whether `text` has characters that only one of the engines takes, or that break lines for only one of them: control
/// characters (of which YAML allows tab and line feed), line breaks of YAML 1.1, a byte order mark within.
pub(super) fn has_odd_characters(text: &str) -> bool {
    if text.is_ascii() {
        return !all_bytes(text, |byte| !byte.is_ascii_control() || matches!(byte, b'\n' | b'\t'));
    }
    text.chars().any(|character| match character {
        '\n' | '\t' => false,
        '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}' => true,
        other => other.is_control(),
    })
}

/// Whether all bytes are of some kind. By blocks, within which nothing is decided, so that the compiler takes many bytes
/// in one instruction.
pub(super) fn all_bytes(text: &str, is_of_kind: impl Fn(u8) -> bool) -> bool {
    let block_is = |block: &[u8]| block.iter().fold(true, |all, &byte| all & is_of_kind(byte));
    text.as_bytes().chunks(256).all(block_is)
}

/// Where the plain key that `content` begins with ends: at a colon that separates it from a value.
pub(super) fn simple_key(content: &str) -> Option<usize> {
    let bytes = content.as_bytes();
    let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-' | b'/');
    let end = bytes.iter().position(|byte| !is_part(byte))?;
    let separated = bytes[end] == b':' && bytes.get(end + 1).is_none_or(|next| *next == b' ');
    (separated && bytes[0].is_ascii_alphabetic()).then_some(end)
}

/// The line break that `text` uses: that of its first line.
pub(super) fn line_break(text: &str) -> &'static str {
    match memchr2(b'\n', b'\r', text.as_bytes()) {
        Some(at) if text[at..].starts_with("\r\n") => "\r\n",
        _ => "\n",
    }
}

/// Whether only blanks stand between the line's start and `position`.
pub(super) fn begins_line(text: &str, position: usize) -> bool {
    text[line_start(text, position)..position].bytes().all(|byte| byte == b' ')
}
