//! Whom the load balancer of a Service lets in (cloud-provider-gcp providers/gce/gce_annotations.go; Kubernetes
//! service/helpers `GetLoadBalancerSourceRanges`; Google Cloud, "Internal passthrough load balancers").

use std::fmt;

use json_patch::jsonptr::PointerBuf;
use serde_json::Value;

use super::annotation::{LOAD_BALANCER_TYPE, LOAD_BALANCER_TYPE_OLD, SOURCE_RANGES};
use crate::kube::object::Object as _;
use crate::kube::service::LOAD_BALANCER;
use crate::kube::value::{array_at, pointer, str_at};

/// `spec.loadBalancerClass` of an internal load balancer.
const INTERNAL_CLASS: &str = "networking.gke.io/l4-regional-internal";

/// Why not everybody reaches the load balancer of a Service.
#[derive(Debug)]
pub struct Restriction {
    /// Where the Service says so.
    pub at: PointerBuf,
    /// What it says.
    pub to: Only,
}

/// Who reaches it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Only {
    /// Clients in the VPC network.
    Network,
    /// Clients of these addresses.
    SourceRanges(Vec<String>),
}

impl Restriction {
    /// Of a Service of type LoadBalancer; `None` where the whole internet reaches it, and of other types, which have no
    /// load balancer.
    #[must_use]
    pub fn of(service: &Value) -> Option<Self> {
        if str_at(service, "/spec/type") != Some(LOAD_BALANCER) {
            return None;
        }
        Self::internal(service).or_else(|| Self::source_ranges(service))
    }

    /// What asks for an internal load balancer, whatever the type is.
    #[must_use]
    pub fn internal(service: &Value) -> Option<Self> {
        let is_internal =
            |key: &&str| service.annotation(key).is_some_and(|value| value.trim().eq_ignore_ascii_case("internal"));
        let annotation = [LOAD_BALANCER_TYPE, LOAD_BALANCER_TYPE_OLD].into_iter().find(is_internal);
        let class = || str_at(service, "/spec/loadBalancerClass") == Some(INTERNAL_CLASS);
        let at = match annotation {
            Some(key) => pointer(["metadata", "annotations", key]),
            None if class() => pointer(["spec", "loadBalancerClass"]),
            None => return None,
        };
        Some(Self { at, to: Only::Network })
    }

    /// The field counts, and the annotation where the field is empty.
    fn source_ranges(service: &Value) -> Option<Self> {
        let field: Vec<_> = array_at(service, "/spec/loadBalancerSourceRanges").filter_map(Value::as_str).collect();
        let (at, ranges) = if field.is_empty() {
            let annotation = service.annotation(SOURCE_RANGES)?;
            (pointer(["metadata", "annotations", SOURCE_RANGES]), annotation.split(',').collect())
        } else {
            (pointer(["spec", "loadBalancerSourceRanges"]), field)
        };
        let ranges: Vec<_> = ranges.iter().map(|range| range.trim()).filter(|range| !range.is_empty()).collect();
        let is_open = ranges.is_empty() || ranges.iter().any(|range| range.ends_with("/0"));
        let to = || Only::SourceRanges(ranges.into_iter().map(str::to_owned).collect());
        (!is_open).then(|| Self { at, to: to() })
    }
}

impl fmt::Display for Only {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        const SHOWN: usize = 3;
        match self {
            Self::Network => formatter.write_str("the VPC network"),
            Self::SourceRanges(ranges) if ranges.len() > SHOWN => {
                write!(formatter, "{} and {} more ranges", ranges[..SHOWN].join(", "), ranges.len() - SHOWN)
            }
            Self::SourceRanges(ranges) => formatter.write_str(&ranges.join(", ")),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn of(service: &Value) -> Option<String> {
        Restriction::of(service).map(|found| format!("{} {}", found.at, found.to))
    }

    #[test]
    fn who_reaches_it() {
        let annotated = |key: &str, value: &str| json!({"metadata": {"annotations": {key: value}}, "spec": {"type": "LoadBalancer"}});
        for key in [LOAD_BALANCER_TYPE, LOAD_BALANCER_TYPE_OLD] {
            assert!(of(&annotated(key, "Internal")).is_some_and(|found| found.ends_with("the VPC network")));
            assert!(of(&annotated(key, "internal")).is_some());
            assert_eq!(of(&annotated(key, "External")), None);
        }
        let by_class = json!({"spec": {"type": "LoadBalancer", "loadBalancerClass": INTERNAL_CLASS}});
        assert_eq!(of(&by_class).as_deref(), Some("/spec/loadBalancerClass the VPC network"));
        let ranges = |ranges: Value| json!({"spec": {"type": "LoadBalancer", "loadBalancerSourceRanges": ranges}});
        assert_eq!(of(&ranges(json!(["10.0.0.0/8"]))).as_deref(), Some("/spec/loadBalancerSourceRanges 10.0.0.0/8"));
        assert_eq!(of(&ranges(json!(["10.0.0.0/8", "0.0.0.0/0"]))), None);
        assert_eq!(of(&ranges(json!([]))), None);
        assert!(of(&annotated(SOURCE_RANGES, " 10.0.0.0/8,192.168.0.0/16 ")).is_some());
        assert_eq!(of(&annotated(SOURCE_RANGES, "0.0.0.0/0")), None);
        assert_eq!(of(&annotated(SOURCE_RANGES, " ")), None);
        assert_eq!(of(&json!({"spec": {"type": "ClusterIP", "loadBalancerSourceRanges": ["10.0.0.0/8"]}})), None);
        let many = json!(["10.0.0.0/8", "10.1.0.0/16", "10.2.0.0/16", "10.3.0.0/16", "10.4.0.0/16"]);
        assert!(of(&ranges(many)).is_some_and(|found| found.ends_with("10.2.0.0/16 and 2 more ranges")));
    }
}
