//! The annotations that GKE's controllers read and write
//! (ingress-gce pkg/annotations/{service,ingress}.go, pkg/flags/flags.go), and what people write for them.

use crate::text::nearest;

/// On a Service: the protocol of each port, by the port's *name*, as a JSON object. Other keys are ignored without an
/// event.
pub const APP_PROTOCOLS: &str = "cloud.google.com/app-protocols";

/// The older name of [`APP_PROTOCOLS`]; where it is present, it wins.
pub const APP_PROTOCOLS_ALPHA: &str = "service.alpha.kubernetes.io/app-protocols";

/// On a Service: its BackendConfigs, as `{"default": …, "ports": {…}}`.
pub const BACKEND_CONFIG: &str = "cloud.google.com/backend-config";

/// The older name of [`BACKEND_CONFIG`], read only if that is missing.
pub const BACKEND_CONFIG_BETA: &str = "beta.cloud.google.com/backend-config";

/// On a Service: whether GKE makes network endpoint groups, as `{"ingress": true}`.
pub const NEG: &str = "cloud.google.com/neg";

/// On a Service: the groups that GKE has made.
pub const NEG_STATUS: &str = "cloud.google.com/neg-status";

/// On a Service: Kubernetes' older form of `loadBalancerSourceRanges`, which the API server refuses as well on a
/// ClusterIP Service.
pub const SOURCE_RANGES: &str = "service.beta.kubernetes.io/load-balancer-source-ranges";

/// On a Service of type LoadBalancer: `Internal`, in any case, makes an internal load balancer.
pub const LOAD_BALANCER_TYPE: &str = "networking.gke.io/load-balancer-type";

/// The older name of [`LOAD_BALANCER_TYPE`].
pub const LOAD_BALANCER_TYPE_OLD: &str = "cloud.google.com/load-balancer-type";

/// On an Ingress: its class.
pub const CLASS: &str = "kubernetes.io/ingress.class";

/// On an Ingress: `"false"` closes port 80.
pub const ALLOW_HTTP: &str = "kubernetes.io/ingress.allow-http";

/// On an Ingress: a reserved global address.
pub const GLOBAL_STATIC_IP: &str = "kubernetes.io/ingress.global-static-ip-name";

/// On an Ingress: a reserved regional address.
pub const REGIONAL_STATIC_IP: &str = "kubernetes.io/ingress.regional-static-ip-name";

/// On an Ingress: SSL certificates of Compute Engine, separated by commas. GKE adds its own to them.
pub const PRE_SHARED_CERT: &str = "ingress.gcp.kubernetes.io/pre-shared-cert";

/// How the names of SSL certificates begin that GKE makes for ManagedCertificates.
pub const MANAGED_PREFIX: &str = "mcrt-";

/// On an Ingress: ManagedCertificates, separated by commas.
pub const MANAGED_CERTIFICATES: &str = "networking.gke.io/managed-certificates";

/// On an Ingress: its FrontendConfig.
pub const FRONTEND_CONFIG: &str = "networking.gke.io/v1beta1.FrontendConfig";

/// On an Ingress: the health of each backend service, written by GKE.
pub const BACKENDS: &str = "ingress.kubernetes.io/backends";

/// On an Ingress: the forwarding rule of port 443, written by GKE.
pub const HTTPS_FORWARDING_RULE: &str = "ingress.kubernetes.io/https-forwarding-rule";

/// All that GKE writes on an Ingress when the load balancer is there.
pub const WRITTEN: [&str; 10] = [
    "ingress.kubernetes.io/url-map",
    "ingress.kubernetes.io/redirect-url-map",
    "ingress.kubernetes.io/forwarding-rule",
    HTTPS_FORWARDING_RULE,
    "ingress.kubernetes.io/target-proxy",
    "ingress.kubernetes.io/https-target-proxy",
    "ingress.kubernetes.io/ssl-cert",
    "ingress.kubernetes.io/static-ip",
    BACKENDS,
    "ingress.gcp.kubernetes.io/instance-groups",
];

/// On an Ingress: cert-manager's ClusterIssuer.
pub const CLUSTER_ISSUER: &str = "cert-manager.io/cluster-issuer";

/// On an Ingress: cert-manager's Issuer in the same namespace.
pub const ISSUER: &str = "cert-manager.io/issuer";

/// On an Ingress: cert-manager answers HTTP-01 challenges on this Ingress, not on a separate one.
pub const HTTP01_EDIT_IN_PLACE: &str = "acme.cert-manager.io/http01-edit-in-place";

/// An annotation that somebody reads.
#[derive(Debug, PartialEq, Eq)]
pub struct Annotation {
    /// Its key.
    pub key: &'static str,
    /// The kind on which it is read.
    pub on: &'static str,
    /// What it holds.
    pub format: Format,
}

impl Annotation {
    /// Whether it is read on this kind: cert-manager reads its own on a Gateway as well.
    #[must_use]
    pub fn is_read_on(&self, kind: &str) -> bool {
        self.on == kind || kind == crate::gke::kind::GATEWAY.name && self.key.starts_with("cert-manager.io/")
    }
}

