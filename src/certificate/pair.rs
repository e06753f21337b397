//! A certificate chain and its key: what the load balancer or its clients would not accept.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::chain::{CertificateProblem, Chain};
use super::key::{self, KeyProblem};
use crate::gke::certificate::Scope;
use crate::host::Hosts;
use crate::text::escaped;

/// A certificate chain and its key, checked to be one that the load balancer accepts.
#[derive(Clone)]
pub struct Pair {
    pub(super) certificate: String,
    pub(super) key: String,
}

/// Why a certificate cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum PairError {
    /// One of the two files is to blame.
    #[error("{}: {problem}", escaped(&file.to_string_lossy()))]
    File {
        /// The file.
        file: PathBuf,
        /// What is wrong with it.
        problem: PairProblem,
    },
    /// PEM in place of a file's name. It is not kept: it may be the key.
    #[error("this is PEM, not the name of a file; write it into a file and give that file's name")]
    PemForFile {
        /// Whether it is in place of the key's file.
        key: bool,
    },
}

impl PairError {
    /// Whether the key's file is to blame.
    #[must_use]
    pub fn is_about_the_key(&self) -> bool {
        match self {
            Self::File { problem, .. } => matches!(problem, PairProblem::Key(_)),
            Self::PemForFile { key } => *key,
        }
    }
}

impl Pair {
    /// The chain in PEM.
    #[must_use]
    pub fn certificate(&self) -> &str {
        &self.certificate
    }

    /// The key in PEM.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.key
    }

    /// Reads a certificate and its key, and checks them for the load balancers of `scope`.
    ///
    /// # Errors
    ///
    /// Which file the load balancer or its clients would not accept, and why.
    pub fn read(
        certificate: &Path,
        key: &Path,
        hosts: &Hosts,
        scope: Scope,
        now: SystemTime,
    ) -> Result<Self, PairError> {
        let of_file = |problem| {
            let file = if matches!(problem, PairProblem::Key(_)) { key } else { certificate };
            PairError::File { file: file.to_owned(), problem }
        };
        let unreadable = |error| of_file(CertificateProblem::Unreadable(error).into());
        let bytes =
            read(certificate).map_err(|error| error.map_or(PairError::PemForFile { key: false }, unreadable))?;
        let chain_text = String::from_utf8(bytes).map_err(|_| of_file(CertificateProblem::Binary.into()))?;
        let unreadable = |error| of_file(KeyProblem::Unreadable(error).into());
        let bytes = read(key).map_err(|error| error.map_or(PairError::PemForFile { key: true }, unreadable))?;
        // The error would hold the bytes.
        let key_text = String::from_utf8(bytes).map_err(|_| of_file(KeyProblem::Binary.into()))?;
        check(&chain_text, &key_text, Some(hosts), scope, now).map_err(of_file)?;
        Ok(Self { certificate: chain_text, key: key_text })
    }
}

/// What is wrong with a certificate or its key.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub enum PairProblem {
    /// The chain.
    Certificate(#[from] CertificateProblem),
    /// The key.
    Key(#[from] KeyProblem),
}

/// Checks a chain and its key, and that the names of the certificate cover `hosts`.
///
/// # Errors
///
/// Which of them the load balancer or its clients would not accept, and why.
pub fn check(chain: &str, key: &str, hosts: Option<&Hosts>, scope: Scope, now: SystemTime) -> Result<(), PairProblem> {
    let chain = Chain::parse(chain)?;
    let public = key::public_of_private(key)?;
    // Which certificate is the server's: the key says it before the names do.
    chain.check_order(&public)?;
    key::check_match(&public, &chain.check_key(scope)?)?;
    if let Some(hosts) = hosts {
        chain.check_names(hosts)?;
    }
    Ok(chain.check_dates(now)?)
}

/// The names that a chain's server certificate is for; none where it cannot be read.
#[must_use]
pub fn names(chain: &str) -> Vec<String> {
    Chain::parse(chain).map(|chain| chain.names()).unwrap_or_default()
}

/// Shows nothing of the key.
impl fmt::Debug for Pair {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Pair").finish_non_exhaustive()
    }
}

/// The bytes of a file. No error where its name must not be shown: it looks like PEM, or like
/// the base64 of a Secret, which are easily given in its place, in a variable above all.
fn read(file: &Path) -> Result<Vec<u8>, Option<io::Error>> {
    std::fs::read(file).map_err(|error| {
        let name = file.as_os_str().as_encoded_bytes();
        let is_pem = name.contains(&b'\n') || memchr::memmem::find(name, b"-----BEGIN").is_some();
        let is_base64 =
            name.len() > LONGEST_NAME && name.iter().all(|byte| byte.is_ascii_alphanumeric() || b"+/=".contains(byte));
        if is_pem || is_base64 { None } else { Some(error) }
    })
}

/// The shortest private key is longer in base64.
const LONGEST_NAME: usize = 80;
