//! A ManagedCertificate that the Ingress names.

use serde_json::Value;

use super::findings::Findings;
use super::{fields, rules};
use crate::gke::certificate::{MAX_DOMAIN, MAX_DOMAINS};
use crate::gke::kind;
use crate::host::is_label_of_any_length;
use crate::kube::object::{Existing, Object as _};
use crate::kube::value::{array_at, pointer};

/// The domains that are texts.
pub(super) fn domains(certificate: &Existing) -> impl Iterator<Item = &str> {
    array_at(&certificate.value, "/spec/domains").filter_map(Value::as_str)
}

pub(super) fn check(certificate: &Existing, findings: &mut Findings) {
    fields::check(certificate, &kind::MANAGED_CERTIFICATE, findings);
    let name = certificate.name().unwrap_or_default();
    let count = array_at(&certificate.value, "/spec/domains").count();
    if count == 0 && certificate.value.pointer("/spec/domains").is_none_or(|value| value.is_array() || value.is_null())
    {
        findings.object(&rules::DOMAINS_EMPTY, certificate, format!("ManagedCertificate `{name}` has no domains"));
    }
    if count > MAX_DOMAINS {
        let message = format!("ManagedCertificate `{name}` has {count} domains");
        findings.at(&rules::DOMAINS_MANY, certificate, pointer(["spec", "domains"]), message);
    }
    for (index, domain) in domains(certificate).enumerate() {
        if let Some(problem) = problem(domain) {
            let place = pointer(["spec", "domains", &index.to_string()]);
            findings.at(&rules::DOMAIN, certificate, place, format!("`{domain}`: {problem}"));
        }
    }
}

/// By the pattern of the resource definition.
fn problem(domain: &str) -> Option<&'static str> {
    if domain.contains('*') {
        return Some("Google-managed certificates cannot have wildcards");
    }
    if domain.len() > MAX_DOMAIN {
        return Some("a domain can have at most 63 characters here");
    }
    if domain.bytes().any(|byte| byte.is_ascii_uppercase()) {
        return Some("write it in lower case");
    }
    if domain.ends_with('.') {
        return Some("omit the dot at the end");
    }
    let Some((_, top)) = domain.rsplit_once('.') else { return Some("a domain must have two or more labels") };
    if !domain.split('.').all(is_label_of_any_length) {
        return Some("this is not a DNS name");
    }
    let good_top = top.len() >= 2 && top.starts_with(|first: char| first.is_ascii_lowercase());
    (!good_top).then_some("the top-level domain must begin with a letter and have two or more characters")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn domains_of_the_pattern() {
        for domain in ["milvus.example.com", "a.bc", "1.2.example", "xn--bcher-kva.example", "a-b.c-d.ee"] {
            assert_eq!(problem(domain), None, "{domain}");
        }
        let long = format!("{}.example.com", "a".repeat(60));
        for domain in [
            "",
            "milvus",
            "*.example.com",
            "Milvus.example.com",
            "a.example.com.",
            "a.c",
            "a.1com",
            "-a.com",
            "a..com",
            "a_b.com",
            &long,
        ] {
            assert!(problem(domain).is_some(), "{domain}");
        }
    }
}
