//! A value as a YAML text in a style that chance chooses: block and flow collections, all kinds of scalars, odd
//! indentation, comments, anchors, tags, CRLF. Whatever is chosen, the text reads as the value.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

use std::fmt::Write as _;

use arbitrary::Unstructured;
use milvus_gke_l7::yaml;
use serde_json::{Map, Value};

/// What may be chosen.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Liberties {
    /// Anchors with their aliases, merge keys, tags, explicit keys.
    pub(crate) indirect: bool,
    /// Line breaks of Windows.
    pub(crate) crlf: bool,
}

/// A document that reads as `value`. Where `choices` ends, the plainest style is chosen.
pub(crate) fn document(value: &Value, choices: &mut Unstructured<'_>, liberties: Liberties) -> String {
    let mut writer =
        Writer { out: String::new(), choices, liberties, anchored: Vec::new(), anchors: 0, keeps_blanks: false };
    writer.comments(0);
    let root = if writer.one_in(8) { writer.up_to(3) } else { 0 };
    match value {
        Value::Object(mapping) if !mapping.is_empty() && !writer.one_in(10) => {
            writer.mapping(mapping, root, false);
        }
        Value::Array(items) if !items.is_empty() && !writer.one_in(10) => writer.sequence(items, root, false),
        scalar => writer.beside(scalar, None),
    }
    if !writer.keeps_blanks {
        writer.comments(0);
    }
    let unended = writer.one_in(6) && !writer.keeps_blanks;
    let crlf = liberties.crlf && writer.one_in(5);
    let mut out = writer.out;
    // Of a literal that ends the text, the line break is part of the value.
    if unended && !out.contains('|') && !out.contains('>') {
        out.truncate(out.trim_end_matches('\n').len());
    }
    if crlf { out.replace('\n', "\r\n") } else { out }
}

struct Writer<'w, 'c> {
    out: String,
    choices: &'w mut Unstructured<'c>,
    liberties: Liberties,
    anchored: Vec<(String, Value)>,
    anchors: usize,
    /// A blank line would be part of the scalar above.
    keeps_blanks: bool,
}

impl Writer<'_, '_> {
    fn one_in(&mut self, of: u8) -> bool {
        self.choices.arbitrary::<u8>().is_ok_and(|byte| byte % of == of - 1)
    }

    fn up_to(&mut self, most: usize) -> usize {
        usize::from(self.choices.arbitrary::<u8>().unwrap_or(0)) % (most + 1)
    }

    /// Blank lines and comments on lines of their own.
    fn comments(&mut self, column: usize) {
        while self.one_in(8) {
            match self.up_to(3) {
                0 if !self.keeps_blanks => self.out.push('\n'),
                // Two blanks might be more than a scalar above is indented by, and part of it.
                1 if !self.keeps_blanks => self.out.push_str(" \n"),
                // No line of a scalar above may stand deeper.
                2 => {
                    let _ = writeln!(self.out, "{:column$}# comment: é", "");
                }
                _ => self.out.push_str("# - a\n"),
            }
            // Behind a comment, a blank line is one.
            self.keeps_blanks &= self.out.ends_with("\n\n");
        }
    }

    fn end_line(&mut self) {
        match self.up_to(15) {
            15 => self.out.push_str(" # why: {"),
            // Behind an indicator, readers differ about tabs.
            14 if !self.out.ends_with(['-', ':']) => self.out.push_str("\t# tab"),
            13 => self.out.push_str("  "),
            _ => {}
        }
        self.out.push('\n');
        self.keeps_blanks = false;
    }

    /// The lines of a mapping's entries; of the first one the blanks are there, if `begun`.
    fn mapping(&mut self, mapping: &Map<String, Value>, column: usize, mut begun: bool) {
        let merged = self.merged(mapping);
        if let Some((name, _)) = &merged {
            if !begun {
                let _ = write!(self.out, "{:column$}", "");
            }
            begun = false;
            let _ = write!(self.out, "<<: *{name}");
            self.end_line();
        }
        for (key, value) in mapping {
            if merged.as_ref().is_some_and(|(_, source)| source.get(key).is_some()) {
                continue;
            }
            if !begun {
                self.comments(column);
                let _ = write!(self.out, "{:column$}", "");
            }
            begun = false;
            let explicit = self.liberties.indirect && self.one_in(24);
            if explicit {
                self.out.push_str("? ");
            }
            let key = self.one_line(key, false);
            self.out.push_str(&key);
            if explicit {
                let _ = write!(self.out, "\n{:column$}", "");
            } else if self.one_in(20) {
                self.out.push(' ');
            }
            self.out.push(':');
            self.below(value, column, true);
        }
    }

