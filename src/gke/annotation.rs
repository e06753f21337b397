//! The annotations that GKE's controllers read and write
//! (ingress-gce pkg/annotations/{service,ingress}.go, pkg/flags/flags.go).

/// On a Service: the protocol of each port, by the port's *name*, as a JSON object. Other keys are ignored without an
/// event.
pub const APP_PROTOCOLS: &str = "cloud.google.com/app-protocols";

/// The older name of [`APP_PROTOCOLS`]; where it is present, it wins.
pub const APP_PROTOCOLS_ALPHA: &str = "service.alpha.kubernetes.io/app-protocols";

/// On a Service: its BackendConfigs, as `{"default": …, "ports": {…}}`.
pub const BACKEND_CONFIG: &str = "cloud.google.com/backend-config";

/// The older name of [`BACKEND_CONFIG`], read only where that is missing.
pub const BACKEND_CONFIG_BETA: &str = "beta.cloud.google.com/backend-config";

/// On a Service: whether GKE makes network endpoint groups, as `{"ingress": true}`.
pub const NEG: &str = "cloud.google.com/neg";

/// On a Service: the groups that GKE has made.
pub const NEG_STATUS: &str = "cloud.google.com/neg-status";

/// On a Service: Kubernetes' older form of `loadBalancerSourceRanges`, which the API server refuses as well on a
/// ClusterIP Service.
pub const SOURCE_RANGES: &str = "service.beta.kubernetes.io/load-balancer-source-ranges";

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
pub const WRITTEN: [&str; 9] = [
    "ingress.kubernetes.io/url-map",
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

/// On an Ingress: cert-manager answers HTTP-01 challenges on this Ingress, not on one of its own.
pub const HTTP01_EDIT_IN_PLACE: &str = "acme.cert-manager.io/http01-edit-in-place";
