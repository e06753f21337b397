//! `check` against GKE's own controllers: it objects to whatever they object to, and to what they make into a load
//! balancer that does not reach Milvus; it is silent where they are content and Milvus is reached.
//!
//! The controllers run in a program of their own (tests/judges/gce): k8s.io/ingress-gce over
//! manifests, which prints the load balancer as JSON. Objects of Google Cloud that do not exist there (addresses,
//! pre-shared certificates), and Secrets that somebody else makes, are left out: `check` notes them.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use serde_json::Value;

use crate::common::{self, run};

/// A text and what takes its place, or a document to leave out.
enum Edit {
    Put(&'static str, &'static str),
    Drop(&'static str),
}
use Edit::{Drop, Put};

const PROTOCOLS: &str = "    cloud.google.com/app-protocols: '{\"milvus\":\"HTTP2\"}'\n";
const CONFIG: &str = "    cloud.google.com/backend-config: '{\"default\": \"my-release-backendconfig\"}'\n";
const NEG: &str = "    cloud.google.com/neg: '{\"ingress\": true}'\n";
const CONFIG_VALUE: &str = "{\"default\": \"my-release-backendconfig\"}";
const FRONTEND: &str = "    networking.gke.io/v1beta1.FrontendConfig: my-release-frontendconfig\n";
const MANAGED: &str = "    networking.gke.io/managed-certificates: my-release-milvus-tls\n";
const CLASS: &str = "    kubernetes.io/ingress.class: gce\n";
const TYPE: &str = "        pathType: Prefix\n";
const RULES: &str = "spec:\n  rules:\n";
const REQUEST: &str = "    requestPath: /healthz\n";

/// What breaks the good manifests, one mistake each.
const BROKEN: &[(&str, &[Edit])] = &[
    // What GKE accepts without a word.
    ("protocol of another port", &[Put("{\"milvus\":\"HTTP2\"}", "{\"metrics\":\"HTTP2\"}")]),
    ("protocol by number", &[Put("{\"milvus\":\"HTTP2\"}", "{\"19530\":\"HTTP2\"}")]),
    ("protocol for nobody", &[Put("{\"milvus\":\"HTTP2\"}", "{}")]),
    ("no protocol", &[Put(PROTOCOLS, "")]),
    (
        "no protocol, but appProtocol",
        &[Put(PROTOCOLS, ""), Put("targetPort: milvus\n", "targetPort: milvus\n    appProtocol: kubernetes.io/h2c\n")],
    ),
    ("protocol HTTP", &[Put("\"HTTP2\"", "\"HTTP\"")]),
    ("protocol HTTPS", &[Put("\"HTTP2\"", "\"HTTPS\"")]),
    (
        "alpha annotation wins",
        &[Put(
            NEG,
            "    cloud.google.com/neg: '{\"ingress\": true}'\n    service.alpha.kubernetes.io/app-protocols: '{\"milvus\":\"HTTPS\"}'\n",
        )],
    ),
    ("port without name", &[Put("  - name: milvus\n    port: 19530\n", "  - port: 19530\n")]),
    ("port of another name", &[Put("  - name: milvus\n    port: 19530\n", "  - name: grpc\n    port: 19530\n")]),
    ("no BackendConfig named", &[Put(CONFIG, "")]),
    ("BackendConfig of another port", &[Put(CONFIG_VALUE, "{\"ports\": {\"metrics\": \"my-release-backendconfig\"}}")]),
    ("path for requestPath", &[Put("    requestPath:", "    path:")]),
    ("protocol for type", &[Put("    type: HTTP\n", "    protocol: HTTP\n")]),
    ("no health check", &[Put("  healthCheck:\n    type: HTTP\n    port: 9091\n    requestPath: /healthz\n", "")]),
    ("no type", &[Put("    type: HTTP\n", "")]),
    ("no port", &[Put("    port: 9091\n    requestPath", "    requestPath")]),
    ("no requestPath", &[Put(REQUEST, "")]),
    ("another port", &[Put("    port: 9091\n    requestPath", "    port: 9092\n    requestPath")]),
    ("the gRPC port", &[Put("    port: 9091\n    requestPath", "    port: 19530\n    requestPath")]),
    ("another path", &[Put("/healthz", "/")]),
    ("type HTTP2", &[Put("    type: HTTP\n", "    type: HTTP2\n")]),
    ("type HTTPS", &[Put("    type: HTTP\n", "    type: HTTPS\n")]),
    ("LoadBalancer without groups", &[Put(NEG, ""), Put("type: ClusterIP", "type: LoadBalancer")]),
    (
        "NodePort without groups",
        &[Put("{\"ingress\": true}", "{\"ingress\": false}"), Put("type: ClusterIP", "type: NodePort")],
    ),
    ("targetPort of no container", &[Put("targetPort: milvus", "targetPort: grpc")]),
    ("targetPort metrics", &[Put("targetPort: milvus", "targetPort: metrics")]),
    (
        "selector of no pods",
        &[Put("    component: standalone\n---\napiVersion: apps/v1", "    component: proxy\n---\napiVersion: apps/v1")],
    ),
    ("path Exact", &[Put(TYPE, "        pathType: Exact\n")]),
    ("path ImplementationSpecific", &[Put(TYPE, "        pathType: ImplementationSpecific\n")]),
    ("path of something else", &[Put("path: /\n", "path: /milvus\n")]),
    ("ingressClassName", &[Put(CLASS, ""), Put(RULES, "spec:\n  ingressClassName: gce\n  rules:\n")]),
    ("class nginx", &[Put("ingress.class: gce", "ingress.class: nginx")]),
    ("ingressClassName nginx", &[Put(CLASS, ""), Put(RULES, "spec:\n  ingressClassName: nginx\n  rules:\n")]),
    ("no certificate", &[Put(MANAGED, "")]),
    ("no Ingress", &[Drop("kind: Ingress")]),
    // What it reports.
    ("protocol http2", &[Put("\"HTTP2\"", "\"http2\"")]),
    ("protocol GRPC", &[Put("\"HTTP2\"", "\"GRPC\"")]),
    ("one bad protocol", &[Put("{\"milvus\":\"HTTP2\"}", "{\"milvus\":\"HTTP2\",\"metrics\":\"TCP\"}")]),
    ("protocols no JSON", &[Put("{\"milvus\":\"HTTP2\"}", "{\"milvus\":HTTP2}")]),
    ("protocols a list", &[Put("{\"milvus\":\"HTTP2\"}", "[\"HTTP2\"]")]),
    ("BackendConfig missing", &[Drop("kind: BackendConfig")]),
    ("BackendConfig of another name", &[Put(CONFIG_VALUE, "{\"default\": \"backendconfig\"}")]),
    (
        "BackendConfig of another namespace",
        &[
            Put("  name: my-release-backendconfig\n", "  name: my-release-backendconfig\n  namespace: other\n"),
            Put("  name: my-release-milvus\n", "  name: my-release-milvus\n  namespace: default\n"),
        ],
    ),
    ("backend-config empty", &[Put(CONFIG_VALUE, "{}")]),
    ("backend-config with an empty name", &[Put(CONFIG_VALUE, "{\"default\": \"\"}")]),
    ("backend-config no JSON", &[Put(CONFIG_VALUE, "my-release-backendconfig")]),
    ("backend-config a text", &[Put(CONFIG_VALUE, "\"my-release-backendconfig\"")]),
    ("no groups", &[Put(NEG, "")]),
    ("groups off", &[Put("{\"ingress\": true}", "{\"ingress\": false}")]),
    ("neg true", &[Put("{\"ingress\": true}", "true")]),
    ("neg with a text", &[Put("{\"ingress\": true}", "{\"ingress\": \"true\"}")]),
    ("neg exposed only", &[Put("{\"ingress\": true}", "{\"exposed_ports\": {\"19530\": {}}}")]),
    (
        "named group",
        &[Put("{\"ingress\": true}", "{\"ingress\": true, \"exposed_ports\": {\"19530\": {\"name\": \"milvus\"}}}")],
    ),
    (
        "Secret without tls.crt",
        &[
            Put(RULES, "spec:\n  tls:\n  - secretName: my-release-tls\n  rules:\n"),
            Put(
                "---\napiVersion: cloud",
                "---\napiVersion: v1\nkind: Secret\nmetadata:\n  name: my-release-tls\ndata:\n  tls.key: a2V5\n---\napiVersion: cloud",
            ),
        ],
    ),
    ("certificate of another name", &[Put("certificates: my-release-milvus-tls", "certificates: my-release-tls")]),
    (
        "one certificate of two",
        &[Put("certificates: my-release-milvus-tls", "certificates: my-release-milvus-tls,other")],
    ),
    ("domain with a wildcard", &[Put("  - milvus.example.com\n", "  - '*.example.com'\n")]),
    ("domain in upper case", &[Put("  - milvus.example.com\n", "  - Milvus.example.com\n")]),
    ("domain with a dot at the end", &[Put("  - milvus.example.com\n", "  - milvus.example.com.\n")]),
    ("domain of one label", &[Put("  - milvus.example.com\n", "  - milvus\n")]),
    ("no domains", &[Put("  domains:\n  - milvus.example.com\n", "  domains: []\n")]),
    ("tls without Secret", &[Put(RULES, "spec:\n  tls:\n  - hosts:\n    - milvus.example.com\n  rules:\n")]),
    ("Ingress to a port that is not there", &[Put("number: 19530", "number: 443")]),
    ("Ingress to a name that is not there", &[Put("number: 19530", "name: grpc")]),
    (
        "Ingress to a Service that is not there",
        &[Put("            name: my-release-milvus\n", "            name: milvus\n")],
    ),
    ("type GRPC", &[Put("    type: HTTP\n", "    type: GRPC\n")]),
    ("type http", &[Put("    type: HTTP\n", "    type: http\n")]),
    ("port as text", &[Put("    port: 9091\n    requestPath", "    port: \"9091\"\n    requestPath")]),
    ("short interval alone", &[Put(REQUEST, "    requestPath: /healthz\n    checkIntervalSec: 10\n")]),
    ("long timeout alone", &[Put(REQUEST, "    requestPath: /healthz\n    timeoutSec: 20\n")]),
    (
        "timeout above interval",
        &[Put(REQUEST, "    requestPath: /healthz\n    checkIntervalSec: 20\n    timeoutSec: 25\n")],
    ),
    (
        "interval out of range",
        &[Put(REQUEST, "    requestPath: /healthz\n    checkIntervalSec: 301\n    timeoutSec: 5\n")],
    ),
    ("threshold out of range", &[Put(REQUEST, "    requestPath: /healthz\n    healthyThreshold: 11\n")]),
    (
        "affinity of another word",
        &[Put("  timeoutSec: 3600\n", "  timeoutSec: 3600\n  sessionAffinity:\n    affinityType: CLIENT\n")],
    ),
    (
        "sample rate above 1",
        &[Put("  timeoutSec: 3600\n", "  timeoutSec: 3600\n  logging:\n    enable: true\n    sampleRate: 2\n")],
    ),
    ("security policy without name", &[Put("  timeoutSec: 3600\n", "  timeoutSec: 3600\n  securityPolicy: {}\n")]),
    ("no pathType", &[Put(TYPE, "")]),
    ("wildcard with Prefix", &[Put("path: /\n", "path: /*\n")]),
    (
        "both addresses",
        &[Put(
            CLASS,
            "    kubernetes.io/ingress.class: gce\n    kubernetes.io/ingress.global-static-ip-name: milvus\n    kubernetes.io/ingress.regional-static-ip-name: milvus\n",
        )],
    ),
    ("FrontendConfig missing", &[Drop("kind: FrontendConfig")]),
    ("FrontendConfig without enabled", &[Put("    enabled: true\n", "    responseCodeName: FOUND\n")]),
];

/// What is as good.
const FINE: &[(&str, &[Edit])] = &[
    ("as it is", &[]),
    ("without a class", &[Put(CLASS, "")]),
    ("BackendConfig by name", &[Put(CONFIG_VALUE, "{\"ports\": {\"milvus\": \"my-release-backendconfig\"}}")]),
    ("BackendConfig by number", &[Put(CONFIG_VALUE, "{\"ports\": {\"19530\": \"my-release-backendconfig\"}}")]),
    ("port by name", &[Put("number: 19530", "name: milvus")]),
    (
        "ImplementationSpecific /*",
        &[Put("path: /\n", "path: /*\n"), Put(TYPE, "        pathType: ImplementationSpecific\n")],
    ),
    ("headless", &[Put("type: ClusterIP", "type: ClusterIP\n  clusterIP: None")]),
    ("no FrontendConfig", &[Put(FRONTEND, ""), Drop("kind: FrontendConfig")]),
    (
        "allow-http true",
        &[Put(CLASS, "    kubernetes.io/ingress.class: gce\n    kubernetes.io/ingress.allow-http: \"true\"\n")],
    ),
    ("no timeout", &[Put("  timeoutSec: 3600\n", "")]),
    (
        "draining",
        &[Put("  timeoutSec: 3600\n", "  timeoutSec: 3600\n  connectionDraining:\n    drainingTimeoutSec: 60\n")],
    ),
    (
        "interval and timeout",
        &[Put(REQUEST, "    requestPath: /healthz\n    checkIntervalSec: 10\n    timeoutSec: 5\n")],
    ),
    ("older BackendConfig", &[Put("cloud.google.com/v1\n", "cloud.google.com/v1beta1\n")]),
    ("LoadBalancer with groups", &[Put("type: ClusterIP", "type: LoadBalancer")]),
    ("targetPort by number", &[Put("targetPort: milvus", "targetPort: 19530")]),
    (
        "another port and name",
        &[
            Put("  - name: milvus\n    port: 19530\n", "  - name: grpc\n    port: 443\n"),
            Put("{\"milvus\":\"HTTP2\"}", "{\"grpc\":\"HTTP2\"}"),
            Put("number: 19530", "number: 443"),
        ],
    ),
    (
        "several hosts in the certificate",
        &[Put("  - milvus.example.com\n", "  - other.example.com\n  - milvus.example.com\n")],
    ),
];

#[test]
fn checks_what_the_controllers_do() {
    let Some(judge) = common::judge("gce") else { return };
    let base = fs::read_to_string(testdata("check/tls-mode-off/fixed.yaml")).unwrap();
    let variants: Vec<_> =
        BROKEN.iter().map(|variant| (variant, true)).chain(FINE.iter().map(|variant| (variant, false))).collect();
    let (failures, objections, next) = (Mutex::new(Vec::new()), AtomicUsize::new(0), AtomicUsize::new(0));
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                while let Some(((name, edits), broken)) = variants.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let input = edited(&base, edits, name);
                    let mut objection = objection(&judge, &input, "stub");
                    // The real controller of network endpoint groups takes six seconds.
                    if *broken && objection.is_none() {
                        objection = self::objection(&judge, &input, "controller");
                    }
                    let alarms = alarms(&input);
                    if objection.is_some() {
                        objections.fetch_add(1, Ordering::Relaxed);
                    }
                    let as_expected = *broken == objection.is_some() && *broken != alarms.is_empty();
                    if !as_expected {
                        let what = if *broken { "broken" } else { "fine" };
                        let message = format!("{name} ({what}): GKE: {objection:?}; check: {alarms:?}");
                        failures.lock().unwrap().push(message);
                    }
                }
            });
        }
    });
    let failures = failures.into_inner().unwrap();
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    let objections = objections.into_inner();
    assert!(objections >= 40, "only {objections}");
}