    fn sequence(&mut self, items: &[Value], column: usize, mut begun: bool) {
        for item in items {
            if !begun {
                self.comments(column);
                let _ = write!(self.out, "{:column$}", "");
            }
            begun = false;
            self.out.push('-');
            self.below(item, column, false);
        }
    }

    /// What follows a `key:` or a `-` that stands at `parent`.
    fn below(&mut self, value: &Value, parent: usize, is_entry: bool) {
        let is_collection = match value {
            Value::Object(mapping) => !mapping.is_empty(),
            Value::Array(items) => !items.is_empty(),
            _ => false,
        };
        let flow = !is_collection || self.one_in(6);
        if flow || self.alias(value).is_some() {
            return self.beside(value, Some(parent));
        }
        let anchor = self.properties(value);
        let blanks = 1 + self.up_to(2);
        // A compact collection begins on the dash's line.
        let compact = !is_entry && anchor.is_none() && !self.out.ends_with(' ') && !self.one_in(4);
        let column = if compact {
            let _ = write!(self.out, "{:blanks$}", "");
            parent + 1 + blanks
        } else {
            self.end_line();
            match value {
                Value::Array(_) if is_entry && self.one_in(2) => parent,
                _ if self.one_in(4) => parent + 1 + self.up_to(4),
                _ => parent + 2,
            }
        };
        match value {
            Value::Object(mapping) => self.mapping(mapping, column, compact),
            Value::Array(items) => self.sequence(items, column, compact),
            _ => unreachable!("a collection"),
        }
        self.anchored.extend(anchor.map(|name| (name, value.clone())));
    }

    /// A node that begins on the line that is open, and ends that line.
    fn beside(&mut self, value: &Value, parent: Option<usize>) {
        if value.is_null() && parent.is_some() && self.one_in(2) {
            return self.end_line();
        }
        let blanks = 1 + self.up_to(1);
        if parent.is_some() {
            let _ = write!(self.out, "{:blanks$}", "");
        }
        if let Some(name) = self.alias(value) {
            let _ = write!(self.out, "*{name}");
            return self.end_line();
        }
        let anchor = self.properties(value);
        if anchor.is_some() || self.out.ends_with("!!str") {
            self.out.push(' ');
        }
        match value {
            Value::String(text) => self.text(text, parent),
            other => {
                let column = parent.map_or(1, |parent| parent + 1 + self.up_to(3));
                let text = self.flow(other, column);
                self.out.push_str(&text);
                self.end_line();
            }
        }
        self.anchored.extend(anchor.map(|name| (name, value.clone())));
    }

    /// Writes an anchor, a tag, or neither.
    fn properties(&mut self, value: &Value) -> Option<String> {
        if !self.liberties.indirect || !self.one_in(8) {
            return None;
        }
        if !self.out.ends_with([' ', '\n']) && !self.out.is_empty() {
            self.out.push(' ');
        }
        if value.is_string() && self.one_in(2) {
            self.out.push_str("!!str");
            return None;
        }
        self.anchors += 1;
        let name = format!("n{}", self.anchors);
        let _ = write!(self.out, "&{name}");
        Some(name)
    }

    fn alias(&mut self, value: &Value) -> Option<String> {
        let name = self.anchored.iter().rfind(|(_, anchored)| anchored == value).map(|(name, _)| name.clone());
        name.filter(|_| self.liberties.indirect)
    }

    /// An anchored mapping that is part of this one.
    fn merged(&mut self, mapping: &Map<String, Value>) -> Option<(String, Value)> {
        if !self.liberties.indirect || self.anchored.is_empty() {
            return None;
        }
        let part = |source: &Value| {
            source.as_object().is_some_and(|source| {
                !source.is_empty()
                    && source.len() < mapping.len()
                    && source.iter().all(|(key, value)| mapping.get(key) == Some(value))
            })
        };
        self.anchored.iter().rfind(|(_, anchored)| part(anchored)).cloned()
    }

    /// A string on the line that is open, or over several.
    fn text(&mut self, text: &str, parent: Option<usize>) {
        let column = parent.map_or(0, |parent| parent + 1) + self.up_to(3);
        match self.up_to(7) {
            4 if folds(text) => {
                let column = column.max(1);
                let lines = text.replace(' ', &format!("\n{:column$}", ""));
                let _ = writeln!(self.out, ">-\n{:column$}{lines}", "");
                self.keeps_blanks = false;
            }
            5 if folds(text) && is_plain(text, false) => {
                let column = column.max(1);
                self.out.push_str(&text.replace(' ', &format!("\n{:column$}", "")));
                self.end_line();
            }
            6 if folds(text) => {
                let column = column.max(1);
                let quoted = serde_json::to_string(text).unwrap();
                self.out.push_str(&quoted.replace(' ', &format!("\n{:column$}", "")));
                self.end_line();
            }
            0..=3 if is_literal(text) => self.literal(text, parent),
            _ => {
                let written = self.one_line(text, false);
                self.out.push_str(&written);
                self.end_line();
            }
        }
    }

