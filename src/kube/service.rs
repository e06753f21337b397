//! The ports of a Service.

use serde_json::Value;

use super::value::{array_at, set_at, str_at, value_at};

/// The type of a Service that lets clients in from outside the cluster.
pub const LOAD_BALANCER: &str = "LoadBalancer";

/// The longest name of a Service: a DNS label (RFC 1035).
pub const MAX_NAME: usize = 63;

/// A port of a Service.
#[derive(Debug, Clone, Copy)]
pub struct Port<'v> {
    /// Number in `spec.ports`.
    pub index: usize,
    /// The entry.
    pub value: &'v Value,
}

/// The ports of a Service.
pub fn ports<'v>(service: &'v Value) -> impl Iterator<Item = Port<'v>> + use<'v> {
    array_at(service, "/spec/ports").enumerate().map(|(index, value)| Port { index, value })
}

impl<'v> Port<'v> {
    /// `name`
    #[must_use]
    pub fn name(&self) -> Option<&'v str> {
        str_at(self.value, "/name").filter(|name| !name.is_empty())
    }

    /// `port`
    #[must_use]
    pub fn number(&self) -> Option<u64> {
        value_at(self.value, "/port")?.as_u64()
    }

    /// The number or name of a port of the pods; 0 and an empty name mean `port`.
    #[must_use]
    pub fn target(&self) -> Option<&'v Value> {
        let written = set_at(self.value, "/targetPort").filter(|target| **target != 0 && **target != "");
        written.or_else(|| value_at(self.value, "/port"))
    }
}
