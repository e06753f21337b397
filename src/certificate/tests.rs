use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use p256::elliptic_curve::Generate as _;
use p256::pkcs8::EncodePrivateKey as _;
use rsa::pkcs1::{EncodeRsaPrivateKey as _, UintRef};
use rsa::pkcs8::{DecodePrivateKey as _, LineEnding};
use tempfile::TempDir;
use x509_cert::builder::{Builder as _, CertificateBuilder, profile::BuilderProfile};
use x509_cert::certificate::TbsCertificate;
use x509_cert::der::asn1::{BitString, Ia5String};
use x509_cert::der::pem;
use x509_cert::der::{Any, Encode as _, EncodePem as _};
use x509_cert::ext::Extension;
use x509_cert::ext::pkix::name::GeneralName;
use x509_cert::ext::pkix::{BasicConstraints, SubjectAltName};
use x509_cert::name::Name;
use x509_cert::serial_number::SerialNumber;
use x509_cert::spki::{AlgorithmIdentifierOwned, ObjectIdentifier, SubjectPublicKeyInfoOwned, SubjectPublicKeyInfoRef};
use x509_cert::time::{Time, Validity};

use super::*;
use crate::gke::certificate::Scope;
use crate::host::{Host, Hosts};

const HOST: &str = "milvus.example.com";
const DAY: u64 = 24 * 60 * 60;
const CURVES: &str = "1.2.840.10045.2.1";

/// 2027-01-15
fn now() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000)
}

fn hosts(names: &[&str]) -> Hosts {
    let hosts: Vec<Host> = names.iter().map(|name| name.parse().expect("a host")).collect();
    Hosts::new(hosts).expect("hosts")
}

/// A certificate that some P-256 key signs.
#[derive(Clone)]
struct Draft {
    subject: &'static str,
    issuer: &'static str,
    names: Option<Vec<String>>,
    version_3: bool,
    from: SystemTime,
    until: SystemTime,
    public: SubjectPublicKeyInfoOwned,
}

impl Draft {
    fn of(key: &p256::SecretKey) -> Self {
        Self {
            subject: "CN=milvus.example.com",
            issuer: "CN=milvus.example.com",
            names: Some(vec![HOST.to_owned()]),
            version_3: true,
            from: now() - Duration::from_secs(DAY),
            until: now() + Duration::from_secs(DAY),
            public: SubjectPublicKeyInfoOwned::from_key(&key.public_key()).expect("a public key"),
        }
    }

    fn named(mut self, names: &[&str]) -> Self {
        self.names = Some(names.iter().map(|&name| name.to_owned()).collect());
        self
    }

    fn between(self, subject: &'static str, issuer: &'static str) -> Self {
        Self { subject, issuer, ..self }
    }

    fn pem(&self) -> String {
        let time = |time| Time::try_from(time).expect("a time");
        let mut builder = CertificateBuilder::new(
            Profile { subject: name(self.subject), issuer: name(self.issuer) },
            SerialNumber::from(1u32),
            Validity::new(time(self.from), time(self.until)),
            self.public.clone(),
        )
        .expect("a builder");
        if self.version_3 {
            let basic = BasicConstraints { ca: false, path_len_constraint: None };
            builder.add_extension(&basic).expect("basicConstraints");
        }
        if let Some(names) = self.names.as_ref().filter(|_| self.version_3) {
            let names = names.iter().map(|name| GeneralName::DnsName(Ia5String::new(name).expect("ASCII")));
            builder.add_extension(&SubjectAltName(names.collect())).expect("subjectAltName");
        }
        let signer = p256::ecdsa::SigningKey::generate();
        let certificate = builder.build::<_, p256::ecdsa::DerSignature>(&signer).expect("a certificate");
        certificate.to_pem(LineEnding::LF).expect("PEM")
    }
}

fn name(text: &str) -> Name {
    text.parse().expect("a name")
}

struct Profile {
    subject: Name,
    issuer: Name,
}

impl BuilderProfile for Profile {
    fn get_issuer(&self, _: &Name) -> Name {
        self.issuer.clone()
    }

