//! What GKE does: its kinds, annotations, classes, certificates, events and limits. What
//! plans, checks and judges the live state reads it from here.

pub mod annotation;
pub mod certificate;
pub mod event;
pub mod exposure;
pub mod gateway;
pub mod gateway_condition;
pub mod health;
pub mod ingress;
pub mod kind;
pub mod proxies;
pub mod service;
