//! A backend of an Ingress, be it Milvus's or not: one that leads nowhere stops the whole Ingress.

use serde_json::Value;

use super::findings::{Finding, Findings};
use super::subject::{Subject, Target};
use super::{rules, service};
use crate::gke::ingress::{Backend, backends};
use crate::gke::kind;
use crate::host::is_label;
use crate::kube::object::{Existing, Object as _};
use crate::kube::service::ports;

pub(super) fn check(
    ingress: &Existing,
    backend: &Backend<'_>,
    leads_to_milvus: bool,
    subject: &Subject<'_>,
    findings: &mut Findings,
) {
    let is_v1 = ingress.api_version() == kind::INGRESS.api_version;
    let mut at = |rule, place, message: &str| findings.at(rule, ingress, place, message);
    if backend.is_resource {
        return at(&rules::RESOURCE_BACKEND, backend.pointer(&["resource"]), "the backend is a resource");
    }
    match backend.service {
        _ if is_v1 && backend.is_old => {
            let message = "the backend has the form from before networking.k8s.io/v1";
            return at(&rules::BACKEND_EMPTY, backend.service_pointer(), message);
        }
        None | Some("") => {
            return at(&rules::BACKEND_EMPTY, backend.at.clone(), "the backend does not name a Service");
        }
        Some(_) if backend.port.is_none() => {
            return at(
                &rules::BACKEND_EMPTY,
                backend.port_pointer(),
                "the backend does not name a port of the Service",
            );
        }
        Some(name) if !is_label(name) => {
            let message = format!("`{name}` is not a valid name for a Service");
            return at(&rules::OBJECT_NAME, backend.service_pointer(), &message);
        }
        Some(_) if backend.has_two_ports => {
            at(&rules::BACKEND_TWO_PORTS, backend.port_pointer(), "the backend's port has a name and a number");
        }
        Some(_) => {}
    }
    match subject.target(ingress, backend) {
        Target::NoPort(service) => findings.push(no_port(ingress, backend, service, subject)),
        Target::NoService => findings.push(no_service(ingress, backend, leads_to_milvus, subject)),
        Target::Elsewhere(service) => {
            let there = service.namespace().unwrap_or_default();
            let name = backend.service.unwrap_or_default();
            let message = format!("Service `{name}` is in namespace `{there}`, not in the Ingress's");
            let finding = Finding::at(&rules::BACKEND_SERVICE, ingress, backend.service_pointer(), message);
            findings.push(finding.with_fix("put the Ingress into the namespace of the Service"));
        }
        Target::Other(other, port) => service::check_other(subject, other, port, findings),
        Target::Grpc | Target::Nothing => {}
    }
}

fn no_port(ingress: &Existing, backend: &Backend<'_>, service: &Existing, subject: &Subject<'_>) -> Finding {
    let name = service.name().unwrap_or_default();
    let message = match backend.port {
        Some(Value::String(port)) => format!("Service `{name}` has no port named `{port}`"),
        Some(port) => format!("Service `{name}` has no port {port}"),
        None => format!("the backend does not name a port of Service `{name}`"),
    };
    let finding = Finding::at(&rules::BACKEND_PORT, ingress, backend.port_pointer(), message);
    let milvus = subject.service.filter(|milvus| milvus.id == service.id).and(subject.port);
    match milvus.and_then(|port| port.number()) {
        Some(number) => finding.with_fix(format!("Milvus's port is {number}")),
        None => {
            let known = ports(&service.value).filter_map(|port| port.number()).map(|number| number.to_string());
            let known = known.collect::<Vec<_>>().join(", ");
            if known.is_empty() { finding } else { finding.with_fix(format!("its ports are {known}")) }
        }
    }
}

/// Beside Milvus's, a Service may be elsewhere; where nothing leads to Milvus, a name is wrong.
fn no_service(ingress: &Existing, backend: &Backend<'_>, leads_to_milvus: bool, subject: &Subject<'_>) -> Finding {
    let (name, place) = (backend.service.unwrap_or_default(), backend.service_pointer());
    match subject.service.and_then(Existing::name).filter(|_| !leads_to_milvus) {
        Some(milvus) => {
            let message = format!("Service `{name}` is not in the input");
            Finding::at(&rules::BACKEND_SERVICE, ingress, place, message).with_fix(format!("did you mean `{milvus}`?"))
        }
        None => Finding::at(&rules::OUTSIDE, ingress, place, format!("Service `{name}` must exist")),
    }
}

/// Whether an Ingress leads to a Service of the input.
pub(super) fn leads_anywhere(ingress: &Existing, subject: &Subject<'_>) -> bool {
    backends(&ingress.value).any(|backend| {
        let target = subject.target(ingress, &backend);
        subject.is_for_milvus(target) || matches!(target, Target::Other(..))
    })
}
