//! JSON pointers into the value of an object.

use base64ct::{Base64, Encoding as _};
use json_patch::jsonptr::PointerBuf;
use serde_json::Value;

/// The value at `path`, such as `/metadata/name`; no key in it is escaped.
#[must_use]
pub fn value_at<'v>(value: &'v Value, path: &str) -> Option<&'v Value> {
    path.split('/').skip(1).try_fold(value, |value, key| value.get(key))
}

/// The value at `path` if it is not null, which the API server takes for nothing.
#[must_use]
pub fn set_at<'v>(value: &'v Value, path: &str) -> Option<&'v Value> {
    value_at(value, path).filter(|value| !value.is_null())
}

/// The string at `path`, if there is one.
#[must_use]
pub fn str_at<'v>(value: &'v Value, path: &str) -> Option<&'v str> {
    value_at(value, path)?.as_str()
}

/// The items of the array at `path`; none if it is not an array.
pub fn array_at<'v>(value: &'v Value, path: &str) -> impl Iterator<Item = &'v Value> + use<'v> {
    value_at(value, path).and_then(Value::as_array).into_iter().flatten()
}

/// The bytes of a text in base64, as Go reads it: line breaks do not count.
#[must_use]
pub fn base64(text: &str) -> Option<Vec<u8>> {
    let text: String = text.split(['\r', '\n']).collect();
    Base64::decode_vec(&text).ok()
}

/// A JSON pointer from its tokens, which are escaped.
#[must_use]
pub fn pointer<'t>(tokens: impl IntoIterator<Item = &'t str>) -> PointerBuf {
    PointerBuf::from_tokens(tokens)
}
