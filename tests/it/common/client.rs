//! A user of Milvus, with PyMilvus.

use std::ffi::OsStr;
use std::fs;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;

use crate::common::envoy::LoadBalancer;

pub(crate) const HOST: &str = "milvus.example.com";
pub(crate) const RESET: &str = "UNAVAILABLE: upstream connect error or disconnect/reset before headers. reset reason: ";
pub(crate) const FILLED: &str = "[]\n1000\n";
pub(crate) const ASKED: &str = "['film 7', 'film 8', 'film 6']\n['film 1', 'film 2']\n['films']\n";

/// What REST answers who asks for a film.
pub(crate) const FILM: &str = r#"{"code":200,"data":[{"id":"7","title":"film 7"}]}"#;

/// What `status` prints of a front door with a Secret, without the words between.
pub(crate) const TOLD: &str = r#"
from pymilvus import MilvusClient

client = MilvusClient(
    uri="https://0.0.0.1:443",
    secure=True,
    server_name="milvus.example.com",
    server_pem_path="tls.crt",
)
print(client.list_collections())
"#;

/// A user with lines to copy.
pub(crate) struct Client {
    pub(crate) python: PathBuf,
    pub(crate) told: String,
    /// Where `tls.crt` is.
    folder: TempDir,
    address: Ipv4Addr,
    pub(crate) port: u16,
}

impl Client {
    /// Who trusts the load balancer's certificate.
    pub(crate) fn new(python: &Path, told: &str, door: &LoadBalancer) -> Self {
        Self::of(python, told, &door.trusted, Ipv4Addr::LOCALHOST, door.https)
    }

    pub(crate) fn of(python: &Path, told: &str, trusted: &str, address: Ipv4Addr, port: u16) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("tls.crt"), trusted).unwrap();
        Self { python: python.to_owned(), told: told.to_owned(), folder, address, port }
    }

    /// The same user at another door.
    pub(crate) fn at(&self, door: &LoadBalancer) -> Self {
        Self::new(&self.python, &self.told, door)
    }

    /// With the certificate that the user has.
    pub(crate) fn at_port(&self, port: u16) -> Self {
        let trusted = fs::read_to_string(self.folder.path().join("tls.crt")).unwrap();
        Self::of(&self.python, &self.told, &trusted, self.address, port)
    }

    /// A part of these lines, both ends included; only the address is another.
    pub(crate) fn snippet(&self, from: &str, to: &str) -> String {
        let start = self.told.find(from).unwrap_or_else(|| panic!("{}\nhas no {from}", self.told));
        let told = &self.told[start..];
        let told = &told[..told.find(to).unwrap_or_else(|| panic!("{told}\nhas no {to}")) + to.len()];
        let (address, port) = (self.address, self.port);
        told.replace("https://0.0.0.1:443", &format!("https://{address}:{port}"))
            .replace("\"0.0.0.1\"", &format!("\"{address}\""))
            .replace("\"443\"", &format!("\"{port}\""))
    }

    pub(crate) fn milvus_client(&self) -> String {
        self.snippet("from pymilvus import MilvusClient\n", "print(client.list_collections())\n")
    }

    pub(crate) fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        command.current_dir(self.folder.path());
        command
    }

    pub(crate) fn ran(&self, script: &str) -> Output {
        let mut python = self.command(&self.python);
        // A public authority of our own.
        if !script.contains("server_pem_path") {
            python.env("GRPC_DEFAULT_SSL_ROOTS_FILE_PATH", "tls.crt");
        }
        python.arg("-c").arg(script).output().unwrap()
    }

    /// With `MilvusClient`: what it prints, and then what the calls print.
    pub(crate) fn answers(&self, calls: &str, expected: &str) {
        let ran = self.ran(&format!("{}{FILMS}{calls}", self.milvus_client()));
        assert_eq!(stdout(&ran), expected, "{calls}: {}", said(&ran));
        assert!(ran.status.success(), "{calls}: {}", said(&ran));
    }

    /// What REST, asked for a film, answers at a path.
    pub(crate) fn asks_rest(&self, curl: &Path, path: &str) -> String {
        let mut command = self.command(curl);
        let here = format!("{HOST}:443:{}:{}", self.address, self.port);
        command.args(["--silent", "--show-error", "--cacert", "tls.crt", "--connect-to", &here]);
        command.args([&format!("https://{HOST}{path}"), "--header", "Content-Type: application/json", "--data"]);
        command.arg(r#"{"collectionName": "films", "filter": "id == 7", "outputFields": ["title"]}"#);
        said(&command.output().unwrap())
    }

    /// It does not even connect, for this reason.
    pub(crate) fn fails(&self, host: &str, expected: &str) {
        let ran = self.ran(&self.milvus_client().replace(HOST, host));
        assert_eq!(stdout(&ran), "", "{expected}");
        let reason = reason(&said(&ran));
        assert!(reason.contains(expected), "{expected}: {reason}: {}", said(&ran));
    }
}

pub(crate) const FILMS: &str = include_str!("../../judges/milvus/films.py");

/// `UNAVAILABLE: no healthy upstream`: the first error of gRPC in what Python prints.
pub(crate) fn reason(said: &str) -> String {
    let of = |label: &str| said.split_once(label).map_or("", |(_, rest)| rest.lines().next().unwrap_or_default());
    format!("{}: {}", of("status = StatusCode."), of("details = ").trim_matches('"'))
}

pub(crate) fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

pub(crate) fn said(output: &Output) -> String {
    format!("{}{}", stdout(output), String::from_utf8_lossy(&output.stderr))
}