/// What an annotation holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// The name of a resource of Google Cloud.
    Resource,
    /// Names of such resources, separated by commas.
    Resources,
    /// The name of an object.
    Object,
    /// Names of objects, separated by commas.
    Objects,
    /// Something else.
    Other,
}

use Format::{Object, Objects, Other, Resource, Resources};

const SERVICE: &str = crate::gke::kind::SERVICE.name;
const INGRESS: &str = crate::gke::kind::INGRESS.name;

const fn of(on: &'static str, key: &'static str, format: Format) -> Annotation {
    Annotation { key, on, format }
}

/// What GKE's controllers and cert-manager read of a Service or an Ingress.
pub static READ: &[Annotation] = &[
    of(SERVICE, APP_PROTOCOLS, Other),
    of(SERVICE, APP_PROTOCOLS_ALPHA, Other),
    of(SERVICE, BACKEND_CONFIG, Other),
    of(SERVICE, BACKEND_CONFIG_BETA, Other),
    of(SERVICE, NEG, Other),
    of(SERVICE, SOURCE_RANGES, Other),
    of(SERVICE, "networking.gke.io/max-rate-per-endpoint", Other),
    of(SERVICE, "networking.gke.io/capacity-scaler", Other),
    of(SERVICE, "networking.gke.io/transparent-health-checker", Other),
    // The load balancer of a Service of type LoadBalancer.
    of(SERVICE, LOAD_BALANCER_TYPE, Other),
    of(SERVICE, LOAD_BALANCER_TYPE_OLD, Other),
    of(SERVICE, "networking.gke.io/load-balancer-ip-addresses", Other),
    of(SERVICE, "networking.gke.io/load-balancer-subnet", Other),
    of(SERVICE, "networking.gke.io/internal-load-balancer-allow-global-access", Other),
    of(SERVICE, "networking.gke.io/internal-load-balancer-subnet", Other),
    of(SERVICE, "networking.gke.io/weighted-load-balancing", Other),
    of(SERVICE, "cloud.google.com/network-tier", Other),
    of(SERVICE, "cloud.google.com/l4-rbs", Other),
    of(INGRESS, CLASS, Other),
    of(INGRESS, ALLOW_HTTP, Other),
    of(INGRESS, GLOBAL_STATIC_IP, Resource),
    of(INGRESS, REGIONAL_STATIC_IP, Resource),
    of(INGRESS, PRE_SHARED_CERT, Resources),
    of(INGRESS, MANAGED_CERTIFICATES, Objects),
    of(INGRESS, FRONTEND_CONFIG, Object),
    of(INGRESS, "networking.gke.io/suppress-firewall-xpn-error", Other),
    of(INGRESS, CLUSTER_ISSUER, Object),
    of(INGRESS, ISSUER, Object),
    of(INGRESS, "cert-manager.io/issuer-kind", Other),
    of(INGRESS, "cert-manager.io/issuer-group", Other),
    of(INGRESS, HTTP01_EDIT_IN_PLACE, Other),
    of(INGRESS, "acme.cert-manager.io/http01-ingress-class", Other),
    of(INGRESS, "acme.cert-manager.io/http01-ingress-ingressclassname", Other),
];

/// Other words for an annotation, as [`essence`] leaves them.
const ALIASES: [(&str, &str); 12] = [
    ("globalstaticip", GLOBAL_STATIC_IP),
    ("globalstaticipaddres", GLOBAL_STATIC_IP),
    ("globalstaticaddres", GLOBAL_STATIC_IP),
    ("staticip", GLOBAL_STATIC_IP),
    ("staticipname", GLOBAL_STATIC_IP),
    ("regionalstaticip", REGIONAL_STATIC_IP),
    ("regionalstaticipaddres", REGIONAL_STATIC_IP),
    ("loadbalancerneg", NEG),
    ("networkendpointgroup", NEG),
    ("ingressclas", CLASS),
    ("ingressclassname", CLASS),
    ("appprotocol", APP_PROTOCOLS),
];

/// How many letters a misspelt key may differ by.
const MISSPELT: usize = 2;

/// What is read under this key.
#[must_use]
pub fn read(key: &str) -> Option<&'static Annotation> {
    READ.iter().find(|annotation| annotation.key == key)
}

/// What was meant by a key that nobody reads: one that differs by few letters, or that says the same under another
/// domain or in another version.
#[must_use]
pub fn meant(key: &str) -> Option<&'static Annotation> {
    if read(key).is_some() || WRITTEN.contains(&key) || key == NEG_STATUS {
        return None;
    }
    let alike =
        READ.iter().map(|annotation| annotation.key).filter(|other| other.len().abs_diff(key.len()) <= MISSPELT);
    if let Some(near) = nearest(key, alike, MISSPELT) {
        return read(near);
    }
    let (domain, _) = key.rsplit_once('/').unwrap_or_default();
    if !is_near_google(domain) {
        return None;
    }
    let words = essence(key);
    if let Some((_, key)) = ALIASES.iter().find(|(alias, _)| *alias == words) {
        return read(key);
    }
    READ.iter().find(|annotation| {
        let other = essence(annotation.key);
        // Short words are easily others.
        let most = if other.len() < 8 { 0 } else { MISSPELT };
        nearest(&words, [other.as_str()], most).is_some()
    })
}

