//! action.yml: its steps, as GitHub starts them, on a release that lies in a folder. And the hooks of pre-commit.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;
use tempfile::TempDir;

use super::{HERE, PACKED, PROJECT, VERSION, accepted, can_pack, sample};
use crate::common::{self, helm::text};

/// A job: its folder, the inputs of the action, and what GitHub keeps for it.
struct Job {
    folder: TempDir,
    action: Value,
    inputs: BTreeMap<String, String>,
}

impl Job {
    /// With the release of this machine in `releases`.
    fn new(inputs: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let action = fs::read_to_string(Path::new(PROJECT).join("action.yml")).unwrap();
        let action: Value = serde_yaml::from_str(&action).unwrap();
        let defaults = action["inputs"].as_object().unwrap().iter();
        let mut all: BTreeMap<_, _> = defaults
            .map(|(name, input)| (name.clone(), input["default"].as_str().unwrap_or_default().to_owned()))
            .collect();
        for (name, value) in inputs {
            assert!(all.insert((*name).to_owned(), (*value).to_owned()).is_some(), "no input {name}");
        }
        let release = folder.path().join(format!("releases/download/v{VERSION}"));
        fs::create_dir_all(&release).unwrap();
        for file in ["SHA256SUMS", &archive()] {
            fs::copy(PACKED.file(file), release.join(file)).unwrap();
        }
        fs::create_dir(folder.path().join("temp")).unwrap();
        Self { folder, action, inputs: all }
    }

    fn step(&self, number: usize) -> Output {
        let step = &self.action["runs"]["steps"][number];
        assert_eq!(step["shell"], "bash");
        let path = |name: &str| self.folder.path().join(name);
        let added = self.read("path");
        let added = added.trim_end();
        let system = std::env::var("PATH").unwrap();
        let mut command = Command::new("bash");
        command.args(["--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"].as_str().unwrap()]);
        command.current_dir(self.folder.path()).env_clear().env("PATH", format!("{added}:{system}"));
        command.env("GITHUB_ACTION_PATH", PROJECT).env("RUNNER_TEMP", path("temp")).env("RUNNER_OS", "Linux");
        command.env("RUNNER_ARCH", if HERE == "linux-arm64" { "ARM64" } else { "X64" });
        for (variable, file) in [("PATH", "path"), ("OUTPUT", "output"), ("STEP_SUMMARY", "summary")] {
            command.env(format!("GITHUB_{variable}"), path(file));
        }
        for (name, value) in step["env"].as_object().unwrap() {
            let mut value = value.as_str().unwrap().to_owned();
            let server = format!("file://{}", self.folder.path().display());
            value = value.replace("${{ github.server_url }}/${{ github.action_repository }}", &server);
            for (input, given) in &self.inputs {
                value = value.replace(&format!("${{{{ inputs.{input} }}}}"), given);
            }
            assert!(!value.contains("${{"), "{value}");
            command.env(name, value);
        }
        command.output().unwrap()
    }

    fn read(&self, file: &str) -> String {
        fs::read_to_string(self.folder.path().join(file)).unwrap_or_default()
    }

    fn write(&self, file: &str, content: &str) {
        let file = self.folder.path().join(file);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, content).unwrap();
    }
}

fn archive() -> String {
    format!("milvus-gke-l7-{VERSION}-{HERE}.tar.gz")
}

/// The sample, as the filter writes it, without the names of templates, which would be shown as the place.
fn rewritten() -> String {
    let run = common::run(&["--host=milvus.example.com".to_owned()], &[], sample().as_bytes());
    text(&run.stdout).lines().filter(|line| !line.starts_with("# Source:")).map(|line| format!("{line}\n")).collect()
}

#[test]
fn it_installs_what_has_the_right_checksum() {
    if !can_pack() || common::system_program("curl").is_none() {
        return;
    }
    let job = Job::new(&[]);
    assert_eq!(accepted(&job.step(0)), format!("milvus-gke-l7 {VERSION}\n"));
    let folder = job.read("path");
    assert!(Path::new(folder.trim_end()).join("milvus-gke-l7").is_file());

    let said = |job: &Job, what: &str| {
        let output = job.step(0);
        assert!(!output.status.success());
        let stdout = text(&output.stdout);
        assert!(stdout.starts_with("::error::") && stdout.contains(what), "`{what}` is not in: {stdout}");
        assert_eq!(job.read("path"), "");
    };
    let job = Job::new(&[]);
    job.write(&format!("releases/download/v{VERSION}/{}", archive()), "something else");
    said(&job, "SHA256SUMS of the release says");
    let job = Job::new(&[]);
    job.write(&format!("releases/download/v{VERSION}/SHA256SUMS"), "");
    said(&job, "says nothing of it");
    said(&Job::new(&[("version", "99.0.0")]), "is there a release 99.0.0?");
    let job = Job::new(&[("version", &format!("v{VERSION}"))]);
    accepted(&job.step(0));
}

