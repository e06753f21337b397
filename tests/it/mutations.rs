//! One plausible mistake at a time in our own output, in every field of every object of ours and of the Service, judged
//! by GKE's own controllers: `check` objects wherever Milvus cannot be reached; `status`, fed with the objects and the
//! events that the controllers leave, does not say ready of what is broken, nor broken of what works; and where `check`
//! finds no error in these live objects, `status` does not say broken.
//!
//! A run tries 300 of them, chosen by the seed that it prints, which is the same in every run. `MUTATIONS=all` tries every
//! one, `MUTATIONS=N` so many, `MUTATIONS_SEED=N` others, `MUTATIONS_NAMED=TEXT` those whose names hold the text.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::{env, fs, thread};

use serde_json::Value;

use crate::common::{
    self, corpus, documents,
    gke::{Controllers, Neg, Report},
    live, mutation,
    mutation::{Mutation, alarms, findings, findings_of, is_error},
    pair::Pair,
    run, say,
};

const HOST: &str = "milvus.example.com";

/// A chart, the flags, and the addresses that exist. `PAIR` stands for a certificate of one's own.
const COMBINATIONS: [(&str, &[&str]); 5] = [
    ("5.0.19/default-standalone", &[]),
    ("4.2.20/cluster-default", &["PAIR", "--redirect-http", "--ssl-policy", "modern", "--static-ip", "milvus"]),
    (
        "5.0.19/cluster-default",
        &["--rest", "--https-only", "--timeout", "1h", "--drain", "60s", "--log-sample-rate", "0.5"],
    ),
    ("4.0.34/cluster-default", &["PAIR", "--internal", "--health-interval", "10s", "--health-timeout", "5s"]),
    ("4.1.36/default-standalone", &["--security-policy", "armor", "--service-type", "keep"]),
];

#[test]
fn check_and_status_say_what_the_controllers_do() {
    let (Some(controllers), Some(charts), Some(pair)) = (Controllers::find(), corpus::charts(), Pair::get()) else {
        return;
    };
    let bases: Vec<_> = COMBINATIONS
        .iter()
        .map(|(chart, flags)| {
            let input = fs::read(charts.join(format!("{chart}.yaml"))).unwrap();
            Base::new(&controllers, chart, &input, flags, pair)
        })
        .collect();
    let all = bases.iter().flat_map(|base| mutation::of(&base.objects).map(move |mutation| (base, mutation)));
    let chosen = mutation::chosen(all.collect());
    let (next, failures) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    let (broken, working) = (AtomicUsize::new(0), AtomicUsize::new(0));
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                while let Some((base, mutation)) = chosen.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let (is_broken, found) = base.judge(&controllers, mutation);
                    (if is_broken { &broken } else { &working }).fetch_add(1, Ordering::Relaxed);
                    let found = found.into_iter().map(|what| format!("{}: {}: {what}", base.name, mutation.name));
                    failures.lock().unwrap_or_else(PoisonError::into_inner).extend(found);
                }
            });
        }
    });
    let mut failures = failures.into_inner().unwrap();
    failures.sort();
    let (broken, working) = (broken.into_inner(), working.into_inner());
    say(&format!("{broken} mutations broken, {working} working, {} contradictions", failures.len()));
    assert!(failures.is_empty(), "{} contradictions:\n{}", failures.len(), failures.join("\n"));
    assert!(env::var_os("MUTATIONS_NAMED").is_some() || (broken > 50 && working > 50), "{broken} and {working}");
}

/// A rewritten chart, as far as it matters here, that GKE makes into a load balancer which reaches Milvus.
struct Base {
    name: String,
    objects: Vec<Value>,
    /// The release's.
    namespace: String,
    reached: Reached,
    notes: usize,
}

/// What clients and Milvus meet of a load balancer.
#[derive(Debug, Default)]
struct Reached {
    /// Where gRPC leads.
    grpc: Value,
    /// Where other paths lead.
    others: Vec<Value>,
    certificates: usize,
}

