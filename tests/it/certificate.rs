//! Certificates from `cert`, before the verifiers that clients use; `--tls-cert` and `--tls-key`
//! from the files to the Secret; and that nothing a user sees holds the key.

use std::fs;
use std::io::Cursor;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::{Arc, LazyLock};

use base64ct::{Base64, Encoding as _};
use milvus_gke_l7::yaml;
use rustls::client::danger::ServerCertVerifier as _;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::common::{self, Run, documents, run, run_in};

const HOSTS: &str = "milvus.example.com,*.example.org";
const SAMPLE: &[u8] = include_bytes!("../../testdata/cases/append/sample/stdin.yaml");

/// Names, and whether a certificate for [`HOSTS`] is one for them.
const NAMES: [(&str, bool); 6] = [
    ("milvus.example.com", true),
    ("a.example.org", true),
    ("other.example.com", false),
    ("a.b.example.org", false),
    ("example.org", false),
    ("milvus.example.com.example.net", false),
];

/// A folder with `tls.crt` and `tls.key`.
struct Made(TempDir);

impl Made {
    fn new(hosts: &str, arguments: &[&str]) -> Self {
        let made = Self(tempfile::tempdir().unwrap());
        let run = made.run(&[&["cert", "--host", hosts], arguments].concat());
        assert_eq!((run.status, text(&run.stderr)), (Some(0), ""));
        made
    }

    fn certificate(&self) -> PathBuf {
        self.0.path().join("tls.crt")
    }

    fn key(&self) -> PathBuf {
        self.0.path().join("tls.key")
    }

    fn key_text(&self) -> String {
        fs::read_to_string(self.key()).unwrap()
    }

    /// The program in that folder.
    fn run(&self, arguments: &[&str]) -> Run {
        run_in(self.0.path(), &strings(arguments), &[], b"")
    }
}

/// One for each type of key.
static RSA: LazyLock<Made> = LazyLock::new(|| Made::new(HOSTS, &[]));
static P256: LazyLock<Made> = LazyLock::new(|| Made::new(HOSTS, &["--key", "p256"]));
/// Another pair for the same hosts.
static OTHER: LazyLock<Made> = LazyLock::new(|| Made::new(HOSTS, &["--key=p256", "--days=1"]));
/// A trust anchor that has nothing to do with them.
static STRANGER: LazyLock<Made> = LazyLock::new(|| Made::new("stranger.example.net", &["--key=p256"]));

/// What a verifier says about a certificate as a server's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Accepted,
    OtherHost,
    Untrusted,
}

/// Each certificate for each name, with itself as the trust anchor, and then with another one.
fn judge(verifier: impl Fn(&Path, &Made, &str) -> Result<Verdict, String>) {
    for made in [&*RSA, &*P256] {
        for (name, covered) in NAMES {
            let expected = if covered { Verdict::Accepted } else { Verdict::OtherHost };
            let verdict = verifier(&made.certificate(), made, name);
            assert_eq!(verdict, Ok(expected), "{name}, {}", made.0.path().display());
        }
        let verdict = verifier(&STRANGER.certificate(), made, NAMES[0].0);
        assert_eq!(verdict, Ok(Verdict::Untrusted), "{}", made.0.path().display());
    }
}

/// A verdict by the words of a program.
fn verdict(output: &Output, other_host: &str, untrusted: &str) -> Result<Verdict, String> {
    let said = format!("{}{}", text(&output.stdout), text(&output.stderr));
    match output.status.success() {
        true => Ok(Verdict::Accepted),
        false if said.contains(other_host) => Ok(Verdict::OtherHost),
        false if said.contains(untrusted) => Ok(Verdict::Untrusted),
        false => Err(said),
    }
}

#[test]
fn openssl_accepts_them() {
    if common::system_program("openssl").is_none() {
        return;
    }
    judge(|trusted, made, name| {
        let mut openssl = Command::new("openssl");
        openssl.args(["verify", "-x509_strict", "-purpose", "sslserver", "-CAfile"]);
        let output = openssl.arg(trusted).args(["-verify_hostname", name]).arg(made.certificate()).output().unwrap();
        verdict(&output, "hostname mismatch", "signed certificate")
    });
}

