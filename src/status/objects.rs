//! The live objects, found by kind and name.

use std::collections::HashMap;

use serde_json::Value;

use crate::kube::object::Object as _;

/// The objects of the input.
#[derive(Debug)]
pub(super) struct Objects<'v>(HashMap<&'v str, Vec<&'v Value>>);

impl<'v> Objects<'v> {
    pub(super) fn of(all: &'v [Value]) -> Self {
        let mut by_kind: HashMap<_, Vec<_>> = HashMap::new();
        for object in all {
            by_kind.entry(object.kind()).or_default().push(object);
        }
        Self(by_kind)
    }

    pub(super) fn of_kind(&self, kind: &str) -> impl Iterator<Item = &'v Value> {
        self.0.get(kind).into_iter().flatten().copied()
    }

    pub(super) fn find(&self, kind: &str, name: &str, namespace: Option<&str>) -> Option<&'v Value> {
        self.of_kind(kind).find(|object| object.name() == Some(name) && object.shares_namespace(namespace))
    }

    pub(super) fn has(&self, kind: &str, name: &str, namespace: Option<&str>) -> bool {
        self.find(kind, name, namespace).is_some()
    }
}