impl Reached {
    /// Whether clients get as far as by `other`. Which paths serve REST is the user's affair.
    fn is_as_good_as(&self, other: &Self) -> bool {
        let is_known = |backend: &Value| *backend == other.grpc || other.others.contains(backend);
        self.grpc == other.grpc && self.certificates == other.certificates && self.others.iter().all(is_known)
    }
}

impl Base {
    fn new(controllers: &Controllers, chart: &str, input: &[u8], flags: &[&str], pair: &Pair) -> Self {
        let mut args = vec!["--host".to_owned(), HOST.to_owned()];
        for flag in flags {
            match *flag {
                "PAIR" => args.extend(pair.flags().map(str::to_owned)),
                flag => args.push(flag.to_owned()),
            }
        }
        let output = run(&args, &[], input);
        assert_eq!(output.status, Some(0), "{chart}: {}", String::from_utf8_lossy(&output.stderr));
        let documents = documents(&output.stdout);
        let objects = documents.iter().map(|document| serde_yaml::from_slice::<Value>(common::body(document)).unwrap());
        let objects: Vec<_> = objects.filter(matters).collect();
        // Without a namespace objects go where the release goes.
        let namespace = objects.iter().find_map(|object| object["metadata"]["namespace"].as_str());
        let namespace = namespace.unwrap_or("default").to_owned();
        let mut base = Self {
            name: format!(
                "{chart} {}",
                args[2..].iter().filter(|arg| !arg.contains('/')).cloned().collect::<Vec<_>>().join(" ")
            ),
            objects,
            namespace,
            reached: Reached::default(),
            notes: 0,
        };
        let report = base.report(controllers, &base.objects).unwrap();
        base.reached = reached(&report).unwrap_or_else(|why| panic!("{}: {why}", base.name));
        let findings = findings(&base.objects);
        assert_eq!(alarms(&findings), BTreeSet::new(), "{}", base.name);
        base.notes = findings.len();
        let live = live::objects(&base.objects, &report, &base.namespace);
        let (status, said) = status(&live);
        assert_eq!(status, Some(0), "{}: {said}\n{}", base.name, live::list(&live));
        base
    }

    fn report(&self, controllers: &Controllers, objects: &[Value]) -> Result<Report, String> {
        // Which addresses are reserved no manifest says.
        let flags = ["-addresses", "milvus,milvus-x", "-namespace", &self.namespace];
        controllers.read(live::stream(objects).as_bytes(), Neg::Stub, &flags)
    }

    /// Whether it is broken, and what `check` and `status` say that is not so.
    fn judge(&self, controllers: &Controllers, mutation: &Mutation) -> (bool, Vec<String>) {
        let objects = mutation.apply(&self.objects);
        let report = self.report(controllers, &objects);
        let refused = report.as_ref().map_or_else(|why| vec![why.clone()], |report| report.refused("apiserver"));
        let why = match report.as_ref().map(reached) {
            _ if !refused.is_empty() => Some(format!("the API server refuses it: {}", refused.join("; "))),
            Ok(Err(why)) => Some(why),
            Ok(Ok(_)) if report.as_ref().is_ok_and(|report| !report.refused("gce-emulated").is_empty()) => {
                Some("the Compute API refuses it".to_owned())
            }
            Ok(Ok(_)) if objects.iter().any(is_health_check_refused) => {
                Some("the Compute API refuses the health check".to_owned())
            }
            Ok(Ok(reached)) if !reached.is_as_good_as(&self.reached) => {
                Some(format!("{reached:?} instead of {:?}", self.reached))
            }
            _ => None,
        };
        let mut wrong = Vec::new();
        if let Some(why) = &why {
            let findings = findings(&objects);
            let is_noted = mutation.may_exist_outside && findings.len() > self.notes;
            if alarms(&findings).is_empty() && !is_noted {
                wrong.push(format!("check is content; GKE: {why}"));
            }
        }
        // What the API server refuses is not there.
        if let (Ok(report), true) = (report, refused.is_empty()) {
            let live = live::objects(&objects, &report, &self.namespace);
            let (status, said) = status(&live);
            // Of what serves REST alone, and is not in the objects of an Ingress, it knows nothing.
            // Nor does it of the host that was meant, and what is in a Secret: there GKE leaves an event, of an error of
            // the Compute API, that its stand-in does not know.
            let is_unseen = ["Ingress /spec/rules/0/host another", "Secret /data"];
            let is_open = reached(&report).is_ok_and(|reached| reached.grpc == self.reached.grpc)
                || is_unseen.iter().any(|unseen| mutation.name.starts_with(unseen));
            let is_served = report.refused("controller").is_empty();
            match (&why, status) {
                (Some(why), Some(0)) if !is_open => wrong.push(format!("status says ready; GKE: {why}")),
                (None, Some(1)) if is_served => wrong.push(format!("status says broken of what works: {said}")),
                (_, Some(0 | 1 | 3)) => {}
                (_, other) => wrong.push(format!("status ended with {other:?}: {said}")),
            }
            // What GKE has said of them, only `status` hears.
            let silent: Vec<_> = live.into_iter().filter(|object| object["kind"] != "Event").collect();
            let (status, said) = self::status(&silent);
            if status == Some(1) && !findings_of(&live::list(&silent)).iter().any(is_error) {
                wrong.push(format!("check finds no error in the live objects, status says: {said}"));
            }
        }
        (why.is_some(), wrong)
    }
}

