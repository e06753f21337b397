//! The form of `diff -u`, for people and for `patch`: hunks with lines of context, each headed by the objects it changes,
//! as `git diff` heads its own by the function.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::ops::Range;

use similar::{Algorithm, DiffOp, DiffTag, capture_diff_slices, group_diff_ops};

use super::{Shown, mask};
use crate::stream::{DocumentId, Stream};

/// The hunks that make `before` into `after`, with so many lines of context.
pub(super) fn diff(before: &[u8], after: &[u8], context: usize, file: Option<&str>) -> String {
    let texts = [before, after].map(String::from_utf8_lossy);
    let [mut old, mut new] = [0, 1].map(|side| Side::new(&texts[side], [before, after][side]));
    let mut out = match file {
        Some(file) => format!("--- a/{file}\n+++ b/{file}\n"),
        None => "--- rendered\n+++ rewritten\n".to_owned(),
    };
    for group in group_diff_ops(operations(&old, &new), context) {
        hunk(&mut out, &mut old, &mut new, &group);
    }
    out
}

/// The lines of a stream, each with its line break.
struct Side<'s> {
    lines: Vec<&'s str>,
    /// Where documents begin, with their separators.
    documents: Vec<usize>,
    stream: Stream<'s>,
    /// The same of its objects, which may be items of lists.
    objects: Vec<(usize, DocumentId)>,
    shown: HashMap<usize, Shown>,
}

impl<'s> Side<'s> {
    fn new(text: &'s str, bytes: &'s [u8]) -> Self {
        let starts = |stream: &Stream<'_>| -> Vec<_> {
            let separator = |id| memchr::memchr_iter(b'\n', stream.separator(id)).count();
            stream.ids().map(|id| (stream.first_line(id) - 1 - separator(id), id)).collect()
        };
        let stream = Stream::split(bytes);
        let mut documents: Vec<_> = starts(&stream).into_iter().map(|(start, _)| start).collect();
        // Before the first one stands a byte order mark at most.
        documents[..1].fill(0);
        let stream = stream.open();
        let objects = starts(&stream);
        Self { lines: text.split_inclusive('\n').collect(), documents, stream, objects, shown: HashMap::new() }
    }

    /// The lines of a document; none where there are not so many.
    fn document(&self, number: usize) -> Range<usize> {
        let end = |number: usize| self.documents.get(number).copied().unwrap_or(self.lines.len());
        end(number)..end(number + 1)
    }

    /// The object that a line belongs to, and the number of its first line.
    fn object(&mut self, line: usize) -> (usize, &Shown) {
        let number = self.objects.partition_point(|(start, _)| *start <= line).saturating_sub(1);
        let Self { lines, stream, objects, shown, .. } = self;
        let start = objects[number].0;
        let end = objects.get(number + 1).map_or(lines.len(), |(next, _)| *next);
        let shown = shown.entry(number).or_insert_with(|| {
            // In JSON a line may hold several.
            let first = objects.partition_point(|(other, _)| *other < start);
            Shown::of(stream, objects[first..=number].iter().map(|(_, id)| *id), &lines[start..end])
        });
        (start, shown)
    }

    /// The lines as they may be seen.
    fn write(&mut self, out: &mut String, sign: char, range: Range<usize>) {
        let style = match sign {
            '-' => REMOVED,
            '+' => ADDED,
            _ => anstyle::Style::new(),
        };
        for line in range {
            let text = self.lines[line];
            let (start, shown) = self.object(line);
            let masked = line.checked_sub(start).and_then(|line| shown.masked.get(line)?.as_deref());
            let line = masked.map_or_else(|| text.trim_end_matches('\n').to_owned(), str::to_owned);
            let _ = writeln!(out, "{style}{sign}{line}{style:#}");
            if !text.ends_with('\n') {
                out.push_str("\\ No newline at end of file\n");
            }
        }
    }
}

