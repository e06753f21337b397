//! An Ingress as GKE reads it: its class, where its paths lead, its certificates.

use std::str::FromStr as _;

use json_patch::jsonptr::PointerBuf;
use serde_json::Value;

use super::annotation;
use crate::host::Host;
use crate::kube::object::Object as _;
use crate::kube::value::{array_at, pointer, set_at, str_at};
use crate::text::namespace_flag;

/// What gRPC clients of Milvus ask for first.
pub(super) const CALL: &str = "/milvus.proto.milvus.MilvusService/Connect";

/// How many certificates a target proxy of Compute Engine takes.
pub const MAX_CERTIFICATES: usize = 15;

/// Who handles an Ingress (ingress-gce pkg/annotations/ingress.go).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class<'v> {
    /// GKE, by a global external load balancer.
    External,
    /// GKE, by a regional external one.
    RegionalExternal,
    /// GKE, by an internal one.
    Internal,
    /// Nobody of GKE's, because of `spec.ingressClassName`.
    ByName(&'v str),
    /// Somebody else.
    Foreign(&'v str),
}

impl<'v> Class<'v> {
    /// The class of an Ingress.
    #[must_use]
    pub fn of(ingress: &'v Value) -> Self {
        match ingress.annotation(annotation::CLASS) {
            None | Some("") => match str_at(ingress, "/spec/ingressClassName") {
                Some(name) => Self::ByName(name),
                None => Self::External,
            },
            Some("gce") => Self::External,
            Some("gce-regional-external") => Self::RegionalExternal,
            Some("gce-internal") => Self::Internal,
            Some(other) => Self::Foreign(other),
        }
    }

    /// Whether GKE handles it; it ignores others without an event.
    #[must_use]
    pub fn is_handled(self) -> bool {
        !matches!(self, Self::ByName(_) | Self::Foreign(_))
    }

    /// Whether its addresses are regional ones.
    #[must_use]
    pub fn is_regional(self) -> bool {
        matches!(self, Self::RegionalExternal | Self::Internal)
    }
}

/// A reserved address that an Ingress names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Address<'v> {
    /// The annotation: addresses are global or regional.
    pub key: &'static str,
    /// The address's name.
    pub name: &'v str,
}

impl<'v> Address<'v> {
    /// The one that counts.
    #[must_use]
    pub fn of(ingress: &'v Value) -> Option<Self> {
        [annotation::GLOBAL_STATIC_IP, annotation::REGIONAL_STATIC_IP].into_iter().find_map(|key| {
            let name = ingress.annotation(key).filter(|name| !name.is_empty())?;
            Some(Self { key, name })
        })
    }
}

/// A backend of an Ingress, of either API version.
#[derive(Debug)]
pub struct Backend<'v> {
    /// Where it is in the Ingress.
    pub at: PointerBuf,
    /// Name of the Service.
    pub service: Option<&'v str>,
    /// Number or name of its port.
    pub port: Option<&'v Value>,
    /// Whether it is not a Service at all.
    pub is_resource: bool,
    /// Whether its port has a name and a number.
    pub has_two_ports: bool,
    /// Whether it is written as before networking.k8s.io/v1.
    pub is_old: bool,
    /// Where the Service is named, and its port.
    service_key: &'static [&'static str],
    port_key: &'static [&'static str],
}

impl<'v> Backend<'v> {
    fn read(value: &'v Value, at: PointerBuf) -> Self {
        let old = value.get("serviceName").is_some();
        let by_name = set_at(value, "/service/port/name").filter(|_| !old);
        let port =
            if old { value.get("servicePort") } else { by_name.or_else(|| set_at(value, "/service/port/number")) };
        Self {
            at,
            service: if old { str_at(value, "/serviceName") } else { str_at(value, "/service/name") },
            port,
            is_resource: set_at(value, "/resource").is_some(),
            is_old: old,
            has_two_ports: by_name.is_some_and(|name| *name != "")
                && set_at(value, "/service/port/number").is_some_and(|number| *number != 0),
            service_key: if old { &["serviceName"] } else { &["service", "name"] },
            port_key: match (old, by_name) {
                (true, _) => &["servicePort"],
                (false, None) => &["service", "port", "number"],
                (false, Some(_)) => &["service", "port", "name"],
            },
        }
    }

    /// Where it names its Service.
    #[must_use]
    pub fn service_pointer(&self) -> PointerBuf {
        self.pointer(self.service_key)
    }

