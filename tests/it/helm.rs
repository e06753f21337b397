//! What users of Helm 3 and Helm 4 see: both real, with the real binary as their post-renderer.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use crate::common::{
    self, corpus,
    helm::{Helm, PostRenderer, text},
};

const HOST: &[&str] = &["--host=vectors.example.com"];
const PUBLIC: &[&str] = &["--host=vectors.example.com", "--public"];
const APP_PROTOCOLS: &str = "cloud.google.com/app-protocols";
const BACKEND_CONFIG: &str = "cloud.google.com/backend-config";
const NEG: &str = "cloud.google.com/neg";
const CHECKSUM: &str = "/spec/template/metadata/annotations/checksum~1config";

/// What Helm makes hooks of: it runs them, and lays them behind the objects of the release.
const HOOKS: &str = r#"---
# Source: milvus/templates/hooks.yaml
apiVersion: batch/v1
kind: Job
metadata:
    name:   migrate   # indented otherwise
    annotations: {"helm.sh/hook": "pre-install,pre-upgrade"}
spec:
    template: &pods
        spec:
            containers:
                -   {name: migrate, image: 'busybox', args: [a,  "b"]}
            volumes: [{name: config, configMap: {name: my-release-milvus}}]
---
apiVersion: v1
kind: Pod
metadata:
  name: ping
  annotations:
    helm.sh/hook: test
spec:
  containers:
  - name: ping
    args:
    - >-
      curl
      my-release-milvus
---
apiVersion: v1
kind: ServiceAccount
metadata:
  name: milvus
  annotations:
    helm.sh/hook: pre-install
"#;

/// Documents that nobody must understand and that have to stay as they are.
const ODD: &str = r#"---
apiVersion: v1
kind: ServiceAccount
metadata: {name: milvus}
---
# the same once more
apiVersion: v1
kind: ServiceAccount
metadata: {name: milvus}
---
apiVersion: v1
kind: ConfigMap
metadata:
  name: odd
  name: odd
data:
  emoji: 😀
  folded: >
    one
      two

    three
  ? complex
  : key
  quoted:   'a''b'   # two blanks
  kept: |+
    text

"#;

/// Cases that Helm itself refuses, and its words.
const REFUSED_BY_HELM: [(&str, &str); 4] = [
    // The replay chart cannot be without it; `empty_stream` is this case.
    ("refuse/empty-input", "rendered.yaml is missing beside Chart.yaml, or empty"),
    // Both Helms read every document before they hand it over.
    ("refuse/non-utf8-service", "yaml: invalid leading UTF-8 octet"),
    ("refuse/control-character", "yaml: control characters are not allowed"),
    ("refuse/service-does-not-parse", "did not find expected ',' or '}'"),
];

/// Cases that Helm 4 changes before it hands them over, and what is found then.
const CHANGED_BY_HELM_4: [(&str, &str); 3] = [
    // Every object has annotations, so that it is their entries that differ.
    ("config/replace-false-over-true", DIFFERENT_INGRESS),
    ("refuse/chart-ingress-v1beta1", DIFFERENT_INGRESS),
    ("refuse/ingress-in-a-list", DIFFERENT_INGRESS),
];

/// Cases that Helm 4 writes anew in a form that can be edited, and what must then be kept.
const MENDED_BY_HELM_4: [(&str, &str); 1] = [
    // The hidden entry gets a line of its own, and the key that stands twice is there once.
    ("refuse/entry-hidden-by-a-line-break-of-yaml-1.1", "\n  ipFamilyPolicy: SingleStack\n"),
];

const DIFFERENT_INGRESS: &str = "Ingress `my-release-milvus` is already in the input and differs from ours";

