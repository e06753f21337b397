//! The certificates of a file, the server's own first, each one issued by the next.

use std::fmt;
use std::io;
use std::time::SystemTime;

use x509_cert::certificate::Version;
use x509_cert::der::{self, DateTime, Decode as _};
use x509_cert::ext::pkix::SubjectAltName;
use x509_cert::ext::pkix::name::GeneralName;
use x509_cert::name::Name;
use x509_cert::{Certificate, TbsCertificate};

use super::key::{Public, public_of_certificate};
use super::pem::{self, PemError};
use crate::gke::certificate::{MAX_CHAIN, Scope};
use crate::host::Hosts;
use crate::text::escaped;

/// How many names of a certificate a message lists.
const SHOWN_NAMES: usize = 5;

/// Why a file is not a certificate for the hosts.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs, reason = "the message of each variant is its documentation")]
pub enum CertificateProblem {
    #[error("cannot be read: {0}")]
    Unreadable(io::Error),
    #[error("is not text, so it is not PEM; convert DER with `openssl x509 -inform der`")]
    Binary,
    #[error(transparent)]
    Pem(#[from] PemError),
    #[error("does not contain a certificate in PEM: there is no line `-----BEGIN CERTIFICATE-----`")]
    Missing,
    #[error("contains a private key, which would be published with it; this file must contain only certificates")]
    PrivateKey,
    #[error("contains a `{0}`; this file must contain only certificates")]
    Other(String),
    #[error("contains {0} certificates, and Google accepts at most {MAX_CHAIN}; omit the root")]
    TooMany(usize),
    #[error("certificate {position} is not X.509: {error}; copy the file again")]
    Damaged { position: usize, error: der::Error },
    #[error("the public key of {0} is damaged")]
    DamagedKey(Position),
    #[error("the key belongs to {0}; put that one first, then its issuer, then the issuer's issuer, and so on")]
    NotFirst(Position),
    #[error("{first} is issued by `{issuer}`, but {second} follows it; put the issuer's certificate there, or nothing")]
    Order { first: Position, issuer: String, second: Position },
    #[error("its key is {key}, and Google accepts {}; get a new certificate with such a key", scope.keys())]
    KeyType { key: String, scope: Scope },
    #[error(
        "is X.509 v1, which Go and rustls refuse (the guide's openssl commands create one); create one with \
        `milvus-gke-l7 cert`"
    )]
    Version1,
    #[error(
        "has no DNS name in subjectAltName, and clients no longer look at the common name (`openssl x509 -req` without \
        extensions creates such a certificate); create one with `milvus-gke-l7 cert`"
    )]
    NoNames,
    #[error(
        "does not cover {missing}: its names are {names}; get a new certificate for all hosts of the Ingress{hint}"
    )]
    Hosts { missing: String, names: String, hint: &'static str },
    #[error("{certificate} is not valid before {from}; wait, or correct the clock")]
    NotYet { certificate: Position, from: DateTime },
    #[error("{certificate} has expired at {at}; renew it")]
    Expired { certificate: Position, at: DateTime },
}

/// Which certificate of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Position {
    /// From 1.
    number: usize,
    subject: String,
}

impl fmt::Display for Position {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "certificate {} (`{}`)", self.number, self.subject)
    }
}

/// At least one certificate.
pub(super) struct Chain(Vec<Certificate>);

impl Chain {
    pub(super) fn parse(text: &str) -> Result<Self, CertificateProblem> {
        let blocks = pem::blocks(text)?;
        if blocks.iter().any(pem::Block::is_private_key) {
            return Err(CertificateProblem::PrivateKey);
        }
        if let Some(other) = blocks.iter().find(|block| block.label != "CERTIFICATE") {
            return Err(CertificateProblem::Other(other.label.to_owned()));
        }
        match blocks.len() {
            0 => return Err(CertificateProblem::Missing),
            count if count > MAX_CHAIN => return Err(CertificateProblem::TooMany(count)),
            _ => {}
        }
        let parse = |(index, block): (usize, &pem::Block<'_>)| {
            Certificate::from_der(&block.der)
                .map_err(|error| CertificateProblem::Damaged { position: index + 1, error })
        };
        Ok(Self(blocks.iter().enumerate().map(parse).collect::<Result<_, _>>()?))
    }