const PYTHON: &str = "\
import ssl, sys
trusted, certificate, key, name = sys.argv[1:]
# As PyMilvus does with server_pem_path: this one file is all that is trusted.
client = ssl.create_default_context(cafile=trusted)
client.verify_flags |= ssl.VERIFY_X509_STRICT
server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
server.load_cert_chain(certificate, key)
there, back = ssl.MemoryBIO(), ssl.MemoryBIO()
ends = [client.wrap_bio(back, there, server_hostname=name), server.wrap_bio(there, back, server_side=True)]
while ends:
    for end in list(ends):
        try:
            end.do_handshake()
            ends.remove(end)
        except ssl.SSLWantReadError:
            pass
";

#[test]
fn python_accepts_them() {
    if common::system_program("python3").is_none() {
        return;
    }
    judge(|trusted, made, name| {
        let mut python = Command::new("python3");
        let output =
            python.args(["-c", PYTHON]).arg(trusted).arg(made.certificate()).arg(made.key()).arg(name).output();
        let output = output.unwrap();
        verdict(&output, "Hostname mismatch", "signed certificate")
    });
}

const GO: &str = r#"package main

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"os"
)

func main() {
	trusted, err := os.ReadFile(os.Args[1])
	check(err)
	pair, err := tls.LoadX509KeyPair(os.Args[2], os.Args[3])
	check(err)
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(trusted) {
		check(fmt.Errorf("no certificate"))
	}
	server, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{pair}})
	check(err)
	go func() {
		connection, err := server.Accept()
		check(err)
		connection.(*tls.Conn).Handshake()
	}()
	client := &tls.Config{RootCAs: roots, ServerName: os.Args[4]}
	_, err = tls.Dial("tcp", server.Addr().String(), client)
	check(err)
}

func check(err error) {
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
}
"#;

#[test]
fn go_accepts_them() {
    if common::system_program("go").is_none() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("main.go"), GO).unwrap();
    let mut build = Command::new("go");
    build.current_dir(&folder).env("GOTOOLCHAIN", "local").args(["build", "-o", "client", "main.go"]);
    let built = build.output().unwrap();
    assert!(built.status.success(), "{}", text(&built.stderr));
    judge(|trusted, made, name| {
        let mut client = Command::new(folder.path().join("client"));
        let output = client.arg(trusted).arg(made.certificate()).arg(made.key()).arg(name).output().unwrap();
        verdict(&output, "x509: certificate is valid for", "x509: certificate signed by unknown authority")
    });
}

#[test]
fn rustls_accepts_them() {
    judge(|trusted, made, name| {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let certificate = CertificateDer::from_pem_file(made.certificate()).unwrap();
        let mut roots = rustls::RootCertStore::empty();
        roots.add(CertificateDer::from_pem_file(trusted).unwrap()).unwrap();
        let roots = Arc::new(roots);
        let name = ServerName::try_from(name.to_owned()).unwrap();

        let client = rustls::ClientConfig::builder_with_provider(Arc::clone(&provider));
        let client = client.with_safe_default_protocol_versions().unwrap();
        let client = client.with_root_certificates(Arc::clone(&roots)).with_no_client_auth();
        let mut client = rustls::ClientConnection::new(Arc::new(client), name.clone()).unwrap();
        let server = rustls::ServerConfig::builder_with_provider(Arc::clone(&provider));
        let server = server.with_safe_default_protocol_versions().unwrap().with_no_client_auth();
        let key = PrivateKeyDer::from_pem_file(made.key()).unwrap();
        let server = server.with_single_cert(vec![certificate.clone()], key).unwrap();
        let mut server = rustls::ServerConnection::new(Arc::new(server)).unwrap();
        let shaken = shake_hands(&mut client, &mut server);

        let verifier = rustls::client::WebPkiServerVerifier::builder_with_provider(roots, provider).build().unwrap();
        let verified = verifier.verify_server_cert(&certificate, &[], &name, &[], UnixTime::now());
        assert_eq!(verified.map(|_| ()), shaken, "the handshake says what the verifier says");
        use rustls::CertificateError::{NotValidForNameContext, UnknownIssuer};
        match shaken {
            Ok(()) => Ok(Verdict::Accepted),
            Err(rustls::Error::InvalidCertificate(NotValidForNameContext { .. })) => Ok(Verdict::OtherHost),
            Err(rustls::Error::InvalidCertificate(UnknownIssuer)) => Ok(Verdict::Untrusted),
            Err(error) => Err(error.to_string()),
        }
    });
}