    fn get_subject(&self) -> Name {
        self.subject.clone()
    }

    fn build_extensions(
        &self,
        _: SubjectPublicKeyInfoRef<'_>,
        _: SubjectPublicKeyInfoRef<'_>,
        _: &TbsCertificate,
    ) -> x509_cert::builder::Result<Vec<Extension>> {
        Ok(Vec::new())
    }
}

fn key() -> p256::SecretKey {
    p256::SecretKey::generate()
}

fn sec1(key: &p256::SecretKey) -> String {
    key.to_sec1_pem(LineEnding::LF).expect("PEM").to_string()
}

fn block(label: &str, der: &[u8]) -> String {
    pem::encode_string(label, LineEnding::LF, der).expect("PEM")
}

fn read_bytes(certificate: &[u8], key: &[u8], hosts: &Hosts) -> Result<Pair, (bool, String)> {
    let folder = TempDir::new().expect("a folder");
    let [certificate_file, key_file] = ["tls.crt", "tls.key"].map(|name| folder.path().join(name));
    std::fs::write(&certificate_file, certificate).expect("a file");
    std::fs::write(&key_file, key).expect("a file");
    Pair::read(&certificate_file, &key_file, hosts, Scope::Global, now()).map_err(|error| {
        let message = error.to_string();
        for text in [&message, &format!("{error:?}")] {
            assert_no_secret(text, &String::from_utf8_lossy(key));
        }
        (error.is_about_the_key(), message.replace(&format!("{}/", folder.path().display()), ""))
    })
}

fn read(certificate: &str, key: &str) -> Result<Pair, (bool, String)> {
    read_bytes(certificate.as_bytes(), key.as_bytes(), &hosts(&[HOST]))
}

#[track_caller]
fn refused(certificate: &str, key: &str, message: &str) {
    refused_for(&[HOST], certificate, key, message);
}

#[track_caller]
fn refused_for(names: &[&str], certificate: &str, key: &str, message: &str) {
    let (about_the_key, said) =
        read_bytes(certificate.as_bytes(), key.as_bytes(), &hosts(names)).expect_err("a refusal");
    assert_eq!(said, message);
    assert_eq!(about_the_key, message.starts_with("tls.key"));
}

/// Nothing that is long enough to be a part of a key.
#[track_caller]
fn assert_no_secret(text: &str, key: &str) {
    for line in key.lines().filter(|line| line.len() >= 16 && !line.starts_with("-----")) {
        let part = line.get(..16).unwrap_or(line);
        assert!(!text.contains(part), "a part of the key in `{text}`");
    }
}

#[test]
fn the_files_own_bytes() {
    let key = key();
    let certificate = format!("Bag Attributes\r\n{}\r\n", Draft::of(&key).pem().replace('\n', "\r\n"));
    let key = format!("# ours\n{}\n\n", sec1(&key));
    let pair = read(&certificate, &key).expect("a pair");
    assert_eq!(pair.certificate(), certificate);
    assert_eq!(pair.key(), key);
    let shown = format!("{pair:?} {:#?}", Some(&pair));
    assert_eq!(shown, "Pair { .. } Some(\n    Pair { .. },\n)");
}

#[test]
fn forms_of_p_256_keys() {
    let key = key();
    let certificate = Draft::of(&key).pem();
    read(&certificate, &sec1(&key)).expect("SEC 1");
    let with_parameters = block("EC PARAMETERS", &p256_oid().to_der().expect("DER")) + &sec1(&key);
    read(&certificate, &with_parameters).expect("as openssl ecparam -genkey writes it");
    read(&certificate, &key.to_pkcs8_pem(LineEnding::LF).expect("PEM")).expect("PKCS #8");
}

