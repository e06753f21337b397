//! A real PyMilvus through a TLS HTTP/2 proxy that has the certificate of our output, as the
//! load balancer will have it: HAProxy before a gRPC server with a certificate of its own, which
//! nobody checks, and which answers what PyMilvus asks when it connects.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a failed test may panic")]

mod common;

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use base64ct::{Base64, Encoding as _};
use serde_json::Value;
use tempfile::TempDir;

const HOST: &str = "vectors.example.com";

#[test]
fn pymilvus_connects_to_the_named_host_only() {
    let (Some(python), Some(haproxy)) =
        (common::program("PYMILVUS_PYTHON", "pymilvus-3.0.2/bin/python"), common::program("HAPROXY", "haproxy"))
    else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    certificate(&folder, "clients", &[HOST]);
    certificate(&folder, "milvus", &["localhost"]);
    certificate(&folder, "other", &[HOST]);

    let (pem, certificate) = secret_of_the_release(&folder);
    let milvus = Milvus::start(&python, &folder);
    let proxy = Proxy::start(&haproxy, &folder, &pem, milvus.port);
    let connect = |server_name: &str, certificate: &Path| {
        let mut client = Command::new(&python);
        client.arg(script("client.py")).arg(proxy.port.to_string()).arg(server_name).arg(certificate);
        client.output().unwrap()
    };

    let connected = connect(HOST, &certificate);
    assert!(connected.status.success(), "{}", said(&connected));
    assert_eq!(String::from_utf8_lossy(&connected.stdout), "v2.6.15 ['vectors']\n['vectors']\n");
    for (server_name, certificate) in
        [("other.example.com", certificate.as_path()), (HOST, &folder.path().join("other/tls.crt"))]
    {
        let refused = connect(server_name, certificate);
        assert!(!refused.status.success(), "{server_name}, {}: connected", certificate.display());
        assert!(said(&refused).contains("Fail connecting to server"), "{}", said(&refused));
    }

    // What `status` tells to copy: nothing but the port and the file is not as it is told.
    let told = status("ready-rest-secret");
    let port = proxy.port;
    let told = told.replace(":443\"", &format!(":{port}\"")).replace("\"443\"", &format!("\"{port}\""));
    let told = told.replace("tls.crt", &certificate.display().to_string());
    for (from, to, answer) in [
        ("from pymilvus import MilvusClient\n", "print(client.list_collections())\n", "['vectors']\n"),
        ("from pymilvus import connections, utility\n", "print(utility.list_collections())\n", "['vectors']\n"),
    ] {
        let ran = Command::new(&python).arg("-c").arg(between(&told, from, to)).output().unwrap();
        assert_eq!(String::from_utf8_lossy(&ran.stdout), answer, "{}", said(&ran));
    }
    // In the place of the public authorities; gRPC takes no leaf for one of them, so it is one itself.
    let authority = folder.path().join("authority.pem");
    let made = Command::new("openssl")
        .args([
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-nodes",
            "-subj",
            "/CN=authority",
        ])
        .args(["-addext", &format!("subjectAltName=DNS:{HOST}"), "-keyout"])
        .args([&authority, Path::new("-out"), &authority])
        .output()
        .unwrap();
    assert!(made.status.success(), "{}", said(&made));
    let public = Proxy::start(&haproxy, &folder, &authority, milvus.port);
    let managed = status("ready-managed").replace(":443\"", &format!(":{}\"", public.port));
    let script = between(&managed, "from pymilvus import MilvusClient\n", "print(client.list_collections())\n");
    assert!(!script.contains("server_pem_path"));
    let run = |roots: &Path| {
        Command::new(&python).arg("-c").arg(script).env("GRPC_DEFAULT_SSL_ROOTS_FILE_PATH", roots).output().unwrap()
    };
    let ran = run(&authority);
    assert_eq!(String::from_utf8_lossy(&ran.stdout), "['vectors']\n", "{}", said(&ran));
    assert!(!run(&folder.path().join("other/tls.crt")).status.success());

    let Some(curl) = common::program("CURL", "curl") else { return };
    let line = between(&told, "curl --resolve", "--data '{}'\n");
    let line = line.replacen("curl", &curl.display().to_string(), 1);
    let line = line.replace(":443:", &format!(":{port}:")).replace(&format!("{HOST}/"), &format!("{HOST}:{port}/"));
    let ran = Command::new("sh").args(["-c", &line]).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&ran.stdout), r#"{"code":0,"data":["vectors"]}"#, "{line}: {}", said(&ran));
}

