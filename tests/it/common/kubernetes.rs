//! A real Kubernetes API server: `MILVUS_GKE_L7_KUBECONFIG` names it. It needs no nodes.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::{Duration, Instant};
use std::{env, fs, thread};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::common::{self, corpus};

const KUBECONFIG: &str = "MILVUS_GKE_L7_KUBECONFIG";

/// What [`Namespace::live`] reads.
const KINDS: &str = "services,configmaps,secrets,deployments,statefulsets,replicasets,controllerrevisions,ingresses,\
                     backendconfigs,managedcertificates,gateways,httproutes,healthcheckpolicies,gcpbackendpolicies,\
                     gcpgatewaypolicies";

/// When to give up on the cluster's controllers. Nothing is measured by it.
const PATIENCE: Duration = Duration::from_secs(180);

/// The cluster, with the CustomResourceDefinitions of GKE and of the Gateway API.
pub(crate) struct Cluster {
    kubectl: PathBuf,
    kubeconfig: PathBuf,
}

impl Cluster {
    /// `None`, said aloud, where no cluster is named, or kubectl or the definitions are missing; with `CI=true` that is
    /// a failure.
    pub(crate) fn find() -> Option<&'static Self> {
        static CLUSTER: LazyLock<Option<Cluster>> = LazyLock::new(Cluster::prepare);
        CLUSTER.as_ref()
    }

    fn prepare() -> Option<Self> {
        let Some(kubeconfig) = env::var_os(KUBECONFIG).filter(|value| !value.is_empty()) else {
            common::left_out(
                "Kubernetes API server",
                &format!("set {KUBECONFIG} to what scripts/start-kubernetes.sh prints"),
            );
            return None;
        };
        let kubeconfig = fs::canonicalize(&kubeconfig).unwrap_or_else(|error| panic!("{kubeconfig:?}: {error}"));
        let cluster = Self { kubectl: common::program("KUBECTL", "kubectl")?, kubeconfig };
        cluster.define(&corpus::yaml_files(&corpus::crds()?));
        for folder in &corpus::gateway_crds(&common::judge("crdcheck")?.join("crds"))[0] {
            cluster.define(&corpus::yaml_files(folder));
        }
        Some(cluster)
    }

    /// A cluster of GKE has these definitions already, and they are not ours to change.
    fn define(&self, files: &[PathBuf]) {
        let home = tempfile::tempdir().unwrap();
        for file in files {
            let text = fs::read_to_string(file).unwrap();
            if !text.contains("\nkind: CustomResourceDefinition\n") {
                continue;
            }
            let definition: Value = serde_yaml::from_str(&text).unwrap();
            let name = format!("crd/{}", definition["metadata"]["name"].as_str().unwrap());
            let found = self.kubectl(&home).args(["get", &name, "--ignore-not-found", "-o=name"]).output().unwrap();
            if accepted(&found).is_empty() {
                // The largest do not fit into the annotation of `apply`.
                accepted(&self.kubectl(&home).arg("create").arg("--filename").arg(file).output().unwrap());
                let wait = || {
                    let wait = ["wait", "--for=condition=Established", &name];
                    self.kubectl(&home).args(wait).output().unwrap()
                };
                // Right after it is created a definition has no conditions at all, which kubectl takes for an error.
                let mut waited = wait();
                for _ in 0..40 {
                    if waited.status.success() {
                        break;
                    }
                    thread::sleep(Duration::from_millis(250));
                    waited = wait();
                }
                accepted(&waited);
            }
        }
    }

    /// A free one, of the lower part of the range: the API server itself takes from the upper part first.
    pub(crate) fn node_port() -> u16 {
        static NEXT: AtomicU16 = AtomicU16::new(30000);
        static TAKEN: LazyLock<Vec<Value>> = LazyLock::new(|| {
            let home = tempfile::tempdir().unwrap();
            let mut command = Cluster::find().unwrap().kubectl(&home);
            let services = command.args(["get", "services", "--all-namespaces", "--output=json"]).output().unwrap();
            let services: Value = serde_json::from_str(&accepted(&services)).unwrap();
            let specs = services["items"].as_array().unwrap().iter().map(|service| &service["spec"]);
            let ports = |spec: &Value| {
                let ports = spec["ports"].as_array().into_iter().flatten().map(|port| port["nodePort"].clone());
                ports.chain([spec["healthCheckNodePort"].clone()]).collect::<Vec<_>>()
            };
            specs.flat_map(ports).collect()
        });
        std::iter::repeat_with(|| NEXT.fetch_add(1, Ordering::Relaxed))
            .find(|port| !TAKEN.contains(&json!(port)))
            .unwrap()
    }

    /// Nothing of the user's environment but PATH.
    fn kubectl(&self, home: &TempDir) -> Command {
        let mut command = Command::new(&self.kubectl);
        command.env_clear().env("PATH", env::var_os("PATH").unwrap_or_default());
        command.env("HOME", home.path()).env("KUBECONFIG", &self.kubeconfig).current_dir(home.path());
        command
    }
}

