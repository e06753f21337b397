//! One of the next steps.

use std::fmt;

use serde::Serialize;

/// A step: what to do, and the commands for it.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Instruction {
    /// When it is done
    pub when: When,
    /// What to do
    pub words: String,
    /// Commands of a shell; one may have several lines
    pub commands: Vec<String>,
}

/// When a step is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum When {
    /// Before the upgrade
    Before,
    /// Before the upgrade of a release that is running already; a new one does not need it
    Running,
    /// The upgrade itself
    Upgrade,
    /// After the upgrade
    After,
    /// To get what was there before
    Back,
}

impl Instruction {
    pub(super) fn new(when: When, words: impl Into<String>) -> Self {
        Self { when, words: words.into(), commands: Vec::new() }
    }

    pub(super) fn run(mut self, command: impl Into<String>) -> Self {
        self.commands.push(command.into());
        self
    }
}

impl fmt::Display for When {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Before => "Before the upgrade",
            Self::Running => "If the release is running already",
            Self::Upgrade => "The upgrade",
            Self::After => "After the upgrade",
            Self::Back => "To go back",
        })
    }
}
