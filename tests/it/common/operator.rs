//! Releases of the Milvus Operator, and the operator's own code, which makes their objects.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;
use tempfile::NamedTempFile;

use crate::common::{self, body, documents};

/// A stream of `testdata/operator`.
pub(crate) struct Stream {
    pub(crate) name: String,
    pub(crate) text: Vec<u8>,
}

/// All of them.
pub(crate) fn streams() -> Vec<Stream> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/operator");
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<_> = files.collect();
    files.sort();
    let stream = |file: PathBuf| Stream {
        name: file.file_stem().unwrap().display().to_string(),
        text: fs::read(&file).unwrap(),
    };
    files.into_iter().map(stream).collect()
}

/// The objects of a stream, those of lists among them.
pub(crate) fn objects(stream: &[u8]) -> Vec<Value> {
    let values = documents(stream).into_iter().filter_map(|document| serde_yaml::from_slice(body(document)).ok());
    let objects = values.flat_map(|value: Value| match value["items"].as_array() {
        Some(items) => items.clone(),
        None => vec![value],
    });
    objects.filter(Value::is_object).collect()
}

/// The resource among objects.
pub(crate) fn resource(objects: &[Value]) -> &Value {
    objects.iter().find(|object| object["kind"] == "Milvus").expect("a resource")
}

/// The judge.
pub(crate) struct Operator(PathBuf);

impl Operator {
    /// `None`, said aloud, where it is not built; with `CI=true` that is a failure.
    pub(crate) fn find() -> Option<Self> {
        common::judge("operator").map(Self)
    }

    /// Runs on these texts, one after the other.
    pub(crate) fn run(&self, resources: &[&str]) -> Output {
        let file = |text: &&str| {
            let mut file = NamedTempFile::new().unwrap();
            file.write_all(text.as_bytes()).unwrap();
            file
        };
        let files: Vec<_> = resources.iter().map(file).collect();
        let mut command = Command::new(self.0.join("operator"));
        command.arg(&self.0).args(files.iter().map(NamedTempFile::path)).env("KUBECONFIG", self.0.join("kubeconfig"));
        command.output().unwrap()
    }

    /// What it makes of these resources, one after the other.
    pub(crate) fn made(&self, resources: &[&Value]) -> Made {
        // A status is none of the resource's fields.
        let applied = |resource: &&Value| {
            let mut resource = (*resource).clone();
            resource.as_object_mut().unwrap().remove("status");
            resource.to_string()
        };
        let texts: Vec<_> = resources.iter().map(applied).collect();
        let output = self.run(&texts.iter().map(String::as_str).collect::<Vec<_>>());
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(output.status.success(), "{}\n{texts:#?}", String::from_utf8_lossy(&output.stderr));
        let restarts = text.contains("# The pods that serve restart: true");
        Made { objects: objects(text.as_bytes()), restarts, text }
    }
}

/// What the operator makes.
pub(crate) struct Made {
    pub(crate) objects: Vec<Value>,
    /// Whether the last resource restarts the pods that serve.
    pub(crate) restarts: bool,
    /// As YAML.
    pub(crate) text: String,
}

impl Made {
    pub(crate) fn of_kind(&self, kind: &str) -> &Value {
        self.objects.iter().find(|object| object["kind"] == kind).unwrap_or_else(|| panic!("no {kind}: {}", self.text))
    }
}
