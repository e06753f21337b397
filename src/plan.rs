//! Settings + release → what is to change, as JSON patches and new documents.
//!
//! Nothing here knows where anything stands in the text. One rule of the guide per
//! file, headed by the sentence that it implements:
//!
//! | guide step | file |
//! | --- | --- |
//! | Service to ClusterIP | `service/service_type` |
//! | `tlsMode: 1` in user.yaml | `milvus/tls_mode` (and `milvus/http_port`, which the guide forgets) |
//! | a changed configuration restarts the pods | `milvus/checksum` |
//! | annotate the Service | `service/app_protocols`, `service/backend_config`, `service/neg` |
//! | BackendConfig, ManagedCertificate, Ingress | `ingress/backend_config`, `ingress/managed_certificate`, `ingress/ingress` |
//! | a Secret from a certificate and its key | `objects/tls_secret` |
//! | (not in the guide) | `service/exposure`, `ingress/frontend_config`, `service/rest`, `milvus/attu` |

mod change;
mod ingress;
mod milvus;
mod objects;
mod operations;
mod service;

use json_patch::Patch;
use serde_json::Value;

use crate::kube::value::pointer;
use crate::milvus::authentication;
use crate::milvus::config::Config;
use crate::milvus::http;
use crate::milvus::release::Release;
use crate::report::refusal::Refusal;
use crate::settings::{Scheme, Settings};
use crate::stream::DocumentId;

use ingress::NewObjects;
use milvus::user_yaml::UserYaml;
use milvus::{attu, http_port, tls_mode};
use objects::existing::FrontDoor;
use service::rest;

pub use change::{Change, TextChange};
pub use milvus::checksum;

/// What is to change.
#[derive(Debug)]
pub struct Plan<'r, 'i> {
    /// What changes in the Service.
    pub service: Change<'r, 'i>,
    /// What changes in the ConfigMap.
    pub config: Change<'r, 'i>,
    /// What changes in the workload that runs Attu.
    pub attu: Option<Change<'r, 'i>>,
    /// Documents that take the place of existing ones.
    pub replaced: Vec<(DocumentId, Value)>,
    /// Documents at the end of the stream, in this order.
    pub appended: Vec<Value>,
    /// Our Ingress, be it among these or in the stream already.
    pub ingress: Value,
    /// Whether Milvus asks nobody for a password.
    pub is_without_authentication: bool,
    /// What the user should know although it is done as asked.
    pub warnings: Vec<String>,
}

/// Plans everything but the checksums, which depend on the edited ConfigMap
/// ([`checksum::plan`]).
///
/// # Errors
///
/// A [`Refusal`] where the result would not work.
pub fn plan<'r, 'i>(release: &'r Release<'i>, settings: &Settings) -> Result<Plan<'r, 'i>, Refusal> {
    let mut warnings = Vec::new();
    let Settled { config, http_port, is_without_authentication } = config(release, settings, &mut warnings)?;
    if is_without_authentication && settings.front_end.scheme == Scheme::External {
        warnings.push(format!(
            "{}, and the load balancer is on the internet; {}",
            authentication::OFF,
            authentication::SWITCH_ON
        ));
    }
    let rest = if settings.rest { Some(rest::find(release, http_port)?) } else { None };
    let service = service::plan(release, settings, rest.as_ref())?;
    let ours = NewObjects::of(release, settings, rest.as_ref());
    let ingress = ours.ingress.clone();
    let front_door = ours.reconcile(release, settings)?;
    let attu = attu::plan(release, settings, &mut warnings);
    let host = settings.hosts.iter().next().map(ToString::to_string).unwrap_or_default();
    warnings.extend(release.plain_clients.iter().map(|(workload, told)| {
        format!("{workload} will lose Milvus: {told}, and Milvus speaks TLS only; let it connect to https://{host}:443")
    }));
    warnings.extend(release.other_doors.iter().map(|door| {
        format!(
            "Service `{door}` of type LoadBalancer leads to the same pods, and stays open beside the new load balancer"
        )
    }));
    let FrontDoor { replaced, appended, warnings: unused } = front_door;
    warnings.extend(unused);
    if rest.is_none() && rest::has_port(release) {
        warnings.push(format!("port `{}` of the Service stays, and without --rest nothing leads to it", rest::NAME));
    }
    Ok(Plan { service, config, attu, replaced, appended, ingress, is_without_authentication, warnings })
}

/// What becomes of Milvus's settings.
struct Settled<'r, 'i> {
    config: Change<'r, 'i>,
    /// The port that Milvus's HTTP server has then.
    http_port: Option<u16>,
    is_without_authentication: bool,
}

fn config<'r, 'i>(
    release: &'r Release<'i>,
    settings: &Settings,
    warnings: &mut Vec<String>,
) -> Result<Settled<'r, 'i>, Refusal> {
    let object = &release.config_map;
    let config = Config::read(object, &release.config_key, &release.server, http_port::candidate(settings.http_port))?;
    let mut user_yaml = UserYaml::new(config);
    tls_mode::plan(&mut user_yaml)?;
    http_port::plan(&mut user_yaml, &release.server, settings.http_port, warnings)?;
    let http_port = http::port(&user_yaml.config)?;
    let is_without_authentication = authentication::is_off(&user_yaml.config);
    let patch = user_yaml.finish();
    let texts = if patch.is_empty() {
        Vec::new()
    } else {
        vec![TextChange { at: pointer(["data", &release.config_key]), patch }]
    };
    let config = Change { object, patch: Patch(Vec::new()), texts };
    Ok(Settled { config, http_port, is_without_authentication })
}
