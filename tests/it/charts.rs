//! The program on real renders of the Milvus chart, in value against what Helm renders for the same
//! values plus the guide's.
//!
//! `MILVUS_CHARTS` names the folder: `<chart version>/<case>.yaml` is what Helm 3 hands to a
//! post-renderer, `<case>.reference.yaml` is the reference, `helm4/` is what Helm 4 hands over.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail, ensure};
use serde::Serialize as _;
use serde_json::ser::Formatter;
use serde_json::{Map, Value, json};

use crate::common::{self, body, changed_lines, checksums, corpus, diff, documents, lines, run, say};

const HOST: &str = "milvus.example.com";
const APP_PROTOCOLS: &str = "cloud.google.com/app-protocols";
const BACKEND_CONFIG: &str = "cloud.google.com/backend-config";
const NEG: &str = "cloud.google.com/neg";
const CHECKSUM: &str = "/spec/template/metadata/annotations/checksum~1config";
const HELM_4_ANNOTATION: &str = "/metadata/annotations/postrenderer.helm.sh~1postrender-filename";
/// Legal, or of use, only while a Service has a load balancer of its own.
const LAYER_4_FIELDS: [&str; 6] = [
    "loadBalancerIP",
    "loadBalancerSourceRanges",
    "loadBalancerClass",
    "externalTrafficPolicy",
    "healthCheckNodePort",
    "allocateLoadBalancerNodePorts",
];
/// From here on Milvus does not start with TLS while HTTP shares the gRPC port.
const NEEDS_HTTP_PORT: Version = [2, 4, 13];

type Version = [u32; 3];

/// Where the certificate comes from.
#[derive(Clone, Copy, PartialEq)]
enum Mode {
    Managed,
    Secret,
}

impl Mode {
    fn name(self) -> &'static str {
        match self {
            Self::Managed => "managed certificate",
            Self::Secret => "TLS Secret",
        }
    }

    fn args(self) -> Vec<String> {
        let args: &[&str] = match self {
            Self::Managed => &["--host", HOST],
            Self::Secret => &["--host", HOST, "--tls-secret", "my-tls"],
        };
        args.iter().map(|&arg| arg.to_owned()).collect()
    }
}

#[test]
fn helm_3_renders_with_a_managed_certificate() {
    helm_3_renders(Mode::Managed);
}

#[test]
fn helm_3_renders_with_a_tls_secret() {
    helm_3_renders(Mode::Secret);
}

#[test]
fn helm_4_renders_with_a_managed_certificate() {
    helm_4_renders(Mode::Managed);
}

#[test]
fn helm_4_renders_with_a_tls_secret() {
    helm_4_renders(Mode::Secret);
}

fn helm_3_renders(mode: Mode) {
    let Some(root) = corpus::charts() else { return };
    let mut judged = Judged::default();
    for folder in entries(&root).iter().filter(|folder| folder.is_dir() && !folder.ends_with("helm4")) {
        let version = version(&file_name(folder));
        for file in entries(folder) {
            let name = file_name(&file);
            let Some(case) = name.strip_suffix(".yaml").filter(|case| !case.ends_with(".reference")) else {
                continue;
            };
            let input = fs::read(&file).unwrap();
            let label = format!("{}/{case}, {}", file_name(folder), mode.name());
            let reference = fs::read(folder.join(format!("{case}.reference.yaml")));
            let reference = reference.unwrap_or_else(|error| panic!("{label}: no reference: {error}"));
            judged.add(&label, judge_case(case, version, mode, &input, Some(&reference)));
        }
    }
    judged.finish();
}

fn helm_4_renders(mode: Mode) {
    let Some(root) = corpus::charts() else { return };
    let folder = root.join("helm4");
    if !folder.is_dir() {
        return common::left_out(
            &format!("renders of Helm 4 at {}", folder.display()),
            "set MILVUS_CHARTS to their folder",
        );
    }
    let mut judged = Judged::default();
    for file in entries(&folder) {
        let input = fs::read(&file).unwrap();
        let label = format!("helm4/{}, {}", file_name(&file), mode.name());
        judged.add(&label, judge_case(&file_name(&file), None, mode, &input, None));
    }
    judged.finish();
}

#[derive(Default)]
struct Judged {
    cases: usize,
    failures: Vec<String>,
}

