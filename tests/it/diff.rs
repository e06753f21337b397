//! `diff` on every golden case that succeeds: its text turns the input into the output, and so do
//! its patches, in value.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use json_patch::Patch;
use milvus_gke_l7::yaml;
use serde_json::{Value, json};

use crate::common::{self, Run};

#[test]
fn text_turns_input_into_output() {
    let mut compared = 0;
    for case in cases() {
        let diff = case.diff(&["--color=never"]);
        assert_eq!(diff.status, Some(0), "{}: {}", case.name(), case.said(&diff));
        let text = String::from_utf8(diff.stdout).unwrap();
        if case.input == case.output {
            assert_eq!(text, "", "{}", case.name());
            continue;
        }
        let (_, hunks) = text.split_once('\n').unwrap();
        assert!(hunks.starts_with("--- rendered\n+++ rewritten\n@@ -"), "{}: {text}", case.name());
        // What is masked cannot be applied.
        if text.contains("********") {
            continue;
        }
        assert_eq!(applied(&case.input, hunks), case.output, "{}", case.name());
        compared += 1;
        for context in ["--context=0", "--context=40"] {
            let diff = case.diff(&["--color=never", context]);
            let text = String::from_utf8(diff.stdout).unwrap();
            if !text.contains("********") {
                let (_, hunks) = text.split_once('\n').unwrap();
                assert_eq!(applied(&case.input, hunks), case.output, "{} {context}", case.name());
            }
        }
    }
    assert!(compared > 100, "only {compared} were compared");
}

/// What the programs make of it that people have for diffs.
#[test]
fn patch_and_git_take_it() {
    for (program, args) in [("patch", &["-p1"][..]), ("git", &["apply", "--whitespace=nowarn"])] {
        if common::system_program(program).is_none() {
            continue;
        }
        let mut compared = 0;
        for case in cases() {
            let folder = tempfile::tempdir().unwrap();
            let file = folder.path().join("rendered");
            fs::write(&file, &case.input).unwrap();
            let diff = String::from_utf8(case.diff(&["--color=never", file.to_str().unwrap()]).stdout).unwrap();
            if diff.is_empty() || diff.contains("********") {
                continue;
            }
            assert!(diff.contains("--- a/rendered\n+++ b/rendered\n"), "{diff}");
            fs::write(folder.path().join("diff"), diff).unwrap();
            let mut command = Command::new(program);
            command.current_dir(folder.path()).args(args).env("GIT_CEILING_DIRECTORIES", "/");
            match program {
                "patch" => command.args(["-i", "diff", "--fuzz=0", "--binary"]),
                _ => command.arg("diff"),
            };
            let output = command.output().unwrap();
            let said = [output.stdout, output.stderr].concat();
            assert!(output.status.success(), "{program}: {}: {}", case.name(), String::from_utf8_lossy(&said));
            let patched = fs::read_to_string(folder.path().join("rendered")).unwrap();
            assert_eq!(patched, case.output, "{program}: {}", case.name());
            compared += 1;
        }
        assert!(compared > 100, "only {compared} were compared");
    }
}

#[test]
fn patches_turn_objects_into_new_ones() {
    let mut compared = 0;
    for case in cases() {
        let diff = case.diff(&["--output=patch"]);
        assert_eq!(diff.status, Some(0), "{}: {}", case.name(), case.said(&diff));
        let patches: Value = serde_json::from_slice(&diff.stdout).unwrap();
        let (before, after) = (objects(&case.input), objects(&case.output));
        for change in patches.as_array().unwrap() {
            let target = &change["target"];
            let patch: Patch = serde_json::from_value(change["patch"].clone()).unwrap();
            let new = after.iter().filter(|object| is(object, target)).collect::<Vec<_>>();
            let mut object = before.iter().find(|object| is(object, target)).cloned().unwrap_or_default();
            json_patch::patch(&mut object, &patch).unwrap_or_else(|error| panic!("{}: {target}: {error}", case.name()));
            assert!(new.contains(&&object), "{}: {target}: {object:#} is not among {new:#?}", case.name());
            compared += 1;
        }
        assert_eq!(patches.as_array().unwrap().is_empty(), case.input == case.output, "{}", case.name());
    }
    assert!(compared > 500, "only {compared} were compared");
}

/// Milvus restarts where its settings change, and not where Attu is led elsewhere.
#[test]
fn the_summary_tells_what_restarts() {
    let case = cases().into_iter().find(|case| case.name() == "options/attu").expect("a case with Attu");
    let summary = |input: &str, url: &str| {
        let args =
            [&["diff".to_owned()], &case.args[..], &[format!("--attu-url={url}"), "--quiet".to_owned()]].concat();
        let diff = common::run_in(&case.folder, &args, &case.vars, input.as_bytes());
        String::from_utf8(diff.stdout).unwrap().lines().next().unwrap_or_default().to_owned()
    };
    let first = summary(&case.input, "https://a.example.com:443");
    assert!(first.ends_with("; 3 objects are new; all Milvus pods restart"), "{first}");
    assert_eq!(summary(&case.output, "https://b.example.com:443"), "1 workload changes");
}

