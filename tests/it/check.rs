//! `check` on manifests that break a rule and on those that keep it, `explain` on every rule, and no alarm on what
//! the program itself writes.
//!
//! `UPDATE=1 cargo test check` writes `findings.txt` beside each `broken.yaml`.

use std::collections::{BTreeMap, BTreeSet};
use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use base64ct::{Base64, Encoding as _};
use milvus_gke_l7::check::rules::ALL;
use milvus_gke_l7::report::diagnostic::Severity;
use milvus_gke_l7::report::files::Files;
use milvus_gke_l7::yaml;
use serde_json::{Value, json};

use crate::common::{self, Run, corpus, recorded, run};

fn check(args: &[&str], input: &[u8]) -> Run {
    let args: Vec<_> = ["check"].iter().chain(args).map(ToString::to_string).collect();
    run(&args, &[], input)
}

/// What `--output json` finds, where the input can be checked.
fn findings(args: &[&str], input: &[u8]) -> Result<Vec<Value>, String> {
    let args: Vec<_> = args.iter().copied().chain(["--output=json"]).collect();
    let run = check(&args, input);
    serde_json::from_slice(&run.stdout).map_err(|_| String::from_utf8_lossy(&run.stderr).into_owned())
}

/// Errors and warnings, each as its rule, object and message. Most charts leave authentication off:
/// `real_charts_before_and_after` and a rule of its own look at that.
fn alarms(args: &[&str], input: &[u8]) -> Vec<String> {
    let args: Vec<_> = args.iter().copied().chain(["--ignore=authentication-off"]).collect();
    let found = findings(&args, input).unwrap_or_else(|error| panic!("{error}"));
    let is_alarm = |finding: &&Value| finding["severity"] != "note";
    let say = |finding: &Value| format!("{} {} {}", finding["rule"], finding["object"], finding["message"]);
    found.iter().filter(is_alarm).map(say).collect()
}

fn testdata(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata").join(path)
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let mut entries: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    entries
}

