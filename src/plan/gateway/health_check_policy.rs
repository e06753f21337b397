//! A HealthCheckPolicy: without it the load balancer would ask for `/` on the gRPC port and never find Milvus healthy.
//! A probe of the pods is not read.
//!
//! The port is said to be a fixed one: GKE's older definition lets that be left out, the newest refuses the object then.

use serde_json::{Map, Value, json};

use super::target;
use crate::gke::{gateway as gke, health, kind};
use crate::milvus::release::Release;
use crate::plan::objects::manifest::Manifest;
use crate::plan::objects::names;
use crate::settings::Backend;

pub(super) fn manifest(release: &Release<'_>, backend: &Backend) -> Value {
    let mut default = Map::new();
    if let Some(timing) = backend.health {
        default.insert("checkIntervalSec".to_owned(), json!(timing.interval()));
        default.insert("timeoutSec".to_owned(), json!(timing.timeout()));
    }
    let check = json!({"portSpecification": gke::FIXED_PORT, "port": release.health_port, "requestPath": health::PATH});
    default.insert("config".to_owned(), json!({"type": health::TYPE, "httpHealthCheck": check}));
    let target = target::of(&kind::SERVICE, &names::gateway_service(release));
    let spec = json!({"default": default, "targetRef": target});
    Manifest::new(&kind::HEALTH_CHECK_POLICY, names::policy(release), release, spec).into_value()
}