/// The one test with RSA keys: they are slow to make.
#[test]
fn generated_rsa_and_its_forms() {
    let request = Request { hosts: hosts(&[HOST]), days: Days::default(), key: KeyType::Rsa2048, now: now() };
    let Generated { pair, .. } = generate(&request).expect("a certificate");
    let (certificate, pkcs8) = (pair.certificate(), pair.key());
    assert!(pkcs8.starts_with("-----BEGIN PRIVATE KEY-----\n"));
    read(certificate, pkcs8).expect("PKCS #8");
    let key = rsa::PrivateKey::from_pkcs8_pem(pkcs8).expect("a key");
    read(certificate, &key.to_pkcs1_pem(LineEnding::LF).expect("PEM")).expect("PKCS #1");

    let other = generate(&request).expect("a certificate").pair;
    let other_key = "tls.key: is not the key of the certificate; give the one that the certificate was created with";
    refused(certificate, other.key(), other_key);
    let p256 = sec1(&self::key());
    let other_type = "tls.key: is not the key of the certificate: it is ECDSA P-256, but the certificate's is RSA-2048";
    refused(certificate, &p256, other_type);

    // Its numbers do not belong together.
    let der = key.to_pkcs1_der().expect("DER");
    let mut raw = rsa::pkcs1::RsaPrivateKeyRef::try_from(der.as_bytes()).expect("a key");
    raw.prime1 = raw.prime2;
    let damaged = block("RSA PRIVATE KEY", &raw.to_der().expect("DER"));
    refused(certificate, &damaged, "tls.key: its private key is damaged; copy the file again");
    let modulus = [0xff; 384];
    raw.modulus = UintRef::new(&modulus).expect("a number");
    let longer = block("RSA PRIVATE KEY", &raw.to_der().expect("DER"));
    let other_type = "tls.key: is not the key of the certificate: it is RSA-3072, but the certificate's is RSA-2048";
    refused(certificate, &longer, other_type);
}

#[test]
fn files_that_cannot_be_read() {
    let hosts = hosts(&[HOST]);
    let folder = TempDir::new().expect("a folder");
    let [certificate_file, key_file] = ["a.crt", "a.key"].map(|name| folder.path().join(name));
    let error = Pair::read(&certificate_file, &key_file, &hosts, Scope::Global, now()).expect_err("no file");
    assert!(error.to_string().contains("a.crt: cannot be read: No such file"), "{error}");
    assert!(!error.is_about_the_key());
    std::fs::write(&certificate_file, Draft::of(&key()).pem()).expect("a file");
    let error = Pair::read(&certificate_file, &key_file, &hosts, Scope::Global, now()).expect_err("no file");
    assert!(error.to_string().contains("a.key: cannot be read: No such file"), "{error}");
    assert!(error.is_about_the_key());
}

#[test]
fn pem_in_place_of_a_name() {
    let key = key();
    let (certificate, text) = (Draft::of(&key).pem(), sec1(&key));
    let folder = TempDir::new().expect("a folder");
    let file = folder.path().join("tls.crt");
    std::fs::write(&file, &certificate).expect("a file");
    let message = "this is PEM, not the name of a file; write it into a file and give that file's name";
    let base64 = text.lines().nth(1).expect("base64").to_owned() + text.lines().nth(2).expect("base64");
    for (certificate, key, about_the_key) in [
        ("tls.crt", base64.as_str(), true),
        (certificate.as_str(), "tls.key", false),
        ("tls.crt", text.as_str(), true),
        ("tls.crt", &text.replace('\n', " "), true),
        ("tls.crt", &text.replace("-----BEGIN EC PRIVATE KEY-----", ""), true),
    ] {
        let [certificate, key] = [certificate, key].map(|name| match name {
            "tls.crt" => file.clone(),
            name => PathBuf::from(name),
        });
        let error =
            Pair::read(&certificate, &key, &hosts(&[HOST]), Scope::Global, now()).expect_err("no name of a file");
        assert_eq!((error.to_string().as_str(), error.is_about_the_key()), (message, about_the_key));
        assert_no_secret(&format!("{error:?}"), &text);
    }
}

