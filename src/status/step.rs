//! One step of the set-up: how far it is, and how it is told.

use crate::text::one_line;

/// How far a step is. The later, the worse.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum State {
    /// As it should be.
    Done,
    /// Named, and not to be seen from here.
    Note,
    /// Comes by itself, or with what `help` says.
    Waiting,
    /// Does not come by itself.
    Broken,
}

/// A step of the set-up.
#[derive(Debug)]
pub(super) struct Step {
    pub(super) state: State,
    pub(super) title: String,
    pub(super) details: Vec<String>,
    /// What to do.
    pub(super) help: Vec<String>,
    /// How long it usually takes.
    pub(super) usually: Option<&'static str>,
    /// Whether other steps wait for this one.
    pub(super) is_first: bool,
    /// What stands behind `waiting for` or `broken:` if it is this step.
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

    /// The lines of the step.
    pub(super) fn lines(&self, wait_hint: bool) -> Vec<String> {
        let mark = match self.state {
            State::Done => "ok",
            State::Note => "note",
            State::Waiting => "waiting",
            State::Broken => "broken",
        };
        let details = self.details.iter().map(|detail| format!("{INDENT}{}", one_line(detail)));
        let help = self.help.iter().map(|help| format!("{INDENT}to do: {}", one_line(help)));
        let usually = self.usually.filter(|_| wait_hint && self.state == State::Waiting);
        let usually = usually.map(|usually| format!("{INDENT}usually: {usually}"));
        [format!("{mark:<7}  {}", one_line(&self.title))]
            .into_iter()
            .chain(details)
            .chain(help)
            .chain(usually)
            .collect()
    }
}

/// As far as the marks reach.
pub(super) const INDENT: &str = "         ";
