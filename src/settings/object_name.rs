//! The name of a Kubernetes object.

use std::fmt;
use std::str::FromStr;

use super::text::deserialize_from_text;
use crate::host::is_label_of_any_length;

/// An RFC 1123 subdomain: what Kubernetes takes as the name of a Secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectName(String);

impl ObjectName {
    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

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

deserialize_from_text!(ObjectName, {
    "type": "string",
    "maxLength": 253,
    "pattern": r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$"
});

impl fmt::Display for ObjectName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}