    /// Where it names the Service's port, or else where the port is missing.
    #[must_use]
    pub fn port_pointer(&self) -> PointerBuf {
        self.pointer(if self.port.is_some() { self.port_key } else { &["service"] })
    }

    /// Where something in it is in the Ingress.
    #[must_use]
    pub fn pointer(&self, key: &[&str]) -> PointerBuf {
        key.iter().fold(self.at.clone(), |path, key| path.with_trailing_token(*key))
    }

    /// Whether its port is this one.
    #[must_use]
    pub fn names_port(&self, port: crate::kube::service::Port<'_>) -> bool {
        match self.port {
            Some(Value::String(name)) => port.name() == Some(name),
            Some(number) => number.as_u64().is_some() && port.number() == number.as_u64(),
            None => false,
        }
    }
}

/// The backend of calls that no path takes.
#[must_use]
pub fn default_backend(ingress: &Value) -> Option<Backend<'_>> {
    ["defaultBackend", "backend"].into_iter().find_map(|key| {
        let value = ingress.get("spec")?.get(key).filter(|value| !value.is_null())?;
        Some(Backend::read(value, pointer(["spec", key])))
    })
}

/// All backends of an Ingress.
pub fn backends(ingress: &Value) -> impl Iterator<Item = Backend<'_>> {
    default_backend(ingress).into_iter().chain(paths(ingress).map(|path| path.backend))
}

/// The rules of an Ingress, with their numbers.
pub fn rules(ingress: &Value) -> impl Iterator<Item = (usize, &Value)> {
    array_at(ingress, "/spec/rules").enumerate()
}

/// The paths of all rules.
pub fn paths(ingress: &Value) -> impl Iterator<Item = HttpPath<'_>> {
    rules(ingress).flat_map(|(rule, value)| paths_of(rule, value))
}

/// The paths of the rule of this number.
pub fn paths_of(rule: usize, value: &Value) -> impl Iterator<Item = HttpPath<'_>> {
    array_at(value, "/http/paths").enumerate().map(move |(index, value)| {
        let at = pointer(["spec", "rules", &rule.to_string(), "http", "paths", &index.to_string()]);
        let backend = value.get("backend").unwrap_or(&Value::Null);
        HttpPath { value, backend: Backend::read(backend, at.with_trailing_token("backend")), at }
    })
}

/// A path of a rule.
#[derive(Debug)]
pub struct HttpPath<'v> {
    /// Where it is in the Ingress.
    pub at: PointerBuf,
    /// The entry.
    pub value: &'v Value,
    /// Where it leads.
    pub backend: Backend<'v>,
}

impl<'v> HttpPath<'v> {
    /// `pathType`
    #[must_use]
    pub fn path_type(&self) -> Option<&'v str> {
        str_at(self.value, "/pathType")
    }

    /// `path`, empty where it is missing.
    #[must_use]
    pub fn path(&self) -> &'v str {
        str_at(self.value, "/path").unwrap_or_default()
    }

    /// Why the API server refuses it (Kubernetes pkg/apis/networking/validation `validateHTTPIngressPath`).
    #[must_use]
    pub fn refused(&self) -> Option<&'static str> {
        const INNER: [&str; 5] = ["//", "/./", "/../", "%2f", "%2F"];
        let path = self.path();
        if path.is_empty() {
            return None;
        }
        if !path.starts_with('/') {
            return Some("does not begin with `/`");
        }
        let is_literal = matches!(self.path_type(), Some("Prefix" | "Exact"));
        let is_odd = INNER.iter().any(|part| path.contains(part)) || path.ends_with("/..") || path.ends_with("/.");
        (is_literal && is_odd).then_some("holds `//`, `/./`, `/../` or `%2f`")
    }

    /// Whether a gRPC call goes this way, by GKE's reading: `Prefix` matches whole elements, and without a type of
    /// Kubernetes' a path is exact unless it ends with `*`.
    #[must_use]
    pub fn takes_calls(&self) -> bool {
        let path = self.path();
        match self.path_type() {
            Some("Prefix") => {
                let prefix = path.trim_end_matches('/');
                CALL == prefix || CALL.strip_prefix(prefix).is_some_and(|rest| rest.starts_with('/'))
            }
            Some("Exact") => path == CALL,
            _ => path.is_empty() || path == CALL || path.strip_suffix('*').is_some_and(|path| CALL.starts_with(path)),
        }
    }
}

