//! Certificates and their keys: reading a pair that the load balancer takes, and making one.

mod chain;
mod files;
mod generate;
mod key;
mod pair;
mod pem;

pub use chain::{CertificateProblem, Position, covers};
pub use files::{Files, FilesError};
pub use generate::{Days, DaysError, GenerateError, Generated, KeyType, Request, generate};
pub use key::KeyProblem;
pub use pair::{Pair, PairError, PairProblem, check, names};
pub use pem::PemError;

#[cfg(test)]
mod tests;
