//! Not in the guide, and its result does not start without it: since 2.4.13 Milvus
//! ends with "proxy server(http) and external grpc server share the same port, tls mode
//! must be 0" unless its HTTP server has a port of its own or is off
//! (internal/distributed/proxy/listener_manager.go).

use std::num::NonZeroU16;

use serde_json::json;

use super::milvus_config::{HTTP_ENABLED, HTTP_PORT, MilvusConfig, Setting};
use crate::object::path;
use crate::refusal::{Reason, Refusal, Spot};
use crate::release::version::Version;
use crate::release::workload::Server;
use crate::settings::HttpPort;

/// The port that Milvus's own TLS documentation uses.
const DEFAULT: u16 = 8080;

/// The first version that does not start while both share a port.
const SINCE: Version = Version { major: 2, minor: 4, patch: 13 };

/// The port that HTTP is given, if it is given one.
pub(super) fn candidate(wanted: Option<HttpPort>) -> u16 {
    match wanted {
        Some(HttpPort::Port(port)) => port.get(),
        _ => DEFAULT,
    }
}

pub(super) fn plan(
    config: &mut MilvusConfig<'_, '_>,
    server: &Server,
    wanted: Option<HttpPort>,
    warnings: &mut Vec<String>,
) -> Result<(), Refusal> {
    let grpc = config.grpc_port().unwrap_or(server.grpc_port);
    // An unknown version counts as new: a port of its own harms no version.
    let must_part = server.version.is_none_or(|version| version >= SINCE);
    match wanted {
        Some(HttpPort::Keep) => {
            if must_part && shares_port(config, grpc)? {
                warnings.push(
                    "with --http-port keep Milvus will not start: since 2.4.13 it refuses TLS while HTTP shares the gRPC port"
                        .to_owned(),
                );
            }
            Ok(())
        }
        Some(HttpPort::Off) => {
            check_environment(config, HTTP_ENABLED, |value| !is_on(value))?;
            if config.in_files(HTTP_ENABLED)?.is_none_or(|value| is_on(&value)) {
                config.set(HTTP_ENABLED, json!(false))?;
            }
            Ok(())
        }
        Some(HttpPort::Port(port)) => {
            let port = port.get();
            check_environment(config, HTTP_ENABLED, is_on)?;
            check_environment(config, HTTP_PORT, |value| value.trim() == port.to_string())?;
            if config.in_files(HTTP_ENABLED)?.is_some_and(|value| !is_on(&value)) {
                config.set(HTTP_ENABLED, json!(true))?;
            }
            set_port(config, port, grpc, server)
        }
        None if must_part && shares_port(config, grpc)? => {
            // Here the environment can only say the gRPC port itself.
            check_environment(config, HTTP_PORT, |_| false)?;
            set_port(config, DEFAULT, grpc, server)
        }
        None => Ok(()),
    }
}

/// Whether Milvus does not start with TLS on, because HTTP shares the gRPC port.
pub(crate) fn keeps_milvus_from_starting(config: &MilvusConfig<'_, '_>, server: &Server) -> Result<bool, Refusal> {
    let must_part = server.version.is_none_or(|version| version >= SINCE);
    Ok(must_part && shares_port(config, config.grpc_port().unwrap_or(server.grpc_port))?)
}

/// Whether HTTP is on and on the gRPC server's port, as Milvus would read it.
fn shares_port(config: &MilvusConfig<'_, '_>, grpc: u16) -> Result<bool, Refusal> {
    let enabled = match config.environment(HTTP_ENABLED).map(|variable| variable.value.as_deref()) {
        Some(Some(value)) => is_on(value),
        // Taken from elsewhere (`valueFrom`): not known here, left to the user.
        Some(None) => return Ok(false),
        None => config.in_files(HTTP_ENABLED)?.is_none_or(|value| is_on(&value)),
    };
    let own_port = match config.environment(HTTP_PORT).map(|variable| variable.value.as_deref()) {
        Some(Some(value)) => own_port(value, grpc),
        Some(None) => true,
        None => config.in_files(HTTP_PORT)?.is_some_and(|value| own_port(&value, grpc)),
    };
    Ok(enabled && !own_port)
}

fn own_port(value: &str, grpc: u16) -> bool {
    let port = value.trim().parse::<NonZeroU16>();
    port.is_ok_and(|port| port.get() != grpc)
}

/// The port of Milvus's HTTP server, if it has one of its own.
pub(super) fn own(config: &MilvusConfig<'_, '_>, server: &Server) -> Result<Option<u16>, Refusal> {
    let grpc = config.grpc_port().unwrap_or(server.grpc_port);
    let read = |setting| match config.environment(setting) {
        Some(variable) => Ok(variable.value.clone()),
        None => config.in_files(setting),
    };
    let enabled = read(HTTP_ENABLED)?.is_none_or(|value| is_on(&value));
    let port = read(HTTP_PORT)?.filter(|value| own_port(value, grpc));
    Ok(port.filter(|_| enabled).and_then(|value| value.trim().parse().ok()))
}

/// As Go's strconv.ParseBool reads a flag that is on by default.
fn is_on(value: &str) -> bool {
    !matches!(value.trim(), "false" | "False" | "FALSE" | "f" | "F" | "0")
}

fn set_port(config: &mut MilvusConfig<'_, '_>, port: u16, grpc: u16, server: &Server) -> Result<(), Refusal> {
    for (taken, by) in [(grpc, "gRPC"), (server.grpc_port, "gRPC"), (server.health_port, "metrics")] {
        if port == taken {
            let place = Spot::Path(path(["spec", "template", "spec", "containers"]));
            return Err(Refusal::at(Reason::HttpPortTaken { port, by }, server.document, place));
        }
    }
    if config.in_files(HTTP_PORT)?.as_deref() == Some(port.to_string().as_str()) {
        return Ok(());
    }
    config.set(HTTP_PORT, json!(port))
}

/// The environment wins over user.yaml: it must not say otherwise.
fn check_environment(
    config: &MilvusConfig<'_, '_>,
    setting: Setting,
    agrees: impl Fn(&str) -> bool,
) -> Result<(), Refusal> {
    match config.environment(setting) {
        Some(variable) if !variable.value.as_deref().is_some_and(agrees) => {
            Err(config.refuse_environment(variable, setting))
        }
        _ => Ok(()),
    }
}
