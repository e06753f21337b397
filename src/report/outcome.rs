//! What a run ends with: what is printed where, and the exit status.

use anstream::adapter::strip_str;

use crate::input::Input;
use crate::stream::Pieces;
use crate::yaml;

/// Everything that a run tells; `main` prints it.
#[derive(Debug)]
pub struct Outcome {
    /// All of stdout, written at once.
    pub stdout: Stdout,
    /// All of stderr, coloured; `anstream` takes the colours out where they are not wanted.
    pub stderr: String,
    /// The exit status.
    pub status: Status,
}

/// What goes to stdout.
#[derive(Debug, Default)]
pub struct Stdout {
    input: Input,
    pieces: Pieces,
    /// Whether its reader may stop early, as `head` does: then nothing is lost that somebody waits for.
    pub may_be_cut: bool,
}

impl Stdout {
    /// Pieces of the input, and new ones.
    #[must_use]
    pub fn of(input: Input, pieces: Pieces) -> Self {
        Self { input, pieces, may_be_cut: false }
    }

    /// The texts to write, none of them empty.
    pub fn slices(&self) -> impl Iterator<Item = &[u8]> {
        self.pieces.slices(&self.input)
    }
}

impl From<Vec<u8>> for Stdout {
    fn from(text: Vec<u8>) -> Self {
        Self { input: Input::default(), pieces: text.into(), may_be_cut: false }
    }
}

/// Exit statuses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Status {
    /// stdout is complete.
    Done = 0,
    /// The input cannot be rewritten, or reading or writing failed; or `status` finds the set-up broken.
    Refused = 1,
    /// Wrong usage, as clap has it.
    Usage = 2,
    /// Not as wanted yet: `diff --exit-code` found changes, or `status` something to wait for.
    Pending = 3,
}

impl Outcome {
    /// Complete output.
    #[must_use]
    pub fn done(stdout: Vec<u8>) -> Self {
        Self { stdout: stdout.into(), stderr: String::new(), status: Status::Done }
    }

    /// A failure; nothing goes to stdout.
    #[must_use]
    pub fn failed(status: Status, stderr: String) -> Self {
        Self { stdout: Stdout::default(), stderr, status }
    }

    /// A failure as a stream that Helm 4 cannot take for manifests, and shows.
    ///
    /// Helm 4 throws a plugin's stderr away, also when it fails. A document that is no
    /// mapping makes it stop before it has done anything, and print that document.
    #[must_use]
    pub fn in_band(self) -> Self {
        if self.status == Status::Done {
            return self;
        }
        let message = strip_str(&self.stderr).to_string();
        Self {
            stdout: yaml::literal_document(&own_name_first(&message)).into_bytes().into(),
            stderr: self.stderr,
            status: Status::Done,
        }
    }
}

/// A message that is shown beside those of other programs.
#[must_use]
pub fn own_name_first(message: &str) -> String {
    format!("{}: {message}", crate::cli::NAME)
}
