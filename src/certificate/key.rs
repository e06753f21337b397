//! Public keys, the private keys they belong to, and which of them Google accepts: "Its
//! encryption algorithm must be either RSA-2048 or ECDSA P-256."

use std::fmt;
use std::io;

use p256::pkcs8::{AssociatedOid as _, ObjectIdentifier, PrivateKeyInfoRef};
use rsa::pkcs1::{self, DecodeRsaPrivateKey as _, DecodeRsaPublicKey as _};
use x509_cert::der::asn1::{AnyRef, BitStringRef};
use x509_cert::der::oid::db::DB;
use x509_cert::der::{Decode as _, Encode as _, Tag, TagNumber, Tagged as _};
use x509_cert::spki::{AlgorithmIdentifierRef, SubjectPublicKeyInfoOwned};

use super::pem::{self, Block, PemError};

/// Why a file is not the key of a certificate. It does not contain anything of the key.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs, reason = "the message of each variant is its documentation")]
pub enum KeyProblem {
    #[error("cannot be read: {0}")]
    Unreadable(io::Error),
    #[error("is not text, so it is not PEM; convert DER with `openssl pkey -inform der`")]
    Binary,
    #[error(transparent)]
    Pem(#[from] PemError),
    #[error("does not contain a private key in PEM: there is no line `-----BEGIN PRIVATE KEY-----` or similar")]
    Missing,
    #[error("contains a `{0}`, but no private key")]
    Other(String),
    #[error("also contains a `{0}`; keep only the private key in it")]
    Beside(String),
    #[error("contains {0} private keys; keep only the one for the certificate")]
    Several(usize),
    #[error("is encrypted, and Google does not accept a passphrase; decrypt it with `openssl pkey`")]
    Encrypted,
    #[error("its private key is damaged; copy the file again")]
    Damaged,
    #[error("is not the key of the certificate: it is {key}, but the certificate's is {certificate}")]
    OtherType { key: String, certificate: String },
    #[error("is not the key of the certificate; give the one that the certificate was created with")]
    OtherKey,
}

/// What a key is, as far as it matters here.
#[derive(Debug, PartialEq)]
pub(super) enum Public {
    Rsa2048(rsa::PublicKey),
    P256(p256::PublicKey),
    /// Another key.
    Other(Other),
}

/// A key of another type, which only regional load balancers accept, or none.
#[derive(Debug)]
pub(super) struct Other {
    /// What the type is called.
    pub(super) name: String,
    /// The modulus, or the point on the curve. A private key need not tell the point.
    number: Option<Vec<u8>>,
}

impl PartialEq for Other {
    fn eq(&self, other: &Self) -> bool {
        let is_same = |(one, other)| one == other;
        self.name == other.name && self.number.as_ref().zip(other.number.as_ref()).is_none_or(is_same)
    }
}

impl fmt::Display for Public {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rsa2048(_) => formatter.write_str("RSA-2048"),
            Self::P256(_) => formatter.write_str("ECDSA P-256"),
            Self::Other(other) => formatter.write_str(&other.name),
        }
    }
}

/// The key of a certificate; `None` where it cannot be read.
pub(super) fn public_of_certificate(info: &SubjectPublicKeyInfoOwned) -> Option<Public> {
    let algorithm = info.algorithm.to_der().ok()?;
    let bits = info.subject_public_key.as_bytes()?;
    Some(match Algorithm::of(AlgorithmIdentifierRef::from_der(&algorithm).ok()?) {
        Algorithm::Rsa => match pkcs1::RsaPublicKeyRef::from_der(bits).ok()?.modulus.as_bytes() {
            modulus if rsa_length(modulus) == 2048 => Public::Rsa2048(rsa::PublicKey::from_pkcs1_der(bits).ok()?),
            modulus => other_rsa(modulus),
        },
        Algorithm::P256 => Public::P256(p256::PublicKey::from_sec1_bytes(bits).ok()?),
        Algorithm::Other(name) => Public::Other(Other { name, number: Some(bits.to_owned()) }),
    })
}

/// The public part of the one private key in a file.
pub(super) fn public_of_private(text: &str) -> Result<Public, KeyProblem> {
    // `openssl ecparam -genkey` writes the curve before the key, and readers skip it.
    let blocks: Vec<_> = pem::blocks(text)?.into_iter().filter(|block| block.label != "EC PARAMETERS").collect();
    let (keys, others): (Vec<_>, Vec<_>) = blocks.iter().partition(|block| block.is_private_key());
    let other = others.first().map(|block| block.label.to_owned());
    match (keys.as_slice(), other) {
        ([], None) => Err(KeyProblem::Missing),
        ([], Some(label)) => Err(KeyProblem::Other(label)),
        ([_, _, ..], _) => Err(KeyProblem::Several(keys.len())),
        ([_], Some(label)) => Err(KeyProblem::Beside(label)),
        ([key], None) if key.encrypted || key.label.starts_with("ENCRYPTED") => Err(KeyProblem::Encrypted),
        ([key], None) => match key.label {
            "RSA PRIVATE KEY" => rsa_private(&key.der),
            "EC PRIVATE KEY" => ec_private(&key.der),
            "PRIVATE KEY" => any_private(&key.der),
            label => Err(KeyProblem::Other(label.to_owned())),
        },
    }
}

