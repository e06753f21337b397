//! Durations of `wait`, as they are written and as they are told.

use std::str::FromStr;
use std::time::Duration;

use crate::settings::seconds;

/// From `MIN` to `MAX` milliseconds, written like `10s`, `1h30m` or `500ms`; a number alone is of seconds.
#[derive(Debug, Clone, Copy)]
pub struct Span<const MIN: u64, const MAX: u64>(Duration);

/// How long to wait at most: a week, as of `kubectl wait`.
pub type Patience = Span<1, { 7 * 24 * 3_600_000 }>;

/// The pause between two looks.
pub type Interval = Span<10, 3_600_000>;

/// Why a text is not such a duration.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[allow(missing_docs, reason = "the message of each variant is its documentation")]
pub enum SpanError {
    #[error("not a duration: write it like 10s, 20m, 1h30m or 500ms")]
    Form,
    #[error("from {} to {}, not {}", short(*min), short(*max), short(*found))]
    Bounds { min: Duration, max: Duration, found: Duration },
}

impl<const MIN: u64, const MAX: u64> Span<MIN, MAX> {
    /// The duration.
    #[must_use]
    pub fn get(self) -> Duration {
        self.0
    }
}

impl<const MIN: u64, const MAX: u64> FromStr for Span<MIN, MAX> {
    type Err = SpanError;

    fn from_str(text: &str) -> Result<Self, SpanError> {
        const UNITS: [(&str, u64); 4] = [("h", 3_600_000), ("m", 60_000), ("s", 1000), ("ms", 1)];
        let milliseconds = seconds::sum(text.trim(), &UNITS).ok_or(SpanError::Form)?;
        let [min, max, found] = [MIN, MAX, milliseconds].map(Duration::from_millis);
        if found < min || found > max {
            return Err(SpanError::Bounds { min, max, found });
        }
        Ok(Self(found))
    }
}

/// A duration for people: `45s`, `1m20s`, `1h5m`, `7d`; below a second in milliseconds.
#[must_use]
pub fn short(duration: Duration) -> String {
    let seconds = (duration + Duration::from_millis(500)).as_secs();
    let of = |large: u64, unit: &str, small: u64, below: &str| match small {
        0 => format!("{large}{unit}"),
        _ => format!("{large}{unit}{small}{below}"),
    };
    match seconds {
        _ if !duration.is_zero() && duration.as_secs() == 0 => format!("{}ms", duration.as_millis()),
        0..60 => format!("{seconds}s"),
        60..3600 => of(seconds / 60, "m", seconds % 60, "s"),
        3600..86_400 => of(seconds / 3600, "h", seconds % 3600 / 60, "m"),
        _ => of(seconds / 86_400, "d", seconds % 86_400 / 3600, "h"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn read_and_told() {
        for (text, told) in [
            ("10", Some("10s")),
            ("10s", Some("10s")),
            ("90m", Some("1h30m")),
            ("1m20s", Some("1m20s")),
            ("60s", Some("1m")),
            ("50ms", Some("50ms")),
            ("1s500ms", Some("2s")),
            ("999ms", Some("999ms")),
            ("168h", Some("7d")),
            ("169h", None),
            ("0", None),
            ("0ms", None),
            ("", None),
            ("ms", None),
            ("5ms1s", None),
            ("1.5s", None),
            ("-1s", None),
            ("99999999999999999999", None),
            ("18446744073709551615", None),
        ] {
            let read = text.parse::<Patience>().map(|span| short(span.get())).ok();
            assert_eq!(read.as_deref(), told, "{text}");
        }
        let error = "5ms".parse::<Interval>().expect_err("too short");
        assert_eq!(error.to_string(), "from 10ms to 1h, not 5ms");
    }
}
