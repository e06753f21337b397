//! The function against the filter: what kustomize really hands over, and every real chart as a
//! `ResourceList` and as a `List`.

use std::fs;

use milvus_gke_l7::commands::function;
use milvus_gke_l7::filter::filter;
use milvus_gke_l7::options::Options;
use milvus_gke_l7::report::outcome::{Outcome, Status};
use milvus_gke_l7::yaml;
use serde_json::{Value, json};

use crate::common::{self, corpus};

const HOST: &str = "vectors.example.com";

/// Captured from each of kustomize's ways to call a plugin; only the configuration is made ours.
#[test]
fn what_kustomize_hands_over() {
    let Some(folder) = corpus::kustomize_stdin() else { return };
    let mut seen = 0;
    for file in corpus::yaml_files(&folder) {
        let name = file.file_name().unwrap().to_str().unwrap().to_owned();
        let input = ours(&fs::read_to_string(&file).unwrap());
        seen += 1;
        if name == "legacy.stdin.yaml" {
            let refusal = filter(input.as_bytes(), &options().settings().unwrap()).unwrap_err();
            assert_eq!(refusal.to_string(), "no Milvus Service in the input");
            continue;
        }
        assert!(function::is_resource_list(input.as_bytes()), "{name}");
        let outcome = function::run(input.as_bytes(), Options::default());
        let output = String::from_utf8(written(&outcome)).unwrap();
        let expected = match name.as_str() {
            "milvus.helmcharts.stdin.yaml" | "milvus.plain.stdin.yaml" => {
                assert_eq!(outcome.status, Status::Done, "{name}: {}", outcome.stderr);
                same_as_the_filter(&name, &input, &output);
                continue;
            }
            "generator.stdin.yaml" => "the only resource is the configuration itself",
            // Their Service leads nowhere near Milvus.
            "fn-run.stdin.yaml" | "small.transform.stdin.yaml" | "small.overlay-second-fn.stdin.yaml" => {
                "no Milvus Service in the input"
            }
            _ => panic!("{name}: what is to become of it?"),
        };
        assert_eq!(outcome.status, Status::Refused, "{name}");
        let (list, before) = (yaml::read(&output).unwrap(), yaml::read(&input).unwrap());
        assert_eq!((&list["items"], &list["functionConfig"]), (&before["items"], &before["functionConfig"]), "{name}");
        let message = list["results"][0]["message"].as_str().unwrap();
        assert!(message.starts_with(expected), "{name}: {message}");
        assert!(output.starts_with(input.trim_end()), "{name}: the list is not as it came");
    }
    assert!(seen > 0, "{}: no captured input", folder.display());
}

/// A chart as a list is rewritten as the chart is.
#[test]
fn charts_as_lists() {
    let Some(charts) = corpus::charts() else { return };
    let mut compared = 0;
    for file in corpus::yaml_files(&charts) {
        let name = file.strip_prefix(&charts).unwrap().display().to_string();
        if name.ends_with(".reference.yaml") {
            continue;
        }
        let stream = fs::read_to_string(&file).unwrap();
        let plain = filter(stream.as_bytes(), &options().settings().unwrap());
        for (head, tail) in [
            ("apiVersion: config.kubernetes.io/v1\nkind: ResourceList\nitems:\n", CONFIG),
            ("apiVersion: v1\nkind: List\nitems:\n", ""),
        ] {
            let input = format!("{head}{}{tail}", items(&stream));
            let output = if tail.is_empty() {
                filter(input.as_bytes(), &options().settings().unwrap())
                    .map(|output| output.stream.concat(input.as_bytes()))
            } else {
                let outcome = function::run(input.as_bytes(), Options::default());
                assert_eq!(outcome.status == Status::Done, plain.is_ok(), "{name}: {}", outcome.stderr);
                let Ok(plain) = &plain else { continue };
                assert_eq!(outcome.stderr.is_empty(), plain.warnings.is_empty(), "{name}");
                Ok(written(&outcome))
            };
            let (plain, output) = match (&plain, output) {
                (Ok(plain), Ok(output)) => (plain, String::from_utf8(output).unwrap()),
                (Err(plain), Err(list)) => {
                    assert_eq!(plain.to_string(), list.to_string(), "{name}");
                    continue;
                }
                (plain, output) => panic!("{name}: {plain:?} as a stream, {output:?} as a list"),
            };
            let list = yaml::read(&output).unwrap();
            let items = without_checksums(list["items"].as_array().unwrap());
            let objects = objects(&plain.stream.concat(stream.as_bytes()));
            assert_eq!(items.len(), objects.len(), "{name}");
            for (item, object) in items.iter().zip(&objects) {
                assert_eq!(item, object, "{name}");
            }
            // Comments and all: the lines of the items that stay are the stream's.
            let kept = common::diff(input.as_bytes(), output.as_bytes());
            let removed = kept.lines().filter(|line| line.starts_with('-')).count();
            assert!(removed < 30, "{name}: {removed} lines of the list are gone\n{kept}");
            compared += 1;
        }
    }
    assert!(compared > 20, "only {compared} lists were compared");
}

