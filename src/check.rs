//! Any manifests → what GKE, Kubernetes or Milvus would not do with them as meant. Most of
//! these mistakes are accepted without an event.
//!
//! Only objects that concern Milvus's Service count. What is found names a rule of
//! [`rules`] and a place; [`report`] says it. One file per object.

mod backend_config;
mod fields;
mod findings;
mod frontend_config;
mod ingress;
mod input;
mod managed_certificate;
mod milvus;
pub mod report;
pub mod rules;
mod service;
mod subject;
mod tls_secret;

use std::collections::HashSet;

use crate::kube::object::Object as _;
use crate::report::refusal::{Reason, Refusal};
use crate::stream::Stream;

use findings::Findings;
use input::Input;
use subject::Subject;

pub use findings::Finding;

/// Checks the manifests of a stream, of all Milvus releases or of the one named `release`.
///
/// # Errors
///
/// A [`Refusal`] where the input is empty, cannot be read, or holds nothing of Milvus.
pub fn check(stream: &Stream<'_>, release: Option<&str>) -> Result<Vec<Finding>, Refusal> {
    let input = Input::read(stream)?;
    let subjects = Subject::find(&input, release)?;
    if subjects.is_empty() {
        return Err(Refusal::new(Reason::NoMilvusService));
    }
    let mut findings = Findings::default();
    for subject in &subjects {
        if subject.is_untouched() {
            if let Some(service) = subject.service {
                let name = service.name().unwrap_or_default();
                let message =
                    format!("Service `{name}` is as the chart renders it: no Ingress of GKE's leads to Milvus");
                findings.object(&rules::NOT_REWRITTEN, service, message);
            }
            continue;
        }
        service::check(subject, &mut findings);
        for config in subject.backend_configs() {
            backend_config::check(config, subject, &mut findings);
        }
        ingress::check(subject, &mut findings);
        if subject.service.is_none() {
            subject.input.certificates.iter().for_each(|one| managed_certificate::check(one, &mut findings));
            subject.input.frontend_configs.iter().for_each(|one| frontend_config::check(one, &mut findings));
        }
        milvus::check(subject, &mut findings);
    }
    Ok(unique(findings.0))
}

/// Two releases may share an Ingress, and an object may be reached in two ways: what is wrong with it is said once.
fn unique(mut findings: Vec<Finding>) -> Vec<Finding> {
    let mut said = HashSet::new();
    findings.retain(|finding| said.insert((finding.rule.id, finding.message.clone(), finding.place.clone())));
    findings
}
