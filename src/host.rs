//! The hosts that clients connect to.

use std::net::IpAddr;
use std::str::FromStr;

use crate::gke::certificate::{MAX_DOMAIN, MAX_DOMAINS};
use crate::settings::text::{deserialize_from_text, shown_as_text};

/// A DNS name as `spec.rules[].host` of an Ingress accepts it: RFC 1123 labels in
/// lower case, or `*.` before such a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Host(String);

/// Why a string is not a [`Host`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[allow(missing_docs, reason = "the message of each variant is its documentation")]
pub enum HostError {
    #[error("a host cannot be empty")]
    Empty,
    #[error("give the host alone, without scheme, port or path")]
    Url,
    #[error("an Ingress needs a DNS name, not an IP address")]
    Address,
    #[error("write it in lower case: `{0}`")]
    UpperCase(String),
    #[error("omit the dot at the end")]
    TrailingDot,
    #[error("give the name's ASCII form (xn--…)")]
    NotAscii,
    #[error("`*` may only be the whole first label, as in `*.example.com`")]
    Wildcard,
    #[error("a name can have at most 253 characters")]
    TooLong,
    #[error("the label `{0}` is not 1 to 63 letters, digits and inner hyphens")]
    Label(String),
}

/// Why a [`Host`] cannot have a Google-managed certificate
/// (the CRD of `networking.gke.io/v1` ManagedCertificate, `spec.domains[]`).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[allow(missing_docs, reason = "the message of each variant is its documentation")]
pub enum DomainError {
    #[error("`{0}`: Google-managed certificates cannot have wildcards; name each host, or use --tls-secret")]
    Wildcard(Host),
    #[error(
        "`{0}`: Google-managed certificates allow at most 63 characters; choose a shorter name, or use --tls-secret"
    )]
    TooLong(Host),
    #[error("`{0}`: Google-managed certificates need a public domain of two or more labels; or use --tls-secret")]
    OneLabel(Host),
    #[error(
        "`{0}`: the top-level domain must begin with a letter and have two or more characters; or use --tls-secret"
    )]
    TopLevel(Host),
}

impl Host {
    fn check_managed(&self) -> Result<(), DomainError> {
        let host = || self.clone();
        if self.0.starts_with('*') {
            return Err(DomainError::Wildcard(host()));
        }
        if self.0.len() > MAX_DOMAIN {
            return Err(DomainError::TooLong(host()));
        }
        match self.0.rsplit_once('.') {
            None => Err(DomainError::OneLabel(host())),
            Some((_, top)) if top.len() < 2 || !top.starts_with(|c: char| c.is_ascii_lowercase()) => {
                Err(DomainError::TopLevel(host()))
            }
            Some(_) => Ok(()),
        }
    }
}

impl FromStr for Host {
    type Err = HostError;

    fn from_str(text: &str) -> Result<Self, HostError> {
        // People write a space after a comma.
        let text = text.trim();
        if text.is_empty() {
            return Err(HostError::Empty);
        }
        if text.trim_matches(['[', ']']).parse::<IpAddr>().is_ok() {
            return Err(HostError::Address);
        }
        if text.contains(['/', ':']) {
            return Err(HostError::Url);
        }
        if !text.is_ascii() {
            return Err(HostError::NotAscii);
        }
        if text.bytes().any(|byte| byte.is_ascii_uppercase()) {
            return Err(HostError::UpperCase(text.to_ascii_lowercase()));
        }
        if text.ends_with('.') {
            return Err(HostError::TrailingDot);
        }
        if text.len() > 253 {
            return Err(HostError::TooLong);
        }
        let name = text.strip_prefix("*.").unwrap_or(text);
        if name.contains('*') {
            return Err(HostError::Wildcard);
        }
        match name.split('.').find(|label| !is_label(label)) {
            Some(label) => Err(HostError::Label(label.to_owned())),
            None => Ok(Self(text.to_owned())),
        }
    }
}

shown_as_text!(Host);
deserialize_from_text!(Host, {
    "type": "string",
    "maxLength": 253,
    "pattern": r"^(\*\.)?[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$"
});

/// At least one host, and no duplicates.
#[derive(Debug, Clone)]
pub struct Hosts(Vec<Host>);

