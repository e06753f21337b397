//! The warnings of GKE's controllers, the latest first.

use std::collections::{HashMap, HashSet};

use serde_json::Value;

use super::objects::Objects;
use super::step::{State, Step};
use crate::gke::event::{self, Awaited, Cause, Course};
use crate::kube::object::same_namespace;
use crate::kube::value::{str_at, value_at};

/// A warning about one of our objects.
#[derive(Debug)]
pub(super) struct Warning<'v> {
    /// Number of the object.
    pub(super) about: usize,
    time: &'v str,
    kind: &'v str,
    name: &'v str,
    reason: &'v str,
    message: &'v str,
    pub(super) cause: Option<&'static Cause>,
    since: Since<'v>,
}

/// What has happened to the object since.
#[derive(Debug, Clone, Copy)]
enum Since<'v> {
    /// Nothing.
    Nothing,
    /// GKE has announced another attempt at this time, of which nothing is known.
    Announced(&'v str),
    /// GKE has got further.
    GoneOn,
}

/// An object that events may be about.
#[derive(Debug)]
pub(super) struct About<'v> {
    pub(super) kind: &'static str,
    pub(super) name: &'v str,
    pub(super) namespace: Option<&'v str>,
}

/// The warnings about these objects: of each, the latest of a kind.
pub(super) fn warnings<'v>(objects: &Objects<'v>, about: &[About<'v>]) -> Vec<Warning<'v>> {
    let mut by_name: HashMap<_, Vec<_>> = HashMap::new();
    for (index, object) in about.iter().enumerate() {
        let uid = objects.find(object.kind, object.name, object.namespace).and_then(uid);
        by_name.entry((object.kind, object.name)).or_default().push((index, object.namespace, uid));
    }
    let concerns = |event: &&'v Value| {
        let involved = Involved::of(event);
        // An object of the same name that is gone had another uid. `resourceVersion` differs from event to event.
        let is_it = |namespace, uid| same_namespace(involved.namespace, namespace) && same_namespace(involved.uid, uid);
        let candidates = by_name.get(&(involved.kind, involved.name)).into_iter().flatten();
        let mut found = candidates.filter(|(_, namespace, uid)| is_it(*namespace, *uid));
        found.next().map(|(index, ..)| *index)
    };
    let events: Vec<_> = objects.of_kind("Event").filter_map(|event| Some((concerns(&event)?, event))).collect();
    let mut latest: HashMap<usize, Vec<&Value>> = HashMap::new();
    for (index, event) in &events {
        let is_gkes = !event::is_cert_managers(str_at(event, "/reason").unwrap_or_default());
        if str_at(event, "/type") == Some("Normal") && is_gkes {
            latest.entry(*index).or_default().push(event);
        }
    }
    let mut warnings = Vec::new();
    for &(about, event) in &events {
        let reason = str_at(event, "/reason").unwrap_or_default();
        let message = message(event);
        let cause = event::cause(reason, message);
        // The firewall's is none by its type.
        if str_at(event, "/type") != Some("Warning") && cause.is_none_or(|cause| cause.course != Course::Passes) {
            continue;
        }
        let Involved { kind, name, .. } = Involved::of(event);
        let since = since(event, latest.get(&about).map_or(&[], Vec::as_slice));
        warnings.push(Warning { about, time: time(event), kind, name, reason, message, cause, since });
    }
    warnings.sort_by(|one, other| moment(other.time).cmp(moment(one.time)));
    let mut said = HashSet::new();
    warnings.retain(|warning| said.insert(warning.says()));
    warnings
}

/// What the events of the same controller say later about the same object.
fn since<'v>(warning: &Value, normal: &[&'v Value]) -> Since<'v> {
    let (from, at) = (controller(warning), moment(time(warning)));
    let mut since = Since::Nothing;
    for event in normal.iter().filter(|event| same_namespace(controller(event), from) && moment(time(event)) > at) {
        match since {
            _ if !event::is_announcement(message(event)) => return Since::GoneOn,
            Since::Announced(before) if moment(before) >= moment(time(event)) => {}
            _ => since = Since::Announced(time(event)),
        }
    }
    since
}

/// What an event is about: in core/v1 `involvedObject`, in events.k8s.io/v1 `regarding`.
struct Involved<'v> {
    kind: &'v str,
    name: &'v str,
    namespace: Option<&'v str>,
    uid: Option<&'v str>,
}

impl<'v> Involved<'v> {
    fn of(event: &'v Value) -> Self {
        let object = value_at(event, "/involvedObject").or_else(|| value_at(event, "/regarding"));
        let of = |key| object.and_then(|object| object.get(key)?.as_str()).filter(|text| !text.is_empty());
        Self {
            kind: of("kind").unwrap_or_default(),
            name: of("name").unwrap_or_default(),
            namespace: of("namespace"),
            uid: of("uid"),
        }
    }
}

fn uid(object: &Value) -> Option<&str> {
    str_at(object, "/metadata/uid")
}

fn message(event: &Value) -> &str {
    str_at(event, "/message").or_else(|| str_at(event, "/note")).unwrap_or_default()
}

/// Who wrote it, if it says.
fn controller(event: &Value) -> Option<&str> {
    ["/source/component", "/deprecatedSource/component", "/reportingComponent", "/reportingController"]
        .iter()
        .find_map(|path| str_at(event, path).filter(|name| !name.is_empty()))
}

/// When it was last seen, in either API.
fn time(event: &Value) -> &str {
    const TIMES: [&str; 7] = [
        "/series/lastObservedTime",
        "/lastTimestamp",
        "/deprecatedLastTimestamp",
        "/eventTime",
        "/firstTimestamp",
        "/deprecatedFirstTimestamp",
        "/metadata/creationTimestamp",
    ];
    let times = TIMES.iter().filter_map(|path| str_at(event, path));
    times.max_by_key(|time| moment(time)).unwrap_or_default()
}

/// All are in UTC and sort as texts, whether they have a fraction of a second or not.
fn moment(time: &str) -> &str {
    time.trim_end_matches('Z')
}

impl<'v> Warning<'v> {
    fn says(&self) -> (usize, &'v str) {
        (self.about, self.cause.map_or(self.message, |cause| cause.what))
    }

    /// Whether the set-up stands still for it, as far as the objects tell.
    pub(super) fn stops(&self, may_come: impl Fn(Awaited) -> bool) -> bool {
        matches!(self.since, Since::Nothing)
            && self.cause.is_some_and(|cause| match cause.course {
                Course::Stays => true,
                Course::Until(awaited) => !may_come(awaited),
                Course::Passes => false,
            })
    }

    pub(super) fn told(&self) -> Step {
        let Self { time, kind, name, reason, message, .. } = self;
        let time = if time.is_empty() { "at some time" } else { time };
        let step = Step::new(State::Event, format!("{time} {reason}, {kind} {name}")).detail(*message);
        let step = match self.cause {
            Some(cause) => step.detail(format!("cause: {}: {}", cause.what, cause.why)),
            None => step.detail("cause: not known to this program; GKE retries on its own"),
        };
        match (self.since, self.cause) {
            (Since::GoneOn, _) => step.detail("GKE has continued since"),
            (Since::Announced(time), _) => step.detail(format!("GKE has announced another attempt at {time}")),
            (Since::Nothing, Some(cause)) => step.help(cause.help),
            (Since::Nothing, None) => step,
        }
    }
}
