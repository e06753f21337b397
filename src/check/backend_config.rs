//! The BackendConfig of Milvus's port. Milvus answers health checks at /healthz of its
//! metrics port, over plain HTTP whatever its TLS mode is; nothing else becomes healthy.

use serde_json::Value;

use super::fields::{self, Shape};
use super::input::{is_live, set};
use super::service::Subject;
use super::{Findings, rules};
use crate::object::{Existing, path, text};

const SPEC: Shape = Shape::Fields(
    &[
        (
            "healthCheck",
            Shape::Fields(
                &[
                    ("checkIntervalSec", Shape::Whole(1, 300)),
                    ("timeoutSec", Shape::Whole(1, 300)),
                    ("healthyThreshold", Shape::Whole(1, 10)),
                    ("unhealthyThreshold", Shape::Whole(1, 10)),
                    ("type", Shape::Text),
                    ("port", Shape::Whole(1, 65535)),
                    ("requestPath", Shape::Text),
                ],
                &[],
            ),
        ),
        ("timeoutSec", Shape::Whole(1, i32::MAX as i64)),
        ("connectionDraining", Shape::Fields(&[("drainingTimeoutSec", Shape::Whole(0, 3600))], &[])),
        (
            "sessionAffinity",
            Shape::Fields(
                &[
                    ("affinityType", Shape::OneOf(&["NONE", "CLIENT_IP", "GENERATED_COOKIE"])),
                    ("affinityCookieTtlSec", Shape::Whole(0, 86400)),
                ],
                &[],
            ),
        ),
        ("logging", Shape::Fields(&[("enable", Shape::Switch), ("sampleRate", Shape::Number(0.0, 1.0))], &[])),
        ("securityPolicy", Shape::Fields(&[("name", Shape::Text)], &["name"])),
        (
            "iap",
            Shape::Fields(
                &[
                    ("enabled", Shape::Switch),
                    (
                        "oauthclientCredentials",
                        Shape::Fields(
                            &[("secretName", Shape::Text), ("clientID", Shape::Text), ("clientSecret", Shape::Text)],
                            &["secretName"],
                        ),
                    ),
                ],
                &["enabled"],
            ),
        ),
        ("cdn", Shape::Object),
        ("customRequestHeaders", Shape::Fields(&[("headers", Shape::Texts)], &[])),
        ("customResponseHeaders", Shape::Fields(&[("headers", Shape::Texts)], &[])),
    ],
    &[],
);

/// What the controller takes for interval and timeout alike.
const DEFAULT_SECONDS: i64 = 15;

const METRICS: u64 = 9091;

pub(super) fn check(config: &Existing, subject: &Subject<'_>, findings: &mut Findings) {
    fields::check(config, &SPEC, findings);
    let name = config.name().unwrap_or_default();
    match set(&config.value, "/spec/healthCheck") {
        None => {
            let message = format!("BackendConfig `{name}` has no health check");
            findings.object(&rules::HEALTH_MISSING, config, message);
        }
        Some(health) => check_health(config, health, subject, findings),
    }
    if set(&config.value, "/spec/timeoutSec").is_none() {
        let message = format!("BackendConfig `{name}` has no timeoutSec");
        findings.object(&rules::NO_TIMEOUT, config, message);
    }
    let policy = text(&config.value, "/spec/securityPolicy/name").filter(|name| !name.is_empty());
    if let Some(policy) = policy.filter(|_| !is_live(config)) {
        let place = path(["spec", "securityPolicy", "name"]);
        findings.at(&rules::OUTSIDE, config, place, format!("the security policy `{policy}` must exist"));
    }
}

fn check_health(config: &Existing, health: &Value, subject: &Subject<'_>, findings: &mut Findings) {
    let whole = || path(["spec", "healthCheck"]);
    let at = |field: &str| whole().with_trailing_token(field);
    let missing = |field: &str| health.get(field).is_none_or(Value::is_null);

    if missing("type") {
        findings.at(&rules::HEALTH_TYPE_MISSING, config, whole(), "the health check has no `type`");
    } else if let Some(kind) = text(health, "/type").filter(|kind| *kind != "HTTP") {
        let message = match kind {
            "HTTPS" | "HTTP2" => format!("the health check is of type {kind}, and Milvus answers plain HTTP"),
            _ => format!("`{kind}` is no type of health check that GKE knows"),
        };
        findings.at(&rules::HEALTH_TYPE, config, at("type"), message);
    }

    // A sidecar may answer on a port of its own.
    let mut on_metrics = true;
    if missing("port") {
        findings.at(&rules::HEALTH_PORT_MISSING, config, whole(), "the health check has no `port`");
    } else if let Some(port) = health.get("port").and_then(Value::as_u64) {
        let metrics = subject.pods.iter().find_map(|pods| pods.port("metrics")).unwrap_or(METRICS);
        let grpc = subject.pods.iter().find_map(|pods| pods.port("milvus")).unwrap_or(19530);
        on_metrics = port == metrics;
        if port == grpc {
            let message = format!("{port} is Milvus's gRPC port, which answers no health check");
            findings.at(&rules::HEALTH_PORT, config, at("port"), message);
        } else if !subject.pods.is_empty()
            && subject.pods.iter().all(|pods| pods.declare_ports() && !pods.has_port(port))
        {
            findings.at(&rules::HEALTH_PORT, config, at("port"), format!("no container has a port {port}"));
        }
    }

    if missing("requestPath") {
        findings.at(&rules::HEALTH_PATH_MISSING, config, whole(), "the health check has no `requestPath`");
    } else if let Some(wanted) = text(health, "/requestPath").filter(|wanted| on_metrics && *wanted != "/healthz") {
        let message = format!("the health check asks for `{wanted}`");
        findings.at(&rules::HEALTH_PATH, config, at("requestPath"), message);
    }

    let seconds = |field: &str| health.get(field).and_then(Value::as_i64).filter(|seconds| (1..=300).contains(seconds));
    match (seconds("checkIntervalSec"), seconds("timeoutSec")) {
        (Some(interval), Some(timeout)) if timeout > interval => {
            let message = format!("timeoutSec is {timeout} and checkIntervalSec {interval}");
            findings.at(&rules::HEALTH_TIMEOUT, config, at("timeoutSec"), message);
        }
        (Some(interval), None) if interval < DEFAULT_SECONDS && missing("timeoutSec") => {
            let message = format!("checkIntervalSec is {interval}, and the timeout {DEFAULT_SECONDS} by default");
            findings.at(&rules::HEALTH_ONE_TIME, config, at("checkIntervalSec"), message);
            findings.fix(format!("add `timeoutSec`, at most {interval}"));
        }
        (None, Some(timeout)) if timeout > DEFAULT_SECONDS && missing("checkIntervalSec") => {
            let message = format!("timeoutSec is {timeout}, and the interval {DEFAULT_SECONDS} by default");
            findings.at(&rules::HEALTH_ONE_TIME, config, at("timeoutSec"), message);
            findings.fix(format!("add `checkIntervalSec`, at least {timeout}"));
        }
        _ => {}
    }
}