impl Judged {
    fn add(&mut self, label: &str, result: Result<String>) {
        self.cases += 1;
        match result {
            Ok(what) => say(&format!("{label}: {what}")),
            Err(error) => self.failures.push(format!("{label}: {error:#}")),
        }
    }

    fn finish(self) {
        assert!(self.cases > 0, "a folder without renders");
        let Self { cases, failures } = self;
        assert!(failures.is_empty(), "{} of {cases} renders fail\n\n{}", failures.len(), failures.join("\n\n"));
    }
}

/// A stream in value. Documents are read one by one, straight into JSON: some charts render
/// duplicate keys, which Helm accepts.
struct Stream<'a> {
    documents: Vec<&'a [u8]>,
    values: Vec<Value>,
}

impl<'a> Stream<'a> {
    fn read(text: &'a [u8]) -> Result<Self> {
        let documents = documents(text);
        let values = documents
            .iter()
            .map(|document| serde_yaml::from_slice(body(document)).with_context(|| head(document)))
            .collect::<Result<_>>()?;
        Ok(Self { documents, values })
    }

    fn find(&self, kind: &str, name: &str) -> Option<usize> {
        self.values.iter().position(|value| value["kind"] == kind && value["metadata"]["name"] == name)
    }
}

/// Where in the input the things are that the guide is about.
struct Milvus {
    service: usize,
    config: usize,
    workloads: Vec<usize>,
    version: Version,
}

fn judge_case(
    case: &str,
    chart: Option<Version>,
    mode: Mode,
    input: &[u8],
    reference: Option<&[u8]>,
) -> Result<String> {
    let before = Stream::read(input).context("the input")?;
    let causes = causes_of_refusal(&before);
    if let Some(cause) = refused_by_name(case, chart) {
        ensure!(causes.contains(cause), "the render should be refused for {cause}, but holds only {causes:?}");
    }
    let mut args = mode.args();
    let text = String::from_utf8_lossy(input);
    if causes.is_empty() && corpus::is_restricted(&text) {
        let refused = run(&args, &[], input);
        let stderr = String::from_utf8_lossy(&refused.stderr);
        ensure!(refused.status == Some(1) && stderr.contains("--public"), "is not refused: {stderr}");
        args.push("--public".to_owned());
    }
    let run = run(&args, &[], input);
    let stderr = String::from_utf8_lossy(&run.stderr);
    if !causes.is_empty() {
        ensure!(run.status == Some(1), "ended with {:?} instead of 1: {stderr}", run.status);
        ensure!(run.stdout.is_empty(), "refused, but wrote to stdout");
        ensure!(causes.iter().any(|cause| stderr.contains(cause)), "the message names none of {causes:?}: {stderr}");
        return Ok(format!("refused, as it must be ({})", causes.into_iter().collect::<Vec<_>>().join(", ")));
    }
    ensure!(run.status == Some(0), "ended with {:?}: {stderr}", run.status);
    // Attu is pointed at Milvus without TLS, Milvus asks for no password, and nothing else is to be warned of.
    let mut expected = Vec::new();
    if !text
        .lines()
        .any(|line| line.trim().trim_start_matches("common.security.").starts_with("authorizationEnabled: true"))
    {
        expected.push("warning: Milvus does not ask for a password");
    }
    if text.contains("MILVUS_URL") {
        expected.push("warning: Attu ");
    }
    let warned: Vec<_> = stderr.lines().collect();
    let fits =
        warned.len() == expected.len() && warned.iter().zip(&expected).all(|(line, words)| line.starts_with(words));
    ensure!(fits, "not {expected:?}: {stderr}");

    let output = run.stdout;
    let after = Stream::read(&output).context("the output")?;
    let milvus = find_milvus(&before)?;
    let appended = expected_documents(&before.values[milvus.service], mode);
    let kept = before.documents.len();
    ensure!(
        after.documents.len() == kept + appended.len(),
        "{} documents came out of {kept}, {} were to be appended",
        after.documents.len(),
        appended.len(),
    );

    judge_service(&before.values[milvus.service], &after.values[milvus.service])?;
    let edited = judge_config(&before, &after, &milvus)?;
    judge_checksums(&before, &after, &milvus, edited, reference.is_some())?;
    for (at, expected) in appended.iter().enumerate() {
        ensure!(after.documents[kept + at].starts_with(b"---\n"), "appended document {at} is not led by ---");
        same(expected, &after.values[kept + at]).with_context(|| format!("appended document {at}"))?;
    }
    judge_untouched(&before, &after, &milvus, edited)?;
    judge_comments(input, &output)?;
    if let Some(reference) = reference {
        judge_against(&Stream::read(reference).context("the reference")?, &after, kept, &milvus)?;
    }

    let second = common::run(&mode.args(), &[], &output);
    ensure!(second.status == Some(0), "a second run fails: {}", String::from_utf8_lossy(&second.stderr));
    ensure!(second.stdout == output, "a second run changes the stream again\n{}", diff(&output, &second.stdout));

    let own: usize = after.documents[kept..].iter().map(|document| document.len()).sum();
    let (chart_part, own_part) = output.split_at(output.len() - own);
    let (gone, come) = changed_lines(input, chart_part);
    Ok(format!("-{gone} +{come} lines, {} lines appended", lines(own_part).len()))
}

