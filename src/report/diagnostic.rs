//! A refusal, or a finding of `check`, as the user sees it: what was found and where (with the line, if it can
//! hold no secret), why it cannot work, what to do.

use std::borrow::Cow;
use std::ops::Range;

use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet};
use json_patch::jsonptr::Pointer;

use super::files::{Files, Part};
use super::place::{Place, Spot};
use super::refusal::Refusal;
use crate::kube::object::{HELM4_FILENAME, Object as _, Parsed};
use crate::kube::value::pointer;
use crate::stream::{self, DocumentId, Stream};
use crate::yaml::Document;

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// It will not work.
    Error,
    /// It may not do what is wanted.
    Warning,
    /// Good to know.
    Note,
}

/// Something to tell.
#[derive(Debug)]
pub struct Diagnostic<'d> {
    /// How bad it is.
    pub severity: Severity,
    /// The rule that says so, if it has a name.
    pub rule: Option<&'d str>,
    /// What was found.
    pub title: Cow<'d, str>,
    /// Why it matters.
    pub why: Cow<'d, str>,
    /// What to do.
    pub help: Cow<'d, str>,
}

impl<'d> From<&'d Refusal> for Diagnostic<'d> {
    fn from(refusal: &'d Refusal) -> Self {
        let reason = &refusal.reason;
        Self {
            severity: Severity::Error,
            rule: None,
            title: reason.to_string().into(),
            why: reason.why().into(),
            help: reason.help(),
        }
    }
}

/// Renders a refusal of `stream`, which came from `files`, with escape codes for colour if
/// `coloured`.
#[must_use]
pub fn refusal(refusal: &Refusal, stream: &Stream<'_>, files: &Files, coloured: bool) -> String {
    let location = refusal.place.as_ref().map(|place| Locator::new(stream, files).locate(place));
    render(&refusal.into(), location.as_ref(), coloured)
}

/// Renders what is to be told of a place, with escape codes for colour if `coloured`.
#[must_use]
pub fn render(diagnostic: &Diagnostic<'_>, location: Option<&Location>, coloured: bool) -> String {
    let origin = location.map(Location::origin).unwrap_or_default();
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        Severity::Note => Level::NOTE,
    };
    let title = level.primary_title(diagnostic.title.as_ref());
    let mut group = Group::with_title(match diagnostic.rule {
        Some(rule) => title.id(rule),
        None => title,
    });
    if let Some(found) = location {
        group = match &found.shown {
            Some((text, mark)) => group.element(
                Snippet::source(text.as_str())
                    .line_start(found.line)
                    .path(origin.as_str())
                    .annotation(AnnotationKind::Primary.span(mark.clone())),
            ),
            None => group.element(Origin::path(origin.as_str()).line(found.line)),
        };
    }
    let group = group
        .element(Level::NOTE.message(diagnostic.why.as_ref()))
        .element(Level::HELP.message(diagnostic.help.as_ref()));
    let renderer = if coloured { Renderer::styled() } else { Renderer::plain() };
    renderer.render(&[group])
}

/// Renders a warning.
#[must_use]
pub fn warning(message: &str, coloured: bool) -> String {
    let renderer = if coloured { Renderer::styled() } else { Renderer::plain() };
    renderer.render(&[Group::with_title(Level::WARNING.primary_title(message))])
}

/// Where a place is.
#[derive(Debug)]
pub struct Location {
    /// The template that the document came from, or the file.
    pub source: String,
    /// Kind and name, if it holds an object that has them.
    pub object: Option<String>,
    /// The file, if it was named on the command line.
    pub file: Option<String>,
    /// 1-based, in the file.
    pub line: usize,
    /// 1-based, in characters.
    pub column: usize,
    /// The line, and what of it is meant; none where it may hold a secret.
    shown: Option<(String, Range<usize>)>,
}

impl Location {
    fn origin(&self) -> String {
        let source = match &self.object {
            Some(object) => format!("{} ({object})", self.source),
            None => self.source.clone(),
        };
        match &self.file {
            Some(file) if *file != self.source => format!("{source} in {file}"),
            _ => source,
        }
    }
}

/// Finds places of a stream again. A document is parsed once for all places in it that come one after the other.
#[derive(Debug)]
pub struct Locator<'s> {
    stream: &'s Stream<'s>,
    files: &'s Files,
    last: Option<Opened<'s>>,
}

/// A document in which places are looked for.
#[derive(Debug)]
struct Opened<'s> {
    id: DocumentId,
    source: String,
    /// `None` where the document cannot be read.
    object: Option<Parsed<'s>>,
    /// Where its lines begin.
    lines: Vec<usize>,
}

impl<'s> Locator<'s> {
    /// Places of `stream`, which came from `files`.
    #[must_use]
    pub fn new(stream: &'s Stream<'_>, files: &'s Files) -> Self {
        Self { stream, files, last: None }
    }

