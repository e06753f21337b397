//! What `check` says of the live objects: what GKE would not do as meant, it does not do here.

use std::collections::HashMap;

use serde_json::Value;

use super::objects::leaving;
use super::step::Step;
use crate::check;
use crate::kube::object::Object as _;
use crate::report::diagnostic::Severity;
use crate::stream::Stream;

/// Rules that say nothing of an object that is live: what is still to come is waited for, `kubectl` may ask for an
/// old version, and it may not have been asked for policies.
const NOT_LIVE: [&str; 3] = ["not-rewritten", "ingress-version", "gateway-health-missing"];

/// The errors in the live objects, one step for each object.
pub(super) fn steps<'v>(all: &'v [Value], release: Option<&str>) -> Vec<(&'v Value, Step)> {
    let live: Vec<_> = all.iter().filter(|object| object.kind() != "Event" && leaving(object).is_none()).collect();
    // Whatever form they came in: a document for each.
    let text = live.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n---\n");
    let stream = Stream::split(text.as_bytes());
    let by_document: HashMap<_, _> = stream.ids().zip(live).collect();
    let mut steps: Vec<(&Value, Step)> = Vec::new();
    let mut index = HashMap::new();
    for finding in check::check(&stream, release).unwrap_or_default() {
        let document = finding.place.as_ref().map(|place| place.document);
        let Some((document, &object)) = document.and_then(|id| Some((id, by_document.get(&id)?))) else { continue };
        if finding.rule.severity != Severity::Error || NOT_LIVE.contains(&finding.rule.id) {
            continue;
        }
        let at = *index.entry(document).or_insert_with(|| {
            let title = object.title().unwrap_or_default();
            let verdict = format!("{title}: {}", finding.message);
            steps.push((object, Step::broken(format!("{title}, see check"), verdict)));
            steps.len() - 1
        });
        if let Some((_, step)) = steps.get_mut(at) {
            step.details.push(format!("{}: {} ({})", finding.message, finding.rule.why, finding.rule.id));
            step.help.push(finding.fix().to_owned());
        }
    }
    steps
}