/// What the case's name promises, for the charts that have the setting at all.
fn refused_by_name(case: &str, chart: Option<Version>) -> Option<&'static str> {
    let chart = chart?;
    if chart < [3, 3, 2] {
        return Some("milvus.yaml");
    }
    let named = [
        ("custom-configmap", "customConfigMap", [4, 1, 35]),
        ("proxy-disabled", "proxy.enabled", [0, 0, 0]),
        ("chart-ingress", "ingress.enabled=false", [0, 0, 0]),
        ("user-yaml-tlsmode2", "tlsMode", [0, 0, 0]),
    ];
    named.iter().find(|(part, _, since)| case.contains(part) && chart >= *since).map(|&(_, cause, _)| cause)
}

/// The reasons to refuse a render. A message has to name one of them.
fn causes_of_refusal(input: &Stream) -> BTreeSet<&'static str> {
    let mut causes = BTreeSet::new();
    match find_service(input) {
        None => {
            causes.insert("proxy.enabled");
        }
        Some(service) => {
            let name = text(&input.values[service], "/metadata/name");
            if input.find("Ingress", name).is_some() {
                causes.insert("ingress.enabled=false");
            }
        }
    }
    for name in input.values.iter().filter_map(config_name) {
        match input.find("ConfigMap", name).map(|config| &input.values[config]["data"]) {
            None => {
                causes.insert("customConfigMap");
            }
            Some(data) if data["default.yaml"].is_null() => {
                causes.insert("milvus.yaml");
            }
            Some(data) if settings(&data["user.yaml"]).pointer("/common/security/tlsMode") == Some(&json!(2)) => {
                causes.insert("tlsMode");
            }
            Some(_) => {}
        }
    }
    causes
}

/// The one Service in front of the proxies.
fn find_service(input: &Stream) -> Option<usize> {
    let mut found = (0..input.values.len()).filter(|&at| {
        let value = &input.values[at];
        value["kind"] == "Service" && milvus_port(value).is_some()
    });
    let service = found.next();
    assert!(found.next().is_none(), "two Milvus Services in one render");
    service
}

fn milvus_port(service: &Value) -> Option<&Value> {
    let component = &service["spec"]["selector"]["component"];
    let ports = service["spec"]["ports"].as_array()?;
    let port = ports.iter().find(|port| port["targetPort"] == "milvus")?;
    (component == "proxy" || component == "standalone").then_some(port)
}

/// The ConfigMap that a component of Milvus mounts as its settings.
fn config_name(workload: &Value) -> Option<&str> {
    let volumes = workload.pointer("/spec/template/spec/volumes")?.as_array()?;
    let volume = volumes.iter().find(|volume| volume["name"] == "milvus-config")?;
    volume.pointer("/configMap/name")?.as_str()
}

/// Woodpecker's StatefulSet has the same ConfigMap under another volume name.
fn mounts(workload: &Value, config: &str) -> bool {
    let volumes = workload.pointer("/spec/template/spec/volumes").and_then(Value::as_array);
    volumes.is_some_and(|volumes| volumes.iter().any(|volume| volume["configMap"]["name"] == config))
}

fn find_milvus(input: &Stream) -> Result<Milvus> {
    let service = find_service(input).context("no Milvus Service")?;
    let component = &input.values[service]["spec"]["selector"]["component"];
    let front = input
        .values
        .iter()
        .filter(|value| config_name(value).is_some())
        .find(|workload| workload.pointer("/spec/template/metadata/labels/component") == Some(component))
        .context("no workload behind the Service")?;
    let name = config_name(front).unwrap();
    let config = input.find("ConfigMap", name).context("no ConfigMap")?;
    let workloads = (0..input.values.len()).filter(|&at| mounts(&input.values[at], name)).collect();
    let image = text(front, "/spec/template/spec/containers/0/image");
    let version = version(image.rsplit(":v").next().unwrap()).with_context(|| format!("no version in {image}"))?;
    Ok(Milvus { service, config, workloads, version })
}

