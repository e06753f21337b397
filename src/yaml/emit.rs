//! New YAML: values in block style, values in flow style, whole documents.

use serde_json::{Map, Value};

use super::quote;

/// Spaces that a nested block is indented by.
pub(super) const STEP: usize = 2;

/// A whole document in block style, ending in a newline, without a `---` line.
#[must_use]
pub fn document(value: &Value) -> String {
    let mut out = String::new();
    match value {
        Value::Object(mapping) if !mapping.is_empty() => entries(&mut out, mapping, 0),
        other => {
            out.push_str(&inline(other));
            out.push('\n');
        }
    }
    out
}

/// The lines of `key: value` at `indent`, ending in `\n`.
pub(super) fn entry(key: &str, value: &Value, indent: usize) -> String {
    let mut out = String::new();
    push_entry(&mut out, key, value, indent);
    out
}

/// The lines of `- value` with the dash at `indent`, ending in `\n`.
pub(super) fn item(value: &Value, indent: usize) -> String {
    let mut out = " ".repeat(indent);
    out.push('-');
    push_item(&mut out, value, indent);
    out
}

/// A whole document that is one text, in block style even where YAML does not need it.
#[must_use]
pub fn literal_document(text: &str) -> String {
    // What YAML does not print is shown as Rust would escape it.
    // Beyond U+FFFF, and with blanks at a line's end, go-yaml leaves block style.
    let is_shown = |c: char| c == '\n' || (c <= '\u{ffff}' && is_literal(c.encode_utf8(&mut [0; 4])));
    let shown = |c: char| if is_shown(c) { c.to_string() } else { c.escape_default().to_string() };
    let text: String = text.chars().map(shown).collect();
    let mut out = format!("|{}\n", indentation_indicator(&text, STEP));
    for line in text.lines() {
        push_literal_line(&mut out, line.trim_end(), STEP, "\n");
    }
    out
}

/// A value as JSON on one line.
#[must_use]
pub fn json(value: &Value) -> String {
    Flow::Json.value(value)
}

/// The lines of a non-empty collection at `indent`, ending in `\n`.
#[must_use]
pub fn block(value: &Value, indent: usize) -> String {
    match value {
        Value::Object(mapping) => {
            let mut out = String::new();
            entries(&mut out, mapping, indent);
            out
        }
        Value::Array(items) => items.iter().map(|value| item(value, indent)).collect(),
        scalar => format!("{}{}\n", " ".repeat(indent), inline(scalar)),
    }
}

fn entries(out: &mut String, mapping: &Map<String, Value>, indent: usize) {
    for (key, value) in mapping {
        push_entry(out, key, value, indent);
    }
}

fn push_entry(out: &mut String, key: &str, value: &Value, indent: usize) {
    out.extend(std::iter::repeat_n(' ', indent));
    out.push_str(&quote::scalar(key));
    out.push(':');
    match value {
        Value::Object(mapping) if !mapping.is_empty() => {
            out.push('\n');
            entries(out, mapping, indent + STEP);
        }
        Value::Array(items) if !items.is_empty() => {
            out.push('\n');
            out.push_str(&block(value, indent));
        }
        scalar => push_scalar(out, scalar, indent),
    }
}

fn push_item(out: &mut String, value: &Value, indent: usize) {
    match value {
        Value::Object(mapping) if !mapping.is_empty() => {
            // Compact form: the first entry stands on the dash's line.
            let lines = block(value, indent + STEP);
            out.push(' ');
            out.push_str(&lines[indent + STEP..]);
        }
        Value::Array(items) if !items.is_empty() => {
            out.push(' ');
            out.push_str(&inline(value));
            out.push('\n');
        }
        scalar => push_scalar(out, scalar, indent),
    }
}

fn push_scalar(out: &mut String, value: &Value, indent: usize) {
    out.push(' ');
    match value {
        Value::String(text) => match literal(text, indent + STEP, STEP, "\n") {
            Some(Literal { header, lines }) => {
                out.push_str(&header);
                out.push('\n');
                out.push_str(&lines);
            }
            None => {
                out.push_str(&quote::scalar(text));
                out.push('\n');
            }
        },
        other => {
            out.push_str(&inline(other));
            out.push('\n');
        }
    }
}

