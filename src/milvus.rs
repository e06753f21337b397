//! A Milvus release: its Service, workloads, configuration and clients.

pub mod absent;
pub mod authentication;
pub mod client;
pub mod config;
pub mod http;
pub mod operator;
pub mod pods;
pub mod pulsar;
pub mod release;
pub mod service;
pub mod version;
pub mod workload;
