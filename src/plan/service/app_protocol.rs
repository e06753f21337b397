//! Not in the guide, which knows no Gateway: how its load balancer speaks to a port is said by the port itself.

use serde_json::json;

use super::rest::RestPort;
use crate::gke::gateway::Protocol;
use crate::kube::object::Object as _;
use crate::kube::service::ports;
use crate::kube::value::{pointer, str_at};
use crate::milvus::service::{Service, leads_to_milvus};
use crate::plan::operations::Operations;
use crate::report::refusal::{Reason, Refusal};

/// Sets `appProtocol` of the ports that are there; another one is refused, or replaced if asked.
pub(super) fn plan(
    service: &Service<'_>,
    protocol: Protocol,
    rest: Option<&RestPort>,
    replace: bool,
    operations: &mut Operations<'_>,
) -> Result<(), Refusal> {
    let rest = rest.and_then(|rest| rest.index);
    for port in ports(service.object.value()) {
        let wanted = match port.name() {
            Some(name) if name == service.port.name && leads_to_milvus(&port) => Some(protocol.app_protocol()),
            _ if rest == Some(port.index) => protocol.http_app_protocol(),
            _ => continue,
        };
        let at = pointer(["spec", "ports", &port.index.to_string(), "appProtocol"]);
        match (str_at(port.value, "/appProtocol"), wanted) {
            (Some(existing), _) if wanted != Some(existing) && !replace => {
                let reason = Reason::OwnAppProtocol {
                    service: service.name.clone(),
                    port: port.name().unwrap_or_default().to_owned(),
                    existing: existing.to_owned(),
                    wanted,
                };
                return Err(service.object.refuse(reason, at));
            }
            (_, Some(wanted)) => operations.set(at, json!(wanted)),
            (_, None) => operations.remove(at),
        }
    }
    Ok(())
}
