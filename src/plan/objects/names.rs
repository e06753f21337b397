//! What our objects are called: as in the guide, or beside it.

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
pub(in crate::plan) fn certificate(release: &Release<'_>) -> String {
    format!("{}-tls", release.service.name)
}