#[test]
fn golden_outputs_are_good_to_both() {
    let Some(judge) = common::judge("gce") else { return };
    for case in ["append/sample", "append/cluster", "append/several-hosts", "options/timeout", "options/health-both"] {
        let output = fs::read_to_string(testdata("cases").join(case).join("stdout.yaml")).unwrap();
        assert_eq!((objection(&judge, &output, "stub"), alarms(&output)), (None, Vec::new()), "{case}");
    }
}

fn testdata(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata").join(path)
}

fn edited(base: &str, edits: &[Edit], name: &str) -> String {
    edits.iter().fold(base.to_owned(), |text, edit| match edit {
        Put(old, new) => {
            assert!(text.contains(old), "{name}: no {old}");
            text.replacen(old, new, 1)
        }
        Drop(mark) => {
            let kept: Vec<_> = text.split("---\n").filter(|document| !document.contains(mark)).collect();
            assert_ne!(kept.len(), text.split("---\n").count(), "{name}: no {mark}");
            kept.join("---\n")
        }
    })
}

/// Rules of the errors and warnings.
fn alarms(input: &str) -> Vec<String> {
    // Whether Milvus asks for a password is nothing to GKE.
    let args = ["check", "--output=json", "--ignore=authentication-off"].map(str::to_owned);
    let run = run(&args, &[], input.as_bytes());
    let found: Vec<Value> =
        serde_json::from_slice(&run.stdout).unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&run.stderr)));
    let alarms = found.iter().filter(|finding| finding["severity"] != "note");
    alarms.map(|finding| finding["rule"].as_str().unwrap().to_owned()).collect()
}