/// What GKE, `check` and `status` look at.
fn matters(object: &Value) -> bool {
    let is_ours = |name: &str| object["metadata"]["name"].as_str().is_some_and(|found| found.contains(name));
    match object["kind"].as_str() {
        Some("Ingress" | "BackendConfig" | "FrontendConfig" | "ManagedCertificate") => true,
        Some("Secret") => object["type"] == "kubernetes.io/tls",
        Some("ConfigMap") => object["data"].get("user.yaml").is_some(),
        Some("Service") => {
            is_ours("milvus")
                && object["spec"]["ports"]
                    .as_array()
                    .is_some_and(|ports| ports.iter().any(|port| port["targetPort"] == "milvus"))
        }
        Some("Deployment") => is_ours("standalone") || is_ours("proxy"),
        _ => false,
    }
}

/// A health check that takes longer than the time to the next one. Both are 15 seconds where they are not given.
fn is_health_check_refused(object: &Value) -> bool {
    let check = &object["spec"]["healthCheck"];
    let seconds = |field: &str| check[field].as_u64().unwrap_or(15);
    object["kind"] == "BackendConfig" && check.is_object() && seconds("timeoutSec") > seconds("checkIntervalSec")
}

/// What the load balancer reaches, or why it does not reach Milvus.
fn reached(report: &Report) -> Result<Reached, String> {
    let facts = report.doors(HOST);
    let [facts] = facts.as_slice() else { return Err(format!("{} Ingresses serve {HOST}", facts.len())) };
    if !facts["ports"].as_array().is_some_and(|ports| ports.iter().any(|port| port == "443")) {
        return Err("port 443 is not served".to_owned());
    }
    let certificates = facts["certificates"].as_array().map_or(0, Vec::len);
    if certificates == 0 {
        return Err("no certificate".to_owned());
    }
    let mut backends = facts["backends"].as_object().unwrap().clone();
    let grpc = backends.shift_remove("/*").ok_or("nothing serves all paths")?;
    Ok(Reached { grpc, others: backends.into_iter().map(|(_, backend)| backend).collect(), certificates })
}

fn status(live: &[Value]) -> (Option<i32>, String) {
    let run = run(&["status".to_owned()], &[], live::list(live).as_bytes());
    let text = String::from_utf8_lossy(if run.stdout.is_empty() { &run.stderr } else { &run.stdout }).into_owned();
    let last = text.lines().last().unwrap_or_default().to_owned();
    (run.status, if run.stdout.is_empty() { text } else { last })
}
