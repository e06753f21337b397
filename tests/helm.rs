//! What users of Helm 3 and Helm 4 see: both real, with the real binary as their post-renderer.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a failed test may panic")]

mod common;
#[path = "common/corpus.rs"]
mod corpus;
#[path = "common/helm.rs"]
mod runner;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Output;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use runner::{Helm, PostRenderer, text};

const HOST: &[&str] = &["--host=vectors.example.com"];
const APP_PROTOCOLS: &str = "cloud.google.com/app-protocols";
const BACKEND_CONFIG: &str = "cloud.google.com/backend-config";
const NEG: &str = "cloud.google.com/neg";
const CHECKSUM: &str = "/spec/template/metadata/annotations/checksum~1config";

const NO_MILVUS: &str = "\
apiVersion: v1
kind: ConfigMap
metadata:
  name: settings
data:
  a: b
";

/// Charts that the load balancer cannot stand before, by a part of the case's name, and what the refusal must name.
const REFUSED: [(&str, &str); 5] = [
    // Charts up to 3.3.1 mount no user.yaml; several of their cases have other faults too.
    ("3.2.", ""),
    ("chart-ingress", "ingress.enabled=false"),
    ("custom-configmap", "customConfigMap"),
    ("proxy-disabled", "no Milvus Service"),
    ("user-yaml-tlsmode2", "tlsMode"),
];