#[test]
fn no_pem() {
    let key = key();
    let (certificate, text) = (Draft::of(&key).pem(), sec1(&key));
    refused(
        "",
        &text,
        "tls.crt: does not contain a certificate in PEM: there is no line `-----BEGIN CERTIFICATE-----`",
    );
    let missing =
        "tls.key: does not contain a private key in PEM: there is no line `-----BEGIN PRIVATE KEY-----` or similar";
    refused(&certificate, "", missing);
    refused(&certificate, &text.replace('\n', " "), missing);
    refused(&certificate, &text.replace('\n', ""), missing);

    let utf_16 = |text: &str| text.encode_utf16().chain([0xd800]).flat_map(u16::to_le_bytes).collect::<Vec<_>>();
    let hosts = hosts(&[HOST]);
    let binary = "tls.crt: is not text, so it is not PEM; convert DER with `openssl x509 -inform der`";
    let said = read_bytes(&utf_16(&certificate), text.as_bytes(), &hosts).expect_err("no text");
    assert_eq!(said, (false, binary.to_owned()));
    let binary = "tls.key: is not text, so it is not PEM; convert DER with `openssl pkey -inform der`";
    let said = read_bytes(certificate.as_bytes(), &utf_16(&text), &hosts).expect_err("no text");
    assert_eq!(said, (true, binary.to_owned()));
}

#[test]
fn damaged_pem() {
    let key = key();
    let (certificate, text) = (Draft::of(&key).pem(), sec1(&key));
    let end = |text: &str| text.lines().filter(|line| !line.contains("END")).fold(String::new(), |a, b| a + b + "\n");
    let message = "tls.crt: the line `-----END CERTIFICATE-----` is missing; copy the file again";
    refused(&end(&certificate), &text, message);
    refused(&(end(&certificate) + &certificate), &text, message);
    let message = "tls.key: the line `-----END EC PRIVATE KEY-----` is missing; copy the file again";
    refused(&certificate, &end(&text), message);
    let message =
        "the text between BEGIN and END of `EC PRIVATE KEY` is damaged: it is not base64; copy the file again";
    refused(&certificate, &text.replacen('M', "*", 1), &format!("tls.key: {message}"));
    let message = message.replace("EC PRIVATE KEY", "CERTIFICATE");
    refused(&certificate.replacen('M', "", 1), &text, &format!("tls.crt: {message}"));
}

#[test]
fn other_blocks() {
    let key = key();
    let (certificate, text) = (Draft::of(&key).pem(), sec1(&key));
    let published =
        "tls.crt: contains a private key, which would be published with it; this file must contain only certificates";
    refused(&text, &certificate, published);
    refused(&(certificate.clone() + &text), &text, published);
    refused(
        &block("CERTIFICATE REQUEST", b"x"),
        &text,
        "tls.crt: contains a `CERTIFICATE REQUEST`; this file must contain only certificates",
    );
    refused(&certificate, &certificate, "tls.key: contains a `CERTIFICATE`, but no private key");
    refused(
        &certificate,
        &(text.clone() + &certificate),
        "tls.key: also contains a `CERTIFICATE`; keep only the private key in it",
    );
    refused(
        &certificate,
        &(text.clone() + &text),
        "tls.key: contains 2 private keys; keep only the one for the certificate",
    );
    refused(
        &certificate,
        &block("OPENSSH PRIVATE KEY", b"x"),
        "tls.key: contains a `OPENSSH PRIVATE KEY`, but no private key",
    );
}

#[test]
fn encrypted_keys() {
    let key = key();
    let certificate = Draft::of(&key).pem();
    let message = "tls.key: is encrypted, and Google does not accept a passphrase; decrypt it with `openssl pkey`";
    refused(&certificate, &block("ENCRYPTED PRIVATE KEY", b"x"), message);
    let headers = "-----BEGIN EC PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,00\n\n";
    refused(&certificate, &sec1(&key).replace("-----BEGIN EC PRIVATE KEY-----\n", headers), message);
}

