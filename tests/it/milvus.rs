//! A real Milvus with the settings of a rewritten chart, behind an Envoy that is what GKE's controllers make of its
//! objects: PyMilvus and curl do with the lines of `status` what users do, and each mistake fails at the client in its way.
//! tests/judges/milvus/README.md says what this proves, and what not.
#![cfg(unix)]

use std::fs;
use std::path::Path;
use std::process::Command;
use std::thread;

use base64ct::{Base64, Encoding as _};
use serde_json::Value;

use crate::common::{
    self,
    client::{ASKED, Client, FILLED, FILMS, HOST, RESET, reason, said, stdout},
    corpus,
    envoy::{LoadBalancer, Material},
    gke::{Controllers, Neg},
    live,
    milvus::{Milvus, Ports, Programs, Release},
    run, server,
};

/// The pair's certificate is for it too; the Ingress is not.
const OTHER_HOST: &str = "other.vectors.example.com";

const NOT_FOUND: &str = "response 404 (backend NotFound), service rules for the path non-existent";

#[test]
fn pymilvus_works_with_a_secret_and_with_a_public_certificate() {
    let (Some(machine), Some(charts)) = (Machine::find(), corpus::charts()) else { return };
    let answers = |chart: &str, is_own: bool| {
        let flags = if is_own { machine.programs.pair.flags().to_vec() } else { Vec::new() };
        let release = Release::new(&charts.join(format!("{chart}.yaml")), &flags);
        let milvus = Milvus::start(&machine.programs.milvus, &release.output);
        let door = machine.door(&release.output, &milvus.ports);
        let client = door.client(&machine);
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

/// The line of docs/before-you-upgrade.md for clients in the cluster, and the same one of `notes` and docs/migrate.md.
#[test]
fn pymilvus_can_stay_at_milvus_itself() {
    let Some(programs) = Programs::find() else { return };
    let release = Release::of_the_sample(&["--service-type=keep"]);
    let milvus = Milvus::start(&programs.milvus, &release.output);
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let line = |file: &str, address: &str| {
        let text = fs::read_to_string(root.join(file)).unwrap();
        let uri = format!("MilvusClient(uri=\"https://{address}:19530\"");
        let line = text.lines().map(str::trim).find(|line| line.starts_with(&uri));
        line.unwrap_or_else(|| panic!("{file} has no {uri}")).replace(address, "ADDRESS")
    };
    let told = line("docs/before-you-upgrade.md", "my-release-milvus.milvus");
    assert_eq!(line("docs/migrate.md", "192.0.2.10"), told);
    assert_eq!(line("docs/migrate.md", HOST), told);
    assert_eq!(line("testdata/notes/running-restricted-policy/stdout.txt", "OLD-ADDRESS"), told);

    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("milvus.pem"), &milvus.certificate).unwrap();
    let connect = told.replace("ADDRESS:19530", &format!("127.0.0.1:{}", milvus.ports[&19530]));
    let script = format!("from pymilvus import MilvusClient\nprint({connect}.list_collections())");
    let ran = Command::new(&programs.python).args(["-c", &script]).current_dir(folder.path()).output().unwrap();
    assert_eq!(stdout(&ran), "[]\n", "{}", said(&ran));
}

#[test]
fn curl_reaches_rest_beside_grpc() {
    let Some(machine) = Machine::find() else { return };
    let Some(curl) = common::program("CURL", "curl") else { return };
    let release = Release::of_the_sample(&[&machine.programs.pair.flags()[..], &["--rest"]].concat());
    let milvus = Milvus::start(&machine.programs.milvus, &release.output);
    let door = machine.door(&release.output, &milvus.ports);
    let client = door.client(&machine);
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
    let release = Release::of_the_sample(&machine.programs.pair.flags());
    let milvus = Milvus::start(&machine.programs.milvus, &release.output);
    let door = machine.door(&release.output, &milvus.ports);
    let client = door.client(&machine);
    client.answers("fill()", FILLED);

    // Another host of the certificate, which is not Milvus's.
    client.fails(OTHER_HOST, &format!("UNIMPLEMENTED: {NOT_FOUND}"));
    // A certificate that is not for the host.
    client.fails("example.com", "Hostname Verification Check failed");
    let mut objects = release.output.clone();
    machine.replace_certificate(&mut objects, OTHER_HOST);
    let door = machine.door(&objects, &milvus.ports);
    client.at(&door.load_balancer).fails(HOST, "Hostname Verification Check failed");
    // One for the host that the client does not trust.
    let mut objects = release.output.clone();
    machine.replace_certificate(&mut objects, HOST);
    let door = machine.door(&objects, &milvus.ports);
    client.at_port(door.load_balancer.https).fails(HOST, "certificate signature failure");

    // HTTP/1.1 in the clear, which Milvus does not speak. The health check sees nothing of it.
    let objects = without(&release, "cloud.google.com/app-protocols");
    let door = machine.door(&objects, &milvus.ports);
    assert!(door.load_balancer.is_healthy());
    client.at(&door.load_balancer).fails(HOST, &format!("{RESET}connection termination"));
    // Milvus does not answer GKE's own health check.
    let objects = without(&release, "cloud.google.com/backend-config");
    let door = machine.door(&objects, &milvus.ports);
    assert!(!door.load_balancer.is_healthy());
    client.at(&door.load_balancer).fails(HOST, "UNAVAILABLE: no healthy upstream");

    // A call that takes longer than it may: 30 seconds where nothing is said.
    let waits = |flags: &[&str], seconds: u8, expected: &str| {
        let release = Release::of_the_sample(&[&machine.programs.pair.flags()[..], flags].concat());
        let door = machine.door(&release.output, &milvus.ports);
        let client = client.at(&door.load_balancer);
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
    let release = Release::of_the_sample(&machine.programs.pair.flags());
    let milvus = Milvus::start(&machine.programs.milvus, &release.input);

    // Milvus itself is well, and does not speak TLS.
    let door = machine.door(&release.output, &milvus.ports);
    let client = door.client(&machine);
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
    client.at(&door.load_balancer).fails(HOST, "UNAVAILABLE: no healthy upstream");
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
    programs: Programs,
}

impl Machine {
    /// `None`, said aloud, where something is missing; with `CI=true` that is a failure.
    fn find() -> Option<Self> {
        Some(Self { controllers: Controllers::find()?, programs: Programs::find()? })
    }

    /// The load balancer of objects before a Milvus.
    fn door(&self, objects: &[Value], pod: &Ports) -> Door {
        // JSON: scripts in ConfigMaps have lines that look like the end of a document.
        let stream: String = objects.iter().map(|object| format!("---\n{object}\n")).collect();
        let report = self.controllers.run(stream.as_bytes(), Neg::Stub, &[]);
        let ingress = &objects.iter().find(|object| object["kind"] == "Ingress").unwrap()["metadata"];
        let namespace = ingress["namespace"].as_str().unwrap_or("default");
        let name = format!("{namespace}/{}", ingress["name"].as_str().unwrap());
        let material = Material::of(objects, &self.programs, pod);
        let load_balancer = LoadBalancer::start(report.raw(), report.ingress(&name), &material);
        let live = live::list(&live::objects(objects, &report, namespace));
        Door { live, load_balancer }
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

fn is_same(one: &Value, other: &Value) -> bool {
    one["kind"] == other["kind"] && one["metadata"]["name"] == other["metadata"]["name"]
}

/// What stands between clients and Milvus.
struct Door {
    /// What kubectl prints of it.
    live: String,
    load_balancer: LoadBalancer,
}

impl Door {
    /// A user with the lines of `status`.
    fn client(&self, machine: &Machine) -> Client {
        let run = run(&["status".to_owned()], &[], self.live.as_bytes());
        let told = String::from_utf8(run.stdout).unwrap();
        assert_eq!(run.status, Some(0), "{told}{}", String::from_utf8_lossy(&run.stderr));
        Client::new(&machine.programs.python, &told, &self.load_balancer)
    }
}

/// The output of a release without an annotation of the Service.
fn without(release: &Release, annotation: &str) -> Vec<Value> {
    let mut objects = release.output.clone();
    let annotations = objects.iter_mut().filter_map(|object| object["metadata"]["annotations"].as_object_mut());
    assert_eq!(annotations.filter_map(|all| all.shift_remove(annotation)).count(), 1);
    objects
}