    /// The server's certificate is the first one, and each is issued by the next.
    pub(super) fn check_order(&self, key: &Public) -> Result<(), CertificateProblem> {
        let owner = self.0.iter().position(|certificate| public(certificate).as_ref() == Some(key));
        if let Some(index @ 1..) = owner {
            return Err(CertificateProblem::NotFirst(self.position(index)));
        }
        for (index, pair) in self.0.windows(2).enumerate() {
            let issuer = pair[0].tbs_certificate().issuer();
            if issuer != pair[1].tbs_certificate().subject() {
                let (first, second) = (self.position(index), self.position(index + 1));
                return Err(CertificateProblem::Order { first, issuer: shown(issuer), second });
            }
        }
        Ok(())
    }

    /// The key of the server's certificate, which is of a type that Google accepts.
    pub(super) fn check_key(&self, scope: Scope) -> Result<Public, CertificateProblem> {
        match self.0.first().and_then(public) {
            Some(Public::Other(key)) if !scope.takes(&key.name) => {
                Err(CertificateProblem::KeyType { key: key.name, scope })
            }
            Some(key) => Ok(key),
            None => Err(CertificateProblem::DamagedKey(self.position(0))),
        }
    }

    /// The server's certificate is for all the hosts.
    pub(super) fn check_names(&self, hosts: &Hosts) -> Result<(), CertificateProblem> {
        let Some(leaf) = self.0.first().map(Certificate::tbs_certificate) else {
            return Err(CertificateProblem::Missing);
        };
        if leaf.version() != Version::V3 {
            return Err(CertificateProblem::Version1);
        }
        let names = names(leaf).map_err(|error| CertificateProblem::Damaged { position: 1, error })?;
        if names.is_empty() {
            return Err(CertificateProblem::NoNames);
        }
        let missing: Vec<_> = hosts.iter().filter(|host| !names.iter().any(|name| covers(name, host))).collect();
        if missing.is_empty() {
            return Ok(());
        }
        let wildcards = names.iter().any(|name| name.starts_with('*'));
        let hint = if wildcards { " (`*.` stands for exactly one label, with two or more after it)" } else { "" };
        let mut list: Vec<_> = names.iter().take(SHOWN_NAMES).map(|name| escaped(name)).collect();
        if names.len() > SHOWN_NAMES {
            list.push(format!("and {} more", names.len() - SHOWN_NAMES));
        }
        Err(CertificateProblem::Hosts { missing: missing.join(", "), names: list.join(", "), hint })
    }

    /// The names of the server's certificate.
    pub(super) fn names(&self) -> Vec<String> {
        self.0.first().and_then(|leaf| names(leaf.tbs_certificate()).ok()).unwrap_or_default()
    }

    /// All of them are valid: clients get them all.
    pub(super) fn check_dates(&self, now: SystemTime) -> Result<(), CertificateProblem> {
        for (index, certificate) in self.0.iter().enumerate() {
            let validity = certificate.tbs_certificate().validity();
            if now < validity.not_before.to_system_time() {
                let from = validity.not_before.to_date_time();
                return Err(CertificateProblem::NotYet { certificate: self.position(index), from });
            }
            if now > validity.not_after.to_system_time() {
                let at = validity.not_after.to_date_time();
                return Err(CertificateProblem::Expired { certificate: self.position(index), at });
            }
        }
        Ok(())
    }

    fn position(&self, index: usize) -> Position {
        let subject = self.0.get(index).map(|certificate| shown(certificate.tbs_certificate().subject()));
        Position { number: index + 1, subject: subject.unwrap_or_default() }
    }
}

fn public(certificate: &Certificate) -> Option<Public> {
    public_of_certificate(certificate.tbs_certificate().subject_public_key_info())
}

fn shown(name: &Name) -> String {
    escaped(&name.to_string())
}

/// The DNS names of subjectAltName.
fn names(certificate: &TbsCertificate) -> der::Result<Vec<String>> {
    let Some((_, SubjectAltName(names))) = certificate.get_extension::<SubjectAltName>()? else {
        return Ok(Vec::new());
    };
    let dns = names.into_iter().filter_map(|name| match name {
        GeneralName::DnsName(name) => Some(name.to_string()),
        _ => None,
    });
    Ok(dns.collect())
}

/// Whether a certificate for `name` is one for `host`: RFC 6125, section 6.4,
/// without regard to case; a wildcard is one whole label. OpenSSL and
/// rustls require two labels after it.
#[must_use]
pub fn covers(name: &str, host: &str) -> bool {
    match name.strip_prefix("*.") {
        Some(parent) if !parent.contains('.') => false,
        _ if name.eq_ignore_ascii_case(host) => true,
        Some(parent) => {
            host.split_once('.').is_some_and(|(label, rest)| label != "*" && rest.eq_ignore_ascii_case(parent))
        }
        None => false,
    }
}