/// In memory, until both ends have what they want or the client has had enough.
fn shake_hands(
    client: &mut rustls::ClientConnection,
    server: &mut rustls::ServerConnection,
) -> Result<(), rustls::Error> {
    while client.is_handshaking() || server.is_handshaking() {
        let mut bytes = Vec::new();
        while client.wants_write() {
            client.write_tls(&mut bytes).unwrap();
        }
        server.read_tls(&mut Cursor::new(bytes)).unwrap();
        server.process_new_packets()?;
        let mut bytes = Vec::new();
        while server.wants_write() {
            server.write_tls(&mut bytes).unwrap();
        }
        let mut bytes = Cursor::new(bytes);
        while client.read_tls(&mut bytes).unwrap() > 0 {
            client.process_new_packets()?;
        }
    }
    Ok(())
}

#[test]
fn what_cert_says_and_writes() {
    let folder = tempfile::tempdir().unwrap();
    let made = Made(folder);
    let run = made.run(&["cert", "--host=milvus.example.com", "--host=*.example.org", "--key=p256", "--days=3650"]);
    assert_eq!((run.status, text(&run.stderr)), (Some(0), ""));
    let said = text(&run.stdout);
    let (before, rest) = said.split_once(", until 20").unwrap();
    let (date, after) = rest.split_at("36-11-20T15:04:05Z".len());
    assert!(date.ends_with('Z'), "{date}");
    assert_eq!(before, "./tls.crt  certificate for milvus.example.com, *.example.org");
    assert_eq!(
        after,
        "; clients must trust it\n\
        ./tls.key  its private key; keep it secret\n\
        \n\
        To make it part of the release: helm template … | milvus-gke-l7 --host 'milvus.example.com,*.example.org' --tls-cert ./tls.crt --tls-key ./tls.key\n"
    );
    assert_no_key(&made, &run.stdout);
    assert_eq!(files(&made), ["tls.crt", "tls.key"]);

    let next = ["--host", HOSTS, "--tls-cert", "./tls.crt", "--tls-key", "./tls.key", "--quiet"];
    let next = run_in(made.0.path(), &strings(&next), &[], SAMPLE);
    assert_eq!((next.status, text(&next.stderr)), (Some(0), ""));

    let quoted = made.0.path().join("it's here");
    fs::create_dir(&quoted).unwrap();
    let run = made.run(&["cert", "--host=a.example", "--key=p256", "--out=it's here"]);
    let next = r"--tls-cert 'it'\''s here/tls.crt' --tls-key 'it'\''s here/tls.key'";
    assert!(text(&run.stdout).contains(next), "{}", text(&run.stdout));
}

#[test]
#[cfg(unix)]
fn the_key_is_for_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = |file: PathBuf| fs::metadata(file).unwrap().permissions().mode() & 0o7777;
    for made in [&*RSA, &*P256] {
        assert_eq!(format!("{:o}", mode(made.key())), "600");
        // As this user's other files.
        let ordinary = made.0.path().join("ordinary");
        fs::write(&ordinary, "").unwrap();
        assert_eq!(mode(made.certificate()), mode(ordinary.clone()));
        fs::remove_file(ordinary).unwrap();
    }
    // Also in the place of a file that everybody reads.
    let made = Made::new(HOSTS, &["--key=p256"]);
    fs::set_permissions(made.key(), fs::Permissions::from_mode(0o644)).unwrap();
    assert_eq!(made.run(&["cert", "--host=a.example", "--key=p256", "--force"]).status, Some(0));
    assert_eq!(format!("{:o}", mode(made.key())), "600");
}