#[test]
fn every_rule_is_broken_and_kept() {
    let rules: BTreeSet<_> = ALL.iter().map(|rule| rule.id.to_owned()).collect();
    let name = |path: PathBuf| path.file_name().unwrap().to_str().unwrap().to_owned();
    let folders: BTreeSet<_> = entries(&testdata("check")).into_iter().map(name).collect();
    assert_eq!(rules, folders, "each rule has a folder, and each folder a rule");
    let mut failures = Vec::new();
    for rule in ALL {
        let folder = testdata("check").join(rule.id);
        let (broken, fixed) = (folder.join("broken.yaml"), folder.join("fixed.yaml"));
        let files: BTreeSet<_> = entries(&folder).into_iter().collect();
        let known = BTreeSet::from([broken.clone(), fixed.clone(), folder.join("findings.txt")]);
        assert!(files.is_subset(&known), "{}: nothing reads {:?}", rule.id, &files - &known);

        let run = check(&["--color=never"], &fs::read(&broken).unwrap());
        let text = String::from_utf8(run.stdout).unwrap();
        let status = i32::from(text.contains("error["));
        if run.status != Some(status) || !run.stderr.is_empty() {
            failures.push(format!("{}: status {:?}, {}", rule.id, run.status, String::from_utf8_lossy(&run.stderr)));
        }
        if !text.contains(&format!("[{}]", rule.id)) {
            failures.push(format!("{}: does not fire on broken.yaml\n{text}", rule.id));
        }
        let difference = recorded(&folder.join("findings.txt"), text.as_bytes());
        if !difference.is_empty() {
            failures.push(format!("{}: findings.txt differs (UPDATE=1 records)\n{difference}", rule.id));
        }

        let fixed = fs::read(&fixed).unwrap();
        let found = findings(&[], &fixed).unwrap_or_else(|error| panic!("{}: {error}", rule.id));
        failures.extend(
            found
                .iter()
                .filter(|finding| finding["severity"] != "note" || finding["rule"] == rule.id)
                .map(|finding| format!("{}: fixed.yaml: {finding}", rule.id)),
        );
        let strict = check(&["--strict"], &fixed).status;
        if strict != Some(0) {
            failures.push(format!("{}: fixed.yaml: --strict ends with {strict:?}", rule.id));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

/// What is found of REST behind an Ingress is found behind a Gateway.
#[test]
fn rest_behind_a_gateway() {
    let good = fs::read_to_string(testdata("cases/gateway/everything/stdout.yaml")).unwrap();
    for (from, to, rule) in [
        ("appProtocol: HTTPS", "appProtocol: HTTP2", "rest-protocol"),
        ("      appProtocol: HTTPS\n", "", "rest-protocol"),
        ("targetPort: 8080", "targetPort: 8081", "rest-port"),
        ("        port: 8080\n", "        enabled: false\n", "rest-port"),
    ] {
        assert_eq!(good.matches(from).count(), 1, "{from}");
        let found = findings(&[], good.replace(from, to).as_bytes()).unwrap();
        let errors: Vec<_> = found.iter().filter(|one| one["severity"] == "error").map(|one| &one["rule"]).collect();
        assert_eq!(errors, [rule], "{from} becomes {to}");
    }
}

#[test]
fn exit_status() {
    let of = |rule: &str| fs::read(testdata("check").join(rule).join("broken.yaml")).unwrap();
    for (rule, plain, strict) in [("tls-mode-off", 1, 1), ("neg-missing", 0, 1), ("plain-http", 0, 0)] {
        assert_eq!(check(&[], &of(rule)).status, Some(plain), "{rule}");
        assert_eq!(check(&["--strict"], &of(rule)).status, Some(strict), "{rule} --strict");
        for output in ["--output=json", "--output=sarif"] {
            assert_eq!(check(&[output], &of(rule)).status, Some(plain), "{rule} {output}");
        }
    }
}

#[test]
fn what_is_meant_is_silent() {
    let broken = fs::read_to_string(testdata("check/neg-missing/broken.yaml")).unwrap();
    let rules = |args: &[&str], input: &str| {
        let found = findings(args, input.as_bytes()).unwrap();
        found.iter().map(|one| one["rule"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert!(rules(&[], &broken).iter().any(|rule| rule == "neg-missing"));
    assert!(!rules(&["--ignore=tls-mode-off,neg-missing"], &broken).iter().any(|rule| rule == "neg-missing"));
    assert_eq!(check(&["--strict", "--ignore=neg-missing"], broken.as_bytes()).status, Some(0));

    let annotate = |kind: &str, rules: &str| {
        let at = broken.find(&format!("kind: {kind}\n")).unwrap();
        let (before, after) = broken.split_at(at);
        let own = format!("  annotations:\n    milvus-gke-l7/ignore: {rules}\n");
        match after.split_once("  annotations:\n") {
            Some((head, rest)) if !head.contains("---") => format!("{before}{head}{own}{rest}"),
            _ => format!("{before}{}", after.replacen("metadata:\n", &format!("metadata:\n{own}"), 1)),
        }
    };
    assert!(!rules(&[], &annotate("Service", "plain-http, neg-missing")).iter().any(|rule| rule == "neg-missing"));
    assert!(rules(&[], &annotate("Service", "neg")).iter().any(|rule| rule == "neg-missing"));
    assert!(rules(&[], &annotate("BackendConfig", "neg-missing")).iter().any(|rule| rule == "neg-missing"));

    let run = check(&["--ignore=neg-mising"], broken.as_bytes());
    let stderr = String::from_utf8(run.stderr).unwrap();
    assert_eq!(run.status, Some(2));
    assert!(stderr.contains("did you mean `neg-missing`?"), "{stderr}");
}

#[test]
fn what_cannot_be_checked() {
    for (input, message) in [
        ("", "error: the input is empty\n"),
        ("---\n# nothing\n", "error: the input is empty\n"),
        (
            "kind: Service\nmetadata:\n  name: my-release-milvus\nspec: [\n",
            "error: the document is needed but does not parse",
        ),
        ("kind: Service\nmetadata:\n  name: other\nspec: [\n", "error: no Milvus Service in the input\n"),
        ("apiVersion: v1\nkind: Service\nmetadata:\n  name: other\n", "error: no Milvus Service in the input\n"),
        ("not a manifest", "error: expected manifests, found text\n"),
        ("[1, 2]", "error: no Milvus Service in the input\n"),
    ] {
        let run = check(&[], input.as_bytes());
        let stderr = String::from_utf8(run.stderr).unwrap();
        assert_eq!((run.status, run.stdout.is_empty()), (Some(1), true), "{input:?}: {stderr}");
        assert!(stderr.starts_with(message), "{input:?}: {stderr}");
    }
    let sample = fs::read(testdata("sample/rendered.yaml")).unwrap();
    let run = check(&["--release=other"], &sample);
    assert_eq!(run.status, Some(1));
    let stderr = String::from_utf8(run.stderr).unwrap();
    assert!(stderr.starts_with("error: no Milvus release `other` in the input, only: my-release\n"), "{stderr}");
}

/// Whatever stands in a manifest, there is an answer.
#[test]
fn any_value_anywhere() {
    let source = fs::read_to_string(testdata("check/attu-plain/fixed.yaml")).unwrap();
    let documents: Vec<Value> = source.split("---\n").map(|text| yaml::read(text).unwrap()).collect();
    let odd = [json!(null), json!(-1), json!("x"), json!([]), json!({}), json!([[{"a": 1.5}]]), json!({"": {"": []}})];
    let mut inputs = Vec::new();
    for at in 0..documents.len() {
        let mut paths = Vec::new();
        collect(&documents[at], String::new(), &mut paths);
        for path in paths {
            for value in &odd {
                let mut items = documents.clone();
                *items[at].pointer_mut(&path).unwrap() = value.clone();
                inputs.push(items);
            }
        }
    }
    assert!(inputs.len() > 500, "only {}", inputs.len());
    for items in inputs {
        let text: Vec<_> = items.iter().map(Value::to_string).collect();
        let text = text.join("\n---\n");
        let stream = milvus_gke_l7::stream::Stream::split(text.as_bytes());
        if let Ok(findings) = milvus_gke_l7::check::check(&stream, None) {
            let findings = milvus_gke_l7::check::report::sorted(findings, &stream, &Files::stdin());
            assert!(!milvus_gke_l7::check::report::text(&findings).is_empty());
        }
    }
}

fn collect(value: &Value, path: String, paths: &mut Vec<String>) {
    let escaped = |key: &str| key.replace('~', "~0").replace('/', "~1");
    match value {
        Value::Object(fields) => {
            fields.iter().for_each(|(key, value)| collect(value, format!("{path}/{}", escaped(key)), paths));
        }
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(index, value)| collect(value, format!("{path}/{index}"), paths));
        }
        _ => {}
    }
    paths.push(path);
}

/// Of the golden cases that succeed, what they record; and what warnings they record.
fn golden() -> Vec<(String, Vec<u8>, bool)> {
    let mut cases = Vec::new();
    for group in ["append", "options", "gateway"] {
        for folder in entries(&testdata("cases").join(group)) {
            let Ok(output) = fs::read(folder.join("stdout.yaml")) else { continue };
            let warns = fs::read_to_string(folder.join("stderr.txt")).unwrap_or_default();
            cases.push((folder.display().to_string(), output, warns.contains("will lose Milvus")));
        }
    }
    assert!(cases.len() > 50, "only {} cases", cases.len());
    cases
}

#[test]
fn silent_on_golden_outputs() {
    let mut failures = Vec::new();
    for (name, output, warns) in golden() {
        let found = alarms(&[], &output);
        let as_expected =
            if warns { matches!(&found[..], [one] if one.contains("attu-plain")) } else { found.is_empty() };
        if !as_expected {
            failures.push(format!("{name}: {found:#?}"));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

/// As `kubectl get -o json` prints them: in a list, with what the cluster and the controllers add.
#[test]
fn silent_on_live_objects() {
    for (name, output, _) in golden().into_iter().filter(|(_, _, warns)| !warns) {
        let stream = milvus_gke_l7::stream::Stream::split(&output);
        let stream = stream.open();
        let objects = stream.ids().filter_map(|id| yaml::read(std::str::from_utf8(stream.body(id)).unwrap()).ok());
        let live = |mut object: Value| {
            let kind = object["kind"].as_str().unwrap().to_owned();
            object["metadata"]["uid"] = json!("4d6f7a0e-0000-4000-8000-000000000000");
            object["metadata"]["resourceVersion"] = json!("4711");
            if object["metadata"]["annotations"].is_null() {
                object["metadata"]["annotations"] = json!({});
            }
            match kind.as_str() {
                "Ingress" => {
                    object["metadata"]["annotations"]["ingress.kubernetes.io/url-map"] = json!("k8s2-um-0a1b2c3d");
                    object["status"] = json!({"loadBalancer": {"ingress": [{"ip": "192.0.2.1"}]}});
                    if !object["metadata"]["annotations"]["networking.gke.io/managed-certificates"].is_null() {
                        object["metadata"]["annotations"]["ingress.gcp.kubernetes.io/pre-shared-cert"] =
                            json!("mcrt-4d6f7a0e");
                    }
                }
                "Service" => {
                    object["metadata"]["annotations"]["cloud.google.com/neg-status"] = json!("{}");
                    object["spec"]["internalTrafficPolicy"] = json!("Cluster");
                }
                _ => {}
            }
            object
        };
        let items: Vec<_> = objects.filter(|object| object["kind"].is_string()).map(live).collect();
        let list = json!({"apiVersion": "v1", "kind": "List", "metadata": {"resourceVersion": ""}, "items": items});
        let found = alarms(&[], format!("{list:#}\n").as_bytes());
        assert!(found.is_empty(), "{name}: {found:#?}");
    }
}

#[test]
fn real_charts_before_and_after() {
    let Some(charts) = corpus::charts() else { return };
    let (mut rewritten, mut failures) = (0, Vec::new());
    for file in corpus::yaml_files(&charts) {
        let name = file.display();
        let before = fs::read(&file).unwrap();
        let after = run(&["--host=milvus.example.com".to_owned(), "--public".to_owned()], &[], &before);
        if after.status != Some(0) {
            continue;
        }
        rewritten += 1;
        let found = alarms(&[], &before);
        // Some of the charts have been put behind the load balancer by hand, the guide's way.
        if !matches!(&found[..], [one] if one.contains("\"not-rewritten\"")) && before != after.stdout {
            failures.push(format!("{name} before: {found:#?}"));
        }
        let stderr = String::from_utf8_lossy(&after.stderr);
        let (lost, is_open) = (stderr.contains("will lose Milvus"), stderr.contains("does not ask for a password"));
        let is_found = findings(&[], &after.stdout).unwrap().iter().any(|one| one["rule"] == "authentication-off");
        if is_found != is_open {
            failures.push(format!("{name}: authentication-off: {is_found}, warning: {is_open}"));
        }
        // The Service still says Internal.
        let is_internal = String::from_utf8_lossy(&before).contains("load-balancer-type: Internal");
        let is_known =
            |one: &String| (lost && one.contains("\"attu-plain\"")) || (is_internal && one.contains("\"exposed\""));
        let found: Vec<_> = alarms(&[], &after.stdout).into_iter().filter(|one| !is_known(one)).collect();
        if !found.is_empty() {
            failures.push(format!("{name} after: {found:#?}"));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    assert!(rewritten > 0, "no chart of {} could be rewritten", charts.display());
}

/// Another program's objects are nobody's business here.
#[test]
fn foreign_objects_do_not_count() {
    let good = fs::read_to_string(testdata("check/attu-plain/fixed.yaml")).unwrap();
    let foreign = "\
---
apiVersion: v1
kind: Service
metadata:
  name: web
  annotations:
    cloud.google.com/app-protocols: nonsense
spec:
  type: NodePort
  ports:
  - port: 80
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: web
spec:
  ingressClassName: nginx
  rules:
  - host: web.example.com
    http:
      paths:
      - path: /
        pathType: Exact
        backend:
          service:
            name: web
            port:
              number: 81
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: milvus-web-ui
spec:
  ingressClassName: nginx
  rules:
  - host: metrics.example.com
    http:
      paths:
      - path: /webui
        pathType: Exact
        backend:
          service:
            name: my-release-milvus
            port:
              number: 9091
---
apiVersion: cloud.google.com/v1
kind: BackendConfig
metadata:
  name: web
spec:
  healthCheck:
    path: /
---
apiVersion: networking.gke.io/v1
kind: ManagedCertificate
metadata:
  name: web
spec:
  domains: []
---
apiVersion: serving.knative.dev/v1
kind: Service
metadata:
  name: my-release-milvus
";
    let input = format!("{good}{foreign}");
    assert_eq!(findings(&[], input.as_bytes()).unwrap(), Vec::<Value>::new());
    assert_eq!(String::from_utf8(check(&[], input.as_bytes()).stdout).unwrap(), "nothing found\n");
}

/// The objects of a release behind GKE's Ingress, with some places written otherwise: a text and what stands for it, or
/// nothing and what is appended.
fn edited(edits: &[(&str, &str)]) -> String {
    let mut text = fs::read_to_string(testdata("check/attu-plain/fixed.yaml")).unwrap();
    for (old, new) in edits {
        assert!(text.contains(old), "{old}");
        if old.is_empty() { text.push_str(new) } else { text = text.replacen(old, new, 1) }
    }
    text
}

const HTTPS_ONLY: &str = "    kubernetes.io/ingress.allow-http: \"false\"\n";
const CLASS: &str = "    kubernetes.io/ingress.class: gce\n";
const MANAGED: &str = "    networking.gke.io/managed-certificates: my-release-milvus-tls\n";

/// `testdata/variants.yaml`: each mistake raises its alarms, and no others.
#[test]
fn variants() {
    let variants = yaml::read(&fs::read_to_string(testdata("variants.yaml")).unwrap()).unwrap();
    let mut failures = Vec::new();
    for variant in variants.as_array().unwrap() {
        let edits = variant["edits"].as_array().into_iter().flatten();
        let edits: Vec<_> =
            edits.map(|edit| (edit["old"].as_str().unwrap_or_default(), edit["new"].as_str().unwrap())).collect();
        let found = findings(&[], edited(&edits).as_bytes()).unwrap();
        let is_alarm = |finding: &&Value| finding["severity"] != "note";
        let mut rules: Vec<_> = found.iter().filter(is_alarm).map(|one| one["rule"].as_str().unwrap()).collect();
        let mut wanted: Vec<_> =
            variant["alarms"].as_array().unwrap().iter().map(|rule| rule.as_str().unwrap()).collect();
        rules.sort_unstable();
        wanted.sort_unstable();
        if rules != wanted {
            let messages: Vec<_> = found.iter().map(|one| one["message"].as_str().unwrap()).collect();
            failures.push(format!("{}: {rules:?}, not {wanted:?}: {messages:#?}", variant["what"]));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn json_tells_the_place() {
    let input = fs::read(testdata("check/grpc-path/broken.yaml")).unwrap();
    let found = findings(&[], &input).unwrap();
    let [finding] = &found[..] else { panic!("{found:#?}") };
    let keys: Vec<_> = finding.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(
        keys,
        ["rule", "severity", "message", "why", "fix", "object", "source", "file", "line", "column", "path"]
    );
    assert!(finding["file"].is_null(), "stdin has no name");
    assert_eq!(finding["object"], "Ingress my-release-milvus");
    assert_eq!(finding["source"], "<stdin>");
    assert_eq!(finding["path"], "/spec/rules/0/http/paths/0/pathType");
    let lines: Vec<_> = std::str::from_utf8(&input).unwrap().lines().collect();
    let (line, column) = (finding["line"].as_u64().unwrap(), finding["column"].as_u64().unwrap());
    let shown = &lines[usize::try_from(line).unwrap() - 1][usize::try_from(column).unwrap() - 1..];
    assert_eq!(shown, "pathType: Exact");
}

/// Which keys a load balancer takes depends on its class; certificates cover the hosts together.
#[test]
fn certificates_of_one_ingress() {
    if common::system_program("openssl").is_none() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let secret = |name: &str, key: &[&str], host: &str| {
        let (subject, names) = (format!("/CN={host}"), format!("subjectAltName=DNS:{host}"));
        let mut openssl = std::process::Command::new("openssl");
        openssl.current_dir(folder.path()).args(["req", "-x509", "-nodes", "-days", "30", "-subj", &subject]);
        openssl.args(["-addext", &names, "-keyout", "key", "-out", "crt", "-newkey"]).args(key);
        let made = openssl.output().unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        let base64 = |file: &str| Base64::encode_string(&fs::read(folder.path().join(file)).unwrap());
        let data = format!("  tls.crt: {}\n  tls.key: {}\n", base64("crt"), base64("key"));
        format!("---\napiVersion: v1\nkind: Secret\nmetadata: {{name: {name}}}\ntype: kubernetes.io/tls\ndata:\n{data}")
    };
    let tls = |names: &str| format!("spec:\n  tls: [{names}]\n  rules:\n");
    let rules = "spec:\n  rules:\n";
    let one = tls("{secretName: one}");
    let other_host = "  rules:\n  - host: b.example.com\n    http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: my-release-milvus, port: {number: 19530}}}}]}\n";
    let frontend = "    networking.gke.io/v1beta1.FrontendConfig: my-release-frontendconfig\n";
    let p384: &[&str] = &["ec", "-pkeyopt", "ec_paramgen_curve:P-384"];
    let p256: &[&str] = &["ec", "-pkeyopt", "ec_paramgen_curve:P-256"];
    for (key, regional, global) in [
        (p256, true, true),
        (p384, true, false),
        (&["rsa:2048"][..], true, true),
        (&["rsa:3072"], true, false),
        (&["rsa:4096"], true, false),
    ] {
        let secret = secret("one", key, "milvus.example.com");
        for (class, fits) in [("gce", global), ("gce-internal", regional)] {
            let class = format!("{HTTPS_ONLY}    kubernetes.io/ingress.class: {class}\n");
            let input = edited(&[(MANAGED, ""), (frontend, ""), (CLASS, &class), (rules, &one), ("", &secret)]);
            let alarms = alarms(&[], input.as_bytes());
            assert!(alarms.len() == usize::from(!fits), "{key:?} {class}: {alarms:?}");
            assert!(alarms.iter().all(|alarm| alarm.contains("tls-secret-certificate")), "{key:?} {class}: {alarms:?}");
        }
    }
    let two = tls("{secretName: one}, {secretName: two}");
    let (first, second) = (secret("one", p256, "milvus.example.com"), secret("two", p256, "b.example.com"));
    let wildcard = secret("two", p256, "*.example.com");
    let domains = "  - milvus.example.com";
    for (edits, fits) in [
        // A ManagedCertificate for one, a Secret for the other.
        (&[(rules, one.as_str()), ("  rules:\n", other_host), (domains, "  - b.example.com"), ("", &first)][..], true),
        (&[(rules, one.as_str()), ("  rules:\n", other_host), ("", &first)], false),
        (&[(MANAGED, ""), (rules, &two), ("  rules:\n", other_host), ("", &first), ("", &second)], true),
        (&[(MANAGED, ""), (rules, &two), ("  rules:\n", other_host), ("", &first), ("", &wildcard)], true),
        (&[(MANAGED, ""), (rules, &two), ("  rules:\n", other_host), ("", &first)], true),
        (&[(MANAGED, ""), (rules, &two), ("", &second), ("", &second.replace("name: two", "name: one"))], false),
    ] {
        let alarms = alarms(&[], edited(edits).as_bytes());
        assert!(alarms.len() == usize::from(!fits), "{edits:#?}: {alarms:?}");
        assert!(alarms.iter().all(|alarm| alarm.contains("host-not-covered")), "{alarms:?}");
    }
}

/// What the schema of SARIF 2.1.0 requires of a log, and that its references hold.
#[test]
fn sarif_is_a_log() {
    for rule in ["grpc-path", "tls-mode-off", "plain-http", "neg-missing"] {
        let input = fs::read(testdata("check").join(rule).join("broken.yaml")).unwrap();
        let log: Value = serde_json::from_slice(&check(&["--output=sarif"], &input).stdout).unwrap();
        assert_eq!(log["version"], "2.1.0");
        let run = &log["runs"][0];
        let driver = &run["tool"]["driver"];
        assert_eq!(driver["name"], "milvus-gke-l7");
        let rules = driver["rules"].as_array().unwrap();
        let ids: BTreeSet<_> = rules.iter().map(|rule| rule["id"].as_str().unwrap()).collect();
        assert_eq!(ids.len(), ALL.len());
        let results = run["results"].as_array().unwrap();
        assert!(results.iter().any(|result| result["ruleId"] == rule), "{rule}");
        for result in results {
            let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
            assert_eq!(rules[index]["id"], result["ruleId"]);
            assert_eq!(rules[index]["defaultConfiguration"]["level"], result["level"]);
            assert!(["error", "warning", "note"].contains(&result["level"].as_str().unwrap()));
            assert!(!result["message"]["text"].as_str().unwrap().is_empty());
            let place = &result["locations"][0]["physicalLocation"];
            assert_eq!(place["artifactLocation"]["uri"], "stdin");
            assert!(place["region"]["startLine"].as_u64().unwrap() > 0);
            assert!(place["region"]["startColumn"].as_u64().unwrap() > 0);
        }
    }
}

#[test]
fn explain() {
    let explain = |args: &[&str]| {
        let args: Vec<_> = ["explain"].iter().chain(args).map(ToString::to_string).collect();
        let run = run(&args, &[], b"");
        (run.status, String::from_utf8(run.stdout).unwrap(), String::from_utf8(run.stderr).unwrap())
    };
    let (status, list, _) = explain(&[]);
    assert_eq!((status, list.lines().count()), (Some(0), ALL.len()));
    let mut seen = BTreeMap::new();
    for rule in ALL {
        assert_eq!(seen.insert(rule.id, rule.title), None, "{} twice", rule.id);
        assert!(list.contains(rule.id) && list.contains(rule.title));
        assert!(rule.id.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-'));
        let (status, text, _) = explain(&[rule.id]);
        let severity = match rule.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Note => "note",
        };
        assert_eq!(status, Some(0));
        assert!(text.starts_with(&format!("{} ({severity}): {}\n", rule.id, rule.title)), "{text}");
        for part in [rule.why, rule.fix, rule.text, rule.source] {
            assert!(!part.is_empty() && text.contains(part), "{}: {part}", rule.id);
        }
    }
    let (status, stdout, stderr) = explain(&["tls-mode-of"]);
    assert_eq!((status, stdout.as_str()), (Some(2), ""));
    assert_eq!(stderr, "error: no such rule: tls-mode-of\n  help: did you mean `tls-mode-off`?\n");
    let (_, _, stderr) = explain(&["zzz"]);
    assert_eq!(stderr, "error: no such rule: zzz\n  help: `milvus-gke-l7 explain` lists all rules\n");
}

/// The certificate in the Secret of our own output: good as it comes from `cert`, and not with a host that it does
/// not name, with another key, or as the guide's openssl commands make it.
#[test]
fn certificates_in_secrets() {
    if common::system_program("openssl").is_none() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| folder.path().join(name).display().to_string();
    for name in ["own", "other"] {
        fs::create_dir(folder.path().join(name)).unwrap();
        let made = run(
            &["cert", "--key=p256", "--host=milvus.example.com", "--out", &file(name)].map(str::to_owned),
            &[],
            b"",
        );
        assert_eq!(made.status, Some(0), "{}", String::from_utf8_lossy(&made.stderr));
    }
    let sample = fs::read(testdata("sample/rendered.yaml")).unwrap();
    let args = ["--host=milvus.example.com", "--tls-cert", &file("own/tls.crt"), "--tls-key", &file("own/tls.key")];
    let output = run(&args.map(str::to_owned), &[], &sample);
    assert_eq!(output.status, Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    let output = String::from_utf8(output.stdout).unwrap();
    assert_eq!(alarms(&["--strict"], output.as_bytes()), [""; 0]);

    let base64 = |name: &str| Base64::encode_string(&fs::read(file(name)).unwrap());
    let openssl = |arguments: &[&str]| {
        let made = std::process::Command::new("openssl").current_dir(folder.path()).args(arguments).output().unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    };
    openssl(&["genrsa", "-out", "guide.key", "2048"]);
    openssl(&["req", "-new", "-key", "guide.key", "-subj", "/CN=milvus.example.com", "-out", "guide.csr"]);
    openssl(&["x509", "-req", "-in", "guide.csr", "-signkey", "guide.key", "-days", "3000", "-out", "guide.crt"]);
    let guide = output
        .replace(&base64("own/tls.crt"), &base64("guide.crt"))
        .replace(&base64("own/tls.key"), &base64("guide.key"));
    for (input, what) in [
        (output.replace("milvus.example.com", "vectors.example.com"), "vectors.example.com"),
        (output.replace(&base64("own/tls.key"), &base64("other/tls.key")), "tls.key"),
        (guide, "certificate-old"),
    ] {
        let alarms = alarms(&[], input.as_bytes());
        assert!(alarms.len() == 1 && alarms[0].contains("tls-secret-certificate"), "{what}: {alarms:?}");
        assert!(alarms[0].contains(what), "{what}: {alarms:?}");
        assert!(!alarms[0].contains(&base64("own/tls.key")[..24]));
    }
}
