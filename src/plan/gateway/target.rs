//! What a policy is about: an object in its own namespace. The group must be there, and is empty for a Service.

use serde_json::{Value, json};

use crate::gke::kind::Kind;

pub(super) fn of(kind: &Kind, name: &str) -> Value {
    json!({"group": kind.group(), "kind": kind.name, "name": name})
}
