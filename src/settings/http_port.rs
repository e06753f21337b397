//! What becomes of Milvus's HTTP server (REST API).

use std::fmt;
use std::num::NonZeroU16;
use std::str::FromStr;

use super::text::deserialize_from_text;

/// The value of `--http-port`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HttpPort {
    /// `proxy.http.port`
    Port(NonZeroU16),
    /// `proxy.http.enabled: false`
    Off,
    /// Whatever the chart says stays.
    Keep,
}

impl FromStr for HttpPort {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "off" => Ok(Self::Off),
            "keep" => Ok(Self::Keep),
            port => port.parse().map(Self::Port).map_err(|_| "not a port from 1 to 65535, `off` or `keep`"),
        }
    }
}

impl fmt::Display for HttpPort {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Port(port) => port.fmt(formatter),
            Self::Off => formatter.write_str("off"),
            Self::Keep => formatter.write_str("keep"),
        }
    }
}

deserialize_from_text!(HttpPort, {
    "anyOf": [{"type": "integer", "minimum": 1, "maximum": 65535}, {"enum": ["off", "keep"]}]
});