fn judge_service(before: &Value, after: &Value) -> Result<()> {
    let port = text(milvus_port(before).unwrap(), "/name");
    let backend_config = format!("{}-backendconfig", release(before));
    let mut expected = before.clone();
    let spec = expected["spec"].as_object_mut().unwrap();
    spec.insert("type".to_owned(), json!("ClusterIP"));
    spec.retain(|key, _| !LAYER_4_FIELDS.contains(&key.as_str()));
    for port in spec["ports"].as_array_mut().unwrap() {
        port.as_object_mut().unwrap().remove("nodePort");
    }
    let old = before["metadata"]["annotations"].as_object().cloned().unwrap_or_default();
    let mut annotations = old.clone();
    for (key, ours, spaced) in [
        (APP_PROTOCOLS, json!({ port: "HTTP2" }), false),
        (BACKEND_CONFIG, json!({ "default": backend_config }), true),
        (NEG, json!({ "ingress": true }), true),
    ] {
        let mut merged: Map<String, Value> = match old.get(key).and_then(Value::as_str) {
            Some(value) => serde_json::from_str(value)?,
            None => Map::new(),
        };
        merged.extend(ours.as_object().unwrap().clone());
        annotations.insert(key.to_owned(), json!(written(&Value::Object(merged), spaced)));
    }
    expected["metadata"]["annotations"] = Value::Object(annotations);
    same(&expected, after).context("the Service")
}

/// JSON as the guide writes it, with spaces in two of the three annotations.
fn written(value: &Value, spaced: bool) -> String {
    struct Spaced;
    impl Formatter for Spaced {
        fn begin_object_key<W: io::Write + ?Sized>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
            if first { Ok(()) } else { writer.write_all(b", ") }
        }
        fn begin_object_value<W: io::Write + ?Sized>(&mut self, writer: &mut W) -> io::Result<()> {
            writer.write_all(b": ")
        }
    }
    if !spaced {
        return value.to_string();
    }
    let mut text = Vec::new();
    value.serialize(&mut serde_json::Serializer::with_formatter(&mut text, Spaced)).unwrap();
    String::from_utf8(text).unwrap()
}

/// Judges the ConfigMap by itself and says whether it had to change.
fn judge_config(before: &Stream, after: &Stream, milvus: &Milvus) -> Result<bool> {
    let (old, new) = (&before.values[milvus.config], &after.values[milvus.config]);
    let user = settings(&old["data"]["user.yaml"]);
    let default = settings(&old["data"]["default.yaml"]);
    let setting = |path: &str| match user.pointer(path) {
        None | Some(Value::Null) => default.pointer(path).filter(|value| !value.is_null()),
        set => set,
    };
    let add_port = milvus.version >= NEEDS_HTTP_PORT
        && setting("/proxy/http/enabled") != Some(&json!(false))
        && setting("/proxy/http/port").is_none();
    let mut expected = user.clone();
    set(&mut expected, &["common", "security", "tlsMode"], json!(1));
    if add_port {
        set(&mut expected, &["proxy", "http", "port"], json!(8080));
    }
    same(&expected, &settings(&new["data"]["user.yaml"])).context("user.yaml")?;
    same(&without_user_yaml(old), &without_user_yaml(new)).context("the rest of the ConfigMap")?;
    Ok(expected != user)
}

