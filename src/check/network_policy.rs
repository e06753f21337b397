//! NetworkPolicies of Milvus's pods: they must let in load balancer and health check, which come from outside the cluster.

use json_patch::jsonptr::PointerBuf;
use serde_json::Value;

use super::findings::{Finding, Findings};
use super::rules;
use super::subject::Subject;
use crate::gke::certificate::Scope;
use crate::gke::gateway::GatewayClass;
use crate::gke::ingress::Class;
use crate::gke::{health, proxies};
use crate::kube::network_policy::{Admitted, Block, admitted, block};
use crate::kube::object::{Existing, Object as _};
use crate::kube::value::{pointer, set_at, str_at};
use crate::milvus::pods::METRICS;

pub(super) fn check(subject: &Subject<'_>, findings: &mut Findings) {
    let google: Vec<_> = proxies::RANGES.into_iter().filter_map(block).collect();
    let scopes = scopes(subject);
    for (workload, pods) in &subject.pods {
        let policies = subject.input.network_policies_of(workload, pods);
        let Some(first) = policies.first() else { continue };
        let named = |name: &str| pods.port(name);
        let lets_in = |port| admitted(policies.iter().map(|policy| &policy.value), port, named);
        let of = || format!("{} `{}`", workload.kind(), workload.name().unwrap_or_default());
        let mut wrong = |message| findings.at(&rules::NETWORK_POLICY, first, place(first), message);

        let health = pods.port(METRICS).unwrap_or(health::PORT);
        if let Some(missing) = missing(&lets_in(health), &google) {
            wrong(format!("the health check does not reach port {health} of {}: {missing}", of()));
        }
        let target = subject.port.and_then(|port| port.target());
        let Some(serving) = target.and_then(|target| target.as_str().map_or_else(|| target.as_u64(), named)) else {
            continue;
        };
        let admitted = lets_in(serving);
        if scopes.contains(&Scope::Global)
            && let Some(missing) = missing(&admitted, &google)
        {
            wrong(format!("the load balancer does not reach port {serving} of {}: {missing}", of()));
        }
        if scopes.is_empty() && !admitted.goes_beyond(&[]) {
            wrong(format!(
                "the load balancer does not reach port {serving} of {}: the NetworkPolicy admits only pods",
                of()
            ));
        }
        if !scopes.contains(&Scope::Regional) || admitted.is_everybody() {
            continue;
        }
        if admitted.goes_beyond(&google) {
            let message = format!("the NetworkPolicy must admit the proxy-only subnet at port {serving} of {}", of());
            let finding = Finding::at(&rules::OUTSIDE, first, place(first), message);
            findings.push(finding.with_fix("compare it with the ranges that the NetworkPolicy admits"));
        } else {
            wrong(format!(
                "the load balancer does not reach port {serving} of {}: the NetworkPolicy does not admit a proxy-only \
                subnet",
                of()
            ));
        }
    }
}

/// The load balancers that lead to the Service.
fn scopes(subject: &Subject<'_>) -> Vec<Scope> {
    let classes = subject.ingresses.iter().map(|ingress| Class::of(&ingress.value)).filter(|class| class.is_handled());
    let ingresses = classes.map(|class| if class.is_regional() { Scope::Regional } else { Scope::Global });
    let gateways = subject.service.into_iter().flat_map(|service| subject.input.gateways_of(service));
    let gateways = gateways.filter_map(|gateway| {
        let class: Option<GatewayClass> = str_at(&gateway.value, "/spec/gatewayClassName")?.parse().ok();
        class.map(GatewayClass::scope)
    });
    ingresses.chain(gateways).collect()
}

/// Which of the ranges are not let in, in words.
fn missing(admitted: &Admitted, ranges: &[Block]) -> Option<String> {
    let missing = proxies::RANGES.iter().zip(ranges).filter(|(_, range)| !admitted.covers(range));
    let missing: Vec<_> = missing.map(|(words, _)| *words).collect();
    match missing.as_slice() {
        [] => None,
        [one] => Some(format!("{one} is not admitted")),
        several => Some(format!("{} are not admitted", several.join(" and "))),
    }
}

fn place(policy: &Existing) -> PointerBuf {
    match set_at(&policy.value, "/spec/ingress").is_some_and(|rules| *rules != Value::Array(Vec::new())) {
        true => pointer(["spec", "ingress"]),
        false => pointer(["spec"]),
    }
}
