//! Where an HTTPRoute leads, and what of a Gateway it attaches to (Gateway API v1, `HTTPRouteSpec`).

use serde_json::Value;

use super::object::{Object as _, same_namespace};
use super::value::{array_at, str_at, value_at};

/// An entry of `spec.rules[].backendRefs`.
#[derive(Debug, Clone, Copy)]
pub struct BackendRef<'v> {
    value: &'v Value,
    /// The namespace of the route.
    route: Option<&'v str>,
}

/// All backends of a route, in order.
pub fn backends(route: &Value) -> impl Iterator<Item = BackendRef<'_>> {
    array_at(route, "/spec/rules").flat_map(|rule| backends_of(route, rule))
}

/// The backends of one of its rules.
pub fn backends_of<'v>(route: &'v Value, rule: &'v Value) -> impl Iterator<Item = BackendRef<'v>> {
    array_at(rule, "/backendRefs").map(|value| BackendRef { value, route: route.namespace() })
}

impl<'v> BackendRef<'v> {
    /// `name`
    #[must_use]
    pub fn name(&self) -> Option<&'v str> {
        str_at(self.value, "/name")
    }

    /// `port`
    #[must_use]
    pub fn port(&self) -> Option<u64> {
        value_at(self.value, "/port").and_then(Value::as_u64)
    }

    /// The namespace that it is in: the route's, unless it names another.
    #[must_use]
    pub fn namespace(&self) -> Option<&'v str> {
        str_at(self.value, "/namespace").or(self.route)
    }

    /// Group and kind; by default those of a Service.
    #[must_use]
    pub fn kind(&self) -> (&'v str, &'v str) {
        (str_at(self.value, "/group").unwrap_or_default(), str_at(self.value, "/kind").unwrap_or("Service"))
    }

    /// Whether it is a Service.
    #[must_use]
    pub fn is_service(&self) -> bool {
        self.kind() == ("", "Service")
    }

    /// Whether it is the Service of this name and namespace.
    #[must_use]
    pub fn is(&self, service: &str, namespace: Option<&str>) -> bool {
        self.is_service() && self.name() == Some(service) && same_namespace(self.namespace(), namespace)
    }
}

/// Whether a route that names this `sectionName` attaches to a listener; without one it attaches to all.
#[must_use]
pub fn attaches(section: Option<&str>, listener: &Value) -> bool {
    section.is_none_or(|section| str_at(listener, "/name") == Some(section))
}