fn judge_checksums(before: &Stream, after: &Stream, milvus: &Milvus, edited: bool, by_helm_3: bool) -> Result<()> {
    let old_sums = checksums(before.documents[milvus.config]);
    let new_sums = checksums(after.documents[milvus.config]);
    for &at in &milvus.workloads {
        let (old, new) = (text(&before.values[at], CHECKSUM), text(&after.values[at], CHECKSUM));
        let name = text(&before.values[at], "/metadata/name");
        ensure!((old != new) == edited, "{name}: checksum/config from {old} to {new}, ConfigMap edited: {edited}");
        if !edited {
            continue;
        }
        let lines = changed_lines(before.documents[at], after.documents[at]);
        ensure!(lines == (1, 1), "{name}: a checksum is one line, not {lines:?}");
        match old_sums.iter().position(|sum| sum == old) {
            Some(which) => ensure!(new == new_sums[which], "{name}: checksum/config is {new}, not {}", new_sums[which]),
            // Helm 4 writes the ConfigMap anew before it hands it over.
            None if !by_helm_3 => {
                ensure!(
                    new.len() == 64 && new.bytes().all(|byte| byte.is_ascii_hexdigit()),
                    "{name}: {new} is no SHA-256"
                );
                let first = text(&after.values[milvus.workloads[0]], CHECKSUM);
                ensure!(new == first, "{name}: {new} differs from {first} of another workload");
            }
            None => bail!("{name}: the checksum in the render is not one of Helm's"),
        }
    }
    Ok(())
}

fn judge_untouched(before: &Stream, after: &Stream, milvus: &Milvus, edited: bool) -> Result<()> {
    for (at, document) in before.documents.iter().enumerate() {
        let touched = at == milvus.service || (edited && (at == milvus.config || milvus.workloads.contains(&at)));
        let same = document == &after.documents[at];
        ensure!(touched || same, "{}: changed\n{}", head(document), diff(document, after.documents[at]));
        let annotation = before.values[at].pointer(HELM_4_ANNOTATION);
        ensure!(
            annotation.is_none() || after.values[at].pointer(HELM_4_ANNOTATION) == annotation,
            "{}: the annotation of Helm 4 is lost",
            head(document)
        );
    }
    Ok(())
}

/// Every comment line of the input is in the output, in the same order.
fn judge_comments(input: &[u8], output: &[u8]) -> Result<()> {
    let is_comment = |line: &&[u8]| line.trim_ascii_start().starts_with(b"#");
    let mut rest = lines(output).into_iter();
    for comment in lines(input).into_iter().filter(is_comment) {
        ensure!(rest.any(|line| line == comment), "comment lost: {}", String::from_utf8_lossy(comment));
    }
    Ok(())
}

/// The reference is the guide done with chart values: everything but the annotations, the checksums,
/// the HTTP port and the appended documents.
fn judge_against(reference: &Stream, after: &Stream, kept: usize, milvus: &Milvus) -> Result<()> {
    ensure!(reference.values.len() == kept, "the reference has {} documents", reference.values.len());
    for at in 0..kept {
        let (mut expected, mut got) = (reference.values[at].clone(), after.values[at].clone());
        if at == milvus.service {
            for service in [&mut expected, &mut got] {
                without_annotations(service);
            }
        } else if milvus.workloads.contains(&at) {
            for workload in [&mut expected, &mut got] {
                let annotations = workload.pointer_mut("/spec/template/metadata/annotations").unwrap();
                annotations.as_object_mut().unwrap().remove("checksum/config");
            }
        } else if at == milvus.config {
            let user = settings(&expected["data"]["user.yaml"]);
            let mut ours = settings(&got["data"]["user.yaml"]);
            if user.pointer("/proxy/http/port").is_none() {
                unset(&mut ours, &["proxy", "http", "port"], &user);
            }
            same(&user, &ours).context("user.yaml against the reference")?;
            (expected, got) = (without_user_yaml(&expected), without_user_yaml(&got));
        }
        same(&expected, &got).with_context(|| format!("{} against the reference", head(after.documents[at])))?;
    }
    Ok(())
}

fn without_annotations(service: &mut Value) {
    let metadata = service["metadata"].as_object_mut().unwrap();
    let annotations = metadata.get_mut("annotations").and_then(Value::as_object_mut);
    if let Some(annotations) = annotations {
        annotations.retain(|key, _| ![APP_PROTOCOLS, BACKEND_CONFIG, NEG].contains(&key.as_str()));
    }
    // Null and no entry at all are the same to Kubernetes.
    if metadata.get("annotations").is_some_and(|value| value.as_object().is_none_or(Map::is_empty)) {
        metadata.remove("annotations");
    }
}

