//! The judge `crdcheck` tells an object that fits its CustomResourceDefinition from one that does not: a judge that lets
//! everything pass would be none.

use std::io::Write as _;
use std::process::{Command, Stdio};

use crate::common;

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