/// Documents keep their order, and new ones come last: so each is compared with its own.
fn operations(old: &Side<'_>, new: &Side<'_>) -> Vec<DiffOp> {
    let mut operations: Vec<DiffOp> = Vec::new();
    for number in 0..new.documents.len().max(old.documents.len()) {
        let (before, after) = (old.document(number), new.document(number));
        let (from, to) = (&old.lines[before.clone()], &new.lines[after.clone()]);
        let found = match from == to {
            true => vec![DiffOp::Equal { old_index: 0, new_index: 0, len: from.len() }],
            false => capture_diff_slices(Algorithm::Myers, from, to),
        };
        for operation in found {
            match (operations.last_mut(), moved(operation, before.start, after.start)) {
                (Some(DiffOp::Equal { len, .. }), DiffOp::Equal { len: more, .. }) => *len += more,
                (_, operation) => operations.push(operation),
            }
        }
    }
    operations
}

fn moved(operation: DiffOp, old: usize, new: usize) -> DiffOp {
    match operation {
        DiffOp::Equal { old_index, new_index, len } => {
            DiffOp::Equal { old_index: old_index + old, new_index: new_index + new, len }
        }
        DiffOp::Delete { old_index, old_len, new_index } => {
            DiffOp::Delete { old_index: old_index + old, old_len, new_index: new_index + new }
        }
        DiffOp::Insert { old_index, new_index, new_len } => {
            DiffOp::Insert { old_index: old_index + old, new_index: new_index + new, new_len }
        }
        DiffOp::Replace { old_index, old_len, new_index, new_len } => {
            DiffOp::Replace { old_index: old_index + old, old_len, new_index: new_index + new, new_len }
        }
    }
}

fn hunk(out: &mut String, old: &mut Side<'_>, new: &mut Side<'_>, group: &[DiffOp]) {
    let (Some(first), Some(last)) = (group.first(), group.last()) else { return };
    let range = |start: usize, end: usize| match end - start {
        // Of nothing, the line before it is told.
        0 => format!("{start},0"),
        1 => format!("{}", start + 1),
        lines => format!("{},{lines}", start + 1),
    };
    let before = range(first.old_range().start, last.old_range().end);
    let after = range(first.new_range().start, last.new_range().end);
    // Writing to a String cannot fail.
    let _ = writeln!(out, "{HUNK}@@ -{before} +{after} @@{HUNK:#} {}", titles(new, group).join(", "));
    for operation in group {
        match operation.tag() {
            DiffTag::Equal => old.write(out, ' ', operation.old_range()),
            DiffTag::Delete => old.write(out, '-', operation.old_range()),
            DiffTag::Insert => new.write(out, '+', operation.new_range()),
            DiffTag::Replace => {
                old.write(out, '-', operation.old_range());
                new.write(out, '+', operation.new_range());
            }
        }
    }
}

/// The objects that a hunk changes.
fn titles(new: &mut Side<'_>, group: &[DiffOp]) -> Vec<String> {
    let mut titles: Vec<String> = Vec::new();
    for operation in group.iter().filter(|operation| operation.tag() != DiffTag::Equal) {
        let range = operation.new_range();
        let mut line = range.start;
        // Where lines are only taken out, the object is that of the line before.
        let end = range.end.max(line + 1);
        while line < end {
            let (start, shown) = new.object(if range.is_empty() { line.saturating_sub(1) } else { line });
            if titles.last() != Some(&shown.title) && !shown.title.is_empty() {
                titles.push(shown.title.clone());
            }
            line = (start + shown.masked.len()).max(line + 1);
        }
    }
    titles
}

const HUNK: anstyle::Style = anstyle::AnsiColor::Cyan.on_default();
const REMOVED: anstyle::Style = anstyle::AnsiColor::Red.on_default();
const ADDED: anstyle::Style = anstyle::AnsiColor::Green.on_default();

impl Shown {
    fn of(stream: &Stream<'_>, ids: impl Iterator<Item = DocumentId>, lines: &[&str]) -> Self {
        let (titles, are_secret): (Vec<_>, Vec<_>) = ids.map(|id| super::title(stream, id)).unzip();
        Self { title: titles.join(", "), masked: mask::lines(lines, are_secret.contains(&true)) }
    }
}
