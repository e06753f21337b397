//! What GKE makes of the output: its real Ingress controllers over whole real charts, on a mock Compute API.
//!
//! The controllers accept most mistakes without a word. So everything that clients and Milvus meet of the load
//! balancer is compared whole, and not only that nobody objects.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use anyhow::{Result, ensure};
use serde_json::{Value, json};

use crate::common::{
    self, corpus, diff, documents,
    gke::{Controllers, Neg, managed_name, self_managed},
    operator::{Operator, objects, resource, streams},
    pair::Pair,
    run, say,
};

const HOST: &str = "milvus.example.com";

/// Old and new charts, of one pod and of many.
const CHARTS: [&str; 4] =
    ["4.0.34/cluster-default", "4.1.36/default-standalone", "4.2.20/cluster-default", "5.0.19/default-standalone"];
const OLD_AND_NEW: [&str; 2] = ["4.0.34/cluster-default", "5.0.19/default-standalone"];
const NEW: [&str; 1] = ["5.0.19/default-standalone"];

/// GKE's default: 301.
const REDIRECT: &str = "MOVED_PERMANENTLY_DEFAULT (by omission)";

/// One way to call the program, and what comes of it.
struct Case {
    args: Vec<String>,
    /// What must exist beside the release.
    outside: String,
    flags: Vec<&'static str>,
    neg: Neg,
    expected: Value,
}

impl Case {
    /// The facts without any option, and what is other than that (RFC 7396).
    fn new(milvus: &Milvus, args: &[&str], other: &Value) -> Self {
        let args = [&["--host", HOST], args].concat().into_iter().map(str::to_owned).collect();
        let mut expected = milvus.managed();
        json_patch::merge(&mut expected, other);
        Self { args, outside: String::new(), flags: Vec::new(), neg: Neg::Stub, expected }
    }

    fn outside(self, outside: String) -> Self {
        Self { outside, ..self }
    }

    /// What else is other.
    fn but(mut self, other: &Value) -> Self {
        json_patch::merge(&mut self.expected, other);
        self
    }

    fn flag(mut self, flag: &'static str) -> Self {
        self.flags.push(flag);
        self
    }

    fn with_neg_controller(self) -> Self {
        Self { neg: Neg::Controller, ..self }
    }

    fn judge(&self, controllers: &Controllers, render: &Render) -> Result<()> {
        self.judge_output(controllers, &render.milvus, &rewritten(&self.args, &render.input)?)
    }

    fn judge_output(&self, controllers: &Controllers, milvus: &Milvus, output: &[u8]) -> Result<()> {
        let mut found = self.facts(controllers, milvus, output);
        // Objections hold generated names: a part of each is expected.
        let expected = self.expected["objections"].as_array().unwrap();
        for (expected, found) in expected.iter().zip(found["objections"].as_array_mut().unwrap()) {
            if found.as_str().unwrap().contains(expected.as_str().unwrap()) {
                *found = expected.clone();
            }
        }
        let pretty = |value: &Value| {
            let mut value = value.clone();
            value.sort_all_objects();
            serde_json::to_vec_pretty(&value).unwrap()
        };
        ensure!(self.expected == found, "(- expected, + found)\n{}", diff(&pretty(&self.expected), &pretty(&found)));
        Ok(())
    }

    fn facts(&self, controllers: &Controllers, milvus: &Milvus, output: &[u8]) -> Value {
        let manifests = [output, b"---\n", self.outside.as_bytes()].concat();
        controllers.run(&manifests, self.neg, &self.flags).facts(&milvus.ingress())
    }
}

/// A rendered chart.
struct Render {
    name: String,
    input: Vec<u8>,
    milvus: Milvus,
}

/// The Service that Milvus's clients use.
struct Milvus {
    namespace: String,
    service: String,
    port: u64,
}

