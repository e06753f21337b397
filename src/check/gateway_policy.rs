//! GKE's policies of a Service behind a Gateway, and of the Gateway: what they are about, the health check that finds
//! Milvus healthy, and logging.

use serde_json::Value;

use super::findings::Findings;
use super::input::Input;
use super::subject::Subject;
use super::{fields, rules};
use crate::gke::gateway::FIXED_PORT;
use crate::gke::health;
use crate::gke::kind::{self, Kind};
use crate::kube::object::{Existing, Object as _};
use crate::kube::value::{pointer, str_at, value_at};

/// Checks the policies that are about the Service, or are meant to be.
pub(super) fn check(subject: &Subject<'_>, service: &Existing, findings: &mut Findings) {
    let policies: Vec<_> = subject.input.policies_of(service.name().unwrap_or_default()).collect();
    let mut health = None;
    for (at, kind) in [&kind::HEALTH_CHECK_POLICY, &kind::GCP_BACKEND_POLICY].into_iter().enumerate() {
        let mut first = None;
        for policy in policies.iter().filter(|policy| policy.kind() == kind.name) {
            fields::check(policy, kind, findings);
            if !is_about(policy, &kind::SERVICE, service, findings) {
                continue;
            }
            if let Some(first) = first.replace(policy) {
                let message = format!("{} `{}` targets the same Service", kind.name, first.name().unwrap_or_default());
                findings.object(&rules::POLICY_TWICE, policy, message);
            }
        }
        if at == 0 {
            health = first;
        } else if let Some(policy) = first {
            check_logging(policy, findings);
        }
    }
    match health {
        Some(policy) => check_health(subject, policy, findings),
        None => {
            let message = format!("no HealthCheckPolicy targets Service `{}`", service.name().unwrap_or_default());
            findings.object(&rules::GATEWAY_HEALTH_MISSING, service, message);
        }
    }
}

/// Checks the policies of a Gateway.
pub(super) fn check_of_gateway(input: &Input<'_>, gateway: &Existing, findings: &mut Findings) {
    let policies = input.policies_of(gateway.name().unwrap_or_default());
    let mut first: Option<&Existing> = None;
    for policy in policies.filter(|policy| policy.kind() == kind::GCP_GATEWAY_POLICY.name) {
        fields::check(policy, &kind::GCP_GATEWAY_POLICY, findings);
        if !is_about(policy, &kind::GATEWAY, gateway, findings) {
            continue;
        }
        if let Some(first) = first.replace(policy) {
            let message = format!("GCPGatewayPolicy `{}` targets the same Gateway", first.name().unwrap_or_default());
            findings.object(&rules::POLICY_TWICE, policy, message);
        }
    }
}

/// Whether a policy that names an object is about it.
fn is_about(policy: &Existing, kind: &Kind, target: &Existing, findings: &mut Findings) -> bool {
    let field = |name: &str| str_at(&policy.value, &format!("/spec/targetRef/{name}"));
    let (group, named) = (field("group").unwrap_or_default(), field("kind").unwrap_or_default());
    let (wrong, message) = if named != kind.name {
        // One of the same name may be meant.
        ("kind", format!("the policy targets a {named}, not the {}", kind.name))
    } else if group != kind.group() {
        ("group", format!("a {} is not in the group `{group}`", kind.name))
    } else if !policy.shares_namespace(target.namespace()) {
        ("name", format!("{} `{}` is in another namespace", kind.name, target.name().unwrap_or_default()))
    } else {
        return true;
    };
    findings.at(&rules::POLICY_TARGET, policy, pointer(["spec", "targetRef", wrong]), message);
    false
}

fn check_health(subject: &Subject<'_>, policy: &Existing, findings: &mut Findings) {
    let config = value_at(&policy.value, "/spec/default/config");
    let at = |fields: &[&str]| pointer(["spec", "default"].into_iter().chain(fields.iter().copied()));
    let wrong = |fields: &[&str], message: &str, findings: &mut Findings| {
        findings.at(&rules::GATEWAY_HEALTH, policy, at(fields), message);
    };
    let Some(config) = config else {
        return findings.at(
            &rules::GATEWAY_HEALTH,
            policy,
            pointer(["spec"]),
            "the policy has no health check".to_owned(),
        );
    };
    match str_at(config, "/type") {
        Some(health::TYPE) => {}
        // Milvus answers gRPC health checks; and a connection alone proves little, but works.
        Some("GRPC" | "TCP") => return,
        other => {
            let message = format!("the health check is of type {}", other.unwrap_or("nothing"));
            return wrong(&["config"], &message, findings);
        }
    }
    let Some(check) = value_at(config, "/httpHealthCheck") else {
        return wrong(&["config"], "the health check has no port and no path", findings);
    };
    let place = ["config", "httpHealthCheck"];
    let port = value_at(check, "/port").and_then(Value::as_u64);
    let specification = str_at(check, "/portSpecification");
    let (path, Some(port)) = (str_at(check, "/requestPath").unwrap_or("/"), port) else {
        // A named port is another way.
        if specification != Some("USE_NAMED_PORT") {
            wrong(&place, "the health check has no port: it goes to the gRPC port", findings);
        }
        return;
    };
    let is_milvus = subject.pods.is_empty() || subject.pods.iter().any(|(_, pods)| pods.run_milvus());
    if port == health::PORT && path != health::PATH && is_milvus {
        wrong(&place, &format!("the health check asks for `{path}`"), findings);
    } else if subject.port.and_then(|port| port.target().and_then(Value::as_u64)) == Some(port) {
        wrong(&place, "the health check goes to the gRPC port", findings);
    }
    if !subject.pods.is_empty() && subject.pods.iter().all(|(_, pods)| pods.declare_ports() && !pods.has_port(port)) {
        wrong(&place, &format!("no container has a port {port}"), findings);
    }
    match specification {
        Some(FIXED_PORT) => {}
        None => {
            let message = "the health check has a port, but no portSpecification".to_owned();
            findings.at(&rules::GATEWAY_HEALTH_PORT, policy, at(&place), message);
        }
        Some(other) => {
            let message = format!("with {other} the load balancer does not check port {port}");
            wrong(&["config", "httpHealthCheck", "portSpecification"], &message, findings);
        }
    }
}

fn check_logging(policy: &Existing, findings: &mut Findings) {
    let rate = value_at(&policy.value, "/spec/default/logging/sampleRate").and_then(Value::as_u64);
    if rate == Some(1) {
        let place = pointer(["spec", "default", "logging", "sampleRate"]);
        findings.at(&rules::GATEWAY_LOGGING, policy, place, "one request in a million is logged".to_owned());
    }
}
