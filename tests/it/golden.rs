//! Every folder of `testdata/cases` is one run of the program, compared byte for byte.
//!
//! `args` holds one argument per line (`env NAME=VALUE` sets a variable instead), `stdin.yaml` the
//! input and `status` the exit status; the program runs in the folder, so that `args` can name
//! `./config.yaml`. `UPDATE=1 cargo test golden` writes what is compared,
//! `stdout.yaml` and `stderr.txt`; it never writes `status`.

use std::env;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::common::{Run, arguments, body, checksums, diff, documents, run_in, update};

const ARGS: &str = "args";
const STATUS: &str = "status";
const STDIN: &str = "stdin.yaml";
const STDOUT: &str = "stdout.yaml";
const STDERR: &str = "stderr.txt";
const CONFIG: &str = "config.yaml";

struct Case {
    name: String,
    folder: PathBuf,
    args: Vec<String>,
    vars: Vec<(String, String)>,
    stdin: Vec<u8>,
    status: i32,
}

#[test]
fn output_is_byte_for_byte_as_recorded() {
    let update = update();
    let mut failures = Vec::new();
    let cases = cases();
    for case in &cases {
        let run = case.run(&case.stdin);
        let mut found: Vec<String> = case.judge_status(&run).into_iter().collect();
        if found.is_empty() {
            if update {
                case.record(&run);
            }
            found = case.judge_text(&run);
            if case.status == 0 && !case.is_error_in_band() {
                found.extend(case.judge_second_run(&run.stdout));
            }
        }
        failures.extend(found.into_iter().map(|what| format!("{}: {what}", case.name)));
    }
    assert!(
        failures.is_empty(),
        "{} differences in {} cases (UPDATE=1 records the output as it is now)\n\n{}",
        failures.len(),
        cases.len(),
        failures.join("\n"),
    );
}

