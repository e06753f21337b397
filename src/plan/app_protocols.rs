//! "kubectl annotate service … cloud.google.com/app-protocols='{"milvus":"HTTP2"}'":
//! the load balancer speaks HTTP/2 over TLS to the port of this *name*.
//!
//! GKE ignores keys that are no port name without an event and speaks plain HTTP then.

use serde_json::json;

use super::annotation::{Annotations, Style};
use crate::refusal::Refusal;
use crate::release::service::Service;

const NAME: &str = "cloud.google.com/app-protocols";

/// The older name of the annotation; where it is present, it wins.
const ALPHA: &str = "service.alpha.kubernetes.io/app-protocols";

pub(super) fn plan(service: &Service<'_>, annotations: &mut Annotations<'_, '_>) -> Result<(), Refusal> {
    let mut protocols = annotations.json(NAME)?;
    protocols.insert(service.port.name.clone(), json!("HTTP2"));
    annotations.remove(ALPHA);
    annotations.set_json(NAME, &protocols, Style::Compact);
    Ok(())
}