/// A namespace that no other test sees, removed with all that is in it.
pub(crate) struct Namespace {
    cluster: &'static Cluster,
    home: TempDir,
    pub(crate) name: String,
}

impl Namespace {
    /// As [`Cluster::find`].
    pub(crate) fn create() -> Option<Self> {
        let cluster = Cluster::find()?;
        let mut namespace = Self { cluster, home: tempfile::tempdir().unwrap(), name: String::new() };
        let manifest = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"generateName": "milvus-gke-l7-"}});
        let mut create = cluster.kubectl(&namespace.home);
        let created =
            accepted(&with_input(create.args(["create", "--output=name", "--filename=-"]), &manifest.to_string()));
        namespace.name = created.trim_end().strip_prefix("namespace/").unwrap().to_owned();
        Some(namespace)
    }

    pub(crate) fn kubeconfig(&self) -> &Path {
        &self.cluster.kubeconfig
    }

    /// Makes `command` work in this namespace.
    pub(crate) fn enter(&self, command: &mut Command) {
        command.env("KUBECONFIG", self.kubeconfig()).args(["--namespace", &self.name]);
    }

    pub(crate) fn kubectl(&self, args: &[&str]) -> Output {
        self.kubectl_with(args, "")
    }

    pub(crate) fn kubectl_with(&self, args: &[&str], input: &str) -> Output {
        let mut command = self.cluster.kubectl(&self.home);
        self.enter(&mut command);
        with_input(command.args(args), input)
    }

    /// The live objects, as soon as the controllers have done all that can be done without nodes.
    pub(crate) fn live(&self) -> Live {
        let begin = Instant::now();
        loop {
            let live = Live::read(&accepted(&self.kubectl(&["get", KINDS, "--output=json"])));
            let Some(unsettled) = live.unsettled() else { return live };
            assert!(begin.elapsed() < PATIENCE, "{unsettled} is not rolled out; does a controller manager run?");
            thread::sleep(Duration::from_millis(300));
        }
    }
}

impl Drop for Namespace {
    fn drop(&mut self) {
        let mut delete = self.cluster.kubectl(&self.home);
        let output = delete.args(["delete", "namespace", &self.name, "--wait=false"]).output();
        if !output.is_ok_and(|output| output.status.success()) {
            common::say(&format!("namespace {} stays behind", self.name));
        }
    }
}

/// Live objects by `Kind/name`.
pub(crate) struct Live(BTreeMap<String, Value>);

/// How often a workload has changed, and for how many of its changes pods were to be replaced.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Rollout {
    pub(crate) generation: u64,
    /// ReplicaSets of a Deployment, ControllerRevisions of a StatefulSet.
    pub(crate) revisions: usize,
}

impl Live {
    fn read(list: &str) -> Self {
        let list: Value = serde_json::from_str(list).unwrap();
        let objects = list["items"].as_array().unwrap().iter().map(|object| (identity(object), object.clone()));
        Self(objects.collect())
    }

    #[track_caller]
    pub(crate) fn get(&self, identity: &str) -> &Value {
        self.0.get(identity).unwrap_or_else(|| panic!("no {identity} in {:?}", self.0.keys()))
    }

    pub(crate) fn has(&self, identity: &str) -> bool {
        self.0.contains_key(identity)
    }

