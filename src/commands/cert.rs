//! `cert`: a self-signed certificate and its key.

use std::path::Path;
use std::time::SystemTime;

use super::shared::{failure, usage};
use crate::certificate::{Days, Files, Generated, KeyType, Request, generate};
use crate::cli::{self, NAME};
use crate::host::{Host, Hosts};
use crate::report::outcome::Outcome;
use crate::text::shell_word;

pub(super) fn run(
    hosts: Vec<Host>,
    folder: &Path,
    days: Days,
    key: KeyType,
    overwrite: bool,
) -> Result<Outcome, Outcome> {
    let hosts = Hosts::new(hosts).map_err(|error| usage(&cli::wrong_hosts(&error)))?;
    let request = Request { hosts, days, key, now: SystemTime::now() };
    let said = make(&request, folder, overwrite).map_err(|error| failure(&error))?;
    Ok(Outcome::done(said.into_bytes()))
}

/// Writes a certificate and its key, and says what comes next.
fn make(request: &Request, folder: &Path, overwrite: bool) -> anyhow::Result<String> {
    // First: a key takes its time.
    let files = Files::new(folder, overwrite)?;
    let Generated { pair, not_after } = generate(request)?;
    files.write(&pair)?;
    let (certificate, key) = (files.certificate().display(), files.key().display());
    let hosts: Vec<_> = request.hosts.iter().collect();
    let mut next = format!("{NAME} --host {}", shell_word(&hosts.join(",")));
    for (flag, file) in [("--tls-cert", files.certificate()), ("--tls-key", files.key())] {
        next += &format!(" {flag} {}", shell_word(&file.to_string_lossy()));
    }
    Ok(format!(
        "{certificate}  certificate for {}, until {not_after}; clients must trust it\n\
        {key}  its private key; keep it secret\n\
        \n\
        To make it part of the release: helm template … | {next}\n",
        hosts.join(", ")
    ))
}
