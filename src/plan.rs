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
//! | the same by a Gateway (not in the guide) | `service/app_protocol`, `gateway/…` |
//! | a release of the Milvus Operator (not in the guide) | `operator` |
//! | (not in the guide) | `service/exposure`, `ingress/frontend_config`, `service/rest`, `milvus/attu` |

mod change;
mod gateway;
mod ingress;
mod milvus;
mod objects;
mod operations;
pub(crate) mod operator;
mod service;

use json_patch::Patch;
use serde_json::Value;

use crate::gke::gateway::{H2C_KNOWN, Protocol};
use crate::gke::kind;
use crate::kube::object::Object as _;
use crate::kube::value::pointer;
use crate::milvus::authentication;
use crate::milvus::config::Config;
use crate::milvus::http;
use crate::milvus::release::Release;
use crate::report::refusal::Refusal;
use crate::settings::{Scheme, Settings};
use crate::stream::DocumentId;

use milvus::user_yaml::UserYaml;
use milvus::{attu, http_port, tls_mode};
use objects::existing::{self, FrontDoor};
use objects::rivals;
use service::rest::{self, RestPort};

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
    /// Our Ingress, if there is to be one, be it among these or in the stream already.
    pub ingress: Option<Value>,
    /// Whether Milvus does not ask for a password.
    pub is_without_authentication: bool,
    /// What the user should know although it is done as asked.
    pub warnings: Vec<String>,
}

pub(crate) use objects::names::certificate as certificate_name;

/// Plans everything but the checksums, which depend on the edited ConfigMap
/// ([`checksum::plan`]).
///
/// # Errors
///
/// A [`Refusal`] where the result would not work.
pub fn plan<'r, 'i>(release: &'r Release<'i>, settings: &Settings) -> Result<Plan<'r, 'i>, Refusal> {
    let mut warnings = Vec::new();
    let h2c = settings.doors.protocol() == Protocol::H2c;
    let Settled { config, rest, is_without_authentication } = match h2c {
        true => untouched(release, settings, &mut warnings)?,
        false => config(release, settings, &mut warnings)?,
    };
    if is_without_authentication && settings.doors.scheme() == Scheme::External {
        warnings.push(format!(
            "{}, and the load balancer is on the internet; {}",
            authentication::OFF,
            authentication::SWITCH_ON
        ));
    }
    if let Some(resource) = &release.resource {
        operator::warnings(resource, !config.is_empty(), &mut warnings);
    }
    let service = service::plan(release, settings, rest.as_ref())?;
    let (ours, ingress) = objects(release, settings, rest.as_ref())?;
    let front_door = existing::reconcile(release, settings, ours)?;
    let mut attu = None;
    if !h2c {
        attu = attu::plan(release, settings, &mut warnings);
        let host = settings.hosts.iter().next().map(ToString::to_string).unwrap_or_default();
        warnings.extend(release.plain_clients.iter().map(|(workload, told)| {
            format!(
                "{workload} will lose Milvus: {told}, and Milvus speaks TLS only; make it connect to https://{host}:443"
            )
        }));
    }
    let own_door = operator::leaves_open(release, settings).then_some(&release.service.name);
    warnings.extend(own_door.into_iter().chain(&release.other_doors).map(|door| {
        format!(
            "Service `{door}` of type LoadBalancer leads to the same pods, and stays open beside the new load balancer"
        )
    }));
    let FrontDoor { replaced, appended, warnings: unused } = front_door;
    warnings.extend(unused);
    warnings.extend(settings.doors.gateway().and_then(gateway::unnamed_listener));
    if rest.is_none() && rest::has_port(release) {
        warnings.push(format!("port `{}` of the Service stays, but without --rest nothing leads to it", rest::NAME));
    }
    Ok(Plan { service, config, attu, replaced, appended, ingress, is_without_authentication, warnings })
}

/// Our objects, and among them our Ingress.
fn objects(
    release: &Release<'_>,
    settings: &Settings,
    rest: Option<&RestPort>,
) -> Result<(Vec<Value>, Option<Value>), Refusal> {
    let (mut objects, mut ingress) = (Vec::new(), None);
    if let Some(door) = settings.doors.ingress() {
        let (ours, last) = ingress::objects(release, settings, door, rest);
        (objects, ingress) = (ours, Some(last));
    }
    if let Some(door) = settings.doors.gateway() {
        objects.extend(operator::service(release, door.protocol, rest)?);
        let ours = gateway::objects(release, settings, door, rest);
        // Both may have one Secret.
        let is_new = |object: &Value| object.kind() != kind::SECRET.name || ingress.is_none();
        objects.extend(ours.into_iter().filter(is_new));
    }
    rivals::refuse(release, &settings.doors, &objects)?;
    Ok((objects, ingress))
}

/// What becomes of Milvus's settings.
struct Settled<'r, 'i> {
    config: Change<'r, 'i>,
    /// The port that leads to Milvus's HTTP server then, if it is asked for.
    rest: Option<RestPort>,
    is_without_authentication: bool,
}

fn config<'r, 'i>(
    release: &'r Release<'i>,
    settings: &Settings,
    warnings: &mut Vec<String>,
) -> Result<Settled<'r, 'i>, Refusal> {
    let object = &release.config_map;
    let config = Config::read(object, &release.config_key, &release.server, http_port::candidate(settings.http_port))?;
    check_port(release, &config)?;
    let mut user_yaml = UserYaml::new(config);
    tls_mode::plan(&mut user_yaml)?;
    http_port::plan(&mut user_yaml, &release.server, settings.http_port, warnings)?;
    let rest = if settings.rest { Some(rest::find(release, http::port(&user_yaml.config)?)?) } else { None };
    let is_without_authentication = authentication::is_off(&user_yaml.config);
    let patch = user_yaml.finish();
    let texts = if patch.is_empty() {
        Vec::new()
    } else {
        vec![TextChange { at: pointer(["data", &release.config_key]), patch }]
    };
    let config = Change { object, patch: Patch(Vec::new()), texts };
    Ok(Settled { config, rest, is_without_authentication })
}

fn check_port(release: &Release<'_>, config: &Config<'_, '_>) -> Result<(), Refusal> {
    let resource = release.resource.as_ref();
    resource.map_or(Ok(()), |resource| resource.check_port(release.server.grpc_port, config.set_grpc_port()))
}

/// Milvus's settings stay.
fn untouched<'r, 'i>(
    release: &'r Release<'i>,
    settings: &Settings,
    warnings: &mut Vec<String>,
) -> Result<Settled<'r, 'i>, Refusal> {
    let object = &release.config_map;
    let config = Config::read(object, &release.config_key, &release.server, http_port::candidate(None))?;
    check_port(release, &config)?;
    tls_mode::check_off(&config)?;
    warnings.push(H2C_KNOWN.to_owned());
    Ok(Settled {
        rest: if settings.rest { Some(rest::find_plain(release, &config)?) } else { None },
        is_without_authentication: authentication::is_off(&config),
        config: Change { object, patch: Patch(Vec::new()), texts: Vec::new() },
    })
}
