//! GKE's real Ingress controllers, on a mock Compute API.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::common;

/// The program that runs them, built by scripts/judges.sh.
pub(crate) struct Controllers {
    program: PathBuf,
}

/// Who makes the network endpoint groups.
#[derive(Clone, Copy)]
pub(crate) enum Neg {
    /// GKE's NEG controller. It waits five seconds before it starts.
    Controller,
    /// The program itself, with the controller's names.
    Stub,
}

impl Controllers {
    /// `None`, said aloud, where the program is not built; with `CI=true` that is a failure.
    pub(crate) fn find() -> Option<Self> {
        Some(Self { program: common::judge("gce")?.join("gce") })
    }

    /// What the controllers make of `manifests`, and what they say about it.
    pub(crate) fn run(&self, manifests: &[u8], neg: Neg, flags: &[&str]) -> Report {
        self.read(manifests, neg, flags).unwrap_or_else(|why| panic!("{}: {why}", self.program.display()))
    }

    /// As [`Controllers::run`], or why the manifests are no objects at all.
    pub(crate) fn read(&self, manifests: &[u8], neg: Neg, flags: &[&str]) -> Result<Report, String> {
        // They call it settled when nothing has changed for a while: more at a time would be slow enough to be cut off.
        static TURNS: [Mutex<()>; 2] = [const { Mutex::new(()) }; 2];
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let turn = &TURNS[NEXT.fetch_add(1, Ordering::Relaxed) % TURNS.len()];
        let _turn = turn.lock().unwrap_or_else(PoisonError::into_inner);

        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(file.path(), manifests).unwrap();
        let mut command = Command::new(&self.program);
        command.env_clear().args(["-quiet", "300ms", "-timeout", "60s", "-v", "2", "-neg"]).args(match neg {
            Neg::Controller => ["controller"],
            Neg::Stub => ["stub"],
        });
        let output = command.args(flags).arg(file.path()).stdin(Stdio::null()).output().unwrap();
        let log = String::from_utf8_lossy(&output.stderr).into_owned();
        match serde_json::from_slice(&output.stdout) {
            Ok(value) => Ok(Report { value, log }),
            Err(_) => Err(log),
        }
    }
}

/// What the controllers leave behind.
pub(crate) struct Report {
    value: Value,
    log: String,
}

impl Report {
    /// As the program prints it.
    pub(crate) fn raw(&self) -> &Value {
        &self.value
    }

    /// What the controllers make of an Ingress (`namespace/name`).
    pub(crate) fn ingress(&self, name: &str) -> &Value {
        let ingress = items(&self.value["ingresses"]).iter().find(|ingress| ingress["name"] == name);
        ingress.unwrap_or_else(|| panic!("no Ingress {name}: {:#}", self.value))
    }

    /// What matters of an Ingress (`namespace/name`) and of the Service of the same name. Nothing of the backends is
    /// left out but names, so that a test that compares all of it sees what else has changed.
    pub(crate) fn facts(&self, name: &str) -> Value {
        let (ingress, gce) = (self.ingress(name), &self.value["gce"]);
        let backends = items(&gce["backendServices"]).iter().filter(|backend| backend["service"] == name);
        let backends = backends.map(|backend| (text(&backend["port"]).to_owned(), self.backend(backend)));
        let firewalls = items(&gce["firewalls"]).iter().map(
            |firewall| json!({"allowed": strings(&firewall["allowed"]), "from": strings(&firewall["sourceRanges"])}),
        );
        let mut facts = json!({
            "objections": self.objections(name),
            "address": address(ingress, gce),
            "ports": ingress["ports"],
            "certificates": items(&ingress["certificates"]).iter().map(certificate).collect::<Vec<_>>(),
            "redirect": ingress["httpsRedirect"],
            "sslPolicy": ingress["sslPolicy"],
            "routes": items(&ingress["routes"]).iter().map(route).collect::<Vec<_>>(),
            "otherwise": ingress["defaultBackend"],
            "backends": backends.collect::<Value>(),
            "firewalls": firewalls.collect::<Vec<_>>(),
        });
        facts.as_object_mut().unwrap().retain(|_, value| !value.is_null());
        facts
    }

