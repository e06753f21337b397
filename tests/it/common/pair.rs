//! A certificate of one's own, made by OpenSSL.

use std::fs;
use std::process::Command;
use std::sync::LazyLock;

use tempfile::TempDir;

use crate::common;

/// A self-signed certificate for `milvus.example.com` and `*.vectors.example.com`, and its key.
pub(crate) struct Pair {
    _folder: TempDir,
    flags: [String; 2],
    pub(crate) certificate: String,
    pub(crate) key: String,
}

impl Pair {
    /// `None`, said aloud, where there is no OpenSSL; with `CI=true` that is a failure.
    pub(crate) fn get() -> Option<&'static Self> {
        static PAIR: LazyLock<Option<Pair>> = LazyLock::new(Pair::make);
        PAIR.as_ref()
    }

    fn make() -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let [certificate, key] = ["tls.crt", "tls.key"].map(|file| folder.path().join(file));
        let mut command = Command::new(common::system_program("openssl")?);
        command.args([
            "req",
            "-x509",
            "-newkey",
            "rsa:2048",
            "-nodes",
            "-days",
            "30",
            "-subj",
            "/CN=milvus.example.com",
        ]);
        command.args(["-addext", "subjectAltName=DNS:milvus.example.com,DNS:*.vectors.example.com"]);
        let output = command.arg("-out").arg(&certificate).arg("-keyout").arg(&key).output().unwrap();
        assert!(output.status.success(), "openssl: {}", String::from_utf8_lossy(&output.stderr));
        let flags = [format!("--tls-cert={}", certificate.display()), format!("--tls-key={}", key.display())];
        let [certificate, key] = [certificate, key].map(|file| fs::read_to_string(file).unwrap());
        Some(Self { _folder: folder, flags, certificate, key })
    }

    /// The options that name the files.
    pub(crate) fn flags(&self) -> [&str; 2] {
        self.flags.each_ref().map(String::as_str)
    }
}