/// Whether the two are one.
pub(super) fn check_match(key: &Public, certificate: &Public) -> Result<(), KeyProblem> {
    if key == certificate {
        return Ok(());
    }
    let (key, certificate) = (key.to_string(), certificate.to_string());
    Err(if key == certificate { KeyProblem::OtherKey } else { KeyProblem::OtherType { key, certificate } })
}

impl Block<'_> {
    pub(super) fn is_private_key(&self) -> bool {
        self.label.ends_with("PRIVATE KEY")
    }
}

/// PKCS#8
fn any_private(der: &[u8]) -> Result<Public, KeyProblem> {
    let info = PrivateKeyInfoRef::from_der(der).map_err(|_| KeyProblem::Damaged)?;
    match Algorithm::of(info.algorithm) {
        Algorithm::Rsa => rsa_private(info.private_key.as_bytes()),
        Algorithm::P256 => p256::SecretKey::try_from(info).map(|key| Public::P256(key.public_key())).map_err(damaged),
        Algorithm::Other(name) => Ok(Public::Other(Other { name, number: point(info.private_key.as_bytes()) })),
    }
}

/// PKCS#1
fn rsa_private(der: &[u8]) -> Result<Public, KeyProblem> {
    let raw = pkcs1::RsaPrivateKeyRef::from_der(der).map_err(damaged)?;
    match raw.modulus.as_bytes() {
        modulus if rsa_length(modulus) == 2048 => {
            rsa::PrivateKey::from_pkcs1_der(der).map(|key| Public::Rsa2048(key.to_public_key())).map_err(damaged)
        }
        modulus => Ok(other_rsa(modulus)),
    }
}

fn other_rsa(modulus: &[u8]) -> Public {
    Public::Other(Other { name: format!("RSA-{}", rsa_length(modulus)), number: Some(modulus.to_owned()) })
}

/// SEC 1
fn ec_private(der: &[u8]) -> Result<Public, KeyProblem> {
    match named_curve(der) {
        Some(curve) if curve != p256::NistP256::OID => {
            Ok(Public::Other(Other { name: name(curve), number: point(der) }))
        }
        _ => p256::SecretKey::from_sec1_der(der).map(|key| Public::P256(key.public_key())).map_err(damaged),
    }
}

/// `parameters [0]` of an `ECPrivateKey`.
fn named_curve(der: &[u8]) -> Option<ObjectIdentifier> {
    ObjectIdentifier::from_der(tagged(der, TagNumber(0))?).ok()
}

/// `publicKey [1]` of an `ECPrivateKey`.
fn point(der: &[u8]) -> Option<Vec<u8>> {
    BitStringRef::from_der(tagged(der, TagNumber(1))?).ok()?.as_bytes().map(<[u8]>::to_owned)
}

fn tagged(der: &[u8], number: TagNumber) -> Option<&[u8]> {
    let fields = Vec::<AnyRef<'_>>::from_der(der).ok()?;
    let field = fields.iter().find(|field| field.tag() == Tag::ContextSpecific { constructed: true, number })?;
    Some(field.value())
}

fn damaged<E>(_: E) -> KeyProblem {
    KeyProblem::Damaged
}

enum Algorithm {
    Rsa,
    P256,
    Other(String),
}

impl Algorithm {
    fn of(algorithm: AlgorithmIdentifierRef<'_>) -> Self {
        if algorithm.oid == pkcs1::ALGORITHM_OID {
            return Self::Rsa;
        }
        if algorithm.oid != p256::elliptic_curve::ALGORITHM_OID {
            return Self::Other(name(algorithm.oid));
        }
        match algorithm.parameters.map(AnyRef::decode_as::<ObjectIdentifier>) {
            Some(Ok(p256::NistP256::OID)) => Self::P256,
            Some(Ok(curve)) => Self::Other(name(curve)),
            _ => Self::Other("EC with an unnamed curve".to_owned()),
        }
    }
}

/// `secp384r1`, `id-Ed25519`: as OpenSSL and the RFCs call them.
fn name(oid: ObjectIdentifier) -> String {
    DB.by_oid(&oid).map_or_else(|| format!("of type {oid}"), str::to_owned)
}

/// In bits, of a number without leading zeros.
fn rsa_length(modulus: &[u8]) -> usize {
    modulus.len() * 8 - modulus.first().map_or(0, |byte| byte.leading_zeros() as usize)
}
