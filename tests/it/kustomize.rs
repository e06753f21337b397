//! What users of kustomize and of `kubectl kustomize` see: both real, with the real binary as their plugin.
//!
//! The judge is the same build with `cat` in our place: kustomize itself changes what it reads.

use std::fs;
use std::path::Path;
use std::process::Output;
use std::thread;

use anyhow::{Result, ensure};
use serde_json::{Value, json};

use crate::common::{
    self, corpus, kustomize as runner,
    kustomize::{Function, Kustomize, Objects, Tool, accepted, objects, same, text},
};

/// What a function needs, and what a legacy plugin needs.
const FUNCTIONS: &[&str] = &["--enable-alpha-plugins", "--enable-exec"];
const LEGACY: &[&str] = &["--enable-alpha-plugins"];

const SERVICE: &str = "v1 Service milvus/my-release-milvus";
const CONFIG_MAP: &str = "v1 ConfigMap milvus/my-release-milvus";
const INGRESS: &str = "networking.k8s.io/v1 Ingress milvus/my-release-milvus";
const CHECKSUM: &str = "/spec/template/metadata/annotations/checksum~1config";

const NO_MILVUS: &str = "\
apiVersion: v1
kind: ConfigMap
metadata:
  name: settings
data:
  a: b
";

/// Settings that are no good, and what the message must say.
const WRONG_SPECS: [(&str, &[&str]); 7] = [
    ("{hosts: [vectors.example.com], release: blue}", &["no Milvus release `blue`"]),
    ("{host: vectors.example.com}", &["`host`", "did you mean `hosts`"]),
    ("{hosts: [vectors.example.com], tlssecret: tls}", &["`tlssecret`", "did you mean `tlsSecret`"]),
    ("{tlsSecret: tls}", &["no host is given"]),
    ("{hosts: []}", &["no host is given"]),
    ("{hosts: [Vectors.example.com]}", &["Vectors.example.com"]),
    ("{hosts: [vectors.example.com], httpPort: 70000}", &["70000"]),
];

