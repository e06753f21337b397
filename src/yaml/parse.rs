//! A text → where everything in it stands, and its value.
//!
//! Text in the few forms in which nearly every rendered line is written is read by `plain`,
//! everything else by `engine`. Neither is believed: what an edit makes of the text is read
//! by another engine (`yaml::proof`).

mod engine;
mod plain;

use serde_json::Value;

use super::error::ParseError;
use super::tree::Tree;
use super::value;

pub(super) use engine::check_limits;

/// What is read of a text.
#[derive(Debug)]
pub(super) struct Parsed {
    pub(super) tree: Tree,
    pub(super) value: Value,
    /// Whether it is plainly written: then an edit of it is, too, or is what we write ourselves.
    pub(super) is_plain: bool,
}

/// Reads the one document in `text`.
pub(super) fn parse(text: &str) -> Result<Parsed, ParseError> {
    if let Some((tree, value)) = plain::parse(text) {
        // Of large texts, which the tests of memory read, it would take as much again.
        debug_assert!(text.len() > 1 << 20 || agrees(text, &tree, &value), "plain, to one reader:\n{text}");
        return Ok(Parsed { tree, value, is_plain: true });
    }
    // The events come first: their depth cap protects the value reader, which is
    // quadratic on deeply nested flow collections.
    let (tree, value) = engine::parse(text)?;
    let value = value.map_or_else(|| value::read(text), Ok)?;
    Ok(Parsed { tree, value, is_plain: false })
}

/// The value of a text that is plainly written.
pub(super) fn plain(text: &str) -> Option<Value> {
    Some(plain::parse(text)?.1)
}

/// Whether the engine reads the same.
fn agrees(text: &str, tree: &Tree, value: &Value) -> bool {
    engine::parse(text)
        .is_ok_and(|(engine_tree, engine_value)| engine_tree == *tree && engine_value.as_ref() == Some(value))
}
