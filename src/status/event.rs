//! The warnings of GKE's controllers, the latest first.

use serde_json::Value;

use super::objects::Objects;
use super::step::INDENT;
use crate::gke::event::{self, Cause, Course};
use crate::kube::object::same_namespace;
use crate::kube::value::{str_at, value_at};
use crate::text::one_line;

/// A warning about one of our objects.
#[derive(Debug)]
pub(super) struct Warning<'v> {
    time: &'v str,
    kind: &'v str,
    name: &'v str,
    reason: &'v str,
    message: &'v str,
    pub(super) cause: Option<&'static Cause>,
    /// Nothing has happened to the object since.
    is_last: bool,
}

/// An object that events may be about.
#[derive(Debug)]
pub(super) struct About<'v> {
    pub(super) kind: &'static str,
    pub(super) name: &'v str,
    pub(super) namespace: Option<&'v str>,
}

/// The warnings about these objects: of each, the latest of a kind.
pub(super) fn warnings<'v>(objects: &Objects<'v>, about: &[About<'_>]) -> Vec<Warning<'v>> {
    let concerns = |event: &&'v Value| {
        let involved = involved(event);
        let of = |key| involved.and_then(|object| object.get(key)?.as_str());
        about.iter().any(|object| {
            of("kind") == Some(object.kind)
                && of("name") == Some(object.name)
                && same_namespace(of("namespace"), object.namespace)
        })
    };
    let events: Vec<_> = objects.of_kind("Event").filter(concerns).collect();
    let mut warnings: Vec<Warning<'v>> = Vec::new();
    for event in &events {
        let message = str_at(event, "/message").or_else(|| str_at(event, "/note")).unwrap_or_default();
        let reason = str_at(event, "/reason").unwrap_or_default();
        let cause = event::cause(reason, message);
        // The firewall's is none by its type.
        if str_at(event, "/type") != Some("Warning") && cause.is_none_or(|cause| cause.course != Course::Passes) {
            continue;
        }
        let time = time(event);
        let followed = |other: &&Value| {
            str_at(other, "/type") == Some("Normal") && involved(other) == involved(event) && self::time(other) > time
        };
        let is_last = !events.iter().any(followed);
        let of = |key| involved(event).and_then(|object| object.get(key)?.as_str()).unwrap_or_default();
        warnings.push(Warning { time, kind: of("kind"), name: of("name"), reason, message, cause, is_last });
    }
    warnings.sort_by(|one, other| other.time.cmp(one.time));
    let mut shown: Vec<Warning<'v>> = Vec::new();
    for warning in warnings {
        if !shown.iter().any(|other| warning.says_the_same_as(other)) {
            shown.push(warning);
        }
    }
    shown
}

fn involved(event: &Value) -> Option<&Value> {
    value_at(event, "/involvedObject").or_else(|| value_at(event, "/regarding"))
}

/// When it was last seen. All are in UTC, so that they sort as texts.
fn time(event: &Value) -> &str {
    ["/series/lastObservedTime", "/lastTimestamp", "/deprecatedLastTimestamp", "/eventTime", "/firstTimestamp"]
        .iter()
        .find_map(|path| str_at(event, path))
        .or_else(|| str_at(event, "/metadata/creationTimestamp"))
        .unwrap_or_default()
}

impl Warning<'_> {
    fn says_the_same_as(&self, other: &Self) -> bool {
        let same_words = match (self.cause, other.cause) {
            (Some(one), Some(other)) => std::ptr::eq(one, other),
            (None, None) => self.message == other.message,
            _ => false,
        };
        same_words && (self.kind, self.name) == (other.kind, other.name)
    }

    /// Whether the set-up stands still for it, as far as the objects tell.
    pub(super) fn stops(&self, is_there: impl Fn(&str) -> bool) -> bool {
        self.is_last
            && self.cause.is_some_and(|cause| match cause.course {
                Course::Stays => true,
                // Helm makes objects of foreign kinds after the Ingress: the first look finds nothing.
                Course::UntilThere(kind) => !is_there(kind),
                Course::Passes => false,
            })
    }

    pub(super) fn lines(&self) -> Vec<String> {
        let Self { time, kind, name, reason, message, .. } = self;
        let time = if time.is_empty() { "at some time" } else { time };
        let mut lines = vec![
            one_line(&format!("event    {time} {reason}, {kind} {name}")),
            format!("{INDENT}{}", one_line(message)),
        ];
        if let Some(cause) = self.cause {
            lines.push(format!("{INDENT}cause: {}: {}", cause.what, cause.why));
        }
        if !self.is_last {
            lines.push(format!("{INDENT}GKE has gone on since"));
        } else if let Some(cause) = self.cause {
            lines.push(format!("{INDENT}to do: {}", cause.help));
        }
        lines
    }
}
