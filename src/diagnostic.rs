//! A refusal, or a finding of `check`, as the user sees it: what was found and where (with the line, if it can
//! hold no secret), why it cannot work, what to do.

use std::borrow::Cow;

use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet};

use crate::object::Object;
use crate::refusal::{Place, Refusal, Spot};
use crate::stream::{self, Stream};
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

/// Something to tell about a place.
#[derive(Debug)]
pub struct Diagnostic<'d> {
    /// How bad it is.
    pub severity: Severity,
    /// The rule that says so, if it has a name.
    pub rule: Option<&'d str>,
    /// What was found.
    pub title: Cow<'d, str>,
    /// Where.
    pub place: Option<&'d Place>,
    /// Why it matters.
    pub why: Cow<'d, str>,
    /// What to do.
    pub help: Cow<'d, str>,
}

impl<'d> From<&'d Refusal> for Diagnostic<'d> {
    fn from(refusal: &'d Refusal) -> Self {
        let Refusal { reason, place } = refusal;
        Self {
            severity: Severity::Error,
            rule: None,
            title: reason.to_string().into(),
            place: place.as_deref(),
            why: reason.why().into(),
            help: reason.help(),
        }
    }
}

/// Renders a refusal of `stream`, which came from `file`, with escape codes for colour if
/// `coloured`.
#[must_use]
pub fn refusal(refusal: &Refusal, stream: &Stream<'_>, file: &str, coloured: bool) -> String {
    render(&refusal.into(), stream, file, coloured)
}

