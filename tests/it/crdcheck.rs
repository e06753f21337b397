//! What an API server with the Gateway API's and GKE's CustomResourceDefinitions says of the objects of a Gateway: it
//! takes all of ours, and keeps every field, with the Gateway API of GKE 1.32 and with the newest. The judge `crdcheck` is
//! tried with mistakes, too: one that lets everything pass would be none.
//!
//! `GATEWAY_CRDS` names a folder of folders with other definitions: each is tried in the place of the judge's own.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::common::{self, corpus};

const ROUTE: &str = "\
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: milvus}
spec:
  parentRefs: [{name: gateway}]
  hostnames: [milvus.example.com]
  rules:
  - matches: [{path: {type: PathPrefix, value: /}}]
    backendRefs: [{name: milvus, port: 19530}]
---
apiVersion: networking.gke.io/v1
kind: HealthCheckPolicy
metadata: {name: milvus}
spec:
  default: {config: {type: HTTP, httpHealthCheck: {port: 9091, requestPath: /healthz}}}
  targetRef: {group: '', kind: Service, name: milvus}
";

#[test]
fn mistakes_are_told() {
    let Some(judge) = common::judge("crdcheck") else { return };
    for (right, mistake, fault) in [
        ("", "", ""),
        ("hostnames:", "hosts:", "hosts: unknown field"),
        ("port: 19530", "port: 195300", "should be less than or equal to 65535"),
        ("type: HTTP,", "type: Http,", "Unsupported value: \"Http\""),
        ("name: milvus}\nspec:\n  parentRefs", "name: Milvus}\nspec:\n  parentRefs", "metadata.name"),
        // A rule in CEL.
        ("value: /}", "value: //}", "must not contain '//'"),
        (", port: 19530", "", "Must have port for Service reference"),
    ] {
        let mut command = Command::new(judge.join("crdcheck"));
        command.args(["gateway-api", "gke-gateway-api"].map(|name| judge.join("crds").join(name))).args(["--", "-"]);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(ROUTE.replacen(right, mistake, 1).as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        assert_eq!(output.status.code(), Some(i32::from(!fault.is_empty())), "{mistake}: {text}");
        assert!(text.contains(fault), "{mistake}: {text}");
        let fitting = if fault.is_empty() { 2 } else { 1 };
        assert_eq!(text.lines().filter(|line| line.ends_with(": ok")).count(), fitting, "{mistake}: {text}");
    }
}

/// Every object of the golden cases of a Gateway, one with a Secret of our own, and those of each class with each way to
/// speak to Milvus, each certificate and all other flags.
#[test]
fn ours_are_taken() {
    let Some(judge) = common::judge("crdcheck") else { return };
    let mut outputs = golden_outputs();
    outputs.push(with_a_certificate_of_our_own());
    outputs.extend(combinations());
    let objects: Vec<_> =
        outputs.iter().flat_map(|output| common::documents(output)).filter(|it| is_judged(it)).collect();
    assert!(objects.len() > 50, "only {} objects", objects.len());
    let stream = objects.iter().map(|object| ["---\n", &String::from_utf8_lossy(common::body(object))].concat());
    let stream: String = stream.collect();
    for definitions in corpus::gateway_crds(&judge.join("crds")) {
        let output = judged(&judge, &definitions, &stream);
        let faults: Vec<_> = output.lines().filter(|line| !line.ends_with(": ok")).collect();
        assert!(faults.is_empty(), "{definitions:?}: {}", faults.join("\n"));
        assert_eq!(output.lines().count(), objects.len(), "{definitions:?}");
    }
}

fn golden_outputs() -> Vec<Vec<u8>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/cases/gateway");
    let files = corpus::yaml_files(&root).into_iter().filter(|file| file.ends_with("stdout.yaml"));
    files.map(|file| fs::read(file).unwrap()).collect()
}

fn combinations() -> Vec<Vec<u8>> {
    const GLOBAL: &str = "--cert-map=map";
    const REGIONAL: &str = "--certificate-manager-cert=cert";
    const ANY: [&str; 4] = ["--tls-secret=own", "--pre-shared-cert=one,two", "--cluster-issuer=ca", "--issuer=ca"];
    const ALL: &str = "--static-ip=ip --redirect-http --ssl-policy=modern --timeout=1h --drain=60s --health-interval=10s \
        --health-timeout=5s --security-policy=office --log-sample-rate=0.5 --rest";
    let classes = [
        ("gke-l7-global-external-managed", GLOBAL, &["tls", "h2c"][..]),
        ("gke-l7-regional-external-managed", REGIONAL, &["tls", "h2c"]),
        ("gke-l7-rilb", REGIONAL, &["tls", "h2c"]),
        ("gke-l7-gxlb", GLOBAL, &["tls"]),
    ];
    let mut outputs = Vec::new();
    for (class, certificate, backends) in classes {
        for backend in backends {
            for certificate in ANY.into_iter().chain([certificate]) {
                for more in ["", ALL] {
                    let flags = format!("--gateway={class} --backend={backend} {certificate} {more}");
                    let args = ["--host=milvus.example.com", "--host=vectors.example.com"].into_iter();
                    let args: Vec<_> = args.chain(flags.split_whitespace()).map(str::to_owned).collect();
                    let run = common::run(&args, &[], include_bytes!("../../testdata/sample/rendered.yaml"));
                    assert_eq!(run.status, Some(0), "{flags}: {}", String::from_utf8_lossy(&run.stderr));
                    outputs.push(run.stdout);
                }
            }
        }
    }
    outputs
}

fn with_a_certificate_of_our_own() -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    common::certificate(folder.path(), &["milvus.example.com"]);
    let file = |name: &str| folder.path().join(name).display().to_string();
    let args =
        ["--host=milvus.example.com", "--gateway", "--tls-cert", &file("tls.crt"), "--tls-key", &file("tls.key")];
    let sample = include_bytes!("../../testdata/sample/rendered.yaml");
    let run = common::run(&args.map(str::to_owned), &[], sample);
    assert_eq!(run.status, Some(0), "{}", String::from_utf8_lossy(&run.stderr));
    let output = String::from_utf8_lossy(&run.stdout);
    assert!(output.trim_end().rsplit("---\n").next().unwrap().contains("kubernetes.io/tls"), "the Secret is the last");
    run.stdout
}

/// Of the kinds that have definitions.
fn is_judged(document: &[u8]) -> bool {
    let text = String::from_utf8_lossy(document);
    let of = |key: &str| text.lines().find_map(|line| line.strip_prefix(key)).unwrap_or_default();
    let group = of("apiVersion: ");
    group.starts_with("gateway.networking.k8s.io/")
        || group == "networking.gke.io/v1" && of("kind: ").ends_with("Policy")
}

/// What the judge says of a stream.
fn judged(judge: &Path, definitions: &[PathBuf], stream: &str) -> String {
    let mut command = Command::new(judge.join("crdcheck"));
    command.args(definitions).args(["--", "-"]);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(stream.as_bytes()).unwrap();
    String::from_utf8(child.wait_with_output().unwrap().stdout).unwrap()
}
