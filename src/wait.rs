//! Waiting for a release to be ready: look after look, what has changed, and when it ends.

pub mod command;
pub mod span;

use std::collections::HashSet;
use std::time::Duration;

use crate::report::progress::Progress;
use crate::status::{State, StatusReport, Step, Verdict};
use command::Source;
use span::short;

/// That many looks in a row must find it broken: objects may change one after the other.
const BROKEN: u32 = 3;

/// What a look has found.
#[derive(Debug)]
pub enum Look {
    /// Objects.
    Report(Box<StatusReport>),
    /// Why there are none.
    Trouble(Trouble),
}

/// Why a look has no report.
#[derive(Debug)]
pub struct Trouble {
    /// Lines.
    pub words: String,
    /// As `status` says it, if it does not come right by itself.
    pub refusal: Option<String>,
}

impl Trouble {
    /// In a line: what a command says last tells most.
    fn short(&self) -> String {
        match self.words.split_once(":\n") {
            Some((first, rest)) => format!("{first}: {}", rest.lines().last().unwrap_or_default()),
            None => self.words.clone(),
        }
    }
}

/// All looks until now.
#[derive(Debug)]
pub struct Watch<'s> {
    source: &'s Source,
    /// The last report, and when it was made.
    report: Option<(Duration, Box<StatusReport>)>,
    /// The steps of the last report, as they were told.
    told: HashSet<String>,
    /// How many looks in a row found it broken.
    broken: u32,
    /// Of the last look, and in a line.
    trouble: Option<(Trouble, String)>,
}

/// How it ended before the time was up.
#[derive(Debug, PartialEq, Eq)]
pub enum End<'w> {
    /// The last report says so.
    Ready,
    /// The last report says so, or there is none, for this reason.
    Broken(Option<&'w str>),
}

impl<'s> Watch<'s> {
    /// Before the first look.
    #[must_use]
    pub fn new(source: &'s Source) -> Self {
        Self { source, report: None, told: HashSet::new(), broken: 0, trouble: None }
    }

    /// Takes in what a look has found, and tells what is new.
    pub fn see(&mut self, at: Duration, look: Look, progress: &mut dyn Progress) {
        match look {
            Look::Report(report) => self.see_report(at, report, progress),
            Look::Trouble(trouble) => self.see_trouble(at, trouble, progress),
        }
    }

    fn see_report(&mut self, at: Duration, report: Box<StatusReport>, progress: &mut dyn Progress) {
        if self.trouble.take().is_some() {
            progress.say(&stamped(at, [format!("{} works again", self.source.name())]));
        }
        self.broken = if report.verdict == Verdict::Broken { self.broken + 1 } else { 0 };
        let told: HashSet<_> = report.steps.iter().map(key).collect();
        for step in report.steps.iter().filter(|step| !self.told.contains(&key(step))) {
            progress.say(&stamped(at, lines(step, true)));
        }
        self.told = told;
        let was_found = self.report.as_ref().is_none_or(|(_, before)| before.service.is_some());
        if report.service.is_none() && was_found {
            progress.say(&stamped(at, [self.source.found_nothing()]));
        }
        let is_news = self.report().is_none_or(|before| before.message != report.message);
        if is_news && !progress.is_live() {
            progress.say(&stamped(at, [report.message.clone()]));
        }
        self.report = Some((at, report));
    }

    /// The same trouble as before is not told again.
    fn see_trouble(&mut self, at: Duration, trouble: Trouble, progress: &mut dyn Progress) {
        self.broken += u32::from(trouble.refusal.is_some());
        let short = trouble.short();
        if self.trouble.as_ref().is_none_or(|(_, before)| *before != short) {
            progress.say(&stamped(at, trouble.words.lines().map(str::to_owned)));
        }
        self.trouble = Some((trouble, short));
    }

    /// Tells what is awaited at present.
    pub fn now(&self, at: Duration, progress: &mut dyn Progress) {
        progress.now(stamped(at, [self.awaited().to_owned()]).trim_end());
    }

    fn awaited(&self) -> &str {
        match (&self.trouble, &self.report) {
            (Some((_, short)), _) => short,
            (None, Some((_, report))) => &report.message,
            (None, None) => "waiting for the first answer",
        }
    }

    /// Whether it is over, and how.
    #[must_use]
    pub fn end(&self) -> Option<End<'_>> {
        let verdict = self.report().map(|report| report.verdict);
        match &self.trouble {
            None if verdict == Some(Verdict::Ready) => Some(End::Ready),
            _ if self.broken < BROKEN => None,
            trouble => Some(End::Broken(trouble.as_ref().and_then(|(trouble, _)| trouble.refusal.as_deref()))),
        }
    }

    /// Whether there was a look.
    #[must_use]
    pub fn has_seen(&self) -> bool {
        self.report.is_some() || self.trouble.is_some()
    }

    /// The last report.
    #[must_use]
    pub fn report(&self) -> Option<&StatusReport> {
        self.report.as_ref().map(|(_, report)| &**report)
    }

    /// What to say when the time is up.
    #[must_use]
    pub fn time_is_up(&self, after: Duration) -> String {
        let mut words = format!("error: time is up after {}: {}\n", short(after), self.awaited());
        match &self.report {
            Some((at, _)) if self.trouble.is_some() => {
                words += &format!("  = note: the last report is from {} after the start\n", short(*at));
            }
            Some((_, report)) if report.service.is_none() => {
                words += &format!("  = help: {}\n", self.source.found_nothing());
            }
            Some(_) => {}
            None => words += &format!("  = help: run it alone to see what it says: {}\n", self.source),
        }
        words
    }
}

/// What makes a step another one.
fn key(step: &Step) -> String {
    lines(step, false).join("\n")
}

/// Of a step that is done, the details do not matter.
fn lines(step: &Step, wait_hint: bool) -> Vec<String> {
    if step.state < State::Event { vec![step.head()] } else { step.lines(wait_hint) }
}

/// Lines, the first with the time since the start.
fn stamped(at: Duration, lines: impl IntoIterator<Item = String>) -> String {
    let mut stamp = format!("[{:>7}] ", short(Duration::from_secs(at.as_secs())));
    let mut text = String::new();
    for line in lines {
        text += &format!("{stamp}{line}\n");
        stamp = " ".repeat(stamp.len());
    }
    text
}
