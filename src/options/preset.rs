//! What a preset asks for.

use super::{Field, Options};
use crate::settings::Preset;

/// One option of a preset.
#[derive(Debug)]
pub struct Choice {
    /// Which.
    pub field: Field,
    /// What it says.
    pub value: &'static str,
    /// Why.
    pub why: &'static str,
    /// It is left to GKE, or to what is asked for, where one of these is given.
    unless: &'static [Field],
}

/// Defaults for a release that people depend on. GKE's own suit short requests to web servers.
const PRODUCTION: &[Choice] = &[
    Choice {
        field: Field::TIMEOUT,
        value: "1h",
        why: "By default calls end after 30 seconds, which cuts long searches, inserts and index builds",
        unless: &[],
    },
    Choice {
        field: Field::REDIRECT_HTTP,
        value: "true",
        why: "By default port 80 stays open, without TLS: with `--rest` passwords cross it in clear text. Not with \
            `--internal`, which has no port 80, or with `--gateway-ref`, where it is up to its owner",
        unless: &[Field::HTTPS_ONLY, Field::INTERNAL, Field::GATEWAY_REF],
    },
    Choice {
        field: Field::DRAIN,
        value: "60s",
        why: "By default calls are cut at once when a pod ends, as in every upgrade",
        unless: &[],
    },
    Choice {
        field: Field::HEALTH_INTERVAL,
        value: "10s",
        why: "By default GKE checks a failing pod again only after 15 seconds. Not with a Gateway, where it is 5",
        unless: &[Field::HEALTH_TIMEOUT, Field::GATEWAY, Field::GATEWAY_REF],
    },
    Choice {
        field: Field::HEALTH_TIMEOUT,
        value: "5s",
        why: "A pod that needs longer to answer `/healthz` is not healthy. GKE's default is 15 seconds. Not with a \
            Gateway, where it is 5",
        unless: &[Field::HEALTH_INTERVAL, Field::GATEWAY, Field::GATEWAY_REF],
    },
];

impl Preset {
    /// What it asks for.
    #[must_use]
    pub fn choices(self) -> &'static [Choice] {
        match self {
            Self::Production => PRODUCTION,
        }
    }

    /// Its options, as far as those that are given leave room for them.
    pub(super) fn beside(self, options: &Options) -> Options {
        let is_open = |choice: &&Choice| !choice.unless.iter().any(|field| options.asks_for(*field));
        let choices = self.choices().iter().filter(is_open);
        let value = |text: &str| text.parse().map_or_else(|_| text.into(), serde_json::Value::Bool);
        let fields = choices.map(|choice| (choice.field.name(), value(choice.value)));
        serde_json::from_value(serde_json::Value::Object(fields.collect())).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_choice_is_an_option() {
        let options = Preset::Production.beside(&Options::default());
        let missing = PRODUCTION.iter().find(|choice| !options.asks_for(choice.field));
        assert!(missing.is_none(), "{missing:?} in {options:?}");
    }
}
