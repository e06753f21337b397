//! A duration in whole seconds, within the bounds of the field it is for.

use std::fmt;
use std::str::FromStr;

use serde::Serialize;

/// Seconds from `MIN` to `MAX`, written as people do: `90`, `90s`, `2m`, `1h`, `1h30m`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct Seconds<const MIN: u32, const MAX: u32>(u32);

/// Why a text is not such a duration.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[allow(missing_docs, reason = "the message of each variant is its documentation")]
pub enum SecondsError {
    #[error("not a duration: write it like 90s, 2m, 1h or 1h30m")]
    Form,
    #[error("from {min}s to {max}s, not {seconds}s")]
    Bounds { min: u32, max: u32, seconds: u64 },
}

impl<const MIN: u32, const MAX: u32> Seconds<MIN, MAX> {
    /// The number of seconds, or the nearest bound.
    #[must_use]
    pub fn nearest(seconds: u32) -> Self {
        Self(seconds.clamp(MIN, MAX))
    }

    /// The number of seconds.
    #[must_use]
    pub fn get(self) -> u32 {
        self.0
    }
}

impl<const MIN: u32, const MAX: u32> FromStr for Seconds<MIN, MAX> {
    type Err = SecondsError;

    fn from_str(text: &str) -> Result<Self, SecondsError> {
        let seconds = sum(text.trim(), &UNITS).ok_or(SecondsError::Form)?;
        match u32::try_from(seconds) {
            Ok(within) if (MIN..=MAX).contains(&within) => Ok(Self(within)),
            _ => Err(SecondsError::Bounds { min: MIN, max: MAX, seconds }),
        }
    }
}

/// Units and their lengths in seconds, the largest first.
const UNITS: [(&str, u64); 3] = [("h", 3600), ("m", 60), ("s", 1)];

/// A sum of numbers with units, in the order of `units`, of which the smallest is 1; a number alone is of seconds.
pub(crate) fn sum(text: &str, units: &[(&str, u64)]) -> Option<u64> {
    if let Ok(seconds) = text.parse::<u64>() {
        let (_, second) = units.iter().find(|(unit, _)| *unit == "s")?;
        return seconds.checked_mul(*second);
    }
    let mut rest = text;
    let mut total: u64 = 0;
    for (unit, length) in units {
        let (number, after) = rest.split_at(rest.bytes().take_while(u8::is_ascii_digit).count());
        // What goes on with a letter is another unit, as `ms` is not `m`.
        let after =
            after.strip_prefix(unit).filter(|after| !after.starts_with(|next: char| next.is_ascii_alphabetic()));
        if let Some(after) = after {
            total = total.checked_add(number.parse::<u64>().ok()?.checked_mul(*length)?)?;
            rest = after;
        }
    }
    (rest.is_empty() && !text.is_empty()).then_some(total)
}

impl<const MIN: u32, const MAX: u32> fmt::Display for Seconds<MIN, MAX> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}s", self.0)
    }
}

super::text::deserialize_from_text!([const MIN: u32, const MAX: u32] Seconds<MIN, MAX>, {
    "anyOf": [
        {"type": "integer", "minimum": MIN, "maximum": MAX},
        {"type": "string", "pattern": "^([0-9]+h)?([0-9]+m)?([0-9]+s?)?$"}
    ]
});

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations() {
        let read = |text: &str| text.parse::<Seconds<1, 7200>>().map(Seconds::get).ok();
        for (text, expected) in [
            ("90", Some(90)),
            ("90s", Some(90)),
            ("2m", Some(120)),
            ("1h", Some(3600)),
            ("1h30m", Some(5400)),
            ("1h0m5s", Some(3605)),
            ("0s", None),
            ("3h", None),
            ("", None),
            ("h", None),
            ("1.5h", None),
            ("5m1h", None),
            ("1d", None),
            ("-1s", None),
            ("99999999999999999999h", None),
        ] {
            assert_eq!(read(text), expected, "{text}");
        }
    }
}
