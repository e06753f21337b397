//! The certificates of an Ingress: Secrets, ManagedCertificates and pre-shared ones, which cover its hosts together.

use std::collections::HashSet;

use super::findings::{Findings, at_annotation};
use super::input::Found;
use super::subject::{Subject, Target};
use super::{fields, managed_certificate, rules, tls_secret};
use crate::certificate::covers;
use crate::gke::annotation::{CLUSTER_ISSUER, ISSUER, MANAGED_CERTIFICATES, PRE_SHARED_CERT};
use crate::gke::certificate::Scope;
use crate::gke::ingress::{self, Class, MAX_CERTIFICATES, backends, names};
use crate::gke::kind;
use crate::host::{Host, Hosts};
use crate::kube::object::{Existing, Object as _};
use crate::kube::value::{array_at, pointer, str_at};
use crate::report::diagnostic::Severity;

/// What the certificates of an Ingress are for.
struct Covered {
    /// In lower case.
    names: HashSet<String>,
    /// Whether all of them are in the input, and can be read.
    complete: bool,
}

pub(super) fn check(ingress: &Existing, subject: &Subject<'_>, findings: &mut Findings) {
    let mut covered = Covered { names: HashSet::new(), complete: true };
    let tls = array_at(&ingress.value, "/spec/tls").count();
    let managed = names(&ingress.value, MANAGED_CERTIFICATES);
    let pre_shared = ingress::pre_shared(&ingress.value);
    let count = tls + managed.len() + pre_shared.len();
    check_secrets(ingress, subject, count == 1, &mut covered, findings);
    check_managed(ingress, subject, &managed, &mut covered, findings);
    if !pre_shared.is_empty() {
        covered.complete = false;
        let message = format!("pre-shared certificates must exist: {}", pre_shared.join(", "));
        findings.at(&rules::OUTSIDE, ingress, at_annotation(PRE_SHARED_CERT), message);
    }
    let leads_to_milvus =
        || backends(&ingress.value).any(|backend| !matches!(subject.target(ingress, &backend), Target::Other(..)));
    if count == 0 && names(&ingress.value, PRE_SHARED_CERT).is_empty() && leads_to_milvus() {
        let message = format!("Ingress `{}` does not name a certificate", ingress.name().unwrap_or_default());
        findings.object(&rules::NO_CERTIFICATE, ingress, message);
    }
    if count > MAX_CERTIFICATES {
        findings.object(&rules::CERTIFICATE_MANY, ingress, format!("{count} certificates"));
    }
    // Of one Secret more can be told than that.
    if covered.complete && (!managed.is_empty() || tls > 1) {
        check_hosts(ingress, &managed, &covered, findings);
    }
}

fn check_secrets(
    ingress: &Existing,
    subject: &Subject<'_>,
    is_only: bool,
    covered: &mut Covered,
    findings: &mut Findings,
) {
    let by_issuer = [CLUSTER_ISSUER, ISSUER].iter().any(|key| ingress.annotation(key).is_some());
    let hosts = ingress::rules(&ingress.value).filter_map(|(_, rule)| str_at(rule, "/host")?.parse::<Host>().ok());
    let hosts = Hosts::new(hosts.collect()).ok().filter(|_| is_only);
    let scope = if Class::of(&ingress.value).is_regional() { Scope::Regional } else { Scope::Global };
    for (index, entry) in array_at(&ingress.value, "/spec/tls").enumerate() {
        let at = pointer(["spec", "tls", &index.to_string()]);
        for (number, host) in array_at(entry, "/hosts").enumerate() {
            if let Some(Err(error)) = host.as_str().map(str::parse::<Host>) {
                let place = at.with_trailing_token("hosts").with_trailing_token(number);
                findings.at(&rules::HOST, ingress, place, error.to_string());
            }
        }
        let Some(name) = str_at(entry, "/secretName").filter(|name| !name.is_empty()) else {
            findings.at(&rules::TLS_WITHOUT_SECRET, ingress, at, "the entry does not name a Secret");
            continue;
        };
        let place = at.with_trailing_token("secretName");
        match subject.input.secrets.find(name, ingress.namespace()) {
            Found::Here(secret) if by_issuer => check_placeholder(secret, scope, findings),
            Found::Here(secret) => {
                tls_secret::check(secret, hosts.as_ref(), scope, findings);
                let names = tls_secret::names(secret);
                covered.complete &= !names.is_empty();
                covered.names.extend(names.into_iter().map(|name| name.to_ascii_lowercase()));
                continue;
            }
            _ if by_issuer => {}
            Found::Elsewhere(secret) => {
                let there = secret.namespace().unwrap_or_default();
                let message = format!("Secret `{name}` is in namespace `{there}`, not in the Ingress's");
                findings.at(&rules::SECRET_NAMESPACE, ingress, place, message);
            }
            Found::Nowhere => {
                findings.at(&rules::OUTSIDE, ingress, place, format!("Secret `{name}` must exist"));
            }
        }
        covered.complete = false;
    }
}

