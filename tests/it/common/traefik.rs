//! Traefik as the controller of a Gateway: of the objects that it reads nothing but the GatewayClass is said to be
//! Traefik's. tests/judges/traefik/README.md says what this proves, and what not.

use std::fs;
use std::io::ErrorKind;
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{self, Command};
use std::sync::atomic::{AtomicU8, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::common;
use crate::common::gateway::target;
use crate::common::milvus::Ports;
use crate::common::server::{Server, free_ports, get};

/// The program, and what runs the API server.
pub(crate) struct Program {
    traefik: PathBuf,
    python: PathBuf,
}

impl Program {
    /// `None`, said aloud, where something is missing; with `CI=true` that is a failure.
    pub(crate) fn find() -> Option<Self> {
        let program = Self {
            traefik: common::program("TRAEFIK", "traefik-3.7.15/traefik")?,
            python: common::program("PYMILVUS_PYTHON", "pymilvus-3.0.2/bin/python")?,
        };
        // A Gateway's ports are those of the controller.
        let may = TcpListener::bind((Ipv4Addr::LOCALHOST, 80))
            .err()
            .is_none_or(|why| why.kind() != ErrorKind::PermissionDenied);
        if !may {
            common::left_out(
                "right to listen on port 80",
                "run as root, or set net.ipv4.ip_unprivileged_port_start to 80",
            );
        }
        may.then_some(program)
    }
}

/// It serves ports 80 and 443 of an address of its own.
pub(crate) struct Controller {
    pub(crate) address: Ipv4Addr,
    api: u16,
    _servers: [Server; 2],
    _folder: TempDir,
}

impl Controller {
    /// Returns when it has looked at all Gateways.
    pub(crate) fn start(program: &Program, objects: &[Value]) -> Self {
        static NEXT: AtomicU8 = AtomicU8::new(1);
        // Of another run at the same time, too.
        let address = Ipv4Addr::new(127, 64, process::id() as u8, NEXT.fetch_add(1, Ordering::Relaxed));
        let [api, ping] = free_ports();
        let folder = tempfile::tempdir().unwrap();
        // A server removes the folder it runs in.
        let [for_api, for_traefik] = ["api", "traefik"].map(|name| folder.path().join(name));
        for folder in [&for_api, &for_traefik] {
            fs::create_dir(folder).unwrap();
        }
        fs::write(for_api.join("objects.json"), json!(objects).to_string()).unwrap();
        let mut command = Command::new(&program.python);
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/judges/traefik/apiserver.py");
        command.arg(script).args(["objects.json", &api.to_string()]);
        let server = Server::start(&command, &for_api, api, "/version", "gitVersion");
        let mut command = Command::new(&program.traefik);
        command.args(["--global.checknewversion=false", "--global.sendanonymoususage=false", "--ping=true"]);
        command
            .args(["--providers.kubernetesgateway=true", "--providers.kubernetesgateway.statusaddress.ip=192.0.2.1"]);
        command.arg(format!("--providers.kubernetesgateway.endpoint=http://127.0.0.1:{api}"));
        command.arg(format!("--entrypoints.web.address={address}:80"));
        command.arg(format!("--entrypoints.websecure.address={address}:443"));
        command.arg(format!("--entrypoints.traefik.address=127.0.0.1:{ping}"));
        let traefik = Server::start(&command, &for_traefik, ping, "/ping", "OK");
        let controller = Self { address, api, _servers: [server, traefik], _folder: folder };
        let start = Instant::now();
        let classes: Vec<_> = objects.iter().filter(|object| object["kind"] == "GatewayClass").collect();
        let is_ours = |gateway: &Value| {
            classes.iter().any(|class| class["metadata"]["name"] == gateway["spec"]["gatewayClassName"])
        };
        while controller.list("gateways").iter().any(|gateway| is_ours(gateway) && !gateway["status"].is_object()) {
            assert!(start.elapsed() < Duration::from_secs(60), "Traefik does not look at a Gateway");
            thread::sleep(Duration::from_millis(100));
        }
        controller
    }

    fn list(&self, plural: &str) -> Vec<Value> {
        let path = format!("/apis/gateway.networking.k8s.io/v1/{plural}");
        let answer = get(self.api, "localhost", &path).unwrap();
        let mut list: Value = serde_json::from_str(answer.split_once("\r\n\r\n").unwrap().1).unwrap();
        match list["items"].take() {
            Value::Array(items) => items,
            other => panic!("{other}"),
        }
    }

    /// What it says of everything.
    pub(crate) fn statuses(&self) -> Statuses {
        Statuses(["gatewayclasses", "gateways", "httproutes"].map(|plural| self.list(plural)))
    }

    /// As [`Statuses::of`].
    pub(crate) fn said(&self, namespace: &str) -> Vec<String> {
        self.statuses().of(namespace)
    }
}

/// Classes, Gateways and routes, with their statuses.
pub(crate) struct Statuses([Vec<Value>; 3]);

impl Statuses {
    /// What it says of the classes and of the objects of a namespace: `Gateway: Accepted True Accepted`, and so on.
    pub(crate) fn of(&self, namespace: &str) -> Vec<String> {
        let Self([classes, gateways, routes]) = self;
        let is_meant = |object: &&Value| object["metadata"]["namespace"] == namespace;
        let mut said = Vec::new();
        let mut say = |what: String, conditions: &Value| {
            said.extend(conditions.as_array().into_iter().flatten().map(|condition| {
                let word = |field: &str| condition[field].as_str().unwrap().to_owned();
                format!("{what}: {} {} {}", word("type"), word("status"), word("reason"))
            }));
        };
        classes.iter().for_each(|class| say("class".to_owned(), &class["status"]["conditions"]));
        for gateway in gateways.iter().filter(is_meant) {
            say("Gateway".to_owned(), &gateway["status"]["conditions"]);
            for listener in gateway["status"]["listeners"].as_array().into_iter().flatten() {
                say(format!("listener {}", listener["name"].as_str().unwrap()), &listener["conditions"]);
            }
        }
        for route in routes.iter().filter(is_meant) {
            for parent in route["status"]["parents"].as_array().into_iter().flatten() {
                say(format!("route {}", route["metadata"]["name"].as_str().unwrap()), &parent["conditions"]);
            }
        }
        said
    }
}

/// What Traefik reads of a release: all of ours that it knows, and what a cluster has beside it.
pub(crate) fn objects(release: &[Value], pod: &Ports, namespace: &str) -> Vec<Value> {
    let read = ["Service", "Gateway", "HTTPRoute", "Secret"];
    let ours = release.iter().filter(|object| object["kind"].as_str().is_some_and(|kind| read.contains(&kind)));
    let mut objects: Vec<Value> = ours.cloned().collect();
    objects.extend(release.iter().filter(|object| object["kind"] == "Service").map(|service| {
        let name = &service["metadata"]["name"];
        let ports = service["spec"]["ports"].as_array().into_iter().flatten();
        let is_milvus = objects.iter().any(|object| object["kind"] == "Gateway" && object["metadata"]["name"] == *name);
        let here = ports.filter(|_| is_milvus).filter_map(|port| {
            let number = pod.get(&target(release, service, port)?)?;
            let mut ports = json!({"name": port["name"], "port": number, "protocol": "TCP"});
            ports.as_object_mut().unwrap().extend(port.get("appProtocol").map(|word| ("appProtocol".to_owned(), word.clone())));
            Some(ports)
        });
        json!({
            "apiVersion": "discovery.k8s.io/v1",
            "kind": "EndpointSlice",
            "metadata": {"name": format!("{}-abc", name.as_str().unwrap()), "labels": {"kubernetes.io/service-name": name}},
            "addressType": "IPv4",
            "ports": here.collect::<Vec<_>>(),
            "endpoints": [{"addresses": ["127.0.0.1"], "conditions": {"ready": true, "serving": true, "terminating": false}}],
        })
    }).collect::<Vec<_>>());
    for object in &mut objects {
        object["metadata"]["namespace"] = json!(namespace);
    }
    objects.push(json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}}));
    objects
}

/// A class of GKE's, as Traefik's.
pub(crate) fn class(name: &str) -> Value {
    json!({
        "apiVersion": "gateway.networking.k8s.io/v1",
        "kind": "GatewayClass",
        "metadata": {"name": name},
        "spec": {"controllerName": "traefik.io/gateway-controller"},
    })
}
