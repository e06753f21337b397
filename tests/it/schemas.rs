//! Our objects against the schemas that API servers hold them to: GKE's own, and those of Kubernetes' Ingress,
//! Secret and Service. Stricter than an API server, which drops unknown fields without a word.
//!
//! GKE's CustomResourceDefinitions are those of its Ingress controllers, or those in the folder `KUBE_CRDS`.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::common::{self, corpus, documents, pair::Pair, run, say, schema::check};

/// The kinds that we append, and the Service, which we change.
const KINDS: [&str; 6] = ["BackendConfig", "FrontendConfig", "Ingress", "ManagedCertificate", "Secret", "Service"];

/// Schemas of whole objects, by `apiVersion kind`.
struct Schemas(BTreeMap<String, Value>);

impl Schemas {
    /// `None`, said aloud, where there are no CustomResourceDefinitions; with `CI=true` that is a failure.
    fn read() -> Option<Self> {
        let mut schemas = kubernetes();
        for file in corpus::yaml_files(&corpus::crds()?) {
            let definition: Value = serde_yaml::from_str(&fs::read_to_string(file).unwrap()).unwrap();
            let definition = &definition["spec"];
            for version in definition["versions"].as_array().unwrap() {
                let mut schema = version["schema"]["openAPIV3Schema"].clone();
                // Custom resources have these without saying so.
                for (name, schema_of) in [("apiVersion", string()), ("kind", string()), ("metadata", metadata())] {
                    schema["properties"][name] = schema_of;
                }
                schema["required"] = json!(["apiVersion", "kind", "metadata", "spec"]);
                let (group, name) = (text(&definition["group"]), text(&version["name"]));
                schemas.insert(format!("{group}/{name} {}", text(&definition["names"]["kind"])), schema);
            }
        }
        Some(Self(schemas))
    }

    /// What is wrong with an object.
    fn check(&self, object: &Value) -> Vec<String> {
        let identity = format!("{} {}", text(&object["apiVersion"]), text(&object["kind"]));
        let mut wrong = Vec::new();
        match self.0.get(&identity) {
            Some(schema) => check(schema, object, "", &mut wrong),
            None => wrong.push("nobody serves it".to_owned()),
        }
        let name = text(&object["metadata"]["name"]);
        wrong.into_iter().map(|what| format!("{identity} {name}: {what}")).collect()
    }
}

/// What Kubernetes 1.3x says of its own kinds (`k8s.io/api`), as far as they are used here. Values that are told apart
/// by others are left open.
fn kubernetes() -> BTreeMap<String, Value> {
    let whole = |fields: Value, required: &[&str]| {
        let mut schema = object(&json!({"apiVersion": string(), "kind": string(), "metadata": metadata()}), required);
        schema["properties"].as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        schema
    };
    let ingress = {
        let port = json!({"oneOf": [object(&json!({"number": port_number()}), &["number"]), object(&json!({"name": string()}), &["name"])]});
        let service = object(&json!({"name": string(), "port": port}), &["name", "port"]);
        let backend = object(&json!({"service": service}), &["service"]);
        let path = json!({
            "path": {"type": "string", "pattern": "^/"},
            "pathType": {"type": "string", "enum": ["Exact", "ImplementationSpecific", "Prefix"]},
            "backend": backend,
        });
        let paths = json!({"type": "array", "minItems": 1, "items": object(&path, &["path", "pathType", "backend"])});
        let rule = json!({
            "host": {"type": "string", "maxLength": 253, "pattern": r"^(\*\.)?[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$"},
            "http": object(&json!({"paths": paths}), &["paths"]),
        });
        let tls = object(&json!({"hosts": list(&string()), "secretName": string()}), &["secretName"]);
        object(&json!({"rules": list(&object(&rule, &["host", "http"])), "tls": list(&tls)}), &["rules"])
    };
    let service = {
        let port = json!({
            "name": string(),
            "protocol": {"type": "string", "enum": ["TCP", "UDP", "SCTP"]},
            "appProtocol": string(),
            "port": port_number(),
            "targetPort": {"oneOf": [port_number(), {"type": "string", "maxLength": 15}]},
            "nodePort": port_number(),
        });
        let fields = json!({
            "allocateLoadBalancerNodePorts": {"type": "boolean"},
            "clusterIP": string(),
            "clusterIPs": list(&string()),
            "externalIPs": list(&string()),
            "externalName": string(),
            "externalTrafficPolicy": string(),
            "healthCheckNodePort": port_number(),
            "internalTrafficPolicy": string(),
            "ipFamilies": list(&string()),
            "ipFamilyPolicy": string(),
            "loadBalancerClass": string(),
            "loadBalancerIP": string(),
            "loadBalancerSourceRanges": list(&string()),
            "ports": list(&object(&port, &["port"])),
            "publishNotReadyAddresses": {"type": "boolean"},
            "selector": texts(),
            "sessionAffinity": string(),
            "sessionAffinityConfig": {"type": "object"},
            "trafficDistribution": string(),
            "type": {"type": "string", "enum": ["ClusterIP", "NodePort", "LoadBalancer", "ExternalName"]},
        });
        object(&fields, &["ports"])
    };
    let base64 = json!({"type": "string", "pattern": "^([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$"});
    let data = object(&json!({"tls.crt": base64, "tls.key": base64}), &["tls.crt", "tls.key"]);
    let secret = json!({"data": data, "type": {"type": "string", "enum": ["kubernetes.io/tls"]}});
    BTreeMap::from([
        ("networking.k8s.io/v1 Ingress".to_owned(), whole(json!({"spec": ingress}), &["metadata", "spec"])),
        ("v1 Secret".to_owned(), whole(secret, &["metadata", "data", "type"])),
        ("v1 Service".to_owned(), whole(json!({"spec": service}), &["metadata", "spec"])),
    ])
}

