//! One step of the set-up: how far it is, and how it is told.

use serde::Serialize;

use crate::text::one_line;

/// How far a step is. The later, the worse.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// As it should be.
    #[serde(rename = "ok")]
    Done,
    /// Named, and not to be seen from here.
    Note,
    /// A warning of GKE's controllers; the other steps say whether it still matters.
    Event,
    /// Comes by itself, or with what `todo` says.
    Waiting,
    /// Does not come by itself.
    Broken,
}

/// A step of the set-up, or what GKE says of it in an event.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Step {
    /// How far it is
    pub state: State,
    /// What it is about
    pub title: String,
    /// What is known of it
    pub details: Vec<String>,
    /// What to do
    #[serde(rename = "todo")]
    pub help: Vec<String>,
    /// How long it usually takes, if it is waited for
    pub usually: Option<&'static str>,
    /// Whether other steps wait for this one.
    #[serde(skip)]
    pub(super) is_first: bool,
    /// What stands after `waiting for` or `broken:` if it is this step.
    #[serde(skip)]
    pub(super) verdict: String,
}

impl Step {
    pub(super) fn new(state: State, title: impl Into<String>) -> Self {
        let (details, help) = (Vec::new(), Vec::new());
        Self { state, title: title.into(), details, help, usually: None, is_first: false, verdict: String::new() }
    }

    pub(super) fn done(title: impl Into<String>) -> Self {
        Self::new(State::Done, title)
    }

    pub(super) fn note(title: impl Into<String>) -> Self {
        Self::new(State::Note, title)
    }

    pub(super) fn waiting(title: impl Into<String>, waiting_for: impl Into<String>) -> Self {
        Self { verdict: waiting_for.into(), ..Self::new(State::Waiting, title) }
    }

    pub(super) fn broken(title: impl Into<String>, what: impl Into<String>) -> Self {
        Self { verdict: what.into(), ..Self::new(State::Broken, title) }
    }

    pub(super) fn detail(mut self, detail: impl Into<String>) -> Self {
        self.details.push(detail.into());
        self
    }

    pub(super) fn help(mut self, help: impl Into<String>) -> Self {
        self.help.push(help.into());
        self
    }

    pub(super) fn usually(mut self, usually: &'static str) -> Self {
        self.usually = Some(usually);
        self
    }

    /// Other steps wait for this one.
    pub(super) fn first(self) -> Self {
        Self { is_first: true, ..self }
    }

    /// The first of its lines.
    #[must_use]
    pub fn head(&self) -> String {
        let mark = match self.state {
            State::Done => "ok",
            State::Note => "note",
            State::Event => "event",
            State::Waiting => "waiting",
            State::Broken => "broken",
        };
        format!("{mark:<7}  {}", one_line(&self.title))
    }

    /// All of its lines.
    #[must_use]
    pub fn lines(&self, wait_hint: bool) -> Vec<String> {
        let details = self.details.iter().map(|detail| format!("{INDENT}{}", one_line(detail)));
        let help = self.help.iter().map(|help| format!("{INDENT}to do: {}", one_line(help)));
        let usually = self.usually.filter(|_| wait_hint).map(|usually| format!("{INDENT}usually: {usually}"));
        [self.head()].into_iter().chain(details).chain(help).chain(usually).collect()
    }
}

/// As far as the marks reach.
const INDENT: &str = "         ";
