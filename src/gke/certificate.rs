//! The certificates that Google takes and makes.

/// How many domains a ManagedCertificate takes (its CustomResourceDefinition, `spec.domains`).
pub const MAX_DOMAINS: usize = 100;

/// How many characters a domain of a ManagedCertificate has at most.
pub const MAX_DOMAIN: usize = 63;

/// How many certificates of a chain one SSL certificate takes.
pub const MAX_CHAIN: usize = 5;

/// Which load balancers take a certificate: those of a region take more types of keys
/// (Google Cloud documentation, SSL certificates overview).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// The external load balancer of class `gce`.
    Global,
    /// Those of the classes `gce-internal` and `gce-regional-external`.
    Regional,
}

impl Scope {
    /// Whether it takes a key beside RSA-2048 and ECDSA P-256, by the name of its type.
    #[must_use]
    pub fn takes(self, key: &str) -> bool {
        self == Self::Regional && ["RSA-3072", "RSA-4096", "secp384r1"].contains(&key)
    }

    /// What it takes.
    #[must_use]
    pub fn keys(self) -> &'static str {
        match self {
            Self::Global => "only RSA-2048 and ECDSA P-256",
            Self::Regional => "only RSA-2048, RSA-3072, RSA-4096, ECDSA P-256 and P-384",
        }
    }
}
