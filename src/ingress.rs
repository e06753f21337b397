//! What an Ingress in front of Milvus says: one that is planned, or one that is live.

use std::str::FromStr as _;

use serde_json::Value;

use crate::object::{at, items, text};
use crate::release::service::INSTANCE;
use crate::settings::Host;

/// An Ingress, as far as its clients and its certificate go.
#[derive(Debug)]
pub struct Ingress<'v> {
    /// The object.
    pub value: &'v Value,
    /// `metadata.name`
    pub name: &'v str,
    /// `metadata.namespace`
    pub namespace: Option<&'v str>,
    /// The label of the release.
    pub release: Option<&'v str>,
    /// The hosts of its rules that are DNS names.
    pub hosts: Vec<&'v str>,
    /// Who holds the certificate.
    pub certificate: Certificate<'v>,
    /// The annotations that name cert-manager's issuer.
    pub issuer: Option<Issuer<'v>>,
    /// Whether it leads to Milvus's REST API.
    pub rest: bool,
    /// Whether its clients are in the VPC network.
    pub internal: bool,
    /// The reserved address it names.
    pub static_ip: Option<&'v str>,
}

/// Who holds the certificate.
#[derive(Debug, PartialEq, Eq)]
pub enum Certificate<'v> {
    /// Google, for these ManagedCertificates.
    Managed(Vec<&'v str>),
    /// Compute Engine, under these names.
    PreShared(Vec<&'v str>),
    /// These Secrets.
    Secrets(Vec<&'v str>),
    /// It names none.
    None,
}

/// Who signs for cert-manager.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Issuer<'v> {
    /// A ClusterIssuer.
    Cluster(&'v str),
    /// An Issuer in the same namespace.
    Namespaced(&'v str),
}

/// What the managed-certificates controller calls its SSL certificates.
const MANAGED_PREFIX: &str = "mcrt-";

impl<'v> Ingress<'v> {
    /// Reads an Ingress.
    #[must_use]
    pub fn read(value: &'v Value) -> Self {
        let rules = || items(value, "/spec/rules");
        let hosts = rules().filter_map(|rule| text(rule, "/host")).filter(|host| Host::from_str(host).is_ok());
        let of_rest = |path: &Value| {
            let path = text(path, "/path").unwrap_or_default();
            path == "/v2" || path.starts_with("/v2/")
        };
        let issuer = annotation(value, "cert-manager.io/cluster-issuer")
            .map(Issuer::Cluster)
            .or_else(|| annotation(value, "cert-manager.io/issuer").map(Issuer::Namespaced));
        Self {
            value,
            name: text(value, "/metadata/name").unwrap_or_default(),
            namespace: text(value, "/metadata/namespace"),
            release: at(value, "/metadata/labels").and_then(|labels| labels.get(INSTANCE)?.as_str()),
            hosts: hosts.collect(),
            certificate: Certificate::of(value),
            issuer,
            rest: rules().flat_map(|rule| items(rule, "/http/paths")).any(of_rest),
            internal: annotation(value, "kubernetes.io/ingress.class") == Some("gce-internal"),
            static_ip: annotation(value, "kubernetes.io/ingress.global-static-ip-name")
                .or_else(|| annotation(value, "kubernetes.io/ingress.regional-static-ip-name")),
        }
    }

    /// The host that a client may connect to: one without a wildcard, if there is one.
    #[must_use]
    pub fn client_host(&self) -> Option<String> {
        let plain = self.hosts.iter().find(|host| !host.starts_with('*'));
        let host = plain.or_else(|| self.hosts.first())?;
        Some(host.strip_prefix("*.").map_or_else(|| (*host).to_owned(), |domain| format!("milvus.{domain}")))
    }

    /// `--namespace NAME` with a blank before it, where the namespace is known.
    #[must_use]
    pub fn namespace_flag(&self) -> String {
        self.namespace.map(|namespace| format!(" --namespace {}", shell_word(namespace))).unwrap_or_default()
    }
}

impl<'v> Certificate<'v> {
    fn of(ingress: &'v Value) -> Self {
        let names = |key| {
            let names = annotation(ingress, key).unwrap_or_default().split(',').map(str::trim);
            names.filter(|name| !name.is_empty()).collect::<Vec<_>>()
        };
        let managed = names("networking.gke.io/managed-certificates");
        if !managed.is_empty() {
            return Self::Managed(managed);
        }
        let mut pre_shared = names("ingress.gcp.kubernetes.io/pre-shared-cert");
        // Those are not the user's: the controller adds them to the annotation.
        pre_shared.retain(|name| !name.starts_with(MANAGED_PREFIX));
        if !pre_shared.is_empty() {
            return Self::PreShared(pre_shared);
        }
        let tls = || items(ingress, "/spec/tls");
        match tls().next() {
            Some(_) => Self::Secrets(tls().map(|tls| text(tls, "/secretName").unwrap_or_default()).collect()),
            None => Self::None,
        }
    }
}

/// An annotation of an object.
#[must_use]
pub fn annotation<'v>(object: &'v Value, key: &str) -> Option<&'v str> {
    at(object, "/metadata/annotations")?.get(key)?.as_str()
}

/// A text as one word of a shell.
#[must_use]
pub fn shell_word(text: &str) -> String {
    let is_safe = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_');
    if !text.is_empty() && text.bytes().all(is_safe) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}
