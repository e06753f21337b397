//! The edits of the Milvus Service.

mod annotations;
mod app_protocol;
mod app_protocols;
mod backend_config;
mod exposure;
mod neg;
pub(super) mod rest;
mod service_type;

use super::change::Change;
use super::operations::Operations;
use super::operator;
use crate::kube::object::Object as _;
use crate::milvus::release::Release;
use crate::report::refusal::Refusal;
use crate::settings::{ServiceType, Settings};

use annotations::Annotations;
use app_protocols::AppProtocols;
use rest::RestPort;

/// Plans all of them as one patch.
pub(super) fn plan<'r, 'i>(
    release: &'r Release<'i>,
    settings: &Settings,
    rest: Option<&RestPort>,
) -> Result<Change<'r, 'i>, Refusal> {
    exposure::check(&release.service, settings)?;
    let object = &release.service.object;
    let mut operations = Operations::new(object.value());
    let mut annotations = Annotations::new(object);
    // Behind a Gateway another Service of ours stands for that of the Milvus Operator.
    let is_replaced = release.resource.is_some() && settings.doors.ingress().is_none();
    if settings.service_type == ServiceType::ClusterIp && !operator::is_untouched(release, settings) {
        service_type::plan(&mut operations);
        service_type::plan_annotations(&mut annotations);
    }
    let gateway = settings.doors.gateway().filter(|_| release.resource.is_none());
    if let Some(gateway) = gateway {
        app_protocol::plan(&release.service, gateway.protocol, rest, settings.replace, &mut operations)?;
    }
    if let Some(rest) = rest.filter(|_| !is_replaced) {
        let app_protocol = gateway.and_then(|gateway| gateway.protocol.http_app_protocol());
        rest::plan(rest, app_protocol, &mut operations);
    }
    if settings.doors.ingress().is_some() {
        AppProtocols::read(&release.service, rest, &annotations)?.finish(&mut annotations);
        backend_config::plan(release, settings, rest, &mut annotations)?;
        neg::plan(&release.service, &mut annotations)?;
    }
    annotations.finish(&mut operations);
    Ok(Change { object, patch: operations.recognised(["kind", "metadata/name"]), texts: Vec::new() })
}
