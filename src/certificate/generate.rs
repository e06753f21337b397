//! A self-signed certificate, in place of the guide's three openssl commands, which create one that Go and rustls
//! refuse: X.509 v1 without subjectAltName.

use std::str::FromStr;
use std::time::{Duration, SystemTime};

use clap::ValueEnum;
use getrandom::SysRng;
use p256::elliptic_curve::Generate as _;
use rsa::pkcs8::{EncodePrivateKey as _, EncodePublicKey, LineEnding};
use rsa::sha2::Sha256;
use rsa::signature::{Keypair, Signer};
use x509_cert::builder::profile::BuilderProfile;
use x509_cert::builder::{Builder as _, CertificateBuilder, Result as BuilderResult};
use x509_cert::certificate::TbsCertificate;
use x509_cert::der::asn1::Ia5String;
use x509_cert::der::flagset::FlagSet;
use x509_cert::der::oid::db::rfc5280::ID_KP_SERVER_AUTH;
use x509_cert::der::{DateTime, EncodePem as _};
use x509_cert::ext::Extension;
use x509_cert::ext::pkix::name::GeneralName;
use x509_cert::ext::pkix::{BasicConstraints, ExtendedKeyUsage, KeyUsage, KeyUsages, SubjectAltName};
use x509_cert::name::Name;
use x509_cert::serial_number::SerialNumber;
use x509_cert::spki::{
    DynSignatureAlgorithmIdentifier, SignatureBitStringEncoding, SubjectPublicKeyInfoOwned, SubjectPublicKeyInfoRef,
};
use x509_cert::time::{Time, Validity};

use super::chain::covers;
use super::pair::Pair;
use crate::host::Hosts;

/// Clients whose clock is a little slow accept it at once.
const BACKDATED: Duration = Duration::from_secs(5 * 60);

/// The bound of `commonName` (RFC 5280, appendix A.1).
const COMMON_NAME_LIMIT: usize = 64;

/// What to make.
#[derive(Debug)]
pub struct Request {
    /// Its names.
    pub hosts: Hosts,
    /// How long it is valid.
    pub days: Days,
    /// Its key.
    pub key: KeyType,
    /// When it is made.
    pub now: SystemTime,
}

/// The types of keys that Google accepts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum KeyType {
    /// RSA with 2048 bits, as in the guide.
    Rsa2048,
    /// ECDSA on the curve P-256.
    P256,
}

impl KeyType {
    /// With TLS 1.2 an RSA key may also decrypt.
    fn usage(self) -> FlagSet<KeyUsages> {
        match self {
            Self::Rsa2048 => KeyUsages::DigitalSignature | KeyUsages::KeyEncipherment,
            Self::P256 => KeyUsages::DigitalSignature.into(),
        }
    }
}

/// How long a certificate is valid, from a day to ten years. Nobody can revoke a self-signed
/// one, so its end is the only limit on a lost key: that is why it has one, by default after a year.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Days(u16);

/// Why a string is not a [`Days`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("give a number of days from 1 to {}", Days::MAX)]
pub struct DaysError;

impl Days {
    const MAX: u16 = 3650;

    fn duration(self) -> Duration {
        Duration::from_secs(u64::from(self.0) * 24 * 60 * 60)
    }
}

impl Default for Days {
    fn default() -> Self {
        Self(365)
    }
}

impl FromStr for Days {
    type Err = DaysError;

    fn from_str(text: &str) -> Result<Self, DaysError> {
        match text.parse() {
            Ok(days @ 1..=Self::MAX) => Ok(Self(days)),
            _ => Err(DaysError),
        }
    }
}

impl std::fmt::Display for Days {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(formatter)
    }
}

/// A certificate with its key, and until when it is valid.
#[derive(Debug)]
pub struct Generated {
    /// The two.
    pub pair: Pair,
    /// Its last second.
    pub not_after: DateTime,
}

/// Why there is no certificate.
#[derive(Debug, thiserror::Error)]
pub enum GenerateError {
    /// A wildcard right before the top-level domain.
    #[error("OpenSSL and rustls accept no certificate for `{0}`; name the hosts one by one")]
    Wildcard(String),
    /// No random numbers, or the encoding failed.
    #[error("cannot make the certificate: {0}")]
    Failed(Box<dyn std::error::Error + Send + Sync>),
}