fn expected_documents(service: &Value, mode: Mode) -> Vec<Value> {
    let name = text(service, "/metadata/name");
    let metadata = |name: &str| {
        let labels: Map<String, Value> = service["metadata"]["labels"]
            .as_object()
            .unwrap()
            .iter()
            .filter(|(key, _)| key.starts_with("app.kubernetes.io/") || *key == "helm.sh/chart")
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect();
        let mut metadata = json!({ "name": name, "labels": labels });
        if let Some(namespace) = service["metadata"].get("namespace") {
            metadata["namespace"] = namespace.clone();
        }
        metadata
    };
    let backend_config = json!({
        "apiVersion": "cloud.google.com/v1",
        "kind": "BackendConfig",
        "metadata": metadata(&format!("{}-backendconfig", release(service))),
        "spec": { "healthCheck": { "port": 9091, "requestPath": "/healthz", "type": "HTTP" } },
    });
    let port = &milvus_port(service).unwrap()["port"];
    let backend = json!({ "service": { "name": name, "port": { "number": port } } });
    let path = json!({ "path": "/", "pathType": "Prefix", "backend": backend });
    let mut ingress = json!({
        "apiVersion": "networking.k8s.io/v1",
        "kind": "Ingress",
        "metadata": metadata(name),
        "spec": { "rules": [{ "host": HOST, "http": { "paths": [path] } }] },
    });
    ingress["metadata"]["annotations"] = json!({ "kubernetes.io/ingress.class": "gce" });
    if mode == Mode::Secret {
        ingress["spec"]["tls"] = json!([{ "hosts": [HOST], "secretName": "my-tls" }]);
        return vec![backend_config, ingress];
    }
    let certificate = json!({
        "apiVersion": "networking.gke.io/v1",
        "kind": "ManagedCertificate",
        "metadata": metadata(&format!("{name}-tls")),
        "spec": { "domains": [HOST] },
    });
    ingress["metadata"]["annotations"]["networking.gke.io/managed-certificates"] = json!(format!("{name}-tls"));
    vec![backend_config, certificate, ingress]
}

fn release(service: &Value) -> &str {
    text(service, "/metadata/labels/app.kubernetes.io~1instance")
}

/// A YAML text inside a ConfigMap as a mapping. No text, no entry and only comments are all no settings.
fn settings(text: &Value) -> Value {
    let value = match text {
        Value::Null => Value::Null,
        Value::String(text) => serde_yaml::from_str(text).expect("settings are YAML"),
        other => panic!("settings are a text, not {other}"),
    };
    if value.is_null() { json!({}) } else { value }
}

fn set(value: &mut Value, path: &[&str], to: Value) {
    let Some((key, rest)) = path.split_first() else {
        *value = to;
        return;
    };
    if value.is_null() {
        *value = json!({});
    }
    set(value.as_object_mut().unwrap().entry(*key).or_insert(Value::Null), rest, to);
}

/// Removes an entry, and mappings that are empty then, unless the reference has them.
fn unset(value: &mut Value, path: &[&str], reference: &Value) {
    let (Some((key, rest)), Some(map)) = (path.split_first(), value.as_object_mut()) else {
        return;
    };
    let Some(entry) = map.get_mut(*key) else {
        return;
    };
    let known = reference.get(*key);
    unset(entry, rest, known.unwrap_or(&Value::Null));
    if known.is_none() && (rest.is_empty() || entry.as_object().is_some_and(Map::is_empty)) {
        map.remove(*key);
    }
}

fn without_user_yaml(config: &Value) -> Value {
    let mut config = config.clone();
    config["data"].as_object_mut().unwrap().remove("user.yaml");
    config
}

fn same(expected: &Value, got: &Value) -> Result<()> {
    let pretty = |value: &Value| serde_json::to_vec_pretty(value).unwrap();
    ensure!(expected == got, "differs (- expected, + got)\n{}", diff(&pretty(expected), &pretty(got)));
    Ok(())
}

fn text<'a>(value: &'a Value, pointer: &str) -> &'a str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_else(|| panic!("no text at {pointer} in {value:#}"))
}

/// A document's first words, to name it in a message.
fn head(document: &[u8]) -> String {
    let first = lines(document).into_iter().map(<[u8]>::trim_ascii).find(|line| !line.is_empty() && *line != b"---");
    String::from_utf8_lossy(first.unwrap_or_default()).into_owned()
}

/// The leading numeric triple.
fn version(text: &str) -> Option<Version> {
    let digits = |part: &str| part.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok();
    let parts: Vec<u32> = text.split('.').take(3).map_while(digits).collect();
    parts.try_into().ok()
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let mut paths: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths
}

fn file_name(path: &Path) -> String {
    path.file_name().unwrap().to_string_lossy().into_owned()
}