#[test]
fn damaged_der() {
    let key = key();
    let (certificate, text) = (Draft::of(&key).pem(), sec1(&key));
    let (about_the_key, message) = read(&(certificate.clone() + &block("CERTIFICATE", b"x")), &text).expect_err("no");
    assert!(message.starts_with("tls.crt: certificate 2 is not X.509: "), "{message}");
    assert!(!about_the_key);
    let damaged = "tls.key: its private key is damaged; copy the file again";
    for label in ["EC PRIVATE KEY", "RSA PRIVATE KEY", "PRIVATE KEY"] {
        refused(&certificate, &block(label, b"x"), damaged);
    }
    let mut draft = Draft::of(&key);
    draft.public.subject_public_key = BitString::from_bytes(&[4; 65]).expect("bits");
    refused(&draft.pem(), &text, "tls.crt: the public key of certificate 1 (`CN=milvus.example.com`) is damaged");
}

#[test]
fn versions_and_names() {
    let key = key();
    let (draft, text) = (Draft::of(&key), sec1(&key));
    refused(
        &Draft { version_3: false, ..draft.clone() }.pem(),
        &text,
        "tls.crt: is X.509 v1, which Go and rustls refuse (the guide's openssl commands create one); create one with `milvus-gke-l7 cert`",
    );
    refused(
        &Draft { names: None, ..draft.clone() }.pem(),
        &text,
        "tls.crt: has no DNS name in subjectAltName, and clients no longer look at the common name (`openssl x509 -req` without extensions creates such a certificate); create one with `milvus-gke-l7 cert`",
    );
    refused_for(
        &["a.example", HOST, "b.example"],
        &draft.clone().named(&["a.b.example", "Milvus.EXAMPLE.com"]).pem(),
        &text,
        "tls.crt: does not cover a.example, b.example: its names are a.b.example, Milvus.EXAMPLE.com; get a new certificate for all hosts of the Ingress",
    );
    refused(
        &draft.named(&["*.com", "x\u{1b}[2J", "1", "2", "3", "4", "5"]).pem(),
        &text,
        "tls.crt: does not cover milvus.example.com: its names are *.com, x\\u{1b}[2J, 1, 2, 3, and 2 more; get a new certificate for all hosts of the Ingress (`*.` stands for exactly one label, with two or more after it)",
    );
}

#[test]
fn wildcards() {
    for (name, host, covered) in [
        ("milvus.example.com", "milvus.example.com", true),
        ("Milvus.Example.Com", "milvus.example.com", true),
        ("milvus.example.com", "example.com", false),
        ("*.example.com", "milvus.example.com", true),
        ("*.EXAMPLE.com", "milvus.example.com", true),
        ("*.example.com", "a.milvus.example.com", false),
        ("*.example.com", "example.com", false),
        ("*.example.com", ".example.com", true),
        ("*.example.com", "*.example.com", true),
        ("milvus.example.com", "*.example.com", false),
        ("*.example.com", "*.milvus.example.com", false),
        ("*.example.com", "milvus.example.org", false),
        ("*.com", "example.com", false),
        ("*.com", "*.com", false),
        ("*", "example", false),
        ("m*.example.com", "milvus.example.com", false),
        ("", "example.com", false),
    ] {
        assert_eq!(chain::covers(name, host), covered, "{name} {host}");
    }
}

#[test]
fn dates() {
    let key = key();
    let (draft, text) = (Draft::of(&key), sec1(&key));
    let second = Duration::from_secs(1);
    for (from, until) in [(now(), now() + second), (now() - second, now())] {
        read(&Draft { from, until, ..draft.clone() }.pem(), &text).expect("valid now");
    }
    refused(
        &Draft { from: now() + second, ..draft.clone() }.pem(),
        &text,
        "tls.crt: certificate 1 (`CN=milvus.example.com`) is not valid before 2027-01-15T08:00:01Z; wait, or correct the clock",
    );
    refused(
        &Draft { until: now() - second, ..draft.clone() }.pem(),
        &text,
        "tls.crt: certificate 1 (`CN=milvus.example.com`) has expired at 2027-01-15T07:59:59Z; renew it",
    );
    let issuer = Draft { until: now() - second, ..draft.clone() }.between("CN=Issuer", "CN=Root");
    refused(
        &(draft.between("CN=milvus.example.com", "CN=Issuer").pem() + &issuer.pem()),
        &text,
        "tls.crt: certificate 2 (`CN=Issuer`) has expired at 2027-01-15T07:59:59Z; renew it",
    );
}