/// Why a list of hosts is not valid.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HostsError {
    /// The list is empty.
    #[error("no host is given")]
    Empty,
    /// With GKE the later rule silently wins.
    #[error("host `{0}` is given twice")]
    Twice(Host),
    /// The field `spec.domains` of a ManagedCertificate.
    #[error("a Google-managed certificate can have at most {MAX_DOMAINS} domains, not {0}")]
    TooMany(usize),
    /// One that a ManagedCertificate refuses.
    #[error(transparent)]
    Domain(#[from] DomainError),
}

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
        if let Some((_, host)) = hosts.iter().enumerate().find(|(index, host)| hosts[..*index].contains(host)) {
            return Err(HostsError::Twice(host.clone()));
        }
        Ok(Self(hosts))
    }

    /// The hosts as text, in the order given.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(Host::as_str)
    }
}

/// Hosts that a ManagedCertificate accepts as well.
#[derive(Debug, Clone)]
pub struct Domains(Hosts);

impl Domains {
    /// All of these hosts.
    ///
    /// # Errors
    ///
    /// [`HostsError::TooMany`] and [`HostsError::Domain`].
    pub fn new(hosts: &Hosts) -> Result<Self, HostsError> {
        if hosts.0.len() > MAX_DOMAINS {
            return Err(HostsError::TooMany(hosts.0.len()));
        }
        hosts.0.iter().try_for_each(Host::check_managed)?;
        Ok(Self(hosts.clone()))
    }

    /// The domains as text, in the order given.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter()
    }
}

/// An RFC 1123 label.
pub(crate) fn is_label(label: &str) -> bool {
    label.len() <= 63 && is_label_of_any_length(label)
}

/// Lower-case letters, digits and inner hyphens.
pub(crate) fn is_label_of_any_length(label: &str) -> bool {
    !label.is_empty()
        && label.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
        && !label.starts_with('-')
        && !label.ends_with('-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        for name in [
            "example.com",
            "a",
            "1.2.3.example",
            "*.example.com",
            "xn--bcher-kva.example",
            "a.".repeat(100).trim_end_matches('.'),
        ] {
            assert_eq!(name.parse::<Host>().map(|host| host.to_string()), Ok(name.to_string()));
        }
    }

    #[test]
    fn no_names() {
        for (text, error) in [
            ("", HostError::Empty),
            ("https://example.com", HostError::Url),
            ("example.com:443", HostError::Url),
            ("10.0.0.1", HostError::Address),
            ("[::1]", HostError::Address),
            ("Example.com", HostError::UpperCase("example.com".into())),
            ("example.com.", HostError::TrailingDot),
            ("bücher.example", HostError::NotAscii),
            ("a.*.com", HostError::Wildcard),
            ("*", HostError::Wildcard),
            ("a_b.com", HostError::Label("a_b".into())),
            ("-a.com", HostError::Label("-a".into())),
            ("a..com", HostError::Label(String::new())),
        ] {
            assert_eq!(text.parse::<Host>(), Err(error), "{text}");
        }
        assert_eq!("a.".repeat(127).trim_end_matches('.').parse::<Host>().map(|_| ()), Ok(()));
        assert_eq!("a".repeat(64).parse::<Host>(), Err(HostError::Label("a".repeat(64))));
    }

    #[test]
    fn managed() {
        let check = |name: &str| name.parse::<Host>().expect("a host").check_managed();
        assert_eq!(check("milvus.example.com"), Ok(()));
        assert!(matches!(check("*.example.com"), Err(DomainError::Wildcard(_))));
        assert!(matches!(check("milvus"), Err(DomainError::OneLabel(_))));
        assert!(matches!(check("milvus.1com"), Err(DomainError::TopLevel(_))));
        assert!(matches!(check("milvus.c"), Err(DomainError::TopLevel(_))));
        let long = |length: usize| {
            format!(
                "{}.com",
                "a".repeat(length)
                    .as_bytes()
                    .chunks(30)
                    .map(|c| String::from_utf8_lossy(c))
                    .collect::<Vec<_>>()
                    .join(".")
            )
        };
        assert_eq!(long(58).len(), 63);
        assert_eq!(check(&long(58)), Ok(()));
        assert!(matches!(check(&long(59)), Err(DomainError::TooLong(_))));
    }
}
