//! A Gateway that serves a route to Milvus: its class, certificates and addresses.

use std::net::IpAddr;

use json_patch::jsonptr::PointerBuf;
use serde_json::Value;

use super::findings::{Finding, Findings, at_annotation};
use super::input::Input;
use super::{fields, gateway_policy, rules};
use crate::gke::certificate::Scope;
use crate::gke::gateway::{
    CERTIFICATE_MANAGER, CERTIFICATE_MAP, GatewayClass, NAMED_ADDRESS, PRE_SHARED_CERTIFICATES, REDIRECTS,
};
use crate::gke::kind;
use crate::kube::object::{Existing, Object as _};
use crate::kube::value::{array_at, pointer, set_at, str_at, value_at};
use crate::text::nearest;

/// Checks a Gateway, and the redirects that it serves; of another controller's only that it is one.
pub(super) fn check(input: &Input<'_>, gateway: &Existing, findings: &mut Findings) {
    check_class(gateway, findings);
    if is_foreign(gateway) {
        return;
    }
    fields::check(gateway, &kind::GATEWAY, findings);
    check_certificates(gateway, findings);
    for (index, address) in array_at(&gateway.value, "/spec/addresses").enumerate() {
        let value = str_at(address, "/value").unwrap_or_default();
        let is_ip = value.parse::<IpAddr>().is_ok();
        let is_named = str_at(address, "/type") == Some(NAMED_ADDRESS);
        if matches!(str_at(address, "/type"), None | Some("IPAddress")) && !is_ip || is_named && is_ip {
            let place = pointer(["spec", "addresses", &index.to_string(), "value"]);
            let what = if is_named { "not a name" } else { "not an IP address" };
            findings.at(&rules::GATEWAY_ADDRESS, gateway, place, format!("`{value}` is {what}"));
        } else if is_named {
            let place = pointer(["spec", "addresses", &index.to_string(), "value"]);
            findings.at(&rules::OUTSIDE, gateway, place, format!("the address `{value}` must exist"));
        }
    }
    gateway_policy::check_of_gateway(input, gateway, findings);
    input.routes_at(gateway).for_each(|route| check_redirect(route, findings));
}

/// Whether another controller handles it.
pub(super) fn is_foreign(gateway: &Existing) -> bool {
    str_at(&gateway.value, "/spec/gatewayClassName").is_some_and(|class| !is_gkes(class) && meant(class).is_none())
}

fn is_gkes(class: &str) -> bool {
    class.parse::<GatewayClass>().is_ok() || class.starts_with("gke-l7-") && class.ends_with("-mc")
}

/// The class that is meant by a misspelt one.
fn meant(class: &str) -> Option<&'static str> {
    let names = GatewayClass::ALL.map(GatewayClass::name);
    nearest(class, names, 4).or_else(|| names.into_iter().find(|_| class.starts_with("gke-")))
}

fn check_class(gateway: &Existing, findings: &mut Findings) {
    let class = str_at(&gateway.value, "/spec/gatewayClassName").unwrap_or_default();
    if class.is_empty() || is_gkes(class) {
        return;
    }
    let place = pointer(["spec", "gatewayClassName"]);
    let finding = Finding::at(&rules::GATEWAY_CLASS, gateway, place, format!("`{class}` is not one of GKE's classes"));
    findings.push(match meant(class) {
        Some(meant) => finding.with_fix(format!("did you mean `{meant}`?")),
        None => finding,
    });
}

fn check_certificates(gateway: &Existing, findings: &mut Findings) {
    let class = str_at(&gateway.value, "/spec/gatewayClassName");
    let scope = class.and_then(|class| class.parse().ok()).map(GatewayClass::scope);
    let map = gateway.annotation(CERTIFICATE_MAP);
    if let Some(map) = map {
        let (rule, message) = match scope {
            Some(Scope::Regional) => {
                (&rules::GATEWAY_CERTIFICATE, "a regional load balancer does not accept a certificate map".to_owned())
            }
            _ => (&rules::OUTSIDE, format!("the certificate map `{map}` must exist")),
        };
        findings.at(rule, gateway, at_annotation(CERTIFICATE_MAP), message);
    }
    for (index, listener) in array_at(&gateway.value, "/spec/listeners").enumerate() {
        if str_at(listener, "/protocol") != Some("HTTPS") {
            continue;
        }
        let at = |field: &str| pointer(["spec", "listeners", &index.to_string(), field]);
        let mut wrong =
            |place: PointerBuf, message: &str| findings.at(&rules::GATEWAY_CERTIFICATE, gateway, place, message);
        let tls = set_at(listener, "/tls");
        let option = |key: &str| tls.and_then(|tls| value_at(tls, "/options")?.get(key));
        let is_managed = |reference: &Value| str_at(reference, "/kind") == Some(kind::MANAGED_CERTIFICATE.name);
        let references = || array_at(listener, "/tls/certificateRefs");
        if references().any(is_managed) {
            wrong(at("tls"), "a Gateway cannot use a ManagedCertificate");
        } else if map.is_some() && tls.is_some_and(|_| references().next().is_some()) {
            wrong(at("tls"), "the Gateway has a certificate map, and the listener has its own certificates");
        } else if option(CERTIFICATE_MANAGER).is_some() && scope == Some(Scope::Global) {
            wrong(
                at("tls"),
                "a global load balancer accepts certificates of Certificate Manager only through a certificate map",
            );
        } else if map.is_none()
            && references().next().is_none()
            && option(CERTIFICATE_MANAGER).or(option(PRE_SHARED_CERTIFICATES)).is_none()
        {
            wrong(at("protocol"), "the listener has no certificate");
        }
    }
}

fn check_redirect(route: &Existing, findings: &mut Findings) {
    for (index, rule) in array_at(&route.value, "/spec/rules").enumerate() {
        for (number, filter) in array_at(rule, "/filters").enumerate() {
            let code = value_at(filter, "/requestRedirect/statusCode").and_then(Value::as_u64);
            let Some(code) = code.filter(|code| !REDIRECTS.contains(code)) else { continue };
            let (index, number) = (index.to_string(), number.to_string());
            let place = ["spec", "rules", &index, "filters", &number, "requestRedirect", "statusCode"];
            findings.at(&rules::ROUTE_REDIRECT, route, pointer(place), format!("GKE does not redirect with {code}"));
        }
    }
}
