//! The objects beside the release: what makes GKE's Ingress controller build the load balancer.

mod backend_config;
mod frontend_config;
#[allow(clippy::module_inception, reason = "the Ingress itself")]
mod ingress;
mod managed_certificate;

use serde_json::Value;

use super::objects::existing::{self, FrontDoor};
use super::objects::tls_secret;
use super::service::rest::RestPort;
use crate::milvus::release::Release;
use crate::report::refusal::Refusal;
use crate::settings::{Certificate, Held, Settings};

/// Our objects.
pub(super) struct NewObjects {
    backend_config: Value,
    frontend_config: Option<Value>,
    /// A ManagedCertificate or a Secret.
    certificate: Option<Value>,
    pub(super) ingress: Value,
}

impl NewObjects {
    pub(super) fn of(release: &Release<'_>, settings: &Settings, rest: Option<&RestPort>) -> Self {
        Self {
            backend_config: backend_config::manifest(release, &settings.backend),
            frontend_config: frontend_config::manifest(release, &settings.front_end),
            certificate: match &settings.certificate {
                Certificate::Managed(domains) => Some(managed_certificate::manifest(release, domains)),
                Certificate::Held(Held::Files(pair)) => Some(tls_secret::manifest(release, pair)),
                _ => None,
            },
            ingress: ingress::manifest(release, settings, rest),
        }
    }

    /// What is done about them in a stream that may hold some of them already; each comes before those that name it.
    pub(super) fn reconcile(self, release: &Release<'_>, settings: &Settings) -> Result<FrontDoor, Refusal> {
        let Self { backend_config, frontend_config, certificate, ingress } = self;
        let wanted = [Some(backend_config), frontend_config, certificate, Some(ingress)];
        existing::reconcile(release, settings, wanted.into_iter().flatten())
    }
}
