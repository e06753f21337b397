//! "Enable TLS: set `common.security.tlsMode` to 1": the load balancer speaks HTTP/2
//! to the pods only over TLS. It does not check Milvus's certificate, so that the one
//! that the image brings will do.

use serde_json::json;

use super::user_yaml::UserYaml;
use crate::milvus::config::{Config, TLS_MODE};
use crate::report::refusal::{Reason, Refusal};

pub(in crate::plan) fn plan(user_yaml: &mut UserYaml<'_, '_>) -> Result<(), Refusal> {
    let config = &user_yaml.config;
    let mode = config.in_files(TLS_MODE)?;
    if mode.as_deref() == Some("2") {
        return Err(config.refuse(Reason::TlsMode2, TLS_MODE));
    }
    match config.environment(TLS_MODE) {
        Some(variable) if variable.value.as_deref().map(str::trim) != Some("1") => {
            return Err(config.refuse_environment(variable, TLS_MODE));
        }
        _ => {}
    }
    if mode.as_deref() != Some("1") {
        user_yaml.set(TLS_MODE, json!(1))?;
    }
    Ok(())
}

/// Refuses a Milvus that speaks TLS already, where the load balancer will not.
pub(in crate::plan) fn check_off(config: &Config<'_, '_>) -> Result<(), Refusal> {
    let is_off = |value: &str| matches!(value.trim(), "" | "0");
    match config.environment(TLS_MODE) {
        Some(variable) if variable.value.as_deref().is_some_and(is_off) => Ok(()),
        Some(variable) => Err(config.refuse_environment(variable, TLS_MODE)),
        None => match config.in_files(TLS_MODE)?.filter(|mode| !is_off(mode)) {
            Some(mode) => Err(config.refuse(Reason::TlsWithH2c { mode }, TLS_MODE)),
            None => Ok(()),
        },
    }
}
