//! Kubernetes objects: one view of them, wherever they come from.

pub mod object;
pub mod service;
pub mod value;
