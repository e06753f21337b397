//! What the user wants, validated: nothing after this point checks it again.

mod gateway;
mod gcp_name;
mod http_port;
pub(crate) mod list;
mod milvus_url;
mod object_name;
mod preset;
mod sample_rate;
pub(crate) mod seconds;
mod service_type;
pub(crate) mod text;

pub use gateway::GatewayRef;
pub use gcp_name::GcpName;
pub use http_port::HttpPort;
pub use milvus_url::MilvusUrl;
pub use object_name::ObjectName;
pub use preset::Preset;
pub use sample_rate::SampleRate;
pub use seconds::{Seconds, SecondsError};
pub use service_type::ServiceType;

use crate::certificate::Pair;
use crate::gke::gateway::{GatewayClass, Protocol};
use crate::gke::health;
use crate::host::{Domains, Hosts};

/// Validated settings of one run.
#[derive(Debug)]
pub struct Settings {
    /// The release to choose among several.
    pub release: Option<String>,
    /// The Milvus Service to choose among several.
    pub service: Option<String>,
    /// The names that the load balancer answers for.
    pub hosts: Hosts,
    /// What makes the load balancer.
    pub doors: Doors,
    /// How the load balancer reaches Milvus.
    pub backend: Backend,
    /// What becomes of the Service's type.
    pub service_type: ServiceType,
    /// What becomes of Milvus's HTTP server; `None` leaves it to the version.
    pub http_port: Option<HttpPort>,
    /// Whether the load balancer serves Milvus's REST API as well.
    pub rest: bool,
    /// Where Attu is to reach Milvus.
    pub attu_url: Option<MilvusUrl>,
    /// Whether ours may take the place of existing objects.
    pub replace: bool,
    /// Whether a Milvus that not everybody could reach is to be on the internet.
    pub public: bool,
    /// What becomes of warnings.
    pub warnings: Warnings,
    /// Warnings about what is asked for.
    pub noticed: Vec<String>,
}

/// What becomes of warnings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Warnings {
    /// They are told.
    Said,
    /// Nothing is done where there is one.
    Refused,
    /// They are not told.
    Unsaid,
}

/// What makes the load balancer.
#[derive(Debug)]
pub enum Doors {
    /// An Ingress.
    Ingress(IngressDoor),
    /// A Gateway.
    Gateway(GatewayDoor),
    /// Both, each with its own load balancer, for moving from one to the other.
    Both(IngressDoor, GatewayDoor),
}

impl Doors {
    /// The Ingress, if there is one.
    #[must_use]
    pub fn ingress(&self) -> Option<&IngressDoor> {
        match self {
            Self::Ingress(ingress) | Self::Both(ingress, _) => Some(ingress),
            Self::Gateway(_) => None,
        }
    }

    /// The Gateway, if there is one.
    #[must_use]
    pub fn gateway(&self) -> Option<&GatewayDoor> {
        match self {
            Self::Ingress(_) => None,
            Self::Gateway(gateway) | Self::Both(_, gateway) => Some(gateway),
        }
    }

    /// Where the clients are that one of them lets in.
    #[must_use]
    pub fn scheme(&self) -> Scheme {
        let of_ingress = self.ingress().map(|ingress| ingress.front_end.scheme);
        let of_gateway = self.gateway().map(|gateway| gateway.owner.scheme());
        match of_ingress.into_iter().chain(of_gateway).any(|scheme| scheme == Scheme::External) {
            true => Scheme::External,
            false => Scheme::Internal,
        }
    }

    /// How the load balancer speaks to Milvus.
    #[must_use]
    pub fn protocol(&self) -> Protocol {
        self.gateway().map_or(Protocol::Tls, |gateway| gateway.protocol)
    }
}

/// An Ingress of ours.
#[derive(Debug)]
pub struct IngressDoor {
    /// Who holds its certificate.
    pub certificate: Certificate,
    /// How clients reach it.
    pub front_end: FrontEnd,
}

/// A Gateway that leads to Milvus.
#[derive(Debug)]
pub struct GatewayDoor {
    /// Whose it is.
    pub owner: Owner,
    /// How its load balancer speaks to Milvus.
    pub protocol: Protocol,
}

/// Whose a Gateway is.
#[derive(Debug)]
pub enum Owner {
    /// Ours.
    Ours(OwnGateway),
    /// Somebody else's, which exists; its clients are there.
    Theirs(GatewayRef, Scheme),
}

impl Owner {
    /// Where its clients are.
    #[must_use]
    pub fn scheme(&self) -> Scheme {
        match self {
            Self::Ours(own) => own.front_end.scheme,
            Self::Theirs(_, scheme) => *scheme,
        }
    }

    /// Ours, if it is.
    #[must_use]
    pub fn ours(&self) -> Option<&OwnGateway> {
        match self {
            Self::Ours(own) => Some(own),
            Self::Theirs(..) => None,
        }
    }
}