/// Whether an annotation of this domain may be meant for GKE: not one of another controller.
fn is_near_google(domain: &str) -> bool {
    const NEAR: [&str; 6] = ["gke.io", "google.com", "googleapis.com", "kubernetes.io", "k8s.io", "cert-manager.io"];
    let is_below = |near: &str| domain.strip_suffix(near).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'));
    domain.is_empty() || NEAR.iter().any(|near| is_below(near)) && !domain.ends_with(".ingress.kubernetes.io")
}

/// The words of a key: without its domain, `ingress.`, a version, hyphens and the plural.
fn essence(key: &str) -> String {
    let name = key.rsplit_once('/').map_or(key, |(_, name)| name).to_ascii_lowercase();
    let is_version =
        |word: &str| word.strip_prefix('v').is_some_and(|rest| rest.starts_with(|first: char| first.is_ascii_digit()));
    let words = name.split(['.', '-', '_']).filter(|word| *word != "ingress" && !is_version(word));
    words.collect::<String>().trim_end_matches('s').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_meant_by_other_keys() {
        for (key, meant_key) in [
            ("kubernetes.io/ingress.global-static-ip-nam", GLOBAL_STATIC_IP),
            ("kubernetes.io/ingress.global-static-ip", GLOBAL_STATIC_IP),
            ("kubernetes.io/ingress.static-ip", GLOBAL_STATIC_IP),
            ("networking.gke.io/global-static-ip-name", GLOBAL_STATIC_IP),
            ("ingress.kubernetes.io/regional-static-ip-name", REGIONAL_STATIC_IP),
            ("networking.gke.io/FrontendConfig", FRONTEND_CONFIG),
            ("networking.gke.io/frontend-config", FRONTEND_CONFIG),
            ("networking.gke.io/v1.FrontendConfig", FRONTEND_CONFIG),
            ("networking.gke.io/v1beta1.FrontendConfigs", FRONTEND_CONFIG),
            ("networking.gke.io/v1beta1.frontendconfig", FRONTEND_CONFIG),
            ("cloud.google.com/frontend-config", FRONTEND_CONFIG),
            ("gke.googleapis.com/managed-certificates", MANAGED_CERTIFICATES),
            ("networking.gke.io/managed-certificate", MANAGED_CERTIFICATES),
            ("networking.gke.io/v1.ManagedCertificates", MANAGED_CERTIFICATES),
            ("networking.gke.io/manged-certificates", MANAGED_CERTIFICATES),
            ("managed-certificates", MANAGED_CERTIFICATES),
            ("cloud.google.com/backendconfig", BACKEND_CONFIG),
            ("networking.gke.io/backend-config", BACKEND_CONFIG),
            ("cloud.google.com/v1.BackendConfig", BACKEND_CONFIG),
            ("alpha.cloud.google.com/load-balancer-neg", NEG),
            ("cloud.google.com/negs", NEG),
            ("beta.cloud.google.com/neg", NEG),
            ("cloud.google.com/app-protocol", APP_PROTOCOLS),
            ("networking.gke.io/app-protocols", APP_PROTOCOLS),
            ("kubernetes.io/ingress.pre-shared-cert", PRE_SHARED_CERT),
            ("kubernetes.io/ingress-class", CLASS),
            ("kubernetes.io/ingress.allow_http", ALLOW_HTTP),
            ("ingress.gcp.kubernetes.io/allow-http", ALLOW_HTTP),
            ("certmanager.k8s.io/cluster-issuer", CLUSTER_ISSUER),
        ] {
            assert_eq!(meant(key).map(|annotation| annotation.key), Some(meant_key), "{key}");
        }
    }

    #[test]
    fn what_others_read() {
        for key in [
            "nginx.ingress.kubernetes.io/backend-protocol",
            "nginx.ingress.kubernetes.io/global-static-ip-name",
            "alb.ingress.kubernetes.io/backend-config",
            "service.beta.kubernetes.io/aws-load-balancer-type",
            "service.beta.kubernetes.io/azure-load-balancer-internal",
            "kubectl.kubernetes.io/last-applied-configuration",
            "meta.helm.sh/release-name",
            "config.kubernetes.io/index",
            "internal.config.kubernetes.io/previousNames",
            "external-dns.alpha.kubernetes.io/hostname",
            "cloud.google.com/neg-status",
            "ingress.kubernetes.io/static-ip",
            "ingress.kubernetes.io/ssl-redirect",
            "prometheus.io/scrape",
            "cert-manager.io/common-name",
            "cert-manager.io/duration",
            "backend-config.example.com/x",
        ] {
            assert_eq!(meant(key), None, "{key}");
        }
        assert!(READ.iter().all(|annotation| meant(annotation.key).is_none()));
    }
}
