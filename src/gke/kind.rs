//! The kinds of objects in front of Milvus, and their fields: the API server prunes unknown fields without a word, and
//! refuses what has the wrong type.

/// A kind of object.
#[derive(Debug)]
pub struct Kind {
    /// `kind`
    pub name: &'static str,
    /// `apiVersion`, as it is written today.
    pub api_version: &'static str,
    /// Older values of `apiVersion` that are served as well, each with the fields of `spec` that it lacks.
    pub older: &'static [(&'static str, &'static [&'static str])],
    /// The fields beside `apiVersion`, `kind`, `metadata` and `status`.
    pub fields: &'static [Field],
}

/// A field's name, and what it may hold.
pub type Field = (&'static str, Shape);

impl Kind {
    /// The group of `apiVersion`; empty for the core group.
    #[must_use]
    pub fn group(&self) -> &'static str {
        self.api_version.rsplit_once('/').map_or("", |(group, _)| group)
    }

    /// Whether the API server knows the kind by this `apiVersion`.
    #[must_use]
    pub fn is_served(&self, api_version: &str) -> bool {
        self.api_version == api_version || self.older.iter().any(|(older, _)| *older == api_version)
    }
}

/// What a field may hold.
#[derive(Debug)]
pub enum Shape {
    /// Its fields, and those of them that are required.
    Fields(&'static [Field], &'static [&'static str]),
    /// An integer in this range.
    Integer(i64, i64),
    /// A number in this range.
    Number(f64, f64),
    /// A string.
    String,
    /// One of these strings.
    OneOf(&'static [&'static str]),
    /// One of these strings, where an empty one is refused.
    Enum(&'static [&'static str]),
    /// A string of which this holds, in words.
    Fits(fn(&str) -> bool, &'static str),
    /// The number or the name of a container's port.
    PortOrName,
    /// Bytes in base64.
    Base64,
    /// A header of HTTP, as `Name:value`.
    Header,
    /// A boolean.
    Boolean,
    /// A list.
    List(&'static Self),
    /// A mapping of any keys.
    Map(&'static Self),
    /// Anything; it is not looked into.
    Any,
}

use crate::kube::object::is_subdomain;

use Shape::{Any, Base64, Boolean, Enum, Fields, Fits, Header, Integer, List, Map, Number, OneOf, PortOrName};

/// A list of strings.
const STRINGS: Shape = List(&Shape::String);

/// The number of a port.
const PORT: Shape = Integer(1, 65535);

/// The group of an object that another one names; the core group is empty.
const GROUP: Shape = Fits(|group| group.is_empty() || is_subdomain(group), "an API group");

/// The name of an object that another one names.
const NAME: Shape = Fits(|name| !name.is_empty(), "a name");

/// The name of a listener.
const SECTION: Shape = Fits(is_subdomain, "the name of a listener");

/// The path of a match.
const PATH: Shape = Fits(|path| !path.is_empty(), "a path");

/// How the address of a Gateway is written; others have types with a domain.
const ADDRESS: Shape = Fits(
    |kind| ["IPAddress", "NamedAddress", "Hostname"].contains(&kind) || kind.contains('/'),
    "IPAddress or NamedAddress",
);

/// The host of a listener or a route.
const HOSTNAME: Shape = Fits(|host| is_subdomain(host.strip_prefix("*.").unwrap_or(host)), "a host name");

/// `metadata` (apimachinery pkg/apis/meta/v1/types.go).
pub static METADATA: &[Field] = &[
    ("name", Shape::String),
    ("generateName", Shape::String),
    ("namespace", Shape::String),
    ("labels", Map(&Shape::String)),
    // That each is a string is a rule of its own.
    ("annotations", Map(&Any)),
    ("finalizers", STRINGS),
    ("ownerReferences", List(&Any)),
    ("managedFields", List(&Any)),
    ("uid", Shape::String),
    ("resourceVersion", Shape::String),
    ("selfLink", Shape::String),
    ("generation", Integer(0, i64::MAX)),
    ("creationTimestamp", Shape::String),
    ("deletionTimestamp", Shape::String),
    ("deletionGracePeriodSeconds", Integer(0, i64::MAX)),
];

/// `spec.cdn` of a BackendConfig.
static CDN: &[Field] = &[
    ("enabled", Boolean),
    (
        "cachePolicy",
        Fields(
            &[
                ("includeHost", Boolean),
                ("includeProtocol", Boolean),
                ("includeQueryString", Boolean),
                ("queryStringBlacklist", STRINGS),
                ("queryStringWhitelist", STRINGS),
            ],
            &[],
        ),
    ),
    ("bypassCacheOnRequestHeaders", List(&Fields(&[("headerName", Shape::String)], &[]))),
    ("cacheMode", OneOf(&["USE_ORIGIN_HEADERS", "FORCE_CACHE_ALL", "CACHE_ALL_STATIC"])),
    ("clientTtl", Integer(0, 31_622_400)),
    ("defaultTtl", Integer(0, 31_622_400)),
    ("maxTtl", Integer(0, 31_622_400)),
    ("negativeCaching", Boolean),
    ("negativeCachingPolicy", List(&Fields(&[("code", Integer(300, 501)), ("ttl", Integer(0, 1800))], &[]))),
    ("requestCoalescing", Boolean),
    ("serveWhileStale", Integer(0, 604_800)),
    ("signedUrlCacheMaxAgeSec", Integer(0, i64::MAX)),
    (
        "signedUrlKeys",
        List(&Fields(&[("keyName", Shape::String), ("keyValue", Shape::String), ("secretName", Shape::String)], &[])),
    ),
];

/// How GKE speaks to a Service's pods and asks for their health
/// (ingress-gce pkg/apis/backendconfig/v1/types.go; bounds are those of the Compute API).
pub static BACKEND_CONFIG: Kind = Kind {
    name: "BackendConfig",
    api_version: "cloud.google.com/v1",
    older: &[("cloud.google.com/v1beta1", &["logging", "customResponseHeaders"])],
    fields: &[(
        "spec",
        Fields(
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
                            ("port", PORT),
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
                ("cdn", Fields(CDN, &["enabled"])),
                ("customRequestHeaders", Fields(&[("headers", List(&Header))], &[])),
                ("customResponseHeaders", Fields(&[("headers", List(&Header))], &[])),
            ],
            &[],
        ),
    )],
};

/// What an Ingress has no field for (ingress-gce pkg/apis/frontendconfig/v1beta1/types.go).
pub static FRONTEND_CONFIG: Kind = Kind {
    name: "FrontendConfig",
    api_version: "networking.gke.io/v1beta1",
    older: &[],
    fields: &[(
        "spec",
        Fields(
            &[
                ("sslPolicy", Shape::String),
                (
                    "redirectToHttps",
                    Fields(
                        &[
                            ("enabled", Boolean),
                            (
                                "responseCodeName",
                                OneOf(&[
                                    "MOVED_PERMANENTLY_DEFAULT",
                                    "FOUND",
                                    "TEMPORARY_REDIRECT",
                                    "PERMANENT_REDIRECT",
                                ]),
                            ),
                        ],
                        &["enabled"],
                    ),
                ),
            ],
            &[],
        ),
    )],
};

/// A certificate that Google makes and renews (gke-managed-certs deploy/managedcertificates-crd.yaml).
pub static MANAGED_CERTIFICATE: Kind = Kind {
    name: "ManagedCertificate",
    api_version: "networking.gke.io/v1",
    older: &[],
    fields: &[("spec", Fields(&[("domains", STRINGS)], &[]))],
};

/// Where a path leads, or what no path takes.
const BACKEND: Shape = Fields(
    &[
        (
            "service",
            Fields(
                &[("name", Shape::String), ("port", Fields(&[("name", Shape::String), ("number", PORT)], &[]))],
                &[],
            ),
        ),
        ("resource", Fields(&[("apiGroup", Shape::String), ("kind", Shape::String), ("name", Shape::String)], &[])),
    ],
    &[],
);

/// The load balancer (k8s.io/api networking/v1/types.go). What a backend and a path require is a separate rule.
pub static INGRESS: Kind = Kind {
    name: "Ingress",
    api_version: "networking.k8s.io/v1",
    older: &[],
    fields: &[(
        "spec",
        Fields(
            &[
                ("ingressClassName", Shape::String),
                (
                    "rules",
                    List(&Fields(
                        &[
                            ("host", Shape::String),
                            (
                                "http",
                                Fields(
                                    &[(
                                        "paths",
                                        List(&Fields(
                                            &[
                                                ("path", Shape::String),
                                                ("pathType", Shape::String),
                                                ("backend", BACKEND),
                                            ],
                                            &[],
                                        )),
                                    )],
                                    &["paths"],
                                ),
                            ),
                        ],
                        &[],
                    )),
                ),
                ("defaultBackend", BACKEND),
                ("tls", List(&Fields(&[("hosts", STRINGS), ("secretName", Shape::String)], &[]))),
            ],
            &[],
        ),
    )],
};

/// The load balancer of the Gateway API (sigs.k8s.io/gateway-api apis/v1/gateway_types.go).
pub static GATEWAY: Kind = Kind {
    name: "Gateway",
    api_version: "gateway.networking.k8s.io/v1",
    older: &[("gateway.networking.k8s.io/v1beta1", &[])],
    fields: &[(
        "spec",
        Fields(
            &[
                ("gatewayClassName", NAME),
                ("addresses", List(&Fields(&[("type", ADDRESS), ("value", NAME)], &["value"]))),
                (
                    "listeners",
                    List(&Fields(
                        &[
                            ("name", SECTION),
                            // Those that GKE handles.
                            ("protocol", Enum(&["HTTP", "HTTPS"])),
                            ("port", PORT),
                            // Empty is any.
                            ("hostname", Shape::String),
                            (
                                "tls",
                                Fields(
                                    &[
                                        ("mode", Enum(&["Terminate", "Passthrough"])),
                                        ("certificateRefs", List(&Fields(REFERENCE, &["name"]))),
                                        ("options", Map(&Shape::String)),
                                        ("frontendValidation", Any),
                                    ],
                                    &[],
                                ),
                            ),
                            (
                                "allowedRoutes",
                                Fields(
                                    &[
                                        (
                                            "namespaces",
                                            Fields(
                                                &[
                                                    ("from", Enum(&["All", "Selector", "Same", "None"])),
                                                    ("selector", Any),
                                                ],
                                                &[],
                                            ),
                                        ),
                                        ("kinds", List(&Fields(&[("group", GROUP), ("kind", NAME)], &["kind"]))),
                                    ],
                                    &[],
                                ),
                            ),
                        ],
                        &["name", "protocol", "port"],
                    )),
                ),
                ("infrastructure", Any),
                ("allowedListeners", Any),
                ("backendTLS", Any),
                ("defaultScope", Any),
                ("tls", Any),
            ],
            &["gatewayClassName", "listeners"],
        ),
    )],
};

/// Another object; what is left out has a default.
const REFERENCE: &[Field] = &[("group", GROUP), ("kind", NAME), ("name", NAME), ("namespace", NAME)];

/// What a rule of a route does beside leading to a backend.
const FILTER: Shape = Fields(
    &[
        (
            "type",
            Enum(&[
                "RequestHeaderModifier",
                "ResponseHeaderModifier",
                "RequestMirror",
                "RequestRedirect",
                "URLRewrite",
                "ExtensionRef",
                "CORS",
                "ExternalAuth",
            ]),
        ),
        (
            "requestRedirect",
            Fields(
                &[
                    ("scheme", Enum(&["http", "https"])),
                    ("hostname", HOSTNAME),
                    ("path", Any),
                    ("port", PORT),
                    ("statusCode", Integer(301, 308)),
                ],
                &[],
            ),
        ),
        ("requestHeaderModifier", Any),
        ("responseHeaderModifier", Any),
        ("requestMirror", Any),
        ("urlRewrite", Any),
        ("extensionRef", Any),
        ("cors", Any),
        ("externalAuth", Any),
    ],
    &["type"],
);

/// Where a route is served.
const PARENT: Shape = Fields(
    &[("group", GROUP), ("kind", NAME), ("name", NAME), ("namespace", NAME), ("sectionName", SECTION), ("port", PORT)],
    &["name"],
);

/// What leads from a Gateway to a Service (sigs.k8s.io/gateway-api apis/v1/httproute_types.go).
pub static HTTP_ROUTE: Kind = Kind {
    name: "HTTPRoute",
    api_version: "gateway.networking.k8s.io/v1",
    older: &[("gateway.networking.k8s.io/v1beta1", &[])],
    fields: &[(
        "spec",
        Fields(
            &[
                ("parentRefs", List(&PARENT)),
                ("useDefaultGateways", Any),
                ("hostnames", List(&HOSTNAME)),
                (
                    "rules",
                    List(&Fields(
                        &[
                            ("name", Shape::String),
                            (
                                "matches",
                                List(&Fields(
                                    &[
                                        (
                                            "path",
                                            Fields(
                                                &[
                                                    ("type", Enum(&["Exact", "PathPrefix", "RegularExpression"])),
                                                    ("value", PATH),
                                                ],
                                                &[],
                                            ),
                                        ),
                                        ("headers", Any),
                                        ("queryParams", Any),
                                        ("method", Shape::String),
                                    ],
                                    &[],
                                )),
                            ),
                            ("filters", List(&FILTER)),
                            (
                                "backendRefs",
                                List(&Fields(
                                    &[
                                        ("group", GROUP),
                                        ("kind", NAME),
                                        ("name", NAME),
                                        ("namespace", NAME),
                                        ("port", PORT),
                                        ("weight", Integer(0, 1_000_000)),
                                        ("filters", Any),
                                    ],
                                    &["name"],
                                )),
                            ),
                            ("timeouts", Fields(&[("request", Shape::String), ("backendRequest", Shape::String)], &[])),
                            ("retry", Any),
                            ("sessionPersistence", Any),
                        ],
                        &[],
                    )),
                ),
            ],
            &[],
        ),
    )],
};

/// What a policy is about. The group must be there, also where it is empty.
const TARGET: Shape = Fields(REFERENCE, &["group", "kind", "name"]);

/// What a health check asks for over HTTP, whatever its type.
const HEALTH_CHECK: Shape = Fields(
    &[
        ("portSpecification", OneOf(&["USE_FIXED_PORT", "USE_NAMED_PORT", "USE_SERVING_PORT"])),
        ("port", PORT),
        ("portName", Shape::String),
        ("host", Shape::String),
        ("requestPath", Shape::String),
        ("response", Shape::String),
        ("proxyHeader", OneOf(&["NONE", "PROXY_V1"])),
    ],
    &[],
);

/// How a Gateway's load balancer asks for the health of a Service
/// (gke-gateway-api apis/networking/v1/healthcheck_types.go).
pub static HEALTH_CHECK_POLICY: Kind = Kind {
    name: "HealthCheckPolicy",
    api_version: "networking.gke.io/v1",
    older: &[],
    fields: &[(
        "spec",
        Fields(
            &[
                (
                    "default",
                    Fields(
                        &[
                            ("checkIntervalSec", Integer(1, 300)),
                            ("timeoutSec", Integer(1, 300)),
                            ("healthyThreshold", Integer(1, 10)),
                            ("unhealthyThreshold", Integer(1, 10)),
                            ("logConfig", Fields(&[("enabled", Boolean)], &[])),
                            (
                                "config",
                                Fields(
                                    &[
                                        ("type", Enum(&["TCP", "HTTP", "HTTPS", "HTTP2", "GRPC"])),
                                        ("httpHealthCheck", HEALTH_CHECK),
                                        ("httpsHealthCheck", HEALTH_CHECK),
                                        ("http2HealthCheck", HEALTH_CHECK),
                                        ("tcpHealthCheck", Any),
                                        ("grpcHealthCheck", Any),
                                    ],
                                    &[],
                                ),
                            ),
                        ],
                        &[],
                    ),
                ),
                ("targetRef", TARGET),
            ],
            &["targetRef"],
        ),
    )],
};

/// How a Gateway's load balancer speaks to a Service
/// (gke-gateway-api apis/networking/v1/gcpbackendpolicy_types.go).
pub static GCP_BACKEND_POLICY: Kind = Kind {
    name: "GCPBackendPolicy",
    api_version: "networking.gke.io/v1",
    older: &[],
    fields: &[(
        "spec",
        Fields(
            &[
                (
                    "default",
                    Fields(
                        &[
                            ("timeoutSec", Integer(1, i32::MAX as i64)),
                            ("connectionDraining", Fields(&[("drainingTimeoutSec", Integer(0, 3600))], &[])),
                            ("logging", Fields(&[("enabled", Boolean), ("sampleRate", Integer(0, 1_000_000))], &[])),
                            ("securityPolicy", Shape::String),
                            (
                                "sessionAffinity",
                                Fields(&[("type", Shape::String), ("cookieTtlSec", Integer(0, 1_209_600))], &[]),
                            ),
                            (
                                "iap",
                                Fields(
                                    &[
                                        ("enabled", Boolean),
                                        ("clientID", Shape::String),
                                        ("oauth2ClientSecret", Fields(&[("name", Shape::String)], &[])),
                                    ],
                                    &[],
                                ),
                            ),
                            ("maxRatePerEndpoint", Integer(1, 1_000_000_000)),
                            ("backendPreference", OneOf(&["DEFAULT", "PREFERRED"])),
                        ],
                        &[],
                    ),
                ),
                ("targetRef", TARGET),
            ],
            &["targetRef"],
        ),
    )],
};

/// What a Gateway has no field for (gke-gateway-api apis/networking/v1/gcpgatewaypolicy_types.go).
pub static GCP_GATEWAY_POLICY: Kind = Kind {
    name: "GCPGatewayPolicy",
    api_version: "networking.gke.io/v1",
    older: &[],
    fields: &[(
        "spec",
        Fields(
            &[
                (
                    "default",
                    Fields(
                        &[("sslPolicy", Shape::String), ("allowGlobalAccess", Boolean), ("region", Shape::String)],
                        &[],
                    ),
                ),
                ("targetRef", TARGET),
            ],
            &["targetRef"],
        ),
    )],
};

/// A certificate and its key, of type [`TLS_SECRET`], or the credentials of Identity-Aware Proxy
/// (k8s.io/api core/v1/types.go).
pub static SECRET: Kind = Kind {
    name: "Secret",
    api_version: "v1",
    older: &[],
    fields: &[
        ("type", Shape::String),
        ("data", Map(&Base64)),
        ("stringData", Map(&Shape::String)),
        ("immutable", Boolean),
    ],
};

/// What the load balancer leads to (k8s.io/api core/v1/types.go).
pub static SERVICE: Kind = Kind {
    name: "Service",
    api_version: "v1",
    older: &[],
    fields: &[(
        "spec",
        Fields(
            &[
                ("type", OneOf(&["ClusterIP", "NodePort", "LoadBalancer", "ExternalName"])),
                (
                    "ports",
                    List(&Fields(
                        &[
                            ("name", Shape::String),
                            ("port", PORT),
                            ("targetPort", PortOrName),
                            ("protocol", OneOf(&["TCP", "UDP", "SCTP"])),
                            ("appProtocol", Shape::String),
                            ("nodePort", Integer(0, 65535)),
                        ],
                        &["port"],
                    )),
                ),
                ("selector", Map(&Shape::String)),
                ("clusterIP", Shape::String),
                ("clusterIPs", STRINGS),
                ("externalIPs", STRINGS),
                ("externalName", Shape::String),
                ("externalTrafficPolicy", OneOf(&["Cluster", "Local"])),
                ("internalTrafficPolicy", OneOf(&["Cluster", "Local"])),
                ("trafficDistribution", Shape::String),
                ("ipFamilies", List(&OneOf(&["IPv4", "IPv6"]))),
                ("ipFamilyPolicy", OneOf(&["SingleStack", "PreferDualStack", "RequireDualStack"])),
                ("loadBalancerClass", Shape::String),
                ("loadBalancerIP", Shape::String),
                ("loadBalancerSourceRanges", STRINGS),
                ("allocateLoadBalancerNodePorts", Boolean),
                ("healthCheckNodePort", Integer(0, 65535)),
                ("publishNotReadyAddresses", Boolean),
                ("sessionAffinity", OneOf(&["None", "ClientIP"])),
                (
                    "sessionAffinityConfig",
                    Fields(&[("clientIP", Fields(&[("timeoutSeconds", Integer(1, 86400))], &[]))], &[]),
                ),
            ],
            &[],
        ),
    )],
};

/// `type` of a Secret with `tls.crt` and `tls.key`.
pub const TLS_SECRET: &str = "kubernetes.io/tls";
