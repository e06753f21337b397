//! Any manifests → what GKE, Kubernetes or Milvus would not do with them as meant. Most of
//! these mistakes are accepted without an event.
//!
//! Only objects that concern Milvus's Service count. What is found names a rule of
//! [`rules`] and a place; [`report`] says it. One file per object.

mod backend_config;
mod fields;
mod frontend_config;
mod ingress;
mod input;
mod managed_certificate;
mod milvus;
mod pods;
pub mod report;
pub mod rules;
mod service;
mod tls_secret;

use json_patch::jsonptr::PointerBuf;

use crate::object::Existing;
use crate::refusal::{Place, Reason, Refusal, Spot};
use crate::stream::{DocumentId, Stream};

use input::Input;
use rules::Rule;
use service::Subject;

/// A rule that is broken, and where.
#[derive(Debug)]
pub struct Finding {
    /// Which rule.
    pub rule: &'static Rule,
    /// What was found.
    pub message: String,
    /// Where.
    pub place: Option<Place>,
    /// What to do here, if the rule's own words can be said better.
    pub fix: Option<String>,
}

/// What has been found so far.
#[derive(Debug, Default)]
struct Findings(Vec<Finding>);

impl Findings {
    /// At `path` of the object.
    fn at(&mut self, rule: &'static Rule, object: &Existing, path: PointerBuf, message: impl Into<String>) {
        self.spot(rule, object.id, Spot::Path(path), message);
    }

    /// About the object as such.
    fn object(&mut self, rule: &'static Rule, object: &Existing, message: impl Into<String>) {
        self.spot(rule, object.id, Spot::Path(crate::object::path(["metadata", "name"])), message);
    }

    fn spot(&mut self, rule: &'static Rule, document: DocumentId, spot: Spot, message: impl Into<String>) {
        let place = Some(Place { document, spot });
        self.0.push(Finding { rule, message: message.into(), place, fix: None });
    }

    /// Says what to do about the last finding better than its rule can.
    fn fix(&mut self, fix: impl Into<String>) {
        if let Some(last) = self.0.last_mut() {
            last.fix = Some(fix.into());
        }
    }
}

/// Checks the manifests of a stream, of all Milvus releases or of the one named `release`.
///
/// # Errors
///
/// A [`Refusal`] where the input is empty, cannot be read, or holds nothing of Milvus.
pub fn check(stream: &Stream<'_>, release: Option<&str>) -> Result<Vec<Finding>, Refusal> {
    stream.within_limit()?;
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
        milvus::check(subject, stream, &mut findings);
    }
    Ok(unique(findings.0))
}

/// Two releases may share an Ingress, and an object may be reached in two ways: what is wrong with it is said once.
fn unique(findings: Vec<Finding>) -> Vec<Finding> {
    let mut kept: Vec<Finding> = Vec::new();
    for finding in findings {
        let same = |other: &Finding| {
            other.rule == finding.rule
                && other.message == finding.message
                && format!("{:?}", other.place) == format!("{:?}", finding.place)
        };
        if !kept.iter().any(same) {
            kept.push(finding);
        }
    }
    kept
}
