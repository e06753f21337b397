//! Settings + release → what is to change, as JSON patches and new documents.
//!
//! Nothing here knows where anything stands in the text. One rule of the guide per
//! file, headed by the sentence that it implements:
//!
//! | guide step | file |
//! | --- | --- |
//! | Service to ClusterIP | `service_type` |
//! | `tlsMode: 1` in user.yaml | `tls_mode` (and `http_port`, which the guide forgets) |
//! | a changed configuration restarts the pods | `checksum` |
//! | annotate the Service | `app_protocols`, `backend_config_annotation`, `neg` |
//! | BackendConfig, ManagedCertificate, Ingress | `backend_config`, `managed_certificate`, `ingress` |
//! | a Secret from a certificate and its key | `tls_secret` |
//! | (not in the guide) | `frontend_config`, `rest`, `attu` |

mod annotation;
mod app_protocols;
mod attu;
mod backend_config;
mod backend_config_annotation;
pub mod checksum;
mod existing;
mod frontend_config;
pub(crate) mod http_port;
mod ingress;
mod managed_certificate;
mod manifest;
pub(crate) mod milvus_config;
mod neg;
mod operations;
mod rest;
mod service_type;
mod tls_mode;
mod tls_secret;

use json_patch::Patch;
use json_patch::jsonptr::PointerBuf;
use serde_json::Value;

use crate::object::{Object, path};
use crate::refusal::Refusal;
use crate::release::Release;
use crate::settings::{Certificate, ServiceType, Settings};
use crate::stream::DocumentId;

use annotation::Annotations;
use app_protocols::AppProtocols;
use milvus_config::MilvusConfig;
use operations::Operations;
use rest::RestPort;

/// What is to change.
#[derive(Debug)]
pub struct Plan<'r, 'i> {
    /// Patches of the Service and of the ConfigMap.
    pub changes: Vec<Change<'r, 'i>>,
    /// Documents that take the place of existing ones.
    pub replaced: Vec<(DocumentId, Value)>,
    /// Documents at the end of the stream, in this order.
    pub appended: Vec<Value>,
    /// Our Ingress, be it among these or in the stream already.
    pub ingress: Value,
    /// What the user should know although it is done as asked.
    pub warnings: Vec<String>,
}

/// Patches of one document.
#[derive(Debug)]
pub struct Change<'r, 'i> {
    /// The document.
    pub object: &'r Object<'i>,
    /// What changes in its value.
    pub patch: Patch,
    /// What changes in YAML texts that are strings in it.
    pub texts: Vec<TextChange>,
}

/// A patch of a YAML text that is a string in a document. A text that is missing or
/// `null` counts as empty.
#[derive(Debug)]
pub struct TextChange {
    /// Path of the string.
    pub at: PointerBuf,
    /// What changes in the text's value.
    pub patch: Patch,
}

impl Change<'_, '_> {
    fn is_empty(&self) -> bool {
        self.patch.is_empty() && self.texts.is_empty()
    }
}

/// Plans everything but the checksums, which depend on the edited ConfigMap
/// ([`checksum::plan`]).
///
/// # Errors
///
/// A [`Refusal`] where the result would not work.
pub fn plan<'r, 'i>(release: &'r Release<'i>, settings: &Settings) -> Result<Plan<'r, 'i>, Refusal> {
    let mut warnings = Vec::new();
    let (config, http_port) = config(release, settings, &mut warnings)?;
    let rest = if settings.rest { Some(rest::find(release, http_port)?) } else { None };
    let service = service(release, settings, rest.as_ref())?;
    let front_door = front_door(release, settings, rest.as_ref());
    let ingress = front_door.last().cloned().unwrap_or_default();
    let front_door = existing::reconcile(release, settings, front_door)?;
    let attu = attu::plan(release, settings, &mut warnings);
    let changes = [service, config].into_iter().chain(attu).filter(|change| !change.is_empty()).collect();
    Ok(Plan { changes, replaced: front_door.replaced, appended: front_door.appended, ingress, warnings })
}

/// The objects beside the release, each before those that name it: the Ingress last.
fn front_door(release: &Release<'_>, settings: &Settings, rest: Option<&RestPort>) -> Vec<Value> {
    let certificate = match &settings.certificate {
        Certificate::Managed(domains) => Some(managed_certificate::manifest(release, domains)),
        Certificate::Files(pair) => Some(tls_secret::manifest(release, pair)),
        _ => None,
    };
    let backend_config = backend_config::manifest(release, &settings.backend);
    let frontend_config = frontend_config::manifest(release, &settings.front_end);
    let ingress = ingress::manifest(release, settings, rest);
    [Some(backend_config), frontend_config, certificate, Some(ingress)].into_iter().flatten().collect()
}

fn service<'r, 'i>(
    release: &'r Release<'i>,
    settings: &Settings,
    rest: Option<&RestPort>,
) -> Result<Change<'r, 'i>, Refusal> {
    let object = &release.service.object;
    let mut operations = Operations::new(object.value());
    let mut annotations = Annotations::new(object);
    if settings.service_type == ServiceType::ClusterIp {
        service_type::plan(&mut operations);
        service_type::plan_annotations(&mut annotations);
    }
    let mut protocols = AppProtocols::read(&release.service, &annotations)?;
    if let Some(rest) = rest {
        rest::plan(rest, &mut operations, &mut protocols);
    }
    protocols.finish(&mut annotations);
    backend_config_annotation::plan(release, settings, rest, &mut annotations)?;
    neg::plan(&release.service, &mut annotations)?;
    annotations.finish(&mut operations);
    Ok(Change { object, patch: operations.recognised(["kind", "metadata/name"]), texts: Vec::new() })
}

/// The change of the ConfigMap, and the port that Milvus's HTTP server has then.
fn config<'r, 'i>(
    release: &'r Release<'i>,
    settings: &Settings,
    warnings: &mut Vec<String>,
) -> Result<(Change<'r, 'i>, Option<u16>), Refusal> {
    let object = &release.config_map;
    let mut config = MilvusConfig::read(object, &release.server, http_port::candidate(settings.http_port))?;
    tls_mode::plan(&mut config)?;
    http_port::plan(&mut config, &release.server, settings.http_port, warnings)?;
    let http_port = http_port::own(&config, &release.server)?;
    let patch = config.finish();
    let texts = if patch.is_empty() { Vec::new() } else { vec![TextChange { at: path(USER_YAML), patch }] };
    Ok((Change { object, patch: Patch(Vec::new()), texts }, http_port))
}

/// Where the ConfigMap holds the user's settings.
const USER_YAML: [&str; 2] = ["data", "user.yaml"];