macro_rules! with_both_helms {
    ($($test:ident)*) => {
        mod helm_3 { $(#[test] fn $test() { if let Some(helm) = super::Helm::find(3) { super::$test(&helm); } })* }
        mod helm_4 { $(#[test] fn $test() { if let Some(helm) = super::Helm::find(4) { super::$test(&helm); } })* }
    };
}

with_both_helms! {
    sample
    second_run
    show_only
    missing_host
    no_milvus_service
    real_charts
}

fn sample(helm: &Helm) {
    let rendered = sample_text();
    let before = Manifests::read(&pass_through(helm, &rendered).unwrap()).unwrap();
    let after = Manifests::read(&post_rendered(helm, &rendered).unwrap()).unwrap();
    only_what_must_change(helm, &before, &after).unwrap();

    let service = &after.objects["v1 Service milvus/my-release-milvus"];
    assert_eq!(before.objects["v1 Service milvus/my-release-milvus"]["spec"]["type"], "LoadBalancer");
    assert_eq!(service["spec"]["type"], "ClusterIP");
    let annotations = &service["metadata"]["annotations"];
    assert_eq!(annotations[APP_PROTOCOLS], r#"{"milvus":"HTTP2"}"#);
    assert_eq!(annotations[BACKEND_CONFIG], r#"{"default": "my-release-backendconfig"}"#);
    assert_eq!(annotations[NEG], r#"{"ingress": true}"#);
}

fn second_run(helm: &Helm) {
    let first = post_rendered(helm, &sample_text()).unwrap();
    assert_eq!(post_rendered(helm, &sample_text()).unwrap(), first);
    unchanged_by_us(&first).unwrap();
}

/// `-s` finds a template's documents by what Helm wrote into them: `# Source:` lines (3) or an annotation (4).
fn show_only(helm: &Helm) {
    let rendered = sample_text();
    let before = Manifests::read(&pass_through(helm, &rendered).unwrap()).unwrap();
    let shown = helm.template(&rendered, PostRenderer::Ours(HOST), &["-s", "templates/replay.yaml"]);
    let shown = Manifests::read(&accepted(&shown).unwrap()).unwrap();
    // Ours come from no template.
    assert_eq!(shown.order, before.order);
    let service = &shown.objects["v1 Service milvus/my-release-milvus"];
    assert_eq!(service["spec"]["type"], "ClusterIP");
}

fn missing_host(helm: &Helm) {
    refused(helm, &helm.template(&sample_text(), PostRenderer::Ours(&[]), &[]), 2, "--host").unwrap();
}

fn no_milvus_service(helm: &Helm) {
    refused(helm, &helm.template(NO_MILVUS, PostRenderer::Ours(HOST), &[]), 1, "no Milvus Service").unwrap();
}

fn real_charts(helm: &Helm) {
    let Some(charts) = corpus::charts() else { return };
    let cases = cases(&charts);
    assert!(!cases.is_empty(), "no chart in {}", charts.display());
    let mut wrong = Vec::new();
    for case in cases {
        let rendered = fs::read_to_string(charts.join(&case)).unwrap();
        let result = match refusal(&case, &rendered) {
            Some(word) => refused(helm, &helm.template(&rendered, PostRenderer::Ours(HOST), &[]), 1, word),
            None => real_chart(helm, &rendered),
        };
        wrong.extend(result.err().map(|error| format!("{case}: {error:#}")));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn refusal(case: &str, rendered: &str) -> Option<&'static str> {
    let (part, word) = REFUSED.iter().find(|(part, _)| case.contains(part))?;
    // Charts before 4.1.35 do not know customConfigMap.
    let ignored = *part == "custom-configmap" && rendered.contains("\n  default.yaml: |");
    (!ignored).then_some(*word)
}

fn real_chart(helm: &Helm, rendered: &str) -> Result<()> {
    let before = pass_through(helm, rendered)?;
    let after = post_rendered(helm, rendered)?;
    unchanged_by_us(&after)?;
    only_what_must_change(helm, &Manifests::read(&before)?, &Manifests::read(&after)?)
}

/// `<chart version>/<case>.yaml`, without the references and what Helm 4 made of them.
fn cases(charts: &Path) -> Vec<String> {
    let files = corpus::yaml_files(charts).into_iter();
    let names = files.map(|file| file.strip_prefix(charts).unwrap().to_str().unwrap().to_owned());
    names.filter(|name| !name.starts_with("helm4/") && !name.ends_with(".reference.yaml")).collect()
}

fn sample_text() -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/sample/rendered.yaml")).unwrap()
}

fn pass_through(helm: &Helm, rendered: &str) -> Result<String> {
    accepted(&helm.template(rendered, PostRenderer::PassThrough, &[])).context("Helm fails without us")
}

fn post_rendered(helm: &Helm, rendered: &str) -> Result<String> {
    accepted(&helm.template(rendered, PostRenderer::Ours(HOST), &[]))
}

fn unchanged_by_us(stream: &str) -> Result<()> {
    let args: Vec<String> = HOST.iter().map(ToString::to_string).collect();
    let again = common::run(&args, &[], stream.as_bytes());
    ensure!(again.status == Some(0), "second run: {}", text(&again.stderr));
    ensure!(text(&again.stdout) == stream, "a second run changes:\n{}", common::diff(stream.as_bytes(), &again.stdout));
    Ok(())
}

fn accepted(output: &Output) -> Result<String> {
    ensure!(output.status.success(), "{}: {}", output.status, text(&output.stderr));
    Ok(text(&output.stdout).to_owned())
}

fn refused(helm: &Helm, output: &Output, status: i32, word: &str) -> Result<()> {
    let stderr = text(&output.stderr);
    ensure!(!output.status.success(), "not refused");
    ensure!(output.stdout.is_empty(), "refused, but printed {}", text(&output.stdout));
    let words = if helm.major == 3 {
        vec!["error while running post render on files".to_owned(), format!("exit status {status}")]
    } else {
        // The error is the stream: Helm 4 drops a plugin's stderr.
        vec!["error while parsing post rendered output".to_owned(), "milvus-gke-l7: error: ".to_owned()]
    };
    for word in words.iter().map(String::as_str).chain([word]) {
        ensure!(stderr.contains(word), "{word:?} is not in: {stderr}");
    }
    Ok(())
}

/// The objects of a stream by identity.
struct Manifests {
    order: Vec<String>,
    objects: BTreeMap<String, Value>,
}

impl Manifests {
    fn read(stream: &str) -> Result<Self> {
        let mut manifests = Self { order: Vec::new(), objects: BTreeMap::new() };
        for document in common::documents(stream.as_bytes()) {
            let document = text(common::body(document));
            // Straight into a JSON value: of a key that stands twice, the last one counts, as for Helm.
            let object: Value = serde_yaml::from_str(document).with_context(|| document.to_owned())?;
            if object.is_null() {
                continue;
            }
            let part = |pointer| object.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
            let (version, kind) = (part("/apiVersion"), part("/kind"));
            let identity = format!("{version} {kind} {}/{}", part("/metadata/namespace"), part("/metadata/name"));
            manifests.order.push(identity.clone());
            ensure!(manifests.objects.insert(identity.clone(), object).is_none(), "{identity} twice");
        }
        Ok(manifests)
    }
}

/// Service, user.yaml, the checksums that follow from it, and three new objects: nothing else.
fn only_what_must_change(helm: &Helm, before: &Manifests, after: &Manifests) -> Result<()> {
    for identity in &before.order {
        ensure!(after.objects.contains_key(identity), "{identity} is lost");
    }
    let added = after.order.iter().filter(|identity| !before.objects.contains_key(*identity));
    let mut added: Vec<_> = added.map(|identity| &after.objects[identity]["kind"]).filter_map(Value::as_str).collect();
    if helm.major == 3 {
        ensure!(after.order.starts_with(&before.order), "another order: {:?}", after.order);
        ensure!(added == ["BackendConfig", "ManagedCertificate", "Ingress"], "added: {added:?}");
    } else {
        // Helm 4 sorts after us.
        added.sort_unstable();
        ensure!(added == ["BackendConfig", "Ingress", "ManagedCertificate"], "added: {added:?}");
    }

    let objects = before.objects.iter().map(|(identity, old)| (identity, old, &after.objects[identity]));
    let (mut services, mut config_maps, mut workloads) = (Vec::new(), Vec::new(), Vec::new());
    for (identity, old, new) in objects {
        let changed = old != new;
        match old["kind"].as_str().unwrap_or_default() {
            "Service" if changed => services.push((old, new)),
            "ConfigMap" if new.pointer("/data/user.yaml").is_some() => config_maps.push((identity, old, new)),
            "Deployment" | "StatefulSet" => workloads.push((identity, old, new)),
            _ => ensure!(!changed, "{identity} changed"),
        }
    }
    ensure!(services.len() == 1, "{} Services changed", services.len());
    service(services[0].0, services[0].1)?;
    ensure!(config_maps.len() == 1, "{} ConfigMaps with a user.yaml", config_maps.len());
    let (config, old, new) = config_maps[0];
    user_yaml(old, new).context("user.yaml")?;

    let mut mounted = 0;
    for (identity, before, after) in workloads {
        let mounts = mounts(before, &old["metadata"]["name"]);
        mounted += u32::from(mounts);
        ensure!(without(before, &[CHECKSUM]) == without(after, &[CHECKSUM]), "{identity} changed");
        let restarts = before.pointer(CHECKSUM) != after.pointer(CHECKSUM);
        ensure!(restarts == (mounts && old != new), "{identity}: checksum/config against {config}");
    }
    ensure!(mounted > 0, "nothing mounts {config}");
    Ok(())
}

fn service(old: &Value, new: &Value) -> Result<()> {
    ensure!(new["spec"]["type"] == "ClusterIP", "type {}", new["spec"]["type"]);
    // What Kubernetes refuses or ignores with ClusterIP; the charts render no other such field.
    let gone = ["/spec/loadBalancerIP", "/spec/loadBalancerSourceRanges", "/spec/ports/0/nodePort"];
    for pointer in gone {
        ensure!(new.pointer(pointer).is_none(), "{pointer} stays");
    }
    let ours = [APP_PROTOCOLS, BACKEND_CONFIG, NEG];
    for name in ours {
        let annotation = new["metadata"]["annotations"][name].as_str().with_context(|| format!("no {name}"))?;
        let annotation: Value = serde_json::from_str(annotation).context(name)?;
        ensure!(annotation.is_object(), "{name}: {annotation}");
    }
    let others = |service: &Value| {
        let mut annotations = service["metadata"]["annotations"].as_object().cloned().unwrap_or_default();
        let superseded = "service.beta.kubernetes.io/load-balancer-source-ranges";
        annotations.retain(|name, _| name != superseded && !ours.contains(&name.as_str()));
        annotations
    };
    ensure!(others(old) == others(new), "annotations: {:?} became {:?}", others(old), others(new));
    let rest = [&gone[..], &["/spec/type", "/metadata/annotations"]].concat();
    ensure!(without(old, &rest) == without(new, &rest), "{old} became {new}");
    Ok(())
}

fn user_yaml(old: &Value, new: &Value) -> Result<()> {
    let settings = |config: &Value| -> Result<BTreeMap<String, Value>> {
        let settings = serde_yaml::from_str(config["data"]["user.yaml"].as_str().unwrap_or_default())?;
        let mut flat = BTreeMap::new();
        flatten("", settings, &mut flat);
        Ok(flat)
    };
    let (mut before, mut after) = (settings(old)?, settings(new)?);
    ensure!(after.get("common.security.tlsmode") == Some(&json!(1)), "{after:?}");
    before.remove("common.security.tlsmode");
    after.remove("common.security.tlsmode");
    if !before.contains_key("proxy.http.port") {
        after.remove("proxy.http.port");
    }
    ensure!(before == after, "{before:?} became {after:?}");
    ensure!(without(old, &["/data/user.yaml"]) == without(new, &["/data/user.yaml"]), "another change");
    Ok(())
}

/// Settings as Milvus reads them: dotted paths in lower case.
fn flatten(prefix: &str, value: Value, flat: &mut BTreeMap<String, Value>) {
    match value {
        Value::Null => {}
        Value::Object(members) => {
            for (key, value) in members {
                let dot = if prefix.is_empty() { "" } else { "." };
                flatten(&format!("{prefix}{dot}{}", key.to_lowercase()), value, flat);
            }
        }
        leaf => drop(flat.insert(prefix.to_owned(), leaf)),
    }
}

fn mounts(workload: &Value, config_map: &Value) -> bool {
    let volumes = workload.pointer("/spec/template/spec/volumes").and_then(Value::as_array);
    volumes.is_some_and(|volumes| volumes.iter().any(|volume| volume["configMap"]["name"] == *config_map))
}

fn without(object: &Value, pointers: &[&str]) -> Value {
    let mut object = object.clone();
    for pointer in pointers {
        let (parent, key) = pointer.rsplit_once('/').unwrap();
        let key = key.replace("~1", "/");
        if let Some(Value::Object(members)) = object.pointer_mut(parent) {
            members.shift_remove(&key);
        }
    }
    object
}
