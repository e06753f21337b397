//! Where GKE's load balancers and their health checks reach pods from.

/// The health checks of all load balancers, and the proxies of the global ones (Google Cloud documentation, firewall rules
/// of Application Load Balancers).
pub const RANGES: [&str; 2] = ["130.211.0.0/22", "35.191.0.0/16"];