/// A Gateway of ours.
#[derive(Debug)]
pub struct OwnGateway {
    /// Which load balancer it is.
    pub class: GatewayClass,
    /// Who holds its certificate.
    pub certificate: GatewayCertificate,
    /// How clients reach it.
    pub front_end: FrontEnd,
}

/// Who holds the certificate of a Gateway.
#[derive(Debug)]
pub enum GatewayCertificate {
    /// A certificate map of Certificate Manager.
    Map(GcpName),
    /// Certificate Manager, a certificate of a region.
    Manager(GcpName),
    /// Somebody else.
    Held(Held),
}

/// Who holds the certificate of an Ingress.
#[derive(Debug)]
pub enum Certificate {
    /// Google makes and renews it, for a ManagedCertificate of ours.
    Managed(Domains),
    /// The same, for a ManagedCertificate that exists.
    ManagedByName(ObjectName),
    /// Somebody else.
    Held(Held),
}

/// Who holds a certificate that a load balancer of either kind takes.
#[derive(Debug, Clone)]
pub enum Held {
    /// Compute Engine SSL certificates that exist.
    PreShared(Vec<GcpName>),
    /// A `kubernetes.io/tls` Secret that exists in the Service's namespace.
    Secret(ObjectName),
    /// The user; a Secret of ours holds it.
    Files(Pair),
    /// cert-manager makes and renews it, and puts it into a Secret.
    CertManager(Issuer),
}

/// Who signs for cert-manager.
#[derive(Debug, Clone)]
pub enum Issuer {
    /// A ClusterIssuer.
    Cluster(ObjectName),
    /// An Issuer in the Service's namespace.
    Namespaced(ObjectName),
}

/// How clients reach the load balancer.
#[derive(Debug)]
pub struct FrontEnd {
    /// Which load balancer it is.
    pub scheme: Scheme,
    /// A reserved address: a global one, of an internal load balancer a regional one.
    pub static_ip: Option<GcpName>,
    /// What happens on port 80.
    pub http: Http,
    /// Which TLS versions and ciphers are offered.
    pub ssl_policy: Option<GcpName>,
}

/// Where a load balancer's clients are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scheme {
    /// In the internet.
    External,
    /// In the VPC network.
    Internal,
}

/// What happens on port 80.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Http {
    /// The same as on port 443, without TLS: as in the guide.
    Served,
    /// Nothing listens.
    Off,
    /// Clients are sent to port 443.
    Redirected,
}

/// The fields of the BackendConfig, or of a Gateway's policies, beside the health check's port, path and type.
#[derive(Debug)]
pub struct Backend {
    /// `timeoutSec`
    pub timeout: Option<Timeout>,
    /// `connectionDraining.drainingTimeoutSec`
    pub drain: Option<DrainTimeout>,
    /// When the health check asks.
    pub health: Option<HealthTiming>,
    /// `securityPolicy.name`
    pub security_policy: Option<GcpName>,
    /// `logging.sampleRate`; 0 also switches logging off.
    pub log_sample_rate: Option<SampleRate>,
}

/// `timeoutSec` of a backend service (Compute Engine's bounds).
pub type Timeout = Seconds<1, 2_147_483_647>;

/// `drainingTimeoutSec` (Compute Engine's bounds).
pub type DrainTimeout = Seconds<0, 3600>;

/// `checkIntervalSec` and `timeoutSec` of a health check (Compute Engine's bounds).
pub type HealthSeconds = Seconds<1, 300>;

/// When a health check asks, and how long it waits for an answer. Always both: GKE
/// sends its own default for the one that is missing, which may not fit the other.
#[derive(Debug, Clone, Copy)]
pub struct HealthTiming {
    interval: HealthSeconds,
    timeout: HealthSeconds,
}

impl HealthTiming {
    /// Completes what is given; `None` where nothing is.
    ///
    /// # Errors
    ///
    /// A timeout longer than the interval.
    pub fn new(interval: Option<HealthSeconds>, timeout: Option<HealthSeconds>) -> Result<Option<Self>, String> {
        let default = HealthSeconds::nearest(health::DEFAULT_SECONDS);
        Ok(Some(match (interval, timeout) {
            (None, None) => return Ok(None),
            (Some(interval), None) => Self { interval, timeout: interval.min(default) },
            (None, Some(timeout)) => Self { interval: timeout.max(default), timeout },
            (Some(interval), Some(timeout)) if timeout <= interval => Self { interval, timeout },
            (Some(interval), Some(timeout)) => {
                return Err(format!("a timeout of {timeout} is longer than the interval of {interval}"));
            }
        }))
    }

    /// `checkIntervalSec`
    #[must_use]
    pub fn interval(self) -> HealthSeconds {
        self.interval
    }

    /// `timeoutSec`
    #[must_use]
    pub fn timeout(self) -> HealthSeconds {
        self.timeout
    }
}
