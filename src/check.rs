//! Any manifests → what GKE, Kubernetes or Milvus would not do with them as meant. Most of
//! these mistakes are accepted without an event.
//!
//! Only objects that concern Milvus's Service count. What is found names a rule of
//! [`rules`] and a place; [`report`] says it. One file per object.

mod annotations;
mod backend;
mod backend_config;
mod certificates;
mod fields;
mod findings;
mod frontend_config;
mod gateway;
mod gateway_object;
mod gateway_policy;
mod ingress;
mod input;
mod managed_certificate;
mod milvus;
mod network_policy;
pub mod report;
mod rest;
pub mod rules;
mod service;
mod subject;
mod tls_secret;

use std::collections::{BTreeMap, HashMap, HashSet};

use memchr::memmem;

use crate::kube::object::{Object as _, Parsed};
use crate::milvus::{absent, operator};
use crate::report::refusal::Refusal;
use crate::stream::Stream;

use backend_config::Role;
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
        return Err(absent::refusal(stream));
    }
    let mut findings = Findings::default();
    let mut gateways = BTreeMap::new();
    // What is derived of a resource is not in the input.
    for object in input.twice().filter(|object| stream.origin(object.id).is_none()) {
        let message = format!("{} `{}` is in the input twice", object.kind(), object.name().unwrap_or_default());
        findings.object(&rules::OBJECT_TWICE, object, message);
    }
    for (object, meant) in &input.misnamed {
        let message = match meant {
            Some(meant) => format!("the kind is called {meant}, not `{}`", object.kind()),
            None => "an object has no kind".to_owned(),
        };
        findings.object(&rules::API_VERSION, object, message);
    }
    for (object, kind) in &input.unserved {
        findings.push(fields::unserved(object, kind));
    }
    for subject in &subjects {
        match subject.service {
            Some(_) if subject.ingresses.is_empty() && subject.is_behind_gateway() => {
                gateway::check(subject, &mut gateways, &mut findings);
            }
            // A route to Milvus's port of a Service that is not there: its name is wrong.
            Some(service)
                if subjects.len() == 1
                    && subject.is_untouched()
                    && gateway::check_lost(subject, service, &mut findings) => {}
            Some(service) if subject.is_untouched() => {
                let name = service.name().unwrap_or_default();
                let of_operator = operator::keeps(service);
                let maker = if of_operator { "the Milvus Operator makes" } else { "the chart renders" };
                let message = format!("Service `{name}` is as {maker} it: no GKE Ingress leads to Milvus");
                let finding = Finding::of(&rules::NOT_REWRITTEN, service, message);
                findings.push(match of_operator {
                    true => {
                        finding.with_fix("pass the `Milvus` resource through `milvus-gke-l7 --host=…`, and apply it")
                    }
                    false => finding,
                });
            }
            Some(_) => {
                service::check(subject, &mut findings);
                ingress::check(subject, &mut findings);
                let server = milvus::check(subject, &mut findings);
                rest::check(subject, server.as_ref(), &mut findings);
                network_policy::check(subject, &mut findings);
                gateway::check(subject, &mut gateways, &mut findings);
            }
            None => {
                ingress::check(subject, &mut findings);
                let configs = input.backend_configs.iter();
                configs.for_each(|one| backend_config::check(one, subject, Role::Grpc, &mut findings));
                input.certificates.iter().for_each(|one| managed_certificate::check(one, &mut findings));
                input.frontend_configs.iter().for_each(|one| frontend_config::check(one, &mut findings));
            }
        }
    }
    gateways.values().for_each(|gateway| gateway_object::check(&input, gateway, &mut findings));
    let traced = |mut finding: Finding| {
        finding.place = finding.place.map(|place| place.traced(stream));
        finding
    };
    let mut findings = unique(findings.0.into_iter().map(traced).collect());
    silence(&mut findings, stream);
    Ok(findings)
}

/// On any object: the rules that are not to be told of it, separated by commas.
pub const IGNORE: &str = "milvus-gke-l7/ignore";

/// The rules that such an annotation names.
fn ignored(annotation: &str) -> impl Iterator<Item = &str> {
    annotation.split(',').map(str::trim).filter(|rule| !rule.is_empty())
}

/// Takes out what the objects themselves say is meant.
fn silence(findings: &mut Vec<Finding>, stream: &Stream<'_>) {
    if memmem::find(stream.input(), IGNORE.as_bytes()).is_none() {
        return;
    }
    let mut by_document = HashMap::new();
    findings.retain(|finding| {
        let Some(id) = finding.place.as_ref().map(|place| place.document) else { return true };
        let annotation: &Option<String> = by_document.entry(id).or_insert_with(|| {
            let object = Parsed::parse(stream, id).ok()?;
            object.annotation(IGNORE).map(str::to_owned)
        });
        !annotation.iter().flat_map(|annotation| ignored(annotation)).any(|rule| rule == finding.rule.id)
    });
}

/// Two releases may share an Ingress, and an object may be reached in two ways: what is wrong with it is said once.
fn unique(mut findings: Vec<Finding>) -> Vec<Finding> {
    let mut said = HashSet::new();
    findings.retain(|finding| said.insert((finding.rule.id, finding.message.clone(), finding.place.clone())));
    findings
}
