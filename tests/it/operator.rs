//! The judge `operator` tells what the Milvus Operator makes of a resource, and refuses what is none.

use std::io::Write as _;
use std::process::{Command, Output};

use serde_json::{Value, json};
use tempfile::NamedTempFile;

use crate::common;

const MILVUS: &str = r#"
apiVersion: milvus.io/v1beta1
kind: Milvus
metadata: {name: films, namespace: search}
spec:
  mode: standalone
  config:
    common: {security: {tlsMode: 1}}
  components:
    standalone:
      serviceType: ClusterIP
      serviceAnnotations:
        cloud.google.com/neg: '{"ingress": true}'
  dependencies:
    msgStreamType: rocksmq
    etcd: {external: true, endpoints: ["etcd:2379"]}
    storage: {external: true, type: S3, endpoint: "minio:9000", secretRef: ""}
"#;

#[test]
fn service_and_settings_of_a_resource() {
    let Some(output) = operator(MILVUS) else { return };
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
    let objects: Vec<Value> = text
        .split("---\n")
        .filter_map(|document| serde_yaml::from_str(document).ok())
        .filter(Value::is_object)
        .collect();
    let service = objects.iter().find(|object| object["spec"]["ports"].is_array()).expect(&text);
    assert_eq!(service["metadata"]["name"], "films-milvus");
    assert_eq!(service["metadata"]["annotations"], json!({"cloud.google.com/neg": r#"{"ingress": true}"#}));
    assert_eq!(service["spec"]["type"], "ClusterIP");
    let ports = service["spec"]["ports"].as_array().unwrap();
    assert_eq!(ports.iter().map(|port| &port["name"]).collect::<Vec<_>>(), ["milvus", "metrics"]);
    let settings = objects.iter().find_map(|object| object["data"]["user.yaml"].as_str()).expect(&text);
    let settings: Value = serde_yaml::from_str(settings).unwrap();
    assert_eq!(settings["common"]["security"]["tlsMode"], 1);
}

#[test]
fn unknown_field() {
    let Some(output) = operator(&MILVUS.replace("serviceAnnotations", "serviceAnotations")) else { return };
    let text = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert!(text.contains("unknown field \"serviceAnotations\""), "{text}");
}

fn operator(resource: &str) -> Option<Output> {
    let folder = common::judge("operator")?;
    let mut file = NamedTempFile::new().unwrap();
    file.write_all(resource.as_bytes()).unwrap();
    let mut command = Command::new(folder.join("operator"));
    command.arg(&folder).arg(file.path()).env("KUBECONFIG", folder.join("kubeconfig"));
    Some(command.output().unwrap())
}