#[test]
fn key_types() {
    let key = key();
    let text = sec1(&key);
    let elliptic = |curve: &str| {
        Some(AlgorithmIdentifierOwned {
            oid: oid(CURVES),
            parameters: Some(Any::encode_from(&oid(curve)).expect("DER")),
        })
    };
    let plain = |algorithm: &str| Some(AlgorithmIdentifierOwned { oid: oid(algorithm), parameters: None });
    let rsa = |length: usize| {
        let modulus = vec![0xff; length / 8];
        let public_exponent = UintRef::new(&[1, 0, 1]).expect("a number");
        let modulus = UintRef::new(&modulus).expect("a number");
        rsa::pkcs1::RsaPublicKeyRef { modulus, public_exponent }.to_der().expect("DER")
    };
    for (algorithm, bits, name) in [
        (plain("1.2.840.113549.1.1.1"), rsa(1024), "RSA-1024"),
        (plain("1.2.840.113549.1.1.1"), rsa(4096), "RSA-4096"),
        (plain("1.2.840.113549.1.1.10"), rsa(2048), "id-RSASSA-PSS"),
        (elliptic("1.3.132.0.34"), vec![4; 97], "secp384r1"),
        (elliptic("1.3.132.0.35"), vec![4; 133], "secp521r1"),
        (plain(CURVES), vec![4; 65], "EC with an unnamed curve"),
        (plain("1.3.101.112"), vec![4; 32], "id-Ed25519"),
        (plain("1.2.3.4.5"), vec![4; 32], "of type 1.2.3.4.5"),
    ] {
        let mut draft = Draft::of(&key);
        draft.public.algorithm = algorithm.expect("an algorithm");
        draft.public.subject_public_key = BitString::from_bytes(&bits).expect("bits");
        let message = format!(
            "tls.crt: its key is {name}, and Google accepts only RSA-2048 and ECDSA P-256; get a new certificate with such a key"
        );
        refused(&draft.pem(), &text, &message);
    }

    let certificate = Draft::of(&key).pem();
    let of_type = |name: &str| {
        format!("tls.key: is not the key of the certificate: it is {name}, but the certificate's is ECDSA P-256")
    };
    let mut ed25519 = b"\x30\x2e\x02\x01\x00\x30\x05\x06\x03\x2b\x65\x70\x04\x22\x04\x20".to_vec();
    ed25519.extend([7; 32]);
    refused(&certificate, &block("PRIVATE KEY", &ed25519), &of_type("id-Ed25519"));
    // P-256 is prime256v1, number 7; number 4 is prime239v1.
    let mut other_curve = key.to_sec1_der().expect("DER").to_vec();
    let place = other_curve.windows(3).rposition(|bytes| bytes == [3, 1, 7]).expect("the curve");
    other_curve[place + 2] = 4;
    refused(&certificate, &block("EC PRIVATE KEY", &other_curve), &of_type("of type 1.2.840.10045.3.1.4"));
}

#[test]
fn another_key_of_the_type() {
    let certificate = Draft::of(&key()).pem();
    let message = "tls.key: is not the key of the certificate; give the one that the certificate was created with";
    refused(&certificate, &sec1(&key()), message);
}