    /// Warning events, and what an API server or the Compute API says. An Ingress of the chart's own is its own affair,
    /// and so are the duplicate keys that the chart renders.
    fn objections(&self, name: &str) -> Vec<String> {
        let findings = items(&self.value["findings"]).iter().filter(|finding| {
            let other_ingress = text(&finding["object"]).strip_prefix("Ingress/").is_some_and(|other| other != name);
            let duplicate_key = finding["source"] == "yaml" && finding["severity"] == "info";
            !other_ingress && !duplicate_key
        });
        findings.map(|finding| format!("{} {}", text(&finding["object"]), text(&finding["message"]))).collect()
    }

    /// The ports of the endpoints only: which addresses pods have is not ours.
    fn backend(&self, backend: &Value) -> Value {
        let groups = items(&backend["groups"]);
        let endpoints = groups.iter().flat_map(|group| strings(&group["endpoints"]));
        let ports: BTreeSet<_> = endpoints.map(|endpoint| endpoint.rsplit(':').next().unwrap().to_owned()).collect();
        let kinds: BTreeSet<_> = groups.iter().map(|group| text(&group["kind"])).collect();
        let mut facts = backend.as_object().unwrap().clone();
        for name in ["name", "service", "port", "timeoutNote"] {
            facts.remove(name);
        }
        if let Some(check) = facts.get_mut("healthCheck").and_then(Value::as_object_mut) {
            check.remove("description");
        }
        facts.insert("groups".to_owned(), json!(kinds));
        facts.insert("endpoints".to_owned(), json!(ports));
        if let Some(policy) = self.security_policy(text(&backend["name"])) {
            facts.insert("securityPolicy".to_owned(), json!(policy));
        }
        Value::Object(facts)
    }

    /// What the API server, or the Compute API, refuses.
    pub(crate) fn refused(&self, source: &str) -> Vec<String> {
        let findings = items(&self.value["findings"]).iter();
        let refused = findings.filter(|finding| finding["source"] == source && finding["severity"] == "error");
        refused.map(|finding| format!("{} {}", text(&finding["object"]), text(&finding["message"]))).collect()
    }

    pub(crate) fn events(&self) -> &[Value] {
        items(&self.value["events"])
    }

    /// What clients of `host` meet: one for each Ingress that leads them on from an address. Of a backend, what
    /// decides whether it is reached.
    pub(crate) fn doors(&self, host: &str) -> Vec<Value> {
        let ingresses = items(&self.value["ingresses"]).iter();
        let open = ingresses.filter(|ingress| ingress["handled"] == true && ingress["address"].is_string());
        let doors = open.filter_map(|ingress| {
            let routes = items(&ingress["routes"]).iter().filter(|route| [host, "*"].contains(&text(&route["host"])));
            let backends: Value =
                routes.map(|route| (text(&route["path"]).to_owned(), self.reached(text(&route["backend"])))).collect();
            let covers = |certificate: &&Value| {
                let domains = strings(&certificate["domains"]);
                certificate["exists"] == true && (domains.is_empty() || domains.iter().any(|domain| domain == host))
            };
            let certificates: Vec<_> = items(&ingress["certificates"]).iter().filter(covers).collect();
            (backends != json!({}))
                .then(|| json!({"ports": ingress["ports"], "certificates": certificates, "backends": backends}))
        });
        doors.collect()
    }

    /// Of a backend `namespace/service:port`.
    fn reached(&self, route: &str) -> Value {
        let (service, port) = route.rsplit_once(':').unwrap_or((route, ""));
        let mut backends = items(&self.value["gce"]["backendServices"]).iter();
        let backend = backends.find(|backend| backend["service"] == service && backend["port"] == port);
        let facts = backend.map_or(Value::Null, |backend| self.backend(backend));
        let check = &facts["healthCheck"];
        json!([
            facts["protocol"],
            check["type"],
            check["port"],
            check["requestPath"],
            facts["groups"],
            facts["endpoints"]
        ])
    }

