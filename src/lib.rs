//! Library behind the `milvus-gke-l7` post-renderer. `ARCHITECTURE.md` shows how its
//! parts work together; [`filter::filter`] is the whole way from bytes to bytes.

#![forbid(unsafe_code)]

pub mod certificate;
pub mod check;
pub mod cli;
pub mod command;
pub mod config;
pub mod connect;
pub mod diagnostic;
pub mod diff;
pub mod edit;
pub mod filter;
pub mod function;
pub mod ingress;
pub mod input;
pub mod install;
pub mod list;
pub mod notes;
pub mod object;
pub mod options;
pub mod outcome;
pub mod plan;
pub mod refusal;
pub mod release;
pub mod settings;
pub mod status;
pub mod stream;
pub mod yaml;