/// Renders what is to be told of `stream`, which came from `file`, with escape codes for colour
/// if `coloured`.
#[must_use]
pub fn render(diagnostic: &Diagnostic<'_>, stream: &Stream<'_>, file: &str, coloured: bool) -> String {
    let found = diagnostic.place.map(|place| Found::find(stream, place, file));
    let origin = found.as_ref().map(Found::origin).unwrap_or_default();
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
    if let Some(found) = &found {
        group = match &found.shown {
            Some(shown) => group.element(
                Snippet::source(shown.text.as_str())
                    .line_start(found.line)
                    .path(origin.as_str())
                    .annotation(AnnotationKind::Primary.span(shown.mark.clone())),
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

/// Where a place is, for other programs.
#[derive(Debug)]
pub struct Location {
    /// The template that the document came from, or the file.
    pub source: String,
    /// Kind and name, if it holds an object that has them.
    pub object: Option<String>,
    /// 1-based, in the stream.
    pub line: usize,
    /// 1-based, in characters.
    pub column: usize,
}

/// Where `place` is in `stream`, which came from `file`.
#[must_use]
pub fn locate(place: &Place, stream: &Stream<'_>, file: &str) -> Location {
    let Found { source, object, line, column, .. } = Found::find(stream, place, file);
    Location { source, object, line, column }
}

/// Renders a warning.
#[must_use]
pub fn warning(message: &str, coloured: bool) -> String {
    let renderer = if coloured { Renderer::styled() } else { Renderer::plain() };
    renderer.render(&[Group::with_title(Level::WARNING.primary_title(message))])
}

/// A place, found again in the text.
struct Found {
    /// Template or file.
    source: String,
    /// Kind and name.
    object: Option<String>,
    /// 1-based, in the stream.
    line: usize,
    /// 1-based, in characters.
    column: usize,
    shown: Option<Shown>,
}

/// A line of the input, and what of it is meant.
struct Shown {
    text: String,
    mark: std::ops::Range<usize>,
}

impl Found {
    fn find(stream: &Stream<'_>, place: &Place, file: &str) -> Self {
        let body = stream.body(place.document);
        let object = Object::parse(stream, place.document).ok();
        let template = stream::source(body).or_else(|| object.as_ref()?.helm4_filename()).unwrap_or(file);
        let named = match object.as_ref().map(|object| (object.kind(), object.name())) {
            Some((kind, Some(name))) if !kind.is_empty() => Some(format!("{kind} {name}")),
            _ => None,
        };
        let first_line = stream.first_line(place.document);
        let source = template.to_owned();
        let mut found = Self { source, object: named, line: first_line, column: 1, shown: None };
        match (&place.spot, &object) {
            (Spot::Line(line), _) => found.line = first_line + line - 1,
            (Spot::Whole, Some(object)) => found.show(object, object.document.locate(&crate::object::path(["kind"]))),
            (Spot::Path(path), Some(object)) => found.show(object, object.document.locate(path)),
            (Spot::InText { text, inner }, Some(object)) => {
                let place = inner_text(object, text).and_then(|text| {
                    let range = Document::parse(text).ok()?.locate(inner);
                    Some((line_of(text, range.start), is_alone(text, &range)))
                });
                let (line, alone) = place.map_or((None, false), |(line, alone)| (Some(line), alone));
                found.show_line_in_text(object, text, line, alone);
            }
            (Spot::LineInText { text, line }, Some(object)) => {
                found.show_line_in_text(object, text, Some(*line), false);
            }
            (_, None) => {}
        }
        found
    }

    fn origin(&self) -> String {
        match &self.object {
            Some(object) => format!("{} ({object})", self.source),
            None => self.source.clone(),
        }
    }

    /// Shows the first line of a range of the object's text.
    fn show(&mut self, object: &Object<'_>, range: std::ops::Range<usize>) {
        let text = object.document.text();
        let line = line_of(text, range.start);
        self.line += line - 1;
        let start = text[..range.start].rfind('\n').map_or(0, |end| end + 1);
        let shown = text[start..].lines().next().unwrap_or_default();
        let end = range.end.min(start + shown.len()).max(range.start);
        self.column = text[start..range.start].chars().count() + 1;
        if !is_alone(text, &(range.start..end)) {
            return;
        }
        self.shown = Some(Shown { text: shown.to_owned(), mark: range.start - start..end - start });
    }

    /// Goes to a line of a literal block; to the block's key where it has another style.
    fn show_line_in_text(
        &mut self,
        object: &Object<'_>,
        at: &json_patch::jsonptr::Pointer,
        line: Option<usize>,
        shown: bool,
    ) {
        let range = object.document.locate(at);
        let text = &object.document.text()[range.clone()];
        let mut lines = text.split_inclusive('\n');
        let header = lines.next().unwrap_or_default();
        let literal = header.split_once(':').is_some_and(|(_, style)| style.trim_start().starts_with('|'));
        let Some(line) = line.filter(|_| literal) else {
            self.line += line_of(object.document.text(), range.start) - 1;
            return;
        };
        let start = range.start + header.len() + lines.take(line - 1).map(str::len).sum::<usize>();
        let start = start.min(object.document.text().len());
        if shown {
            let content = object.document.text()[start..].lines().next().unwrap_or_default();
            let blanks = content.len() - content.trim_start().len();
            self.show(object, start + blanks..start + content.trim_end().len());
        } else {
            self.line += line_of(object.document.text(), start) - 1;
        }
    }
}

fn inner_text<'o>(object: &'o Object<'_>, at: &json_patch::jsonptr::Pointer) -> Option<&'o str> {
    object.value().pointer(at.as_str())?.as_str()
}

/// Whether nothing else stands on the first line of the range: it may be a secret.
fn is_alone(text: &str, range: &std::ops::Range<usize>) -> bool {
    let start = text[..range.start].rfind('\n').map_or(0, |end| end + 1);
    let line_end = text[range.start..].find('\n').map_or(text.len(), |end| range.start + end);
    let before = text[start..range.start].trim_start_matches([' ', '-']);
    let after = text[range.end.min(line_end)..line_end].trim_start();
    // The entries of JSON end so.
    let after = after.strip_prefix(',').unwrap_or(after).trim_start();
    before.is_empty() && (after.is_empty() || after.starts_with('#'))
}

fn line_of(text: &str, offset: usize) -> usize {
    text[..offset].matches('\n').count() + 1
}
