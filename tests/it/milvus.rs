//! A real Milvus with the settings of a rewritten chart, behind an Envoy that is what GKE's controllers make of its
//! objects: PyMilvus and curl do with the lines of `status` what users do, and each mistake fails at the client in its way.
//! tests/judges/milvus/README.md says what this proves, and what not.
#![cfg(unix)]

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::thread;

use base64ct::{Base64, Encoding as _};
use serde_json::Value;
use tempfile::TempDir;

use crate::common::{
    self, corpus, documents,
    envoy::{LoadBalancer, Material, Pem},
    gke::{Controllers, Neg},
    live,
    milvus::{Milvus, Ports},
    pair::Pair,
    run, server,
};

const HOST: &str = "milvus.example.com";
/// The pair's certificate is for it too; the Ingress is not.
const OTHER_HOST: &str = "other.vectors.example.com";

const NOT_FOUND: &str = "response 404 (backend NotFound), service rules for the path non-existent";
const RESET: &str = "UNAVAILABLE: upstream connect error or disconnect/reset before headers. reset reason: ";
const FILLED: &str = "[]\n1000\n";
const ASKED: &str = "['film 7', 'film 8', 'film 6']\n['film 1', 'film 2']\n['films']\n";

#[test]
fn pymilvus_works_with_a_secret_and_with_a_public_certificate() {
    let (Some(machine), Some(charts)) = (Machine::find(), corpus::charts()) else { return };
    let answers = |chart: &str, is_own: bool| {
        let flags = if is_own { machine.pair.flags().to_vec() } else { Vec::new() };
        let release = Release::new(&charts.join(format!("{chart}.yaml")), &flags);
        let milvus = Milvus::start(&machine.milvus, &release.output);
        let door = machine.door(&release.output, &milvus.ports);
        let client = Client::new(&machine, &door);
        assert!(door.load_balancer.is_healthy(), "{chart}");
        assert_eq!(client.told.contains("server_pem_path"), is_own, "{chart}: {}", client.told);
        client.answers("fill()\nask()\ndrop()", &format!("{FILLED}{ASKED}[]\n"));
        let (from, to) = ("from pymilvus import connections, utility\n", "print(utility.list_collections())\n");
        let guide = client.ran(&client.snippet(from, to));
        assert_eq!(stdout(&guide), "[]\n", "{chart}: {}", said(&guide));
        // Whoever does not know the authority does not connect.
        if !is_own {
            let stranger = client.command(&client.python).args(["-c", &client.milvus_client()]).output().unwrap();
            assert!(reason(&said(&stranger)).contains("CERTIFICATE_VERIFY_FAILED"), "{chart}: {}", said(&stranger));
        }
    };
    // Most of the time they wait for each other.
    thread::scope(|scope| {
        scope.spawn(|| answers("4.0.34/default-standalone", true));
        scope.spawn(|| answers("4.0.34/cluster-default", false));
        scope.spawn(|| answers("4.1.36/default-standalone", false));
        scope.spawn(|| answers("4.1.36/cluster-default", true));
        scope.spawn(|| answers("4.2.20/cluster-default", false));
    });
}