/// Of the name, what fits every kind: a DNS label.
fn metadata() -> Value {
    let name = json!({"type": "string", "maxLength": 63, "pattern": "^[a-z]([-a-z0-9]*[a-z0-9])?$"});
    let label = json!({"type": "string", "maxLength": 63, "pattern": "^([A-Za-z0-9]([-._A-Za-z0-9]*[A-Za-z0-9])?)?$"});
    let labels = json!({"type": "object", "additionalProperties": label});
    object(&json!({"name": name, "namespace": name, "labels": labels, "annotations": texts()}), &["name"])
}

fn object(properties: &Value, required: &[&str]) -> Value {
    json!({"type": "object", "properties": properties, "required": required})
}

fn list(items: &Value) -> Value {
    json!({"type": "array", "items": items})
}

fn texts() -> Value {
    json!({"type": "object", "additionalProperties": string()})
}

fn string() -> Value {
    json!({"type": "string"})
}

fn port_number() -> Value {
    json!({"type": "integer", "minimum": 1, "maximum": 65535})
}

/// The objects of an output that do not stand in the input as they are.
fn ours(input: &[u8], output: &[u8]) -> Vec<Value> {
    let before = documents(input);
    let new = documents(output).into_iter().filter(|document| !before.contains(document));
    let values = new.flat_map(|document| {
        let value: Value = serde_yaml::from_slice(common::body(document)).expect("an output is YAML");
        let mut values = value["items"].as_array().cloned().unwrap_or_default();
        values.push(value);
        values
    });
    values.filter(|value| KINDS.iter().any(|kind| value["kind"] == *kind)).collect()
}

#[derive(Default)]
struct Judged {
    kinds: BTreeMap<String, usize>,
    failures: Vec<String>,
}

impl Judged {
    fn add(&mut self, schemas: &Schemas, label: &str, objects: &[Value]) {
        for object in objects {
            *self.kinds.entry(text(&object["kind"]).to_owned()).or_default() += 1;
            self.failures.extend(schemas.check(object).into_iter().map(|what| format!("{label}: {what}")));
        }
    }

    fn finish(self, expected: &[&str]) {
        let Self { kinds, failures } = self;
        say(&format!("{kinds:?}"));
        assert!(failures.is_empty(), "{} failures\n\n{}", failures.len(), failures.join("\n"));
        assert!(expected.iter().all(|kind| kinds.contains_key(*kind)), "not each of {expected:?} is among {kinds:?}");
    }
}

#[test]
fn recorded_outputs() {
    let Some(schemas) = Schemas::read() else { return };
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/cases");
    let mut judged = Judged::default();
    for group in ["append", "options"] {
        for file in corpus::yaml_files(&root.join(group)).iter().filter(|file| file.ends_with("stdout.yaml")) {
            let input = fs::read(file.with_file_name("stdin.yaml")).unwrap();
            let label = file.strip_prefix(&root).unwrap().display().to_string();
            judged.add(&schemas, &label, &ours(&input, &fs::read(file).unwrap()));
        }
    }
    // A certificate ends one day: no recorded output holds one.
    judged.finish(&["BackendConfig", "FrontendConfig", "Ingress", "ManagedCertificate", "Service"]);
}