/// A recorded checksum says nothing by itself: where the old one is what Helm made of the old
/// ConfigMap, the new one is what Helm would make of the new ConfigMap.
#[test]
fn checksums_are_those_of_helm() {
    let mut verified = 0;
    let mut failures = Vec::new();
    for case in cases().iter().filter(|case| case.status == 0 && !case.is_error_in_band()) {
        let output = case.run(&case.stdin).stdout;
        let (before, after) = (documents(&case.stdin), documents(&output));
        if before.len() > after.len() {
            failures.push(format!("{}: {} documents of {}", case.name, after.len(), before.len()));
            continue;
        }
        let values: Vec<Option<Value>> = before.iter().map(|document| value(document)).collect();
        for (at, workload) in values.iter().enumerate() {
            let Some(workload) = workload else { continue };
            let Some(old) = checksum(workload) else {
                continue;
            };
            let settings =
                |value: &Option<Value>| value.as_ref().is_some_and(|value| is_mounted_settings(value, workload));
            let Some(config) = values.iter().position(settings) else {
                continue;
            };
            let new = value(after[at]);
            let new = new.as_ref().and_then(checksum);
            let expected = if before[config] == after[config] {
                old.to_owned()
            } else if let Some(which) = checksums(before[config]).iter().position(|sum| sum == old) {
                verified += 1;
                checksums(after[config])[which].clone()
            } else {
                // Nothing that Helm would have made: only a change can be asked for.
                if new == Some(old) {
                    failures.push(format!("{}: document {at} keeps its checksum", case.name));
                }
                continue;
            };
            if new != Some(&expected) {
                failures.push(format!("{}: document {at}: checksum/config is {new:?}, not {expected}", case.name));
            }
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    assert!(verified > 0, "no case has a ConfigMap that changes");
}

impl Case {
    fn run(&self, input: &[u8]) -> Run {
        run_in(&self.folder, &self.args, &self.vars, input)
    }

    /// What is wrong before any text is compared.
    fn judge_status(&self, run: &Run) -> Option<String> {
        let Self { status, .. } = self;
        let stderr = String::from_utf8_lossy(&run.stderr);
        match run.status {
            None => Some(format!("ended by a signal\n{stderr}")),
            Some(found) if found != *status => Some(format!("ended with {found} instead of {status}\n{stderr}")),
            Some(0) if run.stdout.is_empty() => Some("succeeded with an empty stdout".to_owned()),
            Some(0) => None,
            Some(_) if !run.stdout.is_empty() && !self.is_function() => {
                Some(format!("failed, but wrote to stdout\n{}", diff(b"", &run.stdout)))
            }
            Some(_) if stderr.is_empty() => Some("failed without a word".to_owned()),
            Some(_) => None,
        }
    }

    /// A function gives its list back even when it fails.
    fn is_function(&self) -> bool {
        String::from_utf8_lossy(&self.stdin).contains("kind: ResourceList")
    }

    /// With Helm 4 an error is the stream.
    fn is_error_in_band(&self) -> bool {
        self.name.starts_with("helm4/error-")
    }

    fn judge_text(&self, run: &Run) -> Vec<String> {
        let mut found = Vec::new();
        let required = [
            (STDOUT, &run.stdout, self.status == 0 || self.is_function()),
            (STDERR, &run.stderr, self.status != 0 || self.is_error_in_band()),
        ];
        for (file, text, required) in required {
            match self.read(file) {
                Some(_) if file == STDOUT && !required => {
                    found.push(format!("has a {file}, though it is to fail"));
                }
                Some(recorded) if &recorded != text => {
                    found.push(format!("{file} differs (- recorded, + now)\n{}", diff(&recorded, text)));
                }
                None if required => found.push(format!("{file} is missing")),
                None if !text.is_empty() => {
                    found.push(format!("{file} should be empty, but is\n{}", diff(b"", text)));
                }
                _ => {}
            }
        }
        found
    }

    /// Its own output as input comes out as it went in.
    fn judge_second_run(&self, output: &[u8]) -> Option<String> {
        let second = self.run(output);
        if let Some(what) = self.judge_status(&second) {
            return Some(format!("a second run {what}"));
        }
        let same = second.stdout == output;
        (!same).then(|| format!("a second run changes the stream again\n{}", diff(output, &second.stdout)))
    }

    fn record(&self, run: &Run) {
        for (file, text) in [(STDOUT, &run.stdout), (STDERR, &run.stderr)] {
            let path = self.folder.join(file);
            if !text.is_empty() {
                fs::write(&path, text).unwrap();
            } else if path.exists() {
                fs::remove_file(&path).unwrap();
            }
        }
    }

    fn read(&self, file: &str) -> Option<Vec<u8>> {
        read(&self.folder.join(file))
    }
}

/// All cases, by name. A stray or missing file is a mistake: such a case would judge nothing.
fn cases() -> Vec<Case> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/cases");
    let mut cases = Vec::new();
    for group in entries(&root) {
        if group.ends_with(".gitattributes") {
            continue;
        }
        assert!(group.is_dir(), "{}: only groups of cases belong here", group.display());
        let folders = entries(&group);
        assert!(!folders.is_empty(), "{}: a group without a case", group.display());
        cases.extend(folders.into_iter().map(|folder| case(&root, folder)));
    }
    assert!(!cases.is_empty(), "{}: no cases", root.display());
    cases
}

fn case(root: &Path, folder: PathBuf) -> Case {
    let name = folder.strip_prefix(root).unwrap().display().to_string();
    assert!(folder.is_dir(), "{name}: only folders of cases belong into a group");
    for file in entries(&folder) {
        let known = [ARGS, STATUS, STDIN, STDOUT, STDERR, CONFIG].iter().any(|known| file.ends_with(known));
        assert!(known, "{name}: nothing reads {}", file.display());
    }
    let needed = |file: &str| read(&folder.join(file)).unwrap_or_else(|| panic!("{name}: {file} is missing"));
    let text = |file: &str| String::from_utf8(needed(file)).unwrap_or_else(|_| panic!("{name}: {file} is not UTF-8"));
    let status = match text(STATUS).as_str() {
        "0\n" => 0,
        "1\n" => 1,
        "2\n" => 2,
        other => panic!("{name}: status is {other:?}, not 0, 1 or 2 and a newline"),
    };
    let (args, vars) = arguments(&name, &text(ARGS));
    let stdin = needed(STDIN);
    Case { name, folder, args, vars, stdin, status }
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let mut paths: Vec<PathBuf> = fs::read_dir(folder)
        .unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
        .map(|entry| entry.unwrap().path())
        .collect();
    paths.sort();
    paths
}

fn read(path: &Path) -> Option<Vec<u8>> {
    match fs::read(path) {
        Ok(text) => Some(text),
        Err(error) if error.kind() == ErrorKind::NotFound => None,
        Err(error) => panic!("{}: {error}", path.display()),
    }
}

/// `None` for what is no YAML: some cases carry such documents through.
fn value(document: &[u8]) -> Option<Value> {
    serde_yaml::from_slice(body(document)).ok()
}

/// A workload's `checksum/config`.
fn checksum(workload: &Value) -> Option<&str> {
    workload.pointer("/spec/template/metadata/annotations/checksum~1config")?.as_str()
}

/// True for the ConfigMap of Milvus, if the workload mounts it. The volume has more than one name.
fn is_mounted_settings(config_map: &Value, workload: &Value) -> bool {
    let volumes = workload.pointer("/spec/template/spec/volumes").and_then(Value::as_array);
    let name = &config_map["metadata"]["name"];
    config_map["kind"] == "ConfigMap"
        && !config_map["data"]["default.yaml"].is_null()
        && volumes.is_some_and(|volumes| volumes.iter().any(|volume| &volume["configMap"]["name"] == name))
}