#[test]
fn nothing_is_overwritten_without_force() {
    let made = Made::new(HOSTS, &["--key=p256"]);
    let again = ["cert", "--host=a.example", "--key=p256"];
    for (left, named) in
        [(["tls.crt", "tls.key"].as_slice(), "./tls.key"), (&["tls.crt"], "./tls.crt"), (&["tls.key"], "./tls.key")]
    {
        for file in ["tls.crt", "tls.key"] {
            let file = made.0.path().join(file);
            if left.contains(&file.file_name().unwrap().to_str().unwrap()) {
                fs::write(file, "mine").unwrap();
            } else {
                fs::remove_file(file).unwrap();
            }
        }
        let run = made.run(&again);
        let message = "exists; overwrite both files with --force, or name another folder with --out";
        assert_eq!(text(&run.stderr), format!("error: {named} {message}\n"));
        assert_eq!((run.status, text(&run.stdout)), (Some(1), ""));
        assert_eq!(files(&made), left, "nothing comes");
        for file in left {
            assert_eq!(fs::read_to_string(made.0.path().join(file)).unwrap(), "mine");
        }
    }
    let run = made.run(&[&again[..], &["--force"]].concat());
    assert_eq!((run.status, text(&run.stderr)), (Some(0), ""));
    assert_eq!(files(&made), ["tls.crt", "tls.key"]);
    assert!(made.key_text().starts_with("-----BEGIN EC PRIVATE KEY-----\n"));
}

#[test]
fn a_folder_in_the_place_of_a_file() {
    let made = Made(tempfile::tempdir().unwrap());
    fs::create_dir(made.certificate()).unwrap();
    for arguments in [["cert", "--host=a.example"].as_slice(), &["cert", "--host=a.example", "--force"]] {
        let run = made.run(arguments);
        assert_eq!(text(&run.stderr), "error: cannot write ./tls.crt: is a directory\n");
        assert_eq!(files(&made), ["tls.crt"]);
    }
}

#[test]
fn refused_requests() {
    let made = Made(tempfile::tempdir().unwrap());
    for (arguments, status, message) in [
        (["--out=."].as_slice(), 2, "error: the following required arguments were not provided:\n  --host <DOMAIN>\n"),
        (
            &["--host=A.example"],
            2,
            "error: invalid value 'A.example' for '--host <DOMAIN>': write it in lower case: `a.example`\n",
        ),
        (
            &["--host=10.0.0.1"],
            2,
            "error: invalid value '10.0.0.1' for '--host <DOMAIN>': an Ingress needs a DNS name, not an IP address\n",
        ),
        (&["--host=a.example,b.example", "--host=a.example"], 2, "error: --host: host `a.example` is given twice\n"),
        (
            &["--host=a.example", "--days=0"],
            2,
            "error: invalid value '0' for '--days <DAYS>': give a number of days from 1 to 3650\n",
        ),
        (
            &["--host=a.example", "--days=3651"],
            2,
            "error: invalid value '3651' for '--days <DAYS>': give a number of days from 1 to 3650\n",
        ),
        (&["--host=a.example", "--key=rsa4096"], 2, "error: invalid value 'rsa4096' for '--key <rsa2048|p256>'\n"),
        (
            &["--host=*.internal"],
            1,
            "error: OpenSSL and rustls accept no certificate for `*.internal`; name the hosts one by one\n",
        ),
        (&["--host=a.example", "--out=gone"], 1, "error: cannot write gone: No such file or directory"),
    ] {
        let run = made.run(&[&["cert"], arguments].concat());
        assert_eq!((run.status, text(&run.stdout)), (Some(status), ""), "{arguments:?}");
        assert!(text(&run.stderr).starts_with(message), "{arguments:?}: {}", text(&run.stderr));
        assert_eq!(files(&made), [""; 0], "{arguments:?}");
    }
}

