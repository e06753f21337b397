//! The name of a Kubernetes object.

use std::str::FromStr;

use super::text::{deserialize_from_text, shown_as_text};
use crate::host::is_label_of_any_length;

/// An RFC 1123 subdomain: what Kubernetes takes as the name of a Secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectName(String);

impl FromStr for ObjectName {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        // Unlike a host's, these labels have no length limit of their own.
        if text.len() <= 253 && text.split('.').all(is_label_of_any_length) {
            Ok(Self(text.to_owned()))
        } else {
            Err("not a Kubernetes name: lower-case letters, digits, inner hyphens and dots, at most 253 characters")
        }
    }
}

shown_as_text!(ObjectName);
deserialize_from_text!(ObjectName, {
    "type": "string",
    "maxLength": 253,
    "pattern": r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$"
});
