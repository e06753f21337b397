//! A list of which most items stay: the proof reads the list without them.
//!
//! An item of a block sequence ends where a line is indented no deeper than its dash, whatever
//! the lines in between hold (YAML 1.2.2, 8.2.1). So where every line of an item that stays is
//! indented deeper than its dash, the lines around it read the same with the item and without
//! it, and the item reads as before, because its lines are the same bytes. Where that is not
//! certain (flow style, aliases, odd characters, lines at the dash's column), the list is read
//! as a whole.

use super::excerpt::is_odd;
use super::splice::Edits;
use super::tree::ItemSpan;

/// What `edits` make of `text` without the items that stay; `None` where only the whole list can tell.
pub(super) fn without(text: &str, edits: Edits, spans: &[ItemSpan], stays: &[bool]) -> Option<String> {
    // Without any items there would be no sequence.
    if stays.iter().all(|stays| *stays) || is_odd(text) {
        return None;
    }
    let staying = || spans.iter().zip(stays).filter(|(_, stays)| **stays).map(|(span, _)| span);
    if !staying().all(|span| is_closed(text, span)) {
        return None;
    }
    let removed = staying().map(|span| (span.range.clone(), String::new())).collect();
    Some(edits.and(removed).ok()?.apply(text))
}

/// Whether an item begins with its dash, and all other lines of it are deeper or blank.
fn is_closed(text: &str, span: &ItemSpan) -> bool {
    let Some(dash) = span.dash else { return false };
    let mut lines = text[span.range.clone()].split_inclusive('\n');
    let begins = lines.next().is_some_and(|line| {
        let at_dash = line.split_at_checked(dash);
        at_dash.is_some_and(|(blanks, rest)| blanks.trim_matches(' ').is_empty() && rest.starts_with("- "))
            && line.ends_with('\n')
    });
    begins
        && lines.all(|line| {
            let indent = line.bytes().take_while(|byte| *byte == b' ').count();
            line.ends_with('\n') && (indent > dash && !line[indent..].starts_with('\t') || line.trim().is_empty())
        })
}
