//! Milvus itself: TLS without client certificates, its own HTTP port, and its
//! configuration where Milvus reads it. Attu beside it.

use serde_json::Value;

use super::findings::{Finding, Findings};
use super::rules;
use super::subject::Subject;
use crate::kube::object::{Existing, Object as _, Parsed};
use crate::kube::service::{Port, ports};
use crate::kube::value::pointer;
use crate::milvus::authentication;
use crate::milvus::client::{self, VARIABLE};
use crate::milvus::config::{self, AUTHORIZATION, Config, HTTP_PORT, TLS_MODE};
use crate::milvus::http;
use crate::milvus::pods::{ConfigVolume, Server};
use crate::milvus::service::{GRPC_PORT, INSTANCE, TARGET_PORT, leads_to_milvus};
use crate::report::place::{Place, Spot};
use crate::report::refusal::Refusal;
use crate::settings::Scheme;

/// What Milvus's ports speak.
#[derive(Debug)]
pub(super) struct Speaks {
    /// Whether they speak TLS; not known where it is taken from elsewhere.
    pub(super) tls: Option<bool>,
    /// The port of the HTTP server; none where it is off or shares the gRPC port.
    pub(super) http: Option<u16>,
}

/// Checks Milvus itself; tells what its ports speak, if its configuration can be read.
pub(super) fn check(subject: &Subject<'_>, findings: &mut Findings) -> Option<Speaks> {
    let target = subject.port.and_then(|port| port.target()).cloned().unwrap_or_else(|| TARGET_PORT.into());
    let serving = subject.pods.iter().find_map(|(workload, pods)| Some((*workload, pods, pods.server(&target)?)));
    check_doors(subject, serving.as_ref().map_or(GRPC_PORT, |(_, _, server)| server.grpc_port.into()), findings);
    let Some((workload, pods, server)) = serving else {
        // Whatever runs there says nothing of Milvus.
        if let Some((workload, pods)) = subject.pods.first() {
            let message =
                format!("{} `{}` does not mount any settings", workload.kind(), workload.name().unwrap_or_default());
            findings.at(&rules::CONFIG_MAP_OUTSIDE, workload, pods.pointer(["spec"]), message);
        }
        return None;
    };
    if let Some(variable) = config::variable(&server, TLS_MODE)
        && variable.value.as_deref().map(str::trim) == Some("1")
        && pods.config_volume().is_none()
    {
        // The environment wins, and nothing else is known.
        check_clients(subject, workload, findings);
        return None;
    }
    let Some(ConfigVolume { file, pointer }) = pods.config_volume() else {
        match pods.charts_volume() {
            Some(volume) => {
                let message =
                    format!("{} `{}` does not mount a user.yaml", workload.kind(), workload.name().unwrap_or_default());
                findings.at(&rules::NO_USER_YAML, workload, volume, message);
            }
            None => {
                let message = format!(
                    "{} `{}` does not mount any settings",
                    workload.kind(),
                    workload.name().unwrap_or_default()
                );
                findings.at(&rules::CONFIG_MAP_OUTSIDE, workload, pods.pointer(["spec"]), message);
            }
        }
        return None;
    };
    let Some(file) = file else {
        let message = "Milvus's user.yaml is not from a ConfigMap".to_owned();
        findings.at(&rules::CONFIG_MAP_OUTSIDE, workload, pointer, message);
        return None;
    };
    let Some((config_map, is_second)) = subject.input.config_map(&file, workload.namespace()) else {
        let message = format!("ConfigMap `{}` is not in the input", file.config_map);
        findings.at(&rules::CONFIG_MAP_OUTSIDE, workload, pointer, message);
        return None;
    };
    if is_second {
        let place = Place { document: config_map.id, spot: Spot::Path(self::pointer(["metadata", "name"])) };
        let message = format!("ConfigMap `{}` is in the input twice", file.config_map);
        findings.push(Finding::new(&rules::OBJECT_TWICE, Some(place), message));
    }
    match settings(subject, &config_map, &file.key, &server, findings) {
        Ok(speaks) => {
            if speaks.tls == Some(true) {
                check_clients(subject, workload, findings);
            }
            Some(speaks)
        }
        Err(Refusal { reason, place }) => {
            let finding = Finding::new(&rules::MILVUS_CONFIG, place.map(|place| *place), reason.to_string());
            findings.push(finding.with_fix(reason.help()));
            None
        }
    }
}