const CONFIG: &str = "\
functionConfig:
  apiVersion: milvus-gke-l7/v1alpha1
  kind: MilvusGkeL7
  metadata:
    name: front-door
  spec:
    hosts: [vectors.example.com]
";

fn options() -> Options {
    Options { hosts: Some(vec![HOST.parse().unwrap()]), ..Options::default() }
}

/// The configuration that the captured input carries, as ours.
fn ours(captured: &str) -> String {
    captured
        .replace("milvus-l7.example.dev/v1alpha1", "milvus-gke-l7/v1alpha1")
        .replace("domain: my-release.milvus.io", &format!("hosts: [{HOST}]"))
        .replace("domain: x", &format!("hosts: [{HOST}]"))
        .replace("data: {a: 'b: c', d: 1.5, e: 0644, f: yes, g: '', h: x=y}", &format!("data: {{hosts: {HOST}}}"))
        .replace("    name: over-b\n", &format!("    name: over-b\n  spec: {{hosts: [{HOST}]}}\n"))
}

fn same_as_the_filter(name: &str, input: &str, output: &str) {
    let before = yaml::read(input).unwrap();
    let stream: String =
        before["items"].as_array().unwrap().iter().map(|item| format!("---\n{}", yaml::write_document(item))).collect();
    let plain = filter(stream.as_bytes(), &options().settings().unwrap()).unwrap();
    let after = yaml::read(output).unwrap();
    let items = after["items"].as_array().unwrap();
    assert_eq!(without_checksums(items), objects(&plain.stream.concat(stream.as_bytes())), "{name}");
    assert_eq!(after["functionConfig"], before["functionConfig"], "{name}");
    for new in &items[before["items"].as_array().unwrap().len()..] {
        let marks = new["metadata"]["annotations"].as_object().into_iter().flatten();
        let marks: Vec<_> = marks.filter(|(key, _)| key.contains("config.k")).collect();
        assert!(marks.is_empty(), "{name}: a new item has {marks:?}");
    }
    let results = after["results"].as_array().unwrap();
    let (warnings, results): (Vec<_>, Vec<_>) = results.iter().partition(|result| result["severity"] == "warning");
    assert!(warnings.len() == 1 && warnings[0]["message"].as_str().unwrap().contains("authorizationEnabled"), "{name}");
    assert!(results.iter().all(|result| result["severity"] == "info" && result["resourceRef"]["kind"].is_string()));
    assert!(results.iter().any(|result| result["field"]["path"] == "spec.type"
        && result["field"]["currentValue"] == "LoadBalancer"
        && result["field"]["proposedValue"] == "ClusterIP"));
    let again = function::run(output.as_bytes(), Options::default());
    assert!(written(&again) == output.as_bytes(), "{name}: a second run changes the list");
}

/// The stream's objects as items of a list: the same lines, indented.
fn items(stream: &str) -> String {
    let mut list = String::new();
    for document in common::documents(stream.as_bytes()) {
        let document = std::str::from_utf8(document).unwrap().trim_start_matches("---\n");
        if yaml::read(document).unwrap().is_null() {
            continue;
        }
        for (number, line) in document.lines().enumerate() {
            let indent = if number == 0 { "- " } else { "  " };
            list.push_str(if line.is_empty() { "" } else { indent });
            list.push_str(line);
            list.push('\n');
        }
    }
    list
}

fn written(outcome: &Outcome) -> Vec<u8> {
    outcome.stdout.slices().collect::<Vec<_>>().concat()
}

fn objects(stream: &[u8]) -> Vec<Value> {
    let documents = common::documents(stream).into_iter();
    let values = documents.map(|document| yaml::read(std::str::from_utf8(common::body(document)).unwrap()).unwrap());
    without_checksums(&values.filter(|value| !value.is_null()).collect::<Vec<_>>())
}

/// Helm's hash is of the template's text, which a list does not have.
fn without_checksums(objects: &[Value]) -> Vec<Value> {
    let blank = |object: &Value| {
        let mut object = object.clone();
        if let Some(checksum) = object.pointer_mut("/spec/template/metadata/annotations/checksum~1config") {
            *checksum = json!("");
        }
        object
    };
    objects.iter().map(blank).collect()
}