#[test]
fn curl_reaches_rest_beside_grpc() {
    let Some(machine) = Machine::find() else { return };
    let Some(curl) = common::program("CURL", "curl") else { return };
    let release = Release::of_the_sample(&[&machine.pair.flags()[..], &["--rest"]].concat());
    let milvus = Milvus::start(&machine.milvus, &release.output);
    let door = machine.door(&release.output, &milvus.ports);
    let client = Client::new(&machine, &door);
    client.answers("fill()", FILLED);
    // This Milvus is older than `/v2`; all else is as printed.
    let told = client.snippet("curl --resolve", "--data '{}'\n").replacen("curl", &curl.display().to_string(), 1);
    let told = told.replace("/v2/vectordb/collections/list", "/v1/vector/query");
    let rest = |host: &str, data: &str| {
        let line = told.trim_end().replace(HOST, host).replace("--data '{}'", data);
        let here = format!("--silent --show-error --connect-to {host}:443:127.0.0.1:{}", client.port);
        let ran = client.command("sh").args(["-c", &format!("{line} {here}")]).output().unwrap();
        said(&ran)
    };
    // Unlike PyMilvus it does not ask for what was written a moment ago.
    let mut looks = 0..50;
    let query = r#"{"collectionName": "films", "filter": "id == 7", "outputFields": ["title"]}"#;
    let look = || rest(HOST, &format!("--data '{query}'"));
    let seen = looks.find_map(|_| Some(look()).filter(|told| !told.ends_with("[]}")));
    assert_eq!(seen.as_deref(), Some(r#"{"code":200,"data":[{"id":"7","title":"film 7"}]}"#));
    assert_eq!(rest(OTHER_HOST, ""), NOT_FOUND);
    let refused = rest("example.com", "");
    assert!(refused.contains("no alternative certificate subject name matches"), "{refused}");
    client.answers("ask()\ndrop()", &format!("['films']\n{ASKED}[]\n"));
}

#[test]
fn each_mistake_in_the_objects_fails_at_the_client() {
    let Some(machine) = Machine::find() else { return };
    let release = Release::of_the_sample(&machine.pair.flags());
    let milvus = Milvus::start(&machine.milvus, &release.output);
    let door = machine.door(&release.output, &milvus.ports);
    let client = Client::new(&machine, &door);
    client.answers("fill()", FILLED);

    // Another host of the certificate, which is not Milvus's.
    client.fails(OTHER_HOST, &format!("UNIMPLEMENTED: {NOT_FOUND}"));
    // A certificate that is not for the host.
    client.fails("example.com", "Hostname Verification Check failed");
    let mut objects = release.output.clone();
    machine.replace_certificate(&mut objects, OTHER_HOST);
    client.at(&machine.door(&objects, &milvus.ports)).fails(HOST, "Hostname Verification Check failed");
    // One for the host that the client does not trust.
    let mut objects = release.output.clone();
    machine.replace_certificate(&mut objects, HOST);
    let door = machine.door(&objects, &milvus.ports);
    client.at_port(door.load_balancer.https).fails(HOST, "certificate signature failure");

    // HTTP/1.1 in the clear, which Milvus does not speak. The health check sees nothing of it.
    let objects = release.without("cloud.google.com/app-protocols");
    let door = machine.door(&objects, &milvus.ports);
    assert!(door.load_balancer.is_healthy());
    client.at(&door).fails(HOST, &format!("{RESET}connection termination"));
    // Milvus does not answer GKE's own health check.
    let objects = release.without("cloud.google.com/backend-config");
    let door = machine.door(&objects, &milvus.ports);
    assert!(!door.load_balancer.is_healthy());
    client.at(&door).fails(HOST, "UNAVAILABLE: no healthy upstream");

    // A call that takes longer than it may: 30 seconds where nothing is said.
    let waits = |flags: &[&str], seconds: u8, expected: &str| {
        let release = Release::of_the_sample(&[&machine.pair.flags()[..], flags].concat());
        let door = machine.door(&release.output, &milvus.ports);
        let client = client.at(&door);
        let ran = client.ran(&format!("{}{FILMS}wait({seconds})", client.milvus_client()));
        let answer = format!("{}{}", stdout(&ran), reason(&said(&ran)));
        assert!(answer.contains(expected), "{flags:?}: {}", said(&ran));
    };
    thread::scope(|scope| {
        scope.spawn(|| waits(&[], 33, "UNAVAILABLE: upstream request timeout"));
        scope.spawn(|| waits(&["--timeout", "2s"], 6, "UNAVAILABLE: upstream request timeout"));
        scope.spawn(|| waits(&["--timeout", "1m"], 33, "waited True\n"));
    });
}

#[test]
fn nothing_works_before_the_rewrite() {
    let Some(machine) = Machine::find() else { return };
    let release = Release::of_the_sample(&machine.pair.flags());
    let milvus = Milvus::start(&machine.milvus, &release.input);

    // Milvus itself is well, and does not speak TLS.
    let door = machine.door(&release.output, &milvus.ports);
    let client = Client::new(&machine, &door);
    let plain = format!(
        "from pymilvus import MilvusClient\nprint(MilvusClient('http://127.0.0.1:{}').list_collections())",
        milvus.ports[&19530]
    );
    let plain = client.ran(&plain);
    assert_eq!(stdout(&plain), "[]\n", "{}", said(&plain));
    client.at_port(milvus.ports[&19530]).fails(HOST, "WRONG_VERSION_NUMBER");
    // The objects of the rewrite without its setting: GKE calls Milvus healthy.
    assert!(door.load_balancer.is_healthy());
    client.fails(HOST, &format!("{RESET}remote connection failure"));
    // The new objects before the chart as it was.
    let added = release.output.iter().filter(|object| !release.input.iter().any(|old| is_same(old, object)));
    let objects: Vec<_> = release.input.iter().chain(added).cloned().collect();
    let door = machine.door(&objects, &milvus.ports);
    assert!(!door.load_balancer.is_healthy());
    client.at(&door).fails(HOST, "UNAVAILABLE: no healthy upstream");
}

#[test]
fn http_is_redirected_where_that_is_asked_for() {
    let Some(machine) = Machine::find() else { return };
    let nothing = Ports::new();
    for (flags, answer) in [
        (&[][..], "503 "),
        (&["--redirect-http"], "location: https://milvus.example.com/v2\r"),
        (&["--https-only"], ""),
    ] {
        let release = Release::of_the_sample(flags);
        let door = machine.door(&release.output, &nothing);
        let answered = server::get(door.load_balancer.http, HOST, "/v2").unwrap_or_default();
        assert!(answered.contains(answer) && answered.is_empty() == answer.is_empty(), "{flags:?}: {answered}");
    }
}

/// What a test needs beyond the project.
struct Machine {
    controllers: Controllers,
    pair: &'static Pair,
    milvus: PathBuf,
    envoy: PathBuf,
    python: PathBuf,
}

impl Machine {
    /// `None`, said aloud, where something is missing; with `CI=true` that is a failure.
    fn find() -> Option<Self> {
        Some(Self {
            controllers: Controllers::find()?,
            pair: Pair::get()?,
            milvus: common::program("MILVUS_SERVER", "milvus-2.3.5/milvus")?,
            envoy: common::program("ENVOY", "envoy-1.40.0/envoy")?,
            python: common::program("PYMILVUS_PYTHON", "pymilvus-3.0.2/bin/python")?,
        })
    }

    /// The load balancer of objects before a Milvus.
    fn door(&self, objects: &[Value], pod: &Ports) -> Door {
        // JSON: scripts in ConfigMaps have lines that look like the end of a document.
        let stream: String = objects.iter().map(|object| format!("---\n{object}\n")).collect();
        let report = self.controllers.run(stream.as_bytes(), Neg::Stub, &[]);
        let secrets: Vec<_> = objects.iter().filter_map(pem).collect();
        let public = [&self.pair.certificate, &self.pair.key].map(Clone::clone);
        let trusted = secrets.first().unwrap_or(&public)[0].clone();
        let ingress = &objects.iter().find(|object| object["kind"] == "Ingress").unwrap()["metadata"];
        let namespace = ingress["namespace"].as_str().unwrap_or("default");
        let name = format!("{namespace}/{}", ingress["name"].as_str().unwrap());
        let load_balancer = LoadBalancer::start(&self.envoy, &report, &name, &Material { secrets, public, pod });
        let live = live::list(&live::objects(objects, &report, namespace));
        Door { live, load_balancer, trusted }
    }

    /// One of another pair in the Secret.
    fn replace_certificate(&self, objects: &mut [Value], host: &str) {
        let folder = tempfile::tempdir().unwrap();
        common::certificate(folder.path(), &[host]);
        let secret = objects.iter_mut().find(|object| object["type"] == "kubernetes.io/tls").unwrap();
        for key in ["tls.crt", "tls.key"] {
            secret["data"][key] = Base64::encode_string(&fs::read(folder.path().join(key)).unwrap()).into();
        }
    }
}

/// A rendered chart, and what the program makes of it.
struct Release {
    input: Vec<Value>,
    output: Vec<Value>,
}

impl Release {
    fn new(chart: &Path, flags: &[&str]) -> Self {
        let input = fs::read(chart).unwrap();
        let args: Vec<_> = ["--host", HOST].iter().chain(flags).map(|&arg| arg.to_owned()).collect();
        let run = run(&args, &[], &input);
        assert_eq!(run.status, Some(0), "{}: {}", chart.display(), String::from_utf8_lossy(&run.stderr));
        let values = |stream: &[u8]| {
            let values = documents(stream).into_iter();
            let values = values.map(|document| serde_yaml::from_slice(common::body(document)).unwrap());
            values.filter(Value::is_object).collect()
        };
        Self { input: values(&input), output: values(&run.stdout) }
    }

    /// Of the project's own sample, whose Service is a LoadBalancer.
    fn of_the_sample(flags: &[&str]) -> Self {
        Self::new(&Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/sample/rendered.yaml"), flags)
    }

    /// The output without an annotation of the Service.
    fn without(&self, annotation: &str) -> Vec<Value> {
        let mut objects = self.output.clone();
        let annotations = objects.iter_mut().filter_map(|object| object["metadata"]["annotations"].as_object_mut());
        assert_eq!(annotations.filter_map(|all| all.shift_remove(annotation)).count(), 1);
        objects
    }
}

fn is_same(one: &Value, other: &Value) -> bool {
    one["kind"] == other["kind"] && one["metadata"]["name"] == other["metadata"]["name"]
}

/// Chain and key of a Secret.
fn pem(object: &Value) -> Option<Pem> {
    (object["type"] == "kubernetes.io/tls").then(|| {
        ["tls.crt", "tls.key"]
            .map(|key| String::from_utf8(Base64::decode_vec(object["data"][key].as_str().unwrap()).unwrap()).unwrap())
    })
}

/// What stands between clients and Milvus.
struct Door {
    /// What kubectl prints of it.
    live: String,
    load_balancer: LoadBalancer,
    /// The certificate that clients trust.
    trusted: String,
}

/// A user with the lines of `status`.
struct Client {
    python: PathBuf,
    told: String,
    /// Where `tls.crt` is.
    folder: TempDir,
    port: u16,
}

impl Client {
    fn new(machine: &Machine, door: &Door) -> Self {
        let run = run(&["status".to_owned()], &[], door.live.as_bytes());
        let told = String::from_utf8(run.stdout).unwrap();
        assert_eq!(run.status, Some(0), "{told}{}", String::from_utf8_lossy(&run.stderr));
        Self::of(&machine.python, &told, &door.trusted, door.load_balancer.https)
    }

    fn of(python: &Path, told: &str, trusted: &str, port: u16) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("tls.crt"), trusted).unwrap();
        Self { python: python.to_owned(), told: told.to_owned(), folder, port }
    }

    /// The same user at another door.
    fn at(&self, door: &Door) -> Self {
        Self::of(&self.python, &self.told, &door.trusted, door.load_balancer.https)
    }

    /// With the certificate that the user has.
    fn at_port(&self, port: u16) -> Self {
        let trusted = fs::read_to_string(self.folder.path().join("tls.crt")).unwrap();
        Self::of(&self.python, &self.told, &trusted, port)
    }

    /// A part of what `status` prints to copy, both ends included; only the address is another.
    fn snippet(&self, from: &str, to: &str) -> String {
        let start = self.told.find(from).unwrap_or_else(|| panic!("{}\nhas no {from}", self.told));
        let told = &self.told[start..];
        let told = &told[..told.find(to).unwrap_or_else(|| panic!("{told}\nhas no {to}")) + to.len()];
        let port = self.port;
        told.replace("https://0.0.0.1:443", &format!("https://127.0.0.1:{port}"))
            .replace("\"0.0.0.1\"", "\"127.0.0.1\"")
            .replace("\"443\"", &format!("\"{port}\""))
    }

    fn milvus_client(&self) -> String {
        self.snippet("from pymilvus import MilvusClient\n", "print(client.list_collections())\n")
    }

    fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        command.current_dir(self.folder.path());
        command
    }

    fn ran(&self, script: &str) -> Output {
        let mut python = self.command(&self.python);
        // A public authority of our own.
        if !script.contains("server_pem_path") {
            python.env("GRPC_DEFAULT_SSL_ROOTS_FILE_PATH", "tls.crt");
        }
        python.arg("-c").arg(script).output().unwrap()
    }

    /// With `MilvusClient`: what it prints, and then what the calls print.
    fn answers(&self, calls: &str, expected: &str) {
        let ran = self.ran(&format!("{}{FILMS}{calls}", self.milvus_client()));
        assert_eq!(stdout(&ran), expected, "{calls}: {}", said(&ran));
        assert!(ran.status.success(), "{calls}: {}", said(&ran));
    }

    /// It does not even connect, for this reason.
    fn fails(&self, host: &str, expected: &str) {
        let ran = self.ran(&self.milvus_client().replace(HOST, host));
        assert_eq!(stdout(&ran), "", "{expected}");
        let reason = reason(&said(&ran));
        assert!(reason.contains(expected), "{expected}: {reason}: {}", said(&ran));
    }
}

const FILMS: &str = include_str!("../judges/milvus/films.py");

/// `UNAVAILABLE: no healthy upstream`: the first error of gRPC in what Python prints.
fn reason(said: &str) -> String {
    let of = |label: &str| said.split_once(label).map_or("", |(_, rest)| rest.lines().next().unwrap_or_default());
    format!("{}: {}", of("status = StatusCode."), of("details = ").trim_matches('"'))
}

fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn said(output: &Output) -> String {
    format!("{}{}", stdout(output), String::from_utf8_lossy(&output.stderr))
}
