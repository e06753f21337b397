//! Why a text cannot be read or edited, and how much of one is read.

/// How deep a document may nest; libyaml's reader stops at the same depth.
pub(super) const MAX_DEPTH: usize = 127;

/// How many values a document may hold, keys and collections included: what is read of a document takes some hundred
/// bytes of memory for each. The API server does not accept an object of more than 3 MiB.
pub(super) const MAX_NODES: usize = 1_000_000;

/// Why a document cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ParseError {
    /// No YAML, by one of the two engines.
    #[error("{message}")]
    Syntax {
        /// 1-based line within the document.
        line: usize,
        /// The engine's words, without the position.
        message: String,
    },
    /// Nesting beyond 127 levels.
    #[error("nested deeper than {MAX_DEPTH} levels")]
    TooDeep {
        /// 1-based line within the document.
        line: usize,
    },
    /// More than a million values.
    #[error("more than {MAX_NODES} values in one document")]
    TooMany {
        /// 1-based line within the document.
        line: usize,
    },
    /// A second document in a text that should hold one.
    #[error("more than one YAML document in one text")]
    SeveralDocuments,
    /// The engines do not agree on where something stands.
    #[error("a YAML shape whose position cannot be told")]
    Misplaced {
        /// 1-based line within the document.
        line: usize,
    },
}

impl ParseError {
    /// The 1-based line within the document that the error is about.
    #[must_use]
    pub fn line(&self) -> usize {
        match self {
            Self::Syntax { line, .. } | Self::TooDeep { line } | Self::TooMany { line } | Self::Misplaced { line } => {
                *line
            }
            Self::SeveralDocuments => 1,
        }
    }
}

/// Why a document cannot be edited.
#[derive(Debug, thiserror::Error)]
pub enum EditError {
    /// The patch does not fit the value.
    #[error(transparent)]
    Patch(#[from] json_patch::PatchError),
    /// A part of the document could be read, but not the whole, which the edit needs; or only the judge cannot read it.
    #[error(transparent)]
    Parse(#[from] ParseError),
    /// The YAML shape leaves no place for the edit.
    #[error("{0}")]
    Unsupported(&'static str),
    /// The edited text does not read as wanted.
    #[error("the edited text would not read as wanted")]
    Proof,
}
