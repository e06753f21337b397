//! All tests but the unit tests: one program, a module for each subject, because linking 30 of them took longer than
//! running most of them. `tests/memory.rs` needs a small parent, and `tests/z_left_out.rs` runs last.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a failed test may panic")]

mod certificate;
mod charts;
mod check;
mod check_gke;
mod common;
mod completion;
mod crdcheck;
mod diff;
mod docs;
mod exhaustive;
mod faults;
mod files;
mod function;
mod gateway;
mod gateway_milvus;
mod gateway_mutations;
mod gke;
mod golden;
mod helm;
mod help;
mod install;
mod kubernetes;
mod kustomize;
mod limits;
mod migrate;
mod milvus;
mod milvus_config;
mod mutations;
mod operator;
mod property;
mod release;
mod sabotage;
mod schemas;
mod site;
mod status;
mod terminal;
mod traefik;
mod wait;
