//! Where another program reaches Milvus.

use std::str::FromStr;

use super::text::{deserialize_from_text, shown_as_text};

/// An address as Attu takes it: `https://milvus.example.com:443`. With `https` Attu speaks TLS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MilvusUrl(String);

impl FromStr for MilvusUrl {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let rest = text.strip_prefix("https://").ok_or("not an https:// address: Milvus speaks TLS")?;
        let authority = rest.split('/').next().unwrap_or_default();
        if authority.is_empty() || text.contains(|c: char| c.is_whitespace() || c.is_control()) {
            return Err("no host after https://");
        }
        Ok(Self(text.to_owned()))
    }
}

shown_as_text!(MilvusUrl);
deserialize_from_text!(MilvusUrl, {"type": "string", "pattern": "^https://[^/\\s]+"});
