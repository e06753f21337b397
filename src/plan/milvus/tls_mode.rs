//! "Enable TLS: set `common.security.tlsMode` to 1": the load balancer speaks HTTP/2
//! to the pods only over TLS. It does not check Milvus's certificate, so that the one
//! that the image brings will do.

use serde_json::json;

use super::user_yaml::UserYaml;
use crate::milvus::config::TLS_MODE;
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