    /// What the controllers, and Google, leave in an object (RFC 7396). Milvus is healthy where it answers the health
    /// check, and Google has made the certificates that the load balancer uses.
    pub(crate) fn left(&self, kind: &str, name: &str) -> Value {
        let of = |list: &Value| items(list).iter().find(|object| object["name"] == name).cloned().unwrap_or_default();
        match kind {
            "Ingress" => {
                let ingress = of(&self.value["ingresses"]);
                let mut annotations = ingress["annotationsWritten"].clone();
                if let Some(backends) = annotations.get_mut("ingress.kubernetes.io/backends") {
                    *backends = self.health().to_string().into();
                }
                let addresses: Vec<_> = ingress["address"].as_str().map(|ip| json!({"ip": ip})).into_iter().collect();
                json!({"metadata": {"annotations": annotations}, "status": {"loadBalancer": {"ingress": addresses}}})
            }
            "Service" => {
                let backends = items(&self.value["gce"]["backendServices"]).iter();
                let groups: Value = backends
                    .filter(|backend| backend["service"] == name && backend["groups"][0]["kind"] == "NEG")
                    .map(|backend| (text(&backend["port"]).to_owned(), backend["name"].clone()))
                    .collect();
                if groups == json!({}) {
                    return json!({});
                }
                let status = json!({"network_endpoint_groups": groups, "zones": ["us-central1-b", "us-central1-c"]});
                json!({"metadata": {"annotations": {"cloud.google.com/neg-status": status.to_string()}}})
            }
            "ManagedCertificate" => {
                let certificate = of(&self.value["managedCertificates"]);
                let Some(made) = certificate["sslCertificate"].as_str() else { return json!({}) };
                let state = if items(&certificate["attachedTo"]).is_empty() { "Provisioning" } else { "Active" };
                let domains: Vec<_> = strings(&certificate["domains"])
                    .into_iter()
                    .map(|domain| json!({"domain": domain, "status": state}))
                    .collect();
                json!({"status": {"certificateName": made, "certificateStatus": state, "domainStatus": domains}})
            }
            _ => json!({}),
        }
    }

    fn health(&self) -> Value {
        let backends = items(&self.value["gce"]["backendServices"]).iter();
        backends
            .map(|backend| {
                let (check, facts) = (&backend["healthCheck"], self.backend(backend));
                let answers = check["type"] == "HTTP" && check["port"] == 9091 && check["requestPath"] == "/healthz";
                let is_ours = !text(&backend["service"]).starts_with("kube-system/");
                let has_pods = facts["endpoints"] != json!([]);
                let state = match is_ours && !(answers && has_pods) {
                    true if has_pods => "UNHEALTHY",
                    true => "Unknown",
                    false => "HEALTHY",
                };
                (text(&backend["name"]).to_owned(), json!(state))
            })
            .collect()
    }

    /// From the log, for the mock forgets the policy of an HTTP/2 backend.
    fn security_policy(&self, backend: &str) -> Option<&str> {
        let set = r#""Successfully set security policy in backend service from \"\" to \""#;
        let lines = self.log.lines().filter(|line| line.contains(&format!("backendServiceName=\"{backend}\"")));
        lines.filter_map(|line| line.split_once(set)?.1.split_once('\\')).map(|(policy, _)| policy).next_back()
    }
}

/// Which reservation the address is from.
fn address(ingress: &Value, gce: &Value) -> Value {
    let Some(address) = ingress["address"].as_str() else { return Value::Null };
    let reserved = items(&gce["addresses"]).iter().filter_map(|reserved| text(reserved).split_once(' '));
    match reserved.into_iter().find(|(_, reserved)| *reserved == address) {
        Some((name, _)) if name.starts_with("k8s2-fr-") => json!("reserved by GKE"),
        Some((name, _)) => json!(name),
        None => json!("ephemeral"),
    }
}

/// `TYPE NAME DOMAIN…`. The name of a Secret's ends with the hash of its content.
fn certificate(certificate: &Value) -> String {
    let kind = text(&certificate["type"]);
    let name = text(&certificate["name"]);
    let name = if kind == "SELF_MANAGED" { name.rsplit('-').next().unwrap() } else { name };
    let words = [kind, name].into_iter().map(str::to_owned).chain(strings(&certificate["domains"]));
    words.collect::<Vec<_>>().join(" ")
}

/// What [`Report::facts`] say of the certificate of a Secret.
pub(crate) fn self_managed(chain: &str) -> String {
    format!("SELF_MANAGED {}", hex(chain.as_bytes(), 8))
}

/// The Compute Engine certificate of a ManagedCertificate.
pub(crate) fn managed_name(namespace: &str, name: &str) -> String {
    let hex = hex(format!("{namespace}/{name}").as_bytes(), 16);
    format!("mcrt-{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
}

fn hex(text: &[u8], bytes: usize) -> String {
    Sha256::digest(text).iter().take(bytes).map(|byte| format!("{byte:02x}")).collect()
}

fn route(route: &Value) -> String {
    format!("{}{} -> {}", text(&route["host"]), text(&route["path"]), text(&route["backend"]))
}

fn items(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn strings(value: &Value) -> Vec<String> {
    items(value).iter().map(|item| text(item).to_owned()).collect()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}
