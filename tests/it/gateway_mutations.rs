//! One plausible mistake at a time in what we write for a Gateway, in every field of our objects and of the Service:
//! `check` objects wherever one of these judges says that Milvus is not reached.
//!
//! * `crdcheck`, the API server's own code: it refuses the object or drops a field, with the Gateway API of GKE 1.32 or the
//!   newest one. Then GKE does not see what was written.
//! * Traefik, a controller of the Gateway API, does not accept a Gateway, a listener or a route, or does not find what it
//!   names. It knows nothing of GKE's words, policies and certificate maps.
//! * What GKE makes of the objects, as its documentation says (`common/gateway.rs`): gRPC calls lead elsewhere, the load
//!   balancer speaks another protocol, or asks for Milvus's health otherwise. `gateway_milvus.rs` shows on an Envoy and a
//!   real Milvus what comes of that.
//!
//! None of them is GKE's controller: that they find nothing does not prove that GKE does not either, so `check` may
//! say more. A run tries 300 mutations, chosen as in `mutations.rs`.
#![cfg(unix)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::{env, fs, thread};

use serde_json::{Value, json};

use crate::common::{
    self, corpus, gateway,
    milvus::{Ports, Release},
    mutation::{self, Mutation, alarms, findings},
    pair::Pair,
    say,
    traefik::{Controller, Program, class, objects},
};

/// The flags, and whether Traefik can judge what comes of them. `PAIR` stands for a certificate of one's own.
const COMBINATIONS: [(&[&str], bool); 4] = [
    (&["--gateway", "--backend=h2c", "--redirect-http", "PAIR"], true),
    (&["--gateway=gke-l7-regional-external-managed", "--rest", "PAIR"], true),
    (&["--gateway", "--cert-map=map", "--static-ip=ip", "--timeout=1h", "--ssl-policy=modern"], false),
    (&["--gateway=gke-l7-rilb", "--backend=h2c", "--certificate-manager-cert=cert", "--log-sample-rate=0.5"], false),
];

#[test]
fn check_says_what_the_judges_do() {
    let (Some(judge), Some(pair)) = (common::judge("crdcheck"), Pair::get()) else { return };
    let traefik = Program::find();
    let bases = COMBINATIONS.map(|(flags, is_for_traefik)| Base::new(&judge, flags, is_for_traefik, pair));
    let all = bases.iter().flat_map(|base| mutation::of(&base.objects).map(move |mutation| (base, mutation)));
    // A Secret is read as behind an Ingress, where GKE's controllers judge.
    let all = all.filter(|(_, mutation)| !mutation.name.starts_with("Secret "));
    let chosen = mutation::chosen(all.collect());
    let mutated: Vec<_> = chosen.iter().map(|(base, mutation)| mutation.apply(&base.objects)).collect();
    let one = |((_, mutation), objects): (&(&Base, Mutation), &Vec<Value>)| {
        let mut object = objects[mutation.index].clone();
        // Without a namespace it goes where the release goes.
        if let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) {
            metadata.entry("namespace").or_insert(json!("milvus"));
        }
        object
    };
    let stored = stored(&judge, &chosen.iter().zip(&mutated).map(one).collect::<Vec<_>>());

    let mut faults: Vec<Option<String>> = Vec::new();
    let mut to_traefik = Vec::new();
    for (at, ((base, mutation), stored)) in chosen.iter().zip(stored).enumerate() {
        faults.push(match stored {
            Err(fault) => Some(format!("the API server: {fault}")),
            Ok(stored) => {
                let mut objects = base.stored.clone();
                objects[mutation.index] = stored;
                let reached = gateway::reached(&objects);
                // Traefik's objects are moved to a namespace of their own, and it serves two ports only; a Service that no
                // API server has seen stops it.
                let is_for_traefik = base.is_for_traefik && !mutation.name.starts_with("Service ");
                let is_elsewhere = ["/namespace", "/port "].iter().any(|field| mutation.name.contains(field));
                if is_for_traefik && !is_elsewhere {
                    to_traefik.push((at, objects));
                }
                match reached {
                    Err(why) => Some(format!("GKE: {why}")),
                    Ok(reached) if reached != base.reached => {
                        Some(format!("GKE: {reached} instead of {}", base.reached))
                    }
                    Ok(_) => None,
                }
            }
        });
    }
    if let Some(program) = traefik {
        for (at, fault) in ask_traefik(&program, &bases, &to_traefik) {
            faults[at].get_or_insert(format!("Traefik: {fault}"));
        }
    }

    let (next, failures) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                while let Some((base, mutation)) = chosen.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let at = chosen.iter().position(|(_, one)| std::ptr::eq(one, mutation)).unwrap();
                    let Some(fault) = &faults[at] else { continue };
                    let findings = findings(&mutated[at]);
                    let is_noted = mutation.may_exist_outside && findings.len() > base.notes;
                    if alarms(&findings).is_empty() && !is_noted {
                        let what = format!("{}: {}: check is content; {fault}", base.name, mutation.name);
                        failures.lock().unwrap().push(what);
                    }
                }
            });
        }
    });
    let mut failures = failures.into_inner().unwrap();
    failures.sort();
    let broken = faults.iter().flatten().count();
    say(&format!("{broken} mutations broken, {} unseen by check", failures.len()));
    assert!(failures.is_empty(), "{} unseen:\n{}", failures.len(), failures.join("\n"));
    assert!(env::var_os("MUTATIONS_NAMED").is_some() || broken > 50, "only {broken} are broken");
}

/// A rewritten chart, as far as it matters here.
struct Base {
    name: String,
    objects: Vec<Value>,
    /// As an API server stores them.
    stored: Vec<Value>,
    reached: Value,
    notes: usize,
    is_for_traefik: bool,
}

