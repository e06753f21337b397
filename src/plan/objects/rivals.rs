//! What is in the stream already and would fight ours: of two policies of one Service or Gateway GKE takes the oldest and
//! says so only in a status, and two front doors are two load balancers.

use serde_json::Value;

use crate::gke::kind::{self, Kind};
use crate::kube::object::{Existing, Object as _};
use crate::kube::route;
use crate::kube::value::{array_at, pointer, str_at, value_at};
use crate::milvus::release::Release;
use crate::plan::objects::names;
use crate::report::place::Spot;
use crate::report::refusal::{Reason, Refusal};
use crate::settings::Doors;

/// Refuses them. An object with the name of one of `ours` is not a rival: it is compared with ours.
pub(in crate::plan) fn refuse(release: &Release<'_>, doors: &Doors, ours: &[Value]) -> Result<(), Refusal> {
    let is_ours = |object: &Existing| {
        ours.iter()
            .any(|ours| object.kind() == ours.kind() && object.group() == ours.group() && object.name() == ours.name())
    };
    let is_own = doors.gateway().is_some_and(|door| door.owner.ours().is_some());
    let namespace = release.service.object.namespace();
    let others = release.front_door.iter().filter(|object| object.shares_namespace(namespace) && !is_ours(object));
    for object in others {
        let identity = || format!("{} `{}`", object.kind(), object.name().unwrap_or_default());
        let services = [release.service.name.clone(), names::gateway_service(release)];
        let leads = |is_to: &dyn Fn(&str) -> bool| services.iter().find(|service| is_to(service)).cloned();
        // Policies count behind a Gateway only.
        let leads_by_policy =
            |service: &str| doors.gateway().is_some() && is_policy_of(object, &kind::SERVICE, service);
        let reason = if let Some(service) = leads(&leads_by_policy) {
            Reason::RivalPolicy { identity: identity(), target: format!("Service `{service}`") }
        } else if is_own && is_policy_of(object, &kind::GATEWAY, &names::gateway(release)) {
            Reason::RivalPolicy { identity: identity(), target: format!("Gateway `{}`", names::gateway(release)) }
        } else if let Some(service) = leads(&|service| is_route_to(object, service, namespace)) {
            Reason::RivalRoute { identity: identity(), service }
        } else if doors.ingress().is_none()
            && let Some(service) = leads(&|service| is_ingress_to(object, service))
        {
            Reason::RivalIngress { identity: identity(), service }
        } else {
            continue;
        };
        return Err(Refusal::at(reason, object.id, Spot::Path(pointer(["metadata", "name"]))));
    }
    Ok(())
}

/// Whether it is a policy that is about this object.
fn is_policy_of(object: &Existing, kind: &Kind, name: &str) -> bool {
    let policies = [&kind::HEALTH_CHECK_POLICY, &kind::GCP_BACKEND_POLICY, &kind::GCP_GATEWAY_POLICY];
    let target = |field| str_at(object.value(), &format!("/spec/targetRef/{field}"));
    policies.iter().any(|policy| object.kind() == policy.name && object.group() == policy.group())
        && target("kind") == Some(kind.name)
        && target("name") == Some(name)
}

fn is_route_to(object: &Existing, service: &str, namespace: Option<&str>) -> bool {
    object.kind() == kind::HTTP_ROUTE.name
        && object.group() == kind::HTTP_ROUTE.group()
        && route::backends(object.value()).any(|backend| backend.is(service, namespace))
}

fn is_ingress_to(object: &Existing, service: &str) -> bool {
    let is_to = |backend: &Value| {
        let name = str_at(backend, "/service/name").or_else(|| str_at(backend, "/serviceName"));
        name == Some(service)
    };
    let paths = |rule| array_at(rule, "/http/paths");
    let of_paths = || array_at(object.value(), "/spec/rules").flat_map(paths).filter_map(|path| path.get("backend"));
    let fallback = value_at(object.value(), "/spec/defaultBackend");
    object.kind() == kind::INGRESS.name && of_paths().chain(fallback).any(is_to)
}