/// From the files to the Secret, which stands before the Ingress that names it.
#[test]
fn the_secret_holds_the_files_own_bytes() {
    for made in [&*RSA, &*P256] {
        let arguments = [pair_arguments(made), strings(&["--quiet"])].concat();
        let rewritten = run(&arguments, &[], SAMPLE);
        assert_eq!((rewritten.status, text(&rewritten.stderr)), (Some(0), ""));
        let objects: Vec<Value> =
            documents(&rewritten.stdout).into_iter().map(|document| yaml::read(text(document)).unwrap()).collect();
        let place = |kind: &str| objects.iter().rposition(|object| object["kind"] == kind).unwrap();
        let (secret, ingress) = (place("Secret"), place("Ingress"));
        assert!(secret < ingress, "the Ingress comes first");
        assert!(objects.iter().all(|object| object["kind"] != "ManagedCertificate"));
        let (secret, ingress) = (&objects[secret], &objects[ingress]);
        assert_eq!(secret["metadata"]["name"], "my-release-milvus-tls");
        assert_eq!(secret["metadata"]["namespace"], ingress["metadata"]["namespace"]);
        assert_eq!(secret["type"], "kubernetes.io/tls");
        assert_eq!(
            ingress["spec"]["tls"],
            json!([{"hosts": ["milvus.example.com"], "secretName": "my-release-milvus-tls"}])
        );
        for (field, file) in [("tls.crt", made.certificate()), ("tls.key", made.key())] {
            let bytes = Base64::decode_vec(secret["data"][field].as_str().unwrap()).unwrap();
            assert_eq!(bytes, fs::read(file).unwrap(), "{field}");
        }
        assert_eq!(secret["data"].as_object().unwrap().len(), 2);

        let again = run(&arguments, &[], &rewritten.stdout);
        assert_eq!((again.status, text(&again.stderr)), (Some(0), ""));
        assert!(again.stdout == rewritten.stdout, "a second run changes the stream");
    }
}

/// One run in which the key is somewhere, and what a user sees of it.
struct Seen<'a> {
    what: &'a str,
    status: i32,
    run: Run,
}

/// Regional load balancers take more types of keys than the global one.
#[test]
fn keys_of_an_internal_load_balancer() {
    if common::system_program("openssl").is_none() {
        return;
    }
    let curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:secp384r1"];
    for (key, name) in
        [(&["-newkey", "rsa:3072"][..], "RSA-3072"), (&["-newkey", "rsa:4096"], "RSA-4096"), (&curve, "secp384r1")]
    {
        let [made, other] = [(); 2].map(|()| made_by_openssl(key));
        let run = |more: &[&str]| {
            let arguments = [&["--host=milvus.example.com", "--tls-cert=tls.crt", "--tls-key=tls.key"], more].concat();
            run_in(made.0.path(), &strings(&arguments), &[], SAMPLE)
        };
        let internal = run(&["--internal"]);
        assert_eq!(internal.status, Some(0), "{name}: {}", text(&internal.stderr));
        let global = run(&[]);
        let refused = format!("its key is {name}, and Google accepts only RSA-2048 and ECDSA");
        assert!(global.status == Some(2) && text(&global.stderr).contains(&refused), "{}", text(&global.stderr));

        fs::copy(other.key(), made.key()).unwrap();
        let stderr = run(&["--internal"]).stderr;
        assert!(text(&stderr).contains("is not the key of the certificate; give the one"), "{name}: {}", text(&stderr));
    }
}

fn made_by_openssl(key: &[&str]) -> Made {
    let made = Made(tempfile::tempdir().unwrap());
    let mut command = Command::new("openssl");
    command.current_dir(made.0.path()).args(["req", "-x509", "-nodes", "-days", "1", "-subj", "/CN=milvus"]).args(key);
    command.args(["-addext", "subjectAltName=DNS:milvus.example.com", "-keyout", "tls.key", "-out", "tls.crt"]);
    let output = command.output().unwrap();
    assert!(output.status.success(), "{output:?}");
    made
}

