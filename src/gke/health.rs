//! The health check that finds Milvus healthy: plain HTTP on its metrics port, whatever its
//! TLS mode is. Nothing else becomes healthy.

/// `healthCheck.type`: GKE takes a missing one from the serving protocol, without an event.
pub const TYPE: &str = "HTTP";

/// `healthCheck.requestPath`
pub const PATH: &str = "/healthz";

/// Milvus's metrics port, where the workload does not tell.
pub const PORT: u64 = 9091;

/// What GKE sets for interval and timeout alike where one of them is missing, in seconds.
pub const DEFAULT_SECONDS: u32 = 15;