/// What `status` tells of a set-up that is ready, with our host, at our address.
fn status(case: &str) -> String {
    let input = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/status").join(case).join("stdin.yaml");
    let input =
        fs::read_to_string(input).unwrap().replace("milvus.example.com", HOST).replace("203.0.113.10", "127.0.0.1");
    let run = common::run(&["status".to_owned()], &[], input.as_bytes());
    assert_eq!(run.status, Some(0), "{}", String::from_utf8_lossy(&run.stderr));
    String::from_utf8(run.stdout).unwrap()
}

/// A part of a text, both ends included.
fn between<'t>(text: &'t str, from: &str, to: &str) -> &'t str {
    let start = text.find(from).unwrap_or_else(|| panic!("{text}\nhas no {from}"));
    let end = start + text[start..].find(to).unwrap_or_else(|| panic!("{text}\nhas no {to}")) + to.len();
    &text[start..end]
}

/// `milvus-gke-l7 cert`
fn certificate(folder: &TempDir, name: &str, hosts: &[&str]) {
    fs::create_dir(folder.path().join(name)).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_milvus-gke-l7"));
    command.arg("cert").args(["--key", "p256", "--out"]).arg(folder.path().join(name));
    command.args(hosts.iter().flat_map(|host| ["--host", host]));
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", said(&output));
}

/// The certificate and key that the rewritten sample holds in its Secret, as HAProxy reads them, and
/// the certificate alone.
fn secret_of_the_release(folder: &TempDir) -> (PathBuf, PathBuf) {
    let sample = fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/sample/rendered.yaml")).unwrap();
    let file = |name: &str| folder.path().join("clients").join(name).display().to_string();
    let args = ["--host", HOST, "--tls-cert", &file("tls.crt"), "--tls-key", &file("tls.key")].map(str::to_owned);
    let run = common::run(&args, &[], &sample);
    assert_eq!(run.status, Some(0), "{}", String::from_utf8_lossy(&run.stderr));
    let values = common::documents(&run.stdout).into_iter();
    let mut values = values.map(|document| serde_yaml::from_slice::<Value>(common::body(document)).unwrap());
    let secret = values.find(|value| value["type"] == "kubernetes.io/tls").expect("a Secret with the certificate");
    let data = |key: &str| Base64::decode_vec(secret["data"][key].as_str().unwrap()).unwrap();
    let (pem, certificate) = (folder.path().join("proxy.pem"), folder.path().join("trusted.crt"));
    fs::write(&certificate, data("tls.crt")).unwrap();
    fs::write(&pem, [data("tls.crt"), data("tls.key")].concat()).unwrap();
    (pem, certificate)
}

/// What stands for Milvus; it ends with the test.
struct Milvus {
    process: Child,
    port: u16,
}

impl Milvus {
    fn start(python: &Path, folder: &TempDir) -> Self {
        let file = |name: &str| folder.path().join("milvus").join(name);
        let mut command = Command::new(python);
        command.arg(script("milvus.py")).arg(file("tls.crt")).arg(file("tls.key"));
        // It ends when its stdin does.
        let mut process = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
        Self { process, port: line.trim().parse().expect("the port it listens on") }
    }
}

impl Drop for Milvus {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

struct Proxy {
    process: Child,
    port: u16,
}

impl Proxy {
    fn start(haproxy: &Path, folder: &TempDir, pem: &Path, milvus: u16) -> Self {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let config = folder.path().join(format!("haproxy-{port}.cfg"));
        // The load balancer too sends any host but the rule's to its default backend, and checks no
        // certificate of Milvus.
        let text = format!(
            "defaults\n  mode http\n  timeout connect 5s\n  timeout client 30s\n  timeout server 30s\n\
            frontend clients\n  bind 127.0.0.1:{port} ssl crt {} alpn h2\n  \
            http-request return status 404 unless {{ hdr(host) -m beg {HOST} }}\n  \
            http-request wait-for-body time 10s if {{ path /v2/vectordb/collections/list }}\n  \
            http-request return content-type application/json string '{{\"code\":0,\"data\":[\"vectors\"]}}' \
            if {{ method POST }} {{ path /v2/vectordb/collections/list }}\n  default_backend milvus\n\
            backend milvus\n  server pod 127.0.0.1:{milvus} ssl verify none alpn h2\n",
            pem.display()
        );
        fs::write(&config, text).unwrap();
        let process = Command::new(haproxy).args(["-db", "-f"]).arg(&config).spawn().unwrap();
        let proxy = Self { process, port };
        let start = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(start.elapsed() < Duration::from_secs(20), "HAProxy does not listen");
            std::thread::sleep(Duration::from_millis(50));
        }
        proxy
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn script(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/pymilvus").join(name)
}

fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}
