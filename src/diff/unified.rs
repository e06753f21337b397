//! The form of `diff -u`: hunks with three lines of context, each headed by the object it
//! is in, as `git diff` heads its own by the function.

use std::fmt::Write as _;

use similar::{Algorithm, DiffOp, DiffTag, capture_diff_slices, group_diff_ops};

use super::ShownDocument;
use crate::stream::{DocumentId, Stream};

const CONTEXT: usize = 3;

/// Documents keep their order, and new ones come last.
pub(super) fn diff(before: &Stream<'_>, after: &Stream<'_>) -> String {
    let mut out = String::from("--- rendered\n+++ rewritten\n");
    let mut old = before.ids();
    let mut last = None;
    for new in after.ids() {
        let old = old.next();
        last = old.or(last);
        let is_same = |old| before.body(old) == after.body(new) && before.separator(old) == after.separator(new);
        if !old.is_some_and(is_same) {
            let old = match old {
                Some(old) => ShownDocument::of(before, old),
                None => nothing_after(before, last),
            };
            document(&mut out, &old, &ShownDocument::of(after, new));
        }
    }
    out
}

/// New documents stand after the last line.
fn nothing_after(before: &Stream<'_>, last: Option<DocumentId>) -> ShownDocument {
    let last = last.map(|last| ShownDocument::of(before, last));
    let first_line = last.map_or(1, |last| last.first_line + last.lines.len());
    ShownDocument { title: String::new(), first_line, lines: Vec::new() }
}

fn document(out: &mut String, old: &ShownDocument, new: &ShownDocument) {
    let operations = capture_diff_slices(Algorithm::Myers, &old.lines, &new.lines);
    if operations.iter().all(|operation| operation.tag() == DiffTag::Equal) {
        return;
    }
    for group in group_diff_ops(operations, CONTEXT) {
        hunk(out, old, new, &group);
    }
}

fn hunk(out: &mut String, old: &ShownDocument, new: &ShownDocument, group: &[DiffOp]) {
    let (Some(first), Some(last)) = (group.first(), group.last()) else { return };
    let range = |first_line: usize, start: usize, end: usize| match end - start {
        // Of nothing, the line before it is told.
        0 => format!("{},0", (first_line + start).saturating_sub(1)),
        1 => format!("{}", first_line + start),
        lines => format!("{},{lines}", first_line + start),
    };
    let before = range(old.first_line, first.old_range().start, last.old_range().end);
    let after = range(new.first_line, first.new_range().start, last.new_range().end);
    // Writing to a String cannot fail.
    let _ = writeln!(out, "{HUNK}@@ -{before} +{after} @@{HUNK:#} {}", new.title);
    for operation in group {
        let (removed, added) = match operation.tag() {
            DiffTag::Equal => {
                lines(out, ' ', &old.lines[operation.old_range()]);
                continue;
            }
            DiffTag::Delete => (operation.old_range(), 0..0),
            DiffTag::Insert => (0..0, operation.new_range()),
            DiffTag::Replace => (operation.old_range(), operation.new_range()),
        };
        lines(out, '-', &old.lines[removed]);
        lines(out, '+', &new.lines[added]);
    }
}

fn lines(out: &mut String, sign: char, lines: &[String]) {
    let style = match sign {
        '-' => REMOVED,
        '+' => ADDED,
        _ => anstyle::Style::new(),
    };
    for line in lines {
        let _ = writeln!(out, "{style}{sign}{line}{style:#}");
    }
}

const HUNK: anstyle::Style = anstyle::AnsiColor::Cyan.on_default();
const REMOVED: anstyle::Style = anstyle::AnsiColor::Red.on_default();
const ADDED: anstyle::Style = anstyle::AnsiColor::Green.on_default();
