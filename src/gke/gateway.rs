//! What GKE's Gateway controller makes of a Gateway and of what it leads to. It is closed source: this is what Google's
//! documentation ("GatewayClass capabilities", "Secure a Gateway"), the definitions of
//! github.com/GoogleCloudPlatform/gke-gateway-api, and GKE's conformance reports (sigs.k8s.io/gateway-api
//! conformance/reports) say.

use std::fmt;
use std::str::FromStr;

use serde_json::Value;

use super::certificate::Scope;
use super::ingress::CALL;
use crate::kube::value::str_at;

/// The load balancer of a Gateway: its GatewayClass, of which GKE owns the object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GatewayClass {
    /// The global external load balancer.
    GlobalExternal,
    /// The regional external one.
    RegionalExternal,
    /// The internal one, which is regional.
    Internal,
    /// The classic global external one.
    Classic,
}

impl GatewayClass {
    /// What a Gateway gets that names none.
    pub const DEFAULT: Self = Self::GlobalExternal;

    /// All of them. GKE's classes for many clusters (`-mc`) lead to ServiceImports, not to Services.
    pub const ALL: [Self; 4] = [Self::GlobalExternal, Self::RegionalExternal, Self::Internal, Self::Classic];

    /// `gatewayClassName`
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::GlobalExternal => "gke-l7-global-external-managed",
            Self::RegionalExternal => "gke-l7-regional-external-managed",
            Self::Internal => "gke-l7-rilb",
            Self::Classic => "gke-l7-gxlb",
        }
    }

    /// Whether its addresses and certificates are global ones or a region's.
    #[must_use]
    pub fn scope(self) -> Scope {
        match self {
            Self::GlobalExternal | Self::Classic => Scope::Global,
            Self::RegionalExternal | Self::Internal => Scope::Regional,
        }
    }
}

impl FromStr for GatewayClass {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if let Some(class) = Self::ALL.into_iter().find(|class| class.name() == text) {
            return Ok(class);
        }
        let known = Self::ALL.map(Self::name).join(", ");
        Err(match text.ends_with("-mc") {
            true => format!("a multi-cluster class leads to ServiceImports, not to this Service; use one of {known}"),
            false => format!("none of {known}"),
        })
    }
}

impl fmt::Display for GatewayClass {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

/// How a load balancer speaks HTTP/2 to Milvus.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Protocol {
    /// Over TLS; it does not verify the certificate.
    #[default]
    Tls,
    /// Without TLS. Others have seen it on the global external class (of many clusters) and on the internal one; GKE's
    /// conformance reports do not claim it. Of the classic class nothing is known.
    H2c,
}

impl Protocol {
    /// `appProtocol` of the Service's port. Case matters, and what GKE does not know is HTTP/1.1.
    #[must_use]
    pub fn app_protocol(self) -> &'static str {
        match self {
            Self::Tls => "HTTP2",
            Self::H2c => "kubernetes.io/h2c",
        }
    }

    /// `appProtocol` of a port that serves HTTP/1.1, with or without TLS as this one.
    #[must_use]
    pub fn http_app_protocol(self) -> Option<&'static str> {
        match self {
            Self::Tls => Some("HTTPS"),
            Self::H2c => None,
        }
    }
}

impl FromStr for Protocol {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "tls" => Ok(Self::Tls),
            "h2c" => Ok(Self::H2c),
            _ => Err("neither `tls` nor `h2c`"),
        }
    }
}

impl fmt::Display for Protocol {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Tls => "tls",
            Self::H2c => "h2c",
        })
    }
}

/// What is known of [`Protocol::H2c`].
pub const H2C_KNOWN: &str = "h2c is not among the features that Google claims for its Gateway; others have seen it \
    work on the global external class (multi-cluster) and on the internal one. Try a call before clients move";

/// Annotation of a Gateway: a certificate map of Certificate Manager, for global classes. With it a listener has no
/// `tls` at all.
pub const CERTIFICATE_MAP: &str = "networking.gke.io/certmap";

/// `tls.options` of a listener: certificates of Certificate Manager, for regional classes.
pub const CERTIFICATE_MANAGER: &str = "networking.gke.io/cert-manager-certs";

/// `tls.options` of a listener: SSL certificates of Compute Engine, separated by commas.
pub const PRE_SHARED_CERTIFICATES: &str = "networking.gke.io/pre-shared-certs";

/// `type` of an address of a Gateway: the name of a reserved one.
pub const NAMED_ADDRESS: &str = "NamedAddress";

/// `portSpecification` of a health check. GKE's newest definition refuses a `port` without it.
pub const FIXED_PORT: &str = "USE_FIXED_PORT";

/// `statusCode` of a redirect.
pub const REDIRECT: u64 = 301;

/// Those that GKE claims.
pub const REDIRECTS: [u64; 2] = [REDIRECT, 302];

/// `logging.sampleRate` that logs every request.
pub const LOG_ALL: f64 = 1_000_000.0;

/// How many `hostnames` an HTTPRoute takes (its definition).
pub const MAX_HOSTNAMES: usize = 16;

/// How many `listeners` a Gateway takes (its definition).
pub const MAX_LISTENERS: usize = 64;

/// Whether a match of an HTTPRoute lets the calls of Milvus's clients through; what is left out is the prefix `/`.
#[must_use]
pub fn lets_calls_through(one: &Value) -> bool {
    let path = str_at(one, "/path/value").unwrap_or("/");
    match str_at(one, "/path/type") {
        None | Some("PathPrefix") => {
            let prefix = path.trim_end_matches('/');
            CALL.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        }
        // One path is not all of them; and GKE takes no regular expressions.
        _ => false,
    }
}

/// Whether a host of a route is one of a listener's, or the other way round: either may begin with `*.`.
#[must_use]
pub fn hosts_meet(one: &str, other: &str) -> bool {
    let covers = |pattern: &str, host: &str| {
        pattern.strip_prefix('*').is_some_and(|end| host.len() > end.len() && host.ends_with(end))
    };
    one.eq_ignore_ascii_case(other) || covers(one, other) || covers(other, one)
}