#[test]
fn chains() {
    let key = key();
    let text = sec1(&key);
    let other = || Draft::of(&self::key()).named(&["example.org"]);
    let leaf = Draft::of(&key).between("CN=leaf", "CN=Issuer").pem();
    let issuer = other().between("CN=Issuer", "CN=Higher").pem();
    let higher = other().between("CN=Higher", "CN=Root").pem();
    let root = other().between("CN=Root", "CN=Root").pem();

    for chain in [vec![&leaf], vec![&leaf, &issuer], vec![&leaf, &issuer, &higher, &root, &root]] {
        let chain: String = chain.into_iter().map(String::as_str).collect();
        assert_eq!(read(&chain, &text).expect("a chain").certificate(), chain);
    }
    refused(
        &[leaf.as_str(), &issuer, &higher, &root, &root, &root].concat(),
        &text,
        "tls.crt: contains 6 certificates, and Google accepts at most 5; omit the root",
    );
    refused(
        &[issuer.as_str(), &leaf].concat(),
        &text,
        "tls.crt: the key belongs to certificate 2 (`CN=leaf`); put that one first, then its issuer, then the issuer's issuer, and so on",
    );
    refused(
        &[leaf.as_str(), &higher, &issuer].concat(),
        &text,
        "tls.crt: certificate 1 (`CN=leaf`) is issued by `CN=Issuer`, but certificate 2 (`CN=Higher`) follows it; put the issuer's certificate there, or nothing",
    );
    refused(
        &[leaf.as_str(), &issuer, &root].concat(),
        &text,
        "tls.crt: certificate 2 (`CN=Issuer`) is issued by `CN=Higher`, but certificate 3 (`CN=Root`) follows it; put the issuer's certificate there, or nothing",
    );
}

#[test]
fn generated() {
    let names = [HOST, "*.example.org"];
    let request = Request { hosts: hosts(&names), days: "90".parse().expect("days"), key: KeyType::P256, now: now() };
    let [first, second] = [(); 2].map(|()| generate(&request).expect("a certificate"));
    assert_eq!(first.not_after.to_string(), "2027-04-15T08:00:00Z");
    assert!(first.pair.key().starts_with("-----BEGIN EC PRIVATE KEY-----\n"));
    assert_no_secret(&format!("{first:?}"), first.pair.key());

    let serial = |generated: &Generated| {
        let block = pem::decode_vec(generated.pair.certificate().as_bytes()).expect("PEM").1;
        let certificate = <x509_cert::Certificate as x509_cert::der::Decode>::from_der(&block).expect("a certificate");
        certificate.tbs_certificate().serial_number().as_bytes().to_vec()
    };
    assert_ne!(serial(&first), serial(&second));

    for (seconds, valid) in [(-301, false), (-300, true), (90 * 86_400, true), (90 * 86_400 + 1, false)] {
        let folder = TempDir::new().expect("a folder");
        let files = Files::new(folder.path(), false).expect("a folder");
        files.write(&first.pair).expect("two files");
        let at = now().checked_add_signed(seconds);
        let pair = Pair::read(files.certificate(), files.key(), &hosts(&names), Scope::Global, at);
        assert_eq!(pair.is_ok(), valid, "{seconds}: {pair:?}");
    }
}

trait AddSigned {
    fn checked_add_signed(self, seconds: i64) -> SystemTime;
}

impl AddSigned for SystemTime {
    fn checked_add_signed(self, seconds: i64) -> SystemTime {
        let duration = Duration::from_secs(seconds.unsigned_abs());
        if seconds < 0 { self - duration } else { self + duration }
    }
}

#[test]
fn generated_for_a_long_host() {
    let long = format!("{}.example.com", "a".repeat(63));
    let request = |host: &str| Request { hosts: hosts(&[host]), days: Days::default(), key: KeyType::P256, now: now() };
    let pair = generate(&request(&long)).expect("a certificate").pair;
    read_bytes(pair.certificate().as_bytes(), pair.key().as_bytes(), &hosts(&[&long])).expect("a pair");
    let error = generate(&request("*.internal")).expect_err("no certificate");
    let message = "OpenSSL and rustls accept no certificate for `*.internal`; name the hosts one by one";
    assert_eq!(error.to_string(), message);
}

#[test]
fn days() {
    for text in ["1", "365", "3650"] {
        assert_eq!(text.parse::<Days>().map(|days| days.to_string()), Ok(text.to_owned()));
    }
    for text in ["", "0", "3651", "-1", "1.5", "1d", "99999999999999999999"] {
        assert_eq!(text.parse::<Days>(), Err(DaysError), "{text}");
    }
}

fn oid(text: &str) -> ObjectIdentifier {
    text.parse().expect("an object identifier")
}

fn p256_oid() -> ObjectIdentifier {
    oid("1.2.840.10045.3.1.7")
}