#[test]
fn it_checks_files() {
    if !can_pack() || common::system_program("curl").is_none() {
        return;
    }
    let job = Job::new(&[
        ("files", "rendered/*.yaml\nmore/one file.yaml\n"),
        ("options", "--strict\n--ignore=authentication-off\n"),
    ]);
    job.write("rendered/milvus.yaml", &rewritten());
    job.write("more/one file.yaml", "apiVersion: v1\nkind: Namespace\nmetadata: {name: milvus}\n");
    accepted(&job.step(0));
    let output = job.step(1);
    let said = accepted(&output).to_owned();
    assert!(job.read("summary").contains(said.trim_end()), "{}", job.read("summary"));
    assert_eq!(job.read("output"), "sarif=milvus-gke-l7.sarif\n");
    let sarif: Value = serde_json::from_str(&job.read("milvus-gke-l7.sarif")).unwrap();
    assert_eq!(sarif["version"], "2.1.0");

    // A mistake ends the job, and is shown in its file.
    job.write("rendered/milvus.yaml", &rewritten().replace("milvus\":\"HTTP2", "milvus\":\"HTTP"));
    let output = job.step(1);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stdout).contains("rendered/milvus.yaml"), "{}", text(&output.stdout));
    let sarif: Value = serde_json::from_str(&job.read("milvus-gke-l7.sarif")).unwrap();
    let place = &sarif["runs"][0]["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"];
    assert_eq!(place, "rendered/milvus.yaml");

    let job = Job::new(&[("files", "nowhere/*.yaml")]);
    let output = job.step(1);
    assert!(!output.status.success());
    assert_eq!(text(&output.stdout), "::error::no file matches nowhere/*.yaml\n");
}

/// pre-commit itself, on a repository with the hooks, in a repository with manifests.
#[test]
fn pre_commit_runs_the_hook() {
    let Some(pre_commit) = common::program("PRE_COMMIT", "pre-commit-4.7.0/bin/pre-commit") else { return };
    if common::system_program("git").is_none() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let hooks = fs::read_to_string(Path::new(PROJECT).join(".pre-commit-hooks.yaml")).unwrap();
    let ours = common::ours();
    let bin = Path::new(&ours).parent().unwrap().to_str().unwrap().to_owned();
    let system = std::env::var("PATH").unwrap();
    let command = |program: &Path, args: &[&str]| {
        let mut command = Command::new(program);
        command.args(args).current_dir(path("work")).env_clear().env("PATH", format!("{bin}:{system}"));
        command.env("HOME", folder.path()).env("GIT_CONFIG_NOSYSTEM", "1");
        for role in ["AUTHOR", "COMMITTER"] {
            command.env(format!("GIT_{role}_NAME"), "Test").env(format!("GIT_{role}_EMAIL"), "test@example.com");
        }
        command.output().unwrap()
    };
    for (repository, file, content) in
        [("hooks", ".pre-commit-hooks.yaml", &hooks), ("work", "rendered/milvus.yaml", &rewritten())]
    {
        fs::create_dir_all(path(repository).join(file).parent().unwrap()).unwrap();
        fs::write(path(repository).join(file), content).unwrap();
    }
    let git = |args: &[&str]| accepted(&command(Path::new("git"), args)).to_owned();
    for repository in ["../hooks", "."] {
        git(&["-C", repository, "init", "--quiet"]);
        git(&["-C", repository, "add", "--all"]);
        git(&["-C", repository, "commit", "--quiet", "--message=All"]);
    }
    accepted(&command(&pre_commit, &["validate-manifest", "../hooks/.pre-commit-hooks.yaml"]));
    let hook = || command(&pre_commit, &["try-repo", "../hooks", "milvus-gke-l7-check-system", "--all-files"]);
    let output = hook();
    assert!(accepted(&output).contains("Passed"), "{}", text(&output.stdout));
    fs::write(path("work/rendered/milvus.yaml"), sample()).unwrap();
    let output = hook();
    assert_eq!(output.status.code(), Some(1), "{}", text(&output.stdout));
    assert!(text(&output.stdout).contains("error[not-rewritten]"), "{}", text(&output.stdout));
}
