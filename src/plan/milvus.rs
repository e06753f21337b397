//! The edits of the release's configuration and workloads.

pub(super) mod attu;
pub mod checksum;
pub(super) mod http_port;
pub(super) mod tls_mode;
pub(super) mod user_yaml;
