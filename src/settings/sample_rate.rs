//! How many of the requests the load balancer logs.

use std::fmt;
use std::str::FromStr;

use super::text::deserialize_from_text;

/// A part of all requests, from 0 (none) to 1 (all).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SampleRate(f64);

impl SampleRate {
    /// The part.
    #[must_use]
    pub fn get(self) -> f64 {
        self.0
    }
}

impl FromStr for SampleRate {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.parse() {
            Ok(rate) if (0.0..=1.0).contains(&rate) => Ok(Self(rate)),
            _ => Err("not a number from 0 (log nothing) to 1 (log every request)"),
        }
    }
}

impl fmt::Display for SampleRate {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

deserialize_from_text!(SampleRate, {"type": "number", "minimum": 0, "maximum": 1});
