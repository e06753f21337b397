//! What the user wants, validated: nothing after this point checks it again.

mod host;
mod http_port;
mod object_name;
pub(crate) mod text;

pub use host::{DomainError, Host, HostError};
pub use http_port::HttpPort;
pub use object_name::ObjectName;

/// Validated settings of one run.
#[derive(Debug)]
pub struct Settings {
    /// The release to choose among several.
    pub release: Option<String>,
    /// Who holds the certificate, and the names it is for.
    pub certificate: Certificate,
    /// What becomes of Milvus's HTTP server; `None` leaves it to the version.
    pub http_port: Option<HttpPort>,
    /// Whether ours may take the place of existing objects.
    pub replace: bool,
}

/// The guide's two ways to a certificate.
#[derive(Debug)]
pub enum Certificate {
    /// Google makes and renews it; ManagedCertificate takes fewer names than an Ingress.
    Managed {
        /// Domains that a ManagedCertificate accepts.
        hosts: Hosts,
    },
    /// A `kubernetes.io/tls` Secret in the Service's namespace holds it.
    Secret {
        /// The Secret.
        name: ObjectName,
        /// Hosts of the Ingress.
        hosts: Hosts,
    },
}

/// At least one host, none twice.
#[derive(Debug, Clone)]
pub struct Hosts(Vec<Host>);

/// Why a list of hosts is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HostsError {
    /// The list is empty.
    #[error("no host is given")]
    Empty,
    /// GKE lets the later rule win, without a word.
    #[error("host `{0}` is given twice")]
    Twice(Host),
    /// The field `spec.domains` of a ManagedCertificate.
    #[error("a Google-managed certificate takes at most {MANAGED_DOMAINS} domains, not {0}")]
    TooMany(usize),
    /// One that a ManagedCertificate refuses.
    #[error(transparent)]
    Domain(#[from] DomainError),
}

/// How many domains a ManagedCertificate takes.
const MANAGED_DOMAINS: usize = 100;

impl Hosts {
    /// Hosts for the rules of an Ingress.
    ///
    /// # Errors
    ///
    /// [`HostsError::Empty`] and [`HostsError::Twice`].
    pub fn new(hosts: Vec<Host>) -> Result<Self, HostsError> {
        if hosts.is_empty() {
            return Err(HostsError::Empty);
        }
        for (index, host) in hosts.iter().enumerate() {
            if hosts[..index].contains(host) {
                return Err(HostsError::Twice(host.clone()));
            }
        }
        Ok(Self(hosts))
    }

    /// Hosts that a ManagedCertificate accepts as well.
    ///
    /// # Errors
    ///
    /// As [`Hosts::new`], and [`HostsError::TooMany`] and [`HostsError::Domain`].
    pub fn managed(hosts: Vec<Host>) -> Result<Self, HostsError> {
        let hosts = Self::new(hosts)?;
        if hosts.0.len() > MANAGED_DOMAINS {
            return Err(HostsError::TooMany(hosts.0.len()));
        }
        for host in &hosts.0 {
            host.check_managed()?;
        }
        Ok(hosts)
    }

    /// The hosts as text, in the order given.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(Host::as_str)
    }
}

impl Certificate {
    /// The names that the load balancer answers for.
    #[must_use]
    pub fn hosts(&self) -> &Hosts {
        match self {
            Self::Managed { hosts } | Self::Secret { hosts, .. } => hosts,
        }
    }
}
