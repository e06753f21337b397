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

/// Reads the one document in `text`.
pub(super) fn parse(text: &str) -> Result<(Tree, Value), ParseError> {
    if let Some((tree, value)) = plain::parse(text) {
        debug_assert_eq!(
            Ok((&tree, Some(&value))),
            engine::parse(text).as_ref().map(|(tree, value)| (tree, value.as_ref())),
            "plain, to one reader:\n{text}"
        );
        return Ok((tree, value));
    }
    // The events come first: their depth cap protects the value reader, which is
    // quadratic on deeply nested flow collections.
    let (tree, value) = engine::parse(text)?;
    let value = value.map_or_else(|| value::read(text), Ok)?;
    Ok((tree, value))
}

/// The value of a text that is plainly written.
pub(super) fn plain(text: &str) -> Option<Value> {
    Some(plain::parse(text)?.1)
}
