//! A GCPGatewayPolicy, for what the Gateway itself has no field for.

use serde_json::{Value, json};

use super::target;
use crate::gke::kind;
use crate::milvus::release::Release;
use crate::plan::objects::manifest::Manifest;
use crate::plan::objects::names;
use crate::settings::FrontEnd;

/// The policy, if anything asks for one.
pub(super) fn manifest(release: &Release<'_>, front_end: &FrontEnd) -> Option<Value> {
    let ssl_policy = front_end.ssl_policy.as_ref()?;
    let target = target::of(&kind::GATEWAY, &names::gateway(release));
    let spec = json!({"default": {"sslPolicy": ssl_policy.as_str()}, "targetRef": target});
    Some(Manifest::new(&kind::GCP_GATEWAY_POLICY, names::policy(release), release, spec).into_value())
}
