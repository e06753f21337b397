//! Milvus itself: TLS without client certificates, an HTTP port of its own, and its
//! configuration where Milvus reads it. Attu beside it.

use memchr::memmem;
use serde_json::Value;

use super::input::{label, namespace};
use super::pods::Pods;
use super::service::Subject;
use super::{Finding, Findings, rules};
use crate::object::{Existing, Object, items, path, text};
use crate::plan::http_port;
use crate::plan::milvus_config::{HTTP_PORT, MilvusConfig, TLS_MODE};
use crate::refusal::{Reason, Refusal, Spot};
use crate::release::attu::VARIABLE;
use crate::release::service::INSTANCE;
use crate::release::workload::Server;
use crate::stream::Stream;

/// Where the HTTP server is given a port, if it is given one.
const HTTP: u16 = 8080;

pub(super) fn check(subject: &Subject<'_>, stream: &Stream<'_>, findings: &mut Findings) {
    let serving = subject.pods.iter().find_map(|pods| Some((pods, pods.config_map()?, pods.server()?)));
    let Some((pods, (volume, name), server)) = serving else { return };
    let at_volume = || pods.path(["spec", "volumes", &volume.to_string(), "configMap", "name"]);
    if !pods.mount_user_yaml() {
        let message =
            format!("{} `{}` mounts no user.yaml", pods.workload.kind(), pods.workload.name().unwrap_or_default());
        findings.at(&rules::NO_USER_YAML, pods.workload, at_volume(), message);
        return;
    }
    let Some(config_map) = config_map(name, namespace(pods.workload), subject, stream) else {
        let message = format!("ConfigMap `{name}` is not in the input");
        findings.at(&rules::CONFIG_MAP_OUTSIDE, pods.workload, at_volume(), message);
        return;
    };
    match settings(&config_map, &server, findings) {
        Ok(true) => check_attu(subject, pods, findings),
        Ok(false) => {}
        Err(Refusal { reason, place }) => findings.0.push(Finding {
            rule: &rules::MILVUS_CONFIG,
            message: reason.to_string(),
            place: place.map(|place| *place),
            fix: Some(reason.help().into_owned()),
        }),
    }
}

fn config_map<'i>(
    name: &str,
    namespace: Option<&str>,
    subject: &Subject<'_>,
    stream: &Stream<'i>,
) -> Option<Object<'i>> {
    let mentions = |body: &[u8]| memmem::find(body, name.as_bytes()).is_some();
    let candidates = subject.input.config_maps.iter().filter(|id| mentions(stream.body(**id)));
    candidates
        .filter_map(|id| Object::parse(stream, *id).ok())
        .find(|object| object.name() == Some(name) && object.shares_namespace(namespace) && !object.is_hook())
}

/// Whether Milvus speaks TLS as GKE needs it; what is wrong is found.
fn settings(config_map: &Object<'_>, server: &Server, findings: &mut Findings) -> Result<bool, Refusal> {
    let config = MilvusConfig::read(config_map, server, HTTP)?;
    let (mode, mut place) = match config.environment(TLS_MODE) {
        Some(variable) => {
            // Taken from elsewhere (`valueFrom`): not known here.
            let Some(value) = &variable.value else { return Ok(false) };
            (Some(value.trim().to_owned()), config.refuse_environment(variable, TLS_MODE).place)
        }
        None => (config.in_files(TLS_MODE)?, config.refuse(Reason::TlsMode2, TLS_MODE).place),
    };
    let user_yaml = || Spot::Path(path(["data", "user.yaml"]));
    let at = |place: Option<Box<crate::refusal::Place>>| match place {
        Some(place) => (place.document, place.spot),
        None => (config_map.id, user_yaml()),
    };
    match mode.as_deref() {
        Some("1") => {}
        Some("2") => {
            let (document, spot) = at(place.take());
            findings.spot(&rules::TLS_MODE_2, document, spot, "Milvus is set to tlsMode 2");
            return Ok(false);
        }
        mode => {
            let (document, spot) = at(place.take());
            let message = match mode {
                Some(mode) => format!("Milvus is set to tlsMode {mode}"),
                None => "common.security.tlsMode is not set, and off by default".to_owned(),
            };
            findings.spot(&rules::TLS_OFF, document, spot, message);
            return Ok(false);
        }
    }
    if http_port::keeps_milvus_from_starting(&config, server)? {
        let port = config.refuse(Reason::RestWithoutHttp, HTTP_PORT).place;
        let (document, spot) = at(port.or(place));
        findings.spot(&rules::HTTP_SHARES_PORT, document, spot, "Milvus's HTTP server has no port of its own");
    }
    Ok(true)
}

fn check_attu(subject: &Subject<'_>, milvus: &Pods<'_>, findings: &mut Findings) {
    let release = subject.release();
    let service = subject.service.and_then(Existing::name).unwrap_or_default();
    for pods in Pods::all(subject.input) {
        let workload = pods.workload;
        if workload.id == milvus.workload.id || !workload.shares_namespace(namespace(milvus.workload)) {
            continue;
        }
        for (index, container) in items(pods.template, "/spec/containers").enumerate() {
            let variable = items(container, "/env").enumerate().find(|(_, one)| text(one, "/name") == Some(VARIABLE));
            let Some((number, variable)) = variable else { continue };
            let url = variable.get("value").and_then(Value::as_str).unwrap_or_default();
            let host = url.rsplit_once("//").map_or(url, |(_, rest)| rest);
            let leads_here = || host.split([':', '.', '/']).next() == Some(service);
            let is_ours = match (label(workload, INSTANCE), release) {
                (Some(of), Some(release)) => of == release,
                _ => leads_here(),
            };
            if is_ours && !url.is_empty() && !url.starts_with("https://") {
                let (index, number) = (index.to_string(), number.to_string());
                let place = pods.path(["spec", "containers", &index, "env", &number, "value"]);
                findings.at(&rules::ATTU_PLAIN, workload, place, format!("{VARIABLE} is {url}"));
            }
        }
    }
}
