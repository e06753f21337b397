//! The certificates that Google takes and makes.

/// How many domains a ManagedCertificate takes (its CustomResourceDefinition, `spec.domains`).
pub const MAX_DOMAINS: usize = 100;

/// How many characters a domain of a ManagedCertificate has at most.
pub const MAX_DOMAIN: usize = 63;

/// How many certificates of a chain one SSL certificate takes.
pub const MAX_CHAIN: usize = 5;