impl Render {
    /// `None`, if no Service leads to Milvus.
    fn read(charts: &Path, file: &Path) -> Option<Self> {
        let input = fs::read(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        let values = documents(&input);
        let values = values.iter().map(|document| serde_yaml::from_slice::<Value>(common::body(document)).unwrap());
        let milvus = values.into_iter().filter(|value| value["kind"] == "Service").find_map(|service| {
            let ports = service["spec"]["ports"].as_array()?;
            let port = ports.iter().find(|port| port["targetPort"] == "milvus")?;
            let component = service["spec"]["selector"]["component"].as_str()?;
            ["proxy", "standalone"].contains(&component).then(|| Milvus {
                namespace: service["metadata"]["namespace"].as_str().unwrap_or("default").to_owned(),
                service: service["metadata"]["name"].as_str().unwrap().to_owned(),
                port: port["port"].as_u64().unwrap(),
            })
        })?;
        let name = file.strip_prefix(charts).unwrap().with_extension("").display().to_string();
        Some(Self { name, input, milvus })
    }

    fn named(charts: &Path, name: &str) -> Self {
        let file = charts.join(format!("{name}.yaml"));
        Self::read(charts, &file).unwrap_or_else(|| panic!("{}: no Milvus Service", file.display()))
    }
}

fn rewritten(args: &[String], input: &[u8]) -> Result<Vec<u8>> {
    let run = run(args, &[], input);
    ensure!(run.status == Some(0), "ended with {:?}: {}", run.status, String::from_utf8_lossy(&run.stderr));
    Ok(run.stdout)
}

impl Milvus {
    /// What comes of the guide's Google-managed certificate.
    fn managed(&self) -> Value {
        json!({
            "objections": [],
            "address": "reserved by GKE",
            "ports": ["80", "443"],
            "certificates": [format!("MANAGED {} {HOST}", self.managed_name())],
            "routes": [self.route(HOST, "/*", self.port)],
            "otherwise": "kube-system/default-http-backend:http",
            "backends": {self.port.to_string(): backend("HTTP2", "19530")},
            "firewalls": [{"allowed": ["tcp:19530,8080,9091"], "from": ["130.211.0.0/22", "35.191.0.0/16"]}],
        })
    }

    /// The Ingress has the Service's name.
    fn ingress(&self) -> String {
        format!("{}/{}", self.namespace, self.service)
    }

    fn managed_name(&self) -> String {
        managed_name(&self.namespace, &format!("{}-tls", self.service))
    }

    fn route(&self, host: &str, path: &str, port: u64) -> String {
        format!("{host}{path} -> {}:{port}", self.ingress())
    }

    /// A change of the backend of the gRPC port.
    fn backend(&self, other: &Value) -> Value {
        json!({"backends": {self.port.to_string(): other}})
    }

    fn internal(&self, certificates: &Value) -> Value {
        let mut other = self.backend(&json!({"features": ["HTTP2", "L7ILB", "NEG"]}));
        let from = ["10.129.0.0/23", "130.211.0.0/22", "35.191.0.0/16"];
        let firewalls = json!([{"allowed": ["tcp:19530,8080,9091"], "from": from}]);
        let front_end = json!({"ports": ["443"], "address": "ephemeral", "certificates": certificates});
        json_patch::merge(&mut other, &front_end);
        json_patch::merge(&mut other, &json!({"firewalls": firewalls}));
        other
    }

    /// The REST API beside gRPC.
    fn rest(&self, port: u64) -> Value {
        let paths = ["/v1", "/v1/*", "/v2", "/v2/*"].map(|path| self.route(HOST, path, port));
        let routes: Vec<_> = paths.into_iter().chain([self.route(HOST, "/*", self.port)]).collect();
        let ports: BTreeSet<_> = [19530, 8080, 9091, port].into_iter().map(|port| port.to_string()).collect();
        let ports = Vec::from_iter(ports);
        let firewalls = json!([{
            "allowed": [format!("tcp:{}", ports.join(","))],
            "from": ["130.211.0.0/22", "35.191.0.0/16"],
        }]);
        let backends = json!({port.to_string(): backend("HTTPS", &port.to_string())});
        json!({"routes": routes, "backends": backends, "firewalls": firewalls})
    }

    /// A Secret as `kubectl create secret tls` makes it.
    fn secret(&self, name: &str, pair: &Pair) -> String {
        let texts = json!({"tls.crt": pair.certificate, "tls.key": pair.key});
        self.object("v1", "Secret", name, &json!({"type": "kubernetes.io/tls", "stringData": texts}))
    }