    /// All but what controllers, the API server and Helm keep for themselves; also the same if it was made anew.
    pub(crate) fn settings(&self) -> BTreeMap<&str, Value> {
        const THEIRS: [&str; 5] = ["creationTimestamp", "generation", "managedFields", "resourceVersion", "uid"];
        let objects = self.0.iter().filter(|(identity, object)| {
            let kept = ["ReplicaSet/", "ControllerRevision/"].iter().any(|kind| identity.starts_with(kind));
            !kept && object["type"] != "helm.sh/release.v1"
        });
        let settings = objects.map(|(identity, object)| {
            let mut object = object.clone();
            object.as_object_mut().unwrap().remove("status");
            let metadata = object["metadata"].as_object_mut().unwrap();
            metadata.retain(|field, _| !THEIRS.contains(&field.as_str()));
            if let Some(annotations) = metadata.get_mut("annotations").and_then(Value::as_object_mut) {
                annotations.remove("deployment.kubernetes.io/revision");
            }
            if identity.starts_with("Service/") {
                let spec = object["spec"].as_object_mut().unwrap();
                spec.remove("healthCheckNodePort");
                for port in spec["ports"].as_array_mut().unwrap() {
                    port.as_object_mut().unwrap().remove("nodePort");
                }
            }
            (identity.as_str(), object)
        });
        settings.collect()
    }

    pub(crate) fn workloads(&self) -> impl Iterator<Item = (&str, &Value)> {
        let objects = self.0.iter().map(|(identity, object)| (identity.as_str(), object));
        objects.filter(|(identity, _)| identity.starts_with("Deployment/") || identity.starts_with("StatefulSet/"))
    }

    pub(crate) fn rollouts(&self) -> BTreeMap<&str, Rollout> {
        let rollouts = self.workloads().map(|(identity, workload)| {
            let generation = workload["metadata"]["generation"].as_u64().unwrap();
            (identity, Rollout { generation, revisions: self.revisions(workload).count() })
        });
        rollouts.collect()
    }

    fn revisions(&self, workload: &Value) -> impl Iterator<Item = &Value> {
        let uid = &workload["metadata"]["uid"];
        self.0.values().filter(move |object| object["metadata"]["ownerReferences"][0]["uid"] == *uid)
    }

    /// A workload that its controller has yet to look at.
    fn unsettled(&self) -> Option<&str> {
        let mut workloads = self.workloads();
        let unsettled = workloads.find(|(_, workload)| {
            let seen = workload["status"]["observedGeneration"] == workload["metadata"]["generation"];
            // With the strategy Recreate the old pods go first, and the new ReplicaSet comes later.
            let current = |revision: &Value| match revision["kind"].as_str() {
                Some("ReplicaSet") => template(revision) == template(workload),
                _ => revision["metadata"]["name"] == workload["status"]["updateRevision"],
            };
            !seen || !self.revisions(workload).any(current)
        });
        unsettled.map(|(identity, _)| identity)
    }
}

fn template(workload: &Value) -> Value {
    let mut template = workload["spec"]["template"].clone();
    if let Some(labels) = template.pointer_mut("/metadata/labels").and_then(Value::as_object_mut) {
        labels.remove("pod-template-hash");
    }
    template
}

fn identity(object: &Value) -> String {
    format!("{}/{}", object["kind"].as_str().unwrap(), object["metadata"]["name"].as_str().unwrap())
}

/// stdout of a run that ended well. An API server says of fields that it does not know that they are unknown, and goes on.
#[track_caller]
pub(crate) fn accepted(output: &Output) -> String {
    let [stdout, stderr] = [&output.stdout, &output.stderr].map(|text| String::from_utf8_lossy(text).into_owned());
    assert!(output.status.success(), "{}: {stderr}{stdout}", output.status);
    assert!(!stderr.contains("unknown field"), "{stderr}");
    stdout
}

/// stderr of a run that failed.
#[track_caller]
pub(crate) fn refused(output: &Output) -> String {
    assert!(!output.status.success(), "accepted: {}", String::from_utf8_lossy(&output.stdout));
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn with_input(command: &mut Command, input: &str) -> Output {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_owned();
    // A thread of its own: kubectl may write before it has read all.
    let writer = thread::spawn(move || drop(stdin.write_all(input.as_bytes())));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    output
}