    fn literal(&mut self, text: &str, parent: Option<usize>) {
        let step = 1 + self.up_to(3);
        let column = parent.unwrap_or(0) + step;
        let body = text.trim_end_matches('\n');
        let newlines = text.len() - body.len();
        let first = body.split('\n').next().unwrap_or_default();
        self.out.push('|');
        let chomping = ["-", "", "+"][newlines.min(2)];
        let explicit = first.is_empty() || first.starts_with([' ', '\t']) || self.one_in(6);
        match explicit {
            true if self.one_in(2) => {
                let _ = write!(self.out, "{chomping}{step}");
            }
            true => {
                let _ = write!(self.out, "{step}{chomping}");
            }
            false => self.out.push_str(chomping),
        }
        self.end_line();
        for line in body.split('\n') {
            if line.is_empty() {
                self.out.push('\n');
            } else {
                let _ = writeln!(self.out, "{:column$}{line}", "");
            }
        }
        for _ in 1..newlines {
            self.out.push('\n');
        }
        self.keeps_blanks = newlines > 1;
    }

    fn one_line(&mut self, text: &str, in_flow: bool) -> String {
        let printable = text
            .chars()
            .all(|c| matches!(c, ' '..='~' | '\u{a0}'..='\u{d7ff}') && !matches!(c, '\u{2028}' | '\u{2029}'));
        match self.up_to(3) {
            0 | 1 if is_plain(text, in_flow) => text.to_owned(),
            2 if printable => format!("'{}'", text.replace('\'', "''")),
            _ if is_plain(text, in_flow) && self.one_in(2) => text.to_owned(),
            _ => double_quoted(text),
        }
    }

    /// A node of a flow collection, or a scalar. Lines that follow begin at `column`.
    fn flow(&mut self, value: &Value, column: usize) -> String {
        let separator = match self.up_to(7) {
            7 => format!("\n{:column$}", ""),
            6 => format!(" # c\n{:column$}", ""),
            5 => String::new(),
            _ => " ".to_owned(),
        };
        match value {
            Value::Null => ["null", "~", "Null"][self.up_to(2)].to_owned(),
            Value::Bool(value) => {
                let words = if *value { ["true", "True"] } else { ["false", "FALSE"] };
                words[self.up_to(1)].to_owned()
            }
            Value::String(text) => self.one_line(text, true),
            Value::Array(items) => {
                let items: Vec<_> = items.iter().map(|item| self.flow(item, column)).collect();
                let comma = if !items.is_empty() && self.one_in(6) { "," } else { "" };
                format!("[{}{comma}]", items.join(&format!(",{separator}")))
            }
            Value::Object(mapping) => {
                let mut entries = Vec::new();
                for (key, value) in mapping {
                    let key = self.one_line(key, true);
                    entries.push(format!("{key}: {}", self.flow(value, column)));
                }
                let comma = if !entries.is_empty() && self.one_in(6) { "," } else { "" };
                format!("{{{}{comma}}}", entries.join(&format!(",{separator}")))
            }
            number => number.to_string(),
        }
    }
}

fn is_plain(text: &str, in_flow: bool) -> bool {
    let is_word = |c: char| c.is_alphanumeric() || "._/- %@".contains(c) || (!in_flow && ",[]{}".contains(c));
    text.starts_with(|c: char| c.is_alphabetic() || c == '/')
        && text.chars().all(is_word)
        && !text.ends_with(' ')
        && yaml::read(text).is_ok_and(|value| value == *text)
}

/// Whether single blanks in it may be line breaks.
fn folds(text: &str) -> bool {
    !text.is_empty()
        && text.split(' ').count() > 1
        && text.split(' ').all(|word| !word.is_empty() && word.chars().all(|c| c.is_ascii_alphanumeric()))
}

fn is_literal(text: &str) -> bool {
    text.contains('\n')
        && !text.trim_end_matches('\n').is_empty()
        && text.chars().all(|c| {
            matches!(c, '\n' | '\t' | ' '..='~' | '\u{a0}'..='\u{d7ff}') && !matches!(c, '\u{2028}' | '\u{2029}')
        })
}

fn double_quoted(text: &str) -> String {
    // JSON's escapes for all but printable text.
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            '\n' => out.push_str("\\n"),
            ' '..='~' | '\u{a0}'..='\u{2027}' => out.push(c),
            _ => {
                let _ = write!(out, "\\U{:08x}", u32::from(c));
            }
        }
    }
    out.push('"');
    out
}
