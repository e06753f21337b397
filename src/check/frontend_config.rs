//! The FrontendConfig that the Ingress names.

use serde_json::Value;

use super::findings::Findings;
use super::{fields, rules};
use crate::gke::kind;
use crate::kube::object::{Existing, Object as _};
use crate::kube::value::{pointer, str_at, value_at};

pub(super) fn check(config: &Existing, findings: &mut Findings) {
    fields::check(config, &kind::FRONTEND_CONFIG, findings);
    let policy = str_at(&config.value, "/spec/sslPolicy").filter(|name| !name.is_empty());
    if let Some(policy) = policy.filter(|_| !config.is_live()) {
        let place = pointer(["spec", "sslPolicy"]);
        findings.at(&rules::OUTSIDE, config, place, format!("the SSL policy `{policy}` must exist"));
    }
}

pub(super) fn redirects(config: &Existing) -> bool {
    value_at(&config.value, "/spec/redirectToHttps/enabled") == Some(&Value::Bool(true))
}
