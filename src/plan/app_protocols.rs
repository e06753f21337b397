//! "kubectl annotate service … cloud.google.com/app-protocols='{"milvus":"HTTP2"}'":
//! the load balancer speaks HTTP/2 over TLS to the port of this *name*.
//!
//! GKE ignores keys that are no port name without an event and speaks plain HTTP then.

use serde_json::{Map, Value, json};

use super::annotation::{Annotations, Style};
use crate::refusal::Refusal;
use crate::release::service::Service;

const NAME: &str = "cloud.google.com/app-protocols";

/// The older name of the annotation; where it is present, it wins.
const ALPHA: &str = "service.alpha.kubernetes.io/app-protocols";

/// The protocols by port name.
pub(super) struct AppProtocols(Map<String, Value>);

impl AppProtocols {
    pub(super) fn read(service: &Service<'_>, annotations: &Annotations<'_, '_>) -> Result<Self, Refusal> {
        let mut protocols = Self(annotations.json(NAME)?);
        protocols.set(&service.port.name, "HTTP2");
        Ok(protocols)
    }

    pub(super) fn set(&mut self, port: &str, protocol: &str) {
        self.0.insert(port.to_owned(), json!(protocol));
    }

    pub(super) fn finish(self, annotations: &mut Annotations<'_, '_>) {
        annotations.remove(ALPHA);
        annotations.set_json(NAME, &self.0, Style::Compact);
    }
}