#[test]
fn exit_code_and_colours() {
    let case = cases().into_iter().find(|case| case.name() == "append/sample").expect("the sample");
    assert_eq!(case.diff(&["--exit-code"]).status, Some(3));
    let again = common::run_in(
        &case.folder,
        &[&["diff".to_owned()], &case.args[..], &["--exit-code".to_owned()]].concat(),
        &[],
        case.output.as_bytes(),
    );
    assert_eq!((again.status, again.stdout.len()), (Some(0), 0));
    let is_coloured = |run: &Run| run.stdout.contains(&0x1b);
    assert!(is_coloured(&case.diff(&["--color=always"])));
    assert!(!is_coloured(&case.diff(&[])), "not a terminal");
}

#[test]
fn secrets_are_masked() {
    let case = cases().into_iter().find(|case| case.name() == "append/sample").expect("the sample");
    let settings = "    common: {}\n    minio:\n      secretAccessKey: hidden-from-all\n";
    let input =
        case.input.replacen("    #  Settings of your own", &format!("{settings}    #  Settings of your own"), 1);
    assert!(input.contains("hidden-from-all"));
    let args = [&["diff".to_owned()], &case.args[..]].concat();
    let diff = common::run_in(&case.folder, &args, &[], input.as_bytes());
    let text = String::from_utf8(diff.stdout).unwrap();
    assert_eq!(diff.status, Some(0));
    assert!(text.contains("secretAccessKey: ********") && !text.contains("hidden-from-all"), "{text}");
}

struct Case {
    folder: PathBuf,
    args: Vec<String>,
    vars: Vec<(String, String)>,
    input: String,
    output: String,
}

impl Case {
    fn name(&self) -> String {
        let names = self.folder.components().rev().take(2).map(|part| part.as_os_str().to_string_lossy().into_owned());
        names.collect::<Vec<_>>().into_iter().rev().collect::<Vec<_>>().join("/")
    }

    fn diff(&self, flags: &[&str]) -> Run {
        let flags = flags.iter().map(|flag| (*flag).to_owned()).collect();
        let args = [vec!["diff".to_owned()], self.args.clone(), flags].concat();
        common::run_in(&self.folder, &args, &self.vars, self.input.as_bytes())
    }

    fn said(&self, run: &Run) -> String {
        String::from_utf8_lossy(&run.stderr).into_owned()
    }
}

/// The cases of the filter that succeed; functions and plugins have ways of their own.
fn cases() -> Vec<Case> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/cases");
    let mut cases = Vec::new();
    for group in ["append", "checksum", "http-port", "list", "options", "service", "stream", "user-yaml"] {
        for entry in fs::read_dir(root.join(group)).unwrap() {
            let folder = entry.unwrap().path();
            let read = |file: &str| String::from_utf8(fs::read(folder.join(file)).unwrap_or_default());
            let (Ok(input), Ok(output)) = (read("stdin.yaml"), read("stdout.yaml")) else { continue };
            if read("status").unwrap() != "0\n" {
                continue;
            }
            let (args, vars) = common::arguments(&folder.display().to_string(), &read("args").unwrap());
            cases.push(Case { folder, args, vars, input, output });
        }
    }
    cases.sort_by_key(Case::name);
    cases
}

/// `input` with a unified diff applied, which must fit exactly.
fn applied(input: &str, diff: &str) -> String {
    let old: Vec<&str> = input.split_inclusive('\n').collect();
    let (mut new, mut at) = (String::new(), 0);
    let mut lines = diff.split_inclusive('\n').skip(2).peekable();
    while let Some(line) = lines.next() {
        if let Some(header) = line.strip_prefix("@@ -") {
            let (range, _) = header.split_once(' ').unwrap();
            let (start, length) = range.split_once(',').unwrap_or((range, "1"));
            let start: usize = start.parse().unwrap();
            let start = if length == "0" { start } else { start - 1 };
            new.extend(old[at..start].iter().copied());
            at = start;
            continue;
        }
        let (sign, text) = line.split_at(1);
        let is_last = lines.next_if(|next| next.starts_with('\\')).is_some();
        let text = if is_last { text.trim_end_matches('\n') } else { text };
        if sign != "+" {
            assert_eq!(old[at], text, "line {} of the input", at + 1);
            at += 1;
        }
        if sign != "-" {
            new.push_str(text);
        }
    }
    new.extend(old[at..].iter().copied());
    new
}

fn objects(stream: &str) -> Vec<Value> {
    let documents = common::documents(stream.as_bytes()).into_iter();
    let values = documents.map(|document| {
        let text = String::from_utf8_lossy(common::body(document)).into_owned();
        yaml::read(&text.replace('\u{feff}', "")).unwrap_or_else(|error| json!(error.to_string()))
    });
    values
        .flat_map(|value| match value.get("items").and_then(Value::as_array) {
            Some(items) => items.clone(),
            None => vec![value],
        })
        .collect()
}

fn is(object: &Value, target: &Value) -> bool {
    object["apiVersion"] == target["apiVersion"]
        && object["kind"] == target["kind"]
        && object["metadata"]["name"] == target["name"]
        && object["metadata"].get("namespace") == target.get("namespace")
}
