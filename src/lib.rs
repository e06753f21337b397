//! Library behind the `milvus-gke-l7` post-renderer. See `ARCHITECTURE.md`.
pub mod yaml;