    /// Where `place` is.
    #[must_use]
    pub fn locate(&mut self, place: &Place) -> Location {
        let Self { stream, files, last } = self;
        let first_line = stream.first_line(place.document);
        let file = files.at(first_line);
        let opened = match last.take() {
            Some(opened) if opened.id == place.document => opened,
            _ => Opened::read(stream, place.document, file),
        };
        let mut location = opened.locate(&place.spot, first_line);
        if let Some(Part { name, is_given: true, first_line }) = file {
            location.file = Some(name.clone());
            location.line -= first_line - 1;
        }
        *last = Some(opened);
        location
    }
}

impl<'s> Opened<'s> {
    fn read(stream: &'s Stream<'_>, id: DocumentId, file: Option<&Part>) -> Self {
        let body = stream.body(id);
        let object = Parsed::parse(stream, id).ok();
        let template = || object.as_ref()?.annotation(HELM4_FILENAME);
        let file = || file.map(|part| part.name.as_str());
        let source = stream::source(body).or_else(template).or_else(file).unwrap_or_default().to_owned();
        let lines = [0].into_iter().chain(memchr::memchr_iter(b'\n', body).map(|line_break| line_break + 1)).collect();
        Self { id, source, object, lines }
    }

    fn locate(&self, spot: &Spot, first_line: usize) -> Location {
        let object = self.object.as_ref();
        let (source, title) = (self.source.clone(), object.and_then(Parsed::title));
        let mut location = Location { source, object: title, file: None, line: first_line, column: 1, shown: None };
        match (spot, object) {
            (Spot::Line(line), _) => location.line += line - 1,
            (Spot::Whole, Some(object)) => self.show(&mut location, object, object.document.locate(&pointer(["kind"]))),
            (Spot::Path(path), Some(object)) => self.show(&mut location, object, object.document.locate(path)),
            (Spot::InText { text, inner }, Some(object)) => {
                let place = inner_text(object, text).and_then(|text| {
                    let range = Document::parse(text).ok()?.locate(inner);
                    Some((text[..range.start].matches('\n').count() + 1, is_alone(text, &range)))
                });
                let (line, alone) = place.map_or((None, false), |(line, alone)| (Some(line), alone));
                self.show_line_in_text(&mut location, object, text, line, alone);
            }
            (Spot::LineInText { text, line }, Some(object)) => {
                self.show_line_in_text(&mut location, object, text, Some(*line), false);
            }
            (_, None) => {}
        }
        location
    }

    /// Shows the first line of a range of the object's text.
    fn show(&self, location: &mut Location, object: &Parsed<'_>, range: Range<usize>) {
        let text = object.document.text();
        let start = self.go_to(location, range.start);
        let shown = text[start..].lines().next().unwrap_or_default();
        let end = range.end.min(start + shown.len()).max(range.start);
        location.column = text[start..range.start].chars().count() + 1;
        if is_alone(text, &(range.start..end)) {
            location.shown = Some((shown.to_owned(), range.start - start..end - start));
        }
    }

    /// Goes to a line of a literal block; to the block's key where it has another style.
    fn show_line_in_text(
        &self,
        location: &mut Location,
        object: &Parsed<'_>,
        at: &Pointer,
        line: Option<usize>,
        shown: bool,
    ) {
        let (Some(line), Some(block)) = (line, object.document.literal(at)) else {
            self.go_to(location, object.document.locate(at).start);
            return;
        };
        let text = object.document.text();
        let above = text[block.clone()].split_inclusive('\n').take(line - 1).map(str::len).sum::<usize>();
        let start = block.start + above;
        if shown {
            let content = text[start..].lines().next().unwrap_or_default();
            let blanks = content.len() - content.trim_start().len();
            self.show(location, object, start + blanks..start + content.trim_end().len());
        } else {
            self.go_to(location, start);
        }
    }

    /// Moves to the line of a byte, and returns where that line begins.
    fn go_to(&self, location: &mut Location, at: usize) -> usize {
        let line = self.lines.partition_point(|start| *start <= at).saturating_sub(1);
        location.line += line;
        self.lines[line]
    }
}

fn inner_text<'o>(object: &'o Parsed<'_>, at: &Pointer) -> Option<&'o str> {
    at.resolve(object.document.value()).ok()?.as_str()
}

/// Whether nothing else is on the first line of the range: it may be a secret.
fn is_alone(text: &str, range: &Range<usize>) -> bool {
    let start = text[..range.start].rfind('\n').map_or(0, |end| end + 1);
    let line_end = text[range.start..].find('\n').map_or(text.len(), |end| range.start + end);
    let before = text[start..range.start].trim_start_matches([' ', '-']);
    let after = text[range.end.min(line_end)..line_end].trim_start();
    // The entries of JSON end so.
    let after = after.strip_prefix(',').unwrap_or(after).trim_start();
    before.is_empty() && (after.is_empty() || after.starts_with('#'))
}
