//! What `check` has found.

use json_patch::jsonptr::PointerBuf;

use super::rules::Rule;
use crate::kube::object::Existing;
use crate::kube::value::pointer;
use crate::report::place::{Place, Spot};

/// A rule that is broken, and where.
#[derive(Debug)]
pub struct Finding {
    /// Which rule.
    pub rule: &'static Rule,
    /// What was found.
    pub message: String,
    /// Where.
    pub place: Option<Place>,
    /// What to do here, if the rule's own words can be said better.
    fix: Option<String>,
}

impl Finding {
    /// In a place.
    pub(super) fn new(rule: &'static Rule, place: Option<Place>, message: impl Into<String>) -> Self {
        Self { rule, message: message.into(), place, fix: None }
    }

    /// At `path` of the object.
    pub(super) fn at(rule: &'static Rule, object: &Existing, path: PointerBuf, message: impl Into<String>) -> Self {
        Self::new(rule, Some(Place { document: object.id, spot: Spot::Path(path) }), message)
    }

    /// About the object as such.
    pub(super) fn of(rule: &'static Rule, object: &Existing, message: impl Into<String>) -> Self {
        Self::at(rule, object, pointer(["metadata", "name"]), message)
    }

    /// Says what to do better than the rule can.
    pub(super) fn with_fix(self, fix: impl Into<String>) -> Self {
        Self { fix: Some(fix.into()), ..self }
    }

    /// What to do.
    #[must_use]
    pub fn fix(&self) -> &str {
        self.fix.as_deref().unwrap_or(self.rule.fix)
    }

    /// The JSON pointer in the object.
    pub(super) fn path(&self) -> Option<String> {
        match &self.place.as_ref()?.spot {
            Spot::Path(path) => Some(path.to_string()),
            Spot::InText { text, .. } | Spot::LineInText { text, .. } => Some(text.to_string()),
            Spot::Whole | Spot::Line(_) => None,
        }
    }
}

/// What has been found so far.
#[derive(Debug, Default)]
pub(super) struct Findings(pub(super) Vec<Finding>);

impl Findings {
    pub(super) fn push(&mut self, finding: Finding) {
        self.0.push(finding);
    }

    /// As [`Finding::at`].
    pub(super) fn at(&mut self, rule: &'static Rule, object: &Existing, path: PointerBuf, message: impl Into<String>) {
        self.push(Finding::at(rule, object, path, message));
    }

    /// As [`Finding::of`].
    pub(super) fn object(&mut self, rule: &'static Rule, object: &Existing, message: impl Into<String>) {
        self.push(Finding::of(rule, object, message));
    }
}

/// Where an annotation is in its object.
pub(super) fn at_annotation(key: &str) -> PointerBuf {
    pointer(["metadata", "annotations", key])
}
