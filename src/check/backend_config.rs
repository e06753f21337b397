//! The BackendConfig of Milvus's port. Milvus answers health checks at /healthz of its
//! metrics port, over plain HTTP whatever its TLS mode is; nothing else becomes healthy.

use json_patch::jsonptr::PointerBuf;
use serde_json::Value;

use super::findings::{Finding, Findings};
use super::input::Found;
use super::subject::Subject;
use super::{fields, rules, tls_secret};
use crate::gke::{health, kind};
use crate::kube::object::{Existing, Object as _};
use crate::kube::value::{array_at, pointer, set_at, str_at, value_at};
use crate::milvus::pods::METRICS;
use crate::milvus::service::{GRPC_PORT, TARGET_PORT};

/// Entries of the Secret of Identity-Aware Proxy (ingress-gce pkg/backendconfig/validation.go).
const IAP_ENTRIES: [&str; 2] = ["client_id", "client_secret"];

/// Entries of the Secret of a key for signed URLs.
const CDN_ENTRIES: [&str; 1] = ["key_value"];

/// What the port is that a BackendConfig is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// Milvus's gRPC port.
    Grpc,
    /// Another port of Milvus's pods.
    Milvus,
    /// One of other pods.
    Foreign,
}

pub(super) fn check(config: &Existing, subject: &Subject<'_>, role: Role, findings: &mut Findings) {
    fields::check(config, &kind::BACKEND_CONFIG, findings);
    check_iap(config, subject, role, findings);
    let policy = str_at(&config.value, "/spec/securityPolicy/name").filter(|name| !name.is_empty());
    if let Some(policy) = policy.filter(|_| !config.is_live()) {
        let place = pointer(["spec", "securityPolicy", "name"]);
        findings.at(&rules::OUTSIDE, config, place, format!("the security policy `{policy}` must exist"));
    }
    if role == Role::Foreign {
        return;
    }
    let name = config.name().unwrap_or_default();
    match set_at(&config.value, "/spec/healthCheck") {
        None => {
            let message = format!("BackendConfig `{name}` has no health check");
            findings.object(&rules::HEALTH_MISSING, config, message);
        }
        Some(health) => check_health(config, health, subject, findings),
    }
    if set_at(&config.value, "/spec/timeoutSec").is_none() {
        let message = format!("BackendConfig `{name}` has no timeoutSec");
        findings.object(&rules::NO_TIMEOUT, config, message);
    }
}

fn check_iap(config: &Existing, subject: &Subject<'_>, role: Role, findings: &mut Findings) {
    let is_on = |block: &str| value_at(&config.value, "/spec")?.get(block)?.get("enabled")?.as_bool();
    let (iap, cdn) = (is_on("iap") == Some(true), is_on("cdn") == Some(true));
    let name = config.name().unwrap_or_default();
    let at = || pointer(["spec", "iap", "enabled"]);
    if iap && role == Role::Grpc {
        let message = format!("BackendConfig `{name}` puts Identity-Aware Proxy in front of Milvus's gRPC port");
        findings.at(&rules::IAP_GRPC, config, at(), message);
    }
    if iap && cdn {
        let message = format!("BackendConfig `{name}` has Identity-Aware Proxy and Cloud CDN on");
        findings.at(&rules::IAP_CDN, config, at(), message);
    }
    if let Some(secret) = str_at(&config.value, "/spec/iap/oauthclientCredentials/secretName").filter(|_| iap) {
        let place = pointer(["spec", "iap", "oauthclientCredentials", "secretName"]);
        check_secret(config, subject, (secret, place), &IAP_ENTRIES, findings);
    }
    for (index, key) in array_at(&config.value, "/spec/cdn/signedUrlKeys").enumerate().filter(|_| cdn) {
        if let Some(secret) = str_at(key, "/secretName") {
            let place = pointer(["spec", "cdn", "signedUrlKeys", &index.to_string(), "secretName"]);
            check_secret(config, subject, (secret, place), &CDN_ENTRIES, findings);
        }
    }
}