/// What the controllers say against it, or why the load balancer does not reach Milvus.
fn objection(judge: &Path, input: &str, groups: &str) -> Option<String> {
    let mut child = Command::new(judge.join("gce"))
        .args(["-neg", groups, "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let report: Value = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&output.stderr)));
    let finding = report["findings"].as_array().and_then(|findings| findings.first());
    if report["ok"] != true {
        return Some(format!("{}", finding.unwrap_or(&Value::Null)["message"]));
    }
    let items = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let Some(ingress) = items(&report["ingresses"]).into_iter().find(|ingress| ingress["handled"] == true) else {
        return Some("no Ingress is handled".to_owned());
    };
    if !items(&ingress["ports"]).iter().any(|port| port == "443") {
        return Some("port 443 is not served".to_owned());
    }
    let routes = items(&ingress["routes"]);
    let to_milvus = |route: &&Value| route["backend"].as_str().is_some_and(|backend| backend.contains("/my-release-"));
    let Some(route) = routes.iter().filter(to_milvus).find(|route| route["path"] == "/*") else {
        return Some(format!("routes: {routes:?}"));
    };
    let (service, _) = route["backend"].as_str().unwrap().rsplit_once(':').unwrap();
    let backends = items(&report["gce"]["backendServices"]);
    let Some(backend) = backends.iter().find(|backend| backend["service"] == service) else {
        return Some("no backend service".to_owned());
    };
    if backend["protocol"] != "HTTP2" {
        return Some(format!("protocol {}", backend["protocol"]));
    }
    let health = &backend["healthCheck"];
    if health["type"] != "HTTP" || health["port"] != 9091 || health["requestPath"] != "/healthz" {
        return Some(format!("health check {health}"));
    }
    let endpoints: Vec<_> = items(&backend["groups"]).iter().flat_map(|group| items(&group["endpoints"])).collect();
    let reach_milvus = |endpoint: &Value| endpoint.as_str().is_some_and(|endpoint| endpoint.ends_with(":19530"));
    if endpoints.is_empty() || !endpoints.iter().all(reach_milvus) {
        return Some(format!("endpoints: {endpoints:?}"));
    }
    finding.map(|finding| format!("{}", finding["message"]))
}
