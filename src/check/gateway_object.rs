//! A Gateway that serves a route to Milvus: its class, certificates and addresses.

use std::collections::HashSet;
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
    check_certificates(input, gateway, findings);
    let mut seen = HashSet::new();
    for (index, listener) in array_at(&gateway.value, "/spec/listeners").enumerate() {
        let of = |field: &str| listener.get(field).map(Value::to_string);
        if !seen.insert([of("port"), of("protocol"), of("hostname")]) {
            let place = pointer(["spec", "listeners", &index.to_string()]);
            let message = "two listeners have the same port, protocol and hostname".to_owned();
            findings.at(&rules::FIELD_VALUE, gateway, place, message);
        }
    }
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
    let class = str_at(&gateway.value, "/spec/gatewayClassName").filter(|class| !class.is_empty());
    class.is_some_and(|class| !is_gkes(class) && meant(class).is_none())
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

fn check_certificates(input: &Input<'_>, gateway: &Existing, findings: &mut Findings) {
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
        let option = |key: &str| tls?.get("options")?.get(key)?.as_str().filter(|names| !names.is_empty());
        let is_managed = |reference: &Value| str_at(reference, "/kind") == Some(kind::MANAGED_CERTIFICATE.name);
        let references = || array_at(listener, "/tls/certificateRefs");
        let is_secret = |reference: &Value| {
            matches!(str_at(reference, "/kind"), None | Some("Secret"))
                && str_at(reference, "/group").is_none_or(|group| group == kind::SECRET.group())
        };
        if references().any(is_managed) {
            wrong(at("tls"), "a Gateway cannot use a ManagedCertificate");
        } else if !references().all(is_secret) {
            wrong(at("tls"), "a certificateRef names no Secret of the core group");
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
        for reference in references().filter(|reference| is_secret(reference)) {
            let name = str_at(reference, "/name").unwrap_or_default();
            let namespace = str_at(reference, "/namespace").or(gateway.namespace());
            if input.secrets.named(name, namespace).is_none() {
                findings.at(&rules::OUTSIDE, gateway, at("tls"), format!("Secret `{name}` must exist"));
            }
        }
    }
}

fn check_redirect(route: &Existing, findings: &mut Findings) {
    for (index, rule) in array_at(&route.value, "/spec/rules").enumerate() {
        for (number, filter) in array_at(rule, "/filters").enumerate() {
            if str_at(filter, "/type") != Some("RequestRedirect") {
                continue;
            }
            let (rule_at, filter_at) = (index.to_string(), number.to_string());
            let place = ["spec", "rules", &rule_at, "filters", &filter_at, "requestRedirect", "statusCode"];
            let mut wrong = |depth: usize, message| {
                findings.at(&rules::ROUTE_REDIRECT, route, pointer(place[..depth].to_vec()), message);
            };
            let Some(redirect) = set_at(filter, "/requestRedirect") else {
                wrong(5, "the filter says nowhere to go".to_owned());
                continue;
            };
            if array_at(rule, "/filters").take(number).any(|other| other.get("type") == filter.get("type")) {
                wrong(5, "a rule redirects once".to_owned());
            }
            let leads_back = str_at(redirect, "/scheme") != Some("https")
                && ["hostname", "path", "port"].iter().all(|field| redirect.get(field).is_none());
            if leads_back {
                wrong(6, "the redirect leads to where it comes from".to_owned());
            }
            let code = value_at(redirect, "/statusCode").and_then(Value::as_u64);
            if let Some(code) = code.filter(|code| !REDIRECTS.contains(code)) {
                wrong(7, format!("GKE does not redirect with {code}"));
            }
        }
    }
}
