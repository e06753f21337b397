//! "Create a BackendConfig": without it the load balancer would probe `/` over HTTP/2
//! on the gRPC port and never find Milvus healthy.
//!
//! Port, path and type are always written: GKE takes a missing type from the serving
//! protocol and a missing port from the serving port, without an event. What is not
//! asked for is left out, and the load balancer keeps what it was set to before.

use serde::Serialize;
use serde_json::{Value, json};

use crate::gke::{health, kind};
use crate::milvus::release::Release;
use crate::plan::objects::manifest::Manifest;
use crate::plan::objects::names;
use crate::settings::{Backend, HealthTiming};

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Spec {
    health_check: HealthCheck,
    #[serde(skip_serializing_if = "Option::is_none")]
    timeout_sec: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    connection_draining: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    security_policy: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    logging: Option<Value>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct HealthCheck {
    #[serde(skip_serializing_if = "Option::is_none")]
    check_interval_sec: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    timeout_sec: Option<u32>,
    port: u16,
    request_path: &'static str,
    #[serde(rename = "type")]
    protocol: &'static str,
}

pub(in crate::plan) fn manifest(release: &Release<'_>, backend: &Backend) -> Value {
    let timing = backend.health;
    let health_check = HealthCheck {
        check_interval_sec: timing.map(|timing: HealthTiming| timing.interval().get()),
        timeout_sec: timing.map(|timing| timing.timeout().get()),
        port: release.health_port,
        request_path: health::PATH,
        protocol: health::TYPE,
    };
    let logging = backend.log_sample_rate.map(|rate| match rate.get() {
        rate if rate > 0.0 => json!({"enable": true, "sampleRate": rate}),
        _ => json!({"enable": false}),
    });
    let spec = Spec {
        health_check,
        timeout_sec: backend.timeout.map(|timeout| timeout.get()),
        connection_draining: backend.drain.map(|drain| json!({"drainingTimeoutSec": drain.get()})),
        security_policy: backend.security_policy.as_ref().map(|policy| json!({"name": policy.as_str()})),
        logging,
    };
    Manifest::new(&kind::BACKEND_CONFIG, names::backend_config(release), release, spec).into_value()
}
