//! A GCPBackendPolicy, where anything is asked for that it holds. A Service has one at most: GKE takes the oldest.

use serde_json::{Map, Value, json};

use super::target;
use crate::gke::{gateway as gke, kind};
use crate::milvus::release::Release;
use crate::plan::objects::manifest::Manifest;
use crate::plan::objects::names;
use crate::settings::{Backend, SampleRate};

/// The policy, if anything asks for one.
pub(super) fn manifest(release: &Release<'_>, backend: &Backend) -> Option<Value> {
    let fields = [
        ("timeoutSec", backend.timeout.map(|timeout| json!(timeout))),
        ("connectionDraining", backend.drain.map(|drain| json!({"drainingTimeoutSec": drain}))),
        ("securityPolicy", backend.security_policy.as_ref().map(|policy| json!(policy.as_str()))),
        ("logging", backend.log_sample_rate.map(logging)),
    ];
    let default: Map<_, _> = fields.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect();
    let target = target::of(&kind::SERVICE, &names::gateway_service(release));
    (!default.is_empty()).then(|| {
        let spec = json!({"default": default, "targetRef": target});
        Manifest::new(&kind::GCP_BACKEND_POLICY, names::policy(release), release, spec).into_value()
    })
}

/// A part of a million; a part that is asked for is not rounded to none.
fn logging(rate: SampleRate) -> Value {
    if rate.get() <= 0.0 {
        return json!({"enabled": false});
    }
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "from 1 to a million")]
    let rate = (rate.get() * gke::LOG_ALL).round().max(1.0) as u32;
    json!({"enabled": true, "sampleRate": rate})
}
