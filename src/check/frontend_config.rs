//! The FrontendConfig that the Ingress names.

use serde_json::Value;

use super::fields::{self, Shape};
use super::input::is_live;
use super::{Findings, rules};
use crate::object::{Existing, at, path, text};

const SPEC: Shape = Shape::Fields(
    &[
        ("sslPolicy", Shape::Text),
        (
            "redirectToHttps",
            Shape::Fields(
                &[
                    ("enabled", Shape::Switch),
                    (
                        "responseCodeName",
                        Shape::OneOf(&[
                            "MOVED_PERMANENTLY_DEFAULT",
                            "FOUND",
                            "TEMPORARY_REDIRECT",
                            "PERMANENT_REDIRECT",
                        ]),
                    ),
                ],
                &["enabled"],
            ),
        ),
    ],
    &[],
);

pub(super) fn check(config: &Existing, findings: &mut Findings) {
    fields::check(config, &SPEC, findings);
    let policy = text(&config.value, "/spec/sslPolicy").filter(|name| !name.is_empty());
    if let Some(policy) = policy.filter(|_| !is_live(config)) {
        let place = path(["spec", "sslPolicy"]);
        findings.at(&rules::OUTSIDE, config, place, format!("the SSL policy `{policy}` must exist"));
    }
}

pub(super) fn redirects(config: &Existing) -> bool {
    at(&config.value, "/spec/redirectToHttps/enabled") == Some(&Value::Bool(true))
}
