//! A Secret that `spec.tls` of the Ingress names. What is in its certificate is no matter of
//! this file.

use super::{Findings, rules};
use crate::object::{Existing, at};

pub(super) fn check(secret: &Existing, findings: &mut Findings) {
    let missing: Vec<_> = ["tls.crt", "tls.key"].into_iter().filter(|key| !has(secret, key)).collect();
    if !missing.is_empty() {
        let message = format!("Secret `{}` has no {}", secret.name().unwrap_or_default(), missing.join(" and no "));
        findings.object(&rules::SECRET_KEYS, secret, message);
    }
}

fn has(secret: &Existing, key: &str) -> bool {
    ["/data", "/stringData"].into_iter().any(|field| {
        let value = at(&secret.value, field).and_then(|data| data.get(key));
        value.and_then(|value| value.as_str()).is_some_and(|text| !text.trim().is_empty())
    })
}