/// A Secret that the BackendConfig names, in its own namespace.
fn check_secret(
    config: &Existing,
    subject: &Subject<'_>,
    (name, place): (&str, PointerBuf),
    entries: &[&str],
    findings: &mut Findings,
) {
    if name.is_empty() {
        return;
    }
    match subject.input.secrets.find(name, config.namespace()) {
        Found::Here(secret) => tls_secret::check_entries(secret, entries, findings),
        Found::Elsewhere(secret) => {
            let there = secret.namespace().unwrap_or_default();
            let message = format!("Secret `{name}` is in namespace `{there}`, not in the BackendConfig's");
            findings.at(&rules::SECRET_NAMESPACE, config, place, message);
        }
        Found::Nowhere => findings.at(&rules::OUTSIDE, config, place, format!("Secret `{name}` must exist")),
    }
}

fn check_health(config: &Existing, health: &Value, subject: &Subject<'_>, findings: &mut Findings) {
    let whole = || pointer(["spec", "healthCheck"]);
    let at = |field: &str| whole().with_trailing_token(field);
    let missing = |field: &str| health.get(field).is_none_or(Value::is_null);

    if missing("type") {
        findings.at(&rules::HEALTH_TYPE_MISSING, config, whole(), "the health check has no `type`");
    } else if let Some(kind) = str_at(health, "/type").filter(|kind| *kind != health::TYPE) {
        let message = match kind {
            "HTTPS" | "HTTP2" => format!("the health check is of type {kind}, and Milvus answers plain HTTP"),
            _ => format!("`{kind}` is not a type of health check that GKE knows"),
        };
        findings.at(&rules::HEALTH_TYPE, config, at("type"), message);
    }

    // A sidecar may answer on a port of its own.
    let mut on_metrics = true;
    if missing("port") {
        findings.at(&rules::HEALTH_PORT_MISSING, config, whole(), "the health check has no `port`");
    } else if let Some(port) = health.get("port").and_then(Value::as_u64) {
        let metrics = subject.pods.iter().find_map(|(_, pods)| pods.port(METRICS)).unwrap_or(health::PORT);
        let grpc = subject.pods.iter().find_map(|(_, pods)| pods.port(TARGET_PORT)).unwrap_or(GRPC_PORT);
        on_metrics = port == metrics;
        if port == grpc {
            let message = format!("{port} is Milvus's gRPC port, which does not answer health checks");
            findings.at(&rules::HEALTH_PORT, config, at("port"), message);
        } else if !subject.pods.is_empty()
            && subject.pods.iter().all(|(_, pods)| pods.declare_ports() && !pods.has_port(port))
        {
            findings.at(&rules::HEALTH_PORT, config, at("port"), format!("no container has a port {port}"));
        }
    }

    if missing("requestPath") {
        findings.at(&rules::HEALTH_PATH_MISSING, config, whole(), "the health check has no `requestPath`");
    } else if let Some(wanted) = str_at(health, "/requestPath").filter(|wanted| on_metrics && *wanted != health::PATH) {
        let message = format!("the health check asks for `{wanted}`");
        findings.at(&rules::HEALTH_PATH, config, at("requestPath"), message);
    }

    let default = i64::from(health::DEFAULT_SECONDS);
    let seconds = |field: &str| health.get(field).and_then(Value::as_i64).filter(|seconds| (1..=300).contains(seconds));
    match (seconds("checkIntervalSec"), seconds("timeoutSec")) {
        (Some(interval), Some(timeout)) if timeout > interval => {
            let message = format!("timeoutSec is {timeout}, and checkIntervalSec is {interval}");
            findings.at(&rules::HEALTH_TIMEOUT, config, at("timeoutSec"), message);
        }
        (Some(interval), None) if interval < default && missing("timeoutSec") => {
            let message = format!("checkIntervalSec is {interval}, and the default timeout is {default}");
            let finding = Finding::at(&rules::HEALTH_ONE_TIME, config, at("checkIntervalSec"), message);
            findings.push(finding.with_fix(format!("add `timeoutSec`, at most {interval}")));
        }
        (None, Some(timeout)) if timeout > default && missing("checkIntervalSec") => {
            let message = format!("timeoutSec is {timeout}, and the default interval is {default}");
            let finding = Finding::at(&rules::HEALTH_ONE_TIME, config, at("timeoutSec"), message);
            findings.push(finding.with_fix(format!("add `checkIntervalSec`, at least {timeout}")));
        }
        _ => {}
    }
}
