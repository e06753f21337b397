//! Milvus's HTTP server. Since 2.4.13 Milvus ends with "proxy server(http) and external grpc
//! server share the same port, tls mode must be 0" unless it has its own port or is off
//! (internal/distributed/proxy/listener_manager.go).

use std::num::NonZeroU16;

use super::config::{Config, HTTP_ENABLED, HTTP_PORT};
use super::pods::Server;
use super::version::Version;
use crate::report::refusal::Refusal;

/// The port that Milvus's own TLS documentation uses.
pub const DEFAULT: u16 = 8080;

/// The first version that does not start while both share a port, and the first whose HTTP
/// server has its own port with TLS on.
pub const SINCE: Version = Version { major: 2, minor: 4, patch: 13 };

/// Whether Milvus does not start with TLS on, because HTTP shares the gRPC port.
///
/// # Errors
///
/// As [`Config::in_files`].
pub fn keeps_milvus_from_starting(config: &Config<'_, '_>, server: &Server) -> Result<bool, Refusal> {
    // An unknown version counts as new: a port of its own harms no version.
    let must_part = server.version.is_none_or(|version| version >= SINCE);
    Ok(must_part && shares_port(config)?)
}

/// Whether HTTP is on and on the gRPC server's port, as Milvus would read it.
///
/// # Errors
///
/// As [`Config::in_files`].
pub fn shares_port(config: &Config<'_, '_>) -> Result<bool, Refusal> {
    let enabled = match config.environment(HTTP_ENABLED).map(|variable| variable.value.as_deref()) {
        Some(Some(value)) => is_on(value),
        // Taken from elsewhere (`valueFrom`): not known here, left to the user.
        Some(None) => return Ok(false),
        None => config.in_files(HTTP_ENABLED)?.is_none_or(|value| is_on(&value)),
    };
    let has_own = match config.environment(HTTP_PORT).map(|variable| variable.value.as_deref()) {
        Some(Some(value)) => own_port(config, value).is_some(),
        Some(None) => true,
        None => config.in_files(HTTP_PORT)?.is_some_and(|value| own_port(config, &value).is_some()),
    };
    Ok(enabled && !has_own)
}

fn own_port(config: &Config<'_, '_>, value: &str) -> Option<u16> {
    let port: NonZeroU16 = value.trim().parse().ok()?;
    Some(port.get()).filter(|port| *port != config.grpc_port())
}

/// The port of Milvus's HTTP server, if it has its own.
///
/// # Errors
///
/// As [`Config::in_files`].
pub fn port(config: &Config<'_, '_>) -> Result<Option<u16>, Refusal> {
    let read = |setting| match config.environment(setting) {
        Some(variable) => Ok(variable.value.clone()),
        None => config.in_files(setting),
    };
    let enabled = read(HTTP_ENABLED)?.is_none_or(|value| is_on(&value));
    let port = read(HTTP_PORT)?.filter(|_| enabled);
    Ok(port.and_then(|value| own_port(config, &value)))
}

/// What else of the proxy listens on the port that HTTP is given; `None` where nothing does, or HTTP is off.
///
/// # Errors
///
/// As [`Config::in_files`].
pub fn taken(config: &Config<'_, '_>, server: &Server) -> Result<Option<(u16, &'static str)>, Refusal> {
    Ok(port(config)?.and_then(|port| Some((port, listener(config, server, port)?))))
}

/// What of the proxy listens on a port, beside HTTP.
#[must_use]
pub fn listener(config: &Config<'_, '_>, server: &Server, port: u16) -> Option<&'static str> {
    let listeners = [
        (Some(config.grpc_port()), "gRPC"),
        (Some(server.grpc_port), "gRPC"),
        (server.health_port, "metrics"),
        (Some(config.internal_port()), "internal"),
    ];
    listeners.into_iter().find(|(taken, _)| *taken == Some(port)).map(|(_, by)| by)
}

/// As Milvus reads a flag: Go's strconv.ParseBool, and false for what that refuses (pkg/util/paramtable).
#[must_use]
pub fn is_on(value: &str) -> bool {
    matches!(value.trim(), "true" | "True" | "TRUE" | "t" | "T" | "1")
}
