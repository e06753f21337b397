//! The real kustomize and the real kubectl with the real binary as their plugin, each in folders of its own.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::{env, fs};

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;
use tempfile::TempDir;

use crate::common::{self, corpus};

/// Who runs the plugin.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Tool {
    Kustomize,
    /// Its own, older kustomize; it runs legacy plugins only.
    Kubectl,
}

/// What goes by the name of `milvus-gke-l7`.
#[derive(Clone, Copy)]
pub(crate) enum Function {
    /// `cat`: what the tool makes of the objects without us.
    PassThrough,
    Ours,
}

/// One tool, a kustomization in `app`, and a home folder that no other test sees.
pub(crate) struct Kustomize {
    pub(crate) tool: Tool,
    program: PathBuf,
    folder: TempDir,
}

const PASS_THROUGH: &str = "#!/bin/sh\nexec cat\n";

impl Kustomize {
    /// `None`, said aloud, where the tool is not installed; with `CI=true` that is a failure.
    pub(crate) fn find(tool: Tool) -> Option<Self> {
        let program = match tool {
            Tool::Kustomize => common::program("KUSTOMIZE", "kustomize-5.8.2/kustomize")?,
            Tool::Kubectl => common::program("KUBECTL", "kubectl")?,
        };
        let kustomize = Self { tool, program, folder: tempfile::tempdir().unwrap() };
        for folder in ["app", "home", "pass-through", "tmp"] {
            fs::create_dir(kustomize.path(folder)).unwrap();
        }
        kustomize.write_script("pass-through/milvus-gke-l7", PASS_THROUGH);
        Some(kustomize)
    }

    /// Puts the files of `testdata/kustomize/NAME` into `app`, and `rendered` beside them.
    pub(crate) fn write_case(&self, name: &str, rendered: &str) {
        let case = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/kustomize").join(name);
        for file in corpus::yaml_files(&case) {
            let text = fs::read_to_string(&file).unwrap();
            self.write(&format!("app/{}", file.strip_prefix(&case).unwrap().display()), &text);
        }
        let place = match name {
            "helm-charts" => "app/charts/replay/rendered.yaml",
            "outermost" => "app/base/rendered.yaml",
            _ => "app/rendered.yaml",
        };
        self.write(place, rendered);
    }

    pub(crate) fn write(&self, path: &str, text: &str) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
    }

    pub(crate) fn write_script(&self, path: &str, text: &str) {
        common::write_program(&self.path(path), text);
    }

    pub(crate) fn read(&self, path: &str) -> String {
        fs::read_to_string(self.path(path)).unwrap()
    }

    pub(crate) fn path(&self, path: &str) -> PathBuf {
        self.folder.path().join(path)
    }

    /// `kustomize build` or `kubectl kustomize` of `app`.
    pub(crate) fn build(&self, function: Function, flags: &[&str]) -> Output {
        self.run(function, &[&[self.subcommand()], flags, &["app"]].concat(), &[])
    }

    pub(crate) fn subcommand(&self) -> &'static str {
        match self.tool {
            Tool::Kustomize => "build",
            Tool::Kubectl => "kustomize",
        }
    }

    pub(crate) fn run(&self, function: Function, args: &[&str], vars: &[(&str, &Path)]) -> Output {
        self.command(&self.program, function).args(args).envs(vars.iter().copied()).output().unwrap()
    }

    /// A line of shell in which `$TOOL` is the tool.
    pub(crate) fn shell(&self, line: &str) -> Output {
        let mut command = self.command(Path::new("sh"), Function::Ours);
        command.env("TOOL", &self.program).args(["-c", line]).output().unwrap()
    }

    /// The binary itself.
    pub(crate) fn ours(&self, args: &[&str], vars: &[(&str, &Path)]) -> Output {
        self.command(binary(), Function::Ours).args(args).envs(vars.iter().copied()).output().unwrap()
    }

    /// Nothing of the user's environment but PATH, which finds the function first. The tools leave files behind in
    /// TMPDIR.
    fn command(&self, program: &Path, function: Function) -> Command {
        let function = match function {
            Function::PassThrough => self.path("pass-through"),
            Function::Ours => binary().parent().unwrap().to_owned(),
        };
        let path = env::var_os("PATH").unwrap_or_default();
        let path = env::join_paths([function].into_iter().chain(env::split_paths(&path))).unwrap();
        let mut command = Command::new(program);
        command.env_clear().env("PATH", path).env("HOME", self.path("home")).env("TMPDIR", self.path("tmp"));
        command.current_dir(self.folder.path());
        command
    }
}

pub(crate) fn binary() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_milvus-gke-l7"))
}

/// Objects by identity, for kustomize keeps neither the order of objects nor that of keys.
pub(crate) type Objects = BTreeMap<String, Value>;

pub(crate) fn objects(stream: &str) -> Result<Objects> {
    let mut objects = Objects::new();
    for document in common::documents(stream.as_bytes()) {
        let document = text(common::body(document));
        let object: Value = serde_yaml::from_str(document).with_context(|| document.to_owned())?;
        if !object.is_null() {
            let identity = identity(&object);
            ensure!(objects.insert(identity.clone(), object).is_none(), "{identity} twice");
        }
    }
    Ok(objects)
}

/// `apiVersion kind namespace/name`.
pub(crate) fn identity(object: &Value) -> String {
    let part = |pointer| object.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    let (namespace, name) = (part("/metadata/namespace"), part("/metadata/name"));
    format!("{} {} {namespace}/{name}", part("/apiVersion"), part("/kind"))
}

/// Fails where an object is on one side only, or differs in value.
pub(crate) fn same(expected: &Objects, got: &Objects) -> Result<()> {
    let names = |objects: &Objects| objects.keys().cloned().collect::<Vec<_>>();
    let (wanted, found) = (names(expected), names(got));
    ensure!(
        wanted == found,
        "other objects:\n{}",
        common::diff(wanted.join("\n").as_bytes(), found.join("\n").as_bytes())
    );
    let pretty = |object: &Value| serde_json::to_vec_pretty(object).unwrap();
    for (identity, expected) in expected {
        let got = &got[identity];
        ensure!(expected == got, "{identity}:\n{}", common::diff(&pretty(expected), &pretty(got)));
    }
    Ok(())
}

pub(crate) fn accepted(output: &Output) -> Result<String> {
    ensure!(output.status.success(), "{}: {}", output.status, text(&output.stderr));
    Ok(text(&output.stdout).to_owned())
}

pub(crate) fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}
