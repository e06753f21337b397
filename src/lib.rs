//! Library behind the `milvus-gke-l7` post-renderer. `ARCHITECTURE.md` shows how its
//! parts work together; [`filter::rewrite`] is the whole way from bytes to bytes.

#![forbid(unsafe_code)]

pub mod certificate;
pub mod check;
pub mod cli;
pub mod commands;
pub mod completion;
pub mod config;
pub mod connect;
pub mod diff;
pub mod edit;
pub mod filter;
pub mod gke;
pub mod host;
pub mod input;
pub mod install;
pub mod kube;
pub mod milvus;
pub mod notes;
pub mod options;
pub mod plan;
pub mod report;
pub mod settings;
pub mod status;
pub mod stream;
pub mod text;
pub mod wait;
pub mod yaml;