#[test]
fn real_charts() {
    let Some(schemas) = Schemas::read() else { return };
    let Some(charts) = corpus::charts() else { return };
    let Some(pair) = Pair::get() else { return };
    let all = "--static-ip=milvus-ip --redirect-http --ssl-policy=modern-tls --timeout=1h --drain=60s \
        --health-interval=10s --security-policy=office-only --log-sample-rate=0.5";
    let ways = [
        vec![],
        all.split_whitespace().collect(),
        vec!["--internal", "--issuer=letsencrypt"],
        vec!["--pre-shared-cert=one,two", "--rest", "--log-sample-rate=0"],
        pair.flags().to_vec(),
    ];
    let mut judged = Judged::default();
    let files = corpus::yaml_files(&charts).into_iter().filter(|file| !file.to_string_lossy().contains(".reference."));
    for file in files {
        let input = fs::read(&file).unwrap();
        for way in &ways {
            let args: Vec<_> = ["--host=milvus.example.com"].iter().chain(way).map(|&arg| arg.to_owned()).collect();
            let run = run(&args, &[], &input);
            // Which renders are to be refused is judged elsewhere.
            if run.status == Some(0) {
                let label = format!("{} {}", file.display(), way.join(" "));
                judged.add(&schemas, &label, &ours(&input, &run.stdout));
            }
        }
    }
    judged.finish(&KINDS);
}

/// A judge that lets everything pass would be none.
#[test]
fn mistakes() {
    let Some(schemas) = Schemas::read() else { return };
    let metadata = json!({"name": "a", "namespace": "b", "labels": {"c": "d"}});
    let object = |version: &str, kind: &str, spec: Value| json!({"apiVersion": version, "kind": kind, "metadata": metadata, "spec": spec});
    let config = |spec| object("cloud.google.com/v1", "BackendConfig", spec);
    let front = |spec| object("networking.gke.io/v1beta1", "FrontendConfig", spec);
    let managed = |domains| object("networking.gke.io/v1", "ManagedCertificate", json!({"domains": domains}));
    let ingress = |path| {
        object("networking.k8s.io/v1", "Ingress", json!({"rules": [{"host": "a.b", "http": {"paths": [path]}}]}))
    };
    let path = |path_type: &str, port: Value| json!({"path": "/", "pathType": path_type, "backend": {"service": {"name": "a", "port": port}}});
    let service = |port| object("v1", "Service", json!({"ports": [port]}));
    for right in [
        config(json!({"healthCheck": {"port": 9091}, "logging": {"enable": true, "sampleRate": 0.5}})),
        front(json!({"redirectToHttps": {"enabled": true}})),
        managed(json!(["a.example.com"])),
        ingress(path("Prefix", json!({"number": 1}))),
        service(json!({"port": 1, "targetPort": "milvus"})),
    ] {
        assert_eq!(schemas.check(&right), Vec::<String>::new());
    }
    let wrong = [
        (config(json!({"healthCheck": {"path": "/"}})), ".spec.healthCheck.path is unknown"),
        (config(json!({"healthCheck": {"port": "9091"}})), ".spec.healthCheck.port is \"9091\", not type \"integer\""),
        (config(json!({"timeoutSec": 1.5})), ".spec.timeoutSec is 1.5, not type \"integer\""),
        (config(json!({"securityPolicy": {}})), ".spec.securityPolicy is {}, not required [\"name\"]"),
        (config(Value::Null), ".spec is null, not type \"object\""),
        (front(json!({"redirectToHttps": {}})), ".spec.redirectToHttps is {}, not required [\"enabled\"]"),
        (managed(json!(["*.example.com"])), ".spec.domains[0] is \"*.example.com\", not pattern"),
        (managed(json!([format!("{}.example.com", "a".repeat(60))])), "not maxLength 63"),
        (managed(json!(vec!["a.example.com"; 101])), "not maxItems 100"),
        (ingress(path("prefix", json!({"number": 1}))), ".pathType is \"prefix\", not enum"),
        (ingress(path("Prefix", json!({"number": 1, "name": "a"}))), "not oneOf"),
        (ingress(path("Prefix", json!({"number": 70000}))), "not oneOf"),
        (service(json!({"port": 1, "targetport": 1})), ".spec.ports[0].targetport is unknown"),
        (object("networking.gke.io/v1", "FrontendConfig", json!({})), "nobody serves it"),
    ];
    for (object, what) in wrong {
        let found = schemas.check(&object);
        assert!(found.iter().any(|found| found.contains(what)), "{what} is not among {found:?}");
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}
