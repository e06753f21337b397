//! "Change the Milvus service type to ClusterIP": and everything goes that is
//! illegal or meaningless with it. With `--service-type keep` the old load balancer stays
//! beside the new one, and nothing of this is done.
//!
//! Some of these fields pass the first upgrade, on which the API server silently drops
//! them, and make the second one fail ("may not be used when `type` is 'ClusterIP'").

use serde_json::{Value, json};

use super::annotation::Annotations;
use super::operations::Operations;
use crate::object::{at, items, path};

/// Fields of `spec` that only fit Services of type LoadBalancer or NodePort.
const EXTERNAL_FIELDS: [&str; 5] = [
    "loadBalancerIP",
    "loadBalancerSourceRanges",
    "loadBalancerClass",
    "healthCheckNodePort",
    "allocateLoadBalancerNodePorts",
];

/// The older form of `loadBalancerSourceRanges`; the API server refuses it as well.
const SOURCE_RANGES: &str = "service.beta.kubernetes.io/load-balancer-source-ranges";

pub(super) fn plan(operations: &mut Operations<'_>) {
    let service = operations.value();
    // Without a type the Service is ClusterIP already.
    if at(service, "/spec/type").is_some_and(|kind| !kind.is_null()) {
        operations.set(path(["spec", "type"]), json!("ClusterIP"));
    }
    for field in EXTERNAL_FIELDS {
        operations.remove(path(["spec", field]));
    }
    // External IPs are allowed on every type, and the policy applies to them.
    let external_ips = items(service, "/spec/externalIPs").next().is_some();
    if !external_ips {
        operations.remove(path(["spec", "externalTrafficPolicy"]));
    }
    let ports = at(service, "/spec/ports").and_then(Value::as_array).map_or(0, Vec::len);
    for index in 0..ports {
        operations.remove(path(["spec", "ports", &index.to_string(), "nodePort"]));
    }
}

pub(super) fn plan_annotations(annotations: &mut Annotations<'_, '_>) {
    annotations.remove(SOURCE_RANGES);
}
