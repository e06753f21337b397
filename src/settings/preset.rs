//! Options that are asked for together.

use std::fmt;
use std::str::FromStr;

use super::text::deserialize_from_text;

/// The value of `--preset`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Preset {
    /// For a release that people depend on.
    Production,
}

impl FromStr for Preset {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "production" => Ok(Self::Production),
            _ => Err("the only preset is `production`"),
        }
    }
}

impl fmt::Display for Preset {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("production")
    }
}

deserialize_from_text!(Preset, {"enum": ["production"]});
