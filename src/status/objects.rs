//! The live objects, found by kind and name.

use std::collections::HashMap;

use serde_json::Value;

use crate::kube::object::Object as _;
use crate::kube::value::str_at;

/// The objects of the input.
#[derive(Debug)]
pub(super) struct Objects<'v> {
    by_kind: HashMap<&'v str, Vec<&'v Value>>,
    by_name: HashMap<(&'v str, &'v str), Vec<&'v Value>>,
}

impl<'v> Objects<'v> {
    pub(super) fn of(all: &'v [Value]) -> Self {
        let (mut by_kind, mut by_name): (HashMap<_, Vec<_>>, HashMap<_, Vec<_>>) = Default::default();
        for object in all {
            by_kind.entry(object.kind()).or_default().push(object);
            by_name.entry((object.kind(), object.name().unwrap_or_default())).or_default().push(object);
        }
        Self { by_kind, by_name }
    }

    pub(super) fn of_kind(&self, kind: &str) -> impl Iterator<Item = &'v Value> {
        self.by_kind.get(kind).into_iter().flatten().copied()
    }

    pub(super) fn find(&self, kind: &str, name: &str, namespace: Option<&str>) -> Option<&'v Value> {
        let mut named = self.by_name.get(&(kind, name)).into_iter().flatten();
        named.find(|object| object.shares_namespace(namespace)).copied()
    }

    pub(super) fn has(&self, kind: &str, name: &str, namespace: Option<&str>) -> bool {
        self.find(kind, name, namespace).is_some()
    }
}

/// Since when an object is being deleted: it is there until its finalizers are gone.
pub(super) fn leaving(object: &Value) -> Option<&str> {
    str_at(object, "/metadata/deletionTimestamp")
}
