//! The health check that finds Milvus healthy: plain HTTP on its metrics port, whatever its
//! TLS mode is. Nothing else becomes healthy.

use serde_json::Value;

use crate::kube::value::{str_at, value_at};

/// `healthCheck.type`: GKE takes a missing one from the serving protocol, without an event.
pub const TYPE: &str = "HTTP";

/// `healthCheck.requestPath`
pub const PATH: &str = "/healthz";

/// Milvus's metrics port, where the workload does not tell.
pub const PORT: u64 = 9091;

/// What GKE sets for interval and timeout alike where one of them is missing, in seconds.
pub const DEFAULT_SECONDS: u32 = 15;

/// Whether a `healthCheck` finds Milvus healthy, as far as it tells: on another port than Milvus's own a sidecar may
/// answer at any path.
#[must_use]
pub fn is_milvus(check: &Value) -> bool {
    let port = value_at(check, "/port").and_then(Value::as_u64);
    let path = str_at(check, "/requestPath");
    str_at(check, "/type") == Some(TYPE)
        && port.is_some()
        && path.is_some()
        && (port != Some(PORT) || path == Some(PATH))
}
