//! Certificates and their keys.

use std::fmt;

/// A certificate chain and its key, checked to be one that the load balancer takes.
#[derive(Clone)]
pub struct Pair {
    certificate: String,
    key: String,
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
}

/// Shows nothing of the key.
impl fmt::Debug for Pair {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Pair").finish_non_exhaustive()
    }
}

/// Why a certificate cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum PairError {
    /// A file that cannot be read.
    #[error("cannot read {}: {error}", file.display())]
    Read {
        /// The file.
        file: std::path::PathBuf,
        /// Why.
        error: std::io::Error,
        /// Whether it is the key's.
        key: bool,
    },
}

impl PairError {
    /// Whether the key's file is to blame.
    #[must_use]
    pub fn is_about_the_key(&self) -> bool {
        match self {
            Self::Read { key, .. } => *key,
        }
    }
}

impl Pair {
    /// Reads and checks a certificate and its key.
    ///
    /// # Errors
    ///
    /// What about which file the load balancer would not take.
    pub fn read(
        certificate: &std::path::Path,
        key: &std::path::Path,
        _hosts: &crate::settings::Hosts,
        _now: std::time::SystemTime,
    ) -> Result<Self, PairError> {
        let read = |file: &std::path::Path, key| {
            std::fs::read_to_string(file).map_err(|error| PairError::Read { file: file.to_owned(), error, key })
        };
        Ok(Self { certificate: read(certificate, false)?, key: read(key, true)? })
    }
}
