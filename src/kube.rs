//! Kubernetes objects: one view of them, wherever they come from.

pub mod network_policy;
pub mod object;
pub mod route;
pub mod service;
pub mod value;
