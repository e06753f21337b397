//! A Secret that `spec.tls` of the Ingress names, and the certificate in it.

use std::time::SystemTime;

use base64ct::{Base64, Encoding as _};

use super::findings::Findings;
use super::rules;
use crate::certificate::{self, CertificateProblem, PairProblem};
use crate::host::Hosts;
use crate::kube::object::{Existing, Object as _};
use crate::kube::value::value_at;

/// Checks the Secret; its certificate is for `hosts`, if any are told.
pub(super) fn check(secret: &Existing, hosts: Option<&Hosts>, findings: &mut Findings) {
    let name = secret.name().unwrap_or_default();
    let (Some(certificate), Some(key)) = (entry(secret, "tls.crt"), entry(secret, "tls.key")) else {
        let missing: Vec<_> = ["tls.crt", "tls.key"].into_iter().filter(|key| entry(secret, key).is_none()).collect();
        let message = format!("Secret `{name}` has no {}", missing.join(" and no "));
        findings.object(&rules::SECRET_KEYS, secret, message);
        return;
    };
    if let Err(problem) = certificate::check(&certificate, &key, hosts, SystemTime::now()) {
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

/// An entry as text; of bytes that are none, as much as can be read.
fn entry(secret: &Existing, key: &str) -> Option<String> {
    let read = |field: &str| value_at(&secret.value, field)?.get(key)?.as_str();
    let text = match (read("/stringData"), read("/data")) {
        // It is what the API server writes over `data`.
        (Some(text), _) => text.to_owned(),
        (None, encoded) => {
            let encoded: String = encoded?.split_whitespace().collect();
            String::from_utf8_lossy(&Base64::decode_vec(&encoded).unwrap_or_default()).into_owned()
        }
    };
    (!text.trim().is_empty()).then_some(text)
}
