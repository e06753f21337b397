//! The form of `diff -u`: hunks with three lines of context, each headed by the object it
//! is in, as `git diff` heads its own by the function.

use std::fmt::Write as _;

use similar::{Algorithm, DiffOp, DiffTag, capture_diff_slices, group_diff_ops};

use super::Shown;

const CONTEXT: usize = 3;

/// Documents keep their order, and new ones come last.
pub(super) fn diff(before: &[Shown], after: &[Shown]) -> String {
    let mut out = String::from("--- rendered\n+++ rewritten\n");
    // New documents stand behind the last line.
    let end = before.iter().map(|shown| shown.first_line + shown.lines.len()).max().unwrap_or(1);
    let nothing = Shown { title: String::new(), first_line: end, lines: Vec::new() };
    for (index, new) in after.iter().enumerate() {
        document(&mut out, before.get(index).unwrap_or(&nothing), new);
    }
    out
}

fn document(out: &mut String, old: &Shown, new: &Shown) {
    let operations = capture_diff_slices(Algorithm::Myers, &old.lines, &new.lines);
    if operations.iter().all(|operation| operation.tag() == DiffTag::Equal) {
        return;
    }
    for group in group_diff_ops(operations, CONTEXT) {
        hunk(out, old, new, &group);
    }
}

fn hunk(out: &mut String, old: &Shown, new: &Shown, group: &[DiffOp]) {
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