macro_rules! tests {
    ($($module:ident, Helm $major:literal: $($test:ident)*;)*) => {$(
        mod $module {
            $(#[test] fn $test() { if let Some(helm) = super::Helm::find($major) { super::$test(&helm); } })*
        }
    )*};
}

tests! {
    helm_3, Helm 3:
        sample second_run show_only replaced_stays_in_its_template real_charts
        hooks odd_documents merge_keys json_templates aliased_annotations lists
        refusals empty_stream nothing_but_hooks
        output_folder_is_refused beside_a_plugin_of_helm_4;
    helm_4, Helm 4:
        sample second_run show_only replaced_stays_in_its_template real_charts
        hooks odd_documents merge_keys json_templates aliased_annotations lists
        refusals empty_stream nothing_but_hooks
        output_folder install_as_dry_run plugin_install commands_are_no_manifests errors_keep_their_lines;
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

/// Ours in the place of the chart's own Ingress is still of its template.
fn replaced_stays_in_its_template(helm: &Helm) {
    let case = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/cases/append/replace-the-chart-ingress/stdin.yaml");
    let args = [HOST, &["--replace"]].concat();
    let rendered = fs::read_to_string(case).unwrap();
    let shown = helm.template(&rendered, PostRenderer::Ours(&args), &["-s", "templates/replay.yaml"]);
    let shown = Manifests::read(&accepted(&shown).unwrap()).unwrap();
    let ingress = &shown.objects["networking.k8s.io/v1 Ingress milvus/my-release-milvus"];
    assert_eq!(ingress["spec"]["rules"][0]["host"], "vectors.example.com");
}

/// Helm 3 keeps hooks to itself. Helm 4 hands them over, also those that are an object of the release once more.
fn hooks(helm: &Helm) {
    let [config_map, service, deployment] = ["configmap", "service", "standalone-deployment"].map(hook_of);
    let rendered = format!("{config_map}{}{HOOKS}{service}{deployment}", sample_text());
    rewritten(helm, &rendered).unwrap();
    let printed = post_rendered(helm, &rendered).unwrap();
    assert_eq!(common::documents(split_at_hooks(&printed).1.as_bytes()).len(), 6);
}

fn odd_documents(helm: &Helm) {
    rewritten(helm, &(sample_text() + ODD)).unwrap();
    rewritten(helm, &(ODD.to_owned() + &sample_text()).replace('\n', "\r\n")).unwrap();
    rewritten(helm, &sample_with(&[("#  Settings of your own", "#  Settings of your 😀 own")])).unwrap();
}

/// Helm 4 makes `!!merge <<` of them.
fn merge_keys(helm: &Helm) {
    let rendered = sample_with(&[
        // of the Service: labels, annotations, selector
        (
            "    component: \"standalone\"\nspec:\n  type: LoadBalancer\n",
            "    <<: {component: standalone}\n  annotations:\n    <<: {note: text}\nspec:\n  type: LoadBalancer\n",
        ),
        (
            "targetPort: metrics\n  selector:\n    app.kubernetes.io/name: milvus\n",
            "targetPort: metrics\n  selector:\n    <<: {app.kubernetes.io/name: milvus}\n",
        ),
        // of the Deployment: labels and annotations of the pods, a volume's mount
        (
            "matchLabels:\n      app.kubernetes.io/name: milvus\n",
            "matchLabels: &pods\n      app.kubernetes.io/name: milvus\n",
        ),
        (
            "        app.kubernetes.io/name: milvus\n        app.kubernetes.io/instance: my-release\n        component: \"standalone\"\n",
            "        <<: *pods\n",
        ),
        ("        checksum/config: 0770", "        <<: {note: text}\n        checksum/config: 0770"),
        (
            "        - name: milvus-config\n          mountPath: /milvus/configs/default.yaml\n",
            "        - &config\n          name: milvus-config\n          mountPath: /milvus/configs/default.yaml\n",
        ),
        (
            "        - name: milvus-config\n          mountPath: /milvus/configs/user.yaml\n",
            "        - <<: *config\n          mountPath: /milvus/configs/user.yaml\n",
        ),
        // of an object that stays
        ("    app: minio\n", "    <<: {app: minio}\n"),
    ]);
    rewritten(helm, &rendered).unwrap();
}

/// Helm 4 adds an entry of block YAML to them: `{"kind": "Service", … postrenderer.helm.sh/postrender-filename: 'x'}`.
fn json_templates(helm: &Helm) {
    for write in [serde_json::to_string, serde_json::to_string_pretty] {
        let documents = sample_values().map(|value| format!("---\n{}\n", write(&value).unwrap()));
        rewritten(helm, &documents.collect::<String>()).unwrap();
    }
    // Only the Service, so that it stands beside block YAML.
    let service = document_of("service");
    let json = format!("---\n{}\n", value(&service));
    rewritten(helm, &sample_text().replace(&service, &json)).unwrap();
}

/// Helm 4 adds an annotation of its own. Where annotations are written out for an alias that must not change with them,
/// it must not go there: not even its value is fit for a label.
fn aliased_annotations(helm: &Helm) {
    let labels_of_the_service = sample_with(&[
        (
            "my-release-milvus\n  namespace: milvus\n  labels:\n",
            "my-release-milvus\n  namespace: milvus\n  annotations: &common\n",
        ),
        (
            "    component: \"standalone\"\nspec:\n  type",
            "    component: \"standalone\"\n  labels: *common\nspec:\n  type",
        ),
    ]);
    let checksum = "checksum/config: 07709fe832700f3ac8d8c111ab477a7d9812f8f2abfa8aec9b000f9bbcd73148\n";
    let annotations_of_the_pods = sample_with(&[
        (&format!("\n      annotations:\n        {checksum}"), "\n      annotations: *common\n"),
        ("\n  annotations:\n    \n", &format!("\n  annotations: &common\n    {checksum}")),
    ]);
    let results = [labels_of_the_service, annotations_of_the_pods].map(|rendered| rewritten(helm, &rendered));
    let wrong: Vec<_> = results.into_iter().filter_map(Result::err).map(|error| format!("{error:#}")).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Helm 3 hands a List over as it is, Helm 4 its items.
fn lists(helm: &Helm) {
    let documents: Vec<_> =
        common::documents(sample_text().as_bytes()).into_iter().map(|it| text(it).to_owned()).collect();
    let objects: Vec<_> = documents.iter().filter(|document| !value(document).is_null()).cloned().collect();
    rewritten(helm, &list_of(&objects)).unwrap();

    let service = document_of("service");
    let others = sample_text().replace(&service, "");
    let json = json!({"apiVersion": "v1", "kind": "List", "items": [value(&service)]});
    rewritten(helm, &format!("{others}{}", list_of(&[service]))).unwrap();
    rewritten(helm, &format!("{others}---\n{json}\n")).unwrap();
}

/// What a golden case records of stderr is what Helm's user reads.
fn refusals(helm: &Helm) {
    let mut wrong = Vec::new();
    let mut excused = 0;
    for case in recorded_refusals() {
        let words =
            |cases: &[(&str, &'static str)]| cases.iter().find(|(name, _)| *name == case.name).map(|(_, it)| *it);
        let args: Vec<_> = case.args.iter().map(String::as_str).collect();
        helm.write("chart/rendered.yaml", &case.stdin);
        let mut command = helm.on_chart("template", PostRenderer::Ours(&args));
        let output = command.envs(case.vars.iter().cloned()).current_dir(&case.folder).output().unwrap();
        let result = if let Some(words) = words(&REFUSED_BY_HELM) {
            excused += 1;
            refused_by_helm(&output, words)
        } else if let Some(words) = words(&CHANGED_BY_HELM_4).filter(|_| helm.major == 4) {
            excused += 1;
            refused(helm, &output, case.status, words)
        } else if let Some(kept) = words(&MENDED_BY_HELM_4).filter(|_| helm.major == 4) {
            excused += 1;
            keeps(&output, kept)
        } else {
            refused(helm, &output, case.status, "").and_then(|()| says(&output, &case.lines()))
        };
        wrong.extend(result.err().map(|error| format!("{}: {error:#}", case.name)));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let of_helm_4 = if helm.major == 4 { CHANGED_BY_HELM_4.len() + MENDED_BY_HELM_4.len() } else { 0 };
    let listed = REFUSED_BY_HELM.len() + of_helm_4;
    assert_eq!(excused, listed, "a case of these lists is gone");
}

/// It is rewritten, and `kept` is in it.
fn keeps(output: &Output, kept: &str) -> Result<()> {
    let stdout = String::from_utf8_lossy(&output.stdout);
    ensure!(output.status.success(), "refused: {output:?}");
    ensure!(stdout.contains("kind: BackendConfig"), "not rewritten:\n{stdout}");
    ensure!(stdout.contains(kept), "{kept:?} is lost:\n{stdout}");
    Ok(())
}

/// An empty manifest would delete the release: Helm 3 takes it.
fn empty_stream(helm: &Helm) {
    helm.write("chart/templates/replay.yaml", "{{ if .Values.enabled }}\nkind: ConfigMap\n{{ end }}\n");
    let output = helm.on_chart("template", PostRenderer::Ours(HOST)).output().unwrap();
    refused(helm, &output, 1, "error: the input is empty\n").unwrap();
}

/// Helm 3 hands over nothing of such a chart.
fn nothing_but_hooks(helm: &Helm) {
    let word = match helm.major {
        3 => "error: the input is empty\n",
        _ => "error: no Milvus Service in the input, although the Milvus chart is there\n",
    };
    let rendered = HOOKS.to_owned() + &hook_of("service");
    refused(helm, &helm.template(&rendered, PostRenderer::Ours(HOST), &[]), 1, word).unwrap();
}

/// Helm 3 writes the files without asking us, and then asks us with nothing.
fn output_folder_is_refused(helm: &Helm) {
    let before = Manifests::read(&pass_through(helm, &sample_text()).unwrap()).unwrap();
    let mut output = helm.template(&sample_text(), PostRenderer::Ours(HOST), &["--output-dir", "files"]);
    assert_eq!(written(helm, "files").objects, before.objects);
    // It names the files it wrote.
    output.stdout.clear();
    refused(helm, &output, 1, "error: the input is empty\n").unwrap();
}

fn output_folder(helm: &Helm) {
    let before = Manifests::read(&pass_through(helm, &sample_text()).unwrap()).unwrap();
    accepted(&helm.template(&sample_text(), PostRenderer::Ours(HOST), &["--output-dir", "files"])).unwrap();
    only_what_must_change(helm, &before, &written(helm, "files")).unwrap();
}

/// One plugin of Helm 4's kind keeps Helm 3 from loading any, but not from post-rendering.
fn beside_a_plugin_of_helm_4(helm: &Helm) {
    let rendered = post_rendered(helm, &sample_text()).unwrap();
    let plugin = fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("plugin.yaml")).unwrap();
    helm.write("data/plugins/milvus-gke-l7/plugin.yaml", plugin);
    let output = helm.template(&sample_text(), PostRenderer::Ours(HOST), &[]);
    assert_eq!(accepted(&output).unwrap(), rendered);
    assert!(text(&output.stderr).contains("failed to load plugins"), "{}", text(&output.stderr));
}

/// Helm 4 needs no cluster for it; Helm 3 does, and so does an upgrade.
fn install_as_dry_run(helm: &Helm) {
    let rendered = post_rendered(helm, &sample_text()).unwrap();
    let output = helm.on_chart("install", PostRenderer::Ours(HOST)).arg("--dry-run=client").output().unwrap();
    let output = accepted(&output).unwrap();
    let (_, manifest) = output.split_once("\nMANIFEST:\n").unwrap();
    assert_eq!(manifest.trim_end(), rendered.trim_end());

    let output = helm.on_chart("install", PostRenderer::Ours(&[])).arg("--dry-run=client").output().unwrap();
    refused(helm, &output, 2, "error: no host is given\n").unwrap();
}

/// As the README has it: in the checkout, `helm plugin install .`
fn plugin_install(helm: &Helm) {
    let rendered = post_rendered(helm, &sample_text()).unwrap();
    let data = helm.home().join("own");
    let plugin = |args: &[&str]| {
        let mut command = helm.command();
        command.arg("plugin").args(args).env("HELM_DATA_HOME", &data).current_dir(env!("CARGO_MANIFEST_DIR"));
        accepted(&command.output().unwrap()).unwrap()
    };
    let output = helm.on_chart("template", PostRenderer::Ours(HOST)).env("HELM_DATA_HOME", &data).output().unwrap();
    refused_by_helm(&output, "not found").unwrap();
    plugin(&["install", "."]);
    let listed = plugin(&["list"]);
    let fields: Vec<_> = listed.lines().skip(1).map(|line| line.split_whitespace().collect::<Vec<_>>()).collect();
    assert_eq!(fields.len(), 1, "{listed}");
    assert_eq!(fields[0][..3], ["milvus-gke-l7", env!("CARGO_PKG_VERSION"), "postrenderer/v1"]);
    let output = helm.on_chart("template", PostRenderer::Ours(HOST)).env("HELM_DATA_HOME", &data).output().unwrap();
    assert_eq!(accepted(&output).unwrap(), rendered);
}

/// What a command prints is nothing to install.
fn commands_are_no_manifests(helm: &Helm) {
    for command in
        [&["schema"][..], &["man"], &["completions", "bash"], &["helm-plugin", "path"], &["--help"], &["--version"]]
    {
        for args in [command.to_vec(), [HOST, command].concat()] {
            let output = helm.template(&sample_text(), PostRenderer::Ours(&args), &[]);
            let result = refused_by_helm(&output, "error while parsing post rendered output");
            result.with_context(|| args.join(" ")).unwrap();
        }
    }
}

/// Helm 4 shows a text with a blank at a line's end, or with an emoji, as one long line.
fn errors_keep_their_lines(helm: &Helm) {
    for (args, line) in [(["--help"], "Examples:"), (["--host=😀.example.com"], "For more information, try '--help'.")]
    {
        let output = helm.template(&sample_text(), PostRenderer::Ours(&args), &[]);
        says(&output, &[line]).unwrap();
    }
}

fn real_charts(helm: &Helm) {
    let Some(charts) = corpus::charts() else { return };
    let cases = corpus::cases(&charts);
    assert!(!cases.is_empty(), "no chart in {}", charts.display());
    let mut wrong = Vec::new();
    for case in cases {
        let rendered = fs::read_to_string(charts.join(&case)).unwrap();
        let result = match corpus::refusal(&case, &rendered) {
            Some(word) => refused(helm, &helm.template(&rendered, PostRenderer::Ours(HOST), &[]), 1, word),
            None => rewritten(helm, &rendered),
        };
        wrong.extend(result.err().map(|error| format!("{case}: {error:#}")));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What Helm prints with us is what it prints with `cat`, but for what must change.
fn rewritten(helm: &Helm, rendered: &str) -> Result<()> {
    let before = pass_through(helm, rendered)?;
    let after = post_rendered(helm, rendered)?;
    unchanged_by_us(&after)?;
    let (before, before_hooks) = split_at_hooks(&before);
    let (after, after_hooks) = split_at_hooks(&after);
    ensure!(before_hooks == after_hooks, "hooks:\n{}", common::diff(before_hooks.as_bytes(), after_hooks.as_bytes()));
    only_what_must_change(helm, &Manifests::read(before)?, &Manifests::read(after)?)
}

/// Helm prints hooks behind all else.
fn split_at_hooks(stream: &str) -> (&str, &str) {
    let documents = common::documents(stream.as_bytes());
    let objects = documents.iter().take_while(|document| {
        let annotations = &value(text(document))["metadata"]["annotations"];
        annotations.get("helm.sh/hook").is_none()
    });
    stream.split_at(objects.map(|document| document.len()).sum())
}

fn sample_text() -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/sample/rendered.yaml")).unwrap()
}

/// The sample with each of these texts replaced.
fn sample_with(changes: &[(&str, &str)]) -> String {
    changes.iter().fold(sample_text(), |sample, (old, new)| {
        assert_eq!(sample.matches(old).count(), 1, "{old}");
        sample.replace(old, new)
    })
}

/// The sample's objects.
fn sample_values() -> impl Iterator<Item = Value> {
    let sample = sample_text();
    let values: Vec<_> =
        common::documents(sample.as_bytes()).into_iter().map(|document| value(text(document))).collect();
    values.into_iter().filter(|value| !value.is_null())
}

/// The sample's document of one of Milvus's templates.
fn document_of(template: &str) -> String {
    let sample = sample_text();
    let source = format!("---\n# Source: milvus/templates/{template}.yaml\n");
    let documents = common::documents(sample.as_bytes());
    text(documents.into_iter().find(|document| document.starts_with(source.as_bytes())).unwrap()).to_owned()
}

/// The same object as a hook.
fn hook_of(template: &str) -> String {
    let document = document_of(template).replace("\n  annotations:\n    \n", "\n");
    document.replacen("metadata:\n", "metadata:\n  annotations:\n    helm.sh/hook: pre-install\n", 1)
}

fn list_of(documents: &[String]) -> String {
    let mut list = "---\napiVersion: v1\nkind: List\nitems:\n".to_owned();
    for document in documents {
        let lines = document.lines().filter(|line| *line != "---" && !line.starts_with('#'));
        let lines = lines.enumerate().map(|(at, line)| format!("{} {line}\n", if at == 0 { '-' } else { ' ' }));
        list.extend(lines);
    }
    list
}

fn value(document: &str) -> Value {
    serde_yaml::from_str(text(common::body(document.as_bytes()))).unwrap_or_else(|error| panic!("{error}: {document}"))
}

/// What Helm wrote into `folder`.
fn written(helm: &Helm, folder: &str) -> Manifests {
    let files = corpus::yaml_files(&helm.home().join(folder));
    assert!(!files.is_empty(), "no file in {folder}");
    Manifests::read(&files.into_iter().map(|file| fs::read_to_string(file).unwrap()).collect::<String>()).unwrap()
}

/// A golden case that ends in an error.
struct Refusal {
    name: String,
    folder: PathBuf,
    args: Vec<String>,
    vars: Vec<(String, String)>,
    stdin: Vec<u8>,
    status: i32,
    stderr: String,
}

/// All of them, but for those of kustomize's functions.
fn recorded_refusals() -> Vec<Refusal> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/cases");
    let folders = |folder: &Path| fs::read_dir(folder).unwrap().map(|it| it.unwrap().path()).filter(|it| it.is_dir());
    let mut refusals: Vec<_> =
        folders(&root).flat_map(|group| folders(&group)).filter_map(|it| refusal_in(&root, it)).collect();
    refusals.sort_by(|one, other| one.name.cmp(&other.name));
    refusals
}

fn refusal_in(root: &Path, folder: PathBuf) -> Option<Refusal> {
    let name = folder.strip_prefix(root).unwrap().to_str().unwrap().to_owned();
    let read =
        |file: &str| fs::read_to_string(folder.join(file)).unwrap_or_else(|error| panic!("{name}/{file}: {error}"));
    let status = read("status").trim().parse().unwrap();
    // The input of some cannot come through Helm, and others are commands.
    if status == 0 || name.starts_with("function/") || name.starts_with("wrong-input/") {
        return None;
    }
    let (args, vars) = common::arguments(&name, &read("args"));
    let (stdin, stderr) = (fs::read(folder.join("stdin.yaml")).unwrap(), read("stderr.txt"));
    Some(Refusal { name, folder, args, vars, stdin, status, stderr })
}

impl Refusal {
    /// Every line of wrong usage. Of a refusal not its place: the chart around it is another one.
    fn lines(&self) -> Vec<&str> {
        let everywhere = |line: &&str| ["error: ", "= note: ", "= help: "].iter().any(|start| line.starts_with(start));
        let lines = self.stderr.lines().map(str::trim).filter(|line| !line.is_empty());
        lines.filter(|line| self.status == 2 || everywhere(line)).collect()
    }
}

fn pass_through(helm: &Helm, rendered: &str) -> Result<String> {
    accepted(&helm.template(rendered, PostRenderer::PassThrough, &[])).context("Helm fails without us")
}

fn post_rendered(helm: &Helm, rendered: &str) -> Result<String> {
    accepted(&helm.template(rendered, PostRenderer::Ours(flags(rendered)), &[]))
}

fn flags(rendered: &str) -> &'static [&'static str] {
    if corpus::is_restricted(rendered) { PUBLIC } else { HOST }
}

fn unchanged_by_us(stream: &str) -> Result<()> {
    let args: Vec<String> = flags(stream).iter().map(ToString::to_string).collect();
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

/// Refused before it comes to us, or for no word of ours.
fn refused_by_helm(output: &Output, words: &str) -> Result<()> {
    let stderr = text(&output.stderr);
    ensure!(!output.status.success(), "not refused");
    ensure!(output.stdout.is_empty(), "refused, but printed {}", text(&output.stdout));
    ensure!(stderr.contains(words), "{words:?} is not in: {stderr}");
    Ok(())
}

/// Each of these is a line of what Helm says, indented or behind our name.
fn says(output: &Output, lines: &[&str]) -> Result<()> {
    let stderr = text(&output.stderr);
    ensure!(!lines.is_empty(), "nothing to look for");
    for line in lines {
        ensure!(stderr.lines().any(|said| said.trim_end().ends_with(line)), "no line {line:?} in: {stderr}");
    }
    Ok(())
}

/// The objects of a stream by identity, also those in a List.
#[derive(Default)]
struct Manifests {
    order: Vec<String>,
    objects: BTreeMap<String, Value>,
}

impl Manifests {
    fn read(stream: &str) -> Result<Self> {
        let mut manifests = Self::default();
        for document in common::documents(stream.as_bytes()) {
            let document = text(common::body(document));
            // Straight into a JSON value: of a key that stands twice, the last one counts, as for Helm.
            let object: Value = serde_yaml::from_str(document).with_context(|| document.to_owned())?;
            match object {
                Value::Null => {}
                Value::Object(mut list) if list["kind"] == "List" => {
                    let items = list.remove("items").unwrap_or_default();
                    items
                        .as_array()
                        .context("a List without items")?
                        .iter()
                        .for_each(|item| manifests.add(item.clone()));
                }
                object => manifests.add(object),
            }
        }
        Ok(manifests)
    }

    fn add(&mut self, object: Value) {
        let part = |pointer| object.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
        let (version, kind) = (part("/apiVersion"), part("/kind"));
        let mut identity = format!("{version} {kind} {}/{}", part("/metadata/namespace"), part("/metadata/name"));
        while self.objects.contains_key(&identity) {
            identity.push_str(", again");
        }
        self.order.push(identity.clone());
        self.objects.insert(identity, object);
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