/// Makes a certificate that is a server's and its own trust anchor.
///
/// # Errors
///
/// A wildcard that clients refuse; or the system has no random numbers.
pub fn generate(request: &Request) -> Result<Generated, GenerateError> {
    if let Some(host) = request.hosts.iter().find(|host| !covers(host, host)) {
        return Err(GenerateError::Wildcard(host.to_owned()));
    }
    match request.key {
        KeyType::Rsa2048 => {
            let key = rsa::PrivateKey::new(&mut SysRng, 2048).map_err(failed)?;
            let pem = key.to_pkcs8_pem(LineEnding::LF).map_err(failed)?;
            let signer = rsa::pkcs1v15::SigningKey::<Sha256>::new(key);
            sign::<_, rsa::pkcs1v15::Signature>(request, &signer, &pem)
        }
        KeyType::P256 => {
            let key = p256::SecretKey::try_generate_from_rng(&mut SysRng).map_err(failed)?;
            // As Google's own instructions make one.
            let pem = key.to_sec1_pem(LineEnding::LF).map_err(failed)?;
            let signer = p256::ecdsa::SigningKey::from(key);
            sign::<_, p256::ecdsa::DerSignature>(request, &signer, &pem)
        }
    }
}

fn sign<S, Signature>(request: &Request, signer: &S, key: &str) -> Result<Generated, GenerateError>
where
    S: Signer<Signature> + Keypair<VerifyingKey: EncodePublicKey> + DynSignatureAlgorithmIdentifier,
    Signature: SignatureBitStringEncoding,
{
    let not_before = Time::try_from(request.now - BACKDATED).map_err(failed)?;
    let not_after = Time::try_from(request.now + request.days.duration()).map_err(failed)?;
    let mut serial = [0; 16];
    getrandom::fill(&mut serial).map_err(failed)?;
    let mut builder = CertificateBuilder::new(
        SelfSigned(subject(&request.hosts)?),
        SerialNumber::new(&serial).map_err(failed)?,
        Validity::new(not_before, not_after),
        SubjectPublicKeyInfoOwned::from_key(&signer.verifying_key()).map_err(failed)?,
    )
    .map_err(failed)?;
    let names = request.hosts.iter().map(|host| Ia5String::new(host).map(GeneralName::DnsName));
    let names = SubjectAltName(names.collect::<Result<_, _>>().map_err(failed)?);
    builder.add_extension(&names).map_err(failed)?;
    // rustls takes no CA's certificate as a server's, and as a trust anchor nobody asks for one.
    builder.add_extension(&BasicConstraints { ca: false, path_len_constraint: None }).map_err(failed)?;
    builder.add_extension(&KeyUsage(request.key.usage())).map_err(failed)?;
    builder.add_extension(&ExtendedKeyUsage(vec![ID_KP_SERVER_AUTH])).map_err(failed)?;
    let certificate = builder.build::<_, Signature>(signer).map_err(failed)?;
    let certificate = certificate.to_pem(LineEnding::LF).map_err(failed)?;
    let pair = Pair { certificate, key: key.to_owned() };
    Ok(Generated { pair, not_after: not_after.to_date_time() })
}

/// The first host where it fits; nobody reads it beside subjectAltName.
fn subject(hosts: &Hosts) -> Result<Name, GenerateError> {
    let name = match hosts.iter().next() {
        Some(host) if host.len() <= COMMON_NAME_LIMIT => format!("CN={host}"),
        _ => "CN=Milvus".to_owned(),
    };
    name.parse().map_err(failed)
}

fn failed<E: std::error::Error + Send + Sync + 'static>(error: E) -> GenerateError {
    GenerateError::Failed(Box::new(error))
}

struct SelfSigned(Name);

impl BuilderProfile for SelfSigned {
    fn get_issuer(&self, subject: &Name) -> Name {
        subject.clone()
    }

    fn get_subject(&self) -> Name {
        self.0.clone()
    }

    fn build_extensions(
        &self,
        _: SubjectPublicKeyInfoRef<'_>,
        _: SubjectPublicKeyInfoRef<'_>,
        _: &TbsCertificate,
    ) -> BuilderResult<Vec<Extension>> {
        Ok(Vec::new())
    }
}