/// What is in a Secret that cert-manager writes is a placeholder, until it has.
fn check_placeholder(secret: &Existing, scope: Scope, findings: &mut Findings) {
    const OF_CONTENT: [&str; 3] =
        [rules::SECRET_KEYS.id, rules::SECRET_CERTIFICATE.id, rules::SECRET_CERTIFICATE_OLD.id];
    let mut found = Findings::default();
    tls_secret::check(secret, None, scope, &mut found);
    for finding in found.0 {
        if !OF_CONTENT.contains(&finding.rule.id) {
            findings.push(finding);
        } else if finding.rule.severity == Severity::Error {
            findings.object(&rules::SECRET_PLACEHOLDER, secret, finding.message);
        }
    }
}

fn check_managed(
    ingress: &Existing,
    subject: &Subject<'_>,
    managed: &[&str],
    covered: &mut Covered,
    findings: &mut Findings,
) {
    let certificates = &subject.input.certificates;
    let at = || at_annotation(MANAGED_CERTIFICATES);
    for name in managed {
        let (rule, message) = match certificates.find(name, ingress.namespace()) {
            Found::Here(certificate) => {
                managed_certificate::check(certificate, findings);
                covered.names.extend(managed_certificate::domains(certificate).map(str::to_owned));
                continue;
            }
            Found::Elsewhere(certificate) => {
                let there = certificate.namespace().unwrap_or_default();
                let message = format!("ManagedCertificate `{name}` is in namespace `{there}`, not in the Ingress's");
                (&rules::CERTIFICATE_ABSENT, message)
            }
            Found::Nowhere => match subject.input.stranger(&kind::MANAGED_CERTIFICATE, name) {
                Some(stranger) => {
                    findings.push(fields::unserved(stranger, &kind::MANAGED_CERTIFICATE));
                    covered.complete = false;
                    continue;
                }
                // Made by hand, and named: there is an option for that.
                None if certificates.is_empty() => (&rules::OUTSIDE, format!("ManagedCertificate `{name}` must exist")),
                None => (&rules::CERTIFICATE_ABSENT, format!("ManagedCertificate `{name}` is not in the input")),
            },
        };
        covered.complete = false;
        findings.at(rule, ingress, at(), message);
    }
    if !managed.is_empty() && Class::of(&ingress.value) == Class::Internal {
        let message = "an internal load balancer with a Google-managed certificate";
        findings.at(&rules::CERTIFICATE_INTERNAL, ingress, at(), message);
    }
}

fn check_hosts(ingress: &Existing, managed: &[&str], covered: &Covered, findings: &mut Findings) {
    let is_alone = array_at(&ingress.value, "/spec/tls").next().is_none();
    for (rule, value) in ingress::rules(&ingress.value) {
        let Some(host) = str_at(value, "/host").filter(|host| !host.is_empty()) else { continue };
        let by_wildcard = host.split_once('.').map(|(_, parent)| format!("*.{parent}"));
        let by_wildcard = by_wildcard.filter(|wildcard| covers(wildcard, host));
        if !covered.names.contains(host) && by_wildcard.is_none_or(|wildcard| !covered.names.contains(&wildcard)) {
            let message = match is_alone {
                true => format!("`{host}` is not a domain of {}", managed.join(", ")),
                false => format!("no certificate of the Ingress is for `{host}`"),
            };
            let place = pointer(["spec", "rules", &rule.to_string(), "host"]);
            findings.at(&rules::HOST_NOT_COVERED, ingress, place, message);
        }
    }
}
