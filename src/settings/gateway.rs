//! What a Gateway is asked for, as a configuration says it.

use std::fmt;
use std::str::FromStr;

use super::object_name::ObjectName;
use super::text::deserialize_from_text;
use crate::gke::gateway::{GatewayClass, Protocol};

deserialize_from_text!(GatewayClass, {
    "enum": ["gke-l7-global-external-managed", "gke-l7-regional-external-managed", "gke-l7-rilb", "gke-l7-gxlb"]
});

deserialize_from_text!(Protocol, {"enum": ["tls", "h2c"]});

/// A Gateway that exists: `[NAMESPACE/]NAME[:LISTENER]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GatewayRef {
    /// Its namespace, if it is not the Service's.
    pub namespace: Option<ObjectName>,
    /// Its name.
    pub name: ObjectName,
    /// The listener that is to serve the hosts; otherwise all do whose host fits.
    pub listener: Option<ObjectName>,
}

impl FromStr for GatewayRef {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = |_| "not [NAMESPACE/]NAME[:LISTENER], each of them a Kubernetes name";
        let (namespace, rest) = match text.split_once('/') {
            Some((namespace, rest)) => (Some(namespace.parse().map_err(wrong)?), rest),
            None => (None, text),
        };
        let (name, listener) = match rest.split_once(':') {
            Some((name, listener)) => (name, Some(listener.parse().map_err(wrong)?)),
            None => (rest, None),
        };
        Ok(Self { namespace, name: name.parse().map_err(wrong)?, listener })
    }
}

impl fmt::Display for GatewayRef {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(namespace) = &self.namespace {
            write!(formatter, "{namespace}/")?;
        }
        self.name.fmt(formatter)?;
        self.listener.as_ref().map_or(Ok(()), |listener| write!(formatter, ":{listener}"))
    }
}

deserialize_from_text!(GatewayRef, {
    "type": "string",
    "pattern": "^([-a-z0-9.]+/)?[-a-z0-9.]+(:[-a-z0-9.]+)?$"
});
