//! What our objects are called: as in the guide, or beside it.

use crate::milvus::operator;
use crate::milvus::release::Release;

/// `<release>-backendconfig`, as in the guide.
pub(in crate::plan) fn backend_config(release: &Release<'_>) -> String {
    format!("{}-backendconfig", release.name)
}

/// `<release>-frontendconfig`, beside the guide's `<release>-backendconfig`.
pub(in crate::plan) fn frontend_config(release: &Release<'_>) -> String {
    format!("{}-frontendconfig", release.name)
}

/// `<service>-tls`, as the guide calls its certificate: a ManagedCertificate or a Secret.
pub(crate) fn certificate(release: &Release<'_>) -> String {
    format!("{}-tls", release.service.name)
}

/// `<service>`, as the Ingress is called.
pub(in crate::plan) fn gateway(release: &Release<'_>) -> String {
    release.service.name.clone()
}

/// The Service that a Gateway leads to: the operator's cannot be told how the load balancer is to speak to it.
pub(in crate::plan) fn gateway_service(release: &Release<'_>) -> String {
    let name = &release.service.name;
    if release.resource.is_some() { operator::gateway_service(name) } else { name.clone() }
}

/// `<service>` for what is about the Service, or about the Gateway of that name.
pub(in crate::plan) fn policy(release: &Release<'_>) -> String {
    release.service.name.clone()
}

/// `<service>`; where one HTTPRoute does not take all hosts, the next is `<service>-2`.
pub(in crate::plan) fn route(release: &Release<'_>, index: usize) -> String {
    numbered(&release.service.name, index)
}

/// `<service>-redirect`, numbered as [`route`].
pub(in crate::plan) fn redirect(release: &Release<'_>, index: usize) -> String {
    numbered(&format!("{}-redirect", release.service.name), index)
}

/// `name`, and from the second on `name-2`.
pub(in crate::plan) fn numbered(name: &str, index: usize) -> String {
    if index == 0 { name.to_owned() } else { format!("{name}-{}", index + 1) }
}