/// Legacy plugins are the only form that both tools run.
macro_rules! with_both_tools {
    ($($test:ident)*) => {
        mod kustomize { $(#[test] fn $test() { super::with(super::Tool::Kustomize, super::$test); })* }
        mod kubectl { $(#[test] fn $test() { super::with(super::Tool::Kubectl, super::$test); })* }
    };
}

with_both_tools! {
    legacy_plugin
    legacy_plugin_after_a_prefix
    legacy_plugin_second_run
    legacy_plugin_refuses
    function_without_enable_exec_is_skipped
    plugins_disabled
}

fn with(tool: Tool, test: fn(&Kustomize)) {
    if let Some(tool) = Kustomize::find(tool) {
        test(&tool);
    }
}

fn kustomize() -> Option<Kustomize> {
    Kustomize::find(Tool::Kustomize)
}

// Functions: a ResourceList on stdin.

#[test]
fn function_with_its_own_kind() {
    function("function");
}

#[test]
fn function_with_a_config_map() {
    function("config-map");
}

#[test]
fn function_configured_in_the_kustomization() {
    function("inline");
}

#[test]
fn function_in_a_component() {
    function("component");
}

fn function(case: &str) {
    let Some(kustomize) = kustomize() else { return };
    kustomize.write_case(case, &sample());
    build_as_the_guide_says(&kustomize, FUNCTIONS, "my-release-milvus", "milvus");
}

#[test]
fn function_behind_a_chart_of_helm_3() {
    helm_charts("HELM3", "helm-3.22.0/helm");
}

#[test]
fn function_behind_a_chart_of_helm_4() {
    helm_charts("HELM4", "helm-4.3.1/helm");
}

fn helm_charts(variable: &str, installed: &str) {
    let (Some(kustomize), Some(helm)) = (kustomize(), common::program(variable, installed)) else { return };
    kustomize.write_case("helm-charts", &sample());
    let chart = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/replay");
    for file in ["Chart.yaml", "templates/replay.yaml"] {
        kustomize.write(&format!("app/charts/replay/{file}"), &fs::read_to_string(chart.join(file)).unwrap());
    }
    // kustomize wants the file, Helm does not.
    kustomize.write("app/charts/replay/values.yaml", "");
    let flags = [FUNCTIONS, &["--enable-helm", "--helm-command", helm.to_str().unwrap()]].concat();
    build_as_the_guide_says(&kustomize, &flags, "my-release-milvus", "milvus");
}

#[test]
fn function_after_a_namespace() {
    let Some(kustomize) = kustomize() else { return };
    kustomize.write_case("outermost", &sample());
    kustomize.write("app/base/kustomization.yaml", "resources: [rendered.yaml]\n");
    build_as_the_guide_says(&kustomize, FUNCTIONS, "my-release-milvus", "vectors");
}

/// At this time kustomize has renamed the objects, but not yet what refers to them.
#[test]
fn function_after_a_prefix() {
    let Some(kustomize) = kustomize() else { return };
    kustomize.write_case("outermost", &sample());
    build_as_the_guide_says(&kustomize, FUNCTIONS, "prod-my-release-milvus", "vectors");
}

/// The second one sees what kustomize wrote into the first one's objects.
#[test]
fn function_in_base_and_overlay() {
    let Some(kustomize) = kustomize() else { return };
    kustomize.write_case("function", &sample());
    let base = build(&kustomize, Function::Ours, FUNCTIONS);
    fs::rename(kustomize.path("app"), kustomize.path("base")).unwrap();
    kustomize.write("app/kustomization.yaml", "resources: [../base]\ntransformers: [l7.yaml]\n");
    kustomize.write("app/l7.yaml", &kustomize.read("base/l7.yaml"));
    same(&base, &build(&kustomize, Function::Ours, FUNCTIONS)).unwrap();
}

#[test]
fn function_second_run() {
    let Some(kustomize) = kustomize() else { return };
    kustomize.write_case("function", &sample());
    second_run(&kustomize, FUNCTIONS);
}

#[test]
fn function_for_each_of_two_releases() {
    let Some(kustomize) = kustomize() else { return };
    let blue = sample().replace("my-release", "blue");
    kustomize.write_case("function", &[sample(), blue].concat());
    let configs = ["my-release", "blue"].map(|release| {
        let spec = format!("{{hosts: [{release}.example.com], release: {release}}}");
        config("path: milvus-gke-l7", &spec).replace("name: l7", &format!("name: {release}"))
    });
    kustomize.write("app/l7.yaml", &configs.join("---\n"));
    let before = build(&kustomize, Function::PassThrough, FUNCTIONS);
    let after = build(&kustomize, Function::Ours, FUNCTIONS);
    for release in ["my-release", "blue"] {
        assert_eq!(after[&format!("v1 Service milvus/{release}-milvus")]["spec"]["type"], "ClusterIP");
        let ingress = &after[&format!("networking.k8s.io/v1 Ingress milvus/{release}-milvus")];
        assert_eq!(hosts(ingress), [format!("{release}.example.com")]);
    }
    assert_eq!(after.len(), before.len() + 6);
}

/// Flags win over the environment, and that over the config.
#[test]
fn function_settings_by_precedence() {
    let Some(kustomize) = kustomize() else { return };
    kustomize.write_case("function", &sample());
    let environment = "envs: [MILVUS_GKE_L7_HOST=environment.example.com]";
    let flag = "args: [--host=flag.example.com]";
    let exec = |more: &[&str]| [&["path: milvus-gke-l7"], more].concat().join("\n        ");
    for (exec, winner) in [
        (exec(&[]), "config.example.com"),
        (exec(&[environment]), "environment.example.com"),
        (exec(&[flag]), "flag.example.com"),
        (exec(&[environment, flag]), "flag.example.com"),
    ] {
        kustomize.write("app/l7.yaml", &config(&exec, "{hosts: [config.example.com], httpPort: off}"));
        let after = build(&kustomize, Function::Ours, FUNCTIONS);
        assert_eq!(hosts(&after[INGRESS]), [winner], "{exec}");
        // What only the config says still counts.
        assert_eq!(user_yaml(&after)["proxy"]["http"], json!({"enabled": false}), "{exec}");
    }
}

/// The path of the program may be relative to the kustomization.
#[test]
fn function_by_a_relative_path() {
    let Some(kustomize) = kustomize() else { return };
    kustomize.write_case("function", &sample());
    fs::create_dir(kustomize.path("app/bin")).unwrap();
    std::os::unix::fs::symlink(runner::binary(), kustomize.path("app/bin/l7")).unwrap();
    kustomize.write("app/l7.yaml", &config("path: ./bin/l7", "{hosts: [vectors.example.com]}"));
    let after = build(&kustomize, Function::Ours, FUNCTIONS);
    assert_eq!(after[SERVICE]["spec"]["type"], "ClusterIP");
}

/// kustomize takes its own annotations off again, so they are looked at on the way.
#[test]
fn function_keeps_the_annotations_of_kustomize() {
    let Some(kustomize) = kustomize() else { return };
    kustomize.write_case("function", &sample());
    let record = "#!/bin/sh\ntee request.yaml | milvus-gke-l7 >response.yaml && cat response.yaml\n";
    kustomize.write_script("app/record", record);
    kustomize.write("app/l7.yaml", &config("path: ./record", "{hosts: [vectors.example.com]}"));
    build(&kustomize, Function::Ours, FUNCTIONS);

    let items = |file| {
        let list: Value = serde_yaml::from_str(&kustomize.read(file)).unwrap();
        let items = list["items"].as_array().unwrap().iter();
        items.map(|item| (runner::identity(item), item.clone())).collect::<Vec<_>>()
    };
    let of_kustomize = |item: &Value| {
        let mut annotations = item["metadata"]["annotations"].as_object().cloned().unwrap_or_default();
        annotations.retain(|name, _| name.contains("config.kubernetes.io/") || name.contains("config.k8s.io/"));
        annotations
    };
    let (request, response) = (items("app/request.yaml"), items("app/response.yaml"));
    assert_eq!(response.len(), request.len() + 3);
    for ((before, old), (after, new)) in request.iter().zip(&response) {
        assert_eq!(before, after);
        assert!(of_kustomize(old).len() >= 6, "{before}: {old}");
        assert_eq!(of_kustomize(old), of_kustomize(new), "{before}");
    }
    for (identity, new) in &response[request.len()..] {
        assert!(of_kustomize(new).is_empty(), "{identity}: {new}");
    }
}

#[test]
fn function_refuses() {
    let Some(kustomize) = kustomize() else { return };
    for (rendered, config, words) in refusals("path: milvus-gke-l7") {
        kustomize.write_case("function", &rendered);
        kustomize.write("app/l7.yaml", &config);
        function_refused(&kustomize.build(Function::Ours, FUNCTIONS), words).unwrap();
    }
}

#[test]
fn function_refuses_other_configs() {
    let Some(kustomize) = kustomize() else { return };
    kustomize.write_case("function", &sample());
    let own = config("path: milvus-gke-l7", "{hosts: [vectors.example.com]}");
    let of_config_map = |data: &str| {
        let own = config("path: milvus-gke-l7", "");
        let own = own.replace("milvus-gke-l7/v1alpha1", "v1").replace("kind: MilvusGkeL7", "kind: ConfigMap");
        own.replace("spec: ", &format!("data: {data}"))
    };
    for (config, words) in [
        (own.replace("kind: MilvusGkeL7", "kind: Milvus"), ["a Milvus of milvus-gke-l7/v1alpha1", "MilvusGkeL7"]),
        (own.replace("/v1alpha1", "/v1"), ["a MilvusGkeL7 of milvus-gke-l7/v1\n", "milvus-gke-l7/v1alpha1"]),
        (
            own.replace("milvus-gke-l7/v1alpha1", "v1").replace("kind: MilvusGkeL7", "kind: Secret"),
            ["a Secret of v1", "MilvusGkeL7"],
        ),
        (own.replace("spec:", "specs:"), ["`specs`", "did you mean `spec`"]),
        (of_config_map("{host: vectors.example.com}"), ["`host`", "did you mean `hosts`"]),
        (of_config_map("{tlsSecret: tls}"), ["no host is given", "functionConfig"]),
    ] {
        kustomize.write("app/l7.yaml", &config);
        function_refused(&kustomize.build(Function::Ours, FUNCTIONS), &words).unwrap();
    }
}

#[test]
fn function_is_no_generator() {
    let Some(kustomize) = kustomize() else { return };
    kustomize.write_case("function", &sample());
    kustomize.write("app/kustomization.yaml", "resources: [rendered.yaml]\ngenerators: [l7.yaml]\n");
    function_refused(&kustomize.build(Function::Ours, FUNCTIONS), &["generator"]).unwrap();
}

/// To a transformer of nothing, kustomize hands the transformer's own config.
#[test]
fn function_with_nothing_to_build() {
    let Some(kustomize) = kustomize() else { return };
    kustomize.write_case("function", "");
    kustomize.write("app/kustomization.yaml", "transformers: [l7.yaml]\n");
    function_refused(&kustomize.build(Function::Ours, FUNCTIONS), &["resources"]).unwrap();
}

/// A prefix or a namespace from outside renames objects but not what annotations say of them.
#[test]
fn function_below_a_prefix_leaves_a_dangling_name() {
    let Some(kustomize) = kustomize() else { return };
    kustomize.write_case("function", &sample());
    fs::rename(kustomize.path("app"), kustomize.path("inner")).unwrap();
    kustomize.write("app/kustomization.yaml", "namePrefix: prod-\nresources: [../inner]\n");
    let after = build(&kustomize, Function::Ours, FUNCTIONS);
    assert!(after.contains_key("cloud.google.com/v1 BackendConfig milvus/prod-my-release-backendconfig"));
    let service = &after["v1 Service milvus/prod-my-release-milvus"];
    let backend_config = &service["metadata"]["annotations"]["cloud.google.com/backend-config"];
    assert_eq!(backend_config, r#"{"default": "my-release-backendconfig"}"#);
}

/// The one mistake that nothing reports. The README's check finds it.
fn function_without_enable_exec_is_skipped(tool: &Kustomize) {
    tool.write_case("function", &sample());
    let skipped = build(tool, Function::Ours, LEGACY);
    assert_eq!(skipped[SERVICE]["spec"]["type"], "LoadBalancer");

    let check = |flags: &[&str]| {
        let (subcommand, flags) = (tool.subcommand(), flags.join(" "));
        let output = tool.shell(&format!(r#""$TOOL" {subcommand} {flags} app | grep -q 'kind: BackendConfig'"#));
        let stderr = text(&output.stderr);
        assert!(stderr.is_empty() || stderr.starts_with("milvus-gke-l7: warning: Milvus does not ask"), "{stderr}");
        output.status.code()
    };
    assert_eq!(check(LEGACY), Some(1));
    if tool.tool == Tool::Kustomize {
        assert_eq!(check(FUNCTIONS), Some(0));
    }
}

/// A config among the resources is no transformer: nothing is changed, and nothing says so.
#[test]
fn config_among_the_resources_changes_nothing() {
    let Some(kustomize) = kustomize() else { return };
    kustomize.write_case("function", &sample());
    kustomize.write("app/kustomization.yaml", "resources: [rendered.yaml, l7.yaml]\n");
    let after = build(&kustomize, Function::Ours, FUNCTIONS);
    assert_eq!(after[SERVICE]["spec"]["type"], "LoadBalancer");
    // At least it does not reach the cluster.
    assert!(!after.values().any(|object| object["kind"] == "MilvusGkeL7"));
}

fn plugins_disabled(tool: &Kustomize) {
    tool.write_case("function", &sample());
    let words = ["external plugins disabled", "MilvusGkeL7"];
    refused(&tool.build(Function::Ours, &[]), &words).unwrap();
    if tool.tool == Tool::Kustomize {
        refused(&tool.build(Function::Ours, &["--enable-exec"]), &words).unwrap();
    } else {
        refused(&tool.run(Function::Ours, &["apply", "--dry-run=client", "-k", "app"], &[]), &words).unwrap();
    }
}

#[test]
fn real_charts() {
    let (Some(_), Some(charts)) = (kustomize(), corpus::charts()) else { return };
    let cases = corpus::cases(&charts);
    assert!(!cases.is_empty(), "no chart in {}", charts.display());
    let workers = thread::available_parallelism().map_or(1, usize::from);
    let judge = |cases: &[String]| {
        let kustomize = kustomize().unwrap();
        let judged = cases.iter().map(|case| (case, real_chart(&kustomize, &charts, case)));
        judged.filter_map(|(case, result)| Some(format!("{case}: {:#}", result.err()?))).collect::<Vec<_>>()
    };
    let wrong = thread::scope(|scope| {
        let chunks = cases.chunks(cases.len().div_ceil(workers));
        let workers: Vec<_> = chunks.map(|cases| scope.spawn(move || judge(cases))).collect();
        workers.into_iter().flat_map(|worker| worker.join().unwrap()).collect::<Vec<_>>()
    });
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The function makes of a chart what the pipe makes of the same build. `tests/it/charts.rs` judges the pipe.
fn real_chart(kustomize: &Kustomize, charts: &Path, case: &str) -> Result<()> {
    let rendered = fs::read_to_string(charts.join(case))?;
    kustomize.write_case("function", &rendered);
    let is_restricted = corpus::is_restricted(&rendered);
    kustomize.write(
        "app/l7.yaml",
        &config("path: milvus-gke-l7", &format!("{{hosts: [vectors.example.com], public: {is_restricted}}}")),
    );
    let built = kustomize.build(Function::PassThrough, FUNCTIONS);
    // Charts with Pulsar 2 give a key twice. kustomize then builds nothing, with us or without.
    if rendered.matches("\n  httpNumThreads:").count() > 1 {
        return refused(&built, &["mapping key \"httpNumThreads\" already defined"]);
    }
    let built = accepted(&built)?;
    let output = kustomize.build(Function::Ours, FUNCTIONS);
    if let Some(word) = corpus::refusal(case, &rendered) {
        return function_refused(&output, &[word]);
    }
    let public = format!("--public={is_restricted}");
    let piped = common::run(&["--host=vectors.example.com".to_owned(), public], &[], built.as_bytes());
    ensure!(piped.status == Some(0), "in a pipe: {}", text(&piped.stderr));

    let before = objects(&built)?;
    let (mut expected, mut got) = (objects(text(&piped.stdout))?, objects(&accepted(&output)?)?);
    ensure!(got.len() > before.len(), "nothing added");
    for objects in [&mut expected, &mut got] {
        compare_checksums(&before, objects)?;
    }
    same(&expected, &got)
}

/// A checksum hashes the text of a ConfigMap, which differs between a list and a stream: what counts is whether the
/// pods restart.
fn compare_checksums(before: &Objects, after: &mut Objects) -> Result<()> {
    for (identity, object) in after {
        let Some(checksum) = object.pointer_mut(CHECKSUM) else { continue };
        let old = before.get(identity).and_then(|object| object.pointer(CHECKSUM));
        if old != Some(checksum) {
            ensure!(is_sha_256(checksum), "{identity}: {checksum}");
            *checksum = json!("changed");
        }
    }
    Ok(())
}

// `kustomize fn run`: the same function over a folder of files.

#[test]
fn fn_run_rewrites_files() {
    let Some(kustomize) = kustomize() else { return };
    let sample = sample();
    fn_run(&kustomize, Function::PassThrough, &sample, &["hosts=vectors.example.com"]).unwrap();
    let (before, untouched) = (objects_of_files(&kustomize), kustomize.read("data/rendered.yaml"));
    fn_run(&kustomize, Function::Ours, &sample, &["hosts=vectors.example.com"]).unwrap();
    let after = objects_of_files(&kustomize);
    same(&as_the_guide_says(before, &after, "my-release-milvus", "milvus").unwrap(), &after).unwrap();

    let rewritten = kustomize.read("data/rendered.yaml");
    let comments =
        |file: &str| file.lines().filter(|line| line.trim_start().starts_with('#')).map(str::to_owned).collect();
    let (kept, all): (Vec<String>, Vec<String>) = (comments(&rewritten), comments(&untouched));
    assert!(all.len() > 10, "{all:?}");
    assert_eq!(kept, all);

    // Again, over what is there now.
    let files = corpus::yaml_files(&kustomize.path("data"));
    let first: Vec<_> = files.iter().map(|file| fs::read_to_string(file).unwrap()).collect();
    fn_run_over_files(&kustomize, Function::Ours, &["hosts=vectors.example.com"]).unwrap();
    assert_eq!(corpus::yaml_files(&kustomize.path("data")), files);
    for (file, first) in files.iter().zip(first) {
        assert_eq!(fs::read_to_string(file).unwrap(), first, "{}", file.display());
    }
}

/// The config is then among the objects.
#[test]
fn fn_run_with_the_config_in_the_folder() {
    let Some(kustomize) = kustomize() else { return };
    let config = config("path: milvus-gke-l7", "{hosts: [vectors.example.com]}");
    let run = |function| {
        kustomize.write("data/rendered.yaml", &sample());
        kustomize.write("data/l7.yaml", &config);
        accepted(&kustomize.run(function, &["fn", "run", "data", "--enable-exec"], &[])).unwrap();
        objects_of_files(&kustomize)
    };
    let before = run(Function::PassThrough);
    let after = run(Function::Ours);
    same(&as_the_guide_says(before, &after, "my-release-milvus", "milvus").unwrap(), &after).unwrap();
}

/// kustomize writes `off` and `true` as they stand: bare YAML words, which are no strings.
#[test]
fn fn_run_settings_are_raw_text() {
    let Some(kustomize) = kustomize() else { return };
    let settings = ["hosts=a.example.com,b.example.com", "tlsSecret=tls", "httpPort=off", "replace=true"];
    fn_run(&kustomize, Function::Ours, &sample(), &settings).unwrap();
    let after = objects_of_files(&kustomize);
    assert_eq!(hosts(&after[INGRESS]), ["a.example.com", "b.example.com"]);
    assert_eq!(after[INGRESS]["spec"]["tls"][0]["secretName"], "tls");
    assert_eq!(user_yaml(&after)["proxy"]["http"], json!({"enabled": false}));
}

#[test]
fn fn_run_reports_a_warning() {
    let Some(kustomize) = kustomize() else { return };
    let results =
        fn_run(&kustomize, Function::Ours, &sample(), &["hosts=vectors.example.com", "httpPort=keep"]).unwrap();
    let mut warnings = results.iter().filter(|result| result["severity"] == "warning");
    assert!(warnings.any(|warning| warning["message"].as_str().unwrap().contains("HTTP")), "{results:?}");
}

#[test]
fn fn_run_reports_a_refusal() {
    let Some(kustomize) = kustomize() else { return };
    let rendered = with_user_yaml("common:\n  security:\n    tlsMode: 2");
    let error = fn_run(&kustomize, Function::Ours, &rendered, &["hosts=vectors.example.com"]).unwrap_err().to_string();
    assert!(error.contains("milvus-gke-l7: error: ") && error.contains("tlsMode 2"), "{error}");
    let results = results(&kustomize);
    assert_eq!(results.len(), 1, "{results:?}");
    assert_eq!(results[0]["severity"], "error");
    assert!(results[0]["message"].as_str().unwrap().contains("tlsMode 2"), "{}", results[0]);
    let config_map =
        json!({"apiVersion": "v1", "kind": "ConfigMap", "namespace": "milvus", "name": "my-release-milvus"});
    assert_eq!(results[0]["resourceRef"], config_map);
    assert!(results[0]["field"]["path"].as_str().unwrap().contains("user.yaml"), "{}", results[0]);
    assert_eq!(results[0]["file"], json!({"path": "rendered.yaml", "index": 1}));
    assert_eq!(kustomize.read("data/rendered.yaml"), rendered);
}

#[test]
fn fn_run_refuses_settings() {
    let Some(kustomize) = kustomize() else { return };
    for (settings, words) in [
        (&["host=vectors.example.com"][..], &["did you mean `hosts`"][..]),
        (&["tlsSecret=tls"], &["no host is given"]),
        (&[], &["no host is given"]),
    ] {
        let error = fn_run(&kustomize, Function::Ours, &sample(), settings).unwrap_err().to_string();
        for word in [&["milvus-gke-l7: error: "], words].concat() {
            assert!(error.contains(word), "{word:?} is not in: {error}");
        }
        assert_eq!(kustomize.read("data/rendered.yaml"), sample());
    }
}

/// The results; the rest is in the files.
fn fn_run(kustomize: &Kustomize, function: Function, rendered: &str, settings: &[&str]) -> Result<Vec<Value>> {
    let _ = fs::remove_dir_all(kustomize.path("data"));
    kustomize.write("data/rendered.yaml", rendered);
    fn_run_over_files(kustomize, function, settings)
}

fn fn_run_over_files(kustomize: &Kustomize, function: Function, settings: &[&str]) -> Result<Vec<Value>> {
    let _ = fs::remove_dir_all(kustomize.path("results"));
    fs::create_dir(kustomize.path("results"))?;
    let args = ["fn", "run", "data", "--enable-exec", "--exec-path", "milvus-gke-l7", "--results-dir", "results", "--"];
    let stdout = accepted(&kustomize.run(function, &[&args[..], settings].concat(), &[]))?;
    ensure!(stdout.is_empty(), "printed {stdout}");
    Ok(results(kustomize))
}

fn results(kustomize: &Kustomize) -> Vec<Value> {
    let file = kustomize.path("results/results-0.yaml");
    if file.exists() { serde_yaml::from_str(&fs::read_to_string(file).unwrap()).unwrap() } else { Vec::new() }
}

fn objects_of_files(kustomize: &Kustomize) -> Objects {
    let files = corpus::yaml_files(&kustomize.path("data"));
    let texts: Vec<_> = files.iter().map(|file| fs::read_to_string(file).unwrap()).collect();
    objects(&texts.join("\n---\n")).unwrap()
}

// Legacy plugins: the config's file as argument, a plain stream on stdin.

fn legacy_plugin(tool: &Kustomize) {
    tool.write_case("legacy", &sample());
    let before = build_passing_through(tool);
    for (variable, folder) in
        [("KUSTOMIZE_PLUGIN_HOME", ""), ("XDG_CONFIG_HOME", "kustomize/plugin"), ("HOME", ".config/kustomize/plugin")]
    {
        let home = tool.path(&variable.to_lowercase());
        let vars = [(variable, home.as_path())];
        // kustomize goes by the folder that exists.
        fs::create_dir_all(home.join(folder)).unwrap();
        accepted(&tool.ours(&["kustomize-plugin", "install"], &vars)).unwrap();
        let file = home.join(folder).join("milvus-gke-l7/v1alpha1/milvusgkel7/MilvusGkeL7");
        assert!(file.is_file(), "{variable}: no {}", file.display());
        // Once more does no harm.
        accepted(&tool.ours(&["kustomize-plugin", "install"], &vars)).unwrap();
        let path = accepted(&tool.ours(&["kustomize-plugin", "path"], &vars)).unwrap();
        assert!(file.starts_with(path.trim_end()), "{variable}: {path}");

        let built = tool.run(Function::Ours, &[&[tool.subcommand()], LEGACY, &["app"]].concat(), &vars);
        let after = objects(&accepted(&built).unwrap()).unwrap();
        same(&as_the_guide_says(before.clone(), &after, "my-release-milvus", "milvus").unwrap(), &after).unwrap();
    }
}

fn legacy_plugin_after_a_prefix(tool: &Kustomize) {
    tool.write_case("outermost", &sample());
    tool.write("app/l7.yaml", &config("", "{hosts: [vectors.example.com]}"));
    let before = build_passing_through(tool);
    install_plugin(tool);
    let after = build(tool, Function::Ours, LEGACY);
    same(&as_the_guide_says(before, &after, "prod-my-release-milvus", "vectors").unwrap(), &after).unwrap();
}

fn legacy_plugin_second_run(tool: &Kustomize) {
    tool.write_case("legacy", &sample());
    install_plugin(tool);
    second_run(tool, LEGACY);
}

fn legacy_plugin_refuses(tool: &Kustomize) {
    install_plugin(tool);
    for (rendered, config, words) in refusals("") {
        tool.write_case("legacy", &rendered);
        tool.write("app/l7.yaml", &config);
        legacy_refused(&tool.build(Function::Ours, LEGACY), words);
    }
    tool.write_case("legacy", &sample());
    tool.write("app/kustomization.yaml", "resources: [rendered.yaml]\ngenerators: [l7.yaml]\n");
    legacy_refused(&tool.build(Function::Ours, LEGACY), &["the input is empty"]);
    tool.write("app/kustomization.yaml", "transformers: [l7.yaml]\n");
    legacy_refused(&tool.build(Function::Ours, LEGACY), &["the input is empty"]);
}

fn legacy_refused(output: &Output, words: &[&str]) {
    refused(output, &[words, &["failure in plugin configured via"]].concat()).unwrap();
}

fn install_plugin(tool: &Kustomize) {
    accepted(&tool.ours(&["kustomize-plugin", "install"], &[])).unwrap();
}

/// The build with `cat` in the plugin's place, which is free again afterwards.
fn build_passing_through(tool: &Kustomize) -> Objects {
    const PLUGIN: &str = "home/.config/kustomize/plugin/milvus-gke-l7/v1alpha1/milvusgkel7/MilvusGkeL7";
    let plugin = tool.read("pass-through/milvus-gke-l7");
    tool.write_script(PLUGIN, &plugin);
    let before = build(tool, Function::PassThrough, LEGACY);
    fs::remove_file(tool.path(PLUGIN)).unwrap();
    before
}

// What all of them share.

fn sample() -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/sample/rendered.yaml")).unwrap()
}

/// The sample with other settings of the user's.
fn with_user_yaml(settings: &str) -> String {
    let sample = sample();
    let (start, end) = (
        sample.find("    #  Settings of your own").unwrap(),
        sample.find("---\n# Source: milvus/charts/etcd").unwrap(),
    );
    let settings: String = settings.lines().map(|line| format!("    {line}\n")).collect();
    [&sample[..start], &settings, &sample[end..]].concat()
}

/// A config with this `exec` (none for a legacy plugin) and this spec.
fn config(exec: &str, spec: &str) -> String {
    let function = format!("    config.kubernetes.io/function: |\n      exec:\n        {exec}\n");
    let function = if exec.is_empty() { "" } else { &function };
    format!(
        "apiVersion: milvus-gke-l7/v1alpha1\nkind: MilvusGkeL7\nmetadata:\n  name: l7\n  annotations:\n    \
         config.kubernetes.io/local-config: \"true\"\n{function}spec: {spec}\n"
    )
}

/// Rendered charts and configs to refuse, and what the message must say.
fn refusals(exec: &str) -> Vec<(String, String, &'static [&'static str])> {
    let good = config(exec, "{hosts: [vectors.example.com]}");
    let mut refusals: Vec<(_, _, &[&str])> = vec![
        (NO_MILVUS.to_owned(), good.clone(), &["no Milvus Service"]),
        (with_user_yaml("common:\n  security:\n    tlsMode: 2"), good, &["tlsMode 2", "client certificate"]),
    ];
    refusals.extend(WRONG_SPECS.map(|(spec, words)| (sample(), config(exec, spec), words)));
    refusals
}

fn build(tool: &Kustomize, function: Function, flags: &[&str]) -> Objects {
    objects(&accepted(&tool.build(function, flags)).unwrap()).unwrap()
}

fn build_as_the_guide_says(kustomize: &Kustomize, flags: &[&str], service: &str, namespace: &str) {
    let before = build(kustomize, Function::PassThrough, flags);
    let after = build(kustomize, Function::Ours, flags);
    same(&as_the_guide_says(before, &after, service, namespace).unwrap(), &after).unwrap();
}

/// What was built, as resources once more.
fn second_run(tool: &Kustomize, flags: &[&str]) {
    let first = accepted(&tool.build(Function::Ours, flags)).unwrap();
    tool.write("app/rendered.yaml", &first);
    let second = accepted(&tool.build(Function::Ours, flags)).unwrap();
    same(&objects(&first).unwrap(), &objects(&second).unwrap()).unwrap();
}

fn function_refused(output: &Output, words: &[&str]) -> Result<()> {
    ensure!(text(&output.stderr).starts_with("milvus-gke-l7: error: "), "{}", text(&output.stderr));
    refused(output, &[words, &["couldn't execute function: exit status 1"]].concat())
}

fn refused(output: &Output, words: &[&str]) -> Result<()> {
    let stderr = text(&output.stderr);
    ensure!(!output.status.success(), "not refused");
    ensure!(output.stdout.is_empty(), "refused, but printed {}", text(&output.stdout));
    for word in words {
        ensure!(stderr.contains(word), "{word:?} is not in: {stderr}");
    }
    Ok(())
}

/// The sample's objects as they were, with the guide's changes and nothing else.
fn as_the_guide_says(before: Objects, after: &Objects, service: &str, namespace: &str) -> Result<Objects> {
    let mut expected = before;
    let named = |kind: &str, name: &str| format!("{kind} {namespace}/{name}");

    let object = expected.get_mut(&named("v1 Service", service)).unwrap();
    assert_eq!(object["spec"]["type"], "LoadBalancer");
    object["spec"]["type"] = json!("ClusterIP");
    object["spec"].as_object_mut().unwrap().shift_remove("loadBalancerSourceRanges").unwrap();
    assert_eq!(object["metadata"].get("annotations"), None);
    object["metadata"]["annotations"] = json!({
        "cloud.google.com/app-protocols": r#"{"milvus":"HTTP2"}"#,
        "cloud.google.com/backend-config": r#"{"default": "my-release-backendconfig"}"#,
        "cloud.google.com/neg": r#"{"ingress": true}"#,
    });
    let labels = object["metadata"]["labels"].as_object().unwrap().iter();
    let labels: Value =
        labels.filter(|(name, _)| *name != "component").map(|(name, value)| (name.clone(), value.clone())).collect();

    let config_map = &mut expected.get_mut(&named("v1 ConfigMap", service)).unwrap()["data"]["user.yaml"];
    let settings = "\ncommon:\n  security:\n    tlsMode: 1\nproxy:\n  http:\n    port: 8080";
    *config_map = json!([config_map.as_str().unwrap(), settings].concat());

    let deployment = named("apps/v1 Deployment", &format!("{service}-standalone"));
    let checksum = expected.get_mut(&deployment).unwrap().pointer_mut(CHECKSUM).unwrap();
    let rolled = after[&deployment].pointer(CHECKSUM).unwrap();
    ensure!(is_sha_256(rolled) && rolled != checksum, "the pods do not restart: {checksum} became {rolled}");
    *checksum = rolled.clone();

    let certificate = format!("{service}-tls");
    for object in [
        json!({
            "apiVersion": "cloud.google.com/v1",
            "kind": "BackendConfig",
            "metadata": {"name": "my-release-backendconfig", "namespace": namespace, "labels": labels},
            "spec": {"healthCheck": {"port": 9091, "requestPath": "/healthz", "type": "HTTP"}},
        }),
        json!({
            "apiVersion": "networking.gke.io/v1",
            "kind": "ManagedCertificate",
            "metadata": {"name": certificate, "namespace": namespace, "labels": labels},
            "spec": {"domains": ["vectors.example.com"]},
        }),
        json!({
            "apiVersion": "networking.k8s.io/v1",
            "kind": "Ingress",
            "metadata": {
                "name": service,
                "namespace": namespace,
                "labels": labels,
                "annotations": {
                    "kubernetes.io/ingress.class": "gce",
                    "networking.gke.io/managed-certificates": certificate,
                },
            },
            "spec": {"rules": [{
                "host": "vectors.example.com",
                "http": {"paths": [{
                    "path": "/",
                    "pathType": "Prefix",
                    "backend": {"service": {"name": service, "port": {"number": 19530}}},
                }]},
            }]},
        }),
    ] {
        expected.insert(runner::identity(&object), object);
    }
    Ok(expected)
}

fn is_sha_256(checksum: &Value) -> bool {
    checksum.as_str().is_some_and(|sum| sum.len() == 64 && sum.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

fn hosts(ingress: &Value) -> Vec<&str> {
    let rules = ingress["spec"]["rules"].as_array().unwrap().iter();
    rules.map(|rule| rule["host"].as_str().unwrap()).collect()
}

fn user_yaml(objects: &Objects) -> Value {
    serde_yaml::from_str(objects[CONFIG_MAP]["data"]["user.yaml"].as_str().unwrap()).unwrap()
}
