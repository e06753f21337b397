//! "Change the Milvus service type to ClusterIP": and everything goes that is
//! illegal or meaningless with it. With `--service-type keep` the old load balancer stays
//! beside the new one, and nothing of this is done.
//!
//! Some of these fields pass the first upgrade, on which the API server silently drops
//! them, and make the second one fail ("may not be used when `type` is 'ClusterIP'").

use serde_json::{Value, json};

use super::annotations::Annotations;
use crate::gke::annotation::SOURCE_RANGES;
use crate::kube::value::{array_at, pointer, value_at};
use crate::plan::operations::Operations;

/// Fields of `spec` that only fit Services of type LoadBalancer or NodePort.
const EXTERNAL_FIELDS: [&str; 5] = [
    "loadBalancerIP",
    "loadBalancerSourceRanges",
    "loadBalancerClass",
    "healthCheckNodePort",
    "allocateLoadBalancerNodePorts",
];

pub(in crate::plan) fn plan(operations: &mut Operations<'_>) {
    let service = operations.value();
    // Without a type the Service is ClusterIP already.
    if value_at(service, "/spec/type").is_some_and(|kind| !kind.is_null()) {
        operations.set(pointer(["spec", "type"]), json!("ClusterIP"));
    }
    for field in EXTERNAL_FIELDS {
        operations.remove(pointer(["spec", field]));
    }
    // External IPs are allowed on every type, and the policy applies to them.
    let external_ips = array_at(service, "/spec/externalIPs").next().is_some();
    if !external_ips {
        operations.remove(pointer(["spec", "externalTrafficPolicy"]));
    }
    let ports = value_at(service, "/spec/ports").and_then(Value::as_array).map_or(0, Vec::len);
    for index in 0..ports {
        operations.remove(pointer(["spec", "ports", &index.to_string(), "nodePort"]));
    }
}

pub(in crate::plan) fn plan_annotations(annotations: &mut Annotations<'_, '_>) {
    annotations.remove(SOURCE_RANGES);
}