impl Base {
    fn new(judge: &Path, flags: &[&str], is_for_traefik: bool, pair: &Pair) -> Self {
        let own = pair.flags();
        let flags: Vec<_> =
            flags.iter().flat_map(|flag| if *flag == "PAIR" { own.to_vec() } else { vec![*flag] }).collect();
        let objects: Vec<_> = Release::of_the_sample(&flags).output.into_iter().filter(matters).collect();
        let name = flags.iter().filter(|flag| !flag.contains(".tmp")).copied().collect::<Vec<_>>().join(" ");
        let stored: Vec<_> = stored(judge, &objects).into_iter().map(Result::unwrap).collect();
        let reached = gateway::reached(&stored).unwrap_or_else(|why| panic!("{name}: {why}"));
        let findings = findings(&objects);
        assert!(alarms(&findings).is_empty(), "{name}: {:?}", alarms(&findings));
        Self { name, objects, stored, reached, notes: findings.len(), is_for_traefik }
    }
}

/// What GKE and `check` look at.
fn matters(object: &Value) -> bool {
    let is_ours = object["metadata"]["name"].as_str().is_some_and(|name| name.starts_with("my-release-milvus"));
    match object["kind"].as_str() {
        Some("Gateway" | "HTTPRoute" | "HealthCheckPolicy" | "GCPBackendPolicy" | "GCPGatewayPolicy") => true,
        Some("Secret") => object["type"] == "kubernetes.io/tls",
        Some("ConfigMap") => object["data"].get("user.yaml").is_some(),
        Some("Service" | "Deployment") => is_ours,
        _ => false,
    }
}

/// The objects as an API server stores them, or why it does not: one that drops a field does not store the object. Those
/// of kinds without a definition stay as they are.
fn stored(judge: &Path, objects: &[Value]) -> Vec<Result<Value, String>> {
    let folder = tempfile::tempdir().unwrap();
    let has_definition = |object: &Value| {
        !["Service", "Deployment", "ConfigMap", "Secret"].contains(&object["kind"].as_str().unwrap_or_default())
            && object["apiVersion"] != "v1"
    };
    let file = |at: usize| folder.path().join(format!("{at}.json"));
    let judged: Vec<_> = (0..objects.len()).filter(|at| has_definition(&objects[*at])).collect();
    judged.iter().for_each(|at| fs::write(file(*at), objects[*at].to_string()).unwrap());
    let mut results: Vec<_> = objects.iter().cloned().map(Ok).collect();
    for definitions in corpus::gateway_crds(&judge.join("crds")) {
        let lines = lines_of(judge, &definitions, &judged.iter().map(|at| file(*at)).collect::<Vec<_>>());
        for at in &judged {
            let told = &lines[&file(*at).display().to_string()];
            if results[*at].is_ok() {
                results[*at] = serde_json::from_str(told).map_err(|_| told.clone()).map(without_status);
            }
        }
    }
    results
}

/// The first status of a Gateway is a default as well.
fn without_status(mut object: Value) -> Value {
    object.as_object_mut().unwrap().shift_remove("status");
    object
}

/// What the judge says of each file.
fn lines_of(judge: &Path, definitions: &[PathBuf], files: &[PathBuf]) -> BTreeMap<String, String> {
    let mut command = Command::new(judge.join("crdcheck"));
    command.arg("-stored").args(definitions).arg("--").args(files);
    let output = command.output().unwrap();
    assert!(output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    let lines = text.lines().filter_map(|line| line.split_once(".json: "));
    lines.map(|(file, told)| (format!("{file}.json"), told.to_owned())).collect()
}

/// What Traefik objects to, by the number of the mutation.
fn ask_traefik(program: &Program, bases: &[Base], cases: &[(usize, Vec<Value>)]) -> Vec<(usize, String)> {
    let pod = Ports::from([(19530, 19530), (8080, 8080)]);
    let good: Vec<_> = bases.iter().filter(|base| base.is_for_traefik).collect();
    let mut all: Vec<_> = ["gke-l7-global-external-managed", "gke-l7-regional-external-managed"].map(class).into();
    let cases = cases.iter().map(|(at, objects)| (format!("case-{at}"), objects));
    let cases: Vec<_> = good.iter().map(|base| ("good".to_owned(), &base.stored)).take(1).chain(cases).collect();
    for (namespace, case) in &cases {
        let mut case = objects(case, &pod, namespace);
        // GKE's word for HTTP/2 over TLS, which Traefik does not know.
        for service in case.iter_mut().filter(|object| object["kind"] == "Service") {
            for port in service["spec"]["ports"].as_array_mut().into_iter().flatten() {
                if port["appProtocol"] == "HTTP2" {
                    port["appProtocol"] = json!("https");
                }
            }
        }
        all.extend(case);
    }
    let controller = Controller::start(program, &all);
    let statuses = controller.statuses();
    let said = statuses.of("good");
    assert!(
        said.iter().any(|line| line.starts_with("route ")) && said.iter().all(|line| line.contains(" True ")),
        "{said:#?}"
    );
    let faults = cases.iter().skip(1).filter_map(|(namespace, _)| {
        let said = statuses.of(namespace);
        let fault = said.iter().find(|line| !line.contains(" True ")).cloned();
        let is_silent = !said.iter().any(|line| line.starts_with("route "));
        let fault = fault.or_else(|| is_silent.then(|| "it says nothing of the route".to_owned()))?;
        Some((namespace["case-".len()..].parse().unwrap(), fault))
    });
    faults.collect()
}
