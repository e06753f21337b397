//! Secrets: one that `spec.tls` of the Ingress names, and the certificate in it; one that a BackendConfig names.

use std::time::SystemTime;

use super::findings::Findings;
use super::{fields, rules};
use crate::certificate::{self, CertificateProblem, PairProblem};
use crate::gke::certificate::Scope;
use crate::gke::kind;
use crate::host::Hosts;
use crate::kube::object::{Existing, Object as _};
use crate::kube::value::{base64, value_at};

/// Checks the Secret; its certificate is for `hosts`, if any are told.
pub(super) fn check(secret: &Existing, hosts: Option<&Hosts>, scope: Scope, findings: &mut Findings) {
    fields::check(secret, &kind::SECRET, findings);
    let name = secret.name().unwrap_or_default();
    let (Some(certificate), Some(key)) = (entry(secret, "tls.crt"), entry(secret, "tls.key")) else {
        let missing: Vec<_> = ["tls.crt", "tls.key"].into_iter().filter(|key| entry(secret, key).is_none()).collect();
        let message = format!("Secret `{name}` has no {}", missing.join(" and no "));
        findings.object(&rules::SECRET_KEYS, secret, message);
        return;
    };
    if let Err(problem) = certificate::check(&certificate, &key, hosts, scope, SystemTime::now()) {
        let (entry, rule) = match problem {
            PairProblem::Certificate(CertificateProblem::Version1 | CertificateProblem::NoNames) => {
                ("tls.crt", &rules::SECRET_CERTIFICATE_OLD)
            }
            PairProblem::Certificate(_) => ("tls.crt", &rules::SECRET_CERTIFICATE),
            PairProblem::Key(_) => ("tls.key", &rules::SECRET_CERTIFICATE),
        };
        findings.object(rule, secret, format!("Secret `{name}`: {entry}: {problem}"));
    }
}

/// The names that the certificate is for.
pub(super) fn names(secret: &Existing) -> Vec<String> {
    entry(secret, "tls.crt").map(|chain| certificate::names(&chain)).unwrap_or_default()
}

/// Checks the Secret that holds the credentials of Identity-Aware Proxy, or a key of signed URLs.
pub(super) fn check_entries(secret: &Existing, keys: &[&str], findings: &mut Findings) {
    fields::check(secret, &kind::SECRET, findings);
    for key in keys.iter().filter(|key| entry(secret, key).is_none()) {
        let message = format!("Secret `{}` has no {key}", secret.name().unwrap_or_default());
        findings.object(&rules::SECRET_ENTRY, secret, message);
    }
}

/// An entry as text; of bytes that are none, as much as can be read.
fn entry(secret: &Existing, key: &str) -> Option<String> {
    let read = |field: &str| value_at(&secret.value, field)?.get(key)?.as_str();
    let text = match (read("/stringData"), read("/data")) {
        // It is what the API server writes over `data`.
        (Some(text), _) => text.to_owned(),
        (None, encoded) => {
            let encoded: String = encoded?.split_whitespace().collect();
            String::from_utf8_lossy(&base64(&encoded).unwrap_or_default()).into_owned()
        }
    };
    (!text.trim().is_empty()).then_some(text)
}