/// Whether Milvus speaks TLS as GKE needs it; what is wrong is found.
fn settings(
    subject: &Subject<'_>,
    config_map: &Parsed<'_>,
    key: &str,
    server: &Server,
    findings: &mut Findings,
) -> Result<Speaks, Refusal> {
    let config = Config::read(config_map, key, server, http::DEFAULT)?;
    check_authentication(subject, &config, findings);
    let http = http::port(&config)?;
    let speaks = |tls| Ok(Speaks { tls, http });
    let mode = match config.environment(TLS_MODE) {
        Some(variable) => {
            // Taken from elsewhere (`valueFrom`): not known here.
            let Some(value) = &variable.value else { return speaks(None) };
            Some(value.trim().to_owned())
        }
        None => config.in_files(TLS_MODE)?,
    };
    let mut at = |rule, place: Place, message: String| findings.push(Finding::new(rule, Some(place), message));
    match mode.as_deref() {
        Some("1") => {}
        Some("2") => {
            at(&rules::TLS_MODE_2, config.place_of(TLS_MODE), "Milvus is set to tlsMode 2".to_owned());
            return speaks(Some(false));
        }
        mode => {
            let message = match mode {
                Some(mode) => format!("Milvus is set to tlsMode {mode}"),
                None => "common.security.tlsMode is not set, and off by default".to_owned(),
            };
            at(&rules::TLS_OFF, config.place_of(TLS_MODE), message);
            return speaks(Some(false));
        }
    }
    if http::keeps_milvus_from_starting(&config, server)? {
        let place = config.place_in_files(HTTP_PORT).unwrap_or_else(|| config.place_of(TLS_MODE));
        at(&rules::HTTP_SHARES_PORT, place, "Milvus's HTTP server does not have its own port".to_owned());
    } else if let Some((port, by)) = http::taken(&config, server)? {
        at(
            &rules::HTTP_PORT_TAKEN,
            config.place_in_files(HTTP_PORT).unwrap_or_else(|| config.user_yaml()),
            format!("proxy.http.port is {port}, Milvus's {by} port"),
        );
    }
    speaks(Some(true))
}

fn check_authentication(subject: &Subject<'_>, config: &Config<'_, '_>, findings: &mut Findings) {
    let rule = match subject.scheme() {
        Some(Scheme::External) => &rules::AUTHENTICATION_OFF,
        Some(Scheme::Internal) => &rules::AUTHENTICATION_OFF_INSIDE,
        None => return,
    };
    if authentication::is_off(config) {
        let message = format!("{} is off", AUTHORIZATION.name);
        let finding = Finding::new(rule, Some(config.place_of(AUTHORIZATION)), message);
        findings.push(finding.with_fix(authentication::SWITCH_ON));
    }
}

/// Other Services that let clients in from outside, to the same port of the same pods.
fn check_doors(subject: &Subject<'_>, grpc_port: u64, findings: &mut Findings) {
    let (Some(service), Some((workload, _))) = (subject.service, subject.pods.first()) else { return };
    for door in subject.input.load_balancers_of(workload).filter(|door| door.id != service.id) {
        let leads_there =
            |port: &Port<'_>| leads_to_milvus(port) || port.target().and_then(Value::as_u64) == Some(grpc_port);
        if ports(&door.value).any(|port| leads_there(&port)) {
            let message = format!("Service `{}` leads to the same pods", door.name().unwrap_or_default());
            findings.at(&rules::OTHER_DOOR, door, pointer(["spec", "type"]), message);
        }
    }
}

fn check_clients(subject: &Subject<'_>, milvus: &Existing, findings: &mut Findings) {
    check_attu(subject, milvus, findings);
    let Some((service, name)) = subject.service.and_then(|service| Some((service, service.name()?))) else { return };
    let port = subject.port.and_then(|port| port.number());
    for (workload, told) in subject.input.plain_clients(name) {
        let leads_here = client::plain_urls(&told.url).any(|(host, number)| {
            Some(number) == port && client::is_host_of(host, name, service.namespace(), workload.namespace())
        });
        if leads_here {
            findings.at(&rules::CLIENT_PLAIN, workload, told.pointer.clone(), told.what.clone());
        }
    }
}

fn check_attu(subject: &Subject<'_>, milvus: &Existing, findings: &mut Findings) {
    let release = subject.release();
    let service = subject.service.and_then(Existing::name).unwrap_or_default();
    for (workload, client) in subject.input.clients(release) {
        let url = &client.url;
        let host = url.rsplit_once("//").map_or(url.as_str(), |(_, rest)| rest);
        let leads_here = || host.split([':', '.', '/']).next() == Some(service);
        let is_ours = match (workload.label(INSTANCE), release) {
            (Some(of), Some(release)) => of == release,
            _ => leads_here(),
        };
        let is_beside = workload.id != milvus.id && workload.shares_namespace(milvus.namespace());
        if is_beside && is_ours && !url.is_empty() && !url.starts_with("https://") {
            findings.at(&rules::ATTU_PLAIN, workload, client.pointer.clone(), format!("{VARIABLE} is {url}"));
        }
    }
}
