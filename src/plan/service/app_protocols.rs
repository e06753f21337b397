//! "kubectl annotate service … cloud.google.com/app-protocols='{"milvus":"HTTP2"}'":
//! the load balancer speaks HTTP/2 over TLS to the port of this *name*.
//!
//! GKE ignores keys that are not port names, without an event, and then speaks plain HTTP.

use serde_json::{Map, Value, json};

use super::annotations::{Annotations, Style};
use super::rest::RestPort;
use crate::gke::annotation::{APP_PROTOCOLS, APP_PROTOCOLS_ALPHA};
use crate::milvus::service::Service;
use crate::report::refusal::Refusal;

/// The protocols by port name.
pub(in crate::plan) struct AppProtocols(Map<String, Value>);

impl AppProtocols {
    pub(in crate::plan) fn read(
        service: &Service<'_>,
        rest: Option<&RestPort>,
        annotations: &Annotations<'_, '_>,
    ) -> Result<Self, Refusal> {
        let mut protocols = Self(annotations.json(APP_PROTOCOLS)?);
        protocols.set(&service.port.name, "HTTP2");
        if let Some(rest) = rest {
            protocols.set(rest.name(), "HTTPS");
        }
        Ok(protocols)
    }

    fn set(&mut self, port: &str, protocol: &str) {
        self.0.insert(port.to_owned(), json!(protocol));
    }

    pub(in crate::plan) fn finish(self, annotations: &mut Annotations<'_, '_>) {
        annotations.remove(APP_PROTOCOLS_ALPHA);
        annotations.set_json(APP_PROTOCOLS, &self.0, Style::Compact);
    }
}
