//! Manifests in files that the command line names, in place of stdin.

use std::fs;
use std::path::Path;

use serde_json::Value;
use tempfile::TempDir;

use crate::common::{Run, run_in};

/// A Service without GKE's annotation, which an Ingress leads to.
const SERVICE: &str = "\
apiVersion: v1
kind: Service
metadata:
  name: my-release-milvus
  annotations:
    cloud.google.com/neg: '{\"ingress\": true}'
spec:
  type: ClusterIP
  ports:
    - name: milvus
      port: 19530
      targetPort: milvus";

const INGRESS: &str = "\
# Ours.
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: my-release-milvus
  annotations:
    kubernetes.io/ingress.class: gce
spec:
  rules:
    - host: milvus.example.com
      http:
        paths:
          - path: /
            pathType: Exact
            backend:
              service:
                name: my-release-milvus
                port:
                  number: 19530
";

fn folder() -> TempDir {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("service.yaml"), SERVICE).unwrap();
    // A byte order mark and a separator of its own do not move its lines.
    fs::write(folder.path().join("an ingress.yaml"), format!("\u{feff}---\n{INGRESS}")).unwrap();
    fs::create_dir(folder.path().join("manifests")).unwrap();
    folder
}

fn run(folder: &Path, args: &[&str], input: &str) -> Run {
    run_in(folder, &args.iter().map(ToString::to_string).collect::<Vec<_>>(), &[], input.as_bytes())
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

#[test]
fn findings_tell_file_and_line() {
    let folder = folder();
    let files = ["check", "service.yaml", "an ingress.yaml"];
    let found = run(folder.path(), &[&files[..], &["--color=never"]].concat(), "");
    assert_eq!(text(&found.stderr), "");
    // The Ingress alone could not be told that its Service is there.
    assert!(!text(&found.stdout).contains("backend-service"), "{}", text(&found.stdout));
    assert!(
        text(&found.stdout).contains("--> an ingress.yaml (Ingress my-release-milvus):15:13\n"),
        "{}",
        text(&found.stdout)
    );
    assert!(text(&found.stdout).contains("--> service.yaml (Service my-release-milvus):"), "{}", text(&found.stdout));

    let found = run(folder.path(), &[&files[..], &["--output=json"]].concat(), "");
    let json: Vec<Value> = serde_json::from_slice(&found.stdout).unwrap();
    let path = json.iter().find(|finding| finding["rule"] == "grpc-path").unwrap();
    assert_eq!((&path["file"], &path["line"]), (&"an ingress.yaml".into(), &15.into()));

    let found = run(folder.path(), &[&files[..], &["--output=sarif"]].concat(), "");
    let sarif: Value = serde_json::from_slice(&found.stdout).unwrap();
    let results = sarif["runs"][0]["results"].as_array().unwrap();
    let path = results.iter().find(|result| result["ruleId"] == "grpc-path").unwrap();
    let place = &path["locations"][0]["physicalLocation"];
    assert_eq!(place["artifactLocation"]["uri"], "an%20ingress.yaml");
    assert_eq!(place["region"]["startLine"], 15);
}

#[test]
fn a_template_is_told_beside_the_file() {
    let folder = folder();
    let rendered = format!("---\n# Source: milvus/templates/service.yaml\n{SERVICE}\n---\n{INGRESS}");
    fs::write(folder.path().join("rendered.yaml"), rendered).unwrap();
    let found = run(folder.path(), &["check", "--color=never", "rendered.yaml"], "");
    let told = "--> milvus/templates/service.yaml (Service my-release-milvus) in rendered.yaml:";
    assert!(text(&found.stdout).contains(told), "{}", text(&found.stdout));
}

#[test]
fn stdin_among_files() {
    let folder = folder();
    let alone = run(folder.path(), &["check", "service.yaml", "an ingress.yaml"], "");
    for args in [&["check", "service.yaml", "-"][..], &["check", "-", "service.yaml"]] {
        let found = run(folder.path(), args, INGRESS);
        assert_eq!(found.status, alone.status);
        assert!(text(&found.stdout).contains("--> <stdin> (Ingress my-release-milvus):"), "{}", text(&found.stdout));
    }
    let (none, dash) = (run(folder.path(), &["check"], INGRESS), run(folder.path(), &["check", "-"], INGRESS));
    assert_eq!(none.stdout, dash.stdout);
}

/// Everything but what is told of a place is as on stdin.
#[test]
fn each_command_reads_files() {
    let folder = folder();
    let sample = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/sample/rendered.yaml");
    let rendered = fs::read_to_string(&sample).unwrap();
    let sample = sample.to_str().unwrap();
    for args in [&["diff", "--host=a.example.com"][..], &["notes", "--host=a.example.com"], &["status"]] {
        let [file, stdin] = [(&[args, &[sample]].concat()[..], ""), (args, rendered.as_str())]
            .map(|(args, input)| run(folder.path(), args, input));
        // A diff goes to the file by its name.
        let names = "--- a/rendered.yaml\n+++ b/rendered.yaml\n";
        let of_stdin = text(&stdin.stdout).replace("--- rendered\n+++ rewritten\n", names);
        assert_eq!((file.status, text(&file.stdout)), (stdin.status, &*of_stdin), "{args:?}");
    }
    let printed = run(folder.path(), &["status", "service.yaml", "an ingress.yaml"], "");
    assert!(text(&printed.stdout).contains("Ingress my-release-milvus"), "{}", text(&printed.stdout));
}

#[test]
fn a_file_that_cannot_be_read() {
    let folder = folder();
    for command in ["check", "diff --host=a.example.com", "notes --host=a.example.com", "status"] {
        let args: Vec<_> = command.split(' ').collect();
        let missing = run(folder.path(), &[&args[..], &["missing.yaml"]].concat(), "");
        assert_eq!((missing.status, text(&missing.stdout)), (Some(1), ""));
        assert!(text(&missing.stderr).starts_with("error: cannot read missing.yaml: "), "{}", text(&missing.stderr));
        let directory = run(folder.path(), &[&args[..], &["manifests/"]].concat(), "");
        assert_eq!((directory.status, text(&directory.stdout)), (Some(1), ""));
        let said = "error: cannot read manifests/: it is a directory\n  = help: name the files in it, as in manifests/*.yaml\n";
        assert_eq!(text(&directory.stderr), said);
    }
}

#[test]
fn a_refusal_tells_file_and_line() {
    let folder = folder();
    fs::write(folder.path().join("broken.yaml"), "kind: Service\nmetadata: {name: milvus\n").unwrap();
    let refused = run(folder.path(), &["check", "service.yaml", "broken.yaml"], "");
    assert_eq!((refused.status, text(&refused.stdout)), (Some(1), ""));
    assert!(text(&refused.stderr).contains("--> broken.yaml:"), "{}", text(&refused.stderr));
}
