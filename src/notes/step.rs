//! One of the next steps.

use serde::Serialize;

/// A step: what to do, and the commands for it.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Step {
    /// What to do
    pub words: String,
    /// Commands of a shell; one may have several lines
    pub commands: Vec<String>,
}

impl Step {
    pub(super) fn new(words: impl Into<String>) -> Self {
        Self { words: words.into(), commands: Vec::new() }
    }

    pub(super) fn run(mut self, command: impl Into<String>) -> Self {
        self.commands.push(command.into());
        self
    }
}