/// How flow collections are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Flow {
    /// `{key: value}`
    Yaml,
    /// `{"key": "value"}`: what is JSON stays JSON.
    Json,
}

impl Flow {
    /// A value on one line.
    pub(super) fn value(self, value: &Value) -> String {
        match value {
            Value::String(text) => self.string(text),
            Value::Array(items) => {
                let items: Vec<_> = items.iter().map(|item| self.value(item)).collect();
                format!("[{}]", items.join(", "))
            }
            Value::Object(mapping) => {
                let entries: Vec<_> = mapping.iter().map(|(key, value)| self.entry(key, value)).collect();
                format!("{{{}}}", entries.join(", "))
            }
            scalar => scalar.to_string(),
        }
    }

    /// `key: value` inside a flow mapping.
    pub(super) fn entry(self, key: &str, value: &Value) -> String {
        format!("{}: {}", self.string(key), self.value(value))
    }

    fn string(self, text: &str) -> String {
        match self {
            Self::Yaml => quote::scalar(text),
            Self::Json => quote::double_quoted(text),
        }
    }
}

/// A value that does not need its own line: a scalar, or a collection in flow style.
pub(super) fn inline(value: &Value) -> String {
    Flow::Yaml.value(value)
}

/// A literal block scalar: `|`, `|-` or `|+`, and its lines.
pub(super) struct Literal {
    pub(super) header: String,
    /// Ends in a line break.
    pub(super) lines: String,
}

/// Writes `text` as a literal block, or `None` where it has one line only or
/// holds what a literal block cannot (control characters, `\r`).
///
/// `indent` is the column of the lines, `step` that column relative to the
/// parent node (YAML's indentation indicator).
pub(super) fn literal(text: &str, indent: usize, step: usize, line_break: &str) -> Option<Literal> {
    if !text.contains('\n') || !is_literal(text) {
        return None;
    }
    let body = text.trim_end_matches('\n');
    let newlines = text.len() - body.len();
    if body.is_empty() {
        return None;
    }
    let mut header = String::from("|");
    header.push_str(&indentation_indicator(body, step));
    header.push_str(chomping_indicator(newlines));
    let mut lines = String::with_capacity(text.len() + 64);
    for line in body.split('\n') {
        push_literal_line(&mut lines, line, indent, line_break);
    }
    for _ in 1..newlines {
        lines.push_str(line_break);
    }
    Some(Literal { header, lines })
}

/// Whether every character of `text` may stand in a literal block.
pub(super) fn is_literal(text: &str) -> bool {
    text.chars().all(|c| c == '\n' || c == '\t' || quote::is_plainly_printable(c) || c > '\u{ffff}')
}

/// The digit that a literal block's header needs if its first line with content
/// begins with a blank.
pub(super) fn indentation_indicator(body: &str, step: usize) -> String {
    let first = body.split('\n').find(|line| !line.is_empty());
    match first {
        Some(line) if line.starts_with([' ', '\t']) => step.to_string(),
        _ => String::new(),
    }
}

/// The mark for a literal block that ends in so many line breaks.
pub(super) fn chomping_indicator(newlines: usize) -> &'static str {
    match newlines {
        0 => "-",
        1 => "",
        _ => "+",
    }
}

/// One line of a literal block; an empty one gets no trailing blanks.
pub(super) fn push_literal_line(out: &mut String, line: &str, indent: usize, line_break: &str) {
    if !line.is_empty() {
        out.extend(std::iter::repeat_n(' ', indent));
        out.push_str(line);
    }
    out.push_str(line_break);
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_document_reads_as_its_value() {
        let value = json!({
            "a": {"b": [1, "two", {"c": "x", "d": ["e"]}, [1, [2]]], "empty": {}, "none": []},
            "text": "first\n  second\n\nthird", "kept": "x\n\n", "clipped": "x\ny\n",
            "spaced": "  lead\nrest", "odd": "a\u{7}\nb", "y": "no", "n": null, "t": true, "f": 1.5,
        });
        let text = document(&value);
        assert_eq!(crate::yaml::read(&text).expect("readable"), value, "{text}");
    }
}