#[test]
fn the_key_is_never_shown() {
    let made = &*P256;
    let other = &*OTHER;
    let folder = tempfile::tempdir().unwrap();
    let key = made.key_text();
    let file = |name: &str, text: &str| {
        let file = folder.path().join(name);
        fs::write(&file, text).unwrap();
        format!("{}", file.display())
    };
    let (certificate, key_file) = (shown(&made.certificate()), shown(&made.key()));
    let with = |certificate: &str, key: &str| {
        strings(&["--host=milvus.example.com", "--tls-cert", certificate, &format!("--tls-key={key}")])
    };
    let good = with(&certificate, &key_file);
    let variables = |key: &str| vec![("MILVUS_GKE_L7_TLS_KEY".to_owned(), key.to_owned())];
    let only_certificate = strings(&["--host=milvus.example.com", "--tls-cert", &certificate]);
    let data = Base64::encode_string(key.as_bytes());
    let body: String = key.lines().filter(|line| !line.starts_with("--")).collect();
    let indented = key.trim_end().replace('\n', "\n    ");

    let mut seen = Vec::new();
    let mut see =
        |what: &'static str, status: i32, arguments: &[String], variables: &[(String, String)], input: &[u8]| {
            seen.push(Seen { what, status, run: run(arguments, variables, input) });
        };
    // Of the files.
    see(
        "another host",
        2,
        &strings(&["--host=other.example", "--tls-cert", &certificate, "--tls-key", &key_file]),
        &[],
        SAMPLE,
    );
    see("another certificate", 2, &with(&shown(&other.certificate()), &key_file), &[], SAMPLE);
    see("one for the other", 2, &with(&key_file, &certificate), &[], SAMPLE);
    see("the key twice", 2, &with(&key_file, &key_file), &[], SAMPLE);
    see("no line ends", 2, &with(&certificate, &file("flat", &key.replace('\n', ""))), &[], SAMPLE);
    see("spaces for line ends", 2, &with(&certificate, &file("spaces", &key.replace('\n', " "))), &[], SAMPLE);
    see("base64 of it", 2, &with(&certificate, &file("base64", &data)), &[], SAMPLE);
    see("cut off", 2, &with(&certificate, &file("cut", &key[..key.len() / 2])), &[], SAMPLE);
    see("damaged base64", 2, &with(&certificate, &file("damaged", &key.replacen('M', "?", 1))), &[], SAMPLE);
    see("damaged DER", 2, &with(&certificate, &file("der", &key.replacen("MHc", "MHd", 1))), &[], SAMPLE);
    see("the same twice", 2, &with(&certificate, &file("twice", &key.repeat(2))), &[], SAMPLE);
    see("no certificate", 2, &strings(&["--host=milvus.example.com", "--tls-key", &key_file]), &[], SAMPLE);
    // The key itself where its file belongs.
    see("as the flag's value", 2, &with(&certificate, &key), &[], SAMPLE);
    see("on one line", 2, &with(&certificate, &key.replace('\n', " ")), &[], SAMPLE);
    see("its base64", 2, &with(&certificate, &body), &[], SAMPLE);
    see("the Secret's base64", 2, &with(&certificate, &data), &[], SAMPLE);
    see("as the certificate", 2, &with(&key, &key_file), &[], SAMPLE);
    for pem in [&key, &data] {
        let secret = vec![("MILVUS_GKE_L7_TLS_SECRET".to_owned(), pem.clone())];
        see("in another variable", 2, &strings(&["--host=milvus.example.com"]), &secret, SAMPLE);
    }
    see("in the variable", 2, &only_certificate, &variables(&key), SAMPLE);
    see("in the variable, as base64", 2, &only_certificate, &variables(&data), SAMPLE);
    see(
        "for Helm 4",
        0,
        &[&["--helm4-plugin".to_owned()], only_certificate.as_slice()].concat(),
        &variables(&key),
        SAMPLE,
    );
    for help in ["-h", "--help"] {
        see("help", 0, &strings(&[help]), &variables(&key), b"");
        see("help of cert", 0, &strings(&["cert", help]), &variables(&key), b"");
    }
    // In a configuration.
    let spec = format!(
        "apiVersion: milvus-gke-l7/v1alpha1\nkind: MilvusGkeL7\nspec:\n  hosts: [milvus.example.com]\n  tlsCert: \
        {certificate}\n  tlsKey: |-\n    {indented}\n"
    );
    let config = file("config.yaml", &spec);
    see("in a configuration", 2, &strings(&["--config", &config]), &[], SAMPLE);
    let secret = format!("  tlsSecret: |-\n    {indented}\n");
    for (name, line) in [
        ("unknown.yaml", "  tlsKeys: x\n"),
        ("value.yaml", "  timeout: x\n"),
        ("secret.yaml", &secret),
        ("broken.yaml", "  - x\n"),
    ] {
        let config = file(name, &format!("{spec}{line}"));
        see("beside a mistake in a configuration", 2, &strings(&["--config", &config]), &[], SAMPLE);
    }
    // In the stream.
    let rewritten = run(&good, &[], SAMPLE).stdout;
    let others = strings(&[
        "--host=milvus.example.com",
        "--tls-cert",
        &shown(&other.certificate()),
        "--tls-key",
        &shown(&other.key()),
    ]);
    see("in another Secret of that name", 1, &others, &[], &rewritten);
    let twice =
        [&rewritten[..], documents(&rewritten).into_iter().rfind(|d| text(d).contains("tls.key")).unwrap()].concat();
    see("in two Secrets of that name", 1, &good, &[], &twice);
    see("in a Secret that is replaced", 0, &[others.as_slice(), &["--replace".to_owned()]].concat(), &[], &rewritten);
    // In a ResourceList.
    let function = |spec: &str, stream: &[u8]| {
        let items = documents(stream).into_iter().map(|document| yaml::read(text(document)).unwrap());
        let items: Vec<Value> = items.filter(|item| !item.is_null()).collect();
        let config = yaml::read(spec).unwrap();
        let list = json!({"apiVersion": "config.kubernetes.io/v1", "kind": "ResourceList", "items": items, "functionConfig": config});
        yaml::write_document(&list)
    };
    see("in a functionConfig", 1, &[], &[], function(&spec, SAMPLE).as_bytes());
    let good_spec = spec.split_once("tlsKey:").unwrap().0.to_owned() + "tlsKey: " + &key_file + "\n";
    see("from a functionConfig", 0, &[], &[], function(&good_spec, SAMPLE).as_bytes());
    let others_spec = good_spec.replace(&shown(made.0.path()), &shown(other.0.path()));
    see("in an item of that name", 1, &[], &[], function(&others_spec, &rewritten).as_bytes());
    let replacing = others_spec + "  replace: true\n";
    see("in an item that is replaced", 0, &[], &[], function(&replacing, &rewritten).as_bytes());

    for Seen { what, status, run } in seen {
        assert_eq!(run.status, Some(status), "{what}: {}", text(&run.stderr));
        assert!(status == 0 || !run.stderr.is_empty(), "{what}: refused without a word");
        for made in [made, other] {
            assert_no_key(made, &run.stderr);
            match yaml::read(text(&run.stdout)) {
                // It gives back what it got; its results are for people.
                Ok(list) if list["kind"] == "ResourceList" => {
                    assert_no_key(made, list["results"].to_string().as_bytes());
                }
                // The stream with the Secret.
                _ if text(&run.stdout).contains("\nkind: Ingress\n") => {}
                _ => assert_no_key(made, &run.stdout),
            }
        }
    }
}

/// No part of the key, nor of what a Secret makes of it, that is long enough to be of use.
#[track_caller]
fn assert_no_key(made: &Made, output: &[u8]) {
    let key = made.key_text();
    // How every key begins is no secret.
    let encoded = Base64::encode_string(key.as_bytes()).split_off(60);
    let body = key.lines().filter(|line| !line.starts_with("-----")).collect::<String>().split_off(12);
    let output = text(output);
    for part in [encoded.as_bytes(), body.as_bytes()].into_iter().flat_map(|secret| secret.chunks_exact(12)) {
        // A line may end anywhere in it.
        let found = output.lines().any(|line| line.contains(text(part)));
        assert!(!found, "a part of the key in:\n{output}");
    }
}

fn pair_arguments(made: &Made) -> Vec<String> {
    strings(&["--host=milvus.example.com", "--tls-cert", &shown(&made.certificate()), "--tls-key", &shown(&made.key())])
}

fn files(made: &Made) -> Vec<String> {
    let mut names: Vec<_> =
        fs::read_dir(made.0.path()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

fn strings(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|&text| text.to_owned()).collect()
}

fn shown(path: &Path) -> String {
    path.to_str().unwrap().to_owned()
}

#[track_caller]
fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}
