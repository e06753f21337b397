//! The kinds of objects in front of Milvus, and the fields of GKE's own ones: the API server
//! prunes unknown fields without a word, and refuses what has the wrong type.

/// A kind of object.
#[derive(Debug)]
pub struct Kind {
    /// `kind`
    pub name: &'static str,
    /// `apiVersion`, as it is written today.
    pub api_version: &'static str,
    /// The fields of `spec`, of GKE's own kinds.
    pub spec: Shape,
}

impl Kind {
    /// The group of `apiVersion`; empty for the core group.
    #[must_use]
    pub fn group(&self) -> &'static str {
        self.api_version.rsplit_once('/').map_or("", |(group, _)| group)
    }
}

/// What a field may hold.
#[derive(Debug)]
pub enum Shape {
    /// Its fields, and those of them that are required.
    Fields(&'static [(&'static str, Self)], &'static [&'static str]),
    /// An integer in this range.
    Integer(i64, i64),
    /// A number in this range.
    Number(f64, f64),
    /// A string.
    String,
    /// One of these strings.
    OneOf(&'static [&'static str]),
    /// A boolean.
    Boolean,
    /// A list of strings.
    Strings,
    /// A mapping that is not looked into.
    Object,
}

use Shape::{Boolean, Fields, Integer, Number, OneOf, Strings};

/// How GKE speaks to a Service's pods and asks for their health
/// (ingress-gce pkg/apis/backendconfig/v1/types.go; bounds are those of the Compute API).
pub static BACKEND_CONFIG: Kind = Kind {
    name: "BackendConfig",
    api_version: "cloud.google.com/v1",
    spec: Fields(
        &[
            (
                "healthCheck",
                Fields(
                    &[
                        ("checkIntervalSec", Integer(1, 300)),
                        ("timeoutSec", Integer(1, 300)),
                        ("healthyThreshold", Integer(1, 10)),
                        ("unhealthyThreshold", Integer(1, 10)),
                        ("type", Shape::String),
                        ("port", Integer(1, 65535)),
                        ("requestPath", Shape::String),
                    ],
                    &[],
                ),
            ),
            ("timeoutSec", Integer(1, i32::MAX as i64)),
            ("connectionDraining", Fields(&[("drainingTimeoutSec", Integer(0, 3600))], &[])),
            (
                "sessionAffinity",
                Fields(
                    &[
                        ("affinityType", OneOf(&["NONE", "CLIENT_IP", "GENERATED_COOKIE"])),
                        ("affinityCookieTtlSec", Integer(0, 86400)),
                    ],
                    &[],
                ),
            ),
            ("logging", Fields(&[("enable", Boolean), ("sampleRate", Number(0.0, 1.0))], &[])),
            ("securityPolicy", Fields(&[("name", Shape::String)], &["name"])),
            (
                "iap",
                Fields(
                    &[
                        ("enabled", Boolean),
                        (
                            "oauthclientCredentials",
                            Fields(
                                &[
                                    ("secretName", Shape::String),
                                    ("clientID", Shape::String),
                                    ("clientSecret", Shape::String),
                                ],
                                &["secretName"],
                            ),
                        ),
                    ],
                    &["enabled"],
                ),
            ),
            ("cdn", Shape::Object),
            ("customRequestHeaders", Fields(&[("headers", Strings)], &[])),
            ("customResponseHeaders", Fields(&[("headers", Strings)], &[])),
        ],
        &[],
    ),
};

/// What an Ingress has no field for (ingress-gce pkg/apis/frontendconfig/v1beta1/types.go).
pub static FRONTEND_CONFIG: Kind = Kind {
    name: "FrontendConfig",
    api_version: "networking.gke.io/v1beta1",
    spec: Fields(
        &[
            ("sslPolicy", Shape::String),
            (
                "redirectToHttps",
                Fields(
                    &[
                        ("enabled", Boolean),
                        (
                            "responseCodeName",
                            OneOf(&["MOVED_PERMANENTLY_DEFAULT", "FOUND", "TEMPORARY_REDIRECT", "PERMANENT_REDIRECT"]),
                        ),
                    ],
                    &["enabled"],
                ),
            ),
        ],
        &[],
    ),
};

/// A certificate that Google makes and renews (gke-managed-certs deploy/managedcertificates-crd.yaml).
pub static MANAGED_CERTIFICATE: Kind = Kind {
    name: "ManagedCertificate",
    api_version: "networking.gke.io/v1",
    spec: Fields(&[("domains", Strings)], &[]),
};

/// The load balancer.
pub static INGRESS: Kind = Kind { name: "Ingress", api_version: "networking.k8s.io/v1", spec: Shape::Object };

/// A certificate and its key, of type [`TLS_SECRET`].
pub static SECRET: Kind = Kind { name: "Secret", api_version: "v1", spec: Shape::Object };

/// `type` of a Secret with `tls.crt` and `tls.key`.
pub const TLS_SECRET: &str = "kubernetes.io/tls";