    /// The Secret that cert-manager fills.
    fn issued(&self, pair: &Pair) -> String {
        self.secret(&format!("{}-tls", self.service), pair)
    }

    fn managed_certificate(&self, name: &str) -> String {
        let spec = json!({"domains": [HOST]});
        self.object("networking.gke.io/v1", "ManagedCertificate", name, &json!({"spec": spec}))
    }

    /// An object in the release's namespace.
    fn object(&self, version: &str, kind: &str, name: &str, fields: &Value) -> String {
        let metadata = json!({"name": name, "namespace": self.namespace});
        let mut object = json!({"apiVersion": version, "kind": kind, "metadata": metadata});
        json_patch::merge(&mut object, fields);
        object.to_string()
    }
}

/// A backend as GKE makes it with nothing but a health check said.
fn backend(protocol: &str, endpoint: &str) -> Value {
    let features = if protocol == "HTTP2" { vec!["HTTP2", "NEG"] } else { vec!["NEG"] };
    json!({
        "protocol": protocol,
        "features": features,
        "timeoutSec": 30,
        "logSampleRate": 1,
        "healthCheck": {
            "type": "HTTP",
            "port": 9091,
            "portSpecification": "USE_FIXED_PORT",
            "requestPath": "/healthz",
            "checkIntervalSec": 15,
            "timeoutSec": 15,
            "healthyThreshold": 1,
            "unhealthyThreshold": 2,
        },
        "groups": ["NEG"],
        "endpoints": [endpoint],
    })
}

/// Every certificate mode.
#[test]
fn certificates() {
    let Some(pair) = Pair::get() else { return };
    judge(&CHARTS, |milvus| {
        let case =
            |args: &[&str], certificates: &[String]| Case::new(milvus, args, &json!({"certificates": certificates}));
        let ours = [self_managed(&pair.certificate)];
        let issued = milvus.issued(pair);
        // The mock knows certificates of Compute Engine by the ManagedCertificates that they are made for.
        let shared = ["one", "two"].map(|name| managed_name(&milvus.namespace, name));
        let existing = || ["one", "two"].map(|name| milvus.managed_certificate(name)).join("\n---\n");
        let attached = shared.each_ref().map(|name| format!("MANAGED {name} {HOST}"));
        vec![
            case(&["--tls-secret=own"], &ours).outside(milvus.secret("own", pair)),
            case(&pair.flags(), &ours),
            case(&["--managed-cert=one"], &attached[..1]).outside(existing()),
            case(&[&format!("--pre-shared-cert={}", shared[0])], &attached[..1]).outside(existing()),
            case(&[&format!("--pre-shared-cert={}", shared.join(","))], &attached).outside(existing()),
            case(&["--cluster-issuer=letsencrypt"], &ours).outside(issued.clone()),
            case(&["--issuer=letsencrypt"], &ours).outside(issued),
        ]
    });
}

/// All renders that are not refused, with the certificate of the guide.
#[test]
fn every_chart() {
    let Some(charts) = corpus::charts() else { return };
    let Some(controllers) = Controllers::find() else { return };
    let files = corpus::yaml_files(&charts).into_iter().filter(|file| !file.to_string_lossy().contains(".reference."));
    let (mut judged, mut failures) = (0, Vec::new());
    for render in files.filter_map(|file| Render::read(&charts, &file)) {
        let case = Case::new(&render.milvus, &[], &json!({}));
        // Which renders are to be refused is judged elsewhere.
        if run(&case.args, &[], &render.input).status == Some(1) {
            assert!(!CHARTS.contains(&render.name.as_str()), "{}: refused", render.name);
            continue;
        }
        judged += 1;
        failures.extend(case.judge(&controllers, &render).err().map(|error| format!("{}: {error:#}", render.name)));
    }
    say(&format!("{judged} charts behind GKE's load balancer"));
    assert!(failures.is_empty(), "{} of {judged} fail\n\n{}", failures.len(), failures.join("\n\n"));
}

/// Releases of the Milvus Operator: what its own code makes of the rewritten resources, with our objects beside it.
#[test]
fn operator() {
    let (Some(operator), Some(controllers)) = (Operator::find(), Controllers::find()) else { return };
    let mut failures = Vec::new();
    for one in streams() {
        let port = if one.name.starts_with("other-port") { 19600 } else { 19530 };
        let namespace = if one.name == "minimal" { "default" } else { "search" }.to_owned();
        let milvus = Milvus { namespace, service: "films-milvus".to_owned(), port };
        let mut ways = vec![(vec![], json!({}))];
        let rest = match one.name.as_str() {
            "settings-flat" => Some(9999),
            "environment" => Some(8090),
            "cluster" | "marked" | "numbers" => Some(8080),
            _ => None,
        };
        if let Some(port) = rest {
            let both = vec!["--gateway", "--with-ingress", "--cert-map=map", "--rest"];
            ways.extend([(vec!["--rest"], milvus.rest(port)), (both, milvus.rest(port))]);
        }
        for (flags, other) in ways {
            let mut case = Case::new(&milvus, &flags, &other);
            let endpoint = port.to_string();
            case.expected["backends"][&endpoint]["endpoints"] = json!([endpoint]);
            let firewall = case.expected["firewalls"].to_string().replace("19530", &endpoint);
            case.expected["firewalls"] = serde_json::from_str(&firewall).unwrap();
            let after = rewritten(&case.args, &one.text).unwrap();
            let after = objects(&after);
            let made = operator.made(&[resource(&objects(&one.text)), resource(&after)]);
            // The controllers know nothing of a Gateway's policies.
            let unknown = ["Milvus", "HealthCheckPolicy"];
            let others = after.iter().filter(|object| !unknown.contains(&object["kind"].as_str().unwrap()));
            let cluster: Vec<_> = made.objects.iter().chain(others).map(ToString::to_string).collect();
            let found = case.judge_output(&controllers, &milvus, cluster.join("\n---\n").as_bytes());
            failures.extend(found.err().map(|error| format!("{} {flags:?}: {error:#}", one.name)));
        }
    }
    assert!(failures.is_empty(), "{} fail\n\n{}", failures.len(), failures.join("\n\n"));
}

#[test]
fn front_end() {
    judge(&OLD_AND_NEW, |milvus| {
        let case = |args: &[&str], other: Value| Case::new(milvus, args, &other);
        // Until the certificate is attached there is nothing to listen with.
        let late = json!({"ports": ["443"], "address": "ephemeral", "objections": [
            "invalid configuration: both HTTP and HTTPS are disabled",
        ]});
        vec![
            case(&["--static-ip=milvus-ip"], json!({"address": "milvus-ip"})).flag("-addresses=milvus-ip"),
            case(&["--https-only"], json!({"ports": ["443"], "address": "ephemeral"})),
            case(&["--https-only"], late).flag("-mcrt-late"),
            case(&["--https-only", "--static-ip=milvus-ip"], json!({"ports": ["443"], "address": "milvus-ip"}))
                .flag("-addresses=milvus-ip"),
            case(&["--redirect-http"], json!({"redirect": REDIRECT})),
            case(&["--redirect-http"], json!({"redirect": REDIRECT})).flag("-mcrt-late"),
            case(&["--ssl-policy=modern-tls"], json!({"sslPolicy": "modern-tls"})),
        ]
    });
}

#[test]
fn back_end() {
    judge(&OLD_AND_NEW, |milvus| {
        let case = |args: &[&str], other: Value| Case::new(milvus, args, &milvus.backend(&other));
        let check = |interval, timeout| json!({"healthCheck": {"checkIntervalSec": interval, "timeoutSec": timeout}});
        vec![
            case(&["--timeout=1h"], json!({"timeoutSec": 3600})),
            case(&["--drain=60s"], json!({"drainingTimeoutSec": 60})),
            case(&["--drain=0s"], json!({"drainingTimeoutSec": 0})),
            case(&["--health-interval=10s"], check(10, 10)),
            case(&["--health-interval=30s"], check(30, 15)),
            case(&["--health-timeout=5s"], check(15, 5)),
            case(&["--health-timeout=20s"], check(20, 20)),
            case(&["--health-interval=5m", "--health-timeout=1s"], check(300, 1)),
            case(
                &["--security-policy=office-only"],
                json!({"securityPolicy": "office-only", "features": ["HTTP2", "NEG", "SecurityPolicy"]}),
            ),
            case(&["--log-sample-rate=0.25"], json!({"logSampleRate": 0.25})),
            case(&["--log-sample-rate=0"], json!({"logSampleRate": null})),
        ]
    });
}

#[test]
fn internal() {
    let Some(pair) = Pair::get() else { return };
    judge(&OLD_AND_NEW, |milvus| {
        let case = |args: &[&str], certificates: Value| {
            let other = milvus.internal(&certificates);
            Case::new(milvus, &[&["--internal"], args].concat(), &other)
        };
        let ours = || json!([self_managed(&pair.certificate)]);
        let own = || milvus.secret("own", pair);
        // The mock has no regional addresses. They are what is asked for, not the global one.
        let no_address = json!({
            "address": null,
            "ports": [],
            "objections": ["the given static IP name milvus-ip doesn't translate to an existing static IP."],
        });
        vec![
            case(&["--tls-secret=own"], ours()).outside(own()),
            case(&pair.flags(), ours()),
            case(&["--issuer=letsencrypt"], ours()).outside(milvus.issued(pair)),
            case(&["--pre-shared-cert=one,two"], json!(["pre-shared one", "pre-shared two"])),
            case(&["--tls-secret=own", "--timeout=1h", "--drain=60s", "--health-interval=10s"], ours())
                .outside(own())
                .but(&milvus.backend(&json!({
                    "timeoutSec": 3600,
                    "drainingTimeoutSec": 60,
                    "healthCheck": {"checkIntervalSec": 10, "timeoutSec": 10},
                }))),
            case(&["--tls-secret=own", "--static-ip=milvus-ip"], ours())
                .outside(own())
                .flag("-addresses=milvus-ip")
                .but(&no_address),
        ]
    });
}

#[test]
fn rest() {
    let charts = [
        "4.2.20/cluster-default",
        "5.0.19/cluster-default",
        "5.0.19/clusterip-none",
        "5.0.19/default-standalone",
        "5.0.19/nodeport",
    ];
    judge(&charts, |milvus| {
        vec![
            Case::new(milvus, &["--rest"], &milvus.rest(8080)),
            Case::new(milvus, &["--rest", "--http-port=9000", "--service-type=keep"], &milvus.rest(9000)),
        ]
    });
}

/// A Gateway beside the Ingress changes nothing of it: GKE's Ingress controllers do not read `appProtocol`.
#[test]
fn beside_a_gateway() {
    let Some(pair) = Pair::get() else { return };
    let both = |milvus: &Milvus, args: &[&str], other: &Value| {
        // The judge's API server has the definitions of the Ingress controllers only.
        let objections = json!({"objections": ["no matches for kind \"HealthCheckPolicy\""]});
        Case::new(milvus, &[&["--with-ingress"], args].concat(), other).but(&objections)
    };
    judge(&OLD_AND_NEW, |milvus| {
        let ours = json!([self_managed(&pair.certificate)]);
        let more = [
            "--gateway",
            "--cert-map=map",
            "--static-ip=milvus-ip",
            "--gateway-ip=gateway-ip",
            "--redirect-http",
            "--timeout=1h",
        ];
        vec![
            both(milvus, &["--gateway", "--cert-map=map"], &json!({})),
            both(milvus, &["--gateway", "--tls-secret=own"], &json!({"certificates": ours}))
                .outside(milvus.secret("own", pair)),
            both(milvus, &more, &json!({"address": "milvus-ip", "redirect": REDIRECT}))
                .flag("-addresses=milvus-ip")
                .but(&milvus.backend(&json!({"timeoutSec": 3600})))
                .but(&json!({"objections": ["HealthCheckPolicy", "no matches for kind \"GCPBackendPolicy\""]})),
            both(milvus, &["--gateway=gke-l7-rilb", "--internal", "--tls-secret=own"], &milvus.internal(&ours))
                .outside(milvus.secret("own", pair)),
        ]
    });
    judge(&NEW, |milvus| vec![both(milvus, &["--gateway", "--cert-map=map", "--rest"], &milvus.rest(8080))]);
}

#[test]
fn several_hosts() {
    let Some(pair) = Pair::get() else { return };
    judge(&OLD_AND_NEW, |milvus| {
        let routes =
            |hosts: &[&str]| hosts.iter().map(|host| milvus.route(host, "/*", milvus.port)).collect::<Vec<_>>();
        let (second, wild) = ("vectors.example.com", "*.vectors.example.com");
        let managed = format!("MANAGED {} {HOST} {second}", milvus.managed_name());
        let ours = self_managed(&pair.certificate);
        vec![
            Case::new(
                milvus,
                &["--host", second],
                &json!({"routes": routes(&[HOST, second]), "certificates": [managed]}),
            ),
            Case::new(
                milvus,
                &["--tls-secret=own", "--host", wild],
                &json!({"routes": routes(&[HOST, wild]), "certificates": [ours]}),
            )
            .outside(milvus.secret("own", pair)),
        ]
    });
}

/// A Service that not everybody reached stays inside, or is everybody's by decision.
#[test]
fn restricted() {
    let Some(pair) = Pair::get() else { return };
    judge(&["4.1.36/lb-annotations", "5.0.19/gcp-doc-values", "5.0.19/lb-annotations"], |milvus| {
        let internal = milvus.internal(&json!([self_managed(&pair.certificate)]));
        vec![
            Case::new(milvus, &["--public"], &json!({})),
            Case::new(milvus, &["--internal", "--tls-secret=own"], &internal).outside(milvus.secret("own", pair)),
        ]
    });
}

#[test]
fn service_types_that_stay() {
    judge(&["5.0.19/lb-annotations", "5.0.19/nodeport", "5.0.19/clusterip-none"], |milvus| {
        vec![Case::new(milvus, &["--service-type=keep", "--public"], &json!({}))]
    });
}

#[test]
fn all_at_once() {
    let args = [
        "--static-ip=milvus-ip",
        "--redirect-http",
        "--ssl-policy=modern-tls",
        "--timeout=1h30m",
        "--drain=1m",
        "--health-interval=10",
        "--health-timeout=5",
        "--security-policy=office-only",
        "--log-sample-rate=0.5",
        "--rest",
    ];
    judge(&NEW, |milvus| {
        let backend = |features: &[&str]| {
            json!({
                "features": features,
                "securityPolicy": "office-only",
                "timeoutSec": 5400,
                "drainingTimeoutSec": 60,
                "logSampleRate": 0.5,
                "healthCheck": {"checkIntervalSec": 10, "timeoutSec": 5},
            })
        };
        let other = json!({
            "address": "milvus-ip",
            "redirect": REDIRECT,
            "sslPolicy": "modern-tls",
            "backends": {
                milvus.port.to_string(): backend(&["HTTP2", "NEG", "SecurityPolicy"]),
                "8080": backend(&["NEG", "SecurityPolicy"]),
            },
        });
        vec![Case::new(milvus, &args, &milvus.rest(8080)).flag("-addresses=milvus-ip").but(&other)]
    });
}

/// The endpoints as GKE's NEG controller finds them.
#[test]
fn with_the_neg_controller() {
    let Some(pair) = Pair::get() else { return };
    judge(&NEW, |milvus| {
        let internal = milvus.internal(&json!([self_managed(&pair.certificate)]));
        vec![
            Case::new(milvus, &["--rest"], &milvus.rest(8080)).with_neg_controller(),
            Case::new(milvus, &["--internal", "--tls-secret=own"], &internal)
                .outside(milvus.secret("own", pair))
                .with_neg_controller(),
        ]
    });
    judge(&["4.0.34/cluster-default", "5.0.19/clusterip-none"], |milvus| {
        vec![Case::new(milvus, &[], &json!({})).with_neg_controller()]
    });
}

/// What "it must exist" means in the options' descriptions.
#[test]
fn what_must_exist() {
    judge(&NEW, |milvus| {
        // No sync is complete: there is no address, and at most port 80 is open.
        let case = |args: &[&str], ports: Value, objections: &[&str]| {
            let other = json!({
                "address": null, "ports": ports, "certificates": [], "objections": objections,
            });
            Case::new(milvus, args, &other)
        };
        let nothing = json!({"routes": [], "otherwise": null});
        let missing = ["secrets \"my-release-milvus-tls\" not found"];
        let not_there = "global/sslCertificates/one' was not found";
        vec![
            case(&["--tls-secret=my-release-milvus-tls"], json!([]), &missing).but(&nothing),
            case(&["--cluster-issuer=letsencrypt"], json!([]), &missing).but(&nothing),
            case(&["--cluster-issuer=letsencrypt"], json!([]), &["does not specify cert as string data"])
                .outside(milvus.object("v1", "Secret", "my-release-milvus-tls", &json!({})))
                .but(&nothing),
            case(&["--pre-shared-cert=one"], json!(["80"]), &[not_there, not_there]),
            case(&["--static-ip=milvus-ip"], json!([]), &["the given static IP name milvus-ip doesn't translate"]),
            case(
                &["--managed-cert=one"],
                json!(["80"]),
                &["MissingCertificate: ManagedCertificate milvus:one missing"],
            )
            .but(&json!({"address": "ephemeral"})),
        ]
    });
}

/// The judge sees what is accepted without a word.
#[test]
fn mistakes() {
    let Some(charts) = corpus::charts() else { return };
    let Some(controllers) = Controllers::find() else { return };
    let render = Render::named(&charts, "5.0.19/default-standalone");
    let case = Case::new(&render.milvus, &["--rest"], &render.milvus.rest(8080));
    let output = String::from_utf8(rewritten(&case.args, &render.input).unwrap()).unwrap();
    assert_eq!(case.expected, case.facts(&controllers, &render.milvus, output.as_bytes()));
    let mistakes = [
        (r#""milvus":"HTTP2""#, r#""milvus":"HTTP""#),
        (r#""milvus":"HTTP2""#, r#""19530":"HTTP2""#),
        (r#","rest":"HTTPS""#, ""),
        (r#"'{"default": "my-release-backendconfig"}'"#, r#"'{"ports": {"metrics": "my-release-backendconfig"}}'"#),
        ("    port: 9091\n    requestPath: /healthz\n    type: HTTP\n", "    port: 9091\n    requestPath: /healthz\n"),
        ("    port: 9091\n    requestPath: /healthz\n    type: HTTP\n", "    requestPath: /healthz\n    type: HTTP\n"),
        ("    requestPath: /healthz\n", "    path: /healthz\n"),
        ("      - path: /\n        pathType: Prefix\n", "      - path: /\n        pathType: Exact\n"),
        ("      - path: /v2\n        pathType: Prefix\n", "      - path: /v2\n        pathType: Exact\n"),
        ("    kubernetes.io/ingress.class: gce\n", "    kubernetes.io/ingress.class: nginx\n"),
        ("    networking.gke.io/managed-certificates: my-release-milvus-tls\n", ""),
        ("    cloud.google.com/neg: '{\"ingress\": true}'\n", ""),
    ];
    for (right, wrong) in mistakes {
        assert_eq!(output.matches(right).count(), 1, "{right} is not there once");
        let found = case.facts(&controllers, &render.milvus, output.replace(right, wrong).as_bytes());
        assert_ne!(case.expected, found, "nobody sees {wrong:?} in the place of {right:?}");
    }
}

/// Judges the cases of each render.
fn judge(renders: &[&str], cases: impl Fn(&Milvus) -> Vec<Case>) {
    let Some(charts) = corpus::charts() else { return };
    let Some(controllers) = Controllers::find() else { return };
    let (mut judged, mut failures) = (0, Vec::new());
    for render in renders.iter().map(|name| Render::named(&charts, name)) {
        for case in cases(&render.milvus) {
            judged += 1;
            let result = case.judge(&controllers, &render);
            failures.extend(result.err().map(|error| format!("{} {}: {error:#}", render.name, case.args.join(" "))));
        }
    }
    assert!(judged > 0, "nothing to judge");
    assert!(failures.is_empty(), "{} of {judged} fail\n\n{}", failures.len(), failures.join("\n\n"));
}
