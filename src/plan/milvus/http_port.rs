//! Not in the guide, and its result does not start without it: an HTTP server with a port of
//! its own ([`http`]).

use serde_json::json;

use super::user_yaml::UserYaml;
use crate::kube::value::pointer;
use crate::milvus::config::{Config, HTTP_ENABLED, HTTP_PORT, Setting};
use crate::milvus::http::{self, is_on};
use crate::milvus::pods::Server;
use crate::report::place::Spot;
use crate::report::refusal::{Reason, Refusal};
use crate::settings::HttpPort;

/// The port that HTTP is given, if it is given one.
pub(in crate::plan) fn candidate(wanted: Option<HttpPort>) -> u16 {
    match wanted {
        Some(HttpPort::Port(port)) => port.get(),
        _ => http::DEFAULT,
    }
}

pub(in crate::plan) fn plan(
    user_yaml: &mut UserYaml<'_, '_>,
    server: &Server,
    wanted: Option<HttpPort>,
    warnings: &mut Vec<String>,
) -> Result<(), Refusal> {
    let config = &user_yaml.config;
    match wanted {
        Some(HttpPort::Keep) => {
            if http::keeps_milvus_from_starting(config, server)? {
                warnings.push(
                    "with --http-port keep Milvus will not start: since 2.4.13 it refuses TLS while HTTP shares the gRPC port"
                        .to_owned(),
                );
            } else if let Some((port, by)) = http::taken(config, server)? {
                warnings.push(format!("with --http-port keep Milvus will not start: {port} is its {by} port as well"));
            }
            Ok(())
        }
        Some(HttpPort::Off) => {
            check_environment(config, HTTP_ENABLED, |value| !is_on(value))?;
            if config.in_files(HTTP_ENABLED)?.is_none_or(|value| is_on(&value)) {
                user_yaml.set(HTTP_ENABLED, json!(false))?;
            }
            Ok(())
        }
        Some(HttpPort::Port(port)) => {
            let port = port.get();
            check_environment(config, HTTP_ENABLED, is_on)?;
            check_environment(config, HTTP_PORT, |value| value.trim() == port.to_string())?;
            if config.in_files(HTTP_ENABLED)?.is_some_and(|value| !is_on(&value)) {
                user_yaml.set(HTTP_ENABLED, json!(true))?;
            }
            set_port(user_yaml, port, server)
        }
        None if http::keeps_milvus_from_starting(config, server)? => {
            // Here the environment can only say the gRPC port itself.
            check_environment(config, HTTP_PORT, |_| false)?;
            set_port(user_yaml, http::DEFAULT, server)
        }
        None => match http::taken(config, server)? {
            Some((port, by)) => Err(config.refuse(Reason::HttpPortTaken { port, by }, HTTP_PORT)),
            None => Ok(()),
        },
    }
}

fn set_port(user_yaml: &mut UserYaml<'_, '_>, port: u16, server: &Server) -> Result<(), Refusal> {
    if let Some(by) = http::listener(&user_yaml.config, server, port) {
        let place = Spot::Path(pointer(["spec", "template", "spec", "containers"]));
        return Err(Refusal::at(Reason::HttpPortTaken { port, by }, server.document, place));
    }
    if user_yaml.config.in_files(HTTP_PORT)?.as_deref() == Some(port.to_string().as_str()) {
        return Ok(());
    }
    user_yaml.set(HTTP_PORT, json!(port))
}

/// The environment wins over user.yaml: it must not say otherwise.
fn check_environment(config: &Config<'_, '_>, setting: Setting, agrees: impl Fn(&str) -> bool) -> Result<(), Refusal> {
    match config.environment(setting) {
        Some(variable) if !variable.value.as_deref().is_some_and(agrees) => {
            Err(config.refuse_environment(variable, setting))
        }
        _ => Ok(()),
    }
}
