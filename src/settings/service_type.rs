//! What becomes of the Service's type.

use std::fmt;
use std::str::FromStr;

use super::text::deserialize_from_text;

/// The value of `--service-type`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ServiceType {
    /// As in the guide.
    #[default]
    ClusterIp,
    /// The type and the fields that belong to it stay: the old load balancer of the
    /// Service and the new one run side by side.
    Keep,
}

impl FromStr for ServiceType {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "ClusterIP" => Ok(Self::ClusterIp),
            "keep" => Ok(Self::Keep),
            _ => Err("neither `ClusterIP` nor `keep`"),
        }
    }
}

impl fmt::Display for ServiceType {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::ClusterIp => "ClusterIP",
            Self::Keep => "keep",
        })
    }
}

deserialize_from_text!(ServiceType, {"enum": ["ClusterIP", "keep"]});
