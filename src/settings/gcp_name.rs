//! The name of a resource of Google Cloud.

use std::str::FromStr;

use super::text::{deserialize_from_text, shown_as_text};

/// A Compute Engine resource name (RFC 1035): what addresses, SSL certificates, SSL
/// policies and Cloud Armor policies are called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GcpName(String);

impl FromStr for GcpName {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        if text.len() <= 63
            && text.starts_with(|c: char| c.is_ascii_lowercase())
            && text.bytes().all(allowed)
            && !text.ends_with('-')
        {
            Ok(Self(text.to_owned()))
        } else {
            Err("not the name of a Google Cloud resource: a lower-case letter, then lower-case letters, digits and \
                inner hyphens, at most 63 characters")
        }
    }
}

shown_as_text!(GcpName);
deserialize_from_text!(GcpName, {
    "type": "string",
    "pattern": "^[a-z]([-a-z0-9]{0,61}[a-z0-9])?$"
});