/// The names in an annotation, separated by commas.
#[must_use]
pub fn names<'v>(ingress: &'v Value, key: &str) -> Vec<&'v str> {
    let names = ingress.annotation(key).unwrap_or_default().split(',').map(str::trim);
    names.filter(|name| !name.is_empty()).collect()
}

/// The SSL certificates that the user names: the controller adds its own to the same annotation.
#[must_use]
pub fn pre_shared(ingress: &Value) -> Vec<&str> {
    let mut names = names(ingress, annotation::PRE_SHARED_CERT);
    names.retain(|name| !name.starts_with(annotation::MANAGED_PREFIX));
    names
}

/// Who holds the certificate of an Ingress: the first of these that it names.
#[derive(Debug, PartialEq, Eq)]
pub enum CertificateSource<'v> {
    /// Google, for these ManagedCertificates.
    Managed(Vec<&'v str>),
    /// Compute Engine, under these names.
    PreShared(Vec<&'v str>),
    /// These Secrets.
    Secrets(Vec<&'v str>),
    /// It names none.
    None,
}

/// Which resource of cert-manager signs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IssuerName<'v> {
    /// A ClusterIssuer.
    Cluster(&'v str),
    /// An Issuer in the same namespace.
    Namespaced(&'v str),
}

impl<'v> IssuerName<'v> {
    /// The one that the annotations of an Ingress name.
    #[must_use]
    pub fn of(ingress: &'v Value) -> Option<Self> {
        let cluster = ingress.annotation(annotation::CLUSTER_ISSUER).map(Self::Cluster);
        cluster.or_else(|| ingress.annotation(annotation::ISSUER).map(Self::Namespaced))
    }
}

/// An Ingress in front of Milvus, as far as its clients and its certificate go: one that is planned, or one that is
/// live.
#[derive(Debug)]
pub struct Ingress<'v> {
    /// The object.
    pub value: &'v Value,
    /// `metadata.name`
    pub name: &'v str,
    /// The hosts of its rules that are DNS names.
    pub hosts: Vec<&'v str>,
    /// Who holds the certificate.
    pub certificate: CertificateSource<'v>,
    /// cert-manager's issuer.
    pub issuer: Option<IssuerName<'v>>,
    /// Whether it leads to Milvus's REST API.
    pub rest: bool,
    /// Whether its clients are in the VPC network.
    pub internal: bool,
    /// The reserved address it names.
    pub static_ip: Option<&'v str>,
}

impl<'v> Ingress<'v> {
    /// Reads an Ingress.
    #[must_use]
    pub fn read(value: &'v Value) -> Self {
        let hosts = rules(value).filter_map(|(_, rule)| str_at(rule, "/host"));
        let of_rest = |path: HttpPath<'_>| path.path() == "/v2" || path.path().starts_with("/v2/");
        Self {
            value,
            name: value.name().unwrap_or_default(),
            hosts: hosts.filter(|host| Host::from_str(host).is_ok()).collect(),
            certificate: CertificateSource::of(value),
            issuer: IssuerName::of(value),
            rest: paths(value).any(of_rest),
            internal: Class::of(value) == Class::Internal,
            static_ip: Address::of(value).map(|address| address.name),
        }
    }

    /// `metadata.namespace`
    #[must_use]
    pub fn namespace(&self) -> Option<&'v str> {
        self.value.namespace()
    }

    /// The Secret that holds its certificate; empty where there is none.
    #[must_use]
    pub fn secret(&self) -> &'v str {
        match &self.certificate {
            CertificateSource::Secrets(names) => names.first().unwrap_or(&""),
            _ => "",
        }
    }

    /// `--namespace NAME` with a blank before it, where the namespace is known.
    #[must_use]
    pub fn namespace_flag(&self) -> String {
        namespace_flag(self.namespace())
    }
}

impl<'v> CertificateSource<'v> {
    fn of(ingress: &'v Value) -> Self {
        let managed = names(ingress, annotation::MANAGED_CERTIFICATES);
        if !managed.is_empty() {
            return Self::Managed(managed);
        }
        let pre_shared = pre_shared(ingress);
        if !pre_shared.is_empty() {
            return Self::PreShared(pre_shared);
        }
        let secrets: Vec<_> =
            array_at(ingress, "/spec/tls").map(|tls| str_at(tls, "/secretName").unwrap_or_default()).collect();
        if secrets.is_empty() { Self::None } else { Self::Secrets(secrets) }
    }
}
